//! An order and a fill as their owner sees them.
//!
//! They are part of the snapshots on disk: what a field or a variant is encoded as is its position.

use accounts_core::{Amount, AssetId, Delta};
use exchange_engine::{ClientOrderId, Event, InstrumentId};
use orderbook_core::{
    AccountId, CloseReason, Event as BookEvent, Level, Order, OrderId, OrderKind, Price, Quantity,
    SelfTradePrevention, Side, Timestamp, TradeId,
};
use serde::{Deserialize, Serialize};

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

    /// Whether it may still trade.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.status, OrderStatus::New | OrderStatus::PartiallyFilled)
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl Fill {
    /// The sides of a trade and whose they are, the maker's first; nothing of what is no trade.
    pub(crate) fn both(time: Timestamp, event: &Event) -> impl Iterator<Item = (AccountId, Self)> {
        let sides = match event {
            Event::Traded {
                instrument,
                trade,
                quote_amount,
                maker_fee,
                taker_fee,
                ..
            } => {
                let taker = Self {
                    trade_id: trade.id,
                    order_id: trade.taker_order_id,
                    instrument: *instrument,
                    side: trade.taker_side,
                    price: trade.price,
                    quantity: trade.quantity,
                    quote_amount: *quote_amount,
                    commission: taker_fee.amount,
                    commission_asset: Some(taker_fee.asset),
                    is_maker: false,
                    time,
                };
                let maker = Self {
                    order_id: trade.maker_order_id,
                    side: trade.taker_side.opposite(),
                    commission: maker_fee.amount,
                    commission_asset: Some(maker_fee.asset),
                    is_maker: true,
                    ..taker.clone()
                };
                Some([(trade.maker_account, maker), (trade.taker_account, taker)])
            }
            _ => None,
        };
        sides.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
