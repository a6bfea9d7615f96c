//! Orders that come in, change and leave, and their names.

use accounts_core::{AccountId, LedgerReject};
use exchange_engine::{ClientOrderId, Event, InstrumentId, OrderRef, Outcome, Reject, Scope};
use num_bigint::BigInt;
use orderbook_core::{
    BookReject, Command as BookCommand, Event as BookEvent, Notional, Order, OrderId, OrderKind,
    Price, Quantity, Resting, RestingOrder, Selection, Side, TimeInForce, Timestamp,
};

use super::fees::share;
use super::{Details, Exchange, Market, Named};
use crate::book::traded;

/// How many named orders of an account are recent.
const RECENT: usize = 1_000;

/// An order that comes in: a new one, a replacement, or one that is amended.
pub(super) struct Entry {
    pub(super) instrument: InstrumentId,
    pub(super) command: BookCommand,
    /// As it comes in. Its quantity counts what has traded already.
    pub(super) order: Order,
    /// What is to trade.
    pub(super) remaining: Quantity,
    /// What it replaces, or what it was.
    pub(super) leaves: Option<RestingOrder>,
    /// Where it is a new order: what was wanted, and under which name.
    pub(super) new: Option<(Order, Option<ClientOrderId>)>,
}

impl Exchange {
    pub(super) fn place(
        &mut self,
        now: Timestamp,
        instrument: InstrumentId,
        wanted: Order,
        name: Option<ClientOrderId>,
    ) -> Result<Vec<Event>, Reject> {
        let market = self.market(instrument)?;
        self.account(wanted.account)?;
        if let Some(named) = self.named(wanted.account, name) {
            let before = named.wanted;
            let same = named.instrument == instrument
                && before.side == wanted.side
                && before.quantity == wanted.quantity
                && before.kind == wanted.kind
                && before.self_trade == wanted.self_trade;
            if !same {
                return Err(Reject::DuplicateClientOrderId);
            }
            let repeated = named.repeated();
            let newer = self.account(wanted.account)?.named.iter().rev();
            let newer = newer.take_while(|other| other.wanted.id != before.id);
            if newer.count() >= RECENT {
                self.situations.push("repeated after a thousand others");
            }
            if self.not_halted(wanted.account, instrument).is_err() {
                self.situations.push("repeated while halted");
            }
            return Ok(vec![repeated]);
        }
        self.not_halted(wanted.account, instrument)?;
        let order = market.protected(wanted);
        self.enter(
            now,
            &Entry {
                instrument,
                command: BookCommand::Place(order),
                order,
                remaining: order.quantity,
                leaves: None,
                new: Some((wanted, name)),
            },
        )
    }

    /// What to do about the replacement of an order that is not open: it may have been replaced
    /// already.
    pub(super) fn repeat_replacement(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        name: Option<ClientOrderId>,
        quantity: Quantity,
        kind: OrderKind,
    ) -> Result<Vec<Event>, Reject> {
        let named = self.named(account, name).ok_or(Reject::UnknownOrder)?;
        let same = named.instrument == instrument
            && named.wanted.quantity == quantity
            && named.wanted.kind == kind;
        if !same {
            return Err(Reject::UnknownOrder);
        }
        let repeated = named.repeated();
        self.situations.push("a replacement was repeated");
        Ok(vec![repeated])
    }

    pub(super) fn amend(
        &mut self,
        now: Timestamp,
        instrument: InstrumentId,
        old: RestingOrder,
        quantity: Quantity,
        price: Price,
    ) -> Result<Vec<Event>, Reject> {
        let command = BookCommand::Amend {
            order_id: old.id,
            quantity,
            price,
        };
        let traded = old.quantity.get() - old.remaining.get();
        let smaller = price == old.price && quantity < old.quantity;
        if smaller || quantity.get() <= traded {
            return self.on_book(instrument, &command);
        }
        let terms = Resting {
            until: old.until,
            post_only: old.post_only,
            display: old.display,
        };
        let order = Order {
            id: old.id,
            account: old.account,
            group: old.group,
            side: old.side,
            quantity,
            kind: OrderKind::Limit {
                price,
                time_in_force: TimeInForce::Rest(terms),
            },
            self_trade: Some(old.self_trade),
        };
        self.enter(
            now,
            &Entry {
                instrument,
                command,
                order,
                remaining: Quantity::new(quantity.get() - traded),
                leaves: Some(old),
                new: None,
            },
        )
    }

