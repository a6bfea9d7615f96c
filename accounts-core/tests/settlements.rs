//! Trades that a trader can check by eye: who gives what to whom, and which postings tell it.
//!
//! Each table line is a balance that changed: whose, of what, what was added to available and held, and
//! what there is of it after the trade. Lines come in the order of the postings.

mod helpers;

use accounts_core::{
    AccountId, Amount, AssetId, Command, Event, FeeRate, Ledger, LedgerReject, Settlement,
};
use helpers::*;

type Line = (AccountId, AssetId, (i128, i128), (u128, u128));

/// The same ledger, but everybody has had some of everything before: who has is served another way.
fn seasoned(ledger: &Ledger) -> Ledger {
    let mut seasoned = ledger.clone();
    for account in [HOUSE, ANN, BOB] {
        for asset in [BTC, USD, FEES] {
            // Not where there is as much as can be, nor where nobody has an account.
            let deposited = seasoned.apply(&deposit(account, asset, 1), &mut Vec::<Event>::new());
            if deposited.is_ok() {
                apply(&mut seasoned, withdraw(account, asset, 1));
            }
        }
    }
    assert_eq!(seasoned, *ledger);
    seasoned
}

#[track_caller]
fn settles(ledger: &mut Ledger, settlement: Settlement, table: &[Line]) {
    let mut seasoned = seasoned(ledger);
    let events = apply(ledger, Command::Settle(settlement));
    assert_eq!(apply(&mut seasoned, Command::Settle(settlement)), events);
    assert_eq!(seasoned, *ledger);
    let lines = table.iter();
    let expected: Vec<Event> = lines
        .map(|(account, asset, change, after)| posted(*account, *asset, *change, *after))
        .collect();
    assert_eq!(events, expected);
    for (account, asset, _, (available, held)) in table {
        owns(ledger, *account, *asset, *available, *held);
    }
}

#[track_caller]
fn refuses(ledger: &Ledger, settlement: Settlement, reject: LedgerReject) {
    refused(ledger, Command::Settle(settlement), reject);
    refused(&seasoned(ledger), Command::Settle(settlement), reject);
}

const INVALID: LedgerReject = LedgerReject::InvalidSettlement;
const NOT_HELD: LedgerReject = LedgerReject::InsufficientHeld;
const NOT_AVAILABLE: LedgerReject = LedgerReject::InsufficientAvailable;

#[test]
fn a_trade_without_fees_has_four_postings() {
    let mut ledger = ready_to_trade();
    #[rustfmt::skip]
    settles(&mut ledger, trade(40, 800), &[
        (ANN, USD, (0, -800), (0, 200)),
        (BOB, BTC, (0, -40), (0, 10)),
        (ANN, BTC, (40, 0), (40, 0)),
        (BOB, USD, (800, 0), (800, 0)),
    ]);
    assert_eq!(ledger.total(BTC), Some(Amount::new(50)));
    assert_eq!(ledger.total(USD), Some(Amount::new(1_000)));
}

#[test]
fn fees_come_out_of_what_is_received() {
    let mut ledger = ready_to_trade();
    // Ann takes, Bob makes. 2.5 % of 43 BTC = 1.075, so 1; 0.1 % of 999 USD = 0.999, so 0.
    let rate = |ppm| FeeRate::new(ppm).expect("a rate");
    assert_eq!(rate(25_000).of(Amount::new(43)), Amount::new(1));
    assert_eq!(rate(1_000).of(Amount::new(999)), Amount::ZERO);
    let settlement = Settlement {
        buyer_fee: fee(BTC, 1),
        seller_fee: fee(USD, 0),
        ..trade(43, 999)
    };
    // A fee of nothing leaves the house as it is.
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (0, -999), (0, 1)),
        (BOB, BTC, (0, -43), (0, 7)),
        (ANN, BTC, (42, 0), (42, 0)),
        (BOB, USD, (999, 0), (999, 0)),
        (HOUSE, BTC, (1, 0), (1, 0)),
    ]);
}

