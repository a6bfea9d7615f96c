//! One WebSocket connection: frames in, the messages of its streams out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use super::App;
use super::hub::{Farewell, QUEUE, Subscriber, TOO_SLOW};
use crate::api::streams::{Method, Request, RequestId, acknowledgement, refusal, subscriptions};
use crate::error::ApiError;

/// Largest message and frame from a client, in bytes.
const MAX_MESSAGE: usize = 16 * 1024;
/// How much may wait in a socket before its client counts as stalled, in bytes.
const MAX_WRITE_BUFFER: usize = 256 * 1024;
const PING_EVERY: Duration = Duration::from_secs(20);
/// A client that neither says nor answers anything for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// A client that does not take a message for so long is stalled.
const SEND_DEADLINE: Duration = Duration::from_secs(10);
/// How long a client that is sent away may take to hear why.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);
/// Longest name of a stream, in bytes. Names that exist are far shorter; unknown ones are kept
/// for the list of subscriptions, so they must not be endless.
const MAX_NAME: usize = 128;

/// Whether one of the names is longer than any stream's.
fn too_long(names: &[String]) -> bool {
    names.iter().any(|name| name.len() > MAX_NAME)
}

/// `/ws`: raw events of what is subscribed to later.
pub(crate) async fn raw(state: State<Arc<App>>, upgrade: WebSocketUpgrade) -> Response {
    open(state, upgrade, false, "")
}

/// `/ws/<stream>`: raw events. Unknown names deliver nothing.
pub(crate) async fn raw_of(
    state: State<Arc<App>>,
    Path(streams): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    open(state, upgrade, false, &streams)
}

/// `/stream?streams=a/b`: events with the name of their stream.
pub(crate) async fn combined(
    state: State<Arc<App>>,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let query = query.unwrap_or_default();
    let streams = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "streams")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    open(state, upgrade, true, &streams)
}

fn open(
    State(app): State<Arc<App>>,
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
    let Ok(place) = Arc::clone(&app.websockets).try_acquire_owned() else {
        return ApiError::OVERLOADED.into_response();
    };
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .on_upgrade(move |socket| async move {
            let (queue, messages) = mpsc::channel(QUEUE);
            let subscriber = Subscriber {
                id: app.hub.next_id(),
                combined,
                queue,
                farewell: watch::Sender::default(),
            };
            let mut connection = Connection {
                app,
                subscriber,
                streams: BTreeSet::new(),
            };
            connection.subscribe(&names);
            connection.serve(socket, messages).await;
            connection.unsubscribe_all();
            drop(place);
        })
}

struct Connection {
    app: Arc<App>,
    subscriber: Subscriber,
    streams: BTreeSet<String>,
}

/// A client that has gone without a word.
const SILENT: Farewell = (close_code::AWAY, "nothing heard for 60 seconds");

impl Connection {
    async fn serve(&mut self, mut socket: WebSocket, mut messages: mpsc::Receiver<Utf8Bytes>) {
        let mut farewell = self.subscriber.farewell.subscribe();
        let mut pings = tokio::time::interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let reason = loop {
            let outgoing = tokio::select! {
                // The sender lives in self, so this ends only when something is said.
                said = farewell.wait_for(Option::is_some) => break said.ok().and_then(|why| *why),
                received = socket.recv() => {
                    let Some(Ok(message)) = received else { break None };
                    heard = Instant::now();
                    match message {
                        Message::Text(text) => self.answer(&text),
                        Message::Binary(_) => self.reply(refusal("text expected", &RequestId::Null)),
                        Message::Close(_) => break None,
                        // Pings are answered by the protocol layer.
                        Message::Ping(_) | Message::Pong(_) => {}
                    }
                    continue;
                }
                message = messages.recv() => {
                    let Some(text) = message else { break None };
                    Message::Text(text)
                }
                _ = pings.tick() => {
                    if heard.elapsed() >= SILENCE {
                        break Some(SILENT);
                    }
                    Message::Ping(axum::body::Bytes::new())
                }
            };
            match tokio::time::timeout(SEND_DEADLINE, socket.send(outgoing)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => break None,
                Err(_) => break Some(TOO_SLOW),
            }
        };
        if let Some((code, reason)) = reason {
            let close = Message::Close(Some(CloseFrame {
                code,
                reason: reason.into(),
            }));
            // A stalled client may not take this either.
            drop(tokio::time::timeout(CLOSE_DEADLINE, socket.send(close)).await);
        }
    }

    fn answer(&mut self, text: &str) {
        let request: Request = match serde_json::from_str(text) {
            Ok(request) => request,
            Err(error) => {
                // The id is worth answering with even where the rest is no good.
                let id = serde_json::from_str::<serde_json::Value>(text)
                    .ok()
                    .and_then(|value| serde_json::from_value(value.get("id")?.clone()).ok())
                    .unwrap_or_default();
                let what = match error.classify() {
                    serde_json::error::Category::Data => "unknown method, field or parameter",
                    _ => "not valid JSON",
                };
                self.reply(refusal(what, &id));
                return;
            }
        };
        let id = request.id;
        match (request.method, request.params) {
            (Method::ListSubscriptions, _) => {
                let names: Vec<_> = self.streams.iter().cloned().collect();
                self.reply(subscriptions(&names, &id));
            }
            (Method::Subscribe, Some(names)) => {
                if too_long(&names) {
                    self.reply(refusal("a stream name is too long", &id));
                    return;
                }
                let new = names.iter().filter(|name| !self.streams.contains(*name));
                let most = self.app.config.limits.streams_per_connection;
                if self.streams.len() + new.count() > most {
                    self.reply(refusal(&format!("more than {most} streams"), &id));
                    return;
                }
                // The answer goes ahead of the first event, and both leave only after the
                // subscription stands: this task sends neither before it is back in its loop.
                self.reply(acknowledgement(&id));
                self.subscribe(&names);
            }
            (Method::Unsubscribe, Some(names)) => {
                for name in &names {
                    self.streams.remove(name);
                    self.app.hub.unsubscribe(name, &self.subscriber);
                }
                self.reply(acknowledgement(&id));
            }
            (_, None) => self.reply(refusal("params expected", &id)),
        }
    }

    fn reply(&self, text: String) {
        if self.subscriber.queue.try_send(text.into()).is_err() {
            self.subscriber.send_away(TOO_SLOW);
        }
    }

    fn subscribe(&mut self, names: &[String]) {
        for name in names {
            self.streams.insert(name.clone());
            self.app.hub.subscribe(name, &self.subscriber);
        }
    }

    fn unsubscribe_all(&mut self) {
        for name in std::mem::take(&mut self.streams) {
            self.app.hub.unsubscribe(&name, &self.subscriber);
        }
    }
}
