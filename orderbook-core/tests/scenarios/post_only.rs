//! Orders that only ever make: refused where they would take, or moved out of the way.

use crate::notation::{Scenario, boundless, plain, play};
use orderbook_core::*;

#[test]
fn refused_where_it_would_take() {
    play(
        &plain(),
        &[
            Scenario {
                name: "a post-only order rests one tick from the ask",
                given: &["#1 sell 5 @ 101"],
                when: "#2 buy 5 @ 100 post",
                then: &["#2 accepted: buy 5, rests 5 @ 100"],
                book: &["ask 101: #1x5", "bid 100: #2x5"],
            },
            Scenario {
                name: "a post-only order on an empty book",
                given: &[],
                when: "#2 buy 5 @ 100 post",
                then: &["#2 accepted: buy 5, rests 5 @ 100"],
                book: &["bid 100: #2x5"],
            },
            Scenario {
                name: "a post-only buy is refused at the ask",
                given: &["#1 sell 5 @ 101"],
                when: "#2 buy 5 @ 101 post",
                then: &["refused WouldMatch"],
                book: &["ask 101: #1x5"],
            },
            Scenario {
                name: "a post-only sell is refused at the bid",
                given: &["#1 buy 5 @ 101"],
                when: "#2 sell 5 @ 101 post",
                then: &["refused WouldMatch"],
                book: &["bid 101: #1x5"],
            },
            Scenario {
                name: "a post-only order is refused at an order of its own, too",
                given: &["#1/7 sell 5 @ 101"],
                when: "#2/7 buy 5 @ 101 post stp maker",
                then: &["refused WouldMatch"],
                book: &["ask 101: #1/7x5"],
            },
            Scenario {
                name: "a post-only order makes, like any other",
                given: &["#1 buy 5 @ 100 post"],
                when: "#2 sell 3 @ 100",
                then: &[
                    "#2 accepted: sell 3",
                    "traded 3 @ 100: maker #1 left 2, sell taker #2 left 0",
                    "#2 filled: sell 0",
                ],
                book: &["bid 100: #1x2"],
            },
        ],
    );
}

#[test]
fn moved_where_it_would_take() {
    play(
        &plain(),
        &[
            Scenario {
                name: "a sliding buy rests one tick below the ask, behind who is there",
                given: &["#1 sell 5 @ 101", "#2 buy 5 @ 100"],
                when: "#3 buy 5 @ 105 slide",
                then: &["#3 accepted: buy 5, rests 5 @ 100"],
                book: &["ask 101: #1x5", "bid 100: #2x5 #3x5"],
            },
            Scenario {
                name: "a sliding sell rests one tick above the bid",
                given: &["#1 buy 5 @ 101"],
                when: "#2 sell 5 @ 101 slide",
                then: &["#2 accepted: sell 5, rests 5 @ 102"],
                book: &["ask 102: #2x5", "bid 101: #1x5"],
            },
            Scenario {
                name: "an order that would not take does not slide, however wide the spread",
                given: &["#1 sell 5 @ 110"],
                when: "#2 buy 5 @ 101 slide",
                then: &["#2 accepted: buy 5, rests 5 @ 101"],
                book: &["ask 110: #1x5", "bid 101: #2x5"],
            },
            Scenario {
                name: "it stays where it slid to when the way is free",
                given: &["#1 sell 5 @ 101", "#2 buy 5 @ 105 slide"],
                when: "#1 cancel",
                then: &["#1 cancelled: sell 5 @ 101"],
                book: &["bid 100: #2x5"],
            },
            Scenario {
                name: "an order slides away from an order of its own, too",
                given: &["#1/7 sell 5 @ 101"],
                when: "#2/7 buy 5 @ 101 slide stp maker",
                then: &["#2/7 accepted: buy 5, rests 5 @ 100"],
                book: &["ask 101: #1/7x5", "bid 100: #2/7x5"],
            },
            Scenario {
                name: "an iceberg with a date slides as well",
                given: &["#1 sell 5 @ 101"],
                when: "#2 buy 5 @ 101 gtd 9 slide display 2",
                then: &["#2 accepted: buy 5, rests 2 @ 100 + 3 hidden"],
                book: &["ask 101: #1x5", "bid 100: #2x2+3"],
            },
        ],
    );
}

#[test]
fn nowhere_to_slide_to() {
    let limited = plain()
        .with_price_limits(Price::new(90), Price::new(110))
        .expect("valid limits");
    play(
        &limited,
        &[
            Scenario {
                name: "below the lowest price",
                given: &["#1 sell 5 @ 90"],
                when: "#2 buy 5 @ 100 slide",
                then: &["refused WouldMatch"],
                book: &["ask 90: #1x5"],
            },
            Scenario {
                name: "to the lowest price",
                given: &["#1 sell 5 @ 91"],
                when: "#2 buy 5 @ 100 slide",
                then: &["#2 accepted: buy 5, rests 5 @ 90"],
                book: &["ask 91: #1x5", "bid 90: #2x5"],
            },
            Scenario {
                name: "above the highest price",
                given: &["#1 buy 5 @ 110"],
                when: "#2 sell 5 @ 100 slide",
                then: &["refused WouldMatch"],
                book: &["bid 110: #1x5"],
            },
        ],
    );
    play(
        &boundless(),
        &[
            Scenario {
                name: "below the lowest price there is",
                given: &["#1 sell 5 @ -9223372036854775808"],
                when: "#2 buy 5 @ 100 slide",
                then: &["refused WouldMatch"],
                book: &["ask -9223372036854775808: #1x5"],
            },
            Scenario {
                name: "above the highest price there is",
                given: &["#1 buy 5 @ 9223372036854775807"],
                when: "#2 sell 5 @ 100 slide",
                then: &["refused WouldMatch"],
                book: &["bid 9223372036854775807: #1x5"],
            },
        ],
    );
}
