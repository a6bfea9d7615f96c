//! Who may try to take a log, and when.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Proxy, beside, through};
use crate::log::conformance::{Kind, Place, TestResult, block_on, frames, next};
use crate::log::{CommandLog, LogError, PostgresLog};

/// Longer than a lease.
const A_WHILE: Duration = Duration::from_secs(4);

fn open(place: &Place, dir: &Path) -> PostgresLog {
    PostgresLog::open(place.connector(), dir).expect("the database works")
}

#[test]
fn a_process_stands_by_until_the_log_is_given_back() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let other = tempfile::tempdir()?;
    let first = open(&place, place.dir());
    let mut given_back = Instant::now();
    let mut second = beside(
        || open(&place, other.path()),
        || {
            // It is renewed, however long that takes.
            std::thread::sleep(A_WHILE);
            place.tamper(
                "SELECT 1 / count(*) FROM log_leases WHERE expires > clock_timestamp();
                 SELECT 1 / count(*) FROM logs WHERE epoch = 1",
            )?;
            given_back = Instant::now();
            drop(first);
            Ok(())
        },
    );
    assert!(given_back.elapsed() < Duration::from_secs(2), "at once");
    assert!(second.begin(1)? > 2, "it was taken a second time");
    Ok(())
}

/// Nobody gives it back: by the clock of the server it has an end.
#[test]
fn a_lease_that_is_not_renewed_ends() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    place.tamper(
        "INSERT INTO log_leases VALUES (1, 'somebody', clock_timestamp() + interval '2 seconds')",
    )?;
    let started = Instant::now();
    let log = open(&place, place.dir());
    let waited = started.elapsed().as_millis();
    assert!((1_500..4_000).contains(&waited), "{waited}");
    drop(log);
    Ok(())
}

/// As after `kill -9`: the lease is still there.
#[test]
fn the_next_process_of_a_data_directory_need_not_wait() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let first = open(&place, place.dir());
    let started = Instant::now();
    let second = open(&place, place.dir());
    assert!(started.elapsed() < Duration::from_secs(2), "at once");
    drop((first, second));
    // What cannot be a name is replaced, and then waited for.
    std::fs::write(place.dir().join("holder"), "torn")?;
    let third = open(&place, place.dir());
    let name = std::fs::read_to_string(place.dir().join("holder"))?;
    assert_eq!(name.trim().len(), 32);
    drop(third);
    Ok(())
}

/// It need not append to find out.
#[test]
fn a_process_is_told_that_the_log_was_taken() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let mut first = open(&place, place.dir());
    first.begin(1)?;
    let lease = first.lease();
    let lost = |limit| block_on(async { tokio::time::timeout(limit, lease.lost()).await });
    assert!(lost(Duration::from_millis(1_500)).is_err(), "it has it");
    let second = open(&place, place.dir());
    let told = lost(Duration::from_secs(10))?;
    assert!(matches!(told, LogError::Fenced { .. }), "{told}");
    let refused = first.append(&frames(1)[0]).expect_err("it was taken");
    assert!(matches!(refused, LogError::Fenced { .. }), "{refused}");
    drop(second);
    Ok(())
}

#[test]
fn a_refused_append_tells_that_the_log_was_taken() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let frames = frames(1);
    let mut first = open(&place, place.dir());
    first.begin(frames[0].epoch)?;
    first.append(&frames[0])?;
    let second = open(&place, place.dir());
    assert!(first.append(&next(&frames[0], frames[0].epoch)).is_err());
    let lost = first.lease();
    block_on(async { tokio::time::timeout(Duration::from_millis(10), lost.lost()).await })?;
    drop(second);
    Ok(())
}

#[test]
fn a_process_that_stands_by_outlives_an_outage() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let proxy = Proxy::to(place.database())?;
    let other = tempfile::tempdir()?;
    let connector = through(&proxy, &place)?;
    let first = open(&place, place.dir());
    let second = beside(
        || PostgresLog::open(connector, other.path()),
        || {
            proxy.cut();
            drop(first);
            std::thread::sleep(Duration::from_secs(1));
            proxy.mend();
            Ok(())
        },
    );
    assert!(second?.begin(1)? > 2);
    // Where nobody stands by yet, it is told at once.
    proxy.cut();
    let refused = PostgresLog::open(through(&proxy, &place)?, other.path());
    let refused = refused.expect_err("nobody answers");
    assert!(!refused.is_final(), "{refused}");
    Ok(())
}
