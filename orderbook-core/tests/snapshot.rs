//! What a snapshot brings back, and which ones are refused.

mod notation;

use notation::{book, command, plain};
use orderbook_core::*;

fn order(id: u64, side: Side, price: i64, remaining: u64) -> RestingOrder {
    RestingOrder {
        id: OrderId::new(id),
        account: AccountId::new(id),
        group: None,
        side,
        price: Price::new(price),
        quantity: Quantity::new(remaining),
        remaining: Quantity::new(remaining),
        displayed: Quantity::new(remaining),
        display: None,
        until: None,
        post_only: None,
        self_trade: SelfTradePrevention::Allow,
    }
}

fn bid(id: u64, price: i64, remaining: u64) -> RestingOrder {
    order(id, Side::Buy, price, remaining)
}

fn ask(id: u64, price: i64, remaining: u64) -> RestingOrder {
    order(id, Side::Sell, price, remaining)
}

/// An iceberg that displays a slice, or what is left of one, of `display`.
fn iceberg(id: u64, remaining: u64, displayed: u64, display: u64) -> RestingOrder {
    RestingOrder {
        displayed: Quantity::new(displayed),
        display: Some(Quantity::new(display)),
        ..bid(id, 100, remaining)
    }
}

fn snapshot(bids: &[RestingOrder], asks: &[RestingOrder]) -> BookSnapshot {
    BookSnapshot {
        version: SNAPSHOT_VERSION,
        instrument: plain(),
        time: Timestamp::new(50),
        last_trade_id: TradeId::new(41),
        bids: bids.to_vec(),
        asks: asks.to_vec(),
    }
}

#[test]
fn an_empty_book() {
    let empty = snapshot(&[], &[]);
    let book = OrderBook::restore(&empty).expect("a possible book");
    assert!(book.is_empty());
    assert_eq!(book.snapshot(), empty);
}

#[test]
fn places_in_the_queue_and_trade_ids_survive() {
    // At one price neither id nor size says who is older: the list does.
    let taken = snapshot(
        &[bid(9, 100, 1), bid(2, 100, 5), bid(5, 99, 5)],
        &[ask(8, 101, 7), ask(1, 101, 7), ask(3, 105, 7)],
    );
    let mut book = OrderBook::restore(&taken).expect("a possible book");
    assert_eq!(book.snapshot(), taken);
    assert_eq!(
        trades(&mut book, "#10 sell 3 market"),
        [(42, 9, 1), (43, 2, 2)]
    );
}

/// Ids, makers and quantities of the trades of a command.
fn trades(book: &mut OrderBook, text: &str) -> Vec<(u64, u64, u64)> {
    let mut events = Vec::new();
    book.apply(&command(text), &mut events)
        .expect("a fine order");
    let trades = events.iter().filter_map(|event| match event {
        Event::Traded(trade) => Some((
            trade.id.get(),
            trade.maker_order_id.get(),
            trade.quantity.get(),
        )),
        _ => None,
    });
    trades.collect()
}

/// A book with everything that an order can have, in the middle of its life.
const FULL_LIFE: &[&str] = &[
    "expire 50",
    "#1 buy 25 @ 100 display 10",
    "#2/9 buy 5 @ 100 gtd 60 stp taker group 3",
    "#3 buy 7 @ 100 post",
    "#4/9 buy 9 @ 98 gtd 70 slide display 4 stp decrement",
    "#5 sell 18 @ 100",
    "#6 sell 4 @ 5000000 slide",
    "#7 sell 6 @ 101",
    "#8 sell 6 @ 101",
    "#7 reduce 2",
];

#[test]
fn everything_about_an_order_survives() {
    let taken = book(&plain(), FULL_LIFE).snapshot();
    assert_eq!(taken.version, SNAPSHOT_VERSION);
    assert_eq!(taken.time, Timestamp::new(50));
    assert_eq!(taken.last_trade_id, TradeId::new(3));
    let iceberg = RestingOrder {
        quantity: Quantity::new(25),
        ..iceberg(1, 15, 10, 10)
    };
    let post_only = RestingOrder {
        quantity: Quantity::new(7),
        post_only: Some(PostOnly::Reject),
        ..bid(3, 100, 4)
    };
    let everything = RestingOrder {
        account: AccountId::new(9),
        displayed: Quantity::new(4),
        display: Some(Quantity::new(4)),
        until: Some(Timestamp::new(70)),
        post_only: Some(PostOnly::Slide),
        self_trade: SelfTradePrevention::Decrement,
        ..bid(4, 98, 9)
    };
    assert_eq!(taken.bids, [post_only, iceberg, everything]);
    let far = RestingOrder {
        post_only: Some(PostOnly::Slide),
        ..ask(6, 5_000_000, 4)
    };
    assert_eq!(taken.asks, [ask(7, 101, 4), ask(8, 101, 6), far]);
}

