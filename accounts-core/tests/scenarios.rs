//! What a trader can check by eye: commands, and the balances and events that follow. Trades are in
//! `settlements.rs`.

mod helpers;

use std::time::{Duration, Instant};

use accounts_core::{
    AccountId, Amount, AssetId, Command, Entry, Event, Ledger, LedgerReject, Party,
};
use helpers::*;

#[test]
fn an_account_opens_with_nothing() {
    let ledger = ledger(&[]);
    owns(&ledger, ANN, BTC, 0, 0);
    assert_eq!(ledger.total(BTC), Some(Amount::ZERO));
    assert_eq!(ledger.balances(ANN).expect("Ann is known").count(), 0);
    assert!(ledger.has_account(ANN) && !ledger.is_closed(ANN));
    assert!(ledger.accounts().eq([HOUSE, ANN, BOB, GONE]));
    assert!(ledger.assets().eq([BTC, USD, FEES]));
}

#[test]
fn what_is_unknown_has_no_balance() {
    let ledger = ledger(&[]);
    assert_eq!(ledger.balance(NOBODY, BTC), None);
    assert_eq!(ledger.balance(ANN, NOWHERE), None);
    assert_eq!(ledger.available(NOBODY, BTC), Amount::ZERO);
    assert_eq!(ledger.available(ANN, NOWHERE), Amount::ZERO);
    assert_eq!(ledger.total(NOWHERE), None);
    assert!(ledger.balances(NOBODY).is_none());
    assert!(!ledger.has_account(NOBODY) && !ledger.is_closed(NOBODY));
}

#[test]
fn units_come_are_promised_and_leave() {
    let mut ledger = ledger(&[]);
    let amount = Amount::new;
    let steps = [
        (
            deposit(ANN, USD, 100),
            vec![
                Event::Deposited {
                    account: ANN,
                    asset: USD,
                    amount: amount(100),
                },
                posted(ANN, USD, (100, 0), (100, 0)),
            ],
        ),
        (
            hold(ANN, USD, 70),
            vec![posted(ANN, USD, (-70, 70), (30, 70))],
        ),
        (
            hold(ANN, USD, 30),
            vec![posted(ANN, USD, (-30, 30), (0, 100))],
        ),
        (
            release(ANN, USD, 50),
            vec![posted(ANN, USD, (50, -50), (50, 50))],
        ),
        (
            withdraw(ANN, USD, 50),
            vec![
                Event::Withdrawn {
                    account: ANN,
                    asset: USD,
                    amount: amount(50),
                },
                posted(ANN, USD, (-50, 0), (0, 50)),
            ],
        ),
        (
            release(ANN, USD, 50),
            vec![posted(ANN, USD, (50, -50), (50, 0))],
        ),
    ];
    for (command, expected) in steps {
        assert_eq!(apply(&mut ledger, command), expected, "{command:?}");
    }
    assert_eq!(ledger.total(USD), Some(amount(50)));
}

#[test]
fn what_comes_from_outside_is_owed_there() {
    let mut ledger = ledger(&[]);
    let entries = |events: &[Event]| {
        let entries = events.iter().filter_map(Event::entry);
        let told = entries.map(|Entry { party, change, .. }| (party, change.get()));
        told.collect::<Vec<_>>()
    };
    let (ann, outside) = (Party::Account(ANN), Party::External);
    let comes = apply(&mut ledger, deposit(ANN, USD, ALL));
    assert_eq!(entries(&comes), [(outside, -i128::MAX), (ann, i128::MAX)]);
    // Promising is no entry: nothing changes hands.
    let promised = apply(&mut ledger, hold(ANN, USD, ALL));
    assert_eq!(entries(&promised), [(ann, 0)]);
    apply(&mut ledger, release(ANN, USD, ALL));
    let leaves = apply(&mut ledger, withdraw(ANN, USD, ALL));
    assert_eq!(entries(&leaves), [(outside, i128::MAX), (ann, -i128::MAX)]);
    let opened = Event::AccountOpened { account: ANN };
    assert_eq!(opened.entry(), None);
}

#[test]
fn assets_and_accounts_say_that_they_are_new() {
    let mut ledger = Ledger::new();
    assert_eq!(
        apply(&mut ledger, Command::AddAsset { asset: BTC }),
        [Event::AssetAdded { asset: BTC }]
    );
    assert_eq!(
        apply(&mut ledger, open(ANN)),
        [Event::AccountOpened { account: ANN }]
    );
}

