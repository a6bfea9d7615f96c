//! What can be asked of a book.

mod notation;

use notation::{book, boundless, command, plain};
use orderbook_core::*;

const BOOK: &[&str] = &[
    "#1/7 sell 3 @ 101",
    "#2 sell 20 @ 101 display 4",
    "#3/7 sell 5 @ 103",
    "#4/7 buy 6 @ 99",
    "#5 buy 9 @ 99 display 2",
    "#6 buy 1 @ 98",
];

fn level(price: i64, quantity: u64) -> Level {
    Level {
        price: Price::new(price),
        quantity: Quantity::new(quantity),
    }
}

fn ids(orders: impl Iterator<Item = RestingOrder>) -> Vec<u64> {
    orders.map(|order| order.id.get()).collect()
}

#[test]
fn levels_and_orders() {
    use Side::{Buy, Sell};

    let book = book(&plain(), BOOK);
    assert_eq!(book.best(Sell), Some(level(101, 7)));
    assert_eq!(book.best(Buy), Some(level(99, 8)));
    assert!(book.levels(Sell).eq([level(101, 7), level(103, 5)]));
    assert!(book.levels(Buy).eq([level(99, 8), level(98, 1)]));
    assert_eq!(ids(book.orders(Sell)), [1, 2, 3]);
    assert_eq!(ids(book.orders(Buy)), [4, 5, 6]);
    for (side, price, expected) in [
        (Sell, 101, &[1, 2][..]),
        (Sell, 102, &[]),
        (Sell, 103, &[3]),
        (Sell, 99, &[]),
        (Buy, 99, &[4, 5]),
        (Buy, 101, &[]),
        (Buy, i64::MAX, &[]),
        (Buy, i64::MIN, &[]),
    ] {
        let found = ids(book.orders_at(side, Price::new(price)));
        assert_eq!(found, expected, "{side:?} {price}");
    }
    assert_eq!(book.len(), 6);
    assert!(!book.is_empty());
    assert_eq!(book.instrument(), &plain());
}

#[test]
fn an_empty_book() {
    let book = OrderBook::new(plain());
    for side in [Side::Buy, Side::Sell] {
        assert_eq!(book.best(side), None);
        assert_eq!(book.levels(side).count(), 0);
        assert_eq!(book.orders(side).count(), 0);
        for price in [i64::MIN, 0, i64::MAX].map(Price::new) {
            assert_eq!(book.orders_at(side, price).count(), 0);
            assert_eq!(book.quantity_within(side, price), Quantity::ZERO);
            assert!(!book.would_match(side, price));
        }
        let all = book.cost_to_take(side, Quantity::new(u64::MAX), None);
        assert_eq!(all, (Quantity::ZERO, Notional::ZERO));
    }
    assert!(book.is_empty());
    assert_eq!(book.order(OrderId::new(0)), None);
    assert_eq!(book.queue_position(OrderId::new(0)), None);
    assert_eq!(book.last_trade_id(), TradeId::new(0));
    assert_eq!(book.time(), Timestamp::new(0));
    assert_eq!(book.imbalance(usize::MAX), imbalance_of(0, 0));
}

#[test]
fn an_order() {
    let book = book(
        &plain().with_self_trade(SelfTradePrevention::ExpireTaker),
        &[
            "#1/7 sell 25 @ 101 gtd 50 slide display 10 group 3",
            "#2 buy 12 @ 101",
            "#1 reduce 1",
            "#3 sell 4 @ 101 stp decrement",
            "expire 9",
        ],
    );
    let first = RestingOrder {
        id: OrderId::new(1),
        account: AccountId::new(7),
        group: GroupId::new(3),
        side: Side::Sell,
        price: Price::new(101),
        quantity: Quantity::new(24),
        remaining: Quantity::new(12),
        displayed: Quantity::new(8),
        display: Some(Quantity::new(10)),
        until: Some(Timestamp::new(50)),
        post_only: Some(PostOnly::Slide),
        self_trade: SelfTradePrevention::ExpireTaker,
    };
    assert_eq!(book.order(OrderId::new(1)), Some(first));
    assert_eq!(first.hidden(), Quantity::new(4));
    assert_eq!(first.filled(), Quantity::new(12));
    let other = book.order(OrderId::new(3)).expect("it rests");
    assert_eq!(other.self_trade, SelfTradePrevention::Decrement);
    assert_eq!(other.hidden(), Quantity::ZERO);
    assert_eq!(book.order(OrderId::new(2)), None);
    assert_eq!(book.time(), Timestamp::new(9));
    assert_eq!(book.last_trade_id(), TradeId::new(2));
}

