//! Market data of one instrument, folded from the events of its order book.
//!
//! [`MarketData`] eats the [`Event`](orderbook_core::Event)s of one
//! [`OrderBook`](orderbook_core::OrderBook), each with the time of the command that caused it, and
//! keeps what the public may know: [candles](CandleSeries), a [rolling ticker](RollingTicker), the
//! [depth](Depth) and the [tape](Tape) of recent trades. What changed comes out as
//! [`MarketEvent`]s, ready to be published. The same events give the same market data, always and
//! everywhere: there is no clock, no I/O, no thread, no float and no randomness in this crate.
//!
//! ```
//! use marketdata_core::{Interval, Limits, MarketData, MarketEvent};
//! use orderbook_core::*;
//!
//! let instrument = Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 5)?)?;
//! let mut book = OrderBook::new(instrument);
//! let mut market = MarketData::new(Limits { candles: 1_000, trades: 1_000 });
//!
//! // Somebody offers 5 lots at 100 ticks; somebody else buys 2 of them.
//! let mut events = Vec::new();
//! for (id, side, quantity) in [(1, Side::Sell, 5), (2, Side::Buy, 2)] {
//!     let (id, account) = (OrderId::new(id), AccountId::new(id));
//!     let order = Order::limit(id, account, side, Quantity::new(quantity), Price::new(100));
//!     book.apply(&Command::Place(order), &mut events)?;
//! }
//!
//! let now = Timestamp::from_millis(1_700_000_000_000);
//! let mut changes = Vec::new();
//! for event in &events {
//!     market.apply(now, event, &mut changes)?;
//! }
//!
//! assert_eq!(market.depth().best(Side::Sell).unwrap().quantity, Quantity::new(3));
//! assert_eq!(market.ticker().stats().last, Some(Price::new(100)));
//! assert_eq!(market.candles(Interval::OneMinute).latest().unwrap().volume.get(), 2);
//! assert!(changes.iter().any(|change| matches!(
//!     change,
//!     MarketEvent::Traded(trade) if trade.quantity == Quantity::new(2)
//! )));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Units
//!
//! Prices are ticks, quantities and volumes lots, quote volumes tick-lots, times microseconds
//! since the Unix epoch, UTC. What a tick and a lot are worth is stated by the
//! [`Instrument`](orderbook_core::Instrument).
//!
//! # Time
//!
//! Time is an argument and never runs backwards: what comes with an earlier time than the newest
//! seen counts as happening at the newest seen. Trades at the same time keep their order.
//!
//! # What is not here
//!
//! Which client hears what, decimal strings and stream names are the business of the server;
//! storage of more candles than fit in memory as well.
//!
//! # Features
//!
//! * `serde`: plain data (trades, candles, statistics, snapshots, diffs, market events) can be
//!   serialised.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod candle;
mod depth;
mod diff;
mod event;
mod interval;
mod market_data;
mod series;
mod tape;
mod ticker;
mod trade;

pub use candle::Candle;
pub use depth::{Depth, DepthError, DepthSnapshot, LevelChange};
pub use diff::{DepthDiff, DepthDiffBuilder};
pub use event::MarketEvent;
pub use interval::{Interval, ParseIntervalError};
pub use market_data::{Limits, MarketData};
pub use series::{CandleSeries, GapPolicy};
pub use tape::Tape;
pub use ticker::{DAY_MICROS, RollingTicker, TickerStats};
pub use trade::{PublicTrade, Volume};
