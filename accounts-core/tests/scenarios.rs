//! What a trader can check by eye: commands, and the balances and events that follow.

use accounts_core::{
    AccountId, Amount, AssetId, Balance, Command, Event, FeeRate, FeeSchedule, Ledger,
    LedgerReject, Settlement,
};

const BTC: AssetId = AssetId::new(1);
const USD: AssetId = AssetId::new(2);
const NOWHERE: AssetId = AssetId::new(99);

const HOUSE: AccountId = AccountId::new(0);
const ANN: AccountId = AccountId::new(1);
const BOB: AccountId = AccountId::new(2);
const NOBODY: AccountId = AccountId::new(99);

const ALL: u128 = u128::MAX;

fn deposit(account: AccountId, asset: AssetId, amount: u128) -> Command {
    let amount = Amount::new(amount);
    Command::Deposit {
        account,
        asset,
        amount,
    }
}

fn withdraw(account: AccountId, asset: AssetId, amount: u128) -> Command {
    let amount = Amount::new(amount);
    Command::Withdraw {
        account,
        asset,
        amount,
    }
}

fn hold(account: AccountId, asset: AssetId, amount: u128) -> Command {
    let amount = Amount::new(amount);
    Command::Hold {
        account,
        asset,
        amount,
    }
}

fn release(account: AccountId, asset: AssetId, amount: u128) -> Command {
    let amount = Amount::new(amount);
    Command::Release {
        account,
        asset,
        amount,
    }
}

/// Ann buys `base` BTC of Bob for `quote` USD, without fees.
fn trade(base: u128, quote: u128) -> Settlement {
    Settlement {
        base: BTC,
        quote: USD,
        buyer: ANN,
        seller: BOB,
        base_amount: Amount::new(base),
        quote_amount: Amount::new(quote),
        buyer_fee: Amount::ZERO,
        seller_fee: Amount::ZERO,
        fee_account: HOUSE,
    }
}

fn balance(available: u128, held: u128) -> Balance {
    Balance {
        available: Amount::new(available),
        held: Amount::new(held),
    }
}

fn changed(account: AccountId, asset: AssetId, available: u128, held: u128) -> Event {
    let Balance { available, held } = balance(available, held);
    Event::BalanceChanged {
        account,
        asset,
        available,
        held,
    }
}

/// Applies one command and returns its events.
fn apply(ledger: &mut Ledger, command: Command) -> Vec<Event> {
    let mut events = Vec::new();
    ledger
        .apply(&command, &mut events)
        .unwrap_or_else(|reject| panic!("{command:?}: {reject}"));
    ledger.check().expect("the ledger is sound");
    events
}

/// Two assets, three accounts that own nothing, then `commands`.
fn ledger(commands: &[Command]) -> Ledger {
    let mut ledger = Ledger::new();
    let opening = [
        Command::AddAsset { asset: BTC },
        Command::AddAsset { asset: USD },
        Command::OpenAccount { account: HOUSE },
        Command::OpenAccount { account: ANN },
        Command::OpenAccount { account: BOB },
    ];
    for command in opening.iter().chain(commands) {
        apply(&mut ledger, *command);
    }
    ledger
}

/// Ann holds 1,000 USD, Bob holds 50 BTC.
fn ready_to_trade() -> Ledger {
    ledger(&[
        deposit(ANN, USD, 1_000),
        hold(ANN, USD, 1_000),
        deposit(BOB, BTC, 50),
        hold(BOB, BTC, 50),
    ])
}

#[track_caller]
fn refused(ledger: &Ledger, command: Command, reject: LedgerReject) {
    let mut after = ledger.clone();
    // An event of somebody else: it has to survive.
    let before = vec![changed(NOBODY, NOWHERE, 1, 2)];
    let mut events = before.clone();
    assert_eq!(
        after.apply(&command, &mut events),
        Err(reject),
        "{command:?}"
    );
    assert_eq!(ledger.validate(&command), Err(reject));
    assert_eq!(after.snapshot(), ledger.snapshot());
    assert_eq!(events, before);
}

