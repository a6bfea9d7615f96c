//! What each order took at each price.

use marketdata_core::{AggregateTrade, PublicTrade};
use orderbook_core::{Event, OrderId};

/// Puts trades of a book together that one order made at one price, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Aggregates {
    count: u64,
    /// The trades of the order that comes in at the moment, at the price where it is.
    pending: Vec<PublicTrade>,
    taker: OrderId,
}

impl Aggregates {
    /// What is complete when an event comes, which is `trade` where it is one: the order is at
    /// another price, or came to rest or an end.
    pub fn apply(&mut self, event: &Event, trade: Option<&PublicTrade>) -> Option<AggregateTrade> {
        let is_over = match *event {
            Event::Traded(trade) => {
                trade.taker_order_id != self.taker
                    || self.pending.iter().any(|it| it.price != trade.price)
            }
            Event::Rested { order_id, .. } | Event::Closed { order_id, .. } => {
                order_id == self.taker
            }
            _ => false,
        };
        let complete = if is_over { self.finish() } else { None };
        if let (Event::Traded(it), Some(trade)) = (event, trade) {
            self.taker = it.taker_order_id;
            self.pending.push(*trade);
        }
        complete
    }

    fn finish(&mut self) -> Option<AggregateTrade> {
        let trades = std::mem::take(&mut self.pending);
        let (first, last) = (trades.first()?, trades.last()?);
        self.count += 1;
        let quantities = trades.iter().map(|trade| trade.quantity.get());
        Some(AggregateTrade {
            id: self.count,
            price: first.price,
            quantity: quantities.sum::<u64>().into(),
            first_trade_id: first.id,
            last_trade_id: last.id,
            time: first.time,
            taker_side: first.taker_side,
        })
    }
}
