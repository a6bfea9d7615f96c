//! What is reported of candles.

use orderbook_core::Timestamp;

use crate::{Candle, Interval};

/// One fact about the candles of an instrument. The candle that is still open is nothing to report:
/// ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CandleEvent {
    /// The interval of a candle is over; said once of each candle.
    Closed {
        /// How long the candle is.
        interval: Interval,
        /// The candle as it stays, unless it is corrected.
        candle: Candle,
    },
    /// A candle became another one: a trade came after its interval had ended, or one of its trades
    /// was busted.
    Corrected {
        /// How long the candle is.
        interval: Interval,
        /// The candle as it is now.
        candle: Candle,
    },
    /// Every trade of a candle was busted: its interval is a quiet one now.
    Emptied {
        /// How long the candle was.
        interval: Interval,
        /// When it began.
        open_time: Timestamp,
    },
    /// A candle should be another one, but it is no longer here, or what it would take to work it
    /// out is not. Whoever has the trades can.
    Outdated {
        /// How long the candle is.
        interval: Interval,
        /// When it begins.
        open_time: Timestamp,
    },
}
