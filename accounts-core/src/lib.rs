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
//! let mut events = Vec::new();
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
//! let one_percent = FeeRate::new(10_000)?;
//! let settlement = Settlement {
//!     base: btc,
//!     quote: usd,
//!     buyer: ann,
//!     seller: bob,
//!     base_amount: Amount::new(40),
//!     quote_amount: Amount::new(800),
//!     buyer_fee: one_percent.of(Amount::new(40)), // 0.4 satoshi, rounded down to nothing
//!     seller_fee: one_percent.of(Amount::new(800)), // 8 cents
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
//! * **Events carry absolute balances.** Each command emits exactly one
//!   [`Event::BalanceChanged`] per balance that it changed; keeping the last one of each account
//!   and asset reproduces the ledger.
//! * **Fees** are taken out of the asset received and [rounded down](FeeRate::of).
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

extern crate alloc;

mod balance;
mod command;
mod event;
mod ledger;
mod reject;
mod snapshot;
mod units;

pub use balance::Balance;
pub use command::{Command, Settlement};
pub use event::Event;
pub use ledger::Ledger;
pub use orderbook_core::{AccountId, Violation};
pub use reject::LedgerReject;
pub use snapshot::{AccountSnapshot, LedgerSnapshot, RestoreError, SNAPSHOT_VERSION};
pub use units::{Amount, AssetId, FeeRate, FeeSchedule};
