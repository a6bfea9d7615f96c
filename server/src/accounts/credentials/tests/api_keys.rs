//! Making, finding and revoking API keys.

use super::super::{CredentialsError, OpenError, keys};
use super::*;

pub(super) async fn an_api_key_works_until_it_is_revoked(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD).await?;
    let bob = credentials.register("bob", PASSWORD).await?;

    let bot = credentials.create_api_key(alice, "bot").await?;
    desk.wait(5);
    let desktop = credentials.create_api_key(alice, "desktop").await?;
    for text in [
        &bot.api_key,
        &bot.secret_key,
        &desktop.api_key,
        &desktop.secret_key,
    ] {
        assert_eq!(text.len(), 64);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    let listed = credentials.api_keys(alice).await?;
    let shown: Vec<_> = listed
        .iter()
        .map(|key| (key.api_key.as_str(), key.label.as_str(), key.created))
        .collect();
    assert_eq!(
        shown,
        [
            (bot.api_key.as_str(), "bot", START),
            (desktop.api_key.as_str(), "desktop", START + 5)
        ]
    );
    assert!(credentials.api_keys(bob).await?.is_empty());

    let found = credentials
        .find_api_key(&bot.api_key)
        .await?
        .ok_or("no key")?;
    assert_eq!(found.account, alice);
    assert_eq!(secret(Some(found)), Some(bot.secret_key));

    for (owner, api_key) in [(bob, bot.api_key.as_str()), (alice, "no such key")] {
        assert!(matches!(
            credentials.revoke_api_key(owner, api_key).await,
            Err(CredentialsError::UnknownKey)
        ));
    }
    assert!(credentials.find_api_key(&bot.api_key).await?.is_some());
    credentials.revoke_api_key(alice, &bot.api_key).await?;
    assert!(credentials.find_api_key(&bot.api_key).await?.is_none());
    assert!(credentials.find_api_key(&desktop.api_key).await?.is_some());
    assert_eq!(credentials.api_keys(alice).await?.len(), 1);

    drop(credentials);
    let credentials = desk.open().await?;
    assert!(credentials.find_api_key(&bot.api_key).await?.is_none());
    assert_eq!(
        secret(credentials.find_api_key(&desktop.api_key).await?),
        Some(desktop.secret_key)
    );
    Ok(())
}

pub(super) async fn a_key_is_refused_even_when_its_removal_fails(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD).await?;
    let key = credentials.create_api_key(alice, "").await?;
    desk.sql("ALTER TABLE api_keys RENAME TO lost").await?;
    let refused = credentials.revoke_api_key(alice, &key.api_key).await;
    assert!(matches!(refused, Err(CredentialsError::Storage(_))));
    assert!(credentials.find_api_key(&key.api_key).await?.is_none());

    desk.sql("ALTER TABLE lost RENAME TO api_keys").await?;
    assert!(credentials.find_api_key(&key.api_key).await?.is_none());
    credentials.revoke_api_key(alice, &key.api_key).await?;
    Ok(())
}

pub(super) async fn an_account_has_so_many_keys_and_no_more(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD).await?;
    let bob = credentials.register("bob", PASSWORD).await?;
    for _ in 0..keys::PER_ACCOUNT {
        credentials.create_api_key(alice, "").await?;
    }
    assert!(matches!(
        credentials.create_api_key(alice, "").await,
        Err(CredentialsError::TooManyKeys)
    ));
    credentials.create_api_key(bob, "").await?;
    let oldest = credentials.api_keys(alice).await?.swap_remove(0);
    credentials.revoke_api_key(alice, &oldest.api_key).await?;
    credentials.create_api_key(alice, "").await?;
    Ok(())
}

pub(super) async fn keys_need_an_owner_and_a_decent_label(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD).await?;
    for label in ["a\nb", &"x".repeat(65)] {
        assert!(matches!(
            credentials.create_api_key(alice, label).await,
            Err(CredentialsError::InvalidLabel)
        ));
    }
    for nobody in [0, 2, u64::MAX] {
        assert!(matches!(
            credentials.create_api_key(account(nobody), "bot").await,
            Err(CredentialsError::Storage(_))
        ));
    }
    Ok(())
}

pub(super) async fn a_secret_moved_to_another_key_is_noticed(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD).await?;
    let mallory = credentials.register("mallory", PASSWORD).await?;
    credentials.create_api_key(alice, "").await?;
    credentials.create_api_key(mallory, "").await?;
    drop(credentials);
    desk.sql("UPDATE api_keys SET account = 2 WHERE id = 1")
        .await?;
    assert!(matches!(
        desk.open().await,
        Err(OpenError::SecretDamaged { row: 1 })
    ));
    desk.sql(
        "UPDATE api_keys SET account = 1 WHERE id = 1;
         UPDATE api_keys SET secret = (SELECT secret FROM api_keys WHERE id = 1) WHERE id = 2",
    )
    .await?;
    assert!(matches!(
        desk.open().await,
        Err(OpenError::SecretDamaged { row: 2 })
    ));
    Ok(())
}
