//! The tasks that fold the feed into the models of accounts.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::bus::{Batch, Outcome, ReadModel};

/// Folds until the feed ends.
pub(crate) async fn run<M>(
    model: ReadModel<M>,
    mut feed: mpsc::Receiver<Arc<Batch>>,
    apply: fn(&mut M, &Outcome),
) {
    while let Some(batch) = feed.recv().await {
        {
            let mut model = model.write();
            for outcome in &batch.outcomes {
                apply(&mut model, outcome);
            }
        }
        model.advance(batch.last_seq());
    }
}
