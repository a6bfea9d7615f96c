//! Placing, replacing, amending and cancelling: what is asked before a book may move.
//!
//! In this order: whether everything is known, whether the name is free, whether trading is halted,
//! what the book says, what the limits say, and whether there is the money.

use alloc::vec::Vec;

use accounts_core::{Amount, AssetId, FeeRate, InstrumentId, LedgerReject, TradedVolume};
use orderbook_core::{
    AccountId, BookReject, Command as BookCommand, Event as BookEvent, Notional, Order, OrderId,
    OrderKind, Price, Quantity, Resting, RestingOrder, Side, TimeInForce, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::exchange::is_open;
use crate::limits::{Size, is_limited};
use crate::market::with_fee;
use crate::names::Named;
use crate::settlement::{Incoming, Terms};
use crate::trader::Trader;
use crate::{ClientOrderId, Event, Exchange, Market, OrderRef, Outcome, Reject};

/// What an exchange knows about a resting order beyond its book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// Its id.
    pub id: OrderId,
    /// Its owner.
    pub account: AccountId,
    /// Where it rests.
    pub instrument: InstrumentId,
    /// What its owner calls it.
    pub client_order_id: Option<ClientOrderId>,
}

/// What an order has to be backed with.
#[derive(Clone, Copy)]
struct Backing {
    hold: Amount,
    /// The worst rate of the fees that it pays on top; zero where it does not.
    reserved: FeeRate,
    /// Whether a limit counts it.
    limited: bool,
}

impl Exchange {
    /// Places an order that has the next id.
    #[inline(always)]
    pub(crate) fn place(
        &mut self,
        now: Timestamp,
        instrument: InstrumentId,
        client_order_id: Option<&ClientOrderId>,
        command: &mut BookCommand,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let BookCommand::Place(order) = command else {
            unreachable!("this is what places an order");
        };
        let market = self.market_or_reject(instrument)?;
        let trader = self.trader_or_reject(order.account)?;
        if let Some(name) = client_order_id
            && let Some(holder) = self.holder(trader, *name)
        {
            if !is_same(holder, instrument, order) {
                return Err(Reject::DuplicateClientOrderId);
            }
            events.push(repeated(order.account, holder));
            return Ok(());
        }
        if self.halted || market.halted || trader.halted {
            return Err(self.halt(market, trader));
        }
        // A market order may get a protection that its owner knows nothing of.
        let original = client_order_id.map(|_| order.kind);
        let backing = match self.backing_of_plain(market, trader, order, now) {
            Some(backing) => backing,
            None => self.backing(market, trader, order, now)?,
        };
        let command = &*command;
        let BookCommand::Place(order) = command else {
            unreachable!("it still is");
        };
        let incoming = Incoming {
            client_order_id,
            terms: Terms::New(order),
            hold: backing.hold,
            reserved: backing.reserved,
        };
        let seen = events.len();
        self.try_out(now, instrument, command, Some(incoming), events)?;
        self.last_order_id = order.id;
        if let (Some(name), Some(kind)) = (client_order_id, original) {
            let order = Order { kind, ..*order };
            self.give_name(*name, instrument, &order, &events[seen..]);
        }
        if backing.limited {
            self.trader_mut(order.account).count(now);
        }
        Ok(())
    }

    /// What an order needs about which there is not much to ask: a limit order without a date, where
    /// nothing is limited. `None` where it is another one, or the money is not there: then somebody
    /// has to look closer. What the book has to say about a plain order it says when it gets it.
    #[inline(always)]
    fn backing_of_plain(
        &self,
        market: &Market,
        trader: &Trader,
        order: &Order,
        now: Timestamp,
    ) -> Option<Backing> {
        let OrderKind::Limit {
            price,
            time_in_force,
        } = order.kind
        else {
            return None;
        };
        let limited = is_limited(market, trader);
        if limited || expiry(time_in_force).is_some() {
            return None;
        }
        let reserved = reserved(market, trader, order, now);
        let hold = market.hold(order.side, price, order.quantity, reserved)?;
        let asset = market.pays(order.side);
        (hold <= self.ledger.available(order.account, asset)).then_some(Backing {
            hold,
            reserved,
            limited,
        })
    }

