//! `matchcore`, through `OrderBook::execute`. Its orders have the sequence number of their command
//! as id, so those are translated. A modification is an `Amend` of price and quantity.
//!
//! In 0.4.0 the limit of an order decides only whether it trades at all: what crosses the best price
//! is matched without its limit, and takes worse prices, too. So it takes part twice: as it is, and
//! as somebody would have to use it who wants limits to hold.

use benches::flow::{self, Message};
use benches::naive::{Depth, Report};
use matchcore::{
    AmendCmd, AmendPatch, CancelCmd, Command, CommandKind, CommandMeta, CommandOutcome,
    CommandReport, LimitOrder, LimitOrderPatch, NewOrder, OrderBook, OrderFlags, OrderId,
    OrderKind, Price, Quantity, QuantityPolicy, SequenceNumber, Side, SubmitCmd, TimeInForce,
    Timestamp,
};

use crate::engine::{Engine, Sink, index, sides};

/// As it is: a book, and our ids of its orders.
#[derive(Debug)]
pub struct Matchcore {
    book: OrderBook,
    ids: Vec<u64>,
}

/// A message, its number, and the id of its order.
type Input = (Message, u64, OrderId);

impl Engine for Matchcore {
    const NAME: &'static str = "matchcore";

    type Input = Input;

    fn inputs(messages: &[Message]) -> Vec<Input> {
        let mut order_ids = vec![OrderId(0)];
        let input = |(number, message): (u64, &Message)| {
            if let Message::New { .. } = message {
                order_ids.push(OrderId(number));
            }
            (*message, number, order_ids[index(message.id())])
        };
        (0..).zip(messages).map(input).collect()
    }

    fn new(messages: &[Message]) -> Self {
        Self {
            book: OrderBook::new("BTCUSDT"),
            ids: messages.iter().map(Message::id).collect(),
        }
    }

    fn apply(&mut self, (message, number, order_id): &Input, sink: &mut impl Sink) {
        let id = message.id();
        let meta = CommandMeta {
            sequence_number: SequenceNumber(*number),
            timestamp: Timestamp(0),
        };
        let kind = kind(message, *order_id);
        let outcome = self.book.execute(&Command { meta, kind });
        sink.report(match &outcome {
            CommandOutcome::Rejected(_) => Report::Rejected { id },
            CommandOutcome::Applied(CommandReport::Cancel) => Report::Cancelled { id },
            CommandOutcome::Applied(CommandReport::Submit(_)) => Report::Accepted { id },
            CommandOutcome::Applied(CommandReport::Amend(_)) => Report::Modified { id },
        });
        trades(&outcome, id, &self.ids, sink);
    }

    fn depth(&self) -> Option<Depth> {
        Some(depth(&self.book))
    }
}

/// With limits that hold: what can trade within the limit is counted first, and where that is less
/// than the order, it is split into an immediate order of as much and what is left.
#[derive(Debug)]
pub struct MatchcoreWithLimits {
    book: OrderBook,
    /// Ours by its own.
    ids: Vec<u64>,
    /// Its own by ours, the newest.
    own: Vec<OrderId>,
}

impl Engine for MatchcoreWithLimits {
    const NAME: &'static str = "matchcore, limits kept";

    /// What it takes depends on how many commands went before, so little can be prepared: the
    /// message, and the side of its order.
    type Input = (Message, flow::Side);

    fn inputs(messages: &[Message]) -> Vec<Self::Input> {
        let sides = sides(messages);
        let input = |message: &Message| (*message, sides[index(message.id())]);
        messages.iter().map(input).collect()
    }

    fn new(messages: &[Message]) -> Self {
        Self {
            book: OrderBook::new("BTCUSDT"),
            ids: Vec::with_capacity(messages.len() * 2),
            own: vec![OrderId(u64::MAX); sides(messages).len()],
        }
    }

    fn apply(&mut self, (message, side): &Self::Input, sink: &mut impl Sink) {
        let id = message.id();
        let own = self.own[index(id)];
        match *message {
            Message::Cancel { .. } => {
                let outcome = self.execute(id, kind(message, own));
                sink.report(match outcome {
                    CommandOutcome::Applied(_) => Report::Cancelled { id },
                    CommandOutcome::Rejected(_) => Report::Rejected { id },
                });
            }
            Message::New {
                price,
                quantity,
                immediate,
                ..
            } => {
                sink.report(Report::Accepted { id });
                match self.within(*side, price, quantity) {
                    Some(within) => {
                        self.submit(id, *side, price, within, true, sink);
                        if !immediate {
                            self.submit(id, *side, price, quantity - within, false, sink);
                        }
                    }
                    None => self.submit(id, *side, price, quantity, immediate, sink),
                }
            }
            Message::Modify {
                price, quantity, ..
            } => {
                let within = self.within(*side, price, quantity);
                let first = match within {
                    Some(_) => kind(&Message::Cancel { id }, own),
                    None => kind(message, own),
                };
                let outcome = self.execute(id, first);
                if let CommandOutcome::Rejected(_) = outcome {
                    return sink.report(Report::Rejected { id });
                }
                sink.report(Report::Modified { id });
                trades(&outcome, id, &self.ids, sink);
                if let Some(within) = within {
                    self.submit(id, *side, price, within, true, sink);
                    self.submit(id, *side, price, quantity - within, false, sink);
                }
            }
        }
    }

