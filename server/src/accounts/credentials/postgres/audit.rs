//! The table of the trail.

use orderbook_core::AccountId;
use sqlx::{PgConnection, PgPool};

use super::super::audit::{Entry, Note};
use super::super::error::CredentialsError;
use super::super::{column, uncolumn};

/// Makes an entry.
pub(super) async fn append(
    connection: &mut PgConnection,
    account: AccountId,
    note: &Note,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO audit (account, time, event, subject, address, user_agent)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(column(account.get()))
    .bind(note.time)
    .bind(note.event.name())
    .bind(&note.subject)
    .bind(note.client.address_text())
    .bind(note.client.user_agent())
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes an entry by itself.
pub(super) async fn record(
    pool: &PgPool,
    account: AccountId,
    note: &Note,
) -> Result<(), CredentialsError> {
    let mut connection = pool.acquire().await?;
    append(&mut connection, account, note).await?;
    Ok(())
}

/// The trail of an account before an entry, newest first.
pub(super) async fn list(
    pool: &PgPool,
    account: AccountId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, CredentialsError> {
    let rows: Vec<(i64, i64, String, String, String, String)> = sqlx::query_as(
        "SELECT id, time, event, subject, address, user_agent FROM audit
         WHERE account = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
    )
    .bind(column(account.get()))
    .bind(before.map_or(i64::MAX, column))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    let entry = |(id, time, event, subject, address, user_agent)| Entry {
        id: uncolumn(id),
        time: uncolumn(time),
        event,
        subject,
        address,
        user_agent,
    };
    Ok(rows.into_iter().map(entry).collect())
}
