//! How snapshots are made, and how the log gets shorter.

use super::Simulation;
use super::options::Fault;
use super::recovery::begin;
use super::snapshot::Snapshot;

/// How many good snapshots there have to be before the log may get shorter.
pub(super) const KEPT: usize = 2;

impl Simulation<'_> {
    /// Whoever makes snapshots begins with the newest one and follows the log. It may lag behind
    /// what has been published, and is never ahead of it.
    pub(super) fn snapshot(&mut self) {
        let lag = self.dice.of([0, 0, 0, 1, 5]);
        let (write, rename) = (self.dice.one_in(60), self.dice.one_in(60));
        let Some(process) = &self.process else { return };
        let published = process.state.frame();
        let mut state = begin(&self.medium).expect("the log of a running process");
        let newest = state.frame();
        let read = self.medium.read_on(
            state.chain,
            published.saturating_sub(lag),
            |frame, chain| {
                state.apply(frame, chain);
            },
        );
        assert!(read.is_ok(), "the log of a running process: {read:?}");
        if state.frame() == newest {
            return;
        }
        let in_doubt = process.is_in_doubt();
        self.judge.snapshot(&state, process);
        let snapshot = Snapshot::of(&state);
        if write && self.strikes(Fault::CrashInSnapshot) {
            let half = snapshot.file.len() / 2;
            self.medium.unfinished = Some(snapshot.file[..half].to_vec());
            self.judge.note("died while it wrote a snapshot");
            self.die();
            return;
        }
        self.medium.snapshots.push(snapshot);
        self.judge.note("a snapshot was made");
        if in_doubt {
            self.judge
                .note("a snapshot was made while an append was in doubt");
        }
        if rename && self.strikes(Fault::CrashInSnapshot) {
            self.judge.note("died when it had written a snapshot");
            self.die();
            return;
        }
        self.compact();
    }

    /// Removes what nobody needs: snapshots, but for the newest good ones, and then the frames up to
    /// the oldest of these. They are read once more before anything relies on them.
    fn compact(&mut self) {
        let (keep, wanted) = (KEPT + self.dice.below(2), self.dice.one_in(2));
        let part = self.dice.one_in(30).then(|| self.dice.below(1 << 20));
        let snapshots = &mut self.medium.snapshots;
        snapshots.retain(|snapshot| snapshot.read().is_ok());
        snapshots.drain(..snapshots.len().saturating_sub(keep));
        let enough = snapshots.len() >= KEPT;
        let oldest = snapshots.first().map_or(0, Snapshot::frame);
        let first = self.medium.first();
        if !wanted || !enough || oldest < first {
            return;
        }
        let before = self.medium.frames.len();
        if let Some(part) = part
            && self.strikes(Fault::CrashInSnapshot)
        {
            let some = part as u64 % (oldest - first + 1);
            self.medium.forget(first + some);
            self.judge.note("died while it compacted the log");
            self.die();
            return;
        }
        self.medium.forget(oldest);
        if self.medium.frames.len() < before {
            self.judge.compacted(&self.medium);
        }
    }
}
