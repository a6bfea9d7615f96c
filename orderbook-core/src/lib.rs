//! A deterministic price-time order book.
//!
//! One [`OrderBook`] holds the resting orders of one [`Instrument`] and matches incoming ones
//! against them. It has one verb, [`OrderBook::apply`]: a [`Command`] goes in, [`Event`]s come
//! out. The same commands give the same events and the same book, always and everywhere: there
//! is no clock, no I/O, no thread, no float and no randomness in this crate.
//!
//! ```
//! use orderbook_core::*;
//!
//! let instrument = Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 5)?)?;
//! let mut book = OrderBook::new(instrument);
//! let mut events = Vec::new();
//!
//! // Somebody offers 5 lots at 100 ticks; somebody else buys 2 of them.
//! let (seller, buyer) = (AccountId::new(1), AccountId::new(2));
//! let price = Price::new(100);
//! let offer = Order::limit(OrderId::new(1), seller, Side::Sell, Quantity::new(5), price);
//! let bid = Order::limit(OrderId::new(2), buyer, Side::Buy, Quantity::new(2), price);
//! book.apply(&Command::Place(offer), &mut events)?;
//! book.apply(&Command::Place(bid), &mut events)?;
//!
//! assert!(events.iter().any(|event| matches!(
//!     event,
//!     Event::Traded(trade) if trade.price == Price::new(100) && trade.quantity == Quantity::new(2)
//! )));
//! assert_eq!(book.best(Side::Sell).unwrap().quantity, Quantity::new(3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Rules
//!
//! * **Price-time priority.** The better price trades first; at one price the older order does.
//!   A trade takes the maker's price.
//! * **Refused means untouched.** Where [`OrderBook::apply`] returns a [`BookReject`], no event was
//!   emitted and nothing changed.
//! * **Never crossed.** After every command the best bid is below the best ask.
//! * **What keeps priority.** Reducing an order keeps its place in the queue; replacing it does
//!   not, whatever the new terms.
//! * **Self-trades are not prevented** here yet: an account can trade with itself.
//!
//! # What is not here
//!
//! Money is the business of `accounts-core`, candles and tickers of `marketdata-core`; several
//! books and their balances as one state machine are `exchange-engine`.
//!
//! # Features
//!
//! * `rust_decimal` (default): exact conversions between decimals and ticks or lots.
//! * `serde`: commands, events and snapshots can be serialised.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod book;
mod command;
mod event;
mod instrument;
mod levels;
mod matching;
mod reject;
mod snapshot;
mod units;

pub use book::OrderBook;
pub use command::{Command, Order, OrderKind, TimeInForce};
pub use event::{CloseReason, Event, Trade};
pub use instrument::{Instrument, InstrumentError, MAX_SCALE, Step};
pub use levels::{Level, RestingOrder};
pub use reject::{BookReject, Violation};
pub use snapshot::{BookSnapshot, RestoreError, SNAPSHOT_VERSION};
pub use units::{AccountId, Notional, OrderId, Price, Quantity, Side, Timestamp, TradeId};
