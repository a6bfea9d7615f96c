//! Amendments: another quantity or price under the same id.

use crate::notation::{Scenario, plain, play};
use orderbook_core::*;

const TWO: &[&str] = &["#1 buy 5 @ 100", "#2 buy 6 @ 100"];

#[test]
fn keeping_the_place() {
    play(
        &plain(),
        &[
            Scenario {
                name: "less at the same price keeps the place",
                given: TWO,
                when: "#1 amend 3 @ 100",
                then: &["#1 reduced by 2: buy 3 @ 100"],
                book: &["bid 100: #1x3 #2x6"],
            },
            Scenario {
                name: "the quantity is the total: what has traded is part of it",
                given: &["#1 buy 9 @ 100", "#2 buy 6 @ 100", "#3 sell 4 @ 100"],
                when: "#1 amend 7 @ 100",
                then: &["#1 reduced by 2: buy 3 @ 100"],
                book: &["bid 100: #1x3 #2x6"],
            },
            Scenario {
                name: "an iceberg loses reserve first",
                given: &["#1 buy 25 @ 100 display 10", "#2 buy 6 @ 100"],
                when: "#1 amend 12 @ 100",
                then: &["#1 reduced by 13, 0 of it displayed: buy 12 @ 100"],
                book: &["bid 100: #1x10+2 #2x6"],
            },
            Scenario {
                name: "the same terms are refused",
                given: TWO,
                when: "#1 amend 5 @ 100",
                then: &["refused NothingToAmend"],
                book: &["bid 100: #1x5 #2x6"],
            },
            Scenario {
                name: "the same total is refused though part of it has traded",
                given: &["#1 buy 5 @ 100", "#2 sell 2 @ 100"],
                when: "#1 amend 5 @ 100",
                then: &["refused NothingToAmend"],
                book: &["bid 100: #1x3"],
            },
            Scenario {
                name: "a reduction is not part of the total any more",
                given: &["#1 buy 5 @ 100", "#1 reduce 2"],
                when: "#1 amend 3 @ 100",
                then: &["refused NothingToAmend"],
                book: &["bid 100: #1x3"],
            },
            Scenario {
                name: "what an order lost to decrements on its way in is not part of it either",
                given: &["#1/7 sell 2 @ 100", "#2/7 buy 5 @ 100 stp decrement"],
                when: "#2 amend 3 @ 100",
                then: &["refused NothingToAmend"],
                book: &["bid 100: #2/7x3"],
            },
            Scenario {
                name: "nor is a decrement",
                given: &["#1/7 buy 5 @ 100", "#2/7 sell 2 @ 100 stp decrement"],
                when: "#1/7 amend 4 @ 100",
                then: &["#1/7 amended: buy 4, was 3 @ 100, rests 4 @ 100"],
                book: &["bid 100: #1/7x4"],
            },
        ],
    );
}

#[test]
fn in_flight() {
    const FILLED: &[&str] = &["#1 buy 9 @ 100", "#2 sell 4 @ 100"];
    play(
        &plain(),
        &[
            Scenario {
                name: "less than what has traded ends the order",
                given: FILLED,
                when: "#1 amend 3 @ 100",
                then: &["#1 cancelled: buy 5 @ 100"],
                book: &[],
            },
            Scenario {
                name: "exactly what has traded ends the order",
                given: FILLED,
                when: "#1 amend 4 @ 100",
                then: &["#1 cancelled: buy 5 @ 100"],
                book: &[],
            },
            Scenario {
                name: "whatever the new price",
                given: FILLED,
                when: "#1 amend 4 @ 101",
                then: &["#1 cancelled: buy 5 @ 100"],
                book: &[],
            },
            Scenario {
                name: "one lot more than what has traded is one lot left",
                given: FILLED,
                when: "#1 amend 5 @ 100",
                then: &["#1 reduced by 4: buy 1 @ 100"],
                book: &["bid 100: #1x1"],
            },
            Scenario {
                name: "what it traded when it was amended counts, and what it traded before",
                given: &[
                    "#1 buy 9 @ 100",
                    "#2 sell 4 @ 100",
                    "#3 sell 2 @ 101",
                    "#1 amend 9 @ 101",
                ],
                when: "#1 amend 6 @ 101",
                then: &["#1 cancelled: buy 3 @ 101"],
                book: &[],
            },
            Scenario {
                name: "what an earlier life traded still counts after another amendment",
                given: &["#1 buy 9 @ 100", "#2 sell 4 @ 100", "#1 amend 12 @ 99"],
                when: "#1 amend 4 @ 99",
                then: &["#1 cancelled: buy 8 @ 99"],
                book: &[],
            },
        ],
    );
}

