//! Whether limits stand against an order. They are kept apart, because most accounts and
//! instruments have none: then nothing of this is looked at.

use alloc::boxed::Box;
use alloc::vec::Vec;

use accounts_core::{AccountLimits, Amount, InstrumentId, LimitReject, OrderLimits, PriceCollar};
use orderbook_core::{
    AccountId, Notional, Order, OrderKind, Price, Quantity, RestingOrder, Side, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::trader::Trader;
use crate::{Exchange, Market};

/// The limits of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct MarketLimits {
    pub(crate) orders: OrderLimits,
    pub(crate) collar: Option<PriceCollar>,
}

/// The limits of an account, and what has come up to them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct TraderLimits {
    pub(crate) account: AccountLimits,
    pub(crate) pace: Pace,
    /// By ascending instrument, without those that limit nothing.
    pub(crate) here: Vec<(InstrumentId, OrderLimits)>,
}

/// `None` for limits that limit nothing, so that whatever led to none looks alike.
pub(crate) fn boxed<L: Default + PartialEq>(limits: L) -> Option<Box<L>> {
    (limits != L::default()).then(|| Box::new(limits))
}

impl TraderLimits {
    fn here(&self, instrument: InstrumentId) -> OrderLimits {
        let mut here = self.here.iter();
        let limits = here.find(|(of, _)| *of == instrument);
        limits.map(|(_, limits)| *limits).unwrap_or_default()
    }

    /// Whether inputs up to `now` can lead to this.
    pub(crate) fn is_possible(&self, now: Timestamp) -> bool {
        let limited = self
            .here
            .iter()
            .all(|(_, limits)| *limits != OrderLimits::default());
        let pace = match self.account.order_rate {
            None => self.pace == Pace::default(),
            Some(rate) => {
                self.pace.interval <= interval(now, rate.micros)
                    && self.pace.orders <= rate.orders
                    && (self.pace.orders > 0 || self.pace == Pace::default())
            }
        };
        limited && pace && self.here.is_sorted_by(|a, b| a.0 < b.0)
    }

    pub(crate) fn set_here(&mut self, instrument: InstrumentId, limits: OrderLimits) {
        self.here.retain(|(of, _)| *of != instrument);
        if limits != OrderLimits::default() {
            let index = self.here.partition_point(|(of, _)| *of < instrument);
            self.here.insert(index, (instrument, limits));
        }
    }
}

/// How many orders an account has placed in the newest interval of its rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Pace {
    interval: u64,
    orders: u32,
}

impl Pace {
    /// How many orders have come in the interval of `now`.
    const fn orders(self, now: Timestamp, micros: u64) -> u32 {
        if self.interval == interval(now, micros) {
            self.orders
        } else {
            0
        }
    }

    /// One more order comes. Whether that is allowed was asked before, so it cannot overflow.
    const fn count(&mut self, now: Timestamp, micros: u64) {
        *self = Self {
            interval: interval(now, micros),
            orders: self.orders(now, micros) + 1,
        };
    }
}

const fn interval(now: Timestamp, micros: u64) -> u64 {
    let micros = if micros == 0 { 1 } else { micros };
    now.get() / micros
}

impl Trader {
    /// A new order was taken in.
    pub(crate) fn count(&mut self, now: Timestamp) {
        if let Some(limits) = &mut self.limits
            && let Some(rate) = limits.account.order_rate
        {
            limits.pace.count(now, rate.micros);
        }
    }
}

/// Whether there is any limit that an order could meet.
#[inline]
pub(crate) const fn is_limited(market: &Market, trader: &Trader) -> bool {
    market.limits.is_some() || trader.limits.is_some()
}

/// What limits look at.
pub(crate) struct Size {
    pub(crate) account: AccountId,
    pub(crate) side: Side,
    /// The limit price, where there is one.
    pub(crate) price: Option<Price>,
    pub(crate) quantity: Quantity,
    /// How much of it may still trade.
    pub(crate) remaining: Quantity,
    pub(crate) notional: Notional,
    /// Whether one more order would be open.
    pub(crate) rests: bool,
    pub(crate) is_new: bool,
    /// The order that it takes the place of.
    pub(crate) instead_of: Option<RestingOrder>,
}

