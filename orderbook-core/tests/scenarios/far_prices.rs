//! Levels far from the market and from each other: the rules are those near it.

use crate::notation::{Scenario, boundless, plain, play};
use orderbook_core::*;

#[test]
fn far_apart() {
    const ASKS: &[&str] = &[
        "#1 sell 1 @ 1000000",
        "#2 sell 2 @ 1100000",
        "#3 sell 3 @ 1000001",
        "#4 sell 4 @ 500000000000",
        "#5 sell 5 @ 1100000",
    ];
    play(
        &plain(),
        &[
            Scenario {
                name: "best first, however far apart, and oldest first at each",
                given: ASKS,
                when: "#6 buy 12 @ 500000000000",
                then: &[
                    "#6 accepted: buy 12",
                    "traded 1 @ 1000000: maker #1 left 0, buy taker #6 left 11",
                    "#1 filled: sell 0 @ 1000000",
                    "traded 3 @ 1000001: maker #3 left 0, buy taker #6 left 8",
                    "#3 filled: sell 0 @ 1000001",
                    "traded 2 @ 1100000: maker #2 left 0, buy taker #6 left 6",
                    "#2 filled: sell 0 @ 1100000",
                    "traded 5 @ 1100000: maker #5 left 0, buy taker #6 left 1",
                    "#5 filled: sell 0 @ 1100000",
                    "traded 1 @ 500000000000: maker #4 left 3, buy taker #6 left 0",
                    "#6 filled: buy 0",
                ],
                book: &["ask 500000000000: #4x3"],
            },
            Scenario {
                name: "a better price comes up far in front of all others",
                given: ASKS,
                when: "#6 sell 6 @ 7",
                then: &["#6 accepted: sell 6, rests 6 @ 7"],
                book: &[
                    "ask 500000000000: #4x4",
                    "ask 1100000: #2x2 #5x5",
                    "ask 1000001: #3x3",
                    "ask 1000000: #1x1",
                    "ask 7: #6x6",
                ],
            },
            Scenario {
                name: "a level between two that are far apart goes",
                given: ASKS,
                when: "cancel all from 1000002 to 400000000000",
                then: &[
                    "#2 cancelled: sell 2 @ 1100000",
                    "#5 cancelled: sell 5 @ 1100000",
                ],
                book: &[
                    "ask 500000000000: #4x4",
                    "ask 1000001: #3x3",
                    "ask 1000000: #1x1",
                ],
            },
            Scenario {
                name: "an iceberg far away, amended to the market",
                given: &["#1 buy 9 @ 5000000", "#2 sell 9 @ 90000000 display 2"],
                when: "#2 amend 9 @ 5000001",
                then: &["#2 amended: sell 9, was 2 @ 90000000, rests 2 @ 5000001 + 7 hidden"],
                book: &["ask 5000001: #2x2+7", "bid 5000000: #1x9"],
            },
        ],
    );
}

