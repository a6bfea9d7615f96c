//! A book rebuilt from a feed of orders, by eye.

use marketdata_core::{
    ClientOrderBook, ClientOrderSettings, DisplayedOrder, OrderChange, OrderDesync, OrderError,
    OrderMessage, OrderSnapshot, Progress, QueuePosition,
};
use orderbook_core::{OrderId, Price, Quantity, Side, TradeId};

use crate::given::level;
use OrderDesync::{BadSnapshot, Gap, Impossible, OldSnapshot};
use Progress::{Applied, Buffered, HeldBack, Repeated};
use Side::{Buy, Sell};

pub(crate) fn message(sequence: u64, id: u64, change: OrderChange) -> OrderMessage {
    OrderMessage {
        sequence,
        order_id: OrderId::new(id),
        change,
    }
}

pub(crate) fn added(side: Side, price: i64, quantity: u64) -> OrderChange {
    OrderChange::Added {
        side,
        price: Price::new(price),
        quantity: Quantity::new(quantity),
    }
}

pub(crate) fn reduced(by: u64) -> OrderChange {
    OrderChange::Reduced {
        by: Quantity::new(by),
    }
}

pub(crate) fn executed(quantity: u64) -> OrderChange {
    OrderChange::Executed {
        quantity: Quantity::new(quantity),
        trade_id: TradeId::new(1),
    }
}

pub(crate) fn moved(price: i64, quantity: u64) -> OrderChange {
    OrderChange::Moved {
        price: Price::new(price),
        quantity: Quantity::new(quantity),
    }
}

pub(crate) fn order(id: u64, price: i64, quantity: u64) -> DisplayedOrder {
    DisplayedOrder {
        id: OrderId::new(id),
        price: Price::new(price),
        quantity: Quantity::new(quantity),
    }
}

/// Three bids at 99, one at 98, one ask; the newest message is number 10.
fn given() -> OrderSnapshot {
    OrderSnapshot {
        sequence: 10,
        bids: vec![
            order(1, 99, 5),
            order(2, 99, 3),
            order(3, 99, 4),
            order(4, 98, 1),
        ],
        asks: vec![order(5, 101, 7)],
    }
}

/// A book that holds back so many messages, and keeps as many while it waits for a snapshot.
pub(crate) fn new(capacity: usize) -> ClientOrderBook {
    ClientOrderBook::new(ClientOrderSettings {
        hold_back: capacity,
        buffer: capacity,
    })
}

fn client(capacity: usize) -> ClientOrderBook {
    let mut client = new(capacity);
    assert_eq!(client.restart(&given()), APPLIED_NONE);
    client
}

const APPLIED: Result<Progress, OrderDesync> = Ok(Applied { messages: 1 });
const APPLIED_NONE: Result<Progress, OrderDesync> = Ok(Applied { messages: 0 });

fn position(client: &ClientOrderBook, id: u64) -> Option<(usize, u64)> {
    let found = client.position(OrderId::new(id));
    found.map(|QueuePosition { orders, quantity }| (orders, quantity.get()))
}

#[test]
fn each_change_does_to_the_queue_what_it_says() {
    let mut client = client(0);
    // order, change, the queue at 99 afterwards
    for (sequence, (id, change, expected)) in (11..).zip([
        (2, reduced(1), vec![(1, 5), (2, 2), (3, 4)]),
        (1, executed(4), vec![(1, 1), (2, 2), (3, 4)]),
        (6, added(Buy, 99, 9), vec![(1, 1), (2, 2), (3, 4), (6, 9)]),
        (1, executed(1), vec![(2, 2), (3, 4), (6, 9)]),
        (2, moved(99, 2), vec![(3, 4), (6, 9), (2, 2)]),
        // The next slice of an iceberg.
        (1, added(Buy, 99, 5), vec![(3, 4), (6, 9), (2, 2), (1, 5)]),
        (6, OrderChange::Removed, vec![(3, 4), (2, 2), (1, 5)]),
        (3, moved(98, 8), vec![(2, 2), (1, 5)]),
        (2, reduced(2), vec![(1, 5)]),
        (1, OrderChange::Removed, vec![]),
    ]) {
        let message = message(sequence, id, change);
        assert_eq!(client.apply(&message), APPLIED, "{message:?}");
        let orders = client.orders_at(Buy, Price::new(99));
        let found: Vec<_> = orders.map(|it| (it.id.get(), it.quantity.get())).collect();
        assert_eq!(found, expected, "after {message:?}");
    }
    assert_eq!(client.best(Buy), Some(level(98, 9)));
    let orders: Vec<_> = client.orders(Buy).collect();
    assert_eq!(orders, [order(4, 98, 1), order(3, 98, 8)]);
    assert_eq!((client.len(), client.sequence()), (3, Some(20)));
}

