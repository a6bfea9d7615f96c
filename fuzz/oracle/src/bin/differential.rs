//! Runs a differential test on seeded random commands.
//!
//! The commands come in blocks, a new book, ledger or exchange for each. Where a block fails, its
//! bytes are saved as an input for the fuzzer and the exit status is not zero.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool reports to the terminal"
)]

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io, panic};

use oracle::differential::{self, Coverage};
use oracle::{commands, engine_commands, ledger_commands};

const USAGE: &str =
    "usage: differential [--what book|ledger|engine] [--commands NUMBER] [--seed NUMBER]";
const COMMANDS_PER_BLOCK: usize = 2_000;

/// Random bytes for a block of commands: the seed, the number of the block, how many commands.
type Seeded = fn(u64, u64, usize) -> Vec<u8>;

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
        "book" => run(&arguments, commands::seeded, differential::book),
        "ledger" => run(&arguments, ledger_commands::seeded, differential::ledger),
        "engine" => run(&arguments, engine_commands::seeded, differential::engine),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn run<R: Copy + PartialEq + Debug>(
    arguments: &Arguments,
    seeded: Seeded,
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
        let bytes = seeded(*seed, block, COMMANDS_PER_BLOCK);
        let Ok(one) = panic::catch_unwind(|| compare(&bytes)) else {
            eprintln!("mismatch in block {block} of seed {seed}");
            match save(what, &bytes, *seed, block) {
                Ok(path) => eprintln!("saved as {}", path.display()),
                Err(error) => eprintln!("could not be saved: {error}"),
            }
            return ExitCode::FAILURE;
        };
        coverage.add(&one);
    }
    println!("blocks    {blocks}");
    println!("commands  {}", coverage.commands);
    println!("trades    {}", coverage.trades);
    println!("deepest   {} orders", coverage.most_orders);
    for (reason, times) in &coverage.closes {
        println!("closed    {times:>10} {reason:?}");
    }
    for (reason, times) in &coverage.rejects {
        println!("refused   {times:>10} {reason:?}");
    }
    ExitCode::SUCCESS
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
