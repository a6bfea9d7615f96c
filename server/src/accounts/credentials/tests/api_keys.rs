//! Making, finding and revoking API keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer, SigningKey};

use super::super::{CredentialsError, OpenError, Scope, Scopes, keys};
use super::*;

pub(super) async fn an_api_key_works_until_it_is_revoked(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let bob = credentials.register("bob", PASSWORD, &HERE).await?;

    let bot = credentials.hmac_key(alice, "bot").await?;
    desk.wait(5);
    let desktop = credentials.hmac_key(alice, "desktop").await?;
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
    assert!(takes(Some(found), &bot.secret_key));

    for (owner, api_key) in [(bob, bot.api_key.as_str()), (alice, "no such key")] {
        assert!(matches!(
            credentials.revoke_api_key(owner, api_key, &HERE).await,
            Err(CredentialsError::UnknownKey)
        ));
    }
    assert!(credentials.find_api_key(&bot.api_key).await?.is_some());
    credentials
        .revoke_api_key(alice, &bot.api_key, &HERE)
        .await?;
    assert!(credentials.find_api_key(&bot.api_key).await?.is_none());
    assert!(credentials.find_api_key(&desktop.api_key).await?.is_some());
    assert_eq!(credentials.api_keys(alice).await?.len(), 1);

    drop(credentials);
    let credentials = desk.open().await?;
    assert!(credentials.find_api_key(&bot.api_key).await?.is_none());
    let found = credentials.find_api_key(&desktop.api_key).await?;
    assert!(takes(found, &desktop.secret_key));
    Ok(())
}

pub(super) async fn a_key_is_refused_even_when_its_removal_fails(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let key = credentials.hmac_key(alice, "").await?;
    desk.sql("ALTER TABLE api_keys RENAME TO lost").await?;
    let refused = credentials.revoke_api_key(alice, &key.api_key, &HERE).await;
    assert!(matches!(refused, Err(CredentialsError::Storage(_))));
    assert!(credentials.find_api_key(&key.api_key).await?.is_none());

    desk.sql("ALTER TABLE lost RENAME TO api_keys").await?;
    assert!(credentials.find_api_key(&key.api_key).await?.is_none());
    credentials
        .revoke_api_key(alice, &key.api_key, &HERE)
        .await?;
    Ok(())
}

pub(super) async fn an_account_has_so_many_keys_and_no_more(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let bob = credentials.register("bob", PASSWORD, &HERE).await?;
    for _ in 0..keys::PER_ACCOUNT {
        credentials.hmac_key(alice, "").await?;
    }
    assert!(matches!(
        credentials.hmac_key(alice, "").await,
        Err(CredentialsError::TooManyKeys)
    ));
    credentials.hmac_key(bob, "").await?;
    let oldest = credentials.api_keys(alice).await?.swap_remove(0);
    credentials
        .revoke_api_key(alice, &oldest.api_key, &HERE)
        .await?;
    credentials.hmac_key(alice, "").await?;
    Ok(())
}

pub(super) async fn keys_need_an_owner_and_a_decent_label(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    for label in ["a\nb", &"x".repeat(65)] {
        assert!(matches!(
            credentials.hmac_key(alice, label).await,
            Err(CredentialsError::InvalidLabel)
        ));
    }
    for nobody in [0, 2, u64::MAX] {
        assert!(matches!(
            credentials.hmac_key(account(nobody), "bot").await,
            Err(CredentialsError::Storage(_))
        ));
    }
    Ok(())
}

