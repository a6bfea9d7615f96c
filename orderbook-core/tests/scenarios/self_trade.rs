//! Orders of one account, or of one group of accounts, that would meet each other.

use crate::notation::{Scenario, plain, play};
use orderbook_core::*;

const OWN_FIRST: &[&str] = &["#1/7 sell 3 @ 100", "#2 sell 5 @ 100"];

#[test]
fn policies() {
    play(
        &plain(),
        &[
            Scenario {
                name: "allow: an account trades with itself",
                given: OWN_FIRST,
                when: "#3/7 buy 3 @ 100 stp allow",
                then: &[
                    "#3/7 accepted: buy 3",
                    "traded 3 @ 100: maker #1/7 left 0, buy taker #3/7 left 0",
                    "#1/7 filled: sell 0 @ 100",
                    "#3/7 filled: buy 0",
                ],
                book: &["ask 100: #2x5"],
            },
            Scenario {
                name: "maker: the resting order ends, the incoming one goes on",
                given: OWN_FIRST,
                when: "#3/7 buy 4 @ 100 stp maker",
                then: &[
                    "#3/7 accepted: buy 4",
                    "#1/7 self-trade: sell 3 @ 100",
                    "traded 4 @ 100: maker #2 left 1, buy taker #3/7 left 0",
                    "#3/7 filled: buy 0",
                ],
                book: &["ask 100: #2x1"],
            },
            Scenario {
                name: "maker: with only its own in the way it comes to rest",
                given: &["#1/7 sell 3 @ 100", "#2/7 sell 3 @ 101"],
                when: "#3/7 buy 4 @ 101 stp maker",
                then: &[
                    "#3/7 accepted: buy 4",
                    "#1/7 self-trade: sell 3 @ 100",
                    "#2/7 self-trade: sell 3 @ 101",
                    "#3/7 rested: buy 4 @ 101",
                ],
                book: &["bid 101: #3/7x4"],
            },
            Scenario {
                name: "taker: the incoming order ends, the resting one stays",
                given: OWN_FIRST,
                when: "#3/7 buy 4 @ 100 stp taker",
                then: &["#3/7 accepted: buy 4", "#3/7 self-trade: buy 4"],
                book: &["ask 100: #1/7x3 #2x5"],
            },
            Scenario {
                name: "taker: what it met before its own has traded",
                given: &["#1 sell 3 @ 100", "#2/7 sell 5 @ 100"],
                when: "#3/7 buy 4 @ 100 stp taker",
                then: &[
                    "#3/7 accepted: buy 4",
                    "traded 3 @ 100: maker #1 left 0, buy taker #3/7 left 1",
                    "#1 filled: sell 0 @ 100",
                    "#3/7 self-trade: buy 1",
                ],
                book: &["ask 100: #2/7x5"],
            },
            Scenario {
                name: "both: both end, and nobody else is touched",
                given: OWN_FIRST,
                when: "#3/7 buy 4 @ 100 stp both",
                then: &[
                    "#3/7 accepted: buy 4",
                    "#1/7 self-trade: sell 3 @ 100",
                    "#3/7 self-trade: buy 4",
                ],
                book: &["ask 100: #2x5"],
            },
            Scenario {
                name: "decrement: the smaller resting order ends, the incoming one goes on",
                given: OWN_FIRST,
                when: "#3/7 buy 4 @ 100 stp decrement",
                then: &[
                    "#3/7 accepted: buy 4",
                    "decremented 3 @ 100: maker #1/7 left 0, buy taker #3/7 left 1",
                    "#1/7 self-trade: sell 0 @ 100",
                    "traded 1 @ 100: maker #2 left 4, buy taker #3/7 left 0",
                    "#3/7 filled: buy 0",
                ],
                book: &["ask 100: #2x4"],
            },
            Scenario {
                name: "decrement: the smaller incoming order ends, the resting one keeps its place",
                given: OWN_FIRST,
                when: "#3/7 buy 2 @ 100 stp decrement",
                then: &[
                    "#3/7 accepted: buy 2",
                    "decremented 2 @ 100: maker #1/7 left 1, buy taker #3/7 left 0",
                    "#3/7 self-trade: buy 0",
                ],
                book: &["ask 100: #1/7x1 #2x5"],
            },
            Scenario {
                name: "decrement: two of one size end each other",
                given: OWN_FIRST,
                when: "#3/7 buy 3 @ 100 stp decrement",
                then: &[
                    "#3/7 accepted: buy 3",
                    "decremented 3 @ 100: maker #1/7 left 0, buy taker #3/7 left 0",
                    "#1/7 self-trade: sell 0 @ 100",
                    "#3/7 self-trade: buy 0",
                ],
                book: &["ask 100: #2x5"],
            },
            Scenario {
                name: "decrement: what is left after the last own order rests",
                given: &["#1 sell 1 @ 100", "#2/7 sell 3 @ 100"],
                when: "#3/7 buy 9 @ 100 stp decrement",
                then: &[
                    "#3/7 accepted: buy 9",
                    "traded 1 @ 100: maker #1 left 0, buy taker #3/7 left 8",
                    "#1 filled: sell 0 @ 100",
                    "decremented 3 @ 100: maker #2/7 left 0, buy taker #3/7 left 5",
                    "#2/7 self-trade: sell 0 @ 100",
                    "#3/7 rested: buy 5 @ 100",
                ],
                book: &["bid 100: #3/7x5"],
            },
        ],
    );
}

