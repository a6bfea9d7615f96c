//! Passwords: the rule, the hash, and a bound on hashing.
//!
//! A hash takes 19 MiB and tens of milliseconds on purpose. So that a flood of logins takes
//! neither the memory nor the processors from trading, [`RUNNING`] are computed at once,
//! [`WAITING`] more may wait, and the rest is refused.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};

use super::error::{CredentialsError, Fault};
use super::gate::{Gate, Turn};
use super::random;

/// How many hashes are computed at the same time.
pub(super) const RUNNING: usize = 2;
/// How many more may wait for their turn.
pub(super) const WAITING: usize = 64;

const MIN_BYTES: usize = 8;
const MAX_BYTES: usize = 256;

/// Checks the rule for passwords, and returns it when it is broken.
pub(super) fn check(password: &str) -> Result<(), &'static str> {
    match password.len() {
        ..MIN_BYTES => Err("a password has at least 8 bytes"),
        MIN_BYTES..=MAX_BYTES => Ok(()),
        _ => Err("a password has at most 256 bytes"),
    }
}

/// The work of one hash.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
}

impl Cost {
    /// What OWASP asks for at the least.
    pub(super) const PRODUCTION: Self = Self {
        memory_kib: 19_456,
        passes: 2,
    };
}

/// Hashes and verifies passwords, a few at a time.
pub(super) struct Hashing {
    argon2: Argon2<'static>,
    /// The hash of no password, for users that do not exist.
    decoy: String,
    gate: Gate,
}

impl Hashing {
    pub(super) fn new(cost: Cost) -> Result<Self, Fault> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None)
            .map_err(password_hash::Error::from)?;
        let decoy = decoy(&params)?;
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            decoy,
            gate: Gate::new(RUNNING, WAITING),
        })
    }

    /// Waits for the right to compute one hash, or refuses when too many wait already.
    pub(super) async fn turn(&self) -> Result<Turn, CredentialsError> {
        self.gate.turn().await
    }

    /// The PHC string of `password` under a new salt. Blocks; uses the turn up.
    pub(super) fn hash(&self, turn: Turn, password: &str) -> Result<String, CredentialsError> {
        let salt = random::bytes::<{ Salt::RECOMMENDED_LENGTH }>()?;
        let hash = self
            .argon2
            .hash_password_with_salt(password.as_bytes(), salt.as_slice())
            .map_err(|error| CredentialsError::Storage(error.into()))?;
        drop(turn);
        Ok(hash.to_string())
    }

    /// Whether `password` is the one of `hash`. Without a hash it never is, which takes as long
    /// to say. Blocks; uses the turn up.
    pub(super) fn verify(
        &self,
        turn: Turn,
        password: &str,
        hash: Option<&str>,
    ) -> Result<bool, CredentialsError> {
        let parsed = PasswordHash::new(hash.unwrap_or(&self.decoy))
            .map_err(|error| CredentialsError::Storage(error.into()))?;
        let verified = self.argon2.verify_password(password.as_bytes(), &parsed);
        drop(turn);
        match verified {
            Ok(()) => Ok(hash.is_some()),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(CredentialsError::Storage(error.into())),
        }
    }

    /// The gate, for tests that fill it.
    #[cfg(test)]
    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }
}

/// A well-formed hash of these parameters with a random output, so that checking against it
/// costs what checking against a real one does.
fn decoy(params: &Params) -> Result<String, Fault> {
    let salt = random::bytes::<{ Salt::RECOMMENDED_LENGTH }>()?;
    let output = random::bytes::<{ Params::DEFAULT_OUTPUT_LEN }>()?;
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params)?,
        salt: Some(Salt::new(salt.as_slice())?),
        hash: Some(Output::new(output.as_slice())?),
    };
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn production_parameters_reach_the_stored_hash_and_the_decoy() -> Result<(), Fault> {
        let hashing = Hashing::new(Cost::PRODUCTION)?;
        let hash = hashing.hash(hashing.turn().await?, "correct horse")?;

        let parameters = "$argon2id$v=19$m=19456,t=2,p=1$";
        assert!(hash.starts_with(parameters), "{hash}");
        assert!(hashing.decoy.starts_with(parameters), "{}", hashing.decoy);
        assert_eq!(hash.len(), hashing.decoy.len());
        Ok(())
    }

    #[test]
    fn the_rule_counts_bytes() {
        for (password, valid) in [
            ("1234567".to_owned(), false),
            ("12345678".to_owned(), true),
            ("\u{e4}\u{f6}\u{fc}\u{df}".to_owned(), true),
            ("x".repeat(256), true),
            ("x".repeat(257), false),
        ] {
            assert_eq!(check(&password).is_ok(), valid, "{password}");
        }
    }
}
