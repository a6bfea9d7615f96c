//! The candles of one interval, newest last.
//!
//! Only intervals with trades are stored. Quiet ones are made up when they are asked for, so that a
//! market that sleeps for years costs nothing.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use orderbook_core::Timestamp;

use crate::{Candle, Interval, PublicTrade};

/// What [`CandleSeries::range`] gives for intervals in which nothing traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GapPolicy {
    /// Nothing.
    Skip,
    /// A [flat candle](Candle::flat) at the close of the candle before it. Applies from the first
    /// stored candle to the present interval: there is no price to show before the first trade.
    PreviousClose,
}

/// The candles of one interval: the newest one and up to `capacity` before it.
///
/// The newest candle is open until time reaches its end, be it by a trade or by
/// [`advance`](Self::advance); each candle is reported closed exactly once. Applying and advancing
/// is O(1); memory is one [`Candle`] per stored interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandleSeries {
    interval: Interval,
    capacity: usize,
    /// Oldest first, by strictly increasing open time; none of them flat.
    candles: VecDeque<Candle>,
    /// The open time of the newest candle that was dropped.
    forgotten: Option<Timestamp>,
    /// Whether the newest candle has not been reported closed.
    is_open: bool,
    /// The newest time seen, from a trade or from `advance`.
    now: Timestamp,
}

impl CandleSeries {
    /// An empty series that keeps `capacity` candles besides the newest one.
    pub const fn new(interval: Interval, capacity: usize) -> Self {
        Self {
            interval,
            capacity,
            candles: VecDeque::new(),
            forgotten: None,
            is_open: false,
            now: Timestamp::new(0),
        }
    }

    /// Counts a trade. Returns the candle that it closed: the one before its own, unless that was
    /// closed already.
    ///
    /// A trade with a time before the newest seen is counted as at the newest seen.
    pub fn apply(&mut self, trade: &PublicTrade) -> Option<Candle> {
        let closed = self.advance(trade.time);
        let open_time = self.interval.open_time(self.now);
        match self.candles.back_mut() {
            Some(candle) if candle.open_time == open_time => candle.add(trade),
            _ => {
                if self.candles.len() > self.capacity
                    && let Some(oldest) = self.candles.pop_front()
                {
                    self.forgotten = Some(oldest.open_time);
                }
                self.candles.push_back(Candle::of(open_time, trade));
                self.is_open = true;
            }
        }
        closed
    }

    /// Lets time pass until `now`, in microseconds since the Unix epoch. Returns the candle that
    /// this closed. An earlier time than the newest seen changes nothing.
    pub fn advance(&mut self, now: Timestamp) -> Option<Candle> {
        self.now = self.now.max(now);
        let newest = *self.candles.back()?;
        // Compared by bucket, not by close time: the very last bucket has no representable end.
        if !self.is_open || self.interval.open_time(self.now) == newest.open_time {
            return None;
        }
        self.is_open = false;
        Some(newest)
    }

    /// The candles whose open time is in `from..=to`, oldest first, at most `limit`: the oldest of
    /// them where `from` is given, the newest otherwise. This is what Binance's `klines` does with
    /// `startTime`, `endTime` and `limit`.
    ///
    /// With [`GapPolicy::PreviousClose`], quiet intervals are filled in up to the one that `now` is
    /// in, itself included; a `now` before the newest time seen counts as that.
    ///
    /// Costs O(result + log stored), and the memory of the result: bound `limit`.
    pub fn range(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
        now: Timestamp,
        gaps: GapPolicy,
    ) -> Vec<Candle> {
        match gaps {
            GapPolicy::Skip => self.stored(from, to, limit),
            GapPolicy::PreviousClose => self.filled(from, to, limit, now.max(self.now)),
        }
    }

    fn stored(&self, from: Option<Timestamp>, to: Option<Timestamp>, limit: usize) -> Vec<Candle> {
        let begin = from.map_or(0, |from| self.position(|candle| candle.open_time < from));
        let end = to.map_or(self.candles.len(), |to| {
            self.position(|candle| candle.open_time <= to)
        });
        let count = end.saturating_sub(begin).min(limit);
        let begin = if from.is_some() { begin } else { end - count };
        self.candles.range(begin..begin + count).copied().collect()
    }

    fn filled(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
        now: Timestamp,
    ) -> Vec<Candle> {
        let Some(oldest) = self.candles.front() else {
            return Vec::new();
        };
        // Buckets are numbered from the epoch on, so that gaps are a matter of subtraction.
        let length = self.interval.micros();
        let first = oldest.open_time.get() / length;
        let first = from.map_or(first, |from| first.max(from.get().div_ceil(length)));
        let last = now.get() / length;
        let last = to.map_or(last, |to| last.min(to.get() / length));
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        if first > last || limit == 0 {
            return Vec::new();
        }
        let count = (last - first + 1).min(limit);
        let first = if from.is_some() {
            first
        } else {
            last + 1 - count
        };

        let begin = Timestamp::new(first * length);
        let position = self.position(|candle| candle.open_time < begin);
        let mut stored = self.candles.range(position..).peekable();
        let mut close = match position.checked_sub(1) {
            Some(previous) => self.candles[previous].close,
            // The range begins with the oldest candle itself, which sets the close before it is used.
            None => oldest.open,
        };
        (first..first + count)
            .map(|bucket| {
                let open_time = Timestamp::new(bucket * length);
                let candle = stored
                    .next_if(|candle| candle.open_time == open_time)
                    .copied()
                    .unwrap_or_else(|| Candle::flat(open_time, close));
                close = candle.close;
                candle
            })
            .collect()
    }

    /// The number of candles before the first one for which `is_before` does not hold.
    fn position(&self, is_before: impl FnMut(&Candle) -> bool) -> usize {
        self.candles.partition_point(is_before)
    }

    /// The open time of the newest candle that is no longer stored, if there is one: what the series
    /// says of the time up to there is not the whole.
    pub const fn forgotten(&self) -> Option<Timestamp> {
        self.forgotten
    }

    /// This series with candles that it had before, for those who keep them elsewhere. Those that
    /// are not older than the oldest stored one are left out: what is stored is newer.
    ///
    /// They have to be of the same interval, by strictly increasing open time. Costs O(stored).
    #[must_use]
    pub fn with_older(&self, older: impl IntoIterator<Item = Candle>) -> Self {
        let oldest = self.candles.front().map(|candle| candle.open_time);
        let mut candles: VecDeque<_> = older
            .into_iter()
            .take_while(|candle| oldest.is_none_or(|oldest| candle.open_time < oldest))
            .collect();
        candles.extend(&self.candles);
        Self {
            candles,
            capacity: usize::MAX,
            ..self.clone()
        }
    }

    /// The newest stored candle, open or closed.
    pub fn latest(&self) -> Option<&Candle> {
        self.candles.back()
    }

    /// The stored candles, oldest first.
    pub fn candles(&self) -> impl DoubleEndedIterator<Item = &Candle> + ExactSizeIterator + '_ {
        self.candles.iter()
    }

    /// How long the candles are.
    pub const fn interval(&self) -> Interval {
        self.interval
    }
}
