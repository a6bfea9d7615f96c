//! The money side of what a book did: the ledger follows the book event by event.
//!
//! | book event | ledger |
//! |---|---|
//! | accepted | hold what the order may cost |
//! | amended | release what the order held so far, hold what it may cost from here on |
//! | traded | settle out of both holds; release what a better price saved |
//! | decremented | release, on both sides, what the quantity kept held |
//! | accepted or amended, and rests at once | release what a post-only order saved by sliding |
//! | reduced, closed | release what the freed quantity kept held |
//!
//! A resting order holds its price times all that is left of it, or all that is left of it, the
//! reserve of an iceberg included. So the slices that come out of a reserve move no money.
//!
//! Funds were checked before the book moved, so none of this can be refused; a refusal here is
//! a bug, and stopping is better than a wrong balance.

use alloc::vec::Vec;

use accounts_core::{Amount, Command as LedgerCommand, Event as LedgerEvent, Ledger, Settlement};
use orderbook_core::{
    AccountId, Event as BookEvent, Order, OrderId, OrderKind, Price, Quantity, Side, Trade,
};

use crate::open_orders::{OpenOrder, OpenOrders};
use crate::{ClientOrderId, Event, FEE_ACCOUNT, Market};

/// What the book does not say about the order that comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming {
    pub(crate) client_order_id: Option<ClientOrderId>,
    pub(crate) terms: Terms,
    /// What it may cost from here on. Of a market buy: what it has not spent yet.
    pub(crate) hold: Amount,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Terms {
    /// A new order.
    New(Order),
    /// A resting order with another quantity or price.
    Amended {
        quantity: Quantity,
        price: Price,
        /// What it has held so far.
        held: Amount,
    },
}

impl Incoming {
    /// The price that its quantity is held at, where it has a limit.
    const fn limit(&self) -> Option<Price> {
        match self.terms {
            Terms::New(order) => match order.kind {
                OrderKind::Limit { price, .. } => Some(price),
                OrderKind::Market { .. } => None,
            },
            Terms::Amended { price, .. } => Some(price),
        }
    }
}

pub(crate) struct Settling<'a> {
    pub(crate) market: &'a Market,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) open_orders: &'a mut OpenOrders,
    pub(crate) incoming: Option<Incoming>,
    pub(crate) ledger_events: &'a mut Vec<LedgerEvent>,
    pub(crate) events: &'a mut Vec<Event>,
}

