//! What the best prices say: spread, mid and micro-price, and the spread averaged over time.

use orderbook_core::{Level, Side, Timestamp};

use crate::{Depth, PublicTrade, Ratio};

/// The best bid and the best ask of one moment, of which either may be missing.
///
/// Everything here is exact and O(1). A locked quote (bid = ask) has a spread of zero, a crossed
/// one, which no book shows but a merged view may, a negative one.
///
/// ```
/// use marketdata_core::{Quote, Ratio};
/// use orderbook_core::{Level, Price, Quantity};
///
/// let level = |price, quantity| Level {
///     price: Price::new(price),
///     quantity: Quantity::new(quantity),
/// };
/// let quote = Quote { bid: Some(level(100, 30)), ask: Some(level(103, 10)) };
/// assert_eq!(quote.spread(), Some(3));
/// assert_eq!(quote.mid(), Ratio::new(203, 2));
/// // Three times as much is bid than asked: the price leans towards the ask.
/// assert_eq!(quote.micro_price(), Ratio::new(409, 4));
/// // 3 / 101.5, in hundredths of a percent.
/// assert_eq!(quote.relative_spread().unwrap().rounded(4), Some(296));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Quote {
    /// The highest bid and what is displayed there.
    pub bid: Option<Level>,
    /// The lowest ask and what is displayed there.
    pub ask: Option<Level>,
}

impl Quote {
    /// The best prices of a depth.
    pub fn of(depth: &Depth) -> Self {
        Self {
            bid: depth.best(Side::Buy),
            ask: depth.best(Side::Sell),
        }
    }

    /// The quoted spread, `ask - bid`, in ticks; `None` where a side is missing.
    pub fn spread(&self) -> Option<i128> {
        let (bid, ask) = self.ticks()?;
        Some(ask - bid)
    }

    /// The mid price, `(bid + ask) / 2`, in ticks; `None` where a side is missing.
    pub fn mid(&self) -> Option<Ratio> {
        let (bid, ask) = self.ticks()?;
        Ratio::new(bid + ask, 2)
    }

    /// The spread as a share of the mid price, `(ask - bid) / mid`. `None` where a side is missing,
    /// and where the mid is not above zero: there is no share of such a price.
    pub fn relative_spread(&self) -> Option<Ratio> {
        let (bid, ask) = self.ticks()?;
        let twice_mid = u128::try_from(bid + ask).ok()?;
        Ratio::new(2 * (ask - bid), twice_mid)
    }

    /// The mid price weighted by what is displayed on the other side, in ticks:
    /// `(bid * ask quantity + ask * bid quantity) / (bid quantity + ask quantity)`.
    ///
    /// It leans towards the side with less on it, which is the one likely to give way. This is the
    /// weighted mid that is commonly called micro-price, not the expectation over future mids that
    /// Stoikov gave the name to ("The micro-price", Quantitative Finance 18(12), 2018).
    ///
    /// `None` where a side or both quantities are missing, and where the products do not fit 128
    /// bits together, which takes prices and quantities at the ends of their ranges.
    pub fn micro_price(&self) -> Option<Ratio> {
        let (bid, ask) = (self.bid?, self.ask?);
        let weighted = bid.price.notional(ask.quantity);
        let weighted = weighted.checked_add(ask.price.notional(bid.quantity))?;
        let displayed = u128::from(bid.quantity.get()) + u128::from(ask.quantity.get());
        Ratio::new(weighted.get(), displayed)
    }

    /// What a trade cost its taker against this quote, the one before the trade, in ticks: twice
    /// the distance from the mid, `2 * (price - mid)` for a buyer and `2 * (mid - price)` for a
    /// seller. It is below zero for a price better than the mid, and `None` where a side is missing.
    ///
    /// This is the effective spread of Regulation NMS, Rule 600(b) ("average effective spread").
    pub fn effective_spread(&self, trade: &PublicTrade) -> Option<i128> {
        let (bid, ask) = self.ticks()?;
        let above_mid = 2 * i128::from(trade.price.get()) - (bid + ask);
        Some(match trade.taker_side {
            Side::Buy => above_mid,
            Side::Sell => -above_mid,
        })
    }

