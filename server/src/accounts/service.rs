//! The task that folds the feed into the balance model.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::model::BalanceModel;
use crate::bus::{Batch, ReadModel};

/// Folds until the feed ends.
pub(crate) async fn run(model: ReadModel<BalanceModel>, mut feed: mpsc::Receiver<Arc<Batch>>) {
    while let Some(batch) = feed.recv().await {
        {
            let mut balances = model.write();
            for outcome in &batch.outcomes {
                balances.apply(outcome);
            }
        }
        model.advance(batch.last_seq());
    }
}
