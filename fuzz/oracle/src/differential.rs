//! The real thing and its model, side by side.
//!
//! Each function here takes arbitrary bytes and panics where something is wrong.

use std::fmt::{self, Debug};

use orderbook_core::{CloseReason, Event as BookEvent, SelfTradePrevention};

mod book;
mod damage;
pub(crate) mod engine;
mod ledger;
mod market;
mod situations;

pub use book::book;
pub use damage::damage;
pub use engine::{engine, inputs};
pub use ledger::ledger;
pub use market::market;

/// After how many commands the real thing is restored from a snapshot of itself.
const COMMANDS_PER_SNAPSHOT: usize = 16;

/// What a comparison went through; tells whether it was worth anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage<R> {
    /// Commands applied, refused ones included.
    pub commands: u64,
    /// Trades, or settlements where there is no book.
    pub trades: u64,
    /// The most orders that rested at once.
    pub most_orders: usize,
    /// Refused commands by reason.
    pub rejects: Vec<(R, u64)>,
    /// Closed orders by reason.
    pub closes: Vec<(CloseReason, u64)>,
    /// Events by kind.
    pub events: Vec<(&'static str, u64)>,
    /// Orders that met one of their own account or group, by what they do then.
    pub self_trades: Vec<(SelfTradePrevention, u64)>,
    /// What else is worth having happened, in words.
    pub situations: Vec<(&'static str, u64)>,
}

impl<R> Default for Coverage<R> {
    fn default() -> Self {
        Self {
            commands: 0,
            trades: 0,
            most_orders: 0,
            rejects: Vec::new(),
            closes: Vec::new(),
            events: Vec::new(),
            self_trades: Vec::new(),
            situations: Vec::new(),
        }
    }
}

impl<R: Copy + PartialEq> Coverage<R> {
    /// Adds what another comparison went through.
    pub fn add(&mut self, other: &Self) {
        self.commands += other.commands;
        self.trades += other.trades;
        self.most_orders = self.most_orders.max(other.most_orders);
        add(&mut self.rejects, &other.rejects);
        add(&mut self.closes, &other.closes);
        add(&mut self.events, &other.events);
        add(&mut self.self_trades, &other.self_trades);
        add(&mut self.situations, &other.situations);
    }

    pub(crate) fn note(&mut self, result: Result<(), R>, orders: usize) {
        self.commands += 1;
        self.most_orders = self.most_orders.max(orders);
        if let Err(reason) = result {
            count(&mut self.rejects, reason, 1);
        }
    }

    pub(crate) fn note_book_events(&mut self, events: &[BookEvent]) {
        for event in events {
            match event {
                BookEvent::Traded(_) => self.trades += 1,
                BookEvent::Closed { reason, .. } => count(&mut self.closes, *reason, 1),
                _ => {}
            }
            self.note_event(kind(event));
        }
    }

    pub(crate) fn note_event(&mut self, kind: &'static str) {
        count(&mut self.events, kind, 1);
    }

    pub(crate) fn note_situation(&mut self, what: &'static str) {
        count(&mut self.situations, what, 1);
    }
}

const fn kind(event: &BookEvent) -> &'static str {
    match event {
        BookEvent::Accepted { .. } => "Accepted",
        BookEvent::Traded(_) => "Traded",
        BookEvent::Decremented { .. } => "Decremented",
        BookEvent::Rested { .. } => "Rested",
        BookEvent::Replenished { .. } => "Replenished",
        BookEvent::Reduced { .. } => "Reduced",
        BookEvent::Amended { .. } => "Amended",
        BookEvent::Closed { .. } => "Closed",
    }
}

fn add<T: Copy + PartialEq>(counts: &mut Vec<(T, u64)>, others: &[(T, u64)]) {
    for (key, times) in others {
        count(counts, *key, *times);
    }
}

fn count<T: PartialEq>(counts: &mut Vec<(T, u64)>, key: T, times: u64) {
    match counts.iter_mut().find(|(known, _)| *known == key) {
        Some((_, sum)) => *sum += times,
        None => counts.push((key, times)),
    }
}

/// Where a comparison is, for the message when it fails.
pub(crate) struct At<'a, C> {
    pub(crate) subject: &'a str,
    pub(crate) index: usize,
    pub(crate) command: &'a C,
}

impl<C: Debug> At<'_, C> {
    #[track_caller]
    pub(crate) fn same<T: PartialEq + Debug + ?Sized>(&self, what: &str, real: &T, model: &T) {
        assert!(
            real == model,
            "{self}\n{what} differ\n  real:  {real:?}\n  model: {model:?}"
        );
    }

    /// Like [`same`](Self::same), for what the real thing tells one by one.
    #[track_caller]
    pub(crate) fn same_list<T: PartialEq + Debug>(
        &self,
        what: &str,
        real: impl IntoIterator<Item = T>,
        model: &[T],
    ) {
        let mut expected = model.iter();
        for (place, real) in real.into_iter().enumerate() {
            let model = expected.next();
            assert!(
                Some(&real) == model,
                "{self}\n{what} differ at place {place}\n  real:  {real:?}\n  model: {model:?}"
            );
        }
        let missing = expected.as_slice();
        assert!(missing.is_empty(), "{self}\n{what} lack {missing:?}");
    }
}

impl<C: Debug> fmt::Display for At<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subject,
            index,
            command,
        } = self;
        write!(f, "{subject} command {index}: {command:?}")
    }
}
