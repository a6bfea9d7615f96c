//! What orders with more terms than a price hold, pay and give back. The notation is explained in
//! `desk`; after every accepted command the desk checks that balances and orders agree.

mod desk;

use accounts_core::LedgerReject;
use desk::*;
use exchange_engine::{Command, Event, InstrumentId, OrderRef, Reject};
use orderbook_core::{BookReject, OrderId, Price, Quantity, Resting, TimeInForce, Timestamp};

const POOR: LedgerReject = LedgerReject::InsufficientAvailable;

/// A thousand USD each for Ann and Bob, and 20 BTC.
fn rich() -> Desk {
    let mut desk = Desk::new();
    for account in [ANN, BOB] {
        desk.deposit(account, USD, 1_000);
        desk.deposit(account, BTC, 20);
    }
    desk
}

mod icebergs {
    use super::*;

    #[test]
    fn a_reserve_is_held_like_what_everybody_sees() {
        let mut desk = rich();
        let ask = desk.place(ANN, "sell 10 @ 100 show 3");
        desk.owns(ANN, "btc 10+10 usd 1000");
        let bid = desk.place(BOB, "buy 10 @ 90 show 4");
        desk.owns(BOB, "btc 20 usd 100+900");
        desk.book(&["bid 90: 4", "ask 100: 3"]);
        desk.cancel(ANN, ask);
        desk.cancel(BOB, bid);
        desk.owns(ANN, "btc 20 usd 1000");
        desk.owns(BOB, "btc 20 usd 1000");
    }

    #[test]
    fn slices_come_out_of_what_is_held_already() {
        let mut desk = rich();
        desk.place(ANN, "buy 10 @ 100 show 3");
        let events = desk.accept(place(BOB, "sell 4 @ 100"));
        assert_eq!(
            words(&events),
            [
                "#2 accepted",
                "account 2 asset 1: 16+4",
                "traded 3 @ 100",
                "account 1 asset 2: 0+700",
                "account 2 asset 1: 16+1",
                "account 1 asset 1: 23+0",
                "account 2 asset 2: 1300+0",
                "#1 shows 3",
                "traded 1 @ 100",
                "account 1 asset 2: 0+600",
                "account 2 asset 1: 16+0",
                "account 1 asset 1: 24+0",
                "account 2 asset 2: 1400+0",
                "#2 filled",
            ]
        );
        desk.book(&["bid 100: 2"]);
        desk.owns(ANN, "btc 24 usd 0+600");
    }

    #[test]
    fn a_market_buy_pays_for_reserves_too() {
        let mut desk = rich();
        desk.place(BOB, "sell 6 @ 100 show 2");
        desk.place(BOB, "sell 6 @ 110");
        desk.accept(withdraw(ANN, USD, 180));
        // 6 x 100 and 2 x 110 are 820.
        desk.refuse(place(ANN, "buy 9 market"), POOR);
        desk.place(ANN, "buy 8 market");
        desk.owns(ANN, "btc 28 usd 0");
        desk.book(&["ask 110: 4"]);
    }

    #[test]
    fn a_reduction_releases_from_the_reserve() {
        let mut desk = rich();
        let order = OrderRef::Id(desk.place(ANN, "buy 10 @ 100 show 3"));
        desk.accept(reduce(ANN, order, 6));
        desk.book(&["bid 100: 3"]);
        desk.owns(ANN, "btc 20 usd 600+400");
        desk.accept(reduce(ANN, order, 2));
        desk.book(&["bid 100: 2"]);
        desk.owns(ANN, "btc 20 usd 800+200");
    }

    #[test]
    fn one_that_takes_first_rests_with_what_is_left() {
        let mut desk = rich();
        desk.place(BOB, "sell 4 @ 90");
        desk.place(ANN, "buy 10 @ 100 show 3");
        // Paid 4 x 90; 6 x 100 stay held, of which two are left of the second slice.
        desk.owns(ANN, "btc 24 usd 40+600");
        desk.book(&["bid 100: 2"]);
    }
}

