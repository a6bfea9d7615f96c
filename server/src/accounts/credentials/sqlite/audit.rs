//! The table of the trail.

use orderbook_core::AccountId;
use rusqlite::Connection;

use super::super::audit::{Entry, Note};
use super::super::error::CredentialsError;
use super::super::{column, uncolumn};

/// Makes an entry.
pub(super) fn append(
    database: &Connection,
    account: AccountId,
    note: &Note,
) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "INSERT INTO audit (account, time, event, subject, address, user_agent)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            column(account.get()),
            note.time,
            note.event.name(),
            &note.subject,
            note.client.address_text(),
            note.client.user_agent(),
        ))?;
    Ok(())
}

/// The trail of an account before an entry, newest first.
pub(super) fn list(
    database: &Connection,
    account: AccountId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, CredentialsError> {
    let entries = database
        .prepare(
            "SELECT id, time, event, subject, address, user_agent FROM audit
             WHERE account = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
        )?
        .query_map(
            (
                column(account.get()),
                before.map_or(i64::MAX, column),
                limit,
            ),
            |row| {
                Ok(Entry {
                    id: uncolumn(row.get(0)?),
                    time: uncolumn(row.get(1)?),
                    event: row.get(2)?,
                    subject: row.get(3)?,
                    address: row.get(4)?,
                    user_agent: row.get(5)?,
                })
            },
        )?
        .collect::<Result<_, _>>()?;
    Ok(entries)
}
