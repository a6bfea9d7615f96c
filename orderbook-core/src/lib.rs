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
//! # The model on one page
//!
//! Prices are whole numbers of ticks, quantities whole numbers of lots; the [`Instrument`] says what
//! those are worth and which are allowed. Ids are the caller's: any 64-bit number that no live order
//! has, so the id of a closed order may be used again. Time is what the caller says it is.
//!
//! | command | what it does | after |
//! |---|---|---|
//! | [`Place`](Command::Place) | takes an order in: it trades as far as it can, then rests or expires | FIX `NewOrderSingle` |
//! | [`Cancel`](Command::Cancel) | takes an order off the book | FIX `OrderCancelRequest` |
//! | [`Reduce`](Command::Reduce) | makes an order smaller; keeps its place | ITCH "Order Cancel" |
//! | [`Amend`](Command::Amend) | another total quantity or price, same id; keeps its place only where it just gets smaller | FIX `OrderCancelReplaceRequest`; CME in-flight mitigation |
//! | [`Replace`](Command::Replace) | cancels an order and places another in one step | ITCH "Order Replace", Binance `cancelReplace` |
//! | [`CancelAll`](Command::CancelAll) | cancels by account, side and price range | FIX `OrderMassCancelRequest` |
//! | [`Expire`](Command::Expire) | lets time pass: GTD orders whose date has come expire | |
//!
//! | event | says |
//! |---|---|
//! | [`Accepted`](Event::Accepted) | the order is in; where it rests, if it met nobody |
//! | [`Traded`](Event::Traded), [`Decremented`](Event::Decremented) | two orders met; ... two orders of one owner met |
//! | [`Rested`](Event::Rested) | what is left of an order that met others is on the book |
//! | [`Replenished`](Event::Replenished) | an iceberg shows its next slice |
//! | [`Reduced`](Event::Reduced), [`Amended`](Event::Amended) | it became smaller in place; ... it moved |
//! | [`Closed`](Event::Closed) | the end of an order, exactly one for each that was accepted, with the reason |
//!
//! ## Priority
//!
//! The better price trades first; at one price the order that has been in its place for longer does
//! (price-time priority, "FIFO"). A trade takes the maker's price, so a taker may get a better price
//! than its limit. What keeps and what loses the place in the queue:
//!
//! | keeps | loses |
//! |---|---|
//! | trading a part; reducing; amending to less at the same price | amending the price or to more; replacing; the next slice of an iceberg |
//!
//! That is how CME Globex and Nasdaq do it. After every command the best bid is below the best ask.
//!
//! ## Instructions
//!
//! | order | rule |
//! |---|---|
//! | limit, [GTC](TimeInForce::GTC) | trades at its limit or better, rests with the remainder |
//! | [GTD](TimeInForce::gtd) | the same until a date |
//! | [IOC](TimeInForce::IOC) | the remainder expires; with a minimum, nothing trades unless so much does (FIX `MinQty`) |
//! | [FOK](TimeInForce::FOK) | all at once or nothing |
//! | [post-only](PostOnly) | never takes: where it would, it is refused (Binance `LIMIT_MAKER`) or slides to the best price that does not cross |
//! | [iceberg](TimeInForce::iceberg) | shows a slice at a time; takes with its whole quantity, and rests with what is left of the slice it is in the middle of (Xetra); a new slice goes to the back |
//! | market | trades at any price up to its [protection](OrderKind::Market), at most its quantity, and at most for its budget; the remainder expires and never rests |
//!
//! ## Self-trade prevention
//!
//! Two orders belong together where they have the same account, or the same group. The incoming
//! order's policy applies, or the instrument's where it states none; a post-only order never gets
//! that far. For `taker` 8 and `maker` 5 lots:
//!
//! | policy | taker | maker | events |
//! |---|---|---|---|
//! | [`Allow`](SelfTradePrevention::Allow) | goes on with 3 | filled | `Traded` 5 |
//! | [`ExpireMaker`](SelfTradePrevention::ExpireMaker) | goes on with 8 | closed | `Closed` maker |
//! | [`ExpireTaker`](SelfTradePrevention::ExpireTaker) | closed | stays with 5 | `Closed` taker |
//! | [`ExpireBoth`](SelfTradePrevention::ExpireBoth) | closed | closed | `Closed` maker, `Closed` taker |
//! | [`Decrement`](SelfTradePrevention::Decrement) | goes on with 3 | closed, nothing left | `Decremented` 5, `Closed` maker |
//!
//! The reason of those `Closed` is [`SelfTrade`](CloseReason::SelfTrade). The names are Binance's;
//! `Decrement` is Coinbase's "decrease and cancel". What FOK and IOC minimums can count on is what
//! would really trade, own orders left out.
//!
//! ## What is refused
//!
//! A refused command changes nothing and emits nothing. The variants of [`BookReject`] say why, in
//! their order of precedence. A book never panics, whatever it is told, and never grows by more
//! than the orders that it takes in; [`OrderBook`] says what a command costs.
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
#![allow(
    clippy::inline_always,
    reason = "placing and cancelling are one function each, so that little is passed through memory; \
              instruction counts say where"
)]

extern crate alloc;

mod audit;
mod bitmap;
mod book;
mod checks;
mod command;
mod event;
mod instrument;
mod ladder;
mod matching;
mod node;
mod orders;
mod preview;
mod queries;
mod reject;
mod resting;
mod self_trade;
mod snapshot;
mod units;

pub use book::OrderBook;
pub use command::{
    Command, Order, OrderKind, PostOnly, Resting, Selection, SelfTradePrevention, TimeInForce,
};
pub use event::{CloseReason, Event, Trade};
pub use instrument::{
    DEFAULT_MAX_SLICES, Instrument, InstrumentError, MAX_ORDERS, MAX_SCALE, Step,
};
pub use queries::{Imbalance, Level, RestingOrder};
pub use reject::{BookReject, Violation};
pub use snapshot::{BookSnapshot, RestoreError, SNAPSHOT_VERSION, StateHash};
pub use units::{AccountId, GroupId, Notional, OrderId, Price, Quantity, Side, Timestamp, TradeId};
