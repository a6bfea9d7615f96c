//! Trading that is stopped, and goes on. The notation is explained in `desk`.

mod desk;

use accounts_core::{AccountId, LedgerReject};
use desk::*;
use exchange_engine::{Command, InstrumentId, Reject, Scope};
use orderbook_core::BookReject;

/// Ann and Bob have 10,000 of everything, and orders in two instruments.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.list(ETHUSD);
    for account in [ANN, BOB] {
        for asset in [USD, BTC, ETH] {
            desk.deposit(account, asset, 10_000);
        }
    }
    desk.accept(on(ETHUSD, place(ANN, "buy 1 @ 50")));
    desk.place(BOB, "buy 2 @ 90");
    desk.place(ANN, "sell 3 @ 110 as x");
    desk.place(ANN, "buy 4 @ 90");
    desk.place(BOB, "sell 5 @ 105 show 2");
    desk.place(ANN, "buy 6 @ 95");
    desk
}

fn halt(scope: Scope, cancel_orders: bool) -> Command {
    Command::Halt {
        scope,
        cancel_orders,
    }
}

const ALL: [(Scope, Reject); 3] = [
    (Scope::Venue, Reject::VenueHalted),
    (Scope::Instrument(BTCUSD), Reject::InstrumentHalted),
    (Scope::Account(ANN), Reject::AccountHalted),
];

/// What new business is, of Ann in the one pair.
fn business() -> [Command; 5] {
    [
        place(ANN, "buy 1 @ 1"),
        place(ANN, "sell 1 market"),
        place(ANN, "buy 1 @ 1 ioc as y"),
        replace(ANN, by_name("x"), 3, 111),
        amend(ANN, by_name("x"), 3, 111),
    ]
}

#[test]
fn nothing_is_placed_replaced_or_amended_until_trading_is_resumed() {
    for (scope, reject) in ALL {
        let mut desk = desk();
        let hash = desk.exchange.state_hash();
        assert_eq!(desk.exchange.is_halted(scope), Some(false));
        let events = desk.accept(halt(scope, false));
        assert_eq!(words(&events).len(), 1);
        assert_eq!(desk.exchange.is_halted(scope), Some(true));
        for command in business() {
            desk.refuse(command, reject);
        }
        // Not even what makes an order smaller, where it says so by an amendment.
        desk.refuse(amend(ANN, by_name("x"), 2, 110), reject);
        desk.restart();
        desk.refuse(place(ANN, "buy 1 @ 1"), reject);

        desk.accept(Command::Resume { scope });
        assert_eq!(desk.exchange.is_halted(scope), Some(false));
        assert_eq!(desk.exchange.state_hash(), hash);
        for command in business().into_iter().take(4) {
            desk.accept(command);
        }
    }
}

#[test]
fn orders_are_cancelled_and_reduced_and_money_moves_all_the_same() {
    for (scope, _) in ALL {
        let mut desk = desk();
        desk.accept(halt(scope, false));
        desk.accept(reduce(ANN, by_name("x"), 1));
        desk.accept(cancel(ANN, by_name("x")));
        desk.accept(cancel_all(ANN));
        desk.accept(Command::AdvanceTime);
        desk.deposit(ANN, USD, 50);
        desk.accept(withdraw(ANN, USD, 10_000));
        desk.owns(ANN, "btc 10000 usd 0+50 eth 10000");
    }
}

#[test]
fn dates_come_though_nothing_trades() {
    let mut desk = desk();
    desk.place(ANN, "buy 1 @ 1 until 50");
    desk.accept(halt(Scope::Venue, false));
    desk.time = 50;
    let events = desk.accept(Command::AdvanceTime);
    assert_eq!(words_with(&events, "#"), ["#7 expired"]);
}

#[test]
fn others_trade_elsewhere() {
    let mut instrument = desk();
    instrument.accept(halt(Scope::Instrument(BTCUSD), false));
    instrument.accept(on(ETHUSD, place(BOB, "sell 1 @ 50")));
    instrument.refuse(place(BOB, "buy 1 @ 1"), Reject::InstrumentHalted);

    let mut account = desk();
    account.accept(halt(Scope::Account(ANN), false));
    // What rests of a halted account may be taken.
    account.place(BOB, "sell 6 @ 95");
    account.owns(ANN, "btc 10003+3 usd 9020+410 eth 10000");
    account.refuse(on(ETHUSD, place(ANN, "buy 1 @ 1")), Reject::AccountHalted);
}

#[test]
fn the_venue_is_cancelled_by_instrument_bids_first_best_first() {
    let mut desk = desk();
    let events = desk.accept(halt(Scope::Venue, true));
    assert_eq!(
        words(&events),
        [
            "halted: venue",
            "#6 cancelled",
            "account 1 asset 2: 9590+410",
            "#2 cancelled",
            "account 2 asset 2: 10000+0",
            "#4 cancelled",
            "account 1 asset 2: 9950+50",
            "#5 cancelled",
            "account 2 asset 1: 10000+0",
            "#3 cancelled",
            "account 1 asset 1: 10000+0",
            "#1 cancelled",
            "account 1 asset 2: 10000+0",
        ]
    );
    for account in [ANN, BOB] {
        desk.owns(account, "btc 10000 usd 10000 eth 10000");
    }
    desk.book(&[]);
}

