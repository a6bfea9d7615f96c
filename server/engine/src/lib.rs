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
//! # Rules
//!
//! * **Refused means untouched.** What is asked comes before anything moves, in this order: is
//!   everything known, is the name free, is trading halted, what does the book say, what do the
//!   limits say, is there the money. The state hash after a [`Reject`] is the one before it.
//! * **Holds are exact.** A limit buy holds its price times its quantity, a sell its quantity, a market
//!   buy what the book says it will cost. What a better price, a fill, a decrement, an amendment or a
//!   cancellation frees is released at once; who has no open orders holds nothing.
//! * **Fees** are shares of the schedule's rates, which depend on what an account has traded in thirty
//!   days; they are taken out of what is received, or paid in an asset of the account's choice
//!   ([`Event::FeeAssetChosen`] has the table). An order that pays them on top of what it trades holds
//!   the worst of them, and never pays more. A maker's rebate comes out of the taker's fee.
//! * **Limits** are the business of `accounts-core`'s `limits`; each has a reject of its own. What is
//!   refused counts towards none.
//! * **Halts** of the venue, an instrument or an account stop whatever would trade, and may cancel what
//!   is open. Cancelling always works.
//! * **Names.** A client order id belongs to its order while that is open, and as long as it is one of
//!   the account's newest 1,000 with a name. The same order again under its name is not placed again,
//!   it is [told about](Event::OrderRepeated); another one is refused. A cancellation may have a name as
//!   well, which is [told](Event::CancellationNamed) and not remembered.
//! * **Everything is a command**: accounts and instruments coming and going, fees, limits, halts. A log
//!   of inputs replays all of it.
//!
//! | who counts on it | how it is proved |
//! |---|---|
//! | customers | [`Exchange::proof`] adds up what is owed and what was given |
//! | operators | [`Exchange::check`] looks for every broken invariant, in O(state) |
//! | auditors | [`replay`] of the log gives the same [`StateHash`] |
//!
//! # Cost
//!
//! An order costs the same however many accounts, orders and instruments there are, where ids are
//! handed out in sequence: lookups are O(1), else O(log n). Names cost O(log names of the account).
//! Limits on open orders and positions cost O(open orders of the account) where they are set.
//! Cancelling all orders of an account costs O(1) for each of them, delisting an instrument O(orders +
//! accounts).
//!
//! # What is not here
//!
//! The storage of the log (its format is in [`frame`]), the API, users and passwords belong to the
//! server; candles and tickers are folds over the events (`marketdata-core`), and so are positions with
//! their profit and loss (`accounts-core`, by [`Event::of_positions`]).

#![no_std]
#![forbid(unsafe_code)]
// The paths that most commands take are meant to be one straight function.
#![allow(clippy::inline_always)]

extern crate alloc;

mod audit;
mod command;
mod commission;
mod event;
mod exchange;
pub mod frame;
mod limits;
mod market;
mod names;
mod orders;
mod portfolio;
mod prices;
mod proof;
mod reject;
mod replay;
mod settlement;
mod snapshot;
mod trader;

pub use accounts_core::InstrumentId;
pub use command::{ClientOrderId, Command, Input, InvalidClientOrderId, Listing, OrderRef, Scope};
pub use event::{Event, Outcome};
pub use exchange::{Asset, Exchange, FEE_ACCOUNT};
pub use market::Market;
pub use orders::OpenOrder;
pub use proof::{AssetProof, Proof};
pub use reject::Reject;
pub use replay::replay;
pub use snapshot::{ExchangeSnapshot, RestoreError, SNAPSHOT_VERSION, StateHash};
