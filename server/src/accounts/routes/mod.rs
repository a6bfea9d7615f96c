//! What users do with their accounts: registering, logging in, sessions, API keys, second factors,
//! the trail, the faucet, and looking at balances.

mod audit;
mod balances;
mod faucet;
mod keys;
mod login;
mod operations;
mod second_factor;
mod sessions;

use axum::http::{HeaderMap, HeaderValue, header};
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use audit::ListedEntry;
pub(crate) use balances::account;
pub(crate) use operations::operations;

use super::credentials::Client;
use crate::error::ApiError;
use crate::gateway::auth::Caller;
use crate::gateway::operation::{Call, WithHeaders};

/// There is nothing to say but that it was done.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Done {}

/// Who asks, for the trail.
pub(crate) fn client(call: &Call) -> Client {
    let user_agent = call.headers.get(header::USER_AGENT);
    let user_agent = user_agent.map(|name| String::from_utf8_lossy(name.as_bytes()));
    Client::new(call.client, user_agent.as_deref())
}

/// The token of the session that asks.
fn token(call: &Call) -> Result<&str, ApiError> {
    match &call.caller {
        Caller::Session { token, .. } => Ok(&token.0),
        _ => Err(ApiError::INVALID_SESSION),
    }
}

/// An answer that has a browser keep a cookie or forget it.
fn with_cookie<T>(data: T, cookie: &str) -> Result<WithHeaders<T>, ApiError> {
    let cookie = HeaderValue::from_str(cookie).map_err(|_| ApiError::INTERNAL)?;
    let headers = HeaderMap::from_iter([(header::SET_COOKIE, cookie)]);
    Ok(WithHeaders(data, headers))
}
