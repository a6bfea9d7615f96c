//! What travels on the bus.

use std::sync::Arc;

use orderbook_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::Batch;

/// The streams of the bus. Each counts its packets by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stream {
    /// What the sequencer decided. Sequence numbers are those of the inputs and go on for ever.
    Feed,
    /// What subscribers of market data are told. Sequence numbers begin anew with each epoch.
    Market,
}

impl Stream {
    /// The name, as it is used in addresses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Feed => "feed",
            Self::Market => "market",
        }
    }
}

/// One message of the bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Packet {
    pub(crate) stream: Stream,
    /// Counts up with every start of the publisher.
    pub(crate) epoch: u64,
    /// Where the packet before this one ended: whoever has not come that far has missed something.
    pub(crate) prev_seq: u64,
    /// Where this one ends.
    pub(crate) seq: u64,
    pub(crate) body: Body,
}

/// What a packet is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Body {
    /// What became of the inputs of one frame.
    Batch(Arc<Batch>),
    /// What subscribers are told, and the input of the feed that it goes back to.
    Messages { as_of: u64, messages: Vec<Message> },
    /// Everything up to `seq` has been said, and every later input has this time or a later one.
    Heartbeat { time: Timestamp },
    /// What came before is not to be had any more; these are the last messages of all streams that
    /// have one, and the input of the feed that they go back to.
    Snapshot { as_of: u64, messages: Vec<Message> },
}

/// A message to the subscribers of a public stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// The public stream, for example `btcusdt@trade`.
    pub(crate) name: Arc<str>,
    pub(crate) keep: Keep,
    /// JSON.
    pub(crate) text: String,
}

/// What a later subscriber is told at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Keep {
    /// This message: it tells how things are.
    ForLater,
    /// What was kept before: this is news, and nothing else.
    Nothing,
    /// Nothing: this message ends what was kept.
    Forget,
}

/// How far somebody has come in a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) epoch: u64,
    pub(crate) seq: u64,
}

/// What a packet is to somebody at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The next one: take it.
    Next,
    /// Known already, or from a publisher that has been replaced.
    Old,
    /// Something before it has been missed.
    Gap,
}

impl Packet {
    /// Says that a stream has come to a position, and time to `time`.
    pub(crate) const fn heartbeat(stream: Stream, at: Position, time: Timestamp) -> Self {
        Self {
            stream,
            epoch: at.epoch,
            prev_seq: at.seq,
            seq: at.seq,
            body: Body::Heartbeat { time },
        }
    }

    pub(crate) const fn position(&self) -> Position {
        Position {
            epoch: self.epoch,
            seq: self.seq,
        }
    }

    /// What this packet is to somebody who has come to `position`, or nowhere yet.
    pub(crate) fn place(&self, position: Option<Position>) -> Place {
        let Some(position) = position else {
            let begins = match self.body {
                Body::Snapshot { .. } => true,
                Body::Heartbeat { .. } => false,
                Body::Batch(_) | Body::Messages { .. } => {
                    self.stream == Stream::Feed && self.prev_seq == 0
                }
            };
            return if begins { Place::Next } else { Place::Gap };
        };
        if self.epoch < position.epoch {
            return Place::Old;
        }
        // The feed goes on where the epoch before ended; the market begins anew.
        let another = self.epoch > position.epoch && self.stream == Stream::Market;
        match &self.body {
            Body::Snapshot { .. } if another || self.seq > position.seq => Place::Next,
            Body::Snapshot { .. } => Place::Old,
            _ if another => Place::Gap,
            // The publisher has been started again, with less than we have been told. Whoever asks
            // it directly is told so.
            Body::Heartbeat { .. } if self.epoch > position.epoch && self.seq < position.seq => {
                Place::Gap
            }
            Body::Heartbeat { .. } if self.seq <= position.seq => Place::Next,
            Body::Heartbeat { .. } => Place::Gap,
            _ if self.seq <= position.seq => Place::Old,
            _ if self.prev_seq == position.seq => Place::Next,
            _ => Place::Gap,
        }
    }

