//! What market data reports: facts, ready to be published.

use crate::{AggregateTrade, CandleEvent, LevelChange, PublicTrade, Quote};

/// One fact about a market.
///
/// How candles and tickers stand is nothing to report: they change with every trade and with time,
/// and who wants them asks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MarketEvent {
    /// Two orders met.
    Traded(PublicTrade),
    /// What an order took at one price is complete.
    Aggregated(AggregateTrade),
    /// A trade was declared void after it had been reported. It is in the candles and tickers no
    /// more; the aggregate it was in stays as it was said.
    TradeBusted(PublicTrade),
    /// A level of the depth got a new total.
    LevelChanged(LevelChange),
    /// The price or the quantity of the best bid or of the best ask is another one.
    BestChanged {
        /// The change of the depth that did it.
        update_id: u64,
        /// The best prices now.
        quote: Quote,
    },
    /// A candle closed or was corrected.
    Candle(CandleEvent),
}

impl From<CandleEvent> for MarketEvent {
    fn from(event: CandleEvent) -> Self {
        Self::Candle(event)
    }
}