#[test]
fn an_instrument_is_cancelled_likewise_and_no_other() {
    let mut desk = desk();
    let events = desk.accept(halt(Scope::Instrument(BTCUSD), true));
    assert_eq!(words(&events)[0], "halted: instrument 1");
    assert_eq!(
        words_with(&events, "#"),
        [
            "#6 cancelled",
            "#2 cancelled",
            "#4 cancelled",
            "#5 cancelled",
            "#3 cancelled"
        ]
    );
    desk.owns(ANN, "btc 10000 usd 9950+50 eth 10000");
    desk.owns(BOB, "btc 10000 usd 10000 eth 10000");
}

#[test]
fn an_account_is_cancelled_by_instrument_oldest_first() {
    let mut desk = desk();
    let events = desk.accept(halt(Scope::Account(ANN), true));
    assert_eq!(
        words(&events),
        [
            "halted: account 1",
            "#3 cancelled",
            "account 1 asset 1: 10000+0",
            "#4 cancelled",
            "account 1 asset 2: 9380+620",
            "#6 cancelled",
            "account 1 asset 2: 9950+50",
            "#1 cancelled",
            "account 1 asset 2: 10000+0",
        ]
    );
    desk.owns(BOB, "btc 9995+5 usd 9820+180 eth 10000");
    desk.book(&["bid 90: 2", "ask 105: 2"]);
}

#[test]
fn an_order_that_was_amended_lately_is_not_younger() {
    let mut desk = desk();
    desk.accept(amend(ANN, by_name("x"), 4, 120));
    let events = desk.accept(halt(Scope::Account(ANN), true));
    assert_eq!(
        words_with(&events, "#"),
        [
            "#3 cancelled",
            "#4 cancelled",
            "#6 cancelled",
            "#1 cancelled"
        ]
    );
}

#[test]
fn what_is_halted_may_be_halted_again_to_cancel() {
    for (scope, reject) in ALL {
        let mut desk = desk();
        desk.accept(halt(scope, false));
        desk.accept(halt(scope, false));
        let events = desk.accept(halt(scope, true));
        assert!(words(&events).len() > 1);
        desk.refuse(place(ANN, "buy 1 @ 1"), reject);
        let events = desk.accept(halt(scope, true));
        assert_eq!(words(&events).len(), 1);
        // Once is enough to go on.
        desk.accept(Command::Resume { scope });
        desk.place(ANN, "buy 1 @ 1");
    }
}

#[test]
fn the_largest_halt_is_told_and_each_is_lifted_by_itself() {
    let mut desk = desk();
    for (scope, _) in ALL.into_iter().rev() {
        desk.accept(halt(scope, false));
    }
    for (scope, reject) in ALL {
        desk.refuse(place(ANN, "buy 1 @ 1"), reject);
        desk.accept(Command::Resume { scope });
        desk.refuse(Command::Resume { scope }, Reject::NotHalted);
    }
    desk.place(ANN, "buy 1 @ 1");
}

#[test]
fn halts_come_before_the_terms_and_the_money() {
    let mut desk = desk();
    desk.accept(halt(Scope::Account(ANN), false));
    desk.refuse(place(ANN, "buy 0 @ 1"), Reject::AccountHalted);
    desk.refuse(place(ANN, "buy 1000 @ 1000"), Reject::AccountHalted);
    desk.refuse(amend(ANN, by_name("x"), 3, 110), Reject::AccountHalted);
    // Who and what comes before them.
    desk.refuse(
        on(InstrumentId::new(99), place(ANN, "buy 1 @ 1")),
        Reject::UnknownInstrument,
    );
    desk.refuse(amend(ANN, by_name("y"), 1, 1), Reject::UnknownOrder);
    desk.refuse(place(ANN, "buy 1 @ 1 as x"), Reject::DuplicateClientOrderId);
    desk.accept(Command::Resume {
        scope: Scope::Account(ANN),
    });
    desk.refuse(place(ANN, "buy 0 @ 1"), BookReject::QuantityOutOfRange);
}

#[test]
fn who_asks_again_is_answered() {
    for (scope, _) in ALL {
        let mut desk = desk();
        desk.accept(halt(scope, true));
        let events = desk.accept(place(ANN, "sell 3 @ 110 as x"));
        assert_eq!(words(&events), ["#3 again: 0 for 0, rested"]);
    }
}

#[test]
fn the_fee_account_may_be_halted_and_still_gets_its_fees() {
    let mut desk = Desk::with_fees(10_000, 10_000);
    desk.accept(halt(Scope::Account(HOUSE), true));
    desk.deposit(ANN, BTC, 100);
    desk.deposit(BOB, USD, 10_000);
    desk.place(ANN, "sell 100 @ 100");
    desk.place(BOB, "buy 100 @ 100");
    desk.owns(HOUSE, "btc 1 usd 100");
    desk.refuse(place(HOUSE, "sell 1 @ 100"), Reject::AccountHalted);
}

#[test]
fn what_is_halted_must_be_known() {
    let mut desk = desk();
    let stranger = Scope::Account(AccountId::new(99));
    let nowhere = Scope::Instrument(InstrumentId::new(99));
    desk.accept(Command::CloseAccount { account: CAT });
    let cases: [(Scope, Reject); 3] = [
        (stranger, LedgerReject::UnknownAccount.into()),
        (Scope::Account(CAT), LedgerReject::AccountClosed.into()),
        (nowhere, Reject::UnknownInstrument),
    ];
    for (scope, reject) in cases {
        desk.refuse(halt(scope, true), reject);
        desk.refuse(Command::Resume { scope }, reject);
        assert_eq!(desk.exchange.is_halted(scope), None);
    }
    for (scope, _) in ALL {
        desk.refuse(Command::Resume { scope }, Reject::NotHalted);
    }
}
