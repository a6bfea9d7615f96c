//! Several processes on one PostgreSQL database.

use std::time::{Duration, Instant};

use super::super::CredentialsError;
use super::super::postgres::{LOOK_UPS, WAITING};
use super::*;

/// What somebody else revoked is refused after this at the latest.
const STALE: Duration = Duration::from_secs(1);

/// Two processes, as far as the database can tell.
async fn two_gateways() -> Result<(Desk, Credentials, Credentials), Box<dyn Error>> {
    let desk = Desk::in_a_database().await?;
    let (here, there) = tokio::join!(desk.open(), desk.open());
    Ok((desk, here?, there?))
}

fn database(desk: &Desk) -> &TestDatabase {
    desk.database.as_ref().expect("a desk in a database")
}

#[tokio::test]
async fn one_name_goes_to_one_of_two_who_want_it() -> Outcome {
    let (_desk, here, there) = two_gateways().await?;
    let mut last = account(0);
    for round in 0..10 {
        let name = format!("user{round}");
        let shouted = name.to_uppercase();
        let (one, two) = tokio::join!(
            here.register(&name, PASSWORD, &HERE),
            there.register(&shouted, PASSWORD, &HERE)
        );
        let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
        let won = won?;
        assert!(matches!(lost, Err(CredentialsError::UsernameTaken)));
        assert!(won > last, "ids count up");
        last = won;
        here.log_in(&shouted, PASSWORD).await?;
        there.log_in(&name, PASSWORD).await?;
    }
    assert_eq!(here.users().await?, there.users().await?);
    assert_eq!(here.users().await?.len(), 10);
    Ok(())
}

#[tokio::test]
async fn sessions_begin_and_end_everywhere_at_once() -> Outcome {
    let (_desk, here, there) = two_gateways().await?;
    let alice = here.register("alice", PASSWORD, &HERE).await?;
    let token = here.log_in("alice", PASSWORD).await?;
    assert_eq!(there.session(&token).await?, alice);
    there.logout(&token, &HERE).await?;
    assert!(matches!(
        here.session(&token).await,
        Err(CredentialsError::InvalidSession)
    ));
    Ok(())
}

