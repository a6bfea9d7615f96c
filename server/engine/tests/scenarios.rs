//! What a trader can check by eye: orders, and who owns what afterwards. The notation is explained
//! in `desk`.

mod desk;

use accounts_core::{AssetId, LedgerReject};
use desk::*;
use exchange_engine::{Command, InstrumentId, OrderRef, Reject};
use orderbook_core::{BookReject, OrderId, Price, Quantity, TimeInForce};

const POOR: LedgerReject = LedgerReject::InsufficientAvailable;

mod orders {
    use super::*;

    /// Asks of 2 at 100 and 2 at 110 by Bob, and 1,000 USD for Ann.
    fn two_asks() -> Desk {
        let mut desk = Desk::new();
        desk.deposit(ANN, USD, 1_000);
        desk.deposit(BOB, BTC, 10);
        desk.place(BOB, "sell 2 @ 100");
        desk.place(BOB, "sell 2 @ 110");
        desk
    }

    #[test]
    fn a_market_buy_needs_exactly_what_it_costs() {
        let mut desk = two_asks();
        desk.accept(withdraw(ANN, USD, 690));
        // 2 x 100 and 1 x 110 are 310.
        desk.place(ANN, "buy 3 market");
        desk.owns(ANN, "btc 3 usd 0");
        desk.book(&["ask 110: 1"]);
    }

    #[test]
    fn a_market_buy_for_more_than_there_is_expires_and_costs_what_it_got() {
        let mut desk = two_asks();
        let events = desk.accept(place(ANN, "buy 9 market"));
        assert_eq!(
            words(&events),
            [
                "#3 accepted",
                "account 1 asset 2: 580+420",
                "traded 2 @ 100",
                "account 1 asset 2: 580+220",
                "account 2 asset 1: 6+2",
                "account 1 asset 1: 2+0",
                "account 2 asset 2: 200+0",
                "#1 filled",
                "traded 2 @ 110",
                "account 1 asset 2: 580+0",
                "account 2 asset 1: 6+0",
                "account 1 asset 1: 4+0",
                "account 2 asset 2: 420+0",
                "#2 filled",
                "#3 expired",
            ]
        );
        desk.owns(ANN, "btc 4 usd 580");
        desk.book(&[]);
    }

    #[test]
    fn a_market_order_that_finds_nobody_expires_and_costs_nothing() {
        let mut desk = Desk::new();
        // Not even money is needed to buy nothing; to sell one must own what might be sold.
        let events = desk.accept(place(ANN, "buy 5 market"));
        assert_eq!(words(&events), ["#1 accepted", "#1 expired"]);
        desk.refuse(place(BOB, "sell 5 market"), POOR);
        desk.deposit(BOB, BTC, 5);
        let events = desk.accept(place(BOB, "sell 5 market"));
        assert_eq!(
            words(&events),
            [
                "#2 accepted",
                "account 2 asset 1: 0+5",
                "#2 expired",
                "account 2 asset 1: 5+0"
            ]
        );
        desk.owns(ANN, "btc 0 usd 0");
        desk.owns(BOB, "btc 5 usd 0");
    }

    #[test]
    fn a_market_sell_releases_what_it_could_not_sell() {
        let mut desk = Desk::new();
        desk.deposit(ANN, USD, 200);
        desk.deposit(BOB, BTC, 10);
        desk.place(ANN, "buy 2 @ 100");
        desk.place(BOB, "sell 9 market");
        desk.owns(BOB, "btc 8 usd 200");
        desk.book(&[]);
    }

    #[test]
    fn an_ioc_releases_the_saved_and_the_unfilled() {
        let mut desk = two_asks();
        // Held 5 x 105; two trade at 100.
        let id = desk.place(ANN, "buy 5 @ 105 ioc");
        desk.owns(ANN, "btc 2 usd 800");
        desk.book(&["ask 110: 2"]);
        desk.refuse(cancel(ANN, OrderRef::Id(id)), Reject::UnknownOrder);
    }