#[test]
fn balances_are_listed_by_asset_without_the_empty_ones() {
    let many = |id: u32| AssetId::new(10 + id);
    let mut ledger = ledger(&[]);
    // So many that they are found in another way than a few, out of order.
    for id in [5, 1, 11, 4, 2, 8, 3, 0, 10, 6, 9, 7] {
        apply(&mut ledger, Command::AddAsset { asset: many(id) });
        apply(&mut ledger, deposit(ANN, many(id), 7));
        owns(&ledger, ANN, many(id), 7, 0);
    }
    apply(&mut ledger, withdraw(ANN, many(3), 7));
    apply(&mut ledger, hold(ANN, many(11), 2));
    let listed = ledger.balances(ANN).expect("Ann is known");
    let seven = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10].map(|id| (many(id), balance(7, 0)));
    assert!(listed.eq(seven.into_iter().chain([(many(11), balance(5, 2))])));
}

#[test]
fn an_emptied_account_equals_one_that_was_never_used() {
    let used = ledger(&[deposit(ANN, USD, 5), withdraw(ANN, USD, 5)]);
    assert_eq!(used, ledger(&[]));
    assert_eq!(used.snapshot(), ledger(&[]).snapshot());
    assert_ne!(used, ledger(&[deposit(ANN, USD, 5)]));
    assert_ne!(used, ledger(&[close(ANN)]));
}

#[test]
fn what_is_held_can_only_be_released_or_settled() {
    let ledger = ledger(&[deposit(ANN, USD, 100), hold(ANN, USD, 60)]);
    let reject = LedgerReject::InsufficientAvailable;
    refused(&ledger, withdraw(ANN, USD, 41), reject);
    refused(&ledger, hold(ANN, USD, 41), reject);
    refused(&ledger, withdraw(ANN, BTC, 1), reject);
    refused(&ledger, hold(ANN, BTC, 1), reject);
    refused(&ledger, close(ANN), LedgerReject::AccountNotEmpty);
}

#[test]
fn what_is_available_cannot_be_released() {
    let ledger = ledger(&[deposit(ANN, USD, 1_000), hold(ANN, USD, 600)]);
    let reject = LedgerReject::InsufficientHeld;
    refused(&ledger, release(ANN, USD, 601), reject);
    refused(&ledger, release(ANN, BTC, 1), reject);
}

#[test]
fn nothing_is_not_an_amount() {
    let ledger = ready_to_trade();
    for command in [
        deposit(ANN, USD, 0),
        withdraw(ANN, USD, 0),
        hold(ANN, USD, 0),
        release(ANN, USD, 0),
        // Nor of an asset that she never had.
        withdraw(ANN, FEES, 0),
        hold(ANN, FEES, 0),
        release(ANN, FEES, 0),
    ] {
        refused(&ledger, command, LedgerReject::ZeroAmount);
    }
}

#[test]
fn an_amount_beyond_all_there_can_be_is_refused_like_any_other() {
    let ledger = ledger(&[deposit(ANN, USD, ALL), hold(ANN, USD, ALL / 2)]);
    for amount in [ALL + 1, u128::MAX] {
        refused(
            &ledger,
            deposit(ANN, BTC, amount),
            LedgerReject::AmountOverflow,
        );
        for command in [withdraw, hold] {
            refused(
                &ledger,
                command(ANN, USD, amount),
                LedgerReject::InsufficientAvailable,
            );
        }
        refused(
            &ledger,
            release(ANN, USD, amount),
            LedgerReject::InsufficientHeld,
        );
    }
}

#[test]
fn ids_are_given_once() {
    let ledger = ledger(&[]);
    let asset = Command::AddAsset { asset: BTC };
    refused(&ledger, asset, LedgerReject::DuplicateAsset);
    refused(&ledger, open(ANN), LedgerReject::DuplicateAccount);
    refused(&ledger, open(GONE), LedgerReject::DuplicateAccount);
}

#[test]
fn unknown_assets_and_accounts_are_refused() {
    let ledger = ready_to_trade();
    for command in [deposit, withdraw, hold, release] {
        for (account, asset, reject) in [
            (ANN, NOWHERE, LedgerReject::UnknownAsset),
            (NOBODY, USD, LedgerReject::UnknownAccount),
            (GONE, USD, LedgerReject::AccountClosed),
        ] {
            refused(&ledger, command(account, asset, 1), reject);
        }
    }
    refused(&ledger, close(NOBODY), LedgerReject::UnknownAccount);
}

#[test]
fn of_several_reasons_the_first_listed_is_reported() {
    let ledger = ledger(&[deposit(ANN, USD, ALL)]);
    for command in [deposit, withdraw, hold, release] {
        for (account, asset, amount, reject) in [
            (NOBODY, NOWHERE, 0, LedgerReject::UnknownAsset),
            (NOBODY, USD, 0, LedgerReject::UnknownAccount),
            (GONE, NOWHERE, 0, LedgerReject::UnknownAsset),
            (GONE, USD, 0, LedgerReject::AccountClosed),
            (ANN, USD, 0, LedgerReject::ZeroAmount),
        ] {
            refused(&ledger, command(account, asset, amount), reject);
        }
    }
}

