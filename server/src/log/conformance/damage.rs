//! What storage lost or changed is noticed, and named.

use super::{Place, TestResult, frames, input, read, stored};
use exchange_engine::frame::checksum;

pub(super) fn what_is_not_what_was_written_is_named(place: &Place) -> TestResult {
    let other = place.bytes(&[3, 0]);
    let change_payload = format!("UPDATE frames SET payload = {other} WHERE number = 3");
    let cases = [
        (
            change_payload.as_str(),
            "frame 3: its checksum does not match",
        ),
        (
            "UPDATE frames SET epoch = epoch + 1 WHERE number = 1",
            "frame 1: its checksum does not match",
        ),
        (
            "UPDATE frames SET crc = 4294967295 - crc WHERE number = 4",
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
    let frames = frames(5);
    drop(place.written(&frames)?);
    for (sql, expected) in cases {
        place.tamper(sql)?;
        let error = read(&mut place.open()?).expect_err(sql).to_string();
        assert!(error.contains(expected), "{sql}: {error}");
        assert!(error.contains(place.name()), "{error}");
        place.tamper("DELETE FROM frames")?;
        for stored in &stored(&frames) {
            place.put(stored)?;
        }
        assert_eq!(read(&mut place.open()?)?, frames);
    }
    Ok(())
}

/// Frames that are each intact, but not of one log.
pub(super) fn a_frame_of_another_history_is_noticed(place: &Place) -> TestResult {
    let frames = frames(4);
    drop(place.written(&frames)?);
    let mut strangers = frames.clone();
    strangers[0].inputs[0] = input(9);
    place.tamper("DELETE FROM frames WHERE number = 3")?;
    place.put(&stored(&strangers)[2])?;
    let error = read(&mut place.open()?).expect_err("spliced").to_string();
    assert!(error.contains("frame 3: it does not follow"), "{error}");
    Ok(())
}

/// A torn head is as good as none: it says nothing, and the log is read as it is.
pub(super) fn a_damaged_head_does_not_stop_an_intact_log(place: &Place) -> TestResult {
    let frames = frames(2);
    drop(place.written(&frames)?);
    for head in ["", "0000", "00000000000000000009 00000000\n"] {
        std::fs::write(place.dir().join("commands.head"), head)?;
        assert_eq!(read(&mut place.open()?)?, frames);
    }
    Ok(())
}

/// A log that other software wrote is whole: it is not called corrupt.
pub(super) fn a_log_of_another_version_is_refused_by_its_version_and_left_alone(
    place: &Place,
) -> TestResult {
    let frame = &frames(1)[0];
    drop(place.written(std::slice::from_ref(frame))?);
    let mut of_another = frame.stored(0);
    of_another.payload[0] = 2;
    of_another.crc = checksum(1, frame.epoch, 1, frame.last_seq(), 0, &of_another.payload);
    place.tamper("DELETE FROM frames")?;
    place.put(&of_another)?;
    for _ in 0..2 {
        let error = read(&mut place.open()?)
            .expect_err("an older log")
            .to_string();
        for words in [
            place.name(),
            "is no command log that this version can read",
            "its inputs are in version 2, this software knows 3 only",
        ] {
            assert!(error.contains(words), "{error}");
        }
    }
    Ok(())
}
