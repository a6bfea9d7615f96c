//! The whole exchange: book, holds, settlement with fees, and all of their events.

// Criterion's macro makes a function that nobody calls by name.
#![allow(missing_docs)]

use std::time::Duration;

use benches::{exchange, inputs, mixed};
use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};

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
    targets = mixed_flow, state_hash
}
criterion_main!(benches);
