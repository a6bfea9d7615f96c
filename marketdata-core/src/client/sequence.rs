//! The order of numbered messages, restored: what is early waits, what was seen is left out, and what
//! stays away is noticed.

use alloc::collections::BTreeMap;

/// Lets messages through in the order of their numbers.
///
/// A message goes from the number *after* which it comes to its *last* one: with the newest number
/// *n* that was let through, it
///
/// | | |
/// |---|---|
/// | *last* <= *n* | repeats what came before |
/// | *after* <= *n* < *last* | is the next one, even where it reaches back |
/// | *n* < *after* | is early |
///
/// It begins with waiting for a snapshot, and does so again once a message stays away. O(log held)
/// per message.
#[derive(Debug, Clone)]
pub(crate) struct Sequencer<M> {
    /// The newest number that was let through or is part of the snapshot.
    newest: u64,
    /// The newest number of those that will not be let through: a snapshot has to have it.
    given_up: u64,
    /// Whether messages are let through, or wait for a snapshot.
    is_running: bool,
    /// By the numbers after which they come and with which they end.
    held: BTreeMap<(u64, u64), M>,
    /// How many may wait for those before them.
    hold_back: usize,
    /// How many may wait for a snapshot.
    buffer: usize,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival<M> {
    /// It is the next one: to be applied and [confirmed](Sequencer::confirm).
    Next(M),
    /// It waits for those before it.
    HeldBack,
    /// It waits for a snapshot.
    Buffered,
    /// It came before, or a snapshot has it.
    Repeated,
    /// More messages would wait than may: a snapshot is needed, for which the message waits.
    Gap(Gap),
}

/// Something is missing in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The newest number before it.
    pub(crate) have: u64,
    /// The oldest number after it that came.
    pub(crate) next: u64,
}

impl<M> Sequencer<M> {
    pub(crate) const fn new(hold_back: usize, buffer: usize) -> Self {
        Self {
            newest: 0,
            given_up: 0,
            is_running: false,
            held: BTreeMap::new(),
            hold_back,
            buffer,
        }
    }

    /// Takes in a message, which does not end before it begins.
    pub(crate) fn offer(&mut self, after: u64, last: u64, message: M) -> Arrival<M> {
        if last <= self.oldest_start() || self.held.contains_key(&(after, last)) {
            return Arrival::Repeated;
        }
        if self.is_running && after <= self.newest {
            return Arrival::Next(message);
        }
        self.held.insert((after, last), message);
        if !self.is_running {
            self.bound();
            return Arrival::Buffered;
        }
        self.give_up().map_or(Arrival::HeldBack, Arrival::Gap)
    }

    /// The message up to `last`, which was the next one, has been applied.
    pub(crate) const fn confirm(&mut self, last: u64) {
        self.newest = last;
    }

    /// The next one of those that wait: to be applied and confirmed, like one that just came. Those
    /// that repeat what came before are dropped on the way.
    pub(crate) fn next(&mut self) -> Option<M> {
        while self.is_running {
            let waiting = self.held.first_entry()?;
            let (after, last) = *waiting.key();
            if after > self.newest {
                return None;
            }
            let message = waiting.remove();
            if last > self.newest {
                return Some(message);
            }
        }
        None
    }

    /// With nothing left that comes next: gives up what is missing where too many wait for it.
    pub(crate) fn give_up(&mut self) -> Option<Gap> {
        let gap = self.gap()?;
        if self.held.len() <= self.hold_back {
            return None;
        }
        self.lose(gap.next.saturating_sub(1));
        Some(gap)
    }

    /// What is up to `last` cannot be let through any more: a snapshot is needed.
    pub(crate) fn lose(&mut self, last: u64) {
        self.given_up = self.given_up.max(last);
        self.is_running = false;
        self.bound();
    }

    /// The older one is, the likelier the snapshot that is to come has it.
    fn bound(&mut self) {
        while self.held.len() > self.buffer {
            if let Some(((_, last), _)) = self.held.pop_first() {
                self.given_up = self.given_up.max(last);
            }
        }
    }

    /// Goes on from a snapshot that has everything up to `last`, which is not before
    /// [`oldest_start`](Self::oldest_start). The [next](Self::next) ones may be waiting already.
    pub(crate) fn start(&mut self, last: u64) {
        self.newest = last;
        self.is_running = true;
    }

    /// The oldest snapshot to go on from.
    pub(crate) fn oldest_start(&self) -> u64 {
        self.newest.max(self.given_up)
    }

    /// Whether messages are let through; otherwise they wait for a snapshot.
    pub(crate) const fn is_running(&self) -> bool {
        self.is_running
    }

    /// The newest number that was let through or is part of the snapshot.
    pub(crate) const fn newest(&self) -> u64 {
        self.newest
    }

    /// How many messages wait.
    pub(crate) fn waiting(&self) -> usize {
        self.held.len()
    }

    /// What those that wait, if not for a snapshot, wait for.
    pub(crate) fn gap(&self) -> Option<Gap> {
        let ((after, _), _) = self.held.first_key_value()?;
        self.is_running.then(|| Gap {
            have: self.newest,
            next: after.saturating_add(1),
        })
    }
}
