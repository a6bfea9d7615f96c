//! What is refused although there is the money for it. The notation is explained in `desk`.

mod desk;

use accounts_core::{
    AccountLimits, Amount, LedgerReject, LimitReject, OrderLimits, OrderRate, PriceCollar,
};
use desk::*;
use exchange_engine::{Command, Event, Reject};
use orderbook_core::{BookReject, Quantity};

const POOR: LedgerReject = LedgerReject::InsufficientAvailable;

/// Ann and Bob have 10,000 of everything.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.list(ETHUSD);
    for account in [ANN, BOB] {
        for asset in [USD, BTC, ETH] {
            desk.deposit(account, asset, 10_000);
        }
    }
    desk
}

/// What limits an account in an instrument.
#[derive(Clone, Copy)]
enum By {
    Instrument,
    Account,
}

const BOTH: [By; 2] = [By::Instrument, By::Account];

/// Limits of everybody in the one pair, or of Ann there.
fn limit(by: By, limits: OrderLimits) -> Command {
    match by {
        By::Instrument => Command::LimitInstrument {
            instrument: BTCUSD,
            limits,
            collar: None,
        },
        By::Account => Command::LimitAccountIn {
            account: ANN,
            instrument: BTCUSD,
            limits,
        },
    }
}

fn limit_account(limits: AccountLimits) -> Command {
    Command::LimitAccount {
        account: ANN,
        limits,
    }
}

const NONE: OrderLimits = OrderLimits {
    max_quantity: None,
    max_notional: None,
    max_open_orders: None,
    max_position: None,
};

const fn quantity(max: u64) -> OrderLimits {
    OrderLimits {
        max_quantity: Some(Quantity::new(max)),
        ..NONE
    }
}

const fn notional(max: u128) -> OrderLimits {
    OrderLimits {
        max_notional: Some(Amount::new(max)),
        ..NONE
    }
}

const fn open_orders(max: u32) -> OrderLimits {
    OrderLimits {
        max_open_orders: Some(max),
        ..NONE
    }
}

const fn position(max: u128) -> OrderLimits {
    OrderLimits {
        max_position: Some(Amount::new(max)),
        ..NONE
    }
}

mod of_quantity {
    use super::*;

    const REJECT: LimitReject = LimitReject::QuantityTooLarge;

    #[test]
    fn an_order_is_no_larger() {
        for by in BOTH {
            let mut desk = desk();
            desk.accept(limit(by, quantity(5)));
            for order in [
                "buy 6 @ 100",
                "sell 6 @ 100",
                "buy 6 market",
                "sell 6 market",
            ] {
                desk.refuse(place(ANN, order), REJECT);
            }
            for order in [
                "buy 5 @ 100",
                "sell 5 @ 101",
                "buy 5 market",
                "sell 5 market",
            ] {
                desk.place(ANN, order);
            }
        }
    }

    #[test]
    fn a_replacement_is_no_larger() {
        let mut desk = desk();
        desk.place(ANN, "buy 9 @ 100");
        desk.accept(limit(By::Instrument, quantity(5)));
        desk.refuse(replace(ANN, by_id(1), 6, 90), REJECT);
        desk.accept(replace(ANN, by_id(1), 5, 90));
    }

    #[test]
    fn an_amendment_is_about_the_new_total() {
        let mut desk = desk();
        desk.place(ANN, "buy 9 @ 100");
        desk.place(BOB, "sell 3 @ 100");
        desk.accept(limit(By::Instrument, quantity(5)));
        desk.refuse(amend(ANN, by_id(1), 6, 90), REJECT);
        // Less of it at the same price is always allowed.
        desk.accept(amend(ANN, by_id(1), 8, 100));
        desk.accept(reduce(ANN, by_id(1), 1));
        // Three have traded and two are left of five.
        desk.accept(amend(ANN, by_id(1), 5, 90));
        desk.book(&["bid 90: 2"]);
    }

    #[test]
    fn the_lower_of_two_wins() {
        for (everybody, own) in [(5, 9), (9, 5)] {
            let mut desk = desk();
            desk.accept(limit(By::Instrument, quantity(everybody)));
            desk.accept(limit(By::Account, quantity(own)));
            desk.refuse(place(ANN, "buy 6 @ 100"), REJECT);
            desk.place(ANN, "buy 5 @ 100");
        }
    }