    /// Lets a book do what brings no order in.
    pub(super) fn on_book(
        &mut self,
        instrument: InstrumentId,
        command: &BookCommand,
    ) -> Result<Vec<Event>, Reject> {
        let events = self.market_mut(instrument)?.book.apply(command)?;
        let events = events.into_iter();
        Ok(events
            .map(|event| Event::Book { instrument, event })
            .collect())
    }

    pub(super) fn cancel_in(&mut self, scope: Scope) -> Result<Vec<Event>, Reject> {
        let listed: Vec<InstrumentId> = self.markets.keys().copied().collect();
        let everything = BookCommand::CancelAll(Selection::ALL);
        let mut events = Vec::new();
        for instrument in listed {
            match scope {
                Scope::Venue => events.extend(self.on_book(instrument, &everything)?),
                Scope::Instrument(only) if only == instrument => {
                    events.extend(self.on_book(instrument, &everything)?);
                }
                Scope::Instrument(_) => {}
                Scope::Account(account) => events.extend(self.cancel_by_age(account, instrument)?),
            }
        }
        Ok(events)
    }

    /// As [`cancel_by_age`](Self::cancel_by_age), where there is anything.
    pub(super) fn cancel_all(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
    ) -> Result<Vec<Event>, Reject> {
        let events = self.cancel_by_age(account, instrument)?;
        if events.is_empty() {
            return Err(Reject::UnknownOrder);
        }
        Ok(events)
    }

    /// Cancels all that an account has in an instrument, oldest first.
    pub(super) fn cancel_by_age(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
    ) -> Result<Vec<Event>, Reject> {
        let orders = self.market(instrument)?.orders();
        let own = orders.filter(|order| order.account == account);
        let mut ids: Vec<OrderId> = own.map(|order| order.id).collect();
        ids.sort();
        let mut events = Vec::new();
        for order_id in ids {
            events.extend(self.on_book(instrument, &BookCommand::Cancel { order_id })?);
        }
        Ok(events)
    }

    /// Lets an order come in on a copy of its book. If nothing is against it, the copy is kept, and
    /// the money changes hands.
    pub(super) fn enter(&mut self, now: Timestamp, entry: &Entry) -> Result<Vec<Event>, Reject> {
        let market = self.market(entry.instrument)?;
        let mut after = market.book.clone();
        let book_events = after.apply(&entry.command)?;
        if entry.new.is_some() && until(&entry.order).is_some_and(|until| until.get() <= now.get())
        {
            return Err(BookReject::AlreadyExpired.into());
        }
        if let Some(limit) = self.limit_against(now, market, entry, &book_events) {
            return Err(limit.into());
        }
        let rate = self.rate_on_top(now, market, &entry.order);
        self.can_pay(market, entry, rate, &book_events)?;

        let mut kept = self.details.get(&entry.order.id).copied();
        if kept.is_some_and(|kept| kept.rate != rate) {
            self.situations.push("amended to another rate on top");
        }
        if let Some((wanted, name)) = entry.new {
            self.placed += 1;
            kept = Some(Details { name, rate });
            let (filled, cost) = traded(&book_events);
            let closed = book_events.iter().find_map(|event| match *event {
                BookEvent::Closed {
                    order_id, reason, ..
                } if order_id == wanted.id => Some(reason),
                _ => None,
            });
            let outcome = Outcome {
                filled: Quantity::new(filled),
                notional: Notional::new(cost),
                closed,
            };
            if wanted.kind != entry.order.kind {
                self.situations.push("the collar protected a market order");
            }
            let owner = self.account_mut(wanted.account)?;
            owner.ordered.push(now);
            if let Some(name) = name {
                let again = owner.named.iter().any(|named| named.name == name);
                owner.named.push(Named {
                    name,
                    instrument: entry.instrument,
                    wanted,
                    outcome,
                });
                if again && entry.leaves.is_none() {
                    self.situations.push("a name was used again");
                }
            }
        }
        let details = Details {
            rate,
            ..kept.expect("what is amended was placed before")
        };
        self.details.insert(entry.order.id, details);
        self.market_mut(entry.instrument)?.book = after;
        let mut events = Vec::new();
        for event in book_events {
            if let BookEvent::Traded(trade) = event {
                events.push(self.settle(now, entry.instrument, trade)?);
            } else {
                events.push(entry.told(event, details.name));
            }
        }
        Ok(events)
    }