#[test]
fn the_book_answers() {
    let client = client(0);
    assert_eq!(client.best(Buy), Some(level(99, 12)));
    assert_eq!(client.best(Sell), Some(level(101, 7)));
    let bids: Vec<_> = client.levels(Buy).collect();
    assert_eq!(bids, [level(99, 12), level(98, 1)]);
    for (side, price, quantity) in [(Buy, 99, 12), (Sell, 99, 0), (Buy, 97, 0), (Sell, 101, 7)] {
        let found = client.quantity_at(side, Price::new(price));
        assert_eq!(found, Quantity::new(quantity));
    }
    assert_eq!(client.order(OrderId::new(3)), Some((Buy, order(3, 99, 4))));
    assert_eq!(client.order(OrderId::new(9)), None);
    for (id, expected) in [
        (1, Some((0, 0))),
        (2, Some((1, 5))),
        (3, Some((2, 8))),
        (4, Some((0, 0))),
        (9, None),
    ] {
        assert_eq!(position(&client, id), expected);
    }
    assert_eq!(client.orders_at(Buy, Price::new(97)).count(), 0);
    assert!(!client.is_empty());
    assert!(new(9).is_empty());
    assert_eq!(client.snapshot(), Some(given()));
}

/// A new order, named after its message.
fn arrival(sequence: u64) -> OrderMessage {
    message(sequence, 100 + sequence, added(Sell, 102, 1))
}

#[test]
fn late_messages_are_waited_for_and_repeated_ones_left_out() {
    let mut client = client(2);
    let applied = |messages| Applied { messages };
    // message, what becomes of it, the newest one applied, the missing ones
    for (sequence, expected, newest, missing) in [
        (11, applied(1), 11, None),
        (13, HeldBack, 11, Some((12, 12))),
        (11, Repeated, 11, Some((12, 12))),
        (13, Repeated, 11, Some((12, 12))),
        (7, Repeated, 11, Some((12, 12))),
        (0, Repeated, 11, Some((12, 12))),
        (16, HeldBack, 11, Some((12, 12))),
        (12, applied(2), 13, Some((14, 15))),
        (15, HeldBack, 13, Some((14, 14))),
        (14, applied(3), 16, None),
    ] {
        assert_eq!(client.apply(&arrival(sequence)), Ok(expected), "{sequence}");
        assert_eq!(client.sequence(), Some(newest), "{sequence}");
        assert_eq!(client.missing(), missing, "{sequence}");
        assert_eq!(client.waiting() > 0, missing.is_some());
        assert!(!client.needs_snapshot());
    }
    // In the order of their numbers, not of their arrival.
    let orders = client.orders_at(Sell, Price::new(102));
    assert!(orders.map(|it| it.id.get()).eq(111..=116));
}

#[test]
fn who_waits_too_long_asks_for_a_snapshot() {
    let mut client = client(2);
    assert_eq!(client.apply(&arrival(13)), Ok(HeldBack));
    assert_eq!(client.apply(&arrival(15)), Ok(HeldBack));
    let gap = Gap { have: 10, next: 13 };
    assert_eq!(client.apply(&arrival(17)), Err(gap));
    assert!(client.needs_snapshot());
    assert_eq!((client.sequence(), client.snapshot()), (None, None));
    assert_eq!((client.len(), client.missing()), (0, None));
    // What was missing does not help any more.
    assert_eq!(client.apply(&arrival(11)), Ok(Repeated));

    // 15 and 17 wait; a snapshot has to have what was given up, and that is 13 as well.
    let of = |sequence| OrderSnapshot {
        sequence,
        ..OrderSnapshot::default()
    };
    let old = OldSnapshot {
        sequence: 12,
        needed: 13,
    };
    assert_eq!(client.waiting(), 2);
    assert_eq!(client.restart(&of(12)), Err(old));
    assert!(client.needs_snapshot());
    assert_eq!(client.restart(&of(14)), APPLIED);
    assert_eq!((client.sequence(), client.len()), (Some(15), 1));
    assert_eq!(client.missing(), Some((16, 16)));
    assert_eq!(client.apply(&arrival(16)), Ok(Applied { messages: 2 }));
    assert_eq!(client.sequence(), Some(17));
}

