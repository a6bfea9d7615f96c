//! The tables of users and of their names.

use orderbook_core::AccountId;
use sqlx::PgPool;

use super::super::audit::Note;
use super::super::error::CredentialsError;
use super::super::sessions::TokenHash;
use super::super::users::{User, Username};
use super::super::{column, uncolumn};
use super::{audit, sessions};

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
    note: &Note,
) -> Result<AccountId, CredentialsError> {
    let mut transaction = pool.begin().await?;
    // Of two that want a name, one waits here for the other.
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
    .bind(note.time)
    .bind(username.folded())
    .fetch_one(&mut *transaction)
    .await;
    match inserted {
        Ok(account) => {
            let account = AccountId::new(uncolumn(account));
            audit::append(&mut transaction, account, note).await?;
            transaction.commit().await?;
            Ok(account)
        }
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

/// The hash of the password of an account.
pub(super) async fn password_hash(
    pool: &PgPool,
    account: AccountId,
) -> Result<Option<String>, CredentialsError> {
    let hash = sqlx::query_scalar("SELECT password_hash FROM users WHERE account = $1")
        .bind(column(account.get()))
        .fetch_optional(pool)
        .await?;
    Ok(hash)
}

/// Changes the password, and ends all sessions of the account but one.
pub(super) async fn set_password(
    pool: &PgPool,
    account: AccountId,
    password_hash: &str,
    keep: &TokenHash,
    note: &Note,
) -> Result<(), CredentialsError> {
    let mut transaction = pool.begin().await?;
    sqlx::query("UPDATE users SET password_hash = $2 WHERE account = $1")
        .bind(column(account.get()))
        .bind(password_hash)
        .execute(&mut *transaction)
        .await?;
    sessions::end_others(&mut transaction, account, keep).await?;
    audit::append(&mut transaction, account, note).await?;
    transaction.commit().await?;
    Ok(())
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
