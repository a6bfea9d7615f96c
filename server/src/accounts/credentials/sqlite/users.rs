//! The table of users.

use orderbook_core::AccountId;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, ffi};

use super::super::audit::Note;
use super::super::error::CredentialsError;
use super::super::sessions::TokenHash;
use super::super::users::{User, Username};
use super::super::{column, uncolumn};
use super::{audit, sessions};

/// The user of that name in any case.
pub(super) fn find(
    database: &Connection,
    username: &Username,
) -> Result<Option<User>, CredentialsError> {
    let user = database
        .prepare_cached("SELECT account, password_hash FROM users WHERE username = ?1")?
        .query_row([username.as_str()], |row| {
            Ok(User {
                account: AccountId::new(uncolumn(row.get(0)?)),
                password_hash: row.get(1)?,
            })
        })
        .optional()?;
    Ok(user)
}

/// Adds a user under the next account id.
pub(super) fn insert(
    database: &mut Connection,
    username: &Username,
    password_hash: &str,
    note: &Note,
) -> Result<AccountId, CredentialsError> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let inserted = transaction.execute(
        "INSERT INTO users (username, password_hash, created) VALUES (?1, ?2, ?3)",
        (username.as_str(), password_hash, note.time),
    );
    match inserted {
        Ok(_) => {
            let account = AccountId::new(uncolumn(transaction.last_insert_rowid()));
            audit::append(&transaction, account, note)?;
            transaction.commit()?;
            Ok(account)
        }
        Err(error)
            if error
                .sqlite_error()
                .is_some_and(|error| error.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE) =>
        {
            Err(CredentialsError::UsernameTaken)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the user of an account is called.
pub(super) fn name(
    database: &Connection,
    account: AccountId,
) -> Result<Option<String>, CredentialsError> {
    let name = database
        .prepare_cached("SELECT username FROM users WHERE account = ?1")?
        .query_row([column(account.get())], |row| row.get(0))
        .optional()?;
    Ok(name)
}

/// Everyone, by ascending account.
pub(super) fn list(database: &Connection) -> Result<Vec<(AccountId, String)>, CredentialsError> {
    let users = database
        .prepare("SELECT account, username FROM users ORDER BY account")?
        .query_map([], |row| {
            Ok((AccountId::new(uncolumn(row.get(0)?)), row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(users)
}

/// The hash of the password of an account.
pub(super) fn password_hash(
    database: &Connection,
    account: AccountId,
) -> Result<Option<String>, CredentialsError> {
    let hash = database
        .prepare_cached("SELECT password_hash FROM users WHERE account = ?1")?
        .query_row([column(account.get())], |row| row.get(0))
        .optional()?;
    Ok(hash)
}

/// Changes the password, and ends all sessions of the account but one.
pub(super) fn set_password(
    database: &mut Connection,
    account: AccountId,
    password_hash: &str,
    keep: &TokenHash,
    note: &Note,
) -> Result<(), CredentialsError> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(
        "UPDATE users SET password_hash = ?2 WHERE account = ?1",
        (column(account.get()), password_hash),
    )?;
    sessions::end_others(&transaction, account, keep)?;
    audit::append(&transaction, account, note)?;
    transaction.commit()?;
    Ok(())
}