#[test]
fn the_ends_of_all_prices() {
    const ENDS: &[&str] = &[
        "#1 sell 1 @ 9223372036854775807",
        "#2 buy 2 @ -9223372036854775808",
    ];
    play(
        &boundless(),
        &[
            Scenario {
                name: "the widest spread there is",
                given: ENDS,
                when: "#3 buy 3 @ 9223372036854775806",
                then: &["#3 accepted: buy 3, rests 3 @ 9223372036854775806"],
                book: &[
                    "ask 9223372036854775807: #1x1",
                    "bid 9223372036854775806: #3x3",
                    "bid -9223372036854775808: #2x2",
                ],
            },
            Scenario {
                name: "the highest ask trades",
                given: ENDS,
                when: "#3 buy 3 market",
                then: &[
                    "#3 accepted: buy 3",
                    "traded 1 @ 9223372036854775807: maker #1 left 0, buy taker #3 left 2",
                    "#1 filled: sell 0 @ 9223372036854775807",
                    "#3 expired: buy 2",
                ],
                book: &["bid -9223372036854775808: #2x2"],
            },
            Scenario {
                name: "the lowest bid trades",
                given: ENDS,
                when: "#3 sell 3 @ -9223372036854775808",
                then: &[
                    "#3 accepted: sell 3",
                    "traded 2 @ -9223372036854775808: maker #2 left 0, sell taker #3 left 1",
                    "#2 filled: buy 0 @ -9223372036854775808",
                    "#3 rested: sell 1 @ -9223372036854775808",
                ],
                book: &[
                    "ask 9223372036854775807: #1x1",
                    "ask -9223372036854775808: #3x1",
                ],
            },
            Scenario {
                name: "a buy at the highest price of all that meets nobody",
                given: &[],
                when: "#1 buy 5 @ 9223372036854775807",
                then: &["#1 accepted: buy 5, rests 5 @ 9223372036854775807"],
                book: &["bid 9223372036854775807: #1x5"],
            },
            Scenario {
                name: "a sell at the lowest price of all that meets nobody",
                given: &[],
                when: "#1 sell 5 @ -9223372036854775808",
                then: &["#1 accepted: sell 5, rests 5 @ -9223372036854775808"],
                book: &["ask -9223372036854775808: #1x5"],
            },
            Scenario {
                name: "an amendment to the highest price of all that meets nobody",
                given: &["#1 buy 5 @ 0"],
                when: "#1 amend 6 @ 9223372036854775807",
                then: &["#1 amended: buy 6, was 5 @ 0, rests 6 @ 9223372036854775807"],
                book: &["bid 9223372036854775807: #1x6"],
            },
            Scenario {
                name: "the last level at the end goes",
                given: &["#1 sell 1 @ 9223372036854775807", "#2 sell 1 @ 5"],
                when: "cancel all",
                then: &[
                    "#2 cancelled: sell 1 @ 5",
                    "#1 cancelled: sell 1 @ 9223372036854775807",
                ],
                book: &[],
            },
        ],
    );
}

/// The market wanders, jumps and comes back, and after every step the book is right: `check` holds
/// and a plain list of orders, sorted by price, lists the same.
#[test]
fn the_market_moves_away_and_comes_back() {
    let mut book = OrderBook::new(boundless());
    let mut events = Vec::new();
    let mut listed: Vec<(i64, u64)> = Vec::new();
    let mut id = 0;
    let stops = [
        0,
        40,
        300,
        1_000_000,
        70_000,
        -5_000_000,
        i64::MAX - 50,
        i64::MIN + 50,
        0,
    ];
    for (round, stop) in stops.into_iter().enumerate() {
        for step in 0..100 {
            id += 1;
            let price = stop + (step * 37 % 100 - 50);
            let order = Order::limit(
                OrderId::new(id),
                AccountId::new(1),
                Side::Sell,
                Quantity::new(id),
                Price::new(price),
            );
            book.apply(&Command::Place(order), &mut events)
                .expect("nobody is on the other side");
            listed.push((price, id));
            // What came long ago leaves, so that levels far away go, too.
            if round > 1 && step % 2 == 0 {
                let (_, old) = listed.remove(0);
                let order_id = OrderId::new(old);
                book.apply(&Command::Cancel { order_id }, &mut events)
                    .expect("it rests");
            }
            assert_eq!(book.check(), Ok(()), "{round} {step}");
            let best = listed.iter().map(|(price, _)| *price).min();
            let level = book.best(Side::Sell).map(|level| level.price.get());
            assert_eq!(level, best, "{round} {step}");
        }
        let mut sorted = listed.clone();
        sorted.sort_by_key(|(price, _)| *price);
        let orders = book.orders(Side::Sell);
        assert!(
            orders
                .map(|order| (order.price.get(), order.id.get()))
                .eq(sorted),
            "{round}"
        );
    }
}
