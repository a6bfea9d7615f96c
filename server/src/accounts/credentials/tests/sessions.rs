//! When a session ends.

use super::super::audit::Event;
use super::super::{CredentialsError, sessions};
use super::*;

pub(super) async fn an_unused_session_expires_and_use_keeps_it(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    credentials.register("alice", PASSWORD, &HERE).await?;
    let used = credentials.log_in("alice", PASSWORD).await?;
    let unused = credentials.log_in("alice", PASSWORD).await?;

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
    credentials.register("alice", PASSWORD, &HERE).await?;
    let token = credentials.log_in("alice", PASSWORD).await?;
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
    credentials.register("alice", PASSWORD, &HERE).await?;
    let token = credentials.log_in("alice", PASSWORD).await?;
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
    credentials.register("alice", PASSWORD, &HERE).await?;
    credentials.register("bob", PASSWORD, &HERE).await?;
    let bobs = credentials.log_in("bob", PASSWORD).await?;
    let first = credentials.log_in("alice", PASSWORD).await?;
    let second = credentials.log_in("alice", PASSWORD).await?;
    for _ in 2..sessions::PER_ACCOUNT {
        credentials.log_in("alice", PASSWORD).await?;
    }
    credentials.session(&first).await?;
    credentials.log_in("alice", PASSWORD).await?;
    assert!(credentials.session(&first).await.is_err());
    credentials.session(&second).await?;
    credentials.session(&bobs).await?;
    Ok(())
}

pub(super) async fn expired_sessions_are_forgotten(desk: Desk) -> Outcome {
    const COUNT: &str = "SELECT count(*) FROM sessions";
    let credentials = desk.open().await?;
    credentials.register("alice", PASSWORD, &HERE).await?;
    credentials.register("bob", PASSWORD, &HERE).await?;
    credentials.log_in("bob", PASSWORD).await?;
    credentials.log_in("alice", PASSWORD).await?;
    desk.wait(24 * HOUR);
    credentials.log_in("alice", PASSWORD).await?;
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

pub(super) async fn sessions_are_listed_and_revoked(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let bob = credentials.register("bob", PASSWORD, &HERE).await?;
    let bobs = credentials.log_in("bob", PASSWORD).await?;
    let phone = Client::new("192.0.2.7".parse()?, Some("phone/1.0"));
    let expired = credentials.log_in("alice", PASSWORD).await?;
    desk.wait(24 * HOUR);
    let now = START + 24 * HOUR;
    let first = credentials.login("alice", PASSWORD, None, &phone).await?;
    desk.wait(60_000);
    let second = credentials.log_in("alice", PASSWORD).await?;
    credentials.session(&first).await?;
    assert!(credentials.session(&expired).await.is_err());

    let listed = credentials.sessions(&first).await?;
    let shown: Vec<_> = listed
        .iter()
        .map(|it| (it.created, it.last_used, it.expires, it.current))
        .collect();
    let (minute, day) = (60_000, 24 * HOUR);
    assert_eq!(
        shown,
        [
            (now + minute, now + minute, now + minute + day, false),
            (now, now + minute, now + minute + day, true)
        ]
    );
    let [newer, older] = &listed[..] else {
        return Err("two sessions".into());
    };
    assert_eq!((&*newer.address, &*newer.user_agent), ("", ""));
    assert_eq!(
        (&*older.address, &*older.user_agent),
        ("192.0.2.7", "phone/1.0")
    );

    for (owner, id) in [(bob, newer.id), (alice, 0), (alice, u64::MAX)] {
        let refused = credentials.revoke_session(owner, id, &HERE);
        assert!(matches!(
            refused.await,
            Err(CredentialsError::UnknownSession)
        ));
    }
    credentials.revoke_session(alice, newer.id, &HERE).await?;
    assert!(credentials.session(&second).await.is_err());
    let third = credentials.log_in("alice", PASSWORD).await?;
    credentials.revoke_other_sessions(&first, &HERE).await?;
    assert!(credentials.session(&third).await.is_err());
    assert_eq!(credentials.sessions(&first).await?.len(), 1);
    assert!(credentials.sessions(&third).await.is_err());
    assert_eq!(
        credentials.session(&bobs).await.ok(),
        None,
        "idle for a day"
    );
    Ok(())
}

pub(super) async fn a_rotated_session_has_another_token_and_no_more_time(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let mut token = credentials.log_in("alice", PASSWORD).await?;
    let id = credentials.sessions(&token).await?[0].id;
    for _ in 0..59 {
        desk.wait(12 * HOUR);
        let old = std::mem::take(&mut token);
        token = credentials.rotate(&old).await?;
        assert!(credentials.session(&old).await.is_err());
        assert!(matches!(
            credentials.rotate(&old).await,
            Err(CredentialsError::InvalidSession)
        ));
        assert_eq!(credentials.session(&token).await?, alice);
    }
    assert_eq!(credentials.sessions(&token).await?[0].id, id);
    desk.wait(12 * HOUR);
    assert!(
        credentials.rotate(&token).await.is_err(),
        "thirty days are over"
    );
    assert!(credentials.session(&token).await.is_err());
    Ok(())
}

pub(super) async fn a_new_password_ends_all_other_sessions(desk: Desk) -> Outcome {
    const NEW: &str = "another horse";
    let credentials = desk.open().await?;
    credentials.register("alice", PASSWORD, &HERE).await?;
    credentials.register("bob", PASSWORD, &HERE).await?;
    let bobs = credentials.log_in("bob", PASSWORD).await?;
    let own = credentials.log_in("alice", PASSWORD).await?;
    let other = credentials.log_in("alice", PASSWORD).await?;
    let change = async |old, new| credentials.change_password(&own, old, new, &HERE).await;
    assert!(matches!(
        change("wrong horse", NEW).await,
        Err(CredentialsError::WrongPassword)
    ));
    assert!(matches!(
        change(PASSWORD, "short").await,
        Err(CredentialsError::InvalidPassword(_))
    ));
    credentials.session(&other).await?;
    change(PASSWORD, NEW).await?;

    credentials.session(&own).await?;
    credentials.session(&bobs).await?;
    assert!(credentials.session(&other).await.is_err());
    assert!(matches!(
        credentials.log_in("alice", PASSWORD).await,
        Err(CredentialsError::WrongCredentials)
    ));
    credentials.log_in("alice", NEW).await?;
    let over = credentials.change_password(&other, NEW, PASSWORD, &HERE);
    assert!(matches!(over.await, Err(CredentialsError::InvalidSession)));
    Ok(())
}

pub(super) async fn no_session_begins_with_a_password_that_was_changed_meanwhile(
    desk: Desk,
) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let own = credentials.log_in("alice", PASSWORD).await?;
    // Checked against this one, and then it takes its time.
    let checked = credentials.inner.store.password_hash(alice).await?;
    let checked = checked.ok_or("a password")?;
    credentials
        .change_password(&own, PASSWORD, "another horse", &HERE)
        .await?;
    let (token, hash) = sessions::draw()?;
    let note = credentials.note(Event::LoggedIn, &HERE);
    let late = credentials
        .inner
        .store
        .start_session(hash, alice, &checked, note);
    assert!(matches!(
        late.await,
        Err(CredentialsError::WrongCredentials)
    ));
    assert!(credentials.session(&token).await.is_err());
    Ok(())
}
