//! The whole exchange: book, holds, settlement with fees, and all of their events.

// Criterion's macro makes a function that nobody calls by name.
#![allow(missing_docs)]

use std::time::Duration;

use benches::flow::{self, Flow, Regime};
use benches::{amendments, command, exchange, inputs, instrument, mixed};
use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use orderbook_core::{Command, OrderBook};

/// After how many messages somebody would have taken the events.
const BATCH: usize = 64;

/// The same messages for a book alone and for the exchange around it: what holds, settlement and
/// all of their events cost on top.
fn flows(criterion: &mut Criterion) {
    for kind in Flow::ALL {
        let messages = amendments(&flow::messages(kind, Regime::Normal, 1, 100_000));
        let commands: Vec<Command> = messages.iter().map(command).collect();
        let inputs = inputs(&commands);
        let mut group = criterion.benchmark_group(format!("ledger_on_top/{kind}"));
        group.sample_size(30).sampling_mode(SamplingMode::Flat);
        group.throughput(Throughput::Elements(commands.len() as u64));
        group.bench_function("book", |bencher| {
            bencher.iter_batched(
                || (OrderBook::new(instrument()), Vec::with_capacity(1_000)),
                |(mut book, mut events)| {
                    for batch in commands.chunks(BATCH) {
                        for command in batch {
                            // Refusals are part of the flow.
                            let _ = book.apply(command, &mut events);
                        }
                        events.clear();
                    }
                    (book, events)
                },
                BatchSize::LargeInput,
            );
        });
        group.bench_function("exchange", |bencher| {
            bencher.iter_batched(
                || (exchange(), Vec::with_capacity(1_000)),
                |(mut exchange, mut events)| {
                    for batch in inputs.chunks(BATCH) {
                        for input in batch {
                            let _ = exchange.apply(input, &mut events);
                        }
                        events.clear();
                    }
                    (exchange, events)
                },
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}

fn mixed_flow(criterion: &mut Criterion) {
    let inputs = inputs(&mixed(1, 100_000, 1_000));
    let empty = exchange();
    let mut group = criterion.benchmark_group("engine");
    group.sample_size(20).sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("mixed_flow", |bencher| {
        bencher.iter_batched(
            || (empty.clone(), Vec::with_capacity(1_000)),
            |(mut exchange, mut events)| {
                for input in &inputs {
                    events.clear();
                    exchange
                        .apply(input, &mut events)
                        .expect("the flow is made for it");
                }
                (exchange, events)
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn state_hash(criterion: &mut Criterion) {
    let mut full = exchange();
    let mut events = Vec::new();
    for input in &inputs(&mixed(1, 100_000, 1_000)) {
        events.clear();
        full.apply(input, &mut events)
            .expect("the flow is made for it");
    }
    let mut group = criterion.benchmark_group("engine");
    group.bench_function("state_hash", |bencher| bencher.iter(|| full.state_hash()));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = flows, mixed_flow, state_hash
}
criterion_main!(benches);