    #[test]
    fn nobody_else_and_nowhere_else() {
        let mut desk = desk();
        desk.accept(limit(By::Account, quantity(5)));
        desk.place(BOB, "buy 6 @ 100");
        desk.accept(on(ETHUSD, place(ANN, "buy 6 @ 100")));
    }

    #[test]
    fn limits_are_lifted_again() {
        for by in BOTH {
            let mut desk = desk();
            desk.accept(limit(by, quantity(5)));
            desk.refuse(place(ANN, "buy 6 @ 100"), REJECT);
            desk.accept(limit(by, NONE));
            desk.place(ANN, "buy 6 @ 100");
        }
    }

    #[test]
    fn a_limit_of_nothing_allows_nothing() {
        let mut desk = desk();
        desk.accept(limit(By::Account, quantity(0)));
        desk.refuse(place(ANN, "buy 1 @ 100"), REJECT);
    }
}

mod of_notional {
    use super::*;

    const REJECT: LimitReject = LimitReject::NotionalTooLarge;

    #[test]
    fn an_order_is_worth_no_more_at_its_limit() {
        for by in BOTH {
            let mut desk = desk();
            desk.accept(limit(by, notional(500)));
            for order in ["buy 5 @ 101", "sell 6 @ 100", "sell 1 @ 501"] {
                desk.refuse(place(ANN, order), REJECT);
            }
            desk.place(ANN, "buy 5 @ 100");
            desk.place(ANN, "sell 4 @ 125");
        }
    }

    #[test]
    fn a_market_order_is_worth_what_it_would_trade_for() {
        let mut desk = desk();
        desk.place(BOB, "sell 3 @ 100");
        desk.place(BOB, "sell 3 @ 101");
        desk.place(BOB, "buy 9 @ 50");
        desk.accept(limit(By::Account, notional(401)));
        // 300 and 202.
        desk.refuse(place(ANN, "buy 5 market"), REJECT);
        desk.refuse(place(ANN, "sell 9 market"), REJECT);
        desk.place(ANN, "buy 4 market");
        desk.place(ANN, "sell 8 market");
        // All that there is left to buy is worth 202.
        desk.place(ANN, "buy 10000 market");
        desk.place(BOB, "sell 9 @ 100");
        desk.place(ANN, "buy 9 market for 401");
        desk.owns(ANN, "btc 10002 usd 9397 eth 10000");
    }

    #[test]
    fn replacements_and_amendments_too() {
        let mut desk = desk();
        desk.place(ANN, "buy 9 @ 100");
        desk.place(BOB, "sell 3 @ 100");
        desk.accept(limit(By::Instrument, notional(500)));
        desk.refuse(replace(ANN, by_id(1), 5, 101), REJECT);
        // The new total counts, though three of it have traded.
        desk.refuse(amend(ANN, by_id(1), 7, 99), REJECT);
        desk.accept(amend(ANN, by_id(1), 5, 99));
        desk.accept(replace(ANN, by_id(1), 5, 100));
    }

    #[test]
    fn the_lower_of_two_wins() {
        for (everybody, own) in [(500, 900), (900, 500)] {
            let mut desk = desk();
            desk.accept(limit(By::Instrument, notional(everybody)));
            desk.accept(limit(By::Account, notional(own)));
            desk.refuse(place(ANN, "buy 501 @ 1"), REJECT);
            desk.place(ANN, "buy 500 @ 1");
        }
    }
}

mod of_open_orders {
    use super::*;

    const REJECT: LimitReject = LimitReject::TooManyOpenOrders;

