//! Usernames, and what is known of a user.

use orderbook_core::AccountId;

/// A name that keeps the rule: 3 to 64 characters of `[A-Za-z0-9._@-]`.
#[derive(Clone)]
pub(super) struct Username(String);

impl Username {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
        let valid = (3..=64).contains(&name.len()) && name.bytes().all(allowed);
        valid.then(|| Self(name.to_owned()))
    }

    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for all ways to write it.
    pub(super) fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// What a login is checked against.
pub(super) struct User {
    pub(super) account: AccountId,
    pub(super) password_hash: String,
}