    fn ticks(&self) -> Option<(i128, i128)> {
        let ticks = |level: Level| i128::from(level.price.get());
        Some((ticks(self.bid?), ticks(self.ask?)))
    }
}

/// The quoted spread averaged over the time for which it stood.
///
/// `sum(spread * duration) / sum(duration)` over all time since the first quote during which both
/// sides were there. What was one-sided or empty is left out and counted on its own. Sums are exact
/// for any prices and times. Applying and advancing is O(1), memory is constant.
///
/// For an average per session or per minute, begin a new one with the quote that stands.
///
/// ```
/// use marketdata_core::{AverageSpread, Quote, Ratio};
/// use orderbook_core::{Level, Price, Quantity, Timestamp};
///
/// let level = |price| Some(Level { price: Price::new(price), quantity: Quantity::new(1) });
/// let mut average = AverageSpread::new();
/// average.apply(Timestamp::new(0), Quote { bid: level(100), ask: level(102) });
/// average.apply(Timestamp::new(30), Quote { bid: level(100), ask: level(106) });
/// average.apply(Timestamp::new(40), Quote { bid: level(100), ask: None });
/// average.advance(Timestamp::new(60));
/// // 2 ticks for 30 microseconds and 6 ticks for 10.
/// assert_eq!(average.spread(), Ratio::new(3, 1));
/// assert_eq!((average.quoted_micros(), average.missing_micros()), (40, 20));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AverageSpread {
    /// The newest time seen and the quote that stands since; `None` before the first.
    standing: Option<(Timestamp, Quote)>,
    /// The sum of best bids times microseconds. A price of 64 bits times a time of 64 bits fits.
    bids: i128,
    /// The sum of best asks times microseconds.
    asks: i128,
    quoted_micros: u64,
    missing_micros: u64,
}

impl AverageSpread {
    /// An average of nothing.
    pub const fn new() -> Self {
        Self {
            standing: None,
            bids: 0,
            asks: 0,
            quoted_micros: 0,
            missing_micros: 0,
        }
    }

    /// Takes note of the quote that stands from `time` on. An earlier time than the newest seen
    /// counts as the newest seen.
    pub fn apply(&mut self, time: Timestamp, quote: Quote) {
        self.advance(time);
        let now = self.standing.map_or(time, |(now, _)| now);
        self.standing = Some((now, quote));
    }

    /// Lets time pass until `time`, for which the quote stands as it is. An earlier time than the
    /// newest seen changes nothing.
    pub fn advance(&mut self, time: Timestamp) {
        let Some((now, quote)) = &mut self.standing else {
            return;
        };
        let passed = time.get().saturating_sub(now.get());
        *now = time.max(*now);
        match quote.ticks() {
            Some((bid, ask)) => {
                self.bids += bid * i128::from(passed);
                self.asks += ask * i128::from(passed);
                self.quoted_micros += passed;
            }
            None => self.missing_micros += passed,
        }
    }

    /// The average spread in ticks. `None` where both sides have not stood for any time yet, and
    /// where the sum does not fit 128 bits, which takes a spread of 2^63 ticks for 580,000 years.
    pub fn spread(&self) -> Option<Ratio> {
        Ratio::new(
            self.asks.checked_sub(self.bids)?,
            u128::from(self.quoted_micros),
        )
    }

    /// The average mid price in ticks, over the same time; `None` as for the spread.
    pub fn mid(&self) -> Option<Ratio> {
        Ratio::new(
            self.asks.checked_add(self.bids)?,
            2 * u128::from(self.quoted_micros),
        )
    }

    /// For how long both sides were there, in microseconds.
    pub const fn quoted_micros(&self) -> u64 {
        self.quoted_micros
    }

    /// For how long a side was missing since the first quote, in microseconds.
    pub const fn missing_micros(&self) -> u64 {
        self.missing_micros
    }
}
