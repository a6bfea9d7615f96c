//! What every command log must do, whatever it keeps its frames in.

mod damage;
mod doubt;
mod epochs;
mod forgetting;
mod place;
mod reading;

use accounts_core::{Amount, AssetId};
use exchange_engine::frame::{PayloadError, StoredFrame};
use exchange_engine::{Command, Input};
use orderbook_core::{AccountId, Timestamp};

pub(super) use place::{Kind, Place, block_on};

use super::{Chain, CommandLog, Frame, LogError};
use crate::api::hex::hex;

pub(super) type TestResult = Result<(), Box<dyn std::error::Error>>;

pub(super) fn input(seq: u64) -> Input {
    Input {
        time: Timestamp::from_millis(seq),
        command: Command::Deposit {
            account: AccountId::new(seq),
            asset: AssetId::new(0),
            amount: Amount::new(u128::from(seq) << 64),
        },
    }
}

/// Frames with one, two, three ... inputs, some of them under a later epoch.
pub(super) fn frames(count: u64) -> Vec<Frame> {
    let mut seq = 0;
    (1..=count)
        .map(|number| {
            let first_seq = seq + 1;
            seq += number;
            Frame {
                number,
                epoch: 100 * (1 + number / 3),
                first_seq,
                inputs: (first_seq..=seq).map(input).collect(),
            }
        })
        .collect()
}

/// The frame after another, under an epoch.
pub(super) fn next(after: &Frame, epoch: u64) -> Frame {
    let first_seq = after.last_seq() + 1;
    Frame {
        number: after.number + 1,
        epoch,
        first_seq,
        inputs: vec![input(first_seq)],
    }
}

/// Frames as they are stored one behind the other.
pub(super) fn stored(frames: &[Frame]) -> Vec<StoredFrame> {
    let mut prev_crc = 0;
    let mut store = |frame: &Frame| {
        let stored = frame.stored(prev_crc);
        prev_crc = stored.crc;
        stored
    };
    frames.iter().map(&mut store).collect()
}

/// The place of the last of these frames.
pub(super) fn place_of(frames: &[Frame]) -> Chain {
    let stored = stored(frames);
    let last = stored.last().expect("there are some");
    Chain::at(last.number, last.last_seq, last.crc)
}

pub(super) fn read(log: &mut dyn CommandLog) -> Result<Vec<Frame>, LogError> {
    read_after(log, Chain::default())
}

pub(super) fn read_after(log: &mut dyn CommandLog, after: Chain) -> Result<Vec<Frame>, LogError> {
    let mut found = Vec::new();
    let end = log.read(after, &mut |frame| {
        found.push(frame);
        Ok(())
    })?;
    assert_eq!(end.number(), after.number() + found.len() as u64);
    Ok(found)
}

/// Appends frames, each under its own epoch.
pub(super) fn append(log: &mut dyn CommandLog, frames: &[Frame]) -> Result<(), LogError> {
    let mut epoch = None;
    for frame in frames {
        if epoch != Some(frame.epoch) {
            epoch = Some(log.begin(frame.epoch)?);
            assert_eq!(epoch, Some(frame.epoch), "nobody has begun one as late");
        }
        log.append(frame)?;
    }
    Ok(())
}

/// Runs each test on each log.
macro_rules! conformance {
    (@on $name:ident, $kind:expr, $($module:ident::$test:ident),*) => {
        mod $name {
            use super::{Kind, Place, TestResult};
            $(
                #[test]
                fn $test() -> TestResult {
                    super::$module::$test(&Place::new($kind)?)
                }
            )*
        }
    };
    ($($module:ident::$test:ident),* $(,)?) => {
        conformance!(@on sqlite, Kind::Sqlite, $($module::$test),*);
        conformance!(@on postgres, Kind::Postgres, $($module::$test),*);
    };
}

conformance![
    reading::what_was_appended_is_read_back_also_after_reopening,
    reading::an_empty_log_has_no_frames,
    reading::a_log_is_read_on_from_where_somebody_has_been,
    reading::a_place_that_the_log_has_not_come_to_is_refused,
    reading::frames_are_read_along_while_they_are_appended,
    reading::a_long_log_is_read_to_its_end,
    damage::what_is_not_what_was_written_is_named,
    damage::a_frame_of_another_history_is_noticed,
    damage::a_damaged_head_does_not_stop_an_intact_log,
    damage::a_log_of_another_version_is_refused_by_its_version_and_left_alone,
    epochs::each_epoch_is_later_than_all_before,
    epochs::nothing_is_appended_under_an_old_epoch,
    epochs::nothing_is_appended_before_an_epoch_begins,
    doubt::a_number_is_not_given_twice_and_the_log_takes_nothing_after_an_error,
    doubt::a_frame_that_has_not_reached_the_log_is_told_absent,
    doubt::a_frame_that_has_reached_the_log_is_told_durable,
    doubt::what_became_of_a_frame_is_asked_until_the_storage_works,
    doubt::a_log_that_has_lost_what_was_acknowledged_does_not_go_on,
    forgetting::the_newest_frame_is_never_forgotten,
    forgetting::a_log_is_forgotten_while_it_is_appended_to,
    forgetting::what_is_left_is_read_from_a_place_on,
];

/// The encoding of a payload never changes without a new version: logs live for years.
#[test]
fn the_payload_is_version_three_postcard() {
    let frame = &frames(1)[0];
    let bytes = frame.payload();
    assert_eq!(hex(&bytes), GOLDEN);
    assert_eq!(Frame::inputs_of(&bytes).expect("version 3"), frame.inputs);
    assert!(Frame::inputs_of(&[]).is_err());
    // In 1 orders had fewer terms, in 2 an instrument had a single pair of fees: both would be read
    // from what follows them.
    for other in [1, 2, 4] {
        let refused = Frame::inputs_of(&[other, 0]);
        assert_eq!(refused, Err(PayloadError::OtherVersion(other)));
    }
    assert!(Frame::inputs_of(&bytes[..bytes.len() - 1]).is_err());
}

/// Version 3; one input; time 1000 µs; command 4 (deposit); account 1; asset 0; amount 2^64.
const GOLDEN: &str = "0301e80704010080808080808080808002";
