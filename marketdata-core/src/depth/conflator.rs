//! One diff per interval, for clients that want to be told ten times a second and not more often.

use orderbook_core::Timestamp;

use crate::{DepthDiff, DepthDiffBuilder, Interval, LevelChange};

/// Conflates the changes of a depth into at most one [`DepthDiff`] per interval.
///
/// Intervals are aligned as those of candles are, see [`Interval`]. What changes during one is
/// told when time reaches its end; a quiet one is not told of at all. Nothing is lost: given every
/// change of a depth in order, the diffs chain as those of a [`DepthDiffBuilder`] do.
///
/// Time is an argument and never runs backwards: an earlier one than the newest seen counts as the
/// newest seen. Applying is O(log touched levels); memory is one entry per level touched since the
/// last diff.
///
/// ```
/// use marketdata_core::{DepthConflator, LevelChange};
/// use orderbook_core::{Price, Quantity, Side, Timestamp};
///
/// let mut conflator = DepthConflator::new("100ms".parse()?);
/// let change = |update_id, quantity| LevelChange {
///     update_id,
///     side: Side::Buy,
///     price: Price::new(100),
///     quantity: Quantity::new(quantity),
/// };
/// let millis = Timestamp::from_millis;
/// assert_eq!(conflator.apply(millis(1_010), &change(1, 5)), None);
/// assert_eq!(conflator.apply(millis(1_099), &change(2, 3)), None);
/// assert_eq!(conflator.due(), Some(millis(1_100)));
///
/// let diff = conflator.advance(millis(1_100)).unwrap();
/// assert_eq!((diff.first_update_id, diff.last_update_id), (1, 2));
/// assert_eq!(diff.bids[0].quantity, Quantity::new(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepthConflator {
    interval: Interval,
    now: Timestamp,
    builder: DepthDiffBuilder,
}

impl DepthConflator {
    /// A conflator without changes.
    pub const fn new(interval: Interval) -> Self {
        Self {
            interval,
            now: Timestamp::new(0),
            builder: DepthDiffBuilder::new(),
        }
    }

    /// Takes note of the next change of the depth, which happened at `time`. Returns the diff of
    /// an earlier interval that `time` ends, which does not have this change.
    pub fn apply(&mut self, time: Timestamp, change: &LevelChange) -> Option<DepthDiff> {
        let ended = self.advance(time);
        self.builder.record(change);
        ended
    }

    /// Lets time pass until `time`. Returns the diff of the interval that this ends, if anything
    /// changed in it.
    pub fn advance(&mut self, time: Timestamp) -> Option<DepthDiff> {
        let before = self.now;
        self.now = before.max(time);
        let ended = self.interval.open_time(self.now) != self.interval.open_time(before);
        ended.then(|| self.builder.take()).flatten()
    }

    /// When the next diff is due, for who wants to [advance](Self::advance) then; `None` where nothing
    /// changed since the last one.
    pub fn due(&self) -> Option<Timestamp> {
        (!self.is_empty()).then(|| self.interval.close_time(self.now))
    }

    /// The interval of the diffs.
    pub const fn interval(&self) -> Interval {
        self.interval
    }

    /// Whether nothing changed since the last diff.
    pub const fn is_empty(&self) -> bool {
        self.builder.is_empty()
    }
}
