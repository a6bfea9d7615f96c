//! Who is logged in, and from where.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::credentials::{CredentialsError, SessionInfo};
use super::login::SessionToken;
use super::{Done, client, token, with_cookie};
use crate::error::ApiError;
use crate::gateway::auth::keep_session;
use crate::gateway::operation::{Call, WithHeaders};

/// Who is logged in, and what there is for them.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Whoami {
    account_id: u64,
    username: String,
    faucet: bool,
    second_factor: bool,
}

/// Times are milliseconds since the Unix epoch.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListedSession {
    /// Names the session, and opens nothing.
    id: u64,
    created: u64,
    /// To the minute.
    last_used: u64,
    /// When it ends, unless it is used before.
    expires: u64,
    /// Where it was opened from.
    address: String,
    user_agent: String,
    /// Whether it is the one that asks.
    current: bool,
}

impl From<SessionInfo> for ListedSession {
    fn from(session: SessionInfo) -> Self {
        Self {
            id: session.id,
            created: session.created,
            last_used: session.last_used,
            expires: session.expires,
            address: session.address,
            user_agent: session.user_agent,
            current: session.current,
        }
    }
}

/// `GET /v1/session`
pub(super) async fn session(call: Call) -> Result<Whoami, ApiError> {
    let (app, account, _) = call.of_account();
    let username = app.credentials.username(account).await?;
    Ok(Whoami {
        account_id: account.get(),
        username: username.ok_or(ApiError::INVALID_SESSION)?,
        faucet: app.faucet,
        second_factor: app.credentials.has_second_factor(account).await?,
    })
}

/// `POST /v1/session/rotate`
pub(super) async fn rotate(call: Call) -> Result<WithHeaders<SessionToken>, ApiError> {
    let token = call.app.credentials.rotate(token(&call)?).await?;
    let cookie = keep_session(&token, &call.headers);
    with_cookie(SessionToken { token }, &cookie)
}

/// `GET /v1/sessions`
pub(super) async fn list(call: Call) -> Result<Vec<ListedSession>, ApiError> {
    let sessions = call.app.credentials.sessions(token(&call)?).await?;
    Ok(sessions.into_iter().map(ListedSession::from).collect())
}

/// `DELETE /v1/sessions/{id}`
pub(super) async fn revoke(call: Call) -> Result<Done, ApiError> {
    let (app, account, _) = call.of_account();
    let id = call.path("id").parse();
    let id = id.map_err(|_| CredentialsError::UnknownSession)?;
    let client = client(&call);
    app.credentials.revoke_session(account, id, &client).await?;
    Ok(Done {})
}

/// `DELETE /v1/sessions`
pub(super) async fn revoke_others(call: Call) -> Result<Done, ApiError> {
    let credentials = &call.app.credentials;
    credentials
        .revoke_other_sessions(token(&call)?, &client(&call))
        .await?;
    Ok(Done {})
}
