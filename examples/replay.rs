//! Drives a recorded market through a whole exchange and sums up what came of it:
//! `cargo run --release -p examples --example replay -- PATH`.
//!
//! PATH is a recording, or a folder with one: see the crate documentation for the formats. Without
//! it, the extract in `data/` is replayed.

// An example shows its results where one looks for them.
#![allow(clippy::print_stdout)]

use std::env;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::bail;
use examples::{Recording, run};
use indicatif::{ProgressBar, ProgressStyle};

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args_os().skip(1);
    let path = arguments.next().map_or_else(
        || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("data/binance_spot_btcusdt_20240808_trades.csv.zst")
        },
        PathBuf::from,
    );
    if arguments.next().is_some() {
        bail!("usage: replay [PATH]");
    }
    let recording = Recording::open(&path)?;

    // Where stderr is no terminal, nothing is drawn.
    let bar = ProgressBar::new(u64::try_from(recording.len())?).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} messages {elapsed} (left: {eta})")?,
    );
    let started = Instant::now();
    let summary = run(&recording, |_, count| {
        if count % 1_024 == 0 {
            bar.set_position(count);
        }
    })?;
    let micros = started.elapsed().as_micros().max(1);
    bar.finish_and_clear();

    println!("{summary}");
    println!("check         passed");
    println!(
        "speed         {} messages/s",
        u128::from(summary.messages) * 1_000_000 / micros
    );
    Ok(())
}
