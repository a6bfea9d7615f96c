//! The order book, as simple as it can be said.
//!
//! Two vectors of resting orders, each in the order in which they would trade. Everything is a
//! linear search. The vocabulary (commands, events, orders) is that of `orderbook-core`; the
//! rules, down to the comparison of prices, are written anew.

use orderbook_core::{
    BookReject, CloseReason, Command, Event, Instrument, Level, Order, OrderId, OrderKind, Price,
    Quantity, RestingOrder, Side, TimeInForce, Trade, TradeId,
};

/// The model of an `OrderBook`.
#[derive(Debug, Clone)]
pub struct Book {
    instrument: Instrument,
    bids: Vec<RestingOrder>,
    asks: Vec<RestingOrder>,
    trades: u64,
}

impl Book {
    /// An empty book.
    pub const fn new(instrument: Instrument) -> Self {
        Self {
            instrument,
            bids: Vec::new(),
            asks: Vec::new(),
            trades: 0,
        }
    }

    /// What the command leads to.
    ///
    /// # Errors
    ///
    /// The reason why it is refused; nothing changed then.
    pub fn apply(&mut self, command: &Command) -> Result<Vec<Event>, BookReject> {
        match *command {
            Command::Place(order) => {
                if self.order(order.id).is_some() {
                    return Err(BookReject::DuplicateOrderId);
                }
                self.place(order)
            }
            Command::Cancel { order_id } => {
                let order = self.take_out(order_id).ok_or(BookReject::UnknownOrder)?;
                Ok(vec![closed(&order, CloseReason::Cancelled)])
            }
            Command::Reduce { order_id, by } => self.reduce(order_id, by),
            Command::Replace {
                order_id,
                new_order_id,
                quantity,
                price,
                time_in_force,
            } => {
                // A copy is changed and kept only if all goes well.
                let mut after = self.clone();
                let old = after.take_out(order_id).ok_or(BookReject::UnknownOrder)?;
                if after.order(new_order_id).is_some() {
                    return Err(BookReject::DuplicateOrderId);
                }
                let mut events = vec![closed(&old, CloseReason::Replaced)];
                events.extend(after.place(Order {
                    id: new_order_id,
                    account: old.account,
                    side: old.side,
                    quantity,
                    kind: OrderKind::Limit {
                        price,
                        time_in_force,
                    },
                })?);
                *self = after;
                Ok(events)
            }
        }
    }

    fn reduce(&mut self, order_id: OrderId, by: Quantity) -> Result<Vec<Event>, BookReject> {
        let order = self
            .bids
            .iter_mut()
            .chain(&mut self.asks)
            .find(|order| order.id == order_id)
            .ok_or(BookReject::UnknownOrder)?;
        if by.get() == 0 || by.get() >= order.remaining.get() {
            return Err(BookReject::InvalidReduction);
        }
        order.remaining = Quantity::new(order.remaining.get() - by.get());
        Ok(vec![Event::Reduced {
            order_id,
            account: order.account,
            side: order.side,
            price: order.price,
            by,
            remaining: order.remaining,
        }])
    }

    fn place(&mut self, order: Order) -> Result<Vec<Event>, BookReject> {
        self.check_terms(&order)?;

        let mut after = self.clone();
        let (trades, remaining) = after.take(&order);
        let time_in_force = match order.kind {
            OrderKind::Limit { time_in_force, .. } => Some(time_in_force),
            OrderKind::Market => None,
        };
        let mut events = vec![Event::Accepted(order)];
        let unfilled = if time_in_force == Some(TimeInForce::FillOrKill) && remaining > 0 {
            order.quantity.get()
        } else {
            *self = after;
            events.extend(trades);
            remaining
        };

        let rests = match order.kind {
            OrderKind::Limit {
                price,
                time_in_force: TimeInForce::GoodTillCancel | TimeInForce::PostOnly,
            } if unfilled > 0 => Some(price),
            _ => None,
        };
        if let Some(price) = rests {
            let quantity = Quantity::new(unfilled);
            self.put_in(RestingOrder {
                id: order.id,
                account: order.account,
                side: order.side,
                price,
                remaining: quantity,
            });
            events.push(Event::Rested {
                order_id: order.id,
                account: order.account,
                side: order.side,
                price,
                quantity,
            });
        } else {
            events.push(Event::Closed {
                order_id: order.id,
                account: order.account,
                side: order.side,
                reason: if unfilled == 0 {
                    CloseReason::Filled
                } else {
                    CloseReason::Expired
                },
                unfilled: Quantity::new(unfilled),
                resting_at: None,
            });
        }
        Ok(events)
    }

