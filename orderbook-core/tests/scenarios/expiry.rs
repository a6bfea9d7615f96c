//! Orders good till a date, and the passing of time.

use crate::notation::{Scenario, plain, play};

#[test]
fn dates() {
    play(
        &plain(),
        &[
            Scenario {
                name: "before its date an order stays",
                given: &["#1 buy 5 @ 100 gtd 50"],
                when: "expire 49",
                then: &[],
                book: &["bid 100: #1x5"],
            },
            Scenario {
                name: "at its date it goes",
                given: &["#1 buy 5 @ 100 gtd 50", "#2 buy 6 @ 100"],
                when: "expire 50",
                then: &["#1 expired: buy 5 @ 100"],
                book: &["bid 100: #2x6"],
            },
            Scenario {
                name: "earliest date first, at one date the smaller id, whatever side and price",
                given: &[
                    "#9 buy 1 @ 100 gtd 50",
                    "#3 sell 2 @ 105 gtd 60",
                    "#4 sell 3 @ 102 gtd 50",
                    "#5 buy 4 @ 99 gtd 40",
                    "#6 buy 5 @ 100 gtd 61",
                    "#7 buy 6 @ 100",
                ],
                when: "expire 60",
                then: &[
                    "#5 expired: buy 4 @ 99",
                    "#4 expired: sell 3 @ 102",
                    "#9 expired: buy 1 @ 100",
                    "#3 expired: sell 2 @ 105",
                ],
                book: &["bid 100: #6x5 #7x6"],
            },
            Scenario {
                name: "an iceberg goes with its reserve",
                given: &["#1 sell 25 @ 100 gtd 50 display 10", "#2 buy 3 @ 100"],
                when: "expire 50",
                then: &["#1 expired: sell 7 @ 100 + 15 hidden"],
                book: &[],
            },
            Scenario {
                name: "an order with a date makes and takes like any other",
                given: &["#1 sell 5 @ 100 gtd 50"],
                when: "#2 buy 8 @ 100 gtd 60",
                then: &[
                    "#2 accepted: buy 8",
                    "traded 5 @ 100: maker #1 left 0, buy taker #2 left 3",
                    "#1 filled: sell 0 @ 100",
                    "#2 rested: buy 3 @ 100",
                ],
                book: &["bid 100: #2x3"],
            },
            Scenario {
                name: "who is gone does not expire",
                given: &[
                    "#1 sell 5 @ 100 gtd 50",
                    "#2 sell 5 @ 100 gtd 50",
                    "#2 cancel",
                    "#3 buy 5 @ 100",
                ],
                when: "expire 50",
                then: &[],
                book: &[],
            },
            Scenario {
                name: "an id that is used again has the date of its new order",
                given: &[
                    "#1 sell 5 @ 100 gtd 50",
                    "#1 cancel",
                    "#1 sell 5 @ 100 gtd 60",
                ],
                when: "expire 50",
                then: &[],
                book: &["ask 100: #1x5"],
            },
            Scenario {
                name: "an amended order keeps its date",
                given: &["#1 sell 5 @ 100 gtd 50", "#1 amend 6 @ 101"],
                when: "expire 50",
                then: &["#1 expired: sell 6 @ 101"],
                book: &[],
            },
            Scenario {
                name: "a reduced order keeps its date",
                given: &["#1 sell 5 @ 100 gtd 50", "#1 reduce 2"],
                when: "expire 50",
                then: &["#1 expired: sell 3 @ 100"],
                book: &[],
            },
            Scenario {
                name: "the end of time comes",
                given: &["#1 sell 5 @ 100 gtd 18446744073709551615"],
                when: "expire 18446744073709551615",
                then: &["#1 expired: sell 5 @ 100"],
                book: &[],
            },
        ],
    );
}

#[test]
fn time() {
    play(
        &plain(),
        &[
            Scenario {
                name: "the same time again is no step back",
                given: &["expire 50"],
                when: "expire 50",
                then: &[],
                book: &[],
            },
            Scenario {
                name: "time does not run backwards",
                given: &["expire 50"],
                when: "expire 49",
                then: &["refused TimeWentBackwards"],
                book: &[],
            },
            Scenario {
                name: "an order whose date has come already",
                given: &["expire 50"],
                when: "#1 buy 5 @ 100 gtd 50",
                then: &["refused AlreadyExpired"],
                book: &[],
            },
            Scenario {
                name: "an order whose date is the next one",
                given: &["expire 50"],
                when: "#1 buy 5 @ 100 gtd 51",
                then: &["#1 accepted: buy 5, rests 5 @ 100"],
                book: &["bid 100: #1x5"],
            },
            Scenario {
                name: "the beginning of time has come before the first command",
                given: &[],
                when: "#1 buy 5 @ 100 gtd 0",
                then: &["refused AlreadyExpired"],
                book: &[],
            },
            Scenario {
                name: "a date that has come is refused even where all of it would trade",
                given: &["expire 50", "#1 sell 5 @ 100"],
                when: "#2 buy 5 @ 100 gtd 50",
                then: &["refused AlreadyExpired"],
                book: &["ask 100: #1x5"],
            },
        ],
    );
}
