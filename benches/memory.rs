//! How much memory market data takes, as the system counts it: `cargo run --release -p benches --bin
//! memory`. Linux only.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::mem::size_of;
use std::process::Command;

use benches::trades::{Course, Feed, trades};
use marketdata_core::{Candle, PublicTrade};

/// What the process has in memory, in bytes.
fn resident() -> io::Result<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    let kilobytes = kilobytes.ok_or_else(|| io::Error::other("the system does not say"))?;
    Ok(kilobytes * 1_024)
}

/// `instruments`, each of which had these trades.
fn fed(instruments: usize, trades: &[PublicTrade]) -> Vec<Feed> {
    let mut events = Vec::new();
    let feed = |_| {
        let mut feed = Feed::new();
        for trade in trades {
            feed.apply(trade, &mut events);
            events.clear();
        }
        feed
    };
    (0..instruments).map(feed).collect()
}

/// What each instrument has had, how many instruments there are, and the trades: how many, and how far
/// apart in microseconds.
const CASES: [(&str, usize, u64, u64); 6] = [
    ("no trade", 10_000, 0, 0),
    ("one trade", 10_000, 1, 0),
    ("1,000 trades in 1,000 seconds", 10_000, 1_000, SECOND),
    ("1,000 trades, one a minute", 10_000, 1_000, 60 * SECOND),
    // Enough for a thousand candles of every interval.
    ("24,100 trades, one an hour", 200, 24_100, 3_600 * SECOND),
    ("1,000,000 trades in 24 hours", 1, 1_000_000, 86_400),
];

const SECOND: u64 = 1_000_000;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    if let Some(number) = env::args().nth(1) {
        let number = number.parse::<usize>().map_err(io::Error::other)?;
        let case = CASES.get(number);
        let (what, instruments, count, micros) = case.ok_or_else(|| io::Error::other("no case"))?;
        let trades = trades(1, *count, *micros, true, Course::Wandering);
        let before = resident()?;
        let feeds = fed(*instruments, &trades);
        let taken = resident()?.saturating_sub(before);
        let (millions, each) = (taken / 1_000_000, taken / feeds.len());
        return writeln!(out, "| {what} | {instruments} | {millions} | {each} |");
    }
    let (candle, trade) = (size_of::<Candle>(), size_of::<PublicTrade>());
    writeln!(out, "A candle is {candle} bytes, a trade {trade}.\n")?;
    writeln!(
        out,
        "| each instrument has had | instruments | MB | bytes each |"
    )?;
    writeln!(out, "|---|---:|---:|---:|")?;
    // A process for each: what one has given back, the system still counts as its own.
    for number in 0..CASES.len() {
        let mut case = Command::new(env::current_exe()?);
        out.write_all(&case.arg(number.to_string()).output()?.stdout)?;
    }
    Ok(())
}
