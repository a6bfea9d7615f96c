//! A deterministic ledger: who owns how much of what, and how much of it is promised away.
//!
//! One [`Ledger`] holds the balances of all accounts in all assets. It has one verb,
//! [`Ledger::apply`]: a [`Command`] goes in, [`Event`]s come out. The same commands give the same
//! events and the same ledger, always and everywhere: there is no clock, no I/O, no thread, no
//! float and no randomness in this crate.
//!
//! ```
//! use accounts_core::*;
//!
//! let (btc, usd) = (AssetId::new(0), AssetId::new(1));
//! let (house, ann, bob) = (AccountId::new(0), AccountId::new(1), AccountId::new(2));
//! let mut ledger = Ledger::new();
//! let mut events: Vec<Event> = Vec::new();
//!
//! // Ann has 1,000 cents, Bob 50 satoshi; both promise what they want to trade with.
//! for command in [
//!     Command::AddAsset { asset: btc },
//!     Command::AddAsset { asset: usd },
//!     Command::OpenAccount { account: house },
//!     Command::OpenAccount { account: ann },
//!     Command::OpenAccount { account: bob },
//!     Command::Deposit { account: ann, asset: usd, amount: Amount::new(1_000) },
//!     Command::Deposit { account: bob, asset: btc, amount: Amount::new(50) },
//!     Command::Hold { account: ann, asset: usd, amount: Amount::new(800) },
//!     Command::Hold { account: bob, asset: btc, amount: Amount::new(50) },
//! ] {
//!     ledger.apply(&command, &mut events)?;
//! }
//!
//! // Ann buys 40 satoshi for 800 cents. Each side pays 1 % of what it receives.
//! assert_eq!(FeeRate::new(10_000)?.of(Amount::new(800)), Amount::new(8));
//! let settlement = Settlement {
//!     base: btc,
//!     quote: usd,
//!     buyer: ann,
//!     seller: bob,
//!     base_amount: Amount::new(40),
//!     quote_amount: Amount::new(800),
//!     buyer_frees: Amount::new(800),
//!     seller_frees: Amount::new(40),
//!     buyer_fee: Fee { asset: btc, amount: Delta::new(0) }, // 0.4 satoshi, rounded down
//!     seller_fee: Fee { asset: usd, amount: Delta::new(8) },
//!     fee_account: house,
//! };
//! ledger.apply(&Command::Settle(settlement), &mut events)?;
//!
//! let available = |account, asset| ledger.balance(account, asset).unwrap().available;
//! assert_eq!(available(ann, btc), Amount::new(40));
//! assert_eq!(available(ann, usd), Amount::new(200));
//! assert_eq!(available(bob, usd), Amount::new(792));
//! assert_eq!(available(house, usd), Amount::new(8));
//! assert_eq!(ledger.total(usd), Some(Amount::new(1_000)));
//! # Ok::<(), LedgerReject>(())
//! ```
//!
//! # Rules
//!
//! * **Units.** Every amount is a count of the smallest units of its asset: satoshi, cents, wei.
//!   How many of them make one coin is not known here.
//! * **Available and held.** What is available can be withdrawn or held; what is held can be
//!   released or settled, and nothing else.
//! * **Nothing appears or vanishes.** Per asset, available plus held over all accounts equals
//!   deposits minus withdrawals. Fees are no exception: the account that collects them is an
//!   account like any other.
//! * **Refused means untouched.** Where [`Ledger::apply`] returns a [`LedgerReject`], no event was
//!   emitted and nothing changed.
//! * **Double entry.** Each command emits exactly one [`Posting`] per balance that it changed, with
//!   the change and with the whole balance after it. Per asset the changes of a command add up to
//!   zero, counting the external account for deposits and withdrawals; keeping the last balance of
//!   each account and asset reproduces the ledger.
//! * **Fees** may be taken out of what is received, on top of what is paid, or in a third asset; a
//!   rebate is a negative fee. They are shares that are [rounded down](FeeRate::of); [`FeeSchedule`]
//!   has the rates, with tiers by [`TradedVolume`].
//! * **The most** that there may be of an asset is [`Amount::MAX`]. Nothing wraps or saturates: what
//!   does not fit is refused.
//!
//! # Beside the ledger
//!
//! * [`Position`] is what an account has of an instrument, what that has cost, by average or first in
//!   first out, and what was earned with it; it may be short. [`Positions`] keeps those of all
//!   accounts, from trades, deposits and withdrawals.
//! * [`Marks`] value balances in one asset, by the best path of up to two instruments, and list what
//!   has no price.
//!
//! Neither is part of the state that commands change: both are told what has happened, and can be
//! made anew from it.
//!
//! # What is not here
//!
//! Which order holds how much, and what a trade costs, is known to `exchange-engine`, which joins
//! this ledger and the books of `orderbook-core` in one state machine. Decimal amounts are the
//! business of the server's API.
//!
//! # Features
//!
//! * `serde`: commands, events and snapshots can be serialised.

#![no_std]
#![forbid(unsafe_code)]
// Holding and releasing are meant to be part of whoever does them for every order.
#![allow(clippy::inline_always)]

extern crate alloc;

mod balance;
mod command;
mod event;
mod fees;
mod id_map;
mod ledger;
mod limits;
mod mark;
mod portfolio;
mod position;
mod positions;
mod reject;
mod settlement;
mod snapshot;
mod units;
mod wide;

pub use balance::Balance;
pub use command::{Command, Settlement};
pub use event::{Entry, Event, Party, Posting};
pub use fees::{Fee, FeeRate, FeeSchedule, FeeTier, TradedVolume};
pub use id_map::{Id, IdMap};
pub use ledger::Ledger;
pub use limits::{AccountLimits, LimitReject, OrderLimits, OrderRate, PriceCollar};
pub use mark::Mark;
pub use orderbook_core::{AccountId, Violation};
pub use portfolio::{
    Direction, Hop, MarkSource, Marks, Pair, Path, Portfolio, PortfolioItem, Unpriced, Valuation,
};
pub use position::{
    CostMethod, Fees, Position, PositionChange, PositionFee, PositionReject, StoredPosition,
};
pub use positions::{
    ImpossiblePositions, PositionEvent, PositionTrade, Positions, StoredListing, StoredPositions,
};
pub use reject::LedgerReject;
pub use snapshot::{AccountSnapshot, LedgerSnapshot, RestoreError, SNAPSHOT_VERSION};
pub use units::{Amount, AssetId, Delta, InstrumentId};
