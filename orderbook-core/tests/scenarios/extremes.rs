//! Prices below zero, quantities at the end of 64 bits, and books that are full.

use crate::notation::{Scenario, plain, play};
use orderbook_core::*;

#[test]
fn prices_below_zero() {
    let spread = plain()
        .with_price_limits(Price::new(-10), Price::new(10))
        .expect("valid limits");
    play(
        &spread,
        &[
            Scenario {
                name: "a bid below zero rests without a minimum notional",
                given: &[],
                when: "#1 buy 5 @ -3",
                then: &["#1 accepted: buy 5, rests 5 @ -3"],
                book: &["bid -3: #1x5"],
            },
            Scenario {
                name: "the higher bid is the better one below zero too",
                given: &["#1 buy 5 @ -3", "#2 buy 5 @ -1", "#3 buy 5 @ 0"],
                when: "#4 sell 8 @ -2",
                then: &[
                    "#4 accepted: sell 8",
                    "traded 5 @ 0: maker #3 left 0, sell taker #4 left 3",
                    "#3 filled: buy 0 @ 0",
                    "traded 3 @ -1: maker #2 left 2, sell taker #4 left 0",
                    "#4 filled: sell 0",
                ],
                book: &["bid -1: #2x2", "bid -3: #1x5"],
            },
            Scenario {
                name: "an order slides from zero to below it",
                given: &["#1 sell 5 @ 0"],
                when: "#2 buy 5 @ 3 slide",
                then: &["#2 accepted: buy 5, rests 5 @ -1"],
                book: &["ask 0: #1x5", "bid -1: #2x5"],
            },
            Scenario {
                name: "a limit below zero is a limit",
                given: &[],
                when: "#1 buy 5 @ -11",
                then: &["refused PriceOutOfRange"],
                book: &[],
            },
        ],
    );

    let minimum = spread.with_min_notional(Notional::new(6));
    play(
        &minimum,
        &[
            Scenario {
                name: "a minimum notional is about size, not sign",
                given: &[],
                when: "#1 sell 2 @ -3",
                then: &["#1 accepted: sell 2, rests 2 @ -3"],
                book: &["ask -3: #1x2"],
            },
            Scenario {
                name: "too little money below zero",
                given: &[],
                when: "#1 sell 5 @ -1",
                then: &["refused NotionalTooSmall"],
                book: &[],
            },
        ],
    );
}

