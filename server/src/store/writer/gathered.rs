//! Batches on their way into a store.

use std::sync::Arc;

use crate::bus::Batch;
use crate::store::Changes;

/// How many rows, or inputs where they lead to few rows, one write takes: more add little speed,
/// and less is repeated after an error.
const ENOUGH: u64 = 5_000;

/// The feed goes on behind the place a store has come to, or cuts the inputs elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the history has come to input {stored}, but the feed goes on after input {offered}: the \
     history was put back to an earlier state; it is filled up after a restart"
)]
pub(crate) struct Gap {
    pub(crate) stored: u64,
    pub(crate) offered: u64,
}

/// Batches that follow each other, and what they change.
#[derive(Debug)]
pub(super) struct Gathered {
    /// Kept beside the changes, since these cannot be cut.
    batches: Vec<Arc<Batch>>,
    /// Shared with whoever writes them.
    changes: Arc<Changes>,
}

impl Gathered {
    /// Nothing yet for a store that has come to this sequence number.
    pub(super) fn after(seq: u64) -> Self {
        Self {
            batches: Vec::new(),
            changes: Arc::new(Changes::after(seq)),
        }
    }

    /// Adds a batch, unless it is stored already.
    pub(super) fn add(&mut self, batch: Arc<Batch>) -> Result<(), Gap> {
        let stored = self.changes.cursor().seq;
        if batch.last_seq() <= stored {
            return Ok(());
        }
        if batch.prev_seq != stored {
            return Err(Gap {
                stored,
                offered: batch.prev_seq,
            });
        }
        Arc::make_mut(&mut self.changes).add(&batch);
        self.batches.push(batch);
        Ok(())
    }

    /// Drops the batches that a store has which has come to this sequence number.
    pub(super) fn forget_stored(&mut self, seq: u64) -> Result<(), Gap> {
        if seq == self.changes.follows() {
            return Ok(());
        }
        let mut left = Self::after(seq);
        for batch in self.batches.drain(..) {
            left.add(batch)?;
        }
        *self = left;
        Ok(())
    }

    pub(super) fn changes(&self) -> &Arc<Changes> {
        &self.changes
    }

    /// The number of batches.
    pub(super) fn len(&self) -> usize {
        self.batches.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Whether to write without waiting for more.
    pub(super) fn is_enough(&self) -> bool {
        let inputs = self.changes.cursor().seq - self.changes.follows();
        inputs >= ENOUGH || self.changes.rows() as u64 >= ENOUGH
    }
}