mod self_trade {
    use super::*;

    /// Ann bids 5 at 90 and asks 5 at 100; Bob bids 5 at 80 and asks 5 at 110.
    fn two_quotes() -> Desk {
        let mut desk = rich();
        desk.place(ANN, "buy 5 @ 90");
        desk.place(ANN, "sell 5 @ 100");
        desk.place(BOB, "buy 5 @ 80");
        desk.place(BOB, "sell 5 @ 110");
        desk.owns(ANN, "btc 15+5 usd 550+450");
        desk
    }

    #[test]
    fn a_decrement_gives_back_what_both_held() {
        let mut desk = two_quotes();
        // Held 3 x 105; two of the ask are left afterwards.
        let events = desk.accept(place(ANN, "buy 3 @ 105 own decrement"));
        assert_eq!(
            words(&events),
            [
                "#5 accepted",
                "account 1 asset 2: 235+765",
                "decremented 3 @ 100",
                "account 1 asset 1: 18+2",
                "account 1 asset 2: 550+450",
                "#5 selftrade",
            ]
        );
        desk.book(&["bid 90: 5", "bid 80: 5", "ask 100: 2", "ask 110: 5"]);
    }

    #[test]
    fn what_a_decrement_leaves_of_a_buyer_rests_at_its_limit() {
        let mut desk = two_quotes();
        desk.accept(cancel(ANN, OrderRef::Id(OrderId::new(1))));
        let events = desk.accept(place(ANN, "buy 8 @ 105 own decrement"));
        assert_eq!(
            words(&events),
            [
                "#5 accepted",
                "account 1 asset 2: 160+840",
                "decremented 5 @ 100",
                "account 1 asset 1: 20+0",
                "account 1 asset 2: 685+315",
                "#2 selftrade",
                "#5 rested",
            ]
        );
        desk.book(&["bid 105: 3", "bid 80: 5", "ask 110: 5"]);
    }

    #[test]
    fn what_a_decrement_leaves_of_a_seller_rests_at_its_limit() {
        let mut desk = two_quotes();
        desk.place(ANN, "sell 8 @ 85 own decrement");
        // Of the bid nothing is left, of the new order 3, and the ask of 5 is still there.
        desk.owns(ANN, "btc 12+8 usd 1000");
        desk.book(&["bid 80: 5", "ask 85: 3", "ask 100: 5", "ask 110: 5"]);
    }

    #[test]
    fn a_market_buy_holds_nothing_for_what_is_decremented() {
        let mut desk = two_quotes();
        desk.accept(withdraw(ANN, USD, 330));
        // Five go with the own ask, two are bought at 110.
        desk.refuse(place(ANN, "buy 8 market own decrement"), POOR);
        desk.place(ANN, "buy 7 market own decrement");
        desk.owns(ANN, "btc 22 usd 0+450");
        desk.book(&["bid 90: 5", "bid 80: 5", "ask 110: 3"]);
    }

    #[test]
    fn a_market_sell_gives_back_what_is_decremented() {
        let mut desk = two_quotes();
        desk.place(ANN, "sell 7 market own decrement");
        // The hold of the bid is back; two are sold at 80.
        desk.owns(ANN, "btc 13+5 usd 1160");
        desk.book(&["bid 80: 3", "ask 100: 5", "ask 110: 5"]);
    }

    #[test]
    fn an_iceberg_is_decremented_slice_by_slice() {
        let mut desk = rich();
        desk.place(ANN, "sell 9 @ 100 show 4");
        desk.place(ANN, "buy 6 @ 100 own decrement");
        desk.owns(ANN, "btc 17+3 usd 1000");
        desk.book(&["ask 100: 2"]);
        // Of all three that are left, one is in reserve.
        desk.place(ANN, "buy 3 market own decrement");
        desk.owns(ANN, "btc 20 usd 1000");
        desk.book(&[]);
    }