#[test]
fn places_in_the_queue() {
    let position = |book: &OrderBook, id| {
        let quantity = book.queue_position(OrderId::new(id));
        quantity.map(Quantity::get)
    };
    let mut book = book(
        &plain(),
        &[
            "#1 sell 20 @ 101 display 4",
            "#2 sell 3 @ 101",
            "#3 sell 5 @ 101",
            "#4 sell 7 @ 102",
            "#5 buy 7 @ 100",
        ],
    );
    for (id, expected) in [(1, 0), (2, 4), (3, 7), (4, 0), (5, 0)] {
        assert_eq!(position(&book, id), Some(expected), "#{id}");
    }
    assert_eq!(position(&book, 6), None);
    // The slice is used up: the next one waits behind the others.
    let taker = command("#6 buy 5 @ 101");
    book.apply(&taker, &mut Vec::new()).expect("it is valid");
    for (id, expected) in [(2, 0), (3, 2), (1, 7)] {
        assert_eq!(position(&book, id), Some(expected), "#{id}");
    }
    // All 64 bits may be ahead.
    let most = notation::book(
        &plain(),
        &["#1 buy 18446744073709551614 @ 5", "#2 buy 1 @ 5"],
    );
    assert_eq!(position(&most, 2), Some(u64::MAX - 1));
}

#[test]
fn whether_an_order_would_match() {
    let book = book(&boundless(), BOOK);
    for (side, price, expected) in [
        (Side::Buy, 100, false),
        (Side::Buy, 101, true),
        (Side::Buy, i64::MAX, true),
        (Side::Buy, i64::MIN, false),
        (Side::Sell, 100, false),
        (Side::Sell, 99, true),
        (Side::Sell, i64::MIN, true),
        (Side::Sell, i64::MAX, false),
    ] {
        let found = book.would_match(side, Price::new(price));
        assert_eq!(found, expected, "{side:?} {price}");
    }
}

#[test]
fn cost_to_take() {
    use Side::{Buy, Sell};

    let book = book(&plain(), BOOK);
    // Reserves are taken, too: 23 lots at 101, then 5 at 103; 15 at 99, then one at 98.
    for (side, quantity, limit, lots, cost) in [
        (Buy, 0, None, 0, 0),
        (Buy, 1, None, 1, 101),
        (Buy, 23, None, 23, 2_323),
        (Buy, 24, None, 24, 2_426),
        (Buy, 24, Some(102), 23, 2_323),
        (Buy, 24, Some(103), 24, 2_426),
        (Buy, u64::MAX, None, 28, 2_838),
        (Buy, 9, Some(100), 0, 0),
        (Sell, 16, None, 16, 1_583),
        (Sell, 16, Some(99), 15, 1_485),
        (Sell, u64::MAX, Some(1), 16, 1_583),
        (Sell, 1, Some(100), 0, 0),
    ] {
        let found = book.cost_to_take(side, Quantity::new(quantity), limit.map(Price::new));
        let expected = (Quantity::new(lots), Notional::new(cost));
        assert_eq!(found, expected, "{side:?} {quantity} {limit:?}");
    }

    // The largest cost there is, and one below zero.
    let far = notation::book(
        &boundless(),
        &[
            "#1 sell 18446744073709551615 @ 9223372036854775807",
            "#2 buy 18446744073709551615 @ -9223372036854775808",
        ],
    );
    let most = Quantity::new(u64::MAX);
    let cost = |price: i64| Notional::new(i128::from(price) * i128::from(u64::MAX));
    assert_eq!(far.cost_to_take(Buy, most, None), (most, cost(i64::MAX)));
    assert_eq!(far.cost_to_take(Sell, most, None), (most, cost(i64::MIN)));
    let limit = Some(Price::new(i64::MIN));
    assert_eq!(far.cost_to_take(Sell, most, limit), (most, cost(i64::MIN)));
}

