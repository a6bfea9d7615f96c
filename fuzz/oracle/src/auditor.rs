//! What the events alone say: the depth they add up to and the orders they leave open.
//!
//! The auditor never sees a book. It folds events as a market-data feed or an order history
//! would (I7) and complains about a life of an order that does not add up (I3).

use std::collections::BTreeMap;

use orderbook_core::{Event, Level, Order, OrderId, Price, Quantity, RestingOrder, Side};

#[derive(Debug, Clone)]
struct Open {
    order: Order,
    traded: u64,
    reduced: u64,
    resting_at: Option<Price>,
}

impl Open {
    fn remaining(&self) -> Option<u64> {
        let gone = self.traded.checked_add(self.reduced)?;
        self.order.quantity.get().checked_sub(gone)
    }
}

/// Folds the events of one book.
#[derive(Debug, Clone, Default)]
pub struct Auditor {
    bids: BTreeMap<Price, i128>,
    asks: BTreeMap<Price, i128>,
    open: BTreeMap<OrderId, Open>,
    last_trade_id: u64,
}

impl Auditor {
    /// Takes in the events of one command.
    ///
    /// # Errors
    ///
    /// What does not add up, in words.
    pub fn fold(&mut self, events: &[Event]) -> Result<(), String> {
        for event in events {
            self.fold_one(event)
                .map_err(|what| format!("{what}, at {event:?}"))?;
        }
        // Between commands nothing hangs in the air: what is open rests.
        match self.open.values().find(|open| open.resting_at.is_none()) {
            Some(open) => Err(format!("neither rested nor closed: {:?}", open.order)),
            None => Ok(()),
        }
    }

    fn fold_one(&mut self, event: &Event) -> Result<(), String> {
        match *event {
            Event::Accepted(order) => {
                let open = Open {
                    order,
                    traded: 0,
                    reduced: 0,
                    resting_at: None,
                };
                if self.open.insert(order.id, open).is_some() {
                    return Err("accepted while open".into());
                }
            }
            Event::Traded(trade) => {
                self.last_trade_id += 1;
                if trade.id.get() != self.last_trade_id {
                    return Err(format!("expected trade {}", self.last_trade_id));
                }
                if trade.quantity.get() == 0 {
                    return Err("traded nothing".into());
                }
                let maker_side = match trade.taker_side {
                    Side::Buy => Side::Sell,
                    Side::Sell => Side::Buy,
                };
                for (id, account, side, remaining, resting_at) in [
                    (
                        trade.maker_order_id,
                        trade.maker_account,
                        maker_side,
                        trade.maker_remaining,
                        Some(trade.price),
                    ),
                    (
                        trade.taker_order_id,
                        trade.taker_account,
                        trade.taker_side,
                        trade.taker_remaining,
                        None,
                    ),
                ] {
                    let open = self.open(id)?;
                    open.traded = open
                        .traded
                        .checked_add(trade.quantity.get())
                        .ok_or("traded too much")?;
                    if open.order.account != account
                        || open.order.side != side
                        || open.resting_at != resting_at
                        || open.remaining() != Some(remaining.get())
                    {
                        return Err(format!("does not fit {open:?}"));
                    }
                }
                self.change(maker_side, trade.price, -i128::from(trade.quantity.get()));
            }
            Event::Rested {
                order_id,
                side,
                price,
                quantity,
                ..
            } => {
                let open = self.open(order_id)?;
                if open.resting_at.is_some() || open.remaining() != Some(quantity.get()) {
                    return Err(format!("does not fit {open:?}"));
                }
                open.resting_at = Some(price);
                self.change(side, price, i128::from(quantity.get()));
            }
            Event::Reduced {
                order_id,
                side,
                price,
                by,
                remaining,
                ..
            } => {
                let open = self.open(order_id)?;
                open.reduced = open
                    .reduced
                    .checked_add(by.get())
                    .ok_or("reduced too much")?;
                if open.resting_at != Some(price) || open.remaining() != Some(remaining.get()) {
                    return Err(format!("does not fit {open:?}"));
                }
                self.change(side, price, -i128::from(by.get()));
            }
            Event::Closed {
                order_id,
                side,
                unfilled,
                resting_at,
                ..
            } => {
                let open = self.open.remove(&order_id).ok_or("not open")?;
                if open.resting_at != resting_at || open.remaining() != Some(unfilled.get()) {
                    return Err(format!("does not fit {open:?}"));
                }
                if let Some(price) = resting_at {
                    self.change(side, price, -i128::from(unfilled.get()));
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, id: OrderId) -> Result<&mut Open, String> {
        self.open.get_mut(&id).ok_or_else(|| "not open".into())
    }

    fn change(&mut self, side: Side, price: Price, by: i128) {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        let quantity = levels.entry(price).or_insert(0);
        *quantity += by;
        if *quantity == 0 {
            levels.remove(&price);
        }
    }

    /// The levels that the events add up to, best first. A sum that is no quantity shows as zero,
    /// which no real level has.
    pub fn levels(&self, side: Side) -> Vec<Level> {
        let level = |(price, quantity): (&Price, &i128)| Level {
            price: *price,
            quantity: Quantity::new(u64::try_from(*quantity).unwrap_or(0)),
        };
        match side {
            Side::Buy => self.bids.iter().rev().map(level).collect(),
            Side::Sell => self.asks.iter().map(level).collect(),
        }
    }

    /// The orders that the events leave open, by id.
    pub fn open_orders(&self) -> Vec<RestingOrder> {
        self.open
            .values()
            .map(|open| RestingOrder {
                id: open.order.id,
                account: open.order.account,
                side: open.order.side,
                price: open.resting_at.unwrap_or_default(),
                remaining: Quantity::new(open.remaining().unwrap_or(0)),
            })
            .collect()
    }
}
