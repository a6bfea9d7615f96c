//! Market data: candles, tickers, depth and trades, for REST and for the streams.

mod history;
mod model;
mod publisher;
pub(crate) mod routes;
pub(crate) mod service;

pub(crate) use model::{MarketModel, StoredMarkets};
pub(crate) use publisher::{Audience, Publisher};

use marketdata_core::{Interval, MarketData, Ticker, Window};

/// The interval of which there are candles under that name.
fn standard_interval(name: &str) -> Option<Interval> {
    let interval: Interval = name.parse().ok()?;
    // An hour may be written in minutes, but not here.
    let is_its_name = interval.to_string() == name;
    (is_its_name && Interval::STANDARD.contains(&interval)).then_some(interval)
}

/// The ticker of the last 24 hours.
fn day(market: &MarketData) -> Ticker {
    let ticker = market.ticker(Window::ONE_DAY);
    ticker.expect("a day is among the windows that are kept by default")
}
