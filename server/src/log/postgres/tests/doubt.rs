//! Connections end while an append is on its way.

use super::{Proxy, SLOW, TERMINATE, beside, in_flight, through};
use crate::log::conformance::{Kind, Place, TestResult, append, frames, next, read, stored};
use crate::log::{CommandLog, LogError, PostgresLog};

#[test]
fn an_append_whose_connection_the_server_ends_is_absent() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let frames = frames(2);
    let mut log = place.written(&frames)?;
    place.tamper(SLOW)?;
    let frame = next(&frames[1], frames[1].epoch);
    let terminate = || in_flight(&place).and_then(|()| place.tamper(TERMINATE));
    let error = beside(|| log.append(&frame), terminate);
    let error = error.expect_err("it was terminated");
    assert!(!error.is_final(), "{error}");
    let resolved = log.resolve()?;
    assert!(!resolved.durable && resolved.epoch > frame.epoch);
    log.append(&next(&frames[1], resolved.epoch))?;
    assert_eq!(read(&mut place.open()?)?.len(), 3);
    Ok(())
}

/// The server goes on with it, and nobody hears of that.
#[test]
fn an_append_that_the_server_finishes_unheard_is_durable() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let proxy = Proxy::to(place.database())?;
    let mut frames = frames(2);
    let mut log = PostgresLog::open(through(&proxy, &place)?, place.dir())?;
    append(&mut log, &frames)?;
    place.tamper(SLOW)?;
    frames.push(next(&frames[1], frames[1].epoch));
    let cut = || {
        in_flight(&place)?;
        proxy.cut();
        Ok(())
    };
    let error = beside(|| log.append(&frames[2]), cut);
    let error = error.expect_err("nobody answered");
    assert!(!error.is_final(), "{error}");
    for _ in 0..3 {
        let away = log.resolve().expect_err("nobody can be asked");
        assert!(!away.is_final(), "{away}");
        let refused = log.append(&frames[2]).expect_err("one is in doubt");
        assert!(matches!(refused, LogError::Poisoned), "{refused}");
    }
    proxy.mend();
    // It waits for the end of the append, which goes on.
    let resolved = log.resolve()?;
    assert!(resolved.durable && resolved.epoch > frames[2].epoch);
    frames.push(next(&frames[2], resolved.epoch));
    log.append(&frames[3])?;
    assert_eq!(read(&mut place.open()?)?, frames);
    Ok(())
}

/// It has begun an epoch, but was not told so; that is not somebody else's.
#[test]
fn an_epoch_of_its_own_is_not_taken_for_a_strangers() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    let frames = frames(2);
    let mut log = place.written(&frames)?;
    place.refuse("frames")?;
    let failed = log.append(&next(&frames[1], frames[1].epoch));
    assert!(failed.is_err());
    place.allow("frames")?;
    place.tamper("UPDATE logs SET epoch = epoch + 5")?;
    let resolved = log.resolve()?;
    assert_eq!(
        (resolved.durable, resolved.epoch),
        (false, frames[1].epoch + 6)
    );
    log.append(&next(&frames[1], resolved.epoch))?;
    Ok(())
}

#[test]
fn who_has_lost_the_log_is_told_so_whatever_became_of_the_frame() -> TestResult {
    for durable in [false, true] {
        let place = Place::new(Kind::Postgres)?;
        let mut frames = frames(2);
        let mut log = place.written(&frames)?;
        frames.push(next(&frames[1], frames[1].epoch));
        place.refuse("frames")?;
        assert!(log.append(&frames[2]).is_err());
        place.allow("frames")?;
        if durable {
            place.put(&stored(&frames)[2])?;
        }
        let mut other = place.open()?;
        let refused = log.resolve().expect_err("another has it");
        assert!(matches!(refused, LogError::Fenced { .. }), "{refused}");
        let refused = log.append(&frames[2]).expect_err("another has it");
        assert!(refused.is_final(), "{refused}");
        assert_eq!(read(&mut other)?.len(), if durable { 3 } else { 2 });
    }
    Ok(())
}
