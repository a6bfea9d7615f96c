//! What market data reports: facts, ready to be published.

use orderbook_core::Level;

use crate::{Candle, Interval, LevelChange, PublicTrade};

/// One fact about a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MarketEvent {
    /// Two orders met.
    Traded(PublicTrade),
    /// A level of the depth got a new total.
    LevelChanged(LevelChange),
    /// The price or the quantity of the best bid or of the best ask is another one.
    BestChanged {
        /// The change of the depth that did it.
        update_id: u64,
        /// The best bid, or `None` where nobody bids.
        bid: Option<Level>,
        /// The best ask, or `None` where nobody offers.
        ask: Option<Level>,
    },
    /// A trade went into a candle that is open still.
    CandleUpdated {
        /// How long the candle is.
        interval: Interval,
        /// The candle as it is now.
        candle: Candle,
    },
    /// The interval of a candle is over; said once of each candle with trades.
    CandleClosed {
        /// How long the candle is.
        interval: Interval,
        /// The candle as it stays.
        candle: Candle,
    },
}
