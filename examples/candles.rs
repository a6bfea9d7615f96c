//! Candles of a CSV of trades, as a table and as a chart:
//!
//! ```sh
//! cargo run --release -p examples --example candles -- [TRADES.csv[.zst]] [--interval 1m]
//!     [--chart chart.svg] [--csv candles.csv]
//! ```
//!
//! The CSV has the columns `trade_id`, `trade_time_ms`, `price`, `qty` and `is_buyer_maker`, in any
//! order. Without one, the extract in `data/` is taken.

// An example shows its results where one looks for them.
#![allow(clippy::print_stdout)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use examples::trades::Trades;
use examples::{candles, chart, utc};
use indicatif::{ProgressBar, ProgressStyle};
use marketdata_core::{Candle, CandleEvent, Candles, Interval};

const USAGE: &str = "usage: candles [TRADES.csv[.zst]] [--interval 1m] [--chart FILE] [--csv FILE]";

/// So many candles, the newest ones, are printed and drawn.
const PRINTED: usize = 20;
const DRAWN: usize = 240;

/// What was asked for.
pub(crate) struct Options {
    trades: PathBuf,
    interval: Interval,
    chart: Option<PathBuf>,
    csv: Option<PathBuf>,
}

impl Options {
    pub(crate) fn from(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut trades = None;
        let (mut interval, mut chart, mut csv) = (Interval::ONE_MINUTE, None, None);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().context(USAGE);
            match argument.as_str() {
                "--interval" => interval = value()?.parse()?,
                "--chart" => chart = Some(PathBuf::from(value()?)),
                "--csv" => csv = Some(PathBuf::from(value()?)),
                _ if argument.starts_with("--") || trades.is_some() => bail!(USAGE),
                _ => trades = Some(PathBuf::from(argument)),
            }
        }
        let extract = || {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("data/binance_spot_btcusdt_20240808_trades.csv.zst")
        };
        let trades = trades.unwrap_or_else(extract);
        Ok(Self {
            trades,
            interval,
            chart,
            csv,
        })
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::from(env::args().skip(1))?;
    print!("{}", run(&options)?);
    Ok(())
}

/// Does what was asked for and returns what is to be printed.
pub(crate) fn run(options: &Options) -> anyhow::Result<String> {
    let trades = Trades::open(&options.trades)?;
    let candles = candles_of(&trades, options.interval)?;
    if candles.is_empty() {
        bail!("{}: there are no trades", options.trades.display());
    }

    let (pair, interval) = (trades.pair(), options.interval);
    let mut lines = vec![candles::HEADER.to_owned()];
    let printed = newest(&candles, PRINTED).iter();
    lines.extend(printed.map(|candle| candles::row(pair, interval, candle)));
    let count = trades.trades().len();
    lines.push(format!("{count} trades, {} candles\n", candles.len()));
    if let Some(path) = &options.csv {
        write(path, &candles::csv(pair, &candles))?;
    }
    if let Some(path) = &options.chart {
        let drawn = newest(&candles, DRAWN);
        write(path, &chart::svg(&title(options, drawn), pair, drawn)?)?;
    }
    Ok(lines.join("\n"))
}

/// All candles of the trades, oldest first.
fn candles_of(trades: &Trades, interval: Interval) -> anyhow::Result<Vec<Candle>> {
    let trades = trades.trades();
    // Where stderr is no terminal, nothing is drawn.
    let bar = ProgressBar::new(u64::try_from(trades.len())?).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} trades {elapsed} (left: {eta})")?,
    );
    let mut candles = Candles::new(&[interval], trades.len());
    let mut events: Vec<CandleEvent> = Vec::new();
    for (count, trade) in (0..).zip(trades) {
        events.clear();
        candles.apply(trade, &mut events)?;
        if count % 1_024 == 0 {
            bar.set_position(count);
        }
    }
    bar.finish_and_clear();
    let series = candles.get(interval);
    Ok(series.map_or_else(Vec::new, |series| series.candles().collect()))
}

fn newest(candles: &[Candle], count: usize) -> &[Candle] {
    &candles[candles.len().saturating_sub(count)..]
}

/// What was drawn, and of when.
fn title(options: &Options, candles: &[Candle]) -> String {
    let name = options.trades.file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let name = name.strip_suffix(".zst").unwrap_or(&name);
    let name = name.strip_suffix(".csv").unwrap_or(name);
    let begin = candles.first().map(|candle| utc(candle.open_time));
    let begin = begin.unwrap_or_default();
    format!("{name}, {}, from {begin} UTC", options.interval)
}

fn write(path: &Path, contents: &str) -> anyhow::Result<()> {
    fs::write(path, contents).with_context(|| format!("{} cannot be written", path.display()))
}
