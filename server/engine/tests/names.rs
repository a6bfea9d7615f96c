//! Names of orders, so that what is sent twice is placed once, and of cancellations. The notation is explained in `desk`.

mod desk;

use desk::*;
use exchange_engine::{Command, Event, OrderRef, Outcome, Reject};
use orderbook_core::{BookReject, CloseReason, Notional, OrderId, Price, Quantity, TimeInForce};

const TAKEN: Reject = Reject::DuplicateClientOrderId;

/// Ann and Bob have ten million of everything.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.list(ETHUSD);
    for account in [ANN, BOB] {
        for asset in [USD, BTC, ETH] {
            desk.deposit(account, asset, 10_000_000);
        }
    }
    desk
}

/// Sends an order that was placed before; nothing but an answer comes of it.
#[track_caller]
fn again(desk: &mut Desk, command: Command, answer: &str) {
    let before = desk.exchange.state_hash();
    let events = desk.accept(command);
    assert_eq!(words(&events), [answer]);
    assert_eq!(desk.exchange.state_hash(), before);
}

mod repeated {
    use super::*;

    #[test]
    fn an_order_that_rests_is_not_placed_twice() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        again(
            &mut desk,
            place(ANN, "buy 5 @ 100 as x"),
            "#1 again: 0 for 0, rested",
        );
        desk.owns(ANN, "btc 10000000 usd 9999500+500 eth 10000000");
        desk.book(&["bid 100: 5"]);
    }

    #[test]
    fn the_answer_is_what_became_of_it_at_first() {
        let mut desk = desk();
        desk.place(BOB, "sell 3 @ 100");
        desk.place(BOB, "sell 3 @ 110");
        for (order, answer) in [
            ("buy 2 @ 100 as filled", "#3 again: 2 for 200, filled"),
            ("buy 3 @ 110 as two", "#4 again: 3 for 320, filled"),
            ("buy 4 @ 110 as partly", "#5 again: 1 for 110, rested"),
            ("sell 2 @ 90 as sold", "#6 again: 2 for 220, filled"),
            ("buy 1 market as market", "#7 again: 0 for 0, expired"),
            ("sell 9 @ 50 ioc as ioc", "#8 again: 1 for 110, expired"),
            ("sell 9 @ 50 fok as fok", "#9 again: 0 for 0, expired"),
            ("buy 7 @ 30 show 2 as ice", "#10 again: 0 for 0, rested"),
            (
                "sell 1 @ 30 own both as self",
                "#11 again: 0 for 0, selftrade",
            ),
        ] {
            desk.place(ANN, order);
            again(&mut desk, place(ANN, order), answer);
        }
        desk.place(BOB, "sell 1 @ 100");
        desk.place(ANN, "buy 9 market for 150 as budget");
        again(
            &mut desk,
            place(ANN, "buy 9 market for 150 as budget"),
            "#13 again: 1 for 100, expired",
        );
    }

    #[test]
    fn in_so_many_words() {
        let mut desk = desk();
        desk.place(BOB, "sell 3 @ 100");
        desk.place(ANN, "buy 2 @ 100 as x");
        let events = desk.accept(place(ANN, "buy 2 @ 100 as x"));
        let repeated = Event::OrderRepeated {
            instrument: BTCUSD,
            order_id: OrderId::new(2),
            account: ANN,
            client_order_id: named("x"),
            outcome: Outcome {
                filled: Quantity::new(2),
                notional: Notional::new(200),
                closed: Some(CloseReason::Filled),
            },
        };
        assert_eq!(events, [repeated]);
    }

    #[test]
    fn what_happened_later_is_not_part_of_the_answer() {
        let mut desk = desk();
        for name in ["traded", "cancelled", "amended", "reduced", "replaced"] {
            desk.place(ANN, &format!("buy 5 @ 100 as {name}"));
        }
        desk.place(BOB, "sell 5 @ 100");
        desk.accept(cancel(ANN, by_name("cancelled")));
        desk.accept(amend(ANN, by_name("amended"), 7, 90));
        desk.accept(reduce(ANN, by_name("reduced"), 1));
        desk.accept(replace(ANN, by_name("replaced"), 5, 80));
        for (name, id) in [
            ("traded", 1),
            ("cancelled", 2),
            ("amended", 3),
            ("reduced", 4),
            ("replaced", 5),
        ] {
            let order = place(ANN, &format!("buy 5 @ 100 as {name}"));
            again(&mut desk, order, &format!("#{id} again: 0 for 0, rested"));
        }
        // An amended order is not another order.
        desk.refuse(place(ANN, "buy 7 @ 90 as amended"), TAKEN);
    }

    #[test]
    fn neither_money_nor_time_nor_terms_are_asked_again() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 until 50 as x");
        desk.place(ANN, "buy 5 @ 100 post as y");
        desk.accept(cancel_all(ANN));
        desk.accept(withdraw(ANN, USD, 10_000_000));
        desk.place(BOB, "sell 5 @ 90");
        desk.time = 60;
        let events = desk.accept(place(ANN, "buy 5 @ 100 until 50 as x"));
        assert_eq!(words(&events), ["#1 again: 0 for 0, rested"]);
        // Time passes by it, as by whatever is accepted.
        assert_eq!(desk.exchange.time().get(), 60);
        again(
            &mut desk,
            place(ANN, "buy 5 @ 100 post as y"),
            "#2 again: 0 for 0, rested",
        );
        desk.refuse(place(ANN, "buy 5 @ 100 post as z"), BookReject::WouldMatch);
    }

    #[test]
    fn without_a_name_it_is_another_order() {
        let mut desk = desk();
        assert_eq!(desk.place(ANN, "buy 5 @ 100"), OrderId::new(1));
        assert_eq!(desk.place(ANN, "buy 5 @ 100"), OrderId::new(2));
    }

    #[test]
    fn a_snapshot_remembers() {
        let mut desk = desk();
        desk.place(BOB, "sell 3 @ 100");
        desk.place(ANN, "buy 2 @ 100 as x");
        desk.place(ANN, "buy 2 @ 90 as y");
        desk.restart();
        again(
            &mut desk,
            place(ANN, "buy 2 @ 100 as x"),
            "#2 again: 2 for 200, filled",
        );
        desk.refuse(place(ANN, "buy 3 @ 90 as y"), TAKEN);
        desk.accept(cancel(ANN, by_name("y")));
        again(
            &mut desk,
            place(ANN, "buy 2 @ 90 as y"),
            "#3 again: 0 for 0, rested",
        );
    }
}

