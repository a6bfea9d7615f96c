//! Listen keys: what opens the stream of private events, without a signature.
//!
//! There is one for each API key. It ends an hour after it was made or last kept, when it is closed,
//! and with its API key.

use orderbook_core::AccountId;
use sha2::{Digest, Sha256};

use super::error::CredentialsError;
use super::{Credentials, random};

/// How long a listen key is good for, in milliseconds.
pub(super) const GOOD_FOR: i64 = 60 * 60_000;

const CHARACTERS: usize = 64;

/// What a listen key is found by.
pub(super) type ListenKeyHash = [u8; 32];

/// A listen key as it is stored.
pub(super) struct StoredListenKey {
    pub(super) hash: ListenKeyHash,
    pub(super) sealed: Vec<u8>,
}

fn digest(listen_key: &str) -> ListenKeyHash {
    Sha256::digest(listen_key).into()
}

/// Binds a sealed listen key to its API key.
fn purpose(account: AccountId, api_key: &str) -> String {
    format!("listen key of API key {api_key} of account {account}")
}

impl Credentials {
    /// A key to listen with: the one that this API key has, with its time prolonged, or a new one.
    ///
    /// # Errors
    ///
    /// `Storage`, also when there is no such API key.
    pub(crate) async fn create_listen_key(
        &self,
        account: AccountId,
        api_key: &str,
    ) -> Result<String, CredentialsError> {
        let store = &self.inner.store;
        let purpose = purpose(account, api_key);
        let drawn = random::alphanumeric(CHARACTERS)?;
        let sealed = store.vault().seal(drawn.as_bytes(), &purpose);
        let new = StoredListenKey {
            hash: digest(&drawn),
            sealed: sealed.map_err(CredentialsError::Storage)?,
        };
        let now = self.inner.now();
        let kept = store.open_listen_key(account, api_key, new, now).await?;
        let opened = store.vault().unseal(&kept, &purpose);
        opened
            .and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())
            .ok_or_else(|| CredentialsError::Storage("a listen key is damaged".into()))
    }

    /// Prolongs the time of a listen key.
    ///
    /// # Errors
    ///
    /// `UnknownListenKey` when the account has no such key or its time is over, `Storage`.
    pub(crate) async fn keep_listen_key(
        &self,
        account: AccountId,
        listen_key: &str,
    ) -> Result<(), CredentialsError> {
        let now = self.inner.now();
        let store = &self.inner.store;
        let kept = store.keep_listen_key(account, digest(listen_key), now);
        let is_live = kept.await?;
        is_live
            .then_some(())
            .ok_or(CredentialsError::UnknownListenKey)
    }

    /// Ends a listen key.
    ///
    /// # Errors
    ///
    /// `UnknownListenKey` when the account has no such key, `Storage`.
    pub(crate) async fn close_listen_key(
        &self,
        account: AccountId,
        listen_key: &str,
    ) -> Result<(), CredentialsError> {
        let store = &self.inner.store;
        let closed = store.close_listen_key(account, digest(listen_key));
        let was_there = closed.await?;
        was_there
            .then_some(())
            .ok_or(CredentialsError::UnknownListenKey)
    }

    /// Whose listen key this is, and with which API key it was made; `None` when it never was or is
    /// over.
    ///
    /// # Errors
    ///
    /// `Busy`, `Storage`.
    pub(crate) async fn listen_key(
        &self,
        listen_key: &str,
    ) -> Result<Option<(AccountId, String)>, CredentialsError> {
        if listen_key.len() != CHARACTERS {
            return Ok(None);
        }
        let now = self.inner.now();
        let found = self.inner.store.listen_key(digest(listen_key), now).await?;
        let Some((account, api_key)) = found else {
            return Ok(None);
        };
        // An API key that is refused already may still be in the database.
        let known = self.find_api_key(&api_key).await?;
        Ok(known.map(|_| (account, api_key)))
    }
}
