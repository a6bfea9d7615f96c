//! API keys: what they are, and how what checks their signatures is sealed.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ipnet::IpNet;
use orderbook_core::AccountId;
use zeroize::Zeroizing;

use super::audit::Event;
use super::bounds::{self, Scopes};
use super::client::Client;
use super::error::CredentialsError;
use super::random;
use super::vault::Vault;
use super::verifier::{KeyKind, Verifier};
use super::{Credentials, uncolumn};

/// How many API keys an account may have.
pub(super) const PER_ACCOUNT: i64 = 30;

/// The characters of an API key, and of its secret.
const CHARACTERS: usize = 64;

/// An API key as it is needed to check a request.
pub(crate) struct ApiKey {
    /// Whose key it is.
    pub(crate) account: AccountId,
    /// What it may be used for.
    pub(crate) scopes: Scopes,
    /// From where; no network is any.
    pub(crate) addresses: Vec<IpNet>,
    verifier: Verifier,
    /// Since that was last noted.
    used: AtomicBool,
}

impl ApiKey {
    fn new(account: AccountId, scopes: Scopes, addresses: Vec<IpNet>, verifier: Verifier) -> Self {
        Self {
            account,
            scopes,
            addresses,
            verifier,
            used: AtomicBool::new(false),
        }
    }

    /// A key with this secret, for tests.
    #[cfg(test)]
    pub(super) fn of_secret(account: AccountId, secret: &str) -> Self {
        let verifier = Verifier::Hmac(Zeroizing::new(secret.as_bytes().to_vec()));
        Self::new(account, Scopes::default(), Vec::new(), verifier)
    }

    /// Whether `signature` is that of the payload, in constant time: hexadecimal of either case
    /// for a secret, base64 for a public key. When it is, the key was used.
    pub(crate) fn verify(&self, payload: &[u8], signature: &str) -> bool {
        let good = self.verifier.verify(payload, signature);
        // Looked at first: what many requests write at once is slow to write.
        if good && !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        good
    }

    /// Whether it may be used from this address.
    pub(crate) fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let mut networks = self.addresses.iter();
        self.addresses.is_empty() || networks.any(|network| network.contains(&address))
    }

    /// Whether it was used since this was last asked.
    pub(super) fn take_use(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    /// Whether it was used since [`take_use`](Self::take_use).
    fn in_use(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }
}

/// What is asked for with a new API key.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewKey<'a> {
    /// What its owner calls it.
    pub(crate) label: &'a str,
    pub(crate) scopes: Scopes,
    /// Addresses and networks it may be used from; none is any.
    pub(crate) addresses: &'a [String],
    /// An Ed25519 key as an SPKI in PEM or as 32 bytes in base64; without one, a secret is drawn.
    pub(crate) public_key: Option<&'a str>,
}

/// An API key just made: the only time its secret is shown.
pub(crate) struct CreatedKey {
    /// Names the key, in every request.
    pub(crate) api_key: String,
    /// Signs the requests, and never travels with them. There is none for a public key.
    pub(crate) secret_key: Option<String>,
}

/// What an API key looks like in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiKeyInfo {
    /// Names the key.
    pub(crate) api_key: String,
    /// What its owner calls it.
    pub(crate) label: String,
    /// [`KeyKind`] by name.
    pub(crate) kind: String,
    pub(crate) scopes: Scopes,
    pub(crate) addresses: Vec<IpNet>,
    /// When it was made, in milliseconds since the Unix epoch.
    pub(crate) created: u64,
    /// When a request signed with it was last accepted, in milliseconds, to the minute.
    pub(crate) last_used: Option<u64>,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("account", &self.account)
            .field("scopes", &self.scopes)
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedKey")
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

/// What is stored of an API key besides its name, owner and label.
pub(super) struct StoredKey {
    pub(super) kind: String,
    /// The secret, or the public key: sealed as well, so that one put there by somebody who has
    /// not the master key is noticed.
    pub(super) sealed: Vec<u8>,
    pub(super) scopes: String,
    pub(super) addresses: String,
}

impl StoredKey {
    fn seal(vault: &Vault, api_key: &str, key: &ApiKey) -> Result<Self, CredentialsError> {
        let kind = key.verifier.kind();
        let purpose = purpose(kind, key.account, api_key);
        let sealed = vault.seal(key.verifier.bytes(), &purpose);
        Ok(Self {
            kind: kind.name().into(),
            sealed: sealed.map_err(CredentialsError::Storage)?,
            scopes: key.scopes.text(),
            addresses: bounds::networks_text(&key.addresses),
        })
    }

