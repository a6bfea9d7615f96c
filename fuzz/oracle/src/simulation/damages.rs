//! What happens to the medium while nobody has it open, and the starts that have to be refused then.

use super::Simulation;
use super::damage::{Spoilt, spoil};
use super::medium::Medium;
use super::options::Fault;
use super::snapshot::Snapshot;

impl Simulation<'_> {
    /// The medium loses or changes something. What nothing can make up for is tried on a copy.
    pub(super) fn damage(&mut self) {
        if self.medium.unfinished.take().is_some() {
            self.judge.note("a half-written snapshot was left aside");
        }
        self.lose_end();
        self.damage_frame();
        self.damage_snapshots();
        self.exchange_snapshot();
    }

    /// The newest snapshot that nobody has damaged.
    pub(super) fn newest_good(medium: &Medium) -> Option<usize> {
        let good = |snapshot: &Snapshot| !snapshot.damaged;
        medium.snapshots.iter().rposition(good)
    }

    /// The newest frames are missing; the head tells, and so does the newest snapshot.
    fn lose_end(&mut self) {
        let (lost, keep) = (self.dice.one_in(4), self.dice.below(8) as u64);
        let without_head = self.dice.one_in(3);
        let newest = Self::newest_good(&self.medium);
        let snapshot = newest.map(|index| self.medium.snapshots[index].frame());
        let mut old = self.medium.clone();
        if without_head {
            old.head = None;
        }
        let witness = old.head.max(snapshot);
        let Some(witness) = witness.filter(|witness| *witness > 0) else {
            return;
        };
        if !lost || !self.strikes(Fault::LostEnd) {
            return;
        }
        old.lose_behind(witness.saturating_sub(1 + keep));
        let how = if without_head {
            "refused: a log that ends before its snapshot"
        } else {
            "refused: a log without its acknowledged end"
        };
        self.judge.refuses(&old, how, witness);
    }

    /// A frame that is needed is not what was written.
    fn damage_frame(&mut self) {
        let newest = Self::newest_good(&self.medium);
        let from = newest.map_or(0, |index| self.medium.snapshots[index].frame());
        let needed = self.medium.behind(from);
        if needed.is_empty() || !self.dice.one_in(3) {
            return;
        }
        let Spoilt { frames, how, named } = spoil(needed, &mut self.dice);
        if self.strikes(Fault::DamagedFrame) {
            let mut medium = self.medium.clone();
            medium.lose_behind(from);
            medium.frames.extend(frames);
            self.judge.refuses(&medium, how, named);
        }
    }

    /// Some of the newest snapshots are damaged or missing.
    fn damage_snapshots(&mut self) {
        let there = self.medium.snapshots.len();
        if there == 0 || !self.dice.one_in(4) {
            return;
        }
        let intact = self.dice.below(there);
        let gone = self.dice.one_in(5);
        if !self.strikes(Fault::DamagedSnapshot) {
            return;
        }
        let mut medium = self.medium.clone();
        let mut how = Vec::new();
        if gone {
            medium.snapshots.truncate(intact);
            how.push("a snapshot was gone");
        }
        let some = medium.snapshots.iter_mut().skip(intact);
        for snapshot in some.filter(|snapshot| !snapshot.damaged) {
            how.push(snapshot.spoil(&mut self.dice));
        }
        if how.is_empty() {
            return;
        }
        let first = medium.first();
        let newest = Self::newest_good(&medium);
        let reached = newest.map_or(0, |index| medium.snapshots[index].frame());
        if reached + 1 < first {
            let how = "refused: a compacted log without a good snapshot";
            self.judge.refuses(&medium, how, reached + 1);
            return;
        }
        for how in how {
            self.judge.note(how);
        }
        self.judge.note(if newest.is_some() {
            "a start fell back to the snapshot before"
        } else {
            "a start fell back to the whole log"
        });
        self.medium = medium;
    }

    /// The newest snapshot is one of another log.
    fn exchange_snapshot(&mut self) {
        let Some(newest) = Self::newest_good(&self.medium) else {
            return;
        };
        if !self.dice.one_in(8) || !self.strikes(Fault::ForeignSnapshot) {
            return;
        }
        let mut medium = self.medium.clone();
        let snapshot = &mut medium.snapshots[newest];
        *snapshot = snapshot.of_another_history();
        // If its frame is there no more, the next one does not follow.
        let frame = snapshot.frame();
        let named = frame.max(medium.first());
        self.judge
            .refuses(&medium, "refused: a snapshot of another history", named);
    }
}