mod taken {
    use super::*;

    #[test]
    fn another_order_of_that_name_is_refused() {
        for rests in [true, false] {
            let mut desk = desk();
            let id = desk.place(ANN, "buy 5 @ 100 as x");
            if !rests {
                desk.cancel(ANN, id);
            }
            for order in [
                "sell 5 @ 100 as x",
                "buy 4 @ 100 as x",
                "buy 5 @ 99 as x",
                "buy 5 @ 100 ioc as x",
                "buy 5 @ 100 post as x",
                "buy 5 @ 100 until 99 as x",
                "buy 5 @ 100 own both as x",
                "buy 5 market as x",
            ] {
                desk.refuse(place(ANN, order), TAKEN);
            }
        }
    }

    #[test]
    fn a_name_is_taken_in_all_instruments() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        desk.refuse(on(ETHUSD, place(ANN, "buy 5 @ 100 as x")), TAKEN);
        desk.refuse(on(ETHUSD, cancel(ANN, by_name("x"))), Reject::UnknownOrder);
        desk.accept(on(ETHUSD, place(ANN, "buy 5 @ 100 as y")));
        again(
            &mut desk,
            on(ETHUSD, place(ANN, "buy 5 @ 100 as y")),
            "#2 again: 0 for 0, rested",
        );
    }

    #[test]
    fn everybody_has_names_of_his_own() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        desk.place(BOB, "buy 5 @ 100 as x");
        desk.accept(cancel(BOB, by_name("x")));
        desk.book(&["bid 100: 5"]);
    }

    #[test]
    fn a_delisted_instrument_does_not_free_it() {
        let mut desk = desk();
        desk.accept(on(ETHUSD, place(ANN, "buy 5 @ 100 as x")));
        desk.accept(Command::DelistInstrument { instrument: ETHUSD });
        desk.refuse(place(ANN, "buy 5 @ 100 as x"), TAKEN);
        desk.refuse(
            on(ETHUSD, place(ANN, "buy 5 @ 100 as x")),
            Reject::UnknownInstrument,
        );
    }

    #[test]
    fn a_refused_order_takes_none() {
        let mut desk = desk();
        desk.refuse(
            place(ANN, "buy 0 @ 100 as x"),
            BookReject::QuantityOutOfRange,
        );
        desk.place(ANN, "buy 5 @ 100 as x");
    }
}

