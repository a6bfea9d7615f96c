//! Market data: candles, tickers, depth and trades, for REST and for the streams.

mod history;
mod model;
mod publisher;
pub(crate) mod routes;
pub(crate) mod service;

pub(crate) use model::MarketModel;
pub(crate) use publisher::{Audience, Publisher};
