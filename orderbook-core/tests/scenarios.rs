//! What the book does, as scenarios. The notation is explained in `notation`.

mod notation;

use notation::{Scenario, play};
use orderbook_core::*;

fn plain() -> Instrument {
    let hundredth = Step::new(1, 2).expect("a valid step");
    Instrument::new("BTCUSDT", hundredth, hundredth).expect("a valid instrument")
}

#[test]
fn priority_and_matching() {
    play(
        &plain(),
        &[
            Scenario {
                name: "an order that meets nobody rests",
                given: &[],
                when: "#1 buy 5 @ 100",
                then: &["#1 accepted: buy 5 @ 100", "#1 rested: buy 5 @ 100"],
                book: &["bid 100: #1x5"],
            },
            Scenario {
                name: "the better ask trades first, though it is younger",
                given: &["#1 sell 5 @ 102", "#2 sell 5 @ 101"],
                when: "#3 buy 5 @ 102",
                then: &[
                    "#3 accepted: buy 5 @ 102",
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
                    "#3 accepted: sell 5 @ 99",
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
                    "#3 accepted: buy 1 @ 100",
                    "traded 1 @ 100: maker #9 left 0, buy taker #3 left 0",
                    "#9 filled: sell 0 @ 100",
                    "#3 filled: buy 0",
                ],
                book: &["ask 100: #2x8"],
            },
            Scenario {
                name: "a partly filled maker keeps its place",
                given: &["#1 sell 5 @ 100", "#2 sell 5 @ 100"],
                when: "#3 buy 2 @ 100",
                then: &[
                    "#3 accepted: buy 2 @ 100",
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
                    "#2 accepted: buy 5 @ 101",
                    "traded 2 @ 100: maker #1 left 0, buy taker #2 left 3",
                    "#1 filled: sell 0 @ 100",
                    "#2 rested: buy 3 @ 101",
                ],
                book: &["bid 101: #2x3"],
            },
            Scenario {
                name: "the maker's price is the price, whichever side it is on",
                given: &["#1 buy 5 @ 100"],
                when: "#2 sell 5 @ 90",
                then: &[
                    "#2 accepted: sell 5 @ 90",
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
                    "#6 accepted: buy 10 @ 103",
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
                name: "one tick apart is not a match",
                given: &["#1 sell 5 @ 101"],
                when: "#2 buy 5 @ 100",
                then: &["#2 accepted: buy 5 @ 100", "#2 rested: buy 5 @ 100"],
                book: &["ask 101: #1x5", "bid 100: #2x5"],
            },
            Scenario {
                name: "an account may trade with itself",
                given: &["#1/7 sell 5 @ 100"],
                when: "#2/7 buy 5 @ 100",
                then: &[
                    "#2/7 accepted: buy 5 @ 100",
                    "traded 5 @ 100: maker #1/7 left 0, buy taker #2/7 left 0",
                    "#1/7 filled: sell 0 @ 100",
                    "#2/7 filled: buy 0",
                ],
                book: &[],
            },
        ],
    );
}

#[test]
fn market_orders() {
    play(
        &plain(),
        &[
            Scenario {
                name: "a market order expires on an empty book",
                given: &[],
                when: "#1 buy 5 market",
                then: &["#1 accepted: buy 5 market", "#1 expired: buy 5"],
                book: &[],
            },
            Scenario {
                name: "a market order never meets its own side",
                given: &["#1 buy 5 @ 100"],
                when: "#2 buy 5 market",
                then: &["#2 accepted: buy 5 market", "#2 expired: buy 5"],
                book: &["bid 100: #1x5"],
            },
            Scenario {
                name: "a market order takes any price",
                given: &["#1 buy 2 @ 100", "#2 buy 2 @ 1"],
                when: "#3 sell 3 market",
                then: &[
                    "#3 accepted: sell 3 market",
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
                    "#3 accepted: buy 9 market",
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
fn immediate_or_cancel() {
    play(
        &plain(),
        &[
            Scenario {
                name: "the remainder of an IOC expires",
                given: &["#1 sell 2 @ 100", "#2 sell 2 @ 102"],
                when: "#3 buy 5 @ 101 ioc",
                then: &[
                    "#3 accepted: buy 5 @ 101 ioc",
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
                then: &["#3 accepted: buy 5 @ 101 ioc", "#3 expired: buy 5"],
                book: &["ask 102: #1x2"],
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
                    "#4 accepted: buy 5 @ 101 fok",
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
                then: &["#3 accepted: buy 5 @ 101 fok", "#3 expired: buy 5"],
                book: &["ask 101: #2x2", "ask 100: #1x2"],
            },
            Scenario {
                name: "what lies beyond its limit is of no use to an FOK",
                given: &["#1 buy 4 @ 100", "#2 buy 9 @ 98"],
                when: "#3 sell 5 @ 99 fok",
                then: &["#3 accepted: sell 5 @ 99 fok", "#3 expired: sell 5"],
                book: &["bid 100: #1x4", "bid 98: #2x9"],
            },
        ],
    );
}

#[test]
fn post_only() {
    play(
        &plain(),
        &[
            Scenario {
                name: "a post-only order rests one tick from the ask",
                given: &["#1 sell 5 @ 101"],
                when: "#2 buy 5 @ 100 post",
                then: &["#2 accepted: buy 5 @ 100 post", "#2 rested: buy 5 @ 100"],
                book: &["ask 101: #1x5", "bid 100: #2x5"],
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
        ],
    );
}

#[test]
fn cancel_and_reduce() {
    const THREE: &[&str] = &["#1 buy 5 @ 100", "#2 buy 6 @ 100", "#3 buy 7 @ 100"];
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
                then: &["#4 accepted: buy 8 @ 100", "#4 rested: buy 8 @ 100"],
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
                name: "cancel of an order that never was",
                given: &["#1 buy 5 @ 100"],
                when: "#2 cancel",
                then: &["refused UnknownOrder"],
                book: &["bid 100: #1x5"],
            },
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
                    "#3 accepted: sell 2 @ 100",
                    "traded 1 @ 100: maker #1 left 0, sell taker #3 left 1",
                    "#1 filled: buy 0 @ 100",
                    "traded 1 @ 100: maker #2 left 5, sell taker #3 left 0",
                    "#3 filled: sell 0",
                ],
                book: &["bid 100: #2x5"],
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
                name: "reduction of an order that never was",
                given: &[],
                when: "#1 reduce 0",
                then: &["refused UnknownOrder"],
                book: &[],
            },
        ],
    );
}

#[test]
fn replace() {
    play(
        &plain(),
        &[
            Scenario {
                name: "a replaced order goes to the back, with account and side of the old one",
                given: &["#1/7 buy 5 @ 100", "#2 buy 6 @ 100"],
                when: "#1 replace #3 5 @ 100",
                then: &[
                    "#1/7 replaced: buy 5 @ 100",
                    "#3/7 accepted: buy 5 @ 100",
                    "#3/7 rested: buy 5 @ 100",
                ],
                book: &["bid 100: #2x6 #3/7x5"],
            },
            Scenario {
                name: "a replacement may keep the id, and loses its place all the same",
                given: &["#1 buy 5 @ 100", "#2 buy 6 @ 100"],
                when: "#1 replace #1 4 @ 100",
                then: &[
                    "#1 replaced: buy 5 @ 100",
                    "#1 accepted: buy 4 @ 100",
                    "#1 rested: buy 4 @ 100",
                ],
                book: &["bid 100: #2x6 #1x4"],
            },
            Scenario {
                name: "a replacement that crosses trades at once",
                given: &["#1/7 buy 5 @ 100", "#2 sell 3 @ 101"],
                when: "#1 replace #3 5 @ 101",
                then: &[
                    "#1/7 replaced: buy 5 @ 100",
                    "#3/7 accepted: buy 5 @ 101",
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
                    "#1 accepted: buy 5 @ 99",
                    "#1 rested: buy 5 @ 99",
                ],
                book: &["bid 99: #1x5"],
            },
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
                name: "an FOK replacement that cannot be filled leaves neither order",
                given: &["#1/7 buy 5 @ 100", "#2 sell 3 @ 101"],
                when: "#1 replace #3 5 @ 101 fok",
                then: &[
                    "#1/7 replaced: buy 5 @ 100",
                    "#3/7 accepted: buy 5 @ 101 fok",
                    "#3/7 expired: buy 5",
                ],
                book: &["ask 101: #2x3"],
            },
            Scenario {
                name: "a replacement on bad terms is refused and the old order stays",
                given: &["#1 buy 5 @ 100"],
                when: "#1 replace #1 0 @ 100",
                then: &["refused QuantityOutOfRange"],
                book: &["bid 100: #1x5"],
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

#[test]
fn ids() {
    play(
        &plain(),
        &[
            Scenario {
                name: "the id of a live order is taken, for both sides and on any terms",
                given: &["#1 buy 5 @ 100"],
                when: "#1 sell 0 market",
                then: &["refused DuplicateOrderId"],
                book: &["bid 100: #1x5"],
            },
            Scenario {
                name: "the id of a closed order is free",
                given: &["#1 buy 5 @ 100", "#1 cancel"],
                when: "#1/8 sell 3 @ 101",
                then: &["#1/8 accepted: sell 3 @ 101", "#1/8 rested: sell 3 @ 101"],
                book: &["ask 101: #1/8x3"],
            },
            Scenario {
                name: "the id of an order that never rested is free",
                given: &["#1 buy 5 @ 100 ioc"],
                when: "#1 buy 3 @ 100",
                then: &["#1 accepted: buy 3 @ 100", "#1 rested: buy 3 @ 100"],
                book: &["bid 100: #1x3"],
            },
        ],
    );
}

#[test]
fn limits_of_the_instrument() {
    let limited = plain()
        .with_price_limits(Price::new(90), Price::new(110))
        .and_then(|it| it.with_quantity_limits(Quantity::new(2), Quantity::new(50)))
        .map(|it| it.with_min_notional(Notional::new(300)))
        .expect("valid limits");
    let refused = |name, when, then| Scenario {
        name,
        given: &[],
        when,
        then,
        book: &[],
    };
    play(
        &limited,
        &[
            refused(
                "nothing at all",
                "#1 buy 0 @ 100",
                &["refused QuantityOutOfRange"],
            ),
            refused(
                "one lot too few",
                "#1 buy 1 @ 100",
                &["refused QuantityOutOfRange"],
            ),
            refused(
                "one lot too many",
                "#1 buy 51 @ 100",
                &["refused QuantityOutOfRange"],
            ),
            refused(
                "one lot too many at the market",
                "#1 buy 51 market",
                &["refused QuantityOutOfRange"],
            ),
            refused(
                "one tick too low",
                "#1 buy 50 @ 89",
                &["refused PriceOutOfRange"],
            ),
            refused(
                "one tick too high",
                "#1 sell 50 @ 111",
                &["refused PriceOutOfRange"],
            ),
            refused(
                "too little money",
                "#1 buy 3 @ 99",
                &["refused NotionalTooSmall"],
            ),
            refused(
                "quantity comes before price",
                "#1 buy 51 @ 111",
                &["refused QuantityOutOfRange"],
            ),
            Scenario {
                name: "exactly the minimum of money",
                given: &[],
                when: "#1 buy 3 @ 100",
                then: &["#1 accepted: buy 3 @ 100", "#1 rested: buy 3 @ 100"],
                book: &["bid 100: #1x3"],
            },
            Scenario {
                name: "the lowest price and the largest quantity",
                given: &[],
                when: "#1 buy 50 @ 90",
                then: &["#1 accepted: buy 50 @ 90", "#1 rested: buy 50 @ 90"],
                book: &["bid 90: #1x50"],
            },
            Scenario {
                name: "the highest price",
                given: &[],
                when: "#1 sell 50 @ 110",
                then: &["#1 accepted: sell 50 @ 110", "#1 rested: sell 50 @ 110"],
                book: &["ask 110: #1x50"],
            },
            Scenario {
                name: "a reduction may go below the minimum",
                given: &["#1 buy 5 @ 100"],
                when: "#1 reduce 4",
                then: &["#1 reduced by 4: buy 1 @ 100"],
                book: &["bid 100: #1x1"],
            },
        ],
    );
}

#[test]
fn prices_below_zero() {
    let spread = plain()
        .with_price_limits(Price::new(-10), Price::new(10))
        .expect("valid limits");
    play(
        &spread,
        &[
            Scenario {
                name: "a bid below zero rests without a minimum notional",
                given: &[],
                when: "#1 buy 5 @ -3",
                then: &["#1 accepted: buy 5 @ -3", "#1 rested: buy 5 @ -3"],
                book: &["bid -3: #1x5"],
            },
            Scenario {
                name: "the higher bid is the better one below zero too",
                given: &["#1 buy 5 @ -3", "#2 buy 5 @ -1", "#3 buy 5 @ 0"],
                when: "#4 sell 8 @ -2",
                then: &[
                    "#4 accepted: sell 8 @ -2",
                    "traded 5 @ 0: maker #3 left 0, sell taker #4 left 3",
                    "#3 filled: buy 0 @ 0",
                    "traded 3 @ -1: maker #2 left 2, sell taker #4 left 0",
                    "#4 filled: sell 0",
                ],
                book: &["bid -1: #2x2", "bid -3: #1x5"],
            },
            Scenario {
                name: "a limit below zero is a limit",
                given: &[],
                when: "#1 buy 5 @ -11",
                then: &["refused PriceOutOfRange"],
                book: &[],
            },
        ],
    );

    let minimum = spread.with_min_notional(Notional::new(6));
    play(
        &minimum,
        &[
            Scenario {
                name: "a minimum notional is about size, not sign",
                given: &[],
                when: "#1 sell 2 @ -3",
                then: &["#1 accepted: sell 2 @ -3", "#1 rested: sell 2 @ -3"],
                book: &["ask -3: #1x2"],
            },
            Scenario {
                name: "too little money below zero",
                given: &[],
                when: "#1 sell 5 @ -1",
                then: &["refused NotionalTooSmall"],
                book: &[],
            },
        ],
    );
}

/// The quantities of a level add up within 64 bits.
#[test]
fn a_full_level() {
    const FULL: &[&str] = &["#1 buy 18446744073709551610 @ 100", "#2 buy 5 @ 100"];
    const BOOK: &[&str] = &["bid 100: #1x18446744073709551610 #2x5"];
    play(
        &plain(),
        &[
            Scenario {
                name: "one lot more than a level can hold is refused",
                given: FULL,
                when: "#3 buy 1 @ 100",
                then: &["refused LevelFull"],
                book: BOOK,
            },
            Scenario {
                name: "the next level has room",
                given: FULL,
                when: "#3 buy 1 @ 99 post",
                then: &["#3 accepted: buy 1 @ 99 post", "#3 rested: buy 1 @ 99"],
                book: &["bid 100: #1x18446744073709551610 #2x5", "bid 99: #3x1"],
            },
            Scenario {
                name: "a replacement has the room that the old order leaves",
                given: FULL,
                when: "#2 replace #3 5 @ 100",
                then: &[
                    "#2 replaced: buy 5 @ 100",
                    "#3/2 accepted: buy 5 @ 100",
                    "#3/2 rested: buy 5 @ 100",
                ],
                book: &["bid 100: #1x18446744073709551610 #3/2x5"],
            },
            Scenario {
                name: "a replacement has no more room than that",
                given: FULL,
                when: "#2 replace #3 6 @ 100",
                then: &["refused LevelFull"],
                book: BOOK,
            },
            Scenario {
                name: "an IOC needs no room, it never rests",
                given: FULL,
                when: "#3 buy 1 @ 100 ioc",
                then: &["#3 accepted: buy 1 @ 100 ioc", "#3 expired: buy 1"],
                book: BOOK,
            },
            Scenario {
                name: "an FOK needs no room either",
                given: FULL,
                when: "#3 buy 1 @ 100 fok",
                then: &["#3 accepted: buy 1 @ 100 fok", "#3 expired: buy 1"],
                book: BOOK,
            },
        ],
    );
}
