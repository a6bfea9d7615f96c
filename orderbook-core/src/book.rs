//! The book: its one verb, its queries and its self-check.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use crate::levels::{Levels, Slot};
use crate::matching;
use crate::{
    BookReject, Command, Event, Instrument, Level, Notional, Order, OrderId, OrderKind, Price,
    Quantity, RestingOrder, Side, TimeInForce, TradeId, Violation,
};

/// The resting orders of one instrument, and the rules by which incoming ones meet them.
///
/// See the [crate documentation](crate) for the rules and an example. With *n* resting orders on
/// *l* levels, a command costs O(log n + log l) plus O(log n) for each order it trades with.
#[derive(Debug, Clone)]
pub struct OrderBook {
    pub(crate) instrument: Instrument,
    pub(crate) levels: Levels,
    /// An ordered map: its cost does not depend on who chooses the ids.
    pub(crate) slots: BTreeMap<OrderId, Slot>,
    pub(crate) last_trade_id: TradeId,
}

impl OrderBook {
    /// An empty book.
    pub fn new(instrument: Instrument) -> Self {
        Self {
            instrument,
            levels: Levels::default(),
            slots: BTreeMap::new(),
            last_trade_id: TradeId::new(0),
        }
    }

    /// Applies a command: validates it, changes the book, and appends what happened to `events`.
    ///
    /// # Errors
    ///
    /// A [`BookReject`] where the command is refused; the book and `events` are then untouched.
    pub fn apply(&mut self, command: &Command, events: &mut Vec<Event>) -> Result<(), BookReject> {
        self.validate(command)?;
        matching::execute(self, command, events);
        Ok(())
    }

    /// Whether [`apply`](Self::apply) would take this command now.
    ///
    /// # Errors
    ///
    /// The [`BookReject`] that `apply` would return.
    pub fn validate(&self, command: &Command) -> Result<(), BookReject> {
        match *command {
            Command::Place(order) => {
                if self.slots.contains_key(&order.id) {
                    return Err(BookReject::DuplicateOrderId);
                }
                self.validate_terms(&order, None)
            }
            Command::Cancel { order_id } => {
                self.order(order_id).ok_or(BookReject::UnknownOrder)?;
                Ok(())
            }
            Command::Reduce { order_id, by } => {
                let order = self.order(order_id).ok_or(BookReject::UnknownOrder)?;
                if by.is_zero() || by >= order.remaining {
                    return Err(BookReject::InvalidReduction);
                }
                Ok(())
            }
            Command::Replace {
                order_id,
                new_order_id,
                quantity,
                price,
                time_in_force,
            } => {
                let old = self.order(order_id).ok_or(BookReject::UnknownOrder)?;
                if new_order_id != order_id && self.slots.contains_key(&new_order_id) {
                    return Err(BookReject::DuplicateOrderId);
                }
                let replacement = Order {
                    id: new_order_id,
                    account: old.account,
                    side: old.side,
                    quantity,
                    kind: OrderKind::Limit {
                        price,
                        time_in_force,
                    },
                };
                self.validate_terms(&replacement, Some(old))
            }
        }
    }

    /// Quantity, price, notional, post-only and room at the level. `leaving` is the order that
    /// goes when this one comes.
    fn validate_terms(
        &self,
        order: &Order,
        leaving: Option<&RestingOrder>,
    ) -> Result<(), BookReject> {
        let instrument = &self.instrument;
        if order.quantity < instrument.min_quantity() || order.quantity > instrument.max_quantity()
        {
            return Err(BookReject::QuantityOutOfRange);
        }
        let OrderKind::Limit {
            price,
            time_in_force,
        } = order.kind
        else {
            return Ok(());
        };
        if price < instrument.min_price() || price > instrument.max_price() {
            return Err(BookReject::PriceOutOfRange);
        }
        // Below zero the seller pays the buyer; the size of the deal is the same.
        let notional = Notional::new(price.notional(order.quantity).get().abs());
        if notional < instrument.min_notional() {
            return Err(BookReject::NotionalTooSmall);
        }
        if time_in_force == TimeInForce::PostOnly && self.would_match(order.side, price) {
            return Err(BookReject::WouldMatch);
        }
        match time_in_force {
            TimeInForce::GoodTillCancel | TimeInForce::PostOnly => {}
            // These never rest, so they need no room.
            TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill => return Ok(()),
        }
        let mut at_price = self.levels.quantity_at(order.side, price);
        if let Some(leaving) = leaving.filter(|leaving| leaving.price == price) {
            at_price = at_price.checked_sub(leaving.remaining).unwrap_or_default();
        }
        at_price
            .checked_add(order.quantity)
            .ok_or(BookReject::LevelFull)?;
        Ok(())
    }

