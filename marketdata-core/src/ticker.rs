//! Statistics of a window that ends now and moves with every trade, not in steps.

use alloc::collections::VecDeque;

use orderbook_core::{Notional, Price, Quantity, Timestamp, TradeId};

use crate::{PublicTrade, Volume};

/// The window of the daily ticker: 24 hours in microseconds.
pub const DAY_MICROS: u64 = 86_400_000_000;

/// Statistics of the trades of the last so many microseconds, exact to the trade.
///
/// A trade at time *t* is in the window while `now - t < window`: it leaves at the very moment at
/// which it is as old as the window is long. A window of zero never holds a trade.
///
/// Memory is one entry (40 bytes) per trade in the window, and in the worst case two smaller ones
/// (16 bytes each) to find the extremes. Each trade enters and leaves once, so that applying and
/// advancing is amortised O(1) per trade; [`stats`](Self::stats) is O(1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollingTicker {
    window_micros: u64,
    now: Timestamp,
    /// The trades in the window, oldest first.
    trades: VecDeque<PublicTrade>,
    /// What can still become the highest price, with its time: each is above all that follow.
    highs: VecDeque<(Timestamp, Price)>,
    /// What can still become the lowest price: each is below all that follow.
    lows: VecDeque<(Timestamp, Price)>,
    /// In lots. Exact: fewer than 2^64 trades of 64 bits each fit.
    volume: u128,
    quote_volume: NotionalSum,
    newest: Option<PublicTrade>,
    previous_close: Option<Price>,
}

/// What a [`RollingTicker`] says about its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TickerStats {
    /// The price of the first trade in the window, in ticks; `None` where there is none.
    pub open: Option<Price>,
    /// The highest price in the window, in ticks.
    pub high: Option<Price>,
    /// The lowest price in the window, in ticks.
    pub low: Option<Price>,
    /// The price of the last trade ever, in ticks, even where it has left the window.
    pub last: Option<Price>,
    /// The quantity of the last trade ever, in lots, even where it has left the window.
    pub last_quantity: Option<Quantity>,
    /// The price of the newest trade that has left the window, in ticks.
    pub previous_close: Option<Price>,
    /// What changed hands in the window, in lots.
    pub volume: Volume,
    /// What was paid for it, in tick-lots. A sum that does not fit is given as the nearest that
    /// does; the ticker itself loses nothing by it.
    pub quote_volume: Notional,
    /// The number of trades in the window.
    pub trade_count: u64,
    /// The id of the first trade in the window.
    pub first_trade_id: Option<TradeId>,
    /// The id of the last trade in the window.
    pub last_trade_id: Option<TradeId>,
}

impl RollingTicker {
    /// A ticker without trades; [`DAY_MICROS`] is the usual window.
    pub const fn new(window_micros: u64) -> Self {
        Self {
            window_micros,
            now: Timestamp::new(0),
            trades: VecDeque::new(),
            highs: VecDeque::new(),
            lows: VecDeque::new(),
            volume: 0,
            quote_volume: NotionalSum { high: 0, low: 0 },
            newest: None,
            previous_close: None,
        }
    }

    /// Counts a trade. One with a time before the newest seen is counted as at the newest seen.
    pub fn apply(&mut self, trade: &PublicTrade) {
        self.now = self.now.max(trade.time);
        let trade = PublicTrade {
            time: self.now,
            ..*trade
        };
        while self.highs.back().is_some_and(|high| high.1 <= trade.price) {
            self.highs.pop_back();
        }
        self.highs.push_back((trade.time, trade.price));
        while self.lows.back().is_some_and(|low| low.1 >= trade.price) {
            self.lows.pop_back();
        }
        self.lows.push_back((trade.time, trade.price));
        self.volume += u128::from(trade.quantity.get());
        self.quote_volume.add(trade.notional());
        self.newest = Some(trade);
        self.trades.push_back(trade);
        self.expire();
    }

    /// Lets time pass until `now`, in microseconds since the Unix epoch. An earlier time than the
    /// newest seen changes nothing.
    pub fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.expire();
    }

    /// The statistics of the window that ends at the newest time seen. O(1).
    pub fn stats(&self) -> TickerStats {
        let (first, last) = (self.trades.front(), self.trades.back());
        TickerStats {
            open: first.map(|trade| trade.price),
            high: self.highs.front().map(|high| high.1),
            low: self.lows.front().map(|low| low.1),
            last: self.newest.map(|trade| trade.price),
            last_quantity: self.newest.map(|trade| trade.quantity),
            previous_close: self.previous_close,
            volume: Volume::new(self.volume),
            quote_volume: self.quote_volume.total(),
            trade_count: self.trades.len() as u64,
            first_trade_id: first.map(|trade| trade.id),
            last_trade_id: last.map(|trade| trade.id),
        }
    }

    /// The length of the window, in microseconds.
    pub const fn window_micros(&self) -> u64 {
        self.window_micros
    }

    /// The newest time seen, at which the window ends.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    fn expire(&mut self) {
        let (now, window) = (self.now.get(), self.window_micros);
        // No time in here is after `now`.
        let has_left = |time: Timestamp| now - time.get() >= window;
        while let Some(trade) = self.trades.front().filter(|trade| has_left(trade.time)) {
            self.volume -= u128::from(trade.quantity.get());
            self.quote_volume.subtract(trade.notional());
            self.previous_close = Some(trade.price);
            self.trades.pop_front();
        }
        for extremes in [&mut self.highs, &mut self.lows] {
            while extremes.front().is_some_and(|(time, _)| has_left(*time)) {
                extremes.pop_front();
            }
        }
    }
}

/// A sum of notionals that is exact even where it does not fit one: two notionals at the ends of
/// price and quantity exceed 128 bits, and what saturates cannot be subtracted from again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NotionalSum {
    /// The sum of what the notionals have in units of 2^64.
    high: i128,
    /// The sum of what remains of each; never negative.
    low: i128,
}

impl NotionalSum {
    const UNIT: i128 = 1 << 64;

    fn add(&mut self, notional: Notional) {
        self.high += notional.get().div_euclid(Self::UNIT);
        self.low += notional.get().rem_euclid(Self::UNIT);
    }

    /// Takes off a notional that was added before.
    fn subtract(&mut self, notional: Notional) {
        self.high -= notional.get().div_euclid(Self::UNIT);
        self.low -= notional.get().rem_euclid(Self::UNIT);
    }

    /// The sum, or what is nearest to it.
    fn total(&self) -> Notional {
        let high = self.high + self.low.div_euclid(Self::UNIT);
        let low = self.low.rem_euclid(Self::UNIT);
        let nearest = if high < 0 { i128::MIN } else { i128::MAX };
        Notional::new(
            high.checked_mul(Self::UNIT)
                .and_then(|high| high.checked_add(low))
                .unwrap_or(nearest),
        )
    }
}