/// Every scenario compares what was foreseen with what came; these are the numbers, and that
/// nothing is foreseen where nothing would trade.
#[test]
fn preview() {
    let book = book(&plain(), BOOK);
    let before = book.snapshot();
    for (text, lots, cost) in [
        ("#9 buy 24 @ 103", 24, 2_426),
        ("#9 buy 24 @ 102", 23, 2_323),
        ("#9 buy 24 @ 100", 0, 0),
        ("#9 buy 24 @ 103 display 5", 24, 2_426),
        ("#9 buy 24 @ 103 post", 0, 0),
        ("#9 buy 24 @ 103 slide", 0, 0),
        ("#9 buy 24 @ 102 ioc", 23, 2_323),
        ("#9 buy 24 @ 102 ioc min 23", 23, 2_323),
        ("#9 buy 25 @ 102 ioc min 24", 0, 0),
        ("#9 buy 24 @ 102 fok", 0, 0),
        ("#9 buy 24 @ 103 fok", 24, 2_426),
        ("#9 buy 99 market", 28, 2_838),
        ("#9 buy 99 market worst 102", 23, 2_323),
        ("#9 buy 99 market budget 2425", 23, 2_323),
        ("#9 buy 99 market budget 2426", 24, 2_426),
        ("#9 buy 99 market budget 100", 0, 0),
        // Account 7 has the 3 lots in front at 101, and the 5 at 103.
        ("#9/7 buy 24 @ 103 stp allow", 24, 2_426),
        ("#9/7 buy 24 @ 103 stp maker", 20, 2_020),
        ("#9/7 buy 24 @ 103 stp taker", 0, 0),
        ("#9/7 buy 24 @ 103 stp both", 0, 0),
        ("#9/7 buy 22 @ 103 stp decrement", 19, 1_919),
        ("#9/7 buy 23 @ 103 stp decrement", 20, 2_020),
        ("#9/7 buy 20 @ 103 fok stp maker", 20, 2_020),
        ("#9/7 buy 21 @ 103 fok stp maker", 0, 0),
        ("#9/7 buy 20 @ 103 fok stp decrement", 0, 0),
        ("#9/7 buy 30 @ 103 ioc min 20 stp decrement", 20, 2_020),
        ("#9/7 buy 30 @ 103 ioc min 21 stp decrement", 0, 0),
        ("#9/7 buy 30 market budget 1000 stp maker", 9, 909),
        // From the other side the iceberg of account 5 is behind account 7, once in a round.
        ("#9/5 sell 16 @ 98 stp taker", 6, 594),
        ("#9/5 sell 16 @ 98 stp maker", 7, 692),
        ("#9/5 sell 16 @ 98 stp decrement", 7, 692),
        ("#9/5 sell 14 @ 98 stp decrement", 6, 594),
    ] {
        let Command::Place(order) = command(text) else {
            panic!("{text} is no order");
        };
        let expected = (Quantity::new(lots), Notional::new(cost));
        assert_eq!(book.preview(&order), expected, "{text}");

        let (mut taken, mut events) = (book.clone(), Vec::new());
        let result = taken.apply(&Command::Place(order), &mut events);
        let lots_traded = events.iter().filter_map(|event| match event {
            Event::Traded(trade) => Some(trade.quantity.get()),
            _ => None,
        });
        if result != Err(BookReject::WouldMatch) {
            assert_eq!(result, Ok(()), "{text}");
            assert_eq!(lots_traded.sum::<u64>(), lots, "{text}");
        }
    }
    assert_eq!(book.snapshot(), before);
}

/// A maker in many slices among others of its account and not: what was foreseen comes.
#[test]
fn preview_of_rounds_through_a_queue() {
    let book = book(
        &plain(),
        &[
            "#1/7 sell 9 @ 101 display 2",
            "#2/8 sell 3 @ 101",
            "#3/8 sell 10 @ 101 display 3",
            "#4/7 sell 4 @ 101 display 1",
            "#5/8 sell 7 @ 102 display 6",
        ],
    );
    previews_come_true(&book, &(1..=36));
}

