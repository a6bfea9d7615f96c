//! The task that folds the feed into the order model, and tells those who listen to their orders.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::execution::{Execution, Executions};
use super::model::OrderModel;
use crate::accounts::BalanceModel;
use crate::bus::{Batch, ReadModel};
use crate::gateway::UserStreams;
use crate::gateway::users::Ending;

/// Folds until the feed ends. `users` come where somebody may listen, once all that was before this
/// start is folded: nobody is told of that again.
pub(crate) async fn run(
    orders: ReadModel<OrderModel>,
    balances: ReadModel<BalanceModel>,
    mut feed: mpsc::Receiver<Arc<Batch>>,
    mut users: oneshot::Receiver<UserStreams>,
) {
    let mut listening: Option<UserStreams> = None;
    while let Some(batch) = feed.recv().await {
        listening = listening.or_else(|| users.try_recv().ok());
        let Some(users) = &listening else {
            fold(&orders, &batch, Executions::nobody());
            continue;
        };
        if batch.prev_seq != orders.folded() {
            // Nobody may take what follows for all there was.
            users.end_all(Ending::Missed);
        }
        let executions = fold(&orders, &batch, Executions::of(&|it| users.hears(it)));
        if users.anybody() {
            // Who hears of something finds it when asking for it.
            drop(balances.at(batch.last_seq()).await);
            users.publish(&batch, &executions);
        }
    }
}

/// Who begins to listen while this goes on may not be told of the batch, but finds all of it: whoever
/// reads the model waits for the lock.
fn fold(
    model: &ReadModel<OrderModel>,
    batch: &Batch,
    mut executions: Executions<'_>,
) -> Vec<Execution> {
    {
        let mut orders = model.write();
        for (seq, outcome) in (batch.prev_seq + 1..).zip(&batch.outcomes) {
            orders.apply_and_tell(seq, outcome, &mut executions);
        }
    }
    model.advance(batch.last_seq());
    executions.into_told()
}
