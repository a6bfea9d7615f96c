//! The table of sessions.

use orderbook_core::AccountId;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::super::audit::Note;
use super::super::error::CredentialsError;
use super::super::sessions::{ABSOLUTE, IDLE, PER_ACCOUNT, SessionRow, TOUCH, TokenHash};
use super::super::{column, uncolumn};
use super::audit;

/// Opens a session.
pub(super) fn start(
    database: &mut Connection,
    token: &TokenHash,
    owner: AccountId,
    password_hash: &str,
    note: &Note,
) -> Result<(), CredentialsError> {
    let (account, now) = (column(owner.get()), note.time);
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // What expired and belongs to others is found by index or left for later: a login must not
    // read the whole table.
    transaction.execute(
        "DELETE FROM sessions WHERE created <= ?1 OR (account = ?2 AND last_used <= ?3)",
        (now - ABSOLUTE, account, now - IDLE),
    )?;
    let started = transaction.execute(
        "INSERT INTO sessions (token_hash, account, created, last_used, address, user_agent)
         SELECT ?1, account, ?3, ?3, ?4, ?5 FROM users WHERE account = ?2 AND password_hash = ?6",
        (
            token,
            account,
            now,
            note.client.address_text(),
            note.client.user_agent(),
            password_hash,
        ),
    )?;
    if started == 0 {
        return Err(CredentialsError::WrongCredentials);
    }
    // The id of a new row is above all others, so it tells the age, even when the clock is
    // set back.
    transaction.execute(
        "DELETE FROM sessions WHERE account = ?1 AND id NOT IN
            (SELECT id FROM sessions WHERE account = ?1 ORDER BY id DESC LIMIT ?2)",
        (account, PER_ACCOUNT),
    )?;
    audit::append(&transaction, owner, note)?;
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

/// Gives a live session another token.
pub(super) fn rotate(
    database: &Connection,
    old: &TokenHash,
    new: &TokenHash,
    now: i64,
) -> Result<(), CredentialsError> {
    let changed = database.execute(
        "UPDATE sessions SET token_hash = ?2
         WHERE token_hash = ?1 AND last_used > ?3 AND created > ?4",
        (old, new, now - IDLE, now - ABSOLUTE),
    )?;
    match changed {
        0 => Err(CredentialsError::InvalidSession),
        _ => Ok(()),
    }
}

/// The live sessions of an account, newest first.
pub(super) fn list(
    database: &Connection,
    account: AccountId,
    now: i64,
) -> Result<Vec<SessionRow>, CredentialsError> {
    let sessions = database
        .prepare(
            "SELECT id, token_hash, created, last_used, address, user_agent FROM sessions
             WHERE account = ?1 AND last_used > ?2 AND created > ?3 ORDER BY id DESC",
        )?
        .query_map((column(account.get()), now - IDLE, now - ABSOLUTE), |row| {
            Ok(SessionRow {
                id: row.get(0)?,
                token: row.get(1)?,
                created: row.get(2)?,
                last_used: row.get(3)?,
                address: row.get(4)?,
                user_agent: row.get(5)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(sessions)
}

/// Ends the session of this token, if there is one.
pub(super) fn end(
    database: &mut Connection,
    token: &TokenHash,
    note: &Note,
) -> Result<(), CredentialsError> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let account: Option<i64> = transaction
        .query_row(
            "DELETE FROM sessions WHERE token_hash = ?1 RETURNING account",
            [token],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(account) = account {
        audit::append(&transaction, AccountId::new(uncolumn(account)), note)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Ends a session of the account.
pub(super) fn revoke(
    database: &mut Connection,
    account: AccountId,
    id: u64,
    note: &Note,
) -> Result<(), CredentialsError> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let ended = transaction.execute(
        "DELETE FROM sessions WHERE account = ?1 AND id = ?2",
        (column(account.get()), column(id)),
    )?;
    if ended == 0 {
        return Err(CredentialsError::UnknownSession);
    }
    audit::append(&transaction, account, note)?;
    transaction.commit()?;
    Ok(())
}

/// Ends all sessions of the account but one.
pub(super) fn revoke_others(
    database: &mut Connection,
    account: AccountId,
    keep: &TokenHash,
    note: &Note,
) -> Result<(), CredentialsError> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    end_others(&transaction, account, keep)?;
    audit::append(&transaction, account, note)?;
    transaction.commit()?;
    Ok(())
}

/// As [`revoke_others`], as part of something larger.
pub(super) fn end_others(
    database: &Connection,
    account: AccountId,
    keep: &TokenHash,
) -> rusqlite::Result<()> {
    database.execute(
        "DELETE FROM sessions WHERE account = ?1 AND token_hash <> ?2",
        (column(account.get()), keep),
    )?;
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
