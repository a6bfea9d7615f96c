//! What people ask of market data besides candles, tickers and depth: each with its formula, in whole
//! numbers and fractions.

mod imbalance;
mod logarithm;
mod order_activity;
mod spread;
mod volatility;
mod volume_profile;
mod vwap;

pub use imbalance::{OrderFlowImbalance, TradeImbalance};
pub use logarithm::log_return;
pub use order_activity::{OrderActivity, OrderCounts};
pub use spread::{AverageSpread, Quote};
pub use volatility::RealisedVolatility;
pub use volume_profile::{PriceBucket, ValueArea, VolumeProfile};
pub use vwap::{Twap, Vwap};