/// A restored book has the same hash, and goes on in the same way, whatever comes.
#[test]
fn a_restored_book_goes_on() {
    let mut original = book(&plain(), FULL_LIFE);
    let mut restored = OrderBook::restore(&original.snapshot()).expect("a possible book");
    for text in [
        "#10/9 sell 16 @ 100 stp allow",
        "#3 amend 9 @ 101",
        "#11/9 sell 7 @ 98 group 3",
        "#4 amend 12 @ 99",
        "#12 buy 9 @ 101 gtd 61",
        "expire 49",
        "expire 61",
        "#6 replace #1 4 @ 102 display 2",
        "cancel all account 8",
        "#13 buy 500 market worst 102",
        "expire 70",
    ] {
        let (mut events, mut echo) = (Vec::new(), Vec::new());
        let result = original.apply(&command(text), &mut events);
        assert_eq!(restored.apply(&command(text), &mut echo), result, "{text}");
        assert_eq!(echo, events, "{text}");
        assert_eq!(restored.state_hash(), original.state_hash(), "{text}");
        assert_eq!(restored.snapshot(), original.snapshot(), "{text}");
        assert_eq!(restored.check(), Ok(()), "{text}");
    }
}

/// Whatever is different about two books, their hashes are.
#[test]
fn the_hash_sees_everything() {
    type Change = fn(&mut BookSnapshot);
    let first = book(&plain(), FULL_LIFE).snapshot();
    let hash = |snapshot: &BookSnapshot| {
        let book = OrderBook::restore(snapshot).expect("a possible book");
        book.state_hash()
    };
    let changes: [(&str, Change); 16] = [
        ("time", |it| it.time = Timestamp::new(51)),
        ("trade id", |it| it.last_trade_id = TradeId::new(4)),
        ("who is first", |it| it.bids.swap(0, 1)),
        ("an order less", |it| {
            it.bids.pop();
        }),
        ("id", |it| it.bids[0].id = OrderId::new(77)),
        ("account", |it| it.bids[0].account = AccountId::new(77)),
        ("group", |it| it.bids[0].group = GroupId::new(1)),
        ("price", |it| it.asks[2].price = Price::new(5_000_001)),
        ("quantity", |it| it.bids[0].quantity = Quantity::new(8)),
        ("reserve", |it| it.bids[1].remaining = Quantity::new(14)),
        ("displayed", |it| it.bids[1].displayed = Quantity::new(9)),
        ("display", |it| it.bids[1].display = Some(Quantity::new(11))),
        ("date", |it| it.bids[0].until = Some(Timestamp::new(99))),
        ("another date", |it| {
            it.bids[2].until = Some(Timestamp::new(71));
        }),
        ("post-only", |it| it.bids[0].post_only = None),
        ("self-trade prevention", |it| {
            it.bids[0].self_trade = SelfTradePrevention::ExpireBoth;
        }),
    ];
    let mut seen = vec![("nothing", hash(&first))];
    for (what, change) in changes {
        let mut other = first.clone();
        change(&mut other);
        let found = hash(&other);
        for (earlier, known) in &seen {
            assert_ne!(found, *known, "{what} looks like {earlier}");
        }
        seen.push((what, found));
    }
}

/// Replicas compare hashes, so these must not change by accident: a change of this number is a
/// change of [`SNAPSHOT_VERSION`] or a bug.
#[test]
fn the_hash_is_the_same_everywhere() {
    let first = book(&plain(), FULL_LIFE);
    assert_eq!(first.state_hash().to_string(), "6280a3e382d72986");
    assert_eq!(
        format!("{:016x}", first.state_hash().get()),
        first.state_hash().to_string()
    );
}

#[test]
fn what_is_left_of_an_order_may_be_less_than_a_new_one_must_have() {
    let mut taken = snapshot(&[bid(1, 100, 1)], &[]);
    taken.instrument = taken
        .instrument
        .with_quantity_limits(Quantity::new(5), Quantity::new(10))
        .expect("valid limits")
        .with_min_notional(Notional::new(1_000));
    let book = OrderBook::restore(&taken).expect("a possible book");
    assert_eq!(book.snapshot(), taken);
}

#[test]
fn the_largest_possible_books() {
    for bids in [
        // All 64 bits on a side, in one order and in two.
        &[bid(1, 100, u64::MAX)][..],
        &[bid(1, 100, u64::MAX - 1), bid(u64::MAX, 99, 1)],
        // As many slices as allowed.
        &[iceberg(1, 100, 1, 1)],
        // A slice that has traded in part, with all of the reserve there.
        &[iceberg(1, 99, 9, 10)],
        // The last slice.
        &[iceberg(1, 3, 3, 10)],
    ] {
        let taken = snapshot(bids, &[ask(7, i64::MAX, u64::MAX)]);
        let book = OrderBook::restore(&taken).expect("a possible book");
        assert_eq!(book.snapshot(), taken);
        assert_eq!(book.check(), Ok(()));
    }
}

#[test]
fn another_version_is_refused() {
    for version in [0, 1, SNAPSHOT_VERSION + 1, u16::MAX] {
        let mut other = snapshot(&[], &[]);
        other.version = version;
        let error = OrderBook::restore(&other).expect_err("not this version");
        assert_eq!(error, RestoreError::UnknownVersion(version));
    }
}

