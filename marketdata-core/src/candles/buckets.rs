//! The candles of one interval, to be changed.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use orderbook_core::Timestamp;

use crate::candles::stored::check;
use crate::{Candle, CandleError, CandleEvent, CandleSeries, Interval, PublicTrade, StoredCandles};

/// The candles of one interval, without the fresh one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Buckets {
    interval: Interval,
    /// Oldest first, by strictly increasing open time; none of them flat.
    candles: VecDeque<Candle>,
    /// The open time of the newest candle that was dropped, or that came too late to be kept.
    forgotten: Option<Timestamp>,
    /// Whether the newest candle has not been reported closed.
    is_open: bool,
    /// The open times of those that have been reported outdated and are stored as they were.
    outdated: BTreeSet<Timestamp>,
}

impl Buckets {
    pub(crate) const fn new(interval: Interval) -> Self {
        Self {
            interval,
            candles: VecDeque::new(),
            forgotten: None,
            is_open: false,
            outdated: BTreeSet::new(),
        }
    }

    /// Goes on from stored candles, which hold the trades up to `now`.
    pub(crate) fn restore(
        &mut self,
        stored: StoredCandles,
        capacity: usize,
        now: Timestamp,
    ) -> Result<(), CandleError> {
        let StoredCandles {
            interval,
            forgotten,
            candles,
            outdated,
        } = stored;
        let misplaced = |open_time| CandleError::Misplaced {
            interval,
            open_time,
        };
        let mut last = forgotten;
        for candle in &candles {
            let open_time = candle.open_time;
            if last.is_some_and(|last| open_time <= last) || open_time > now {
                return Err(misplaced(open_time));
            }
            check(interval, candle)?;
            last = Some(open_time);
        }
        self.is_open = candles
            .last()
            .is_some_and(|newest| newest.holds(interval, now));
        self.forgotten = forgotten;
        self.candles = candles.into();
        for open_time in outdated {
            self.position(open_time).map_err(|_| misplaced(open_time))?;
            self.outdated.insert(open_time);
        }
        self.trim(capacity);
        Ok(())
    }

    /// What it takes to go on from what `view` shows of this.
    pub(crate) fn stored(&self, view: &CandleSeries<'_>) -> StoredCandles {
        let candles: Vec<_> = view.candles().collect();
        // The one that was the oldest may not be shown any more.
        let oldest = candles.first().map(|oldest| oldest.open_time);
        let is_shown = |open_time: &&Timestamp| oldest.is_some_and(|oldest| oldest <= **open_time);
        StoredCandles {
            interval: self.interval,
            forgotten: view.forgotten(),
            outdated: self.outdated.iter().filter(is_shown).copied().collect(),
            candles,
        }
    }

