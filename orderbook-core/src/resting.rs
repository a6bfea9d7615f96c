//! How resting orders change and go. Nothing in here can fail.

use alloc::vec::Vec;

use crate::checks::Amended;
use crate::ladder::Rank;
use crate::matching::less;
use crate::node::{Chain, Leaving, Node, Slot};
use crate::{
    CloseReason, Event, Level, Order, OrderBook, OrderKind, Price, Quantity, Resting, Selection,
    Side, TimeInForce, Timestamp,
};

impl OrderBook {
    pub(crate) fn cancel_all(&mut self, selection: &Selection, events: &mut Vec<Event>) {
        for side in [Side::Buy, Side::Sell] {
            if selection.side.is_none_or(|only| only == side) {
                self.cancel_side(side, selection, events);
            }
        }
    }

    fn cancel_side(&mut self, side: Side, selection: &Selection, events: &mut Vec<Event>) {
        let ladder = self.ladder(side);
        let lowest = selection.lowest.map(|price| ladder.rank(price));
        let highest = selection.highest.map(|price| ladder.rank(price));
        let (best, worst) = match side {
            Side::Buy => (highest, lowest),
            Side::Sell => (lowest, highest),
        };
        let mut next = Some(best.unwrap_or(Rank::MIN));
        while let Some(from) = next {
            let level = self.ladder(side).levels_from(from).next();
            let Some((rank, queue)) = level else { return };
            if worst.is_some_and(|worst| rank > worst) {
                return;
            }
            let mut link = queue.first;
            while let Some(slot) = link {
                let order = &self.orders[slot];
                link = order.next;
                if selection.account.is_none_or(|only| only == order.account) {
                    self.close(slot, CloseReason::Cancelled, events);
                }
            }
            next = rank.checked_add(1);
        }
    }

    /// Puts what is left of an order at the back of its level; `quantity` is that and what has traded
    /// of it. An iceberg shows what is left of the slice that it is in the middle of (Xetra). Returns
    /// what is shown where.
    pub(crate) fn rest(
        &mut self,
        order: &Order,
        chain: Chain,
        price: Price,
        remaining: Quantity,
        quantity: Quantity,
        terms: &Resting,
    ) -> Level {
        let displayed = terms.display.map_or(remaining, |display| {
            let gone = less(order.quantity, remaining);
            let slice = display.get() - gone.get() % display.get();
            remaining.min(Quantity::new(slice))
        });
        let node = Node::new(order, price, quantity, displayed);
        self.put(chain, node, terms, less(remaining, displayed));
        Level {
            price,
            quantity: displayed,
        }
    }

    /// Puts an order at the back of its level. The caller has checked that there is room.
    pub(crate) fn put(&mut self, chain: Chain, node: Node, terms: &Resting, hidden: Quantity) {
        let (side, price, displayed) = (node.side, node.price, node.displayed);
        let slot = self.orders.insert_special(chain, node, terms, hidden);
        self.ladders[side as usize].push_back(&mut self.orders, slot, price, displayed, hidden);
    }

    /// Takes a resting order off the book and says so.
    pub(crate) fn close(&mut self, slot: Slot, reason: CloseReason, events: &mut Vec<Event>) {
        let chain = self.orders.chain_of(self.orders[slot].id);
        self.close_in(chain, slot, reason, events);
    }

    /// Takes a resting order, whose chain is known, off the book and says so.
    #[inline(always)]
    pub(crate) fn close_in(
        &mut self,
        chain: Chain,
        slot: Slot,
        reason: CloseReason,
        events: &mut Vec<Event>,
    ) {
        if self.orders[slot].has_terms() {
            self.close_special(chain, slot, reason, events);
        } else {
            let order = self.orders.leaving(chain, slot, None);
            self.close_leaving(&order, reason, events);
        }
    }

    #[cold]
    fn close_special(
        &mut self,
        chain: Chain,
        slot: Slot,
        reason: CloseReason,
        events: &mut Vec<Event>,
    ) {
        let order = self.orders.leaving(chain, slot, self.orders[slot].terms);
        self.close_leaving(&order, reason, events);
    }

