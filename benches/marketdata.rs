//! Events of a book into candles, ticker, depth and tape.

// Criterion's macro makes a function that nobody calls by name.
#![allow(missing_docs)]

use std::time::Duration;

use benches::{MIDDLE, Random, instrument, limit, mixed};
use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use marketdata_core::{Limits, MarketData};
use orderbook_core::{Command, Event, OrderBook, Side, TimeInForce, Timestamp};

/// The events of commands that come 50 ms apart, with their times.
fn events_of(commands: &[Command]) -> Vec<(Timestamp, Event)> {
    let mut book = OrderBook::new(instrument());
    let (mut events, mut all) = (Vec::new(), Vec::new());
    for (count, command) in (1..).zip(commands) {
        book.apply(command, &mut events)
            .expect("the flow is made for it");
        let time = Timestamp::from_millis(count * 50);
        all.extend(events.drain(..).map(|event| (time, event)));
    }
    all
}

/// A maker and a taker for every trade, at prices that wander.
fn trades(count: u64) -> Vec<Command> {
    let mut random = Random::new(1);
    let mut price = MIDDLE;
    let mut commands = Vec::new();
    for id in 1..=count {
        price += [-1, 0, 1][usize::try_from(random.below(3)).unwrap_or_default()];
        let (maker, taker) = [(Side::Buy, Side::Sell), (Side::Sell, Side::Buy)]
            [usize::try_from(random.below(2)).unwrap_or_default()];
        let quantity = 1 + random.below(1_000);
        commands.extend([
            limit(2 * id, maker, price, quantity, TimeInForce::GTC),
            limit(2 * id + 1, taker, price, quantity, TimeInForce::IOC),
        ]);
    }
    commands
}

fn fold(criterion: &mut Criterion, name: &str, elements: u64, events: &[(Timestamp, Event)]) {
    let limits = Limits {
        candles: 1_000,
        trades: 1_000,
    };
    let mut group = criterion.benchmark_group("marketdata");
    group.sample_size(20).sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(elements));
    group.bench_function(name, |bencher| {
        bencher.iter_batched(
            || (MarketData::new(limits), Vec::with_capacity(1_000)),
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
    fold(criterion, "trades", 50_000, &events_of(&trades(50_000)));
    fold(
        criterion,
        "mixed_flow",
        100_000,
        &events_of(&mixed(1, 100_000, 1_000)),
    );
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = market_data
}
criterion_main!(benches);
