//! API keys: on disk with sealed secrets, and in memory ready for use.
//!
//! Both change while the database is locked, so that a key revoked right after its creation
//! cannot come back into memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use orderbook_core::AccountId;
use rusqlite::{Connection, TransactionBehavior};

use super::super::audit::Note;
use super::super::bounds::{Scopes, networks_of};
use super::super::error::{CredentialsError, OpenError};
use super::super::keys::{ApiKey, ApiKeyInfo, Draft, PER_ACCOUNT, StoredKey, Uses};
use super::super::vault::Vault;
use super::super::{column, uncolumn};
use super::audit;

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

    /// The keys that were used since this was last asked.
    pub(super) fn take_uses(&self) -> Uses {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let used = keys.iter().filter(|(_, key)| key.take_use());
        used.map(|(api_key, key)| (key.account, api_key.clone()))
            .collect()
    }
}

/// Reads all keys and opens their secrets.
pub(super) fn load(database: &Connection, vault: &Vault) -> Result<Registry, OpenError> {
    let registry = Registry::default();
    let mut statement = database
        .prepare("SELECT id, api_key, account, kind, secret, scopes, addresses FROM api_keys")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let api_key: String = row.get(1)?;
        let account = AccountId::new(uncolumn(row.get(2)?));
        let stored = StoredKey {
            kind: row.get(3)?,
            sealed: row.get(4)?,
            scopes: row.get(5)?,
            addresses: row.get(6)?,
        };
        let Some(key) = stored.open(vault, account, &api_key) else {
            return Err(OpenError::SecretDamaged { row: row.get(0)? });
        };
        registry.insert(api_key, key);
    }
    Ok(registry)
}

/// Makes a key, on disk first.
pub(super) fn create(
    database: &mut Connection,
    registry: &Registry,
    account: AccountId,
    draft: Draft,
    note: &Note,
) -> Result<(), CredentialsError> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let count: i64 = transaction.query_row(
        "SELECT count(*) FROM api_keys WHERE account = ?1",
        [column(account.get())],
        |row| row.get(0),
    )?;
    if count >= PER_ACCOUNT {
        return Err(CredentialsError::TooManyKeys);
    }

    let stored = &draft.stored;
    transaction.execute(
        "INSERT INTO api_keys (api_key, account, label, kind, secret, scopes, addresses, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            &draft.api_key,
            column(account.get()),
            draft.label.as_str(),
            &stored.kind,
            &stored.sealed,
            &stored.scopes,
            &stored.addresses,
            note.time,
        ),
    )?;
    audit::append(&transaction, account, note)?;
    transaction.commit()?;

    registry.insert(draft.api_key, draft.ready);
    Ok(())
}

/// The keys of an account, oldest first.
pub(super) fn list(
    database: &Connection,
    account: AccountId,
) -> Result<Vec<ApiKeyInfo>, CredentialsError> {
    let keys = database
        .prepare(
            "SELECT api_key, label, kind, scopes, addresses, created, last_used FROM api_keys
             WHERE account = ?1 ORDER BY id",
        )?
        .query_map([column(account.get())], |row| {
            Ok(ApiKeyInfo {
                api_key: row.get(0)?,
                label: row.get(1)?,
                kind: row.get(2)?,
                scopes: Scopes::parse(row.get_ref(3)?.as_str()?),
                addresses: networks_of(row.get_ref(4)?.as_str()?).unwrap_or_default(),
                created: uncolumn(row.get(5)?),
                last_used: row.get::<_, Option<i64>>(6)?.map(uncolumn),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(keys)
}

/// Notes the use of keys.
pub(super) fn note_uses(
    database: &mut Connection,
    uses: &Uses,
    now: i64,
) -> Result<(), CredentialsError> {
    if uses.is_empty() {
        return Ok(());
    }
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (_, api_key) in uses {
        transaction
            .prepare_cached("UPDATE api_keys SET last_used = ?2 WHERE api_key = ?1")?
            .execute((api_key, now))?;
    }
    transaction.commit()?;
    Ok(())
}

/// Removes a key of the account, from memory first: when the disk fails, the answer is an error
/// and the key is refused all the same.
pub(super) fn revoke(
    database: &mut Connection,
    registry: &Registry,
    account: AccountId,
    api_key: &str,
    note: &Note,
) -> Result<(), CredentialsError> {
    if registry
        .find(api_key)
        .is_some_and(|key| key.account == account)
    {
        registry.remove(api_key);
    }
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let removed = transaction.execute(
        "DELETE FROM api_keys WHERE api_key = ?1 AND account = ?2",
        (api_key, column(account.get())),
    )?;
    if removed == 0 {
        return Err(CredentialsError::UnknownKey);
    }
    audit::append(&transaction, account, note)?;
    transaction.commit()?;
    Ok(())
}
