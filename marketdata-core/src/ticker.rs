//! Statistics of windows that end now and move with every trade, not in steps.
//!
//! All windows look at one list of trades, in the order of time. Each trade is added to sums over
//! everything once; a window keeps the sums of what has left it, and where in the list it begins.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use orderbook_core::{Notional, Price, Quantity, Timestamp, TradeId};

use crate::notional_sum::NotionalSum;
use crate::{PublicTrade, Ratio, TradeError, Volume, Window};

/// Statistics of the trades of the last so many microseconds, exact to the trade, for several
/// windows at once.
///
/// A trade at time *t* is in a window while `now - t < window`: it leaves at the very moment at
/// which it is as old as the window is long. Trades count in the order of their times, those of one
/// time in that of their ids; when they become known does not matter, as long as they have not left
/// by then.
///
/// # Complexity
///
/// Memory is 40 bytes per trade in the longest window, and at most 32 more to find the extremes, for
/// all windows together; `max_trades` bounds it. Beyond that, the oldest trades are left out before
/// their time, and the statistics [say so](TickerStats::is_truncated).
///
/// Each trade enters once and leaves each window once, so that applying and advancing is amortised
/// O(windows) per trade; [`stats`](Self::stats) is O(log trades). A late trade costs O(trades since),
/// a busted one O(trades).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollingTicker {
    max_trades: usize,
    now: Timestamp,
    /// The trades in the longest window, by time and id.
    trades: VecDeque<PublicTrade>,
    /// The position of the first of them, counted from the first trade of all.
    first: u64,
    /// What can still become the highest price, with its position: each is above all that follow.
    highs: VecDeque<(u64, Price)>,
    /// What can still become the lowest price: each is below all that follow.
    lows: VecDeque<(u64, Price)>,
    /// Of all trades that were ever in the list.
    total: Sums,
    /// The newest trade of all by time and id.
    last: Option<PublicTrade>,
    /// The time of the newest trade that is no longer in the list.
    dropped: Option<Timestamp>,
    /// The time of the newest trade that is not although the longest window held it.
    truncated: Option<Timestamp>,
    /// Before that, no trade leaves a window.
    next_leaves: Timestamp,
    /// Longest first.
    windows: Vec<Rolling>,
}

/// One window over the list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rolling {
    window: Window,
    /// The position of its first trade, or of the next one there will be.
    start: u64,
    /// Of all trades before that.
    left: Sums,
    /// The newest trade that has left it.
    previous: Option<PublicTrade>,
}

/// The end of time. What leaves then is only looked for then, which is no harm.
const NEVER: Timestamp = Timestamp::new(u64::MAX);

/// What orders trades.
type Key = (Timestamp, TradeId);

const fn key(trade: &PublicTrade) -> Key {
    (trade.time, trade.id)
}

/// Sums over trades. They only ever differ by sums over fewer trades, and none of them overflows:
/// that takes 2^64 trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sums {
    /// In lots.
    volume: u128,
    quote_volume: NotionalSum,
}

impl Sums {
    const ZERO: Self = Self {
        volume: 0,
        quote_volume: NotionalSum::ZERO,
    };

    fn add(&mut self, trade: &PublicTrade) {
        self.volume += u128::from(trade.quantity.get());
        self.quote_volume.add(trade.notional());
    }

    fn subtract(&mut self, trade: &PublicTrade) {
        self.volume -= u128::from(trade.quantity.get());
        self.quote_volume.subtract(trade.notional());
    }
}

/// What a [`RollingTicker`] says about one of its windows.
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
    /// Whether trades of the window had to be left out for the bound on memory: all but `last` is
    /// then about its newest trades only.
    pub is_truncated: bool,
}

impl TickerStats {
    /// The average price in the window, weighted by quantity, in ticks; `None` where nothing traded.
    pub fn weighted_average(&self) -> Option<Ratio> {
        Ratio::new(self.quote_volume.get(), self.volume.get())
    }

    /// By how much the last price differs from the first one in the window, in ticks; `None` where
    /// nothing traded in it.
    pub fn change(&self) -> Option<i128> {
        Some(i128::from(self.last?.get()) - i128::from(self.open?.get()))
    }

    /// The change as a part of the first price in the window: times 100, it is a percentage. `None`
    /// where nothing traded, and for a first price of zero.
    pub fn change_ratio(&self) -> Option<Ratio> {
        let open = self.open?.get();
        let change = self.change()? * i128::from(open.signum());
        Ratio::new(change, u128::from(open.unsigned_abs()))
    }
}

impl RollingTicker {
    /// A ticker without trades that looks back as far as each of `windows`, and keeps at most
    /// `max_trades`.
    pub fn new(windows: &[Window], max_trades: usize) -> Self {
        let mut windows = windows.to_vec();
        windows.sort_unstable_by(|a, b| b.cmp(a));
        windows.dedup();
        let windows = windows.into_iter().map(|window| Rolling {
            window,
            start: 0,
            left: Sums::ZERO,
            previous: None,
        });
        Self {
            max_trades,
            now: Timestamp::new(0),
            trades: VecDeque::new(),
            first: 0,
            highs: VecDeque::new(),
            lows: VecDeque::new(),
            total: Sums::ZERO,
            last: None,
            dropped: None,
            truncated: None,
            next_leaves: NEVER,
            windows: windows.collect(),
        }
    }