    #[test]
    fn so_many_rest_and_no_more() {
        for by in BOTH {
            let mut desk = desk();
            desk.accept(limit(by, open_orders(2)));
            desk.place(ANN, "buy 1 @ 100");
            desk.place(ANN, "sell 1 @ 200 show 1");
            for order in ["buy 1 @ 90", "sell 1 @ 210 post", "buy 1 @ 90 until 99"] {
                desk.refuse(place(ANN, order), REJECT);
            }
            // What cannot rest is not asked.
            for order in ["buy 1 @ 90 ioc", "buy 1 @ 90 fok", "buy 1 market"] {
                desk.place(ANN, order);
            }
            desk.cancel(ANN, orderbook_core::OrderId::new(1));
            desk.place(ANN, "buy 1 @ 90");
        }
    }

    #[test]
    fn what_could_rest_is_asked_though_it_would_trade() {
        let mut desk = desk();
        desk.place(BOB, "sell 5 @ 100");
        desk.accept(limit(By::Account, open_orders(0)));
        desk.refuse(place(ANN, "buy 5 @ 100"), REJECT);
        desk.place(ANN, "buy 5 @ 100 ioc");
    }

    #[test]
    fn a_filled_order_is_open_no_longer() {
        let mut desk = desk();
        desk.accept(limit(By::Account, open_orders(1)));
        desk.place(ANN, "buy 5 @ 100");
        desk.place(BOB, "sell 4 @ 100");
        desk.refuse(place(ANN, "buy 1 @ 90"), REJECT);
        desk.place(BOB, "sell 1 @ 100");
        desk.place(ANN, "buy 1 @ 90");
    }

    #[test]
    fn the_replaced_one_does_not_count() {
        let mut desk = desk();
        desk.accept(limit(By::Account, open_orders(2)));
        desk.place(ANN, "buy 1 @ 100");
        desk.place(ANN, "buy 1 @ 99");
        desk.accept(replace(ANN, by_id(1), 1, 98));
        desk.accept(limit(By::Account, open_orders(1)));
        desk.refuse(replace(ANN, by_id(2), 1, 97), REJECT);
        // An amended order was there before.
        desk.accept(amend(ANN, by_id(2), 5, 97));
    }

    #[test]
    fn an_account_is_limited_everywhere_together() {
        let mut desk = desk();
        desk.accept(limit_account(AccountLimits {
            max_open_orders: Some(2),
            order_rate: None,
        }));
        desk.place(ANN, "buy 1 @ 100");
        desk.accept(on(ETHUSD, place(ANN, "buy 1 @ 100")));
        desk.refuse(place(ANN, "buy 1 @ 90"), REJECT);
        desk.refuse(on(ETHUSD, place(ANN, "buy 1 @ 90")), REJECT);
        desk.place(BOB, "buy 1 @ 100");
        desk.accept(replace(ANN, by_id(1), 1, 90));
        desk.accept(limit_account(AccountLimits::default()));
        desk.place(ANN, "buy 1 @ 90");
    }

    #[test]
    fn the_lowest_wins() {
        for (everybody, own, all) in [(1, 9, 9), (9, 1, 9), (9, 9, 1)] {
            let mut desk = desk();
            desk.accept(limit(By::Instrument, open_orders(everybody)));
            desk.accept(limit(By::Account, open_orders(own)));
            desk.accept(limit_account(AccountLimits {
                max_open_orders: Some(all),
                order_rate: None,
            }));
            desk.place(ANN, "buy 1 @ 100");
            desk.refuse(place(ANN, "buy 1 @ 90"), REJECT);
        }
    }

    #[test]
    fn it_is_the_same_after_hundreds_and_after_a_snapshot() {
        let mut desk = desk();
        desk.accept(limit(By::Account, open_orders(3)));
        for _ in 0..100 {
            let id = desk.place(ANN, "buy 1 @ 100");
            desk.cancel(ANN, id);
        }
        for _ in 0..3 {
            desk.place(ANN, "buy 1 @ 100");
        }
        desk.refuse(place(ANN, "buy 1 @ 100"), REJECT);
        desk.restart();
        desk.refuse(place(ANN, "buy 1 @ 100"), REJECT);
        desk.accept(cancel_all(ANN));
        desk.place(ANN, "buy 1 @ 100");
    }
}

mod of_rate {
    use super::*;

    const REJECT: LimitReject = LimitReject::TooManyOrders;

    fn rate(orders: u32, micros: u64) -> Command {
        limit_account(AccountLimits {
            max_open_orders: None,
            order_rate: Some(OrderRate { orders, micros }),
        })
    }