#[test]
fn both_fees_reach_the_house_the_buyers_first() {
    let mut ledger = ready_to_trade();
    let settlement = Settlement {
        buyer_fee: fee(BTC, 4),
        seller_fee: fee(USD, 10),
        ..trade(40, 800)
    };
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (0, -800), (0, 200)),
        (BOB, BTC, (0, -40), (0, 10)),
        (ANN, BTC, (36, 0), (36, 0)),
        (BOB, USD, (790, 0), (790, 0)),
        (HOUSE, BTC, (4, 0), (4, 0)),
        (HOUSE, USD, (10, 0), (10, 0)),
    ]);
}

#[test]
fn a_better_price_frees_more_than_it_costs() {
    let mut ledger = ready_to_trade();
    // Ann had promised 900 and pays 800; Bob had promised 45 and gives 40.
    let settlement = Settlement {
        buyer_frees: Amount::new(900),
        seller_frees: Amount::new(45),
        ..trade(40, 800)
    };
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (100, -900), (100, 100)),
        (BOB, BTC, (5, -45), (5, 5)),
        (ANN, BTC, (40, 0), (40, 0)),
        (BOB, USD, (800, 0), (800, 0)),
    ]);
}

#[test]
fn fees_on_top_come_out_of_what_is_freed() {
    let mut ledger = ready_to_trade();
    let settlement = Settlement {
        buyer_frees: Amount::new(880), // 800, a fee of 8, and 72 that she saves
        seller_frees: Amount::new(41),
        buyer_fee: fee(USD, 8),
        seller_fee: fee(BTC, 1),
        ..trade(40, 800)
    };
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (72, -880), (72, 120)),
        (BOB, BTC, (0, -41), (0, 9)),
        (ANN, BTC, (40, 0), (40, 0)),
        (BOB, USD, (800, 0), (800, 0)),
        (HOUSE, USD, (8, 0), (8, 0)),
        (HOUSE, BTC, (1, 0), (1, 0)),
    ]);
}

#[test]
fn fees_in_a_third_asset_come_out_of_what_is_available() {
    let mut ledger = ready_to_trade();
    apply(&mut ledger, deposit(ANN, FEES, 7));
    apply(&mut ledger, deposit(BOB, FEES, 9));
    apply(&mut ledger, hold(BOB, FEES, 4));
    let settlement = Settlement {
        buyer_fee: fee(FEES, 7),
        seller_fee: fee(FEES, 2),
        ..trade(40, 800)
    };
    let third_asset: [Line; 3] = [
        (ANN, FEES, (-7, 0), (0, 0)),
        (BOB, FEES, (-2, 0), (3, 4)),
        (HOUSE, FEES, (9, 0), (9, 0)),
    ];
    let mut both = ledger.clone();
    #[rustfmt::skip]
    settles(&mut both, settlement, &[
        (ANN, USD, (0, -800), (0, 200)),
        (BOB, BTC, (0, -40), (0, 10)),
        (ANN, BTC, (40, 0), (40, 0)),
        (BOB, USD, (800, 0), (800, 0)),
        third_asset[0], third_asset[1], third_asset[2],
    ]);

    // What is held is not available, and one unit too much is too much.
    let bob = |amount| Settlement {
        seller_fee: fee(FEES, amount),
        ..settlement
    };
    refuses(&ledger, bob(6), NOT_AVAILABLE);
    let ann = Settlement {
        buyer_fee: fee(FEES, 8),
        ..settlement
    };
    refuses(&ledger, ann, NOT_AVAILABLE);
    let most = Settlement {
        buyer_fee: fee(FEES, i128::MAX),
        seller_fee: fee(FEES, i128::MAX),
        ..settlement
    };
    refuses(&ledger, most, NOT_AVAILABLE);
    apply(&mut ledger, Command::Settle(bob(5)));
    owns(&ledger, BOB, FEES, 0, 4);
}

