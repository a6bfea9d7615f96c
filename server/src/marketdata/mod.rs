//! Market data: candles, tickers, depth and trades, for REST and for the streams.

mod model;
pub(crate) mod routes;
pub(crate) mod service;

pub(crate) use model::MarketModel;