    #[test]
    fn a_maker_that_expires_gets_its_hold_back_and_the_taker_goes_on() {
        let mut desk = two_quotes();
        desk.accept(withdraw(ANN, USD, 220));
        // The own ask goes; 3 x 110 are all that Ann has left.
        desk.place(ANN, "buy 3 market own maker");
        desk.owns(ANN, "btc 23 usd 0+450");
        desk.place(ANN, "sell 4 @ 80 own maker");
        desk.owns(ANN, "btc 19 usd 770");
        desk.book(&["bid 80: 1", "ask 110: 2"]);
    }

    #[test]
    fn a_taker_that_expires_gets_its_hold_back() {
        let mut desk = two_quotes();
        desk.place(BOB, "sell 2 @ 95");
        let before = ["bid 90: 5", "bid 80: 5", "ask 100: 5", "ask 110: 5"];
        // Two are bought at 95 before it meets the own ask.
        desk.place(ANN, "buy 4 @ 105 own taker");
        desk.owns(ANN, "btc 17+5 usd 360+450");
        desk.book(&before);
        desk.place(ANN, "buy 4 market own taker");
        desk.place(ANN, "sell 4 market own taker");
        desk.owns(ANN, "btc 17+5 usd 360+450");
        desk.book(&before);
    }

    #[test]
    fn both_that_expire_get_their_holds_back() {
        let mut desk = two_quotes();
        desk.place(ANN, "buy 4 @ 105 own both");
        desk.owns(ANN, "btc 20 usd 550+450");
        desk.place(ANN, "sell 20 market own both");
        desk.owns(ANN, "btc 20 usd 1000");
        desk.book(&["bid 80: 5", "ask 110: 5"]);
    }

    #[test]
    fn the_instrument_says_what_an_order_does_not() {
        use orderbook_core::SelfTradePrevention;

        let mut desk = rich();
        let mut other = listing(InstrumentId::new(2), "OTHER");
        let prevention = SelfTradePrevention::ExpireMaker;
        other.instrument = other.instrument.with_self_trade(prevention);
        desk.accept(Command::ListInstrument(other));
        let there = |order: &str| match place(ANN, order) {
            Command::Place {
                account,
                side,
                quantity,
                kind,
                self_trade,
                ..
            } => Command::Place {
                account,
                instrument: InstrumentId::new(2),
                client_order_id: None,
                side,
                quantity,
                kind,
                self_trade,
            },
            other => other,
        };
        desk.accept(there("sell 5 @ 100"));
        desk.accept(there("buy 2 @ 100 own allow"));
        desk.owns(ANN, "btc 17+3 usd 1000");
        // Nothing can be bought once the own ask is gone, so this needs no money.
        desk.accept(withdraw(ANN, USD, 1_000));
        desk.accept(there("buy 2 market"));
        desk.owns(ANN, "btc 20 usd 0");
    }
}

mod post_only {
    use super::*;

    #[test]
    fn a_buy_that_slides_holds_the_price_it_rests_at() {
        let mut desk = rich();
        desk.place(BOB, "sell 5 @ 101");
        desk.refuse(place(ANN, "buy 10 @ 101 slide"), POOR);
        let events = desk.accept(place(ANN, "buy 8 @ 120 slide as x"));
        assert_eq!(
            words(&events),
            [
                "#2 rests",
                "account 1 asset 2: 40+960",
                "account 1 asset 2: 200+800",
            ]
        );
        desk.book(&["bid 100: 8", "ask 101: 5"]);
        desk.place(BOB, "sell 3 @ 100");
        desk.owns(ANN, "btc 23 usd 200+500");
        desk.accept(cancel(ANN, by_name("x")));
        desk.owns(ANN, "btc 23 usd 700");
    }

    #[test]
    fn so_does_the_reserve_of_an_iceberg() {
        let mut desk = rich();
        desk.place(BOB, "sell 5 @ 101");
        desk.place(ANN, "buy 8 @ 120 slide show 3");
        desk.owns(ANN, "btc 20 usd 200+800");
        desk.book(&["bid 100: 3", "ask 101: 5"]);
    }

