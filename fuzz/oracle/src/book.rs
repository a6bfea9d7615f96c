//! The order book, as simple as it can be said.
//!
//! Two vectors of resting orders, each in the order in which they would trade. Everything is a
//! linear search, and what would happen is found out on a copy. The vocabulary (commands, events,
//! orders) is that of `orderbook-core`; the rules, down to the comparison of prices, are written
//! anew.

use orderbook_core::{
    AccountId, BookReject, CloseReason, Command, Event, GroupId, Instrument, Level, Notional,
    Order, OrderId, OrderKind, PostOnly, Price, Quantity, Resting, RestingOrder, Selection,
    SelfTradePrevention, Side, TimeInForce, Timestamp, Trade, TradeId,
};

/// The model of an `OrderBook`.
#[derive(Debug, Clone)]
pub struct Book {
    instrument: Instrument,
    bids: Vec<RestingOrder>,
    asks: Vec<RestingOrder>,
    trades: u64,
    time: Timestamp,
}

/// An order while it trades.
#[derive(Debug, Clone)]
struct Taker {
    id: OrderId,
    account: AccountId,
    group: Option<GroupId>,
    side: Side,
    /// A limit or a protection price.
    worst: Option<Price>,
    /// What it may still spend.
    budget: Option<i128>,
    self_trade: SelfTradePrevention,
    remaining: u64,
    /// What it has traded since it came in.
    traded: u64,
    /// What decrements have taken off since it came in.
    decremented: u64,
}

