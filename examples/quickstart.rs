//! An order book in fifteen lines: `cargo run -p examples --example quickstart`.

// An example shows its results where one looks for them.
#![allow(clippy::print_stdout)]

use orderbook_core::{
    AccountId, Command, Event, Instrument, Order, OrderBook, OrderId, OrderKind, Price, Quantity,
    Side, Step, TimeInForce,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Prices in cents, quantities in hundred-thousandths of a bitcoin.
    let btcusdt = Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 5)?)?;
    let mut book = OrderBook::new(btcusdt);
    let mut events = Vec::new();
    let orders = [
        (Side::Sell, "61838.10", "0.5"),
        (Side::Sell, "61837.64", "0.02"),
        (Side::Buy, "61837.63", "0.3"),
        (Side::Buy, "61838.00", "0.05"), // meets the ask at 61837.64, the rest of it waits
    ];
    for (id, (side, price, quantity)) in (1..).zip(orders) {
        let price = book.instrument().price_from_decimal(price.parse()?)?;
        let order = Order {
            id: OrderId::new(id),
            account: AccountId::new(id),
            side,
            quantity: book.instrument().quantity_from_decimal(quantity.parse()?)?,
            kind: OrderKind::Limit {
                price,
                time_in_force: TimeInForce::GoodTillCancel,
            },
        };
        book.apply(&Command::Place(order), &mut events)?;
    }

    let price = |price: Price| {
        book.instrument()
            .price_to_decimal(price)
            .unwrap_or_default()
    };
    let quantity = |lots: Quantity| {
        book.instrument()
            .quantity_to_decimal(lots)
            .unwrap_or_default()
    };
    for event in &events {
        if let Event::Traded(trade) = event {
            println!(
                "traded {} at {}",
                quantity(trade.quantity),
                price(trade.price)
            );
        }
    }
    for side in [Side::Sell, Side::Buy] {
        for level in book.levels(side) {
            println!(
                "{side:?} {} at {}",
                quantity(level.quantity),
                price(level.price)
            );
        }
    }
    Ok(())
}