mod free_again {
    use super::*;

    /// Ann places and cancels `n` orders with names that nobody used before.
    fn many(desk: &mut Desk, n: u64) {
        // The desk looks at everything after each command, which these thousands do not need.
        let mut events = Vec::new();
        for _ in 0..n {
            let name = desk.exchange.last_order_id().get();
            let order = place(ANN, &format!("buy 1 @ 1 as n{name}"));
            let cancel = cancel(ANN, by_name(&format!("n{name}")));
            for command in [order, cancel] {
                let input = desk.input(command);
                let result = desk.exchange.apply(&input, &mut events);
                assert_eq!(result, Ok(()));
            }
        }
    }

    #[test]
    fn after_a_thousand_others_if_it_is_closed() {
        let mut desk = desk();
        let id = desk.place(ANN, "buy 5 @ 100 as x");
        desk.cancel(ANN, id);
        // With 999 others it is one of the newest 1,000.
        many(&mut desk, 999);
        desk.refuse(place(ANN, "buy 6 @ 100 as x"), TAKEN);
        // Orders without a name, or of others, do not count.
        desk.place(ANN, "buy 1 @ 1");
        desk.place(BOB, "buy 1 @ 1 as y");
        desk.refuse(place(ANN, "buy 6 @ 100 as x"), TAKEN);
        again(
            &mut desk,
            place(ANN, "buy 5 @ 100 as x"),
            "#1 again: 0 for 0, rested",
        );
        many(&mut desk, 1);
        desk.place(ANN, "buy 6 @ 100 as x");
        desk.refuse(place(ANN, "buy 5 @ 100 as x"), TAKEN);
    }

    #[test]
    fn the_same_after_a_snapshot() {
        let mut desk = desk();
        let id = desk.place(ANN, "buy 5 @ 100 as x");
        desk.cancel(ANN, id);
        many(&mut desk, 999);
        desk.restart();
        desk.refuse(place(ANN, "buy 6 @ 100 as x"), TAKEN);
        many(&mut desk, 1);
        desk.restart();
        // Even the same order is another one from here on.
        assert_eq!(desk.place(ANN, "buy 5 @ 100 as x").get(), 1_002);
    }

    #[test]
    fn not_while_it_is_open() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        many(&mut desk, 2_500);
        desk.refuse(place(ANN, "buy 6 @ 100 as x"), TAKEN);
        again(
            &mut desk,
            place(ANN, "buy 5 @ 100 as x"),
            "#1 again: 0 for 0, rested",
        );
        desk.restart();
        desk.refuse(place(ANN, "buy 6 @ 100 as x"), TAKEN);
        let (open, _) = desk
            .exchange
            .open_order(ANN, BTCUSD, by_name("x"))
            .expect("open");
        assert_eq!(open.client_order_id, Some(named("x")));
        desk.accept(cancel(ANN, by_name("x")));
        // It is neither open nor recent now.
        desk.place(ANN, "buy 6 @ 100 as x");
    }

    #[test]
    fn the_newest_order_of_a_name_counts() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        many(&mut desk, 998);
        // The second order of that name is the thousandth.
        desk.accept(replace_as(ANN, by_name("x"), 4, 90, "x"));
        desk.accept(cancel(ANN, by_name("x")));
        many(&mut desk, 999);
        desk.refuse(place(ANN, "buy 5 @ 100 as x"), TAKEN);
        many(&mut desk, 1);
        desk.place(ANN, "buy 5 @ 100 as x");
    }
}

