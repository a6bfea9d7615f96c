//! The table of listen keys.

use orderbook_core::AccountId;
use sqlx::PgPool;

use super::super::error::CredentialsError;
use super::super::listen_keys::{GOOD_FOR, ListenKeyHash, StoredListenKey};
use super::super::{column, uncolumn};

/// Prolongs the listen key of an API key, or puts a new one in the place of one that is over.
pub(super) async fn open(
    pool: &PgPool,
    account: AccountId,
    api_key: &str,
    new: &StoredListenKey,
    now: i64,
) -> Result<Vec<u8>, CredentialsError> {
    // One statement, so nobody comes in between.
    let sealed = sqlx::query_scalar(
        "INSERT INTO listen_keys AS old (api_key, account, key_hash, sealed, expires)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (api_key) DO UPDATE SET
             key_hash = CASE WHEN old.expires > $6 THEN old.key_hash ELSE excluded.key_hash END,
             sealed = CASE WHEN old.expires > $6 THEN old.sealed ELSE excluded.sealed END,
             expires = excluded.expires
         WHERE old.account = excluded.account
         RETURNING sealed",
    )
    .bind(api_key)
    .bind(column(account.get()))
    .bind(new.hash.as_slice())
    .bind(&new.sealed)
    .bind(now + GOOD_FOR)
    .bind(now)
    .fetch_one(pool)
    .await?;
    Ok(sealed)
}

/// Prolongs a live listen key of the account; whether there is one.
pub(super) async fn keep(
    pool: &PgPool,
    account: AccountId,
    listen_key: &ListenKeyHash,
    now: i64,
) -> Result<bool, CredentialsError> {
    let kept = sqlx::query(
        "UPDATE listen_keys SET expires = $3
         WHERE key_hash = $1 AND account = $2 AND expires > $4",
    )
    .bind(listen_key.as_slice())
    .bind(column(account.get()))
    .bind(now + GOOD_FOR)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(kept.rows_affected() > 0)
}

/// Removes a listen key of the account; whether there was one.
pub(super) async fn close(
    pool: &PgPool,
    account: AccountId,
    listen_key: &ListenKeyHash,
) -> Result<bool, CredentialsError> {
    let closed = sqlx::query("DELETE FROM listen_keys WHERE key_hash = $1 AND account = $2")
        .bind(listen_key.as_slice())
        .bind(column(account.get()))
        .execute(pool)
        .await?;
    Ok(closed.rows_affected() > 0)
}

/// Whose live listen key this is, and with which API key it was made.
pub(super) async fn find(
    pool: &PgPool,
    listen_key: &ListenKeyHash,
    now: i64,
) -> Result<Option<(AccountId, String)>, CredentialsError> {
    let found: Option<(i64, String)> = sqlx::query_as(
        "SELECT account, api_key FROM listen_keys WHERE key_hash = $1 AND expires > $2",
    )
    .bind(listen_key.as_slice())
    .bind(now)
    .fetch_optional(pool)
    .await?;
    Ok(found.map(|(account, api_key)| (AccountId::new(uncolumn(account)), api_key)))
}
