//! Orders without a price: plain, with a worst price, and by notional.

use crate::notation::{Scenario, boundless, plain, play};

#[test]
fn market_orders() {
    play(
        &plain(),
        &[
            Scenario {
                name: "a market order expires on an empty book",
                given: &[],
                when: "#1 buy 5 market",
                then: &["#1 accepted: buy 5", "#1 expired: buy 5"],
                book: &[],
            },
            Scenario {
                name: "a market order never meets its own side",
                given: &["#1 buy 5 @ 100"],
                when: "#2 buy 5 market",
                then: &["#2 accepted: buy 5", "#2 expired: buy 5"],
                book: &["bid 100: #1x5"],
            },
            Scenario {
                name: "a market order takes any price",
                given: &["#1 buy 2 @ 100", "#2 buy 2 @ 1"],
                when: "#3 sell 3 market",
                then: &[
                    "#3 accepted: sell 3",
                    "traded 2 @ 100: maker #1 left 0, sell taker #3 left 1",
                    "#1 filled: buy 0 @ 100",
                    "traded 1 @ 1: maker #2 left 1, sell taker #3 left 0",
                    "#3 filled: sell 0",
                ],
                book: &["bid 1: #2x1"],
            },
            Scenario {
                name: "what a market order leaves when the book is empty expires",
                given: &["#1 sell 2 @ 100", "#2 sell 2 @ 200"],
                when: "#3 buy 9 market",
                then: &[
                    "#3 accepted: buy 9",
                    "traded 2 @ 100: maker #1 left 0, buy taker #3 left 7",
                    "#1 filled: sell 0 @ 100",
                    "traded 2 @ 200: maker #2 left 0, buy taker #3 left 5",
                    "#2 filled: sell 0 @ 200",
                    "#3 expired: buy 5",
                ],
                book: &[],
            },
        ],
    );
}

#[test]
fn protection() {
    const ASKS: &[&str] = &["#1 sell 2 @ 100", "#2 sell 2 @ 103", "#3 sell 2 @ 104"];
    play(
        &plain(),
        &[
            Scenario {
                name: "the worst price trades, the next one does not, and the remainder expires",
                given: ASKS,
                when: "#4 buy 9 market worst 103",
                then: &[
                    "#4 accepted: buy 9",
                    "traded 2 @ 100: maker #1 left 0, buy taker #4 left 7",
                    "#1 filled: sell 0 @ 100",
                    "traded 2 @ 103: maker #2 left 0, buy taker #4 left 5",
                    "#2 filled: sell 0 @ 103",
                    "#4 expired: buy 5",
                ],
                book: &["ask 104: #3x2"],
            },
            Scenario {
                name: "protection that nothing satisfies",
                given: ASKS,
                when: "#4 buy 9 market worst 99",
                then: &["#4 accepted: buy 9", "#4 expired: buy 9"],
                book: &["ask 104: #3x2", "ask 103: #2x2", "ask 100: #1x2"],
            },
            Scenario {
                name: "a protected order on an empty book",
                given: &[],
                when: "#4 buy 9 market worst 99",
                then: &["#4 accepted: buy 9", "#4 expired: buy 9"],
                book: &[],
            },
        ],
    );
}