/// More icebergs than are kept on the stack while a level is gone through.
#[test]
fn preview_of_many_icebergs_at_one_price() {
    let offers: Vec<String> = (101..=140)
        .map(|id| format!("#{id}/{} sell 5 @ 101 display 2", 7 + id % 2))
        .collect();
    let offers: Vec<&str> = offers.iter().map(String::as_str).collect();
    let book = book(&plain(), &offers);
    previews_come_true(&book, &(1..=210).step_by(7));
}

/// What a preview says is what happens then, whatever the policy and whoever asks.
fn previews_come_true(book: &OrderBook, quantities: &(impl Iterator<Item = u64> + Clone)) {
    for policy in ["allow", "maker", "taker", "both", "decrement"] {
        for account in [7, 8, 9] {
            for quantity in quantities.clone() {
                for terms in [
                    "@ 102",
                    "@ 101 ioc min 7",
                    "@ 102 fok",
                    "market budget 1234",
                ] {
                    let text = format!("#9/{account} buy {quantity} {terms} stp {policy}");
                    let Command::Place(order) = command(&text) else {
                        panic!("{text} is no order");
                    };
                    let (mut taken, mut events) = (book.clone(), Vec::new());
                    if taken.apply(&Command::Place(order), &mut events).is_err() {
                        assert!(quantity < 7 && text.contains("min"), "{text}");
                        continue;
                    }
                    let trades = events.iter().filter_map(|event| match event {
                        Event::Traded(trade) => Some((trade.quantity, trade.price)),
                        _ => None,
                    });
                    let came = trades.fold((0, 0), |sum, (quantity, price)| {
                        (
                            sum.0 + quantity.get(),
                            sum.1 + price.notional(quantity).get(),
                        )
                    });
                    let (lots, cost) = book.preview(&order);
                    assert_eq!((lots.get(), cost.get()), came, "{text}");
                }
            }
        }
    }
}

#[test]
fn quantity_within() {
    use Side::{Buy, Sell};

    let book = book(&boundless(), BOOK);
    for (side, limit, expected) in [
        (Sell, 100, 0),
        (Sell, 101, 7),
        (Sell, 102, 7),
        (Sell, 103, 12),
        (Sell, i64::MAX, 12),
        (Sell, i64::MIN, 0),
        (Buy, 100, 0),
        (Buy, 99, 8),
        (Buy, 98, 9),
        (Buy, i64::MIN, 9),
        (Buy, i64::MAX, 0),
    ] {
        let found = book.quantity_within(side, Price::new(limit));
        assert_eq!(found.get(), expected, "{side:?} {limit}");
    }
}

#[test]
fn imbalance() {
    let two = book(&plain(), BOOK);
    for (levels, bids, asks, per_million) in [
        (0, 0, 0, None),
        (1, 8, 7, Some(66_666)),
        (2, 9, 12, Some(-142_857)),
        (usize::MAX, 9, 12, Some(-142_857)),
    ] {
        let found = two.imbalance(levels);
        assert_eq!(found, imbalance_of(bids, asks), "{levels}");
        assert_eq!(found.per_million(), per_million, "{levels}");
    }
    let bids_only = book(&plain(), &["#1 buy 5 @ 100"]).imbalance(1);
    assert_eq!(bids_only.per_million(), Some(1_000_000));
    let asks_only = book(&plain(), &["#1 sell 5 @ 100"]).imbalance(1);
    assert_eq!(asks_only.per_million(), Some(-1_000_000));

    // As much as a book can hold.
    let most = u64::MAX;
    for (bids, asks, expected) in [
        (most, most, Some(0)),
        (most, 0, Some(1_000_000)),
        (0, most, Some(-1_000_000)),
        (most, 1, Some(999_999)),
        (1, most, Some(-999_999)),
        (1, 2, Some(-333_333)),
        (0, 0, None),
    ] {
        let found = imbalance_of(bids, asks).per_million();
        assert_eq!(found, expected, "{bids} {asks}");
    }
}

fn imbalance_of(bids: u64, asks: u64) -> Imbalance {
    Imbalance {
        bids: Quantity::new(bids),
        asks: Quantity::new(asks),
    }
}
