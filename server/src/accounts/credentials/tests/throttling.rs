//! Wrong passwords and codes, one after the other.

use super::*;

/// How long somebody has to wait, in seconds; `None` for whoever is let through to be told whether
/// the password is right.
fn waits<T>(tried: &Result<T, CredentialsError>) -> Option<u64> {
    match tried {
        Err(CredentialsError::TooManyTries { seconds }) => Some(*seconds),
        _ => None,
    }
}

pub(super) async fn the_sixth_wrong_password_has_to_wait(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    credentials.register("alice", PASSWORD, &HERE).await?;
    for name in ["alice", "nobody"] {
        for shouted in [name.to_uppercase(), name.into()].iter().cycle().take(5) {
            let tried = credentials.log_in(shouted, "wrong horse").await;
            assert!(matches!(tried, Err(CredentialsError::WrongCredentials)));
        }
        // The right password is not looked at either, or waiting would be no hindrance.
        for password in ["wrong horse", PASSWORD] {
            assert_eq!(waits(&credentials.log_in(name, password).await), Some(30));
        }
    }
    desk.wait(29_001);
    assert_eq!(waits(&credentials.log_in("alice", PASSWORD).await), Some(1));
    desk.wait(999);
    assert_eq!(
        waits(&credentials.log_in("alice", "wrong horse").await),
        None
    );
    assert_eq!(
        waits(&credentials.log_in("alice", PASSWORD).await),
        Some(60)
    );
    desk.wait(60_000);
    credentials.log_in("alice", PASSWORD).await?;

    // Success forgets; what breaks the rule for passwords is no guess.
    for _ in 0..4 {
        assert_eq!(
            waits(&credentials.log_in("alice", "wrong horse").await),
            None
        );
        assert_eq!(waits(&credentials.log_in("alice", "short").await), None);
    }
    credentials.log_in("alice", PASSWORD).await?;
    Ok(())
}

pub(super) async fn an_address_is_counted_over_all_names(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    for name in ["alice", "mallory"] {
        credentials.register(name, PASSWORD, &HERE).await?;
    }
    let here = Client::new("192.0.2.7".parse()?, None);
    let there = Client::new("192.0.2.8".parse()?, None);
    for at in 0..5 {
        let name = format!("victim{at}");
        let tried = credentials.login(&name, PASSWORD, None, &here).await;
        assert_eq!(waits(&tried), None);
        // An account of one's own does not help, as long as one may try.
        if at < 4 {
            credentials.login("mallory", PASSWORD, None, &here).await?;
        }
    }
    let tried = credentials.login("alice", PASSWORD, None, &here).await;
    assert_eq!(waits(&tried), Some(30));
    credentials.login("alice", PASSWORD, None, &there).await?;
    Ok(())
}

pub(super) async fn wrong_codes_and_old_passwords_count_as_well(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let local = &HERE;
    let alice = credentials.register("alice", PASSWORD, local).await?;
    let token = credentials.log_in("alice", PASSWORD).await?;
    let change = async |old| {
        let changed = credentials.change_password(&token, old, "new password", local);
        changed.await
    };
    for _ in 0..5 {
        assert_eq!(waits(&change("wrong horse").await), None);
    }
    assert_eq!(waits(&change(PASSWORD).await), Some(30));
    desk.wait(30_000);

    let secret = credentials.propose_second_factor(alice).await?.secret;
    let code = second_factor::code(&secret, START + 30_000);
    // One more than those five: the longer wait.
    let confirm = async |code| credentials.confirm_second_factor(alice, code, local).await;
    assert_eq!(waits(&confirm("wrong").await), None);
    assert_eq!(waits(&confirm(&code).await), Some(60));
    desk.wait(60_000);
    let code = second_factor::code(&secret, START + 90_000);
    confirm(&code).await?;

    // The password is right each time, and what misses the code is on its way.
    let log_in = async |code| credentials.login("alice", PASSWORD, code, local).await;
    for _ in 0..5 {
        assert!(matches!(
            log_in(None).await,
            Err(CredentialsError::CodeMissing)
        ));
        assert!(matches!(
            log_in(Some("wrong")).await,
            Err(CredentialsError::WrongCode)
        ));
    }
    assert_eq!(waits(&log_in(Some(&code)).await), Some(30));
    Ok(())
}
