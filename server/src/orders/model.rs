//! Orders and fills as their owners see them: a fold over the events of the exchange.
//!
//! Open orders are all kept; of closed orders and fills each account keeps the newest ones, as
//! many as configured. Older ones are in the [store](crate::store); [`history`](super::history)
//! puts the two together.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use accounts_core::{Amount, AssetId, Delta, Fee};
use exchange_engine::{ClientOrderId, Event, InstrumentId, OrderRef};
use orderbook_core::{
    AccountId, CloseReason, Event as BookEvent, Level, Order, OrderId, OrderKind, Price, Quantity,
    SelfTradePrevention, Side, Timestamp, Trade, TradeId,
};

use crate::bus::Outcome;
use crate::config::Memory;

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderStatus {
    New,
    PartiallyFilled,
    Filled,
    Canceled,
    Expired,
    /// It met an order of its own account or group.
    ExpiredInMatch,
}

impl OrderStatus {
    /// That of an order right after it was placed.
    fn when_placed(outcome: &exchange_engine::Outcome) -> Self {
        match outcome.closed {
            Some(reason) => Self::closed(reason, outcome.filled),
            None if outcome.filled.is_zero() => Self::New,
            None => Self::PartiallyFilled,
        }
    }

    /// That of an order which has closed after so much has traded.
    pub(crate) fn closed(reason: CloseReason, executed: Quantity) -> Self {
        match reason {
            CloseReason::Filled => Self::Filled,
            CloseReason::Cancelled | CloseReason::Replaced => Self::Canceled,
            CloseReason::SelfTrade => Self::ExpiredInMatch,
            // Who wanted to spend so much has got what there is for it.
            CloseReason::BudgetSpent if !executed.is_zero() => Self::Filled,
            CloseReason::BudgetSpent | CloseReason::Expired => Self::Expired,
        }
    }
}

/// An order as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderRecord {
    pub(crate) id: OrderId,
    pub(crate) account: AccountId,
    pub(crate) instrument: InstrumentId,
    pub(crate) client_order_id: Option<ClientOrderId>,
    pub(crate) side: Side,
    /// Its terms; the price is the one that it rests at now, or last rested at.
    pub(crate) kind: OrderKind,
    /// What it says about orders of its own account; `None`: what the instrument says.
    pub(crate) self_trade: Option<SelfTradePrevention>,
    /// What has traded and what may still: without what was taken off.
    pub(crate) quantity: Quantity,
    pub(crate) executed: Quantity,
    /// What it has traded for, in smallest units of quote.
    pub(crate) quote_amount: Amount,
    pub(crate) status: OrderStatus,
    pub(crate) time: Timestamp,
    pub(crate) update_time: Timestamp,
}

impl OrderRecord {
    /// An order that was just taken in, and where it came to rest at once.
    pub(crate) fn accepted(
        time: Timestamp,
        instrument: InstrumentId,
        order: &Order,
        client_order_id: Option<ClientOrderId>,
        rested: Option<Level>,
    ) -> Self {
        let mut accepted = Self {
            id: order.id,
            account: order.account,
            instrument,
            client_order_id,
            side: order.side,
            kind: order.kind,
            self_trade: order.self_trade,
            quantity: order.quantity,
            executed: Quantity::ZERO,
            quote_amount: Amount::ZERO,
            status: OrderStatus::New,
            time,
            update_time: time,
        };
        if let Some(level) = rested {
            accepted.rest(time, level.price);
        }
        accepted
    }

    /// The order as it was right after it was placed, for this quantity and with these terms, when
    /// what had traded was worth `quote_amount`.
    pub(crate) fn when_placed(
        self,
        quantity: Quantity,
        kind: OrderKind,
        outcome: &exchange_engine::Outcome,
        quote_amount: Amount,
    ) -> Self {
        Self {
            kind,
            quantity,
            executed: outcome.filled,
            quote_amount,
            status: OrderStatus::when_placed(outcome),
            update_time: self.time,
            ..self
        }
    }

    /// Part of it traded for `quote_amount`.
    pub(crate) fn fill(&mut self, time: Timestamp, quantity: Quantity, quote_amount: Amount) {
        let executed = self.executed.checked_add(quantity);
        self.executed = executed.expect("an order trades no more than its quantity");
        let total = self.quote_amount.checked_add(quote_amount);
        self.quote_amount = total.expect("an order trades no more than its limits allow");
        self.status = OrderStatus::PartiallyFilled;
        self.update_time = time;
    }

    /// Part of it was taken off: by its owner, or because it met an order of its owner.
    fn reduce(&mut self, time: Timestamp, by: Quantity) {
        self.quantity = self.quantity.checked_sub(by).unwrap_or_default();
        self.update_time = time;
    }

    /// Its owner gave it another quantity, and with another price it goes on.
    fn amend(&mut self, time: Timestamp, quantity: Quantity, price: Price) {
        self.quantity = quantity;
        self.rest(time, price);
    }

    /// It came to rest at this price, which is not its limit where it had to slide.
    fn rest(&mut self, time: Timestamp, at: Price) {
        if let OrderKind::Limit { price, .. } = &mut self.kind {
            *price = at;
        }
        self.update_time = time;
    }