impl Settling<'_> {
    pub(crate) fn follow(&mut self, book_events: &[BookEvent]) {
        for event in book_events {
            self.follow_one(*event);
        }
    }

    fn follow_one(&mut self, event: BookEvent) {
        let instrument = self.market.id;
        // The engine has its own words for the two that do not repeat what the command said.
        if !matches!(
            event,
            BookEvent::Accepted { .. } | BookEvent::Amended { .. }
        ) {
            self.events.push(Event::Book { instrument, event });
        }
        match event {
            BookEvent::Accepted {
                order_id,
                account,
                side,
                quantity,
                rested,
            } => {
                let incoming = self.incoming();
                let Terms::New(order) = incoming.terms else {
                    unreachable!("only a new order is accepted");
                };
                self.events.push(Event::OrderAccepted {
                    instrument,
                    order,
                    client_order_id: incoming.client_order_id,
                    rested,
                });
                self.hold(account, side, incoming.hold);
                if let Some(level) = rested {
                    self.slid(account, side, level.price, quantity);
                    self.opened(order_id, account);
                }
            }
            BookEvent::Amended {
                order_id,
                account,
                side,
                left,
                remaining,
                rested,
            } => {
                let incoming = self.incoming();
                let Terms::Amended {
                    quantity,
                    price,
                    held,
                } = incoming.terms
                else {
                    unreachable!("only a resting order is amended");
                };
                self.events.push(Event::OrderAmended {
                    instrument,
                    order_id,
                    account,
                    side,
                    left,
                    quantity,
                    price,
                    remaining,
                    rested,
                });
                self.apply(LedgerCommand::Release {
                    account,
                    asset: self.market.pays(side),
                    amount: held,
                });
                self.hold(account, side, incoming.hold);
                if let Some(level) = rested {
                    self.slid(account, side, level.price, remaining);
                    self.opened(order_id, account);
                }
            }
            BookEvent::Traded(trade) => self.settle(trade),
            BookEvent::Decremented {
                price,
                quantity,
                taker_side,
                maker_account,
                taker_account,
                ..
            } => {
                self.release(maker_account, taker_side.opposite(), price, quantity);
                self.release_incoming(taker_account, taker_side, quantity);
            }
            // Whoever met others did not slide, so that what is left is held already.
            BookEvent::Rested {
                order_id, account, ..
            } => self.opened(order_id, account),
            BookEvent::Reduced {
                account,
                side,
                price,
                by,
                ..
            } => self.release(account, side, price, by),
            BookEvent::Closed {
                order_id,
                account,
                side,
                unfilled,
                left,
                ..
            } => {
                // Whether it was open, only its id tells: an amended order may close as a taker.
                self.open_orders.remove(order_id);
                match left {
                    Some(level) => self.release(account, side, level.price, unfilled),
                    None => self.close_incoming(account, side, unfilled),
                }
            }
            // What comes out of a reserve has been held all along.
            BookEvent::Replenished { .. } => {}
        }
    }

    fn incoming(&self) -> Incoming {
        self.incoming
            .expect("what is accepted, amended, takes or comes to rest has come in")
    }

    fn hold(&mut self, account: AccountId, side: Side, amount: Amount) {
        self.apply(LedgerCommand::Hold {
            account,
            asset: self.market.pays(side),
            amount,
        });
    }

    /// Releases what `quantity` at `price` kept held.
    fn release(&mut self, account: AccountId, side: Side, price: Price, quantity: Quantity) {
        let release = self.market.release(account, side, price, quantity);
        self.apply(release);
    }

    /// Releases what `quantity` of the order that came in kept held.
    fn release_incoming(&mut self, account: AccountId, side: Side, quantity: Quantity) {
        match (self.incoming().limit(), side) {
            (Some(limit), side) => self.release(account, side, limit, quantity),
            // A market sell holds its whole quantity, whatever the price ...
            (None, Side::Sell) => self.release(account, side, Price::default(), quantity),
            // ... a market buy only what its trades cost.
            (None, Side::Buy) => {}
        }
    }

    fn close_incoming(&mut self, account: AccountId, side: Side, unfilled: Quantity) {
        self.release_incoming(account, side, unfilled);
        let incoming = self.incoming();
        assert!(
            side == Side::Sell || incoming.limit().is_some() || incoming.hold.is_zero(),
            "a market buy costs what the book said, but {} is left",
            incoming.hold
        );
    }

    /// The order that came in rests at `price` with all that is left of it. A post-only order that
    /// had to slide to get there holds less.
    fn slid(&mut self, account: AccountId, side: Side, price: Price, remaining: Quantity) {
        let limit = self.incoming().limit().unwrap_or(price);
        if side == Side::Buy && price != limit {
            let held = self.market.hold_of(side, limit, remaining);
            let holds = self.market.hold_of(side, price, remaining);
            self.release_saved(account, held, holds);
        }
    }

    /// The order that came in is open from here on.
    fn opened(&mut self, id: OrderId, account: AccountId) {
        let client_order_id = self.incoming().client_order_id;
        self.open_orders.insert(OpenOrder {
            id,
            account,
            instrument: self.market.id,
            client_order_id,
        });
    }

    /// Releases what is held in quote and not needed.
    fn release_saved(&mut self, account: AccountId, held: Amount, needed: Amount) {
        let saved = held.checked_sub(needed);
        self.apply(LedgerCommand::Release {
            account,
            asset: self.market.quote,
            amount: saved.expect("a buyer never pays more than its limit"),
        });
    }

    fn settle(&mut self, trade: Trade) {
        let market = self.market;
        let base_amount = market.base_amount(trade.quantity);
        let quote_amount = market.quote_amount(trade.price.notional(trade.quantity));
        let (maker_receives, taker_receives) = match trade.taker_side {
            Side::Buy => (quote_amount, base_amount),
            Side::Sell => (base_amount, quote_amount),
        };
        let maker_fee = market.fees.maker.of(maker_receives);
        let taker_fee = market.fees.taker.of(taker_receives);
        let (maker, taker) = (trade.maker_account, trade.taker_account);
        let (buyer, buyer_fee, seller, seller_fee) = match trade.taker_side {
            Side::Buy => (taker, taker_fee, maker, maker_fee),
            Side::Sell => (maker, maker_fee, taker, taker_fee),
        };
        self.events.push(Event::Settled {
            instrument: market.id,
            trade,
            base_amount,
            quote_amount,
            maker_fee,
            taker_fee,
        });
        self.apply(LedgerCommand::Settle(Settlement {
            base: market.base,
            quote: market.quote,
            buyer,
            seller,
            base_amount,
            quote_amount,
            buyer_fee,
            seller_fee,
            fee_account: FEE_ACCOUNT,
        }));
        if trade.taker_side == Side::Buy {
            self.bought(taker, trade.quantity, quote_amount);
        }
    }

    /// The order that came in bought `quantity` for `cost`.
    fn bought(&mut self, account: AccountId, quantity: Quantity, cost: Amount) {
        let incoming = self.incoming();
        if let Some(limit) = incoming.limit() {
            let held = self.market.hold_of(Side::Buy, limit, quantity);
            self.release_saved(account, held, cost);
        } else {
            let hold = incoming.hold.checked_sub(cost);
            let hold = hold.expect("a market buy costs what the book said");
            self.incoming = Some(Incoming { hold, ..incoming });
        }
    }

    /// Moves money that is known to be there.
    fn apply(&mut self, command: LedgerCommand) {
        if let LedgerCommand::Hold { amount, .. } | LedgerCommand::Release { amount, .. } = command
            && amount.is_zero()
        {
            return;
        }
        self.ledger
            .apply(&command, self.ledger_events)
            .expect("holds cover what orders spend (I5)");
        self.events
            .extend(self.ledger_events.drain(..).map(Event::Ledger));
    }
}
