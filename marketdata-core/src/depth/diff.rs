//! Changes of the depth, conflated for clients that need not hear of each.

use alloc::vec::Vec;

use orderbook_core::{Level, Side};

use crate::LevelChange;
use crate::depth::levels::Levels;

/// What changed in the depth between two moments.
///
/// Applied to the depth as it was after the change before `first_update_id`, it gives the depth as
/// of `last_update_id`: set each level to its quantity, and remove it where that is zero. On a
/// [`DepthSnapshot`](crate::DepthSnapshot) of a moment in between it gives the same, since the
/// quantities are totals.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DepthDiff {
    /// The oldest change in it: the `last_update_id` of the diff before, plus one.
    pub first_update_id: u64,
    /// The newest change in it.
    pub last_update_id: u64,
    /// The bids that changed, best first, with their new totals; zero where the level is gone.
    pub bids: Vec<Level>,
    /// The asks that changed, best first, with their new totals; zero where the level is gone.
    pub asks: Vec<Level>,
}

/// Collects [`LevelChange`]s until somebody takes them as one [`DepthDiff`].
///
/// Given every change of a depth in order, successive diffs chain: each begins with the change
/// after the last one of the diff before. The builder does not check for changes lost on the way
/// to it. Recording is O(log touched levels); memory is one entry per touched level.
///
/// ```
/// use marketdata_core::{DepthDiffBuilder, LevelChange};
/// use orderbook_core::{Level, Price, Quantity, Side};
///
/// let mut builder = DepthDiffBuilder::new();
/// for (update_id, quantity) in [(1, 5), (2, 3)] {
///     builder.record(&LevelChange {
///         update_id,
///         side: Side::Buy,
///         price: Price::new(100),
///         quantity: Quantity::new(quantity),
///     });
/// }
/// let diff = builder.take().unwrap();
/// assert_eq!((diff.first_update_id, diff.last_update_id), (1, 2));
/// let level = Level { price: Price::new(100), quantity: Quantity::new(3) };
/// assert_eq!(diff.bids, [level]);
/// assert_eq!(builder.take(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DepthDiffBuilder {
    /// First and last update id recorded since the last diff.
    span: Option<(u64, u64)>,
    /// With what is gone, at a quantity of zero.
    levels: Levels,
}

impl DepthDiffBuilder {
    /// A builder without changes.
    pub const fn new() -> Self {
        Self {
            span: None,
            levels: Levels::new(),
        }
    }

    /// Takes note of a change, the next one of the depth.
    pub fn record(&mut self, change: &LevelChange) {
        let first = self.span.map_or(change.update_id, |(first, _)| first);
        self.span = Some((first, change.update_id));
        let level = Level {
            price: change.price,
            quantity: change.quantity,
        };
        self.levels.record(change.side, level);
    }

    /// Whether nothing was recorded since the last diff.
    pub const fn is_empty(&self) -> bool {
        self.span.is_none()
    }

    /// What was recorded since the last diff, or `None` where that is nothing.
    pub fn take(&mut self) -> Option<DepthDiff> {
        let (first_update_id, last_update_id) = self.span.take()?;
        let diff = DepthDiff {
            first_update_id,
            last_update_id,
            bids: self.levels.of(Side::Buy).collect(),
            asks: self.levels.of(Side::Sell).collect(),
        };
        self.levels.clear();
        Some(diff)
    }
}