#[test]
fn losing_the_place() {
    play(
        &plain(),
        &[
            Scenario {
                name: "more at the same price goes to the back",
                given: TWO,
                when: "#1 amend 6 @ 100",
                then: &["#1 amended: buy 6, was 5 @ 100, rests 6 @ 100"],
                book: &["bid 100: #2x6 #1x6"],
            },
            Scenario {
                name: "another price, and who is there goes first",
                given: TWO,
                when: "#1 amend 5 @ 99",
                then: &["#1 amended: buy 5, was 5 @ 100, rests 5 @ 99"],
                book: &["bid 100: #2x6", "bid 99: #1x5"],
            },
            Scenario {
                name: "a better price may be the new best",
                given: TWO,
                when: "#2 amend 6 @ 101",
                then: &["#2 amended: buy 6, was 6 @ 100, rests 6 @ 101"],
                book: &["bid 101: #2x6", "bid 100: #1x5"],
            },
            Scenario {
                name: "less at another price loses the place, too",
                given: &["#1 buy 5 @ 100", "#2 buy 6 @ 99"],
                when: "#1 amend 4 @ 99",
                then: &["#1 amended: buy 4, was 5 @ 100, rests 4 @ 99"],
                book: &["bid 99: #2x6 #1x4"],
            },
            Scenario {
                name: "what has traded is not to be traded again",
                given: &["#1 buy 9 @ 100", "#2 sell 4 @ 100"],
                when: "#1 amend 10 @ 99",
                then: &["#1 amended: buy 6, was 5 @ 100, rests 6 @ 99"],
                book: &["bid 99: #1x6"],
            },
            Scenario {
                name: "one that crosses trades at once, and rests with what is left",
                given: &["#1 buy 9 @ 100", "#2 sell 4 @ 100", "#3 sell 2 @ 101"],
                when: "#1 amend 9 @ 101",
                then: &[
                    "#1 amended: buy 5, was 5 @ 100",
                    "traded 2 @ 101: maker #3 left 0, buy taker #1 left 3",
                    "#3 filled: sell 0 @ 101",
                    "#1 rested: buy 3 @ 101",
                ],
                book: &["bid 101: #1x3"],
            },
            Scenario {
                name: "one that crosses may be filled",
                given: &["#1 buy 5 @ 100", "#2 sell 9 @ 101"],
                when: "#1 amend 5 @ 101",
                then: &[
                    "#1 amended: buy 5, was 5 @ 100",
                    "traded 5 @ 101: maker #2 left 4, buy taker #1 left 0",
                    "#1 filled: buy 0",
                ],
                book: &["ask 101: #2x4"],
            },
        ],
    );
}

#[test]
fn what_an_order_takes_along() {
    play(
        &plain(),
        &[
            Scenario {
                name: "a post-only order is refused where it would take, and stays",
                given: &["#1 buy 5 @ 99 post", "#2 buy 5 @ 99", "#3 sell 5 @ 101"],
                when: "#1 amend 5 @ 101",
                then: &["refused WouldMatch"],
                book: &["ask 101: #3x5", "bid 99: #1x5 #2x5"],
            },
            Scenario {
                name: "a sliding order slides again",
                given: &["#1 buy 5 @ 99 slide", "#2 buy 5 @ 100", "#3 sell 5 @ 101"],
                when: "#1 amend 5 @ 105",
                then: &["#1 amended: buy 5, was 5 @ 99, rests 5 @ 100"],
                book: &["ask 101: #3x5", "bid 100: #2x5 #1x5"],
            },
            Scenario {
                name: "an iceberg shows a whole slice again",
                given: &["#1 buy 25 @ 100 display 10", "#2 sell 3 @ 100"],
                when: "#1 amend 25 @ 99",
                then: &["#1 amended: buy 22, was 7 @ 100, rests 10 @ 99 + 12 hidden"],
                book: &["bid 99: #1x10+12"],
            },
            Scenario {
                name: "an iceberg that trades on its way in shows what is left of that slice",
                given: &["#1 buy 25 @ 100 display 10", "#2 sell 3 @ 101"],
                when: "#1 amend 25 @ 101",
                then: &[
                    "#1 amended: buy 25, was 10 @ 100",
                    "traded 3 @ 101: maker #2 left 0, buy taker #1 left 22",
                    "#2 filled: sell 0 @ 101",
                    "#1 rested: buy 7 @ 101 + 15 hidden",
                ],
                book: &["bid 101: #1x7+15"],
            },
            Scenario {
                name: "self-trade prevention and account are those it came with",
                given: &["#1/7 buy 5 @ 100 stp taker", "#2/7 sell 5 @ 101"],
                when: "#1 amend 5 @ 101",
                then: &["#1/7 amended: buy 5, was 5 @ 100", "#1/7 self-trade: buy 5"],
                book: &["ask 101: #2/7x5"],
            },
            Scenario {
                name: "its group is the one it came with",
                given: &[
                    "#1 buy 5 @ 100 stp decrement group 3",
                    "#2 sell 2 @ 101 group 3",
                ],
                when: "#1 amend 5 @ 101",
                then: &[
                    "#1 amended: buy 5, was 5 @ 100",
                    "decremented 2 @ 101: maker #2 left 0, buy taker #1 left 3",
                    "#2 self-trade: sell 0 @ 101",
                    "#1 rested: buy 3 @ 101",
                ],
                book: &["bid 101: #1x3"],
            },
        ],
    );
    let careful = plain().with_self_trade(SelfTradePrevention::ExpireMaker);
    play(
        &careful,
        &[Scenario {
            name: "the instrument's self-trade prevention goes along, too",
            given: &["#1/7 buy 5 @ 100", "#2/7 sell 5 @ 101"],
            when: "#1 amend 5 @ 101",
            then: &[
                "#1/7 amended: buy 5, was 5 @ 100",
                "#2/7 self-trade: sell 5 @ 101",
                "#1/7 rested: buy 5 @ 101",
            ],
            book: &["bid 101: #1/7x5"],
        }],
    );
}
