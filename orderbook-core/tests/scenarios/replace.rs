//! Replacements: one order goes, another comes, in one step.

use crate::notation::{Scenario, plain, play};

#[test]
fn places() {
    play(
        &plain(),
        &[
            Scenario {
                name: "a replacement goes to the back, with account and side of the old order",
                given: &["#1/7 buy 5 @ 100", "#2 buy 6 @ 100"],
                when: "#1 replace #3 5 @ 100",
                then: &[
                    "#1/7 replaced: buy 5 @ 100",
                    "#3/7 accepted: buy 5, rests 5 @ 100",
                ],
                book: &["bid 100: #2x6 #3/7x5"],
            },
            Scenario {
                name: "a replacement may keep the id, and loses its place all the same",
                given: &["#1 buy 5 @ 100", "#2 buy 6 @ 100"],
                when: "#1 replace #1 4 @ 100",
                then: &[
                    "#1 replaced: buy 5 @ 100",
                    "#1 accepted: buy 4, rests 4 @ 100",
                ],
                book: &["bid 100: #2x6 #1x4"],
            },
            Scenario {
                name: "a replacement that crosses trades at once",
                given: &["#1/7 buy 5 @ 100", "#2 sell 3 @ 101"],
                when: "#1 replace #3 5 @ 101",
                then: &[
                    "#1/7 replaced: buy 5 @ 100",
                    "#3/7 accepted: buy 5",
                    "traded 3 @ 101: maker #2 left 0, buy taker #3/7 left 2",
                    "#2 filled: sell 0 @ 101",
                    "#3/7 rested: buy 2 @ 101",
                ],
                book: &["bid 101: #3/7x2"],
            },
            Scenario {
                name: "the quantity of a replacement is new, whatever traded before",
                given: &["#1 buy 5 @ 100", "#2 sell 3 @ 100"],
                when: "#1 replace #1 5 @ 99",
                then: &[
                    "#1 replaced: buy 2 @ 100",
                    "#1 accepted: buy 5, rests 5 @ 99",
                ],
                book: &["bid 99: #1x5"],
            },
            Scenario {
                name: "a replacement never meets the order it replaces",
                given: &["#1 buy 5 @ 100"],
                when: "#1 replace #2 5 @ 1",
                then: &[
                    "#1 replaced: buy 5 @ 100",
                    "#2/1 accepted: buy 5, rests 5 @ 1",
                ],
                book: &["bid 1: #2/1x5"],
            },
        ],
    );
}

#[test]
fn terms() {
    play(
        &plain(),
        &[
            Scenario {
                name: "an iceberg with its reserve for a plain order",
                given: &["#1 sell 25 @ 100 display 10"],
                when: "#1 replace #2 25 @ 100",
                then: &[
                    "#1 replaced: sell 10 @ 100 + 15 hidden",
                    "#2/1 accepted: sell 25, rests 25 @ 100",
                ],
                book: &["ask 100: #2/1x25"],
            },
            Scenario {
                name: "a plain order for a post-only iceberg with a date",
                given: &["#1 sell 25 @ 100"],
                when: "#1 replace #1 25 @ 100 gtd 9 post display 10",
                then: &[
                    "#1 replaced: sell 25 @ 100",
                    "#1 accepted: sell 25, rests 10 @ 100 + 15 hidden",
                ],
                book: &["ask 100: #1x10+15"],
            },
            Scenario {
                name: "the terms of the old order are gone: it does not expire",
                given: &["#1 sell 5 @ 100 gtd 9", "#1 replace #1 5 @ 100"],
                when: "expire 10",
                then: &[],
                book: &["ask 100: #1x5"],
            },
            Scenario {
                name: "an IOC replacement leaves neither order",
                given: &["#1 buy 5 @ 100", "#2 sell 3 @ 101"],
                when: "#1 replace #3 5 @ 101 ioc min 2",
                then: &[
                    "#1 replaced: buy 5 @ 100",
                    "#3/1 accepted: buy 5",
                    "traded 3 @ 101: maker #2 left 0, buy taker #3/1 left 2",
                    "#2 filled: sell 0 @ 101",
                    "#3/1 expired: buy 2",
                ],
                book: &[],
            },
            Scenario {
                name: "an FOK replacement that cannot be filled leaves neither order",
                given: &["#1/7 buy 5 @ 100", "#2 sell 3 @ 101"],
                when: "#1 replace #3 5 @ 101 fok",
                then: &[
                    "#1/7 replaced: buy 5 @ 100",
                    "#3/7 accepted: buy 5",
                    "#3/7 expired: buy 5",
                ],
                book: &["ask 101: #2x3"],
            },
            Scenario {
                name: "group and self-trade prevention are inherited",
                given: &[
                    "#1 buy 5 @ 100 stp maker group 3",
                    "#2 sell 5 @ 101 group 3",
                ],
                when: "#1 replace #3 5 @ 101",
                then: &[
                    "#1 replaced: buy 5 @ 100",
                    "#3/1 accepted: buy 5",
                    "#2 self-trade: sell 5 @ 101",
                    "#3/1 rested: buy 5 @ 101",
                ],
                book: &["bid 101: #3/1x5"],
            },
        ],
    );
}

#[test]
fn refused() {
    play(
        &plain(),
        &[
            Scenario {
                name: "a replacement may not take the id of another live order",
                given: &["#1 buy 5 @ 100", "#2 sell 3 @ 101"],
                when: "#1 replace #2 5 @ 99",
                then: &["refused DuplicateOrderId"],
                book: &["ask 101: #2x3", "bid 100: #1x5"],
            },
            Scenario {
                name: "a post-only replacement that would match is refused and the old order stays",
                given: &["#1 buy 5 @ 100", "#2 buy 5 @ 100", "#3 sell 3 @ 101"],
                when: "#1 replace #4 5 @ 101 post",
                then: &["refused WouldMatch"],
                book: &["ask 101: #3x3", "bid 100: #1x5 #2x5"],
            },
            Scenario {
                name: "a replacement on bad terms is refused and the old order stays",
                given: &["#1 buy 5 @ 100", "#2 buy 5 @ 100"],
                when: "#1 replace #1 0 @ 100",
                then: &["refused QuantityOutOfRange"],
                book: &["bid 100: #1x5 #2x5"],
            },
            Scenario {
                name: "replacement of an order that never was",
                given: &["#2 buy 5 @ 100"],
                when: "#1 replace #2 5 @ 100",
                then: &["refused UnknownOrder"],
                book: &["bid 100: #2x5"],
            },
        ],
    );
}
