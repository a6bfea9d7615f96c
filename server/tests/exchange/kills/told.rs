//! What a client has been told, and what must be there because of that.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;

use super::terms::{Standing, Terms};
use crate::harness::{decimal, list, number, text};

/// All that one client was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    orders: BTreeMap<u64, Known>,
    /// Orders that are open or have not been compared yet.
    recent: BTreeSet<u64>,
    /// From which order of an instrument on there may be some that the client does not know of.
    unknown_from: BTreeMap<&'static str, u64>,
    /// Names that must have no order: it was refused, or the process that it was sent to is dead and
    /// has not carried it out.
    absent: BTreeSet<String>,
    /// Orders without a known outcome that the client does not pursue any further.
    perhaps: BTreeMap<String, Terms>,
    /// The fills of each instrument by trade and order, as they were first told.
    fills: BTreeMap<&'static str, BTreeMap<(u64, u64), Value>>,
    /// What each order has traded, and for how much, by its fills.
    traded: BTreeMap<u64, (Decimal, Decimal)>,
    /// What was paid in fees, by asset.
    pub(super) paid: BTreeMap<String, Decimal>,
    pub(super) counts: Counts,
}

/// How much was told.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) orders: usize,
    pub(super) refusals: usize,
    pub(super) cancels: usize,
    pub(super) fills: usize,
    /// Orders and cancellations whose outcome was unknown at first.
    pub(super) unknown: usize,
    /// Orders that were there when they were sent again or asked for.
    pub(super) there: usize,
    /// Orders that were not there, and were placed by sending them again.
    pub(super) anew: usize,
    /// Answers that a server gives that cannot do its work.
    pub(super) errors: usize,
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.orders += other.orders;
        self.refusals += other.refusals;
        self.cancels += other.cancels;
        self.fills += other.fills;
        self.unknown += other.unknown;
        self.there += other.there;
        self.anew += other.anew;
        self.errors += other.errors;
    }
}

/// An order that is there.
#[derive(Debug)]
struct Known {
    terms: Terms,
    /// As it was last told.
    standing: Standing,
    /// When it was placed, where that was told.
    time: Option<u64>,
    /// What it traded when it was placed, where that was told.
    first_fills: Option<Vec<Value>>,
    cancel: Cancel,
}

/// Whether its owner has tried to cancel an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cancel {
    No,
    Sent,
    /// It could not be, because it was closed.
    TooLate,
}

/// The orders of an instrument that nobody has been told of yet.
#[derive(Debug, Default)]
pub(super) struct Strangers(BTreeMap<String, u64>);

impl Strangers {
    /// The order of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<u64> {
        self.0.remove(name)
    }

    pub(super) fn assert_none(&self) {
        assert!(self.0.is_empty(), "nobody has placed {self:?}");
    }
}

impl Told {
    /// An order is there: this was the answer to it.
    pub(super) fn placed(&mut self, terms: Terms, answer: &Value) -> u64 {
        terms.assert_of(answer);
        let id = number(answer, "orderId");
        assert!(!self.absent.contains(terms.name()), "refused: {answer}");
        let fills = answer.get("fills").map(|fills| list(fills).to_vec());
        let known = Known {
            terms,
            standing: Standing::of(answer),
            time: Some(number(answer, "transactTime")),
            first_fills: fills,
            cancel: Cancel::No,
        };
        self.keep(id, known);
        id
    }

    /// An order whose outcome was unknown is there: this is how it stands.
    pub(super) fn found(&mut self, terms: Terms, order: &Value) -> u64 {
        terms.assert_of(order);
        let id = number(order, "orderId");
        let known = Known {
            terms,
            standing: Standing::of(order),
            time: None,
            first_fills: None,
            // Whoever does not know of an order may have cancelled it together with all others.
            cancel: Cancel::Sent,
        };
        self.keep(id, known);
        id
    }

    fn keep(&mut self, id: u64, known: Known) {
        self.counts.orders += 1;
        self.recent.insert(id);
        let before = self.orders.insert(id, known);
        assert!(before.is_none(), "another order {id}: {before:?}");
    }

