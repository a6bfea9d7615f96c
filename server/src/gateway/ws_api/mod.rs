//! The WebSocket API: the operations of the REST routes over one connection, and the user streams.
//!
//! Requests of a connection are begun in the order in which they come and answered as they are done:
//! a second order need not wait until the first is on disk, and is behind it all the same.

mod request;
mod session;
mod signing;

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;

use self::session::Conversation;
use super::App;
use super::client::Client;
use super::websocket;

/// `/ws-api/v3`
pub(super) async fn open(
    State(app): State<Arc<App>>,
    client: Client,
    upgrade: WebSocketUpgrade,
) -> Response {
    let of = Arc::clone(&app);
    websocket::open(&of, client, upgrade, async move |outbox| {
        Conversation::new(app, client.0, outbox)
    })
    .await
}
