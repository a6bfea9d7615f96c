//! How a checked order goes through the book. Nothing in here can fail.

use alloc::vec::Vec;

use crate::ladder::Rank;
use crate::node::{Chain, Node, Slot};
use crate::preview::affordable;
use crate::self_trade::SelfTrade;
use crate::{
    CloseReason, Event, Level, Order, OrderBook, OrderKind, Price, Quantity, Resting,
    SelfTradePrevention, Side, TimeInForce, Trade, TradeId,
};

/// An order that may meet others. What rarely happens to it takes it by value: the loop that trades
/// can keep it in registers then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taker<'a> {
    pub(crate) order: &'a Order,
    /// The side of those that it meets.
    pub(crate) makers: Side,
    pub(crate) self_trade: SelfTradePrevention,
    /// The worst price, as a rank of the other side.
    pub(crate) worst: Rank,
    /// What it may spend.
    pub(crate) budget: Option<u128>,
    /// How much has to trade at once, or nothing does.
    pub(crate) minimum: u64,
    pub(crate) remaining: Quantity,
    /// What it has lost to decrements.
    decremented: u64,
}

impl<'a> Taker<'a> {
    /// `worst` is the worst price it accepts, as a rank of the other side.
    pub(crate) fn new(book: &OrderBook, order: &'a Order, worst: Rank) -> Self {
        let (minimum, budget) = match &order.kind {
            OrderKind::Limit { time_in_force, .. } => match time_in_force {
                TimeInForce::GoodTillCancel | TimeInForce::Rest(_) => (0, None),
                TimeInForce::ImmediateOrCancel { minimum } => (minimum.get(), None),
                TimeInForce::FillOrKill => (order.quantity.get(), None),
            },
            OrderKind::Market { budget, .. } => {
                (0, budget.map(|budget| budget.get().unsigned_abs()))
            }
        };
        Self {
            budget,
            minimum,
            ..Self::plain(book, order, worst)
        }
    }

    /// The same of an order that has neither a minimum nor a budget.
    #[inline(always)]
    fn plain(book: &OrderBook, order: &'a Order, worst: Rank) -> Self {
        Self {
            order,
            makers: order.side.opposite(),
            self_trade: book.self_trade_of(order),
            worst,
            budget: None,
            minimum: 0,
            remaining: order.quantity,
            decremented: 0,
        }
    }

    /// Whether an order belongs to the same account or group.
    #[inline]
    pub(crate) fn owns(&self, maker: &Node) -> bool {
        let group = self.order.group;
        maker.account == self.order.account || (group.is_some() && maker.group == group)
    }
}

impl OrderBook {
    /// Lets a checked order in: to trade, to rest or to end. `limit` is the limit price that it was
    /// checked to go on with.
    #[inline(always)]
    pub(crate) fn enter(
        &mut self,
        order: &Order,
        chain: Chain,
        limit: Price,
        events: &mut Vec<Event>,
    ) {
        let worst = self.worst(order, limit);
        if self.ladder(order.side.opposite()).meets(worst) {
            events.push(accepted(order, None));
            self.meet_generally(order, chain, limit, worst, 0, events);
            return;
        }
        self.enter_alone(order, chain, limit, events);
    }

    /// Lets a checked order in that meets nobody.
    #[inline(never)]
    fn enter_alone(&mut self, order: &Order, chain: Chain, limit: Price, events: &mut Vec<Event>) {
        match &order.kind {
            OrderKind::Limit {
                time_in_force: TimeInForce::GoodTillCancel,
                ..
            } => self.enter_quietly(order, limit, chain, events),
            OrderKind::Limit {
                time_in_force: TimeInForce::Rest(terms),
                ..
            } => self.enter_special(order, chain, limit, terms, events),
            _ => expire_at_once(order, events),
        }
    }

    /// Lets an order in that is good till cancelled and meets nobody.
    #[inline(always)]
    pub(crate) fn enter_quietly(
        &mut self,
        order: &Order,
        price: Price,
        chain: Chain,
        events: &mut Vec<Event>,
    ) {
        let quantity = order.quantity;
        let slot = self.orders.insert(chain, order.id, || {
            Node::new(order, price, quantity, quantity)
        });
        let level = Level { price, quantity };
        events.push(accepted(order, Some(level)));
        let ladder = &mut self.ladders[order.side as usize];
        ladder.push_back(&mut self.orders, slot, price, quantity, Quantity::ZERO);
    }

    /// The worst price that an order accepts, as a rank of the other side.
    pub(crate) fn worst(&self, order: &Order, limit: Price) -> Rank {
        let makers = self.ladder(order.side.opposite());
        match order.kind {
            OrderKind::Limit { .. } => makers.rank(limit),
            OrderKind::Market { protection, .. } => {
                protection.map_or(Rank::MAX, |price| makers.rank(price))
            }
        }
    }

