//! Who has which orders open, and what their owners call them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use orderbook_core::{AccountId, OrderId};
use serde::{Deserialize, Serialize};

use crate::{ClientOrderId, InstrumentId, OrderRef};

/// What an exchange knows about a resting order beyond its book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// Its id.
    pub id: OrderId,
    /// Its owner.
    pub account: AccountId,
    /// Where it rests.
    pub instrument: InstrumentId,
    /// What its owner calls it.
    pub client_order_id: Option<ClientOrderId>,
}

/// All resting orders; each operation is O(log n).
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenOrders {
    by_id: BTreeMap<OrderId, OpenOrder>,
    by_name: BTreeMap<(AccountId, ClientOrderId), OrderId>,
    by_account: BTreeSet<(AccountId, InstrumentId, OrderId)>,
}

impl OpenOrders {
    pub(crate) fn insert(&mut self, order: OpenOrder) {
        if let Some(name) = order.client_order_id {
            self.by_name.insert((order.account, name), order.id);
        }
        self.by_account
            .insert((order.account, order.instrument, order.id));
        self.by_id.insert(order.id, order);
    }

    pub(crate) fn remove(&mut self, id: OrderId) {
        let Some(order) = self.by_id.remove(&id) else {
            return;
        };
        self.by_account
            .remove(&(order.account, order.instrument, order.id));
        if let Some(name) = order.client_order_id {
            self.by_name.remove(&(order.account, name));
        }
    }

    /// The order that `account` means, where it rests in `instrument`.
    pub(crate) fn find(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
    ) -> Option<&OpenOrder> {
        let id = match order {
            OrderRef::Id(id) => id,
            OrderRef::Client(name) => *self.by_name.get(&(account, name))?,
        };
        self.by_id
            .get(&id)
            .filter(|order| order.account == account && order.instrument == instrument)
    }

    pub(crate) fn named(&self, account: AccountId, name: ClientOrderId) -> Option<OrderId> {
        self.by_name.get(&(account, name)).copied()
    }

    /// The orders of an account in an instrument, oldest first.
    pub(crate) fn of(&self, account: AccountId, instrument: InstrumentId) -> Vec<OrderId> {
        let first = (account, instrument, OrderId::new(0));
        let last = (account, instrument, OrderId::new(u64::MAX));
        self.by_account
            .range(first..=last)
            .map(|(_, _, id)| *id)
            .collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &OpenOrder> {
        self.by_id.values()
    }

    /// Whether the three indexes agree.
    pub(crate) fn is_consistent(&self) -> bool {
        let names = self.by_name.iter().all(|((account, name), id)| {
            self.by_id.get(id).is_some_and(|order| {
                order.account == *account && order.client_order_id == Some(*name)
            })
        });
        let named = self.iter().filter(|order| order.client_order_id.is_some());
        names && named.count() == self.by_name.len() && self.by_account.len() == self.by_id.len()
    }
}