impl Book {
    /// An empty book.
    pub fn new(instrument: Instrument) -> Self {
        Self {
            instrument,
            bids: Vec::new(),
            asks: Vec::new(),
            trades: 0,
            time: Timestamp::default(),
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
                self.check(&order)?;
                Ok(self.place(order))
            }
            Command::Cancel { order_id } => {
                let order = self.take_out(order_id).ok_or(BookReject::UnknownOrder)?;
                Ok(vec![left(&order, CloseReason::Cancelled)])
            }
            Command::Reduce { order_id, by } => {
                let order = self.order(order_id).ok_or(BookReject::UnknownOrder)?;
                if by.get() == 0 || by.get() >= order.remaining.get() {
                    return Err(BookReject::InvalidReduction);
                }
                Ok(vec![self.reduce(order_id, by.get())])
            }
            Command::Amend {
                order_id,
                quantity,
                price,
            } => self.amend(order_id, quantity, price),
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
                let new = Order {
                    id: new_order_id,
                    account: old.account,
                    group: old.group,
                    side: old.side,
                    quantity,
                    kind: OrderKind::Limit {
                        price,
                        time_in_force,
                    },
                    self_trade: Some(old.self_trade),
                };
                after.check(&new)?;
                let mut events = vec![left(&old, CloseReason::Replaced)];
                events.extend(after.place(new));
                *self = after;
                Ok(events)
            }
            Command::CancelAll(selection) => {
                if let (Some(lowest), Some(highest)) = (selection.lowest, selection.highest)
                    && lowest.get() > highest.get()
                {
                    return Err(BookReject::InvalidPriceRange);
                }
                let chosen = self.all().filter(|order| is_in(order, &selection));
                let chosen: Vec<RestingOrder> = chosen.copied().collect();
                Ok(self.close_all(&chosen, CloseReason::Cancelled))
            }
            Command::Expire { now } => {
                if now.get() < self.time.get() {
                    return Err(BookReject::TimeWentBackwards);
                }
                self.time = now;
                let due = |order: &&RestingOrder| order.until.is_some_and(|t| t.get() <= now.get());
                let mut due: Vec<RestingOrder> = self.all().filter(due).copied().collect();
                due.sort_by_key(|order| (order.until.map(Timestamp::get), order.id.get()));
                Ok(self.close_all(&due, CloseReason::Expired))
            }
        }
    }

    /// Whether a new order may come in. Its id has been looked at.
    fn check(&self, order: &Order) -> Result<(), BookReject> {
        let quantity = order.quantity.get();
        match order.kind {
            OrderKind::Market { protection, budget } => {
                self.check_quantity(quantity)?;
                if protection.is_some_and(|price| !self.allows(price)) {
                    return Err(BookReject::PriceOutOfRange);
                }
                let least = self.instrument.min_notional().get();
                if budget.is_some_and(|budget| budget.get() <= 0 || budget.get() < least) {
                    return Err(BookReject::NotionalTooSmall);
                }
                Ok(())
            }
            OrderKind::Limit {
                price,
                time_in_force,
            } => {
                self.check_quantity(quantity)?;
                self.check_price(price, quantity)?;
                match time_in_force {
                    TimeInForce::FillOrKill => Ok(()),
                    TimeInForce::ImmediateOrCancel { minimum } => {
                        if minimum.get() > quantity {
                            return Err(BookReject::MinimumTooLarge);
                        }
                        Ok(())
                    }
                    TimeInForce::GoodTillCancel => {
                        self.check_resting(order.side, price, quantity, Resting::PLAIN)
                    }
                    TimeInForce::Rest(terms) => {
                        self.check_resting(order.side, price, quantity, terms)
                    }
                }
            }
        }
    }

    const fn check_quantity(&self, quantity: u64) -> Result<(), BookReject> {
        if quantity < self.instrument.min_quantity().get()
            || quantity > self.instrument.max_quantity().get()
        {
            return Err(BookReject::QuantityOutOfRange);
        }
        Ok(())
    }

    fn check_price(&self, price: Price, quantity: u64) -> Result<(), BookReject> {
        if !self.allows(price) {
            return Err(BookReject::PriceOutOfRange);
        }
        // Below zero the seller pays; the size of the deal is the same.
        if size(price) * i128::from(quantity) < self.instrument.min_notional().get() {
            return Err(BookReject::NotionalTooSmall);
        }
        Ok(())
    }

    const fn allows(&self, price: Price) -> bool {
        price.get() >= self.instrument.min_price().get()
            && price.get() <= self.instrument.max_price().get()
    }

    fn check_resting(
        &self,
        side: Side,
        price: Price,
        quantity: u64,
        terms: Resting,
    ) -> Result<(), BookReject> {
        let Resting {
            until,
            post_only,
            display,
        } = terms;
        if until.is_some_and(|until| until.get() <= self.time.get()) {
            return Err(BookReject::AlreadyExpired);
        }
        self.check_entry(side, price, post_only, quantity, display)?;
        if self.all().count() >= self.instrument.max_orders() as usize {
            return Err(BookReject::BookFull);
        }
        Ok(())
    }

    /// Whether so much may come in to rest. An order that gets new terms has been taken out.
    fn check_entry(
        &self,
        side: Side,
        limit: Price,
        post_only: Option<PostOnly>,
        quantity: u64,
        display: Option<Quantity>,
    ) -> Result<(), BookReject> {
        if let Some(display) = display {
            let most = u64::from(self.instrument.max_slices());
            // The last slice may be smaller than the others and is one, too.
            if display.get() == 0 || quantity.div_ceil(display.get()) > most {
                return Err(BookReject::DisplayTooSmall);
            }
        }
        if self.price_to_rest(side, limit, post_only).is_none() {
            return Err(BookReject::WouldMatch);
        }
        let orders = self.orders(side).iter();
        let there: u128 = orders.map(|order| u128::from(order.remaining.get())).sum();
        if there + u128::from(quantity) > u128::from(u64::MAX) {
            return Err(BookReject::SideFull);
        }
        Ok(())
    }

    /// Where an order rests, if it does; `None` where it is post-only and has no such place.
    fn price_to_rest(
        &self,
        side: Side,
        limit: Price,
        post_only: Option<PostOnly>,
    ) -> Option<Price> {
        let best = self.opposite(side).first();
        let Some(best) = best.filter(|best| meets(side, limit, best.price)) else {
            return Some(limit);
        };
        match post_only {
            None => Some(limit),
            Some(PostOnly::Reject) => None,
            Some(PostOnly::Slide) => {
                let slid = match side {
                    Side::Buy => best.price.get().checked_sub(1),
                    Side::Sell => best.price.get().checked_add(1),
                };
                slid.map(Price::new).filter(|slid| self.allows(*slid))
            }
        }
    }

    fn place(&mut self, order: Order) -> Vec<Event> {
        match order.kind {
            OrderKind::Market { protection, budget } => {
                self.place_to_execute(&order, protection, budget, Quantity::ZERO)
            }
            OrderKind::Limit {
                price,
                time_in_force,
            } => match time_in_force {
                TimeInForce::GoodTillCancel => self.place_to_rest(&order, price, Resting::PLAIN),
                TimeInForce::Rest(terms) => self.place_to_rest(&order, price, terms),
                TimeInForce::ImmediateOrCancel { minimum } => {
                    self.place_to_execute(&order, Some(price), None, minimum)
                }
                TimeInForce::FillOrKill => {
                    self.place_to_execute(&order, Some(price), None, order.quantity)
                }
            },
        }
    }

    /// Places an order whose remainder expires, and all of it where less than `minimum` trades.
    fn place_to_execute(
        &mut self,
        order: &Order,
        worst: Option<Price>,
        budget: Option<Notional>,
        minimum: Quantity,
    ) -> Vec<Event> {
        let mut taker = Taker {
            id: order.id,
            account: order.account,
            group: order.group,
            side: order.side,
            worst,
            budget: budget.map(Notional::get),
            self_trade: order.self_trade.unwrap_or(self.instrument.self_trade()),
            remaining: order.quantity.get(),
            traded: 0,
            decremented: 0,
        };
        let mut trial = taker.clone();
        if minimum.get() > 0 {
            self.clone().take(&mut trial, &mut Vec::new());
        }
        let mut events = vec![accepted(order, None)];
        let reason = if trial.traded < minimum.get() {
            CloseReason::Expired
        } else {
            let reason = self.take(&mut taker, &mut events);
            reason.unwrap_or(CloseReason::Expired)
        };
        events.push(ended(&taker, reason));
        events
    }

    /// Places an order whose remainder rests.
    fn place_to_rest(&mut self, order: &Order, price: Price, terms: Resting) -> Vec<Event> {
        let entry = RestingOrder {
            id: order.id,
            account: order.account,
            group: order.group,
            side: order.side,
            price,
            quantity: order.quantity,
            remaining: order.quantity,
            displayed: Quantity::ZERO,
            display: terms.display,
            until: terms.until,
            post_only: terms.post_only,
            self_trade: order.self_trade.unwrap_or(self.instrument.self_trade()),
        };
        let (rested, rest) = self.enter(entry);
        let mut events = vec![accepted(order, rested)];
        events.extend(rest);
        events
    }

    /// An order comes in to rest. Where it meets nobody, all there is to say is where it rests.
    fn enter(&mut self, order: RestingOrder) -> (Option<Level>, Vec<Event>) {
        let events = self.trade_and_rest(order);
        match events[..] {
            [
                Event::Rested {
                    price, quantity, ..
                },
            ] => (Some(Level { price, quantity }), vec![]),
            _ => (None, events),
        }
    }

    /// An order comes in, trades as far as it may, and rests with what is left. Its price is its
    /// limit, and nothing of it is displayed yet.
    fn trade_and_rest(&mut self, mut order: RestingOrder) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(price) = self.price_to_rest(order.side, order.price, order.post_only) {
            order.price = price;
        }
        let mut taker = Taker {
            id: order.id,
            account: order.account,
            group: order.group,
            side: order.side,
            worst: Some(order.price),
            budget: None,
            self_trade: order.self_trade,
            remaining: order.remaining.get(),
            traded: 0,
            decremented: 0,
        };
        if let Some(reason) = self.take(&mut taker, &mut events) {
            events.push(ended(&taker, reason));
            return events;
        }
        order.quantity = Quantity::new(order.quantity.get() - taker.decremented);
        order.remaining = Quantity::new(taker.remaining);
        order.displayed = match order.display {
            None => order.remaining,
            // What is gone came out of slices as well: the one in progress goes on.
            Some(display) => {
                let gone = taker.traded + taker.decremented;
                let slice = display.get() - gone % display.get();
                Quantity::new(slice.min(taker.remaining))
            }
        };
        events.push(Event::Rested {
            order_id: order.id,
            account: order.account,
            side: order.side,
            price: order.price,
            quantity: order.displayed,
            hidden: hidden(&order),
        });
        self.put_in(order);
        events
    }

    /// Trades an order as far as it may. `None` where there is nobody left to trade with, else
    /// why it ended.
    fn take(&mut self, taker: &mut Taker, events: &mut Vec<Event>) -> Option<CloseReason> {
        loop {
            let newest = self.trades;
            let maker = self.opposite_mut(taker.side).first_mut()?;
            if let Some(worst) = taker.worst
                && !meets(taker.side, worst, maker.price)
            {
                return None;
            }
            let most = taker.remaining.min(maker.displayed.get());

            // At a price of zero any budget pays for everything.
            let affordable = match taker.budget {
                Some(budget) if maker.price.get() != 0 => budget / size(maker.price),
                _ => i128::MAX,
            };
            if affordable == 0 {
                return Some(CloseReason::BudgetSpent);
            }

            if have_one_owner(taker, maker) {
                match taker.self_trade {
                    SelfTradePrevention::Allow => {}
                    SelfTradePrevention::ExpireMaker => {
                        self.close_maker(taker.side, CloseReason::SelfTrade, events);
                        continue;
                    }
                    SelfTradePrevention::ExpireTaker => return Some(CloseReason::SelfTrade),
                    SelfTradePrevention::ExpireBoth => {
                        self.close_maker(taker.side, CloseReason::SelfTrade, events);
                        return Some(CloseReason::SelfTrade);
                    }
                    SelfTradePrevention::Decrement => {
                        taker.remaining -= most;
                        taker.decremented += most;
                        take_off(maker, most);
                        maker.quantity = Quantity::new(maker.quantity.get() - most);
                        events.push(Event::Decremented {
                            price: maker.price,
                            quantity: Quantity::new(most),
                            taker_side: taker.side,
                            maker_order_id: maker.id,
                            maker_account: maker.account,
                            maker_remaining: maker.remaining,
                            taker_order_id: taker.id,
                            taker_account: taker.account,
                            taker_remaining: Quantity::new(taker.remaining),
                        });
                        self.next_slice(taker.side, CloseReason::SelfTrade, events);
                        if taker.remaining == 0 {
                            return Some(CloseReason::SelfTrade);
                        }
                        continue;
                    }
                }
            }

            let traded = u64::try_from(affordable).unwrap_or(u64::MAX).min(most);
            taker.remaining -= traded;
            taker.traded += traded;
            if let Some(budget) = &mut taker.budget {
                *budget -= size(maker.price) * i128::from(traded);
            }
            take_off(maker, traded);
            let trade = Trade {
                id: TradeId::new(newest + 1),
                price: maker.price,
                quantity: Quantity::new(traded),
                taker_side: taker.side,
                maker_order_id: maker.id,
                maker_account: maker.account,
                maker_remaining: maker.remaining,
                taker_order_id: taker.id,
                taker_account: taker.account,
                taker_remaining: Quantity::new(taker.remaining),
            };
            self.trades += 1;
            events.push(Event::Traded(trade));
            self.next_slice(taker.side, CloseReason::Filled, events);
            if taker.remaining == 0 {
                return Some(CloseReason::Filled);
            }
        }
    }

    /// Closes the first maker.
    fn close_maker(&mut self, taker: Side, reason: CloseReason, events: &mut Vec<Event>) {
        let maker = self.opposite_mut(taker).remove(0);
        events.push(left(&maker, reason));
    }

    /// Where all that the first maker displayed is gone, it ends, or shows the next slice and
    /// goes to the back of its level.
    fn next_slice(&mut self, taker: Side, reason: CloseReason, events: &mut Vec<Event>) {
        let mut maker = self.opposite(taker)[0];
        if maker.remaining.get() == 0 {
            self.close_maker(taker, reason, events);
        } else if maker.displayed.get() == 0 {
            self.opposite_mut(taker).remove(0);
            maker.displayed = maker.display.unwrap_or(maker.remaining);
            maker.displayed = maker.displayed.min(maker.remaining);
            events.push(Event::Replenished {
                order_id: maker.id,
                account: maker.account,
                side: maker.side,
                price: maker.price,
                quantity: maker.displayed,
                hidden: hidden(&maker),
            });
            self.put_in(maker);
        }
    }

    fn amend(
        &mut self,
        order_id: OrderId,
        quantity: Quantity,
        price: Price,
    ) -> Result<Vec<Event>, BookReject> {
        // A copy is changed and kept only if all goes well.
        let mut after = self.clone();
        let old = after.take_out(order_id).ok_or(BookReject::UnknownOrder)?;
        self.check_quantity(quantity.get())?;
        self.check_price(price, quantity.get())?;

        let filled = old.quantity.get() - old.remaining.get();
        if quantity.get() <= filled {
            *self = after;
            return Ok(vec![left(&old, CloseReason::Cancelled)]);
        }
        if price == old.price && quantity == old.quantity {
            return Err(BookReject::NothingToAmend);
        }
        if price == old.price && quantity.get() < old.quantity.get() {
            return Ok(vec![
                self.reduce(order_id, old.quantity.get() - quantity.get()),
            ]);
        }

        let remaining = quantity.get() - filled;
        after.check_entry(old.side, price, old.post_only, remaining, old.display)?;
        *self = after;
        let new = RestingOrder {
            price,
            quantity,
            remaining: Quantity::new(remaining),
            displayed: Quantity::ZERO,
            ..old
        };
        let (rested, rest) = self.enter(new);
        let mut events = vec![Event::Amended {
            order_id,
            account: old.account,
            side: old.side,
            left: shown(&old),
            remaining: Quantity::new(remaining),
            rested,
        }];
        events.extend(rest);
        Ok(events)
    }

    /// Takes something off an order that has more than that. The reserve goes first.
    fn reduce(&mut self, order_id: OrderId, by: u64) -> Event {
        let order = self
            .bids
            .iter_mut()
            .chain(&mut self.asks)
            .find(|order| order.id == order_id)
            .expect("whoever reduces an order has seen it");
        let displayed_by = by - by.min(hidden(order).get());
        order.quantity = Quantity::new(order.quantity.get() - by);
        order.remaining = Quantity::new(order.remaining.get() - by);
        order.displayed = Quantity::new(order.displayed.get() - displayed_by);
        Event::Reduced {
            order_id,
            account: order.account,
            side: order.side,
            price: order.price,
            by: Quantity::new(by),
            displayed_by: Quantity::new(displayed_by),
            remaining: order.remaining,
        }
    }

    /// Closes these orders, in this order.
    fn close_all(&mut self, orders: &[RestingOrder], reason: CloseReason) -> Vec<Event> {
        let mut events = Vec::new();
        for order in orders {
            self.take_out(order.id);
            events.push(left(order, reason));
        }
        events
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

    /// Those that an order of this side would trade with.
    fn opposite(&self, side: Side) -> &[RestingOrder] {
        match side {
            Side::Buy => &self.asks,
            Side::Sell => &self.bids,
        }
    }

    const fn opposite_mut(&mut self, side: Side) -> &mut Vec<RestingOrder> {
        match side {
            Side::Buy => &mut self.asks,
            Side::Sell => &mut self.bids,
        }
    }

    fn all(&self) -> impl Iterator<Item = &RestingOrder> {
        self.bids.iter().chain(&self.asks)
    }

    /// A resting order.
    pub fn order(&self, id: OrderId) -> Option<&RestingOrder> {
        self.all().find(|order| order.id == id)
    }

    /// The levels of a side with what they display, best first.
    pub fn levels(&self, side: Side) -> Vec<Level> {
        let mut levels: Vec<Level> = Vec::new();
        for order in self.orders(side) {
            match levels.last_mut() {
                Some(level) if level.price == order.price => {
                    level.quantity = Quantity::new(level.quantity.get() + order.displayed.get());
                }
                _ => levels.push(shown(order)),
            }
        }
        levels
    }

    /// The number of trades so far, which is the id of the newest.
    pub const fn trades(&self) -> u64 {
        self.trades
    }

    /// What time it is.
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// What is displayed ahead of an order at its price.
    pub fn queue_position(&self, id: OrderId) -> Option<u64> {
        let order = self.order(id)?;
        let level = self.orders(order.side).iter();
        let level = level.filter(|other| other.price == order.price);
        let ahead = level.take_while(|other| other.id != id);
        Some(ahead.map(|other| other.displayed.get()).sum())
    }

    /// Whether an order limited at `price` would trade at once.
    pub fn would_match(&self, side: Side, price: Price) -> bool {
        let mut makers = self.opposite(side).iter();
        makers.any(|maker| meets(side, price, maker.price))
    }

    /// What taking up to `quantity` would trade, and what it would cost, whoever owns it.
    pub fn cost_to_take(&self, side: Side, quantity: u64, limit: Option<Price>) -> (u64, i128) {
        let (mut taken, mut cost) = (0, 0);
        for maker in self.opposite(side) {
            if limit.is_none_or(|limit| meets(side, limit, maker.price)) {
                let part = maker.remaining.get().min(quantity - taken);
                taken += part;
                cost += i128::from(part) * i128::from(maker.price.get());
            }
        }
        (taken, cost)
    }

    /// What placing the order would trade, and what that would cost: the order is placed, on a
    /// copy. `None` where it would be refused.
    pub fn preview(&self, order: &Order) -> Option<(u64, i128)> {
        let events = self.clone().apply(&Command::Place(*order)).ok()?;
        Some(traded(&events))
    }

    /// What a side displays at `limit` or better.
    pub fn quantity_within(&self, side: Side, limit: Price) -> u128 {
        let orders = self.orders(side).iter();
        let within = orders.filter(|order| match side {
            Side::Buy => order.price.get() >= limit.get(),
            Side::Sell => order.price.get() <= limit.get(),
        });
        within.map(|order| u128::from(order.displayed.get())).sum()
    }

    /// What a side displays at its best levels.
    pub fn quantity_of_best(&self, side: Side, levels: usize) -> u128 {
        let levels = self.levels(side).into_iter().take(levels);
        levels.map(|level| u128::from(level.quantity.get())).sum()
    }
}

