//! The book and its one verb.

use alloc::vec::Vec;
use core::fmt;

use crate::checks::{Amendment, check_selection};
use crate::ladder::Ladder;
use crate::matching::expire_at_once;
use crate::node::{Chain, Slot};
use crate::orders::Orders;
use crate::{
    BookReject, CloseReason, Command, Event, Instrument, Order, OrderId, OrderKind, Price,
    Quantity, Side, TimeInForce, Timestamp, TradeId,
};

/// The resting orders of one instrument, and the rules by which incoming ones meet them.
///
/// See the [crate documentation](crate) for the rules and an example.
///
/// | command | cost |
/// |---|---|
/// | place, cancel, reduce, amend, replace | O(1) near the market; O(log levels) for a price far from it; plus O(log orders) for an order with a date, or for an id chosen to collide with others |
/// | trading | O(1) for each slice of a resting order it trades with |
/// | fill-or-kill, minimum quantity | O(levels it would take) more; O(orders and slices it would take) with self-trade prevention |
/// | cancel all | O(orders within its prices) |
/// | expire | O(log orders) for each that expires |
///
/// Storage grows by doubling, so a command that makes it grow costs O(orders) once; and after about
/// as many orders far from the market as there are levels near it, one command moves those levels.
///
/// A resting order takes 72 to 80 bytes, 64 for itself and the rest in the table of ids (up to twice
/// that while a book grows); 40 to 80 more where it is an iceberg, and about 100 more where it has a
/// date.
#[derive(Clone)]
pub struct OrderBook {
    pub(crate) instrument: Instrument,
    pub(crate) orders: Orders,
    /// Bids and asks, at the position of their [`Side`].
    pub(crate) ladders: [Ladder; 2],
    pub(crate) last_trade_id: TradeId,
    /// That of the newest [`Command::Expire`].
    pub(crate) time: Timestamp,
}

impl fmt::Debug for OrderBook {
    /// Says which book this is and where its market stands, not all of its orders.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderBook")
            .field("symbol", &self.instrument.symbol())
            .field("orders", &self.len())
            .field("bid", &self.best(Side::Buy))
            .field("ask", &self.best(Side::Sell))
            .field("last_trade_id", &self.last_trade_id)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

impl OrderBook {
    /// An empty book.
    pub fn new(instrument: Instrument) -> Self {
        Self::with_capacity(instrument, 0, 0)
    }

    /// An empty book with room for so many resting orders, and with direct access to so many ticks
    /// around the market on either side. Within those bounds it does not allocate, but for orders
    /// with a date, for more icebergs at a time than ever before, and for fill-or-kill orders with
    /// self-trade prevention that meet many icebergs at one price. 24 bytes a tick and side; more
    /// than 65,536 ticks are not of use.
    pub fn with_capacity(instrument: Instrument, orders: usize, ticks: usize) -> Self {
        let orders = orders.min(instrument.max_orders() as usize);
        Self {
            instrument,
            orders: Orders::with_capacity(orders),
            ladders: [
                Ladder::new(Side::Buy, ticks),
                Ladder::new(Side::Sell, ticks),
            ],
            last_trade_id: TradeId::new(0),
            time: Timestamp::new(0),
        }
    }

    /// Applies a command: validates it, changes the book, and appends what happened to `events`.
    ///
    /// # Errors
    ///
    /// A [`BookReject`] where the command is refused; the book and `events` are then untouched.
    #[inline(always)]
    pub fn apply(&mut self, command: &Command, events: &mut Vec<Event>) -> Result<(), BookReject> {
        match command {
            Command::Place(order) => self.place(order, events),
            Command::Cancel { order_id } => self.cancel(*order_id, events),
            Command::Amend {
                order_id,
                quantity,
                price,
            } => self.amend(*order_id, *quantity, *price, events),
            _ => self.apply_other(command, events),
        }
    }

