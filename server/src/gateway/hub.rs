//! Fan-out: who has subscribed to which stream, and the last message of each.
//!
//! A message is written once, however many subscribers it has. A subscriber whose queue is full,
//! and everybody when messages have been lost on their way here, is told to go rather than left
//! with a gap that nobody knows of.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::{Utf8Bytes, close_code};
use tokio::sync::{mpsc, watch};

use crate::bus::{self, Body, ConsumerGone, EventBus, Keep, Packet, Position};

/// How many messages a connection may be behind.
pub(crate) const QUEUE: usize = 1024;

/// The streams of an exchange. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hub {
    streams: Arc<Mutex<Streams>>,
    connections: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Streams {
    by_name: HashMap<Arc<str>, Stream>,
    /// How far the public streams have come, and the input that this goes back to.
    position: Position,
    as_of: u64,
}

#[derive(Debug, Default)]
struct Stream {
    last: Option<Message>,
    /// Where the last message, or the one that ended it, was said.
    position: Position,
    subscribers: HashMap<u64, Subscriber>,
}

/// Why a connection ends from our side: a close code and what it says.
pub(crate) type Farewell = (u16, &'static str);

/// A client that does not take its messages.
pub(crate) const TOO_SLOW: Farewell = (
    close_code::POLICY,
    "too slow: messages were not taken in time",
);
/// Messages of the streams have been lost; a client starts anew by connecting again.
const MESSAGES_LOST: Farewell = (
    close_code::RESTART,
    "messages were lost: connect again and start from a snapshot",
);

/// A message in both of the forms in which it is sent.
#[derive(Debug, Clone)]
struct Message {
    raw: Utf8Bytes,
    /// `{"stream": ..., "data": ...}`, for connections to `/stream`.
    combined: Utf8Bytes,
}

impl Message {
    fn new(name: &str, text: &str) -> Self {
        Self {
            combined: format!("{{\"stream\":\"{name}\",\"data\":{text}}}").into(),
            raw: text.into(),
        }
    }
}

/// Where a connection takes its messages.
#[derive(Debug, Clone)]
pub(crate) struct Subscriber {
    pub(crate) id: u64,
    pub(crate) combined: bool,
    pub(crate) queue: mpsc::Sender<Utf8Bytes>,
    /// Told when the connection is to end.
    pub(crate) farewell: watch::Sender<Option<Farewell>>,
}

impl Subscriber {
    fn send(&self, message: &Message) -> Result<(), ()> {
        let text = if self.combined {
            &message.combined
        } else {
            &message.raw
        };
        self.queue.try_send(text.clone()).map_err(|_| {
            self.send_away(TOO_SLOW);
        })
    }

    /// Ends the connection.
    pub(crate) fn send_away(&self, why: Farewell) {
        self.farewell.send_replace(Some(why));
    }
}

impl Hub {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        // Nothing that holds the lock leaves a stream half changed.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a stream known. Subscriptions to others deliver nothing.
    pub(crate) fn add(&self, name: Arc<str>) {
        self.streams().by_name.entry(name).or_default();
    }

    /// A number for a new connection.
    pub(crate) fn next_id(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether anybody has subscribed to a stream.
    pub(crate) fn has_subscribers(&self, name: &str) -> bool {
        let streams = self.streams();
        let stream = streams.by_name.get(name);
        stream.is_some_and(|stream| !stream.subscribers.is_empty())
    }

    /// Says which epoch this is before anything is said in it.
    pub(crate) fn begin(&self, position: Position) {
        self.streams().position = position;
    }

    /// Gives streams the last messages that somebody has kept, where nothing newer is known.
    pub(crate) fn remember(&self, last: Vec<(Position, bus::Message)>) {
        let mut streams = self.streams();
        for (position, message) in last {
            if let Some(stream) = streams.by_name.get_mut(&message.name) {
                stream.remember(position, &message);
            }
        }
    }

    /// The last messages of all streams.
    pub(crate) fn snapshot(&self) -> Packet {
        let streams = self.streams();
        let last = streams.by_name.iter().filter_map(|(name, stream)| {
            Some(bus::Message {
                name: Arc::clone(name),
                keep: Keep::ForLater,
                text: stream.last.as_ref()?.raw.to_string(),
            })
        });
        let Position { epoch, seq } = streams.position;
        Packet {
            stream: bus::Stream::Market,
            epoch,
            prev_seq: seq,
            seq,
            body: Body::Snapshot {
                as_of: streams.as_of,
                messages: last.collect(),
            },
        }
    }

    /// Brings the messages of a packet to their subscribers.
    pub(crate) fn deliver(&self, packet: &Packet) {
        let mut streams = self.streams();
        let streams = &mut *streams;
        let position = packet.position();
        let (as_of, messages) = match &packet.body {
            Body::Messages { as_of, messages } => (*as_of, messages),
            Body::Snapshot { as_of, messages } => {
                // Nobody misses anything who was not there before.
                if streams.position != Position::default() {
                    streams.send_all_away(MESSAGES_LOST);
                }
                // What it does not have is over.
                for stream in streams.by_name.values_mut() {
                    stream.forget_before(position);
                }
                (*as_of, messages)
            }
            Body::Batch(_) | Body::Heartbeat { .. } => return,
        };
        for message in messages {
            if let Some(stream) = streams.by_name.get_mut(&message.name) {
                stream.deliver(position, message);
            }
        }
        (streams.position, streams.as_of) = (position, as_of);
    }

    /// Subscribes to a stream and sends its last message, if there is one.
    pub(crate) fn subscribe(&self, name: &str, subscriber: &Subscriber) {
        let mut streams = self.streams();
        let Some(stream) = streams.by_name.get_mut(name) else {
            return;
        };
        if stream.subscribers.contains_key(&subscriber.id) {
            return;
        }
        let sent = stream
            .last
            .as_ref()
            .map_or(Ok(()), |last| subscriber.send(last));
        if sent.is_ok() {
            stream.subscribers.insert(subscriber.id, subscriber.clone());
        }
    }

    pub(crate) fn unsubscribe(&self, name: &str, subscriber: &Subscriber) {
        if let Some(stream) = self.streams().by_name.get_mut(name) {
            stream.subscribers.remove(&subscriber.id);
        }
    }
}

impl EventBus for Hub {
    fn publish(&self, packet: &Arc<Packet>) -> Result<(), ConsumerGone> {
        self.deliver(packet);
        Ok(())
    }
}

impl Streams {
    fn send_all_away(&mut self, why: Farewell) {
        for stream in self.by_name.values_mut() {
            for (_, subscriber) in stream.subscribers.drain() {
                subscriber.send_away(why);
            }
        }
    }
}

impl Stream {
    fn deliver(&mut self, position: Position, message: &bus::Message) {
        if message.keep == Keep::Nothing && self.subscribers.is_empty() {
            return;
        }
        let ready = Message::new(&message.name, &message.text);
        self.subscribers
            .retain(|_, subscriber| subscriber.send(&ready).is_ok());
        self.keep(position, message.keep, ready);
    }

    fn remember(&mut self, position: Position, message: &bus::Message) {
        let ready = Message::new(&message.name, &message.text);
        self.keep(position, message.keep, ready);
    }

    /// Forgets what was said before a position.
    fn forget_before(&mut self, position: Position) {
        if self.position < position {
            self.position = position;
            self.last = None;
        }
    }

    /// An older message never takes the place of a newer one.
    fn keep(&mut self, position: Position, keep: Keep, message: Message) {
        if keep == Keep::Nothing || position < self.position {
            return;
        }
        self.position = position;
        self.last = (keep == Keep::ForLater).then_some(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRADE: &str = "a@trade";
    const TICKER: &str = "a@ticker";
    const KLINE: &str = "a@kline";

    /// A hub that knows three streams.
    fn hub() -> Hub {
        let hub = Hub::default();
        hub.add(TRADE.into());
        hub.add(TICKER.into());
        hub.add(KLINE.into());
        hub
    }

    fn subscriber(
        hub: &Hub,
        combined: bool,
        size: usize,
    ) -> (Subscriber, mpsc::Receiver<Utf8Bytes>) {
        let (queue, messages) = mpsc::channel(size);
        let subscriber = Subscriber {
            id: hub.next_id(),
            combined,
            queue,
            farewell: watch::Sender::default(),
        };
        (subscriber, messages)
    }

    fn message(name: &str, keep: Keep, text: &str) -> bus::Message {
        bus::Message {
            name: name.into(),
            keep,
            text: text.into(),
        }
    }

    fn packet(epoch: u64, seq: u64, body: Body) -> Packet {
        Packet {
            stream: bus::Stream::Market,
            epoch,
            prev_seq: seq.saturating_sub(1),
            seq,
            body,
        }
    }

    fn say(hub: &Hub, seq: u64, name: &str, keep: Keep, text: &str) {
        let messages = vec![message(name, keep, text)];
        hub.deliver(&packet(1, seq, Body::Messages { as_of: 0, messages }));
    }

    #[test]
    fn both_forms_reach_their_subscribers() {
        let hub = hub();
        let (raw, mut raw_messages) = subscriber(&hub, false, 4);
        let (combined, mut combined_messages) = subscriber(&hub, true, 4);
        hub.subscribe(TRADE, &raw);
        hub.subscribe(TRADE, &combined);
        hub.subscribe("no such stream", &raw);
        say(&hub, 1, TRADE, Keep::Nothing, "{\"e\":1}");
        say(&hub, 2, "no such stream", Keep::Nothing, "{}");
        assert_eq!(raw_messages.try_recv().expect("sent"), "{\"e\":1}");
        assert_eq!(
            combined_messages.try_recv().expect("sent"),
            "{\"stream\":\"a@trade\",\"data\":{\"e\":1}}"
        );
        hub.unsubscribe(TRADE, &raw);
        say(&hub, 3, TRADE, Keep::Nothing, "{\"e\":2}");
        assert!(raw_messages.try_recv().is_err());
        assert!(combined_messages.try_recv().is_ok());
    }

    #[test]
    fn a_new_subscriber_gets_the_last_state_but_no_old_trade() {
        let hub = hub();
        say(&hub, 1, TICKER, Keep::ForLater, "1");
        say(&hub, 2, TICKER, Keep::ForLater, "2");
        say(&hub, 3, TRADE, Keep::Nothing, "3");
        let (late, mut messages) = subscriber(&hub, false, 4);
        hub.subscribe(TICKER, &late);
        hub.subscribe(TRADE, &late);
        assert_eq!(messages.try_recv().expect("cached"), "2");
        assert!(messages.try_recv().is_err());
        say(&hub, 4, TICKER, Keep::Forget, "4");
        assert_eq!(messages.try_recv().expect("news"), "4");
        let (later, mut messages) = subscriber(&hub, false, 4);
        hub.subscribe(TICKER, &later);
        assert!(
            messages.try_recv().is_err(),
            "what is over is not told again"
        );
    }

    #[test]
    fn an_older_message_never_takes_the_place_of_a_newer_one() {
        let hub = hub();
        let at = |epoch, seq| Position { epoch, seq };
        let kept = |text| message(TICKER, Keep::ForLater, text);
        let last = || {
            let (late, mut messages) = subscriber(&hub, false, 4);
            hub.subscribe(TICKER, &late);
            messages.try_recv().map(|text| text.to_string())
        };
        hub.remember(vec![(at(0, 9), kept("of the epoch before"))]);
        assert_eq!(last().as_deref(), Ok("of the epoch before"));
        say(&hub, 5, TICKER, Keep::ForLater, "newer");
        hub.remember(vec![(at(1, 4), kept("late"))]);
        assert_eq!(last().as_deref(), Ok("newer"));
        say(&hub, 6, TICKER, Keep::Forget, "over");
        hub.remember(vec![(at(1, 5), kept("late"))]);
        assert!(last().is_err(), "what is over cannot come back");
    }

    #[test]
    fn a_slow_subscriber_is_told_to_go() {
        let hub = hub();
        let (slow, mut messages) = subscriber(&hub, false, 1);
        let told = slow.farewell.subscribe();
        hub.subscribe(TRADE, &slow);
        say(&hub, 1, TRADE, Keep::Nothing, "1");
        assert_eq!(*told.borrow(), None);
        say(&hub, 2, TRADE, Keep::Nothing, "2");
        assert_eq!(*told.borrow(), Some(TOO_SLOW));
        assert_eq!(messages.try_recv().expect("the first fits"), "1");
        say(&hub, 3, TRADE, Keep::Nothing, "3");
        assert!(messages.try_recv().is_err(), "it gets nothing after a gap");
    }

    #[test]
    fn when_messages_are_lost_everybody_starts_anew() {
        let hub = hub();
        let snapshot = |epoch, seq, text| {
            let messages = vec![message(TICKER, Keep::ForLater, text)];
            packet(epoch, seq, Body::Snapshot { as_of: 7, messages })
        };
        let (early, mut messages) = subscriber(&hub, false, 4);
        let told = early.farewell.subscribe();
        hub.subscribe(TRADE, &early);
        hub.subscribe(TICKER, &early);
        let kept = message(KLINE, Keep::ForLater, "of a candle that has ended since");
        let before = Position { epoch: 1, seq: 2 };
        hub.remember(vec![(before, kept)]);
        hub.deliver(&snapshot(1, 3, "first"));
        assert_eq!(hub.snapshot().body, snapshot(1, 3, "first").body);
        assert_eq!(*told.borrow(), None, "nothing was there to be lost");
        assert_eq!(messages.try_recv().expect("news"), "first");
        hub.deliver(&snapshot(1, 8, "second"));
        assert_eq!(*told.borrow(), Some(MESSAGES_LOST));
        assert!(messages.try_recv().is_err());
        assert_eq!(hub.snapshot().body, snapshot(1, 8, "second").body);
        assert_eq!(hub.snapshot().position(), Position { epoch: 1, seq: 8 });
    }
}
