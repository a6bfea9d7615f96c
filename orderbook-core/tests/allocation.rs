//! What a book asks of the allocator: nothing once it has room, and so much for each order.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use orderbook_core::*;

/// The allocator of the system, and what this thread has asked of it.
struct Counting;

thread_local! {
    // Neither is initialised lazily nor has to be dropped, so that counting allocates nothing.
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

fn count(given_back: usize, asked_for: usize) {
    CALLS.set(CALLS.get() + 1);
    // Modulo 2^64: a thread may give back what another one has asked for.
    let bytes = BYTES.get().wrapping_add(asked_for).wrapping_sub(given_back);
    BYTES.set(bytes);
}

// SAFETY: everything is handed on to the allocator of the system as it came; counting touches
// nothing but numbers of this thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(layout.size(), size);
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often the allocator is called meanwhile.
fn calls(what: impl FnOnce()) -> u64 {
    let before = CALLS.get();
    what();
    CALLS.get() - before
}

/// Pseudo-random numbers, by the `SplitMix64` algorithm of Steele, Lea and Flood (2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn any<T: Copy>(&mut self, of: &[T]) -> T {
        let place = self.below(of.len() as u64);
        of[usize::try_from(place).expect("it was one")]
    }

    fn signed(&mut self, most: u64) -> i64 {
        self.below(2 * most + 1).cast_signed() - most.cast_signed()
    }
}

/// How many orders of the flow rest at most, and how far from the middle they are.
const ORDERS: usize = 2_000;
const WIDTH: u64 = 100;

/// All kinds of commands, near a middle that moves to and fro.
struct Flow {
    random: Random,
    id: u64,
    middle: i64,
    /// Ids of the newest orders, some of which are gone. The others were cancelled.
    recent: Vec<u64>,
    /// Where the next one goes.
    place: usize,
    /// One that has to make room.
    oldest: Option<u64>,
}

impl Flow {
    fn new() -> Self {
        Self {
            random: Random(7),
            id: 0,
            middle: 5_000_000,
            recent: vec![0; ORDERS],
            place: 0,
            oldest: None,
        }
    }

    fn new_id(&mut self) -> OrderId {
        self.id += 1;
        self.place = (self.place + 1) % ORDERS;
        let place = &mut self.recent[self.place];
        self.oldest = Some(std::mem::replace(place, self.id));
        OrderId::new(self.id)
    }

    fn order(&mut self, kind: OrderKind) -> Command {
        let id = self.new_id();
        let side = self.random.any(&[Side::Buy, Side::Sell]);
        Command::Place(Order {
            group: self.random.any(&[None, GroupId::new(1), GroupId::new(2)]),
            self_trade: (self.random.below(4) == 0).then_some(SelfTradePrevention::Decrement),
            ..Order::of_kind(
                id,
                AccountId::new(self.random.below(50)),
                side,
                Quantity::new(1 + self.random.below(100)),
                kind,
            )
        })
    }

    fn next(&mut self) -> Command {
        if let Some(oldest) = self.oldest.take() {
            let order_id = OrderId::new(oldest);
            return Command::Cancel { order_id };
        }
        self.middle = (self.middle + self.random.signed(1)).clamp(4_999_900, 5_000_100);
        let order_id = OrderId::new(self.random.any(&self.recent));
        let price = Price::new(self.middle + self.random.signed(WIDTH));
        let quantity = Quantity::new(1 + self.random.below(100));
        let limit = |time_in_force| OrderKind::Limit {
            price,
            time_in_force,
        };
        match self.random.below(100) {
            0..15 => Command::Cancel { order_id },
            15..30 => Command::Amend {
                order_id,
                quantity,
                price,
            },
            30..35 => Command::Reduce {
                order_id,
                by: quantity,
            },
            35..40 => Command::Replace {
                order_id,
                new_order_id: self.new_id(),
                quantity,
                price,
                time_in_force: TimeInForce::GTC,
            },
            40..45 => self.order(limit(TimeInForce::iceberg(Quantity::new(10)))),
            45..50 => self.order(limit(TimeInForce::POST_ONLY)),
            50..53 => self.order(limit(TimeInForce::IOC)),
            53..56 => self.order(limit(TimeInForce::FOK)),
            56..58 => self.order(OrderKind::MARKET),
            _ => self.order(limit(TimeInForce::GTC)),
        }
    }
}

fn instrument() -> Instrument {
    let hundredth = Step::new(1, 2).expect("a valid step");
    Instrument::new("BTCUSDT", hundredth, hundredth).expect("a valid instrument")
}

