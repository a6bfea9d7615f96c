//! An order book in fifteen lines: `cargo run -p examples --example quickstart`.

// An example shows its results where one looks for them.
#![allow(clippy::print_stdout)]

use orderbook_core::{AccountId, Command, Instrument, Order, OrderBook, OrderId, Side, Step};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let btcusdt = Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 5)?)?;
    let mut book = OrderBook::new(btcusdt);
    let mut events = Vec::new();
    let orders = [
        (1, Side::Sell, "61837.64", "0.02"),
        (2, Side::Buy, "61838.00", "0.05"),
    ];
    for (id, side, price, quantity) in orders {
        let price = book.instrument().price_from_decimal(price.parse()?)?;
        let quantity = book.instrument().quantity_from_decimal(quantity.parse()?)?;
        let order = Order::limit(OrderId::new(id), AccountId::new(id), side, quantity, price);
        book.apply(&Command::Place(order), &mut events)?;
    }
    println!("{events:#?}");
    println!("best bid: {:?}", book.best(Side::Buy));
    Ok(())
}
