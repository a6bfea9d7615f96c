//! Candles of several intervals at once, folded from trades.
//!
//! A trade is counted once, whatever the number of intervals: into a candle of the longest interval
//! that divides all of them, the *fresh* one. When that interval is over it is added to the candles
//! of all intervals, which is what "rolling up" means. Who looks in between gets the sum of both.
//!
//! Only intervals with trades are stored. Quiet ones are made up when they are asked for, so that a
//! market that sleeps for years costs nothing.

use alloc::vec::Vec;

use orderbook_core::Timestamp;

use crate::candles::buckets::Buckets;
use crate::{
    Candle, CandleError, CandleEvent, CandleSeries, Interval, PublicTrade, StoredCandles,
    TradeError,
};

/// Candles of several intervals: of each the newest one and up to `capacity` before it.
///
/// A trade is in the candle of its own time, whenever it comes. A candle is open until the newest
/// time seen, be it of a trade or by [`advance`](Self::advance), reaches its end, and is then
/// reported closed, once; shorter intervals come first. What changes after that is reported as a
/// [correction](CandleEvent::Corrected).
///
/// # Complexity
///
/// A trade costs O(1) whatever the number of intervals, and O(intervals) when it is the first after
/// the shortest of them has ended, however long ago that was. A late trade costs O(log capacity) per
/// interval, and O(capacity) where a quiet interval becomes one with a trade. Memory is one [`Candle`]
/// (160 bytes) per interval that had trades and is kept.
///
/// ```
/// use marketdata_core::{CandleEvent, Candles, GapPolicy, Interval, PublicTrade};
/// use orderbook_core::{Price, Quantity, Side, Timestamp, TradeId};
///
/// let mut candles = Candles::new(&[Interval::ONE_MINUTE, Interval::ONE_HOUR], 1_000);
/// let mut events: Vec<CandleEvent> = Vec::new();
/// for (id, second, price) in [(1, 0, 100), (2, 59, 103), (3, 180, 101)] {
///     let trade = PublicTrade {
///         id: TradeId::new(id),
///         time: Timestamp::from_millis(1_000 * second),
///         price: Price::new(price),
///         quantity: Quantity::new(5),
///         taker_side: Side::Buy,
///     };
///     candles.apply(&trade, &mut events)?;
/// }
/// assert!(matches!(events[..], [CandleEvent::Closed { interval: Interval::ONE_MINUTE, .. }]));
///
/// let minutes = candles.get(Interval::ONE_MINUTE).unwrap();
/// let now = Timestamp::from_millis(200_000);
/// let all = minutes.range(None, None, 100, now, GapPolicy::PreviousClose);
/// let closes: Vec<i64> = all.iter().map(|candle| candle.close.get()).collect();
/// assert_eq!(closes, [103, 103, 103, 101]);
/// assert!(all[1].is_flat());
/// # Ok::<(), marketdata_core::TradeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candles {
    capacity: usize,
    /// The newest time seen, from a trade or from `advance`.
    now: Timestamp,
    /// The longest interval that divides all of them. All of them end where one of it does.
    base: Interval,
    /// The bucket of `base` that `now` is in.
    open_time: Timestamp,
    /// Its end. The last bucket of all has none: then `now` may be this.
    close_time: Timestamp,
    /// The trades of that bucket that are not in the buckets yet.
    fresh: Option<Candle>,
    /// Shortest first.
    buckets: Vec<Buckets>,
}

impl Candles {
    /// No candles of these intervals yet. `capacity` is the number kept per interval besides the
    /// newest.
    pub fn new(intervals: &[Interval], capacity: usize) -> Self {
        let mut intervals = intervals.to_vec();
        intervals.sort_unstable();
        intervals.dedup();
        let base = intervals
            .iter()
            .fold(Interval::ONE_DAY, |base, interval| base.common(*interval));
        let now = Timestamp::new(0);
        Self {
            capacity,
            now,
            base,
            open_time: base.open_time(now),
            close_time: base.close_time(now),
            fresh: None,
            buckets: intervals.into_iter().map(Buckets::new).collect(),
        }
    }

    /// Candles that go on from stored ones, which hold the trades up to `now`; also in the middle of
    /// an interval. The last candles whose interval ends after `now` are open.
    ///
    /// # Errors
    ///
    /// A [`CandleError`] where the stored candles are not what such a fold would have come to.
    pub fn restore(
        intervals: &[Interval],
        capacity: usize,
        now: Timestamp,
        stored: impl IntoIterator<Item = StoredCandles>,
    ) -> Result<Self, CandleError> {
        let mut restored = Self::new(intervals, capacity);
        restored.set_now(now);
        let mut seen = Vec::new();
        for stored in stored {
            let interval = stored.interval;
            if seen.contains(&interval) {
                return Err(CandleError::Unexpected { interval });
            }
            seen.push(interval);
            restored.of(interval)?.restore(stored, capacity, now)?;
        }
        Ok(restored)
    }

