//! Recorded markets, driven through the whole exchange.
//!
//! [`Recording::open`] detects what a file or folder is and reads it; [`run`] lists the recorded
//! pair on an [`Exchange`](exchange_engine::Exchange), sends every recorded message to it, folds
//! the events into [`MarketData`](marketdata_core::MarketData) and sums up what came of it.
//!
//! | recording | what goes in | what is compared |
//! |---|---|---|
//! | [`bitstamp`] | every order and every cancellation | the trades with those of the venue |
//! | [`lobster`] | orders, reductions, deletions, executions | the book after every message |
//! | [`trades`] | a maker and a taker per trade | price and quantity of every trade |
//!
//! Who only wants candles of a CSV of trades takes them with
//! [`Trades::open`](trades::Trades::open), needs no exchange, and shows them with [`candles`] and
//! [`chart`].
//!
//! Everything is deterministic: the same recording gives the same
//! [`StateHash`](exchange_engine::StateHash) everywhere. How long it took is the caller's business.
//!
//! # Units
//!
//! Numbers are parsed as decimal text and become ticks and lots at once; no price passes through
//! a float. The grid is the one of the recording, and the assets have exactly as many decimals as
//! it needs.

#![forbid(unsafe_code)]

pub mod bitstamp;
pub mod candles;
pub mod chart;
mod error;
pub mod lobster;
mod recording;
mod replay;
mod summary;
mod text;
pub mod trades;

pub use error::Error;
pub use recording::Recording;
pub use replay::{BUYER, Comparison, INSTRUMENT, LimitOrder, Pair, Replay, SELLER, run};
pub use summary::{Summary, decimal, utc};

/// The examples of the README, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