    #[test]
    fn a_fok_is_filled_whole_or_costs_nothing() {
        let mut desk = two_asks();
        desk.place(ANN, "buy 3 @ 109 fok");
        desk.owns(ANN, "btc 0 usd 1000");
        desk.book(&["ask 100: 2", "ask 110: 2"]);
        desk.place(ANN, "buy 3 @ 110 fok");
        desk.owns(ANN, "btc 3 usd 690");
        desk.book(&["ask 110: 1"]);
    }

    #[test]
    fn a_post_only_order_that_would_match_leaves_everything_untouched() {
        let mut desk = two_asks();
        desk.refuse(place(ANN, "buy 1 @ 100 post"), BookReject::WouldMatch);
        desk.owns(ANN, "btc 0 usd 1000");
        desk.place(ANN, "buy 1 @ 99 post");
        desk.owns(ANN, "btc 0 usd 901+99");
    }

    #[test]
    fn what_the_book_refuses_is_refused() {
        let mut desk = two_asks();
        desk.refuse(
            place(ANN, "buy 1000001 @ 1"),
            BookReject::QuantityOutOfRange,
        );
        desk.refuse(place(ANN, "buy 0 market"), BookReject::QuantityOutOfRange);
        desk.refuse(place(ANN, "buy 1 @ 0"), BookReject::PriceOutOfRange);
        desk.refuse(place(ANN, "buy 1 @ -1"), BookReject::PriceOutOfRange);
        // The terms come before the money.
        desk.refuse(place(CAT, "buy 1 @ 0"), BookReject::PriceOutOfRange);
    }

    #[test]
    fn ids_are_consecutive_and_a_refused_order_takes_none() {
        let mut desk = Desk::new();
        desk.deposit(ANN, USD, 1_000);
        assert_eq!(desk.place(ANN, "buy 1 @ 100"), OrderId::new(1));
        desk.refuse(place(ANN, "buy 50 @ 100"), POOR);
        desk.refuse(place(ANN, "buy 1 @ 0"), BookReject::PriceOutOfRange);
        assert_eq!(desk.place(ANN, "buy 1 market"), OrderId::new(2));
        let first = OrderRef::Id(OrderId::new(1));
        desk.refuse(replace(ANN, first, 50, 100), POOR);
        desk.accept(replace(ANN, first, 2, 100));
        assert_eq!(desk.exchange.last_order_id(), OrderId::new(3));
        assert_eq!(desk.place(ANN, "buy 1 @ 100"), OrderId::new(4));
    }

    #[test]
    fn who_and_where_must_be_known() {
        let mut desk = two_asks();
        let stranger = accounts_core::AccountId::new(99);
        let unknown = LedgerReject::UnknownAccount;
        desk.refuse(place(stranger, "buy 1 @ 100"), unknown);
        desk.refuse(place(stranger, "buy 1 market"), unknown);
        desk.refuse(deposit(stranger, USD, 1), unknown);
        desk.refuse(deposit(ANN, AssetId::new(9), 1), LedgerReject::UnknownAsset);
        desk.refuse(deposit(ANN, USD, 0), LedgerReject::ZeroAmount);
        desk.refuse(
            Command::OpenAccount { account: ANN },
            LedgerReject::DuplicateAccount,
        );
        desk.refuse(
            Command::OpenAccount { account: HOUSE },
            LedgerReject::DuplicateAccount,
        );
        let instrument = InstrumentId::new(9);
        let reject = Reject::UnknownInstrument;
        desk.refuse(
            Command::CancelAll {
                account: ANN,
                instrument,
            },
            reject,
        );
        desk.refuse(
            Command::Cancel {
                account: BOB,
                instrument,
                order: OrderRef::Id(OrderId::new(1)),
            },
            reject,
        );
        let fees = fees(0, 0);
        desk.refuse(Command::SetFees { instrument, fees }, reject);
    }