    #[test]
    fn a_sell_that_slides_holds_its_quantity() {
        let mut desk = rich();
        desk.place(BOB, "buy 5 @ 99");
        let id = desk.place(ANN, "sell 8 @ 90 slide");
        desk.owns(ANN, "btc 12+8 usd 1000");
        desk.book(&["bid 99: 5", "ask 100: 8"]);
        desk.cancel(ANN, id);
        desk.owns(ANN, "btc 20 usd 1000");
    }
}

mod market_orders {
    use super::*;

    /// Bob asks 2 at 100 and 2 at 110, and bids 2 at 90 and 2 at 80.
    fn book() -> Desk {
        let mut desk = rich();
        for order in ["sell 2 @ 100", "sell 2 @ 110", "buy 2 @ 90", "buy 2 @ 80"] {
            desk.place(BOB, order);
        }
        desk
    }

    #[test]
    fn a_budget_buys_whole_lots_and_needs_no_more_than_they_cost() {
        let mut desk = book();
        desk.accept(withdraw(ANN, USD, 690));
        // 2 x 100 and 1 x 110; 40 are less than another lot costs.
        let events = desk.accept(place(ANN, "buy 1000000 market for 350"));
        assert_eq!(
            words(&events).last().map(String::as_str),
            Some("#5 budgetspent")
        );
        desk.owns(ANN, "btc 23 usd 0");
        desk.book(&["bid 90: 2", "bid 80: 2", "ask 110: 1"]);
    }

    #[test]
    fn a_budget_is_no_money() {
        let mut desk = book();
        desk.accept(withdraw(ANN, USD, 691));
        desk.refuse(place(ANN, "buy 1000000 market for 350"), POOR);
        // This one needs less than it may spend.
        desk.place(ANN, "buy 2 market for 350");
        desk.owns(ANN, "btc 22 usd 109");
    }

    #[test]
    fn a_budget_too_small_for_a_lot_buys_nothing() {
        let mut desk = book();
        let events = desk.accept(place(ANN, "buy 9 market for 99"));
        assert_eq!(words(&events), ["#5 accepted", "#5 budgetspent"]);
        desk.owns(ANN, "btc 20 usd 1000");
    }

    #[test]
    fn a_seller_with_a_budget_gets_back_what_it_did_not_sell() {
        let mut desk = book();
        // 2 x 90 are 180, and another 80 would be too much.
        desk.refuse(place(ANN, "sell 21 market for 250"), POOR);
        desk.place(ANN, "sell 20 market for 250");
        desk.owns(ANN, "btc 18 usd 1180");
    }

    #[test]
    fn protection_stops_before_the_price_gets_worse() {
        let mut desk = book();
        desk.accept(withdraw(ANN, USD, 800));
        desk.place(ANN, "buy 4 market worst 109");
        desk.owns(ANN, "btc 22 usd 0");
        desk.place(ANN, "sell 4 market worst 81");
        desk.owns(ANN, "btc 20 usd 180");
        desk.book(&["bid 80: 2", "ask 110: 2"]);
        desk.refuse(
            place(ANN, "buy 4 market worst 1000001"),
            BookReject::PriceOutOfRange,
        );
    }

    #[test]
    fn fees_are_taken_from_what_a_budget_bought() {
        let mut desk = Desk::with_fees(0, 500_000);
        desk.deposit(ANN, USD, 200);
        desk.deposit(BOB, BTC, 5);
        desk.place(BOB, "sell 5 @ 100");
        desk.place(ANN, "buy 1000000 market for 299");
        desk.owns(ANN, "btc 1 usd 0");
        desk.owns(HOUSE, "btc 1 usd 0");
    }
}

mod minimum {
    use super::*;

