//! Registering, logging in and out, and the bound on hashing.

use std::time::Duration;

use super::super::CredentialsError;
use super::super::passwords::{RUNNING, WAITING};
use super::*;

pub(super) async fn a_user_registers_logs_in_and_logs_out(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    assert_eq!(
        credentials.register("alice", PASSWORD, &HERE).await?,
        account(1),
        "0 is the fee account"
    );
    assert_eq!(
        credentials.register("bob", PASSWORD, &HERE).await?,
        account(2)
    );

    let token = credentials.log_in("ALICE", PASSWORD).await?;
    assert_eq!(token.len(), 64);
    assert_eq!(credentials.session(&token).await?, account(1));

    let other = credentials.log_in("alice", PASSWORD).await?;
    credentials.logout(&token, &HERE).await?;
    credentials.logout(&token, &HERE).await?;
    credentials.logout("nonsense", &HERE).await?;
    for dead in [token.as_str(), "", "nonsense", &"0".repeat(64)] {
        assert!(matches!(
            credentials.session(dead).await,
            Err(CredentialsError::InvalidSession)
        ));
    }
    assert_eq!(credentials.session(&other).await?, account(1));
    Ok(())
}

pub(super) async fn wrong_user_and_wrong_password_look_the_same(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    credentials.register("alice", PASSWORD, &HERE).await?;
    for (username, password) in [
        ("alice", "correct horse batterz"),
        ("alice", "short"),
        ("nobody", PASSWORD),
        ("not a name", PASSWORD),
        ("", ""),
    ] {
        assert!(
            matches!(
                credentials.log_in(username, password).await,
                Err(CredentialsError::WrongCredentials)
            ),
            "{username}"
        );
    }
    Ok(())
}

pub(super) async fn names_are_unique_in_any_case(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    credentials.register("Alice", PASSWORD, &HERE).await?;
    for username in ["Alice", "alice", "ALICE"] {
        assert!(matches!(
            credentials.register(username, PASSWORD, &HERE).await,
            Err(CredentialsError::UsernameTaken)
        ));
    }
    // Both pass the first look; the table decides.
    let (one, two) = tokio::join!(
        credentials.register("carol", PASSWORD, &HERE),
        credentials.register("Carol", PASSWORD, &HERE)
    );
    assert_eq!(
        [&one, &two].iter().filter(|result| result.is_ok()).count(),
        1
    );
    let users = credentials.users().await?;
    assert_eq!(users.len(), 2);
    assert_eq!(users[0], (account(1), "Alice".to_owned()));
    assert!(users[1].0 > account(1));
    Ok(())
}

pub(super) async fn names_and_passwords_keep_the_rules(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    for username in ["", "ab", "a b c", "alic\u{e9}", "a'; --", &"x".repeat(65)] {
        assert!(
            matches!(
                credentials.register(username, PASSWORD, &HERE).await,
                Err(CredentialsError::InvalidUsername)
            ),
            "{username}"
        );
    }
    for password in ["", "1234567", &"x".repeat(257)] {
        assert!(matches!(
            credentials.register("alice", password, &HERE).await,
            Err(CredentialsError::InvalidPassword(_))
        ));
    }
    for username in ["abc", "a.b_c@d-9", &"x".repeat(64)] {
        credentials.register(username, PASSWORD, &HERE).await?;
    }
    Ok(())
}

pub(super) async fn hashing_is_bounded_and_the_overflow_refused(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    credentials.register("alice", PASSWORD, &HERE).await?;
    let hashing = &credentials.inner.hashing;
    assert_eq!(hashing.gate().running().available_permits(), RUNNING);
    // As if two hashes took for ever.
    let hog = hashing
        .gate()
        .running()
        .acquire_many_owned(u32::try_from(RUNNING)?);
    let hog = hog.await?;

    let mut waiting = tokio::task::JoinSet::new();
    for at in 0..RUNNING + WAITING {
        let credentials = credentials.clone();
        // Half of them do not exist, and wait like the others.
        let username = if at % 2 == 0 { "alice" } else { "nobody" };
        waiting.spawn(async move { credentials.log_in(username, PASSWORD).await.is_ok() });
    }
    tokio::time::timeout(Duration::from_secs(10), async {
        while hashing.gate().free() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await?;
    for username in ["alice", "nobody"] {
        assert!(matches!(
            credentials.log_in(username, PASSWORD).await,
            Err(CredentialsError::Busy)
        ));
    }
    assert!(matches!(
        credentials.register("bob", PASSWORD, &HERE).await,
        Err(CredentialsError::Busy)
    ));

    drop(hog);
    let served = waiting.join_all().await;
    assert_eq!(
        served.iter().filter(|served| **served).count(),
        served.len() / 2
    );
    assert_eq!(hashing.gate().free(), RUNNING + WAITING);
    credentials.log_in("alice", PASSWORD).await?;
    Ok(())
}

pub(super) async fn a_caller_who_gives_up_frees_the_place(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let hashing = &credentials.inner.hashing;
    let hog = hashing
        .gate()
        .running()
        .acquire_many_owned(u32::try_from(RUNNING)?);
    let hog = hog.await?;
    let login = credentials.log_in("alice", PASSWORD);
    let gave_up = tokio::time::timeout(Duration::from_millis(10), login).await;
    assert!(gave_up.is_err());
    assert_eq!(hashing.gate().free(), RUNNING + WAITING);
    drop(hog);
    Ok(())
}
