//! The money side of what a book did: the ledger follows the book event by event.
//!
//! | book event | ledger |
//! |---|---|
//! | accepted | hold what the order may cost |
//! | amended | hold or release the difference between what it may cost from here on and what it held |
//! | traded | settle out of both holds; release what a better price saved |
//! | decremented | release, on both sides, what the quantity kept held |
//! | accepted or amended, and rests at once | release what a post-only order saved by sliding |
//! | reduced, closed | release what the freed quantity kept held |
//!
//! A resting order holds its price times all that is left of it, or all that is left of it, the
//! reserve of an iceberg included. So the slices that come out of a reserve move no money. Where its
//! owner pays fees on top it holds the worst of them too.
//!
//! Funds were checked before the book moved, so none of this can be refused; a refusal here is
//! a bug, and stopping is better than a wrong balance.

use alloc::vec::Vec;

use accounts_core::{
    Amount, AssetId, Command as LedgerCommand, FeeRate, IdMap, Ledger, Settlement, TradedVolume,
};
use orderbook_core::{
    AccountId, Event as BookEvent, Level, Order, OrderId, OrderKind, Price, Quantity, Side,
    Timestamp, Trade,
};

use crate::commission::{Payer, commissions};
use crate::prices::Prices;
use crate::trader::Trader;
use crate::{ClientOrderId, Event, FEE_ACCOUNT, Market};

/// What the book does not say about the order that comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming<'a> {
    pub(crate) client_order_id: Option<&'a ClientOrderId>,
    pub(crate) terms: Terms<'a>,
    /// What it may cost from here on. Of a market buy: what it has not spent yet.
    pub(crate) hold: Amount,
    /// The worst rate of the fees that it pays on top; zero where it does not.
    pub(crate) reserved: FeeRate,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Terms<'a> {
    /// A new order.
    New(&'a Order),
    /// A resting order with another quantity or price.
    Amended {
        quantity: Quantity,
        price: Price,
        /// What it has held so far.
        held: Amount,
    },
}

impl Incoming<'_> {
    /// The price that its quantity is held at, where it has a limit.
    #[inline]
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
    pub(crate) now: Timestamp,
    pub(crate) market: &'a Market,
    pub(crate) prices: &'a Prices,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) traders: &'a mut Traders,
    pub(crate) incoming: Option<Incoming<'a>>,
    pub(crate) events: &'a mut Vec<Event>,
}

/// One side of something that happens to an order.
#[derive(Clone, Copy)]
struct Part {
    order: OrderId,
    account: AccountId,
    side: Side,
    /// What of it is gone thereby, and what is left to trade.
    gone: Quantity,
    left: Quantity,
}

type Traders = IdMap<AccountId, Trader>;

/// A new order comes to rest without having met others: at its limit, unless it had to slide.
#[inline(always)]
pub(crate) fn rested(
    market: &Market,
    ledger: &mut Ledger,
    traders: &mut Traders,
    incoming: &Incoming<'_>,
    accepted: &BookEvent,
    events: &mut Vec<Event>,
) {
    let BookEvent::Accepted {
        order_id,
        account,
        side,
        quantity,
        rested: Some(level),
    } = *accepted
    else {
        unreachable!("the caller has seen that it rests");
    };
    tell_accepted(market, incoming, Some(level), events);
    let asset = market.pays(side);
    hold(ledger, account, asset, incoming.hold, events);
    if let Some(saved) = saved_by_sliding(market, incoming, side, level.price, quantity) {
        release(ledger, account, asset, saved, events);
    }
    let trader = traders.get_mut(account).expect(KNOWN);
    trader.opened(order_id, market);
    trader.reserve(order_id, incoming.reserved);
}

/// What the order that came in need not hold, where it rests at `price` with all that is left of it:
/// a post-only order may have had to slide to get there.
#[inline(always)]
fn saved_by_sliding(
    market: &Market,
    incoming: &Incoming<'_>,
    side: Side,
    price: Price,
    remaining: Quantity,
) -> Option<Amount> {
    if incoming.limit() == Some(price) || side == Side::Sell {
        return None;
    }
    let holds = market.hold(side, price, remaining, incoming.reserved);
    Some(less(incoming.hold, holds.expect(LESS_THAN_BEFORE)))
}