#[test]
fn budget() {
    const ASKS: &[&str] = &["#1 sell 2 @ 100", "#2 sell 9 @ 150"];
    play(
        &plain(),
        &[
            Scenario {
                name: "a budget that pays for exactly all of it",
                given: ASKS,
                when: "#3 buy 3 market budget 350",
                then: &[
                    "#3 accepted: buy 3",
                    "traded 2 @ 100: maker #1 left 0, buy taker #3 left 1",
                    "#1 filled: sell 0 @ 100",
                    "traded 1 @ 150: maker #2 left 8, buy taker #3 left 0",
                    "#3 filled: buy 0",
                ],
                book: &["ask 150: #2x8"],
            },
            Scenario {
                name: "a budget that is one short of another lot",
                given: ASKS,
                when: "#3 buy 9 market budget 499",
                then: &[
                    "#3 accepted: buy 9",
                    "traded 2 @ 100: maker #1 left 0, buy taker #3 left 7",
                    "#1 filled: sell 0 @ 100",
                    "traded 1 @ 150: maker #2 left 8, buy taker #3 left 6",
                    "#3 budget spent: buy 6",
                ],
                book: &["ask 150: #2x8"],
            },
            Scenario {
                name: "a budget for not even one lot",
                given: ASKS,
                when: "#3 buy 9 market budget 99",
                then: &["#3 accepted: buy 9", "#3 budget spent: buy 9"],
                book: &["ask 150: #2x9", "ask 100: #1x2"],
            },
            Scenario {
                name: "the book runs out before the budget",
                given: &["#1 sell 2 @ 100"],
                when: "#3 buy 9 market budget 5000",
                then: &[
                    "#3 accepted: buy 9",
                    "traded 2 @ 100: maker #1 left 0, buy taker #3 left 7",
                    "#1 filled: sell 0 @ 100",
                    "#3 expired: buy 7",
                ],
                book: &[],
            },
            Scenario {
                name: "protection ends it before the budget",
                given: ASKS,
                when: "#3 buy 9 market worst 149 budget 5000",
                then: &[
                    "#3 accepted: buy 9",
                    "traded 2 @ 100: maker #1 left 0, buy taker #3 left 7",
                    "#1 filled: sell 0 @ 100",
                    "#3 expired: buy 7",
                ],
                book: &["ask 150: #2x9"],
            },
            Scenario {
                name: "a sale by notional goes on at lower bids as long as a lot fits",
                given: &["#1 buy 2 @ 100", "#2 buy 2 @ 40"],
                when: "#3 sell 9 market budget 250",
                then: &[
                    "#3 accepted: sell 9",
                    "traded 2 @ 100: maker #1 left 0, sell taker #3 left 7",
                    "#1 filled: buy 0 @ 100",
                    "traded 1 @ 40: maker #2 left 1, sell taker #3 left 6",
                    "#3 budget spent: sell 6",
                ],
                book: &["bid 40: #2x1"],
            },
            Scenario {
                name: "an own iceberg that was closed does not end a sale by notional a round later",
                given: &[
                    "#1/7 buy 9 @ 100 display 1",
                    "#2 buy 1 @ 100",
                    "#3 buy 1 @ 40",
                ],
                when: "#9/7 sell 9 market budget 150 stp maker",
                then: &[
                    "#9/7 accepted: sell 9",
                    "#1/7 self-trade: buy 1 @ 100 + 8 hidden",
                    "traded 1 @ 100: maker #2 left 0, sell taker #9/7 left 8",
                    "#2 filled: buy 0 @ 100",
                    "traded 1 @ 40: maker #3 left 0, sell taker #9/7 left 7",
                    "#3 filled: buy 0 @ 40",
                    "#9/7 expired: sell 7",
                ],
                book: &[],
            },
            Scenario {
                name: "a sale by notional never skips a bid that is too dear",
                given: &["#1 buy 2 @ 100", "#2 buy 2 @ 40"],
                when: "#3 sell 9 market budget 50",
                then: &["#3 accepted: sell 9", "#3 budget spent: sell 9"],
                book: &["bid 100: #1x2", "bid 40: #2x2"],
            },
            Scenario {
                name: "a budget takes part of a slice, and the slice stays in front",
                given: &["#1 sell 6 @ 100 display 3", "#2 sell 3 @ 100"],
                when: "#3 buy 9 market budget 799",
                then: &[
                    "#3 accepted: buy 9",
                    "traded 3 @ 100: maker #1 left 3, buy taker #3 left 6",
                    "#1 replenished: sell 3 @ 100",
                    "traded 3 @ 100: maker #2 left 0, buy taker #3 left 3",
                    "#2 filled: sell 0 @ 100",
                    "traded 1 @ 100: maker #1 left 2, buy taker #3 left 2",
                    "#3 budget spent: buy 2",
                ],
                book: &["ask 100: #1x2"],
            },
        ],
    );
}

