//! What a snapshot brings back, and which ones are refused.

use orderbook_core::*;

fn order(id: u64, side: Side, price: i64, remaining: u64) -> RestingOrder {
    RestingOrder {
        id: OrderId::new(id),
        account: AccountId::new(id),
        side,
        price: Price::new(price),
        remaining: Quantity::new(remaining),
    }
}

fn bid(id: u64, price: i64, remaining: u64) -> RestingOrder {
    order(id, Side::Buy, price, remaining)
}

fn ask(id: u64, price: i64, remaining: u64) -> RestingOrder {
    order(id, Side::Sell, price, remaining)
}

fn snapshot(bids: &[RestingOrder], asks: &[RestingOrder]) -> BookSnapshot {
    let hundredth = Step::new(1, 2).expect("a valid step");
    BookSnapshot {
        version: SNAPSHOT_VERSION,
        instrument: Instrument::new("BTCUSDT", hundredth, hundredth).expect("a valid instrument"),
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

    let mut events = Vec::new();
    book.apply(
        &Command::Place(Order {
            id: OrderId::new(10),
            account: AccountId::new(10),
            side: Side::Sell,
            quantity: Quantity::new(3),
            kind: OrderKind::Market,
        }),
        &mut events,
    )
    .expect("a fine order");
    let trades: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Traded(trade) => Some((
                trade.id.get(),
                trade.maker_order_id.get(),
                trade.quantity.get(),
            )),
            _ => None,
        })
        .collect();
    assert_eq!(trades, [(42, 9, 1), (43, 2, 2)]);
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
fn another_version_is_refused() {
    for version in [0, SNAPSHOT_VERSION + 1, u16::MAX] {
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
        match OrderBook::restore(&crossed) {
            Err(RestoreError::Violation(violation)) => assert_eq!(violation.id, "I1"),
            other => panic!("{bid_price} and {ask_price}: {other:?}"),
        }
    }
}

#[test]
fn no_possible_book() {
    let max = u64::MAX;
    let mut limited = snapshot(&[bid(1, 100, 11)], &[]);
    limited.instrument = limited
        .instrument
        .with_quantity_limits(Quantity::new(1), Quantity::new(10))
        .expect("valid limits");
    let mut worn_out = snapshot(&[], &[]);
    worn_out.last_trade_id = TradeId::new(max);

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
        ("more than an order may have", limited),
        ("no trade ids left", worn_out),
    ] {
        assert_eq!(
            OrderBook::restore(&garbage).err(),
            Some(RestoreError::Garbage),
            "{what}"
        );
    }
}
