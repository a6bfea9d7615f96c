//! The gate in front of the sequencer, which is closed while the log cannot be written.
//!
//! Whoever is refused at the gate is answered at once and knows that nothing has happened, even
//! while the sequencer waits for a storage that does not answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Instant;

use super::sequencer::SubmitError;
use crate::log::LogError;

/// Lets commands in, or refuses them.
#[derive(Debug, Default)]
pub(super) struct Gate {
    closed: RwLock<Option<Suspension>>,
    suspensions: AtomicU64,
}

/// Why no commands are taken, for now.
#[derive(Debug, Clone)]
pub(crate) struct Suspension {
    pub(crate) since: Instant,
    /// What is wrong with the log.
    pub(crate) cause: String,
}

impl Gate {
    /// Lets somebody in. Whoever comes in has done so before the gate closes.
    pub(super) fn enter<T>(&self, enter: impl FnOnce() -> T) -> Result<T, SubmitError> {
        let closed = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        match *closed {
            None => Ok(enter()),
            Some(_) => Err(SubmitError::Suspended),
        }
    }

    pub(super) fn close(&self, error: &LogError) {
        tracing::warn!(%error, "no commands are taken until the command log can be written again");
        self.suspensions.fetch_add(1, Ordering::Relaxed);
        self.set(Some(Suspension {
            since: Instant::now(),
            cause: error.to_string(),
        }));
    }

    /// It stays closed, for this reason by now.
    pub(super) fn stay_closed(&self, error: &LogError) {
        tracing::debug!(%error, "the command log cannot be written yet");
        let mut closed = self.closed.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(suspension) = &mut *closed {
            suspension.cause = error.to_string();
        }
    }

    pub(super) fn open(&self) {
        let closed = self.set(None);
        let seconds = closed.map(|closed| closed.since.elapsed().as_secs_f64());
        tracing::info!(
            seconds,
            "the command log can be written again: commands are taken"
        );
    }

    fn set(&self, suspension: Option<Suspension>) -> Option<Suspension> {
        // A suspension is put there as a whole, so a panic elsewhere leaves it in order.
        let mut closed = self.closed.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut closed, suspension)
    }

    /// Why it is closed.
    pub(super) fn suspension(&self) -> Option<Suspension> {
        let closed = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        closed.clone()
    }

    /// How often it has been closed.
    pub(super) fn suspensions(&self) -> u64 {
        self.suspensions.load(Ordering::Relaxed)
    }
}