    #[test]
    fn an_order_short_of_its_minimum_costs_nothing() {
        let mut desk = rich();
        desk.place(BOB, "sell 2 @ 100");
        let events = desk.accept(place(ANN, "buy 5 @ 110 min 3"));
        assert_eq!(
            words(&events),
            [
                "#2 accepted",
                "account 1 asset 2: 450+550",
                "#2 expired",
                "account 1 asset 2: 1000+0",
            ]
        );
        desk.place(ANN, "buy 5 @ 110 min 2");
        desk.owns(ANN, "btc 22 usd 800");
    }
}

mod amendments {
    use super::*;

    /// An order of Ann's, called `x`, for 5 at 100; 500 USD are left to her.
    fn one_order() -> Desk {
        let mut desk = rich();
        desk.place(ANN, "buy 5 @ 100 as x");
        desk
    }

    #[test]
    fn more_is_held_for_more() {
        let mut desk = one_order();
        let events = desk.accept(amend(ANN, by_name("x"), 8, 100));
        assert_eq!(
            words(&events),
            [
                "#1 amended to 8 @ 100 and rests",
                "account 1 asset 2: 200+800",
            ]
        );
        desk.book(&["bid 100: 8"]);
        // It is the same order under the same name, and no other got its id.
        desk.refuse(place(ANN, "buy 1 @ 1 as x"), Reject::DuplicateClientOrderId);
        assert_eq!(desk.place(ANN, "buy 1 @ 1"), OrderId::new(2));
        desk.accept(cancel(ANN, by_name("x")));
        desk.owns(ANN, "btc 20 usd 999+1");
    }

    #[test]
    fn less_is_held_for_less() {
        let mut desk = one_order();
        let events = desk.accept(amend(ANN, by_name("x"), 3, 100));
        assert_eq!(
            words(&events),
            ["#1 reduced by 2", "account 1 asset 2: 700+300"]
        );
        desk.accept(amend(ANN, by_name("x"), 3, 90));
        desk.owns(ANN, "btc 20 usd 730+270");
        desk.book(&["bid 90: 3"]);
    }

    #[test]
    fn only_the_difference_must_be_there() {
        let mut desk = one_order();
        for (quantity, price) in [(11, 91), (10, 101), (1_000, 1_000_000)] {
            desk.refuse(amend(ANN, by_name("x"), quantity, price), POOR);
        }
        desk.owns(ANN, "btc 20 usd 500+500");
        desk.accept(amend(ANN, by_name("x"), 10, 100));
        desk.owns(ANN, "btc 20 usd 0+1000");
        desk.refuse(amend(ANN, by_name("x"), 10, 101), POOR);
        // With all of it held, less of it is still to be had for more.
        desk.accept(amend(ANN, by_name("x"), 9, 111));
        desk.owns(ANN, "btc 20 usd 1+999");
    }

    #[test]
    fn what_has_traded_counts_towards_the_new_total() {
        let mut desk = one_order();
        desk.place(BOB, "sell 2 @ 100");
        desk.owns(ANN, "btc 22 usd 500+300");
        // Three of five are left; five of seven will be.
        desk.accept(amend(ANN, by_name("x"), 7, 110));
        desk.owns(ANN, "btc 22 usd 250+550");
        desk.accept(amend(ANN, by_name("x"), 3, 110));
        desk.owns(ANN, "btc 22 usd 690+110");
        desk.book(&["bid 110: 1"]);
    }

    #[test]
    fn an_order_that_has_traded_more_already_is_cancelled() {
        let mut desk = one_order();
        desk.place(BOB, "sell 2 @ 100");
        let events = desk.accept(amend(ANN, by_name("x"), 2, 100));
        assert_eq!(words(&events), ["#1 cancelled", "account 1 asset 2: 800+0"]);
        desk.refuse(cancel(ANN, by_name("x")), Reject::UnknownOrder);
        desk.book(&[]);
    }