#[test]
fn one_fee_in_a_third_asset_and_one_in_what_is_received() {
    let mut ledger = ready_to_trade();
    apply(&mut ledger, deposit(BOB, FEES, 5));
    let settlement = Settlement {
        buyer_fee: fee(BTC, 3),
        seller_fee: fee(FEES, 5),
        ..trade(40, 800)
    };
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (0, -800), (0, 200)),
        (BOB, BTC, (0, -40), (0, 10)),
        (ANN, BTC, (37, 0), (37, 0)),
        (BOB, USD, (800, 0), (800, 0)),
        (BOB, FEES, (-5, 0), (0, 0)),
        (HOUSE, BTC, (3, 0), (3, 0)),
        (HOUSE, FEES, (5, 0), (5, 0)),
    ]);
}

#[test]
fn two_fees_in_one_asset_are_one_posting_of_the_house() {
    for (settlement, ann, bob, house) in [
        (
            // The buyer on top, the seller out of what it receives.
            Settlement {
                buyer_frees: Amount::new(805),
                buyer_fee: fee(USD, 5),
                seller_fee: fee(USD, 3),
                ..trade(40, 800)
            },
            [(USD, (0, -805), (0, 195)), (BTC, (40, 0), (40, 0))],
            [(BTC, (0, -40), (0, 10)), (USD, (797, 0), (797, 0))],
            (HOUSE, USD, (8, 0), (8, 0)),
        ),
        (
            // The buyer out of what it receives, the seller on top.
            Settlement {
                seller_frees: Amount::new(43),
                buyer_fee: fee(BTC, 4),
                seller_fee: fee(BTC, 3),
                ..trade(40, 800)
            },
            [(USD, (0, -800), (0, 200)), (BTC, (36, 0), (36, 0))],
            [(BTC, (0, -43), (0, 7)), (USD, (800, 0), (800, 0))],
            (HOUSE, BTC, (7, 0), (7, 0)),
        ),
    ] {
        let line = |who, (asset, change, after)| (who, asset, change, after);
        let table = [
            line(ANN, ann[0]),
            line(BOB, bob[0]),
            line(ANN, ann[1]),
            line(BOB, bob[1]),
            house,
        ];
        settles(&mut ready_to_trade(), settlement, &table);
    }
}

#[test]
fn a_rebate_is_paid_out_of_the_fee_of_the_other_side() {
    // Ann takes and pays 10 BTC, of which Bob, who makes, is paid 4.
    let mut ledger = ready_to_trade();
    let settlement = Settlement {
        buyer_fee: fee(BTC, 10),
        seller_fee: fee(BTC, -4),
        ..trade(40, 800)
    };
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (0, -800), (0, 200)),
        (BOB, BTC, (4, -40), (4, 10)),
        (ANN, BTC, (30, 0), (30, 0)),
        (BOB, USD, (800, 0), (800, 0)),
        (HOUSE, BTC, (6, 0), (6, 0)),
    ]);

    // Bob takes and pays 20 USD on what he receives, Ann is paid all of it: nothing for the house.
    let mut ledger = ready_to_trade();
    let settlement = Settlement {
        buyer_fee: fee(USD, -20),
        seller_fee: fee(USD, 20),
        ..trade(40, 800)
    };
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (20, -800), (20, 200)),
        (BOB, BTC, (0, -40), (0, 10)),
        (ANN, BTC, (40, 0), (40, 0)),
        (BOB, USD, (780, 0), (780, 0)),
    ]);
}

#[test]
fn a_rebate_in_a_third_asset() {
    let mut ledger = ready_to_trade();
    apply(&mut ledger, deposit(BOB, FEES, 5));
    let settlement = Settlement {
        buyer_fee: fee(FEES, -2),
        seller_fee: fee(FEES, 5),
        ..trade(40, 800)
    };
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (0, -800), (0, 200)),
        (BOB, BTC, (0, -40), (0, 10)),
        (ANN, BTC, (40, 0), (40, 0)),
        (BOB, USD, (800, 0), (800, 0)),
        (ANN, FEES, (2, 0), (2, 0)),
        (BOB, FEES, (-5, 0), (0, 0)),
        (HOUSE, FEES, (3, 0), (3, 0)),
    ]);
}

