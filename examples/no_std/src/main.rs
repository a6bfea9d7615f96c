//! A market in a program that has no standard library: no files, no threads, no clock, and an
//! allocator and a panic handler of its own. Where any crate below it brought `std` along, there
//! would be two panic handlers, and it would not build.
//!
//! It runs without arguments; its exit code is 0 where all went well.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

use accounts_core::{Amount, AssetId, FeeRate, FeeSchedule};
use exchange_engine::{Command, Exchange, Input, InstrumentId, Listing};
use marketdata_core::{MarketData, Settings};
use orderbook_core::{
    AccountId, Instrument, Order, OrderBook, OrderId, OrderKind, Price, Quantity, Side, Step,
    TimeInForce, Timestamp,
};

/// Enough for a book or two.
const HEAP: usize = 16 << 20;

/// Hands out memory from the beginning to the end and takes none back.
struct Bump {
    heap: UnsafeCell<[u8; HEAP]>,
    used: AtomicUsize,
}

// SAFETY: no byte of the heap is handed out twice, whoever asks.
unsafe impl Sync for Bump {}

// SAFETY: what is handed out lies in the heap, is aligned, and belongs to nobody else.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let heap = self.heap.get().cast::<u8>();
        let place = |used: usize| {
            let start = (heap.addr() + used).next_multiple_of(layout.align()) - heap.addr();
            Some((start, start.checked_add(layout.size())?)).filter(|(_, end)| *end <= HEAP)
        };
        let order = Ordering::Relaxed;
        let taken = self
            .used
            .fetch_update(order, order, |used| place(used).map(|(_, end)| end));
        match taken.ok().and_then(place) {
            // SAFETY: it starts within the heap, and ends there.
            Some((start, _)) => unsafe { heap.add(start) },
            None => null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static BUMP: Bump = Bump {
    heap: UnsafeCell::new([0; HEAP]),
    used: AtomicUsize::new(0),
};

// What starts the program, and what copies memory.
#[link(name = "c")]
unsafe extern "C" {
    fn abort() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: it takes nothing and does not return.
    unsafe { abort() }
}

// `alloc` comes compiled for programs that unwind and names these two. Here nothing unwinds, so that
// nobody calls them.

// SAFETY: the only one of this name.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

// SAFETY: the only one of this name.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() {}

// SAFETY: the only one of this name; called once, by what starts the program.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    match book().and_then(|()| exchange()) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

type Outcome = Result<(), Box<dyn core::error::Error>>;

fn instrument() -> Result<Instrument, orderbook_core::InstrumentError> {
    Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 5)?)?
        .with_price_limits(Price::new(1), Price::new(1_000_000_000))?
        .with_quantity_limits(Quantity::new(1), Quantity::new(1_000_000_000))
}

/// Two orders meet in a book, and market data follow.
fn book() -> Outcome {
    let mut book = OrderBook::new(instrument()?);
    let mut events = Vec::new();
    let price = Price::new(100);
    for (id, side, quantity) in [(1, Side::Sell, 5), (2, Side::Buy, 2)] {
        let (id, account) = (OrderId::new(id), AccountId::new(id));
        let order = Order::limit(id, account, side, Quantity::new(quantity), price);
        book.apply(&orderbook_core::Command::Place(order), &mut events)?;
    }
    let mut market = MarketData::new(&Settings {
        candles: 10,
        trades: 10,
        ..Settings::default()
    });
    for event in &events {
        market.apply(Timestamp::from_millis(1_000), event, &mut Vec::new())?;
    }
    assert_eq!(market.last_trade().map(|trade| trade.price), Some(price));
    let restored = OrderBook::restore(&book.snapshot())?;
    assert_eq!(restored.state_hash(), book.state_hash());
    Ok(())
}

/// The same in an exchange, with money and fees, and a snapshot of it.
fn exchange() -> Outcome {
    let (base, quote) = (AssetId::new(0), AssetId::new(1));
    let instrument_id = InstrumentId::new(0);
    let fee = FeeRate::new(1_000)?;
    let mut commands = Vec::from([
        Command::AddAsset {
            asset: base,
            code: "BTC".into(),
            decimals: 8,
        },
        Command::AddAsset {
            asset: quote,
            code: "USDT".into(),
            decimals: 8,
        },
        Command::ListInstrument(Listing {
            id: instrument_id,
            instrument: instrument()?,
            base,
            quote,
            fees: FeeSchedule::flat(fee, fee)?,
        }),
    ]);
    for (id, side, quantity) in [(1, Side::Sell, 5), (2, Side::Buy, 2)] {
        let account = AccountId::new(id);
        commands.push(Command::OpenAccount { account });
        commands.extend([base, quote].map(|asset| Command::Deposit {
            account,
            asset,
            amount: Amount::new(1_000_000_000),
        }));
        commands.push(Command::Place {
            account,
            instrument: instrument_id,
            client_order_id: None,
            side,
            quantity: Quantity::new(quantity),
            kind: OrderKind::Limit {
                price: Price::new(100),
                time_in_force: TimeInForce::GTC,
            },
            self_trade: None,
        });
    }
    let mut exchange = Exchange::new();
    let mut events = Vec::new();
    for command in commands {
        let time = Timestamp::from_millis(1_000);
        exchange.apply(&Input { time, command }, &mut events)?;
    }
    exchange.check()?;
    assert!(events.len() > 10);
    let restored = Exchange::restore(&exchange.snapshot())?;
    assert_eq!(restored.state_hash(), exchange.state_hash());
    Ok(())
}