mod replacements {
    use super::*;

    #[test]
    fn a_replacement_may_keep_the_name() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        desk.accept(replace_as(ANN, by_name("x"), 4, 90, "x"));
        desk.book(&["bid 90: 4"]);
        // The name is that of the replacement.
        desk.refuse(place(ANN, "buy 5 @ 100 as x"), TAKEN);
        again(
            &mut desk,
            replace_as(ANN, by_id(1), 4, 90, "x"),
            "#2 again: 0 for 0, rested",
        );
        desk.accept(cancel(ANN, by_name("x")));
        desk.book(&[]);
    }

    #[test]
    fn by_its_old_name_it_is_replaced_once_more() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        for id in 2..4 {
            desk.accept(replace_as(ANN, by_name("x"), 4, 90, "x"));
            assert_eq!(desk.exchange.last_order_id(), OrderId::new(id));
        }
        desk.book(&["bid 90: 4"]);
    }

    #[test]
    fn a_resent_replacement_is_answered() {
        for order in [by_id(2), by_name("x")] {
            let mut desk = desk();
            desk.place(BOB, "sell 3 @ 105");
            desk.place(ANN, "buy 5 @ 100 as x");
            let command = replace_as(ANN, order, 4, 110, "y");
            desk.accept(command.clone());
            again(&mut desk, command.clone(), "#3 again: 3 for 315, rested");
            desk.accept(cancel(ANN, by_name("y")));
            again(&mut desk, command.clone(), "#3 again: 3 for 315, rested");
            desk.accept(Command::Halt {
                scope: exchange_engine::Scope::Venue,
                cancel_orders: true,
            });
            again(&mut desk, command, "#3 again: 3 for 315, rested");
        }
    }

    #[test]
    fn another_replacement_is_not_answered() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        desk.accept(replace_as(ANN, by_name("x"), 4, 90, "y"));
        let unknown = Reject::UnknownOrder;
        desk.refuse(replace_as(ANN, by_name("x"), 3, 90, "y"), unknown);
        desk.refuse(replace_as(ANN, by_name("x"), 4, 91, "y"), unknown);
        desk.refuse(replace_as(ANN, by_name("x"), 4, 90, "z"), unknown);
        desk.refuse(replace(ANN, by_name("x"), 4, 90), unknown);
        desk.refuse(
            on(ETHUSD, replace_as(ANN, by_name("x"), 4, 90, "y")),
            unknown,
        );
        desk.refuse(
            Command::Replace {
                account: ANN,
                instrument: BTCUSD,
                order: by_name("x"),
                client_order_id: Some(named("y")),
                quantity: Quantity::new(4),
                price: Price::new(90),
                time_in_force: TimeInForce::IOC,
            },
            unknown,
        );
    }

    #[test]
    fn a_name_of_another_order_is_taken() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        let id = desk.place(ANN, "buy 5 @ 100 as y");
        desk.refuse(replace_as(ANN, by_name("x"), 4, 90, "y"), TAKEN);
        // Even where that is the very order it would be.
        desk.refuse(replace_as(ANN, by_name("x"), 5, 100, "y"), TAKEN);
        desk.cancel(ANN, id);
        desk.refuse(replace_as(ANN, by_name("x"), 4, 90, "y"), TAKEN);
        desk.accept(replace_as(ANN, by_name("x"), 4, 90, "z"));
    }

    #[test]
    fn without_a_name_the_old_one_stays_with_the_old_order() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        desk.accept(replace(ANN, by_name("x"), 4, 90));
        desk.refuse(cancel(ANN, by_name("x")), Reject::UnknownOrder);
        desk.refuse(replace_as(ANN, by_id(2), 4, 80, "x"), TAKEN);
        again(
            &mut desk,
            place(ANN, "buy 5 @ 100 as x"),
            "#1 again: 0 for 0, rested",
        );
    }

    #[test]
    fn an_order_may_be_asked_for_by_both() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        let of = |desk: &Desk, order: OrderRef| desk.exchange.open_order(ANN, BTCUSD, order);
        let by_name_found = of(&desk, by_name("x"));
        assert_eq!(of(&desk, by_id(1)), by_name_found);
        let (open, resting) = by_name_found.expect("open");
        assert_eq!(open.client_order_id, Some(named("x")));
        assert_eq!(resting.remaining, Quantity::new(5));
        assert_eq!(desk.exchange.open_order(BOB, BTCUSD, by_id(1)), None);
        assert_eq!(desk.exchange.open_order(ANN, ETHUSD, by_id(1)), None);
        desk.accept(replace(ANN, by_name("x"), 4, 90));
        let (open, _) = of(&desk, by_id(2)).expect("open");
        assert_eq!(open.client_order_id, None);
        assert_eq!(of(&desk, by_name("x")), None);
    }
}

