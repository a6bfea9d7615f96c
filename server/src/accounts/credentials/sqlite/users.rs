//! The table of users.

use orderbook_core::AccountId;
use rusqlite::{Connection, OptionalExtension, ffi};

use super::super::error::CredentialsError;
use super::super::users::{User, Username};
use super::super::{column, uncolumn};

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
    database: &Connection,
    username: &Username,
    password_hash: &str,
    now: i64,
) -> Result<AccountId, CredentialsError> {
    let inserted = database.execute(
        "INSERT INTO users (username, password_hash, created) VALUES (?1, ?2, ?3)",
        (username.as_str(), password_hash, now),
    );
    match inserted {
        Ok(_) => Ok(AccountId::new(uncolumn(database.last_insert_rowid()))),
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
