//! Every route there is, and what all of them have in common.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};

use super::{App, page, websocket};
use crate::accounts::routes as accounts;
use crate::error::ApiError;
use crate::health;
use crate::marketdata::routes as market;
use crate::orders::routes as orders;

/// Largest request body, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// How long a request may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    let rest = Router::new()
        .route("/api/v3/ping", get(market::ping))
        .route("/api/v3/time", get(market::time))
        .route("/api/v3/exchangeInfo", get(market::exchange_info))
        .route("/api/v3/depth", get(market::depth))
        .route("/api/v3/trades", get(market::trades))
        .route("/api/v3/historicalTrades", get(market::trades))
        .route("/api/v3/klines", get(market::klines))
        .route("/api/v3/ticker/24hr", get(market::ticker_day))
        .route("/api/v3/ticker/price", get(market::ticker_price))
        .route("/api/v3/ticker/bookTicker", get(market::book_ticker))
        .route("/api/v3/account", get(accounts::account))
        .route(
            "/api/v3/order",
            post(orders::place)
                .get(orders::query)
                .delete(orders::cancel),
        )
        .route("/api/v3/order/test", post(orders::test))
        .route(
            "/api/v3/openOrders",
            get(orders::open_orders).delete(orders::cancel_all),
        )
        .route("/api/v3/allOrders", get(orders::all_orders))
        .route("/api/v3/myTrades", get(orders::my_trades))
        .route("/v1/register", post(accounts::register))
        .route("/v1/login", post(accounts::login))
        .route("/v1/logout", post(accounts::logout))
        .route("/v1/session", get(accounts::session))
        .route(
            "/v1/api-keys",
            post(accounts::create_api_key).get(accounts::api_keys),
        )
        .route("/v1/api-keys/{key}", delete(accounts::revoke_api_key))
        .route("/v1/faucet", post(accounts::faucet))
        .layer(middleware::from_fn(deadline))
        .layer(DefaultBodyLimit::max(MAX_BODY));
    let streams = Router::new()
        .route("/ws", get(websocket::raw))
        .route("/ws/", get(websocket::raw))
        .route("/ws/{*streams}", get(websocket::raw_of))
        .route("/stream", get(websocket::combined));
    let health = health::router(Arc::clone(&app.health));
    rest.merge(streams)
        .merge(page::routes())
        .method_not_allowed_fallback(async || ApiError::METHOD_NOT_ALLOWED)
        .fallback(async || ApiError::NOT_FOUND)
        .layer(middleware::map_response(in_json))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), weigh))
        .merge(health)
        .with_state(app)
}

/// Nobody waits longer than the deadline. What was handed in by then may still be carried out.
async fn deadline(request: Request, next: Next) -> Response {
    match tokio::time::timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::TIMEOUT.into_response(),
    }
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

/// Counts the weight of a request, refuses what is too much, and tells where the client stands.
async fn weigh(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let client = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([0, 0, 0, 0]), |info| info.0.ip());
    let path = request.extensions().get::<MatchedPath>();
    let weight = path.map_or(1, |path| {
        weight(request.method(), path.as_str(), request.uri().query())
    });
    let (used, allowed) = app.limits.request(client, weight);
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    response
        .headers_mut()
        .insert("X-MBX-USED-WEIGHT-1M", HeaderValue::from(used));
    response
}

/// What a request costs. Those about all instruments cost more than those about one.
fn weight(method: &Method, path: &str, query: Option<&str>) -> u32 {
    let mut params = form_urlencoded::parse(query.unwrap_or("").as_bytes());
    let all = !params.any(|(name, _)| name == "symbol");
    match (method.as_str(), path) {
        (
            "GET",
            "/api/v3/exchangeInfo" | "/api/v3/account" | "/api/v3/allOrders" | "/api/v3/myTrades",
        ) => 20,
        ("GET", "/api/v3/trades" | "/api/v3/historicalTrades") => 25,
        ("GET", "/api/v3/depth") => 5,
        ("GET", "/api/v3/klines") => 2,
        ("GET", "/api/v3/ticker/24hr" | "/api/v3/openOrders") if all => 80,
        ("GET", "/api/v3/openOrders") => 6,
        ("GET", "/api/v3/ticker/24hr" | "/api/v3/ticker/price" | "/api/v3/ticker/bookTicker") => {
            if all {
                4
            } else {
                2
            }
        }
        ("GET", "/api/v3/order") => 4,
        ("POST", "/v1/register" | "/v1/login") => 10,
        _ => 1,
    }
}