    /// Puts an order at the back of its queue. The caller has checked that there is room.
    pub(crate) fn rest(&mut self, order: RestingOrder) {
        let slot = self.levels.push_back(order);
        self.slots.insert(order.id, slot);
    }

    /// Whether an order of this side limited at `price` would trade at once. O(log levels).
    pub fn would_match(&self, side: Side, price: Price) -> bool {
        self.best(side.opposite())
            .is_some_and(|best| side.accepts(price, best.price))
    }

    /// What is traded here.
    pub const fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// The id of the newest trade; zero before the first.
    pub const fn last_trade_id(&self) -> TradeId {
        self.last_trade_id
    }

    /// The number of resting orders. O(1).
    pub fn len(&self) -> usize {
        self.levels.len()
    }

    /// Whether nothing rests here. O(1).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The best bid or ask level. O(log levels).
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels.best(side)
    }

    /// The levels of a side, best first. O(1) per level.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.levels.iter(side)
    }

    /// The orders of a side in the order in which they would trade. O(log levels) per level, O(1)
    /// per order.
    pub fn orders(&self, side: Side) -> impl Iterator<Item = &RestingOrder> + '_ {
        self.levels(side)
            .flat_map(move |level| self.levels.orders_at(side, level.price))
    }

    /// A resting order. O(log orders).
    pub fn order(&self, id: OrderId) -> Option<&RestingOrder> {
        self.slots.get(&id).map(|slot| self.levels.get(*slot))
    }

    /// What taking up to `quantity` on `side` would trade now, worst price `limit` (`None`: any):
    /// how much there is, and what it costs. A buy takes from the asks. O(levels taken).
    pub fn cost_to_take(
        &self,
        side: Side,
        quantity: Quantity,
        limit: Option<Price>,
    ) -> (Quantity, Notional) {
        let mut missing = quantity.get();
        let mut cost = 0_i128;
        for level in self.levels(side.opposite()) {
            if missing == 0 || limit.is_some_and(|limit| !side.accepts(limit, level.price)) {
                break;
            }
            let taken = missing.min(level.quantity.get());
            missing -= taken;
            // Bounded by the worst price times a 64-bit quantity, which fits 128 bits.
            cost += level.price.notional(Quantity::new(taken)).get();
        }
        (Quantity::new(quantity.get() - missing), Notional::new(cost))
    }

    /// Checks everything that must always hold; O(orders · log levels). For tests and audits.
    ///
    /// # Errors
    ///
    /// The [`Violation`] found first: a bug in this crate.
    pub fn check(&self) -> Result<(), Violation> {
        if let (Some(bid), Some(ask)) = (self.best(Side::Buy), self.best(Side::Sell))
            && bid.price >= ask.price
        {
            return Err(Violation::new(
                "I1",
                format!("crossed: bid {} >= ask {}", bid.price, ask.price),
            ));
        }
        let mut seen = 0;
        for side in [Side::Buy, Side::Sell] {
            let mut previous: Option<Price> = None;
            for level in self.levels(side) {
                let sorted = previous.is_none_or(|previous| {
                    previous != level.price && side.opposite().accepts(level.price, previous)
                });
                if !sorted {
                    return Err(Violation::new(
                        "I2",
                        format!("level {} out of order", level.price),
                    ));
                }
                previous = Some(level.price);
                let mut total = 0_u128;
                for order in self.levels.orders_at(side, level.price) {
                    seen += 1;
                    total += u128::from(order.remaining.get());
                    let known = self.order(order.id) == Some(order);
                    if !known || order.side != side || order.price != level.price {
                        return Err(Violation::new(
                            "I2",
                            format!("order {} misplaced", order.id),
                        ));
                    }
                    if order.remaining.is_zero() {
                        return Err(Violation::new("I3", format!("order {} is empty", order.id)));
                    }
                }
                if total != u128::from(level.quantity.get()) {
                    return Err(Violation::new(
                        "I2",
                        format!(
                            "level {} holds {total}, says {}",
                            level.price, level.quantity
                        ),
                    ));
                }
            }
        }
        if seen != self.slots.len() || seen != self.len() {
            return Err(Violation::new(
                "I2",
                format!("{} ids, {seen} orders", self.slots.len()),
            ));
        }
        Ok(())
    }
}