    /// An iceberg, GTD or post-only order that meets nobody.
    #[cold]
    fn enter_special(
        &mut self,
        order: &Order,
        chain: Chain,
        price: Price,
        terms: &Resting,
        events: &mut Vec<Event>,
    ) {
        let level = self.rest(order, chain, price, order.quantity, order.quantity, terms);
        events.push(accepted(order, Some(level)));
    }

    /// Lets a checked limit order in that is good till cancelled or immediate, and mostly trades.
    #[inline(never)]
    pub(crate) fn enter_promptly(
        &mut self,
        order: &Order,
        chain: Chain,
        limit: Price,
        events: &mut Vec<Event>,
    ) {
        let worst = self.ladder(order.side.opposite()).rank(limit);
        let taker = Taker::plain(self, order, worst);
        if !self.ladder(taker.makers).meets(worst) {
            self.enter_alone(order, chain, limit, events);
            return;
        }
        events.push(accepted(order, None));
        self.meet(taker, chain, limit, 0, events);
    }

    /// Lets any order trade, then rest or end, as [`meet`](Self::meet) does.
    #[inline(never)]
    pub(crate) fn meet_generally(
        &mut self,
        order: &Order,
        chain: Chain,
        limit: Price,
        worst: Rank,
        filled: u64,
        events: &mut Vec<Event>,
    ) {
        let taker = Taker::new(self, order, worst);
        self.meet(taker, chain, limit, filled, events);
    }

    /// Lets an order trade, then rest or end. It has been announced already; `filled` is what it had
    /// traded earlier.
    #[inline(always)]
    fn meet(
        &mut self,
        mut taker: Taker<'_>,
        chain: Chain,
        limit: Price,
        filled: u64,
        events: &mut Vec<Event>,
    ) {
        let order = taker.order;
        let stopped = if taker.minimum > 0 && self.fill(&taker).quantity.get() < taker.minimum {
            Some(CloseReason::Expired)
        } else {
            self.take(&mut taker, events)
        };
        let remaining = taker.remaining;
        let reason = match (stopped, &order.kind) {
            (Some(reason), _) => reason,
            (None, _) if remaining.is_zero() => CloseReason::Filled,
            (None, OrderKind::Limit { time_in_force, .. }) if time_in_force.rests() => {
                let quantity = Quantity::new(filled + order.quantity.get() - taker.decremented);
                let terms = time_in_force.resting();
                let level = self.rest(order, chain, limit, remaining, quantity, &terms);
                events.push(rested(order, level, remaining));
                return;
            }
            (None, _) => CloseReason::Expired,
        };
        events.push(ended_at_once(order, reason, remaining));
    }

    /// Trades an order with the other side, best price and oldest order first, until it is used up
    /// or prices are worse than it accepts. Where it ends for another reason, that is returned.
    #[inline(always)]
    fn take(&mut self, taker: &mut Taker<'_>, events: &mut Vec<Event>) -> Option<CloseReason> {
        while !taker.remaining.is_zero() {
            let slot = self.ladder(taker.makers).front(taker.worst)?;
            let maker = &self.orders[slot];
            if taker.budget.is_some() && affordable(taker.budget, maker.price, 1) == 0 {
                return Some(CloseReason::BudgetSpent);
            }
            if taker.self_trade != SelfTradePrevention::Allow && taker.owns(maker) {
                let (gone, outcome) = self.prevent(*taker, slot, events);
                taker.remaining = less(taker.remaining, gone);
                taker.decremented += gone.get();
                match outcome {
                    SelfTrade::GoOn => continue,
                    SelfTrade::Stop => return Some(CloseReason::SelfTrade),
                }
            }
            let mut quantity = taker.remaining.min(maker.displayed);
            if taker.budget.is_some() {
                quantity = spend(&mut taker.budget, maker.price, quantity);
            }
            taker.remaining = less(taker.remaining, quantity);
            self.trade(taker, slot, quantity, events);
        }
        None
    }

    /// Trades with the order at the front of its level.
    #[inline(always)]
    fn trade(
        &mut self,
        taker: &Taker<'_>,
        slot: Slot,
        quantity: Quantity,
        events: &mut Vec<Event>,
    ) {
        let maker = &self.orders[slot];
        if maker.has_terms() {
            self.trade_special(*taker, slot, quantity, events);
            return;
        }
        let remaining = less(maker.displayed, quantity);
        let trade = self.next_trade(taker, slot, quantity, remaining);
        events.push(Event::Traded(trade));
        if remaining.is_zero() {
            // Most makers end like this.
            let chain = self.orders.chain_of(trade.maker_order_id);
            let maker = self.orders.leaving(chain, slot, None);
            self.orders.remove(&maker);
            self.ladders[taker.makers as usize].pop_front(&mut self.orders, maker.next, quantity);
            events.push(Event::Closed {
                order_id: maker.id,
                account: maker.account,
                side: taker.makers,
                reason: CloseReason::Filled,
                unfilled: Quantity::ZERO,
                left: Some(Level {
                    price: maker.price,
                    quantity: Quantity::ZERO,
                }),
            });
        } else {
            self.orders[slot].displayed = remaining;
            self.ladder_mut(taker.makers).reduce_front(quantity);
        }
    }

