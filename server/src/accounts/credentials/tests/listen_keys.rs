//! How long a listen key is good, and for whom.

use super::*;

const MINUTE: u64 = 60_000;

pub(super) async fn a_listen_key_is_good_for_an_hour_unless_kept(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let api_key = credentials.hmac_key(alice, "bot").await?.api_key;
    let listen_key = credentials.create_listen_key(alice, &api_key).await?;
    assert_eq!(listen_key.len(), 64);
    let opens = (alice, api_key.clone());
    let whose = async || credentials.listen_key(&listen_key).await;
    assert_eq!(whose().await?, Some(opens.clone()));

    desk.wait(60 * MINUTE - 1);
    assert_eq!(
        credentials.create_listen_key(alice, &api_key).await?,
        listen_key,
        "the same, prolonged"
    );
    desk.wait(60 * MINUTE - 1);
    credentials.keep_listen_key(alice, &listen_key).await?;
    desk.wait(60 * MINUTE - 1);
    assert_eq!(whose().await?, Some(opens));
    desk.wait(1);
    assert_eq!(whose().await?, None);
    assert!(matches!(
        credentials.keep_listen_key(alice, &listen_key).await,
        Err(CredentialsError::UnknownListenKey)
    ));

    let next = credentials.create_listen_key(alice, &api_key).await?;
    assert_ne!(next, listen_key);
    assert_eq!(whose().await?, None);
    credentials.close_listen_key(alice, &next).await?;
    assert_eq!(credentials.listen_key(&next).await?, None);
    assert!(matches!(
        credentials.close_listen_key(alice, &next).await,
        Err(CredentialsError::UnknownListenKey)
    ));
    Ok(())
}

pub(super) async fn a_listen_key_ends_with_its_api_key(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let kept = credentials.hmac_key(alice, "kept").await?.api_key;
    let kept = credentials.create_listen_key(alice, &kept).await?;
    let api_key = credentials.hmac_key(alice, "bot").await?.api_key;
    let listen_key = credentials.create_listen_key(alice, &api_key).await?;
    credentials.revoke_api_key(alice, &api_key, &HERE).await?;
    assert_eq!(credentials.listen_key(&listen_key).await?, None);
    assert!(credentials.listen_key(&kept).await?.is_some());
    assert_eq!(desk.number("SELECT count(*) FROM listen_keys").await?, 1);
    assert!(matches!(
        credentials.create_listen_key(alice, &api_key).await,
        Err(CredentialsError::Storage(_))
    ));
    Ok(())
}

pub(super) async fn a_listen_key_of_a_refused_api_key_is_refused(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let api_key = credentials.hmac_key(alice, "bot").await?.api_key;
    let listen_key = credentials.create_listen_key(alice, &api_key).await?;
    // Its removal fails, so both are still in the database.
    desk.sql("ALTER TABLE api_keys RENAME TO lost").await?;
    let revoked = credentials.revoke_api_key(alice, &api_key, &HERE).await;
    assert!(matches!(revoked, Err(CredentialsError::Storage(_))));
    assert_eq!(desk.number("SELECT count(*) FROM listen_keys").await?, 1);
    assert_eq!(credentials.listen_key(&listen_key).await?, None);
    Ok(())
}

pub(super) async fn a_listen_key_is_its_owners(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let bob = credentials.register("bob", PASSWORD, &HERE).await?;
    let api_key = credentials.hmac_key(alice, "bot").await?.api_key;
    let listen_key = credentials.create_listen_key(alice, &api_key).await?;
    assert!(credentials.keep_listen_key(bob, &listen_key).await.is_err());
    assert!(
        credentials
            .close_listen_key(bob, &listen_key)
            .await
            .is_err()
    );
    assert!(credentials.create_listen_key(bob, &api_key).await.is_err());
    for malformed in ["", &listen_key[1..], &"x".repeat(64)] {
        assert_eq!(credentials.listen_key(malformed).await?, None);
    }
    assert!(credentials.listen_key(&listen_key).await?.is_some());
    Ok(())
}
