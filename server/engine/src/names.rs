//! What owners call their orders, and what became of the orders when they were placed.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use accounts_core::InstrumentId;
use orderbook_core::{Order, OrderId};
use serde::{Deserialize, Serialize};

use crate::{ClientOrderId, Outcome};

/// So many of the newest orders of an account that have names keep them, open or not.
pub(crate) const RECENT: u64 = 1_000;

/// An order that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: ClientOrderId,
    /// Which of the account's orders with names this is: 1 for the first.
    pub(crate) number: u64,
    pub(crate) instrument: InstrumentId,
    /// As its owner placed it.
    pub(crate) order: Order,
    pub(crate) outcome: Outcome,
}

/// The orders of an account that have names.
///
/// A name is taken while its order is open or recent. Nothing is done when an order closes: what is
/// neither is found out when somebody looks, and thrown away as new names come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Option<Box<Book>>);

#[derive(Debug, Clone, Default)]
struct Book {
    named: u64,
    /// Each in a place of its own: the map moves what it holds with every order that comes and goes.
    by_name: BTreeMap<ClientOrderId, Box<Named>>,
    /// Names and numbers that may be thrown away one day. The next to look at comes first.
    queue: VecDeque<(u64, ClientOrderId)>,
}

impl Names {
    /// The order that has taken a name. O(log names).
    pub(crate) fn holder(
        &self,
        name: ClientOrderId,
        is_open: impl Fn(InstrumentId, OrderId) -> bool,
    ) -> Option<&Named> {
        let book = self.0.as_deref()?;
        let holder = book.by_name.get(&name)?;
        let taken = book.is_recent(holder.number) || is_open(holder.instrument, holder.order.id);
        taken.then_some(holder)
    }

    /// The newest order of a name, open, recent or neither. O(log names).
    pub(crate) fn newest(&self, name: ClientOrderId) -> Option<&Named> {
        self.0.as_deref()?.by_name.get(&name).map(Box::as_ref)
    }

    /// The name of an order. O(names).
    pub(crate) fn of(&self, order: OrderId) -> Option<ClientOrderId> {
        let mut named = self.0.as_deref()?.by_name.values();
        let named = named.find(|named| named.order.id == order)?;
        Some(named.name)
    }

    /// Gives an order a name. O(log names).
    pub(crate) fn give(
        &mut self,
        name: ClientOrderId,
        instrument: InstrumentId,
        order: &Order,
        outcome: Outcome,
        is_open: impl Fn(InstrumentId, OrderId) -> bool,
    ) {
        let book = self.0.get_or_insert_default();
        book.named += 1;
        let named = Box::new(Named {
            name,
            number: book.named,
            instrument,
            order: *order,
            outcome,
        });
        book.by_name.insert(name, named);
        book.queue.push_back((book.named, name));
        // One comes and up to two go, so what may be thrown away never piles up.
        book.throw_away(&is_open);
        book.throw_away(&is_open);
    }

    /// How many orders have been named.
    pub(crate) fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, |book| book.named)
    }

    /// All whose names are taken, oldest first.
    pub(crate) fn taken(&self, is_open: impl Fn(InstrumentId, OrderId) -> bool) -> Vec<Named> {
        let Some(book) = self.0.as_deref() else {
            return Vec::new();
        };
        let entitled = |named: &Named| {
            book.is_recent(named.number) || is_open(named.instrument, named.order.id)
        };
        let all = book.by_name.values().map(|named| **named);
        let mut taken: Vec<Named> = all.filter(entitled).collect();
        taken.sort_by_key(|named| named.number);
        taken
    }

    /// What [`count`](Self::count) and [`taken`](Self::taken) told.
    pub(crate) fn restore(count: u64, taken: &[Named]) -> Self {
        if count == 0 {
            return Self::default();
        }
        Self(Some(Box::new(Book {
            named: count,
            by_name: taken
                .iter()
                .map(|named| (named.name, Box::new(*named)))
                .collect(),
            queue: taken
                .iter()
                .map(|named| (named.number, named.name))
                .collect(),
        })))
    }
}

impl Book {
    const fn is_recent(&self, number: u64) -> bool {
        self.named - number < RECENT
    }

    fn throw_away(&mut self, is_open: impl Fn(InstrumentId, OrderId) -> bool) {
        let Some((number, name)) = self.queue.pop_front() else {
            return;
        };
        if self.is_recent(number) {
            self.queue.push_front((number, name));
            return;
        }
        let Some(named) = self.by_name.get(&name) else {
            return;
        };
        // A newer order of that name has an entry of its own.
        if named.number != number {
            return;
        }
        if is_open(named.instrument, named.order.id) {
            self.queue.push_back((number, name));
        } else {
            self.by_name.remove(&name);
        }
    }
}
