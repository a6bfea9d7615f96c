//! A bound on work: so many at once, so many more waiting, and the rest is refused.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::CredentialsError;

/// Lets a few in at a time.
pub(super) struct Gate {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// The right to do the work once. It goes along to where the work is done: a caller who stops
/// waiting must not let another start while the work is still going on.
pub(super) struct Turn {
    _running: OwnedSemaphorePermit,
    _admitted: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new(running: usize, waiting: usize) -> Self {
        Self {
            admitted: Arc::new(Semaphore::new(running + waiting)),
            running: Arc::new(Semaphore::new(running)),
        }
    }

    /// Waits for a turn, or refuses when too many wait already.
    pub(super) async fn turn(&self) -> Result<Turn, CredentialsError> {
        // Nobody closes the semaphores, so an error here means that none is free.
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| CredentialsError::Busy)?;
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|_| CredentialsError::Busy)?;
        Ok(Turn {
            _running: running,
            _admitted: admitted,
        })
    }

    /// The turns, for tests that take them all.
    #[cfg(test)]
    pub(super) fn running(&self) -> Arc<Semaphore> {
        Arc::clone(&self.running)
    }

    /// Free places, running and waiting, for tests.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.admitted.available_permits()
    }
}
