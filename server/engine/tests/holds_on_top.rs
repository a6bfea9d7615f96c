//! What orders hold whose owners pay fees on top of what they pay: the worst fee, too. The notation
//! is explained in `desk`.

mod desk;

use accounts_core::LedgerReject;
use desk::*;
use exchange_engine::Command;
use orderbook_core::{Instrument, Price, Quantity};

const POOR: LedgerReject = LedgerReject::InsufficientAvailable;

/// Makers pay 1 %, takers 10 %. Ann pays on top of her USD, and Bob on top of his BTC; each has 10,000
/// of both.
fn on_top() -> Desk {
    with_rates(10_000, 100_000)
}

fn with_rates(maker: i32, taker: i32) -> Desk {
    let mut desk = Desk::with_fees(maker, taker);
    for (account, asset) in [(ANN, USD), (BOB, BTC)] {
        desk.deposit(account, USD, 10_000);
        desk.deposit(account, BTC, 10_000);
        desk.pays_fees_in(account, asset);
    }
    desk
}

mod at_first {
    use super::*;

    #[test]
    fn the_rate_is_the_worst_that_may_come() {
        // 10 at 100 are 1,000; what is more is the fee.
        let cases = [
            ("buy 10 @ 100", "btc 10000 usd 8900+1100"),
            ("buy 10 @ 100 show 5", "btc 10000 usd 8900+1100"),
            ("buy 10 @ 100 until 99", "btc 10000 usd 8900+1100"),
            // It never takes.
            ("buy 10 @ 100 post", "btc 10000 usd 8990+1010"),
            ("buy 10 @ 100 slide", "btc 10000 usd 8990+1010"),
            // In BTC she pays out of what she receives.
            ("sell 10 @ 100", "btc 9990+10 usd 10000"),
        ];
        for (order, owns) in cases {
            let mut desk = on_top();
            desk.place(ANN, order);
            desk.owns(ANN, owns);
            desk.accept(cancel_all(ANN));
            desk.owns(ANN, "btc 10000 usd 10000");
        }
        let cases = [
            ("sell 100 @ 5", "btc 9890+110 usd 10000"),
            ("sell 100 @ 5 post", "btc 9899+101 usd 10000"),
            ("buy 100 @ 5", "btc 10000 usd 9500+500"),
        ];
        for (order, owns) in cases {
            let mut desk = on_top();
            desk.place(BOB, order);
            desk.owns(BOB, owns);
            desk.accept(cancel_all(BOB));
            desk.owns(BOB, "btc 10000 usd 10000");
        }
    }

    #[test]
    fn who_makes_may_pay_more_than_who_takes() {
        let mut desk = with_rates(100_000, 10_000);
        desk.place(ANN, "buy 10 @ 100");
        desk.place(ANN, "buy 10 @ 100 post");
        desk.owns(ANN, "btc 10000 usd 7800+2200");
        // What may not rest never makes: 1,010 is enough.
        desk.accept(withdraw(ANN, USD, 7_800 - 1_010));
        desk.place(ANN, "buy 10 @ 100 ioc");
        desk.refuse(place(ANN, "buy 10 @ 100"), POOR);
    }

    #[test]
    fn what_does_not_rest_needs_what_a_taker_pays() {
        let mut desk = on_top();
        desk.place(BOB, "sell 10 @ 100");
        desk.accept(withdraw(ANN, USD, 10_000 - 1_099));
        for order in [
            "buy 10 @ 100",
            "buy 10 @ 100 ioc",
            "buy 10 @ 100 fok",
            "buy 10 market",
            "buy 999 market for 1009",
        ] {
            desk.refuse(place(ANN, order), POOR);
        }
        desk.deposit(ANN, USD, 1);
        desk.place(ANN, "buy 10 market");
        desk.owns(ANN, "btc 10010 usd 0");
        // Bob has paid 1 % of 10 as a maker.
        desk.owns(BOB, "btc 9990 usd 11000");
        desk.owns(HOUSE, "btc 0 usd 100");
    }

    #[test]
    fn a_market_sell_holds_its_fee_too() {
        let mut desk = on_top();
        desk.place(ANN, "buy 100 @ 5");
        desk.accept(withdraw(BOB, BTC, 10_000 - 109));
        desk.refuse(place(BOB, "sell 100 market"), POOR);
        desk.deposit(BOB, BTC, 1);
        desk.place(BOB, "sell 100 market");
        desk.owns(BOB, "btc 0 usd 10500");
        desk.owns(HOUSE, "btc 10 usd 5");
    }

