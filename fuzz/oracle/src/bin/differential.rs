//! Runs a differential test on seeded random commands.
//!
//! The commands come in blocks, a new book, ledger or exchange for each. Where a block fails, as
//! many of its commands are left out as can be; what remains is saved as an input for the fuzzer,
//! and the exit status is not zero. A [simulation] has a seed of its own for each block, and is
//! shrunk to fewer commands and fewer kinds of faults.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool reports to the terminal"
)]

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io, mem, panic};

use oracle::differential::{self, Coverage};
use oracle::simulation::{self, Options};
use oracle::{commands, engine_commands, ledger_commands, market_commands};

const USAGE: &str = "usage: differential [--what book|ledger|market|engine|simulation] \
                     [--commands NUMBER] [--seed NUMBER]";
const COMMANDS_PER_BLOCK: usize = 2_000;
/// Each has a seed of its own, counting up.
const COMMANDS_PER_SIMULATION: usize = 5_000;
/// In so many simulated commands everything that can happen has to.
const LONG_SIMULATION: u64 = 1_000_000;

/// Where the bytes for a block of commands come from.
struct Blocks {
    /// Random ones: the seed, the number of the block, how many commands.
    seeded: fn(u64, u64, usize) -> Vec<u8>,
    /// How many come before the first command.
    header: usize,
    /// How many make a command.
    command: usize,
}

const BOOK: Blocks = Blocks {
    seeded: commands::seeded,
    header: commands::HEADER,
    command: commands::COMMAND,
};
const LEDGER: Blocks = Blocks {
    seeded: ledger_commands::seeded,
    header: ledger_commands::HEADER,
    command: ledger_commands::COMMAND,
};
const MARKET: Blocks = Blocks {
    seeded: market_commands::seeded,
    header: market_commands::HEADER,
    command: market_commands::COMMAND,
};
const ENGINE: Blocks = Blocks {
    seeded: engine_commands::seeded,
    header: engine_commands::HEADER,
    command: engine_commands::COMMAND,
};

