//! The tables of users and of their names.

use orderbook_core::AccountId;
use sqlx::PgPool;

use super::super::error::CredentialsError;
use super::super::users::{User, Username};
use super::super::{column, uncolumn};

/// The user of that name in any case.
pub(super) async fn find(
    pool: &PgPool,
    username: &Username,
) -> Result<Option<User>, CredentialsError> {
    let user: Option<(i64, String)> = sqlx::query_as(
        "SELECT account, password_hash FROM usernames JOIN users USING (account)
         WHERE folded = $1",
    )
    .bind(username.folded())
    .fetch_optional(pool)
    .await?;
    Ok(user.map(|(account, password_hash)| User {
        account: AccountId::new(uncolumn(account)),
        password_hash,
    }))
}

/// Adds a user under the next account id.
pub(super) async fn insert(
    pool: &PgPool,
    username: &Username,
    password_hash: &str,
    now: i64,
) -> Result<AccountId, CredentialsError> {
    // One statement: both rows or none. Of two that want a name, one waits here for the other.
    let inserted = sqlx::query_scalar(
        "WITH added AS (
             INSERT INTO users (username, password_hash, created) VALUES ($1, $2, $3)
             RETURNING account
         )
         INSERT INTO usernames (folded, account) SELECT $4, account FROM added
         RETURNING account",
    )
    .bind(username.as_str())
    .bind(password_hash)
    .bind(now)
    .bind(username.folded())
    .fetch_one(pool)
    .await;
    match inserted {
        Ok(account) => Ok(AccountId::new(uncolumn(account))),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(CredentialsError::UsernameTaken)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the user of an account is called.
pub(super) async fn name(
    pool: &PgPool,
    account: AccountId,
) -> Result<Option<String>, CredentialsError> {
    let name = sqlx::query_scalar("SELECT username FROM users WHERE account = $1")
        .bind(column(account.get()))
        .fetch_optional(pool)
        .await?;
    Ok(name)
}

/// Everyone, by ascending account.
pub(super) async fn list(pool: &PgPool) -> Result<Vec<(AccountId, String)>, CredentialsError> {
    let users: Vec<(i64, String)> =
        sqlx::query_as("SELECT account, username FROM users ORDER BY account")
            .fetch_all(pool)
            .await?;
    Ok(users
        .into_iter()
        .map(|(account, username)| (AccountId::new(uncolumn(account)), username))
        .collect())
}

/// Holds back whatever else counts what this account has, to the end of the transaction.
pub(super) async fn lock(
    connection: &mut sqlx::PgConnection,
    account: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT FROM users WHERE account = $1 FOR NO KEY UPDATE")
        .bind(account)
        .execute(connection)
        .await?;
    Ok(())
}