#[track_caller]
fn owns(ledger: &Ledger, account: AccountId, asset: AssetId, available: u128, held: u128) {
    assert_eq!(
        ledger.balance(account, asset),
        Some(balance(available, held))
    );
}

#[test]
fn an_account_opens_with_nothing() {
    let ledger = ledger(&[]);
    owns(&ledger, ANN, BTC, 0, 0);
    assert_eq!(ledger.total(BTC), Some(Amount::ZERO));
    assert_eq!(ledger.balances(ANN).expect("Ann is known").count(), 0);
    assert!(ledger.has_account(ANN));
    assert!(ledger.accounts().eq([HOUSE, ANN, BOB]));
    assert!(ledger.assets().eq([BTC, USD]));
}

#[test]
fn what_is_unknown_has_no_balance() {
    let ledger = ledger(&[]);
    assert_eq!(ledger.balance(NOBODY, BTC), None);
    assert_eq!(ledger.balance(ANN, NOWHERE), None);
    assert_eq!(ledger.total(NOWHERE), None);
    assert!(ledger.balances(NOBODY).is_none());
    assert!(!ledger.has_account(NOBODY));
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
                changed(ANN, USD, 100, 0),
            ],
        ),
        (hold(ANN, USD, 70), vec![changed(ANN, USD, 30, 70)]),
        (release(ANN, USD, 20), vec![changed(ANN, USD, 50, 50)]),
        (
            withdraw(ANN, USD, 50),
            vec![
                Event::Withdrawn {
                    account: ANN,
                    asset: USD,
                    amount: amount(50),
                },
                changed(ANN, USD, 0, 50),
            ],
        ),
        (release(ANN, USD, 50), vec![changed(ANN, USD, 50, 0)]),
    ];
    for (command, expected) in steps {
        assert_eq!(apply(&mut ledger, command), expected, "{command:?}");
    }
    assert_eq!(ledger.total(USD), Some(amount(50)));
}

#[test]
fn assets_and_accounts_say_that_they_are_new() {
    let mut ledger = Ledger::new();
    assert_eq!(
        apply(&mut ledger, Command::AddAsset { asset: BTC }),
        [Event::AssetAdded { asset: BTC }]
    );
    assert_eq!(
        apply(&mut ledger, Command::OpenAccount { account: ANN }),
        [Event::AccountOpened { account: ANN }]
    );
}

#[test]
fn balances_are_listed_by_asset_without_the_empty_ones() {
    let many = |id: u32| AssetId::new(10 + id);
    let mut ledger = ledger(&[]);
    // More than an account holds inline, added and deposited out of order.
    for id in [5, 1, 4, 2, 3, 0] {
        apply(&mut ledger, Command::AddAsset { asset: many(id) });
        apply(&mut ledger, deposit(ANN, many(id), 7));
    }
    apply(&mut ledger, withdraw(ANN, many(3), 7));
    let listed = ledger.balances(ANN).expect("Ann is known");
    assert!(listed.eq([0, 1, 2, 4, 5].map(|id| (many(id), balance(7, 0)))));
}

#[test]
fn an_emptied_account_equals_one_that_was_never_used() {
    let used = ledger(&[deposit(ANN, USD, 5), withdraw(ANN, USD, 5)]);
    assert_eq!(used, ledger(&[]));
}

#[test]
fn maker_and_taker_pay_out_of_what_they_receive() {
    let mut ledger = ready_to_trade();
    let fees = FeeSchedule {
        maker: FeeRate::new(1_000).expect("0.1 % is a rate"),
        taker: FeeRate::new(25_000).expect("2.5 % is a rate"),
    };
    // Ann takes, Bob makes. 2.5 % of 43 BTC = 1.075, so 1; 0.1 % of 999 USD = 0.999, so 0.
    let settlement = Settlement {
        buyer_fee: fees.taker.of(Amount::new(43)),
        seller_fee: fees.maker.of(Amount::new(999)),
        ..trade(43, 999)
    };
    assert_eq!(
        apply(&mut ledger, Command::Settle(settlement)),
        [
            changed(ANN, USD, 0, 1),
            changed(BOB, BTC, 0, 7),
            changed(ANN, BTC, 42, 0),
            changed(BOB, USD, 999, 0),
            changed(HOUSE, BTC, 1, 0),
        ]
    );

    // Now Bob takes: 2.5 % of 1 USD is nothing. A fee of zero leaves the house as it is.
    assert_eq!(
        apply(&mut ledger, Command::Settle(trade(7, 1))),
        [
            changed(ANN, USD, 0, 0),
            changed(BOB, BTC, 0, 0),
            changed(ANN, BTC, 49, 0),
            changed(BOB, USD, 1_000, 0),
        ]
    );
    assert_eq!(ledger.total(BTC), Some(Amount::new(50)));
    assert_eq!(ledger.total(USD), Some(Amount::new(1_000)));
}