    #[test]
    fn so_many_come_in_an_interval() {
        let mut desk = desk();
        desk.accept(rate(2, 100));
        desk.time = 150;
        desk.place(ANN, "buy 1 @ 100");
        desk.time = 199;
        desk.accept(on(ETHUSD, place(ANN, "sell 1 market")));
        desk.refuse(place(ANN, "buy 1 @ 100"), REJECT);
        desk.refuse(replace(ANN, by_id(1), 1, 99), REJECT);
        desk.place(BOB, "buy 1 @ 90");
        // Only new orders are asked.
        desk.accept(amend(ANN, by_id(1), 2, 100));
        desk.accept(reduce(ANN, by_id(1), 1));
        // The next interval begins at 200.
        desk.time = 200;
        desk.accept(replace(ANN, by_id(1), 1, 99));
        desk.place(ANN, "buy 1 @ 100");
        desk.refuse(place(ANN, "buy 1 @ 100"), REJECT);
        desk.accept(cancel_all(ANN));
        desk.time = 1_000;
        desk.place(ANN, "buy 1 @ 100");
    }

    #[test]
    fn who_is_refused_for_another_reason_is_not_counted() {
        let mut desk = desk();
        desk.accept(rate(1, 100));
        desk.refuse(place(ANN, "buy 101 @ 100"), POOR);
        desk.refuse(place(ANN, "buy 1 @ 0"), BookReject::PriceOutOfRange);
        desk.place(ANN, "buy 1 @ 100 as x");
        // Nor is who repeats himself.
        for _ in 0..3 {
            desk.accept(place(ANN, "buy 1 @ 100 as x"));
        }
        desk.refuse(place(ANN, "buy 1 @ 100"), REJECT);
    }

    #[test]
    fn setting_it_again_starts_to_count_again() {
        let mut desk = desk();
        desk.accept(rate(1, 100));
        desk.place(ANN, "buy 1 @ 100");
        desk.refuse(place(ANN, "buy 1 @ 100"), REJECT);
        // Limits in one instrument are another matter.
        desk.accept(limit(By::Account, quantity(9)));
        desk.refuse(place(ANN, "buy 1 @ 100"), REJECT);
        desk.accept(rate(1, 100));
        desk.place(ANN, "buy 1 @ 100");
        desk.accept(limit_account(AccountLimits::default()));
        desk.place(ANN, "buy 1 @ 100");
    }

    #[test]
    fn an_interval_of_nothing_is_a_microsecond() {
        let mut desk = desk();
        desk.accept(rate(1, 0));
        desk.place(ANN, "buy 1 @ 100");
        desk.refuse(place(ANN, "buy 1 @ 100"), REJECT);
        desk.time += 1;
        desk.place(ANN, "buy 1 @ 100");
    }

    #[test]
    fn a_rate_of_nothing_allows_nothing() {
        let mut desk = desk();
        desk.accept(rate(0, 100));
        desk.refuse(place(ANN, "buy 1 @ 100"), REJECT);
        desk.time = 100;
        desk.refuse(place(ANN, "buy 1 market"), REJECT);
    }

    #[test]
    fn a_snapshot_knows_how_many_came() {
        let mut desk = desk();
        desk.accept(rate(2, 100));
        desk.place(ANN, "buy 1 @ 100");
        desk.restart();
        desk.place(ANN, "buy 1 @ 100");
        desk.refuse(place(ANN, "buy 1 @ 100"), REJECT);
    }
}

mod of_position {
    use super::*;

    const REJECT: LimitReject = LimitReject::PositionTooLarge;

