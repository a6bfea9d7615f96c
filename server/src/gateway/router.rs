//! Every path there is, and what all of them have in common.
//!
//! Operations are found in their registry and answered from here; a router of the web framework has
//! what else there is. Most of what an exchange does comes this way, so the way is short.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use percent_encoding::percent_decode_str;

use super::client::{Client, client};
use super::dispatch::{self, Asked};
use super::registry::{Found, REGISTRY, Registry};
use super::serve::Front;
use super::{App, page, reference, websocket, ws_api};
use crate::api::params::Params;
use crate::error::ApiError;
use crate::health;

const USED_WEIGHT: HeaderName = HeaderName::from_static("x-mbx-used-weight-1m");

/// What is no operation costs as little as the cheapest.
const NOTHING_MUCH: u32 = 1;

/// What answers on a listener.
#[derive(Clone)]
pub(crate) struct Gateway {
    app: Arc<App>,
    operations: &'static Registry,
    /// Whether the requests of a client are counted.
    has_limits: bool,
    /// What is no operation.
    others: Router,
}

impl Gateway {
    /// What clients of the exchange reach.
    pub(crate) fn public(app: Arc<App>) -> Self {
        let streams = Router::new()
            .route("/ws", get(websocket::raw))
            .route("/ws/", get(websocket::raw))
            .route("/ws/{*streams}", get(websocket::raw_of))
            .route("/stream", get(websocket::combined))
            .route("/ws-api/v3", get(ws_api::open));
        let counted = streams.merge(page::routes()).merge(reference::routes());
        let others = refusing(counted)
            .layer(middleware::from_fn_with_state(Arc::clone(&app), weigh))
            .merge(health::router(Arc::clone(&app.health)));
        Self {
            others: others.with_state(Arc::clone(&app)),
            operations: &REGISTRY,
            has_limits: true,
            app,
        }
    }

    /// What those reach who have no limits.
    pub(super) fn unlimited(
        app: Arc<App>,
        operations: &'static Registry,
        others: Router<Arc<App>>,
    ) -> Self {
        Self {
            others: refusing(others).with_state(Arc::clone(&app)),
            operations,
            has_limits: false,
            app,
        }
    }

    /// Counts the weight of a request. Refuses what is too much.
    fn weigh(&self, client: IpAddr, weight: u32) -> (Option<u32>, Result<(), ApiError>) {
        if self.has_limits {
            let (used, allowed) = self.app.limits.request(client, weight);
            (Some(used), allowed)
        } else {
            (None, Ok(()))
        }
    }
}

impl Front for Gateway {
    async fn answer(self, peer: SocketAddr, mut request: Request) -> Response {
        let client = client(&self.app, peer.ip(), request.headers());
        let asked = match self
            .operations
            .route(request.method(), request.uri().path())
        {
            Found::Operation(operation, path) => {
                let path = path.iter().map(|(name, value)| {
                    let value = percent_decode_str(value).decode_utf8_lossy();
                    (name.into(), value.into())
                });
                Asked {
                    operation,
                    path: path.collect(),
                    params: Params::parse(request.uri().query().unwrap_or(""), b""),
                    client,
                    request,
                }
            }
            Found::Other(methods) => {
                let (used, allowed) = self.weigh(client, NOTHING_MUCH);
                let refusal = allowed.err().map(IntoResponse::into_response);
                return told(used, refusal.unwrap_or_else(|| other_methods(&methods)));
            }
            Found::Nothing => {
                request.extensions_mut().insert(Client(client));
                // In a place of its own: what is asked for more often has no use for the room.
                return Box::pin(Front::answer(self.others, peer, request)).await;
            }
        };
        let weight = asked.operation.weight_of(&asked.params);
        let (used, allowed) = self.weigh(client, weight);
        let response = match allowed {
            Ok(()) => dispatch::answer(self.app, asked).await,
            Err(refusal) => refusal.into_response(),
        };
        told(used, response)
    }
}

/// What is there, is there for other methods.
fn other_methods(methods: &[&str]) -> Response {
    let allowed = [(header::ALLOW, methods.join(","))];
    (allowed, ApiError::METHOD_NOT_ALLOWED).into_response()
}

/// What there is not, is refused as clients expect it.
fn refusing(router: Router<Arc<App>>) -> Router<Arc<App>> {
    router
        .method_not_allowed_fallback(async || ApiError::METHOD_NOT_ALLOWED)
        .fallback(async || ApiError::NOT_FOUND)
        .layer(middleware::map_response(in_json))
}

/// What the framework refuses by itself it refuses in plain text; clients understand JSON only.
async fn in_json(response: Response) -> Response {
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_json = content_type.is_some_and(|content_type| content_type == "application/json");
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    ApiError::malformed(status).into_response()
}

/// Counts what is no operation.
async fn weigh(
    State(app): State<Arc<App>>,
    Client(client): Client,
    request: Request,
    next: Next,
) -> Response {
    let (used, allowed) = app.limits.request(client, NOTHING_MUCH);
    let response = match allowed {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    told(Some(used), response)
}

/// The answer, which tells where a client stands that is counted.
fn told(used: Option<u32>, mut response: Response) -> Response {
    if let Some(used) = used {
        let used = HeaderValue::from(used);
        response.headers_mut().insert(USED_WEIGHT, used);
    }
    response
}
