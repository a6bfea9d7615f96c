//! What every command log must do, whatever it keeps its frames in.

use std::path::Path;

use accounts_core::{Amount, AssetId};
use exchange_engine::frame::{PayloadError, checksum};
use exchange_engine::{Command, Input};
use orderbook_core::{AccountId, Timestamp};

use crate::api::hex::hex;

use super::{Chain, CommandLog, Frame, LogError, SqliteLog};

type TestResult = Result<(), Box<dyn std::error::Error>>;

fn input(seq: u64) -> Input {
    Input {
        time: Timestamp::from_millis(seq),
        command: Command::Deposit {
            account: AccountId::new(seq),
            asset: AssetId::new(0),
            amount: Amount::new(u128::from(seq) << 64),
        },
    }
}

/// Frames with one, two, three ... inputs.
fn frames(count: u64) -> Vec<Frame> {
    let mut seq = 0;
    (1..=count)
        .map(|number| {
            let first_seq = seq + 1;
            seq += number;
            Frame {
                number,
                epoch: 1 + number / 3,
                first_seq,
                inputs: (first_seq..=seq).map(input).collect(),
            }
        })
        .collect()
}

fn read(log: &mut dyn CommandLog) -> Result<Vec<Frame>, LogError> {
    let mut found = Vec::new();
    log.read(Chain::default(), &mut |frame| {
        found.push(frame);
        Ok(())
    })?;
    Ok(found)
}

/// Appends frames, each under its own epoch.
fn append(log: &mut dyn CommandLog, frames: &[Frame]) -> Result<(), LogError> {
    let mut epoch = None;
    for frame in frames {
        if epoch != Some(frame.epoch) {
            epoch = Some(log.begin(frame.epoch)?);
        }
        log.append(frame)?;
    }
    Ok(())
}

fn written(dir: &Path, frames: &[Frame]) -> Result<SqliteLog, LogError> {
    let mut log = SqliteLog::open(dir)?;
    append(&mut log, frames)?;
    Ok(log)
}

#[test]
fn what_was_appended_is_read_back_also_after_reopening() -> TestResult {
    let dir = tempfile::tempdir()?;
    let frames = frames(7);
    let mut log = written(dir.path(), &frames[..5])?;
    assert_eq!(read(&mut log)?, frames[..5]);
    drop(log);
    let mut log = SqliteLog::open(dir.path())?;
    assert_eq!(read(&mut log)?, frames[..5]);
    append(&mut log, &frames[5..])?;
    assert_eq!(read(&mut log)?, frames);
    Ok(())
}

#[test]
fn an_empty_log_has_no_frames() -> TestResult {
    let dir = tempfile::tempdir()?;
    assert_eq!(read(&mut SqliteLog::open(dir.path())?)?, []);
    assert_eq!(read(&mut SqliteLog::open(dir.path())?)?, []);
    Ok(())
}

#[test]
fn a_number_is_not_given_twice_and_the_log_takes_nothing_after_an_error() -> TestResult {
    let dir = tempfile::tempdir()?;
    let frames = frames(3);
    let mut log = written(dir.path(), &frames[..2])?;
    assert!(matches!(
        log.append(&frames[1]),
        Err(LogError::Storage { .. })
    ));
    assert!(matches!(log.append(&frames[2]), Err(LogError::Poisoned)));
    assert_eq!(read(&mut log)?, frames[..2]);
    Ok(())
}

/// Runs SQL on the file behind the log's back.
fn tamper(dir: &Path, sql: &str) -> Result<(), rusqlite::Error> {
    rusqlite::Connection::open(dir.join("commands.sqlite"))?.execute_batch(sql)
}

#[test]
fn what_is_not_what_was_written_is_named() -> TestResult {
    let cases = [
        (
            "UPDATE frames SET payload = zeroblob(length(payload)) WHERE number = 3",
            "frame 3: its checksum does not match",
        ),
        (
            "UPDATE frames SET epoch = epoch + 1 WHERE number = 1",
            "frame 1: its checksum does not match",
        ),
        (
            "UPDATE frames SET crc = crc + 1 WHERE number = 4",
            "frame 4: its checksum does not match",
        ),
        (
            "DELETE FROM frames WHERE number = 2",
            "frame 2: the next frame is 3",
        ),
        (
            "DELETE FROM frames WHERE number = 1",
            "frame 1: the next frame is 2",
        ),
        (
            "DELETE FROM frames WHERE number >= 4",
            "ends at frame 3, but frame 5 was acknowledged",
        ),
        (
            "DELETE FROM frames",
            "ends at frame 0, but frame 5 was acknowledged",
        ),
        (
            "UPDATE frames SET number = -number WHERE number IN (2, 3);
             UPDATE frames SET number = 5 + number WHERE number < 0",
            "frame 2: its checksum does not match",
        ),
    ];
    for (sql, expected) in cases {
        let dir = tempfile::tempdir()?;
        drop(written(dir.path(), &frames(5))?);
        tamper(dir.path(), sql)?;
        let error = read(&mut SqliteLog::open(dir.path())?)
            .expect_err(sql)
            .to_string();
        assert!(error.contains(expected), "{sql}: {error}");
        assert!(error.contains("commands.sqlite"), "{error}");
    }
    Ok(())
}

