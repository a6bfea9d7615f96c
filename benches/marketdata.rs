//! Trades into candles and tickers, for one instrument and for many; events of a book into the depth
//! and into all of it.

// Criterion's macro makes a function that nobody calls by name.
#![allow(missing_docs)]

use std::time::Duration;

use benches::trades::{Course, Feed, trades, zipf};
use benches::{book_events, mixed, trade_commands};
use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group,
    criterion_main, measurement::WallTime,
};
use marketdata_core::{Depth, MarketData, Settings};
use orderbook_core::{Event, Timestamp};

const INSTRUMENTS: usize = 10_000;

fn group<'a>(
    criterion: &'a mut Criterion,
    name: &str,
    elements: usize,
) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).sampling_mode(SamplingMode::Flat);
    let elements = u64::try_from(elements).unwrap_or(u64::MAX);
    group.throughput(Throughput::Elements(elements));
    group
}

/// Candles of six intervals and the 24-hour ticker, without any book.
fn feeds(criterion: &mut Criterion) {
    const COUNT: u64 = 500_000;
    let count = usize::try_from(COUNT).unwrap_or_default();
    let mut group = group(criterion, "candles_and_ticker", count);
    let turns: Vec<usize> = (0..count).map(|turn| turn % INSTRUMENTS).collect();
    // Of many, each trades as often as the one does: every 200 ms.
    for (name, instruments, micros, whose) in [
        ("one_instrument", 1, 200_000, vec![0; count]),
        ("one_quiet_instrument", 1, 90_000_000, vec![0; count]),
        ("10000_in_turn", INSTRUMENTS, 20, turns),
        ("10000_zipf", INSTRUMENTS, 20, zipf(2, INSTRUMENTS, count)),
    ] {
        let trades = trades(1, COUNT, micros, false, Course::Wandering);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter_batched(
                || (vec![Feed::new(); instruments], Vec::with_capacity(1_000)),
                |(mut feeds, mut events)| {
                    for (trade, whose) in trades.iter().zip(&whose) {
                        events.clear();
                        feeds[*whose].apply(trade, &mut events);
                    }
                    (feeds, events)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn depth(criterion: &mut Criterion) {
    let events = book_events(&mixed(1, 100_000, 1_000));
    let mut group = group(criterion, "depth", events.len());
    group.bench_function("mixed_flow", |bencher| {
        bencher.iter_batched(
            Depth::new,
            |mut depth| {
                for (_, event) in &events {
                    let changes = depth.apply(event);
                    changes
                        .expect("the events are those of a book")
                        .for_each(drop);
                }
                depth
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn whole(criterion: &mut Criterion, name: &str, elements: usize, events: &[(Timestamp, Event)]) {
    let settings = Settings::default();
    let mut group = group(criterion, "marketdata", elements);
    group.bench_function(name, |bencher| {
        bencher.iter_batched(
            || (MarketData::new(&settings), Vec::with_capacity(1_000)),
            |(mut market, mut changes)| {
                for (time, event) in events {
                    changes.clear();
                    market
                        .apply(*time, event, &mut changes)
                        .expect("the events are those of a book");
                }
                (market, changes)
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn market_data(criterion: &mut Criterion) {
    feeds(criterion);
    depth(criterion);
    let trades = book_events(&trade_commands(50_000));
    whole(criterion, "trades", 50_000, &trades);
    let mixed_flow = book_events(&mixed(1, 100_000, 1_000));
    whole(criterion, "mixed_flow", 100_000, &mixed_flow);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = market_data
}
criterion_main!(benches);
