//! Everything that is folded from the feed for queries.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Image, SnapshotError};
use crate::accounts::{BalanceModel, PositionModel, StoredBalances, StoredPositionModel};
use crate::bus::Batch;
use crate::config::Memory;
use crate::marketdata::{MarketModel, StoredMarkets};
use crate::orders::{OrderModel, StoredOrders};

/// The models of a process, all as of the same input.
#[derive(Debug)]
pub(crate) struct Models {
    pub(crate) orders: OrderModel,
    pub(crate) balances: BalanceModel,
    pub(crate) positions: PositionModel,
    pub(crate) markets: MarketModel,
}

/// The models as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredModels {
    orders: StoredOrders,
    balances: StoredBalances,
    positions: StoredPositionModel,
    markets: StoredMarkets,
}

impl Models {
    pub(crate) fn new(memory: &Memory) -> Self {
        Self {
            orders: OrderModel::new(memory),
            balances: BalanceModel::default(),
            positions: PositionModel::default(),
            markets: MarketModel::new(memory),
        }
    }

    /// As they are in a snapshot.
    pub(crate) fn of(image: Image, memory: &Memory) -> Result<Self, SnapshotError> {
        Self::restore(memory, image.rest.models)
    }

    pub(super) fn restore(memory: &Memory, stored: StoredModels) -> Result<Self, SnapshotError> {
        let markets = MarketModel::restore(memory, stored.markets);
        Ok(Self {
            orders: OrderModel::restore(memory, stored.orders),
            balances: BalanceModel::restore(stored.balances),
            positions: PositionModel::restore(stored.positions)?,
            markets: markets.map_err(|error| SnapshotError::Markets(error.to_string()))?,
        })
    }

    pub(super) fn stored(&self) -> StoredModels {
        StoredModels {
            orders: self.orders.stored(),
            balances: self.balances.stored(),
            positions: self.positions.stored(),
            markets: self.markets.stored(),
        }
    }

    /// Folds what became of a frame.
    pub(super) fn apply(&mut self, batch: &Batch) {
        for (seq, outcome) in (batch.prev_seq + 1..).zip(&batch.outcomes) {
            self.orders.apply(seq, outcome);
            self.balances.apply(outcome);
            self.positions.apply(outcome);
            self.markets
                .apply(outcome, &mut Vec::new())
                .expect("the log leads to every event of every book, so depth follows (I7)");
        }
    }
}
