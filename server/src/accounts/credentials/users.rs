//! The table of users.

use orderbook_core::AccountId;
use rusqlite::{Connection, OptionalExtension, ffi};

use super::error::CredentialsError;
use super::uncolumn;

/// A name that keeps the rule: 3 to 64 characters of `[A-Za-z0-9._@-]`.
#[derive(Clone)]
pub(super) struct Username(String);

impl Username {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
        let valid = (3..=64).contains(&name.len()) && name.bytes().all(allowed);
        valid.then(|| Self(name.to_owned()))
    }
}

/// What a login is checked against.
pub(super) struct User {
    pub(super) account: AccountId,
    pub(super) password_hash: String,
}

/// The user of that name in any case.
pub(super) fn find(
    database: &Connection,
    username: &Username,
) -> Result<Option<User>, CredentialsError> {
    let user = database
        .prepare_cached("SELECT account, password_hash FROM users WHERE username = ?1")?
        .query_row([&username.0], |row| {
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
        (&username.0, password_hash, now),
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
