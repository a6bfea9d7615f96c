//! The table of API keys, with sealed secrets, and that of revocations.

use orderbook_core::AccountId;
use sqlx::{PgConnection, PgPool};

use super::super::error::{CredentialsError, OpenError};
use super::super::keys::{ApiKey, ApiKeyInfo, Label, NewApiKey, PER_ACCOUNT};
use super::super::vault::Vault;
use super::super::{column, uncolumn};
use super::known::{KnownKeys, Revocation};
use super::users;

/// Reads all keys and opens their secrets.
pub(super) async fn load(pool: &PgPool, vault: &Vault) -> Result<KnownKeys, OpenError> {
    // Before the keys: what is revoked in between is seen twice, which does no harm.
    let seen = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM revoked_api_keys")
        .fetch_one(pool)
        .await?;
    let known = KnownKeys::new(seen);
    let rows: Vec<(i64, String, i64, Vec<u8>)> =
        sqlx::query_as("SELECT id, api_key, account, secret FROM api_keys")
            .fetch_all(pool)
            .await?;
    for (row, api_key, account, sealed) in rows {
        let account = AccountId::new(uncolumn(account));
        let Some(key) = ApiKey::unseal(vault, account, &api_key, &sealed) else {
            return Err(OpenError::SecretDamaged { row });
        };
        known.learn(&api_key, key, seen);
    }
    Ok(known)
}

/// Makes a key, in the database first.
pub(super) async fn create(
    pool: &PgPool,
    vault: &Vault,
    known: &KnownKeys,
    account: AccountId,
    label: &Label,
    now: i64,
) -> Result<NewApiKey, CredentialsError> {
    let mut transaction = pool.begin().await?;
    users::lock(&mut transaction, column(account.get())).await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM api_keys WHERE account = $1")
        .bind(column(account.get()))
        .fetch_one(&mut *transaction)
        .await?;
    if count >= PER_ACCOUNT {
        return Err(CredentialsError::TooManyKeys);
    }

    let key = NewApiKey::draw()?;
    let sealed = key.seal(vault, account)?;
    // What is revoked by now cannot be this key.
    let as_of = sqlx::query_scalar(
        "INSERT INTO api_keys (api_key, account, label, secret, created)
         VALUES ($1, $2, $3, $4, $5)
         RETURNING (SELECT coalesce(max(id), 0) FROM revoked_api_keys)",
    )
    .bind(&key.api_key)
    .bind(column(account.get()))
    .bind(label.as_str())
    .bind(sealed)
    .bind(now)
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;

    known.learn(&key.api_key, key.ready(account), as_of);
    Ok(key)
}

/// The keys of an account, oldest first.
pub(super) async fn list(
    pool: &PgPool,
    account: AccountId,
) -> Result<Vec<ApiKeyInfo>, CredentialsError> {
    let keys: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT api_key, label, created FROM api_keys WHERE account = $1 ORDER BY id",
    )
    .bind(column(account.get()))
    .fetch_all(pool)
    .await?;
    Ok(keys
        .into_iter()
        .map(|(api_key, label, created)| ApiKeyInfo {
            api_key,
            label,
            created: uncolumn(created),
        })
        .collect())
}

/// A key as the database had it after so many revocations.
pub(super) async fn look_up(
    pool: &PgPool,
    vault: &Vault,
    api_key: &str,
) -> Result<Option<(ApiKey, Revocation)>, CredentialsError> {
    // One statement, so one moment.
    let found: Option<(i64, Vec<u8>, Revocation)> = sqlx::query_as(
        "SELECT account, secret, (SELECT coalesce(max(id), 0) FROM revoked_api_keys)
         FROM api_keys WHERE api_key = $1",
    )
    .bind(api_key)
    .fetch_optional(pool)
    .await?;
    let Some((account, sealed, as_of)) = found else {
        return Ok(None);
    };
    let account = AccountId::new(uncolumn(account));
    match ApiKey::unseal(vault, account, api_key, &sealed) {
        Some(key) => Ok(Some((key, as_of))),
        None => Err(CredentialsError::Storage(
            format!("the secret of an API key of account {account} is damaged").into(),
        )),
    }
}

/// Removes a key of the account; its revocation, or `None` when there is no such key.
pub(super) async fn delete(
    pool: &PgPool,
    account: AccountId,
    api_key: &str,
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
