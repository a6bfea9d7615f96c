//! The table of sessions.

use orderbook_core::AccountId;
use sqlx::{PgConnection, PgPool};

use super::super::audit::Note;
use super::super::error::CredentialsError;
use super::super::sessions::{ABSOLUTE, IDLE, PER_ACCOUNT, SessionRow, TOUCH, TokenHash};
use super::super::{column, uncolumn};
use super::{audit, users};

/// How many expired sessions are forgotten in one statement, which has little time.
const BATCH: i64 = 10_000;
/// How many a login forgets in passing.
const A_FEW: i64 = 100;

/// Opens a session.
pub(super) async fn start(
    pool: &PgPool,
    token: &TokenHash,
    owner: AccountId,
    password_hash: &str,
    note: &Note,
) -> Result<(), CredentialsError> {
    let (account, now) = (column(owner.get()), note.time);
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
    let started = sqlx::query(
        "INSERT INTO sessions (token_hash, account, created, last_used, address, user_agent)
         SELECT $1, account, $3, $3, $4, $5 FROM users WHERE account = $2 AND password_hash = $6",
    )
    .bind(token.as_slice())
    .bind(account)
    .bind(now)
    .bind(note.client.address_text())
    .bind(note.client.user_agent())
    .bind(password_hash)
    .execute(&mut *transaction)
    .await?;
    if started.rows_affected() == 0 {
        return Err(CredentialsError::WrongCredentials);
    }
    // The id tells the age, even when a clock is set back.
    sqlx::query(
        "DELETE FROM sessions WHERE account = $1 AND id NOT IN
            (SELECT id FROM sessions WHERE account = $1 ORDER BY id DESC LIMIT $2)",
    )
    .bind(account)
    .bind(i64::from(PER_ACCOUNT))
    .execute(&mut *transaction)
    .await?;
    audit::append(&mut transaction, owner, note).await?;
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

/// Gives a live session another token.
pub(super) async fn rotate(
    pool: &PgPool,
    old: &TokenHash,
    new: &TokenHash,
    now: i64,
) -> Result<(), CredentialsError> {
    let changed = sqlx::query(
        "UPDATE sessions SET token_hash = $2
         WHERE token_hash = $1 AND last_used > $3 AND created > $4",
    )
    .bind(old.as_slice())
    .bind(new.as_slice())
    .bind(now - IDLE)
    .bind(now - ABSOLUTE)
    .execute(pool)
    .await?;
    match changed.rows_affected() {
        0 => Err(CredentialsError::InvalidSession),
        _ => Ok(()),
    }
}

/// The live sessions of an account, newest first.
pub(super) async fn list(
    pool: &PgPool,
    account: AccountId,
    now: i64,
) -> Result<Vec<SessionRow>, CredentialsError> {
    let rows: Vec<(i64, Vec<u8>, i64, i64, String, String)> = sqlx::query_as(
        "SELECT id, token_hash, created, last_used, address, user_agent FROM sessions
         WHERE account = $1 AND last_used > $2 AND created > $3 ORDER BY id DESC",
    )
    .bind(column(account.get()))
    .bind(now - IDLE)
    .bind(now - ABSOLUTE)
    .fetch_all(pool)
    .await?;
    let session = |(id, token, created, last_used, address, user_agent)| SessionRow {
        id,
        token,
        created,
        last_used,
        address,
        user_agent,
    };
    Ok(rows.into_iter().map(session).collect())
}

/// Ends the session of this token, if there is one.
pub(super) async fn end(
    pool: &PgPool,
    token: &TokenHash,
    note: &Note,
) -> Result<(), CredentialsError> {
    let mut transaction = pool.begin().await?;
    let ended: Option<i64> =
        sqlx::query_scalar("DELETE FROM sessions WHERE token_hash = $1 RETURNING account")
            .bind(token.as_slice())
            .fetch_optional(&mut *transaction)
            .await?;
    if let Some(account) = ended {
        let account = AccountId::new(uncolumn(account));
        audit::append(&mut transaction, account, note).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Ends a session of the account.
pub(super) async fn revoke(
    pool: &PgPool,
    account: AccountId,
    id: u64,
    note: &Note,
) -> Result<(), CredentialsError> {
    let mut transaction = pool.begin().await?;
    let ended = sqlx::query("DELETE FROM sessions WHERE account = $1 AND id = $2")
        .bind(column(account.get()))
        .bind(column(id))
        .execute(&mut *transaction)
        .await?;
    if ended.rows_affected() == 0 {
        return Err(CredentialsError::UnknownSession);
    }
    audit::append(&mut transaction, account, note).await?;
    transaction.commit().await?;
    Ok(())
}

/// Ends all sessions of the account but one.
pub(super) async fn revoke_others(
    pool: &PgPool,
    account: AccountId,
    keep: &TokenHash,
    note: &Note,
) -> Result<(), CredentialsError> {
    let mut transaction = pool.begin().await?;
    end_others(&mut transaction, account, keep).await?;
    audit::append(&mut transaction, account, note).await?;
    transaction.commit().await?;
    Ok(())
}

/// As [`revoke_others`], as part of something larger.
pub(super) async fn end_others(
    connection: &mut PgConnection,
    account: AccountId,
    keep: &TokenHash,
) -> Result<(), sqlx::Error> {
    // A login that is on its way ends with the others, or begins after them.
    users::lock(connection, column(account.get())).await?;
    sqlx::query("DELETE FROM sessions WHERE account = $1 AND token_hash <> $2")
        .bind(column(account.get()))
        .bind(keep.as_slice())
        .execute(connection)
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