    fn check_terms(&self, order: &Order) -> Result<(), BookReject> {
        let limits = &self.instrument;
        let quantity = order.quantity.get();
        if quantity < limits.min_quantity().get() || quantity > limits.max_quantity().get() {
            return Err(BookReject::QuantityOutOfRange);
        }
        let OrderKind::Limit {
            price,
            time_in_force,
        } = order.kind
        else {
            return Ok(());
        };
        if price.get() < limits.min_price().get() || price.get() > limits.max_price().get() {
            return Err(BookReject::PriceOutOfRange);
        }
        // Below zero the seller pays; the size of the deal is the same.
        let notional = i128::from(price.get().unsigned_abs()) * i128::from(quantity);
        if notional < limits.min_notional().get() {
            return Err(BookReject::NotionalTooSmall);
        }
        if time_in_force == TimeInForce::PostOnly && self.would_match(order.side, price) {
            return Err(BookReject::WouldMatch);
        }
        let may_rest = matches!(
            time_in_force,
            TimeInForce::GoodTillCancel | TimeInForce::PostOnly
        );
        let at_price: u128 = self
            .orders(order.side)
            .iter()
            .filter(|other| other.price == price)
            .map(|other| u128::from(other.remaining.get()))
            .sum();
        if may_rest && at_price + u128::from(quantity) > u128::from(u64::MAX) {
            return Err(BookReject::LevelFull);
        }
        Ok(())
    }

    /// Trades an order as far as its limit lets it. Returns the events and what is left of it.
    fn take(&mut self, taker: &Order) -> (Vec<Event>, u64) {
        let mut events = Vec::new();
        let mut remaining = taker.quantity.get();
        let makers = match taker.side {
            Side::Buy => &mut self.asks,
            Side::Sell => &mut self.bids,
        };
        while remaining > 0 && !makers.is_empty() {
            let maker = &mut makers[0];
            if let OrderKind::Limit { price, .. } = taker.kind
                && !meets(taker.side, price, maker.price)
            {
                break;
            }
            let traded = remaining.min(maker.remaining.get());
            remaining -= traded;
            maker.remaining = Quantity::new(maker.remaining.get() - traded);
            self.trades += 1;
            events.push(Event::Traded(Trade {
                id: TradeId::new(self.trades),
                price: maker.price,
                quantity: Quantity::new(traded),
                taker_side: taker.side,
                maker_order_id: maker.id,
                maker_account: maker.account,
                maker_remaining: maker.remaining,
                taker_order_id: taker.id,
                taker_account: taker.account,
                taker_remaining: Quantity::new(remaining),
            }));
            if maker.remaining.get() == 0 {
                events.push(closed(&makers.remove(0), CloseReason::Filled));
            }
        }
        (events, remaining)
    }

    /// Joins its side behind all orders with as good a price or a better one.
    fn put_in(&mut self, order: RestingOrder) {
        let (orders, sign) = match order.side {
            Side::Buy => (&mut self.bids, -1),
            Side::Sell => (&mut self.asks, 1),
        };
        // The lower the rank, the better the price.
        let rank = |price: Price| sign * i128::from(price.get());
        let place = orders
            .iter()
            .position(|other| rank(other.price) > rank(order.price))
            .unwrap_or(orders.len());
        orders.insert(place, order);
    }

    fn take_out(&mut self, id: OrderId) -> Option<RestingOrder> {
        for orders in [&mut self.bids, &mut self.asks] {
            if let Some(place) = orders.iter().position(|order| order.id == id) {
                return Some(orders.remove(place));
            }
        }
        None
    }

    /// The resting orders of a side in the order in which they would trade.
    pub fn orders(&self, side: Side) -> &[RestingOrder] {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// A resting order.
    pub fn order(&self, id: OrderId) -> Option<&RestingOrder> {
        self.bids.iter().chain(&self.asks).find(|o| o.id == id)
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> Vec<Level> {
        let mut levels: Vec<Level> = Vec::new();
        for order in self.orders(side) {
            match levels.last_mut() {
                Some(level) if level.price == order.price => {
                    level.quantity = Quantity::new(level.quantity.get() + order.remaining.get());
                }
                _ => levels.push(Level {
                    price: order.price,
                    quantity: order.remaining,
                }),
            }
        }
        levels
    }

    /// The number of trades so far, which is the id of the newest.
    pub const fn trades(&self) -> u64 {
        self.trades
    }

    /// Whether an order limited at `price` would trade at once.
    pub fn would_match(&self, side: Side, price: Price) -> bool {
        let makers = match side {
            Side::Buy => &self.asks,
            Side::Sell => &self.bids,
        };
        makers.iter().any(|maker| meets(side, price, maker.price))
    }

    /// What taking up to `quantity` would trade, and what it would cost.
    pub fn cost_to_take(&self, side: Side, quantity: u64, limit: Option<Price>) -> (u64, i128) {
        let makers = match side {
            Side::Buy => &self.asks,
            Side::Sell => &self.bids,
        };
        let (mut taken, mut cost) = (0, 0);
        for maker in makers {
            if limit.is_none_or(|limit| meets(side, limit, maker.price)) {
                let part = maker.remaining.get().min(quantity - taken);
                taken += part;
                cost += i128::from(part) * i128::from(maker.price.get());
            }
        }
        (taken, cost)
    }
}

/// Whether a taker limited at `limit` trades with a maker at `price`.
const fn meets(taker: Side, limit: Price, price: Price) -> bool {
    match taker {
        Side::Buy => limit.get() >= price.get(),
        Side::Sell => limit.get() <= price.get(),
    }
}

const fn closed(order: &RestingOrder, reason: CloseReason) -> Event {
    Event::Closed {
        order_id: order.id,
        account: order.account,
        side: order.side,
        reason,
        unfilled: order.remaining,
        resting_at: Some(order.price),
    }
}
