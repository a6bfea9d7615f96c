//! The real thing and its model, side by side.
//!
//! Each function here takes arbitrary bytes and panics where something is wrong.

use std::fmt::{self, Debug};

use orderbook_core::{CloseReason, Event as BookEvent};

mod book;
mod damage;
mod engine;
mod ledger;

pub use book::book;
pub use damage::damage;
pub use engine::engine;
pub use ledger::ledger;

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
}

impl<R> Default for Coverage<R> {
    fn default() -> Self {
        Self {
            commands: 0,
            trades: 0,
            most_orders: 0,
            rejects: Vec::new(),
            closes: Vec::new(),
        }
    }
}

impl<R: Copy + PartialEq> Coverage<R> {
    /// Adds what another comparison went through.
    pub fn add(&mut self, other: &Self) {
        self.commands += other.commands;
        self.trades += other.trades;
        self.most_orders = self.most_orders.max(other.most_orders);
        for (reason, times) in &other.rejects {
            count(&mut self.rejects, *reason, *times);
        }
        for (reason, times) in &other.closes {
            count(&mut self.closes, *reason, *times);
        }
    }

    fn note(&mut self, result: Result<(), R>, orders: usize) {
        self.commands += 1;
        self.most_orders = self.most_orders.max(orders);
        if let Err(reason) = result {
            count(&mut self.rejects, reason, 1);
        }
    }

    fn note_book_events(&mut self, events: &[BookEvent]) {
        for event in events {
            match event {
                BookEvent::Traded(_) => self.trades += 1,
                BookEvent::Closed { reason, .. } => count(&mut self.closes, *reason, 1),
                _ => {}
            }
        }
    }
}

fn count<T: PartialEq>(counts: &mut Vec<(T, u64)>, key: T, times: u64) {
    match counts.iter_mut().find(|(known, _)| *known == key) {
        Some((_, sum)) => *sum += times,
        None => counts.push((key, times)),
    }
}

/// Where a comparison is, for the message when it fails.
struct At<'a, C> {
    subject: &'a str,
    index: usize,
    command: &'a C,
}

impl<C: Debug> At<'_, C> {
    #[track_caller]
    fn same<T: PartialEq + Debug + ?Sized>(&self, what: &str, real: &T, model: &T) {
        assert!(
            real == model,
            "{self}\n{what} differ\n  real:  {real:?}\n  model: {model:?}"
        );
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
