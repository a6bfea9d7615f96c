//! What traded in one interval, summed up.

use orderbook_core::{Notional, Price, Side, Timestamp, TradeId};

use crate::{Interval, PublicTrade, Volume};

/// What traded in one interval, summed up.
///
/// Trades count in the order of their ids, which is the order of execution: `open` is the price of
/// the lowest id, `close` that of the highest. So a candle does not depend on the order in which
/// its trades became known, as long as no sum saturates.
///
/// `low <= open, close <= high` always holds. A flat candle stands for a quiet interval: it has no
/// volume, no trade ids, and the close of the candle before it for all of its prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Candle {
    /// When the interval began, in microseconds since the Unix epoch; in the interval.
    pub open_time: Timestamp,
    /// When the interval ends; the beginning of the next one and no more in this one.
    pub close_time: Timestamp,
    /// The price of the first trade, in ticks.
    pub open: Price,
    /// The highest price, in ticks.
    pub high: Price,
    /// The lowest price, in ticks.
    pub low: Price,
    /// The price of the last trade, in ticks.
    pub close: Price,
    /// What changed hands, in lots.
    pub volume: Volume,
    /// What was paid for it, in tick-lots. Saturates: that takes trades near the ends of both price
    /// and quantity.
    pub quote_volume: Notional,
    /// The part of `volume` where the taker bought, in lots.
    pub taker_buy_volume: Volume,
    /// The part of `quote_volume` where the taker bought, in tick-lots. Saturates likewise.
    pub taker_buy_quote_volume: Notional,
    /// The number of trades.
    pub trade_count: u64,
    /// The id of the first trade; `None` in a flat candle.
    pub first_trade_id: Option<TradeId>,
    /// The id of the last trade; `None` in a flat candle.
    pub last_trade_id: Option<TradeId>,
}

impl Candle {
    /// The candle of a quiet interval: the one that `time` is in, with `price` the close of the
    /// candle before it.
    pub const fn flat(interval: Interval, time: Timestamp, price: Price) -> Self {
        Self {
            open_time: interval.open_time(time),
            close_time: interval.close_time(time),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Volume::ZERO,
            quote_volume: Notional::ZERO,
            taker_buy_volume: Volume::ZERO,
            taker_buy_quote_volume: Notional::ZERO,
            trade_count: 0,
            first_trade_id: None,
            last_trade_id: None,
        }
    }

    /// Whether nothing traded in the interval.
    pub const fn is_flat(&self) -> bool {
        self.volume.is_zero()
    }

    /// Whether a time is in its interval.
    pub(crate) fn holds(&self, interval: Interval, time: Timestamp) -> bool {
        // The last interval of all has no representable end, which is its close time then.
        let is_before_end = || match self.close_time.get() {
            u64::MAX => interval.open_time(time) == self.open_time,
            _ => time < self.close_time,
        };
        self.open_time <= time && is_before_end()
    }

    /// Whether some trades could add up to it.
    pub(crate) fn is_possible(&self) -> bool {
        let (lower, higher) = (self.open.min(self.close), self.open.max(self.close));
        let ids = match (self.first_trade_id, self.last_trade_id) {
            (Some(first), Some(last)) => first <= last,
            (first, last) => first == last,
        };
        !self.is_flat()
            && self.low <= lower
            && higher <= self.high
            && self.taker_buy_volume <= self.volume
            && ids
    }

    /// The candle of an interval of which this trade is the first to be counted.
    pub(crate) fn of(interval: Interval, trade: &PublicTrade) -> Self {
        let mut candle = Self::flat(interval, trade.time, trade.price);
        candle.add(trade);
        candle
    }

    /// Counts another trade of the interval.
    pub(crate) fn add(&mut self, trade: &PublicTrade) {
        let (volume, quote_volume) = (Volume::from(trade.quantity), trade.notional());
        self.high = self.high.max(trade.price);
        self.low = self.low.min(trade.price);
        if self.last_trade_id.is_none_or(|last| last <= trade.id) {
            self.close = trade.price;
            self.last_trade_id = Some(trade.id);
        }
        if self.first_trade_id.is_none_or(|first| trade.id < first) {
            self.open = trade.price;
            self.first_trade_id = Some(trade.id);
        }
        self.volume = self.volume.saturating_add(volume);
        self.quote_volume = sum(self.quote_volume, quote_volume);
        if trade.taker_side == Side::Buy {
            self.taker_buy_volume = self.taker_buy_volume.saturating_add(volume);
            self.taker_buy_quote_volume = sum(self.taker_buy_quote_volume, quote_volume);
        }
        self.trade_count += 1;
    }

