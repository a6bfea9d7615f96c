//! The second factor: codes by the clock (RFC 6238), and codes for when the device is lost.
//!
//! A secret is proposed first, and asked for at logins only once a code has shown that its owner has
//! it. A code is good for its thirty seconds and those around it, and only once: the step of the
//! last one that was taken is remembered, and earlier ones are refused as well.

use orderbook_core::AccountId;
use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, Builder, Secret, Totp};

use super::audit::Event;
use super::client::Client;
use super::error::CredentialsError;
use super::{Credentials, random};

const DIGITS: u8 = 6;
const STEP_SECONDS: u64 = 30;
/// How many steps the clock of the device may be off.
const SKEW: u16 = 1;
const SECRET_BYTES: usize = 20;
/// As apps show it, before the name of the user.
const ISSUER: &str = "Exchange";

const RECOVERY_CODES: usize = 10;
/// In groups of four. 95 bits, so a fast hash is enough.
const RECOVERY_CHARACTERS: usize = 16;

/// What is stored of a recovery code.
pub(super) type CodeHash = [u8; 32];

/// A second factor as it is stored.
pub(super) struct StoredFactor {
    pub(super) sealed: Vec<u8>,
    pub(super) confirmed: bool,
}

/// A proposed second factor: the only time its secret is shown.
pub(crate) struct Enrolment {
    /// In base32, to be typed in.
    pub(crate) secret: String,
    /// The same with all that goes with it, to be shown as a QR code.
    pub(crate) url: String,
}

/// What a code proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// There is no second factor.
    NotNeeded,
    Code,
    RecoveryCode,
}

impl Credentials {
    /// Proposes a second factor. One that was proposed before and not confirmed is forgotten.
    ///
    /// # Errors
    ///
    /// `SecondFactorOn`, `Storage`.
    pub(crate) async fn propose_second_factor(
        &self,
        account: AccountId,
    ) -> Result<Enrolment, CredentialsError> {
        let store = &self.inner.store;
        let name = store.username(account).await?;
        let name = name.ok_or(CredentialsError::InvalidSession)?;
        let bytes = random::bytes::<SECRET_BYTES>()?;
        let sealed = store.vault().seal(bytes.as_slice(), &purpose(account));
        let sealed = sealed.map_err(CredentialsError::Storage)?;
        if !store.propose_factor(account, sealed).await? {
            return Err(CredentialsError::SecondFactorOn);
        }
        let secret = Secret::new_stack(*bytes).to_base32();
        let url = format!(
            "otpauth://totp/{ISSUER}:{name}?secret={secret}&issuer={ISSUER}\
             &algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
        );
        Ok(Enrolment { secret, url })
    }

    /// Turns the proposed second factor on. Returns the recovery codes, which are shown here and
    /// never again.
    ///
    /// # Errors
    ///
    /// `NoSecondFactor` when none was proposed, `SecondFactorOn`, `WrongCode`, `TooManyTries`,
    /// `Storage`.
    pub(crate) async fn confirm_second_factor(
        &self,
        account: AccountId,
        code: &str,
        client: &Client,
    ) -> Result<Vec<String>, CredentialsError> {
        let confirming = async {
            let store = &self.inner.store;
            let factor = store.factor(account).await?;
            let factor = factor.ok_or(CredentialsError::NoSecondFactor)?;
            if factor.confirmed {
                return Err(CredentialsError::SecondFactorOn);
            }
            let step = self.step(account, &factor, code)?;
            let step = step.ok_or(CredentialsError::WrongCode)?;
            let codes = recovery_codes()?;
            let hashes = codes.iter().map(|code| digest(code)).collect();
            let note = self.note(Event::SecondFactorOn, client);
            let confirmed = store.confirm_factor(account, factor.sealed, step, hashes, note);
            // Otherwise another was proposed meanwhile.
            let is_the_one = confirmed.await?;
            is_the_one
                .then_some(codes)
                .ok_or(CredentialsError::WrongCode)
        };
        self.guarded(account, client, confirming).await
    }

    /// Turns the second factor off.
    ///
    /// # Errors
    ///
    /// `NoSecondFactor`, `WrongCode`, `TooManyTries`, `Storage`.
    pub(crate) async fn disable_second_factor(
        &self,
        account: AccountId,
        code: &str,
        client: &Client,
    ) -> Result<(), CredentialsError> {
        let disabling = async {
            match self.prove(account, Some(code)).await? {
                Proof::NotNeeded => Err(CredentialsError::NoSecondFactor),
                Proof::Code | Proof::RecoveryCode => {
                    let note = self.note(Event::SecondFactorOff, client);
                    self.inner.store.drop_factor(account, note).await
                }
            }
        };
        self.guarded(account, client, disabling).await
    }

