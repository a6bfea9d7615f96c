//! The order book alone.

// Criterion's macro makes a function that nobody calls by name.
#![allow(missing_docs)]

use std::time::Duration;

use benches::{MIDDLE, deep_book, instrument, limit, mixed};
use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use orderbook_core::{Command, OrderBook, OrderId, Side, TimeInForce};

/// Resting orders of the deep book, and levels per side.
const ORDERS: u64 = 100_000;
const LEVELS: u64 = 1_000;

fn one_order(criterion: &mut Criterion) {
    let mut book = deep_book(ORDERS, LEVELS);
    let mut events = Vec::new();
    let mut id = ORDERS;
    let mut group = criterion.benchmark_group("book");
    group.throughput(Throughput::Elements(2));

    // Half way down the bids, where other orders rest already.
    let price = MIDDLE - i64::try_from(LEVELS / 2).expect("levels are few");
    group.bench_function("place_and_cancel", |bencher| {
        bencher.iter(|| {
            id += 1;
            events.clear();
            let place = limit(id, Side::Buy, price, 10, TimeInForce::GTC);
            let order_id = OrderId::new(id);
            book.apply(&place, &mut events).expect("it is valid");
            book.apply(&Command::Cancel { order_id }, &mut events)
                .expect("it rests");
            events.len()
        });
    });

    // In the spread, so that the two meet each other and leave the book as it was.
    group.bench_function("place_and_cross", |bencher| {
        bencher.iter(|| {
            events.clear();
            let maker = limit(id + 1, Side::Sell, MIDDLE, 10, TimeInForce::GTC);
            let taker = limit(id + 2, Side::Buy, MIDDLE, 10, TimeInForce::IOC);
            id += 2;
            book.apply(&maker, &mut events).expect("it is valid");
            book.apply(&taker, &mut events).expect("it is valid");
            events.len()
        });
    });
    group.finish();
}

fn sweep(criterion: &mut Criterion) {
    // 500 asks, five on each of 100 levels, all of which one order takes.
    let book = deep_book(1_000, 100);
    let price = MIDDLE + 100;
    let taker = limit(1_001, Side::Buy, price, 500_000, TimeInForce::IOC);
    let mut group = criterion.benchmark_group("book");
    group.throughput(Throughput::Elements(500));
    group.bench_function("sweep_500_orders", |bencher| {
        bencher.iter_batched(
            || (book.clone(), Vec::with_capacity(2_000)),
            |(mut book, mut events)| {
                book.apply(&taker, &mut events).expect("it is valid");
                (book, events)
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn mixed_flow(criterion: &mut Criterion) {
    let commands = mixed(1, 100_000, 1_000);
    let mut group = criterion.benchmark_group("book");
    group.sample_size(20).sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("mixed_flow", |bencher| {
        bencher.iter_batched(
            || (OrderBook::new(instrument()), Vec::with_capacity(1_000)),
            |(mut book, mut events)| {
                for command in &commands {
                    events.clear();
                    book.apply(command, &mut events)
                        .expect("the flow is made for it");
                }
                (book, events)
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = one_order, sweep, mixed_flow
}
criterion_main!(benches);