    #[test]
    fn what_is_owned_and_what_may_be_bought_count_together() {
        for by in BOTH {
            let mut desk = desk();
            desk.accept(withdraw(ANN, BTC, 9_990));
            desk.accept(limit(by, position(20)));
            // Of the ten, three are held.
            desk.place(ANN, "sell 3 @ 200");
            desk.refuse(place(ANN, "buy 11 @ 100"), REJECT);
            desk.place(ANN, "buy 4 @ 100");
            desk.refuse(place(ANN, "buy 7 @ 90"), REJECT);
            desk.place(ANN, "buy 6 @ 90 show 2");
            desk.refuse(place(ANN, "buy 1 @ 1"), REJECT);
            // Selling is always allowed.
            desk.place(ANN, "sell 7 @ 200");
            // What has been bought is owned.
            desk.place(BOB, "sell 4 @ 100");
            desk.refuse(place(ANN, "buy 1 @ 1"), REJECT);
            desk.accept(withdraw(ANN, BTC, 1));
            desk.place(ANN, "buy 1 @ 1");
        }
    }

    #[test]
    fn a_market_buy_counts_as_what_it_would_buy() {
        let mut desk = desk();
        desk.place(BOB, "sell 3 @ 100");
        desk.place(BOB, "sell 3 @ 110");
        desk.accept(limit(By::Account, position(10_004)));
        desk.refuse(place(ANN, "buy 5 market"), REJECT);
        // A budget or a protection makes it buy less.
        desk.place(ANN, "buy 99 market worst 100");
        desk.refuse(place(ANN, "buy 99 market"), REJECT);
        desk.place(ANN, "buy 99 market for 219");
        desk.refuse(place(ANN, "buy 1 market"), REJECT);
    }

    #[test]
    fn orders_that_buy_elsewhere_do_not_count_but_what_they_bought_does() {
        let mut desk = desk();
        let second = exchange_engine::InstrumentId::new(9);
        desk.accept(Command::ListInstrument(listing(second, "BTCUSD2")));
        desk.accept(limit(By::Account, position(10_005)));
        desk.accept(on(second, place(ANN, "buy 9 @ 100")));
        desk.place(ANN, "buy 5 @ 100");
        desk.accept(on(second, place(BOB, "sell 1 @ 100")));
        desk.accept(cancel_all(ANN));
        desk.refuse(place(ANN, "buy 5 @ 100"), REJECT);
        desk.place(ANN, "buy 4 @ 100");
    }

    #[test]
    fn the_replaced_and_the_amended_do_not_count() {
        let mut desk = desk();
        desk.accept(limit(By::Account, position(10_010)));
        desk.place(ANN, "buy 9 @ 100");
        desk.refuse(replace(ANN, by_id(1), 11, 90), REJECT);
        desk.accept(replace(ANN, by_id(1), 10, 90));
        desk.refuse(amend(ANN, by_id(2), 11, 90), REJECT);
        desk.accept(amend(ANN, by_id(2), 10, 91));
        desk.place(BOB, "sell 4 @ 91");
        // Four are owned, so that six of a total of ten are left, and not a seventh.
        desk.refuse(amend(ANN, by_id(2), 11, 92), REJECT);
        desk.accept(amend(ANN, by_id(2), 10, 92));
    }

    #[test]
    fn who_has_too_much_may_still_buy_less() {
        let mut desk = desk();
        desk.place(ANN, "buy 9 @ 100");
        desk.accept(limit(By::Account, position(5)));
        desk.refuse(amend(ANN, by_id(1), 8, 99), REJECT);
        desk.accept(amend(ANN, by_id(1), 8, 100));
        desk.accept(reduce(ANN, by_id(1), 1));
    }

    #[test]
    fn the_lower_of_two_wins() {
        for (everybody, own) in [(10_005, 10_009), (10_009, 10_005)] {
            let mut desk = desk();
            desk.accept(limit(By::Instrument, position(everybody)));
            desk.accept(limit(By::Account, position(own)));
            desk.refuse(place(ANN, "buy 6 @ 1"), REJECT);
            desk.place(ANN, "buy 5 @ 1");
        }
    }
}

mod together {
    use super::*;

