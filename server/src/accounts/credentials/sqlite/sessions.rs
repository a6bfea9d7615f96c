//! The table of sessions.

use orderbook_core::AccountId;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::super::error::CredentialsError;
use super::super::sessions::{ABSOLUTE, IDLE, PER_ACCOUNT, TOUCH, TokenHash};
use super::super::{column, uncolumn};

/// Opens a session.
pub(super) fn start(
    database: &mut Connection,
    token: &TokenHash,
    account: AccountId,
    now: i64,
) -> Result<(), CredentialsError> {
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
        (token, account, now),
    )?;
    // The id of a new row is above all others, so it tells the age, even when the clock is
    // set back.
    transaction.execute(
        "DELETE FROM sessions WHERE account = ?1 AND id NOT IN
            (SELECT id FROM sessions WHERE account = ?1 ORDER BY id DESC LIMIT ?2)",
        (account, PER_ACCOUNT),
    )?;
    transaction.commit()?;
    Ok(())
}

/// Whose live session has this token; notes its use, where the disk takes it.
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
        let noted = database
            .prepare_cached("UPDATE sessions SET last_used = ?2 WHERE id = ?1")?
            .execute((id, now));
        if let Err(error) = noted {
            // The next use notes it; a full disk must not log anybody out.
            tracing::warn!(%error, "the use of a session could not be noted");
        }
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