pub(super) async fn a_secret_moved_to_another_key_is_noticed(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let mallory = credentials.register("mallory", PASSWORD, &HERE).await?;
    credentials.hmac_key(alice, "").await?;
    credentials.hmac_key(mallory, "").await?;
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

pub(super) async fn a_public_key_needs_no_secret(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let signing = SigningKey::from_bytes(&[7; 32]);
    let public = BASE64.encode(signing.verifying_key());
    let new = |public_key| NewKey {
        label: "signer",
        public_key: Some(public_key),
        ..NewKey::default()
    };
    let key = credentials.create_api_key(alice, new(&public), &HERE);
    let key = key.await?;
    assert_eq!(key.secret_key, None);
    for malformed in ["", "no key", &public[1..]] {
        let refused = credentials.create_api_key(alice, new(malformed), &HERE);
        assert!(matches!(
            refused.await,
            Err(CredentialsError::InvalidPublicKey)
        ));
    }
    assert_eq!(credentials.api_keys(alice).await?[0].kind, "ED25519");

    let signature = BASE64.encode(signing.sign(b"a=1").to_bytes());
    drop(credentials);
    let credentials = desk.open().await?;
    let found = credentials.find_api_key(&key.api_key).await?;
    let found = found.ok_or("no key")?;
    assert!(found.verify(b"a=1", &signature));
    assert!(!found.verify(b"a=2", &signature));

    // What is stored cannot be passed off as a secret, which everybody would know.
    drop(credentials);
    desk.sql("UPDATE api_keys SET kind = 'HMAC'").await?;
    assert!(matches!(
        desk.open().await,
        Err(OpenError::SecretDamaged { .. })
    ));
    Ok(())
}

pub(super) async fn a_key_has_scopes_and_networks(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let plain = credentials.hmac_key(alice, "plain").await?;
    let networks = ["192.0.2.0/24".to_owned(), "2001:db8::7".to_owned()];
    let bound = NewKey {
        label: "bound",
        scopes: Scopes::of(&[Scope::Withdraw]),
        addresses: &networks,
        ..NewKey::default()
    };
    let bound = credentials.create_api_key(alice, bound, &HERE);
    let bound = bound.await?;

    drop(credentials);
    let credentials = desk.open().await?;
    let plain = credentials.find_api_key(&plain.api_key).await?;
    let plain = plain.ok_or("no key")?;
    let scopes = Scopes::of(&[Scope::Read, Scope::Trade]);
    assert_eq!((plain.scopes, plain.addresses.len()), (scopes, 0));
    assert!(plain.admits("203.0.113.1".parse()?));

    let bound = credentials.find_api_key(&bound.api_key).await?;
    let bound = bound.ok_or("no key")?;
    assert_eq!(bound.scopes, Scopes::of(&[Scope::Withdraw]));
    for (address, admitted) in [
        ("192.0.2.255", true),
        ("::ffff:192.0.2.1", true),
        ("192.0.3.0", false),
        ("2001:db8::7", true),
        ("2001:db8::8", false),
    ] {
        assert_eq!(bound.admits(address.parse()?), admitted, "{address}");
    }
    let listed = credentials.api_keys(alice).await?;
    assert_eq!(listed[1].scopes, bound.scopes);
    assert_eq!(listed[1].addresses, bound.addresses);

    let nowhere = ["nowhere".to_owned()];
    let malformed = NewKey {
        addresses: &nowhere,
        ..NewKey::default()
    };
    let refused = credentials.create_api_key(alice, malformed, &HERE);
    assert!(matches!(
        refused.await,
        Err(CredentialsError::InvalidAddresses)
    ));
    Ok(())
}

pub(super) async fn use_of_a_key_is_noted_now_and_then(desk: Desk) -> Outcome {
    const NOTED: &str = "SELECT coalesce(max(last_used), 0) FROM api_keys";
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let used = credentials.hmac_key(alice, "used").await?;
    credentials.hmac_key(alice, "unused").await?;
    let key = credentials.find_api_key(&used.api_key).await?;
    let key = key.ok_or("no key")?;
    assert!(!key.verify(b"a=1", "00"), "somebody else's try is no use");
    credentials.inner.note_key_uses().await?;
    assert_eq!(desk.number(NOTED).await?, 0);

    desk.wait(5_000);
    for _ in 0..3 {
        assert!(key.verify(b"a=1", &sign(used.secret_key.as_bytes(), b"a=1")));
    }
    assert_eq!(desk.number(NOTED).await?, 0, "no write per request");
    let last_used = async || -> Result<Vec<_>, CredentialsError> {
        let keys = credentials.api_keys(alice).await?;
        Ok(keys.into_iter().map(|key| key.last_used).collect())
    };
    assert_eq!(
        last_used().await?,
        [Some(START + 5_000), None],
        "not noted yet"
    );
    credentials.inner.note_key_uses().await?;
    desk.wait(60_000);
    credentials.inner.note_key_uses().await?;
    assert_eq!(desk.number(NOTED).await?, i64::try_from(START + 5_000)?);
    assert_eq!(last_used().await?, [Some(START + 5_000), None]);
    Ok(())
}
