//! The levels of both sides, as the depth, its diffs and a client's book keep them.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;

use orderbook_core::{Level, Price, Quantity, Side};

use crate::{DepthSnapshot, GroupedDepth, Grouping};

/// A quantity per price and side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Levels {
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
}

impl Levels {
    pub(crate) const fn new() -> Self {
        Self {
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
        }
    }

    /// The levels of a snapshot in whatever order, without those of zero.
    pub(crate) fn from_snapshot(snapshot: &DepthSnapshot) -> Self {
        let mut levels = Self::new();
        levels.set_all(&snapshot.bids, &snapshot.asks);
        levels
    }

    const fn side(&self, side: Side) -> &BTreeMap<Price, Quantity> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    const fn side_mut(&mut self, side: Side) -> &mut BTreeMap<Price, Quantity> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// The levels of a side, best first.
    pub(crate) fn of(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        let (bids, asks) = match side {
            Side::Buy => (Some(self.bids.iter().rev()), None),
            Side::Sell => (None, Some(self.asks.iter())),
        };
        let bids = bids.into_iter().flatten();
        bids.chain(asks.into_iter().flatten()).map(level)
    }

    pub(crate) fn best(&self, side: Side) -> Option<Level> {
        match side {
            Side::Buy => self.bids.last_key_value(),
            Side::Sell => self.asks.first_key_value(),
        }
        .map(level)
    }

    /// The best bid and the best ask, where they could trade with each other.
    pub(crate) fn crossed(&self) -> Option<(Price, Price)> {
        let (bid, ask) = (self.best(Side::Buy)?.price, self.best(Side::Sell)?.price);
        (bid >= ask).then_some((bid, ask))
    }

    /// Zero where there is no level.
    pub(crate) fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        self.side(side).get(&price).copied().unwrap_or_default()
    }

    /// Gives a level its new total; zero removes it.
    pub(crate) fn set(&mut self, side: Side, level: Level) {
        if level.quantity.is_zero() {
            self.side_mut(side).remove(&level.price);
        } else {
            self.side_mut(side).insert(level.price, level.quantity);
        }
    }

    /// Gives each of these levels its new total; zero removes it.
    pub(crate) fn set_all(&mut self, bids: &[Level], asks: &[Level]) {
        for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
            for level in levels {
                self.set(side, *level);
            }
        }
    }

    /// Gives a level its new total, and keeps it even where that is zero.
    pub(crate) fn record(&mut self, side: Side, level: Level) {
        self.side_mut(side).insert(level.price, level.quantity);
    }

    /// Gives a level the total that `change` makes of the present one, in a single search, and
    /// returns it. What `change` refuses changes nothing.
    pub(crate) fn change<E>(
        &mut self,
        side: Side,
        price: Price,
        change: impl FnOnce(Quantity) -> Result<Quantity, E>,
    ) -> Result<Quantity, E> {
        match self.side_mut(side).entry(price) {
            Entry::Vacant(entry) => {
                let total = change(Quantity::ZERO)?;
                if !total.is_zero() {
                    entry.insert(total);
                }
                Ok(total)
            }
            Entry::Occupied(mut entry) => {
                let total = change(*entry.get())?;
                if total.is_zero() {
                    entry.remove();
                } else {
                    *entry.get_mut() = total;
                }
                Ok(total)
            }
        }
    }

    pub(crate) fn snapshot(&self, last_update_id: u64, limit: usize) -> DepthSnapshot {
        DepthSnapshot {
            last_update_id,
            bids: self.of(Side::Buy).take(limit).collect(),
            asks: self.of(Side::Sell).take(limit).collect(),
        }
    }

    pub(crate) fn grouped(
        &self,
        last_update_id: u64,
        grouping: Grouping,
        limit: usize,
    ) -> GroupedDepth {
        let groups = |side| grouping.group(side, self.of(side), limit);
        GroupedDepth {
            last_update_id,
            bids: groups(Side::Buy),
            asks: groups(Side::Sell),
        }
    }

    /// Drops all but the best `limit` levels of each side.
    pub(crate) fn truncate(&mut self, limit: usize) {
        while self.bids.len() > limit {
            self.bids.pop_first();
        }
        while self.asks.len() > limit {
            self.asks.pop_last();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }
}

fn level((price, quantity): (&Price, &Quantity)) -> Level {
    Level {
        price: *price,
        quantity: *quantity,
    }
}
