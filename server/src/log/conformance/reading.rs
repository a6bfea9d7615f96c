//! What was appended is read, in order, from any place on.

use super::{
    Chain, LogError, Place, TestResult, append, frames, next, place_of, read, read_after, stored,
};

pub(super) fn what_was_appended_is_read_back_also_after_reopening(place: &Place) -> TestResult {
    let frames = frames(7);
    let mut log = place.written(&frames[..5])?;
    assert_eq!(read(&mut log)?, frames[..5]);
    drop(log);
    let mut log = place.open()?;
    assert_eq!(read(&mut log)?, frames[..5]);
    append(&mut log, &frames[5..])?;
    assert_eq!(read(&mut log)?, frames);
    Ok(())
}

pub(super) fn an_empty_log_has_no_frames(place: &Place) -> TestResult {
    for _ in 0..2 {
        let mut log = place.open()?;
        assert_eq!(read(&mut log)?, []);
        assert_eq!(log.history().oldest()?, None);
        assert!(log.history().frames(Chain::default())?.next()?.is_none());
    }
    Ok(())
}

pub(super) fn a_log_is_read_on_from_where_somebody_has_been(place: &Place) -> TestResult {
    let frames = frames(5);
    let mut log = place.written(&frames)?;
    for seen in 1..=frames.len() {
        let at = place_of(&frames[..seen]);
        assert_eq!(read_after(&mut log, at)?, frames[seen..]);
        let mut history = log.history().frames(at)?;
        for frame in &frames[seen..] {
            assert_eq!(history.next()?.as_ref(), Some(frame));
        }
        assert_eq!(history.next()?, None);
        assert_eq!(history.place(), place_of(&frames));
    }
    Ok(())
}

pub(super) fn a_place_that_the_log_has_not_come_to_is_refused(place: &Place) -> TestResult {
    let frames = frames(6);
    let mut log = place.written(&frames[..5])?;
    let refused = read_after(&mut log, place_of(&frames)).expect_err("beyond the end");
    let LogError::Truncated {
        found,
        acknowledged,
        ..
    } = refused
    else {
        panic!("{refused}");
    };
    assert_eq!((found, acknowledged), (5, 6));
    let other = place_of(&frames[..3]);
    let other = Chain::at(3, other.last_seq(), other.crc() ^ 1);
    let refused = read_after(&mut log, other).expect_err("another frame");
    assert!(
        matches!(refused, LogError::Corrupt { frame: 3, .. }),
        "{refused}"
    );
    Ok(())
}

pub(super) fn frames_are_read_along_while_they_are_appended(place: &Place) -> TestResult {
    let frames = frames(4);
    let mut log = place.written(&frames[..2])?;
    let mut along = log.history().frames(Chain::default())?;
    for frame in &frames[..2] {
        assert_eq!(along.next()?.as_ref(), Some(frame));
    }
    assert_eq!(along.next()?, None);
    append(&mut log, &frames[2..])?;
    for frame in &frames[2..] {
        assert_eq!(along.next()?.as_ref(), Some(frame));
    }
    assert_eq!(along.next()?, None);

    // What is damaged is named as often as it is read, and read once it is mended.
    let stored = &stored(&frames)[1];
    let (epoch, number) = (stored.epoch, stored.number);
    place.tamper(&format!(
        "UPDATE frames SET epoch = 0 WHERE number = {number}"
    ))?;
    let mut along = log.history().frames(Chain::default())?;
    assert_eq!(along.next()?.as_ref(), frames.first());
    for _ in 0..2 {
        let damaged = along.next().expect_err("an epoch was changed");
        assert!(matches!(damaged, LogError::Corrupt { frame: 2, .. }));
    }
    place.tamper(&format!(
        "UPDATE frames SET epoch = {epoch} WHERE number = {number}"
    ))?;
    let mut along = log.history().frames(along.place())?;
    assert_eq!(along.next()?.as_ref(), Some(&frames[1]));
    Ok(())
}

/// Longer than whatever is read at a time.
pub(super) fn a_long_log_is_read_to_its_end(place: &Place) -> TestResult {
    let mut log = place.open()?;
    let epoch = log.begin(1)?;
    let mut written = vec![next(
        &super::Frame {
            number: 0,
            epoch,
            first_seq: 1,
            inputs: Vec::new(),
        },
        epoch,
    )];
    while written.len() < 600 {
        written.push(next(written.last().expect("there is one"), epoch));
    }
    for frame in &written {
        log.append(frame)?;
    }
    assert_eq!(read(&mut log)?, written);
    let stopped = log.read(Chain::default(), &mut |frame| match frame.number {
        300 => Err(LogError::Poisoned),
        _ => Ok(()),
    });
    assert!(matches!(stopped, Err(LogError::Poisoned)));
    Ok(())
}
