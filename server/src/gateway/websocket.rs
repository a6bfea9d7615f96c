//! The WebSocket gateway: what upgrades, and what a client may subscribe to.

mod allowance;
mod connection;
mod places;
mod subscriptions;

use std::future::Future;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};

pub(super) use connection::Session;
pub(crate) use places::Places;

use self::connection::Rules;
use self::subscriptions::Subscriptions;
use super::App;
use super::client::Client;
use super::outbox::Outbox;
use crate::error::ApiError;

/// Largest message and frame from a client, in bytes.
const MAX_MESSAGE: usize = 16 * 1024;
/// What a connection sets aside for reading. Messages are mostly far shorter than they may be.
const READ_BUFFER: usize = 4 * 1024;
/// Longest name of a stream, in bytes. Names that exist are far shorter; unknown ones are kept
/// for the list of subscriptions, so they must not be endless.
const MAX_NAME: usize = 128;

/// Whether one of the names is longer than any stream's.
fn too_long(names: &[String]) -> bool {
    names.iter().any(|name| name.len() > MAX_NAME)
}

/// `/ws`: raw events of what is subscribed to later.
pub(crate) async fn raw(
    State(app): State<Arc<App>>,
    client: Client,
    upgrade: WebSocketUpgrade,
) -> Response {
    stream(app, client, upgrade, false, "").await
}

/// `/ws/<stream>`: raw events. Unknown names deliver nothing.
pub(crate) async fn raw_of(
    State(app): State<Arc<App>>,
    client: Client,
    Path(streams): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    stream(app, client, upgrade, false, &streams).await
}

/// `/stream?streams=a/b`: events with the name of their stream.
pub(crate) async fn combined(
    State(app): State<Arc<App>>,
    client: Client,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let query = query.unwrap_or_default();
    let streams = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "streams")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    stream(app, client, upgrade, true, &streams).await
}

async fn stream(
    app: Arc<App>,
    client: Client,
    upgrade: WebSocketUpgrade,
    combined: bool,
    streams: &str,
) -> Response {
    let names: Vec<String> = streams
        .split('/')
        .filter(|name| !name.is_empty())
        .map(Into::into)
        .collect();
    if names.len() > app.config.limits.streams_per_connection {
        return ApiError::bad_request("Too many streams for one connection.").into_response();
    }
    if too_long(&names) {
        return ApiError::bad_request("A stream name is too long.").into_response();
    }
    let of = Arc::clone(&app);
    open(&of, client, upgrade, async move |outbox| {
        Subscriptions::begin(app, outbox, combined, &names).await
    })
    .await
}

/// Upgrades to a connection that talks to a session. The session begins before the client hears that it
/// is connected: whatever it does then, it is told of.
pub(super) async fn open<S, F>(
    app: &App,
    Client(address): Client,
    upgrade: WebSocketUpgrade,
    begin: impl FnOnce(Outbox) -> F,
) -> Response
where
    S: Session + 'static,
    F: Future<Output = S>,
{
    let limits = &app.config.limits;
    let (outbox, inbox) = Outbox::new(limits.websocket_buffer_bytes);
    let place = match app.websockets.take(address, &outbox) {
        Ok(place) => place,
        Err(refusal) => return refusal.into_response(),
    };
    let rules = Rules::of(limits);
    let mut session = begin(outbox).await;
    // What is written and not yet sent needs no bound of its own: nothing is written while there is
    // more of it than goes in one go.
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(connection::BATCH)
        .on_upgrade(async move |socket| {
            connection::serve(socket, inbox, &mut session, rules).await;
            drop(place);
        })
}
