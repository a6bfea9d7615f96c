//! The format of the log. Logs live for years: none of these bytes changes without a new version.

use accounts_core::{Amount, AssetId};
use exchange_engine::frame::{Chain, Damage, Frame, FrameError, StoredFrame, checksum};
use exchange_engine::{Command, Input};
use orderbook_core::{AccountId, Timestamp};

/// Version 3; one input; time 1000 µs; command 4 (deposit); account 1; asset 0; amount 2^64.
const PAYLOAD: [u8; 17] = [
    3, 1, 0xe8, 7, 4, 1, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2,
];

fn frame(number: u64) -> Frame {
    let deposit = Input {
        time: Timestamp::from_millis(1),
        command: Command::Deposit {
            account: AccountId::new(1),
            asset: AssetId::new(0),
            amount: Amount::new(1 << 64),
        },
    };
    Frame {
        number,
        epoch: 1,
        first_seq: 2 * number - 1,
        inputs: vec![deposit; 2],
    }
}

fn stored(count: u64) -> Vec<StoredFrame> {
    let mut prev_crc = 0;
    let mut log = Vec::new();
    for number in 1..=count {
        log.push(frame(number).stored(prev_crc));
        prev_crc = log[log.len() - 1].crc;
    }
    log
}

#[test]
fn the_checksum_is_crc_32c_over_header_and_payload() {
    assert_eq!(checksum(1, 1, 1, 1, 0, &PAYLOAD), 0xf6cd_8db9);
    let (epoch, prev_crc) = (1_700_000_000_000_000, 0xdead_beef);
    assert_eq!(checksum(7, epoch, 40, 41, prev_crc, &PAYLOAD), 0x4cfa_7afb);
}

#[test]
fn a_frame_is_stored_as_ever() {
    let mut one = frame(1);
    one.inputs.truncate(1);
    let stored = StoredFrame {
        number: 1,
        epoch: 1,
        first_seq: 1,
        last_seq: 1,
        prev_crc: 0,
        crc: 0xf6cd_8db9,
        payload: PAYLOAD.to_vec(),
    };
    assert_eq!(one.stored(0), stored);
    assert_eq!(Chain::default().check(&stored), Ok(one));
}

type Spoil = fn(&mut Vec<StoredFrame>);

#[test]
fn a_log_is_whole_or_says_where_it_is_not() {
    let mut chain = Chain::default();
    for stored in stored(3) {
        assert_eq!(chain.check(&stored), Ok(frame(stored.number)));
    }
    assert_eq!(chain.number(), 3);
    assert_eq!(chain.reaches(None), Ok(()));
    assert_eq!(chain.reaches(Some(3)), Ok(()));
    assert_eq!(
        chain.reaches(Some(4)),
        Err(FrameError::Truncated {
            found: 3,
            acknowledged: 4
        })
    );
    let cases: [(&str, Spoil, u64, Damage); 5] = [
        (
            "a frame is missing",
            |log| drop(log.remove(1)),
            2,
            Damage::Missing { next: 3 },
        ),
        (
            "a byte has changed",
            |log| log[1].payload[3] ^= 1,
            2,
            Damage::Checksum,
        ),
        (
            "an intact frame of another history",
            |log| {
                let stranger = Frame {
                    epoch: 2,
                    ..frame(2)
                };
                log[1] = stranger.stored(log[0].crc);
            },
            3,
            Damage::Chain,
        ),
        (
            "inputs that were there before",
            |log| {
                let early = Frame {
                    first_seq: 2,
                    ..frame(2)
                };
                log[1] = early.stored(log[0].crc);
            },
            2,
            Damage::Start {
                first_seq: 2,
                expected: 3,
            },
        ),
        (
            "no inputs",
            |log| {
                let empty = Frame {
                    inputs: Vec::new(),
                    ..frame(3)
                };
                log[2] = empty.stored(log[1].crc);
            },
            3,
            Damage::Inputs,
        ),
    ];
    for (case, spoil, frame, what) in cases {
        let mut log = stored(3);
        spoil(&mut log);
        let mut chain = Chain::default();
        let error = log.iter().find_map(|stored| chain.check(stored).err());
        assert_eq!(error, Some(FrameError::Corrupt { frame, what }), "{case}");
        assert_eq!(chain.number(), frame - 1, "{case}: the chain stays");
    }
}