    /// The packet as it travels.
    pub(crate) fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("plain data always encodes")
    }

    /// # Errors
    ///
    /// Where these are not the bytes of a packet.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, postcard::Error> {
        postcard::from_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(stream: Stream, epoch: u64, prev_seq: u64, seq: u64, body: Body) -> Packet {
        Packet {
            stream,
            epoch,
            prev_seq,
            seq,
            body,
        }
    }

    fn market(epoch: u64, seq: u64) -> Packet {
        let (as_of, messages) = (0, vec![]);
        let body = Body::Messages { as_of, messages };
        packet(Stream::Market, epoch, seq - 1, seq, body)
    }

    fn heartbeat(stream: Stream, epoch: u64, seq: u64) -> Packet {
        Packet::heartbeat(stream, Position { epoch, seq }, Timestamp::default())
    }

    fn batch(epoch: u64, prev_seq: u64, seq: u64) -> Packet {
        let body = Body::Batch(Arc::new(Batch {
            prev_seq,
            outcomes: vec![],
            listings: vec![],
        }));
        packet(Stream::Feed, epoch, prev_seq, seq, body)
    }

    #[test]
    fn what_follows_is_told_from_what_is_old_and_what_is_missing() {
        let at = |epoch, seq| Some(Position { epoch, seq });
        let snapshot = |epoch, seq| {
            let (as_of, messages) = (0, vec![]);
            let body = Body::Snapshot { as_of, messages };
            packet(Stream::Market, epoch, seq, seq, body)
        };
        let cases = [
            (market(2, 5), at(2, 4), Place::Next),
            (market(2, 5), at(2, 5), Place::Old),
            (market(2, 5), at(2, 3), Place::Gap),
            (market(2, 5), None, Place::Gap),
            // A publisher that was replaced has nothing more to say.
            (market(1, 9), at(2, 4), Place::Old),
            (market(3, 1), at(2, 4), Place::Gap),
            (snapshot(3, 1), at(2, 4), Place::Next),
            (snapshot(3, 0), at(2, 4), Place::Next),
            (snapshot(2, 9), at(2, 4), Place::Next),
            (snapshot(2, 4), at(2, 4), Place::Old),
            (snapshot(1, 9), None, Place::Next),
            (heartbeat(Stream::Market, 2, 4), at(2, 4), Place::Next),
            (heartbeat(Stream::Market, 2, 5), at(2, 4), Place::Gap),
            (heartbeat(Stream::Market, 3, 0), at(2, 4), Place::Gap),
            // Inputs are numbered on across epochs.
            (batch(3, 4, 6), at(2, 4), Place::Next),
            (batch(2, 4, 6), at(2, 6), Place::Old),
            (batch(2, 4, 6), at(2, 3), Place::Gap),
            (batch(1, 4, 6), at(2, 4), Place::Old),
            (batch(1, 0, 6), None, Place::Next),
            (batch(1, 4, 6), None, Place::Gap),
            (heartbeat(Stream::Feed, 3, 4), at(2, 4), Place::Next),
            (heartbeat(Stream::Feed, 3, 5), at(2, 4), Place::Gap),
            (heartbeat(Stream::Feed, 2, 3), at(2, 4), Place::Next),
            (heartbeat(Stream::Feed, 3, 3), at(2, 4), Place::Gap),
        ];
        for (packet, position, place) in cases {
            assert_eq!(packet.place(position), place, "{packet:?} at {position:?}");
        }
    }

    #[test]
    fn packets_travel_unchanged() {
        let message = Message {
            name: "btcusdt@trade".into(),
            keep: Keep::Nothing,
            text: "{}".into(),
        };
        let body = Body::Messages {
            as_of: 9,
            messages: vec![message],
        };
        let sent = packet(Stream::Market, 1, 2, 3, body);
        assert_eq!(Packet::decode(&sent.encode()), Ok(sent));
        assert!(Packet::decode(b"\xff").is_err());
    }
}
