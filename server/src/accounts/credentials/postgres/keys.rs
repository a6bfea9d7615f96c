//! The table of API keys, with sealed secrets, and that of revocations.

use orderbook_core::AccountId;
use sqlx::{PgConnection, PgPool};

use super::super::audit::Note;
use super::super::bounds::{Scopes, networks_of};
use super::super::error::{CredentialsError, OpenError};
use super::super::keys::{ApiKey, ApiKeyInfo, Draft, PER_ACCOUNT, StoredKey, Uses};
use super::super::vault::Vault;
use super::super::{column, uncolumn};
use super::known::{KnownKeys, Revocation};
use super::{audit, users};

/// What is stored of a key, by column.
type Columns = (i64, String, Vec<u8>, String, String);

/// A row with its number, the name of the key, and then [`Columns`].
type Loaded = (i64, String, i64, String, Vec<u8>, String, String);

/// The key that is stored, and its owner; the key is `None` when it is damaged.
fn open(vault: &Vault, api_key: &str, columns: Columns) -> (AccountId, Option<ApiKey>) {
    let (account, kind, sealed, scopes, addresses) = columns;
    let account = AccountId::new(uncolumn(account));
    let stored = StoredKey {
        kind,
        sealed,
        scopes,
        addresses,
    };
    (account, stored.open(vault, account, api_key))
}

/// Reads all keys and opens their secrets.
pub(super) async fn load(pool: &PgPool, vault: &Vault) -> Result<KnownKeys, OpenError> {
    // Before the keys: what is revoked in between is seen twice, which does no harm.
    let seen = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM revoked_api_keys")
        .fetch_one(pool)
        .await?;
    let known = KnownKeys::new(seen);
    let rows: Vec<Loaded> = sqlx::query_as(
        "SELECT id, api_key, account, kind, secret, scopes, addresses FROM api_keys",
    )
    .fetch_all(pool)
    .await?;
    for (row, api_key, account, kind, sealed, scopes, addresses) in rows {
        let columns = (account, kind, sealed, scopes, addresses);
        let (_, Some(key)) = open(vault, &api_key, columns) else {
            return Err(OpenError::SecretDamaged { row });
        };
        known.learn(&api_key, key, seen);
    }
    Ok(known)
}

/// Makes a key, in the database first.
pub(super) async fn create(
    pool: &PgPool,
    known: &KnownKeys,
    account: AccountId,
    draft: Draft,
    note: &Note,
) -> Result<(), CredentialsError> {
    let mut transaction = pool.begin().await?;
    users::lock(&mut transaction, column(account.get())).await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM api_keys WHERE account = $1")
        .bind(column(account.get()))
        .fetch_one(&mut *transaction)
        .await?;
    if count >= PER_ACCOUNT {
        return Err(CredentialsError::TooManyKeys);
    }

    let stored = &draft.stored;
    // What is revoked by now cannot be this key.
    let as_of = sqlx::query_scalar(
        "INSERT INTO api_keys (api_key, account, label, kind, secret, scopes, addresses, created)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         RETURNING (SELECT coalesce(max(id), 0) FROM revoked_api_keys)",
    )
    .bind(&draft.api_key)
    .bind(column(account.get()))
    .bind(draft.label.as_str())
    .bind(&stored.kind)
    .bind(&stored.sealed)
    .bind(&stored.scopes)
    .bind(&stored.addresses)
    .bind(note.time)
    .fetch_one(&mut *transaction)
    .await?;
    audit::append(&mut transaction, account, note).await?;
    transaction.commit().await?;

    known.learn(&draft.api_key, draft.ready, as_of);
    Ok(())
}

/// The keys of an account, oldest first.
pub(super) async fn list(
    pool: &PgPool,
    account: AccountId,
) -> Result<Vec<ApiKeyInfo>, CredentialsError> {
    let rows: Vec<Listed> = sqlx::query_as(
        "SELECT api_key, label, kind, scopes, addresses, created, last_used FROM api_keys
         WHERE account = $1 ORDER BY id",
    )
    .bind(column(account.get()))
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(info).collect())
}