    /// Adds up with a candle of other trades in this one's interval: a part of it, or a shorter one
    /// within it. The interval stays this one's.
    ///
    /// Which of them was first is told by the ids of their trades; where a candle has none, as many
    /// venues publish them, by their open times.
    pub fn merge(&mut self, other: &Self) {
        if other.is_flat() {
            return;
        }
        if self.is_flat() {
            let (open_time, close_time) = (self.open_time, self.close_time);
            *self = Self {
                open_time,
                close_time,
                ..*other
            };
            return;
        }
        let is_later = self.open_time <= other.open_time;
        let ids = |a: Option<TradeId>, b| a.zip(b);
        if ids(self.first_trade_id, other.first_trade_id).map_or(!is_later, |(a, b)| b < a) {
            self.open = other.open;
            self.first_trade_id = other.first_trade_id;
        }
        if ids(self.last_trade_id, other.last_trade_id).map_or(is_later, |(a, b)| b > a) {
            self.close = other.close;
            self.last_trade_id = other.last_trade_id;
        }
        self.high = self.high.max(other.high);
        self.low = self.low.min(other.low);
        self.volume = self.volume.saturating_add(other.volume);
        self.quote_volume = sum(self.quote_volume, other.quote_volume);
        self.taker_buy_volume = self.taker_buy_volume.saturating_add(other.taker_buy_volume);
        self.taker_buy_quote_volume =
            sum(self.taker_buy_quote_volume, other.taker_buy_quote_volume);
        self.trade_count = self.trade_count.saturating_add(other.trade_count);
    }

    /// The same trades as a candle of a longer interval.
    pub(crate) fn widened(&self, interval: Interval) -> Self {
        Self {
            open_time: interval.open_time(self.open_time),
            close_time: interval.close_time(self.open_time),
            ..*self
        }
    }

    /// The sum of both, as [`merge`](Self::merge) has it.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.merge(other);
        self
    }

    /// The candle without a trade, where that can be told from the candle alone: the trade is the
    /// only one, or neither first, last, highest nor lowest, and no sum has saturated.
    pub(crate) fn without(&self, trade: &PublicTrade, interval: Interval) -> Option<Self> {
        let ids = (self.first_trade_id, self.last_trade_id);
        if self.trade_count == 1 && ids == (Some(trade.id), Some(trade.id)) {
            return Some(Self::flat(interval, self.open_time, self.open));
        }
        let is_within = self.low < trade.price && trade.price < self.high;
        let is_between =
            self.first_trade_id < Some(trade.id) && Some(trade.id) < self.last_trade_id;
        if !is_within || !is_between {
            return None;
        }
        let mut candle = *self;
        let (volume, quote_volume) = (Volume::from(trade.quantity), trade.notional());
        candle.volume = difference(self.volume, volume)?;
        candle.quote_volume = exact_difference(self.quote_volume, quote_volume)?;
        if trade.taker_side == Side::Buy {
            candle.taker_buy_volume = difference(self.taker_buy_volume, volume)?;
            candle.taker_buy_quote_volume =
                exact_difference(self.taker_buy_quote_volume, quote_volume)?;
        }
        candle.trade_count = self.trade_count.checked_sub(1)?;
        Some(candle)
    }
}

const fn sum(a: Notional, b: Notional) -> Notional {
    Notional::new(a.get().saturating_add(b.get()))
}

fn difference(a: Volume, b: Volume) -> Option<Volume> {
    a.get().checked_sub(b.get()).map(Volume::new)
}

/// `None` where `a` may have saturated.
fn exact_difference(a: Notional, b: Notional) -> Option<Notional> {
    if matches!(a.get(), i128::MIN | i128::MAX) {
        return None;
    }
    a.get().checked_sub(b.get()).map(Notional::new)
}