#[test]
fn a_rebate_that_nobody_pays_is_refused() {
    let mut ledger = ready_to_trade();
    // The house could pay it, and does not.
    apply(&mut ledger, deposit(HOUSE, BTC, 1_000));
    apply(&mut ledger, deposit(HOUSE, FEES, 1_000));
    apply(&mut ledger, deposit(ANN, FEES, 1_000));
    for (buyer_fee, seller_fee) in [
        (fee(BTC, 0), fee(BTC, -1)),
        (fee(BTC, 3), fee(BTC, -4)),
        (fee(BTC, 4), fee(USD, -4)),
        (fee(USD, -4), fee(BTC, 0)),
        (fee(USD, -4), fee(FEES, 4)),
        (fee(FEES, 4), fee(FEES, -5)),
        (fee(FEES, -1), fee(FEES, -1)),
        (fee(BTC, -1), fee(BTC, 0)),
        (fee(BTC, i128::MIN), fee(BTC, 1)),
        (fee(BTC, 1), fee(BTC, i128::MIN)),
        (fee(FEES, i128::MAX), fee(FEES, i128::MIN)),
        (fee(FEES, i128::MIN), fee(FEES, i128::MIN)),
    ] {
        let settlement = Settlement {
            buyer_fee,
            seller_fee,
            ..trade(40, 800)
        };
        refuses(&ledger, settlement, INVALID);
    }
}

#[test]
fn a_fee_may_take_all_that_is_received() {
    let mut ledger = ready_to_trade();
    let settlement = Settlement {
        buyer_fee: fee(BTC, 40),
        seller_fee: fee(USD, 800),
        ..trade(40, 800)
    };
    // Ann's BTC and Bob's USD did not change, so nothing is said about them.
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (0, -800), (0, 200)),
        (BOB, BTC, (0, -40), (0, 10)),
        (HOUSE, BTC, (40, 0), (40, 0)),
        (HOUSE, USD, (800, 0), (800, 0)),
    ]);
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
        buyer_frees: Amount::new(650),
        buyer_fee: fee(BTC, 3),
        seller_fee: fee(USD, 20),
        ..trade(30, 600)
    };
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (630, -650), (730, 250)),
        (ANN, BTC, (27, -30), (37, 10)),
        (HOUSE, BTC, (3, 0), (3, 0)),
        (HOUSE, USD, (20, 0), (20, 0)),
    ]);
}

#[test]
fn who_trades_with_itself_pays_both_fees() {
    let ledger = ledger(&[
        deposit(ANN, USD, 600),
        hold(ANN, USD, 600),
        deposit(ANN, BTC, 30),
        hold(ANN, BTC, 30),
        deposit(ANN, FEES, 9),
    ]);
    let fees = |buyer_fee, seller_fee| Settlement {
        seller: ANN,
        buyer_fee,
        seller_fee,
        ..trade(30, 600)
    };
    #[rustfmt::skip]
    settles(&mut ledger.clone(), fees(fee(FEES, 4), fee(FEES, 5)), &[
        (ANN, USD, (600, -600), (600, 0)),
        (ANN, BTC, (30, -30), (30, 0)),
        (ANN, FEES, (-9, 0), (0, 0)),
        (HOUSE, FEES, (9, 0), (9, 0)),
    ]);
    // One of them could be paid, both could not.
    for (buyer, seller) in [(5, 5), (9, 1), (1, 9), (10, 0), (0, 10)] {
        refuses(
            &ledger,
            fees(fee(FEES, buyer), fee(FEES, seller)),
            NOT_AVAILABLE,
        );
    }
    let most = fees(fee(FEES, i128::MAX), fee(FEES, i128::MAX));
    refuses(&ledger, most, NOT_AVAILABLE);
    // Its own rebate does not help it to pay the fee that the rebate comes out of.
    refuses(&ledger, fees(fee(FEES, 10), fee(FEES, -5)), NOT_AVAILABLE);
    #[rustfmt::skip]
    settles(&mut ledger.clone(), fees(fee(FEES, 9), fee(FEES, -5)), &[
        (ANN, USD, (600, -600), (600, 0)),
        (ANN, BTC, (30, -30), (30, 0)),
        (ANN, FEES, (-4, 0), (5, 0)),
        (HOUSE, FEES, (4, 0), (4, 0)),
    ]);
    // Paid to itself in full, the third asset has not changed.
    #[rustfmt::skip]
    settles(&mut ledger.clone(), fees(fee(FEES, -9), fee(FEES, 9)), &[
        (ANN, USD, (600, -600), (600, 0)),
        (ANN, BTC, (30, -30), (30, 0)),
    ]);
}

