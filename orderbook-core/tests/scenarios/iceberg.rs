//! Orders that show a slice at a time.

use crate::notation::{Scenario, plain, play};

#[test]
fn coming_in() {
    play(
        &plain(),
        &[
            Scenario {
                name: "an iceberg that meets nobody shows a whole slice",
                given: &[],
                when: "#1 sell 50 @ 100 display 10",
                then: &["#1 accepted: sell 50, rests 10 @ 100 + 40 hidden"],
                book: &["ask 100: #1x10+40"],
            },
            Scenario {
                name: "one that is no larger than its slice shows all of it",
                given: &[],
                when: "#1 sell 10 @ 100 display 25",
                then: &["#1 accepted: sell 10, rests 10 @ 100"],
                book: &["ask 100: #1x10"],
            },
            Scenario {
                name: "it takes with all it has, and then shows what is left of the slice it is in",
                given: &["#1 buy 12 @ 100"],
                when: "#2 sell 50 @ 100 display 10",
                then: &[
                    "#2 accepted: sell 50",
                    "traded 12 @ 100: maker #1 left 0, sell taker #2 left 38",
                    "#1 filled: buy 0 @ 100",
                    "#2 rested: sell 8 @ 100 + 30 hidden",
                ],
                book: &["ask 100: #2x8+30"],
            },
            Scenario {
                name: "where whole slices have traded it shows a whole one",
                given: &["#1 buy 20 @ 100"],
                when: "#2 sell 50 @ 100 display 10",
                then: &[
                    "#2 accepted: sell 50",
                    "traded 20 @ 100: maker #1 left 0, sell taker #2 left 30",
                    "#1 filled: buy 0 @ 100",
                    "#2 rested: sell 10 @ 100 + 20 hidden",
                ],
                book: &["ask 100: #2x10+20"],
            },
            Scenario {
                name: "less than a slice is left",
                given: &["#1 buy 46 @ 100"],
                when: "#2 sell 48 @ 100 display 10",
                then: &[
                    "#2 accepted: sell 48",
                    "traded 46 @ 100: maker #1 left 0, sell taker #2 left 2",
                    "#1 filled: buy 0 @ 100",
                    "#2 rested: sell 2 @ 100",
                ],
                book: &["ask 100: #2x2"],
            },
            Scenario {
                name: "what it lost to a decrement counts like a trade",
                given: &["#1/7 buy 3 @ 100", "#2 buy 4 @ 100"],
                when: "#3/7 sell 50 @ 100 display 10 stp decrement",
                then: &[
                    "#3/7 accepted: sell 50",
                    "decremented 3 @ 100: maker #1/7 left 0, sell taker #3/7 left 47",
                    "#1/7 self-trade: buy 0 @ 100",
                    "traded 4 @ 100: maker #2 left 0, sell taker #3/7 left 43",
                    "#2 filled: buy 0 @ 100",
                    "#3/7 rested: sell 3 @ 100 + 40 hidden",
                ],
                book: &["ask 100: #3/7x3+40"],
            },
        ],
    );
}

#[test]
fn making() {
    const BETWEEN: &[&str] = &["#1 sell 25 @ 100 display 10", "#2 sell 5 @ 100"];
    play(
        &plain(),
        &[
            Scenario {
                name: "part of a slice trades, and it keeps its place",
                given: BETWEEN,
                when: "#3 buy 9 @ 100",
                then: &[
                    "#3 accepted: buy 9",
                    "traded 9 @ 100: maker #1 left 16, buy taker #3 left 0",
                    "#3 filled: buy 0",
                ],
                book: &["ask 100: #1x1+15 #2x5"],
            },
            Scenario {
                name: "the next slice goes to the back, even where nobody is left to take it",
                given: BETWEEN,
                when: "#3 buy 10 @ 100",
                then: &[
                    "#3 accepted: buy 10",
                    "traded 10 @ 100: maker #1 left 15, buy taker #3 left 0",
                    "#1 replenished: sell 10 @ 100 + 5 hidden",
                    "#3 filled: buy 0",
                ],
                book: &["ask 100: #2x5 #1x10+5"],
            },
            Scenario {
                name: "a large order takes slice after slice, and others between them",
                given: BETWEEN,
                when: "#3 buy 40 @ 100",
                then: &[
                    "#3 accepted: buy 40",
                    "traded 10 @ 100: maker #1 left 15, buy taker #3 left 30",
                    "#1 replenished: sell 10 @ 100 + 5 hidden",
                    "traded 5 @ 100: maker #2 left 0, buy taker #3 left 25",
                    "#2 filled: sell 0 @ 100",
                    "traded 10 @ 100: maker #1 left 5, buy taker #3 left 15",
                    "#1 replenished: sell 5 @ 100",
                    "traded 5 @ 100: maker #1 left 0, buy taker #3 left 10",
                    "#1 filled: sell 0 @ 100",
                    "#3 rested: buy 10 @ 100",
                ],
                book: &["bid 100: #3x10"],
            },
            Scenario {
                name: "two icebergs take turns",
                given: &["#1 sell 4 @ 100 display 2", "#2 sell 6 @ 100 display 3"],
                when: "#3 buy 8 @ 100",
                then: &[
                    "#3 accepted: buy 8",
                    "traded 2 @ 100: maker #1 left 2, buy taker #3 left 6",
                    "#1 replenished: sell 2 @ 100",
                    "traded 3 @ 100: maker #2 left 3, buy taker #3 left 3",
                    "#2 replenished: sell 3 @ 100",
                    "traded 2 @ 100: maker #1 left 0, buy taker #3 left 1",
                    "#1 filled: sell 0 @ 100",
                    "traded 1 @ 100: maker #2 left 2, buy taker #3 left 0",
                    "#3 filled: buy 0",
                ],
                book: &["ask 100: #2x2"],
            },
            Scenario {
                name: "a reserve trades before a worse price does",
                given: &["#1 sell 4 @ 100 display 2", "#2 sell 6 @ 101"],
                when: "#3 buy 5 @ 101",
                then: &[
                    "#3 accepted: buy 5",
                    "traded 2 @ 100: maker #1 left 2, buy taker #3 left 3",
                    "#1 replenished: sell 2 @ 100",
                    "traded 2 @ 100: maker #1 left 0, buy taker #3 left 1",
                    "#1 filled: sell 0 @ 100",
                    "traded 1 @ 101: maker #2 left 5, buy taker #3 left 0",
                    "#3 filled: buy 0",
                ],
                book: &["ask 101: #2x5"],
            },
        ],
    );
}

