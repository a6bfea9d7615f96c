//! An append and somebody who takes the log: one of them waits for the other.

use super::{SLOW, beside, in_flight, in_transaction};
use crate::log::LogError;
use crate::log::conformance::{Kind, Place, TestResult, frames, next, read};

/// The epoch changes while the append waits for the row.
#[test]
fn an_append_waits_for_who_is_taking_the_log_and_then_inserts_nothing() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let frames = frames(2);
    let mut log = place.written(&frames)?;
    let frame = next(&frames[1], frames[1].epoch);
    let mut appended = None;
    std::thread::scope(|scope| {
        let mut appending = None;
        let taken = in_transaction(&place, "UPDATE logs SET epoch = epoch + 1", || {
            let append = scope.spawn(|| log.append(&frame));
            std::thread::sleep(super::A_MOMENT);
            assert!(!append.is_finished(), "it waits");
            appending = Some(append);
        });
        appended = appending.map(|append| append.join().expect("no panic"));
        taken
    })?;
    assert!(matches!(appended, Some(Err(LogError::Fenced { .. }))));
    assert_eq!(read(&mut place.open()?)?, frames);
    Ok(())
}

/// Who was about to take the log does not: the append goes on.
#[test]
fn an_append_goes_on_where_the_log_is_not_taken() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let mut frames = frames(2);
    let mut log = place.written(&frames)?;
    frames.push(next(&frames[1], frames[1].epoch));
    let frame = &frames[2];
    std::thread::scope(|scope| {
        in_transaction(
            &place,
            "SAVEPOINT s; UPDATE logs SET epoch = epoch + 1; ROLLBACK TO s",
            || drop(scope.spawn(|| log.append(frame).expect("it was not taken"))),
        )
    })?;
    assert_eq!(read(&mut place.open()?)?, frames);
    Ok(())
}

#[test]
fn who_takes_the_log_waits_for_an_append_in_flight_and_reads_it() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let mut frames = frames(2);
    let mut log = place.written(&frames)?;
    frames.push(next(&frames[1], frames[1].epoch));
    place.tamper(SLOW)?;
    beside(
        || log.append(&frames[2]).expect("it was there before"),
        || {
            in_flight(&place)?;
            assert_eq!(read(&mut place.open()?)?, frames);
            Ok(())
        },
    );
    Ok(())
}

#[test]
fn an_epoch_is_begun_by_who_has_the_log_only() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let mut first = place.open()?;
    let mut second = place.open()?;
    let refused = first.begin(1_000).expect_err("it was taken");
    assert!(matches!(refused, LogError::Fenced { .. }), "{refused}");
    assert_eq!(second.begin(10)?, 10);
    Ok(())
}
