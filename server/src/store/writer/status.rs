//! What the writer can be asked for while it runs.

use std::fmt::Display;

use tokio::sync::watch;
use tokio::time::Instant;

use super::gathered::Gathered;
use crate::store::Cursor;

/// How a writer is doing. Clones are of the same writer.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriterStatus {
    progress: watch::Sender<WriterProgress>,
}

/// What a writer has done since it started, and what stops it.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriterProgress {
    /// How far the store has come.
    pub(crate) cursor: Cursor,
    /// Rows added or changed.
    pub(crate) rows: u64,
    /// Batches of the feed written.
    pub(crate) batches: u64,
    /// Writes repeated after an error.
    pub(crate) retries: u64,
    /// Present from the first error to the next success.
    pub(crate) failing: Option<Failing>,
}

/// Why nothing is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failing {
    /// When it began.
    pub(crate) since: Instant,
    /// The latest error.
    pub(crate) error: String,
}

impl WriterStatus {
    /// How it is doing now.
    pub(crate) fn progress(&self) -> WriterProgress {
        self.progress.borrow().clone()
    }

    /// What was gathered is stored.
    pub(super) fn wrote(&self, gathered: &Gathered) {
        let changes = gathered.changes();
        self.progress.send_modify(|progress| {
            progress.rows += changes.rows() as u64;
            progress.batches += gathered.len() as u64;
        });
        self.advanced(changes.cursor());
    }

    /// The store tells that it has come this far.
    pub(crate) fn advanced(&self, cursor: Cursor) {
        self.progress.send_modify(|progress| {
            progress.cursor = cursor;
            if let Some(failing) = progress.failing.take() {
                let seconds = failing.since.elapsed().as_secs();
                tracing::info!(seq = cursor.seq, seconds, "the history is written again");
            }
        });
    }

    /// Nothing can be written, or nothing read that could be written.
    pub(super) fn failed(&self, error: &impl Display) {
        let error = error.to_string();
        self.progress.send_modify(|progress| {
            let failing = progress.failing.get_or_insert_with(|| Failing {
                since: Instant::now(),
                error: String::new(),
            });
            // Said once, though it is tried again every few seconds.
            if failing.error != error {
                tracing::warn!(error, "the history is not being written");
                failing.error = error;
            }
        });
    }

    pub(super) fn retried(&self) {
        self.progress.send_modify(|progress| progress.retries += 1);
    }
}
