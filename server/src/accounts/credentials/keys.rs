//! API keys: on disk with sealed secrets, and in memory ready for use.
//!
//! Both change while the database is locked, so that a key revoked right after its creation
//! cannot come back into memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use orderbook_core::AccountId;
use rusqlite::{Connection, TransactionBehavior};
use zeroize::Zeroizing;

use super::error::{CredentialsError, OpenError};
use super::vault::Vault;
use super::{column, random, uncolumn};

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
}

/// The keys that are valid now, by name.
#[derive(Default)]
pub(super) struct Registry {
    keys: RwLock<HashMap<String, Arc<ApiKey>>>,
}

// No call below can panic half-way through a change, so a poisoned lock guards a good map.
impl Registry {
    pub(super) fn find(&self, api_key: &str) -> Option<Arc<ApiKey>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(api_key).cloned()
    }

    fn insert(&self, api_key: String, key: ApiKey) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(api_key, Arc::new(key));
    }

    fn remove(&self, api_key: &str) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.remove(api_key);
    }
}

/// Reads all keys and opens their secrets.
pub(super) fn load(database: &Connection, vault: &Vault) -> Result<Registry, OpenError> {
    let registry = Registry::default();
    let mut statement = database.prepare("SELECT id, api_key, account, secret FROM api_keys")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let api_key: String = row.get(1)?;
        let account = AccountId::new(uncolumn(row.get(2)?));
        let sealed: Vec<u8> = row.get(3)?;
        let Some(secret) = vault.unseal(&sealed, &purpose(account, &api_key)) else {
            return Err(OpenError::SecretDamaged { row: row.get(0)? });
        };
        registry.insert(api_key, ApiKey { account, secret });
    }
    Ok(registry)
}

/// Makes a key, on disk first.
pub(super) fn create(
    database: &mut Connection,
    vault: &Vault,
    registry: &Registry,
    account: AccountId,
    label: &Label,
    now: i64,
) -> Result<NewApiKey, CredentialsError> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let count: i64 = transaction.query_row(
        "SELECT count(*) FROM api_keys WHERE account = ?1",
        [column(account.get())],
        |row| row.get(0),
    )?;
    if count >= PER_ACCOUNT {
        return Err(CredentialsError::TooManyKeys);
    }

    let api_key = random::alphanumeric(CHARACTERS)?;
    let secret_key = random::alphanumeric(CHARACTERS)?;
    let sealed = vault
        .seal(secret_key.as_bytes(), &purpose(account, &api_key))
        .map_err(CredentialsError::Storage)?;
    transaction.execute(
        "INSERT INTO api_keys (api_key, account, label, secret, created)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        (&api_key, column(account.get()), &label.0, sealed, now),
    )?;
    transaction.commit()?;

    let secret = Zeroizing::new(secret_key.as_bytes().to_vec());
    registry.insert(api_key.clone(), ApiKey { account, secret });
    Ok(NewApiKey {
        api_key,
        secret_key,
    })
}

/// The keys of an account, oldest first.
pub(super) fn list(
    database: &Connection,
    account: AccountId,
) -> Result<Vec<ApiKeyInfo>, CredentialsError> {
    let keys = database
        .prepare("SELECT api_key, label, created FROM api_keys WHERE account = ?1 ORDER BY id")?
        .query_map([column(account.get())], |row| {
            Ok(ApiKeyInfo {
                api_key: row.get(0)?,
                label: row.get(1)?,
                created: uncolumn(row.get(2)?),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(keys)
}

/// Removes a key of the account, from memory first: when the disk fails, the answer is an error
/// and the key is refused all the same.
pub(super) fn revoke(
    database: &Connection,
    registry: &Registry,
    account: AccountId,
    api_key: &str,
) -> Result<(), CredentialsError> {
    if registry
        .find(api_key)
        .is_some_and(|key| key.account == account)
    {
        registry.remove(api_key);
    }
    let removed = database.execute(
        "DELETE FROM api_keys WHERE api_key = ?1 AND account = ?2",
        (api_key, column(account.get())),
    )?;
    if removed == 0 {
        return Err(CredentialsError::UnknownKey);
    }
    Ok(())
}

/// Binds a sealed secret to its key and owner.
fn purpose(account: AccountId, api_key: &str) -> String {
    format!("API key {api_key} of account {account}")
}