#[test]
fn both_fees_reach_the_house() {
    let mut ledger = ready_to_trade();
    let settlement = Settlement {
        buyer_fee: Amount::new(4),
        seller_fee: Amount::new(10),
        ..trade(40, 800)
    };
    apply(&mut ledger, Command::Settle(settlement));
    owns(&ledger, ANN, BTC, 36, 0);
    owns(&ledger, ANN, USD, 0, 200);
    owns(&ledger, BOB, BTC, 0, 10);
    owns(&ledger, BOB, USD, 790, 0);
    owns(&ledger, HOUSE, BTC, 4, 0);
    owns(&ledger, HOUSE, USD, 10, 0);
}

#[test]
fn a_fee_may_take_all_that_is_received() {
    let mut ledger = ready_to_trade();
    let settlement = Settlement {
        buyer_fee: Amount::new(40),
        ..trade(40, 800)
    };
    // Ann's BTC did not change, so nothing is said about it.
    assert_eq!(
        apply(&mut ledger, Command::Settle(settlement)),
        [
            changed(ANN, USD, 0, 200),
            changed(BOB, BTC, 0, 10),
            changed(BOB, USD, 800, 0),
            changed(HOUSE, BTC, 40, 0),
        ]
    );
}

#[test]
fn trading_with_oneself_costs_the_fees_only() {
    let mut ledger = ledger(&[
        deposit(ANN, USD, 1_000),
        hold(ANN, USD, 900),
        deposit(ANN, BTC, 50),
        hold(ANN, BTC, 40),
    ]);
    let settlement = Settlement {
        seller: ANN,
        buyer_fee: Amount::new(3),
        seller_fee: Amount::new(20),
        ..trade(30, 600)
    };
    assert_eq!(
        apply(&mut ledger, Command::Settle(settlement)),
        [
            changed(ANN, USD, 100 + 580, 300),
            changed(ANN, BTC, 10 + 27, 10),
            changed(HOUSE, BTC, 3, 0),
            changed(HOUSE, USD, 20, 0),
        ]
    );
}

#[test]
fn the_fee_account_trades_for_free() {
    let house_buys = Settlement {
        buyer: HOUSE,
        buyer_fee: Amount::new(4),
        seller_fee: Amount::new(10),
        ..trade(40, 800)
    };
    let mut ledger = ledger(&[
        deposit(HOUSE, USD, 800),
        hold(HOUSE, USD, 800),
        deposit(BOB, BTC, 40),
        hold(BOB, BTC, 40),
    ]);
    assert_eq!(
        apply(&mut ledger, Command::Settle(house_buys)),
        [
            // Its own payment, and Bob's fee.
            changed(HOUSE, USD, 10, 0),
            changed(BOB, BTC, 0, 0),
            // 36 as the buyer, 4 as the collector of its own fee.
            changed(HOUSE, BTC, 40, 0),
            changed(BOB, USD, 790, 0),
        ]
    );

    apply(&mut ledger, hold(HOUSE, BTC, 40));
    apply(&mut ledger, hold(BOB, USD, 790));
    let house_sells = Settlement {
        buyer: BOB,
        seller: HOUSE,
        buyer_fee: Amount::new(1),
        seller_fee: Amount::new(9),
        ..trade(40, 790)
    };
    apply(&mut ledger, Command::Settle(house_sells));
    owns(&ledger, HOUSE, USD, 800, 0);
    owns(&ledger, HOUSE, BTC, 1, 0);
    owns(&ledger, BOB, BTC, 39, 0);
    owns(&ledger, BOB, USD, 0, 0);
}