    /// Counts a trade.
    ///
    /// # Errors
    ///
    /// * [`TradeError::NoQuantity`] where nothing changed hands;
    /// * [`TradeError::Repeated`] where it is known already: a trade of that time and id is in the
    ///   longest window.
    ///
    /// Nothing is changed then.
    pub fn apply(&mut self, trade: &PublicTrade) -> Result<(), TradeError> {
        if trade.quantity.is_zero() {
            return Err(TradeError::NoQuantity);
        }
        let newest = self.trades.back().map(key);
        let index = if newest < Some(key(trade)) {
            self.trades.len()
        } else {
            match self.trades.binary_search_by_key(&key(trade), key) {
                Ok(_) => return Err(TradeError::Repeated { id: trade.id }),
                Err(index) => index,
            }
        };
        self.now = self.now.max(trade.time);
        self.remember(trade);
        self.total.add(trade);
        if index == self.trades.len() {
            self.trades.push_back(*trade);
            let position = self.first + index as u64;
            self.note_extremes(position, trade.price);
        } else {
            self.trades.insert(index, *trade);
            let position = self.first + index as u64;
            for window in &mut self.windows {
                if position < window.start {
                    window.start += 1;
                    window.leave(trade);
                }
            }
            self.find_extremes(index);
        }
        if let Some(shortest) = self.windows.last() {
            self.next_leaves = self.next_leaves.min(shortest.end_of(trade.time));
        }
        self.expire();
        Ok(())
    }

