//! What only files can suffer.

use std::path::Path;

use super::SqliteLog;
use crate::log::conformance::{TestResult, append, frames, input};
use crate::log::{CommandLog, Frame, LogError};

/// A log with two frames.
fn written(dir: &Path) -> Result<SqliteLog, LogError> {
    let mut log = SqliteLog::open(dir)?;
    append(&mut log, &frames(2))?;
    Ok(log)
}

/// Runs SQL on the file behind the log's back.
fn tamper(dir: &Path, sql: &str) -> Result<(), rusqlite::Error> {
    rusqlite::Connection::open(dir.join("commands.sqlite"))?.execute_batch(sql)
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
    drop(written(dir.path())?);
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
    drop(written(dir.path())?);
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
