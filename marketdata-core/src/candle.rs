//! What traded in one interval, summed up.

use orderbook_core::{Notional, Price, Side, Timestamp, TradeId};

use crate::{PublicTrade, Volume};

/// What traded in one interval, summed up.
///
/// `low <= open, close <= high` always holds. A flat candle stands for a quiet interval: it has no
/// volume, no trade ids, and the close of the candle before it for all of its prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Candle {
    /// When the interval began, in microseconds since the Unix epoch; in the interval.
    pub open_time: Timestamp,
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
    /// The candle of a quiet interval: `price` is the close of the candle before it.
    pub const fn flat(open_time: Timestamp, price: Price) -> Self {
        Self {
            open_time,
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
        self.trade_count == 0
    }

    /// The candle of an interval whose first trade this is.
    pub(crate) fn of(open_time: Timestamp, trade: &PublicTrade) -> Self {
        let mut candle = Self::flat(open_time, trade.price);
        candle.add(trade);
        candle
    }

    /// Counts one more trade, the newest of the interval.
    pub(crate) fn add(&mut self, trade: &PublicTrade) {
        let (volume, quote_volume) = (Volume::from(trade.quantity), trade.notional());
        self.high = self.high.max(trade.price);
        self.low = self.low.min(trade.price);
        self.close = trade.price;
        self.volume = self.volume.saturating_add(volume);
        self.quote_volume = sum(self.quote_volume, quote_volume);
        if trade.taker_side == Side::Buy {
            self.taker_buy_volume = self.taker_buy_volume.saturating_add(volume);
            self.taker_buy_quote_volume = sum(self.taker_buy_quote_volume, quote_volume);
        }
        self.trade_count += 1;
        self.first_trade_id.get_or_insert(trade.id);
        self.last_trade_id = Some(trade.id);
    }
}

const fn sum(a: Notional, b: Notional) -> Notional {
    Notional::new(a.get().saturating_add(b.get()))
}