/// What changed hands according to some events, and what it cost.
pub fn traded(events: &[Event]) -> (u64, i128) {
    let (mut taken, mut cost) = (0, 0);
    for event in events {
        if let Event::Traded(trade) = event {
            taken += trade.quantity.get();
            cost += i128::from(trade.quantity.get()) * i128::from(trade.price.get());
        }
    }
    (taken, cost)
}

/// Whether a taker limited at `limit` trades with a maker at `price`.
const fn meets(taker: Side, limit: Price, price: Price) -> bool {
    match taker {
        Side::Buy => limit.get() >= price.get(),
        Side::Sell => limit.get() <= price.get(),
    }
}

/// Whether the two must not trade unless they say so.
fn have_one_owner(taker: &Taker, maker: &RestingOrder) -> bool {
    taker.account == maker.account || (taker.group.is_some() && taker.group == maker.group)
}

fn is_in(order: &RestingOrder, selection: &Selection) -> bool {
    selection.account.is_none_or(|it| order.account == it)
        && selection.side.is_none_or(|it| order.side == it)
        && selection
            .lowest
            .is_none_or(|it| order.price.get() >= it.get())
        && selection
            .highest
            .is_none_or(|it| order.price.get() <= it.get())
}

/// A price without its sign.
const fn size(price: Price) -> i128 {
    (price.get() as i128).abs()
}

