//! Fan-out: who has subscribed to which stream, and the last message of each.
//!
//! A message is serialised once, however many subscribers it has. A subscriber whose queue is full
//! is told to go rather than left with a gap it does not know of.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use serde_json::Value;
use tokio::sync::{Notify, mpsc};

/// How many messages a connection may be behind.
pub(crate) const QUEUE: usize = 1024;

/// The streams of an exchange. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hub {
    streams: Arc<Mutex<HashMap<String, Stream>>>,
    connections: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Stream {
    last: Option<Message>,
    subscribers: HashMap<u64, Subscriber>,
}

/// A message in both of the forms in which it is sent.
#[derive(Debug, Clone)]
struct Message {
    raw: Utf8Bytes,
    /// `{"stream": ..., "data": ...}`, for connections to `/stream`.
    combined: Utf8Bytes,
}

/// What a later subscriber is told at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// This message: it tells how things are.
    ForLater,
    /// What was kept before: this is news, and nothing else.
    Nothing,
    /// Nothing: this message ends what was kept.
    Forget,
}

/// Where a connection takes its messages.
#[derive(Debug, Clone)]
pub(crate) struct Subscriber {
    pub(crate) id: u64,
    pub(crate) combined: bool,
    pub(crate) queue: mpsc::Sender<Utf8Bytes>,
    /// Woken when the queue has overflowed.
    pub(crate) too_slow: Arc<Notify>,
}

impl Subscriber {
    fn send(&self, message: &Message) -> Result<(), ()> {
        let text = if self.combined {
            &message.combined
        } else {
            &message.raw
        };
        self.queue.try_send(text.clone()).map_err(|_| {
            self.too_slow.notify_one();
        })
    }
}

impl Hub {
    fn streams(&self) -> MutexGuard<'_, HashMap<String, Stream>> {
        // Nothing that holds the lock leaves a stream half changed.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a stream known. Subscriptions to others deliver nothing.
    pub(crate) fn add(&self, name: String) {
        self.streams().entry(name).or_default();
    }

    /// A number for a new connection.
    pub(crate) fn next_id(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends a message to the subscribers of a stream, and to later ones where it is kept.
    pub(crate) fn publish(&self, name: &str, keep: Keep, message: impl FnOnce() -> Value) {
        let mut streams = self.streams();
        let Some(stream) = streams.get_mut(name) else {
            return;
        };
        match keep {
            Keep::Nothing if stream.subscribers.is_empty() => return,
            Keep::Nothing | Keep::ForLater => {}
            Keep::Forget => stream.last = None,
        }
        let raw = message().to_string();
        let message = Message {
            combined: format!("{{\"stream\":\"{name}\",\"data\":{raw}}}").into(),
            raw: raw.into(),
        };
        stream
            .subscribers
            .retain(|_, subscriber| subscriber.send(&message).is_ok());
        if keep == Keep::ForLater {
            stream.last = Some(message);
        }
    }

    /// Subscribes to a stream and sends its last message, if there is one.
    pub(crate) fn subscribe(&self, name: &str, subscriber: &Subscriber) {
        let mut streams = self.streams();
        let Some(stream) = streams.get_mut(name) else {
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
        if let Some(stream) = self.streams().get_mut(name) {
            stream.subscribers.remove(&subscriber.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
            too_slow: Arc::default(),
        };
        (subscriber, messages)
    }

    #[test]
    fn both_forms_reach_their_subscribers() {
        let hub = Hub::default();
        hub.add("a@trade".into());
        let (raw, mut raw_messages) = subscriber(&hub, false, 4);
        let (combined, mut combined_messages) = subscriber(&hub, true, 4);
        hub.subscribe("a@trade", &raw);
        hub.subscribe("a@trade", &combined);
        hub.subscribe("no such stream", &raw);
        hub.publish("a@trade", Keep::Nothing, || json!({ "e": 1 }));
        hub.publish("no such stream", Keep::Nothing, || json!({}));
        assert_eq!(raw_messages.try_recv().expect("sent"), "{\"e\":1}");
        assert_eq!(
            combined_messages.try_recv().expect("sent"),
            "{\"stream\":\"a@trade\",\"data\":{\"e\":1}}"
        );
        hub.unsubscribe("a@trade", &raw);
        hub.publish("a@trade", Keep::Nothing, || json!({ "e": 2 }));
        assert!(raw_messages.try_recv().is_err());
        assert!(combined_messages.try_recv().is_ok());
    }

    #[test]
    fn a_new_subscriber_gets_the_last_state_but_no_old_trade() {
        let hub = Hub::default();
        hub.add("a@ticker".into());
        hub.add("a@trade".into());
        hub.publish("a@ticker", Keep::ForLater, || json!(1));
        hub.publish("a@ticker", Keep::ForLater, || json!(2));
        hub.publish("a@trade", Keep::Nothing, || json!(3));
        let (late, mut messages) = subscriber(&hub, false, 4);
        hub.subscribe("a@ticker", &late);
        hub.subscribe("a@trade", &late);
        assert_eq!(messages.try_recv().expect("cached"), "2");
        assert!(messages.try_recv().is_err());
        hub.publish("a@ticker", Keep::Forget, || json!(4));
        assert_eq!(messages.try_recv().expect("news"), "4");
        let (later, mut messages) = subscriber(&hub, false, 4);
        hub.subscribe("a@ticker", &later);
        assert!(
            messages.try_recv().is_err(),
            "what is over is not told again"
        );
    }

    #[tokio::test]
    async fn a_slow_subscriber_is_told_to_go() {
        let hub = Hub::default();
        hub.add("a@trade".into());
        let (slow, mut messages) = subscriber(&hub, false, 1);
        hub.subscribe("a@trade", &slow);
        hub.publish("a@trade", Keep::Nothing, || json!(1));
        hub.publish("a@trade", Keep::Nothing, || json!(2));
        slow.too_slow.notified().await;
        assert_eq!(messages.try_recv().expect("the first fits"), "1");
        hub.publish("a@trade", Keep::Nothing, || json!(3));
        assert!(messages.try_recv().is_err(), "it gets nothing after a gap");
    }
}
