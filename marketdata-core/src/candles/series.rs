//! The candles of one interval, to be looked at.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use orderbook_core::Timestamp;

use crate::{Candle, Interval};

/// What [`CandleSeries::range`] gives for intervals in which nothing traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GapPolicy {
    /// Nothing.
    Skip,
    /// A [flat candle](Candle::flat) at the close of the candle before it, which
    /// [says so](Candle::is_flat). Applies from the first known candle to the present interval:
    /// there is no price to show before the first trade.
    PreviousClose,
}

/// The candles of one interval as they are at the moment, open one included.
///
/// Getting one is O(1), and so is each candle.
#[derive(Debug, Clone)]
pub struct CandleSeries<'a> {
    interval: Interval,
    /// From before those that are stored.
    older: Vec<Candle>,
    /// Stored, without the newest one.
    stored: &'a VecDeque<Candle>,
    /// Which of them count.
    begin: usize,
    end: usize,
    newest: Option<Candle>,
    forgotten: Option<Timestamp>,
    now: Timestamp,
}

impl<'a> CandleSeries<'a> {
    pub(crate) fn new(
        interval: Interval,
        stored: &'a VecDeque<Candle>,
        forgotten: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        Self {
            interval,
            older: Vec::new(),
            stored,
            begin: 0,
            end: stored.len().saturating_sub(1),
            newest: stored.back().copied(),
            forgotten,
            now,
        }
    }

    /// With trades that are not in the stored candles yet, and are newer than the last of these began.
    pub(crate) fn with_fresh(mut self, fresh: &Candle, capacity: usize) -> Self {
        match &mut self.newest {
            Some(newest) if newest.holds(self.interval, fresh.open_time) => newest.merge(fresh),
            newest => {
                *newest = Some(fresh.widened(self.interval));
                self.end = self.stored.len();
                self.begin = self.end.saturating_sub(capacity);
                let dropped = self.stored.range(..self.begin).next_back();
                self.forgotten = self.forgotten.max(dropped.map(|candle| candle.open_time));
            }
        }
        self
    }

    /// This series with candles that it had before, for those who keep them elsewhere. Those that
    /// are not older than the oldest one here are left out: what is here is newer.
    ///
    /// They have to be of the same interval, by strictly increasing open time, and to leave out none of
    /// those that were forgotten, as far back as they are wanted.
    #[must_use]
    pub fn with_older(mut self, older: impl IntoIterator<Item = Candle>) -> Self {
        let oldest = self.candles().next().map(|candle| candle.open_time);
        let is_older = |candle: &Candle| oldest.is_none_or(|oldest| candle.open_time < oldest);
        let older = older.into_iter().take_while(is_older);
        self.older.splice(0..0, older);
        self.forgotten = None;
        self
    }

