//! The levels of one side of a book, best first.
//!
//! A price is turned into a *rank*, by which lower is better on either side: the price itself for
//! asks, its bitwise complement for bids. Nothing below needs to know the side.
//!
//! Levels near the market are in a *window*, an array with one entry per tick, and a bitmap says
//! which are occupied: finding, creating, emptying and skipping to the next are a few
//! instructions. Levels elsewhere are in an ordered map, so an outlier costs O(log levels) and no
//! memory but its own. When the map has been used about as often as it costs to move the window
//! near the best price, it is moved (and grows, at first): O(1) amortised, whoever chooses the
//! prices.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Bound;

use crate::bitmap::{BITS, Bitmap};
use crate::node::{Leaving, Slot};
use crate::orders::Orders;
use crate::{Level, Price, Quantity, Side};

/// The ticks of a window that nobody asked to be larger.
const MIN_WINDOW: usize = 256;

/// The most ticks of a window.
const MAX_WINDOW: usize = BITS;

/// How often the map is used at least before the window moves.
const PATIENCE: usize = 64;

/// A price of a side; lower is better.
pub(crate) type Rank = i64;

/// The orders at one price, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Queue {
    pub(crate) first: Option<Slot>,
    last: Option<Slot>,
    /// Everything that is left of them, in lots.
    pub(crate) total: u64,
    /// How much of that is in reserve.
    hidden: u64,
}

impl Queue {
    const EMPTY: Self = Self {
        first: None,
        last: None,
        total: 0,
        hidden: 0,
    };

    pub(crate) const fn displayed(&self) -> Quantity {
        Quantity::new(self.total - self.hidden)
    }

    /// Puts an order at the back. Returns whether it is the first one.
    #[inline(always)]
    fn push_back(
        &mut self,
        orders: &mut Orders,
        slot: Slot,
        displayed: Quantity,
        hidden: Quantity,
    ) -> bool {
        self.total += displayed.get() + hidden.get();
        self.hidden += hidden.get();
        if let Some(last) = self.last.replace(slot) {
            orders[last].next = Some(slot);
            orders[slot].previous = Some(last);
            false
        } else {
            self.first = Some(slot);
            true
        }
    }

    /// Takes the oldest order out, which has no reserve. Returns whether it was the last one.
    #[inline(always)]
    fn pop_front(&mut self, orders: &mut Orders, next: Option<Slot>, displayed: Quantity) -> bool {
        self.total -= displayed.get();
        self.first = next;
        if let Some(next) = next {
            orders[next].previous = None;
            false
        } else {
            self.last = None;
            true
        }
    }

    /// Takes an order out. Returns whether it was the last one.
    #[inline(always)]
    fn unlink(&mut self, orders: &mut Orders, order: &Leaving) -> bool {
        self.total -= order.remaining.get();
        self.hidden -= order.hidden.get();
        match (order.previous, order.next) {
            (None, None) => {
                (self.first, self.last) = (None, None);
                return true;
            }
            (Some(previous), None) => {
                self.last = Some(previous);
                orders[previous].next = None;
            }
            (None, Some(next)) => {
                self.first = Some(next);
                orders[next].previous = None;
            }
            (Some(previous), Some(next)) => {
                orders[previous].next = Some(next);
                orders[next].previous = Some(previous);
            }
        }
        false
    }
}

/// One side of a book.
#[derive(Debug, Clone)]
pub(crate) struct Ladder {
    /// What turns a price into a rank: all bits for bids, none for asks.
    flip: i64,
    /// The rank of the best level; the worst of all where there is none.
    best: Rank,
    /// Everything on all levels, in lots: zero where there is none.
    total: u64,
    /// The rank of the first entry of the window.
    base: Rank,
    window: Vec<Queue>,
    occupied: Bitmap,
    /// The levels outside the window.
    far: BTreeMap<Rank, Queue>,
    /// How often an order came to rest outside the window since it was moved.
    misses: usize,
    /// How many of those move the window.
    patience: usize,
}