#[test]
fn the_fee_account_trades_for_free() {
    let house_buys = Settlement {
        buyer: HOUSE,
        buyer_fee: fee(BTC, 4),
        seller_fee: fee(USD, 10),
        ..trade(40, 800)
    };
    let mut ledger = ledger(&[
        deposit(HOUSE, USD, 800),
        hold(HOUSE, USD, 800),
        deposit(BOB, BTC, 40),
        hold(BOB, BTC, 40),
    ]);
    #[rustfmt::skip]
    settles(&mut ledger, house_buys, &[
        (HOUSE, USD, (10, -800), (10, 0)), // its own payment, and Bob's fee
        (BOB, BTC, (0, -40), (0, 0)),
        (HOUSE, BTC, (40, 0), (40, 0)),    // 36 as the buyer, 4 as the collector of its own fee
        (BOB, USD, (790, 0), (790, 0)),
    ]);

    apply(&mut ledger, hold(HOUSE, BTC, 40));
    apply(&mut ledger, hold(BOB, USD, 790));
    let house_sells = Settlement {
        buyer: BOB,
        seller: HOUSE,
        buyer_fee: fee(BTC, 1),
        seller_fee: fee(USD, 9),
        ..trade(40, 790)
    };
    #[rustfmt::skip]
    settles(&mut ledger, house_sells, &[
        (BOB, USD, (0, -790), (0, 0)),
        (HOUSE, BTC, (1, -40), (1, 0)),
        (BOB, BTC, (39, 0), (39, 0)),
        (HOUSE, USD, (790, 0), (800, 0)),
    ]);
}

#[test]
fn the_fee_account_needs_its_own_fee_in_a_third_asset_and_keeps_it() {
    let mut ledger = ledger(&[
        deposit(HOUSE, USD, 800),
        hold(HOUSE, USD, 800),
        deposit(HOUSE, FEES, 6),
        deposit(BOB, BTC, 40),
        hold(BOB, BTC, 40),
        deposit(BOB, FEES, 3),
    ]);
    let settlement = |house| Settlement {
        buyer: HOUSE,
        buyer_fee: fee(FEES, house),
        seller_fee: fee(FEES, 3),
        ..trade(40, 800)
    };
    refuses(&ledger, settlement(7), NOT_AVAILABLE);
    #[rustfmt::skip]
    settles(&mut ledger, settlement(6), &[
        (HOUSE, USD, (0, -800), (0, 0)),
        (BOB, BTC, (0, -40), (0, 0)),
        (HOUSE, BTC, (40, 0), (40, 0)),
        (BOB, USD, (800, 0), (800, 0)),
        (HOUSE, FEES, (3, 0), (9, 0)),
        (BOB, FEES, (-3, 0), (0, 0)),
    ]);
}

#[test]
fn the_fee_account_pays_a_rebate_as_a_party() {
    // The house makes and is paid a rebate, out of a fee that goes to itself.
    let mut ledger = ledger(&[
        deposit(ANN, USD, 800),
        hold(ANN, USD, 800),
        deposit(HOUSE, BTC, 40),
        hold(HOUSE, BTC, 40),
    ]);
    let settlement = Settlement {
        seller: HOUSE,
        buyer_fee: fee(BTC, 10),
        seller_fee: fee(BTC, -10),
        ..trade(40, 800)
    };
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (0, -800), (0, 0)),
        (HOUSE, BTC, (10, -40), (10, 0)),
        (ANN, BTC, (30, 0), (30, 0)),
        (HOUSE, USD, (800, 0), (800, 0)),
    ]);
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
        buyer_fee: fee(BTC, 2),
        seller_fee: fee(USD, 3),
        ..trade(10, 10)
    };
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (HOUSE, USD, (10, -10), (10, 0)),
        (HOUSE, BTC, (10, -10), (10, 0)),
    ]);
}

