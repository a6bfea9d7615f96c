//! All market data of one instrument behind one verb.

mod stored;

pub use stored::StoredMarket;

use alloc::vec::Vec;

use orderbook_core::{Event, Side, Timestamp, Trade, TradeId};

use crate::{
    CandleError, CandleSeries, Candles, Depth, DepthError, Interval, MarketEvent, PublicTrade,
    Quote, RollingTicker, SnapshotError, Tape, TickerStats, TradeAggregator, TradeError, Window,
};

/// What a [`MarketData`] keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Of which intervals there are candles.
    pub intervals: Vec<Interval>,
    /// How far tickers look back.
    pub windows: Vec<Window>,
    /// Candles per interval, besides the newest one.
    pub candles: usize,
    /// Trades on the tape.
    pub trades: usize,
    /// Trades in the longest window; see [`RollingTicker`] for what happens beyond.
    pub window_trades: usize,
}

impl Default for Settings {
    /// The [standard intervals](Interval::STANDARD), the last 24 hours, a thousand candles and
    /// trades, and at most five million trades (360 MB) in 24 hours.
    fn default() -> Self {
        Self {
            intervals: Interval::STANDARD.to_vec(),
            windows: Vec::from([Window::ONE_DAY]),
            candles: 1_000,
            trades: 1_000,
            window_trades: 5_000_000,
        }
    }
}

/// The market data of one instrument: candles, tickers, the depth and the tape.
///
/// See the [crate documentation](crate) for an example. An event costs O(log levels), and one that
/// trades O(windows) more, amortised. Memory is that of the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketData {
    candles: Candles,
    ticker: RollingTicker,
    depth: Depth,
    /// The best levels of the depth.
    quote: Quote,
    tape: Tape,
    aggregator: TradeAggregator,
    newest_trade: Option<TradeId>,
}

/// The statistics of a window and the best prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ticker {
    /// How far it looks back.
    pub window: Window,
    /// The newest time seen, at which the window ends.
    pub now: Timestamp,
    /// What traded in it.
    pub stats: TickerStats,
    /// The best bid and ask.
    pub quote: Quote,
}

