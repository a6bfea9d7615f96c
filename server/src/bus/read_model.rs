//! A fold over the feed that can be asked.
//!
//! A fold runs behind the sequencer. Who has been told of a sequence number must find it in what
//! is read afterwards, so reads first wait until the fold has come that far.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::watch;

/// A model, and the sequence number up to which it has folded the feed.
#[derive(Debug)]
pub(crate) struct ReadModel<M> {
    model: Arc<RwLock<M>>,
    folded: watch::Sender<u64>,
}

impl<M> Clone for ReadModel<M> {
    fn clone(&self) -> Self {
        Self {
            model: Arc::clone(&self.model),
            folded: self.folded.clone(),
        }
    }
}

impl<M> ReadModel<M> {
    /// A model that has folded everything up to `seq`.
    pub(crate) fn new(model: M, seq: u64) -> Self {
        Self {
            model: Arc::new(RwLock::new(model)),
            folded: watch::Sender::new(seq),
        }
    }

    /// Up to where it has folded.
    pub(crate) fn folded(&self) -> u64 {
        *self.folded.borrow()
    }

    /// The model once it has folded everything up to `seq`.
    ///
    /// Do not hold the guard across an `await`.
    pub(crate) async fn at(&self, seq: u64) -> RwLockReadGuard<'_, M> {
        let mut folded = self.folded.subscribe();
        // The sender lives in self, so waiting cannot fail.
        drop(folded.wait_for(|folded| *folded >= seq).await);
        self.read()
    }

    /// The model as it is.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, M> {
        // A fold that panicked has ended its feed and with it the sequencer; what is there is
        // still the last whole state.
        self.model.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, M> {
        self.model.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The model has folded everything up to `seq`.
    pub(crate) fn advance(&self, seq: u64) {
        self.folded.send_replace(seq);
    }
}