    /// What an order needs, or why it is refused. A market order gets the protection of the collar.
    #[inline(never)]
    fn backing(
        &self,
        market: &Market,
        trader: &Trader,
        order: &mut Order,
        now: Timestamp,
    ) -> Result<Backing, Reject> {
        self.protect(market, order);
        market.book.validate(&BookCommand::Place(*order))?;
        if let OrderKind::Limit { time_in_force, .. } = order.kind {
            not_expired(time_in_force, now)?;
        }
        let (trades, notional) = match order.kind {
            OrderKind::Limit { price, .. } => (order.quantity, price.notional(order.quantity)),
            OrderKind::Market { .. } => market.book.preview(order),
        };
        let limited = is_limited(market, trader);
        if limited {
            let size = Size::of(order, trades, notional);
            self.check_limits(market, trader, &size, now)?;
        }
        let reserved = reserved(market, trader, order, now);
        let cost = match (order.kind, order.side) {
            (OrderKind::Market { .. }, Side::Sell) => market.base_amount(order.quantity),
            (OrderKind::Limit { price, .. }, side) => {
                let cost = market.cost(side, price, order.quantity);
                cost.ok_or(LedgerReject::InsufficientAvailable)?
            }
            (OrderKind::Market { .. }, Side::Buy) => market.quote_amount(notional),
        };
        let hold = with_fee(cost, reserved);
        let hold = self.funded(order.account, market.pays(order.side), hold, Amount::ZERO)?;
        Ok(Backing {
            hold,
            reserved,
            limited,
        })
    }

    #[inline]
    pub(crate) fn cancel(
        &mut self,
        now: Timestamp,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let order_id = self.find(account, instrument, order)?;
        self.try_out(
            now,
            instrument,
            &BookCommand::Cancel { order_id },
            None,
            events,
        )
    }

    /// Cancels an order under a name that its owner gives to the cancellation.
    pub(crate) fn cancel_as(
        &mut self,
        now: Timestamp,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
        name: ClientOrderId,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let order_id = self.find(account, instrument, order)?;
        events.push(Event::CancellationNamed { account, name });
        self.carry_out(now, instrument, &BookCommand::Cancel { order_id }, events);
        Ok(())
    }

