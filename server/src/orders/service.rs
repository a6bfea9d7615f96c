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
            for outcome in &batch.outcomes {
                orders.apply(outcome);
            }
        }
        model.advance(batch.last_seq());
    }
}