    /// Lets time pass until `now`, in microseconds since the Unix epoch. An earlier time than the
    /// newest seen changes nothing.
    pub fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.expire();
    }

    /// Forgets a trade that was busted: the venue declared it void after it had been counted. Returns
    /// it; `None` where it is neither in the longest window nor the last of all, and nothing is
    /// changed.
    ///
    /// Where the last trade or the one before a window is busted, the newest one that is still known
    /// takes its place.
    pub fn bust(&mut self, id: TradeId) -> Option<PublicTrade> {
        let Some(index) = self.trades.iter().rposition(|trade| trade.id == id) else {
            let busted = self.last.filter(|last| last.id == id)?;
            self.forget(&busted);
            return Some(busted);
        };
        let busted = self.trades.remove(index)?;
        let position = self.first + index as u64;
        self.total.subtract(&busted);
        for window in &mut self.windows {
            if position < window.start {
                window.start -= 1;
                window.left.subtract(&busted);
            }
        }
        self.forget(&busted);
        // What it had hidden shows again.
        self.highs.clear();
        self.lows.clear();
        self.find_extremes(0);
        Some(busted)
    }

    /// Takes note of a trade that may be the last of all.
    pub(crate) fn remember(&mut self, trade: &PublicTrade) {
        if self.last.as_ref().map(key) < Some(key(trade)) {
            self.last = Some(*trade);
        }
    }

    /// Lets what is known of the last trade and of those that have left not be about one that is no
    /// longer in the list.
    pub(crate) fn forget(&mut self, busted: &PublicTrade) {
        for window in &mut self.windows {
            if window.previous.as_ref().map(key) == Some(key(busted)) {
                let before = window.start.checked_sub(self.first + 1);
                let before = before.and_then(|index| self.trades.get(usize::try_from(index).ok()?));
                window.previous = before.copied();
            }
        }
        if self.last == Some(*busted) {
            self.last = self.trades.back().copied();
        }
    }

    /// The statistics of a window that ends at the newest time seen; `None` where it is none of those
    /// that this was made for. O(log trades).
    pub fn stats(&self, window: Window) -> Option<TickerStats> {
        let window = self.windows.iter().find(|it| it.window == window)?;
        let (first, last) = (self.at(window.start), self.trades.back());
        let last = last.filter(|_| first.is_some());
        let extreme = |extremes: &VecDeque<(u64, Price)>| {
            let index = extremes.partition_point(|(position, _)| *position < window.start);
            extremes.get(index).map(|(_, price)| *price)
        };
        Some(TickerStats {
            open: first.map(|trade| trade.price),
            high: extreme(&self.highs),
            low: extreme(&self.lows),
            last: self.last.map(|trade| trade.price),
            last_quantity: self.last.map(|trade| trade.quantity),
            previous_close: window.previous.map(|trade| trade.price),
            volume: Volume::new(self.total.volume - window.left.volume),
            quote_volume: self.total.quote_volume.minus(&window.left.quote_volume),
            trade_count: self.first + self.trades.len() as u64 - window.start,
            first_trade_id: first.map(|trade| trade.id),
            last_trade_id: last.map(|trade| trade.id),
            is_truncated: self
                .truncated
                .is_some_and(|time| window.holds(time, self.now)),
        })
    }

    /// The windows, longest first.
    pub fn windows(&self) -> impl Iterator<Item = Window> + '_ {
        self.windows.iter().map(|window| window.window)
    }

    /// The trades in the longest window, by time and id, oldest first.
    pub fn trades(&self) -> impl DoubleEndedIterator<Item = &PublicTrade> + ExactSizeIterator + '_ {
        self.trades.iter()
    }

    /// The trades whose time is in `from..to`; `None` where not all of them are known any more. The
    /// end of time is in the span that ends with it.
    pub fn trades_between(&self, from: Timestamp, to: Timestamp) -> Option<Vec<PublicTrade>> {
        if self.dropped.is_some_and(|dropped| from <= dropped) {
            return None;
        }
        let position = |time| self.trades.partition_point(|trade| trade.time < time);
        let end = match to.get() {
            u64::MAX => self.trades.len(),
            _ => position(to.max(from)),
        };
        let range = position(from)..end;
        Some(self.trades.range(range).copied().collect())
    }

    /// Says that trades of up to a time are not in the list although they were there.
    pub(crate) fn has_missed(&mut self, up_to: Timestamp) {
        self.dropped = self.dropped.max(Some(up_to));
    }

    /// Says that a trade of that time, which is not in the future, was left out although the longest
    /// window held it.
    pub(crate) fn has_left_out(&mut self, time: Timestamp) {
        self.truncated = self.truncated.max(Some(time));
        self.has_missed(time);
    }

    /// The time of the newest trade that was left out although the longest window held it.
    pub(crate) const fn truncated(&self) -> Option<Timestamp> {
        self.truncated
    }

    /// The newest trade that is no longer in the list, unless it was busted.
    pub(crate) fn newest_gone(&self) -> Option<&PublicTrade> {
        let Some(longest) = self.windows.first() else {
            return self.last();
        };
        longest.previous.as_ref()
    }

    /// The last trade ever, by time and id.
    pub const fn last(&self) -> Option<&PublicTrade> {
        self.last.as_ref()
    }

    /// The newest time seen, at which the windows end.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    fn at(&self, position: u64) -> Option<&PublicTrade> {
        let index = usize::try_from(position.checked_sub(self.first)?).ok()?;
        self.trades.get(index)
    }

    /// Takes note of the price of the last trade in the list.
    fn note_extremes(&mut self, position: u64, price: Price) {
        while self.highs.back().is_some_and(|high| high.1 <= price) {
            self.highs.pop_back();
        }
        self.highs.push_back((position, price));
        while self.lows.back().is_some_and(|low| low.1 >= price) {
            self.lows.pop_back();
        }
        self.lows.push_back((position, price));
    }

    /// Takes note of the prices of all trades from an index on, and forgets what was noted of them.
    fn find_extremes(&mut self, index: usize) {
        let from = self.first + index as u64;
        for extremes in [&mut self.highs, &mut self.lows] {
            while extremes.back().is_some_and(|last| last.0 >= from) {
                extremes.pop_back();
            }
        }
        for (position, index) in (from..).zip(index..self.trades.len()) {
            let price = self.trades[index].price;
            self.note_extremes(position, price);
        }
    }

    /// Lets go of what has left the windows, and of what is too much.
    fn expire(&mut self) {
        let nothing_leaves = self.now < self.next_leaves && !self.windows.is_empty();
        if nothing_leaves && self.trades.len() <= self.max_trades {
            return;
        }
        self.next_leaves = NEVER;
        for window in &mut self.windows {
            loop {
                let index = usize::try_from(window.start - self.first).unwrap_or(usize::MAX);
                let trade = self.trades.get(index);
                let Some(trade) = trade else {
                    break;
                };
                if window.holds(trade.time, self.now) {
                    self.next_leaves = self.next_leaves.min(window.end_of(trade.time));
                    break;
                }
                window.start += 1;
                window.leave(trade);
            }
        }
        while self.trades.len() > self.max_trades
            || self
                .windows
                .first()
                .is_none_or(|longest| self.first < longest.start)
        {
            let Some(oldest) = self.trades.pop_front() else {
                break;
            };
            for window in &mut self.windows {
                if window.start == self.first {
                    window.start += 1;
                    window.leave(&oldest);
                    self.truncated = self.truncated.max(Some(oldest.time));
                }
            }
            self.first += 1;
            self.dropped = self.dropped.max(Some(oldest.time));
        }
        for extremes in [&mut self.highs, &mut self.lows] {
            while extremes.front().is_some_and(|first| first.0 < self.first) {
                extremes.pop_front();
            }
        }
    }
}

impl Rolling {
    /// Whether a trade of that time, which is not after `now`, is in the window.
    const fn holds(&self, time: Timestamp, now: Timestamp) -> bool {
        now.get() - time.get() < self.window.micros()
    }

    /// When a trade of that time leaves the window.
    const fn end_of(&self, time: Timestamp) -> Timestamp {
        Timestamp::new(time.get().saturating_add(self.window.micros()))
    }

    /// Takes note of a trade that is in the list but no longer in the window.
    fn leave(&mut self, trade: &PublicTrade) {
        self.left.add(trade);
        if self.previous.as_ref().map(key) < Some(key(trade)) {
            self.previous = Some(*trade);
        }
    }
}