    /// It ended.
    pub(crate) fn close(&mut self, time: Timestamp, reason: CloseReason) {
        self.status = OrderStatus::closed(reason, self.executed);
        self.update_time = time;
    }

    /// Takes in an event that [`touched`] it.
    pub(crate) fn follow(&mut self, time: Timestamp, event: &Event) {
        match *event {
            Event::OrderAmended {
                quantity,
                price,
                rested,
                ..
            } => self.amend(time, quantity, rested.map_or(price, |level| level.price)),
            Event::Book { event, .. } => match event {
                BookEvent::Decremented { quantity: by, .. } | BookEvent::Reduced { by, .. } => {
                    self.reduce(time, by);
                }
                BookEvent::Rested { price, .. } => self.rest(time, price),
                BookEvent::Closed { reason, .. } => self.close(time, reason),
                _ => {}
            },
            _ => {}
        }
    }
}

/// The orders that an event changes, and where they are. Not their trades, which are told with the
/// money, nor what an iceberg shows at a time, which is not told.
pub(crate) fn touched(event: &Event) -> impl Iterator<Item = (InstrumentId, OrderId)> {
    let (instrument, first, second) = match *event {
        Event::OrderAmended {
            instrument,
            order_id,
            ..
        } => (Some(instrument), Some(order_id), None),
        Event::Book { instrument, event } => match event {
            BookEvent::Decremented {
                maker_order_id,
                taker_order_id,
                ..
            } => (Some(instrument), Some(maker_order_id), Some(taker_order_id)),
            BookEvent::Reduced { order_id, .. }
            | BookEvent::Rested { order_id, .. }
            | BookEvent::Closed { order_id, .. } => (Some(instrument), Some(order_id), None),
            _ => (None, None, None),
        },
        _ => (None, None, None),
    };
    let orders = first.into_iter().chain(second);
    orders.filter_map(move |order| Some((instrument?, order)))
}