#[tokio::test]
async fn a_key_works_everywhere_at_once_and_is_refused_soon() -> Outcome {
    let (desk, here, there) = two_gateways().await?;
    let alice = here.register("alice", PASSWORD, &HERE).await?;
    let kept = here.hmac_key(alice, "kept").await?;
    for by_hand in [false, true] {
        let key = here.hmac_key(alice, "bot").await?;
        let found = there.find_api_key(&key.api_key).await?;
        assert!(takes(found, &key.secret_key));

        if by_hand {
            let statement = format!("DELETE FROM api_keys WHERE api_key = '{}'", key.api_key);
            desk.sql(&statement).await?;
        } else {
            here.revoke_api_key(alice, &key.api_key, &HERE).await?;
            assert!(here.find_api_key(&key.api_key).await?.is_none());
        }
        let revoked = Instant::now();
        for gateway in [&here, &there] {
            while gateway.find_api_key(&key.api_key).await?.is_some() {
                assert!(revoked.elapsed() < STALE);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        // It does not come back.
        tokio::time::sleep(STALE).await;
        for gateway in [&here, &there] {
            assert!(gateway.find_api_key(&key.api_key).await?.is_none());
            assert!(gateway.find_api_key(&kept.api_key).await?.is_some());
            assert!(matches!(
                gateway.revoke_api_key(alice, &key.api_key, &HERE).await,
                Err(CredentialsError::UnknownKey)
            ));
        }
    }
    Ok(())
}

/// Each key is asked for there all the time, while it is made and revoked here: whatever a look
/// into the database and a revocation do at the same time, the key ends up refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_never_brings_a_revoked_key_back() -> Outcome {
    let (_desk, here, there) = two_gateways().await?;
    let alice = here.register("alice", PASSWORD, &HERE).await?;
    let mut keys = Vec::new();
    for _ in 0..50 {
        let key = here.hmac_key(alice, "").await?.api_key;
        let looks = {
            let (there, key) = (there.clone(), key.clone());
            tokio::spawn(async move {
                for _ in 0..5 {
                    there.find_api_key(&key).await.expect("an answer");
                }
            })
        };
        here.revoke_api_key(alice, &key, &HERE).await?;
        assert!(here.find_api_key(&key).await?.is_none());
        looks.await?;
        keys.push(key);
    }
    tokio::time::sleep(STALE).await;
    for key in keys {
        assert!(here.find_api_key(&key).await?.is_none());
        assert!(there.find_api_key(&key).await?.is_none());
    }
    Ok(())
}

#[tokio::test]
async fn limits_count_what_all_gateways_make() -> Outcome {
    let (desk, here, there) = two_gateways().await?;
    let alice = here.register("alice", PASSWORD, &HERE).await?;
    let mut making = tokio::task::JoinSet::new();
    for _ in 0..20 {
        for gateway in [&here, &there] {
            let gateway = gateway.clone();
            making.spawn(async move { gateway.hmac_key(alice, "").await.is_ok() });
        }
    }
    let made = making.join_all().await;
    assert_eq!(made.iter().filter(|made| **made).count(), 30);
    assert_eq!(desk.number("SELECT count(*) FROM api_keys").await?, 30);
    Ok(())
}

#[tokio::test]
async fn the_first_of_two_creates_the_master_key() -> Outcome {
    let desk = Desk::in_a_database().await?;
    let (one, two) = (desk.file("one.key"), desk.file("two.key"));
    let (first, second) = tokio::join!(desk.open_with_key(&one), desk.open_with_key(&two));
    // Which is first is not ours to say.
    let (won, refused, missing) = match (first, second) {
        (Ok(won), Err(refused)) => (won, refused, two),
        (Err(refused), Ok(won)) => (won, refused, one),
        _ => return Err("one of them is the first".into()),
    };
    assert!(matches!(refused, OpenError::SecretKeyMissing(_)));
    assert!(!missing.exists(), "a second key would only confuse");

    let alice = won.register("alice", PASSWORD, &HERE).await?;
    won.hmac_key(alice, "bot").await?;
    fs::write(&missing, [7; 32])?;
    assert!(matches!(
        desk.open_with_key(&missing).await,
        Err(OpenError::SecretKeyWrong(_))
    ));
    Ok(())
}

#[tokio::test]
async fn lost_connections_come_back_by_themselves() -> Outcome {
    let (desk, here, there) = two_gateways().await?;
    let alice = here.register("alice", PASSWORD, &HERE).await?;
    let token = here.log_in("alice", PASSWORD).await?;
    let key = here.hmac_key(alice, "bot").await?;
    there.find_api_key(&key.api_key).await?.ok_or("no key")?;

    database(&desk).disconnect_all().await?;
    here.session(&token).await?;
    there.session(&token).await?;
    // The connection that revocations are read from as well.
    here.revoke_api_key(alice, &key.api_key, &HERE).await?;
    tokio::time::sleep(2 * STALE).await;
    assert!(there.find_api_key(&key.api_key).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn known_keys_work_while_the_database_does_not() -> Outcome {
    let (desk, here, _there) = two_gateways().await?;
    let alice = here.register("alice", PASSWORD, &HERE).await?;
    let key = here.hmac_key(alice, "bot").await?;
    desk.sql("ALTER TABLE revoked_api_keys RENAME TO lost")
        .await?;
    tokio::time::sleep(STALE).await;
    let found = here.find_api_key(&key.api_key).await?;
    assert!(takes(found, &key.secret_key));
    assert!(matches!(
        here.find_api_key(&"x".repeat(64)).await,
        Err(CredentialsError::Storage(_))
    ));

    // What was revoked meanwhile is refused as soon as that can be known.
    desk.sql("ALTER TABLE lost RENAME TO revoked_api_keys; DELETE FROM api_keys")
        .await?;
    tokio::time::sleep(STALE).await;
    assert!(here.find_api_key(&key.api_key).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn looking_up_unknown_keys_is_bounded() -> Outcome {
    let desk = Desk::in_a_database().await?;
    let connected = database(&desk).connect().await?;
    let store = Arc::new(Postgres::connect(&connected, &desk.secret_key()).await?);
    // As if so many answers took for ever.
    let hog = store.look_ups().running();
    let hog = hog.acquire_many_owned(u32::try_from(LOOK_UPS)?).await?;
    let mut waiting = tokio::task::JoinSet::new();
    for at in 0..LOOK_UPS + WAITING {
        let store = Arc::clone(&store);
        waiting.spawn(async move { store.find_key(&format!("{at:064}")).await.is_ok() });
    }
    while store.look_ups().free() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(
        store.find_key(&"x".repeat(64)).await,
        Err(CredentialsError::Busy)
    ));
    // No key has such a name, so nobody has to be asked.
    for malformed in ["", "short", &"!".repeat(64), &"x".repeat(65)] {
        assert!(store.find_key(malformed).await?.is_none());
    }
    drop(hog);
    assert!(
        waiting
            .join_all()
            .await
            .into_iter()
            .all(|answered| answered)
    );
    assert_eq!(store.look_ups().free(), LOOK_UPS + WAITING);
    Ok(())
}

#[tokio::test]
async fn nothing_follows_when_nobody_asks() -> Outcome {
    let (desk, here, there) = two_gateways().await?;
    drop((here, there));
    let connected = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name = 'exchange'
                       AND pid <> pg_backend_pid()";
    let since = Instant::now();
    while desk.number(connected).await? > 0 {
        assert!(since.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

#[tokio::test]
async fn no_secret_is_in_the_database() -> Outcome {
    let desk = Desk::in_a_database().await?;
    let credentials = desk.open().await?;
    let alice = credentials.register("Alice", PASSWORD, &HERE).await?;
    let token = credentials.log_in("Alice", PASSWORD).await?;
    let key = credentials.hmac_key(alice, "bot").await?;
    let gone = credentials.hmac_key(alice, "gone").await?;
    credentials
        .revoke_api_key(alice, &gone.api_key, &HERE)
        .await?;

    let listen_key = credentials.create_listen_key(alice, &key.api_key).await?;
    let proposed = credentials.propose_second_factor(alice).await?;
    let code = second_factor::code(&proposed.secret, START);
    let confirmed = credentials.confirm_second_factor(alice, &code, &HERE);
    let recovery_codes = confirmed.await?;

    let connected = database(&desk).connect().await?;
    let mut stored = String::new();
    for table in [
        "users",
        "usernames",
        "sessions",
        "api_keys",
        "revoked_api_keys",
        "listen_keys",
        "second_factors",
        "recovery_codes",
        "audit",
        "master_key_check",
    ] {
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT t::text FROM {table} AS t")))
                .fetch_all(connected.pool())
                .await?;
        assert!(!rows.is_empty(), "{table}");
        stored.extend(rows);
    }
    // That the search finds what is there makes the rest worth something.
    for public in ["Alice", "alice", "$argon2id$", &key.api_key, &gone.api_key] {
        assert!(stored.contains(public), "{public}");
    }
    let hex = |text: &str| crate::api::hex::hex(text.as_bytes());
    let mut secrets = vec![
        PASSWORD,
        &token,
        &key.secret_key,
        &gone.secret_key,
        &listen_key,
    ];
    secrets.extend([proposed.secret.as_str(), &code]);
    secrets.extend(recovery_codes.iter().map(String::as_str));
    for secret in secrets {
        assert!(!stored.contains(secret));
        assert!(!stored.contains(&hex(secret)));
    }
    Ok(())
}