    /// The candles of a longer interval, made of these: what a fold of that interval would have. Those
    /// that began before these candles are known are left out, and [`forgotten`](Self::forgotten)
    /// says so. `None` where this interval does not divide the other. O(candles).
    pub fn widened(&self, interval: Interval) -> Option<CandleSeries<'static>> {
        static NONE: VecDeque<Candle> = VecDeque::new();
        if !self.interval.divides(interval) {
            return None;
        }
        let forgotten = self.forgotten.map(|time| interval.open_time(time));
        let known = self.candles().filter(|candle| {
            let open_time = interval.open_time(candle.open_time);
            forgotten.is_none_or(|forgotten| forgotten < open_time)
        });
        let mut wide: Vec<Candle> = Vec::new();
        for candle in known {
            match wide.last_mut() {
                Some(last) if last.holds(interval, candle.open_time) => last.merge(&candle),
                _ => wide.push(candle.widened(interval)),
            }
        }
        Some(CandleSeries {
            interval,
            newest: wide.pop(),
            older: wide,
            stored: &NONE,
            begin: 0,
            end: 0,
            forgotten,
            now: self.now,
        })
    }

    /// The candle of a longer interval that `time` is in, made of these. `None` where nothing traded in
    /// it, where not all of it is known, or where this interval does not divide the other. O(log
    /// candles + candles in it).
    pub fn within(&self, interval: Interval, time: Timestamp) -> Option<Candle> {
        let (open_time, close_time) = (interval.open_time(time), interval.close_time(time));
        let is_known = self.forgotten.is_none_or(|forgotten| forgotten < open_time);
        if !self.interval.divides(interval) || !is_known {
            return None;
        }
        let position = self.position(|candle| candle.open_time < open_time);
        let mut parts = self
            .starting_at(position)
            .take_while(|candle| candle.open_time < close_time);
        let first = parts.next()?.widened(interval);
        Some(parts.fold(first, |whole, part| whole.plus(&part)))
    }

    /// The candles, oldest first, without the quiet intervals.
    pub fn candles(&self) -> impl DoubleEndedIterator<Item = Candle> + '_ {
        let stored = self.stored.range(self.begin..self.end);
        self.older.iter().chain(stored).chain(&self.newest).copied()
    }

    /// The candles whose open time is in `from..=to`, oldest first, at most `limit`: the oldest of
    /// them where `from` is given, the newest otherwise. This is what Binance's `klines` does with
    /// `startTime`, `endTime` and `limit`.
    ///
    /// With [`GapPolicy::PreviousClose`], quiet intervals are filled in up to the one that `now` is
    /// in, itself included; a `now` before the newest time seen counts as that.
    ///
    /// Costs O(result + log known), and the memory of the result: bound `limit`.
    pub fn range(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
        now: Timestamp,
        gaps: GapPolicy,
    ) -> Vec<Candle> {
        match gaps {
            GapPolicy::Skip => self.known(from, to, limit),
            GapPolicy::PreviousClose => self.filled(from, to, limit, now.max(self.now)),
        }
    }

    fn known(&self, from: Option<Timestamp>, to: Option<Timestamp>, limit: usize) -> Vec<Candle> {
        let begin = from.map_or(0, |from| self.position(|candle| candle.open_time < from));
        let end = to.map_or(self.len(), |to| {
            self.position(|candle| candle.open_time <= to)
        });
        let count = end.saturating_sub(begin).min(limit);
        let begin = if from.is_some() { begin } else { end - count };
        self.starting_at(begin).take(count).collect()
    }

    fn filled(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
        now: Timestamp,
    ) -> Vec<Candle> {
        let Some(oldest) = self.get(0) else {
            return Vec::new();
        };
        // Buckets are numbered, so that gaps are a matter of subtraction.
        let bucket = |time| self.interval.bucket(time);
        let first = bucket(oldest.open_time);
        let first = from.map_or(first, |from| {
            let begins_before = self.interval.open_time(from) < from;
            first.max(bucket(from) + u64::from(begins_before))
        });
        let last = to.map_or(bucket(now), |to| bucket(now.min(to)));
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        if first > last || limit == 0 {
            return Vec::new();
        }
        let count = (last - first).saturating_add(1).min(limit);
        let first = if from.is_some() {
            first
        } else {
            last - (count - 1)
        };

        let begin = self.interval.open_of(first);
        let position = self.position(|candle| candle.open_time < begin);
        let mut known = self.starting_at(position).peekable();
        // A range that begins with the oldest candle sets the close before it is used.
        let previous = position.checked_sub(1).and_then(|index| self.get(index));
        let mut close = previous.map_or(oldest.open, |previous| previous.close);
        (0..count)
            .map(|index| {
                let open_time = self.interval.open_of(first + index);
                let candle = known
                    .next_if(|candle| candle.open_time == open_time)
                    .unwrap_or_else(|| Candle::flat(self.interval, open_time, close));
                close = candle.close;
                candle
            })
            .collect()
    }

    /// The number of candles. O(1).
    pub fn len(&self) -> usize {
        self.older.len() + (self.end - self.begin) + usize::from(self.newest.is_some())
    }

    /// Whether there is no candle. O(1).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn get(&self, index: usize) -> Option<&Candle> {
        if let Some(older) = self.older.get(index) {
            return Some(older);
        }
        let index = index - self.older.len() + self.begin;
        if index < self.end {
            return self.stored.get(index);
        }
        self.newest.as_ref().filter(|_| index == self.end)
    }

    /// The candles from the one at `position` on.
    fn starting_at(&self, position: usize) -> impl Iterator<Item = Candle> + '_ {
        (position..self.len()).filter_map(|index| self.get(index).copied())
    }

    /// The number of candles before the first one for which `is_before` does not hold.
    fn position(&self, is_before: impl Fn(&Candle) -> bool) -> usize {
        let (mut begin, mut end) = (0, self.len());
        while begin < end {
            let middle = begin.midpoint(end);
            if self.get(middle).is_some_and(&is_before) {
                begin = middle + 1;
            } else {
                end = middle;
            }
        }
        begin
    }

    /// The open time of the newest candle that is no longer known, if there is one: what the series
    /// says of the time up to there is not the whole.
    pub const fn forgotten(&self) -> Option<Timestamp> {
        self.forgotten
    }

    /// The newest candle, open or closed.
    pub const fn latest(&self) -> Option<&Candle> {
        self.newest.as_ref()
    }

    /// How long the candles are.
    pub const fn interval(&self) -> Interval {
        self.interval
    }
}
