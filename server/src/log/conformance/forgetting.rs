//! The beginning of a log is forgotten; what is left stays a log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{
    Chain, Frame, LogError, Place, TestResult, append, frames, next, place_of, read, read_after,
};

pub(super) fn the_newest_frame_is_never_forgotten(place: &Place) -> TestResult {
    let frames = frames(7);
    let mut log = place.open()?;
    let history = log.history();
    history.forget(9)?;
    assert_eq!(history.oldest()?, None);
    append(&mut log, &frames[..5])?;
    for (through, oldest) in [(0, 1), (3, 4), (2, 4), (4, 5), (5, 5), (9, 5)] {
        history.forget(through)?;
        assert_eq!(history.oldest()?, Some(oldest), "through {through}");
    }
    drop(log);
    // Everything goes on behind the one that is left.
    let mut log = place.open()?;
    assert_eq!(read_after(&mut log, place_of(&frames[..5]))?, []);
    append(&mut log, &frames[5..])?;
    assert_eq!(read_after(&mut log, place_of(&frames[..5]))?, frames[5..]);
    Ok(())
}

pub(super) fn what_is_left_is_read_from_a_place_on(place: &Place) -> TestResult {
    let frames = frames(5);
    let mut log = place.written(&frames)?;
    log.history().forget(2)?;
    // The frame at the place itself is gone.
    assert_eq!(read_after(&mut log, place_of(&frames[..2]))?, frames[2..]);
    assert_eq!(read_after(&mut log, place_of(&frames[..4]))?, frames[4..]);
    for (after, missing) in [(Chain::default(), 1), (place_of(&frames[..1]), 2)] {
        let error = read_after(&mut log, after).expect_err("a frame is gone");
        assert!(
            matches!(error, LogError::Corrupt { frame, .. } if frame == missing),
            "{error}"
        );
    }
    Ok(())
}

pub(super) fn a_log_is_forgotten_while_it_is_appended_to(place: &Place) -> TestResult {
    let mut log = place.open()?;
    let epoch = log.begin(1)?;
    let history = log.history();
    let done = AtomicBool::new(false);
    let written = thread::scope(|scope| {
        let appending = scope.spawn(|| {
            let mut frames: Vec<Frame> = frames(1);
            frames[0].epoch = epoch;
            while frames.len() < 400 {
                log.append(frames.last().expect("there is one"))?;
                frames.push(next(frames.last().expect("there is one"), epoch));
            }
            frames.pop();
            done.store(true, Ordering::Relaxed);
            Ok::<_, LogError>(frames)
        });
        while !done.load(Ordering::Relaxed) && !appending.is_finished() {
            history.forget(390)?;
        }
        appending.join().expect("no panic")
    })?;
    history.forget(390)?;
    assert_eq!(history.oldest()?, Some(391));
    let at = place_of(&written[..390]);
    assert_eq!(read_after(&mut log, at)?, written[390..]);
    assert!(read(&mut log).is_err());
    Ok(())
}
