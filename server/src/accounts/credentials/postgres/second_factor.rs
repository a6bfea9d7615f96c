//! The tables of second factors and of recovery codes.

use orderbook_core::AccountId;
use sqlx::PgPool;

use super::super::audit::Note;
use super::super::column;
use super::super::error::CredentialsError;
use super::super::second_factor::{CodeHash, StoredFactor};
use super::audit;

/// The second factor of an account.
pub(super) async fn find(
    pool: &PgPool,
    account: AccountId,
) -> Result<Option<StoredFactor>, CredentialsError> {
    let found: Option<(Vec<u8>, bool)> =
        sqlx::query_as("SELECT secret, confirmed FROM second_factors WHERE account = $1")
            .bind(column(account.get()))
            .fetch_optional(pool)
            .await?;
    Ok(found.map(|(sealed, confirmed)| StoredFactor { sealed, confirmed }))
}

/// Puts one in the place of an unconfirmed one; whether there is no confirmed one.
pub(super) async fn propose(
    pool: &PgPool,
    account: AccountId,
    sealed: &[u8],
) -> Result<bool, CredentialsError> {
    let proposed = sqlx::query(
        "INSERT INTO second_factors (account, secret) VALUES ($1, $2)
         ON CONFLICT (account) DO UPDATE SET secret = excluded.secret
         WHERE NOT second_factors.confirmed",
    )
    .bind(column(account.get()))
    .bind(sealed)
    .execute(pool)
    .await?;
    Ok(proposed.rows_affected() > 0)
}

/// Confirms this very one with the code of a step; whether it is still to be.
pub(super) async fn confirm(
    pool: &PgPool,
    account: AccountId,
    sealed: &[u8],
    step: i64,
    recovery_codes: &[CodeHash],
    note: &Note,
) -> Result<bool, CredentialsError> {
    let mut transaction = pool.begin().await?;
    let confirmed = sqlx::query(
        "UPDATE second_factors SET confirmed = true, last_step = $3
         WHERE account = $1 AND secret = $2 AND NOT confirmed",
    )
    .bind(column(account.get()))
    .bind(sealed)
    .bind(step)
    .execute(&mut *transaction)
    .await?;
    if confirmed.rows_affected() == 0 {
        return Ok(false);
    }
    let codes: Vec<&[u8]> = recovery_codes.iter().map(<[u8; 32]>::as_slice).collect();
    sqlx::query("INSERT INTO recovery_codes (account, code_hash) SELECT $1, unnest($2::BYTEA[])")
        .bind(column(account.get()))
        .bind(codes)
        .execute(&mut *transaction)
        .await?;
    audit::append(&mut transaction, account, note).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Uses up the codes up to this step; whether that of the step was not used yet.
pub(super) async fn use_step(
    pool: &PgPool,
    account: AccountId,
    step: i64,
) -> Result<bool, CredentialsError> {
    let used = sqlx::query(
        "UPDATE second_factors SET last_step = $2 WHERE account = $1 AND last_step < $2",
    )
    .bind(column(account.get()))
    .bind(step)
    .execute(pool)
    .await?;
    Ok(used.rows_affected() > 0)
}

/// Uses up a recovery code; whether there was one.
pub(super) async fn use_recovery_code(
    pool: &PgPool,
    account: AccountId,
    code: &CodeHash,
) -> Result<bool, CredentialsError> {
    let used = sqlx::query("DELETE FROM recovery_codes WHERE account = $1 AND code_hash = $2")
        .bind(column(account.get()))
        .bind(code.as_slice())
        .execute(pool)
        .await?;
    Ok(used.rows_affected() > 0)
}

/// Removes the second factor of an account with its recovery codes.
pub(super) async fn remove(
    pool: &PgPool,
    account: AccountId,
    note: &Note,
) -> Result<(), CredentialsError> {
    let mut transaction = pool.begin().await?;
    sqlx::query("DELETE FROM second_factors WHERE account = $1")
        .bind(column(account.get()))
        .execute(&mut *transaction)
        .await?;
    audit::append(&mut transaction, account, note).await?;
    transaction.commit().await?;
    Ok(())
}
