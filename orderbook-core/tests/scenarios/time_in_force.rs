//! Orders that do not wait: immediate or cancel, with and without a minimum, and fill or kill.

use crate::notation::{Scenario, plain, play};

#[test]
fn immediate_or_cancel() {
    play(
        &plain(),
        &[
            Scenario {
                name: "the remainder of an IOC expires",
                given: &["#1 sell 2 @ 100", "#2 sell 2 @ 102"],
                when: "#3 buy 5 @ 101 ioc",
                then: &[
                    "#3 accepted: buy 5",
                    "traded 2 @ 100: maker #1 left 0, buy taker #3 left 3",
                    "#1 filled: sell 0 @ 100",
                    "#3 expired: buy 3",
                ],
                book: &["ask 102: #2x2"],
            },
            Scenario {
                name: "an IOC that meets nobody expires whole",
                given: &["#1 sell 2 @ 102"],
                when: "#3 buy 5 @ 101 ioc",
                then: &["#3 accepted: buy 5", "#3 expired: buy 5"],
                book: &["ask 102: #1x2"],
            },
            Scenario {
                name: "an IOC on an empty book",
                given: &[],
                when: "#3 buy 5 @ 101 ioc",
                then: &["#3 accepted: buy 5", "#3 expired: buy 5"],
                book: &[],
            },
        ],
    );
}

#[test]
fn minimum() {
    play(
        &plain(),
        &[
            Scenario {
                name: "exactly the minimum is there, on two levels",
                given: &["#1 sell 1 @ 100", "#2 sell 2 @ 101", "#3 sell 9 @ 102"],
                when: "#4 buy 5 @ 101 ioc min 3",
                then: &[
                    "#4 accepted: buy 5",
                    "traded 1 @ 100: maker #1 left 0, buy taker #4 left 4",
                    "#1 filled: sell 0 @ 100",
                    "traded 2 @ 101: maker #2 left 0, buy taker #4 left 2",
                    "#2 filled: sell 0 @ 101",
                    "#4 expired: buy 2",
                ],
                book: &["ask 102: #3x9"],
            },
            Scenario {
                name: "one lot short of the minimum",
                given: &["#1 sell 1 @ 100", "#2 sell 1 @ 101", "#3 sell 9 @ 102"],
                when: "#4 buy 5 @ 101 ioc min 3",
                then: &["#4 accepted: buy 5", "#4 expired: buy 5"],
                book: &["ask 102: #3x9", "ask 101: #2x1", "ask 100: #1x1"],
            },
            Scenario {
                name: "more than the minimum trades where it is there",
                given: &["#1 sell 9 @ 100"],
                when: "#2 buy 5 @ 100 ioc min 3",
                then: &[
                    "#2 accepted: buy 5",
                    "traded 5 @ 100: maker #1 left 4, buy taker #2 left 0",
                    "#2 filled: buy 0",
                ],
                book: &["ask 100: #1x4"],
            },
            Scenario {
                name: "a minimum of all is fill or kill",
                given: &["#1 sell 4 @ 100"],
                when: "#2 buy 5 @ 100 ioc min 5",
                then: &["#2 accepted: buy 5", "#2 expired: buy 5"],
                book: &["ask 100: #1x4"],
            },
            Scenario {
                name: "a reserve counts towards the minimum",
                given: &["#1 sell 6 @ 100 display 2"],
                when: "#2 buy 9 @ 100 ioc min 6",
                then: &[
                    "#2 accepted: buy 9",
                    "traded 2 @ 100: maker #1 left 4, buy taker #2 left 7",
                    "#1 replenished: sell 2 @ 100 + 2 hidden",
                    "traded 2 @ 100: maker #1 left 2, buy taker #2 left 5",
                    "#1 replenished: sell 2 @ 100",
                    "traded 2 @ 100: maker #1 left 0, buy taker #2 left 3",
                    "#1 filled: sell 0 @ 100",
                    "#2 expired: buy 3",
                ],
                book: &[],
            },
            Scenario {
                name: "one's own orders do not count towards the minimum, and stay",
                given: &["#1/7 sell 3 @ 100", "#2 sell 2 @ 100"],
                when: "#3/7 buy 5 @ 100 ioc min 3 stp maker",
                then: &["#3/7 accepted: buy 5", "#3/7 expired: buy 5"],
                book: &["ask 100: #1/7x3 #2x2"],
            },
        ],
    );
}

