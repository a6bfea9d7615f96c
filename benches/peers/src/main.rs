//! Our book beside other order books of crates.io: the same messages, in one run.
//!
//! ```sh
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- [--orders N] [--trials T]
//!     [--seconds S] [--seed X] [--only NAME]
//! ```
//!
//! Each of the two flows of `benches::flow` in each of its regimes goes through every engine. First
//! their outcomes are compared with those of `benches::naive`: what becomes of each message, each
//! trade with maker, taker, price and quantity, and what rests in the end. Then they are timed, one
//! after the other and over again, and the medians go into a table. Where an engine does something
//! else than it should, panics, or does not get through the flow within `--seconds`, a note says
//! so; what is timed then is what it does, up to where it gets. Right is whose outcomes are, that
//! far. `--only` compares with one of them.

mod contest;
mod engine;
mod engines;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use benches::flow::{self, Flow, Message, Regime};
use contest::{Contender, Expected, contender};
use engine::Engine;
use engines::{limitbook, lobster, matchcore, orderbook_rs, ours};

/// Makes the contender for a flow.
type Enter = fn(&[Message]) -> Box<dyn Contender>;

/// Ours comes first.
const ENGINES: [(&str, Enter); 6] = [
    enter::<ours::Ours>(),
    enter::<matchcore::Matchcore>(),
    enter::<matchcore::MatchcoreWithLimits>(),
    enter::<lobster::Lobster>(),
    enter::<limitbook::Limitbook>(),
    enter::<orderbook_rs::OrderbookRs>(),
];

const fn enter<E: Engine + 'static>() -> (&'static str, Enter) {
    (E::NAME, contender::<E>)
}

const USAGE: &str = "usage: peers [--orders N] [--trials T] [--seconds S] [--seed X] [--only NAME]";

struct Options {
    orders: usize,
    trials: usize,
    seconds: u64,
    seed: u64,
    only: Option<String>,
}

impl Options {
    fn from(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self {
            orders: 1_000_000,
            trials: 5,
            seconds: 2,
            seed: 7,
            only: None,
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next()?;
            match name.as_str() {
                "--orders" => options.orders = value.parse().ok()?,
                "--trials" => options.trials = value.parse().ok().filter(|trials| *trials > 0)?,
                "--seconds" => options.seconds = value.parse().ok()?,
                "--seed" => options.seed = value.parse().ok()?,
                "--only" if ENGINES.iter().any(|(name, _)| *name == value) => {
                    options.only = Some(value);
                }
                _ => return None,
            }
        }
        Some(options)
    }
}

fn main() -> ExitCode {
    let Some(options) = Options::from(std::env::args().skip(1)) else {
        let _ = writeln!(io::stderr(), "{USAGE}");
        return ExitCode::from(2);
    };
    match compare(&options, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options, out: &mut impl Write) -> io::Result<()> {
    let ours = ours::Ours::NAME;
    let engines: Vec<(&str, Enter)> = ENGINES
        .into_iter()
        .filter(|(name, _)| {
            *name == ours || options.only.as_deref().is_none_or(|only| only == *name)
        })
        .collect();
    writeln!(
        out,
        "Million messages per second, medians of {} trials in turn, {} orders, seed {}.\n",
        options.trials, options.orders, options.seed
    )?;
    write!(out, "| flow | regime |")?;
    for (name, _) in &engines {
        write!(out, " {name} |")?;
    }
    writeln!(out, " ours / fastest peer | ours / fastest that is right |")?;
    writeln!(out, "|---|---|{}", "---:|".repeat(engines.len() + 2))?;

    let mut notes = Vec::new();
    for flow in Flow::ALL {
        for regime in Regime::ALL {
            let messages = flow::messages(flow, regime, options.seed, options.orders);
            let expected = Expected::new(&messages);
            let mut contenders: Vec<_> =
                engines.iter().map(|(_, enter)| enter(&messages)).collect();
            write!(out, "| {flow} | {regime} |")?;
            let (mut marks, mut right) = (Vec::new(), Vec::new());
            for contender in &mut contenders {
                let time = Duration::from_secs(options.seconds);
                let left_out = contender.limit(&messages, time);
                let verdict = contender.check(&messages, &expected);
                right.push(verdict.right);
                let found: Vec<String> = left_out.into_iter().chain(verdict.found).collect();
                marks.push(if found.is_empty() {
                    String::new()
                } else {
                    let found = found.join("; ");
                    notes.push(format!("{}, {flow} {regime}: {found}", contender.name()));
                    format!(" [{}]", notes.len())
                });
            }
            if !right[0] {
                writeln!(out)?;
                return Err(io::Error::other(notes.join("\n")));
            }
            let speeds = speeds(&mut contenders, &messages, options.trials);
            for (speed, mark) in speeds.iter().zip(&marks) {
                write!(out, " {speed:.3}{mark} |")?;
            }
            let ratio = |counts: &dyn Fn(usize) -> bool| {
                let peers = (1..speeds.len()).filter(|peer| counts(*peer));
                let fastest = peers.map(|peer| speeds[peer]).reduce(f64::max);
                fastest.map_or("none".to_owned(), |peer| format!("{:.2}", speeds[0] / peer))
            };
            let (all, those) = (ratio(&|_| true), ratio(&|peer| right[peer]));
            writeln!(out, " {all} | {those} |")?;
            out.flush()?;
        }
    }
    if !notes.is_empty() {
        writeln!(out)?;
    }
    for (number, note) in (1..).zip(&notes) {
        writeln!(out, "{number}. {note}")?;
    }
    Ok(())
}

/// Million messages per second of each, the medians of trials that take turns.
fn speeds(contenders: &mut [Box<dyn Contender>], messages: &[Message], trials: usize) -> Vec<f64> {
    let mut times = vec![Vec::new(); contenders.len()];
    for _ in 0..trials {
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            times.push(contender.time(messages));
        }
    }
    let mut speeds = Vec::new();
    for (contender, mut times) in contenders.iter().zip(times) {
        times.sort_unstable();
        let median = times[times.len() / 2].as_secs_f64();
        #[expect(
            clippy::cast_precision_loss,
            reason = "there are fewer than 2^52 messages"
        )]
        let messages = contender.len() as f64;
        speeds.push(messages / median / 1e6);
    }
    speeds
}