    /// Counts a trade, and appends what it closed or corrected to `events`.
    ///
    /// A trade with an id that a candle has counted already is counted again: whoever may hear of a
    /// trade twice keeps a [`RollingTicker`](crate::RollingTicker) in front, which notices.
    ///
    /// # Errors
    ///
    /// [`TradeError::NoQuantity`] where nothing changed hands. Nothing is changed then.
    pub fn apply<E: From<CandleEvent>>(
        &mut self,
        trade: &PublicTrade,
        events: &mut Vec<E>,
    ) -> Result<(), TradeError> {
        if trade.quantity.is_zero() {
            return Err(TradeError::NoQuantity);
        }
        if trade.time < self.open_time {
            self.count_late(trade, events);
            return Ok(());
        }
        self.advance(trade.time, events);
        match &mut self.fresh {
            Some(fresh) => fresh.add(trade),
            none => *none = Some(Candle::of(self.base, trade)),
        }
        Ok(())
    }

    /// Lets time pass until `now`, in microseconds since the Unix epoch, and appends the candles that
    /// this closed to `events`. An earlier time than the newest seen changes nothing.
    pub fn advance<E: From<CandleEvent>>(&mut self, now: Timestamp, events: &mut Vec<E>) {
        if now < self.close_time {
            self.now = self.now.max(now);
            return;
        }
        self.flush();
        self.set_now(now);
        for buckets in &mut self.buckets {
            events.extend(buckets.close(now).map(E::from));
        }
    }

    /// Takes back a trade that was busted: the venue declared it void after it had been counted.
    /// Appends the corrections to `events`, also of candles that are still open.
    ///
    /// Highest and lowest, first and last cannot be told without the other trades. Where a shorter
    /// interval does not tell, `known` is asked for the trades of a span of time, beginning and end,
    /// without the busted one; it answers `None` where it does not have all of them. An answer with
    /// another number of trades than were counted is taken for `None`, unless the candle is
    /// outdated. The end of time is in the span that ends with it.
    pub fn bust<E: From<CandleEvent>>(
        &mut self,
        trade: &PublicTrade,
        mut known: impl FnMut(Timestamp, Timestamp) -> Option<Vec<PublicTrade>>,
        events: &mut Vec<E>,
    ) {
        self.flush();
        for index in 0..self.buckets.len() {
            let (shorter, rest) = self.buckets.split_at_mut(index);
            if let Some(buckets) = rest.first_mut() {
                let event = buckets.bust(trade, shorter, &mut known);
                events.extend(event.map(E::from));
            }
        }
    }

    /// Puts a candle right that was reported [outdated](CandleEvent::Outdated), by whoever has its
    /// trades. Appends the correction to `events`.
    ///
    /// # Errors
    ///
    /// A [`CandleError`] where it is no candle of the interval, or none that is kept. Nothing is
    /// changed then.
    pub fn replace<E: From<CandleEvent>>(
        &mut self,
        interval: Interval,
        candle: Candle,
        events: &mut Vec<E>,
    ) -> Result<(), CandleError> {
        self.flush();
        self.of(interval)?.replace(candle)?;
        events.push(CandleEvent::Corrected { interval, candle }.into());
        Ok(())
    }

    /// The candles of an interval; `None` where it is none of those that this was made for.
    pub fn get(&self, interval: Interval) -> Option<CandleSeries<'_>> {
        let found = self.buckets.iter().find(|it| it.interval() == interval);
        found.map(|buckets| self.view(buckets))
    }

    /// The candles of every interval, shortest first.
    pub fn all(&self) -> impl Iterator<Item = CandleSeries<'_>> {
        self.buckets.iter().map(|buckets| self.view(buckets))
    }

    /// What it takes to [go on](Self::restore) from here, together with the newest time seen.
    pub fn stored(&self) -> Vec<StoredCandles> {
        let stored = self.buckets.iter();
        stored.map(|it| it.stored(&self.view(it))).collect()
    }

    /// The newest time seen.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    fn of(&mut self, interval: Interval) -> Result<&mut Buckets, CandleError> {
        let mut all = self.buckets.iter_mut();
        let found = all.find(|buckets| buckets.interval() == interval);
        found.ok_or(CandleError::Unexpected { interval })
    }

    fn view<'a>(&'a self, buckets: &'a Buckets) -> CandleSeries<'a> {
        let view = buckets.view(self.now);
        match &self.fresh {
            Some(fresh) => view.with_fresh(fresh, self.capacity),
            None => view,
        }
    }

    /// Moves the present, which must not run backwards.
    fn set_now(&mut self, now: Timestamp) {
        self.now = now;
        self.open_time = self.base.open_time(now);
        self.close_time = self.base.close_time(now);
    }

    /// Adds the fresh candle to those of every interval.
    fn flush(&mut self) {
        let Some(fresh) = self.fresh.take() else {
            return;
        };
        for buckets in &mut self.buckets {
            buckets.add(&fresh, self.capacity);
        }
    }

    /// Counts a trade whose base bucket is over. Those of longer intervals may still be open.
    fn count_late<E: From<CandleEvent>>(&mut self, trade: &PublicTrade, events: &mut Vec<E>) {
        self.flush();
        for buckets in &mut self.buckets {
            let event = buckets.count_late(trade, self.capacity, self.now);
            events.extend(event.map(E::from));
        }
    }
}
