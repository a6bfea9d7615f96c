//! Levels put together at coarser prices, as a trader's ladder shows them.

use alloc::vec::Vec;
use core::num::NonZeroU64;

use orderbook_core::{Level, Price, Side};

use crate::Volume;

/// How many ticks apart the prices of grouped levels are.
///
/// A grouped price is a whole multiple of it. Bids go down to one and asks up, so that grouping
/// never makes a book look crossed, and never promises a better price than there is. Prices below
/// zero are no exception: with groups of 10 ticks a bid at -3 is shown at -10, an ask at -3 at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Grouping(NonZeroU64);

impl Grouping {
    /// Groups of so many ticks; `None` for zero. One tick leaves the levels as they are.
    pub const fn of_ticks(ticks: u64) -> Option<Self> {
        match NonZeroU64::new(ticks) {
            Some(ticks) => Some(Self(ticks)),
            None => None,
        }
    }

    /// The number of ticks.
    pub const fn ticks(self) -> u64 {
        self.0.get()
    }

    /// The price at which a level of `side` is shown.
    ///
    /// Where the multiple next to a price is beyond the prices that there are, it is the last
    /// price: the lowest for a bid, the highest for an ask.
    pub fn price(self, side: Side, price: Price) -> Price {
        let (ticks, group) = (i128::from(price.get()), i128::from(self.ticks()));
        let multiple = match side {
            Side::Buy => ticks.div_euclid(group) * group,
            Side::Sell => -(-ticks).div_euclid(group) * group,
        };
        let last = match side {
            Side::Buy => i64::MIN,
            Side::Sell => i64::MAX,
        };
        Price::new(i64::try_from(multiple).unwrap_or(last))
    }

    /// The best `limit` groups of one side, whose levels are given best first.
    pub(crate) fn group(
        self,
        side: Side,
        levels: impl Iterator<Item = Level>,
        limit: usize,
    ) -> Vec<GroupedLevel> {
        let mut groups: Vec<GroupedLevel> = Vec::new();
        for level in levels {
            let (price, volume) = (self.price(side, level.price), level.quantity.into());
            if let Some(group) = groups.last_mut().filter(|group| group.price == price) {
                group.volume = group.volume.saturating_add(volume);
            } else if groups.len() < limit {
                groups.push(GroupedLevel { price, volume });
            } else {
                break;
            }
        }
        groups
    }
}

/// What is displayed at the prices of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GroupedLevel {
    /// The price of the group, in ticks: the worst for whoever trades with it.
    pub price: Price,
    /// The sum of its levels, in lots.
    pub volume: Volume,
}

/// The best groups of both sides at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GroupedDepth {
    /// The newest change in it.
    pub last_update_id: u64,
    /// The bids, best first.
    pub bids: Vec<GroupedLevel>,
    /// The asks, best first.
    pub asks: Vec<GroupedLevel>,
}