/// The quantities of all orders of a side add up within 64 bits.
#[test]
fn a_full_side() {
    const FULL: &[&str] = &[
        "#1 buy 18446744073709551610 @ 100 display 184467440737095517",
        "#2 buy 5 @ 99",
    ];
    const BOOK: &[&str] = &[
        "bid 100: #1x184467440737095517+18262276632972456093",
        "bid 99: #2x5",
    ];
    play(
        &plain(),
        &[
            Scenario {
                name: "one lot more than a side can hold is refused, at whatever price",
                given: FULL,
                when: "#3 buy 1 @ 7",
                then: &["refused SideFull"],
                book: BOOK,
            },
            Scenario {
                name: "the other side has room",
                given: FULL,
                when: "#3 sell 18446744073709551615 @ 101",
                then: &["#3 accepted: sell 18446744073709551615, rests 18446744073709551615 @ 101"],
                book: &[
                    "ask 101: #3x18446744073709551615",
                    "bid 100: #1x184467440737095517+18262276632972456093",
                    "bid 99: #2x5",
                ],
            },
            Scenario {
                name: "an order that would trade all of it is refused as well",
                given: &[
                    "#1 buy 18446744073709551610 @ 99",
                    "#2 buy 5 @ 99",
                    "#3 sell 1 @ 100",
                ],
                when: "#4 buy 1 @ 100",
                then: &["refused SideFull"],
                book: &["ask 100: #3x1", "bid 99: #1x18446744073709551610 #2x5"],
            },
            Scenario {
                name: "a replacement has the room that the old order leaves",
                given: FULL,
                when: "#2 replace #3 5 @ 100",
                then: &[
                    "#2 replaced: buy 5 @ 99",
                    "#3/2 accepted: buy 5, rests 5 @ 100",
                ],
                book: &["bid 100: #1x184467440737095517+18262276632972456093 #3/2x5"],
            },
            Scenario {
                name: "a replacement has no more room than that",
                given: FULL,
                when: "#2 replace #3 6 @ 100",
                then: &["refused SideFull"],
                book: BOOK,
            },
            Scenario {
                name: "an amendment has the room that the order leaves",
                given: FULL,
                when: "#2 amend 5 @ 98",
                then: &["#2 amended: buy 5, was 5 @ 99, rests 5 @ 98"],
                book: &[
                    "bid 100: #1x184467440737095517+18262276632972456093",
                    "bid 98: #2x5",
                ],
            },
            Scenario {
                name: "an amendment has no more room than that",
                given: FULL,
                when: "#2 amend 6 @ 99",
                then: &["refused SideFull"],
                book: BOOK,
            },
            Scenario {
                name: "an IOC needs no room, it never rests",
                given: FULL,
                when: "#3 buy 1 @ 100 ioc",
                then: &["#3 accepted: buy 1", "#3 expired: buy 1"],
                book: BOOK,
            },
            Scenario {
                name: "an FOK needs no room either",
                given: FULL,
                when: "#3 buy 1 @ 100 fok",
                then: &["#3 accepted: buy 1", "#3 expired: buy 1"],
                book: BOOK,
            },
            Scenario {
                name: "nor does a market order",
                given: FULL,
                when: "#3 buy 1 market",
                then: &["#3 accepted: buy 1", "#3 expired: buy 1"],
                book: BOOK,
            },
        ],
    );
}

#[test]
fn a_full_book() {
    const TWO: &[&str] = &["#1 buy 5 @ 100", "#2 sell 5 @ 101"];
    const BOOK: &[&str] = &["ask 101: #2x5", "bid 100: #1x5"];
    let small = plain().with_max_orders(2).expect("not zero");
    play(
        &small,
        &[
            Scenario {
                name: "one order too many",
                given: TWO,
                when: "#3 buy 1 @ 1",
                then: &["refused BookFull"],
                book: BOOK,
            },
            Scenario {
                name: "even where it would trade all of it",
                given: TWO,
                when: "#3 buy 1 @ 101",
                then: &["refused BookFull"],
                book: BOOK,
            },
            Scenario {
                name: "an IOC needs no place",
                given: TWO,
                when: "#3 buy 5 @ 101 ioc",
                then: &[
                    "#3 accepted: buy 5",
                    "traded 5 @ 101: maker #2 left 0, buy taker #3 left 0",
                    "#2 filled: sell 0 @ 101",
                    "#3 filled: buy 0",
                ],
                book: &["bid 100: #1x5"],
            },
            Scenario {
                name: "a replacement has the place of the old order",
                given: TWO,
                when: "#1 replace #3 6 @ 99",
                then: &[
                    "#1 replaced: buy 5 @ 100",
                    "#3/1 accepted: buy 6, rests 6 @ 99",
                ],
                book: &["ask 101: #2x5", "bid 99: #3/1x6"],
            },
            Scenario {
                name: "an amended order has a place",
                given: TWO,
                when: "#1 amend 6 @ 99",
                then: &["#1 amended: buy 6, was 5 @ 100, rests 6 @ 99"],
                book: &["ask 101: #2x5", "bid 99: #1x6"],
            },
            Scenario {
                name: "a place that became free is free",
                given: &["#1 buy 5 @ 100", "#2 sell 5 @ 101", "#1 cancel"],
                when: "#3 buy 1 @ 1",
                then: &["#3 accepted: buy 1, rests 1 @ 1"],
                book: &["ask 101: #2x5", "bid 1: #3x1"],
            },
        ],
    );
}
