//! What is allowed: the limits, in their order of precedence.

use accounts_core::LimitReject;
use num_bigint::BigInt;
use orderbook_core::{Event as BookEvent, OrderKind, Quantity, Side, Timestamp};

use super::orders::{Entry, rests};
use super::{Exchange, Market};
use crate::book::traded;

impl Exchange {
    /// The first of the limits that forbids an order.
    pub(super) fn limit_against(
        &self,
        now: Timestamp,
        market: &Market,
        entry: &Entry,
        book_events: &[BookEvent],
    ) -> Option<LimitReject> {
        let order = &entry.order;
        let owner = self.account(order.account).ok()?;
        let own = market.limits_of.get(&order.account);
        let own = own.copied().unwrap_or_default();
        let all = market.limits;
        let leaves = entry.leaves.map(|order| order.id);

        if let (Some(rate), true) = (owner.limits.order_rate, entry.new.is_some()) {
            let window = |time: Timestamp| time.get() / rate.micros.max(1);
            let earlier = owner.ordered.iter().rev();
            let in_window = earlier.take_while(|time| window(**time) == window(now));
            if in_window.count() >= rate.orders as usize {
                return Some(LimitReject::TooManyOrders);
            }
        }
        if entry.new.is_some() && rests(order.kind) {
            let open_in = |market: &Market| {
                let orders = market.orders();
                orders
                    .filter(|other| other.account == order.account && Some(other.id) != leaves)
                    .count()
            };
            let everywhere: usize = self.markets.values().map(open_in).sum();
            if reached(owner.limits.max_open_orders, everywhere)
                || reached(own.max_open_orders, open_in(market))
                || reached(all.max_open_orders, open_in(market))
            {
                return Some(LimitReject::TooManyOpenOrders);
            }
        }
        let largest = [own.max_quantity, all.max_quantity];
        if largest
            .into_iter()
            .flatten()
            .any(|most| order.quantity > most)
        {
            return Some(LimitReject::QuantityTooLarge);
        }
        if let (OrderKind::Limit { price, .. }, Some(worst)) =
            (order.kind, market.worst(order.side))
        {
            let outside = match order.side {
                Side::Buy => price > worst,
                Side::Sell => price < worst,
            };
            if outside {
                return Some(LimitReject::OutsideCollar);
            }
        }
        let (traded, cost) = traded(book_events);
        let (value, to_trade) = match order.kind {
            OrderKind::Limit { price, .. } => {
                (market.quote_of(price, order.quantity), entry.remaining)
            }
            OrderKind::Market { .. } => (&market.tick_lot * cost, Quantity::new(traded)),
        };
        let dearest = [own.max_notional, all.max_notional];
        if dearest
            .into_iter()
            .flatten()
            .any(|most| value > most.get().into())
        {
            return Some(LimitReject::NotionalTooLarge);
        }
        let most = [own.max_position, all.max_position];
        if order.side == Side::Buy && most.iter().any(Option::is_some) {
            let others = market.book.orders(Side::Buy).iter();
            let others = others
                .filter(|other| other.account == order.account && Some(other.id) != leaves)
                .map(|other| market.base_of(other.remaining));
            let position = self.owns(order.account, market.listing.base)
                + others.sum::<BigInt>()
                + market.base_of(to_trade);
            if most
                .into_iter()
                .flatten()
                .any(|most| position > most.get().into())
            {
                return Some(LimitReject::PositionTooLarge);
            }
        }
        None
    }
}

/// Whether there are that many already.
fn reached(limit: Option<u32>, number: usize) -> bool {
    limit.is_some_and(|limit| number >= limit as usize)
}