    /// Whether logins of the account need a code.
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn has_second_factor(
        &self,
        account: AccountId,
    ) -> Result<bool, CredentialsError> {
        let factor = self.inner.store.factor(account).await?;
        Ok(factor.is_some_and(|factor| factor.confirmed))
    }

    /// Checks a code where one is needed, and uses it up.
    pub(super) async fn prove(
        &self,
        account: AccountId,
        code: Option<&str>,
    ) -> Result<Proof, CredentialsError> {
        let store = &self.inner.store;
        let factor = store.factor(account).await?;
        let Some(factor) = factor.filter(|factor| factor.confirmed) else {
            return Ok(Proof::NotNeeded);
        };
        let code = code.ok_or(CredentialsError::CodeMissing)?;
        if let Some(step) = self.step(account, &factor, code)?
            && store.use_step(account, step).await?
        {
            return Ok(Proof::Code);
        }
        if looks_like_recovery(code) && store.use_recovery_code(account, digest(code)).await? {
            return Ok(Proof::RecoveryCode);
        }
        Err(CredentialsError::WrongCode)
    }

    /// The step that the code is of, among those it may be of now.
    fn step(
        &self,
        account: AccountId,
        factor: &StoredFactor,
        code: &str,
    ) -> Result<Option<i64>, CredentialsError> {
        let vault = self.inner.store.vault();
        let secret = vault.unseal(&factor.sealed, &purpose(account));
        let totp = secret.and_then(|secret| totp(&secret));
        let totp = totp.ok_or_else(|| {
            let cause = format!("the second factor of account {account} is damaged");
            CredentialsError::Storage(cause.into())
        })?;
        let seconds = self.inner.now().unsigned_abs() / 1_000;
        Ok(totp
            .check(code, seconds)
            .and_then(|step| step.try_into().ok()))
    }
}

/// Binds a sealed secret to its owner.
fn purpose(account: AccountId) -> String {
    format!("second factor of account {account}")
}

/// What makes the codes of a secret; `None` when it is too short for one.
fn totp(secret: &[u8]) -> Option<Totp> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_step_duration(STEP_SECONDS)
        .with_skew(SKEW)
        .with_secret(secret.to_vec())
        .build()
        .ok()
}

fn recovery_codes() -> Result<Vec<String>, CredentialsError> {
    let code = || -> Result<String, CredentialsError> {
        let drawn = random::alphanumeric(RECOVERY_CHARACTERS)?;
        let groups = (0..RECOVERY_CHARACTERS)
            .step_by(4)
            .map(|at| &drawn[at..at + 4]);
        Ok(groups.collect::<Vec<_>>().join("-"))
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// Without what only helps to read it.
fn bare(code: &str) -> impl Iterator<Item = char> {
    code.chars()
        .filter(|character| !matches!(character, '-' | ' '))
}

fn looks_like_recovery(code: &str) -> bool {
    bare(code).take(RECOVERY_CHARACTERS + 1).count() == RECOVERY_CHARACTERS
}

fn digest(code: &str) -> CodeHash {
    Sha256::digest(bare(code).collect::<String>()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the last six of its eight digits.
    #[test]
    fn codes_match_the_examples_of_the_standard() {
        let totp = totp(b"12345678901234567890").expect("long enough");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = seconds / STEP_SECONDS;
            assert_eq!(totp.check(code, seconds), Some(step));
            for near in [seconds - STEP_SECONDS, seconds + STEP_SECONDS] {
                assert_eq!(totp.check(code, near), Some(step));
            }
            assert_eq!(totp.check(code, seconds + 2 * STEP_SECONDS), None);
            for wrong in ["", "0", &code[1..], "999999", "28708x"] {
                assert_eq!(totp.check(wrong, seconds), None, "{wrong}");
            }
        }
    }

    #[test]
    fn recovery_codes_are_read_however_they_are_grouped() -> Result<(), CredentialsError> {
        let codes = recovery_codes()?;
        assert_eq!(codes.len(), RECOVERY_CODES);
        for code in codes {
            assert_eq!((code.len(), code.matches('-').count()), (19, 3), "{code}");
            assert!(looks_like_recovery(&code));
            assert_eq!(digest(&code), digest(&code.replace('-', " ")));
            assert_eq!(digest(&code), digest(&code.replace('-', "")));
            assert!(!looks_like_recovery(&code[1..]));
        }
        assert!(!looks_like_recovery("123456"));
        Ok(())
    }
}
