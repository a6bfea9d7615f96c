//! What a command can be refused for.

use crate::node::{Chain, Slot};
use crate::{
    BookReject, Instrument, Notional, Order, OrderBook, OrderId, OrderKind, PostOnly, Price,
    Quantity, Resting, Selection, Side, TimeInForce, Timestamp,
};

/// What an amendment amounts to.
pub(crate) enum Amendment {
    /// All of the new quantity has traded.
    Cancel,
    /// Less of the same.
    Reduce(Quantity),
    /// Another place in the queue.
    Enter(Amended),
}

/// A resting order that comes in again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amended {
    /// What it may trade from here on.
    pub(crate) quantity: Quantity,
    /// The limit price that it was checked to go on with.
    pub(crate) limit: Price,
    /// What it had traded before.
    pub(crate) filled: u64,
}

impl OrderBook {
    /// Everything that a new order can be refused for but its id. Returns the limit price that it
    /// goes on with, which is another one where a post-only order has to slide, and stands for
    /// nothing where there is none. `leaving` is what is left of an order that makes room for it.
    #[inline(always)]
    pub(crate) fn check_order(
        &self,
        order: &Order,
        leaving: Option<Quantity>,
    ) -> Result<Price, BookReject> {
        let instrument = self.instrument();
        instrument.check_quantity(order.quantity)?;
        match &order.kind {
            OrderKind::Limit {
                price,
                time_in_force,
            } => {
                instrument.check_price(*price)?;
                instrument.check_notional(*price, order.quantity)?;
                match time_in_force {
                    TimeInForce::GoodTillCancel => {
                        self.check_room(order.side, order.quantity, leaving)?;
                    }
                    TimeInForce::Rest(terms) => {
                        let price = self.check_terms(order.side, order.quantity, *price, terms)?;
                        self.check_room(order.side, order.quantity, leaving)?;
                        return Ok(price);
                    }
                    TimeInForce::ImmediateOrCancel { minimum } if *minimum > order.quantity => {
                        return Err(BookReject::MinimumTooLarge);
                    }
                    TimeInForce::ImmediateOrCancel { .. } | TimeInForce::FillOrKill => {}
                }
                Ok(*price)
            }
            OrderKind::Market { protection, budget } => {
                if let Some(price) = protection {
                    instrument.check_price(*price)?;
                }
                let least = instrument.min_notional().max(Notional::new(1));
                if budget.is_some_and(|budget| budget < least) {
                    return Err(BookReject::NotionalTooSmall);
                }
                Ok(protection.unwrap_or_default())
            }
        }
    }

    /// Whether the book can take another order, once `leaving` has left.
    #[inline(always)]
    pub(crate) fn check_room(
        &self,
        side: Side,
        quantity: Quantity,
        leaving: Option<Quantity>,
    ) -> Result<(), BookReject> {
        let staying = self.ladder(side).total() - leaving.unwrap_or_default().get();
        if staying.checked_add(quantity.get()).is_none() {
            return Err(BookReject::SideFull);
        }
        if leaving.is_none() && self.orders.is_full(self.instrument().max_orders()) {
            return Err(BookReject::BookFull);
        }
        Ok(())
    }

    /// What the further terms of an order that may rest can be refused for, and where it would
    /// rest.
    #[cold]
    pub(crate) fn check_terms(
        &self,
        side: Side,
        quantity: Quantity,
        limit: Price,
        terms: &Resting,
    ) -> Result<Price, BookReject> {
        if terms.until.is_some_and(|until| until <= self.time()) {
            return Err(BookReject::AlreadyExpired);
        }
        if let Some(display) = terms.display {
            let most = u64::from(self.instrument().max_slices());
            if display.is_zero() || quantity.get().div_ceil(display.get()) > most {
                return Err(BookReject::DisplayTooSmall);
            }
        }
        let best = self.best(side.opposite());
        let crossed = best.filter(|best| side.accepts(limit, best.price));
        match (terms.post_only, crossed) {
            (None, _) | (Some(_), None) => Ok(limit),
            (Some(PostOnly::Reject), Some(_)) => Err(BookReject::WouldMatch),
            (Some(PostOnly::Slide), Some(best)) => beyond(side, best.price)
                .filter(|price| self.instrument().check_price(*price).is_ok())
                .ok_or(BookReject::WouldMatch),
        }
    }

    #[inline(always)]
    pub(crate) fn check_place(&self, order: &Order, chain: Chain) -> Result<Price, BookReject> {
        if self.orders.find_in(chain, order.id).is_some() {
            return Err(BookReject::DuplicateOrderId);
        }
        self.check_order(order, None)
    }

    pub(crate) fn check_reduce(&self, id: OrderId, by: Quantity) -> Result<Slot, BookReject> {
        let slot = self.slot(id)?;
        if by.is_zero() || by >= self.orders.remaining(slot) {
            return Err(BookReject::InvalidReduction);
        }
        Ok(slot)
    }