#[test]
fn budget_and_the_sign_of_prices() {
    play(
        &boundless(),
        &[
            Scenario {
                name: "at price zero a budget pays for everything",
                given: &["#1 sell 5 @ 0", "#2 sell 5 @ 10"],
                when: "#3 buy 9 market budget 10",
                then: &[
                    "#3 accepted: buy 9",
                    "traded 5 @ 0: maker #1 left 0, buy taker #3 left 4",
                    "#1 filled: sell 0 @ 0",
                    "traded 1 @ 10: maker #2 left 4, buy taker #3 left 3",
                    "#3 budget spent: buy 3",
                ],
                book: &["ask 10: #2x4"],
            },
            Scenario {
                name: "below zero it is the size of the price that is spent",
                given: &["#1 sell 5 @ -30", "#2 sell 5 @ -7"],
                when: "#3 buy 9 market budget 100",
                then: &[
                    "#3 accepted: buy 9",
                    "traded 3 @ -30: maker #1 left 2, buy taker #3 left 6",
                    "#3 budget spent: buy 6",
                ],
                book: &["ask -7: #2x5", "ask -30: #1x2"],
            },
            Scenario {
                name: "the largest price times the largest quantity fits a budget",
                given: &["#1 sell 18446744073709551615 @ -9223372036854775808"],
                when: "#2 buy 18446744073709551615 market budget 170141183460469231722463931679029329920",
                then: &[
                    "#2 accepted: buy 18446744073709551615",
                    "traded 18446744073709551615 @ -9223372036854775808: maker #1 left 0, buy taker #2 left 0",
                    "#1 filled: sell 0 @ -9223372036854775808",
                    "#2 filled: buy 0",
                ],
                book: &[],
            },
            Scenario {
                name: "one less than that is one lot less",
                given: &["#1 sell 18446744073709551615 @ -9223372036854775808"],
                when: "#2 buy 18446744073709551615 market budget 170141183460469231722463931679029329919",
                then: &[
                    "#2 accepted: buy 18446744073709551615",
                    "traded 18446744073709551614 @ -9223372036854775808: maker #1 left 1, buy taker #2 left 1",
                    "#2 budget spent: buy 1",
                ],
                book: &["ask -9223372036854775808: #1x1"],
            },
        ],
    );
}

#[test]
fn budget_and_self_trade_prevention() {
    const OWN_FIRST: &[&str] = &["#1/7 sell 2 @ 100", "#2 sell 5 @ 110"];
    play(
        &plain(),
        &[
            Scenario {
                name: "a decrement costs nothing",
                given: OWN_FIRST,
                when: "#3/7 buy 5 market budget 220 stp decrement",
                then: &[
                    "#3/7 accepted: buy 5",
                    "decremented 2 @ 100: maker #1/7 left 0, buy taker #3/7 left 3",
                    "#1/7 self-trade: sell 0 @ 100",
                    "traded 2 @ 110: maker #2 left 3, buy taker #3/7 left 1",
                    "#3/7 budget spent: buy 1",
                ],
                book: &["ask 110: #2x3"],
            },
            Scenario {
                name: "a budget for not even one lot ends it before its own order is touched",
                given: OWN_FIRST,
                when: "#3/7 buy 5 market budget 99 stp maker",
                then: &["#3/7 accepted: buy 5", "#3/7 budget spent: buy 5"],
                book: &["ask 110: #2x5", "ask 100: #1/7x2"],
            },
            Scenario {
                name: "a budget for one lot is not spent on its own order, and then is too small",
                given: OWN_FIRST,
                when: "#3/7 buy 5 market budget 100 stp maker",
                then: &[
                    "#3/7 accepted: buy 5",
                    "#1/7 self-trade: sell 2 @ 100",
                    "#3/7 budget spent: buy 5",
                ],
                book: &["ask 110: #2x5"],
            },
        ],
    );
}