/// A key in a list, by column.
type Listed = (String, String, String, String, String, i64, Option<i64>);

fn info((api_key, label, kind, scopes, addresses, created, last_used): Listed) -> ApiKeyInfo {
    ApiKeyInfo {
        api_key,
        label,
        kind,
        scopes: Scopes::parse(&scopes),
        addresses: networks_of(&addresses).unwrap_or_default(),
        created: uncolumn(created),
        last_used: last_used.map(uncolumn),
    }
}

/// Notes the use of keys, unless a later one was noted by another process.
pub(super) async fn note_uses(
    pool: &PgPool,
    uses: &Uses,
    now: i64,
) -> Result<(), CredentialsError> {
    if uses.is_empty() {
        return Ok(());
    }
    let (accounts, names): (Vec<i64>, Vec<&str>) = uses
        .iter()
        .map(|(account, api_key)| (column(account.get()), api_key.as_str()))
        .unzip();
    sqlx::query(
        "UPDATE api_keys SET last_used = $3
         FROM unnest($1::BIGINT[], $2::TEXT[]) AS used (account, api_key)
         WHERE api_keys.account = used.account AND api_keys.api_key = used.api_key
           AND coalesce(last_used, 0) < $3",
    )
    .bind(accounts)
    .bind(names)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(())
}

/// A key as the database had it after so many revocations.
pub(super) async fn look_up(
    pool: &PgPool,
    vault: &Vault,
    api_key: &str,
) -> Result<Option<(ApiKey, Revocation)>, CredentialsError> {
    // One statement, so one moment.
    let found: Option<(i64, String, Vec<u8>, String, String, Revocation)> = sqlx::query_as(
        "SELECT account, kind, secret, scopes, addresses,
                (SELECT coalesce(max(id), 0) FROM revoked_api_keys)
         FROM api_keys WHERE api_key = $1",
    )
    .bind(api_key)
    .fetch_optional(pool)
    .await?;
    let Some((account, kind, sealed, scopes, addresses, as_of)) = found else {
        return Ok(None);
    };
    match open(vault, api_key, (account, kind, sealed, scopes, addresses)) {
        (_, Some(key)) => Ok(Some((key, as_of))),
        (account, None) => Err(CredentialsError::Storage(
            format!("the secret of an API key of account {account} is damaged").into(),
        )),
    }
}

/// Removes a key of the account; its revocation, or `None` when there is no such key.
pub(super) async fn delete(
    pool: &PgPool,
    account: AccountId,
    api_key: &str,
    note: &Note,
) -> Result<Option<Revocation>, CredentialsError> {
    let mut transaction = pool.begin().await?;
    let deleted = sqlx::query("DELETE FROM api_keys WHERE account = $1 AND api_key = $2")
        .bind(column(account.get()))
        .bind(api_key)
        .execute(&mut *transaction)
        .await?;
    if deleted.rows_affected() == 0 {
        return Ok(None);
    }
    // Noted by the trigger, which holds the lock until the end: it is the last one.
    let revocation = sqlx::query_scalar("SELECT max(id) FROM revoked_api_keys")
        .fetch_one(&mut *transaction)
        .await?;
    audit::append(&mut transaction, account, note).await?;
    transaction.commit().await?;
    Ok(Some(revocation))
}

/// The revocations after `seen`, in order.
pub(super) async fn revoked_since(
    connection: &mut PgConnection,
    seen: Revocation,
) -> Result<Vec<(Revocation, String)>, sqlx::Error> {
    sqlx::query_as("SELECT id, api_key FROM revoked_api_keys WHERE id > $1 ORDER BY id")
        .bind(seen)
        .fetch_all(connection)
        .await
}