#[test]
fn the_house_trading_with_itself_changes_nothing_but_the_hold() {
    let mut ledger = ledger(&[
        deposit(HOUSE, USD, 10),
        hold(HOUSE, USD, 10),
        deposit(HOUSE, BTC, 10),
        hold(HOUSE, BTC, 10),
    ]);
    let settlement = Settlement {
        buyer: HOUSE,
        seller: HOUSE,
        buyer_fee: Amount::new(2),
        seller_fee: Amount::new(3),
        ..trade(10, 10)
    };
    assert_eq!(
        apply(&mut ledger, Command::Settle(settlement)),
        [changed(HOUSE, USD, 10, 0), changed(HOUSE, BTC, 10, 0)]
    );
}

#[test]
fn what_is_held_can_only_be_released_or_settled() {
    let ledger = ledger(&[deposit(ANN, USD, 100), hold(ANN, USD, 60)]);
    let reject = LedgerReject::InsufficientAvailable;
    refused(&ledger, withdraw(ANN, USD, 41), reject);
    refused(&ledger, hold(ANN, USD, 41), reject);
    refused(&ledger, withdraw(ANN, BTC, 1), reject);
}

#[test]
fn what_is_available_cannot_be_released_or_settled() {
    let ledger = ledger(&[
        deposit(ANN, USD, 1_000),
        hold(ANN, USD, 600),
        deposit(BOB, BTC, 50),
        hold(BOB, BTC, 30),
    ]);
    let reject = LedgerReject::InsufficientHeld;
    refused(&ledger, release(ANN, USD, 601), reject);
    refused(&ledger, Command::Settle(trade(30, 601)), reject);
    refused(&ledger, Command::Settle(trade(31, 600)), reject);
}

#[test]
fn nothing_is_not_an_amount() {
    let ledger = ready_to_trade();
    for command in [
        deposit(ANN, USD, 0),
        withdraw(ANN, USD, 0),
        hold(ANN, USD, 0),
        release(ANN, USD, 0),
        Command::Settle(trade(0, 1)),
        Command::Settle(trade(1, 0)),
    ] {
        refused(&ledger, command, LedgerReject::ZeroAmount);
    }
}

#[test]
fn ids_are_given_once() {
    let ledger = ledger(&[]);
    let asset = Command::AddAsset { asset: BTC };
    refused(&ledger, asset, LedgerReject::DuplicateAsset);
    let account = Command::OpenAccount { account: ANN };
    refused(&ledger, account, LedgerReject::DuplicateAccount);
}

#[test]
fn unknown_assets_and_accounts_are_refused() {
    let ledger = ready_to_trade();
    for command in [deposit, withdraw, hold, release] {
        refused(
            &ledger,
            command(ANN, NOWHERE, 1),
            LedgerReject::UnknownAsset,
        );
        refused(
            &ledger,
            command(NOBODY, USD, 1),
            LedgerReject::UnknownAccount,
        );
    }
    let good = trade(1, 1);
    for (settlement, reject) in [
        (
            Settlement {
                base: NOWHERE,
                ..good
            },
            LedgerReject::UnknownAsset,
        ),
        (
            Settlement {
                quote: NOWHERE,
                ..good
            },
            LedgerReject::UnknownAsset,
        ),
        (
            Settlement {
                buyer: NOBODY,
                ..good
            },
            LedgerReject::UnknownAccount,
        ),
        (
            Settlement {
                seller: NOBODY,
                ..good
            },
            LedgerReject::UnknownAccount,
        ),
        (
            Settlement {
                fee_account: NOBODY,
                ..good
            },
            LedgerReject::UnknownAccount,
        ),
    ] {
        refused(&ledger, Command::Settle(settlement), reject);
    }
}

#[test]
fn a_settlement_needs_two_assets_and_modest_fees() {
    let ledger = ready_to_trade();
    let good = trade(10, 100);
    for settlement in [
        Settlement { quote: BTC, ..good },
        Settlement { base: USD, ..good },
        Settlement {
            buyer_fee: Amount::new(11),
            ..good
        },
        Settlement {
            seller_fee: Amount::new(101),
            ..good
        },
    ] {
        refused(
            &ledger,
            Command::Settle(settlement),
            LedgerReject::InvalidSettlement,
        );
    }
}