    /// What most orders are: good till cancelled, with nothing wrong, and meeting nobody. That is done
    /// here. Those that trade, and immediate ones, go by ways of their own; all else goes the general
    /// way, which starts anew.
    #[inline(always)]
    fn place(&mut self, order: &Order, events: &mut Vec<Event>) -> Result<(), BookReject> {
        let chain = self.orders.chain_of(order.id);
        match order.kind {
            OrderKind::Limit {
                price,
                time_in_force: TimeInForce::GoodTillCancel,
            } if self.is_surely_fine(order, price, chain) => {
                let makers = self.ladder(order.side.opposite());
                if makers.may_meet(makers.rank(price)) {
                    self.enter_promptly(order, chain, price, events);
                } else {
                    self.enter_quietly(order, price, chain, events);
                }
                Ok(())
            }
            _ => self.place_other(order, chain, events),
        }
    }

    /// An immediate order, with nothing wrong either; or any other, the general way.
    #[inline(never)]
    fn place_other(
        &mut self,
        order: &Order,
        chain: Chain,
        events: &mut Vec<Event>,
    ) -> Result<(), BookReject> {
        match order.kind {
            OrderKind::Limit {
                price,
                time_in_force: TimeInForce::IOC,
            } if self.is_surely_fine(order, price, chain) => {
                let makers = self.ladder(order.side.opposite());
                if makers.may_meet(makers.rank(price)) {
                    self.enter_promptly(order, chain, price, events);
                } else {
                    expire_at_once(order, events);
                }
                Ok(())
            }
            _ => self.place_generally(order, chain, events),
        }
    }

    #[inline(never)]
    fn place_generally(
        &mut self,
        order: &Order,
        chain: Chain,
        events: &mut Vec<Event>,
    ) -> Result<(), BookReject> {
        let limit = self.check_place(order, chain)?;
        self.enter(order, chain, limit, events);
        Ok(())
    }

    #[inline(always)]
    fn cancel(&mut self, id: OrderId, events: &mut Vec<Event>) -> Result<(), BookReject> {
        let chain = self.orders.chain_of(id);
        let Some(slot) = self.orders.find_first(chain, id) else {
            // Mostly it has traded, or was cancelled before.
            if self.orders.is_surely_new(chain) {
                return Err(BookReject::UnknownOrder);
            }
            return self.cancel_further(chain, id, events);
        };
        self.close_in(chain, slot, CloseReason::Cancelled, events);
        Ok(())
    }

    #[cold]
    fn cancel_further(
        &mut self,
        chain: Chain,
        id: OrderId,
        events: &mut Vec<Event>,
    ) -> Result<(), BookReject> {
        let found = self.orders.find_in(chain, id);
        let slot = found.ok_or(BookReject::UnknownOrder)?;
        self.close(slot, CloseReason::Cancelled, events);
        Ok(())
    }

    /// An amended order mostly moves, and meets nobody. As with [`place`](Self::place), that is done
    /// here, and all else goes the general way.
    #[inline(never)]
    fn amend(
        &mut self,
        id: OrderId,
        quantity: Quantity,
        price: Price,
        events: &mut Vec<Event>,
    ) -> Result<(), BookReject> {
        let chain = self.orders.chain_of(id);
        if let Some(slot) = self.orders.find_first(chain, id)
            && let Some(remaining) = self.moves_quietly(slot, quantity, price)
        {
            self.move_quietly(chain, slot, quantity, remaining, price, events);
            return Ok(());
        }
        if self.orders.is_surely_new(chain) {
            return Err(BookReject::UnknownOrder);
        }
        self.amend_generally(chain, id, quantity, price, events)
    }

    #[inline(never)]
    fn amend_generally(
        &mut self,
        chain: Chain,
        id: OrderId,
        quantity: Quantity,
        price: Price,
        events: &mut Vec<Event>,
    ) -> Result<(), BookReject> {
        let found = self.orders.find_in(chain, id);
        let slot = found.ok_or(BookReject::UnknownOrder)?;
        match self.check_amend(slot, quantity, price)? {
            Amendment::Cancel => self.close(slot, CloseReason::Cancelled, events),
            Amendment::Reduce(by) => self.reduce(slot, by, events),
            Amendment::Enter(amended) => self.enter_again(chain, slot, amended, events),
        }
        Ok(())
    }

