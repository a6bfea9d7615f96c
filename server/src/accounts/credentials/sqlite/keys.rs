//! API keys: on disk with sealed secrets, and in memory ready for use.
//!
//! Both change while the database is locked, so that a key revoked right after its creation
//! cannot come back into memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use orderbook_core::AccountId;
use rusqlite::{Connection, TransactionBehavior};

use super::super::error::{CredentialsError, OpenError};
use super::super::keys::{ApiKey, ApiKeyInfo, Label, NewApiKey, PER_ACCOUNT};
use super::super::vault::Vault;
use super::super::{column, uncolumn};

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
        let Some(key) = ApiKey::unseal(vault, account, &api_key, &sealed) else {
            return Err(OpenError::SecretDamaged { row: row.get(0)? });
        };
        registry.insert(api_key, key);
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

    let key = NewApiKey::draw()?;
    let sealed = key.seal(vault, account)?;
    transaction.execute(
        "INSERT INTO api_keys (api_key, account, label, secret, created)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        (
            &key.api_key,
            column(account.get()),
            label.as_str(),
            sealed,
            now,
        ),
    )?;
    transaction.commit()?;

    registry.insert(key.api_key.clone(), key.ready(account));
    Ok(key)
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