/// An order leaves the book.
#[inline(always)]
pub(crate) fn left(
    market: &Market,
    ledger: &mut Ledger,
    traders: &mut Traders,
    closed: &BookEvent,
    events: &mut Vec<Event>,
) {
    events.push(Event::Book {
        instrument: market.id,
        event: *closed,
    });
    let BookEvent::Closed {
        order_id,
        account,
        side,
        unfilled,
        left: Some(ref level),
        ..
    } = *closed
    else {
        unreachable!("the caller has seen that it was on the book");
    };
    let trader = traders.get_mut(account).expect(KNOWN);
    let reserved = trader.give_back(order_id);
    let held = market.hold(side, level.price, unfilled, reserved);
    let held = held.expect(LESS_THAN_BEFORE);
    release(ledger, account, market.pays(side), held, events);
}

/// A resting order gets another price or a larger quantity: it holds what it may cost from here on,
/// less what it saves by sliding where it rests at once.
#[inline(never)]
pub(crate) fn amended(
    market: &Market,
    ledger: &mut Ledger,
    traders: &mut Traders,
    incoming: &Incoming<'_>,
    amended: &BookEvent,
    events: &mut Vec<Event>,
) {
    let BookEvent::Amended {
        order_id,
        account,
        side,
        left,
        remaining,
        rested,
    } = *amended
    else {
        unreachable!("the caller has seen that it is amended");
    };
    let Terms::Amended {
        quantity,
        price,
        held,
    } = incoming.terms
    else {
        unreachable!("only a resting order is amended");
    };
    events.push(Event::OrderAmended {
        instrument: market.id,
        order_id,
        account,
        side,
        left,
        quantity,
        price,
        remaining,
        rested,
    });
    let asset = market.pays(side);
    match incoming.hold.checked_sub(held) {
        Some(more) => hold(ledger, account, asset, more, events),
        None => release(ledger, account, asset, less(held, incoming.hold), events),
    }
    let trader = traders.get_mut(account).expect(KNOWN);
    trader.give_back(order_id);
    if let Some(level) = rested {
        trader.reserve(order_id, incoming.reserved);
        if let Some(saved) = saved_by_sliding(market, incoming, side, level.price, remaining) {
            release(ledger, account, asset, saved, events);
        }
    }
}

/// An order was taken in.
#[inline(always)]
fn tell_accepted(
    market: &Market,
    incoming: &Incoming<'_>,
    rested: Option<Level>,
    events: &mut Vec<Event>,
) {
    let Terms::New(order) = incoming.terms else {
        unreachable!("only a new order is accepted");
    };
    let accepted = |order: &Order, client_order_id| Event::OrderAccepted {
        instrument: market.id,
        order: *order,
        client_order_id,
        rested,
    };
    // Most have no name, and what is not there need not be copied.
    match incoming.client_order_id {
        None => events.push(accepted(order, None)),
        Some(name) => events.push(accepted(order, Some(*name))),
    }
}

#[inline(always)]
fn hold(
    ledger: &mut Ledger,
    account: AccountId,
    asset: AssetId,
    amount: Amount,
    events: &mut Vec<Event>,
) {
    if !amount.is_zero() {
        let hold = LedgerCommand::Hold {
            account,
            asset,
            amount,
        };
        ledger.apply(&hold, events).expect(COVERED);
    }
}

#[inline(always)]
fn release(
    ledger: &mut Ledger,
    account: AccountId,
    asset: AssetId,
    amount: Amount,
    events: &mut Vec<Event>,
) {
    if !amount.is_zero() {
        let release = LedgerCommand::Release {
            account,
            asset,
            amount,
        };
        ledger.apply(&release, events).expect(COVERED);
    }
}

impl<'a> Settling<'a> {
    /// Follows what happened. Returns the price of the last trade, if there was any.
    #[inline(never)]
    pub(crate) fn follow(mut self, book_events: &[BookEvent]) -> Option<Price> {
        let mut last_price = None;
        for event in book_events {
            if let BookEvent::Traded(trade) = event {
                last_price = Some(trade.price);
            }
            self.follow_one(event);
        }
        last_price
    }

    fn follow_one(&mut self, event: &BookEvent) {
        match *event {
            BookEvent::Accepted {
                rested: Some(_), ..
            } => {
                let incoming = self.incoming();
                rested(
                    self.market,
                    self.ledger,
                    self.traders,
                    &incoming,
                    event,
                    self.events,
                );
            }
            BookEvent::Accepted { account, side, .. } => {
                let incoming = self.incoming();
                tell_accepted(self.market, &incoming, None, self.events);
                self.hold(account, side, incoming.hold);
            }
            BookEvent::Closed { left: Some(_), .. } => {
                left(self.market, self.ledger, self.traders, event, self.events);
            }
            BookEvent::Closed {
                account,
                side,
                unfilled,
                left: None,
                ..
            } => {
                self.repeat(event);
                self.ended_at_once(account, side, unfilled);
            }
            BookEvent::Traded(ref trade) => self.settle(trade),
            _ => self.follow_rarely(event),
        }
    }

