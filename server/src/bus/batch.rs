//! What the sequencer decided, frame by frame.

use exchange_engine::{Event, Reject};
use orderbook_core::Timestamp;
use serde::{Deserialize, Serialize};

/// What became of the inputs of one frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Batch {
    /// The last sequence number before this batch.
    pub(crate) prev_seq: u64,
    /// In order of their sequence numbers; never empty.
    pub(crate) outcomes: Vec<Outcome>,
}

impl Batch {
    /// The sequence number of the last outcome.
    pub(crate) fn last_seq(&self) -> u64 {
        self.prev_seq + self.outcomes.len() as u64
    }
}

/// What became of one input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// When it was sequenced.
    pub(crate) time: Timestamp,
    /// Whether it was refused; there are no events then.
    pub(crate) result: Result<(), Reject>,
    /// What happened.
    pub(crate) events: Vec<Event>,
}