    fn depth(&self) -> Option<Depth> {
        Some(depth(&self.book))
    }
}

impl MatchcoreWithLimits {
    /// What can trade within a limit, where that is something but not all.
    fn within(&self, side: flow::Side, price: i64, quantity: u64) -> Option<u64> {
        let limit = self.book.limit();
        let price = Price(price.cast_unsigned());
        let mut within = 0;
        let mut enough = |level: usize| {
            within += limit.levels()[level].total_quantity().0;
            within >= quantity
        };
        let all = match side {
            flow::Side::Buy => limit
                .asks()
                .iter()
                .take_while(|(at, _)| **at <= price)
                .any(|(_, level)| enough(*level)),
            flow::Side::Sell => limit
                .bids()
                .iter()
                .rev()
                .take_while(|(at, _)| **at >= price)
                .any(|(_, level)| enough(*level)),
        };
        (!all && within > 0).then_some(within)
    }

    fn submit(
        &mut self,
        id: u64,
        side: flow::Side,
        price: i64,
        quantity: u64,
        immediate: bool,
        sink: &mut impl Sink,
    ) {
        let order = Message::New {
            id,
            side,
            price,
            quantity,
            immediate,
        };
        self.own[index(id)] = OrderId(u64::try_from(self.ids.len()).expect("commands are few"));
        let outcome = self.execute(id, kind(&order, OrderId(0)));
        trades(&outcome, id, &self.ids, sink);
    }

    fn execute(&mut self, id: u64, kind: CommandKind) -> CommandOutcome {
        let number = u64::try_from(self.ids.len()).expect("commands are few");
        self.ids.push(id);
        let meta = CommandMeta {
            sequence_number: SequenceNumber(number),
            timestamp: Timestamp(0),
        };
        self.book.execute(&Command { meta, kind })
    }
}

/// The trades of order `id`; `ids` are ours by its own.
fn trades(outcome: &CommandOutcome, id: u64, ids: &[u64], sink: &mut impl Sink) {
    let CommandOutcome::Applied(CommandReport::Submit(effects) | CommandReport::Amend(effects)) =
        outcome
    else {
        return;
    };
    let Some(result) = effects.target_order().match_result() else {
        return;
    };
    for trade in result.trades() {
        sink.report(Report::Traded {
            maker: ids[index(trade.maker_order_id().0)],
            taker: id,
            price: trade.price().0.cast_signed(),
            quantity: trade.quantity().0,
        });
    }
}

fn depth(book: &OrderBook) -> Depth {
    let limit = book.limit();
    [limit.bids(), limit.asks()].map(|levels| {
        let quantity = |level| limit.levels()[level].total_quantity().0;
        levels
            .iter()
            .map(|(price, level)| (price.0.cast_signed(), quantity(*level)))
            .collect()
    })
}

fn kind(message: &Message, order_id: OrderId) -> CommandKind {
    let policy = |quantity| QuantityPolicy::Standard {
        quantity: Quantity(quantity),
    };
    match *message {
        Message::New {
            side,
            price,
            quantity,
            immediate,
            ..
        } => {
            let side = match side {
                flow::Side::Buy => Side::Buy,
                flow::Side::Sell => Side::Sell,
            };
            let time_in_force = if immediate {
                TimeInForce::Ioc
            } else {
                TimeInForce::Gtc
            };
            let flags = OrderFlags::new(side, false, time_in_force);
            let order = LimitOrder::new(Price(price.cast_unsigned()), policy(quantity), flags);
            CommandKind::Submit(SubmitCmd {
                order: NewOrder::Limit(order),
            })
        }
        Message::Cancel { .. } => CommandKind::Cancel(CancelCmd {
            order_id,
            order_kind: OrderKind::Limit,
        }),
        Message::Modify {
            price, quantity, ..
        } => CommandKind::Amend(AmendCmd {
            order_id,
            patch: AmendPatch::Limit(
                LimitOrderPatch::new()
                    .with_price(Price(price.cast_unsigned()))
                    .with_quantity_policy(policy(quantity)),
            ),
        }),
    }
}
