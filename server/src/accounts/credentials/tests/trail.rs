//! What is noted, and that it stays.

use super::super::Entry;
use super::*;

pub(super) async fn the_trail_tells_what_happened(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let here = &Client::new("192.0.2.7".parse()?, Some("browser/1.0"));
    let alice = credentials.register("alice", PASSWORD, here).await?;
    let bob = credentials.register("bob", PASSWORD, &HERE).await?;
    let token = credentials.login("alice", PASSWORD, None, here).await?;
    let wrong = credentials.login("alice", "wrong horse", None, here).await;
    assert!(wrong.is_err());
    // Noted without anybody waiting for it.
    while credentials.audit(alice, None, 1).await?[0].event != "LOGIN_REFUSED" {
        tokio::task::yield_now().await;
    }
    let over = credentials.login("alice", PASSWORD, None, here).await?;
    credentials.logout(&over, here).await?;
    credentials.logout(&over, here).await?;
    credentials.login("alice", PASSWORD, None, here).await?;
    let other = credentials.sessions(&token).await?[0].id;
    credentials.revoke_session(alice, other, here).await?;
    assert!(
        credentials
            .revoke_session(alice, other, here)
            .await
            .is_err()
    );
    credentials.revoke_other_sessions(&token, here).await?;
    desk.wait(5);
    let key = credentials.create_api_key(alice, NewKey::default(), here);
    let key = key.await?.api_key;
    credentials.revoke_api_key(alice, &key, here).await?;
    assert!(credentials.revoke_api_key(alice, &key, here).await.is_err());
    credentials
        .change_password(&token, PASSWORD, "another horse", here)
        .await?;
    let secret = credentials.propose_second_factor(alice).await?.secret;
    let code = second_factor::code(&secret, START);
    let codes = credentials
        .confirm_second_factor(alice, &code, here)
        .await?;
    credentials
        .login("alice", "another horse", Some(&codes[0]), here)
        .await?;
    credentials
        .disable_second_factor(alice, &codes[1], here)
        .await?;

    let expected = [
        ("REGISTERED", ""),
        ("LOGGED_IN", ""),
        ("LOGIN_REFUSED", ""),
        ("LOGGED_IN", ""),
        ("LOGGED_OUT", ""),
        ("LOGGED_IN", ""),
        ("SESSION_REVOKED", &other.to_string()),
        ("OTHER_SESSIONS_REVOKED", ""),
        ("API_KEY_CREATED", &key),
        ("API_KEY_REVOKED", &key),
        ("PASSWORD_CHANGED", ""),
        ("SECOND_FACTOR_ON", ""),
        ("RECOVERY_CODE_USED", ""),
        ("LOGGED_IN", ""),
        ("SECOND_FACTOR_OFF", ""),
    ];
    let mut trail = credentials.audit(alice, None, 100).await?;
    // Pages follow one another without a gap.
    let mut paged = Vec::new();
    while let page @ [_, ..] = &credentials
        .audit(alice, paged.last().map(|entry: &Entry| entry.id), 4)
        .await?[..]
    {
        assert!(page.len() <= 4);
        paged.extend_from_slice(page);
    }
    assert_eq!(paged, trail);
    trail.reverse();
    let told: Vec<_> = trail
        .iter()
        .map(|entry| (&*entry.event, &*entry.subject))
        .collect();
    assert_eq!(told, expected);
    assert_eq!((trail[7].time, trail[8].time), (START, START + 5));
    for entry in &trail {
        assert_eq!(
            (&*entry.address, &*entry.user_agent),
            ("192.0.2.7", "browser/1.0")
        );
    }
    let bobs = credentials.audit(bob, None, 100).await?;
    assert_eq!((bobs.len(), &*bobs[0].address), (1, ""));
    Ok(())
}

pub(super) async fn the_trail_only_grows(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    for statement in ["DELETE FROM audit", "UPDATE audit SET event = 'NOTHING'"] {
        assert!(desk.sql(statement).await.is_err(), "{statement}");
    }
    assert_eq!(
        credentials.audit(alice, None, 1).await?[0].event,
        "REGISTERED"
    );

    // What cannot be noted is not done.
    let token = credentials.log_in("alice", PASSWORD).await?;
    let key = credentials.hmac_key(alice, "").await?.api_key;
    desk.sql("ALTER TABLE audit RENAME TO lost").await?;
    assert!(credentials.log_in("alice", PASSWORD).await.is_err());
    assert!(credentials.hmac_key(alice, "").await.is_err());
    assert!(credentials.logout(&token, &HERE).await.is_err());
    assert!(credentials.register("bob", PASSWORD, &HERE).await.is_err());
    desk.sql("ALTER TABLE lost RENAME TO audit").await?;
    assert_eq!(credentials.sessions(&token).await?.len(), 1);
    assert_eq!(credentials.api_keys(alice).await?.len(), 1);
    assert!(credentials.find_api_key(&key).await?.is_some());
    assert_eq!(credentials.users().await?.len(), 1);
    Ok(())
}
