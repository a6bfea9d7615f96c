//! An append failed: the frame has reached the log or never will, and then it goes on.

use std::error::Error;

use super::{CommandLog, Frame, LogError, Place, TestResult, frames, next, read, stored};

type Failed = (Vec<Frame>, Box<dyn CommandLog>);

/// Three frames, of which the last one failed to be appended.
fn failed(place: &Place) -> Result<Failed, Box<dyn Error>> {
    let mut frames = frames(2);
    let mut log = place.written(&frames)?;
    frames.push(next(&frames[1], frames[1].epoch));
    place.refuse("frames")?;
    let error = log.append(&frames[2]).expect_err("it is refused");
    assert!(!error.is_final(), "{error}");
    assert!(error.to_string().contains(place.name()), "{error}");
    takes_nothing(&mut *log, &frames[2]);
    place.allow("frames")?;
    takes_nothing(&mut *log, &frames[2]);
    Ok((frames, log))
}

fn takes_nothing(log: &mut dyn CommandLog, frame: &Frame) {
    let refused = log.append(frame).expect_err("one is in doubt");
    assert!(matches!(refused, LogError::Poisoned), "{refused}");
}

/// The log goes on behind these frames.
fn goes_on(
    place: &Place,
    log: &mut dyn CommandLog,
    mut frames: Vec<Frame>,
    epoch: u64,
) -> TestResult {
    for _ in 0..2 {
        frames.push(next(frames.last().expect("there are some"), epoch));
        log.append(frames.last().expect("there are some"))?;
    }
    assert_eq!(read(log)?, frames);
    assert_eq!(read(&mut place.open()?)?, frames);
    Ok(())
}

pub(super) fn a_number_is_not_given_twice_and_the_log_takes_nothing_after_an_error(
    place: &Place,
) -> TestResult {
    let frames = frames(2);
    let mut log = place.written(&frames)?;
    let twice = log.append(&frames[1]).expect_err("it is there");
    assert!(matches!(twice, LogError::Storage { .. }), "{twice}");
    takes_nothing(&mut *log, &next(&frames[1], frames[1].epoch));
    assert_eq!(read(&mut log)?, frames);
    let other = log.resolve().expect_err("the frame there is another one");
    assert!(
        matches!(other, LogError::Corrupt { frame: 2, .. }),
        "{other}"
    );
    takes_nothing(&mut *log, &next(&frames[1], frames[1].epoch));
    assert_eq!(read(&mut place.open()?)?, frames);
    Ok(())
}

/// As after a fail-over to storage that had not been told everything.
pub(super) fn a_log_that_has_lost_what_was_acknowledged_does_not_go_on(
    place: &Place,
) -> TestResult {
    let (frames, mut log) = failed(place)?;
    place.tamper("DELETE FROM frames WHERE number = 2")?;
    let lost = log.resolve().expect_err("frame 2 was acknowledged");
    assert!(
        matches!(
            lost,
            LogError::Truncated {
                found: 1,
                acknowledged: 2,
                ..
            }
        ),
        "{lost}"
    );
    takes_nothing(&mut *log, &frames[2]);
    Ok(())
}

pub(super) fn a_frame_that_has_not_reached_the_log_is_told_absent(place: &Place) -> TestResult {
    let (mut frames, mut log) = failed(place)?;
    let resolved = log.resolve()?;
    let lost = frames.pop().expect("it is the last one");
    assert!(!resolved.durable && resolved.epoch > lost.epoch);
    let again = log.resolve().expect_err("nothing is in doubt any more");
    assert!(matches!(again, LogError::Poisoned), "{again}");
    goes_on(place, &mut *log, frames, resolved.epoch)
}

pub(super) fn a_frame_that_has_reached_the_log_is_told_durable(place: &Place) -> TestResult {
    let (frames, mut log) = failed(place)?;
    place.put(&stored(&frames)[2])?;
    let resolved = log.resolve()?;
    assert!(resolved.durable && resolved.epoch > frames[2].epoch);
    // It may be told to others from now on, and so is missed where it is not there.
    place.tamper("DELETE FROM frames WHERE number = 3")?;
    let missed = read(&mut place.open()?).expect_err("frame 3 was acknowledged");
    assert!(matches!(
        missed,
        LogError::Truncated {
            acknowledged: 3,
            ..
        }
    ));
    place.put(&stored(&frames)[2])?;
    let mut log = place.open()?;
    let epoch = log.begin(resolved.epoch)?;
    goes_on(place, &mut *log, frames, epoch)
}

pub(super) fn what_became_of_a_frame_is_asked_until_the_storage_works(place: &Place) -> TestResult {
    drop(place.open()?);
    for durable in [false, true] {
        place.tamper("DELETE FROM frames; DELETE FROM logs")?;
        std::fs::write(place.dir().join("commands.head"), "")?;
        let (mut frames, mut log) = failed(place)?;
        if durable {
            place.put(&stored(&frames)[2])?;
        } else {
            frames.truncate(2);
        }
        place.refuse("logs")?;
        for _ in 0..3 {
            let away = log.resolve().expect_err("no epoch can be begun");
            assert!(!away.is_final(), "{away}");
            takes_nothing(&mut *log, &next(&frames[1], 1));
        }
        place.allow("logs")?;
        let resolved = log.resolve()?;
        assert_eq!(resolved.durable, durable);
        goes_on(place, &mut *log, frames, resolved.epoch)?;
    }
    Ok(())
}