mod of_cancellations {
    use super::*;

    #[test]
    fn are_told_before_what_is_cancelled() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        let events = desk.accept(cancel_as(ANN, by_name("x"), "away"));
        assert_eq!(
            words(&events),
            [
                "account 1 calls it away",
                "#1 cancelled",
                "account 1 asset 2: 10000000+0",
            ]
        );
        desk.book(&[]);
    }

    #[test]
    fn one_is_for_all_that_are_cancelled_at_once() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        desk.place(BOB, "buy 5 @ 100");
        desk.accept(on(ETHUSD, place(ANN, "buy 5 @ 100")));
        desk.place(ANN, "sell 5 @ 110");
        let events = desk.accept(cancel_all_as(ANN, "away"));
        let told = words(&events);
        let told: Vec<_> = told.iter().filter(|it| !it.contains("asset")).collect();
        assert_eq!(
            told,
            ["account 1 calls it away", "#1 cancelled", "#4 cancelled"]
        );
        desk.book(&["bid 100: 5"]);
        desk.accept(on(ETHUSD, cancel_all_as(ANN, "away")));
    }

    #[test]
    fn are_not_told_where_nothing_is_cancelled() {
        let mut desk = desk();
        desk.refuse(cancel_all_as(ANN, "away"), Reject::UnknownOrder);
        desk.place(BOB, "buy 5 @ 100 as x");
        for order in [by_id(1), by_id(2), by_name("x"), by_name("away")] {
            desk.refuse(cancel_as(ANN, order, "away"), Reject::UnknownOrder);
        }
        desk.refuse(cancel_all_as(ANN, "away"), Reject::UnknownOrder);
        for command in [cancel_as(BOB, by_id(1), "away"), cancel_all_as(BOB, "away")] {
            desk.refuse(on(USDTOK, command), Reject::UnknownInstrument);
        }
    }

    #[test]
    fn take_none_from_orders_and_may_be_given_again() {
        let mut desk = desk();
        desk.place(ANN, "buy 5 @ 100 as x");
        desk.place(ANN, "buy 5 @ 100 as y");
        // Even that of an order, its own or another.
        desk.accept(cancel_as(ANN, by_name("x"), "x"));
        desk.accept(cancel_as(ANN, by_name("y"), "x"));
        assert_eq!(desk.place(ANN, "buy 6 @ 90 as away").get(), 3);
        desk.accept(cancel_as(ANN, by_name("away"), "back"));
        desk.place(ANN, "buy 7 @ 80 as back");
    }

    #[test]
    fn may_be_given_while_trading_is_halted() {
        let mut desk = desk();
        let scope = exchange_engine::Scope::Venue;
        desk.place(ANN, "buy 5 @ 100 as x");
        desk.place(ANN, "buy 5 @ 100 as y");
        desk.accept(Command::Halt {
            scope,
            cancel_orders: false,
        });
        desk.accept(cancel_as(ANN, by_name("x"), "away"));
        desk.accept(cancel_all_as(ANN, "away"));
    }
}
