//! The table of listen keys.

use orderbook_core::AccountId;
use rusqlite::{Connection, OptionalExtension};

use super::super::error::CredentialsError;
use super::super::listen_keys::{GOOD_FOR, ListenKeyHash, StoredListenKey};
use super::super::{column, uncolumn};

/// Prolongs the listen key of an API key, or puts a new one in the place of one that is over.
pub(super) fn open(
    database: &Connection,
    account: AccountId,
    api_key: &str,
    new: &StoredListenKey,
    now: i64,
) -> Result<Vec<u8>, CredentialsError> {
    // One statement, so nobody comes in between.
    let sealed = database.query_row(
        "INSERT INTO listen_keys AS old (api_key, account, key_hash, sealed, expires)
         SELECT api_key, account, ?3, ?4, ?5 FROM api_keys WHERE api_key = ?1 AND account = ?2
         ON CONFLICT (api_key) DO UPDATE SET
             key_hash = CASE WHEN old.expires > ?6 THEN old.key_hash ELSE excluded.key_hash END,
             sealed = CASE WHEN old.expires > ?6 THEN old.sealed ELSE excluded.sealed END,
             expires = excluded.expires
         RETURNING sealed",
        (
            api_key,
            column(account.get()),
            new.hash,
            &new.sealed,
            now + GOOD_FOR,
            now,
        ),
        |row| row.get(0),
    )?;
    Ok(sealed)
}

/// Prolongs a live listen key of the account; whether there is one.
pub(super) fn keep(
    database: &Connection,
    account: AccountId,
    listen_key: &ListenKeyHash,
    now: i64,
) -> Result<bool, CredentialsError> {
    let kept = database.execute(
        "UPDATE listen_keys SET expires = ?3
         WHERE key_hash = ?1 AND account = ?2 AND expires > ?4",
        (listen_key, column(account.get()), now + GOOD_FOR, now),
    )?;
    Ok(kept > 0)
}

/// Removes a listen key of the account; whether there was one.
pub(super) fn close(
    database: &Connection,
    account: AccountId,
    listen_key: &ListenKeyHash,
) -> Result<bool, CredentialsError> {
    let closed = database.execute(
        "DELETE FROM listen_keys WHERE key_hash = ?1 AND account = ?2",
        (listen_key, column(account.get())),
    )?;
    Ok(closed > 0)
}

/// Whose live listen key this is, and with which API key it was made.
pub(super) fn find(
    database: &Connection,
    listen_key: &ListenKeyHash,
    now: i64,
) -> Result<Option<(AccountId, String)>, CredentialsError> {
    let found = database
        .prepare_cached(
            "SELECT account, api_key FROM listen_keys WHERE key_hash = ?1 AND expires > ?2",
        )?
        .query_row((listen_key, now), |row| {
            Ok((AccountId::new(uncolumn(row.get(0)?)), row.get(1)?))
        })
        .optional()?;
    Ok(found)
}