#[test]
fn fill_or_kill() {
    play(
        &plain(),
        &[
            Scenario {
                name: "an FOK trades where there is exactly enough",
                given: &["#1 sell 2 @ 100", "#2 sell 3 @ 101", "#3 sell 9 @ 102"],
                when: "#4 buy 5 @ 101 fok",
                then: &[
                    "#4 accepted: buy 5",
                    "traded 2 @ 100: maker #1 left 0, buy taker #4 left 3",
                    "#1 filled: sell 0 @ 100",
                    "traded 3 @ 101: maker #2 left 0, buy taker #4 left 0",
                    "#2 filled: sell 0 @ 101",
                    "#4 filled: buy 0",
                ],
                book: &["ask 102: #3x9"],
            },
            Scenario {
                name: "an FOK that is one lot short trades nothing",
                given: &["#1 sell 2 @ 100", "#2 sell 2 @ 101"],
                when: "#3 buy 5 @ 101 fok",
                then: &["#3 accepted: buy 5", "#3 expired: buy 5"],
                book: &["ask 101: #2x2", "ask 100: #1x2"],
            },
            Scenario {
                name: "what lies beyond its limit is of no use to an FOK",
                given: &["#1 buy 4 @ 100", "#2 buy 9 @ 98"],
                when: "#3 sell 5 @ 99 fok",
                then: &["#3 accepted: sell 5", "#3 expired: sell 5"],
                book: &["bid 100: #1x4", "bid 98: #2x9"],
            },
            Scenario {
                name: "an FOK on an empty book",
                given: &[],
                when: "#1 sell 5 @ 99 fok",
                then: &["#1 accepted: sell 5", "#1 expired: sell 5"],
                book: &[],
            },
            Scenario {
                name: "a reserve fills an FOK",
                given: &["#1 sell 5 @ 100 display 3"],
                when: "#2 buy 5 @ 100 fok",
                then: &[
                    "#2 accepted: buy 5",
                    "traded 3 @ 100: maker #1 left 2, buy taker #2 left 2",
                    "#1 replenished: sell 2 @ 100",
                    "traded 2 @ 100: maker #1 left 0, buy taker #2 left 0",
                    "#1 filled: sell 0 @ 100",
                    "#2 filled: buy 0",
                ],
                book: &[],
            },
        ],
    );
}

#[test]
fn fill_or_kill_and_self_trade_prevention() {
    const OWN_FIRST: &[&str] = &["#1/7 sell 2 @ 100", "#2 sell 5 @ 100"];
    const UNTOUCHED: &[&str] = &["ask 100: #1/7x2 #2x5"];
    const KILLED: &[&str] = &["#3/7 accepted: buy 5", "#3/7 expired: buy 5"];
    play(
        &plain(),
        &[
            Scenario {
                name: "an order of its own is out of the way of an FOK that ends those",
                given: OWN_FIRST,
                when: "#3/7 buy 5 @ 100 fok stp maker",
                then: &[
                    "#3/7 accepted: buy 5",
                    "#1/7 self-trade: sell 2 @ 100",
                    "traded 5 @ 100: maker #2 left 0, buy taker #3/7 left 0",
                    "#2 filled: sell 0 @ 100",
                    "#3/7 filled: buy 0",
                ],
                book: &[],
            },
            Scenario {
                name: "an FOK that would end at an order of its own trades nothing",
                given: OWN_FIRST,
                when: "#3/7 buy 5 @ 100 fok stp taker",
                then: KILLED,
                book: UNTOUCHED,
            },
            Scenario {
                name: "an FOK that would end both leaves both",
                given: OWN_FIRST,
                when: "#3/7 buy 5 @ 100 fok stp both",
                then: KILLED,
                book: UNTOUCHED,
            },
            Scenario {
                name: "what an FOK would lose to a decrement it would not trade",
                given: OWN_FIRST,
                when: "#3/7 buy 5 @ 100 fok stp decrement",
                then: KILLED,
                book: UNTOUCHED,
            },
            Scenario {
                name: "an order of its own behind what it needs does not matter to an FOK",
                given: &["#1 sell 5 @ 100", "#2/7 sell 2 @ 100"],
                when: "#3/7 buy 5 @ 100 fok stp taker",
                then: &[
                    "#3/7 accepted: buy 5",
                    "traded 5 @ 100: maker #1 left 0, buy taker #3/7 left 0",
                    "#1 filled: sell 0 @ 100",
                    "#3/7 filled: buy 0",
                ],
                book: &["ask 100: #2/7x2"],
            },
        ],
    );
}
