//! What is done now and then, off the path of any request.

use std::sync::Weak;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Inner;

/// How long between two notes of which API keys were used.
const PAUSE: Duration = Duration::from_secs(60);

/// The task that does it; ends when this is dropped.
pub(super) struct Housekeeping(JoinHandle<()>);

impl Housekeeping {
    pub(super) fn start(inner: Weak<Inner>) -> Self {
        Self(tokio::spawn(keep(inner)))
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn keep(inner: Weak<Inner>) {
    loop {
        sleep(PAUSE).await;
        let Some(inner) = inner.upgrade() else {
            return;
        };
        if let Err(error) = inner.note_key_uses().await {
            // The next use notes it.
            tracing::warn!(%error, "the use of API keys could not be noted");
        }
    }
}
