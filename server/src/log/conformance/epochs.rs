//! Who has begun the latest epoch may append, and nobody else.

use super::{LogError, Place, TestResult, append, frames, next, read};

pub(super) fn each_epoch_is_later_than_all_before(place: &Place) -> TestResult {
    let mut log = place.open()?;
    assert_eq!(log.begin(50)?, 50);
    assert_eq!(log.begin(50)?, 51, "there has been one as late");
    assert_eq!(log.begin(7)?, 52);
    // No frame tells of it.
    let mut log = place.open()?;
    let later = log.begin(7)?;
    assert!(later > 52, "{later}");
    assert_eq!(log.begin(later + 10)?, later + 10);
    append(&mut log, &frames(2))?;
    let of_frames = frames(2)[1].epoch;
    let later = place.open()?.begin(1)?;
    assert!(later > of_frames, "{later}");
    Ok(())
}

pub(super) fn nothing_is_appended_under_an_old_epoch(place: &Place) -> TestResult {
    let frames = frames(2);
    let mut first = place.written(&frames)?;
    let mut second = place.open()?;
    let mut epoch = second.begin(1)?;
    let own = next(&frames[1], frames[1].epoch);
    for _ in 0..2 {
        let refused = first.append(&own).expect_err("there is a later epoch");
        assert!(
            matches!(refused, LogError::Fenced { .. } | LogError::Poisoned),
            "{refused}"
        );
    }
    assert_eq!(read(&mut second)?, frames);
    // Nor by somebody who has begun a later one, but made the frame before.
    let refused = second.append(&own).expect_err("it is of an old epoch");
    assert!(matches!(refused, LogError::Fenced { .. }), "{refused}");
    let mut third = place.open()?;
    epoch = third.begin(epoch)?;
    third.append(&next(&frames[1], epoch))?;
    assert_eq!(read(&mut third)?.len(), 3);
    Ok(())
}

pub(super) fn nothing_is_appended_before_an_epoch_begins(place: &Place) -> TestResult {
    let mut log = place.open()?;
    let refused = log.append(&frames(1)[0]).expect_err("no epoch has begun");
    assert!(matches!(refused, LogError::Poisoned), "{refused}");
    let refused = log.resolve().expect_err("nothing is in doubt");
    assert!(matches!(refused, LogError::Poisoned), "{refused}");
    assert_eq!(read(&mut log)?, []);
    Ok(())
}