    #[test]
    fn more_than_there_can_be_is_not_there() {
        let mut desk = Desk::empty();
        let fine = ETH;
        desk.accept(add_asset(fine, "FINE", 18));
        desk.accept(add_asset(USD, "USD", 2));
        // Lots of 10^19 smallest units, of which 10^19 are nearly all that there can be.
        let step = |mantissa| orderbook_core::Step::new(mantissa, 0).expect("a step");
        let largest = 10_u64.pow(19);
        let mut pair = listing(BTCUSD, "FINEUSD");
        (pair.base, pair.fees) = (fine, fees(1_000_000, 1_000_000));
        pair.instrument = Instrument::new("FINEUSD", step(1), step(10))
            .and_then(|it| it.with_price_limits(Price::new(1), Price::new(1)))
            .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(largest)))
            .expect("fine for a book");
        desk.accept(Command::ListInstrument(pair));
        desk.accept(Command::OpenAccount { account: ANN });
        desk.deposit(ANN, fine, accounts_core::Amount::MAX.get());
        let sell = format!("sell {largest} @ 1");
        desk.pays_fees_in(ANN, fine);
        desk.refuse(place(ANN, &sell), POOR);
        desk.refuse(place(ANN, &format!("sell {largest} market")), POOR);
        desk.accept(choose(ANN, None));
        desk.place(ANN, &sell);
        desk.pays_fees_in(ANN, fine);
        desk.refuse(replace(ANN, by_id(1), largest, 1), POOR);
    }

    #[test]
    fn a_rebate_is_nothing_to_hold() {
        let mut desk = with_rates(-10_000, 20_000);
        desk.place(ANN, "buy 10 @ 100 post");
        desk.owns(ANN, "btc 10000 usd 9000+1000");
        desk.place(ANN, "buy 10 @ 100");
        desk.owns(ANN, "btc 10000 usd 7980+2020");
    }

    #[test]
    fn a_slide_holds_for_the_price_that_it_ends_at() {
        let mut desk = on_top();
        desk.place(BOB, "sell 5 @ 101");
        desk.place(ANN, "buy 10 @ 150 slide");
        // 10 x 100 and 1 %.
        desk.owns(ANN, "btc 10000 usd 8990+1010");
    }

    #[test]
    fn a_choice_is_about_orders_to_come() {
        let mut desk = on_top();
        let before = desk.place(ANN, "buy 10 @ 100");
        desk.accept(choose(ANN, None));
        desk.owns(ANN, "btc 10000 usd 8900+1100");
        desk.place(ANN, "buy 10 @ 100");
        desk.owns(ANN, "btc 10000 usd 7900+2100");
        // The first pays on top, the second out of its 10: 1 % of that is nothing.
        desk.deposit(CAT, BTC, 20);
        desk.place(CAT, "sell 20 @ 100");
        desk.owns(ANN, "btc 10020 usd 7990");
        assert!(
            desk.exchange
                .market(BTCUSD)
                .expect("listed")
                .book()
                .order(before)
                .is_none()
        );
    }
}

mod later {
    use super::*;

    #[test]
    fn a_fill_frees_what_the_rest_does_not_need() {
        let mut desk = on_top();
        // 777 and 77.7.
        desk.place(ANN, "buy 7 @ 111");
        desk.owns(ANN, "btc 10000 usd 9146+854");
        // Left are 444 and 44.4. Paid are 333 and 3.33 of fees; reserved were 33.3.
        desk.place(BOB, "sell 3 @ 111");
        desk.owns(ANN, "btc 10003 usd 9176+488");
        desk.place(BOB, "sell 4 @ 111");
        // 777 and 3 + 4 are paid.
        desk.owns(ANN, "btc 10007 usd 9216");
        desk.owns(HOUSE, "btc 0 usd 7");
    }