/// Takes something off what an order displays.
fn take_off(order: &mut RestingOrder, quantity: u64) {
    order.displayed = Quantity::new(order.displayed.get() - quantity);
    order.remaining = Quantity::new(order.remaining.get() - quantity);
}

/// What is left of an order and not displayed.
const fn hidden(order: &RestingOrder) -> Quantity {
    Quantity::new(order.remaining.get() - order.displayed.get())
}

/// What an order adds to the depth.
const fn shown(order: &RestingOrder) -> Level {
    Level {
        price: order.price,
        quantity: order.displayed,
    }
}

const fn accepted(order: &Order, rested: Option<Level>) -> Event {
    Event::Accepted {
        order_id: order.id,
        account: order.account,
        side: order.side,
        quantity: order.quantity,
        rested,
    }
}

/// An order left the book.
const fn left(order: &RestingOrder, reason: CloseReason) -> Event {
    Event::Closed {
        order_id: order.id,
        account: order.account,
        side: order.side,
        reason,
        unfilled: order.remaining,
        left: Some(shown(order)),
    }
}

/// An order ended without having come to rest.
const fn ended(taker: &Taker, reason: CloseReason) -> Event {
    Event::Closed {
        order_id: taker.id,
        account: taker.account,
        side: taker.side,
        reason,
        unfilled: Quantity::new(taker.remaining),
        left: None,
    }
}
