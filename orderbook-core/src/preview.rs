//! What an order would trade, without trading: what fill-or-kill and minimum quantities depend on,
//! and what callers reserve money by.

use smallvec::SmallVec;

use crate::ladder::{Queue, Rank};
use crate::matching::Taker;
use crate::node::Slot;
use crate::{
    Notional, Order, OrderBook, OrderKind, Price, Quantity, SelfTradePrevention, Side, TimeInForce,
};

/// How many icebergs of one level are gone through without allocating.
const ICEBERGS: usize = 16;

/// What would trade, and what it would cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fill {
    pub(crate) quantity: Quantity,
    pub(crate) cost: Notional,
}

/// How many lots of at most `lots` fit into a budget at a price.
#[inline]
pub(crate) fn affordable(budget: Option<u128>, price: Price, lots: u64) -> u64 {
    let price = u128::from(price.get().unsigned_abs());
    match budget.and_then(|budget| budget.checked_div(price)) {
        // There is no budget, or the price is zero.
        None => lots,
        Some(fits) => u64::try_from(fits).map_or(lots, |fits| lots.min(fits)),
    }
}

/// Counts what trades against what is left of quantity and budget.
struct Counter {
    left: u64,
    budget: Option<u128>,
    traded: u64,
    cost: i128,
}

impl Counter {
    /// What has traded.
    const fn fill(&self) -> Fill {
        Fill {
            quantity: Quantity::new(self.traded),
            cost: Notional::new(self.cost),
        }
    }

    /// Trades up to `lots` at a price. Returns whether there could be more.
    fn trade(&mut self, price: Price, lots: u64) -> bool {
        let wanted = self.left.min(lots);
        let lots = affordable(self.budget, price, wanted);
        self.left -= lots;
        self.traded += lots;
        // Bounded by the worst price times a 64-bit quantity, which fits 128 bits.
        self.cost += price.notional(Quantity::new(lots)).get();
        if let Some(budget) = &mut self.budget {
            *budget -= u128::from(price.get().unsigned_abs()) * u128::from(lots);
        }
        self.left > 0 && lots == wanted
    }
}

impl OrderBook {
    /// What [`Place`](crate::Command::Place) of this order would trade now if it is accepted, and
    /// what that costs: exactly, with limit and protection price, budget, fill-or-kill and minimum
    /// quantity, post-only, the reserves of icebergs and self-trade prevention. The cost is
    /// negative where prices are. O(levels taken), or O(orders and slices taken) with self-trade
    /// prevention.
    pub fn preview(&self, order: &Order) -> (Quantity, Notional) {
        let nothing = (Quantity::ZERO, Notional::ZERO);
        if let OrderKind::Limit {
            time_in_force: TimeInForce::Rest(terms),
            ..
        } = order.kind
            && terms.post_only.is_some()
        {
            return nothing;
        }
        let makers = self.ladder(order.side.opposite());
        let worst = order.kind.worst_price();
        let worst = worst.map_or(Rank::MAX, |price| makers.rank(price));
        let taker = Taker::new(self, order, worst);
        let fill = self.fill(&taker);
        if fill.quantity.get() < taker.minimum {
            return nothing;
        }
        (fill.quantity, fill.cost)
    }

    /// What an order would trade, whatever its minimum.
    pub(crate) fn fill(&self, taker: &Taker<'_>) -> Fill {
        if taker.self_trade == SelfTradePrevention::Allow {
            self.fill_by_levels(taker.order.side, taker.remaining, taker.worst, taker.budget)
        } else {
            self.fill_by_orders(taker)
        }
    }

    pub(crate) fn fill_by_levels(
        &self,
        side: Side,
        quantity: Quantity,
        worst: Rank,
        budget: Option<u128>,
    ) -> Fill {
        let makers = self.ladder(side.opposite());
        let mut counter = Counter {
            left: quantity.get(),
            budget,
            traded: 0,
            cost: 0,
        };
        for (rank, queue) in makers.levels().take_while(|(rank, _)| *rank <= worst) {
            if !counter.trade(makers.price(rank), queue.total) {
                break;
            }
        }
        counter.fill()
    }

    fn fill_by_orders(&self, taker: &Taker<'_>) -> Fill {
        let makers = self.ladder(taker.makers);
        let mut counter = Counter {
            left: taker.remaining.get(),
            budget: taker.budget,
            traded: 0,
            cost: 0,
        };
        for (rank, queue) in makers.levels().take_while(|(rank, _)| *rank <= taker.worst) {
            if !self.fill_level(taker, makers.price(rank), queue, &mut counter) {
                break;
            }
        }
        counter.fill()
    }

    /// Goes through the queue of a level, then through its icebergs as often as they have slices:
    /// what comes out of a reserve joins the back. Returns whether the order goes on to the next
    /// level. O(orders + slices), as trading would be.
    fn fill_level(
        &self,
        taker: &Taker<'_>,
        price: Price,
        queue: &Queue,
        counter: &mut Counter,
    ) -> bool {
        let mut icebergs = SmallVec::<[Slot; ICEBERGS]>::new();
        for slot in self.slots(queue) {
            if !self.meet_one(taker, slot, price, 0, counter) {
                return false;
            }
            // An order that prevention closes does not come again.
            let gone = taker.self_trade == SelfTradePrevention::ExpireMaker
                && taker.owns(&self.orders[slot]);
            if !gone && self.slice(slot, 1) > 0 {
                icebergs.push(slot);
            }
        }
        let mut round = 1;
        while !icebergs.is_empty() {
            for slot in &icebergs {
                if !self.meet_one(taker, *slot, price, round, counter) {
                    return false;
                }
            }
            round += 1;
            icebergs.retain(|slot| self.slice(*slot, round) > 0);
        }
        true
    }

    /// Meets what an order shows when its queue is gone through for the `round`-th time. Returns
    /// whether the order goes on.
    fn meet_one(
        &self,
        taker: &Taker<'_>,
        slot: Slot,
        price: Price,
        round: u64,
        counter: &mut Counter,
    ) -> bool {
        if affordable(counter.budget, price, 1) == 0 {
            return false;
        }
        let lots = self.slice(slot, round);
        if !taker.owns(&self.orders[slot]) {
            return counter.trade(price, lots);
        }
        match taker.self_trade {
            SelfTradePrevention::ExpireTaker | SelfTradePrevention::ExpireBoth => false,
            SelfTradePrevention::Decrement => {
                counter.left -= counter.left.min(lots);
                counter.left > 0
            }
            SelfTradePrevention::ExpireMaker | SelfTradePrevention::Allow => true,
        }
    }

    /// What an order shows when its queue is gone through for the `round`-th time, from zero.
    fn slice(&self, slot: Slot, round: u64) -> u64 {
        let Some(round) = round.checked_sub(1) else {
            return self.orders[slot].displayed.get();
        };
        let Some(display) = self.orders.display(slot) else {
            return 0;
        };
        let hidden = self.orders.hidden(slot).get();
        let gone = display.get().saturating_mul(round);
        display.get().min(hidden.saturating_sub(gone))
    }

    /// The orders of a level, oldest first.
    pub(crate) fn slots<'a>(&'a self, queue: &Queue) -> impl Iterator<Item = Slot> + use<'a> {
        core::iter::successors(queue.first, |slot| self.orders[*slot].next)
    }
}
