//! Another process: it folds the feed, and lives on when the one that has the log dies.

use super::feed::{Folds, Packet};

/// A follower and how far it has come.
#[derive(Debug, Default)]
pub(super) struct Follower {
    pub(super) folds: Folds,
    pub(super) seq: u64,
    /// It hears nothing until this step.
    pub(super) deaf_until: u64,
}

/// Where a packet belongs, seen from where a follower is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Next,
    Old,
    Gap,
}

impl Follower {
    /// Takes the packet if it is the next one.
    pub(super) fn offer(&mut self, packet: &Packet) -> Place {
        if packet.frame.last_seq() <= self.seq {
            return Place::Old;
        }
        if packet.frame.first_seq != self.seq + 1 {
            return Place::Gap;
        }
        for (input, outcome) in packet.parts() {
            self.folds.apply(input, outcome);
        }
        self.seq = packet.frame.last_seq();
        Place::Next
    }
}