#[test]
fn a_crossed_book_is_refused() {
    for (bid_price, ask_price) in [(100, 100), (101, 100)] {
        let crossed = snapshot(&[bid(1, bid_price, 5)], &[ask(2, ask_price, 5)]);
        match OrderBook::restore(&crossed).err() {
            Some(RestoreError::Violation(violation)) => assert_eq!(violation.id, "I1"),
            other => panic!("{bid_price} and {ask_price}: {other:?}"),
        }
    }
}

/// A snapshot that names the limits of its instrument.
fn limited(
    bids: &[RestingOrder],
    limit: impl FnOnce(Instrument) -> Result<Instrument, InstrumentError>,
) -> BookSnapshot {
    let mut limited = snapshot(bids, &[]);
    limited.instrument = limit(limited.instrument).expect("valid limits");
    limited
}

#[test]
fn no_possible_book() {
    let max = u64::MAX;
    let mut worn_out = snapshot(&[], &[]);
    worn_out.last_trade_id = TradeId::new(max);
    let with = |change: fn(&mut RestingOrder)| {
        let mut order = bid(1, 100, 5);
        change(&mut order);
        snapshot(&[order], &[])
    };

    for (what, garbage) in [
        (
            "bids from worst to best",
            snapshot(&[bid(1, 99, 5), bid(2, 100, 5)], &[]),
        ),
        (
            "asks from worst to best",
            snapshot(&[], &[ask(1, 102, 5), ask(2, 101, 5)]),
        ),
        (
            "a level in two parts",
            snapshot(&[bid(1, 100, 5), bid(2, 99, 5), bid(3, 100, 5)], &[]),
        ),
        (
            "an id twice at a level",
            snapshot(&[bid(1, 100, 5), bid(1, 100, 5)], &[]),
        ),
        (
            "an id at two levels",
            snapshot(&[bid(1, 100, 5), bid(1, 99, 5)], &[]),
        ),
        (
            "an id on both sides",
            snapshot(&[bid(1, 100, 5)], &[ask(1, 101, 5)]),
        ),
        ("nothing left", snapshot(&[bid(1, 100, 0)], &[])),
        ("a sell among the bids", snapshot(&[ask(1, 100, 5)], &[])),
        ("a buy among the asks", snapshot(&[], &[bid(1, 100, 5)])),
        ("a price below the limit", snapshot(&[bid(1, 0, 5)], &[])),
        (
            "a level beyond 64 bits",
            snapshot(&[bid(1, 100, max), bid(2, 100, 1)], &[]),
        ),
        (
            "a side beyond 64 bits",
            snapshot(&[bid(1, 100, max), bid(2, 99, 1)], &[]),
        ),
        (
            "a side beyond 64 bits with its reserves",
            snapshot(&[bid(1, 100, max - 9), iceberg(2, 10, 1, 1)], &[]),
        ),
        (
            "more than an order may have",
            limited(&[bid(1, 100, 11)], |it| {
                it.with_quantity_limits(Quantity::new(1), Quantity::new(10))
            }),
        ),
        (
            "more orders than the book may have",
            limited(&[bid(1, 100, 5), bid(2, 100, 5)], |it| {
                it.with_max_orders(1)
            }),
        ),
        ("no trade ids left", worn_out),
        (
            "more left than there was",
            with(|it| it.quantity = Quantity::new(4)),
        ),
        (
            "more displayed than there is",
            with(|it| it.displayed = Quantity::new(6)),
        ),
        (
            "less displayed, but no iceberg",
            with(|it| it.displayed = Quantity::new(4)),
        ),
        (
            "nothing displayed, and no iceberg",
            with(|it| it.displayed = Quantity::ZERO),
        ),
        (
            "a date that has come",
            with(|it| it.until = Some(Timestamp::new(50))),
        ),
        (
            "a date that has passed",
            with(|it| it.until = Some(Timestamp::new(0))),
        ),
        (
            "an iceberg that displays more than a slice",
            snapshot(&[iceberg(1, 25, 11, 10)], &[]),
        ),
        (
            "an iceberg that displays nothing",
            snapshot(&[iceberg(1, 25, 0, 10)], &[]),
        ),
        ("slices of nothing", snapshot(&[iceberg(1, 25, 0, 0)], &[])),
        (
            "slices of nothing, and all of it displayed",
            snapshot(&[iceberg(1, 25, 25, 0)], &[]),
        ),
        (
            "an iceberg that displays more than is left",
            snapshot(&[iceberg(1, 5, 6, 10)], &[]),
        ),
        (
            "an iceberg of one slice too many",
            snapshot(&[iceberg(1, 1_001, 10, 10)], &[]),
        ),
    ] {
        // Its debug format would be long.
        let error = OrderBook::restore(&garbage).err();
        assert!(
            matches!(
                error,
                Some(RestoreError::Garbage | RestoreError::Violation(_))
            ),
            "{what}: {error:?}"
        );
    }
}
