//! What is kept, what must not be told, and which master keys are refused.

use std::fs;

use super::super::OpenError;
use super::*;

pub(super) async fn everything_survives_a_restart(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let token = credentials.log_in("alice", PASSWORD).await?;
    let key = credentials.hmac_key(alice, "bot").await?;
    drop(credentials);

    let credentials = desk.open().await?;
    assert_eq!(credentials.users().await?, [(alice, "alice".to_owned())]);
    assert_eq!(credentials.username(alice).await?.as_deref(), Some("alice"));
    let nobody = AccountId::new(alice.get() + 1);
    assert_eq!(credentials.username(nobody).await?, None);
    assert_eq!(credentials.session(&token).await?, alice);
    credentials.log_in("alice", PASSWORD).await?;
    let found = credentials.find_api_key(&key.api_key).await?;
    assert!(takes(found, &key.secret_key));
    assert_eq!(
        credentials.register("bob", PASSWORD, &HERE).await?,
        account(2)
    );
    Ok(())
}

pub(super) async fn no_secret_is_in_debug_output(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    let token = credentials.log_in("alice", PASSWORD).await?;
    let created = credentials.create_api_key(alice, NewKey::default(), &HERE);
    let key = created.await?;
    let secret_key = key.secret_key.clone().ok_or("no secret")?;
    let found = credentials
        .find_api_key(&key.api_key)
        .await?
        .ok_or("no key")?;
    let errors = [
        credentials.register("alice", PASSWORD, &HERE).await.err(),
        credentials.register("alice", "short", &HERE).await.err(),
        credentials.log_in("alice", "wrong password").await.err(),
        credentials.session(&secret_key).await.err(),
        credentials.hmac_key(account(9), "bot").await.err(),
    ];
    assert!(errors.iter().all(Option::is_some));

    let printed = format!(
        "{credentials:?} {key:?} {found:?} {:?} {errors:?} {:?}",
        credentials.api_keys(alice).await?,
        credentials.users().await?,
    );
    let secret_bytes = format!("{:?}", secret_key.as_bytes());
    let secret_bytes = secret_bytes.trim_matches(['[', ']']);
    for secret in [
        PASSWORD,
        "wrong password",
        "argon2id",
        &token,
        &secret_key,
        secret_bytes,
    ] {
        assert!(!printed.contains(secret), "{printed}");
    }
    Ok(())
}

pub(super) async fn the_master_key_must_be_there_and_be_the_right_one(desk: Desk) -> Outcome {
    drop(desk.open().await?);
    let path = desk.secret_key();
    let right = fs::read(&path)?;
    assert_eq!(right.len(), 32);

    fs::remove_file(&path)?;
    let missing = desk.open().await.expect_err("no key");
    assert!(matches!(missing, OpenError::SecretKeyMissing(_)));
    assert!(missing.to_string().contains("secret.key is missing"));
    assert!(!path.exists(), "a new key would only hide the loss");

    fs::write(&path, [7; 32])?;
    let wrong = desk.open().await.expect_err("another key");
    assert!(matches!(wrong, OpenError::SecretKeyWrong(_)));
    assert!(wrong.to_string().contains("secret.key is wrong"));

    for damaged in [&right[..31], &[right.as_slice(), b"\n"].concat()] {
        fs::write(&path, damaged)?;
        assert!(matches!(
            desk.open().await,
            Err(OpenError::SecretKeyDamaged(_))
        ));
    }

    fs::write(&path, &right)?;
    desk.open().await?;
    Ok(())
}
