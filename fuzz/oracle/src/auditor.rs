//! What the events alone say: the depth they add up to and the orders they leave open.
//!
//! The auditor never sees a book. It folds events as a market-data feed or an order history
//! would (I7) and complains about a life of an order that does not add up (I3).

use std::collections::BTreeMap;

use orderbook_core::{
    AccountId, CloseReason, Event, Level, OrderId, Price, Quantity, RestingOrder, Side, Trade,
};

/// What events say about an order that rests. Its terms are not in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOrder {
    /// The order.
    pub id: OrderId,
    /// Its owner.
    pub account: AccountId,
    /// Its side.
    pub side: Side,
    /// Its level.
    pub price: Price,
    /// What it has traded and what is left of it.
    pub quantity: Quantity,
    /// What is left of it.
    pub remaining: Quantity,
    /// How much of that is shown.
    pub displayed: Quantity,
}

impl From<RestingOrder> for OpenOrder {
    fn from(order: RestingOrder) -> Self {
        Self {
            id: order.id,
            account: order.account,
            side: order.side,
            price: order.price,
            quantity: order.quantity,
            remaining: order.remaining,
            displayed: order.displayed,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Open {
    account: AccountId,
    side: Side,
    /// What it was to trade in all, as accepted or as last amended.
    total: u64,
    traded: u64,
    /// What reductions and decrements have taken off since.
    reduced: u64,
    /// What it shows and where; `None` while it is coming in.
    shown: Option<Level>,
}

impl Open {
    fn remaining(&self) -> Option<u64> {
        let gone = self.traded.checked_add(self.reduced)?;
        self.total.checked_sub(gone)
    }

    /// Whether so much is shown and so much is not.
    fn shows(&self, quantity: Quantity, hidden: Quantity) -> bool {
        let told = quantity.get().checked_add(hidden.get());
        quantity.get() > 0 && told.is_some() && told == self.remaining()
    }

    /// Takes something off what it shows, if it does.
    fn take_off(&mut self, quantity: Quantity) -> Result<(), String> {
        if let Some(level) = &mut self.shown {
            level.quantity = level
                .quantity
                .checked_sub(quantity)
                .ok_or("took more than was shown")?;
        }
        Ok(())
    }
}

/// Two orders that met, traded or not.
struct Meeting {
    price: Price,
    quantity: Quantity,
    taker_side: Side,
    maker: (OrderId, AccountId, Quantity),
    taker: (OrderId, AccountId, Quantity),
    traded: bool,
}

/// Folds the events of one book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Auditor {
    bids: BTreeMap<Price, i128>,
    asks: BTreeMap<Price, i128>,
    open: BTreeMap<OrderId, Open>,
    /// The order that has yet to rest or to close.
    entering: Option<OrderId>,
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
        match self.entering {
            Some(id) => Err(format!("neither rested nor closed: {:?}", self.open(id))),
            None => Ok(()),
        }
    }

    fn fold_one(&mut self, event: &Event) -> Result<(), String> {
        match *event {
            Event::Accepted {
                order_id,
                account,
                side,
                quantity,
                rested,
            } => {
                let open = Open {
                    account,
                    side,
                    total: quantity.get(),
                    traded: 0,
                    reduced: 0,
                    shown: None,
                };
                self.enter(order_id)?;
                if self.open.insert(order_id, open).is_some() {
                    return Err("accepted while open".into());
                }
                self.rest(order_id, side, rested)?;
            }
            Event::Traded(trade) => {
                self.last_trade_id += 1;
                if trade.id.get() != self.last_trade_id {
                    return Err(format!("expected trade {}", self.last_trade_id));
                }
                self.meet(&traded(&trade))?;
            }
            Event::Decremented {
                price,
                quantity,
                taker_side,
                maker_order_id,
                maker_account,
                maker_remaining,
                taker_order_id,
                taker_account,
                taker_remaining,
            } => self.meet(&Meeting {
                price,
                quantity,
                taker_side,
                maker: (maker_order_id, maker_account, maker_remaining),
                taker: (taker_order_id, taker_account, taker_remaining),
                traded: false,
            })?,
            Event::Rested {
                order_id,
                account,
                side,
                price,
                quantity,
                hidden,
            } => {
                if self.entering.take() != Some(order_id) {
                    return Err("rested without having come in".into());
                }
                let open = self.open_of(order_id, account, side)?;
                if open.shown.is_some() || !open.shows(quantity, hidden) {
                    return Err(format!("does not fit {open:?}"));
                }
                open.shown = Some(Level { price, quantity });
                self.change(side, price, i128::from(quantity.get()));
            }
            Event::Replenished {
                order_id,
                account,
                side,
                price,
                quantity,
                hidden,
            } => {
                let open = self.open_of(order_id, account, side)?;
                let used_up = Level {
                    price,
                    quantity: Quantity::ZERO,
                };
                if open.shown != Some(used_up) || !open.shows(quantity, hidden) {
                    return Err(format!("does not fit {open:?}"));
                }
                open.shown = Some(Level { price, quantity });
                self.change(side, price, i128::from(quantity.get()));
            }
            Event::Reduced {
                order_id,
                account,
                side,
                price,
                by,
                displayed_by,
                remaining,
            } => {
                let open = self.open_of(order_id, account, side)?;
                open.reduced = open
                    .reduced
                    .checked_add(by.get())
                    .ok_or("reduced too much")?;
                open.take_off(displayed_by)?;
                let shown = open.shown.filter(|level| level.price == price);
                let shown = shown.ok_or("reduced where it does not rest")?.quantity;
                // The reserve goes first: where some of what was shown is gone, all is shown.
                let reserve_left = shown != remaining;
                if by.get() == 0
                    || remaining.get() == 0
                    || open.remaining() != Some(remaining.get())
                    || (displayed_by.get() > 0 && reserve_left)
                {
                    return Err(format!("does not fit {open:?}"));
                }
                self.change(side, price, -i128::from(displayed_by.get()));
            }
            Event::Amended {
                order_id,
                account,
                side,
                left,
                remaining,
                rested,
            } => {
                self.enter(order_id)?;
                let open = self.open_of(order_id, account, side)?;
                if open.shown.take() != Some(left) || remaining.get() == 0 {
                    return Err(format!("does not fit {open:?}"));
                }
                let total = open.traded.checked_add(remaining.get());
                open.total = total.ok_or("amended to too much")?;
                open.reduced = 0;
                self.change(side, left.price, -i128::from(left.quantity.get()));
                self.rest(order_id, side, rested)?;
            }
            Event::Closed {
                order_id,
                account,
                side,
                reason,
                unfilled,
                left,
            } => {
                let open = self.open_of(order_id, account, side)?.clone();
                self.open.remove(&order_id);
                if open.shown.is_none() {
                    self.entering = None;
                }
                // Whoever has nothing left has traded all of it or met an own order.
                let nothing = unfilled.get() == 0;
                let may_be = match reason {
                    CloseReason::Filled => nothing,
                    CloseReason::SelfTrade => true,
                    _ => !nothing,
                };
                if open.shown != left || open.remaining() != Some(unfilled.get()) || !may_be {
                    return Err(format!("does not fit {open:?}"));
                }
                if let Some(level) = left {
                    self.change(side, level.price, -i128::from(level.quantity.get()));
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, id: OrderId) -> Result<(), String> {
        match self.entering.replace(id) {
            Some(other) => Err(format!("{other} has neither rested nor closed")),
            None => Ok(()),
        }
    }

    /// An order rests where it has met nobody.
    fn rest(&mut self, id: OrderId, side: Side, rested: Option<Level>) -> Result<(), String> {
        let Some(level) = rested else {
            return Ok(());
        };
        self.entering = None;
        let open = self.open(id)?;
        if level.quantity.get() == 0 || Some(level.quantity.get()) > open.remaining() {
            return Err(format!("does not fit {open:?}"));
        }
        open.shown = Some(level);
        self.change(side, level.price, i128::from(level.quantity.get()));
        Ok(())
    }

    fn meet(&mut self, meeting: &Meeting) -> Result<(), String> {
        let Meeting {
            price, quantity, ..
        } = *meeting;
        if quantity.get() == 0 {
            return Err("met for nothing".into());
        }
        if self.entering != Some(meeting.taker.0) {
            return Err("the taker did not just come in".into());
        }
        let maker_side = match meeting.taker_side {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        };
        for ((id, account, remaining), side, rests_at) in [
            (meeting.maker, maker_side, Some(price)),
            (meeting.taker, meeting.taker_side, None),
        ] {
            let open = self.open_of(id, account, side)?;
            let gone = if meeting.traded {
                &mut open.traded
            } else {
                &mut open.reduced
            };
            *gone = gone.checked_add(quantity.get()).ok_or("met for too much")?;
            open.take_off(quantity)?;
            if open.shown.map(|level| level.price) != rests_at
                || open.remaining() != Some(remaining.get())
            {
                return Err(format!("does not fit {open:?}"));
            }
        }
        self.change(maker_side, price, -i128::from(quantity.get()));
        Ok(())
    }

    fn open(&mut self, id: OrderId) -> Result<&mut Open, String> {
        self.open.get_mut(&id).ok_or_else(|| "not open".into())
    }

    fn open_of(
        &mut self,
        id: OrderId,
        account: AccountId,
        side: Side,
    ) -> Result<&mut Open, String> {
        let open = self.open(id)?;
        if open.account != account || open.side != side {
            return Err(format!("does not fit {open:?}"));
        }
        Ok(open)
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
    pub fn open_orders(&self) -> Vec<OpenOrder> {
        let resting = |(id, open): (&OrderId, &Open)| {
            let shown = open.shown.unwrap_or(Level {
                price: Price::default(),
                quantity: Quantity::ZERO,
            });
            OpenOrder {
                id: *id,
                account: open.account,
                side: open.side,
                price: shown.price,
                quantity: Quantity::new(open.total.saturating_sub(open.reduced)),
                remaining: Quantity::new(open.remaining().unwrap_or(0)),
                displayed: shown.quantity,
            }
        };
        self.open.iter().map(resting).collect()
    }
}

const fn traded(trade: &Trade) -> Meeting {
    Meeting {
        price: trade.price,
        quantity: trade.quantity,
        taker_side: trade.taker_side,
        maker: (
            trade.maker_order_id,
            trade.maker_account,
            trade.maker_remaining,
        ),
        taker: (
            trade.taker_order_id,
            trade.taker_account,
            trade.taker_remaining,
        ),
        traded: true,
    }
}
