//! Every path there is, and what all of them have in common.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::client::{Client, client};
use super::registry::REGISTRY;
use super::{App, dispatch, page, reference, websocket, ws_api};
use crate::api::params::Params;
use crate::error::ApiError;
use crate::health;

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    let rest = dispatch::routes(&REGISTRY);
    let streams = Router::new()
        .route("/ws", get(websocket::raw))
        .route("/ws/", get(websocket::raw))
        .route("/ws/{*streams}", get(websocket::raw_of))
        .route("/stream", get(websocket::combined))
        .route("/ws-api/v3", get(ws_api::open));
    let health = health::router(Arc::clone(&app.health));
    rest.merge(streams)
        .merge(page::routes())
        .merge(reference::routes())
        .method_not_allowed_fallback(async || ApiError::METHOD_NOT_ALLOWED)
        .fallback(async || ApiError::NOT_FOUND)
        .layer(middleware::map_response(in_json))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), weigh))
        .merge(health)
        .with_state(app)
}

/// What the framework refuses by itself it refuses in plain text; clients understand JSON only.
pub(super) async fn in_json(response: Response) -> Response {
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_json = content_type.is_some_and(|content_type| content_type == "application/json");
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    ApiError::malformed(status).into_response()
}

/// Counts the weight of a request, refuses what is too much, and tells where the client stands.
async fn weigh(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let client = client(&app, &request);
    request.extensions_mut().insert(Client(client));
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map_or("", MatchedPath::as_str);
    let query = request.uri().query().unwrap_or("");
    let (used, allowed) = app
        .limits
        .request(client, weight(request.method(), path, query));
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    response
        .headers_mut()
        .insert("X-MBX-USED-WEIGHT-1M", HeaderValue::from(used));
    response
}

/// What a request costs. What is no operation costs as little as the cheapest.
fn weight(method: &Method, path: &str, query: &str) -> u32 {
    let operation = REGISTRY.route(method, path);
    operation.map_or(1, |it| it.weight_of(&Params::parse(query, b"")))
}
