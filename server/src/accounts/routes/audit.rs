//! The trail of an account.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::credentials::{Entry, MOST_ENTRIES};
use crate::error::ApiError;
use crate::gateway::operation::Call;

#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedEntry {
    /// Counts up.
    id: u64,
    /// In milliseconds since the Unix epoch.
    time: u64,
    event: String,
    /// The API key or the id of the session that it is about; empty where it is about neither.
    subject: String,
    /// Where it was asked for.
    address: String,
    user_agent: String,
}

impl From<Entry> for ListedEntry {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            time: entry.time,
            event: entry.event,
            subject: entry.subject,
            address: entry.address,
            user_agent: entry.user_agent,
        }
    }
}

/// `GET /v1/audit`
pub(super) async fn audit(call: Call) -> Result<Vec<ListedEntry>, ApiError> {
    let (app, account, params) = call.of_account();
    let before = params.parsed("before")?;
    let limit = params.limit(100, MOST_ENTRIES)?;
    let entries = app.credentials.audit(account, before, limit).await?;
    Ok(entries.into_iter().map(ListedEntry::from).collect())
}
