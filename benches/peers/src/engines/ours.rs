//! `orderbook-core`, through `OrderBook::apply`. A modification is an `Amend`.

use benches::flow::Message;
use benches::naive::{Depth, Report};
use orderbook_core::{CloseReason, Command, Event, OrderBook, Side};

use crate::engine::{Engine, Sink};

/// A book and the events that nobody has looked at yet.
#[derive(Debug)]
pub struct Ours {
    book: OrderBook,
    events: Vec<Event>,
}

impl Engine for Ours {
    const NAME: &'static str = "orderbook-core";

    type Input = Message;

    fn inputs(messages: &[Message]) -> Vec<Message> {
        benches::amendments(messages)
    }

    fn new(_: &[Message]) -> Self {
        Self {
            book: benches::book(),
            events: Vec::new(),
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "the loop that is measured is one function"
    )]
    #[inline(always)]
    fn apply(&mut self, message: &Message, sink: &mut impl Sink) {
        let command = benches::command(message);
        if self.book.apply(&command, &mut self.events).is_err() {
            let (Command::Cancel { order_id } | Command::Amend { order_id, .. }) = command else {
                panic!("no order of a flow is refused: {command:?}");
            };
            sink.report(Report::Rejected { id: order_id.get() });
        }
        self.flush(sink);
    }

    #[expect(
        clippy::inline_always,
        reason = "the loop that is measured is one function"
    )]
    #[inline(always)]
    fn flush(&mut self, sink: &mut impl Sink) {
        for event in &self.events {
            match *event {
                Event::Accepted { order_id, .. } => {
                    sink.report(Report::Accepted { id: order_id.get() });
                }
                Event::Amended { order_id, .. } => {
                    sink.report(Report::Modified { id: order_id.get() });
                }
                Event::Traded(ref trade) => sink.report(Report::Traded {
                    maker: trade.maker_order_id.get(),
                    taker: trade.taker_order_id.get(),
                    price: trade.price.get(),
                    quantity: trade.quantity.get(),
                }),
                Event::Closed {
                    order_id,
                    reason: CloseReason::Cancelled,
                    ..
                } => sink.report(Report::Cancelled { id: order_id.get() }),
                _ => (),
            }
        }
        self.events.clear();
    }

    fn depth(&self) -> Option<Depth> {
        let side = |side| {
            self.book
                .levels(side)
                .map(|level| (level.price.get(), level.quantity.get()))
                .collect()
        };
        Some([side(Side::Buy), side(Side::Sell)])
    }
}