    #[test]
    fn the_first_that_is_broken_is_told() {
        let mut desk = desk();
        desk.trades_at(BTCUSD, 100);
        desk.place(ANN, "buy 1 @ 1");
        let all = OrderLimits {
            max_quantity: Some(Quantity::new(5)),
            max_notional: Some(Amount::new(50)),
            max_open_orders: Some(1),
            max_position: Some(Amount::new(1)),
        };
        desk.accept(Command::LimitInstrument {
            instrument: BTCUSD,
            limits: all,
            collar: Some(PriceCollar::new(0)),
        });
        desk.accept(limit_account(AccountLimits {
            max_open_orders: None,
            order_rate: Some(OrderRate {
                orders: 1,
                micros: 1_000,
            }),
        }));
        // What the book says comes first, and the money last.
        let rich = "buy 100000 @ 101";
        let refused = |desk: &mut Desk, order: &str, why: LimitReject| {
            desk.refuse(place(ANN, order), why);
        };
        desk.refuse(place(ANN, "buy 0 @ 101"), BookReject::QuantityOutOfRange);
        refused(&mut desk, rich, LimitReject::TooManyOpenOrders);
        refused(
            &mut desk,
            "buy 100000 @ 101 ioc",
            LimitReject::QuantityTooLarge,
        );
        refused(&mut desk, "buy 5 @ 101 ioc", LimitReject::OutsideCollar);
        refused(&mut desk, "buy 5 @ 11 ioc", LimitReject::NotionalTooLarge);
        refused(&mut desk, "buy 5 @ 10 ioc", LimitReject::PositionTooLarge);
        desk.place(ANN, "sell 5 market");
        refused(&mut desk, rich, LimitReject::TooManyOrders);
        desk.time = 1_000;
        desk.accept(withdraw(ANN, BTC, 9_998));
        desk.refuse(place(ANN, "sell 5 market"), POOR);
    }

    #[test]
    fn what_they_are_can_be_asked() {
        let mut desk = desk();
        let market = |desk: &Desk| {
            let market = desk.exchange.market(BTCUSD).expect("listed");
            (market.limits(), market.collar())
        };
        assert_eq!(market(&desk), (NONE, None));
        let collar = Some(PriceCollar::new(7));
        desk.accept(Command::LimitInstrument {
            instrument: BTCUSD,
            limits: quantity(5),
            collar,
        });
        assert_eq!(market(&desk), (quantity(5), collar));
    }

    #[test]
    fn a_change_is_told_even_where_nothing_changes() {
        let mut desk = desk();
        let told = |account, instrument| {
            [Event::LimitsChanged {
                account,
                instrument,
            }]
        };
        for _ in 0..2 {
            let events = desk.accept(limit(By::Instrument, NONE));
            assert_eq!(events, told(None, Some(BTCUSD)));
            let events = desk.accept(limit(By::Account, NONE));
            assert_eq!(events, told(Some(ANN), Some(BTCUSD)));
            let events = desk.accept(limit_account(AccountLimits::default()));
            assert_eq!(events, told(Some(ANN), None));
        }
    }

    #[test]
    fn who_and_where_must_be_known() {
        let mut desk = desk();
        let (stranger, nowhere) = (
            accounts_core::AccountId::new(99),
            exchange_engine::InstrumentId::new(99),
        );
        let unknown = LedgerReject::UnknownAccount;
        desk.refuse(
            on(nowhere, limit(By::Instrument, NONE)),
            Reject::UnknownInstrument,
        );
        desk.refuse(
            Command::LimitAccount {
                account: stranger,
                limits: AccountLimits::default(),
            },
            unknown,
        );
        let in_one = |instrument| Command::LimitAccountIn {
            account: stranger,
            instrument,
            limits: NONE,
        };
        desk.refuse(in_one(nowhere), Reject::UnknownInstrument);
        desk.refuse(in_one(BTCUSD), unknown);
    }

    #[test]
    fn limits_come_and_go_without_a_trace() {
        let mut desk = desk();
        let before = desk.exchange.state_hash();
        desk.accept(limit(By::Instrument, quantity(5)));
        desk.accept(limit(By::Account, quantity(5)));
        desk.accept(limit_account(AccountLimits {
            max_open_orders: Some(5),
            order_rate: None,
        }));
        assert_ne!(desk.exchange.state_hash(), before);
        desk.accept(limit(By::Instrument, NONE));
        desk.accept(limit(By::Account, NONE));
        desk.accept(limit_account(AccountLimits::default()));
        assert_eq!(desk.exchange.state_hash(), before);
    }
}