    #[test]
    fn dust_is_given_back_with_the_last_lot() {
        let mut desk = on_top();
        // 3 x 33 are 99, 10 % of that 9.9; 66 hold 6.6, 33 hold 3.3, each rounded down.
        desk.place(ANN, "buy 3 @ 33");
        desk.owns(ANN, "btc 10000 usd 9892+108");
        for (left, owns) in [
            (2, "btc 10001 usd 9895+72"),
            (1, "btc 10002 usd 9898+36"),
            (0, "btc 10003 usd 9901"),
        ] {
            desk.place(BOB, "sell 1 @ 33");
            // A fee of 0.33 is none.
            desk.owns(ANN, owns);
            let open = desk.exchange.orders_of(ANN, BTCUSD).count();
            assert_eq!(open, usize::from(left > 0));
        }
        desk.owns(HOUSE, "btc 0 usd 0");
    }

    #[test]
    fn a_better_price_saves_its_fee_as_well() {
        let mut desk = on_top();
        desk.place(BOB, "sell 4 @ 90");
        // Held 10 x 100 and 100; paid 360 and 36, and 600 and 60 stay.
        desk.place(ANN, "buy 10 @ 100");
        desk.owns(ANN, "btc 10004 usd 8944+660");
        // For the rest she makes: 6.
        desk.place(BOB, "sell 6 market");
        desk.owns(ANN, "btc 10010 usd 8998");
        desk.owns(HOUSE, "btc 0 usd 42");
    }

    #[test]
    fn an_ioc_gives_back_the_saved_and_the_unfilled() {
        let mut desk = on_top();
        desk.place(BOB, "sell 4 @ 90");
        desk.place(ANN, "buy 10 @ 100 ioc");
        desk.owns(ANN, "btc 10004 usd 9604");
        desk.place(ANN, "buy 10 @ 100 fok");
        desk.place(ANN, "buy 10 @ 100 min 1");
        desk.owns(ANN, "btc 10004 usd 9604");
    }

    #[test]
    fn a_market_buy_gives_back_what_rounding_left() {
        let mut desk = on_top();
        desk.place(BOB, "sell 1 @ 19");
        desk.place(BOB, "sell 1 @ 29");
        desk.place(BOB, "sell 1 @ 39");
        // 87 and 8.7 are held at first; the fees are 1.9, 2.9 and 3.9.
        let events = desk.accept(place(ANN, "buy 9 market"));
        assert_eq!(
            words_with(&events, "account 1 asset 2"),
            [
                "account 1 asset 2: 9905+95",
                "account 1 asset 2: 9905+75",
                "account 1 asset 2: 9905+44",
                "account 1 asset 2: 9905+2",
                "account 1 asset 2: 9907+0",
            ]
        );
        desk.owns(ANN, "btc 10003 usd 9907");
        desk.owns(HOUSE, "btc 0 usd 6");
    }

    #[test]
    fn a_budget_is_about_the_price_and_the_fee_comes_on_top() {
        let mut desk = on_top();
        desk.place(BOB, "sell 10 @ 100");
        desk.accept(withdraw(ANN, USD, 10_000 - 329));
        // 3 for 300, and 30.
        desk.refuse(place(ANN, "buy 999 market for 350"), POOR);
        desk.deposit(ANN, USD, 1);
        desk.place(ANN, "buy 999 market for 350");
        desk.owns(ANN, "btc 10003 usd 0");
    }

    #[test]
    fn a_decrement_frees_both_sides() {
        let mut desk = on_top();
        desk.place(ANN, "sell 3 @ 100");
        // 10 x 105 and 105; after the decrement 7 x 105 and 73.5.
        desk.place(ANN, "buy 10 @ 105 own decrement");
        desk.owns(ANN, "btc 10000 usd 9192+808");
        desk.accept(cancel_all(ANN));
        // The other way round: 7.5 of 75 are rounded, and so are 2.5 of 25.
        desk.place(BOB, "sell 75 @ 100");
        desk.owns(BOB, "btc 9918+82 usd 10000");
        desk.place(BOB, "buy 50 @ 100 own decrement");
        desk.owns(BOB, "btc 9973+27 usd 10000");
        desk.accept(cancel_all(BOB));
        desk.owns(BOB, "btc 10000 usd 10000");
    }

    #[test]
    fn a_market_order_that_is_decremented_gives_back_its_fee() {
        let mut desk = on_top();
        desk.place(BOB, "buy 50 @ 100");
        desk.place(BOB, "sell 55 market own decrement");
        desk.owns(BOB, "btc 10000 usd 10000");
        desk.place(ANN, "sell 50 @ 100");
        desk.place(ANN, "buy 55 market own decrement");
        desk.owns(ANN, "btc 10000 usd 10000");
    }

