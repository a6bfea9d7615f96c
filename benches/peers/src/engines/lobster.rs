//! `lobster`, through `OrderBook::execute`. It has neither an order that is immediate or cancel nor
//! a modification, so the first is an order and the cancel of what is left of it, and the second a
//! cancel and an order. It answers every cancel with `Canceled`, whether there was such an order or
//! not; which orders rest is kept here, in a table by id, and refusals are this table's.

use benches::flow::{self, Message};
use benches::naive::{Depth, Report};
use lobster::{BookLevel, FillMetadata, OrderBook, OrderEvent, OrderType, Side};

use crate::engine::{Engine, Sink, index, sides};

/// A book, and for each id whether the order rests.
#[derive(Debug)]
pub struct Lobster {
    book: OrderBook,
    rests: Vec<bool>,
}

/// An order or a cancel, in its words.
#[derive(Debug)]
pub enum Input {
    /// The order, and whether it is immediate.
    New(u64, OrderType, bool),
    /// The cancel.
    Cancel(u64),
    /// The order that takes the place of that of the same id.
    Modify(u64, OrderType),
}

impl Engine for Lobster {
    const NAME: &'static str = "lobster";

    type Input = Input;

    fn inputs(messages: &[Message]) -> Vec<Input> {
        let sides = sides(messages);
        let order = |id: u64, price: i64, qty| OrderType::Limit {
            id: id.into(),
            side: match sides[index(id)] {
                flow::Side::Buy => Side::Bid,
                flow::Side::Sell => Side::Ask,
            },
            qty,
            price: price.cast_unsigned(),
        };
        let input = |message: &Message| match *message {
            Message::New {
                id,
                price,
                quantity,
                immediate,
                ..
            } => Input::New(id, order(id, price, quantity), immediate),
            Message::Cancel { id } => Input::Cancel(id),
            Message::Modify {
                id,
                price,
                quantity,
            } => Input::Modify(id, order(id, price, quantity)),
        };
        messages.iter().map(input).collect()
    }

    fn new(messages: &[Message]) -> Self {
        Self {
            // Room for all that rests at once in any flow.
            book: OrderBook::new(100_000, 10, false),
            rests: vec![false; sides(messages).len()],
        }
    }

    fn apply(&mut self, input: &Input, sink: &mut impl Sink) {
        match *input {
            Input::New(id, order, immediate) => {
                sink.report(Report::Accepted { id });
                self.place(id, order, immediate, sink);
            }
            Input::Cancel(id) => {
                self.book.execute(OrderType::Cancel { id: id.into() });
                sink.report(if std::mem::take(&mut self.rests[index(id)]) {
                    Report::Cancelled { id }
                } else {
                    Report::Rejected { id }
                });
            }
            Input::Modify(id, order) => {
                if !std::mem::take(&mut self.rests[index(id)]) {
                    return sink.report(Report::Rejected { id });
                }
                self.book.execute(OrderType::Cancel { id: id.into() });
                sink.report(Report::Modified { id });
                self.place(id, order, false, sink);
            }
        }
    }

    fn depth(&self) -> Option<Depth> {
        let depth = self.book.depth(0);
        let side = |levels: &[BookLevel]| {
            levels
                .iter()
                .map(|level| (level.price.cast_signed(), level.qty))
                .collect()
        };
        Some([side(&depth.bids), side(&depth.asks)])
    }
}

impl Lobster {
    fn place(&mut self, id: u64, order: OrderType, immediate: bool, sink: &mut impl Sink) {
        let rests = match self.book.execute(order) {
            OrderEvent::Filled { fills, .. } => {
                self.trades(&fills, sink);
                false
            }
            OrderEvent::PartiallyFilled { fills, .. } => {
                self.trades(&fills, sink);
                true
            }
            _ => true,
        };
        if rests && immediate {
            self.book.execute(OrderType::Cancel { id: id.into() });
        } else {
            self.rests[index(id)] = rests;
        }
    }

    fn trades(&mut self, fills: &[FillMetadata], sink: &mut impl Sink) {
        let id = |id: u128| u64::try_from(id).expect("it is one of ours");
        for fill in fills {
            let maker = id(fill.order_2);
            if fill.total_fill {
                self.rests[index(maker)] = false;
            }
            sink.report(Report::Traded {
                maker,
                taker: id(fill.order_1),
                price: fill.price.cast_signed(),
                quantity: fill.qty,
            });
        }
    }
}
