//! Better price first, at one price older first, at the maker's price.

use crate::notation::{Scenario, plain, play};

#[test]
fn better_prices_and_older_orders_first() {
    play(
        &plain(),
        &[
            Scenario {
                name: "an order that meets nobody rests",
                given: &[],
                when: "#1 buy 5 @ 100",
                then: &["#1 accepted: buy 5, rests 5 @ 100"],
                book: &["bid 100: #1x5"],
            },
            Scenario {
                name: "terms that say nothing are no terms",
                given: &["#1 buy 5 @ 100 rest"],
                when: "#2 buy 5 @ 100 rest",
                then: &["#2 accepted: buy 5, rests 5 @ 100"],
                book: &["bid 100: #1x5 #2x5"],
            },
            Scenario {
                name: "one tick apart is not a match",
                given: &["#1 sell 5 @ 101"],
                when: "#2 buy 5 @ 100",
                then: &["#2 accepted: buy 5, rests 5 @ 100"],
                book: &["ask 101: #1x5", "bid 100: #2x5"],
            },
            Scenario {
                name: "the better ask trades first, though it is younger",
                given: &["#1 sell 5 @ 102", "#2 sell 5 @ 101"],
                when: "#3 buy 5 @ 102",
                then: &[
                    "#3 accepted: buy 5",
                    "traded 5 @ 101: maker #2 left 0, buy taker #3 left 0",
                    "#2 filled: sell 0 @ 101",
                    "#3 filled: buy 0",
                ],
                book: &["ask 102: #1x5"],
            },
            Scenario {
                name: "the better bid trades first, though it is younger",
                given: &["#1 buy 5 @ 99", "#2 buy 5 @ 100"],
                when: "#3 sell 5 @ 99",
                then: &[
                    "#3 accepted: sell 5",
                    "traded 5 @ 100: maker #2 left 0, sell taker #3 left 0",
                    "#2 filled: buy 0 @ 100",
                    "#3 filled: sell 0",
                ],
                book: &["bid 99: #1x5"],
            },
            Scenario {
                name: "at one price the older trades first, though it is smaller and of a higher id",
                given: &["#9 sell 1 @ 100", "#2 sell 8 @ 100"],
                when: "#3 buy 1 @ 100",
                then: &[
                    "#3 accepted: buy 1",
                    "traded 1 @ 100: maker #9 left 0, buy taker #3 left 0",
                    "#9 filled: sell 0 @ 100",
                    "#3 filled: buy 0",
                ],
                book: &["ask 100: #2x8"],
            },
            Scenario {
                name: "a level that comes up again starts with an empty queue",
                given: &[
                    "#1 sell 1 @ 100",
                    "#2 sell 2 @ 100",
                    "#1 cancel",
                    "#2 cancel",
                    "#3 sell 3 @ 100",
                ],
                when: "#1 sell 1 @ 100",
                then: &["#1 accepted: sell 1, rests 1 @ 100"],
                book: &["ask 100: #3x3 #1x1"],
            },
        ],
    );
}

#[test]
fn partial_fills() {
    play(
        &plain(),
        &[
            Scenario {
                name: "a partly filled maker keeps its place",
                given: &["#1 sell 5 @ 100", "#2 sell 5 @ 100"],
                when: "#3 buy 2 @ 100",
                then: &[
                    "#3 accepted: buy 2",
                    "traded 2 @ 100: maker #1 left 3, buy taker #3 left 0",
                    "#3 filled: buy 0",
                ],
                book: &["ask 100: #1x3 #2x5"],
            },
            Scenario {
                name: "a partly filled taker rests with the remainder at its own price",
                given: &["#1 sell 2 @ 100"],
                when: "#2 buy 5 @ 101",
                then: &[
                    "#2 accepted: buy 5",
                    "traded 2 @ 100: maker #1 left 0, buy taker #2 left 3",
                    "#1 filled: sell 0 @ 100",
                    "#2 rested: buy 3 @ 101",
                ],
                book: &["bid 101: #2x3"],
            },
            Scenario {
                name: "what is left of a taker goes to the back of its level",
                given: &["#1 buy 5 @ 99", "#2 sell 2 @ 100", "#3 buy 4 @ 100"],
                when: "#4 sell 6 @ 99",
                then: &[
                    "#4 accepted: sell 6",
                    "traded 2 @ 100: maker #3 left 0, sell taker #4 left 4",
                    "#3 filled: buy 0 @ 100",
                    "traded 4 @ 99: maker #1 left 1, sell taker #4 left 0",
                    "#4 filled: sell 0",
                ],
                book: &["bid 99: #1x1"],
            },
            Scenario {
                name: "a maker and a taker of one size end each other",
                given: &["#1 sell 5 @ 100", "#2 sell 5 @ 100"],
                when: "#3 buy 5 @ 100",
                then: &[
                    "#3 accepted: buy 5",
                    "traded 5 @ 100: maker #1 left 0, buy taker #3 left 0",
                    "#1 filled: sell 0 @ 100",
                    "#3 filled: buy 0",
                ],
                book: &["ask 100: #2x5"],
            },
        ],
    );
}

#[test]
fn sweeps() {
    play(
        &plain(),
        &[
            Scenario {
                name: "the maker's price is the price, whichever side it is on",
                given: &["#1 buy 5 @ 100"],
                when: "#2 sell 5 @ 90",
                then: &[
                    "#2 accepted: sell 5",
                    "traded 5 @ 100: maker #1 left 0, sell taker #2 left 0",
                    "#1 filled: buy 0 @ 100",
                    "#2 filled: sell 0",
                ],
                book: &[],
            },
            Scenario {
                name: "a sweep of three levels stops at its limit",
                given: &[
                    "#1 sell 1 @ 101",
                    "#2 sell 2 @ 102",
                    "#3 sell 2 @ 102",
                    "#4 sell 3 @ 103",
                    "#5 sell 4 @ 104",
                ],
                when: "#6 buy 10 @ 103",
                then: &[
                    "#6 accepted: buy 10",
                    "traded 1 @ 101: maker #1 left 0, buy taker #6 left 9",
                    "#1 filled: sell 0 @ 101",
                    "traded 2 @ 102: maker #2 left 0, buy taker #6 left 7",
                    "#2 filled: sell 0 @ 102",
                    "traded 2 @ 102: maker #3 left 0, buy taker #6 left 5",
                    "#3 filled: sell 0 @ 102",
                    "traded 3 @ 103: maker #4 left 0, buy taker #6 left 2",
                    "#4 filled: sell 0 @ 103",
                    "#6 rested: buy 2 @ 103",
                ],
                book: &["ask 104: #5x4", "bid 103: #6x2"],
            },
            Scenario {
                name: "a sweep goes on beyond the level of its last maker only as far as it needs",
                given: &["#1 sell 1 @ 101", "#2 sell 2 @ 102"],
                when: "#3 buy 1 @ 200",
                then: &[
                    "#3 accepted: buy 1",
                    "traded 1 @ 101: maker #1 left 0, buy taker #3 left 0",
                    "#1 filled: sell 0 @ 101",
                    "#3 filled: buy 0",
                ],
                book: &["ask 102: #2x2"],
            },
        ],
    );
}
