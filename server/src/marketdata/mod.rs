//! Market data: candles, tickers, depth and trades, for REST and for the streams.

mod aggregates;
mod history;
mod intervals;
mod model;
mod publisher;
pub(crate) mod routes;
pub(crate) mod service;
mod windows;

pub(crate) use intervals::INTERVALS;
pub(crate) use model::{MarketModel, StoredMarkets};
pub(crate) use publisher::{Audience, Publisher};

use marketdata_core::{MarketData, Ticker, Window};

/// The ticker of the last 24 hours.
fn day(market: &MarketData) -> Ticker {
    let ticker = market.ticker(Window::ONE_DAY);
    ticker.expect("a day is among the windows that are kept by default")
}
