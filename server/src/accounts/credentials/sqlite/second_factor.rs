//! The tables of second factors and of recovery codes.

use orderbook_core::AccountId;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::super::audit::Note;
use super::super::column;
use super::super::error::CredentialsError;
use super::super::second_factor::{CodeHash, StoredFactor};
use super::audit;

/// The second factor of an account.
pub(super) fn find(
    database: &Connection,
    account: AccountId,
) -> Result<Option<StoredFactor>, CredentialsError> {
    let found = database
        .prepare_cached("SELECT secret, confirmed FROM second_factors WHERE account = ?1")?
        .query_row([column(account.get())], |row| {
            Ok(StoredFactor {
                sealed: row.get(0)?,
                confirmed: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found)
}

/// Puts one in the place of an unconfirmed one; whether there is no confirmed one.
pub(super) fn propose(
    database: &Connection,
    account: AccountId,
    sealed: &[u8],
) -> Result<bool, CredentialsError> {
    let proposed = database.execute(
        "INSERT INTO second_factors (account, secret) VALUES (?1, ?2)
         ON CONFLICT (account) DO UPDATE SET secret = excluded.secret
         WHERE NOT second_factors.confirmed",
        (column(account.get()), sealed),
    )?;
    Ok(proposed > 0)
}

/// Confirms this very one with the code of a step; whether it is still to be.
pub(super) fn confirm(
    database: &mut Connection,
    account: AccountId,
    sealed: &[u8],
    step: i64,
    recovery_codes: &[CodeHash],
    note: &Note,
) -> Result<bool, CredentialsError> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let confirmed = transaction.execute(
        "UPDATE second_factors SET confirmed = 1, last_step = ?3
         WHERE account = ?1 AND secret = ?2 AND NOT confirmed",
        (column(account.get()), sealed, step),
    )?;
    if confirmed == 0 {
        return Ok(false);
    }
    for code in recovery_codes {
        transaction.execute(
            "INSERT INTO recovery_codes (account, code_hash) VALUES (?1, ?2)",
            (column(account.get()), code),
        )?;
    }
    audit::append(&transaction, account, note)?;
    transaction.commit()?;
    Ok(true)
}

/// Uses up the codes up to this step; whether that of the step was not used yet.
pub(super) fn use_step(
    database: &Connection,
    account: AccountId,
    step: i64,
) -> Result<bool, CredentialsError> {
    let used = database.execute(
        "UPDATE second_factors SET last_step = ?2 WHERE account = ?1 AND last_step < ?2",
        (column(account.get()), step),
    )?;
    Ok(used > 0)
}

/// Uses up a recovery code; whether there was one.
pub(super) fn use_recovery_code(
    database: &Connection,
    account: AccountId,
    code: &CodeHash,
) -> Result<bool, CredentialsError> {
    let used = database.execute(
        "DELETE FROM recovery_codes WHERE account = ?1 AND code_hash = ?2",
        (column(account.get()), code),
    )?;
    Ok(used > 0)
}

/// Removes the second factor of an account with its recovery codes.
pub(super) fn remove(
    database: &mut Connection,
    account: AccountId,
    note: &Note,
) -> Result<(), CredentialsError> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(
        "DELETE FROM second_factors WHERE account = ?1",
        [column(account.get())],
    )?;
    audit::append(&transaction, account, note)?;
    transaction.commit()?;
    Ok(())
}