    /// What does not happen to most orders.
    #[inline(never)]
    fn follow_rarely(&mut self, event: &BookEvent) {
        match *event {
            BookEvent::Amended { .. } => {
                let incoming = self.incoming();
                amended(
                    self.market,
                    self.ledger,
                    self.traders,
                    &incoming,
                    event,
                    self.events,
                );
            }
            BookEvent::Decremented {
                price,
                quantity,
                taker_side,
                maker_order_id,
                maker_account,
                maker_remaining,
                taker_order_id,
                taker_account,
                taker_remaining,
            } => {
                self.repeat(event);
                let maker = Part {
                    order: maker_order_id,
                    account: maker_account,
                    side: taker_side.opposite(),
                    gone: quantity,
                    left: maker_remaining,
                };
                let frees = self.frees(&maker, price);
                self.release(maker_account, maker.side, frees);
                let taker = Part {
                    order: taker_order_id,
                    account: taker_account,
                    side: taker_side,
                    gone: quantity,
                    left: taker_remaining,
                };
                let frees = self.incoming_frees(&taker);
                self.release(taker_account, taker_side, frees);
            }
            // Whoever met others did not slide, so that what is left is held already.
            BookEvent::Rested {
                order_id, account, ..
            } => {
                self.repeat(event);
                let (incoming, market) = (self.incoming(), self.market);
                let trader = self.trader(account);
                if matches!(incoming.terms, Terms::New(_)) {
                    trader.opened(order_id, market);
                }
                trader.reserve(order_id, incoming.reserved);
            }
            BookEvent::Reduced {
                order_id,
                account,
                side,
                price,
                by,
                remaining,
                ..
            } => {
                self.repeat(event);
                let part = Part {
                    order: order_id,
                    account,
                    side,
                    gone: by,
                    left: remaining,
                };
                let frees = self.frees(&part, price);
                self.release(account, side, frees);
            }
            // What comes out of a reserve has been held all along.
            BookEvent::Replenished { .. } => self.repeat(event),
            BookEvent::Accepted { .. } | BookEvent::Closed { .. } | BookEvent::Traded(_) => {
                unreachable!("these are followed already")
            }
        }
    }

    /// Tells in the book's own words.
    #[inline]
    fn repeat(&mut self, event: &BookEvent) {
        self.events.push(Event::Book {
            instrument: self.market.id,
            event: *event,
        });
    }

