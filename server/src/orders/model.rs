//! Orders and fills as their owners see them: a fold over the events of the exchange.
//!
//! Open orders are all kept; of closed orders and fills each account keeps the newest ones, as
//! many as configured. Older ones are in the [store](crate::store); [`history`](super::history)
//! puts the two together.

mod stored;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use exchange_engine::{ClientOrderId, Event, InstrumentId, OrderRef};
use orderbook_core::{AccountId, Event as BookEvent, OrderId, Timestamp};

use super::execution::{ExecutionKind, Executions};
use super::record::{Fill, OrderRecord, touched};
use crate::bus::Outcome;
use crate::config::Memory;

pub(crate) use stored::StoredOrders;

#[derive(Debug, Default)]
struct AccountOrders {
    open: BTreeSet<OrderId>,
    /// With the input that closed each.
    closed: VecDeque<(u64, OrderId)>,
    /// With the input that each belongs to.
    fills: VecDeque<(u64, Fill)>,
    /// The newest order of each name in each instrument.
    by_name: HashMap<(InstrumentId, ClientOrderId), OrderId>,
    forgotten_orders: Forgotten,
    forgotten_fills: Forgotten,
}

impl AccountOrders {
    /// From now on the name of an order, if it has one, means that one.
    fn name(&mut self, order: &OrderRecord) {
        if let Some(name) = order.client_order_id {
            self.by_name.insert((order.instrument, name), order.id);
        }
    }

    /// Forgets all but the newest closed orders.
    fn forget_closed(&mut self, but: usize, orders: &mut HashMap<OrderId, OrderRecord>) {
        while self.closed.len() > but
            && let Some((seq, oldest)) = self.closed.pop_front()
        {
            self.forgotten_orders = Some(seq);
            if let Some(forgotten) = orders.remove(&oldest)
                && let Some(name) = forgotten.client_order_id
                && let name = (forgotten.instrument, name)
                && self.by_name.get(&name) == Some(&oldest)
            {
                self.by_name.remove(&name);
            }
        }
    }

    /// Forgets all but the newest fills.
    fn forget_fills(&mut self, but: usize) {
        while self.fills.len() > but
            && let Some((seq, _)) = self.fills.pop_front()
        {
            self.forgotten_fills = Some(seq);
        }
    }
}

/// What is no longer remembered: everything up to an input, where there is one. Who looks further
/// back has to ask the store, once it has come that far.
pub(crate) type Forgotten = Option<u64>;

/// All orders and fills that are remembered.
#[derive(Debug)]
pub(crate) struct OrderModel {
    orders: HashMap<OrderId, OrderRecord>,
    accounts: BTreeMap<AccountId, AccountOrders>,
    closed_orders: usize,
    fills: usize,
}

impl OrderModel {
    pub(crate) fn new(memory: &Memory) -> Self {
        Self {
            orders: HashMap::new(),
            accounts: BTreeMap::new(),
            closed_orders: memory.closed_orders,
            fills: memory.fills,
        }
    }

    /// Folds the outcome of the input `seq`.
    pub(crate) fn apply(&mut self, seq: u64, outcome: &Outcome) {
        self.apply_and_tell(seq, outcome, &mut Executions::nobody());
    }

    /// As [`apply`](Self::apply), and tells what happens to which order.
    pub(crate) fn apply_and_tell(
        &mut self,
        seq: u64,
        outcome: &Outcome,
        executions: &mut Executions<'_>,
    ) {
        for event in &outcome.events {
            self.apply_event(seq, outcome.time, event, executions);
        }
    }

    fn apply_event(
        &mut self,
        seq: u64,
        time: Timestamp,
        event: &Event,
        executions: &mut Executions<'_>,
    ) {
        match event {
            Event::OrderAccepted {
                instrument,
                order,
                client_order_id,
                rested,
            } => {
                let name = *client_order_id;
                let record = OrderRecord::accepted(time, *instrument, order, name, *rested);
                let account = self.accounts.entry(order.account).or_default();
                account.open.insert(order.id);
                account.name(&record);
                executions.tell(seq, &record, || ExecutionKind::Placed);
                self.orders.insert(order.id, record);
            }
            Event::Traded { .. } => {
                for (account, fill) in Fill::both(time, event) {
                    self.fill(seq, account, fill, executions);
                }
            }
            Event::CancellationNamed { name, .. } => executions.name_cancellation(seq, *name),
            _ => {
                for (_, id) in touched(event) {
                    if let Some(order) = self.orders.get_mut(&id) {
                        order.follow(time, event);
                        executions.follow(seq, event, order);
                    }
                }
                if let Event::Book {
                    event:
                        BookEvent::Closed {
                            order_id, account, ..
                        },
                    ..
                } = event
                {
                    self.close(seq, *order_id, *account);
                }
            }
        }
    }

    fn fill(&mut self, seq: u64, account: AccountId, fill: Fill, executions: &mut Executions<'_>) {
        if let Some(order) = self.orders.get_mut(&fill.order_id) {
            order.fill(fill.time, fill.quantity, fill.quote_amount);
            executions.tell(seq, order, || ExecutionKind::Traded(fill.clone()));
        }
        let orders = self.accounts.entry(account).or_default();
        orders.fills.push_back((seq, fill));
        orders.forget_fills(self.fills);
    }

    fn close(&mut self, seq: u64, id: OrderId, account: AccountId) {
        let orders = self.accounts.entry(account).or_default();
        orders.open.remove(&id);
        orders.closed.push_back((seq, id));
        orders.forget_closed(self.closed_orders, &mut self.orders);
    }

    /// An order as its owner refers to it: the newest of that name in the instrument.
    pub(crate) fn order(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
    ) -> Option<&OrderRecord> {
        let id = match order {
            OrderRef::Id(id) => id,
            OrderRef::Client(name) => {
                let names = &self.accounts.get(&account)?.by_name;
                *names.get(&(instrument, name))?
            }
        };
        self.orders
            .get(&id)
            .filter(|order| order.account == account && order.instrument == instrument)
    }

    /// The open orders of an account, oldest first.
    pub(crate) fn open_orders(&self, account: AccountId) -> impl Iterator<Item = &OrderRecord> {
        let orders = self.accounts.get(&account).into_iter();
        orders
            .flat_map(|orders| &orders.open)
            .filter_map(|id| self.orders.get(id))
    }

    /// The remembered orders of an account, open and closed, in no order.
    pub(crate) fn orders(&self, account: AccountId) -> impl Iterator<Item = &OrderRecord> {
        let orders = self.accounts.get(&account).into_iter();
        orders
            .flat_map(|orders| {
                let closed = orders.closed.iter().map(|(_, id)| id);
                orders.open.iter().chain(closed)
            })
            .filter_map(|id| self.orders.get(id))
    }

    /// The remembered fills of an account, oldest first.
    pub(crate) fn fills(&self, account: AccountId) -> impl Iterator<Item = &Fill> {
        let orders = self.accounts.get(&account).into_iter();
        orders.flat_map(|orders| orders.fills.iter().map(|(_, fill)| fill))
    }

    /// Which orders of an account are no longer remembered.
    pub(crate) fn forgotten_orders(&self, account: AccountId) -> Forgotten {
        self.accounts.get(&account)?.forgotten_orders
    }

    /// Which fills of an account are no longer remembered.
    pub(crate) fn forgotten_fills(&self, account: AccountId) -> Forgotten {
        self.accounts.get(&account)?.forgotten_fills
    }
}

#[cfg(test)]
mod tests;
