//! Where a stream is published, and where those who missed something find it again.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{Body, Packet, Position};

/// Carries packets to whoever follows a stream.
///
/// What arrives of a stream arrives in order. Whether everything arrives is a matter of the bus: in
/// process it does, over Redis Pub/Sub it need not. A gap shows in the sequence numbers, and a
/// [`Follower`](super::Follower) fills it from the [`Outlet`].
pub(crate) trait EventBus: Debug + Send + Sync {
    /// Sends a packet.
    ///
    /// # Errors
    ///
    /// [`ConsumerGone`] where somebody who must have every packet has ended.
    fn publish(&self, packet: &Arc<Packet>) -> Result<(), ConsumerGone>;
}

/// A consumer of the feed has ended.
#[derive(Debug, thiserror::Error)]
#[error("a consumer of the event feed has ended")]
pub(crate) struct ConsumerGone;

/// Publishes a stream on every bus and remembers the newest packets. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Outlet {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    ring: Mutex<Ring>,
    newest: watch::Sender<Position>,
    buses: Vec<Arc<dyn EventBus>>,
}

/// The newest packets, up to a weight.
#[derive(Debug)]
struct Ring {
    packets: VecDeque<Arc<Packet>>,
    weight: usize,
    most: usize,
}

/// How much memory a packet stands for, in events and messages.
fn weight(packet: &Packet) -> usize {
    1 + match &packet.body {
        Body::Batch(batch) => {
            let events = batch.outcomes.iter().map(|outcome| outcome.events.len());
            batch.outcomes.len() + events.sum::<usize>()
        }
        Body::Messages { messages, .. } | Body::Snapshot { messages, .. } => messages.len(),
        Body::Heartbeat { .. } => 0,
    }
}

impl Outlet {
    /// An outlet that remembers about so many events or messages.
    pub(crate) fn new(remembers: usize, buses: Vec<Arc<dyn EventBus>>) -> Self {
        let ring = Ring {
            packets: VecDeque::new(),
            weight: 0,
            most: remembers,
        };
        Self {
            inner: Arc::new(Inner {
                ring: Mutex::new(ring),
                newest: watch::Sender::default(),
                buses,
            }),
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // Nothing that holds the lock can panic half-way through a change.
        self.inner
            .ring
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes the packet that follows the last one.
    ///
    /// # Errors
    ///
    /// As [`EventBus::publish`].
    pub(crate) fn publish(&self, packet: Packet) -> Result<(), ConsumerGone> {
        let packet = Arc::new(packet);
        {
            let mut ring = self.ring();
            ring.weight += weight(&packet);
            ring.packets.push_back(Arc::clone(&packet));
            while ring.weight > ring.most
                && let Some(oldest) = ring.packets.pop_front()
            {
                ring.weight -= weight(&oldest);
            }
        }
        for bus in &self.inner.buses {
            bus.publish(&packet)?;
        }
        self.inner.newest.send_replace(packet.position());
        Ok(())
    }

    /// Tells the followers on every bus how far the stream has come. It is not remembered.
    ///
    /// # Errors
    ///
    /// As [`EventBus::publish`].
    pub(crate) fn beat(&self, heartbeat: Packet) -> Result<(), ConsumerGone> {
        let heartbeat = Arc::new(heartbeat);
        let mut buses = self.inner.buses.iter();
        buses.try_for_each(|bus| bus.publish(&heartbeat))
    }

    /// The packets after a sequence number, or `None` where they are no longer remembered.
    ///
    /// Whether the sequence number is of this epoch is for the caller to know.
    pub(crate) fn after(&self, seq: u64) -> Option<Vec<Arc<Packet>>> {
        if seq >= self.newest().seq {
            return Some(Vec::new());
        }
        let ring = self.ring();
        let from = ring.packets.partition_point(|packet| packet.seq <= seq);
        let first = ring.packets.get(from)?;
        (first.prev_seq <= seq).then(|| ring.packets.range(from..).cloned().collect())
    }

    /// How far the stream has come.
    pub(crate) fn newest(&self) -> Position {
        *self.inner.newest.borrow()
    }

    /// Changes when the stream goes on.
    pub(crate) fn watch(&self) -> watch::Receiver<Position> {
        self.inner.newest.subscribe()
    }

    /// Says where the stream stands before anything is published, or under which epoch it goes on.
    pub(crate) fn begin(&self, position: Position) {
        self.inner.newest.send_replace(position);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Stream;
    use super::*;

    fn publish(outlet: &Outlet, seqs: std::ops::RangeInclusive<u64>) {
        for seq in seqs {
            let packet = Packet {
                stream: Stream::Market,
                epoch: 1,
                prev_seq: seq - 1,
                seq,
                body: Body::Messages {
                    as_of: 0,
                    messages: Vec::new(),
                },
            };
            outlet.publish(packet).expect("there is no bus");
        }
    }

    fn seqs(packets: Option<Vec<Arc<Packet>>>) -> Option<Vec<u64>> {
        packets.map(|packets| packets.iter().map(|packet| packet.seq).collect())
    }

    #[test]
    fn the_newest_packets_are_remembered() {
        let outlet = Outlet::new(3, Vec::new());
        assert_eq!(seqs(outlet.after(0)), Some(vec![]));
        publish(&outlet, 1..=2);
        assert_eq!(seqs(outlet.after(0)), Some(vec![1, 2]));
        publish(&outlet, 3..=5);
        assert_eq!(seqs(outlet.after(1)), None);
        assert_eq!(seqs(outlet.after(2)), Some(vec![3, 4, 5]));
        assert_eq!(seqs(outlet.after(4)), Some(vec![5]));
        assert_eq!(seqs(outlet.after(5)), Some(vec![]));
        assert_eq!(outlet.newest(), Position { epoch: 1, seq: 5 });
    }

    #[test]
    fn an_outlet_that_remembers_nothing_says_so() {
        let outlet = Outlet::new(0, Vec::new());
        publish(&outlet, 1..=1);
        assert_eq!(seqs(outlet.after(0)), None);
        assert_eq!(seqs(outlet.after(1)), Some(vec![]));
    }
}