/// Frames that are each intact, but not of one log.
#[test]
fn a_frame_of_another_history_is_noticed() -> TestResult {
    let (dir, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let frames = frames(4);
    drop(written(dir.path(), &frames)?);
    let mut strangers = frames.clone();
    strangers[0].inputs[0] = input(9);
    drop(written(other.path(), &strangers)?);
    let path = other.path().join("commands.sqlite");
    let stranger = path.to_str().ok_or("the path is text")?;
    tamper(
        dir.path(),
        &format!(
            "ATTACH '{stranger}' AS other;
             DELETE FROM frames WHERE number = 3;
             INSERT INTO frames SELECT * FROM other.frames WHERE number = 3;"
        ),
    )?;
    let error = read(&mut SqliteLog::open(dir.path())?)
        .expect_err("spliced")
        .to_string();
    assert!(error.contains("frame 3: it does not follow"), "{error}");
    Ok(())
}

#[test]
fn other_peoples_files_are_refused_and_left_alone() -> TestResult {
    let foreign: [(&str, &str); 3] = [
        ("CREATE TABLE mine (x)", "another application"),
        (
            "CREATE TABLE frames (x); PRAGMA application_id = 7",
            "another application",
        ),
        (
            "CREATE TABLE frames (x); PRAGMA application_id = 0x584c4f47; PRAGMA user_version = 9",
            "schema has version 9",
        ),
    ];
    for (sql, expected) in foreign {
        let dir = tempfile::tempdir()?;
        tamper(dir.path(), sql)?;
        let before = std::fs::read(dir.path().join("commands.sqlite"))?;
        let error = SqliteLog::open(dir.path()).expect_err(sql).to_string();
        assert!(error.contains(expected), "{error}");
        let after = std::fs::read(dir.path().join("commands.sqlite"))?;
        assert!(after == before, "the file has changed");
    }
    let dir = tempfile::tempdir()?;
    std::fs::write(dir.path().join("commands.sqlite"), "no database at all")?;
    let error = SqliteLog::open(dir.path())
        .expect_err("garbage")
        .to_string();
    assert!(
        error.contains("commands.sqlite cannot be opened"),
        "{error}"
    );
    Ok(())
}

#[test]
fn a_log_that_is_gone_is_not_started_anew() -> TestResult {
    let dir = tempfile::tempdir()?;
    drop(written(dir.path(), &frames(2))?);
    std::fs::remove_file(dir.path().join("commands.sqlite"))?;
    let error = SqliteLog::open(dir.path()).expect_err("gone").to_string();
    assert!(error.contains("frame 2 was acknowledged"), "{error}");
    assert!(!dir.path().join("commands.sqlite").exists());
    Ok(())
}

/// A database whose newest commits, the schema among them, were only in a WAL that is gone.
#[test]
fn an_emptied_log_is_refused_and_left_alone() -> TestResult {
    let dir = tempfile::tempdir()?;
    drop(written(dir.path(), &frames(2))?);
    for file in ["commands.sqlite", "commands.sqlite-wal"] {
        let file = dir.path().join(file);
        if file.exists() {
            std::fs::write(file, "")?;
        }
    }
    let error = SqliteLog::open(dir.path())
        .expect_err("emptied")
        .to_string();
    assert!(error.contains("frame 2 was acknowledged"), "{error}");
    assert_eq!(std::fs::read(dir.path().join("commands.sqlite"))?, b"");
    Ok(())
}

/// A torn head is as good as none: it says nothing, and the log is read as it is.
#[test]
fn a_damaged_head_does_not_stop_an_intact_log() -> TestResult {
    for head in ["", "0000", "00000000000000000009 00000000\n"] {
        let dir = tempfile::tempdir()?;
        let frames = frames(2);
        drop(written(dir.path(), &frames)?);
        std::fs::write(dir.path().join("commands.head"), head)?;
        assert_eq!(read(&mut SqliteLog::open(dir.path())?)?, frames);
    }
    Ok(())
}

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

/// A log that other software wrote is whole: it is not called corrupt.
#[test]
fn a_log_of_another_version_is_refused_by_its_version_and_left_alone() -> TestResult {
    let dir = tempfile::tempdir()?;
    let frame = &frames(1)[0];
    drop(written(dir.path(), std::slice::from_ref(frame))?);
    let mut payload = frame.payload();
    payload[0] = 2;
    let crc = checksum(1, frame.epoch, 1, frame.last_seq(), 0, &payload);
    let payload = hex(&payload);
    tamper(
        dir.path(),
        &format!("UPDATE frames SET payload = x'{payload}', crc = {crc}"),
    )?;
    let before = std::fs::read(dir.path().join("commands.sqlite"))?;
    let error = read(&mut SqliteLog::open(dir.path())?)
        .expect_err("an older log")
        .to_string();
    for words in [
        "commands.sqlite is no command log that this version can read",
        "its inputs are in version 2, this software knows 3 only",
    ] {
        assert!(error.contains(words), "{error}");
    }
    assert!(std::fs::read(dir.path().join("commands.sqlite"))? == before);
    Ok(())
}

/// Version 3; one input; time 1000 µs; command 4 (deposit); account 1; asset 0; amount 2^64.
const GOLDEN: &str = "0301e80704010080808080808080808002";

/// Under steady load the WAL is written from its beginning again and again.
#[test]
fn the_wal_stays_bounded() -> TestResult {
    let dir = tempfile::tempdir()?;
    let mut log = SqliteLog::open(dir.path())?;
    log.begin(1)?;
    let wal = dir.path().join("commands.sqlite-wal");
    let (mut number, mut restarts) = (0, 0);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    // A WAL that starts over does not shrink; that it stops growing is what can be seen.
    while restarts < 2 {
        assert!(std::time::Instant::now() < deadline, "the WAL only grows");
        let before = wal.metadata()?.len();
        for _ in 0..100 {
            number += 1;
            let inputs = vec![input(number); 1_000];
            let first_seq = (number - 1) * 1_000 + 1;
            log.append(&Frame {
                number,
                epoch: 1,
                first_seq,
                inputs,
            })?;
        }
        if wal.metadata()?.len() == before {
            restarts += 1;
        }
    }
    Ok(())
}
