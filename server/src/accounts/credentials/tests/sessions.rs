//! When a session ends.

use super::super::{Credentials, CredentialsError, sessions};
use super::*;

#[tokio::test]
async fn an_unused_session_expires_and_use_keeps_it() -> Outcome {
    let desk = Desk::new()?;
    let credentials = desk.open()?;
    credentials.register("alice", PASSWORD).await?;
    let used = credentials.login("alice", PASSWORD).await?;
    let unused = credentials.login("alice", PASSWORD).await?;

    desk.wait(23 * HOUR);
    credentials.session(&used).await?;
    desk.wait(HOUR - 1);
    credentials.session(&unused).await?;
    // That was use too.
    desk.wait(24 * HOUR);
    assert!(credentials.session(&unused).await.is_err());
    assert!(credentials.session(&used).await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_session_expires_after_thirty_days_of_use() -> Outcome {
    let desk = Desk::new()?;
    let credentials = desk.open()?;
    credentials.register("alice", PASSWORD).await?;
    let token = credentials.login("alice", PASSWORD).await?;
    for _ in 0..59 {
        desk.wait(12 * HOUR);
        credentials.session(&token).await?;
    }
    desk.wait(12 * HOUR - 1);
    credentials.session(&token).await?;
    desk.wait(1);
    assert!(matches!(
        credentials.session(&token).await,
        Err(CredentialsError::InvalidSession)
    ));
    Ok(())
}

#[tokio::test]
async fn use_is_noted_once_a_minute() -> Outcome {
    let desk = Desk::new()?;
    let credentials = desk.open()?;
    credentials.register("alice", PASSWORD).await?;
    let token = credentials.login("alice", PASSWORD).await?;
    let noted = || -> Result<i64, rusqlite::Error> {
        let database = credentials.inner.store.lock();
        database.query_row("SELECT last_used FROM sessions", [], |row| row.get(0))
    };
    let start = i64::try_from(START)?;
    for (pause, expected) in [
        (59_999, 0),
        (1, 60_000),
        (30_000, 60_000),
        (30_000, 120_000),
    ] {
        desk.wait(pause);
        credentials.session(&token).await?;
        assert_eq!(noted()? - start, expected);
    }
    Ok(())
}

#[tokio::test]
async fn the_oldest_session_gives_way() -> Outcome {
    let desk = Desk::new()?;
    let credentials = desk.open()?;
    credentials.register("alice", PASSWORD).await?;
    credentials.register("bob", PASSWORD).await?;
    let bobs = credentials.login("bob", PASSWORD).await?;
    let first = credentials.login("alice", PASSWORD).await?;
    let second = credentials.login("alice", PASSWORD).await?;
    for _ in 2..sessions::PER_ACCOUNT {
        credentials.login("alice", PASSWORD).await?;
    }
    credentials.session(&first).await?;
    credentials.login("alice", PASSWORD).await?;
    assert!(credentials.session(&first).await.is_err());
    credentials.session(&second).await?;
    credentials.session(&bobs).await?;
    Ok(())
}

#[tokio::test]
async fn expired_sessions_are_forgotten() -> Outcome {
    let desk = Desk::new()?;
    let count = |credentials: &Credentials| -> Result<i64, rusqlite::Error> {
        let database = credentials.inner.store.lock();
        database.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))
    };
    let credentials = desk.open()?;
    credentials.register("alice", PASSWORD).await?;
    credentials.register("bob", PASSWORD).await?;
    credentials.login("bob", PASSWORD).await?;
    credentials.login("alice", PASSWORD).await?;
    desk.wait(24 * HOUR);
    credentials.login("alice", PASSWORD).await?;
    assert_eq!(count(&credentials)?, 2, "one of alice, the old one of bob");
    drop(credentials);
    let credentials = desk.open()?;
    assert_eq!(count(&credentials)?, 2, "opening changes nothing");
    credentials.forget_expired_sessions().await?;
    assert_eq!(count(&credentials)?, 1);
    Ok(())
}