impl Size {
    /// A new order that trades so much for so much.
    pub(crate) const fn of(order: &Order, trades: Quantity, notional: Notional) -> Self {
        let (price, rests) = match order.kind {
            OrderKind::Limit {
                price,
                time_in_force,
            } => (Some(price), time_in_force.rests()),
            OrderKind::Market { .. } => (None, false),
        };
        Self {
            account: order.account,
            side: order.side,
            price,
            quantity: order.quantity,
            remaining: trades,
            notional,
            rests,
            is_new: true,
            instead_of: None,
        }
    }
}

impl Exchange {
    /// The worst price that the collar lets an order of this side trade at.
    pub(crate) fn worst_price(&self, market: &Market, side: Side) -> Option<Price> {
        let collar = market.collar()?;
        Some(collar.worst(side, self.prices.last(market.id)?))
    }

    /// Whether limits allow an order that the book would take.
    pub(crate) fn check_limits(
        &self,
        market: &Market,
        trader: &Trader,
        size: &Size,
        now: Timestamp,
    ) -> Result<(), LimitReject> {
        let everybody = market.limits.as_deref().copied().unwrap_or_default();
        let own = trader.limits.as_deref().cloned().unwrap_or_default();
        let here = [everybody.orders, own.here(market.id)];
        if size.is_new
            && let Some(rate) = own.account.order_rate
            && own.pace.orders(now, rate.micros) >= rate.orders
        {
            return Err(LimitReject::TooManyOrders);
        }
        if size.rests {
            self.check_open_orders(&own.account, &here, market.id, size)?;
        }
        let lowest = |limit: fn(&OrderLimits) -> Option<u128>| here.iter().filter_map(limit).min();
        let max = lowest(|limits| limits.max_quantity.map(|max| u128::from(max.get())));
        if max.is_some_and(|max| u128::from(size.quantity.get()) > max) {
            return Err(LimitReject::QuantityTooLarge);
        }
        if let Some(worst) = self.worst_price(market, size.side)
            && size
                .price
                .is_some_and(|price| !size.side.accepts(worst, price))
        {
            return Err(LimitReject::OutsideCollar);
        }
        let max = lowest(|limits| limits.max_notional.map(Amount::get));
        if max.is_some_and(|max| market.quote_amount(size.notional).get() > max) {
            return Err(LimitReject::NotionalTooLarge);
        }
        if size.side == Side::Buy
            && let Some(max) = lowest(|limits| limits.max_position.map(Amount::get))
            && self
                .could_own(market, size)
                .is_none_or(|own| own.get() > max)
        {
            return Err(LimitReject::PositionTooLarge);
        }
        Ok(())
    }

    fn check_open_orders(
        &self,
        account: &AccountLimits,
        here: &[OrderLimits],
        instrument: InstrumentId,
        size: &Size,
    ) -> Result<(), LimitReject> {
        let replaced = usize::from(size.instead_of.is_some());
        let allows =
            |max: u32, open: usize| usize::try_from(max).is_ok_and(|max| open - replaced >= max);
        if let Some(max) = here
            .iter()
            .filter_map(|limits| limits.max_open_orders)
            .min()
            && allows(max, self.orders_of(size.account, instrument).count())
        {
            return Err(LimitReject::TooManyOpenOrders);
        }
        let open = || {
            let markets = self.markets();
            let open = markets.map(|market| self.orders_of(size.account, market.id).count());
            open.sum()
        };
        if account
            .max_open_orders
            .is_some_and(|max| allows(max, open()))
        {
            return Err(LimitReject::TooManyOpenOrders);
        }
        Ok(())
    }

    /// What an account may come to own of base, if it buys all that it wants to.
    fn could_own(&self, market: &Market, size: &Size) -> Option<Amount> {
        let balance = self.ledger.balance(size.account, market.base)?;
        let orders = self.orders_of(size.account, market.id);
        let open = orders.filter_map(|id| market.book.order(id));
        let instead_of = size.instead_of.map(|order| order.id);
        let buys = open.filter(|order| order.side == Side::Buy && Some(order.id) != instead_of);
        let buys = buys.map(|order| order.remaining);
        let mut all = balance.total()?;
        for quantity in buys.chain([size.remaining]) {
            all = all.checked_add(market.base_amount(quantity))?;
        }
        Some(all)
    }
}
