//! A notation for scenarios that a trader can check by eye.
//!
//! Commands:
//!
//! | text | means |
//! |---|---|
//! | `#1 buy 5 @ 100` | order 1 buys 5 lots at 100 ticks or better |
//! | ... `ioc`, `ioc min 3`, `fok` | and waits for nothing |
//! | ... `gtd 50`, `post`, `slide`, `display 10` | rests on these terms, alone or together; `rest`: on none of them |
//! | `#1 sell 5 market` | order 1 sells 5 lots at any price |
//! | ... `worst 97`, `budget 500` | but not below 97, and for no more than 500 |
//! | ... `stp maker`, `taker`, `both`, `decrement`, `allow` | self-trade prevention, of any order |
//! | ... `group 7` | of an account of group 7 |
//! | `#1 cancel` | |
//! | `#1 reduce 2` | takes 2 lots off |
//! | `#1 amend 7 @ 101` | 7 lots in all, at 101 |
//! | `#1 replace #2 5 @ 101` | order 2 comes in the stead of order 1, on the terms that follow |
//! | `cancel all account 3 buy from 90 to 95` | or less of that |
//! | `expire 50` | it is 50 now |
//!
//! Events:
//!
//! | text | means |
//! |---|---|
//! | `#1 accepted: buy 50` | it meets others, or may not rest |
//! | `#1 accepted: buy 50, rests 10 @ 100 + 40 hidden` | it meets nobody |
//! | `#1 rested: buy 10 @ 100 + 20 hidden` | what is displayed, and what is not |
//! | `#1 replenished: buy 10 @ 100 + 10 hidden` | the next slice |
//! | `#1 reduced by 25, 5 of it displayed: buy 5 @ 100` | what is left; the part only where it is not all |
//! | `#1 amended: buy 7, was 5 @ 100, rests 7 @ 101` | what is left to trade, and what left the book |
//! | `#1 cancelled: buy 10 @ 100 + 20 hidden` | what never traded: what left the book, and a reserve |
//! | `#1 expired: buy 5` | it was not on the book |
//!
//! The book is a ladder: `ask 101: #1x5 #2x10+40` is a level, its orders oldest first, of which the
//! second displays 10 and has 40 in reserve.
//!
//! An order belongs to the account of the same number unless it says otherwise: `#1/7` is order 1
//! of account 7.

#![allow(dead_code, reason = "each test uses a part of it")]

mod checks;
mod mirror;
mod parse;
mod text;

use orderbook_core::*;

pub(crate) use parse::command;

/// One line of a table of scenarios.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Commands that have been taken already.
    pub(crate) given: &'static [&'static str],
    pub(crate) when: &'static str,
    /// Every event of the command, or `refused` and why.
    pub(crate) then: &'static [&'static str],
    /// The book afterwards, as a ladder: the highest price is on top.
    pub(crate) book: &'static [&'static str],
}

/// An instrument without limits.
pub(crate) fn plain() -> Instrument {
    let hundredth = Step::new(1, 2).expect("a valid step");
    Instrument::new("BTCUSDT", hundredth, hundredth).expect("a valid instrument")
}

/// An instrument with all prices there are.
pub(crate) fn boundless() -> Instrument {
    plain()
        .with_price_limits(Price::new(i64::MIN), Price::new(i64::MAX))
        .expect("decimals reach further")
}

/// The book after these commands.
pub(crate) fn book(instrument: &Instrument, commands: &[&str]) -> OrderBook {
    let mut book = OrderBook::new(instrument.clone());
    for text in commands {
        book.apply(&command(text), &mut Vec::new())
            .unwrap_or_else(|reject| panic!("`{text}` is refused: {reject:?}"));
    }
    book
}

/// Plays all scenarios and reports all that come out otherwise.
pub(crate) fn play(instrument: &Instrument, scenarios: &[Scenario]) {
    let failures: Vec<String> = scenarios
        .iter()
        .filter_map(|scenario| one(instrument, scenario).err())
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn one(instrument: &Instrument, scenario: &Scenario) -> Result<(), String> {
    let name = scenario.name;
    let (mut commands, mut results) = (Vec::new(), Vec::new());
    let mut book = OrderBook::new(instrument.clone());
    let mut events = Vec::new();
    for given in scenario.given {
        let command = command(given);
        book.apply(&command, &mut events)
            .map_err(|reject| format!("{name}: `{given}` is refused: {reject:?}"))?;
        commands.push(command);
        results.push(Ok(()));
    }

    let command = command(scenario.when);
    let before = (book.clone(), events.clone());
    let result = book.apply(&command, &mut events);
    commands.push(command);
    results.push(result);
    let new = &events[before.1.len()..];
    checks::step(&before.0, &command, result, new, &book)
        .and_then(|()| checks::history(&events, &book))
        .and_then(|()| mirror::mirrored(&commands, &results, &events, &book))
        .map_err(|what| format!("{name}: {}: {what}", scenario.when))?;

    let then: Vec<String> = match result {
        Ok(()) => new.iter().map(text::event).collect(),
        Err(reject) => vec![format!("refused {reject:?}")],
    };
    let ladder = text::ladder(&book);
    if then == scenario.then && ladder == scenario.book {
        return Ok(());
    }
    Err(format!(
        "{name}: {}\n  events    {then:#?}\n  expected  {:#?}\n  book      {ladder:#?}\n  expected  {:#?}",
        scenario.when, scenario.then, scenario.book
    ))
}
