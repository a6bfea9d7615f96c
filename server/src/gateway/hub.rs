//! Fan-out: who has subscribed to which stream, and the last message of each.
//!
//! Each stream has a lock of its own, so that one with many subscribers is in nobody else's way. A
//! message is written once, however many they are. When messages have been lost on their way here,
//! everybody is told to go rather than left with a gap that nobody knows of.

mod stream;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use axum::extract::ws::close_code;

pub(super) use stream::Subscriber;

use self::stream::Stream;
use super::outbox::Farewell;
use crate::bus::{self, Body, ConsumerGone, EventBus, Keep, Packet, Position};

/// Messages of the streams have been lost; a client starts anew by connecting again.
const MESSAGES_LOST: Farewell = (
    close_code::RESTART,
    "messages were lost: connect again and start from a snapshot",
);

/// The streams of an exchange. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hub {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    streams: RwLock<HashMap<Arc<str>, Arc<Stream>>>,
    /// Held while a packet is delivered: a snapshot is of the time between two of them.
    delivered: Mutex<Delivered>,
    /// Streams whose newest subscribers were told nothing, where somebody asks.
    wanted: Mutex<Option<BTreeSet<Arc<str>>>>,
}

/// How far the public streams have come, and the input that this goes back to.
#[derive(Debug, Default)]
struct Delivered {
    position: Position,
    as_of: u64,
}

impl Hub {
    fn delivered(&self) -> MutexGuard<'_, Delivered> {
        // Nothing that holds the lock leaves it half changed.
        let delivered = self.shared.delivered.lock();
        delivered.unwrap_or_else(PoisonError::into_inner)
    }

    fn wanted(&self) -> MutexGuard<'_, Option<BTreeSet<Arc<str>>>> {
        // As above.
        let wanted = self.shared.wanted.lock();
        wanted.unwrap_or_else(PoisonError::into_inner)
    }

    fn stream(&self, name: &str) -> Option<Arc<Stream>> {
        let streams = self.shared.streams.read();
        let streams = streams.unwrap_or_else(PoisonError::into_inner);
        streams.get(name).map(Arc::clone)
    }

    fn all(&self) -> Vec<(Arc<str>, Arc<Stream>)> {
        let streams = self.shared.streams.read();
        let streams = streams.unwrap_or_else(PoisonError::into_inner);
        let all = streams.iter();
        all.map(|(name, stream)| (Arc::clone(name), Arc::clone(stream)))
            .collect()
    }

    /// Makes a stream known. Subscriptions to others deliver nothing.
    pub(crate) fn add(&self, name: Arc<str>) {
        let streams = self.shared.streams.write();
        let mut streams = streams.unwrap_or_else(PoisonError::into_inner);
        streams.entry(name).or_default();
    }

    #[cfg(test)]
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.stream(name).is_some()
    }

    /// Whether anybody has subscribed to a stream.
    pub(crate) fn has_subscribers(&self, name: &str) -> bool {
        self.stream(name)
            .is_some_and(|stream| stream.has_subscribers())
    }

    /// From now on, only what has subscribers is said here: what was said of a stream before its first
    /// subscriber came is no longer how things are, and is [wanted](Self::take_wanted) anew.
    pub(crate) fn tell_what_is_wanted(&self) {
        self.wanted().get_or_insert_default();
    }

    /// The streams that have got a first subscriber since this was asked last.
    pub(crate) fn take_wanted(&self) -> BTreeSet<Arc<str>> {
        let mut wanted = self.wanted();
        wanted.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Says which epoch this is before anything is said in it.
    pub(crate) fn begin(&self, position: Position) {
        self.delivered().position = position;
    }

    /// Gives streams the last messages that somebody has kept, where nothing newer is known.
    pub(crate) fn remember(&self, last: Vec<(Position, bus::Message)>) {
        for (position, message) in last {
            if let Some(stream) = self.stream(&message.name) {
                stream.remember(position, &message);
            }
        }
    }

    /// The last messages of all streams.
    pub(crate) fn snapshot(&self) -> Packet {
        let delivered = self.delivered();
        let all = self.all().into_iter();
        let last = all.filter_map(|(name, stream)| {
            Some(bus::Message {
                text: stream.last()?.to_string(),
                keep: Keep::ForLater,
                name,
            })
        });
        let Position { epoch, seq } = delivered.position;
        Packet {
            stream: bus::Stream::Market,
            epoch,
            prev_seq: seq,
            seq,
            body: Body::Snapshot {
                as_of: delivered.as_of,
                messages: last.collect(),
            },
        }
    }

    /// Brings the messages of a packet to their subscribers.
    pub(crate) fn deliver(&self, packet: &Packet) {
        let mut delivered = self.delivered();
        let position = packet.position();
        let (as_of, messages) = match &packet.body {
            Body::Messages { as_of, messages } => (*as_of, messages),
            Body::Snapshot { as_of, messages } => {
                // Nobody misses anything who was not there before.
                let lost = delivered.position != Position::default();
                for (_, stream) in self.all() {
                    if lost {
                        stream.send_all_away(MESSAGES_LOST);
                    }
                    // What it does not have is over.
                    stream.forget_before(position);
                }
                (*as_of, messages)
            }
            Body::Batch(_) | Body::Heartbeat { .. } => return,
        };
        for message in messages {
            if let Some(stream) = self.stream(&message.name) {
                stream.deliver(position, message);
            }
        }
        *delivered = Delivered { position, as_of };
    }

    /// Subscribes to a stream and sends its last message, if there is one.
    pub(super) fn subscribe(&self, name: &str, subscriber: &Subscriber) {
        let Some(stream) = self.stream(name) else {
            return;
        };
        let is_outdated = self.wanted().is_some() && stream.forget_unheard();
        stream.subscribe(subscriber);
        // Only now, so that whoever takes it finds a subscriber.
        if is_outdated && let Some(wanted) = &mut *self.wanted() {
            wanted.insert(name.into());
        }
    }

    /// After this, nothing of the stream is sent any more.
    pub(super) fn unsubscribe(&self, name: &str, subscriber: &Subscriber) {
        if let Some(stream) = self.stream(name) {
            stream.unsubscribe(subscriber);
        }
    }
}

impl EventBus for Hub {
    fn publish(&self, packet: &Arc<Packet>) -> Result<(), ConsumerGone> {
        self.deliver(packet);
        Ok(())
    }
}