    /// Trades with an order that has a reserve or a date.
    #[cold]
    fn trade_special(
        &mut self,
        taker: Taker<'_>,
        slot: Slot,
        quantity: Quantity,
        events: &mut Vec<Event>,
    ) {
        self.take_displayed(slot, quantity);
        let remaining = self.orders.remaining(slot);
        let trade = self.next_trade(&taker, slot, quantity, remaining);
        events.push(Event::Traded(trade));
        if self.orders[slot].displayed.is_zero() {
            self.used_up(slot, CloseReason::Filled, events);
        }
    }

    /// A trade of an order that has become smaller by it already.
    #[inline(always)]
    fn next_trade(
        &mut self,
        taker: &Taker<'_>,
        slot: Slot,
        quantity: Quantity,
        maker_remaining: Quantity,
    ) -> Trade {
        self.last_trade_id = TradeId::new(self.last_trade_id.get() + 1);
        let maker = &self.orders[slot];
        Trade {
            id: self.last_trade_id,
            price: maker.price,
            quantity,
            taker_side: taker.order.side,
            maker_order_id: maker.id,
            maker_account: maker.account,
            maker_remaining,
            taker_order_id: taker.order.id,
            taker_account: taker.order.account,
            taker_remaining: taker.remaining,
        }
    }

    /// Takes quantity off what an order displays.
    #[inline]
    pub(crate) fn take_displayed(&mut self, slot: Slot, quantity: Quantity) {
        let maker = &mut self.orders[slot];
        maker.displayed = less(maker.displayed, quantity);
        let (side, price) = (maker.side, maker.price);
        let ladder = self.ladder_mut(side);
        ladder.reduce(ladder.rank(price), quantity, Quantity::ZERO);
    }

    /// What an order displayed is used up: the next slice comes, or its end.
    #[inline]
    pub(crate) fn used_up(&mut self, slot: Slot, reason: CloseReason, events: &mut Vec<Event>) {
        if self.orders[slot].has_terms() && self.replenish(slot, events) {
            return;
        }
        self.close(slot, reason, events);
    }

    #[cold]
    fn replenish(&mut self, slot: Slot, events: &mut Vec<Event>) -> bool {
        let side = self.orders[slot].side;
        let ladder = &mut self.ladders[side as usize];
        let Some((quantity, hidden)) = ladder.requeue(&mut self.orders, slot) else {
            return false;
        };
        let order = &self.orders[slot];
        events.push(Event::Replenished {
            order_id: order.id,
            account: order.account,
            side,
            price: order.price,
            quantity,
            hidden,
        });
        true
    }
}

/// Lets an order in that may not rest, and meets nobody.
#[inline(always)]
pub(crate) fn expire_at_once(order: &Order, events: &mut Vec<Event>) {
    events.push(accepted(order, None));
    events.push(ended_at_once(order, CloseReason::Expired, order.quantity));
}

/// The end of an order that was not on the book.
#[inline(always)]
const fn ended_at_once(order: &Order, reason: CloseReason, unfilled: Quantity) -> Event {
    Event::Closed {
        order_id: order.id,
        account: order.account,
        side: order.side,
        reason,
        unfilled,
        left: None,
    }
}

#[inline(always)]
const fn accepted(order: &Order, rested: Option<Level>) -> Event {
    Event::Accepted {
        order_id: order.id,
        account: order.account,
        side: order.side,
        quantity: order.quantity,
        rested,
    }
}

const fn rested(order: &Order, level: Level, remaining: Quantity) -> Event {
    Event::Rested {
        order_id: order.id,
        account: order.account,
        side: order.side,
        price: level.price,
        quantity: level.quantity,
        hidden: less(remaining, level.quantity),
    }
}

/// The part of `quantity` that the budget pays for at a price; the budget has paid for it then.
#[cold]
fn spend(budget: &mut Option<u128>, price: Price, quantity: Quantity) -> Quantity {
    let lots = affordable(*budget, price, quantity.get());
    if let Some(budget) = budget {
        *budget -= u128::from(price.get().unsigned_abs()) * u128::from(lots);
    }
    Quantity::new(lots)
}

/// The difference of two quantities, of which the first is the larger.
#[inline]
pub(crate) const fn less(a: Quantity, b: Quantity) -> Quantity {
    Quantity::new(a.get() - b.get())
}