#[test]
fn what_is_available_is_not_settled() {
    let ledger = ledger(&[
        deposit(ANN, USD, 1_000),
        hold(ANN, USD, 600),
        deposit(BOB, BTC, 50),
        hold(BOB, BTC, 30),
    ]);
    refuses(&ledger, trade(30, 601), NOT_HELD);
    refuses(&ledger, trade(31, 600), NOT_HELD);
    let good = trade(30, 600);
    for settlement in [
        Settlement {
            buyer_frees: Amount::new(601),
            ..good
        },
        Settlement {
            seller_frees: Amount::new(31),
            ..good
        },
        Settlement {
            buyer_frees: Amount::new(u128::MAX),
            seller_frees: Amount::new(u128::MAX),
            ..good
        },
        trade(u128::MAX, u128::MAX),
    ] {
        refuses(&ledger, settlement, NOT_HELD);
    }
    ledger
        .validate(&Command::Settle(good))
        .expect("so much is held");
}

#[test]
fn everybody_has_to_be_there() {
    let ledger = ready_to_trade();
    let good = trade(1, 1);
    let asset = |settlement| refuses(&ledger, settlement, LedgerReject::UnknownAsset);
    asset(Settlement {
        base: NOWHERE,
        ..good
    });
    asset(Settlement {
        quote: NOWHERE,
        ..good
    });
    // Even where there is no fee.
    asset(Settlement {
        buyer_fee: fee(NOWHERE, 0),
        ..good
    });
    asset(Settlement {
        seller_fee: fee(NOWHERE, 0),
        ..good
    });
    for (account, reject) in [
        (NOBODY, LedgerReject::UnknownAccount),
        (GONE, LedgerReject::AccountClosed),
    ] {
        refuses(
            &ledger,
            Settlement {
                buyer: account,
                ..good
            },
            reject,
        );
        refuses(
            &ledger,
            Settlement {
                seller: account,
                ..good
            },
            reject,
        );
        refuses(
            &ledger,
            Settlement {
                fee_account: account,
                ..good
            },
            reject,
        );
    }
    // Of several it is the buyer first, then the seller, then the fee account.
    for (buyer, seller, fee_account, reject) in [
        (NOBODY, GONE, GONE, LedgerReject::UnknownAccount),
        (GONE, NOBODY, NOBODY, LedgerReject::AccountClosed),
        (ANN, NOBODY, GONE, LedgerReject::UnknownAccount),
        (ANN, GONE, NOBODY, LedgerReject::AccountClosed),
    ] {
        let settlement = Settlement {
            buyer,
            seller,
            fee_account,
            ..good
        };
        refuses(&ledger, settlement, reject);
    }
}

#[test]
fn a_settlement_needs_two_assets_modest_fees_and_holds_for_what_is_paid() {
    let mut ledger = ready_to_trade();
    apply(&mut ledger, deposit(ANN, FEES, 1_000));
    let good = trade(10, 100);
    let freed = |buyer: u128, seller: u128| Settlement {
        buyer_frees: Amount::new(buyer),
        seller_frees: Amount::new(seller),
        ..good
    };
    for settlement in [
        Settlement { quote: BTC, ..good },
        Settlement { base: USD, ..good },
        // More than is received.
        Settlement {
            buyer_fee: fee(BTC, 11),
            ..good
        },
        Settlement {
            buyer_fee: fee(BTC, i128::MAX),
            ..good
        },
        Settlement {
            seller_fee: fee(USD, 101),
            ..good
        },
        // Less than is paid, or than that and the fee on top of it.
        freed(99, 10),
        freed(100, 9),
        freed(0, 0),
        Settlement {
            buyer_fee: fee(USD, 1),
            ..good
        },
        Settlement {
            seller_fee: fee(BTC, 1),
            ..good
        },
        Settlement {
            buyer_fee: fee(USD, 6),
            ..freed(105, 10)
        },
        Settlement {
            seller_fee: fee(BTC, 3),
            ..freed(100, 12)
        },
        Settlement {
            buyer_fee: fee(USD, i128::MAX),
            ..good
        },
        // Together beyond 128 bits, whatever is freed.
        Settlement {
            quote_amount: Amount::new(u128::MAX),
            buyer_fee: fee(USD, 1),
            ..freed(u128::MAX, 10)
        },
    ] {
        refuses(&ledger, settlement, INVALID);
    }
    // A fee on top is bound by what is freed alone, which nobody holds here.
    let on_top = Settlement {
        buyer_fee: fee(USD, i128::MAX),
        ..freed(u128::MAX, 10)
    };
    refuses(&ledger, on_top, NOT_HELD);
}