impl Ladder {
    /// With a window of so many ticks from the first order on.
    pub(crate) fn new(side: Side, ticks: usize) -> Self {
        let ticks = ticks.next_power_of_two().clamp(MIN_WINDOW, MAX_WINDOW);
        Self {
            flip: match side {
                Side::Buy => !0,
                Side::Sell => 0,
            },
            best: Rank::MAX,
            total: 0,
            base: 0,
            window: vec![Queue::EMPTY; ticks],
            occupied: Bitmap::new(),
            far: BTreeMap::new(),
            misses: 0,
            patience: 1,
        }
    }

    #[inline]
    pub(crate) const fn rank(&self, price: Price) -> Rank {
        price.get() ^ self.flip
    }

    #[inline]
    pub(crate) const fn price(&self, rank: Rank) -> Price {
        Price::new(rank ^ self.flip)
    }

    /// The rank of the best level.
    #[inline]
    pub(crate) const fn best(&self) -> Option<Rank> {
        if self.total == 0 {
            None
        } else {
            Some(self.best)
        }
    }

    /// Whether an order that accepts ranks up to `worst` may find a level. Where there is none at
    /// all it may seem so, to an order that accepts every rank.
    #[inline]
    pub(crate) const fn may_meet(&self, worst: Rank) -> bool {
        self.best <= worst
    }

    /// Whether an order that accepts ranks up to `worst` finds a level.
    #[inline]
    pub(crate) const fn meets(&self, worst: Rank) -> bool {
        self.may_meet(worst) && self.total != 0
    }

