//! What orders hold: never more than they may cost, never less, and nothing once they are closed.
//! After every accepted command the desk checks that balances and orders agree, and that who has no
//! orders holds nothing. The notation is explained in `desk`.

mod desk;

use accounts_core::LedgerReject;
use desk::*;
use exchange_engine::Command;

const POOR: LedgerReject = LedgerReject::InsufficientAvailable;

#[test]
fn a_limit_buy_holds_its_price_and_a_limit_sell_its_quantity() {
    let mut desk = Desk::new();
    desk.deposit(ANN, USD, 1_000);
    desk.deposit(BOB, BTC, 10);
    let bid = desk.place(ANN, "buy 5 @ 100");
    desk.owns(ANN, "btc 0 usd 500+500");
    let ask = desk.place(BOB, "sell 4 @ 101");
    desk.owns(BOB, "btc 6+4 usd 0");
    desk.book(&["bid 100: 5", "ask 101: 4"]);

    desk.cancel(ANN, bid);
    desk.cancel(BOB, ask);
    desk.owns(ANN, "btc 0 usd 1000");
    desk.owns(BOB, "btc 10 usd 0");
    desk.book(&[]);
}

#[test]
fn a_better_price_is_released_at_once_even_if_a_part_still_rests() {
    let mut desk = Desk::new();
    desk.deposit(ANN, BTC, 3);
    desk.deposit(BOB, USD, 1_000);
    desk.place(ANN, "sell 3 @ 90");
    // Held 5 x 100, paid 3 x 90, 2 x 100 stay held: 30 are saved.
    desk.place(BOB, "buy 5 @ 100");
    desk.owns(BOB, "btc 3 usd 530+200");
    desk.owns(ANN, "btc 0 usd 270");
}

#[test]
fn a_maker_gets_its_price_and_keeps_holding_for_the_rest() {
    let mut desk = Desk::new();
    desk.deposit(ANN, USD, 1_000);
    desk.deposit(BOB, BTC, 2);
    desk.place(ANN, "buy 5 @ 100");
    desk.place(BOB, "sell 2 @ 90");
    desk.owns(ANN, "btc 2 usd 500+300");
    desk.owns(BOB, "btc 0 usd 200");
}

#[test]
fn what_is_held_can_be_neither_withdrawn_nor_spent_twice() {
    let mut desk = Desk::new();
    desk.deposit(ANN, USD, 1_000);
    desk.place(ANN, "buy 6 @ 100");
    desk.refuse(withdraw(ANN, USD, 401), POOR);
    desk.refuse(place(ANN, "buy 5 @ 100"), POOR);
    desk.place(ANN, "buy 4 @ 100");
    desk.owns(ANN, "btc 0 usd 0+1000");
}

#[test]
fn an_order_that_costs_a_unit_too_much_changes_nothing() {
    let mut desk = Desk::new();
    desk.deposit(ANN, USD, 499);
    desk.deposit(ANN, BTC, 4);
    desk.deposit(BOB, BTC, 5);
    desk.place(BOB, "sell 5 @ 100");
    for order in [
        "buy 5 @ 100",
        "buy 5 market",
        "buy 5 @ 100 ioc",
        "buy 5 @ 100 fok",
        "sell 5 @ 101",
        "sell 5 market",
    ] {
        desk.refuse(place(ANN, order), POOR);
    }
    desk.owns(ANN, "btc 4 usd 499");
    desk.deposit(ANN, USD, 1);
    desk.place(ANN, "buy 5 @ 100");
    desk.owns(ANN, "btc 9 usd 0");
}

#[test]
fn a_limit_order_is_held_in_full_though_the_book_is_cheaper() {
    let mut desk = Desk::new();
    desk.deposit(ANN, USD, 450);
    desk.deposit(BOB, BTC, 5);
    desk.place(BOB, "sell 5 @ 90");
    desk.refuse(place(ANN, "buy 5 @ 100"), POOR);
    desk.place(ANN, "buy 5 market");
    desk.owns(ANN, "btc 5 usd 0");
}

#[test]
fn money_earned_on_the_way_does_not_count_beforehand() {
    let mut desk = Desk::new();
    desk.deposit(ANN, BTC, 5);
    desk.deposit(ANN, USD, 499);
    desk.place(ANN, "sell 5 @ 100");
    // Ann would pay herself.
    desk.refuse(place(ANN, "buy 5 @ 100"), POOR);
}

#[test]
fn nothing_is_held_once_the_last_order_is_closed() {
    let mut desk = Desk::with_fees(1_000, 2_000);
    desk.deposit(ANN, USD, 10_007);
    desk.deposit(BOB, BTC, 1_003);
    desk.place(ANN, "buy 7 @ 99");
    desk.place(ANN, "buy 11 @ 101");
    desk.place(BOB, "sell 5 @ 100");
    desk.place(BOB, "sell 3 @ 98");
    desk.place(BOB, "sell 13 @ 103");
    desk.place(ANN, "buy 4 @ 105");
    desk.accept(cancel_all(ANN));
    desk.accept(cancel_all(BOB));
    // Ann bought 5 and 3 at 101 and 4 at 103; a fee of 0.1 or 0.2 % of so little is nothing.
    desk.owns(ANN, "btc 12 usd 8787");
    // Bob got 505 + 303 - 1 (2 permille of 505) - 0 and 412 - 0 (1 permille of 412).
    desk.owns(BOB, "btc 991 usd 1219");
    desk.owns(HOUSE, "btc 0 usd 1");
    desk.book(&[]);
}

#[test]
fn ticks_and_lots_are_worth_what_the_instrument_says() {
    let mut desk = Desk::empty();
    desk.accept(add_asset(BTC, "BTC", 8));
    desk.accept(add_asset(USD, "USD", 6));
    let mut pair = listing(BTCUSD, "BTCUSD");
    // A lot of 0.0005 BTC is 50,000 satoshi. A tick of 0.02 USD times that is 0.00001 USD,
    // ten smallest units.
    pair.instrument = instrument("BTCUSD", (2, 2), (5, 4));
    desk.accept(Command::ListInstrument(pair));
    for account in [ANN, BOB] {
        desk.accept(Command::OpenAccount { account });
    }
    desk.deposit(ANN, USD, 40_000);
    desk.deposit(BOB, BTC, 1_000_000);
    desk.place(ANN, "buy 20 @ 150");
    desk.owns(ANN, "btc 0 usd 10000+30000");
    desk.place(BOB, "sell 7 @ 150");
    desk.owns(ANN, "btc 350000 usd 10000+19500");
    desk.owns(BOB, "btc 650000 usd 10500");
}
