//! Average prices: by volume and by time.

use orderbook_core::{Notional, Price, Timestamp};

use crate::notional_sum::NotionalSum;
use crate::{PublicTrade, Ratio, Volume};

/// The volume-weighted average price of all trades since an anchor: a session's open, or any other
/// moment at which somebody begins a new one.
///
/// [`price`](Self::price) is `sum(price * quantity) / sum(quantity)`. Sums are exact for any prices
/// and quantities, so that what is taken off again leaves no trace. Everything is O(1), memory is
/// constant.
///
/// ```
/// use marketdata_core::{PublicTrade, Ratio, Vwap};
/// use orderbook_core::{Price, Quantity, Side, Timestamp, TradeId};
///
/// let mut vwap = Vwap::new();
/// for (id, price, quantity) in [(1, 100, 1), (2, 103, 2)] {
///     vwap.apply(&PublicTrade {
///         id: TradeId::new(id),
///         time: Timestamp::new(id),
///         price: Price::new(price),
///         quantity: Quantity::new(quantity),
///         taker_side: Side::Buy,
///     });
/// }
/// assert_eq!(vwap.price(), Ratio::new(102, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vwap {
    quote_volume: NotionalSum,
    volume: Volume,
    trade_count: u64,
}

impl Vwap {
    /// Nothing has traded since the anchor, which is now.
    pub const fn new() -> Self {
        Self {
            quote_volume: NotionalSum::ZERO,
            volume: Volume::ZERO,
            trade_count: 0,
        }
    }

    /// Counts a trade.
    pub fn apply(&mut self, trade: &PublicTrade) {
        self.quote_volume.add(trade.notional());
        self.volume = self.volume.saturating_add(trade.quantity.into());
        self.trade_count += 1;
    }

    /// Takes off a trade that was counted before, one that was busted. Says whether it could: where
    /// fewer trades or less volume was counted, nothing changes.
    pub fn bust(&mut self, trade: &PublicTrade) -> bool {
        let volume = self.volume.get();
        let volume = volume.checked_sub(u128::from(trade.quantity.get()));
        let Some((volume, trade_count)) = volume.zip(self.trade_count.checked_sub(1)) else {
            return false;
        };
        self.quote_volume.subtract(trade.notional());
        self.volume = Volume::new(volume);
        self.trade_count = trade_count;
        true
    }

    /// The average price in ticks. `None` where nothing traded, and where the sum of price times
    /// quantity does not fit 128 bits, which takes trades near the ends of both.
    pub fn price(&self) -> Option<Ratio> {
        Ratio::new(self.quote_volume.exact()?.get(), self.volume.get())
    }

    /// What changed hands since the anchor, in lots.
    pub const fn volume(&self) -> Volume {
        self.volume
    }

    /// What was paid for it, in tick-lots. A sum that does not fit is given as the nearest that
    /// does.
    pub fn quote_volume(&self) -> Notional {
        self.quote_volume.total()
    }

    /// The number of trades since the anchor.
    pub const fn trade_count(&self) -> u64 {
        self.trade_count
    }
}

impl Default for Vwap {
    fn default() -> Self {
        Self::new()
    }
}

/// The time-weighted average price: each price counts for as long as it was the last one.
///
/// [`price`](Self::price) is `sum(price * duration) / sum(duration)` over all time since the first
/// price. Sums are exact for any prices and times. Everything is O(1), memory is constant.
///
/// ```
/// use marketdata_core::{Ratio, Twap};
/// use orderbook_core::{Price, Timestamp};
///
/// let mut twap = Twap::new();
/// twap.apply(Timestamp::new(0), Price::new(100));
/// twap.apply(Timestamp::new(30), Price::new(110));
/// twap.advance(Timestamp::new(40));
/// assert_eq!(twap.price(), Ratio::new(100 * 30 + 110 * 10, 40));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Twap {
    /// The newest time seen and the last price; `None` before the first.
    standing: Option<(Timestamp, Price)>,
    /// The sum of prices times microseconds. A price of 64 bits times a time of 64 bits fits.
    sum: i128,
    micros: u64,
}

impl Twap {
    /// An average of nothing.
    pub const fn new() -> Self {
        Self {
            standing: None,
            sum: 0,
            micros: 0,
        }
    }

    /// Takes note of the price from `time` on, mostly that of a trade. An earlier time than the
    /// newest seen counts as the newest seen.
    pub fn apply(&mut self, time: Timestamp, price: Price) {
        self.advance(time);
        let now = self.standing.map_or(time, |(now, _)| now);
        self.standing = Some((now, price));
    }

    /// Lets time pass until `time`. An earlier time than the newest seen changes nothing.
    pub fn advance(&mut self, time: Timestamp) {
        let Some((now, price)) = &mut self.standing else {
            return;
        };
        let passed = time.get().saturating_sub(now.get());
        *now = time.max(*now);
        self.sum += i128::from(price.get()) * i128::from(passed);
        self.micros += passed;
    }

    /// The average price in ticks; `None` where no time has passed since the first price.
    pub fn price(&self) -> Option<Ratio> {
        Ratio::new(self.sum, u128::from(self.micros))
    }

    /// The time that is averaged over, in microseconds.
    pub const fn micros(&self) -> u64 {
        self.micros
    }
}