#[test]
fn nothing_is_not_traded() {
    let ledger = ready_to_trade();
    for settlement in [trade(0, 1), trade(1, 0), trade(0, 0)] {
        refuses(&ledger, settlement, LedgerReject::ZeroAmount);
    }
}

#[test]
fn of_several_reasons_the_first_listed_is_reported() {
    let mut ledger = ready_to_trade();
    // Everything is wrong with it; what is mended one by one, the next reason comes up.
    let mut settlement = Settlement {
        base: NOWHERE,
        quote: NOWHERE,
        buyer: NOBODY,
        seller: GONE,
        base_amount: Amount::ZERO,
        quote_amount: Amount::ZERO,
        buyer_frees: Amount::new(2_000),
        buyer_fee: fee(NOWHERE, 5),
        seller_fee: fee(NOWHERE, -1),
        fee_account: NOBODY,
        ..trade(1, 1)
    };
    let mut next = |mend: fn(&mut Settlement), reject| {
        refuses(&ledger, settlement, reject);
        mend(&mut settlement);
    };
    next(|s| s.base = USD, LedgerReject::UnknownAsset);
    next(|s| s.quote = USD, LedgerReject::UnknownAsset);
    next(|s| s.buyer_fee.asset = FEES, LedgerReject::UnknownAsset);
    next(|s| s.seller_fee.asset = USD, LedgerReject::UnknownAsset);
    next(|s| s.buyer = ANN, LedgerReject::UnknownAccount);
    next(|s| s.seller = BOB, LedgerReject::AccountClosed);
    next(|s| s.fee_account = HOUSE, LedgerReject::UnknownAccount);
    next(|s| s.base_amount = Amount::new(1), LedgerReject::ZeroAmount);
    next(
        |s| s.quote_amount = Amount::new(1),
        LedgerReject::ZeroAmount,
    );
    next(|s| s.base = BTC, INVALID);
    next(|s| s.seller_fee.asset = FEES, INVALID);
    next(|s| s.buyer_frees = Amount::new(1), NOT_HELD);
    next(|_| (), NOT_AVAILABLE);
    apply(&mut ledger, deposit(ANN, FEES, 5));
    apply(&mut ledger, Command::Settle(settlement));
}

/// Ann holds all USD that there can be, Bob all BTC.
fn all_there_can_be(ann: AccountId, bob: AccountId) -> Ledger {
    ledger(&[
        deposit(ann, USD, ALL),
        hold(ann, USD, ALL),
        deposit(bob, BTC, ALL),
        hold(bob, BTC, ALL),
    ])
}

const MOST: i128 = i128::MAX;

#[test]
fn everything_there_is_changes_hands() {
    let half = FeeRate::new(500_000).expect("50 % is a rate");
    let share = half.of(Amount::MAX).gain().expect("it fits").get();
    let settlement = Settlement {
        buyer_fee: fee(BTC, share),
        seller_fee: fee(USD, share),
        ..trade(ALL, ALL)
    };
    let mut ledger = all_there_can_be(ANN, BOB);
    #[rustfmt::skip]
    settles(&mut ledger, settlement, &[
        (ANN, USD, (0, -MOST), (0, 0)),
        (BOB, BTC, (0, -MOST), (0, 0)),
        (ANN, BTC, (MOST - share, 0), (ALL / 2 + 1, 0)),
        (BOB, USD, (MOST - share, 0), (ALL / 2 + 1, 0)),
        (HOUSE, BTC, (share, 0), (ALL / 2, 0)),
        (HOUSE, USD, (share, 0), (ALL / 2, 0)),
    ]);
}