    #[test]
    fn an_amended_buyer_pays_the_makers_price() {
        let mut desk = one_order();
        desk.place(BOB, "sell 3 @ 105");
        let events = desk.accept(amend(ANN, by_name("x"), 6, 120));
        assert_eq!(
            words(&events),
            [
                "#1 amended to 6 @ 120",
                "account 1 asset 2: 280+720",
                "traded 3 @ 105",
                "account 1 asset 2: 325+360",
                "account 2 asset 1: 17+0",
                "account 1 asset 1: 23+0",
                "account 2 asset 2: 1315+0",
                "#2 filled",
                "#1 rested",
            ]
        );
        desk.book(&["bid 120: 3"]);
        desk.accept(cancel(ANN, by_name("x")));
        desk.owns(ANN, "btc 23 usd 685");
    }

    #[test]
    fn an_amended_order_that_trades_in_full_is_open_no_longer() {
        let mut desk = one_order();
        desk.place(BOB, "sell 9 @ 105");
        desk.accept(amend(ANN, by_name("x"), 5, 105));
        desk.owns(ANN, "btc 25 usd 475");
        desk.book(&["ask 105: 4"]);
        desk.refuse(cancel(ANN, by_name("x")), Reject::UnknownOrder);
        desk.refuse(
            cancel(ANN, OrderRef::Id(OrderId::new(1))),
            Reject::UnknownOrder,
        );
    }

    #[test]
    fn a_sell_holds_what_is_left_of_it_at_any_price() {
        let mut desk = rich();
        desk.place(ANN, "sell 5 @ 100 as x");
        desk.place(BOB, "buy 4 @ 90");
        desk.refuse(amend(ANN, by_name("x"), 21, 100), POOR);
        desk.accept(amend(ANN, by_name("x"), 20, 100));
        desk.owns(ANN, "btc 0+20 usd 1000");
        desk.accept(amend(ANN, by_name("x"), 6, 90));
        desk.owns(ANN, "btc 14+2 usd 1360");
        desk.book(&["ask 90: 2"]);
    }

    #[test]
    fn an_iceberg_stays_one() {
        let mut desk = rich();
        desk.place(ANN, "buy 5 @ 100 show 2 as x");
        desk.accept(amend(ANN, by_name("x"), 9, 110));
        desk.owns(ANN, "btc 20 usd 10+990");
        desk.book(&["bid 110: 2"]);
        desk.accept(amend(ANN, by_name("x"), 4, 110));
        desk.owns(ANN, "btc 20 usd 560+440");
        desk.book(&["bid 110: 2"]);
    }

    #[test]
    fn a_post_only_order_slides_or_is_refused_again() {
        let mut desk = rich();
        desk.place(BOB, "sell 5 @ 101");
        desk.place(ANN, "buy 5 @ 90 slide as x");
        desk.accept(amend(ANN, by_name("x"), 5, 150));
        // Held 5 x 150 on the way, 5 x 100 where it rests.
        desk.owns(ANN, "btc 20 usd 500+500");
        desk.book(&["bid 100: 5", "ask 101: 5"]);
        desk.refuse(amend(ANN, by_name("x"), 5, 201), POOR);
        desk.accept(cancel(ANN, by_name("x")));
        desk.place(ANN, "buy 5 @ 90 post as y");
        desk.refuse(amend(ANN, by_name("y"), 5, 101), BookReject::WouldMatch);
        desk.owns(ANN, "btc 20 usd 550+450");
    }

    #[test]
    fn an_amended_order_keeps_away_from_its_owner() {
        let mut desk = rich();
        desk.place(ANN, "buy 5 @ 90 own taker as x");
        desk.place(ANN, "sell 3 @ 100");
        desk.accept(amend(ANN, by_name("x"), 5, 100));
        // It closes as a taker, and gives back all that it held.
        desk.owns(ANN, "btc 17+3 usd 1000");
        desk.refuse(cancel(ANN, by_name("x")), Reject::UnknownOrder);

        desk.place(ANN, "buy 5 @ 90 own decrement as y");
        desk.accept(amend(ANN, by_name("y"), 5, 110));
        desk.owns(ANN, "btc 20 usd 780+220");
        desk.book(&["bid 110: 2"]);
    }

