//! Applies one flow to a book, to a whole exchange or to market data, inside of one function and does
//! nothing else there, so that callgrind can count its instructions: `scripts/count-instructions`
//! runs it and divides.
//!
//! ```sh
//! instructions book|exchange FLOW REGIME ORDERS    # says how many messages there were
//! instructions marketdata SUBJECT COUNT            # says how many trades or events there were
//! ```

use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;

use benches::flow::{self, Flow, Regime};
use benches::trades::{Course, Feed, trades, zipf};
use exchange_engine::{Exchange, Input};
use marketdata_core::{
    CandleEvent, Candles, Depth, Interval, MarketData, MarketEvent, PublicTrade, RollingTicker,
    Settings, Window,
};
use orderbook_core::{Command, Event, OrderBook, Timestamp};

/// After how many messages somebody would have taken the events.
const BATCH: usize = 64;

/// More events than a batch has, mostly.
const EVENTS: usize = 1_024;

/// How many instruments the subjects of many have.
const INSTRUMENTS: usize = 10_000;

/// What there is to measure of market data.
const SUBJECTS: [&str; 10] = [
    "candles-1",
    "candles-6",
    "ticker",
    "tickers-3",
    "feed",
    "feed-quiet",
    "feeds-in-turn",
    "feeds-zipf",
    "depth",
    "all",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let count = match arguments[..] {
        ["marketdata", subject, count] => count
            .parse()
            .ok()
            .and_then(|count| measure_marketdata(subject, count)),
        [subject @ ("book" | "exchange"), flow, regime, orders] => {
            parse(flow, regime, orders).map(|flow| measure_messages(subject == "exchange", flow))
        }
        _ => None,
    };
    let Some(count) = count else {
        let flows = Flow::ALL.map(|flow| flow.to_string()).join("|");
        let regimes = Regime::ALL.map(|regime| regime.to_string()).join("|");
        let _ = writeln!(
            io::stderr(),
            "usage: instructions book|exchange {flows} {regimes} ORDERS\n       \
             instructions marketdata {} COUNT",
            SUBJECTS.join("|")
        );
        return ExitCode::from(2);
    };
    match writeln!(io::stdout(), "{count}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn parse(flow: &str, regime: &str, orders: &str) -> Option<(Flow, Regime, usize)> {
    let flow = Flow::ALL
        .into_iter()
        .find(|known| known.to_string() == flow)?;
    let regime = Regime::ALL
        .into_iter()
        .find(|known| known.to_string() == regime)?;
    Some((flow, regime, orders.parse().ok()?))
}

fn measure_messages(whole: bool, (flow, regime, orders): (Flow, Regime, usize)) -> usize {
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
    commands.len()
}

/// Trades of one instrument come 200 ms apart on average, so that half a million of them are more than
/// a day, or a minute and a half in a quiet market; those of many in all every 20 µs, which is as
/// often for each of them.
fn measure_marketdata(subject: &str, count: usize) -> Option<usize> {
    let mut events = Vec::with_capacity(EVENTS);
    if ["depth", "all"].contains(&subject) {
        let flow = benches::book_events(&benches::mixed(1, count, 1_000));
        if subject == "depth" {
            let mut depth = Depth::new();
            measured_depth(&mut depth, &flow);
            black_box(&depth);
        } else {
            let mut market = MarketData::new(&Settings::default());
            measured_all(&mut market, &flow, &mut Vec::with_capacity(EVENTS));
            black_box(&market);
        }
        return Some(flow.len());
    }
    let micros = match subject {
        "feed-quiet" => 90_000_000,
        "feeds-in-turn" | "feeds-zipf" => 20,
        _ => 200_000,
    };
    let trades = trades(
        1,
        u64::try_from(count).ok()?,
        micros,
        false,
        Course::Wandering,
    );
    let whose: Vec<usize> = match subject {
        "feeds-in-turn" => (0..count).map(|turn| turn % INSTRUMENTS).collect(),
        "feeds-zipf" => zipf(2, INSTRUMENTS, count),
        _ => vec![0; count],
    };
    match subject {
        "candles-1" | "candles-6" => {
            let intervals = match subject {
                "candles-1" => &[Interval::ONE_MINUTE][..],
                _ => &Interval::STANDARD,
            };
            let mut candles = Candles::new(intervals, 1_000);
            measured_candles(&mut candles, &trades, &mut events);
            black_box(&candles);
        }
        "ticker" | "tickers-3" => {
            let windows = match subject {
                "ticker" => &[Window::ONE_DAY][..],
                _ => &[Window::ONE_HOUR, Window::FOUR_HOURS, Window::ONE_DAY],
            };
            let mut ticker = RollingTicker::new(windows, usize::MAX);
            measured_ticker(&mut ticker, &trades);
            black_box(&ticker);
        }
        "feed" | "feed-quiet" | "feeds-in-turn" | "feeds-zipf" => {
            let instruments = match subject {
                "feed" | "feed-quiet" => 1,
                _ => INSTRUMENTS,
            };
            let mut feeds = vec![Feed::new(); instruments];
            measured_feeds(&mut feeds, &trades, &whose, &mut events);
            black_box(&feeds);
        }
        _ => return None,
    }
    Some(count)
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

/// Trades into candles.
#[inline(never)]
pub fn measured_candles(
    candles: &mut Candles,
    trades: &[PublicTrade],
    events: &mut Vec<CandleEvent>,
) {
    for batch in trades.chunks(BATCH) {
        for trade in batch {
            let _ = black_box(candles.apply(trade, events));
        }
        black_box(&events);
        events.clear();
    }
}

/// Trades into the statistics of windows.
#[inline(never)]
pub fn measured_ticker(ticker: &mut RollingTicker, trades: &[PublicTrade]) {
    for trade in trades {
        let _ = black_box(ticker.apply(trade));
    }
}

/// Trades into candles and statistics, each of the instrument that it is of.
#[inline(never)]
pub fn measured_feeds(
    feeds: &mut [Feed],
    trades: &[PublicTrade],
    whose: &[usize],
    events: &mut Vec<CandleEvent>,
) {
    for (trade, whose) in trades.iter().zip(whose) {
        if let Some(feed) = feeds.get_mut(*whose) {
            feed.apply(trade, events);
        }
        if events.len() > BATCH {
            black_box(&events);
            events.clear();
        }
    }
}

/// Events of a book into the depth.
#[inline(never)]
pub fn measured_depth(depth: &mut Depth, flow: &[(Timestamp, Event)]) {
    for (_, event) in flow {
        if let Ok(changes) = depth.apply(event) {
            for change in changes {
                black_box(change);
            }
        }
    }
}

/// Events of a book into all market data.
#[inline(never)]
pub fn measured_all(
    market: &mut MarketData,
    flow: &[(Timestamp, Event)],
    changes: &mut Vec<MarketEvent>,
) {
    for batch in flow.chunks(BATCH) {
        for (time, event) in batch {
            let _ = black_box(market.apply(*time, event, changes));
        }
        black_box(&changes);
        changes.clear();
    }
}
