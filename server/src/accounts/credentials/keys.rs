//! API keys, and how their secrets are sealed.

use std::fmt;

use orderbook_core::AccountId;
use zeroize::Zeroizing;

use super::error::CredentialsError;
use super::random;
use super::vault::Vault;

/// How many API keys an account may have.
pub(super) const PER_ACCOUNT: i64 = 30;

/// The characters of an API key, and of its secret.
const CHARACTERS: usize = 64;

/// An API key as it is needed to check a signature.
pub(crate) struct ApiKey {
    /// Whose key it is.
    pub(crate) account: AccountId,
    /// The HMAC key: the characters of the secret as bytes.
    pub(crate) secret: Zeroizing<Vec<u8>>,
}

/// An API key just made: the only time its secret is shown.
pub(crate) struct NewApiKey {
    /// Names the key, in every request.
    pub(crate) api_key: String,
    /// Signs the requests, and never travels with them.
    pub(crate) secret_key: String,
}

/// What an API key looks like in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiKeyInfo {
    /// Names the key.
    pub(crate) api_key: String,
    /// What its owner calls it.
    pub(crate) label: String,
    /// When it was made, in milliseconds since the Unix epoch.
    pub(crate) created: u64,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApiKey")
            .field("api_key", &self.api_key)
            .finish_non_exhaustive()
    }
}

/// A label that keeps the rule: at most 64 characters, none of them for control. May be empty.
pub(super) struct Label(String);

impl Label {
    pub(super) fn parse(label: &str) -> Option<Self> {
        let valid = label.chars().count() <= 64 && !label.contains(char::is_control);
        valid.then(|| Self(label.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `text` could be the name of an API key.
pub(super) fn well_formed(text: &str) -> bool {
    text.len() == CHARACTERS && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl NewApiKey {
    /// A key that nobody has.
    pub(super) fn draw() -> Result<Self, CredentialsError> {
        Ok(Self {
            api_key: random::alphanumeric(CHARACTERS)?,
            secret_key: random::alphanumeric(CHARACTERS)?,
        })
    }

    /// Its secret as it is stored.
    pub(super) fn seal(
        &self,
        vault: &Vault,
        account: AccountId,
    ) -> Result<Vec<u8>, CredentialsError> {
        vault
            .seal(self.secret_key.as_bytes(), &purpose(account, &self.api_key))
            .map_err(CredentialsError::Storage)
    }

    /// What checks signatures made with it.
    pub(super) fn ready(&self, account: AccountId) -> ApiKey {
        ApiKey {
            account,
            secret: Zeroizing::new(self.secret_key.as_bytes().to_vec()),
        }
    }
}

impl ApiKey {
    /// A key as it was stored; `None` when that is damaged or belongs to another key.
    pub(super) fn unseal(
        vault: &Vault,
        account: AccountId,
        api_key: &str,
        sealed: &[u8],
    ) -> Option<Self> {
        let secret = vault.unseal(sealed, &purpose(account, api_key))?;
        Some(Self { account, secret })
    }
}

/// Binds a sealed secret to its key and owner.
fn purpose(account: AccountId, api_key: &str) -> String {
    format!("API key {api_key} of account {account}")
}
