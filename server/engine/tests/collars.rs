//! Prices too far from the last one. The notation is explained in `desk`.

mod desk;

use accounts_core::{LimitReject, OrderLimits, PriceCollar};
use desk::*;
use exchange_engine::{Command, Event, Reject};
use orderbook_core::{OrderKind, Price};

/// Ann and Bob have 10,000 of everything.
fn desk() -> Desk {
    let mut desk = Desk::new();
    for account in [ANN, BOB] {
        for asset in [USD, BTC] {
            desk.deposit(account, asset, 10_000);
        }
    }
    desk
}

const REJECT: LimitReject = LimitReject::OutsideCollar;

/// A collar of 5 %, and a last price of 1,000.
fn collared() -> Desk {
    let mut desk = desk();
    desk.accept(collar(Some(50_000)));
    desk.trades_at(BTCUSD, 1_000);
    desk
}

fn collar(ppm: Option<u32>) -> Command {
    Command::LimitInstrument {
        instrument: BTCUSD,
        limits: OrderLimits::default(),
        collar: ppm.map(PriceCollar::new),
    }
}

#[test]
fn nobody_buys_for_much_more_or_sells_for_much_less() {
    let mut desk = collared();
    desk.refuse(place(ANN, "buy 1 @ 1051"), REJECT);
    desk.refuse(place(ANN, "sell 1 @ 949"), REJECT);
    desk.refuse(place(ANN, "buy 1 @ 1051 ioc"), REJECT);
    desk.place(ANN, "buy 1 @ 1050");
    desk.accept(cancel_all(ANN));
    desk.place(ANN, "sell 1 @ 950");
    // Far away on the other side is harmless.
    desk.place(ANN, "sell 1 @ 9000");
    desk.place(ANN, "buy 1 @ 1");
}

#[test]
fn it_follows_the_last_price() {
    let mut desk = collared();
    desk.trades_at(BTCUSD, 1_050);
    // 52.5 is 52.
    desk.refuse(place(ANN, "buy 1 @ 1103"), REJECT);
    desk.place(ANN, "buy 1 @ 1102");
}

#[test]
fn replacements_and_amendments_too() {
    let mut desk = collared();
    desk.place(ANN, "buy 1 @ 900");
    desk.refuse(replace(ANN, by_id(3), 1, 1_051), REJECT);
    desk.refuse(amend(ANN, by_id(3), 1, 1_051), REJECT);
    desk.accept(amend(ANN, by_id(3), 1, 1_050));
    desk.accept(replace(ANN, by_id(3), 1, 1_049));
}

#[test]
fn before_the_first_trade_nothing_is_too_far() {
    let mut desk = desk();
    desk.accept(collar(Some(50_000)));
    desk.place(ANN, "buy 1 @ 9000");
    desk.accept(cancel_all(ANN));
    let events = desk.accept(place(ANN, "sell 1 market"));
    assert_eq!(protection(&events), None);
}

#[test]
fn it_is_lifted_again() {
    let mut desk = collared();
    desk.accept(collar(None));
    desk.place(ANN, "buy 1 @ 2000");
}

#[test]
fn a_collar_of_nothing_is_the_last_price() {
    let mut desk = collared();
    desk.accept(collar(Some(0)));
    desk.refuse(place(ANN, "buy 1 @ 1001"), REJECT);
    desk.place(ANN, "buy 1 @ 1000");
}

fn protection(events: &[Event]) -> Option<i64> {
    let accepted = events.iter().find_map(|event| match event {
        Event::OrderAccepted { order, .. } => Some(order.kind),
        _ => None,
    });
    match accepted {
        Some(OrderKind::Market { protection, .. }) => protection.map(Price::get),
        _ => panic!("no market order"),
    }
}

#[test]
fn a_market_order_is_protected_by_the_stricter_price() {
    let mut desk = collared();
    for (order, price) in [
        ("buy 1 market", 1_050),
        ("buy 1 market worst 1049", 1_049),
        ("buy 1 market worst 1051", 1_050),
        ("buy 1 market for 5", 1_050),
        ("sell 1 market", 950),
        ("sell 1 market worst 951", 951),
        ("sell 1 market worst 949", 950),
    ] {
        let events = desk.accept(place(ANN, order));
        assert_eq!(protection(&events), Some(price), "{order}");
    }
}

#[test]
fn a_market_order_stops_there() {
    let mut desk = collared();
    desk.place(BOB, "sell 1 @ 1050");
    desk.accept(collar(Some(500_000)));
    desk.place(BOB, "sell 1 @ 1051");
    desk.accept(collar(Some(50_000)));
    // What it could buy beyond costs nothing either.
    desk.accept(withdraw(ANN, USD, 10_000 - 1_050));
    let events = desk.accept(place(ANN, "buy 2 market"));
    assert_eq!(words_with(&events, "traded"), ["traded 1 @ 1050"]);
    desk.owns(ANN, "btc 10001 usd 0");
}

#[test]
fn it_stays_within_the_prices_of_the_instrument() {
    let mut desk = desk();
    desk.accept(collar(Some(2_000_000)));
    desk.trades_at(BTCUSD, 900_000);
    let events = desk.accept(place(ANN, "buy 1 market"));
    assert_eq!(protection(&events), Some(1_000_000));
    let events = desk.accept(place(ANN, "sell 1 market"));
    assert_eq!(protection(&events), Some(1));
    desk.place(ANN, "sell 1 @ 1");
}

#[test]
fn it_belongs_to_what_a_resend_repeats() {
    let mut desk = collared();
    desk.place(BOB, "sell 1 @ 1000");
    desk.place(ANN, "buy 1 market as x");
    // The same order once more is the one that the client sent.
    let events = desk.accept(place(ANN, "buy 1 market as x"));
    assert_eq!(words(&events), ["#4 again: 1 for 1000, filled"]);
    desk.refuse(
        place(ANN, "buy 1 market worst 1050 as x"),
        Reject::DuplicateClientOrderId,
    );
}