#[test]
fn without_room_to_wait_every_gap_is_one() {
    let mut client = client(0);
    let gap = Gap { have: 10, next: 12 };
    assert_eq!(client.apply(&arrival(12)), Err(gap));
    // It was not kept.
    assert_eq!(client.apply(&arrival(12)), Ok(Repeated));
    let old = OldSnapshot {
        sequence: 10,
        needed: 12,
    };
    assert_eq!(client.restart(&given()), Err(old));
}

#[test]
fn a_new_book_keeps_the_newest_messages_until_a_snapshot_comes() {
    let mut client = new(3);
    assert!(client.needs_snapshot());
    for sequence in 10..=14 {
        assert_eq!(client.apply(&arrival(sequence)), Ok(Buffered));
    }
    assert_eq!(client.apply(&arrival(14)), Ok(Repeated));
    assert_eq!((client.sequence(), client.len()), (None, 0));
    // Only three could wait: 11 is gone.
    let old = OldSnapshot {
        sequence: 10,
        needed: 11,
    };
    assert_eq!(client.restart(&given()), Err(old));
    let snapshot = OrderSnapshot {
        sequence: 13,
        ..given()
    };
    // 14 alone is newer.
    assert_eq!(client.restart(&snapshot), APPLIED);
    assert_eq!((client.sequence(), client.len()), (Some(14), 6));
}

#[test]
fn a_snapshot_that_leaves_a_gap_is_not_enough() {
    let settings = ClientOrderSettings {
        hold_back: 1,
        buffer: 4,
    };
    let mut client = ClientOrderBook::new(settings);
    assert_eq!(client.settings(), &settings);
    for sequence in [13, 14] {
        assert_eq!(client.apply(&arrival(sequence)), Ok(Buffered));
    }
    let gap = Gap { have: 10, next: 13 };
    assert_eq!(client.restart(&given()), Err(gap));
    assert!(client.needs_snapshot() && client.is_empty());
    // Those in between are given up, even if they come now.
    assert_eq!(client.apply(&arrival(12)), Ok(Repeated));
    let between = OrderSnapshot {
        sequence: 11,
        ..given()
    };
    let old = OldSnapshot {
        sequence: 11,
        needed: 12,
    };
    assert_eq!(client.restart(&between), Err(old));
    let newer = OrderSnapshot {
        sequence: 12,
        ..given()
    };
    assert_eq!(client.restart(&newer), Ok(Applied { messages: 2 }));
    assert_eq!(client.sequence(), Some(14));
}

#[test]
fn what_cannot_be_true_stops_the_book() {
    let unknown = |id| OrderError::Unknown {
        id: OrderId::new(id),
    };
    let too_much = |id, displayed, by| OrderError::TooMuch {
        id: OrderId::new(id),
        displayed: Quantity::new(displayed),
        by: Quantity::new(by),
    };
    let id = OrderId::new(1);
    let price = Price::new(99);
    for (order, change, error) in [
        (9, executed(1), unknown(9)),
        (9, reduced(1), unknown(9)),
        (9, moved(99, 1), unknown(9)),
        (9, OrderChange::Removed, unknown(9)),
        (2, executed(4), too_much(2, 3, 4)),
        (2, reduced(u64::MAX), too_much(2, 3, u64::MAX)),
        (1, added(Sell, 101, 1), OrderError::Known { id }),
        (1, added(Buy, 99, 0), OrderError::Known { id }),
        (1, moved(99, 0), OrderError::NoQuantity { id }),
        (1, reduced(0), OrderError::NoQuantity { id }),
        (1, executed(0), OrderError::NoQuantity { id }),
        (
            1,
            moved(98, u64::MAX),
            OrderError::LevelFull {
                price: Price::new(98),
            },
        ),
        (1, moved(99, u64::MAX), OrderError::LevelFull { price }),
        (
            6,
            added(Buy, 99, u64::MAX - 11),
            OrderError::LevelFull { price },
        ),
    ] {
        let mut client = client(2);
        let impossible = Impossible {
            sequence: 11,
            error,
        };
        let message = message(11, order, change);
        assert_eq!(client.apply(&message), Err(impossible), "{message:?}");
        assert!(client.needs_snapshot() && client.is_empty());
        // The next one waits for a snapshot that knows better.
        assert_eq!(
            client.apply(&self::message(12, 5, reduced(1))),
            Ok(Buffered)
        );
        let old = OldSnapshot {
            sequence: 10,
            needed: 11,
        };
        assert_eq!(client.restart(&given()), Err(old));
        let better = OrderSnapshot {
            sequence: 11,
            ..given()
        };
        assert_eq!(client.restart(&better), APPLIED);
        assert_eq!(client.best(Sell), Some(level(101, 6)));
    }
}