    /// An order was refused, or has surely not been carried out.
    pub(super) fn absent(&mut self, terms: &Terms) {
        self.counts.refusals += 1;
        self.absent.insert(terms.name().into());
    }

    /// The outcome of an order will not be asked for again.
    pub(super) fn perhaps(&mut self, terms: Terms) {
        self.perhaps.insert(terms.name().into(), terms);
    }

    /// The process that was to carry out what is not there is dead.
    pub(super) fn no_longer_perhaps(&mut self) {
        let names = std::mem::take(&mut self.perhaps).into_keys();
        self.absent.extend(names);
    }

    fn known(&mut self, id: u64) -> &mut Known {
        self.orders.get_mut(&id).expect("it was told of before")
    }

    /// How an order stands now.
    pub(super) fn saw(&mut self, order: &Value) {
        let known = self.known(number(order, "orderId"));
        known.terms.assert_of(order);
        let now = Standing::of(order);
        known.standing.assert_leads_to(&now, order);
        let placed = number(order, "time");
        assert_eq!(*known.time.get_or_insert(placed), placed, "{order}");
        match (known.cancel, &*now.status) {
            (Cancel::No, "CANCELED") => panic!("nobody has cancelled {order}"),
            (Cancel::TooLate, _) => assert!(!now.is_open(), "it was closed: {order}"),
            _ => {}
        }
        known.standing = now;
    }

    pub(super) fn sends_cancel(&mut self, id: u64) {
        let known = self.known(id);
        if known.cancel == Cancel::No {
            known.cancel = Cancel::Sent;
        }
    }

    /// All open orders of an instrument are about to be cancelled.
    pub(super) fn sends_cancel_all(&mut self, symbol: &str) {
        for id in self.open(symbol) {
            self.sends_cancel(id);
        }
    }

    pub(super) fn cancelled(&mut self, answer: &Value) {
        assert_eq!(answer["status"], "CANCELED", "{answer}");
        let id = number(answer, "orderId");
        let name = text(answer, "origClientOrderId").to_owned();
        let mut order = answer.clone();
        order["clientOrderId"] = name.clone().into();
        if let Some(terms) = self.perhaps.remove(&name) {
            self.found(terms, &order);
        }
        self.counts.cancels += 1;
        let known = self.known(id);
        known.terms.assert_of(&order);
        let now = Standing::of(&order);
        known.standing.assert_leads_to(&now, &order);
        known.standing = now;
    }

    /// It could not be cancelled, because it was closed.
    pub(super) fn too_late(&mut self, id: u64) {
        // A cancellation whose outcome was unknown may have been carried out.
        self.known(id).cancel = Cancel::TooLate;
    }

    /// No order of an instrument could be cancelled, because none was open.
    pub(super) fn all_too_late(&mut self, symbol: &str) {
        for id in self.open(symbol) {
            self.too_late(id);
        }
    }

    /// The orders of an instrument that are open as far as the client knows.
    pub(super) fn open(&self, symbol: &str) -> Vec<u64> {
        let orders = self.recent_of(symbol);
        let open =
            orders.filter(|(_, known)| known.standing.is_open() && known.cancel != Cancel::TooLate);
        open.map(|(id, _)| id).collect()
    }

    fn recent_of(&self, symbol: &str) -> impl Iterator<Item = (u64, &Known)> {
        let recent = self.recent.iter().map(|id| (*id, &self.orders[id]));
        recent.filter(move |(_, known)| known.terms.symbol() == symbol)
    }

    /// The order of an instrument from which on something can have changed since all was compared.
    pub(super) fn oldest_recent(&self, symbol: &str) -> u64 {
        let unknown_from = self.unknown_from.get(symbol).copied().unwrap_or(0);
        let oldest = self.recent_of(symbol).next().map(|(id, _)| id);
        oldest.unwrap_or(unknown_from).min(unknown_from)
    }