    pub(crate) fn check_amend(
        &self,
        slot: Slot,
        quantity: Quantity,
        price: Price,
    ) -> Result<Amendment, BookReject> {
        self.instrument.check_quantity(quantity)?;
        self.instrument.check_price(price)?;
        self.instrument.check_notional(price, quantity)?;
        let order = &self.orders[slot];
        let remaining = self.orders.remaining(slot);
        let filled = order.quantity.get() - remaining.get();
        if quantity.get() <= filled {
            return Ok(Amendment::Cancel);
        }
        if price == order.price && quantity <= order.quantity {
            return match order.quantity.get() - quantity.get() {
                0 => Err(BookReject::NothingToAmend),
                by => Ok(Amendment::Reduce(Quantity::new(by))),
            };
        }
        let quantity = Quantity::new(quantity.get() - filled);
        let limit = if order.is_plain() {
            price
        } else {
            let terms = self.orders.resting_terms(slot);
            self.check_terms(order.side, quantity, price, &terms)?
        };
        self.check_room(order.side, quantity, Some(remaining))?;
        Ok(Amendment::Enter(Amended {
            quantity,
            limit,
            filled,
        }))
    }

    pub(crate) fn check_replace(
        &self,
        slot: Slot,
        replacement: &Order,
    ) -> Result<Price, BookReject> {
        let old = self.orders[slot].id;
        if replacement.id != old && self.orders.find(replacement.id).is_some() {
            return Err(BookReject::DuplicateOrderId);
        }
        self.check_order(replacement, Some(self.orders.remaining(slot)))
    }

    pub(crate) fn check_time(&self, now: Timestamp) -> Result<(), BookReject> {
        if now < self.time {
            return Err(BookReject::TimeWentBackwards);
        }
        Ok(())
    }

    /// Whether an order that is good till cancelled or immediate is surely fine.
    #[inline(always)]
    pub(crate) fn is_surely_fine(&self, order: &Order, price: Price, chain: Chain) -> bool {
        self.orders.find_in(chain, order.id).is_none()
            && self.instrument.check_quantity(order.quantity).is_ok()
            && self.instrument.check_price(price).is_ok()
            && self
                .instrument
                .check_notional(price, order.quantity)
                .is_ok()
            && self.check_room(order.side, order.quantity, None).is_ok()
    }

    /// Whether an amendment is surely fine and moves an order to where it meets nobody: what is to
    /// trade of it then.
    #[inline(always)]
    pub(crate) fn moves_quietly(
        &self,
        slot: Slot,
        quantity: Quantity,
        price: Price,
    ) -> Option<Quantity> {
        let order = &self.orders[slot];
        let filled = order.quantity.get() - order.displayed.get();
        let remaining = Quantity::new(quantity.get().checked_sub(filled)?);
        let makers = self.ladder(order.side.opposite());
        let quiet = order.is_plain()
            && !remaining.is_zero()
            && (price != order.price || quantity > order.quantity)
            && self.instrument.check_quantity(quantity).is_ok()
            && self.instrument.check_price(price).is_ok()
            && self.instrument.check_notional(price, quantity).is_ok()
            && self
                .check_room(order.side, remaining, Some(order.displayed))
                .is_ok()
            && !makers.may_meet(makers.rank(price));
        quiet.then_some(remaining)
    }
}

/// The best price that does not cross: one tick from the best opposite one.
fn beyond(side: Side, best: Price) -> Option<Price> {
    let tick = match side {
        Side::Buy => best.get().checked_sub(1),
        Side::Sell => best.get().checked_add(1),
    };
    tick.map(Price::new)
}

pub(crate) fn check_selection(selection: &Selection) -> Result<(), BookReject> {
    match (selection.lowest, selection.highest) {
        (Some(lowest), Some(highest)) if lowest > highest => Err(BookReject::InvalidPriceRange),
        _ => Ok(()),
    }
}

impl Instrument {
    #[inline]
    pub(crate) fn check_quantity(&self, quantity: Quantity) -> Result<(), BookReject> {
        if quantity >= self.min_quantity() && quantity <= self.max_quantity() {
            Ok(())
        } else {
            Err(BookReject::QuantityOutOfRange)
        }
    }

    #[inline]
    pub(crate) fn check_price(&self, price: Price) -> Result<(), BookReject> {
        if price >= self.min_price() && price <= self.max_price() {
            Ok(())
        } else {
            Err(BookReject::PriceOutOfRange)
        }
    }

    #[inline]
    pub(crate) fn check_notional(
        &self,
        price: Price,
        quantity: Quantity,
    ) -> Result<(), BookReject> {
        if self.is_worth_enough(price, quantity) {
            Ok(())
        } else {
            Err(BookReject::NotionalTooSmall)
        }
    }
}
