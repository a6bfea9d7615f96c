//! Cancellations and reductions.

use crate::notation::{Scenario, plain, play};

const THREE: &[&str] = &["#1 buy 5 @ 100", "#2 buy 6 @ 100", "#3 buy 7 @ 100"];

#[test]
fn cancel() {
    play(
        &plain(),
        &[
            Scenario {
                name: "cancel at the front of the queue",
                given: THREE,
                when: "#1 cancel",
                then: &["#1 cancelled: buy 5 @ 100"],
                book: &["bid 100: #2x6 #3x7"],
            },
            Scenario {
                name: "cancel in the middle of the queue",
                given: THREE,
                when: "#2 cancel",
                then: &["#2 cancelled: buy 6 @ 100"],
                book: &["bid 100: #1x5 #3x7"],
            },
            Scenario {
                name: "cancel at the back of the queue",
                given: THREE,
                when: "#3 cancel",
                then: &["#3 cancelled: buy 7 @ 100"],
                book: &["bid 100: #1x5 #2x6"],
            },
            Scenario {
                name: "who comes after the back was cancelled is the new back",
                given: &[
                    "#1 buy 5 @ 100",
                    "#2 buy 6 @ 100",
                    "#3 buy 7 @ 100",
                    "#3 cancel",
                ],
                when: "#4 buy 8 @ 100",
                then: &["#4 accepted: buy 8, rests 8 @ 100"],
                book: &["bid 100: #1x5 #2x6 #4x8"],
            },
            Scenario {
                name: "a level goes with its last order",
                given: &["#1 buy 5 @ 100", "#2 buy 5 @ 99"],
                when: "#1 cancel",
                then: &["#1 cancelled: buy 5 @ 100"],
                book: &["bid 99: #2x5"],
            },
            Scenario {
                name: "a level behind the best one goes",
                given: &["#1 buy 5 @ 100", "#2 buy 5 @ 99", "#3 buy 5 @ 98"],
                when: "#2 cancel",
                then: &["#2 cancelled: buy 5 @ 99"],
                book: &["bid 100: #1x5", "bid 98: #3x5"],
            },
            Scenario {
                name: "cancelling what is left of a partly filled order",
                given: &["#1 buy 5 @ 100", "#2 sell 2 @ 100"],
                when: "#1 cancel",
                then: &["#1 cancelled: buy 3 @ 100"],
                book: &[],
            },
            Scenario {
                name: "a filled order cannot be cancelled",
                given: &["#1 buy 5 @ 100", "#2 sell 5 @ 100"],
                when: "#1 cancel",
                then: &["refused UnknownOrder"],
                book: &[],
            },
            Scenario {
                name: "an order cannot be cancelled twice",
                given: &["#1 buy 5 @ 100", "#1 cancel"],
                when: "#1 cancel",
                then: &["refused UnknownOrder"],
                book: &[],
            },
            Scenario {
                name: "cancel of an order that never was",
                given: &["#1 buy 5 @ 100"],
                when: "#2 cancel",
                then: &["refused UnknownOrder"],
                book: &["bid 100: #1x5"],
            },
        ],
    );
}

#[test]
fn reduce() {
    play(
        &plain(),
        &[
            Scenario {
                name: "a reduced order keeps its place",
                given: THREE,
                when: "#1 reduce 4",
                then: &["#1 reduced by 4: buy 1 @ 100"],
                book: &["bid 100: #1x1 #2x6 #3x7"],
            },
            Scenario {
                name: "a reduced order still trades first",
                given: &["#1 buy 5 @ 100", "#2 buy 6 @ 100", "#1 reduce 4"],
                when: "#3 sell 2 @ 100",
                then: &[
                    "#3 accepted: sell 2",
                    "traded 1 @ 100: maker #1 left 0, sell taker #3 left 1",
                    "#1 filled: buy 0 @ 100",
                    "traded 1 @ 100: maker #2 left 5, sell taker #3 left 0",
                    "#3 filled: sell 0",
                ],
                book: &["bid 100: #2x5"],
            },
            Scenario {
                name: "a reduction takes off what is left, not what was ordered",
                given: &["#1 buy 5 @ 100", "#2 sell 3 @ 100"],
                when: "#1 reduce 1",
                then: &["#1 reduced by 1: buy 1 @ 100"],
                book: &["bid 100: #1x1"],
            },
            Scenario {
                name: "a reduction by nothing is refused",
                given: THREE,
                when: "#1 reduce 0",
                then: &["refused InvalidReduction"],
                book: &["bid 100: #1x5 #2x6 #3x7"],
            },
            Scenario {
                name: "a reduction by everything is refused",
                given: THREE,
                when: "#1 reduce 5",
                then: &["refused InvalidReduction"],
                book: &["bid 100: #1x5 #2x6 #3x7"],
            },
            Scenario {
                name: "a reduction by all that is left is refused",
                given: &["#1 buy 5 @ 100", "#2 sell 3 @ 100"],
                when: "#1 reduce 2",
                then: &["refused InvalidReduction"],
                book: &["bid 100: #1x2"],
            },
            Scenario {
                name: "reduction of an order that never was",
                given: &[],
                when: "#1 reduce 0",
                then: &["refused UnknownOrder"],
                book: &[],
            },
        ],
    );
}
