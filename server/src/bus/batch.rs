//! What the sequencer decided, frame by frame.

use exchange_engine::{Command, Event, Reject};
use orderbook_core::Timestamp;
use serde::{Deserialize, Serialize};

/// What became of the inputs of one frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Batch {
    /// The last sequence number before this batch.
    pub(crate) prev_seq: u64,
    /// In order of their sequence numbers; never empty.
    pub(crate) outcomes: Vec<Outcome>,
    /// What was carried out of it that changes what is listed or on which terms, which events only
    /// name.
    pub(crate) listings: Vec<Command>,
}

/// Whether a command changes what is listed, or on which terms.
pub(super) const fn is_about_listings(command: &Command) -> bool {
    matches!(
        command,
        Command::AddAsset { .. }
            | Command::ListInstrument(_)
            | Command::DelistInstrument { .. }
            | Command::SetFees { .. }
            | Command::LimitInstrument { .. }
    )
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