    #[inline(never)]
    fn replace(
        &mut self,
        slot: Slot,
        replacement: &Order,
        events: &mut Vec<Event>,
    ) -> Result<(), BookReject> {
        let limit = self.check_replace(slot, replacement)?;
        self.close(slot, CloseReason::Replaced, events);
        let chain = self.orders.chain_of(replacement.id);
        self.enter(replacement, chain, limit, events);
        Ok(())
    }

    /// The commands of which there are fewer.
    #[inline(never)]
    fn apply_other(
        &mut self,
        command: &Command,
        events: &mut Vec<Event>,
    ) -> Result<(), BookReject> {
        match command {
            Command::Place(order) => return self.place(order, events),
            Command::Cancel { order_id } => return self.cancel(*order_id, events),
            Command::Reduce { order_id, by } => {
                let slot = self.check_reduce(*order_id, *by)?;
                self.reduce(slot, *by, events);
            }
            Command::Amend {
                order_id,
                quantity,
                price,
            } => return self.amend(*order_id, *quantity, *price, events),
            Command::Replace {
                order_id,
                new_order_id,
                quantity,
                price,
                time_in_force,
            } => {
                let slot = self.slot(*order_id)?;
                let terms = (*price, *time_in_force);
                let replacement = self.replacement(slot, *new_order_id, *quantity, terms);
                return self.replace(slot, &replacement, events);
            }
            Command::CancelAll(selection) => {
                check_selection(selection)?;
                self.cancel_all(selection, events);
            }
            Command::Expire { now } => {
                self.check_time(*now)?;
                self.expire(*now, events);
            }
        }
        Ok(())
    }

    /// Whether [`apply`](Self::apply) would take this command now.
    ///
    /// # Errors
    ///
    /// The [`BookReject`] that `apply` would return.
    pub fn validate(&self, command: &Command) -> Result<(), BookReject> {
        match command {
            Command::Place(order) => {
                let chain = self.orders.chain_of(order.id);
                self.check_place(order, chain).map(drop)
            }
            Command::Cancel { order_id } => self.slot(*order_id).map(drop),
            Command::Reduce { order_id, by } => self.check_reduce(*order_id, *by).map(drop),
            Command::Amend {
                order_id,
                quantity,
                price,
            } => self
                .check_amend(self.slot(*order_id)?, *quantity, *price)
                .map(drop),
            Command::Replace {
                order_id,
                new_order_id,
                quantity,
                price,
                time_in_force,
            } => {
                let slot = self.slot(*order_id)?;
                let terms = (*price, *time_in_force);
                let replacement = self.replacement(slot, *new_order_id, *quantity, terms);
                self.check_replace(slot, &replacement).map(drop)
            }
            Command::CancelAll(selection) => check_selection(selection),
            Command::Expire { now } => self.check_time(*now),
        }
    }

    #[inline]
    pub(crate) fn slot(&self, id: OrderId) -> Result<Slot, BookReject> {
        self.orders.find(id).ok_or(BookReject::UnknownOrder)
    }

    /// The order that comes in the stead of a resting one.
    fn replacement(
        &self,
        slot: Slot,
        id: OrderId,
        quantity: Quantity,
        (price, time_in_force): (Price, TimeInForce),
    ) -> Order {
        let old = &self.orders[slot];
        Order {
            id,
            account: old.account,
            group: old.group,
            side: old.side,
            quantity,
            kind: OrderKind::Limit {
                price,
                time_in_force,
            },
            self_trade: old.self_trade,
        }
    }

    #[inline]
    pub(crate) const fn ladder(&self, side: Side) -> &Ladder {
        &self.ladders[side as usize]
    }

    #[inline]
    pub(crate) const fn ladder_mut(&mut self, side: Side) -> &mut Ladder {
        &mut self.ladders[side as usize]
    }

    /// What is traded here.
    pub const fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// The id of the newest trade; zero before the first.
    pub const fn last_trade_id(&self) -> TradeId {
        self.last_trade_id
    }

    /// The time of the newest [`Command::Expire`]; zero before the first.
    pub const fn time(&self) -> Timestamp {
        self.time
    }
}