    /// The key ready for use; `None` when it is damaged or belongs to another one.
    pub(super) fn open(&self, vault: &Vault, account: AccountId, api_key: &str) -> Option<ApiKey> {
        let kind = KeyKind::parse(&self.kind)?;
        let bytes = vault.unseal(&self.sealed, &purpose(kind, account, api_key))?;
        let addresses = bounds::networks_of(&self.addresses)?;
        let verifier = Verifier::of(kind, bytes)?;
        Some(ApiKey::new(
            account,
            Scopes::parse(&self.scopes),
            addresses,
            verifier,
        ))
    }
}

/// Binds what is sealed to its key and owner.
fn purpose(kind: KeyKind, account: AccountId, api_key: &str) -> String {
    match kind {
        KeyKind::Hmac => format!("API key {api_key} of account {account}"),
        KeyKind::Ed25519 => format!("public key of API key {api_key} of account {account}"),
    }
}

/// A key about to be made: what is stored, and what is kept in memory.
pub(super) struct Draft {
    pub(super) api_key: String,
    pub(super) label: Label,
    pub(super) stored: StoredKey,
    pub(super) ready: ApiKey,
}

impl Draft {
    /// A key that nobody has, and its secret where it is ours to draw.
    fn draw(
        vault: &Vault,
        account: AccountId,
        new: &NewKey<'_>,
    ) -> Result<(Self, Option<String>), CredentialsError> {
        let label = Label::parse(new.label).ok_or(CredentialsError::InvalidLabel)?;
        let addresses = bounds::networks(new.addresses);
        let addresses = addresses.ok_or(CredentialsError::InvalidAddresses)?;
        let (verifier, secret) = if let Some(text) = new.public_key {
            let verifier = Verifier::of_public_key(text);
            (verifier.ok_or(CredentialsError::InvalidPublicKey)?, None)
        } else {
            let secret = random::alphanumeric(CHARACTERS)?;
            let bytes = Zeroizing::new(secret.as_bytes().to_vec());
            (Verifier::Hmac(bytes), Some(secret))
        };
        let api_key = random::alphanumeric(CHARACTERS)?;
        let ready = ApiKey::new(account, new.scopes, addresses, verifier);
        let draft = Self {
            stored: StoredKey::seal(vault, &api_key, &ready)?,
            api_key,
            label,
            ready,
        };
        Ok((draft, secret))
    }
}

/// Uses of keys to be noted: whose, and of which.
pub(super) type Uses = Vec<(AccountId, String)>;

impl Credentials {
    /// Makes an API key, usable at once. A secret is shown here and never again.
    ///
    /// # Errors
    ///
    /// `InvalidLabel`, `InvalidAddresses`, `InvalidPublicKey`, `TooManyKeys`, `Storage` (also for
    /// an account without a user).
    pub(crate) async fn create_api_key(
        &self,
        account: AccountId,
        new: NewKey<'_>,
        client: &Client,
    ) -> Result<CreatedKey, CredentialsError> {
        let store = &self.inner.store;
        let (draft, secret_key) = Draft::draw(store.vault(), account, &new)?;
        let api_key = draft.api_key.clone();
        let note = self.note_of(Event::KeyCreated, &api_key, client);
        store.create_key(account, draft, note).await?;
        tracing::info!(account = account.get(), "API key created");
        Ok(CreatedKey {
            api_key,
            secret_key,
        })
    }

    /// The API keys of an account, oldest first, without their secrets.
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn api_keys(
        &self,
        account: AccountId,
    ) -> Result<Vec<ApiKeyInfo>, CredentialsError> {
        let mut keys = self.inner.store.keys(account).await?;
        for key in &mut keys {
            // Not noted yet.
            let known = self.inner.store.known_key(&key.api_key);
            if known.is_some_and(|known| known.in_use()) {
                key.last_used = Some(uncolumn(self.inner.now()));
            }
        }
        Ok(keys)
    }

    /// Removes an API key; this process accepts no request signed with it once this returns,
    /// whatever it returns. Only after `Storage` the key may be back at the next start, and in other
    /// processes it may never have gone: revoke it again.
    ///
    /// # Errors
    ///
    /// `UnknownKey` when the account has no such key, `Storage`.
    pub(crate) async fn revoke_api_key(
        &self,
        account: AccountId,
        api_key: &str,
        client: &Client,
    ) -> Result<(), CredentialsError> {
        let note = self.note_of(Event::KeyRevoked, api_key, client);
        self.inner.store.revoke_key(account, api_key, note).await?;
        tracing::info!(account = account.get(), "API key revoked");
        Ok(())
    }

    /// The API key of that name, or `None` when it never was or was revoked. A key that is in
    /// memory costs no more than the look; others are asked for where processes share a database.
    ///
    /// # Errors
    ///
    /// `Busy` when too many unknown keys are asked for at once, `Storage`.
    pub(crate) async fn find_api_key(
        &self,
        api_key: &str,
    ) -> Result<Option<Arc<ApiKey>>, CredentialsError> {
        self.inner.store.find_key(api_key).await
    }
}
