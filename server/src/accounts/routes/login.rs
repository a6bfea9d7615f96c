//! Registering, logging in and out, and changing the password.

use std::sync::Arc;
use std::time::Duration;

use exchange_engine::Command;
use orderbook_core::AccountId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Done, client, token, with_cookie};
use crate::demo::RESERVED;
use crate::error::ApiError;
use crate::gateway::App;
use crate::gateway::auth::{Origin, forget_session, keep_session};
use crate::gateway::operation::{Call, WithHeaders};

/// How long to wait before an account is tried to be opened again.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Registration {
    username: String,
    password: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    username: String,
    password: String,
    /// Of the second factor, or a recovery code, where there is one.
    code: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PasswordChange {
    old_password: String,
    new_password: String,
}

#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Registered {
    account_id: u64,
    username: String,
}

/// A session that was opened, or has another token.
#[derive(JsonSchema, Serialize)]
pub(super) struct SessionToken {
    pub(super) token: String,
}

/// `POST /v1/register`
pub(super) async fn register(call: Call) -> Result<Registered, ApiError> {
    let app = &call.app;
    let Registration { username, password } = call.json()?;
    if username
        .get(..RESERVED.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(RESERVED))
    {
        return Err(ApiError::USERNAME_TAKEN);
    }
    if app.entry.suspension().is_some() {
        return Err(ApiError::SUSPENDED);
    }
    let client = client(&call);
    let registered = app.credentials.register(&username, &password, &client);
    let account = registered.await?;
    // The user exists from here on, so this goes on without whoever waits for it. Should it fail,
    // the account is opened at the next start.
    let opened = tokio::spawn(open_account(Arc::clone(app), account)).await;
    opened.map_err(|_| ApiError::INTERNAL)??;
    Ok(Registered {
        account_id: account.get(),
        username,
    })
}

/// Opens an account, as soon as the log can be written.
async fn open_account(app: Arc<App>, account: AccountId) -> Result<(), ApiError> {
    loop {
        match app.submit(Command::OpenAccount { account }).await {
            Err(error) if error == ApiError::SUSPENDED => tokio::time::sleep(PAUSE).await,
            opened => return opened.map(drop),
        }
    }
}

/// `POST /v1/login`: the token, for programs, and the same as a cookie, for browsers.
pub(super) async fn login(call: Call) -> Result<WithHeaders<SessionToken>, ApiError> {
    // Another site must not log its visitors in under a name of its own choice.
    if Origin::of(&call.headers) == Origin::Foreign {
        return Err(ApiError::FOREIGN_ORIGIN);
    }
    let login: Login = call.json()?;
    let client = client(&call);
    let credentials = &call.app.credentials;
    // What the browser had for a session before is not looked at: the token is always a new one.
    let token = credentials
        .login(
            &login.username,
            &login.password,
            login.code.as_deref(),
            &client,
        )
        .await?;
    let cookie = keep_session(&token, &call.headers);
    with_cookie(SessionToken { token }, &cookie)
}

/// `POST /v1/logout`
pub(super) async fn logout(call: Call) -> Result<WithHeaders<Done>, ApiError> {
    let credentials = &call.app.credentials;
    credentials.logout(token(&call)?, &client(&call)).await?;
    with_cookie(Done {}, &forget_session(&call.headers))
}

/// `POST /v1/password`
pub(super) async fn change_password(call: Call) -> Result<Done, ApiError> {
    let PasswordChange {
        old_password,
        new_password,
    } = call.json()?;
    let client = client(&call);
    let credentials = &call.app.credentials;
    credentials
        .change_password(token(&call)?, &old_password, &new_password, &client)
        .await?;
    Ok(Done {})
}
