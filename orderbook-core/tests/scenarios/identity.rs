//! Ids of orders: whose they are, when they are free again, and that it does not matter which.

use crate::notation::{Scenario, plain, play};
use orderbook_core::*;

#[test]
fn ids() {
    play(
        &plain(),
        &[
            Scenario {
                name: "the id of a live order is taken, for both sides and on any terms",
                given: &["#1 buy 5 @ 100"],
                when: "#1 sell 0 market",
                then: &["refused DuplicateOrderId"],
                book: &["bid 100: #1x5"],
            },
            Scenario {
                name: "the id of a closed order is free",
                given: &["#1 buy 5 @ 100", "#1 cancel"],
                when: "#1/8 sell 3 @ 101",
                then: &["#1/8 accepted: sell 3, rests 3 @ 101"],
                book: &["ask 101: #1/8x3"],
            },
            Scenario {
                name: "the id of a filled maker is free",
                given: &["#1 buy 5 @ 100", "#2 sell 5 @ 100"],
                when: "#1 buy 3 @ 100",
                then: &["#1 accepted: buy 3, rests 3 @ 100"],
                book: &["bid 100: #1x3"],
            },
            Scenario {
                name: "the id of an order that never rested is free",
                given: &["#1 buy 5 @ 100 ioc"],
                when: "#1 buy 3 @ 100",
                then: &["#1 accepted: buy 3, rests 3 @ 100"],
                book: &["bid 100: #1x3"],
            },
            Scenario {
                name: "the id of a replaced order is free",
                given: &["#1 buy 5 @ 100", "#1 replace #2 5 @ 99"],
                when: "#1 buy 3 @ 100",
                then: &["#1 accepted: buy 3, rests 3 @ 100"],
                book: &["bid 100: #1x3", "bid 99: #2/1x5"],
            },
            Scenario {
                name: "zero and the largest id are ids, of orders and of accounts",
                given: &[
                    "#0 buy 5 @ 100",
                    "#18446744073709551615 buy 5 @ 100",
                    "#18446744073709551614/0 buy 5 @ 100",
                ],
                when: "#18446744073709551615 cancel",
                then: &["#18446744073709551615 cancelled: buy 5 @ 100"],
                book: &["bid 100: #0x5 #18446744073709551614/0x5"],
            },
            Scenario {
                name: "an id does not say who is older",
                given: &[
                    "#18446744073709551615 sell 5 @ 100",
                    "#0 sell 5 @ 100",
                    "#7 sell 5 @ 100",
                ],
                when: "#1 buy 6 @ 100",
                then: &[
                    "#1 accepted: buy 6",
                    "traded 5 @ 100: maker #18446744073709551615 left 0, buy taker #1 left 1",
                    "#18446744073709551615 filled: sell 0 @ 100",
                    "traded 1 @ 100: maker #0 left 4, buy taker #1 left 0",
                    "#1 filled: buy 0",
                ],
                book: &["ask 100: #0x4 #7x5"],
            },
        ],
    );
}

/// Which orders rest does not depend on their ids, whatever these have in common: not while there
/// are many, not when some are gone, and not when ids are used again.
#[test]
fn ids_with_much_in_common() {
    type Id = fn(u64) -> u64;
    let families: [(&str, Id); 5] = [
        ("ascending", |number| number),
        ("descending from the largest", |number| u64::MAX - number),
        ("multiples of 2^20", |number| number << 20),
        ("multiples of 2^32", |number| number << 32),
        ("multiples of 2^52", |number| number << 52),
    ];
    for (name, id) in families {
        each_id_finds_its_order(name, (0..2_000).map(id));
    }
    // All of them in one chain of the table that finds ids, as long as that has its first size.
    let colliding = (0..).map(|number| number << 6).filter(|id| chain(*id) == 0);
    each_id_finds_its_order("colliding", colliding.take(30));
}

/// Where the table that finds ids begins to look for an id, in a book that is small.
fn chain(id: u64) -> u64 {
    id.wrapping_add((id >> 6).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) % 64
}

fn each_id_finds_its_order(name: &str, ids: impl Iterator<Item = u64>) {
    let ids: Vec<u64> = ids.collect();
    let mut book = OrderBook::new(plain());
    let mut events = Vec::new();
    let mut apply = |book: &mut OrderBook, command| book.apply(&command, &mut events);
    let place = |id, account| {
        Command::Place(Order::limit(
            OrderId::new(id),
            AccountId::new(account),
            Side::Buy,
            Quantity::new(5),
            Price::new(100),
        ))
    };
    let cancel = |id| Command::Cancel {
        order_id: OrderId::new(id),
    };
    for (account, id) in (0..).zip(&ids) {
        assert_eq!(apply(&mut book, place(*id, account)), Ok(()), "{name}");
    }
    assert_eq!(book.check(), Ok(()), "{name}");
    let owner = |book: &OrderBook, id| book.order(OrderId::new(id)).map(|it| it.account.get());
    for (account, id) in (0..).zip(&ids) {
        assert_eq!(owner(&book, *id), Some(account), "{name}");
        let again = apply(&mut book, place(*id, account));
        assert_eq!(again, Err(BookReject::DuplicateOrderId), "{name}");
    }
    // Every third goes, then comes again, then everything goes.
    for id in ids.iter().step_by(3) {
        assert_eq!(apply(&mut book, cancel(*id)), Ok(()), "{name}");
        let again = apply(&mut book, cancel(*id));
        assert_eq!(again, Err(BookReject::UnknownOrder), "{name}");
    }
    assert_eq!(book.check(), Ok(()), "{name}");
    for (account, id) in (0..).zip(&ids) {
        let expected = (account % 3 != 0).then_some(account);
        assert_eq!(owner(&book, *id), expected, "{name}");
    }
    for id in ids.iter().step_by(3) {
        assert_eq!(apply(&mut book, place(*id, 9_999)), Ok(()), "{name}");
    }
    assert_eq!(book.check(), Ok(()), "{name}");
    assert_eq!(book.len(), ids.len(), "{name}");
    for id in ids.iter().rev() {
        assert_eq!(apply(&mut book, cancel(*id)), Ok(()), "{name}");
    }
    assert!(book.is_empty(), "{name}");
    assert_eq!(book.check(), Ok(()), "{name}");
}