/// Why a [`MarketData`] cannot be folded, or not from there. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MarketError {
    /// An event cannot be the next one of the book.
    #[error(transparent)]
    Depth(#[from] DepthError),
    /// A trade is none, was there before, or is out of order.
    #[error(transparent)]
    Trade(#[from] TradeError),
    /// A stored depth cannot be gone on from.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Stored candles cannot be gone on from.
    #[error(transparent)]
    Candle(#[from] CandleError),
}

impl MarketData {
    /// The market data of an empty book.
    pub fn new(settings: &Settings) -> Self {
        Self {
            candles: Candles::new(&settings.intervals, settings.candles),
            ticker: RollingTicker::new(&settings.windows, settings.window_trades),
            depth: Depth::new(),
            quote: Quote::default(),
            tape: Tape::new(settings.trades),
            aggregator: TradeAggregator::new(),
            newest_trade: None,
        }
    }

    /// Applies the next event of the book, which happened at `time`, and appends what changed to
    /// `changes`: first the candles that `time` closes, then the aggregate that this event is not
    /// part of, the trade, the levels and the best prices.
    ///
    /// An earlier `time` than the newest seen counts as the newest seen.
    ///
    /// # Errors
    ///
    /// A [`MarketError`] where the events are not those of a book from its beginning: one was lost,
    /// repeated or reordered. Nothing was changed then, not even the time, and nothing appended.
    /// Since the fold cannot be continued, start over from the first event.
    pub fn apply(
        &mut self,
        time: Timestamp,
        event: &Event,
        changes: &mut Vec<MarketEvent>,
    ) -> Result<(), MarketError> {
        if let Event::Traded(Trade { id, .. }) = *event
            && self.newest_trade >= Some(id)
        {
            return Err(TradeError::Repeated { id }.into());
        }
        let level_changes = self.depth.apply(event)?;
        self.advance(time, changes);
        if !self.goes_on(event) {
            self.finish_aggregate(changes);
        }
        if let Event::Traded(trade) = event {
            self.count(trade, changes);
        }
        let mut side = None;
        for change in level_changes {
            changes.push(MarketEvent::LevelChanged(change));
            side = Some(change.side);
        }
        if let Some(side) = side {
            self.note_best(side, changes);
        }
        Ok(())
    }

    /// Lets time pass until `time` and appends the candles that this closes to `changes`. An
    /// earlier time than the newest seen changes nothing.
    pub fn advance(&mut self, time: Timestamp, changes: &mut Vec<MarketEvent>) {
        if time <= self.now() {
            return;
        }
        self.finish_aggregate(changes);
        self.candles.advance(time, changes);
        self.ticker.advance(time);
    }

    /// Says that a command is over, all of whose events have been applied: appends the aggregate that it
    /// left pending to `changes`, which otherwise has to wait for the next event or for time to pass.
    pub fn end_command(&mut self, changes: &mut Vec<MarketEvent>) {
        self.finish_aggregate(changes);
    }

    /// Takes a trade back that the venue declared void after it had been reported, and appends what
    /// is said of it and of its candles to `changes`. What the book did stays done.
    ///
    /// Returns the trade, or `None` where neither the windows nor the tape have one of that id any
    /// more; nothing is changed then.
    pub fn bust(&mut self, id: TradeId, changes: &mut Vec<MarketEvent>) -> Option<PublicTrade> {
        let on_tape = self.tape.bust(id);
        let busted = self.ticker.bust(id).or(on_tape)?;
        self.ticker.forget(&busted);
        if let Some(newest) = self.tape.recent(1).next() {
            self.ticker.remember(newest);
        }
        changes.push(MarketEvent::TradeBusted(busted));
        let ticker = &self.ticker;
        let known = |from, to| ticker.trades_between(from, to);
        self.candles.bust(&busted, known, changes);
        Some(busted)
    }

    /// Counts a trade at the present time.
    fn count(&mut self, trade: &Trade, changes: &mut Vec<MarketEvent>) {
        let (trade, taker) = (PublicTrade::new(self.now(), trade), trade.taker_order_id);
        self.newest_trade = Some(trade.id);
        changes.extend(
            self.aggregator
                .apply(&trade, Some(taker))
                .map(MarketEvent::Aggregated),
        );
        changes.push(MarketEvent::Traded(trade));
        self.tape.push(&trade);
        let counted = self.ticker.apply(&trade);
        let counted = counted.and_then(|()| self.candles.apply(&trade, changes));
        debug_assert_eq!(counted, Ok(()), "a new trade that the depth took");
    }

    /// Whether the order whose trades are being put together may trade on after an event: not once
    /// it has come to rest or closed. Makers close in between.
    fn goes_on(&self, event: &Event) -> bool {
        match *event {
            Event::Traded(_) | Event::Decremented { .. } | Event::Replenished { .. } => true,
            Event::Closed { order_id, .. } => self.aggregator.taker() != Some(order_id),
            _ => false,
        }
    }

    fn finish_aggregate(&mut self, changes: &mut Vec<MarketEvent>) {
        changes.extend(self.aggregator.finish().map(MarketEvent::Aggregated));
    }

    /// Says so if the best level of a side, the one that an event changed, is another one.
    fn note_best(&mut self, side: Side, changes: &mut Vec<MarketEvent>) {
        let best = match side {
            Side::Buy => &mut self.quote.bid,
            Side::Sell => &mut self.quote.ask,
        };
        let now = self.depth.best(side);
        if *best != now {
            *best = now;
            changes.push(MarketEvent::BestChanged {
                update_id: self.depth.update_id(),
                quote: self.quote,
            });
        }
    }

    /// The newest time seen.
    pub const fn now(&self) -> Timestamp {
        self.candles.now()
    }

    /// The candles of an interval; `None` where it is none of the settings.
    pub fn candles(&self, interval: Interval) -> Option<CandleSeries<'_>> {
        self.candles.get(interval)
    }

    /// The candles of every interval, shortest first.
    pub fn all_candles(&self) -> impl Iterator<Item = CandleSeries<'_>> {
        self.candles.all()
    }

    /// The statistics of a window and the best prices; `None` where it is none of the settings.
    pub fn ticker(&self, window: Window) -> Option<Ticker> {
        Some(Ticker {
            window,
            now: self.now(),
            stats: self.ticker.stats(window)?,
            quote: self.quote,
        })
    }

    /// The best bid and ask. O(1).
    pub const fn quote(&self) -> Quote {
        self.quote
    }

    /// The last trade of all.
    pub const fn last_trade(&self) -> Option<&PublicTrade> {
        self.ticker.last()
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