    /// Cancels all orders of an account in an instrument, under a name where it gives one.
    pub(crate) fn cancel_all(
        &mut self,
        now: Timestamp,
        account: AccountId,
        instrument: InstrumentId,
        name: Option<ClientOrderId>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.market_or_reject(instrument)?;
        if self.orders_of(account, instrument).next().is_none() {
            return Err(Reject::UnknownOrder);
        }
        events.extend(name.map(|name| Event::CancellationNamed { account, name }));
        self.cancel_orders_of(now, account, instrument, events);
        Ok(())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "as many things as the command says"
    )]
    pub(crate) fn replace(
        &mut self,
        now: Timestamp,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
        client_order_id: Option<ClientOrderId>,
        (quantity, price, time_in_force): (Quantity, Price, TimeInForce),
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let kind = OrderKind::Limit {
            price,
            time_in_force,
        };
        let found = self.find(account, instrument, order);
        let trader = self.traders.get(account);
        let holder = client_order_id
            .zip(trader)
            .and_then(|(name, trader)| self.holder(trader, name));
        let replaced = match (found, holder) {
            (Ok(replaced), _) => replaced,
            // It was replaced by this very command, whose answer got lost.
            (Err(Reject::UnknownOrder), Some(holder))
                if holder.instrument == instrument
                    && (holder.order.quantity, holder.order.kind) == (quantity, kind) =>
            {
                events.push(repeated(account, holder));
                return Ok(());
            }
            (Err(reject), _) => return Err(reject),
        };
        if holder.is_some_and(|holder| holder.order.id != replaced) {
            return Err(Reject::DuplicateClientOrderId);
        }
        let market = self.market_or_reject(instrument)?;
        let trader = self.trader_or_reject(account)?;
        if self.halted || market.halted || trader.halted {
            return Err(self.halt(market, trader));
        }
        let command = BookCommand::Replace {
            order_id: replaced,
            new_order_id: self.next_order_id(),
            quantity,
            price,
            time_in_force,
        };
        market.book.validate(&command)?;
        not_expired(time_in_force, now)?;
        let old = market.book.order(replaced).ok_or(Reject::UnknownOrder)?;
        let order = Order {
            id: self.next_order_id(),
            account,
            group: old.group,
            side: old.side,
            quantity,
            kind,
            self_trade: Some(old.self_trade),
        };
        let limited = is_limited(market, trader);
        if limited {
            let size = Size {
                instead_of: Some(old),
                ..Size::of(&order, quantity, price.notional(quantity))
            };
            self.check_limits(market, trader, &size, now)?;
        }
        let reserved = reserved(market, trader, &order, now);
        let hold = market.hold(old.side, price, quantity, reserved);
        let freed = held(market, trader, &old);
        let hold = self.funded(account, market.pays(old.side), hold, freed)?;
        let incoming = Incoming {
            client_order_id: client_order_id.as_ref(),
            terms: Terms::New(&order),
            hold,
            reserved,
        };
        let seen = events.len();
        self.try_out(now, instrument, &command, Some(incoming), events)?;
        self.last_order_id = order.id;
        if let Some(name) = client_order_id {
            self.give_name(name, instrument, &order, &events[seen..]);
        }
        if limited {
            self.trader_mut(account).count(now);
        }
        Ok(())
    }

    pub(crate) fn amend(
        &mut self,
        now: Timestamp,
        instrument: InstrumentId,
        order_id: OrderId,
        quantity: Quantity,
        price: Price,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let market = self.market_or_reject(instrument)?;
        let old = market.book.order(order_id).ok_or(Reject::UnknownOrder)?;
        let account = old.account;
        let trader = self.trader_or_reject(account)?;
        if self.halted || market.halted || trader.halted {
            return Err(self.halt(market, trader));
        }
        let command = BookCommand::Amend {
            order_id,
            quantity,
            price,
        };
        // Where more has traded than the order is to be, it is cancelled.
        let remaining = quantity.checked_sub(old.filled()).unwrap_or_default();
        let only_smaller = price == old.price && quantity < old.quantity;
        if remaining.is_zero() || only_smaller {
            return self.try_out(now, instrument, &command, None, events);
        }
        let amended = Order {
            id: order_id,
            account,
            group: old.group,
            side: old.side,
            quantity: remaining,
            kind: OrderKind::Limit {
                price,
                time_in_force: TimeInForce::Rest(Resting {
                    post_only: old.post_only,
                    ..Resting::PLAIN
                }),
            },
            self_trade: None,
        };
        let reserved = reserved(market, trader, &amended, now);
        let hold = market.hold(old.side, price, remaining, reserved);
        let held = held(market, trader, &old);
        let limited = is_limited(market, trader);
        let funded = self.funded(account, market.pays(old.side), hold, held);
        if limited || funded.is_err() {
            market.book.validate(&command)?;
        }
        if limited {
            let size = Size {
                quantity,
                instead_of: Some(old),
                rests: false,
                is_new: false,
                ..Size::of(&amended, remaining, price.notional(quantity))
            };
            self.check_limits(market, trader, &size, now)?;
        }
        let incoming = Incoming {
            client_order_id: None,
            terms: Terms::Amended {
                quantity,
                price,
                held,
            },
            hold: funded?,
            reserved,
        };
        self.try_out(now, instrument, &command, Some(incoming), events)
    }

    /// `hold`, where that is a number and the account can hold so much once `freed` is released.
    #[inline]
    fn funded(
        &self,
        account: AccountId,
        asset: AssetId,
        hold: Option<Amount>,
        freed: Amount,
    ) -> Result<Amount, LedgerReject> {
        let free = self.ledger.available(account, asset).checked_add(freed);
        match hold.zip(free) {
            Some((hold, free)) if hold <= free => Ok(hold),
            _ => Err(LedgerReject::InsufficientAvailable),
        }
    }

    /// Gives a market order the end of the collar as protection, where it has none that is stricter.
    fn protect(&self, market: &Market, order: &mut Order) {
        let OrderKind::Market { protection, .. } = &mut order.kind else {
            return;
        };
        let Some(worst) = self.worst_price(market, order.side) else {
            return;
        };
        let instrument = market.book.instrument();
        let worst = worst.clamp(instrument.min_price(), instrument.max_price());
        let own = protection.unwrap_or(worst);
        *protection = Some(match order.side {
            Side::Buy => own.min(worst),
            Side::Sell => own.max(worst),
        });
    }

    /// Why nothing may be placed.
    #[cold]
    fn halt(&self, market: &Market, trader: &Trader) -> Reject {
        debug_assert!(self.halted || market.halted || trader.halted);
        if self.halted {
            Reject::VenueHalted
        } else if market.halted {
            Reject::InstrumentHalted
        } else {
            Reject::AccountHalted
        }
    }

    /// The order that has taken a name.
    fn holder<'a>(&self, trader: &'a Trader, name: ClientOrderId) -> Option<&'a Named> {
        let is_open = |instrument, order| self.is_open(instrument, order);
        trader.names.holder(name, is_open)
    }

    /// Remembers the name of an order, and what became of it at once.
    fn give_name(
        &mut self,
        name: ClientOrderId,
        instrument: InstrumentId,
        order: &Order,
        events: &[Event],
    ) {
        let outcome = outcome(order.id, events);
        let markets = &self.markets;
        let is_open = |instrument, order| is_open(markets, instrument, order);
        let trader = self.traders.get_mut(order.account);
        let names = &mut trader.expect("it has placed an order").names;
        names.give(name, instrument, order, outcome, is_open);
    }
}