    #[inline]
    fn incoming(&self) -> Incoming<'a> {
        self.incoming
            .expect("what is accepted, amended, takes or comes to rest has come in")
    }

    #[inline]
    fn trader(&mut self, account: AccountId) -> &mut Trader {
        self.traders.get_mut(account).expect(KNOWN)
    }

    /// What a resting order at `price` need not hold any more.
    #[inline]
    fn frees(&self, part: &Part, price: Price) -> Amount {
        let reserved = self.reserved(part.account, part.order);
        self.frees_of(part, price, reserved)
    }

    /// What the order that comes in need not hold any more.
    #[inline(always)]
    fn incoming_frees(&self, part: &Part) -> Amount {
        let incoming = self.incoming();
        match (incoming.limit(), part.side) {
            (Some(limit), _) => self.frees_of(part, limit, incoming.reserved),
            // A market sell holds its whole quantity, whatever the price ...
            (None, Side::Sell) => self.frees_of(part, Price::default(), incoming.reserved),
            // ... a market buy only what its trades cost.
            (None, Side::Buy) => Amount::ZERO,
        }
    }

    #[inline(always)]
    fn frees_of(&self, part: &Part, price: Price, reserved: FeeRate) -> Amount {
        let hold = |quantity| {
            let hold = self.market.hold(part.side, price, quantity, reserved);
            hold.expect(LESS_THAN_BEFORE)
        };
        if reserved == FeeRate::ZERO {
            return hold(part.gone);
        }
        // Each is rounded, so that their difference is not that of what is gone.
        less(hold(sum(part.left, part.gone)), hold(part.left))
    }

    /// The rate that an order holds fees on top for.
    #[inline]
    fn reserved(&self, account: AccountId, order: OrderId) -> FeeRate {
        let trader = self.traders.get(account);
        trader.map_or(FeeRate::ZERO, |trader| trader.reserved(order))
    }

    /// The order that came in ends without having rested.
    #[inline(never)]
    fn ended_at_once(&mut self, account: AccountId, side: Side, unfilled: Quantity) {
        let incoming = self.incoming();
        let frees = match (incoming.limit(), side) {
            // What rounding left over of its fees.
            (None, Side::Buy) => incoming.hold,
            (limit, _) => {
                let price = limit.unwrap_or_default();
                let hold = self.market.hold(side, price, unfilled, incoming.reserved);
                hold.expect(LESS_THAN_BEFORE)
            }
        };
        self.release(account, side, frees);
    }

    #[inline(never)]
    fn settle(&mut self, trade: &Trade) {
        let market = self.market;
        let base_amount = market.base_amount(trade.quantity);
        let quote_amount = market.quote_amount(trade.price.notional(trade.quantity));
        let (maker, taker) = (trade.maker_account, trade.taker_account);
        let maker_part = Part {
            order: trade.maker_order_id,
            account: maker,
            side: trade.taker_side.opposite(),
            gone: trade.quantity,
            left: trade.maker_remaining,
        };
        let taker_part = Part {
            order: trade.taker_order_id,
            account: taker,
            side: trade.taker_side,
            gone: trade.quantity,
            left: trade.taker_remaining,
        };
        let day = TradedVolume::day(self.now);
        let maker_reserved = self.reserved(maker, trade.maker_order_id);
        let taker_reserved = self.incoming().reserved;
        let payer = |part: &Part, reserved| Payer {
            account: part.account,
            side: part.side,
            reserved,
        };
        let (maker_fee, taker_fee) = commissions(
            self,
            &payer(&maker_part, maker_reserved),
            &payer(&taker_part, taker_reserved),
            (base_amount, quote_amount),
            day,
        );
        let maker_frees = self.frees_of(&maker_part, trade.price, maker_reserved);
        let taker_frees = match (self.incoming().limit(), trade.taker_side) {
            (None, Side::Buy) => {
                let fee = if taker_fee.asset == market.quote {
                    taker_fee.amount.magnitude()
                } else {
                    Amount::ZERO
                };
                let frees = quote_amount.checked_add(fee);
                let frees = frees.expect("a market buy costs what the book said");
                if let Some(incoming) = &mut self.incoming {
                    incoming.hold = less(incoming.hold, frees);
                }
                frees
            }
            _ => self.incoming_frees(&taker_part),
        };
        self.events.push(Event::Traded {
            instrument: market.id,
            trade: *trade,
            base_amount,
            quote_amount,
            maker_fee,
            taker_fee,
        });
        let (maker_side, taker_side) = (
            (maker, maker_frees, maker_fee),
            (taker, taker_frees, taker_fee),
        );
        let (buyer, seller) = match trade.taker_side {
            Side::Buy => (taker_side, maker_side),
            Side::Sell => (maker_side, taker_side),
        };
        let settlement = LedgerCommand::Settle(Settlement {
            base: market.base,
            quote: market.quote,
            buyer: buyer.0,
            seller: seller.0,
            base_amount,
            quote_amount,
            buyer_frees: buyer.1,
            seller_frees: seller.1,
            buyer_fee: buyer.2,
            seller_fee: seller.2,
            fee_account: FEE_ACCOUNT,
        });
        self.ledger.apply(&settlement, self.events).expect(COVERED);
        if maker != taker {
            for account in [maker, taker] {
                let trader = self.trader(account);
                trader.count_volume(market.quote, day, quote_amount);
            }
        }
    }

    #[inline]
    fn hold(&mut self, account: AccountId, side: Side, amount: Amount) {
        hold(
            self.ledger,
            account,
            self.market.pays(side),
            amount,
            self.events,
        );
    }

    #[inline]
    fn release(&mut self, account: AccountId, side: Side, amount: Amount) {
        release(
            self.ledger,
            account,
            self.market.pays(side),
            amount,
            self.events,
        );
    }
}

const COVERED: &str = "holds cover what orders spend (I5)";
const KNOWN: &str = "who has orders is known";
const LESS_THAN_BEFORE: &str = "what is less than was held fits";

fn sum(left: Quantity, gone: Quantity) -> Quantity {
    left.checked_add(gone).expect("an order had that much")
}

fn less(amount: Amount, part: Amount) -> Amount {
    amount
        .checked_sub(part)
        .expect("a part is no more than the whole")
}
