//! The money adds up, and what an exchange owes can be read off. That it adds up is seen to after
//! every command of every scenario. The notation is explained in `desk`.

mod desk;

use accounts_core::{Amount, AssetId};
use desk::*;
use exchange_engine::AssetProof;

/// Available, held, fees, deposits less withdrawals.
fn line(asset: AssetId, amounts: [u128; 4]) -> AssetProof {
    let [available, held, fees, external] = amounts.map(Amount::new);
    AssetProof {
        asset,
        available,
        held,
        fees,
        external,
    }
}

#[test]
fn nothing_is_owed_at_first() {
    let desk = Desk::empty();
    let proof = desk.exchange.proof();
    assert!(proof.adds_up());
    assert_eq!(proof.assets(), []);
}

#[test]
fn deposits_are_owed_until_they_are_withdrawn() {
    let mut desk = Desk::new();
    desk.deposit(ANN, USD, 1_000);
    desk.deposit(BOB, BTC, 7);
    desk.place(ANN, "buy 3 @ 100");
    desk.accept(withdraw(ANN, USD, 100));
    let proof = desk.exchange.proof();
    assert_eq!(
        proof.assets(),
        [line(BTC, [7, 0, 0, 7]), line(USD, [600, 300, 0, 900]),]
    );
    assert_eq!(proof.assets()[1].liabilities(), Some(Amount::new(900)));
}

#[test]
fn fees_and_rebates_are_owed_to_nobody_or_to_somebody_else() {
    let mut desk = Desk::with_fees(-50_000, 100_000);
    desk.deposit(ANN, USD, 10_000);
    desk.deposit(BOB, BTC, 100);
    desk.pays_fees_in(BOB, BTC);
    desk.place(ANN, "buy 50 @ 100");
    // Bob pays 5 on top of 50, of which Ann gets 2.
    desk.place(BOB, "sell 50 @ 100");
    desk.place(BOB, "sell 20 @ 101");
    // Ann pays 1 of 10, of which Bob gets nothing.
    desk.place(ANN, "buy 10 @ 101");
    assert_eq!(
        desk.exchange.proof().assets(),
        [
            // Ann has 50 + 2 + 10 - 1. Bob has 100 - 55 - 10, and holds 10 of these and a fee of 1.
            line(BTC, [61 + 24, 11, 4, 100]),
            line(USD, [10_000, 0, 0, 10_000]),
        ]
    );
}

#[test]
fn what_the_fee_account_trades_with_are_fees() {
    let mut desk = Desk::new();
    desk.deposit(HOUSE, USD, 1_000);
    desk.place(HOUSE, "buy 3 @ 100");
    assert_eq!(
        desk.exchange.proof().assets(),
        [line(BTC, [0, 0, 0, 0]), line(USD, [0, 0, 1_000, 1_000]),]
    );
}

#[test]
fn anything_else_does_not_add_up() {
    for spoilt in [
        [7, 0, 0, 8],
        [8, 0, 0, 7],
        [5, 1, 0, 7],
        [5, 1, 2, 7],
        [u128::MAX, 1, 0, 0],
        [u128::MAX, 0, 1, 0],
    ] {
        assert!(!line(BTC, spoilt).adds_up());
    }
    assert!(line(BTC, [4, 1, 2, 7]).adds_up());
}

#[test]
fn it_can_be_printed() {
    let mut desk = Desk::new();
    desk.deposit(ANN, USD, 1_000);
    assert_eq!(
        desk.exchange.proof().to_string(),
        "asset 1: available 0 + held 0 + fees 0 = deposits - withdrawals 0\n\
         asset 2: available 1000 + held 0 + fees 0 = deposits - withdrawals 1000\n"
    );
}