struct Arguments {
    what: String,
    commands: u64,
    seed: u64,
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    match &*arguments.what {
        "book" => run(&arguments, &BOOK, differential::book),
        "ledger" => run(&arguments, &LEDGER, differential::ledger),
        "market" => run(&arguments, &MARKET, differential::market),
        "engine" => run(&arguments, &ENGINE, differential::engine),
        "simulation" => simulate(&arguments),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn run<R: Copy + PartialEq + Debug>(
    arguments: &Arguments,
    source: &Blocks,
    compare: fn(&[u8]) -> Coverage<R>,
) -> ExitCode {
    let Arguments {
        what,
        commands,
        seed,
    } = arguments;
    println!("seed      {seed}");
    let mut coverage = Coverage::default();
    let blocks = commands.div_ceil(COMMANDS_PER_BLOCK as u64);
    for block in 0..blocks {
        let bytes = (source.seeded)(*seed, block, COMMANDS_PER_BLOCK);
        let Ok(one) = panic::catch_unwind(|| compare(&bytes)) else {
            eprintln!("mismatch in block {block} of seed {seed}");
            let bytes = shrink(source, bytes, compare);
            let left = bytes.len().saturating_sub(source.header) / source.command;
            // Once more, for what it has to say.
            let _ = panic::catch_unwind(|| compare(&bytes));
            match save(what, &bytes, *seed, block) {
                Ok(path) => eprintln!("{left} commands saved as {}", path.display()),
                Err(error) => eprintln!("could not be saved: {error}"),
            }
            return ExitCode::FAILURE;
        };
        coverage.add(&one);
    }
    println!("blocks    {blocks}");
    print(&coverage);
    ExitCode::SUCCESS
}

/// Simulates as many seeds as it takes.
fn simulate(arguments: &Arguments) -> ExitCode {
    let commands = arguments.commands;
    let first = arguments.seed;
    let last = first + commands.div_ceil(COMMANDS_PER_SIMULATION as u64).max(1) - 1;
    let each = usize::try_from(commands).unwrap_or(usize::MAX);
    let each = each.clamp(1, COMMANDS_PER_SIMULATION);
    println!("seeds     {first} to {last}");
    let mut coverage = Coverage::default();
    for seed in first..=last {
        let options = Options::of(seed, each);
        let Ok(one) = panic::catch_unwind(|| simulation::run(&options)) else {
            eprintln!("violation with {options:?}");
            let fewer = shrink_simulation(options);
            // Once more, for what it has to say.
            let _ = panic::catch_unwind(|| simulation::run(&fewer));
            eprintln!("the same with {fewer:?}");
            let commands = fewer.commands;
            eprintln!("again: --what simulation --commands {commands} --seed {seed}");
            return ExitCode::FAILURE;
        };
        coverage.add(&one);
    }
    print(&coverage);
    if commands >= LONG_SIMULATION {
        return tell_missing(&coverage);
    }
    ExitCode::SUCCESS
}

/// A long run in which something never happened was not worth its time.
fn tell_missing<R>(coverage: &Coverage<R>) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for what in simulation::missing(coverage) {
        eprintln!("never     {what}");
        code = ExitCode::FAILURE;
    }
    code
}

/// Leaves out commands and kinds of faults as long as something is wrong.
fn shrink_simulation(mut options: Options) -> Options {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let fails = |options: &Options| panic::catch_unwind(|| simulation::run(options)).is_err();
    let mut step = options.commands / 2;
    while step > 0 {
        let mut fewer = options.clone();
        fewer.commands = options.commands.saturating_sub(step).max(1);
        if fewer.commands < options.commands && fails(&fewer) {
            options = fewer;
        } else {
            step /= 2;
        }
    }
    for fault in options.faults.clone() {
        let mut fewer = options.clone();
        fewer.faults.retain(|other| *other != fault);
        if fails(&fewer) {
            options = fewer;
        }
    }
    panic::set_hook(loud);
    options
}

fn print<R: Debug>(coverage: &Coverage<R>) {
    println!("commands  {}", coverage.commands);
    println!("trades    {}", coverage.trades);
    println!("deepest   {} orders", coverage.most_orders);
    for (event, times) in &coverage.events {
        println!("event     {times:>10} {event}");
    }
    for (reason, times) in &coverage.closes {
        println!("closed    {times:>10} {reason:?}");
    }
    for (reason, times) in &coverage.rejects {
        println!("refused   {times:>10} {reason:?}");
    }
    for (policy, times) in &coverage.self_trades {
        println!("self-met  {times:>10} {policy:?}");
    }
    for (situation, times) in &coverage.situations {
        println!("happened  {times:>10} {situation}");
    }
}

/// Leaves out commands and makes bytes zero as long as the failure stays.
fn shrink<R>(source: &Blocks, mut bytes: Vec<u8>, compare: fn(&[u8]) -> Coverage<R>) -> Vec<u8> {
    let loud = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let fails = |bytes: &[u8]| panic::catch_unwind(|| compare(bytes)).is_err();
    loop {
        let before = bytes.clone();
        // Long runs of commands first, then shorter ones.
        let mut commands = bytes.len().saturating_sub(source.header) / source.command;
        while commands > 0 {
            let mut from = source.header;
            while from < bytes.len() {
                let to = bytes.len().min(from + commands * source.command);
                let fewer = [&bytes[..from], &bytes[to..]].concat();
                if fails(&fewer) {
                    bytes = fewer;
                } else {
                    from = to;
                }
            }
            commands /= 2;
        }
        for place in 0..bytes.len() {
            let byte = mem::replace(&mut bytes[place], 0);
            if byte != 0 && !fails(&bytes) {
                bytes[place] = byte;
            }
        }
        if bytes == before {
            break;
        }
    }
    panic::set_hook(loud);
    bytes
}

/// `None` where the arguments say something else.
fn arguments() -> Option<Arguments> {
    let mut read = Arguments {
        what: "book".into(),
        commands: 1_000_000,
        seed: 1,
    };
    let mut arguments = env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--what" => read.what = value,
            "--commands" => read.commands = value.parse().ok()?,
            "--seed" => read.seed = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(read)
}

fn save(what: &str, bytes: &[u8], seed: u64, block: u64) -> io::Result<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../artifacts")
        .join(what);
    fs::create_dir_all(&directory)?;
    let path = directory.join(format!("seed-{seed}-block-{block}"));
    fs::write(&path, bytes)?;
    Ok(path)
}