    #[inline(always)]
    fn close_leaving(&mut self, order: &Leaving, reason: CloseReason, events: &mut Vec<Event>) {
        events.push(Event::Closed {
            order_id: order.id,
            account: order.account,
            side: order.side,
            reason,
            unfilled: order.remaining,
            left: Some(order.level()),
        });
        self.take_out(order);
    }

    #[inline(always)]
    pub(crate) fn take_out(&mut self, order: &Leaving) {
        self.orders.remove(order);
        self.ladders[order.side as usize].unlink(&mut self.orders, order);
    }

    /// Makes a resting order smaller, its reserve first.
    pub(crate) fn reduce(&mut self, slot: Slot, by: Quantity, events: &mut Vec<Event>) {
        let hidden_by = self.orders.hidden(slot).min(by);
        let displayed_by = less(by, hidden_by);
        self.orders.reduce_hidden(slot, hidden_by);
        let order = &mut self.orders[slot];
        order.displayed = less(order.displayed, displayed_by);
        order.quantity = less(order.quantity, by);
        let (id, account, side, price) = (order.id, order.account, order.side, order.price);
        let ladder = self.ladder_mut(side);
        ladder.reduce(ladder.rank(price), displayed_by, hidden_by);
        events.push(Event::Reduced {
            order_id: id,
            account,
            side,
            price,
            by,
            displayed_by,
            remaining: self.orders.remaining(slot),
        });
    }

    /// Moves a plain order to the back of another level, or of its own, where it meets nobody.
    #[inline(always)]
    pub(crate) fn move_quietly(
        &mut self,
        chain: Chain,
        slot: Slot,
        quantity: Quantity,
        remaining: Quantity,
        price: Price,
        events: &mut Vec<Event>,
    ) {
        let order = self.orders.leaving(chain, slot, None);
        let node = &mut self.orders[slot];
        node.price = price;
        node.quantity = quantity;
        node.displayed = remaining;
        (node.previous, node.next) = (None, None);
        let level = Level {
            price,
            quantity: remaining,
        };
        events.push(amended(&order, remaining, Some(level)));
        let ladder = &mut self.ladders[order.side as usize];
        ladder.unlink(&mut self.orders, &order);
        ladder.push_back(&mut self.orders, slot, price, remaining, Quantity::ZERO);
    }

    /// Takes a resting order off its level to come in again.
    pub(crate) fn enter_again(
        &mut self,
        chain: Chain,
        slot: Slot,
        with: Amended,
        events: &mut Vec<Event>,
    ) {
        let leaving = self.orders.leaving(chain, slot, self.orders[slot].terms);
        let terms = self.orders.resting_terms(slot);
        let node = &self.orders[slot];
        let again = Order {
            id: node.id,
            account: node.account,
            group: node.group,
            side: node.side,
            quantity: with.quantity,
            kind: OrderKind::Limit {
                price: with.limit,
                time_in_force: TimeInForce::Rest(terms),
            },
            self_trade: node.self_trade,
        };
        let worst = self.worst(&again, with.limit);
        if self.ladder(again.side.opposite()).meets(worst) {
            events.push(amended(&leaving, with.quantity, None));
            self.take_out(&leaving);
            self.meet_generally(&again, chain, with.limit, worst, with.filled, events);
            return;
        }
        self.take_out(&leaving);
        let total = Quantity::new(with.filled + with.quantity.get());
        let level = self.rest(&again, chain, with.limit, with.quantity, total, &terms);
        events.push(amended(&leaving, with.quantity, Some(level)));
    }

    /// Closes the orders whose date has come.
    pub(crate) fn expire(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        self.time = now;
        while let Some(slot) = self.orders.due(now) {
            self.close(slot, CloseReason::Expired, events);
        }
    }
}

#[inline(always)]
const fn amended(order: &Leaving, remaining: Quantity, rested: Option<Level>) -> Event {
    Event::Amended {
        order_id: order.id,
        account: order.account,
        side: order.side,
        left: order.level(),
        remaining,
        rested,
    }
}
