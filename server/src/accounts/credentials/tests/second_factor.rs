//! Logins with a second factor.

use totp_rs::{Builder, Secret};

use super::*;

const STEP: u64 = 30_000;

/// What the device shows at a time in milliseconds. Of another hand than what checks it, but for the
/// library.
pub(super) fn code(secret: &str, millis: u64) -> String {
    let secret = Secret::try_from_base32(secret).expect("base32");
    let totp = Builder::new().with_secret(secret).build();
    totp.expect("a long secret")
        .generate(millis / 1_000)
        .to_string()
}

/// Somebody with a second factor, confirmed with the code of [`START`].
struct Guarded {
    credentials: Credentials,
    account: AccountId,
    secret: String,
    recovery_codes: Vec<String>,
}

impl Guarded {
    async fn open(desk: &Desk) -> Result<Self, Box<dyn Error>> {
        let credentials = desk.open().await?;
        let account = credentials.register("alice", PASSWORD, &HERE).await?;
        let secret = credentials.propose_second_factor(account).await?.secret;
        let code = code(&secret, START);
        let confirmed = credentials.confirm_second_factor(account, &code, &HERE);
        Ok(Self {
            recovery_codes: confirmed.await?,
            credentials,
            account,
            secret,
        })
    }

    async fn log_in(&self, code: &str) -> Result<String, CredentialsError> {
        self.credentials
            .login("alice", PASSWORD, Some(code), &HERE)
            .await
    }

    async fn is_wrong(&self, code: &str) -> bool {
        matches!(self.log_in(code).await, Err(CredentialsError::WrongCode))
    }
}

pub(super) async fn a_login_needs_a_code_once_that_is_confirmed(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    assert!(!credentials.has_second_factor(alice).await?);
    let confirm = async |code: &str| credentials.confirm_second_factor(alice, code, &HERE).await;
    assert!(matches!(
        confirm("123456").await,
        Err(CredentialsError::NoSecondFactor)
    ));
    let forgotten = credentials.propose_second_factor(alice).await?.secret;
    let proposed = credentials.propose_second_factor(alice).await?;
    assert_eq!(
        proposed.url,
        format!(
            "otpauth://totp/Exchange:alice?secret={}&issuer=Exchange\
             &algorithm=SHA1&digits=6&period=30",
            proposed.secret
        )
    );
    assert!(matches!(
        confirm(&code(&forgotten, START)).await,
        Err(CredentialsError::WrongCode)
    ));
    credentials.log_in("alice", PASSWORD).await?;
    let recovery_codes = confirm(&code(&proposed.secret, START)).await?;
    assert_eq!(recovery_codes.len(), 10);
    assert!(credentials.has_second_factor(alice).await?);
    assert!(matches!(
        confirm(&code(&proposed.secret, START + STEP)).await,
        Err(CredentialsError::SecondFactorOn)
    ));
    assert!(matches!(
        credentials.propose_second_factor(alice).await,
        Err(CredentialsError::SecondFactorOn)
    ));

    drop(credentials);
    let credentials = desk.open().await?;
    assert!(matches!(
        credentials.log_in("alice", PASSWORD).await,
        Err(CredentialsError::CodeMissing)
    ));
    let next = code(&proposed.secret, START + STEP);
    let wrong_password = credentials.login("alice", "wrong horse", Some(&next), &HERE);
    assert!(matches!(
        wrong_password.await,
        Err(CredentialsError::WrongCredentials)
    ));
    let token = credentials.login("alice", PASSWORD, Some(&next), &HERE);
    assert_eq!(credentials.session(&token.await?).await?, alice);
    Ok(())
}

pub(super) async fn a_code_is_good_once(desk: Desk) -> Outcome {
    let alice = Guarded::open(&desk).await?;
    let [first, second, third, fourth] =
        [0, 1, 2, 3].map(|step| code(&alice.secret, START + step * STEP));
    assert!(alice.is_wrong(&first).await, "used up by the confirmation");
    alice.log_in(&second).await?;
    assert!(alice.is_wrong(&second).await);
    desk.wait(STEP);
    assert!(alice.is_wrong(&second).await);
    alice.log_in(&third).await?;
    desk.wait(STEP);
    alice.log_in(&fourth).await?;
    // An earlier one that was never used is no better.
    assert!(alice.is_wrong(&third).await);

    let late = code(&alice.secret, START + 10 * STEP);
    desk.wait(10 * STEP);
    assert!(alice.is_wrong(&late).await, "two steps ago");
    Ok(())
}

pub(super) async fn a_recovery_code_is_good_once(desk: Desk) -> Outcome {
    let alice = Guarded::open(&desk).await?;
    let [first, second, ..] = &alice.recovery_codes[..] else {
        return Err("ten codes".into());
    };
    alice.log_in(first).await?;
    assert!(alice.is_wrong(first).await);
    alice.log_in(&second.replace('-', "")).await?;
    assert_eq!(desk.number("SELECT count(*) FROM recovery_codes").await?, 8);

    let bob = alice.credentials.register("bob", PASSWORD, &HERE).await?;
    let others = &alice.recovery_codes[2];
    let not_bobs = alice.credentials.disable_second_factor(bob, others, &HERE);
    assert!(matches!(
        not_bobs.await,
        Err(CredentialsError::NoSecondFactor)
    ));
    Ok(())
}

pub(super) async fn a_second_factor_is_turned_off_with_a_code(desk: Desk) -> Outcome {
    let alice = Guarded::open(&desk).await?;
    let credentials = &alice.credentials;
    let disable = async |code: &str| {
        credentials
            .disable_second_factor(alice.account, code, &HERE)
            .await
    };
    let used = code(&alice.secret, START);
    assert!(matches!(
        disable(&used).await,
        Err(CredentialsError::WrongCode)
    ));
    assert!(credentials.has_second_factor(alice.account).await?);
    disable(&code(&alice.secret, START + STEP)).await?;
    credentials.log_in("alice", PASSWORD).await?;
    assert!(matches!(
        disable(&used).await,
        Err(CredentialsError::NoSecondFactor)
    ));

    // On again, with another secret and other recovery codes; off with one of these.
    let secret = credentials
        .propose_second_factor(alice.account)
        .await?
        .secret;
    assert_ne!(secret, alice.secret);
    let again = code(&secret, START);
    let again = credentials.confirm_second_factor(alice.account, &again, &HERE);
    let again = again.await?;
    assert!(disable(&alice.recovery_codes[0]).await.is_err());
    disable(&again[0]).await?;
    assert!(!credentials.has_second_factor(alice.account).await?);
    Ok(())
}

pub(super) async fn a_proposal_changes_nothing(desk: Desk) -> Outcome {
    let credentials = desk.open().await?;
    let alice = credentials.register("alice", PASSWORD, &HERE).await?;
    credentials.propose_second_factor(alice).await?;
    assert!(!credentials.has_second_factor(alice).await?);
    credentials.log_in("alice", PASSWORD).await?;
    let nothing = credentials.disable_second_factor(alice, "123456", &HERE);
    assert!(matches!(
        nothing.await,
        Err(CredentialsError::NoSecondFactor)
    ));
    assert!(matches!(
        credentials.propose_second_factor(account(9)).await,
        Err(CredentialsError::InvalidSession)
    ));
    Ok(())
}