    #[test]
    fn own_orders_that_expire_give_back_their_fees() {
        for policy in ["maker", "taker", "both"] {
            let mut desk = on_top();
            desk.place(ANN, "buy 10 @ 100");
            desk.place(ANN, &format!("sell 5 @ 100 own {policy}"));
            desk.accept(match policy {
                "both" => Command::AdvanceTime,
                _ => cancel_all(ANN),
            });
            desk.owns(ANN, "btc 10000 usd 10000");
        }
    }

    #[test]
    fn who_trades_with_himself_holds_for_both() {
        let mut desk = on_top();
        desk.place(ANN, "buy 10 @ 100");
        desk.place(ANN, "sell 4 @ 100");
        // As a maker 1 % of 400 on top, as a taker 10 % out of the same 400.
        desk.owns(ANN, "btc 10000 usd 9296+660");
        desk.owns(HOUSE, "btc 0 usd 44");
    }

    #[test]
    fn slices_of_an_iceberg_have_been_held_all_along() {
        let mut desk = on_top();
        desk.place(ANN, "buy 10 @ 100 show 2");
        desk.owns(ANN, "btc 10000 usd 8900+1100");
        desk.place(BOB, "sell 3 @ 100");
        // Two trades, 200 and 2, 100 and 1.
        desk.owns(ANN, "btc 10003 usd 8927+770");
        desk.book(&["bid 100: 1"]);
        desk.accept(reduce(ANN, by_id(1), 4));
        desk.owns(ANN, "btc 10003 usd 9367+330");
        desk.accept(cancel_all(ANN));
        desk.owns(ANN, "btc 10003 usd 9697");
    }

    #[test]
    fn all_of_it_may_be_a_fee_and_is_held_twice() {
        let mut desk = with_rates(1_000_000, 1_000_000);
        desk.place(ANN, "buy 50 @ 100");
        desk.owns(ANN, "btc 10000 usd 0+10000");
        desk.refuse(place(ANN, "buy 1 @ 1"), POOR);
        desk.place(BOB, "sell 50 @ 100");
        desk.owns(ANN, "btc 10050 usd 0");
        desk.owns(BOB, "btc 9900 usd 15000");
        desk.owns(HOUSE, "btc 50 usd 5000");
    }
}

mod amended {
    use super::*;

    #[test]
    fn more_is_held_for_more_and_less_for_less() {
        let mut desk = on_top();
        desk.place(ANN, "buy 10 @ 100 as x");
        for (quantity, price, owns) in [
            (20, 100, "btc 10000 usd 7800+2200"),
            (20, 101, "btc 10000 usd 7778+2222"),
            (15, 101, "btc 10000 usd 8334+1666"),
            (15, 7, "btc 10000 usd 9885+115"),
            (10, 100, "btc 10000 usd 8900+1100"),
        ] {
            desk.accept(amend(ANN, by_name("x"), quantity, price));
            desk.owns(ANN, owns);
        }
        desk.accept(cancel_all(ANN));
        desk.owns(ANN, "btc 10000 usd 10000");
    }

    #[test]
    fn only_the_difference_must_be_there() {
        let mut desk = on_top();
        desk.place(ANN, "buy 10 @ 100 as x");
        // 90 x 101 are 9,090, and 909; one more is too much.
        desk.refuse(amend(ANN, by_name("x"), 91, 101), POOR);
        desk.accept(amend(ANN, by_name("x"), 90, 101));
        desk.owns(ANN, "btc 10000 usd 1+9999");
        desk.refuse(replace(ANN, by_name("x"), 91, 100), POOR);
        desk.accept(replace(ANN, by_name("x"), 90, 100));
        desk.owns(ANN, "btc 10000 usd 100+9900");
    }

