//! Who is asking: signed requests of API keys, sessions by bearer token or cookie.
//!
//! A request proves itself in one way. What it presents first in this order has to be good, and
//! nothing else is tried: an API key, an `Authorization` header, a cookie.

mod browser;
mod window;

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, Method, header};
use orderbook_core::AccountId;

pub(crate) use browser::{Origin, forget_session, keep_session};

pub(crate) use crate::accounts::Scope;

use self::browser::session_cookie;
use self::window::Window;
use super::App;
use crate::accounts::ApiKey;
use crate::api::params::{Params, signed_payload};
use crate::error::ApiError;
use crate::orders::now;

/// Who may ask for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Public,
    /// Whoever names an API key, without a signature.
    Key,
    /// Whoever signs with an API key that may do this, or has a session.
    Account(Scope),
    /// Whoever has a session. API keys do not do: they must not make others.
    Session,
    /// Whoever has the key of the operators.
    Operator,
}

/// Who asks.
#[derive(Debug)]
pub(crate) enum Caller {
    Nobody,
    Key { account: AccountId, name: String },
    Session { account: AccountId, token: Token },
}

impl Caller {
    pub(crate) fn account(&self) -> Option<AccountId> {
        match self {
            Self::Nobody => None,
            Self::Key { account, .. } | Self::Session { account, .. } => Some(*account),
        }
    }
}

/// The token of a session. Says nothing when it is printed.
pub(crate) struct Token(pub(crate) String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// Names the API key of a request.
const API_KEY: &str = "X-MBX-APIKEY";

/// What a request over HTTP proves itself with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proof<'a> {
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    /// As received.
    pub(crate) query: &'a str,
    /// As received, where it holds parameters.
    pub(crate) body: &'a [u8],
    pub(crate) params: &'a Params,
    pub(crate) client: IpAddr,
}

/// Who makes a request over HTTP, where that is somebody whom `access` lets in.
pub(crate) async fn identify(
    app: &App,
    access: Access,
    proof: Proof<'_>,
) -> Result<Caller, ApiError> {
    match access {
        Access::Public => Ok(Caller::Nobody),
        Access::Key => {
            let name = key_name(proof.headers);
            identify_key(app, name, Scope::Read, proof.client).await
        }
        Access::Session => session(app, proof.method, proof.headers).await,
        Access::Operator => match &app.operators {
            Some(key) if key.is_borne_by(proof.headers) => Ok(Caller::Nobody),
            _ => Err(ApiError::INVALID_SESSION),
        },
        // Without a key and without a session, it is the key that is missed: clients expect that.
        Access::Account(_)
            if !proof.headers.contains_key(API_KEY) && presents_session(proof.headers) =>
        {
            session(app, proof.method, proof.headers).await
        }
        Access::Account(scope) => {
            let key = permitted(app, key_name(proof.headers), scope, proof.client).await?;
            let payload = signed_payload(proof.query, proof.body);
            let signature = proof.params.get("signature");
            prove(&key, proof.params, payload, signature)?;
            Ok(caller(&key, key_name(proof.headers)))
        }
    }
}

/// Whose API key is named, where that is proof enough.
pub(crate) async fn identify_key(
    app: &App,
    name: &str,
    scope: Scope,
    client: IpAddr,
) -> Result<Caller, ApiError> {
    let key = permitted(app, name, scope, client).await?;
    Ok(caller(&key, name))
}

/// Who makes a request of the WebSocket API, of which one of these payloads was signed.
pub(crate) async fn identify_signed(
    app: &App,
    params: &Params,
    payloads: impl IntoIterator<Item = Vec<u8>>,
    scope: Scope,
    client: IpAddr,
) -> Result<Caller, ApiError> {
    let name = params.require("apiKey")?;
    let key = permitted(app, name, scope, client).await?;
    prove(&key, params, payloads, params.get("signature"))?;
    Ok(caller(&key, name))
}

fn key_name(headers: &HeaderMap) -> &str {
    let name = headers.get(API_KEY).and_then(|key| key.to_str().ok());
    name.unwrap_or_default()
}

fn caller(key: &ApiKey, name: &str) -> Caller {
    Caller::Key {
        account: key.account,
        name: name.into(),
    }
}

/// The API key of that name, where it may be used for this and from there.
async fn permitted(
    app: &App,
    name: &str,
    scope: Scope,
    client: IpAddr,
) -> Result<Arc<ApiKey>, ApiError> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ApiError::BAD_KEY_FORMAT);
    }
    let key = app.credentials.find_api_key(name).await?;
    key.filter(|key| key.admits(client) && key.scopes.allow(scope))
        .ok_or(ApiError::UNKNOWN_KEY)
}

/// Whether the secret of a key signed one of these payloads, and not too long ago.
fn prove(
    key: &ApiKey,
    params: &Params,
    payloads: impl IntoIterator<Item = Vec<u8>>,
    signature: Option<&str>,
) -> Result<(), ApiError> {
    let window = Window::parse(params)?;
    let signature = signature
        .filter(|signature| !signature.is_empty())
        .ok_or_else(|| ApiError::mandatory("signature"))?;
    let mut payloads = payloads.into_iter();
    if !payloads.any(|payload| key.verify(&payload, signature)) {
        return Err(ApiError::BAD_SIGNATURE);
    }
    window.check(now())
}

/// Whether a request means to be one of a session, be it good or not.
fn presents_session(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION) || session_cookie(headers).is_some()
}

/// Whose session a request is of: `Authorization: Bearer ...`, or the cookie.
async fn session(app: &App, method: &Method, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let token = match headers.get(header::AUTHORIZATION) {
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim()),
        None => session_cookie(headers),
    };
    let token = token.ok_or(ApiError::INVALID_SESSION)?;
    // Browsers send a cookie whoever makes them, so the page that makes them must be ours.
    // A bearer token is sent by those who know it.
    if !headers.contains_key(header::AUTHORIZATION)
        && !method.is_safe()
        && Origin::of(headers) != Origin::Same
    {
        return Err(ApiError::FOREIGN_ORIGIN);
    }
    Ok(Caller::Session {
        account: app.credentials.session(token).await?,
        token: Token(token.into()),
    })
}
