//! `orderbook-rs`, through `add_order_with_committed`, which is the way to get the trades with the
//! answer even where the rest of an order expires, and `cancel_order`. Trades of `update_order` are
//! told to a listener only, which costs more than it saves; a modification is a cancel and an order.

use std::sync::Arc;

use benches::flow::{self, Message};
use benches::naive::{Depth, Report};
use orderbook_rs::{Id, OrderBook, OrderBookError, OrderType, Side, StubClock, TimeInForce};
use pricelevel::{Hash32, Price, Quantity, TimestampMs};

use crate::engine::{Engine, Sink, index, sides};

/// A book without payload, whose clock only counts.
pub struct OrderbookRs(OrderBook<()>);

/// A message in its words.
#[derive(Debug)]
pub enum Input {
    /// The order.
    New(u64, OrderType<()>),
    /// The cancel.
    Cancel(u64),
    /// The order that takes the place of that of the same id.
    Modify(u64, OrderType<()>),
}

impl Engine for OrderbookRs {
    const NAME: &'static str = "orderbook-rs";

    type Input = Input;

    fn inputs(messages: &[Message]) -> Vec<Input> {
        let sides = sides(messages);
        let order = |id, price: i64, quantity, time_in_force| OrderType::Standard {
            id: Id::Sequential(id),
            price: Price::new(price.cast_unsigned().into()),
            quantity: Quantity::new(quantity),
            side: match sides[index(id)] {
                flow::Side::Buy => Side::Buy,
                flow::Side::Sell => Side::Sell,
            },
            user_id: Hash32::zero(),
            timestamp: TimestampMs::new(0),
            time_in_force,
            extra_fields: (),
        };
        let input = |message: &Message| match *message {
            Message::New {
                id,
                price,
                quantity,
                immediate,
                ..
            } => {
                let time_in_force = if immediate {
                    TimeInForce::Ioc
                } else {
                    TimeInForce::Gtc
                };
                Input::New(id, order(id, price, quantity, time_in_force))
            }
            Message::Cancel { id } => Input::Cancel(id),
            Message::Modify {
                id,
                price,
                quantity,
            } => Input::Modify(id, order(id, price, quantity, TimeInForce::Gtc)),
        };
        messages.iter().map(input).collect()
    }

    fn new(_: &[Message]) -> Self {
        Self(OrderBook::with_clock("BTCUSDT", Arc::new(StubClock::new())))
    }

    fn apply(&mut self, input: &Input, sink: &mut impl Sink) {
        match *input {
            Input::New(id, order) => self.place(id, order, Report::Accepted { id }, sink),
            Input::Cancel(id) => sink.report(if self.cancel(id) {
                Report::Cancelled { id }
            } else {
                Report::Rejected { id }
            }),
            Input::Modify(id, order) => {
                if self.cancel(id) {
                    self.place(id, order, Report::Modified { id }, sink);
                } else {
                    sink.report(Report::Rejected { id });
                }
            }
        }
    }

    fn depth(&self) -> Option<Depth> {
        let (bids, asks) = self.0.get_volume_by_price().ok()?;
        let levels = [bids, asks].map(|levels| {
            let price = |price| i64::try_from(price).expect("it is one of ours");
            levels
                .into_iter()
                .map(|(at, quantity)| (price(at), quantity))
                .collect()
        });
        Some(levels)
    }
}

impl OrderbookRs {
    fn cancel(&self, id: u64) -> bool {
        matches!(self.0.cancel_order(Id::Sequential(id)), Ok(Some(_)))
    }

    fn place(&self, id: u64, order: OrderType<()>, taken: Report, sink: &mut impl Sink) {
        let trades = match self.0.add_order_with_committed(order) {
            Ok((_, trades)) => trades,
            // An immediate order that was not filled whole.
            Err(failure)
                if matches!(failure.error, OrderBookError::InsufficientLiquidity { .. }) =>
            {
                failure.committed.map(|trades| *trades)
            }
            Err(_) => return sink.report(Report::Rejected { id }),
        };
        sink.report(taken);
        let Some(trades) = trades else { return };
        let number = |id| match id {
            Id::Sequential(number) => number,
            _ => 0,
        };
        for trade in trades.match_result.trades().as_vec() {
            sink.report(Report::Traded {
                maker: number(trade.maker_order_id()),
                taker: number(trade.taker_order_id()),
                price: i64::try_from(trade.price().as_u128()).expect("it is one of ours"),
                quantity: trade.quantity().as_u64(),
            });
        }
    }
}
