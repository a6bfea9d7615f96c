//! When a session ends.

use super::super::{CredentialsError, sessions};
use super::*;

pub(super) async fn an_unused_session_expires_and_use_keeps_it(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
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

pub(super) async fn a_session_expires_after_thirty_days_of_use(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
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

pub(super) async fn use_is_noted_once_a_minute(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    credentials.register("alice", PASSWORD).await?;
    let token = credentials.login("alice", PASSWORD).await?;
    let start = i64::try_from(START)?;
    for (pause, expected) in [
        (59_999, 0),
        (1, 60_000),
        (30_000, 60_000),
        (30_000, 120_000),
    ] {
        desk.wait(pause);
        credentials.session(&token).await?;
        let noted = desk.number("SELECT last_used FROM sessions").await?;
        assert_eq!(noted - start, expected);
    }
    Ok(())
}

pub(super) async fn the_oldest_session_gives_way(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
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

pub(super) async fn expired_sessions_are_forgotten(desk: Desk) -> Outcome {
    const COUNT: &str = "SELECT count(*) FROM sessions";
    let credentials = desk.open().await?;
    credentials.register("alice", PASSWORD).await?;
    credentials.register("bob", PASSWORD).await?;
    credentials.login("bob", PASSWORD).await?;
    credentials.login("alice", PASSWORD).await?;
    desk.wait(24 * HOUR);
    credentials.login("alice", PASSWORD).await?;
    assert_eq!(
        desk.number(COUNT).await?,
        2,
        "one of alice, the old one of bob"
    );
    drop(credentials);
    let credentials = desk.open().await?;
    assert_eq!(desk.number(COUNT).await?, 2, "opening changes nothing");
    credentials.forget_expired_sessions().await?;
    assert_eq!(desk.number(COUNT).await?, 1);
    Ok(())
}
