//! The life of one connection: what comes in goes to its session, what waits in its inbox goes out.
//!
//! While a client does not take what is being sent to it, nothing is read from it either. Messages
//! that wait meanwhile are bounded by the [inbox](crate::gateway::outbox).

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, close_code};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout};

use super::allowance::Allowance;
use crate::config::Limits;
use crate::gateway::outbox::{Farewell, Inbox, Outgoing, TOO_SLOW};

const PING_EVERY: Duration = Duration::from_secs(20);
/// A client that neither says nor answers anything for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// A client that takes nothing for so long is stalled.
const STALLED: Duration = Duration::from_secs(30);
/// How long a client that is sent away may take to hear why.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long to wait for a client to hang up, too.
const HANGING_UP: Duration = Duration::from_secs(2);
/// How much is sent in one go, in bytes.
pub(super) const BATCH: usize = 32 * 1024;

const SILENT: Farewell = (close_code::AWAY, "nothing heard for 60 seconds");
const TOO_MANY_REQUESTS: Farewell = (close_code::POLICY, "too many requests");
const TOO_LARGE: Farewell = (close_code::SIZE, "a message is too large");
const BROKEN: Farewell = (close_code::PROTOCOL, "not a WebSocket frame");
const TOO_OLD: Farewell = (
    close_code::NORMAL,
    "the connection has stood for as long as it may: connect again",
);

/// What a client talks to. Answers go to the outbox of the connection.
pub(crate) trait Session: Send {
    /// Whether so many texts a second are allowed and no more, whatever they say.
    const METERED: bool = true;

    /// Takes a message; `None` is one that is not text. Until this returns, nothing is sent and no
    /// other message is taken.
    fn hear(&mut self, text: Option<&str>) -> impl Future<Output = ()> + Send;
}

/// What a client may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    messages_per_second: u32,
    lifetime: Duration,
}

impl Rules {
    pub(super) fn of(limits: &Limits) -> Self {
        Self {
            messages_per_second: limits.websocket_messages_per_second,
            lifetime: Duration::from_secs(limits.websocket_lifetime_seconds.into()),
        }
    }
}

/// How a conversation ends.
enum End {
    /// The client has left, or cannot be reached.
    Left,
    SentAway(Farewell),
}

/// Serves a connection until it ends.
pub(super) async fn serve<S, E>(
    mut socket: S,
    mut inbox: Inbox,
    session: &mut impl Session,
    rules: Rules,
) where
    S: Stream<Item = Result<Message, E>> + Sink<Message> + Unpin,
    E: Display,
{
    let end = converse(&mut socket, &mut inbox, session, rules).await;
    // Nobody can say anything any more.
    drop(inbox);
    if let End::SentAway((code, reason)) = end {
        let reason = reason.into();
        let close = Message::Close(Some(CloseFrame { code, reason }));
        match timeout(FAREWELL, socket.send(close)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
    // Hanging up on what has not been read could keep the client from hearing why. Reading on also
    // answers the farewell of the client.
    let hanging_up = async { while let Some(Ok(_)) = socket.next().await {} };
    drop(timeout(HANGING_UP, hanging_up).await);
}

async fn converse<S, E, C>(socket: &mut S, inbox: &mut Inbox, session: &mut C, rules: Rules) -> End
where
    S: Stream<Item = Result<Message, E>> + Sink<Message> + Unpin,
    E: Display,
    C: Session,
{
    let begun = Instant::now();
    let mut heard = begun;
    let mut allowance = Allowance::new(rules.messages_per_second);
    let mut pings = interval_at(begun + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let sent = tokio::select! {
            outgoing = inbox.next() => match outgoing {
                Outgoing::Text(text) => send(socket, inbox, vec![Message::Text(text)]).await,
                Outgoing::Close(why) => Err(End::SentAway(why)),
            },
            received = socket.next() => {
                let message = match received {
                    None => return End::Left,
                    Some(Err(error)) => return End::SentAway(fault(&error)),
                    Some(Ok(message)) => message,
                };
                heard = Instant::now();
                let is_metered = C::METERED || !matches!(message, Message::Text(_));
                if is_metered && !allowance.take() {
                    return End::SentAway(TOO_MANY_REQUESTS);
                }
                match message {
                    Message::Text(text) => session.hear(Some(text.as_str())).await,
                    Message::Binary(_) => session.hear(None).await,
                    Message::Pong(_) => continue,
                    Message::Close(_) => return End::Left,
                    // The protocol layer has the answer ready.
                    Message::Ping(_) => {}
                }
                // Who does not take the answers gets no more of them.
                send(socket, inbox, Vec::new()).await
            }
            _ = pings.tick() => {
                if heard.elapsed() >= SILENCE {
                    return End::SentAway(SILENT);
                }
                send(socket, inbox, vec![Message::Ping(Bytes::new())]).await
            }
            () = sleep_until(begun + rules.lifetime) => Err(End::SentAway(TOO_OLD)),
        };
        if let Err(end) = sent {
            return end;
        }
    }
}

/// Why nothing more can be read. The protocol layer does not show us what kind its errors are of.
fn fault(error: &impl Display) -> Farewell {
    if error.to_string().contains("too long") {
        TOO_LARGE
    } else {
        BROKEN
    }
}

/// Sends messages and what else waits by now, as far as it goes in one go, unless the connection is
/// to end before that.
async fn send<S>(socket: &mut S, inbox: &mut Inbox, mut messages: Vec<Message>) -> Result<(), End>
where
    S: Sink<Message> + Unpin,
{
    let mut size = 0;
    while size < BATCH {
        match inbox.try_next() {
            Some(Outgoing::Text(text)) => {
                size += text.len();
                messages.push(Message::Text(text));
            }
            // What has been taken out so far is sent if it can be.
            Some(Outgoing::Close(_)) | None => break,
        }
    }
    let sending = async {
        for message in messages {
            socket.feed(message).await?;
        }
        socket.flush().await
    };
    tokio::select! {
        // What can be sent is sent.
        biased;
        sent = sending => sent.map_err(|_| End::Left),
        why = inbox.farewell() => Err(End::SentAway(why)),
        () = sleep(STALLED) => Err(End::SentAway(TOO_SLOW)),
    }
}

#[cfg(test)]
mod tests;
