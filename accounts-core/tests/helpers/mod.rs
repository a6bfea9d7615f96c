//! What the scenarios share: a small ledger, short commands, and what every command must keep.

// Each test program uses its part of it.
#![allow(dead_code)]

use std::collections::BTreeMap;

use accounts_core::{
    AccountId, Amount, AssetId, Balance, Command, Delta, Event, Fee, Ledger, LedgerReject, Posting,
    Settlement,
};

pub(crate) const BTC: AssetId = AssetId::new(1);
pub(crate) const USD: AssetId = AssetId::new(2);
/// Neither bought nor paid with: fees may be in it.
pub(crate) const FEES: AssetId = AssetId::new(3);
pub(crate) const NOWHERE: AssetId = AssetId::new(99);

pub(crate) const HOUSE: AccountId = AccountId::new(0);
pub(crate) const ANN: AccountId = AccountId::new(1);
pub(crate) const BOB: AccountId = AccountId::new(2);
pub(crate) const NOBODY: AccountId = AccountId::new(99);
/// Was open once.
pub(crate) const GONE: AccountId = AccountId::new(3);

pub(crate) const ALL: u128 = Amount::MAX.get();

pub(crate) fn deposit(account: AccountId, asset: AssetId, amount: u128) -> Command {
    let amount = Amount::new(amount);
    Command::Deposit {
        account,
        asset,
        amount,
    }
}

pub(crate) fn withdraw(account: AccountId, asset: AssetId, amount: u128) -> Command {
    let amount = Amount::new(amount);
    Command::Withdraw {
        account,
        asset,
        amount,
    }
}

pub(crate) fn hold(account: AccountId, asset: AssetId, amount: u128) -> Command {
    let amount = Amount::new(amount);
    Command::Hold {
        account,
        asset,
        amount,
    }
}

pub(crate) fn release(account: AccountId, asset: AssetId, amount: u128) -> Command {
    let amount = Amount::new(amount);
    Command::Release {
        account,
        asset,
        amount,
    }
}

pub(crate) const fn open(account: AccountId) -> Command {
    Command::OpenAccount { account }
}

pub(crate) const fn close(account: AccountId) -> Command {
    Command::CloseAccount { account }
}

pub(crate) const fn fee(asset: AssetId, amount: i128) -> Fee {
    Fee {
        asset,
        amount: Delta::new(amount),
    }
}

/// Ann buys `base` BTC of Bob for `quote` USD: both free what they pay, and there are no fees.
pub(crate) const fn trade(base: u128, quote: u128) -> Settlement {
    Settlement {
        base: BTC,
        quote: USD,
        buyer: ANN,
        seller: BOB,
        base_amount: Amount::new(base),
        quote_amount: Amount::new(quote),
        buyer_frees: Amount::new(quote),
        seller_frees: Amount::new(base),
        buyer_fee: fee(BTC, 0),
        seller_fee: fee(USD, 0),
        fee_account: HOUSE,
    }
}

pub(crate) const fn balance(available: u128, held: u128) -> Balance {
    Balance {
        available: Amount::new(available),
        held: Amount::new(held),
    }
}

/// What was added to available and held, and the balance after it.
pub(crate) fn posted(
    account: AccountId,
    asset: AssetId,
    (available, held): (i128, i128),
    after: (u128, u128),
) -> Event {
    Event::Posted(Posting {
        account,
        asset,
        available: Delta::new(available),
        held: Delta::new(held),
        balance: balance(after.0, after.1),
    })
}

/// Applies one command, which must be taken, and returns its events.
#[track_caller]
pub(crate) fn apply(ledger: &mut Ledger, command: Command) -> Vec<Event> {
    let mut events = Vec::new();
    ledger
        .apply(&command, &mut events)
        .unwrap_or_else(|reject| panic!("{command:?}: {reject}"));
    ledger.check().expect("the ledger is sound");
    assert_double_entry(&events);
    events
}

/// Per asset, what a command adds to somebody it takes from somebody else.
#[track_caller]
pub(crate) fn assert_double_entry(events: &[Event]) {
    let mut sums: BTreeMap<AssetId, i128> = BTreeMap::new();
    for entry in events.iter().filter_map(Event::entry) {
        let sum = sums.entry(entry.asset).or_default();
        *sum = sum.checked_add(entry.change.get()).expect("it fits");
    }
    assert!(sums.values().all(|sum| *sum == 0), "{sums:?}: {events:?}");
}

/// Three assets, three accounts that own nothing, one that is closed, then `commands`.
pub(crate) fn ledger(commands: &[Command]) -> Ledger {
    let mut ledger = Ledger::new();
    let assets = [BTC, USD, FEES].map(|asset| Command::AddAsset { asset });
    let accounts = [open(HOUSE), open(ANN), open(BOB), open(GONE), close(GONE)];
    for command in assets.iter().chain(&accounts).chain(commands) {
        apply(&mut ledger, *command);
    }
    ledger
}

/// Ann holds 1,000 USD, Bob holds 50 BTC.
pub(crate) fn ready_to_trade() -> Ledger {
    ledger(&[
        deposit(ANN, USD, 1_000),
        hold(ANN, USD, 1_000),
        deposit(BOB, BTC, 50),
        hold(BOB, BTC, 50),
    ])
}

#[track_caller]
pub(crate) fn refused(ledger: &Ledger, command: Command, reject: LedgerReject) {
    let mut after = ledger.clone();
    // An event of somebody else: it has to survive.
    let before = vec![posted(NOBODY, NOWHERE, (1, 0), (1, 2))];
    let mut events = before.clone();
    assert_eq!(
        after.apply(&command, &mut events),
        Err(reject),
        "{command:?}"
    );
    assert_eq!(ledger.validate(&command), Err(reject), "{command:?}");
    assert_eq!(after.snapshot(), ledger.snapshot());
    assert_eq!(after, *ledger);
    assert_eq!(events, before);
}

#[track_caller]
pub(crate) fn owns(
    ledger: &Ledger,
    account: AccountId,
    asset: AssetId,
    available: u128,
    held: u128,
) {
    assert_eq!(
        ledger.balance(account, asset),
        Some(balance(available, held))
    );
    assert_eq!(ledger.available(account, asset), Amount::new(available));
}
