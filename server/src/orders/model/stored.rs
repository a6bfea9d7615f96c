//! Orders and fills as plain data, to go on from.

use std::collections::HashMap;

use orderbook_core::{AccountId, OrderId};
use serde::{Deserialize, Serialize};

use super::{AccountOrders, Fill, Forgotten, OrderModel, OrderRecord};
use crate::config::Memory;

/// What an [`OrderModel`] remembers. Equal models give equal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredOrders {
    /// By ascending account.
    accounts: Vec<StoredAccount>,
}

/// What is remembered of one account. Which order a name means is not part of it: a name is free
/// for another order only once its order has closed, so orders of one name close, and are forgotten,
/// in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredAccount {
    account: AccountId,
    /// By ascending id.
    open: Vec<OrderRecord>,
    /// In the order in which they closed, with the input that closed each.
    closed: Vec<(u64, OrderRecord)>,
    /// Oldest first, with the input that each belongs to.
    fills: Vec<(u64, Fill)>,
    forgotten_orders: Forgotten,
    forgotten_fills: Forgotten,
}

impl OrderModel {
    /// What it takes to [go on](Self::restore) from here. O(orders + fills).
    pub(crate) fn stored(&self) -> StoredOrders {
        let record = |id: &OrderId| self.orders.get(id).cloned();
        let account = |(account, orders): (&AccountId, &AccountOrders)| {
            let open = orders.open.iter().filter_map(record);
            let closed = orders.closed.iter();
            let closed = closed.filter_map(|(seq, id)| Some((*seq, record(id)?)));
            StoredAccount {
                account: *account,
                open: open.collect(),
                closed: closed.collect(),
                fills: orders.fills.iter().cloned().collect(),
                forgotten_orders: orders.forgotten_orders,
                forgotten_fills: orders.forgotten_fills,
            }
        };
        StoredOrders {
            accounts: self.accounts.iter().map(account).collect(),
        }
    }

    /// A model that goes on from what was stored. Where less is to be remembered than was then, the
    /// oldest is forgotten; where more is, what was forgotten stays so. O(n log n).
    pub(crate) fn restore(memory: &Memory, stored: StoredOrders) -> Self {
        let mut model = Self::new(memory);
        let accounts = stored.accounts.iter();
        let orders = accounts.map(|account| account.open.len() + account.closed.len());
        model.orders.reserve(orders.sum());
        for account in stored.accounts {
            model.restore_account(account);
        }
        model
    }

    fn restore_account(&mut self, stored: StoredAccount) {
        let mut orders = AccountOrders {
            open: stored.open.iter().map(|order| order.id).collect(),
            closed: stored
                .closed
                .iter()
                .map(|(seq, it)| (*seq, it.id))
                .collect(),
            fills: stored.fills.into(),
            by_name: HashMap::new(),
            forgotten_orders: stored.forgotten_orders,
            forgotten_fills: stored.forgotten_fills,
        };
        let closed = stored.closed.into_iter().map(|(_, order)| order);
        for order in closed.chain(stored.open) {
            orders.name(&order);
            self.orders.insert(order.id, order);
        }
        orders.forget_closed(self.closed_orders, &mut self.orders);
        orders.forget_fills(self.fills);
        self.accounts.insert(stored.account, orders);
    }
}