#[test]
fn leaving() {
    const ONE: &[&str] = &["#1 sell 25 @ 100 display 10", "#2 sell 5 @ 100"];
    play(
        &plain(),
        &[
            Scenario {
                name: "a cancelled iceberg takes its reserve along",
                given: ONE,
                when: "#1 cancel",
                then: &["#1 cancelled: sell 10 @ 100 + 15 hidden"],
                book: &["ask 100: #2x5"],
            },
            Scenario {
                name: "a cancelled iceberg in the middle of a slice",
                given: &["#1 sell 25 @ 100 display 10", "#2 buy 3 @ 100"],
                when: "#1 cancel",
                then: &["#1 cancelled: sell 7 @ 100 + 15 hidden"],
                book: &[],
            },
            Scenario {
                name: "a reduction takes the reserve first",
                given: ONE,
                when: "#1 reduce 4",
                then: &["#1 reduced by 4, 0 of it displayed: sell 21 @ 100"],
                book: &["ask 100: #1x10+11 #2x5"],
            },
            Scenario {
                name: "a reduction by exactly the reserve",
                given: ONE,
                when: "#1 reduce 15",
                then: &["#1 reduced by 15, 0 of it displayed: sell 10 @ 100"],
                book: &["ask 100: #1x10 #2x5"],
            },
            Scenario {
                name: "a reduction beyond the reserve takes off what is displayed, in place",
                given: ONE,
                when: "#1 reduce 18",
                then: &["#1 reduced by 18, 3 of it displayed: sell 7 @ 100"],
                book: &["ask 100: #1x7 #2x5"],
            },
            Scenario {
                name: "an iceberg without a reserve ends when its last slice does",
                given: &[
                    "#1 sell 25 @ 100 display 10",
                    "#2 sell 5 @ 100",
                    "#1 reduce 18",
                ],
                when: "#3 buy 7 @ 100",
                then: &[
                    "#3 accepted: buy 7",
                    "traded 7 @ 100: maker #1 left 0, buy taker #3 left 0",
                    "#1 filled: sell 0 @ 100",
                    "#3 filled: buy 0",
                ],
                book: &["ask 100: #2x5"],
            },
        ],
    );
}

#[test]
fn number_of_slices() {
    let few = plain().with_max_slices(3).expect("not zero");
    play(
        &few,
        &[
            Scenario {
                name: "as many slices as allowed, the last of one lot",
                given: &[],
                when: "#1 sell 21 @ 100 display 10",
                then: &["#1 accepted: sell 21, rests 10 @ 100 + 11 hidden"],
                book: &["ask 100: #1x10+11"],
            },
            Scenario {
                name: "one lot more than that many slices",
                given: &[],
                when: "#1 sell 31 @ 100 display 10",
                then: &["refused DisplayTooSmall"],
                book: &[],
            },
            Scenario {
                name: "nothing displayed",
                given: &[],
                when: "#1 sell 31 @ 100 display 0",
                then: &["refused DisplayTooSmall"],
                book: &[],
            },
            Scenario {
                name: "an order that would trade most of it at once is counted whole",
                given: &["#1 buy 30 @ 100"],
                when: "#2 sell 31 @ 100 display 10",
                then: &["refused DisplayTooSmall"],
                book: &["bid 100: #1x30"],
            },
        ],
    );
    play(
        &plain(),
        &[Scenario {
            name: "an instrument that does not say allows a hundred slices",
            given: &["#1 sell 100 @ 100 display 1"],
            when: "#2 sell 101 @ 100 display 1",
            then: &["refused DisplayTooSmall"],
            book: &["ask 100: #1x1+99"],
        }],
    );
}