    /// Whether the owner of an incoming order has what it may cost at its worst, not counting what
    /// it earns on the way: all of a limit order at its limit, all of what a market order sells,
    /// but only what a market order really costs to buy. What an order that is replaced or amended
    /// holds is free to be used.
    fn can_pay(
        &self,
        market: &Market,
        entry: &Entry,
        rate: i32,
        book_events: &[BookEvent],
    ) -> Result<(), Reject> {
        let order = &entry.order;
        let needed = match (order.kind, order.side) {
            (OrderKind::Limit { price, .. }, side) => {
                market.hold(side, price, entry.remaining, rate)
            }
            (OrderKind::Market { .. }, Side::Sell) => {
                market.hold(Side::Sell, Price::default(), entry.remaining, rate)
            }
            (OrderKind::Market { .. }, Side::Buy) => {
                let (_, cost) = traded(book_events);
                let cost = &market.tick_lot * cost;
                let fee = share(rate, &cost);
                cost + fee
            }
        };
        let freed = entry.leaves.map_or(BigInt::ZERO, |old| {
            market.hold(old.side, old.price, old.remaining, self.rate_of(old.id))
        });
        let available = self.available(order.account, market.paid_by(order.side));
        if needed > available + freed {
            return Err(LedgerReject::InsufficientAvailable.into());
        }
        Ok(())
    }

    pub(super) fn not_halted(
        &self,
        account: AccountId,
        instrument: InstrumentId,
    ) -> Result<(), Reject> {
        if self.halted {
            return Err(Reject::VenueHalted);
        }
        if self.market(instrument)?.halted {
            return Err(Reject::InstrumentHalted);
        }
        if self.account(account)?.halted {
            return Err(Reject::AccountHalted);
        }
        Ok(())
    }

    pub(super) fn find(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        wanted: OrderRef,
    ) -> Result<&RestingOrder, Reject> {
        let mut orders = self.market(instrument)?.orders();
        orders
            .find(|order| {
                order.account == account
                    && match wanted {
                        OrderRef::Id(id) => order.id == id,
                        OrderRef::Client(name) => self.details[&order.id].name == Some(name),
                    }
            })
            .ok_or(Reject::UnknownOrder)
    }

    /// The order that has taken a name, if it is taken.
    pub(super) fn named(&self, account: AccountId, name: Option<ClientOrderId>) -> Option<&Named> {
        let named = &self.account(account).ok()?.named;
        let newest = named.iter().rposition(|named| Some(named.name) == name)?;
        let recent = newest + RECENT >= named.len();
        let mut open = self.markets.values().flat_map(Market::orders);
        let taken = recent || open.any(|order| order.id == named[newest].wanted.id);
        taken.then(|| &named[newest])
    }
}

impl Entry {
    /// The event of the book as the exchange tells it.
    fn told(&self, event: BookEvent, name: Option<ClientOrderId>) -> Event {
        let instrument = self.instrument;
        match (event, &self.order.kind) {
            (BookEvent::Accepted { rested, .. }, _) => Event::OrderAccepted {
                instrument,
                order: self.order,
                client_order_id: name,
                rested,
            },
            (
                BookEvent::Amended {
                    order_id,
                    account,
                    side,
                    left,
                    remaining,
                    rested,
                },
                OrderKind::Limit { price, .. },
            ) => Event::OrderAmended {
                instrument,
                order_id,
                account,
                side,
                left,
                quantity: self.order.quantity,
                price: *price,
                remaining,
                rested,
            },
            _ => Event::Book { instrument, event },
        }
    }
}

/// Whether an order may come to rest.
pub(super) const fn rests(kind: OrderKind) -> bool {
    matches!(
        kind,
        OrderKind::Limit {
            time_in_force: TimeInForce::GoodTillCancel | TimeInForce::Rest(_),
            ..
        }
    )
}

/// When an order expires, where it does.
const fn until(order: &Order) -> Option<Timestamp> {
    match order.kind {
        OrderKind::Limit {
            time_in_force: TimeInForce::Rest(terms),
            ..
        } => terms.until,
        _ => None,
    }
}
