//! Sessions: who logged in, proven by a token.
//!
//! A session ends 24 hours after its last use, 30 days after the login, at logout, or when
//! newer ones crowd it out. The last use is noted once a minute at most, so that reading does
//! not turn into writing; a session may therefore end a minute early, and never late.

use orderbook_core::AccountId;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::api::hex::hex;

use super::error::CredentialsError;
use super::{column, random, uncolumn};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// How long a session lives without use, in milliseconds.
pub(super) const IDLE: i64 = 24 * HOUR;
/// How long a session lives at all, in milliseconds.
pub(super) const ABSOLUTE: i64 = 30 * 24 * HOUR;
/// How stale the noted last use may be, in milliseconds.
pub(super) const TOUCH: i64 = MINUTE;
/// How many live sessions an account may have.
pub(super) const PER_ACCOUNT: usize = 100;

const TOKEN_BYTES: usize = 32;

/// What is stored of a token.
pub(super) type TokenHash = [u8; 32];

/// The hash of `token`, or `None` when no token has that length.
pub(super) fn digest(token: &str) -> Option<TokenHash> {
    // Looking a hash up tells by its timing about the hash only, and the hash says nothing
    // about the token; no comparison in constant time is needed.
    (token.len() == 2 * TOKEN_BYTES).then(|| Sha256::digest(token).into())
}

/// Opens a session and returns its token, in hex.
pub(super) fn start(
    database: &mut Connection,
    account: AccountId,
    now: i64,
) -> Result<String, CredentialsError> {
    let secret = random::bytes::<TOKEN_BYTES>()?;
    let token = hex(secret.as_slice());
    let hash: TokenHash = Sha256::digest(&token).into();

    let account = column(account.get());
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // What expired and belongs to others is found by index or left for later: a login must not
    // read the whole table.
    transaction.execute(
        "DELETE FROM sessions WHERE created <= ?1 OR (account = ?2 AND last_used <= ?3)",
        (now - ABSOLUTE, account, now - IDLE),
    )?;
    transaction.execute(
        "INSERT INTO sessions (token_hash, account, created, last_used) VALUES (?1, ?2, ?3, ?3)",
        (hash, account, now),
    )?;
    // The id of a new row is above all others, so it tells the age, even when the clock is
    // set back.
    transaction.execute(
        "DELETE FROM sessions WHERE account = ?1 AND id NOT IN
            (SELECT id FROM sessions WHERE account = ?1 ORDER BY id DESC LIMIT ?2)",
        (account, column(PER_ACCOUNT as u64)),
    )?;
    transaction.commit()?;
    Ok(token)
}

/// Whose live session has this token; notes its use.
pub(super) fn resume(
    database: &Connection,
    token: &TokenHash,
    now: i64,
) -> Result<AccountId, CredentialsError> {
    let found: Option<(i64, i64, i64)> = database
        .prepare_cached(
            "SELECT id, account, last_used FROM sessions
             WHERE token_hash = ?1 AND last_used > ?2 AND created > ?3",
        )?
        .query_row((token, now - IDLE, now - ABSOLUTE), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((id, account, last_used)) = found else {
        return Err(CredentialsError::InvalidSession);
    };
    if now - last_used >= TOUCH {
        database
            .prepare_cached("UPDATE sessions SET last_used = ?2 WHERE id = ?1")?
            .execute((id, now))?;
    }
    Ok(AccountId::new(uncolumn(account)))
}

/// Ends the session of this token, if there is one.
pub(super) fn end(database: &Connection, token: &TokenHash) -> Result<(), CredentialsError> {
    database.execute("DELETE FROM sessions WHERE token_hash = ?1", [token])?;
    Ok(())
}

/// Forgets all sessions that expired.
pub(super) fn purge(database: &Connection, now: i64) -> rusqlite::Result<()> {
    database.execute(
        "DELETE FROM sessions WHERE last_used <= ?1 OR created <= ?2",
        (now - IDLE, now - ABSOLUTE),
    )?;
    Ok(())
}
