//! The bus within a process.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Batch, Body, ConsumerGone, EventBus, Packet};

/// How many batches a consumer may be behind before the publisher waits for it.
const QUEUE: usize = 1024;

/// Brings every batch of the feed to every consumer of this process, waiting for those that are
/// behind: a fold that lost a batch would be wrong for good. Not for async code, which goes through
/// [`relay`](Self::relay).
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

    /// [`publish`](EventBus::publish) for async code.
    ///
    /// # Errors
    ///
    /// [`ConsumerGone`] where one has ended: its fold would be missing this batch for good.
    pub(crate) async fn relay(&self, batch: &Arc<Batch>) -> Result<(), ConsumerGone> {
        for consumer in &self.consumers {
            let sent = consumer.send(Arc::clone(batch)).await;
            sent.map_err(|_| ConsumerGone)?;
        }
        Ok(())
    }
}

impl EventBus for InProcessBus {
    fn publish(&self, packet: &Arc<Packet>) -> Result<(), ConsumerGone> {
        let Body::Batch(batch) = &packet.body else {
            return Ok(());
        };
        for consumer in &self.consumers {
            let sent = consumer.blocking_send(Arc::clone(batch));
            sent.map_err(|_| ConsumerGone)?;
        }
        Ok(())
    }
}
