//! Two processes on one log.

use std::thread;
use std::time::{Duration, Instant};

use crate::log::conformance::{Kind, Place, TestResult, frames, next, read};
use crate::log::{CommandLog, Frame, LogError};

/// Two processes that take the log from each other in turn, each in the middle of what the other
/// writes. What was acknowledged is in the log, once and where it was put.
#[test]
fn of_two_who_write_each_frame_is_of_one() -> TestResult {
    let place = &Place::new(Kind::Postgres)?;
    drop(place.written(&frames(1))?);
    let end = Instant::now() + Duration::from_secs(3);
    let (one, two) = thread::scope(|scope| {
        let one = scope.spawn(|| take_and_write(place, end));
        let two = scope.spawn(|| take_and_write(place, end));
        (one.join().expect("no panic"), two.join().expect("no panic"))
    });
    let log = read(&mut place.open()?)?;
    let epochs: Vec<_> = log.iter().map(|frame| frame.epoch).collect();
    assert!(epochs.is_sorted(), "{epochs:?}");
    let mut acknowledged = [one.written, two.written, frames(1)].concat();
    acknowledged.sort_by_key(|frame| frame.number);
    // A frame in doubt may be there, and is not acknowledged.
    let in_doubt = [one.in_doubt, two.in_doubt].concat();
    let known: Vec<_> = log
        .into_iter()
        .filter(|frame| !in_doubt.contains(frame))
        .collect();
    acknowledged.retain(|frame| !in_doubt.contains(frame));
    assert_eq!(known, acknowledged);
    assert!(one.taken.min(two.taken) > 2 && known.len() > 20);
    Ok(())
}

#[derive(Default)]
struct Wrote {
    taken: usize,
    written: Vec<Frame>,
    in_doubt: Vec<Frame>,
}

fn take_and_write(place: &Place, end: Instant) -> Wrote {
    let mut wrote = Wrote::default();
    while Instant::now() < end {
        // Busy with the other one: it is tried again.
        let Ok(mut log) = place.open() else {
            continue;
        };
        let begun = log.begin(1).and_then(|epoch| Ok((read(&mut log)?, epoch)));
        let Ok((frames, epoch)) = begun else {
            continue;
        };
        wrote.taken += 1;
        let mut last = frames.last().expect("there is one").clone();
        let until = Instant::now() + Duration::from_millis(60);
        while Instant::now() < until.min(end) {
            let frame = next(&last, epoch);
            match log.append(&frame) {
                Ok(()) => wrote.written.push(frame.clone()),
                Err(LogError::Fenced { .. }) => break,
                Err(_) => {
                    wrote.in_doubt.push(frame);
                    break;
                }
            }
            last = frame;
        }
    }
    wrote
}