    #[test]
    fn who_starts_anew_is_asked_anew_and_who_gets_smaller_is_not() {
        let mut desk = on_top();
        desk.place(ANN, "buy 10 @ 100 as x");
        desk.charge(fees(10_000, 200_000));
        desk.accept(amend(ANN, by_name("x"), 9, 100));
        desk.owns(ANN, "btc 10000 usd 9010+990");
        desk.accept(reduce(ANN, by_name("x"), 1));
        desk.owns(ANN, "btc 10000 usd 9120+880");
        desk.accept(amend(ANN, by_name("x"), 8, 101));
        // 808 and 161.6.
        desk.owns(ANN, "btc 10000 usd 9031+969");
        desk.accept(choose(ANN, None));
        desk.accept(reduce(ANN, by_name("x"), 1));
        // 707 and 141.4.
        desk.owns(ANN, "btc 10000 usd 9152+848");
        desk.accept(amend(ANN, by_name("x"), 7, 100));
        desk.owns(ANN, "btc 10000 usd 9300+700");
        // And the other way round.
        desk.accept(choose(ANN, Some(USD)));
        desk.accept(amend(ANN, by_name("x"), 8, 100));
        desk.owns(ANN, "btc 10000 usd 9040+960");
        desk.accept(cancel_all(ANN));
        desk.owns(ANN, "btc 10000 usd 10000");
    }

    #[test]
    fn a_replacement_is_asked_anew() {
        let mut desk = on_top();
        desk.place(ANN, "buy 10 @ 100 as x");
        desk.accept(choose(ANN, None));
        desk.accept(replace_as(ANN, by_name("x"), 10, 100, "x"));
        desk.owns(ANN, "btc 10000 usd 9000+1000");
        desk.accept(choose(ANN, Some(USD)));
        desk.accept(replace_as(ANN, by_name("x"), 10, 100, "x"));
        desk.owns(ANN, "btc 10000 usd 8900+1100");
    }

    #[test]
    fn an_amended_buyer_that_takes_pays_as_a_taker() {
        let mut desk = on_top();
        desk.place(ANN, "buy 10 @ 100 as x");
        desk.place(BOB, "sell 4 @ 105");
        // 420 and 42 are paid, 660 and 66 stay.
        desk.accept(amend(ANN, by_name("x"), 10, 110));
        desk.owns(ANN, "btc 10004 usd 8812+726");
        desk.place(BOB, "sell 6 @ 110");
        // 660 and 6.
        desk.owns(ANN, "btc 10010 usd 8872");
    }

    #[test]
    fn a_post_only_order_holds_the_rate_of_a_maker_still() {
        let mut desk = on_top();
        desk.place(BOB, "sell 5 @ 120");
        desk.place(ANN, "buy 10 @ 100 slide as x");
        desk.accept(amend(ANN, by_name("x"), 10, 150));
        // 1,190 and 11.9.
        desk.owns(ANN, "btc 10000 usd 8799+1201");
        desk.accept(amend(ANN, by_name("x"), 20, 101));
        desk.owns(ANN, "btc 10000 usd 7960+2040");
    }

    #[test]
    fn an_amendment_to_what_has_traded_gives_all_back() {
        let mut desk = on_top();
        desk.place(ANN, "buy 10 @ 100 as x");
        desk.place(BOB, "sell 4 @ 100");
        desk.accept(amend(ANN, by_name("x"), 4, 100));
        desk.owns(ANN, "btc 10004 usd 9596");
    }
}

mod rates_that_change {
    use super::*;

    #[test]
    fn nobody_pays_more_on_top_than_is_held_for_it() {
        let mut desk = on_top();
        desk.place(ANN, "buy 10 @ 100");
        desk.place(ANN, "buy 10 @ 99 post");
        desk.charge(fees(500_000, 500_000));
        desk.place(BOB, "sell 20 @ 99");
        // 10 % of 1,000 were held for, and 1 % of 990.
        desk.owns(ANN, "btc 10020 usd 7901");
        desk.owns(HOUSE, "btc 10 usd 109");
    }

    #[test]
    fn who_pays_less_gets_the_rest_back() {
        let mut desk = on_top();
        desk.place(ANN, "buy 10 @ 100");
        desk.charge(fees(0, 0));
        desk.place(BOB, "sell 10 @ 100");
        desk.owns(ANN, "btc 10010 usd 9000");
    }

    #[test]
    fn who_held_for_nothing_pays_out_of_what_comes_in() {
        let mut desk = with_rates(0, 0);
        desk.place(ANN, "buy 100 @ 5");
        desk.owns(ANN, "btc 10000 usd 9500+500");
        desk.charge(fees(10_000, 10_000));
        desk.deposit(CAT, BTC, 100);
        desk.place(CAT, "sell 100 @ 5");
        desk.owns(ANN, "btc 10099 usd 9500");
        desk.owns(HOUSE, "btc 1 usd 5");
    }
}
