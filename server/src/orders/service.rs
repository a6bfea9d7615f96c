//! The task that folds the feed into the order model.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::model::OrderModel;
use crate::bus::{Batch, ReadModel};

/// Folds until the feed ends.
pub(crate) async fn run(model: ReadModel<OrderModel>, mut feed: mpsc::Receiver<Arc<Batch>>) {
    while let Some(batch) = feed.recv().await {
        {
            let mut orders = model.write();
            for (seq, outcome) in (batch.prev_seq + 1..).zip(&batch.outcomes) {
                orders.apply(seq, outcome);
            }
        }
        model.advance(batch.last_seq());
    }
}
