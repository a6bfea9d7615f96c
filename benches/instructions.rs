//! Applies one flow to a book inside of [`measured`] and does nothing else there, so that callgrind
//! can count its instructions: `scripts/count-instructions` runs it and divides.
//!
//! ```sh
//! instructions FLOW REGIME ORDERS    # says how many messages there were
//! ```

use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;

use benches::flow::{self, Flow, Regime};
use orderbook_core::{Command, Event, OrderBook};

/// After how many messages somebody would have taken the events.
const BATCH: usize = 64;

/// More events than a batch has, mostly.
const EVENTS: usize = 1_024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((flow, regime, orders)) = parse(&arguments) else {
        let flows = Flow::ALL.map(|flow| flow.to_string()).join("|");
        let regimes = Regime::ALL.map(|regime| regime.to_string()).join("|");
        let _ = writeln!(io::stderr(), "usage: instructions {flows} {regimes} ORDERS");
        return ExitCode::from(2);
    };
    let messages = flow::messages(flow, regime, 7, orders);
    let messages = benches::amendments(&messages);
    let commands: Vec<Command> = messages.iter().map(benches::command).collect();
    let mut book = benches::book();
    let mut events = Vec::with_capacity(EVENTS);
    measured(&mut book, &commands, &mut events);
    black_box(&book);
    match writeln!(io::stdout(), "{}", commands.len()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn parse(arguments: &[String]) -> Option<(Flow, Regime, usize)> {
    let [flow, regime, orders] = arguments else {
        return None;
    };
    let flow = Flow::ALL
        .into_iter()
        .find(|known| known.to_string() == *flow)?;
    let regime = Regime::ALL
        .into_iter()
        .find(|known| known.to_string() == *regime)?;
    Some((flow, regime, orders.parse().ok()?))
}

/// What is counted. Refusals are part of the flow.
#[inline(never)]
pub fn measured(book: &mut OrderBook, commands: &[Command], events: &mut Vec<Event>) {
    for batch in commands.chunks(BATCH) {
        for command in batch {
            let _ = black_box(book.apply(command, events));
        }
        black_box(&events);
        events.clear();
    }
}