    /// Where a rank is in the window.
    #[inline]
    fn offset(&self, rank: Rank) -> Option<usize> {
        // The end of the window is a rank, too, so one before the window wraps to something beyond.
        let offset = rank.wrapping_sub(self.base).cast_unsigned();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "less than the length of a vector"
        )]
        (offset < self.window.len() as u64).then_some(offset as usize)
    }

    /// The level at a rank, where there is one.
    #[inline]
    pub(crate) fn queue(&self, rank: Rank) -> Option<&Queue> {
        match self.offset(rank) {
            Some(offset) => Some(&self.window[offset]).filter(|queue| queue.first.is_some()),
            None => self.far.get(&rank),
        }
    }

    /// The oldest order of the best level, where that is not beyond `worst`.
    #[inline(always)]
    pub(crate) fn front(&self, worst: Rank) -> Option<Slot> {
        if !self.may_meet(worst) {
            return None;
        }
        match self.offset(self.best) {
            Some(offset) => self.window[offset].first,
            None => self.far_front(),
        }
    }

    #[cold]
    fn far_front(&self) -> Option<Slot> {
        self.far.get(&self.best)?.first
    }

    /// The level at a rank that is known to be occupied.
    #[inline]
    fn occupied_queue(&mut self, rank: Rank) -> &mut Queue {
        match self.offset(rank) {
            Some(offset) => &mut self.window[offset],
            None => self.far_queue(rank),
        }
    }

    #[cold]
    fn far_queue(&mut self, rank: Rank) -> &mut Queue {
        self.far.entry(rank).or_insert(Queue::EMPTY)
    }

    /// Everything that rests on this side, reserves included, in lots.
    #[inline]
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// Puts an order at the back of the level at its price, with what it displays and what it has
    /// in reserve. The caller has checked that there is room.
    #[inline(always)]
    pub(crate) fn push_back(
        &mut self,
        orders: &mut Orders,
        slot: Slot,
        price: Price,
        displayed: Quantity,
        hidden: Quantity,
    ) {
        let rank = self.rank(price);
        self.total += displayed.get() + hidden.get();
        let Some(offset) = self.offset(rank) else {
            self.push_back_far(orders, slot, rank, displayed, hidden);
            return;
        };
        if self.window[offset].push_back(orders, slot, displayed, hidden) {
            self.best = self.best.min(rank);
            self.occupied.set(offset);
        }
    }

    #[cold]
    fn push_back_far(
        &mut self,
        orders: &mut Orders,
        slot: Slot,
        rank: Rank,
        displayed: Quantity,
        hidden: Quantity,
    ) {
        let queue = self.far_queue(rank);
        if queue.push_back(orders, slot, displayed, hidden) {
            self.best = self.best.min(rank);
            self.miss();
        }
    }

    /// Takes an order out of its level, which goes where it was the last one.
    #[inline(always)]
    pub(crate) fn unlink(&mut self, orders: &mut Orders, order: &Leaving) {
        let rank = self.rank(order.price);
        self.total -= order.remaining.get();
        let Some(offset) = self.offset(rank) else {
            self.unlink_far(orders, *order, rank);
            return;
        };
        if self.window[offset].unlink(orders, order) {
            self.vacate(rank, offset);
        }
    }

    /// Takes the oldest order out of the best level, which goes where there is no `next` one. It has
    /// displayed all that is left of it.
    #[inline(always)]
    pub(crate) fn pop_front(
        &mut self,
        orders: &mut Orders,
        next: Option<Slot>,
        displayed: Quantity,
    ) {
        self.total -= displayed.get();
        let Some(offset) = self.offset(self.best) else {
            self.pop_front_far(orders, next, displayed);
            return;
        };
        if self.window[offset].pop_front(orders, next, displayed) {
            self.vacate_best(offset);
        }
    }

    #[cold]
    fn pop_front_far(&mut self, orders: &mut Orders, next: Option<Slot>, displayed: Quantity) {
        let rank = self.best;
        if self.far_queue(rank).pop_front(orders, next, displayed) {
            self.far.remove(&rank);
            self.best = self.far_after(rank);
        }
    }

    /// Takes quantity off the best level, which its oldest order has lost of what it displayed.
    #[inline(always)]
    pub(crate) fn reduce_front(&mut self, displayed: Quantity) {
        self.reduce(self.best, displayed, Quantity::ZERO);
    }

    #[cold]
    fn unlink_far(&mut self, orders: &mut Orders, order: Leaving, rank: Rank) {
        if self.far_queue(rank).unlink(orders, &order) {
            self.far.remove(&rank);
            if self.best == rank {
                self.best = self.far_after(rank);
            }
        }
    }

    /// Moves an order to the back of its level, with its next slice. The level has at least this
    /// one order, and its total does not change.
    pub(crate) fn requeue(
        &mut self,
        orders: &mut Orders,
        slot: Slot,
    ) -> Option<(Quantity, Quantity)> {
        let slice = orders.next_slice(slot)?;
        let node = &orders[slot];
        let (rank, previous, next) = (self.rank(node.price), node.previous, node.next);
        let queue = self.occupied_queue(rank);
        queue.hidden -= slice.0.get();
        let Some(next) = next else { return Some(slice) };
        orders[next].previous = previous;
        match previous {
            Some(previous) => orders[previous].next = Some(next),
            None => queue.first = Some(next),
        }
        if let Some(last) = queue.last.replace(slot) {
            orders[last].next = Some(slot);
            orders[slot].previous = Some(last);
        }
        orders[slot].next = None;
        Some(slice)
    }

    /// Takes quantity off a level, which one of its orders has lost: so much of what was displayed,
    /// and so much of what was in reserve.
    #[inline]
    pub(crate) fn reduce(&mut self, rank: Rank, displayed: Quantity, hidden: Quantity) {
        let all = displayed.get() + hidden.get();
        self.total -= all;
        let queue = self.occupied_queue(rank);
        queue.total -= all;
        queue.hidden -= hidden.get();
    }

    /// A level of the window has lost its last order.
    #[inline(always)]
    fn vacate(&mut self, rank: Rank, offset: usize) {
        if self.best != rank {
            self.occupied.clear(offset);
            return;
        }
        self.vacate_best(offset);
    }

    /// The same of the best level.
    #[inline(always)]
    fn vacate_best(&mut self, offset: usize) {
        // Nothing is better than the best, so nothing lies before it, in the window or elsewhere.
        self.best = match self.occupied.clear_then_next(offset) {
            Some(next) => self.rank_at(next),
            None => self.far_after(self.best),
        };
    }

    #[cold]
    fn far_after(&self, rank: Rank) -> Rank {
        let next = rank.checked_add(1).and_then(|rank| self.first_from(rank));
        next.map_or(Rank::MAX, |(rank, _)| rank)
    }

    fn rank_at(&self, offset: usize) -> Rank {
        self.base.wrapping_add_unsigned(offset as u64)
    }

    /// The last rank of the window.
    fn end(&self) -> Rank {
        self.rank_at(self.window.len() - 1)
    }

    /// The levels from a rank on, best first. O(1) per level of the window, O(log levels) per other
    /// level.
    pub(crate) fn levels_from(&self, rank: Rank) -> LevelsFrom<'_> {
        LevelsFrom {
            ladder: self,
            from: Some(rank),
        }
    }

    /// All levels, best first.
    pub(crate) fn levels(&self) -> LevelsFrom<'_> {
        LevelsFrom {
            ladder: self,
            from: self.best(),
        }
    }

    fn first_from(&self, rank: Rank) -> Option<(Rank, &Queue)> {
        let owned = |(rank, queue): (&Rank, _)| (*rank, queue);
        if rank < self.base
            && let Some(level) = self.far.range(rank..self.base).next()
        {
            return Some(owned(level));
        }
        if let Some(offset) = self.offset(rank.max(self.base))
            && let Some(offset) = self.occupied.next(offset)
        {
            return Some((self.rank_at(offset), &self.window[offset]));
        }
        if self.far.is_empty() {
            return None;
        }
        let beyond = if rank > self.end() {
            Bound::Included(rank)
        } else {
            Bound::Excluded(self.end())
        };
        self.far.range((beyond, Bound::Unbounded)).next().map(owned)
    }

    /// A level has come up outside the window, which may move for it.
    #[cold]
    fn miss(&mut self) {
        self.misses += 1;
        if self.misses < self.patience {
            return;
        }
        let first = self.patience == 1;
        let best = self.best;
        let ticks = match self.window.len() {
            same if first || same >= MAX_WINDOW => same,
            smaller => smaller * 2,
        };
        let eighth = self.window.len() / 8;
        let centred = self
            .offset(best)
            .is_some_and(|offset| (eighth..=4 * eighth).contains(&offset));
        self.misses = 0;
        if centred && ticks == self.window.len() {
            return;
        }
        let moved = self.move_window(best, ticks);
        self.patience = PATIENCE.max(moved);
    }

    /// Puts a window of so many ticks where the best rank is a quarter into it. Returns how many
    /// levels that has moved: those of the old window and those that lie in the new one.
    fn move_window(&mut self, best: Rank, ticks: usize) -> usize {
        let mut levels = Vec::new();
        let mut next = self.occupied.next(0);
        while let Some(offset) = next {
            levels.push((self.rank_at(offset), self.window[offset]));
            self.window[offset] = Queue::EMPTY;
            next = self.occupied.clear_then_next(offset);
        }
        if ticks != self.window.len() {
            self.window = vec![Queue::EMPTY; ticks];
        }
        let latest = Rank::MAX.saturating_sub_unsigned(ticks as u64 - 1);
        self.base = best.saturating_sub_unsigned(ticks as u64 / 4).min(latest);
        let inside: Vec<Rank> = self
            .far
            .range(self.base..=self.end())
            .map(|(rank, _)| *rank)
            .collect();
        levels.extend(
            inside
                .into_iter()
                .filter_map(|rank| self.far.remove_entry(&rank)),
        );
        for (rank, queue) in &levels {
            match self.offset(*rank) {
                Some(offset) => {
                    self.window[offset] = *queue;
                    self.occupied.set(offset);
                }
                None => {
                    self.far.insert(*rank, *queue);
                }
            }
        }
        levels.len()
    }

    /// What is seen of a level.
    pub(crate) const fn level(&self, rank: Rank, queue: &Queue) -> Level {
        Level {
            price: self.price(rank),
            quantity: queue.displayed(),
        }
    }
}

/// Levels of a side, best first.
#[derive(Debug, Clone)]
pub(crate) struct LevelsFrom<'a> {
    ladder: &'a Ladder,
    from: Option<Rank>,
}

impl<'a> Iterator for LevelsFrom<'a> {
    type Item = (Rank, &'a Queue);

    fn next(&mut self) -> Option<Self::Item> {
        let level = self.ladder.first_from(self.from?);
        self.from = level.and_then(|(rank, _)| rank.checked_add(1));
        level
    }
}
