//! Applies one flow to a book, or to a whole exchange, inside of one function and does nothing else
//! there, so that callgrind can count its instructions: `scripts/count-instructions` runs it and
//! divides.
//!
//! ```sh
//! instructions book|exchange FLOW REGIME ORDERS    # says how many messages there were
//! ```

use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;

use benches::flow::{self, Flow, Regime};
use exchange_engine::{Exchange, Input};
use orderbook_core::{Command, Event, OrderBook};

/// After how many messages somebody would have taken the events.
const BATCH: usize = 64;

/// More events than a batch has, mostly.
const EVENTS: usize = 1_024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((whole, flow, regime, orders)) = parse(&arguments) else {
        let flows = Flow::ALL.map(|flow| flow.to_string()).join("|");
        let regimes = Regime::ALL.map(|regime| regime.to_string()).join("|");
        let _ = writeln!(
            io::stderr(),
            "usage: instructions book|exchange {flows} {regimes} ORDERS"
        );
        return ExitCode::from(2);
    };
    let messages = flow::messages(flow, regime, 7, orders);
    let messages = benches::amendments(&messages);
    let commands: Vec<Command> = messages.iter().map(benches::command).collect();
    if whole {
        let mut exchange = benches::exchange();
        let inputs = benches::inputs(&commands);
        measured_exchange(&mut exchange, &inputs, &mut Vec::with_capacity(EVENTS));
        black_box(&exchange);
    } else {
        let mut book = benches::book();
        measured_book(&mut book, &commands, &mut Vec::with_capacity(EVENTS));
        black_box(&book);
    }
    match writeln!(io::stdout(), "{}", commands.len()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn parse(arguments: &[String]) -> Option<(bool, Flow, Regime, usize)> {
    let [subject, flow, regime, orders] = arguments else {
        return None;
    };
    let whole = match &**subject {
        "book" => false,
        "exchange" => true,
        _ => return None,
    };
    let flow = Flow::ALL
        .into_iter()
        .find(|known| known.to_string() == *flow)?;
    let regime = Regime::ALL
        .into_iter()
        .find(|known| known.to_string() == *regime)?;
    Some((whole, flow, regime, orders.parse().ok()?))
}

/// What is counted. Refusals are part of the flow.
#[inline(never)]
pub fn measured_book(book: &mut OrderBook, commands: &[Command], events: &mut Vec<Event>) {
    for batch in commands.chunks(BATCH) {
        for command in batch {
            let _ = black_box(book.apply(command, events));
        }
        black_box(&events);
        events.clear();
    }
}

/// The same of the whole exchange.
#[inline(never)]
pub fn measured_exchange(
    exchange: &mut Exchange,
    inputs: &[Input],
    events: &mut Vec<exchange_engine::Event>,
) {
    for batch in inputs.chunks(BATCH) {
        for input in batch {
            let _ = black_box(exchange.apply(input, events));
        }
        black_box(&events);
        events.clear();
    }
}