/// One side of a trade as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fill {
    pub(crate) trade_id: TradeId,
    pub(crate) order_id: OrderId,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) price: Price,
    pub(crate) quantity: Quantity,
    pub(crate) quote_amount: Amount,
    /// What its owner paid, or received where it is negative.
    pub(crate) commission: Delta,
    /// `None`: the asset received, base for a buy and quote for a sell. It was written down before fees
    /// could be in another one.
    pub(crate) commission_asset: Option<AssetId>,
    pub(crate) is_maker: bool,
    pub(crate) time: Timestamp,
}

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
        for event in &outcome.events {
            self.apply_event(seq, outcome.time, event);
        }
    }

    fn apply_event(&mut self, seq: u64, time: Timestamp, event: &Event) {
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
                if let Some(name) = client_order_id {
                    account.by_name.insert((*instrument, *name), order.id);
                }
                self.orders.insert(order.id, record);
            }
            Event::Traded {
                instrument,
                trade,
                quote_amount,
                maker_fee,
                taker_fee,
                ..
            } => {
                for is_maker in [true, false] {
                    let fee = if is_maker { maker_fee } else { taker_fee };
                    self.fill(seq, time, *instrument, trade, is_maker, *quote_amount, *fee);
                }
            }
            _ => {
                for (_, id) in touched(event) {
                    if let Some(order) = self.orders.get_mut(&id) {
                        order.follow(time, event);
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

    #[expect(
        clippy::too_many_arguments,
        reason = "all of it is needed, and only once"
    )]
    fn fill(
        &mut self,
        seq: u64,
        time: Timestamp,
        instrument: InstrumentId,
        trade: &Trade,
        is_maker: bool,
        quote_amount: Amount,
        fee: Fee,
    ) {
        let (order_id, account, side) = if is_maker {
            let side = trade.taker_side.opposite();
            (trade.maker_order_id, trade.maker_account, side)
        } else {
            (trade.taker_order_id, trade.taker_account, trade.taker_side)
        };
        if let Some(order) = self.orders.get_mut(&order_id) {
            order.fill(time, trade.quantity, quote_amount);
        }
        let orders = self.accounts.entry(account).or_default();
        let fill = Fill {
            trade_id: trade.id,
            order_id,
            instrument,
            side,
            price: trade.price,
            quantity: trade.quantity,
            quote_amount,
            commission: fee.amount,
            commission_asset: Some(fee.asset),
            is_maker,
            time,
        };
        orders.fills.push_back((seq, fill));
        if orders.fills.len() > self.fills
            && let Some((seq, _)) = orders.fills.pop_front()
        {
            orders.forgotten_fills = Some(seq);
        }
    }

    fn close(&mut self, seq: u64, id: OrderId, account: AccountId) {
        let orders = self.accounts.entry(account).or_default();
        orders.open.remove(&id);
        orders.closed.push_back((seq, id));
        if orders.closed.len() > self.closed_orders
            && let Some((seq, oldest)) = orders.closed.pop_front()
        {
            orders.forgotten_orders = Some(seq);
            if let Some(forgotten) = self.orders.remove(&oldest)
                && let Some(name) = forgotten.client_order_id
                && let name = (forgotten.instrument, name)
                && orders.by_name.get(&name) == Some(&oldest)
            {
                orders.by_name.remove(&name);
            }
        }
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
mod tests {
    use super::*;

    const ACCOUNT: AccountId = AccountId::new(7);
    const INSTRUMENT: InstrumentId = InstrumentId::new(0);
    const NO_FEE: Fee = Fee {
        asset: AssetId::new(0),
        amount: Delta::ZERO,
    };

    fn model(closed_orders: usize, fills: usize) -> OrderModel {
        OrderModel::new(&Memory {
            closed_orders,
            fills,
            ..Memory::default()
        })
    }

    /// An order of that name comes, trades with itself for a lot, and goes.
    fn life(model: &mut OrderModel, id: u64, name: &str) {
        let id = OrderId::new(id);
        let order = Order::market(id, ACCOUNT, Side::Buy, Quantity::new(2));
        let trade = Trade {
            id: TradeId::new(id.get()),
            price: Price::new(1),
            quantity: Quantity::new(1),
            taker_side: Side::Buy,
            maker_order_id: OrderId::new(999),
            maker_account: AccountId::new(8),
            maker_remaining: Quantity::ZERO,
            taker_order_id: id,
            taker_account: ACCOUNT,
            taker_remaining: Quantity::new(1),
        };
        let outcome = Outcome {
            time: Timestamp::default(),
            result: Ok(()),
            events: vec![
                Event::OrderAccepted {
                    instrument: INSTRUMENT,
                    order,
                    client_order_id: name.parse().ok(),
                    rested: None,
                },
                Event::Traded {
                    instrument: INSTRUMENT,
                    trade,
                    base_amount: Amount::new(1),
                    quote_amount: Amount::new(1),
                    maker_fee: NO_FEE,
                    taker_fee: NO_FEE,
                },
                Event::Book {
                    instrument: INSTRUMENT,
                    event: BookEvent::Closed {
                        order_id: id,
                        account: ACCOUNT,
                        side: Side::Buy,
                        reason: CloseReason::Expired,
                        unfilled: Quantity::new(1),
                        left: None,
                    },
                },
            ],
        };
        model.apply(id.get(), &outcome);
    }

    fn named<'a>(model: &'a OrderModel, name: &str) -> Option<&'a OrderRecord> {
        let name = OrderRef::Client(name.parse().expect("a legal name"));
        model.order(ACCOUNT, INSTRUMENT, name)
    }

    #[test]
    fn the_newest_closed_orders_and_fills_are_kept() {
        let mut model = model(2, 1);
        for (id, name) in [(1, "a"), (2, "b"), (3, "c")] {
            life(&mut model, id, name);
        }
        assert!(named(&model, "a").is_none());
        let kept = named(&model, "c").expect("among the newest two");
        assert_eq!(kept.status, OrderStatus::Expired);
        assert_eq!(kept.executed, Quantity::new(1));
        let fills: Vec<_> = model
            .fills(ACCOUNT)
            .map(|fill| fill.trade_id.get())
            .collect();
        assert_eq!(fills, [3]);
        assert_eq!(model.orders.len(), 2);
        // What is not there any more is said.
        assert_eq!(model.forgotten_orders(ACCOUNT), Some(1));
        assert_eq!(model.forgotten_fills(ACCOUNT), Some(2));
        let stranger = AccountId::new(9);
        assert_eq!(model.forgotten_orders(stranger), None);
    }

    #[test]
    fn a_name_means_its_newest_order_even_when_the_older_is_forgotten() {
        let mut model = model(1, 1);
        life(&mut model, 1, "a");
        life(&mut model, 2, "a");
        assert_eq!(named(&model, "a").expect("known").id, OrderId::new(2));
    }

    #[test]
    fn who_spent_a_budget_is_served_unless_nothing_was_to_be_had_for_it() {
        let (nothing, something) = (Quantity::ZERO, Quantity::new(1));
        for (reason, executed, expected) in [
            (CloseReason::Filled, something, OrderStatus::Filled),
            (CloseReason::Cancelled, something, OrderStatus::Canceled),
            (CloseReason::Replaced, nothing, OrderStatus::Canceled),
            (CloseReason::Expired, something, OrderStatus::Expired),
            (CloseReason::SelfTrade, nothing, OrderStatus::ExpiredInMatch),
            (
                CloseReason::SelfTrade,
                something,
                OrderStatus::ExpiredInMatch,
            ),
            (CloseReason::BudgetSpent, something, OrderStatus::Filled),
            (CloseReason::BudgetSpent, nothing, OrderStatus::Expired),
        ] {
            assert_eq!(OrderStatus::closed(reason, executed), expected);
        }
    }

    #[test]
    fn keeping_nothing_keeps_nothing() {
        let mut model = model(0, 0);
        life(&mut model, 1, "a");
        life(&mut model, 2, "b");
        assert_eq!(model.fills(ACCOUNT).count(), 0);
        assert!(model.orders.is_empty());
    }
}