    #[test]
    fn what_changes_nothing_or_cannot_be_is_refused() {
        let mut desk = one_order();
        let order = by_name("x");
        desk.refuse(amend(ANN, order, 5, 100), BookReject::NothingToAmend);
        desk.refuse(amend(ANN, order, 0, 100), BookReject::QuantityOutOfRange);
        desk.refuse(amend(ANN, order, 5, 0), BookReject::PriceOutOfRange);
        desk.refuse(amend(BOB, order, 5, 99), Reject::UnknownOrder);
        desk.refuse(amend(ANN, by_name("y"), 5, 99), Reject::UnknownOrder);
        let elsewhere = Command::Amend {
            account: ANN,
            instrument: InstrumentId::new(9),
            order,
            quantity: Quantity::new(5),
            price: Price::new(99),
        };
        desk.refuse(elsewhere, Reject::UnknownInstrument);
    }
}

mod dates {
    use super::*;

    fn gtd(until: u64) -> TimeInForce {
        TimeInForce::gtd(Timestamp::new(until))
    }

    #[test]
    fn an_order_expires_when_its_time_has_come_and_time_passes() {
        let mut desk = rich();
        desk.place(ANN, "buy 5 @ 100 until 50 as x");
        desk.place(ANN, "sell 5 @ 110 until 40 show 2");
        desk.place(BOB, "buy 1 @ 90");
        desk.time = 39;
        assert_eq!(desk.accept(Command::AdvanceTime), []);
        desk.time = 60;
        // Time alone does nothing: whoever comes first may still trade with them.
        desk.place(BOB, "sell 1 @ 100");
        let events = desk.accept(Command::AdvanceTime);
        assert_eq!(
            words(&events),
            [
                "#2 expired",
                "account 1 asset 1: 21+0",
                "#1 expired",
                "account 1 asset 2: 900+0",
            ]
        );
        desk.book(&["bid 90: 1"]);
        desk.refuse(cancel(ANN, by_name("x")), Reject::UnknownOrder);
        assert_eq!(desk.accept(Command::AdvanceTime), []);
    }

    #[test]
    fn a_date_that_has_come_is_refused_though_no_time_has_passed() {
        let mut desk = rich();
        desk.time = 50;
        desk.refuse(
            place(ANN, "buy 5 @ 100 until 50"),
            BookReject::AlreadyExpired,
        );
        // The money is not what is wrong.
        desk.refuse(
            place(CAT, "buy 5 @ 100 until 49"),
            BookReject::AlreadyExpired,
        );
        let id = desk.place(ANN, "buy 5 @ 100 until 51");
        let replace = |until| Command::Replace {
            account: ANN,
            instrument: BTCUSD,
            order: OrderRef::Id(id),
            client_order_id: None,
            quantity: Quantity::new(5),
            price: Price::new(100),
            time_in_force: gtd(until),
        };
        desk.refuse(replace(50), BookReject::AlreadyExpired);
        desk.accept(Command::AdvanceTime);
        desk.refuse(replace(50), BookReject::AlreadyExpired);
        desk.accept(replace(60));
        desk.time = 59;
        desk.accept(Command::AdvanceTime);
        desk.book(&["bid 100: 5"]);
        desk.time = 60;
        desk.accept(Command::AdvanceTime);
        desk.book(&[]);
        desk.owns(ANN, "btc 20 usd 1000");
    }

    #[test]
    fn an_amendment_keeps_the_date() {
        let mut desk = rich();
        desk.place(ANN, "buy 5 @ 100 until 50 as x");
        desk.accept(amend(ANN, by_name("x"), 6, 110));
        desk.time = 50;
        desk.accept(Command::AdvanceTime);
        desk.book(&[]);
        desk.owns(ANN, "btc 20 usd 1000");
    }