/// Whether the order that has taken a name is the one that is placed now.
fn is_same(holder: &Named, instrument: InstrumentId, order: &Order) -> bool {
    let terms = |order: &Order| (order.side, order.quantity, order.kind, order.self_trade);
    holder.instrument == instrument && terms(&holder.order) == terms(order)
}

/// The name of an order is sent once more.
fn repeated(account: AccountId, holder: &Named) -> Event {
    Event::OrderRepeated {
        instrument: holder.instrument,
        order_id: holder.order.id,
        account,
        client_order_id: holder.name,
        outcome: holder.outcome,
    }
}

/// What became of an order, as the events of its command tell.
fn outcome(order: OrderId, events: &[Event]) -> Outcome {
    let mut outcome = Outcome {
        filled: Quantity::ZERO,
        notional: Notional::ZERO,
        closed: None,
    };
    for event in events {
        match event {
            Event::Traded { trade, .. } => {
                let notional = trade.price.notional(trade.quantity);
                let filled = outcome.filled.checked_add(trade.quantity);
                outcome.filled = filled.expect("no more trades than was ordered");
                let notional = outcome.notional.checked_add(notional);
                outcome.notional = notional.expect("listing checked the largest order");
            }
            Event::Book {
                event:
                    BookEvent::Closed {
                        order_id, reason, ..
                    },
                ..
            } if *order_id == order => outcome.closed = Some(*reason),
            _ => {}
        }
    }
    outcome
}

/// When an order expires, where it does.
#[inline]
const fn expiry(time_in_force: TimeInForce) -> Option<Timestamp> {
    match time_in_force {
        TimeInForce::Rest(terms) => terms.until,
        _ => None,
    }
}

/// Refuses a date that has come. The book only knows how late it was when orders last expired.
fn not_expired(time_in_force: TimeInForce, now: Timestamp) -> Result<(), BookReject> {
    match expiry(time_in_force) {
        Some(until) if until <= now => Err(BookReject::AlreadyExpired),
        _ => Ok(()),
    }
}

/// What a resting order holds.
#[inline]
fn held(market: &Market, trader: &Trader, order: &RestingOrder) -> Amount {
    let reserved = trader.reserved(order.id);
    let hold = market.hold(order.side, order.price, order.remaining, reserved);
    hold.expect("it has been held")
}

/// The worst rate of the fees that an order pays on top of what it trades; zero where it does not.
#[inline]
fn reserved(market: &Market, trader: &Trader, order: &Order, now: Timestamp) -> FeeRate {
    if trader.fee_asset != Some(market.pays(order.side)) {
        return FeeRate::ZERO;
    }
    worst_rate(market, trader, order, now)
}

#[cold]
fn worst_rate(market: &Market, trader: &Trader, order: &Order, now: Timestamp) -> FeeRate {
    let volume = trader.volume(market.quote, TradedVolume::day(now));
    let tier = market.fees.tier(volume);
    let (takes, makes) = match order.kind {
        OrderKind::Limit {
            time_in_force: TimeInForce::Rest(terms),
            ..
        } => (terms.post_only.is_none(), true),
        OrderKind::Limit { time_in_force, .. } => (true, time_in_force.rests()),
        OrderKind::Market { .. } => (true, false),
    };
    let taker = if takes { tier.taker } else { FeeRate::ZERO };
    let maker = if makes { tier.maker } else { FeeRate::ZERO };
    taker.max(maker).max(FeeRate::ZERO)
}
