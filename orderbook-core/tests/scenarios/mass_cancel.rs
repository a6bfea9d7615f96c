//! Cancelling all orders of a selection.

use crate::notation::{Scenario, boundless, plain, play};

const MANY: &[&str] = &[
    "#1/7 sell 1 @ 103",
    "#2/8 sell 2 @ 102",
    "#3/7 sell 3 @ 102",
    "#4/8 buy 4 @ 99",
    "#5/7 buy 5 @ 100",
    "#6/7 buy 6 @ 99",
    "#7/8 buy 7 @ 98",
];

#[test]
fn selections() {
    play(
        &plain(),
        &[
            Scenario {
                name: "all: bids, then asks, from the best to the worst, oldest first",
                given: MANY,
                when: "cancel all",
                then: &[
                    "#5/7 cancelled: buy 5 @ 100",
                    "#4/8 cancelled: buy 4 @ 99",
                    "#6/7 cancelled: buy 6 @ 99",
                    "#7/8 cancelled: buy 7 @ 98",
                    "#2/8 cancelled: sell 2 @ 102",
                    "#3/7 cancelled: sell 3 @ 102",
                    "#1/7 cancelled: sell 1 @ 103",
                ],
                book: &[],
            },
            Scenario {
                name: "those of an account",
                given: MANY,
                when: "cancel all account 7",
                then: &[
                    "#5/7 cancelled: buy 5 @ 100",
                    "#6/7 cancelled: buy 6 @ 99",
                    "#3/7 cancelled: sell 3 @ 102",
                    "#1/7 cancelled: sell 1 @ 103",
                ],
                book: &["ask 102: #2/8x2", "bid 99: #4/8x4", "bid 98: #7/8x7"],
            },
            Scenario {
                name: "those of a side",
                given: MANY,
                when: "cancel all sell",
                then: &[
                    "#2/8 cancelled: sell 2 @ 102",
                    "#3/7 cancelled: sell 3 @ 102",
                    "#1/7 cancelled: sell 1 @ 103",
                ],
                book: &["bid 100: #5/7x5", "bid 99: #4/8x4 #6/7x6", "bid 98: #7/8x7"],
            },
            Scenario {
                name: "those within two prices, both included, on both sides",
                given: MANY,
                when: "cancel all from 99 to 102",
                then: &[
                    "#5/7 cancelled: buy 5 @ 100",
                    "#4/8 cancelled: buy 4 @ 99",
                    "#6/7 cancelled: buy 6 @ 99",
                    "#2/8 cancelled: sell 2 @ 102",
                    "#3/7 cancelled: sell 3 @ 102",
                ],
                book: &["ask 103: #1/7x1", "bid 98: #7/8x7"],
            },
            Scenario {
                name: "those at a price or above",
                given: MANY,
                when: "cancel all buy from 99",
                then: &[
                    "#5/7 cancelled: buy 5 @ 100",
                    "#4/8 cancelled: buy 4 @ 99",
                    "#6/7 cancelled: buy 6 @ 99",
                ],
                book: &[
                    "ask 103: #1/7x1",
                    "ask 102: #2/8x2 #3/7x3",
                    "bid 98: #7/8x7",
                ],
            },
            Scenario {
                name: "those at a price or below",
                given: MANY,
                when: "cancel all buy to 99",
                then: &[
                    "#4/8 cancelled: buy 4 @ 99",
                    "#6/7 cancelled: buy 6 @ 99",
                    "#7/8 cancelled: buy 7 @ 98",
                ],
                book: &[
                    "ask 103: #1/7x1",
                    "ask 102: #2/8x2 #3/7x3",
                    "bid 100: #5/7x5",
                ],
            },
            Scenario {
                name: "those of an account and a side at one price",
                given: MANY,
                when: "cancel all account 8 buy from 99 to 99",
                then: &["#4/8 cancelled: buy 4 @ 99"],
                book: &[
                    "ask 103: #1/7x1",
                    "ask 102: #2/8x2 #3/7x3",
                    "bid 100: #5/7x5",
                    "bid 99: #6/7x6",
                    "bid 98: #7/8x7",
                ],
            },
            Scenario {
                name: "icebergs with their reserves",
                given: &["#1 sell 25 @ 100 display 10", "#2 buy 3 @ 100"],
                when: "cancel all",
                then: &["#1 cancelled: sell 7 @ 100 + 15 hidden"],
                book: &[],
            },
        ],
    );
}

#[test]
fn nothing_to_cancel() {
    const ONE: &[&str] = &["#1 buy 5 @ 100"];
    const BOOK: &[&str] = &["bid 100: #1x5"];
    play(
        &plain(),
        &[
            Scenario {
                name: "an empty book",
                given: &[],
                when: "cancel all",
                then: &[],
                book: &[],
            },
            Scenario {
                name: "an account without orders",
                given: ONE,
                when: "cancel all account 9",
                then: &[],
                book: BOOK,
            },
            Scenario {
                name: "the other side",
                given: ONE,
                when: "cancel all sell",
                then: &[],
                book: BOOK,
            },
            Scenario {
                name: "prices above",
                given: ONE,
                when: "cancel all from 101",
                then: &[],
                book: BOOK,
            },
            Scenario {
                name: "prices below",
                given: ONE,
                when: "cancel all to 99",
                then: &[],
                book: BOOK,
            },
            Scenario {
                name: "prices the wrong way round",
                given: ONE,
                when: "cancel all from 101 to 100",
                then: &["refused InvalidPriceRange"],
                book: BOOK,
            },
        ],
    );
}

#[test]
fn far_apart() {
    const ENDS: &[&str] = &[
        "#1 buy 1 @ -9223372036854775808",
        "#2 buy 2 @ 0",
        "#3 sell 3 @ 100000",
        "#4 sell 4 @ 9223372036854775807",
    ];
    play(
        &boundless(),
        &[
            Scenario {
                name: "all prices there are",
                given: ENDS,
                when: "cancel all from -9223372036854775808 to 9223372036854775807",
                then: &[
                    "#2 cancelled: buy 2 @ 0",
                    "#1 cancelled: buy 1 @ -9223372036854775808",
                    "#3 cancelled: sell 3 @ 100000",
                    "#4 cancelled: sell 4 @ 9223372036854775807",
                ],
                book: &[],
            },
            Scenario {
                name: "the lowest price only",
                given: ENDS,
                when: "cancel all to -9223372036854775808",
                then: &["#1 cancelled: buy 1 @ -9223372036854775808"],
                book: &[
                    "ask 9223372036854775807: #4x4",
                    "ask 100000: #3x3",
                    "bid 0: #2x2",
                ],
            },
            Scenario {
                name: "the highest price only",
                given: ENDS,
                when: "cancel all from 9223372036854775807",
                then: &["#4 cancelled: sell 4 @ 9223372036854775807"],
                book: &[
                    "ask 100000: #3x3",
                    "bid 0: #2x2",
                    "bid -9223372036854775808: #1x1",
                ],
            },
        ],
    );
}