#[test]
fn of_several_reasons_the_first_listed_is_reported() {
    let ledger = ledger(&[]);
    refused(
        &ledger,
        withdraw(NOBODY, NOWHERE, 0),
        LedgerReject::UnknownAsset,
    );
    refused(
        &ledger,
        withdraw(NOBODY, USD, 0),
        LedgerReject::UnknownAccount,
    );

    // Everything is wrong with it; what is mended one by one, the next reason comes up.
    let mut settlement = Settlement {
        base: USD,
        quote: NOWHERE,
        buyer: NOBODY,
        base_amount: Amount::ZERO,
        seller_fee: Amount::new(2),
        ..trade(1, 1)
    };
    refused(
        &ledger,
        Command::Settle(settlement),
        LedgerReject::UnknownAsset,
    );
    settlement.quote = USD;
    refused(
        &ledger,
        Command::Settle(settlement),
        LedgerReject::UnknownAccount,
    );
    settlement.buyer = ANN;
    refused(
        &ledger,
        Command::Settle(settlement),
        LedgerReject::ZeroAmount,
    );
    settlement.base_amount = Amount::new(1);
    refused(
        &ledger,
        Command::Settle(settlement),
        LedgerReject::InvalidSettlement,
    );
    settlement.base = BTC;
    settlement.seller_fee = Amount::ZERO;
    refused(
        &ledger,
        Command::Settle(settlement),
        LedgerReject::InsufficientHeld,
    );
}

#[test]
fn the_total_of_an_asset_fits_128_bits() {
    let mut ledger = ledger(&[deposit(ANN, USD, ALL - 1), deposit(BOB, USD, 1)]);
    let reject = LedgerReject::AmountOverflow;
    refused(&ledger, deposit(ANN, USD, 1), reject);
    refused(&ledger, deposit(BOB, USD, 1), reject);
    refused(&ledger, deposit(HOUSE, USD, ALL), reject);
    // Another asset has a total of its own, and what leaves makes room.
    apply(&mut ledger, deposit(BOB, BTC, ALL));
    apply(&mut ledger, withdraw(ANN, USD, 1));
    apply(&mut ledger, deposit(BOB, USD, 1));
}

#[test]
fn everything_there_is_changes_hands() {
    let mut ledger = ledger(&[
        deposit(ANN, USD, ALL),
        hold(ANN, USD, ALL),
        deposit(BOB, BTC, ALL),
        hold(BOB, BTC, ALL),
    ]);
    let half = FeeRate::new(500_000).expect("50 % is a rate");
    let settlement = Settlement {
        buyer_fee: half.of(Amount::new(ALL)),
        seller_fee: half.of(Amount::new(ALL)),
        ..trade(ALL, ALL)
    };
    apply(&mut ledger, Command::Settle(settlement));
    owns(&ledger, ANN, BTC, ALL / 2 + 1, 0);
    owns(&ledger, BOB, USD, ALL / 2 + 1, 0);
    owns(&ledger, HOUSE, BTC, ALL / 2, 0);
    owns(&ledger, HOUSE, USD, ALL / 2, 0);
}

#[test]
fn the_house_receives_the_last_unit_that_fits() {
    // Everybody is the same account: what is paid, received and charged never adds up to more
    // than there is, not even on the way.
    let mut ledger = ledger(&[
        deposit(HOUSE, USD, ALL),
        hold(HOUSE, USD, ALL),
        deposit(HOUSE, BTC, ALL),
        hold(HOUSE, BTC, ALL),
    ]);
    let settlement = Settlement {
        buyer: HOUSE,
        seller: HOUSE,
        buyer_fee: Amount::new(ALL),
        seller_fee: Amount::new(1),
        ..trade(ALL, ALL)
    };
    apply(&mut ledger, Command::Settle(settlement));
    owns(&ledger, HOUSE, USD, ALL, 0);
    owns(&ledger, HOUSE, BTC, ALL, 0);
}
