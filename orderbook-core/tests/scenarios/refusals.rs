//! What is refused, and which reason is given where there are several.

use crate::notation::{Scenario, command, plain, play};
use orderbook_core::BookReject::*;
use orderbook_core::*;

const fn refused(
    name: &'static str,
    when: &'static str,
    then: &'static [&'static str],
) -> Scenario {
    Scenario {
        name,
        given: &[],
        when,
        then,
        book: &[],
    }
}

fn limited() -> Instrument {
    plain()
        .with_price_limits(Price::new(90), Price::new(110))
        .and_then(|it| it.with_quantity_limits(Quantity::new(2), Quantity::new(50)))
        .and_then(|it| it.with_max_slices(5))
        .and_then(|it| it.with_max_orders(3))
        .map(|it| it.with_min_notional(Notional::new(300)))
        .expect("valid limits")
}

#[test]
fn limits_of_the_instrument() {
    play(
        &limited(),
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
                "too many at the market",
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
                "protection too low",
                "#1 buy 5 market worst 89",
                &["refused PriceOutOfRange"],
            ),
            refused(
                "protection too high",
                "#1 buy 5 market worst 111",
                &["refused PriceOutOfRange"],
            ),
            refused(
                "too little money",
                "#1 buy 3 @ 99",
                &["refused NotionalTooSmall"],
            ),
            refused(
                "too little at once",
                "#1 buy 3 @ 99 ioc",
                &["refused NotionalTooSmall"],
            ),
            refused(
                "too small a budget",
                "#1 buy 5 market budget 299",
                &["refused NotionalTooSmall"],
            ),
            Scenario {
                name: "exactly the minimum of money",
                given: &[],
                when: "#1 buy 3 @ 100",
                then: &["#1 accepted: buy 3, rests 3 @ 100"],
                book: &["bid 100: #1x3"],
            },
            Scenario {
                name: "exactly the smallest budget, and the worst protection",
                given: &[],
                when: "#1 buy 3 market worst 110 budget 300",
                then: &["#1 accepted: buy 3", "#1 expired: buy 3"],
                book: &[],
            },
            Scenario {
                name: "a market order of little money: what it will cost is not known",
                given: &[],
                when: "#1 buy 2 market worst 90",
                then: &["#1 accepted: buy 2", "#1 expired: buy 2"],
                book: &[],
            },
            Scenario {
                name: "the lowest price and the largest quantity",
                given: &[],
                when: "#1 buy 50 @ 90",
                then: &["#1 accepted: buy 50, rests 50 @ 90"],
                book: &["bid 90: #1x50"],
            },
            Scenario {
                name: "the highest price",
                given: &[],
                when: "#1 sell 50 @ 110",
                then: &["#1 accepted: sell 50, rests 50 @ 110"],
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
    play(
        &plain(),
        &[
            refused(
                "no budget",
                "#1 buy 5 market budget 0",
                &["refused NotionalTooSmall"],
            ),
            refused(
                "a budget below zero",
                "#1 sell 5 market budget -7",
                &["refused NotionalTooSmall"],
            ),
            refused(
                "a minimum above the quantity",
                "#1 buy 5 @ 100 ioc min 6",
                &["refused MinimumTooLarge"],
            ),
        ],
    );
}

/// Commands that are wrong in two ways at least, and the first of the reasons in the order of
/// [`BookReject`]. Each line is wrong in what the line after it is refused for, where it can be.
#[test]
fn precedence() {
    let mut book = crate::notation::book(
        &limited(),
        &["#1 buy 5 @ 100", "#2 sell 5 @ 101", "expire 50"],
    );
    let mut refused = |text: &str, expected: BookReject| {
        let before = book.snapshot();
        let mut events = Vec::new();
        let command = command(text);
        assert_eq!(book.validate(&command), Err(expected), "{text}");
        let result = book.apply(&command, &mut events);
        assert_eq!(result, Err(expected), "{text}");
        assert_eq!((book.snapshot(), events), (before, vec![]), "{text}");
    };
    for (text, expected) in [
        ("#1 buy 0 @ 111 gtd 9 post display 0", DuplicateOrderId),
        ("#3 buy 0 @ 111 gtd 9 post display 0", QuantityOutOfRange),
        ("#3 buy 2 @ 111 gtd 9 post display 0", PriceOutOfRange),
        ("#3 buy 2 @ 101 gtd 9 post display 0", NotionalTooSmall),
        ("#3 buy 5 @ 101 gtd 9 post display 0", AlreadyExpired),
        ("#3 buy 5 @ 101 gtd 51 post display 0", DisplayTooSmall),
        ("#3 buy 6 @ 101 gtd 51 post display 1", DisplayTooSmall),
        ("#3 buy 5 @ 101 gtd 51 post display 1", WouldMatch),
        ("#3 buy 0 @ 111 ioc min 60", QuantityOutOfRange),
        ("#3 buy 2 @ 111 ioc min 60", PriceOutOfRange),
        ("#3 buy 2 @ 90 ioc min 60", NotionalTooSmall),
        ("#3 buy 4 @ 90 ioc min 60", MinimumTooLarge),
        ("#1 buy 0 market worst 111 budget 0", DuplicateOrderId),
        ("#3 buy 0 market worst 111 budget 0", QuantityOutOfRange),
        ("#3 buy 2 market worst 111 budget 0", PriceOutOfRange),
        ("#3 buy 2 market worst 110 budget 0", NotionalTooSmall),
        ("#9 reduce 0", UnknownOrder),
        ("#1 reduce 0", InvalidReduction),
        ("#9 amend 0 @ 111", UnknownOrder),
        ("#1 amend 0 @ 111", QuantityOutOfRange),
        ("#1 amend 2 @ 111", PriceOutOfRange),
        ("#1 amend 2 @ 101", NotionalTooSmall),
        ("#1 amend 5 @ 100", NothingToAmend),
        ("#9 replace #2 0 @ 111 gtd 9 post display 0", UnknownOrder),
        (
            "#1 replace #2 0 @ 111 gtd 9 post display 0",
            DuplicateOrderId,
        ),
        (
            "#1 replace #1 0 @ 111 gtd 9 post display 0",
            QuantityOutOfRange,
        ),
        (
            "#1 replace #3 2 @ 111 gtd 9 post display 0",
            PriceOutOfRange,
        ),
        (
            "#1 replace #3 2 @ 101 gtd 9 post display 0",
            NotionalTooSmall,
        ),
        ("#1 replace #3 5 @ 101 gtd 9 post display 0", AlreadyExpired),
        (
            "#1 replace #3 5 @ 101 gtd 51 post display 0",
            DisplayTooSmall,
        ),
        ("#1 replace #3 5 @ 101 gtd 51 post display 1", WouldMatch),
        ("#1 replace #3 4 @ 90 ioc min 60", MinimumTooLarge),
    ] {
        refused(text, expected);
    }
}

/// The same for books that are full.
#[test]
fn precedence_of_full_books() {
    let most = u64::MAX.to_string();
    let buy = format!("#1 buy {most} @ 100");
    let full = plain().with_max_orders(2).expect("not zero");
    let book = crate::notation::book(&full, &[&buy, "#2 sell 9 @ 101"]);
    for (text, expected) in [
        ("#3 buy 5 @ 101 post", WouldMatch),
        ("#3 buy 5 @ 100 post", SideFull),
        ("#3 buy 5 @ 100 display 1", SideFull),
        ("#3 sell 5 @ 101", BookFull),
        ("#2 replace #3 18446744073709551615 @ 100 post", WouldMatch),
    ] {
        assert_eq!(book.validate(&command(text)), Err(expected), "{text}");
    }

    let icebergs = crate::notation::book(
        &plain().with_max_slices(2).expect("not zero"),
        &[
            "#1 buy 4 @ 100 post display 2",
            "#2 sell 9 @ 101",
            "#3 buy 18446744073709551611 @ 100",
        ],
    );
    for (text, expected) in [
        ("#1 amend 5 @ 101", DisplayTooSmall),
        ("#1 amend 4 @ 101", WouldMatch),
        ("#3 amend 18446744073709551612 @ 101", SideFull),
    ] {
        assert_eq!(icebergs.validate(&command(text)), Err(expected), "{text}");
    }
}
