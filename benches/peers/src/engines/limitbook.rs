//! `limitbook`, through `add_limit_order` and `cancel_limit_order`. It numbers orders itself, so ids
//! are translated. It has neither an order that is immediate or cancel nor a modification, so the
//! first is an order and the cancel of what is left of it, and the second a cancel and an order.
//! What rests beyond the best prices cannot be asked.

use benches::flow::{self, Message};
use benches::naive::{Depth, Report};
use limitbook::{OrderBook, OrderSide};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::engine::{Engine, Sink, index, sides};

/// A book, and ids both ways.
pub struct Limitbook {
    book: OrderBook,
    /// Ours by its own.
    ids: Vec<u64>,
    /// Its own by ours, the newest where an order was modified.
    own: Vec<u64>,
}

/// An order in its words.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    side: OrderSide,
    price: Decimal,
    quantity: Decimal,
}

/// A message in its words, with our id.
#[derive(Debug)]
pub enum Input {
    /// The order, and whether it is immediate.
    New(u64, Terms, bool),
    /// The cancel.
    Cancel(u64),
    /// The order that takes the place of that of the same id.
    Modify(u64, Terms),
}

impl Engine for Limitbook {
    const NAME: &'static str = "limitbook";

    type Input = Input;

    fn inputs(messages: &[Message]) -> Vec<Input> {
        let sides = sides(messages);
        let terms = |id, price: i64, quantity: u64| Terms {
            side: match sides[index(id)] {
                flow::Side::Buy => OrderSide::Buy,
                flow::Side::Sell => OrderSide::Sell,
            },
            price: price.into(),
            quantity: quantity.into(),
        };
        let input = |message: &Message| match *message {
            Message::New {
                id,
                price,
                quantity,
                immediate,
                ..
            } => Input::New(id, terms(id, price, quantity), immediate),
            Message::Cancel { id } => Input::Cancel(id),
            Message::Modify {
                id,
                price,
                quantity,
            } => Input::Modify(id, terms(id, price, quantity)),
        };
        messages.iter().map(input).collect()
    }

    fn new(messages: &[Message]) -> Self {
        Self {
            book: OrderBook::new(Decimal::ONE).expect("one is positive"),
            ids: Vec::with_capacity(messages.len()),
            own: vec![u64::MAX; sides(messages).len()],
        }
    }

    fn apply(&mut self, input: &Input, sink: &mut impl Sink) {
        match *input {
            Input::New(id, terms, immediate) => {
                sink.report(Report::Accepted { id });
                let left = self.place(id, terms, sink);
                if immediate && left {
                    let own = self.own[index(id)];
                    self.book.cancel_limit_order(own).expect("it rests");
                }
            }
            Input::Cancel(id) => {
                sink.report(match self.book.cancel_limit_order(self.own[index(id)]) {
                    Ok(()) => Report::Cancelled { id },
                    Err(_) => Report::Rejected { id },
                });
            }
            Input::Modify(id, terms) => {
                if self.book.cancel_limit_order(self.own[index(id)]).is_err() {
                    return sink.report(Report::Rejected { id });
                }
                sink.report(Report::Modified { id });
                self.place(id, terms, sink);
            }
        }
    }

    fn depth(&self) -> Option<Depth> {
        None
    }
}

impl Limitbook {
    /// Whether something is left of the order.
    fn place(&mut self, id: u64, terms: Terms, sink: &mut impl Sink) -> bool {
        let Terms {
            side,
            price,
            quantity,
        } = terms;
        let (own, fills) = self
            .book
            .add_limit_order(side, price, quantity)
            .expect("price and quantity are positive");
        self.ids.push(id);
        self.own[index(id)] = own;
        let mut left = quantity;
        for fill in &fills {
            left -= fill.quantity;
            sink.report(Report::Traded {
                maker: self.ids[index(fill.maker_order_id)],
                taker: id,
                price: fill.price.to_i64().expect("it is one of ours"),
                quantity: fill.quantity.to_u64().expect("it is one of ours"),
            });
        }
        !left.is_zero()
    }
}