#[test]
fn the_largest_quantities_have_room() {
    let mut client = client(0);
    let fits = message(11, 6, added(Buy, 99, u64::MAX - 12));
    assert_eq!(client.apply(&fits), APPLIED);
    // What an order leaves behind does not count for where it goes, be it the same price.
    let same_level = message(12, 6, moved(99, u64::MAX - 12));
    assert_eq!(client.apply(&same_level), APPLIED);
    let other_level = message(13, 6, moved(98, u64::MAX - 1));
    assert_eq!(client.apply(&other_level), APPLIED);
    assert_eq!(client.apply(&message(14, 4, moved(98, 1))), APPLIED);
    assert_eq!(client.best(Buy), Some(level(99, 12)));
    let all = client.quantity_at(Buy, Price::new(98));
    assert_eq!(all, Quantity::new(u64::MAX));
    assert_eq!(position(&client, 4), Some((1, u64::MAX - 1)));
}

#[test]
fn a_message_that_was_held_back_can_be_the_impossible_one() {
    let mut client = client(4);
    assert_eq!(client.apply(&message(12, 9, executed(1))), Ok(HeldBack));
    assert_eq!(client.apply(&message(13, 1, reduced(1))), Ok(HeldBack));
    let error = OrderError::Unknown {
        id: OrderId::new(9),
    };
    let impossible = Impossible {
        sequence: 12,
        error,
    };
    assert_eq!(client.apply(&message(11, 1, reduced(1))), Err(impossible));
    assert!(client.needs_snapshot() && client.is_empty());
    assert_eq!(client.waiting(), 1);
}

#[test]
fn a_live_book_takes_a_newer_snapshot_and_leaves_an_older_one() {
    let mut client = client(4);
    assert_eq!(client.apply(&message(11, 1, reduced(1))), APPLIED);
    assert_eq!(client.restart(&given()), Ok(Repeated));
    assert_eq!(client.best(Buy), Some(level(99, 11)));

    assert_eq!(client.apply(&message(13, 1, reduced(2))), Ok(HeldBack));
    let newer = OrderSnapshot {
        sequence: 12,
        ..given()
    };
    assert_eq!(client.restart(&newer), APPLIED);
    assert_eq!(client.sequence(), Some(13));
    assert_eq!(client.best(Buy), Some(level(99, 10)));
}

#[test]
fn a_snapshot_of_no_book_is_not_taken() {
    let id = OrderId::new(2);
    for (bids, error) in [
        (
            vec![order(2, 99, 5), order(2, 98, 5)],
            OrderError::Known { id },
        ),
        (
            vec![order(1, 98, 5), order(2, 99, 5)],
            OrderError::Unordered { id },
        ),
        (vec![order(2, 99, 0)], OrderError::NoQuantity { id }),
    ] {
        let mut client = client(4);
        let snapshot = OrderSnapshot {
            sequence: 12,
            bids,
            asks: vec![],
        };
        assert_eq!(client.restart(&snapshot), Err(BadSnapshot { error }));
        assert!(client.needs_snapshot() && client.is_empty());
        assert_eq!(client.restart(&given()), APPLIED_NONE);
    }
}

#[test]
fn a_feed_that_begins_anew_needs_a_reset() {
    let mut client = client(4);
    let first = OrderSnapshot::default();
    assert_eq!(client.restart(&first), Ok(Repeated));
    client.reset();
    assert!(client.needs_snapshot() && client.is_empty());
    assert_eq!(client.restart(&first), APPLIED_NONE);
    assert_eq!(client.apply(&arrival(1)), APPLIED);
    // The last number there is.
    let last = OrderSnapshot {
        sequence: u64::MAX,
        ..given()
    };
    assert_eq!(client.restart(&last), APPLIED_NONE);
    assert_eq!(client.apply(&arrival(u64::MAX - 100)), Ok(Repeated));
}