    /// Fills were told. Those that were told before are the same.
    pub(super) fn saw_fills(&mut self, symbol: &'static str, fills: &[Value]) {
        for fill in fills {
            let key = (number(fill, "id"), number(fill, "orderId"));
            let known = self.fills.entry(symbol).or_default();
            if let Some(before) = known.get(&key) {
                assert_eq!(before, fill, "a fill was told differently before");
                continue;
            }
            known.insert(key, fill.clone());
            self.counts.fills += 1;
            let traded = self.traded.entry(key.1).or_default();
            traded.0 += decimal(fill, "qty");
            traded.1 += decimal(fill, "quoteQty");
            let asset = text(fill, "commissionAsset").to_owned();
            *self.paid.entry(asset).or_default() += decimal(fill, "commission");
        }
    }

    /// The newest trade of an instrument that the client was told of.
    pub(super) fn newest_fill(&self, symbol: &str) -> u64 {
        let fills = self.fills.get(symbol);
        let newest = fills.and_then(|fills| fills.last_key_value());
        newest.map_or(0, |((trade, _), _)| *trade)
    }

    /// Asserts that these are all fills of an instrument from a trade on.
    pub(super) fn assert_fills(&mut self, symbol: &'static str, from: u64, fills: &[Value]) {
        let mut found = BTreeSet::new();
        for fill in fills {
            let key = (number(fill, "id"), number(fill, "orderId"));
            assert!(found.insert(key), "it is there twice: {fill}");
        }
        if let Some(known) = self.fills.get(symbol) {
            for (key, fill) in known.range((from, 0)..) {
                assert!(found.contains(key), "lost: {fill}");
            }
        }
        self.saw_fills(symbol, fills);
    }

    /// Asserts that these are all orders of an instrument from one on, and as they should be; those
    /// that the client does not know of.
    pub(super) fn assert_orders(
        &mut self,
        symbol: &'static str,
        from: u64,
        orders: &[Value],
    ) -> Strangers {
        let mut strangers = Strangers::default();
        let mut found = BTreeMap::new();
        for order in orders {
            let (id, name) = (number(order, "orderId"), text(order, "clientOrderId"));
            let twin = found.insert(name, id);
            assert_eq!(twin, None, "there is another one of that name: {order}");
            assert!(!self.absent.contains(name), "it was not placed: {order}");
            if let Some(terms) = self.perhaps.remove(name) {
                self.found(terms, order);
            }
            if !self.orders.contains_key(&id) {
                strangers.0.insert(name.into(), id);
                continue;
            }
            self.saw(order);
            let standing = &self.orders[&id].standing;
            let traded = self.traded.get(&id).copied().unwrap_or_default();
            assert_eq!((standing.executed, standing.quote), traded, "{order}");
        }
        for (id, known) in self.orders.range(from..) {
            let name = known.terms.name();
            assert!(
                known.terms.symbol() != symbol || found.get(name) == Some(id),
                "order {id} is lost: {known:?}"
            );
        }
        self.assert_first_fills(symbol);
        let next = orders
            .last()
            .map_or(from, |last| number(last, "orderId") + 1);
        let unknown_from = strangers.0.values().copied().min().unwrap_or(next);
        self.unknown_from.insert(symbol, unknown_from);
        let orders = &self.orders;
        self.recent.retain(|id| {
            let known = &orders[id];
            known.terms.symbol() != symbol || known.standing.is_open()
        });
        strangers
    }

    /// Asserts that orders traded what they were said to have traded when they were placed.
    fn assert_first_fills(&self, symbol: &str) {
        for (id, known) in self.recent_of(symbol) {
            for fill in known.first_fills.iter().flatten() {
                let fills = self.fills.get(symbol);
                let kept = fills.and_then(|fills| fills.get(&(number(fill, "tradeId"), id)));
                let kept = kept.unwrap_or_else(|| panic!("lost: {fill} of {known:?}"));
                for field in ["price", "qty", "commission", "commissionAsset"] {
                    assert_eq!(kept[field], fill[field], "{fill} is kept as {kept}");
                }
                assert_eq!(kept["isMaker"], false, "{kept}");
            }
        }
    }

    /// Has every order compared again, also those that cannot have changed.
    pub(super) fn distrust(&mut self) {
        self.recent.extend(self.orders.keys());
        self.unknown_from.clear();
    }
}
