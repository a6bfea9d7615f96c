//! The event feed: what the sequencer decided, for everybody who folds it.
//!
//! A feed has no gaps: each [`Batch`] names the sequence number it follows. In process, a consumer
//! that falls behind makes the sequencer wait at a bounded queue rather than lose a batch.

mod read_model;

use std::sync::Arc;

use exchange_engine::{Event, Reject};
use orderbook_core::Timestamp;
use tokio::sync::mpsc;

pub(crate) use read_model::ReadModel;

/// How many batches a consumer may be behind before the sequencer waits for it.
const QUEUE: usize = 1024;

/// What became of the inputs of one frame.
#[derive(Debug)]
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
#[derive(Debug)]
pub(crate) struct Outcome {
    /// When it was sequenced.
    pub(crate) time: Timestamp,
    /// Whether it was refused; there are no events then.
    pub(crate) result: Result<(), Reject>,
    /// What happened.
    pub(crate) events: Vec<Event>,
}

/// The feed within a process: every consumer gets every batch.
#[derive(Debug, Default)]
pub(crate) struct InProcessBus {
    consumers: Vec<mpsc::Sender<Arc<Batch>>>,
}

impl InProcessBus {
    /// A new consumer; to be added before anything is published.
    pub(crate) fn subscribe(&mut self) -> mpsc::Receiver<Arc<Batch>> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        self.consumers.push(sender);
        receiver
    }

    /// Hands a batch to every consumer, waiting for those that are behind. Not for async code.
    ///
    /// # Errors
    ///
    /// [`ConsumerGone`] where one has ended: its fold would be missing this batch for good.
    pub(crate) fn publish(&self, batch: &Arc<Batch>) -> Result<(), ConsumerGone> {
        for consumer in &self.consumers {
            consumer
                .blocking_send(Arc::clone(batch))
                .map_err(|_| ConsumerGone)?;
        }
        Ok(())
    }
}

/// A consumer of the feed has ended.
#[derive(Debug, thiserror::Error)]
#[error("a consumer of the event feed has ended")]
pub(crate) struct ConsumerGone;