    #[test]
    fn time_does_not_run_backwards() {
        let mut desk = Desk::new();
        desk.time = 10;
        desk.deposit(ANN, USD, 1);
        desk.time = 9;
        desk.refuse(deposit(ANN, USD, 1), Reject::TimeWentBackwards);
        // What is refused does not move the clock.
        desk.time = 20;
        desk.refuse(deposit(ANN, USD, 0), LedgerReject::ZeroAmount);
        desk.time = 10;
        desk.deposit(ANN, USD, 1);
        desk.owns(ANN, "btc 0 usd 2");
    }
}

mod open_orders {
    use super::*;

    fn client(name: &str) -> OrderRef {
        OrderRef::Client(named(name))
    }

    /// An order of Ann's for 5 at 100, called `x`, and 500 USD besides.
    fn one_order() -> (Desk, OrderId) {
        let mut desk = Desk::new();
        desk.deposit(ANN, USD, 1_000);
        let id = desk.place(ANN, "buy 5 @ 100 as x");
        (desk, id)
    }

    #[test]
    fn an_order_is_cancelled_by_the_name_its_owner_gave_it() {
        let (mut desk, _) = one_order();
        desk.refuse(cancel(ANN, client("y")), Reject::UnknownOrder);
        desk.accept(cancel(ANN, client("x")));
        desk.owns(ANN, "btc 0 usd 1000");
        desk.refuse(cancel(ANN, client("x")), Reject::UnknownOrder);
    }

    #[test]
    fn a_name_is_taken_by_its_order_open_or_not() {
        let (mut desk, id) = one_order();
        desk.refuse(
            place(ANN, "buy 1 @ 90 as x"),
            Reject::DuplicateClientOrderId,
        );
        // Even for an order that would never rest; but not for somebody else.
        desk.refuse(
            place(ANN, "buy 1 market as x"),
            Reject::DuplicateClientOrderId,
        );
        desk.deposit(BOB, USD, 90);
        desk.place(BOB, "buy 1 @ 90 as x");
        desk.cancel(ANN, id);
        desk.refuse(
            place(ANN, "buy 1 @ 91 as x"),
            Reject::DuplicateClientOrderId,
        );
        desk.book(&["bid 90: 1"]);
    }

    #[test]
    fn nobody_touches_the_order_of_somebody_else() {
        let (mut desk, id) = one_order();
        desk.deposit(BOB, USD, 1_000);
        for order in [OrderRef::Id(id), client("x")] {
            desk.refuse(cancel(BOB, order), Reject::UnknownOrder);
            desk.refuse(reduce(BOB, order, 1), Reject::UnknownOrder);
            desk.refuse(replace(BOB, order, 1, 100), Reject::UnknownOrder);
        }
        desk.refuse(cancel_all(BOB), Reject::UnknownOrder);
    }

    #[test]
    fn an_order_is_sought_where_it_rests() {
        let (mut desk, id) = one_order();
        let other = InstrumentId::new(2);
        desk.accept(Command::ListInstrument(listing(other, "OTHER")));
        desk.refuse(
            Command::Cancel {
                account: ANN,
                instrument: other,
                order: OrderRef::Id(id),
            },
            Reject::UnknownOrder,
        );
    }

    #[test]
    fn a_replacement_may_use_the_money_of_the_order_it_replaces() {
        let (mut desk, id) = one_order();
        let order = OrderRef::Id(id);
        // 500 held and 500 available are enough for 10 at 100, and not for a unit more.
        desk.refuse(replace(ANN, order, 11, 91), POOR);
        desk.book(&["bid 100: 5"]);
        desk.owns(ANN, "btc 0 usd 500+500");
        desk.accept(replace(ANN, order, 10, 100));
        desk.owns(ANN, "btc 0 usd 0+1000");
        desk.book(&["bid 100: 10"]);
        // Without a name of its own it has none.
        desk.refuse(cancel(ANN, client("x")), Reject::UnknownOrder);
    }

    #[test]
    fn a_smaller_replacement_gives_money_back() {
        let (mut desk, id) = one_order();
        let events = desk.accept(replace(ANN, OrderRef::Id(id), 2, 90));
        assert_eq!(
            words(&events),
            [
                "#1 replaced",
                "account 1 asset 2: 1000+0",
                "#2 rests",
                "account 1 asset 2: 820+180",
            ]
        );
    }