    #[test]
    fn all_books_expire_in_the_order_of_their_ids() {
        let mut desk = rich();
        let second = InstrumentId::new(2);
        desk.accept(Command::ListInstrument(listing(second, "SECOND")));
        let Command::Place {
            side,
            quantity,
            kind,
            ..
        } = place(ANN, "sell 1 @ 100 until 20")
        else {
            unreachable!("place() places");
        };
        desk.accept(Command::Place {
            account: ANN,
            instrument: second,
            client_order_id: None,
            side,
            quantity,
            kind,
            self_trade: None,
        });
        desk.place(ANN, "sell 2 @ 100 until 30");
        desk.time = 30;
        let events = desk.accept(Command::AdvanceTime);
        assert_eq!(
            words(&events),
            [
                "#2 expired",
                "account 1 asset 1: 19+1",
                "#1 expired",
                "account 1 asset 1: 20+0",
            ]
        );
    }

    #[test]
    fn time_that_runs_backwards_is_refused() {
        let mut desk = rich();
        desk.time = 50;
        desk.accept(Command::AdvanceTime);
        desk.time = 49;
        desk.refuse(Command::AdvanceTime, Reject::TimeWentBackwards);
        desk.time = 50;
        desk.accept(Command::AdvanceTime);
    }
}

mod replacements {
    use super::*;

    fn replace(order: OrderRef, quantity: u64, price: i64, terms: Resting) -> Command {
        Command::Replace {
            account: ANN,
            instrument: BTCUSD,
            order,
            client_order_id: None,
            quantity: Quantity::new(quantity),
            price: Price::new(price),
            time_in_force: TimeInForce::Rest(terms),
        }
    }

    #[test]
    fn an_iceberg_takes_the_place_of_a_plain_order_and_back() {
        let mut desk = rich();
        let first = OrderRef::Id(desk.place(ANN, "buy 5 @ 100"));
        let iceberg = Resting {
            display: Some(Quantity::new(2)),
            ..Resting::PLAIN
        };
        desk.refuse(replace(first, 11, 100, iceberg), POOR);
        desk.accept(replace(first, 9, 110, iceberg));
        desk.owns(ANN, "btc 20 usd 10+990");
        desk.book(&["bid 110: 2"]);
        desk.place(BOB, "sell 3 @ 110");
        desk.owns(ANN, "btc 23 usd 10+660");
        // The reserve that is replaced can be used, too.
        let second = OrderRef::Id(OrderId::new(2));
        desk.refuse(
            replace(second, 671, 1, iceberg),
            BookReject::DisplayTooSmall,
        );
        desk.refuse(replace(second, 671, 1, Resting::PLAIN), POOR);
        desk.accept(replace(second, 670, 1, Resting::PLAIN));
        desk.owns(ANN, "btc 23 usd 0+670");
    }

    #[test]
    fn a_replacement_keeps_what_its_order_said_about_own_orders() {
        let mut desk = rich();
        let order = OrderRef::Id(desk.place(ANN, "buy 5 @ 100 own decrement"));
        desk.place(ANN, "sell 3 @ 110");
        let events = desk.accept(replace(order, 5, 110, Resting::PLAIN));
        let accepted = events.iter().find_map(|event| match event {
            Event::OrderAccepted { order, .. } => Some(order.self_trade),
            _ => None,
        });
        let decrement = orderbook_core::SelfTradePrevention::Decrement;
        assert_eq!(accepted, Some(Some(decrement)));
        desk.owns(ANN, "btc 20 usd 780+220");
        desk.book(&["bid 110: 2"]);
    }

    #[test]
    fn a_replacement_that_slides_holds_the_price_it_rests_at() {
        let mut desk = rich();
        desk.place(BOB, "sell 5 @ 101");
        let order = OrderRef::Id(desk.place(ANN, "buy 5 @ 90"));
        let slide = Resting {
            post_only: Some(orderbook_core::PostOnly::Slide),
            ..Resting::PLAIN
        };
        desk.accept(replace(order, 5, 150, slide));
        desk.owns(ANN, "btc 20 usd 500+500");
        desk.book(&["bid 100: 5", "ask 101: 5"]);
    }
}