/// All orders but those with a date, which are kept in a tree.
#[test]
fn nothing_is_allocated_in_steady_state() {
    let mut book = OrderBook::with_capacity(instrument(), ORDERS + 1, 2_048);
    // There is room for as many icebergs as there ever were.
    fill(&mut book, ORDERS, TimeInForce::iceberg(Quantity::new(1)));
    book.apply(&Command::CancelAll(Selection::ALL), &mut Vec::new())
        .expect("it is valid");
    let mut flow = Flow::new();
    let mut events = Vec::with_capacity(10_000);
    let (mut trades, mut refused) = (0, 0);
    let mut play = |book: &mut OrderBook, commands: u64| {
        for _ in 0..commands {
            events.clear();
            refused += u64::from(book.apply(&flow.next(), &mut events).is_err());
            let traded = |event: &&Event| matches!(event, Event::Traded(_));
            trades += events.iter().filter(traded).count();
        }
    };
    // The window comes to the market.
    play(&mut book, 1_000);
    let asked = calls(|| play(&mut book, 500_000));
    assert_eq!(asked, 0, "calls of the allocator");

    // That was a market, and not one refusal after the other.
    assert!(trades > 50_000, "{trades} trades");
    assert!(refused < 400_000, "{refused} refused");
    assert!(book.len() > 200, "{} rest", book.len());
    assert_eq!(book.check(), Ok(()));
}

#[test]
fn queries_allocate_nothing() {
    let mut book = OrderBook::new(instrument());
    let mut flow = Flow::new();
    for _ in 0..10_000 {
        // Some are refused, which does not matter here.
        let _ = book.apply(&flow.next(), &mut Vec::new());
    }
    let id = book.orders(Side::Sell).last().expect("there are some").id;
    let order = Order::market(
        OrderId::new(u64::MAX),
        AccountId::new(1),
        Side::Buy,
        Quantity::new(5_000),
    );
    let quantity = Quantity::new(5_000);
    let asked = calls(|| {
        let some = book.best(Side::Buy).is_some()
            && book.levels(Side::Buy).count() > 1
            && book.orders(Side::Sell).count() > 1
            && book.order(id).is_some()
            && book.queue_position(id).is_some()
            && book.preview(&order).0 > Quantity::ZERO
            && book.cost_to_take(Side::Buy, quantity, None).0 > Quantity::ZERO
            && !book.quantity_within(Side::Buy, Price::new(1)).is_zero()
            && book.imbalance(5).per_million().is_some()
            && book.validate(&Command::Place(order)).is_ok()
            && book.state_hash().get() > 0;
        assert!(some);
    });
    assert_eq!(asked, 0);
}

/// Places so many plain orders, or others, on 200 levels.
fn fill(book: &mut OrderBook, orders: usize, time_in_force: TimeInForce) {
    let mut events = Vec::with_capacity(4);
    for id in 0..orders as u64 {
        events.clear();
        let order = Order::of_kind(
            OrderId::new(id),
            AccountId::new(id),
            Side::Buy,
            Quantity::new(10),
            OrderKind::Limit {
                price: Price::new(1_000 + (id % 200).cast_signed()),
                time_in_force,
            },
        );
        book.apply(&Command::Place(order), &mut events)
            .expect("it is valid");
    }
}

/// How many bytes more a book takes for each order beyond its first one.
fn bytes_per_order(orders: usize, capacity: usize, time_in_force: TimeInForce) -> usize {
    let bytes = |orders, capacity| {
        let before = BYTES.get();
        let mut book = OrderBook::with_capacity(instrument(), capacity, 0);
        fill(&mut book, orders, time_in_force);
        BYTES.get().wrapping_sub(before)
    };
    // To the nearest whole number: what the levels take does not count.
    (bytes(orders, capacity) - bytes(1, 1) + orders / 2) / (orders - 1)
}

/// Most unfavourable is one more than a power of two.
const MANY: [usize; 6] = [100_000, 131_071, 131_072, 131_073, 150_000, 262_143];

/// What the documentation of [`OrderBook`] says of a book that was made large enough.
#[test]
fn bytes_of_an_order() {
    for orders in MANY {
        let bytes = |terms| bytes_per_order(orders, orders, terms);
        let plain = bytes(TimeInForce::GTC);
        assert!((64..=96).contains(&plain), "{plain} of {orders}");
        let iceberg = bytes(TimeInForce::iceberg(Quantity::new(1))) - plain;
        assert!((40..=80).contains(&iceberg), "{iceberg} of {orders}");
        let dated = bytes(TimeInForce::gtd(Timestamp::new(5))) - plain;
        assert!((56..=120).contains(&dated), "{dated} of {orders}");
    }
}

/// The same for one that grew by doubling.
#[test]
fn bytes_of_an_order_in_a_book_that_grew() {
    for orders in MANY {
        let plain = bytes_per_order(orders, 0, TimeInForce::GTC);
        assert!((64..=160).contains(&plain), "{plain} of {orders}");
    }
}