    pub(crate) fn view(&self, now: Timestamp) -> CandleSeries<'_> {
        CandleSeries::new(self.interval, &self.candles, self.forgotten, now)
    }

    pub(crate) const fn interval(&self) -> Interval {
        self.interval
    }

    /// Adds a candle of trades that are all in one bucket, which is the present one.
    pub(crate) fn add(&mut self, fresh: &Candle, capacity: usize) {
        match self.candles.back_mut() {
            Some(newest) if newest.holds(self.interval, fresh.open_time) => newest.merge(fresh),
            _ => {
                self.candles.push_back(fresh.widened(self.interval));
                self.trim(capacity);
            }
        }
        self.is_open = true;
    }

    /// Puts a candle right that is kept.
    pub(crate) fn replace(&mut self, candle: Candle) -> Result<(), CandleError> {
        let (interval, open_time) = (self.interval, candle.open_time);
        check(interval, &candle)?;
        let index = self.position(open_time);
        let index = index.map_err(|_| CandleError::Misplaced {
            interval,
            open_time,
        })?;
        self.candles[index] = candle;
        self.outdated.remove(&open_time);
        Ok(())
    }

    /// The newest candle, if it has just ended.
    pub(crate) fn close(&mut self, now: Timestamp) -> Option<CandleEvent> {
        let interval = self.interval;
        let newest = self.candles.back()?;
        if !self.is_open || newest.holds(interval, now) {
            return None;
        }
        self.is_open = false;
        Some(CandleEvent::Closed {
            interval,
            candle: *newest,
        })
    }

    /// Drops what is beyond the capacity.
    fn trim(&mut self, capacity: usize) {
        while self.candles.len().saturating_sub(1) > capacity {
            if let Some(Candle { open_time, .. }) = self.candles.pop_front() {
                self.forgotten = self.forgotten.max(Some(open_time));
                self.outdated.remove(&open_time);
            }
        }
    }

    fn position(&self, open_time: Timestamp) -> Result<usize, usize> {
        self.candles
            .binary_search_by_key(&open_time, |candle| candle.open_time)
    }

    /// Counts a trade where its time belongs, which may be over. Returns what to say of that.
    pub(crate) fn count_late(
        &mut self,
        trade: &PublicTrade,
        capacity: usize,
        now: Timestamp,
    ) -> Option<CandleEvent> {
        let interval = self.interval;
        let mut candle = Candle::of(interval, trade);
        let open_time = candle.open_time;
        let outdated = CandleEvent::Outdated {
            interval,
            open_time,
        };
        if self.has_forgotten(open_time) {
            return Some(outdated);
        }
        match self.position(open_time) {
            Ok(index) => {
                let counted = self.candles.get_mut(index)?;
                counted.add(trade);
                candle = *counted;
            }
            Err(0) if self.candles.len() > capacity => {
                self.forgotten = Some(open_time);
                return Some(outdated);
            }
            Err(index) => {
                self.candles.insert(index, candle);
                self.trim(capacity);
            }
        }
        if candle.holds(interval, now) {
            self.is_open = true;
            return None;
        }
        if self.outdated.contains(&open_time) {
            return Some(outdated);
        }
        Some(CandleEvent::Corrected { interval, candle })
    }

    /// Takes back a trade, of which the `shorter` intervals know already.
    pub(crate) fn bust(
        &mut self,
        trade: &PublicTrade,
        shorter: &[Self],
        known: &mut impl FnMut(Timestamp, Timestamp) -> Option<Vec<PublicTrade>>,
    ) -> Option<CandleEvent> {
        let interval = self.interval;
        let empty = Candle::flat(interval, trade.time, trade.price);
        let open_time = empty.open_time;
        let outdated = CandleEvent::Outdated {
            interval,
            open_time,
        };
        let Ok(index) = self.position(open_time) else {
            // Otherwise it was never counted.
            return self.has_forgotten(open_time).then_some(outdated);
        };
        let before = self.candles[index];
        let is_right = !self.outdated.contains(&open_time);
        let after = shorter
            .iter()
            .rev()
            .find_map(|part| part.roll_up(interval, empty))
            .or_else(|| {
                let trades = known(empty.open_time, empty.close_time)?;
                let left = before.trade_count.checked_sub(1);
                if is_right && left != Some(trades.len() as u64) {
                    return None;
                }
                let Some((first, others)) = trades.split_first() else {
                    return Some(empty);
                };
                let mut candle = Candle::of(interval, first);
                for trade in others {
                    candle.add(trade);
                }
                Some(candle)
            })
            .or_else(|| before.without(trade, interval).filter(|_| is_right));
        let Some(candle) = after else {
            self.outdated.insert(open_time);
            return Some(outdated);
        };
        self.outdated.remove(&open_time);
        if candle.is_flat() {
            self.candles.remove(index);
            self.is_open &= index < self.candles.len();
            return Some(CandleEvent::Emptied {
                interval,
                open_time,
            });
        }
        self.candles[index] = candle;
        Some(CandleEvent::Corrected { interval, candle })
    }

    /// A candle of a longer interval, worked out from those of this one; `None` where not all of
    /// them are there and right.
    fn roll_up(&self, longer: Interval, empty: Candle) -> Option<Candle> {
        let open_time = empty.open_time;
        // Not by its close time: the very last bucket holds that.
        let is_part = |time: Timestamp| longer.open_time(time) == open_time;
        let outdated = self.outdated.range(open_time..).next();
        let is_outdated = outdated.is_some_and(|outdated| is_part(*outdated));
        if !self.interval.divides(longer) || self.has_forgotten(open_time) || is_outdated {
            return None;
        }
        let begin = self
            .candles
            .partition_point(|part| part.open_time < open_time);
        let parts = self.candles.range(begin..);
        let parts = parts.take_while(|part| is_part(part.open_time));
        Some(parts.fold(empty, Candle::plus))
    }

    /// Whether the candle of that time would have been dropped, if there was one.
    fn has_forgotten(&self, open_time: Timestamp) -> bool {
        self.forgotten
            .is_some_and(|forgotten| open_time <= forgotten)
    }
}