#[test]
fn an_account_closes_for_good() {
    let mut ledger = ledger(&[
        deposit(ANN, USD, 5),
        hold(ANN, USD, 2),
        deposit(BOB, USD, 3),
    ]);
    refused(&ledger, close(ANN), LedgerReject::AccountNotEmpty);
    apply(&mut ledger, withdraw(ANN, USD, 3));
    // What is held is owned too.
    refused(&ledger, close(ANN), LedgerReject::AccountNotEmpty);
    apply(&mut ledger, release(ANN, USD, 2));
    apply(&mut ledger, withdraw(ANN, USD, 2));
    assert_eq!(
        apply(&mut ledger, close(ANN)),
        [Event::AccountClosed { account: ANN }]
    );

    assert!(ledger.is_closed(ANN) && !ledger.has_account(ANN));
    assert_eq!(ledger.balance(ANN, USD), None);
    assert_eq!(ledger.available(ANN, USD), Amount::ZERO);
    assert_eq!(ledger.balances(ANN).expect("it was there").count(), 0);
    assert!(ledger.accounts().eq([HOUSE, ANN, BOB, GONE]));
    refused(&ledger, open(ANN), LedgerReject::DuplicateAccount);
    refused(&ledger, close(ANN), LedgerReject::AccountClosed);
    refused(&ledger, deposit(ANN, USD, 1), LedgerReject::AccountClosed);
    // The others go on.
    apply(&mut ledger, withdraw(BOB, USD, 3));
    assert_eq!(ledger.total(USD), Some(Amount::ZERO));
}

#[test]
fn an_account_far_from_the_others_closes() {
    let far = AccountId::new(100);
    let mut ledger = ledger(&[open(far)]);
    for id in 4..60 {
        apply(&mut ledger, open(AccountId::new(id)));
    }
    // Among so many the id is not far away any more.
    apply(&mut ledger, close(far));
    assert!(ledger.is_closed(far));
    assert_eq!(ledger.accounts().filter(|id| *id == far).count(), 1);
    assert_eq!(Ledger::restore(&ledger.snapshot()), Ok(ledger));
}

#[test]
fn there_is_an_end_to_what_there_may_be_of_an_asset() {
    let mut ledger = ledger(&[deposit(ANN, USD, ALL - 1), deposit(BOB, USD, 1)]);
    let reject = LedgerReject::AmountOverflow;
    for (account, amount) in [(ANN, 1), (BOB, 1), (HOUSE, ALL), (HOUSE, u128::MAX)] {
        refused(&ledger, deposit(account, USD, amount), reject);
    }
    // Another asset has a total of its own, and what leaves makes room.
    apply(&mut ledger, deposit(BOB, BTC, ALL));
    apply(&mut ledger, withdraw(ANN, USD, 1));
    apply(&mut ledger, deposit(BOB, USD, 1));
    assert_eq!(ledger.total(USD), Some(Amount::MAX));
}

#[test]
fn a_million_accounts_take_time_in_proportion() {
    // Were anything quadratic, this would take days.
    const ENOUGH: Duration = Duration::from_mins(2);
    // Half of the ids are handed out in sequence, the others have no order.
    let account = |number: u64| {
        AccountId::new(if number.is_multiple_of(2) {
            number / 2
        } else {
            number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 << 63
        })
    };
    let started = Instant::now();
    let mut ledger = Ledger::new();
    let mut events: Vec<Event> = Vec::new();
    let mut apply = |command| {
        events.clear();
        ledger.apply(&command, &mut events).expect("taken");
    };
    apply(Command::AddAsset { asset: USD });
    for number in 0..1_000_000 {
        apply(open(account(number)));
        apply(deposit(account(number), USD, 3));
        apply(hold(account(number), USD, 3));
    }
    for number in (0..1_000_000).step_by(5) {
        apply(release(account(number), USD, 3));
        apply(withdraw(account(number), USD, 3));
        apply(close(account(number)));
    }
    let snapshot = ledger.snapshot();
    assert_eq!(snapshot.accounts.len(), 1_000_000);
    assert_eq!(snapshot.assets, [(USD, Amount::new(2_400_000))]);
    assert_eq!(Ledger::restore(&snapshot), Ok(ledger));
    assert!(started.elapsed() < ENOUGH, "{:?}", started.elapsed());
}
