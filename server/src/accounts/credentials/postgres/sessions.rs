//! The table of sessions.

use orderbook_core::AccountId;
use sqlx::PgPool;

use super::super::error::CredentialsError;
use super::super::sessions::{ABSOLUTE, IDLE, PER_ACCOUNT, TOUCH, TokenHash};
use super::super::{column, uncolumn};
use super::users;

/// How many expired sessions are forgotten in one statement, which has little time.
const BATCH: i64 = 10_000;
/// How many a login forgets in passing.
const A_FEW: i64 = 100;

/// Opens a session.
pub(super) async fn start(
    pool: &PgPool,
    token: &TokenHash,
    account: AccountId,
    now: i64,
) -> Result<(), CredentialsError> {
    let account = column(account.get());
    let mut transaction = pool.begin().await?;
    users::lock(&mut transaction, account).await?;
    // Rows that somebody else is at are left to them: two that wait for each other's would never
    // end. What belongs to other accounts is found by index or left for later.
    sqlx::query(
        "DELETE FROM sessions WHERE token_hash IN (
             SELECT token_hash FROM sessions
             WHERE created <= $1 OR (account = $2 AND last_used <= $3)
             LIMIT $4 FOR UPDATE SKIP LOCKED
         )",
    )
    .bind(now - ABSOLUTE)
    .bind(account)
    .bind(now - IDLE)
    .bind(A_FEW)
    .execute(&mut *transaction)
    .await?;
    sqlx::query(
        "INSERT INTO sessions (token_hash, account, created, last_used) VALUES ($1, $2, $3, $3)",
    )
    .bind(token.as_slice())
    .bind(account)
    .bind(now)
    .execute(&mut *transaction)
    .await?;
    // The id tells the age, even when a clock is set back.
    sqlx::query(
        "DELETE FROM sessions WHERE account = $1 AND id NOT IN
            (SELECT id FROM sessions WHERE account = $1 ORDER BY id DESC LIMIT $2)",
    )
    .bind(account)
    .bind(i64::from(PER_ACCOUNT))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// Whose live session has this token; notes its use.
pub(super) async fn resume(
    pool: &PgPool,
    token: &TokenHash,
    now: i64,
) -> Result<AccountId, CredentialsError> {
    let found: Option<(i64, i64)> = sqlx::query_as(
        "SELECT account, last_used FROM sessions
         WHERE token_hash = $1 AND last_used > $2 AND created > $3",
    )
    .bind(token.as_slice())
    .bind(now - IDLE)
    .bind(now - ABSOLUTE)
    .fetch_optional(pool)
    .await?;
    let Some((account, last_used)) = found else {
        return Err(CredentialsError::InvalidSession);
    };
    if now - last_used >= TOUCH {
        sqlx::query("UPDATE sessions SET last_used = $2 WHERE token_hash = $1 AND last_used < $2")
            .bind(token.as_slice())
            .bind(now)
            .execute(pool)
            .await?;
    }
    Ok(AccountId::new(uncolumn(account)))
}

/// Ends the session of this token, if there is one.
pub(super) async fn end(pool: &PgPool, token: &TokenHash) -> Result<(), CredentialsError> {
    sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
        .bind(token.as_slice())
        .execute(pool)
        .await?;
    Ok(())
}

/// Forgets sessions that expired, as many as one statement does; whether there may be more.
pub(super) async fn purge(pool: &PgPool, now: i64) -> Result<bool, CredentialsError> {
    let gone = sqlx::query(
        "DELETE FROM sessions WHERE token_hash IN (
             SELECT token_hash FROM sessions WHERE last_used <= $1 OR created <= $2
             LIMIT $3 FOR UPDATE SKIP LOCKED
         )",
    )
    .bind(now - IDLE)
    .bind(now - ABSOLUTE)
    .bind(BATCH)
    .execute(pool)
    .await?;
    Ok(gone.rows_affected() == BATCH.unsigned_abs())
}