    #[test]
    fn a_replacement_may_keep_the_name_or_take_a_free_one() {
        let (mut desk, id) = one_order();
        desk.place(ANN, "buy 1 @ 50 as y");
        let renamed = |name: &str| Command::Replace {
            account: ANN,
            instrument: BTCUSD,
            order: client("x"),
            client_order_id: Some(named(name)),
            quantity: Quantity::new(4),
            price: Price::new(100),
            time_in_force: TimeInForce::GTC,
        };
        desk.refuse(renamed("y"), Reject::DuplicateClientOrderId);
        desk.accept(renamed("x"));
        desk.refuse(cancel(ANN, OrderRef::Id(id)), Reject::UnknownOrder);
        desk.accept(renamed("z"));
        desk.refuse(cancel(ANN, client("x")), Reject::UnknownOrder);
        desk.accept(cancel(ANN, client("z")));
        desk.owns(ANN, "btc 0 usd 950+50");
    }

    #[test]
    fn a_replacement_may_trade_at_once() {
        let (mut desk, id) = one_order();
        desk.deposit(BOB, BTC, 3);
        desk.place(BOB, "sell 3 @ 105");
        desk.accept(replace(ANN, OrderRef::Id(id), 4, 110));
        // Paid 3 x 105, 1 x 110 stays held.
        desk.owns(ANN, "btc 3 usd 575+110");
        desk.owns(BOB, "btc 0 usd 315");
        desk.book(&["bid 110: 1"]);
    }

    #[test]
    fn a_replacement_that_the_book_refuses_leaves_the_old_order() {
        let (mut desk, id) = one_order();
        desk.deposit(BOB, BTC, 3);
        desk.place(BOB, "sell 3 @ 105");
        let post_only = Command::Replace {
            account: ANN,
            instrument: BTCUSD,
            order: OrderRef::Id(id),
            client_order_id: None,
            quantity: Quantity::new(4),
            price: Price::new(105),
            time_in_force: TimeInForce::POST_ONLY,
        };
        desk.refuse(post_only, BookReject::WouldMatch);
        desk.book(&["bid 100: 5", "ask 105: 3"]);
    }

    #[test]
    fn a_reduction_releases_its_part() {
        let (mut desk, id) = one_order();
        let order = OrderRef::Id(id);
        desk.accept(reduce(ANN, order, 2));
        desk.owns(ANN, "btc 0 usd 700+300");
        desk.refuse(reduce(ANN, order, 3), BookReject::InvalidReduction);
        desk.refuse(reduce(ANN, order, 0), BookReject::InvalidReduction);
        desk.accept(reduce(ANN, client("x"), 2));
        desk.owns(ANN, "btc 0 usd 900+100");
        desk.book(&["bid 100: 1"]);
    }

    #[test]
    fn cancel_all_takes_the_own_orders_of_one_instrument() {
        let (mut desk, _) = one_order();
        let other = InstrumentId::new(2);
        desk.accept(Command::ListInstrument(listing(other, "OTHER")));
        desk.deposit(ANN, BTC, 7);
        desk.deposit(BOB, USD, 99);
        desk.place(ANN, "sell 7 @ 200");
        desk.place(BOB, "buy 1 @ 99");
        let Command::Place {
            account,
            client_order_id,
            side,
            quantity,
            kind,
            self_trade,
            ..
        } = place(ANN, "buy 1 @ 10")
        else {
            unreachable!("place() places");
        };
        desk.accept(Command::Place {
            account,
            instrument: other,
            client_order_id,
            side,
            quantity,
            kind,
            self_trade,
        });
        let events = desk.accept(cancel_all(ANN));
        assert_eq!(
            words(&events),
            [
                "#1 cancelled",
                "account 1 asset 2: 990+10",
                "#2 cancelled",
                "account 1 asset 1: 7+0",
            ]
        );
        desk.book(&["bid 99: 1"]);
        desk.refuse(cancel_all(ANN), Reject::UnknownOrder);
    }
}
