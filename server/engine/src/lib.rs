//! A whole exchange as one deterministic state machine.
//!
//! [`Exchange`] composes the ledger of `accounts-core` with one `orderbook-core` book per
//! instrument. It has one verb, [`Exchange::apply`]: an [`Input`] goes in, [`Event`]s come out.
//! Validating, holding funds, matching, settling and releasing are one step: an order is
//! either refused, and then nothing at all has changed, or carried out whole.
//!
//! The same inputs give the same events and the same [`StateHash`], on every machine: time is a
//! field of the input, order ids are handed out in sequence, and nothing here reads a clock, a
//! file or a random number. A log of inputs is therefore the whole truth about an exchange, and
//! [`replay`] is `apply` once more.
//!
//! ```
//! use accounts_core::{Amount, AssetId, FeeSchedule};
//! use exchange_engine::*;
//! use orderbook_core::*;
//!
//! let (btc, usdt) = (AssetId::new(0), AssetId::new(1));
//! let (alice, bob) = (AccountId::new(1), AccountId::new(2));
//! let instrument = Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 5)?)?
//!     .with_price_limits(Price::new(1), Price::new(100_000_000))?
//!     .with_quantity_limits(Quantity::new(1), Quantity::new(900_000_000))?;
//! let id = InstrumentId::new(0);
//! let place = |account, side| exchange_engine::Command::Place {
//!     account,
//!     instrument: id,
//!     client_order_id: None,
//!     side,
//!     quantity: Quantity::new(100_000), // one bitcoin in lots of 0.00001
//!     kind: OrderKind::Limit {
//!         price: Price::new(5_000_000), // 50,000.00
//!         time_in_force: TimeInForce::GTC,
//!     },
//!     self_trade: None,
//! };
//!
//! let mut exchange = Exchange::new();
//! let mut events = Vec::new();
//! for command in [
//!     exchange_engine::Command::AddAsset { asset: btc, code: "BTC".into(), decimals: 8 },
//!     exchange_engine::Command::AddAsset { asset: usdt, code: "USDT".into(), decimals: 8 },
//!     exchange_engine::Command::ListInstrument(Listing {
//!         id,
//!         instrument,
//!         base: btc,
//!         quote: usdt,
//!         fees: FeeSchedule::default(),
//!     }),
//!     exchange_engine::Command::OpenAccount { account: alice },
//!     exchange_engine::Command::OpenAccount { account: bob },
//!     exchange_engine::Command::Deposit { account: alice, asset: btc, amount: Amount::new(100_000_000) },
//!     exchange_engine::Command::Deposit { account: bob, asset: usdt, amount: Amount::new(5_000_000_000_000) },
//!     place(alice, Side::Sell),
//!     place(bob, Side::Buy),
//! ] {
//!     exchange.apply(&Input { time: Timestamp::from_millis(1), command }, &mut events)?;
//! }
//!
//! // Bob's dollars are Alice's now, and the other way round.
//! assert_eq!(exchange.ledger().balance(bob, btc).unwrap().available, Amount::new(100_000_000));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is not here
//!
//! The log, the API, users and passwords belong to the server; candles and tickers are folds over
//! the events (`marketdata-core`).

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod command;
mod event;
mod exchange;
mod market;
mod open_orders;
mod reject;
mod replay;
mod settlement;
mod snapshot;

pub use command::{
    ClientOrderId, Command, Input, InstrumentId, InvalidClientOrderId, Listing, OrderRef,
};
pub use event::Event;
pub use exchange::{Asset, Exchange, FEE_ACCOUNT};
pub use market::Market;
pub use open_orders::OpenOrder;
pub use reject::Reject;
pub use replay::replay;
pub use snapshot::{ExchangeSnapshot, RestoreError, SNAPSHOT_VERSION, StateHash};
