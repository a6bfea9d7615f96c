//! Our market data beside other crates of crates.io that do a part of it: the same trades and diffs,
//! in one run.
//!
//! ```sh
//! cargo run --release --manifest-path benches/peers/Cargo.toml --bin marketdata -- [--trades N]
//!     [--trials T] [--seed X] [--work TEXT] [--of TEXT]
//! ```
//!
//! First everything that a crate says and comes to is compared with what ours does, then they are
//! timed, one after the other and over again, and the medians go into a table. Where something
//! differs a note says so, and the program fails in the end. Prices are ticks and quantities lots, whole numbers that floats hold
//! exactly, so that nobody is wrong only for being rounded. `--work` and `--of` leave out works and
//! contestants whose names do not have the text in them.

mod candles;
mod contest;
mod depth;
mod rolling;

use std::io::{self, Write};
use std::process::ExitCode;

use benches::trades::{Course, trades};
use contest::{Contest, HEAD, enter};
use marketdata_core::Interval;
use orderbook_core::Timestamp;

const USAGE: &str =
    "usage: marketdata [--trades N] [--trials T] [--seed X] [--work TEXT] [--of TEXT]";

struct Options {
    trades: u64,
    trials: usize,
    seed: u64,
    work: Option<String>,
    of: Option<String>,
}

impl Options {
    fn from(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self {
            trades: 1_000_000,
            trials: 5,
            seed: 7,
            work: None,
            of: None,
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next()?;
            match name.as_str() {
                // An hour of seconds fills the windows, and an hour of minutes a candle.
                "--trades" => options.trades = value.parse().ok().filter(|it| *it >= 10_000)?,
                "--trials" => options.trials = value.parse().ok().filter(|it| *it > 0)?,
                "--seed" => options.seed = value.parse().ok()?,
                "--work" => options.work = Some(value),
                "--of" => options.of = Some(value),
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
    match compare(options, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "marketdata: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: Options, out: &mut impl Write) -> io::Result<()> {
    let Options {
        trades: count,
        trials,
        seed,
        work,
        of,
    } = options;
    let length = usize::try_from(count).unwrap_or(usize::MAX);
    writeln!(
        out,
        "Medians of {trials} trials in turn, {count} trades, seed {seed}.\n\n{HEAD}"
    )?;
    let mut contest = Contest {
        trials,
        work,
        of,
        out,
        notes: Vec::new(),
    };

    let one = [Interval::ONE_MINUTE];
    for (market, spacing) in [("busy", 200_000), ("quiet", 90_000_000)] {
        let given = trades(seed, count, spacing, false, Course::Wandering);
        for intervals in [&one[..], &Interval::STANDARD] {
            let entries = [
                enter::<candles::Ours>(intervals, &given),
                enter::<candles::Tickbar>(intervals, &given),
                enter::<candles::Wickra>(intervals, &given),
            ];
            let work = match intervals {
                [_] => format!("candles of a minute, {market}"),
                _ => format!("candles of six intervals, {market}"),
            };
            contest.hold(&work, length, &entries)?;
        }
    }

    let given = trades(seed, count, 2_000_000, true, Course::Wandering);
    let minutes = candles::minutes(&given);
    let entries = [
        enter::<candles::OursRolled>(&(), &minutes),
        enter::<candles::YataRolled>(&(), &minutes),
        enter::<candles::WickraRolled>(&(), &minutes),
    ];
    contest.hold("minutes into hours", minutes.len(), &entries)?;

    for (course, name) in [
        (Course::Wandering, "wandering"),
        (Course::Falling, "falling"),
    ] {
        let given = trades(seed, count, 1_000_000, true, course);
        let entries = [
            enter::<rolling::Ours>(&(), &given),
            enter::<rolling::Yata>(&(), &given),
            enter::<rolling::Ta>(&(), &given),
        ];
        let work = format!("high and low of the last {}, {name}", rolling::LENGTH);
        contest.hold(&work, length, &entries)?;
    }
    let given = trades(seed, count, 1_000_000, true, Course::Wandering);
    let entries = [
        enter::<rolling::OursAverage>(&(), &given),
        enter::<rolling::YataAverage>(&(), &given),
    ];
    let work = format!("average by volume of the last {}", rolling::LENGTH);
    contest.hold(&work, length, &entries)?;

    for changes in [1, 20] {
        let given = depth::diffs(seed, length / 4, changes);
        let entries = [
            enter::<depth::Ours>(&(), &given),
            enter::<depth::Depthbook>(&(), &given),
            enter::<depth::Wickra>(&(), &given),
        ];
        let work = format!("diffs of {changes} into a copy of the book");
        contest.hold(&work, given.len(), &entries)?;
    }

    let Contest { out, notes, .. } = contest;
    if !notes.is_empty() {
        writeln!(out)?;
    }
    for (number, note) in (1..).zip(&notes) {
        writeln!(out, "{number}. {note}")?;
    }
    match notes.len() {
        0 => Ok(()),
        count => Err(io::Error::other(format!(
            "{count} of them come to something else"
        ))),
    }
}

/// How long an interval is, in microseconds.
fn micros(interval: Interval) -> u64 {
    interval.close_time(Timestamp::new(0)).get()
}

/// A whole number with a sign.
fn whole(number: u64) -> i64 {
    i64::try_from(number).expect("it is below 2^63")
}

/// A whole number as a float.
#[expect(clippy::cast_precision_loss, reason = "they are below 2^53")]
fn float(number: i64) -> f64 {
    number as f64
}