#[test]
fn icebergs() {
    const OWN: &[&str] = &["#1/7 sell 5 @ 100 display 2", "#2 sell 9 @ 100"];
    play(
        &plain(),
        &[
            Scenario {
                name: "maker: an iceberg ends with its reserve",
                given: OWN,
                when: "#3/7 buy 1 @ 100 stp maker",
                then: &[
                    "#3/7 accepted: buy 1",
                    "#1/7 self-trade: sell 2 @ 100 + 3 hidden",
                    "traded 1 @ 100: maker #2 left 8, buy taker #3/7 left 0",
                    "#3/7 filled: buy 0",
                ],
                book: &["ask 100: #2x8"],
            },
            Scenario {
                name: "both: an iceberg ends with its reserve",
                given: OWN,
                when: "#3/7 buy 1 @ 100 stp both",
                then: &[
                    "#3/7 accepted: buy 1",
                    "#1/7 self-trade: sell 2 @ 100 + 3 hidden",
                    "#3/7 self-trade: buy 1",
                ],
                book: &["ask 100: #2x9"],
            },
            Scenario {
                name: "decrement: slice by slice, and the next slice goes to the back",
                given: OWN,
                when: "#3/7 buy 12 @ 100 stp decrement",
                then: &[
                    "#3/7 accepted: buy 12",
                    "decremented 2 @ 100: maker #1/7 left 3, buy taker #3/7 left 10",
                    "#1/7 replenished: sell 2 @ 100 + 1 hidden",
                    "traded 9 @ 100: maker #2 left 0, buy taker #3/7 left 1",
                    "#2 filled: sell 0 @ 100",
                    "decremented 1 @ 100: maker #1/7 left 2, buy taker #3/7 left 0",
                    "#3/7 self-trade: buy 0",
                ],
                book: &["ask 100: #1/7x1+1"],
            },
        ],
    );
}

#[test]
fn who_counts_as_the_same() {
    play(
        &plain(),
        &[
            Scenario {
                name: "accounts of one group",
                given: &["#1 sell 3 @ 100 group 7"],
                when: "#2 buy 3 @ 100 stp taker group 7",
                then: &["#2 accepted: buy 3", "#2 self-trade: buy 3"],
                book: &["ask 100: #1x3"],
            },
            Scenario {
                name: "accounts of two groups trade",
                given: &["#1 sell 3 @ 100 group 7"],
                when: "#2 buy 3 @ 100 stp taker group 8",
                then: &[
                    "#2 accepted: buy 3",
                    "traded 3 @ 100: maker #1 left 0, buy taker #2 left 0",
                    "#1 filled: sell 0 @ 100",
                    "#2 filled: buy 0",
                ],
                book: &[],
            },
            Scenario {
                name: "an account of no group trades with one of a group",
                given: &["#1 sell 3 @ 100 group 7"],
                when: "#2 buy 3 @ 100 stp taker",
                then: &[
                    "#2 accepted: buy 3",
                    "traded 3 @ 100: maker #1 left 0, buy taker #2 left 0",
                    "#1 filled: sell 0 @ 100",
                    "#2 filled: buy 0",
                ],
                book: &[],
            },
            Scenario {
                name: "two accounts of no group trade",
                given: &["#1 sell 3 @ 100"],
                when: "#2 buy 3 @ 100 stp taker",
                then: &[
                    "#2 accepted: buy 3",
                    "traded 3 @ 100: maker #1 left 0, buy taker #2 left 0",
                    "#1 filled: sell 0 @ 100",
                    "#2 filled: buy 0",
                ],
                book: &[],
            },
            Scenario {
                name: "one account is the same in whatever groups",
                given: &["#1/7 sell 3 @ 100 group 1"],
                when: "#2/7 buy 3 @ 100 stp taker group 2",
                then: &["#2/7 accepted: buy 3", "#2/7 self-trade: buy 3"],
                book: &["ask 100: #1/7x3"],
            },
        ],
    );
}

#[test]
fn whose_choice_applies() {
    play(
        &plain(),
        &[Scenario {
            name: "the incoming order's choice, not the resting one's",
            given: &["#1/7 sell 3 @ 100 stp taker"],
            when: "#2/7 buy 4 @ 100 stp maker",
            then: &[
                "#2/7 accepted: buy 4",
                "#1/7 self-trade: sell 3 @ 100",
                "#2/7 rested: buy 4 @ 100",
            ],
            book: &["bid 100: #2/7x4"],
        }],
    );
    let careful = plain().with_self_trade(SelfTradePrevention::ExpireTaker);
    play(
        &careful,
        &[
            Scenario {
                name: "an order that does not say gets the instrument's",
                given: OWN_FIRST,
                when: "#3/7 buy 4 @ 100",
                then: &["#3/7 accepted: buy 4", "#3/7 self-trade: buy 4"],
                book: &["ask 100: #1/7x3 #2x5"],
            },
            Scenario {
                name: "a market order, too",
                given: OWN_FIRST,
                when: "#3/7 buy 4 market",
                then: &["#3/7 accepted: buy 4", "#3/7 self-trade: buy 4"],
                book: &["ask 100: #1/7x3 #2x5"],
            },
            Scenario {
                name: "an order that says so may trade with its own",
                given: OWN_FIRST,
                when: "#3/7 buy 3 @ 100 stp allow",
                then: &[
                    "#3/7 accepted: buy 3",
                    "traded 3 @ 100: maker #1/7 left 0, buy taker #3/7 left 0",
                    "#1/7 filled: sell 0 @ 100",
                    "#3/7 filled: buy 0",
                ],
                book: &["ask 100: #2x5"],
            },
        ],
    );
}