#[test]
fn everything_there_is_becomes_available_or_a_fee() {
    // A unit changes hands, all the rest is what a better price frees.
    let frees_all = Settlement {
        buyer_frees: Amount::MAX,
        seller_frees: Amount::MAX,
        ..trade(1, 1)
    };
    #[rustfmt::skip]
    settles(&mut all_there_can_be(ANN, BOB), frees_all, &[
        (ANN, USD, (MOST - 1, -MOST), (ALL - 1, 0)),
        (BOB, BTC, (MOST - 1, -MOST), (ALL - 1, 0)),
        (ANN, BTC, (1, 0), (1, 0)),
        (BOB, USD, (1, 0), (1, 0)),
    ]);

    // All the rest is a fee on top, of which the other side is paid all, or the house.
    let on_top = |rebate| Settlement {
        buyer_fee: fee(USD, MOST - 1),
        seller_fee: fee(USD, rebate),
        ..frees_all
    };
    #[rustfmt::skip]
    settles(&mut all_there_can_be(ANN, BOB), on_top(1 - MOST), &[
        (ANN, USD, (0, -MOST), (0, 0)),
        (BOB, BTC, (MOST - 1, -MOST), (ALL - 1, 0)),
        (ANN, BTC, (1, 0), (1, 0)),
        (BOB, USD, (MOST, 0), (ALL, 0)),
    ]);
    #[rustfmt::skip]
    settles(&mut all_there_can_be(ANN, BOB), on_top(1), &[
        (ANN, USD, (0, -MOST), (0, 0)),
        (BOB, BTC, (MOST - 1, -MOST), (ALL - 1, 0)),
        (ANN, BTC, (1, 0), (1, 0)),
        (HOUSE, USD, (MOST, 0), (ALL, 0)),
    ]);
    refuses(&all_there_can_be(ANN, BOB), on_top(-MOST), INVALID);

    // And one in a third asset.
    let mut ledger = all_there_can_be(ANN, BOB);
    apply(&mut ledger, deposit(BOB, FEES, ALL));
    let third = Settlement {
        buyer_fee: fee(FEES, -MOST),
        seller_fee: fee(FEES, MOST),
        ..trade(ALL, ALL)
    };
    #[rustfmt::skip]
    settles(&mut ledger, third, &[
        (ANN, USD, (0, -MOST), (0, 0)),
        (BOB, BTC, (0, -MOST), (0, 0)),
        (ANN, BTC, (MOST, 0), (ALL, 0)),
        (BOB, USD, (MOST, 0), (ALL, 0)),
        (ANN, FEES, (MOST, 0), (ALL, 0)),
        (BOB, FEES, (-MOST, 0), (0, 0)),
    ]);
}

#[test]
fn the_house_receives_the_last_unit_that_fits() {
    // Everybody is the same account: what is paid, received and charged never adds up to more
    // than there is, not even on the way.
    for (buyer_fee, seller_fee) in [
        (fee(BTC, MOST), fee(USD, 1)),
        (fee(BTC, MOST), fee(USD, MOST)),
        (fee(BTC, MOST), fee(BTC, -MOST)),
        (fee(USD, -MOST), fee(USD, MOST)),
    ] {
        let mut ledger = all_there_can_be(HOUSE, HOUSE);
        let settlement = Settlement {
            buyer: HOUSE,
            seller: HOUSE,
            buyer_fee,
            seller_fee,
            ..trade(ALL, ALL)
        };
        #[rustfmt::skip]
        settles(&mut ledger, settlement, &[
            (HOUSE, USD, (MOST, -MOST), (ALL, 0)),
            (HOUSE, BTC, (MOST, -MOST), (ALL, 0)),
        ]);
    }
}
