//! Sequences that somebody might choose to make the order book slow: they stay within the documented
//! complexity, however many orders there are.
//!
//! Each is measured in books of a thousand to a million orders. What is called `hostile_flat` costs
//! the same in all of them, what is called `hostile_logarithmic` grows with the number of digits;
//! both but for what memory costs that no cache holds.

// Criterion's macro makes a function that nobody calls by name.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use benches::{MIDDLE, Random, instrument, limit};
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use orderbook_core::{Command, Event, OrderBook, OrderId, Side, TimeInForce};

const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Between prices that are far apart, in ticks: more than there are near the market.
const FAR: i64 = 100_003;

/// A book, and an event buffer that is used again.
struct Subject {
    book: OrderBook,
    events: Vec<Event>,
}

impl Subject {
    /// With room for one order more than these.
    fn new(orders: u64, order: impl Fn(u64) -> Command) -> Self {
        let capacity = usize::try_from(orders + 1).expect("64 bits");
        let mut subject = Self {
            book: OrderBook::with_capacity(instrument(), capacity, 0),
            events: Vec::with_capacity(16),
        };
        for number in 0..orders {
            subject.apply(&order(number));
        }
        subject
    }

    fn apply(&mut self, command: &Command) {
        self.events.clear();
        self.book
            .apply(command, &mut self.events)
            .expect("it is valid");
        black_box(&self.events);
    }

    fn place_and_cancel(&mut self, order: &Command) {
        self.apply(order);
        let Command::Place(order) = order else { return };
        let order_id = order.id;
        self.apply(&Command::Cancel { order_id });
    }
}

fn order(id: u64, side: Side, price: i64) -> Command {
    limit(id, side, price, 1, TimeInForce::GTC)
}

/// Near the market, on a hundred levels.
fn near(id: u64) -> Command {
    order(id, Side::Buy, MIDDLE - (id % 100).cast_signed())
}

fn far(number: u64) -> i64 {
    FAR * (number + 1).cast_signed()
}

/// Measures something in a book of each size.
fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    subject: impl Fn(u64) -> Subject,
    mut step: impl FnMut(&mut Subject, u64, &mut Random),
) {
    for size in SIZES {
        let mut subject = subject(size);
        let mut random = Random::new(size);
        group.bench_function(BenchmarkId::new(name, size), |bencher| {
            bencher.iter(|| step(&mut subject, size, &mut random));
        });
    }
}

fn flat(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hostile_flat");
    group.throughput(Throughput::Elements(2));

    // All orders are of one lot and at one price: joining the queue and leaving it does not depend
    // on how long it is.
    let queue = |size| Subject::new(size, |id| order(id, Side::Buy, MIDDLE));
    measure(&mut group, "one_price", queue, |subject, size, _| {
        subject.place_and_cancel(&order(size, Side::Buy, MIDDLE));
    });

    // Somebody leaves the middle of that queue, and joins it again. Memory is visited at random.
    measure(
        &mut group,
        "middle_of_queue",
        queue,
        |subject, size, random| {
            let id = random.below(size);
            let order_id = OrderId::new(id);
            subject.apply(&Command::Cancel { order_id });
            subject.apply(&order(id, Side::Buy, MIDDLE));
        },
    );

    // Ids that count down from the largest one.
    let descending = |size| Subject::new(size, |number| near(u64::MAX - number));
    measure(
        &mut group,
        "ids_descending",
        descending,
        |subject, size, random| {
            subject.place_and_cancel(&near(u64::MAX - size - random.below(size)));
        },
    );

    // Cancellations of orders that are not there, whatever their ids.
    let ascending = |size| Subject::new(size, near);
    measure(
        &mut group,
        "cancel_unknown",
        ascending,
        |subject, size, random| {
            for _ in 0..2 {
                let order_id = OrderId::new(size + (random.number() >> 1));
                let command = Command::Cancel { order_id };
                let result = subject.book.apply(&command, &mut subject.events);
                assert!(black_box(result).is_err());
            }
        },
    );
    group.finish();
}

fn logarithmic(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hostile_logarithmic");
    group.throughput(Throughput::Elements(2));

    // Every order is at a price of its own, far from all others, and so is the new one.
    let sparse = |size| Subject::new(size, |id| order(id, Side::Sell, far(id)));
    measure(&mut group, "own_prices", sparse, |subject, size, random| {
        let price = far(random.below(size)) + FAR / 2;
        subject.place_and_cancel(&order(size, Side::Sell, price));
    });

    // The best price is now at one end of all prices, now at the other, and there is always a new
    // one: whichever end has direct access, the other one wants it. On each there are as many levels
    // as fit.
    let two_ends = |size| {
        Subject::new(size, |id| {
            let levels = size.min(30_000);
            order(
                id,
                Side::Sell,
                far(1_000_000) + 1_000 + (id % levels).cast_signed(),
            )
        })
    };
    measure(
        &mut group,
        "best_jumps",
        two_ends,
        |subject, size, random| {
            let distance = random.below(500).cast_signed();
            let (low, high) = (far(0) + distance, far(1_000_000) + distance);
            subject.place_and_cancel(&order(size, Side::Sell, low));
            subject.place_and_cancel(&order(size, Side::Sell, high));
        },
    );

    group.throughput(Throughput::Elements(2));

    // All ids collide in the table that finds orders by id.
    let colliding = |size| {
        let id = Colliding::new(size);
        Subject::new(size, move |number| near(id.number(2 * number)))
    };
    measure(
        &mut group,
        "ids_colliding",
        colliding,
        |subject, size, random| {
            let number = 2 * random.below(size) + 1;
            subject.place_and_cancel(&near(Colliding::new(size).number(number)));
        },
    );
    group.finish();
}

/// Ids that belong to one chain of the table of a book with room for so many orders. They are made
/// by solving `chain_of` in `orderbook-core/src/orders.rs` for the low bits, and have to follow it.
#[derive(Clone, Copy)]
struct Colliding {
    /// The table has two to the power of so many chains.
    bits: u32,
}

impl Colliding {
    const fn new(orders: u64) -> Self {
        let capacity = orders + 1;
        Self {
            bits: ((capacity + 1) * 2).next_power_of_two().trailing_zeros(),
        }
    }

    const fn number(self, high: u64) -> u64 {
        let turn = high.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let low = turn.wrapping_neg() & ((1 << self.bits) - 1);
        high << self.bits | low
    }
}

criterion_group! {
    name = hostile;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1));
    targets = flat, logarithmic
}
criterion_main!(hostile);
