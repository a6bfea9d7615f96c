//! The money side of what a book did: the ledger follows the book event by event.
//!
//! | book event | ledger |
//! |---|---|
//! | accepted | hold what the order may cost |
//! | traded | settle out of both holds; release what a better price saved |
//! | reduced, closed | release what the freed quantity kept held |
//!
//! Funds were checked before the book moved, so none of this can be refused; a refusal here is
//! a bug, and stopping is better than a wrong balance.

use alloc::vec::Vec;

use accounts_core::{Amount, Command as LedgerCommand, Event as LedgerEvent, Ledger, Settlement};
use orderbook_core::{Event as BookEvent, OrderKind, Price, Side, Trade};

use crate::open_orders::{OpenOrder, OpenOrders};
use crate::{ClientOrderId, Event, FEE_ACCOUNT, Market};

/// What the book does not know about the order that comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming {
    pub(crate) kind: OrderKind,
    pub(crate) client_order_id: Option<ClientOrderId>,
    pub(crate) hold: Amount,
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
        if let BookEvent::Accepted(order) = event {
            let incoming = self.incoming.expect("only an incoming order is accepted");
            self.events.push(Event::OrderAccepted {
                instrument,
                order,
                client_order_id: incoming.client_order_id,
            });
            self.apply(LedgerCommand::Hold {
                account: order.account,
                asset: self.market.pays(order.side),
                amount: incoming.hold,
            });
            return;
        }
        self.events.push(Event::Book { instrument, event });
        match event {
            BookEvent::Traded(trade) => self.settle(trade),
            BookEvent::Rested {
                order_id, account, ..
            } => {
                let client_order_id = self.incoming.and_then(|order| order.client_order_id);
                self.open_orders.insert(OpenOrder {
                    id: order_id,
                    account,
                    instrument,
                    client_order_id,
                });
            }
            BookEvent::Reduced {
                account,
                side,
                price,
                by,
                ..
            } => {
                let release = self.market.release(account, side, price, by);
                self.apply(release);
            }
            BookEvent::Closed {
                order_id,
                account,
                side,
                unfilled,
                resting_at,
                ..
            } => {
                if resting_at.is_some() {
                    self.open_orders.remove(order_id);
                }
                let release = match (resting_at.or_else(|| self.incoming_limit()), side) {
                    (Some(price), side) => self.market.release(account, side, price, unfilled),
                    // A market sell holds its whole quantity, whatever the price ...
                    (None, Side::Sell) => {
                        self.market
                            .release(account, side, Price::default(), unfilled)
                    }
                    // ... a market buy only what it will cost, which is spent by now.
                    (None, Side::Buy) => return,
                };
                self.apply(release);
            }
            BookEvent::Accepted(_) => {}
        }
    }

    fn incoming_limit(&self) -> Option<Price> {
        self.incoming.and_then(|order| order.kind.limit_price())
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
        if let (Side::Buy, Some(limit)) = (trade.taker_side, self.incoming_limit()) {
            let held = market.hold_of(Side::Buy, limit, trade.quantity);
            let saved = held.checked_sub(quote_amount);
            self.apply(LedgerCommand::Release {
                account: taker,
                asset: market.quote,
                amount: saved.expect("a buyer never pays more than its limit"),
            });
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
