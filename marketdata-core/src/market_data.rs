//! All market data of one instrument behind one verb.

use alloc::vec::Vec;

use orderbook_core::{Event, Side, Timestamp};

use crate::{
    CandleSeries, DAY_MICROS, Depth, DepthError, Interval, MarketEvent, PublicTrade, RollingTicker,
    Tape,
};

/// How much of the past a [`MarketData`] keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Candles per interval, besides the newest one.
    pub candles: usize,
    /// Trades on the tape.
    pub trades: usize,
}

/// The market data of one instrument: candles of every [`Interval`], the 24-hour ticker, the depth
/// and the tape.
///
/// See the [crate documentation](crate) for an example. An event that trades costs O(log levels)
/// and, amortised, O(1) per interval. Memory is that of the parts; the ticker holds every trade of
/// the last 24 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketData {
    now: Timestamp,
    /// In the order of [`Interval::ALL`].
    candles: [CandleSeries; Interval::ALL.len()],
    ticker: RollingTicker,
    depth: Depth,
    tape: Tape,
}

impl MarketData {
    /// The market data of an empty book.
    pub fn new(limits: Limits) -> Self {
        Self {
            now: Timestamp::new(0),
            candles: Interval::ALL.map(|interval| CandleSeries::new(interval, limits.candles)),
            ticker: RollingTicker::new(DAY_MICROS),
            depth: Depth::new(),
            tape: Tape::new(limits.trades),
        }
    }

    /// Applies the next event of the book, which happened at `time`, and appends what changed to
    /// `changes`: first the candles that `time` closes, then the trade, the levels, the best prices
    /// and the candles that the event touches.
    ///
    /// An earlier `time` than the newest seen counts as the newest seen.
    ///
    /// # Errors
    ///
    /// A [`DepthError`] where the events are not those of a book from its beginning: one was lost,
    /// repeated or reordered. Nothing was changed then, not even the time, and nothing appended.
    /// Since the fold cannot be continued, start over from the first event.
    pub fn apply(
        &mut self,
        time: Timestamp,
        event: &Event,
        changes: &mut Vec<MarketEvent>,
    ) -> Result<(), DepthError> {
        let best = |depth: &Depth| (depth.best(Side::Buy), depth.best(Side::Sell));
        let best_before = best(&self.depth);
        let level_changes = self.depth.apply(event)?;
        self.advance(time, changes);

        let trade = match event {
            Event::Traded(trade) => Some(PublicTrade::new(self.now, trade)),
            _ => None,
        };
        changes.extend(trade.map(MarketEvent::Traded));
        changes.extend(level_changes.map(MarketEvent::LevelChanged));
        let (bid, ask) = best(&self.depth);
        if (bid, ask) != best_before {
            changes.push(MarketEvent::BestChanged {
                update_id: self.depth.update_id(),
                bid,
                ask,
            });
        }
        if let Some(trade) = trade {
            self.count(&trade, changes);
        }
        Ok(())
    }

    /// Lets time pass until `time` and appends the candles that this closes to `changes`. An
    /// earlier time than the newest seen changes nothing.
    pub fn advance(&mut self, time: Timestamp, changes: &mut Vec<MarketEvent>) {
        self.now = self.now.max(time);
        for series in &mut self.candles {
            let interval = series.interval();
            let closed = series.advance(self.now);
            changes.extend(closed.map(|candle| MarketEvent::CandleClosed { interval, candle }));
        }
        self.ticker.advance(self.now);
    }

    /// Counts a trade at the present time.
    fn count(&mut self, trade: &PublicTrade, changes: &mut Vec<MarketEvent>) {
        self.tape.push(trade);
        self.ticker.apply(trade);
        for series in &mut self.candles {
            let interval = series.interval();
            // Time has advanced already, so that this closes nothing.
            series.apply(trade);
            let updated = series.latest().copied();
            changes.extend(updated.map(|candle| MarketEvent::CandleUpdated { interval, candle }));
        }
    }

    /// The newest time seen.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The candles of an interval.
    pub const fn candles(&self, interval: Interval) -> &CandleSeries {
        &self.candles[interval as usize]
    }

    /// The statistics of the last 24 hours.
    pub const fn ticker(&self) -> &RollingTicker {
        &self.ticker
    }

    /// What is displayed at each price.
    pub const fn depth(&self) -> &Depth {
        &self.depth
    }

    /// The most recent trades.
    pub const fn tape(&self) -> &Tape {
        &self.tape
    }
}
