//! How the follower hears of what happens.

use super::Simulation;
use super::feed::Packet;
use super::follower::{Follower, Place};
use super::medium::Medium;
use super::options::Fault;
use super::recovery::begin;
use super::state::State;

impl Simulation<'_> {
    pub(super) fn tell_follower(&mut self, packet: &Packet) {
        let (lost, twice) = (self.dice.one_in(40), self.dice.one_in(40));
        if lost && self.strikes(Fault::Network) {
            let away = self.dice.of([0, 0, 3, 60]);
            self.follower.deaf_until = self.step + away;
        }
        if self.step <= self.follower.deaf_until && self.strikes(Fault::Network) {
            self.judge.note("a packet was lost");
            return;
        }
        if self.follower.offer(packet) == Place::Gap {
            self.catch_up();
        }
        if twice && self.strikes(Fault::Network) {
            self.judge.note("a packet came twice");
            assert_ne!(self.follower.offer(packet), Place::Next, "folded twice");
        }
    }

    /// The follower gets what it missed: from what the process remembers, or from the log. Where
    /// that is no longer there, it begins anew.
    pub(super) fn catch_up(&mut self) {
        let Some(process) = &self.process else { return };
        let follower = &mut self.follower;
        if let Some(recent) = process.outlet.recent(follower.seq) {
            for packet in recent {
                assert_ne!(follower.offer(packet), Place::Gap, "the outlet has a gap");
            }
            self.judge.note("a follower caught up from the outlet");
            return;
        }
        let mut what = "a follower caught up from the log";
        let state = before(&self.medium, follower.seq).unwrap_or_else(|| {
            what = "a follower was too far behind and began with a snapshot";
            let state = begin(&self.medium).expect("the log of a running process");
            *follower = Follower {
                folds: state.folds.clone(),
                seq: state.seq(),
                deaf_until: follower.deaf_until,
            };
            state
        });
        // What has not been published is nobody's business yet.
        retell(&self.medium, state, process.state.frame(), follower);
        self.judge.note(what);
    }

    /// The follower is started anew and knows nothing.
    pub(super) fn join(&mut self) {
        if self.strikes(Fault::Network) {
            self.judge.note("a follower was started");
            self.follower = Follower::default();
            self.catch_up();
        }
    }

    pub(super) fn compare_follower(&self) {
        assert!(
            self.follower.seq <= self.judge.seq(),
            "the follower was told of what has not been published"
        );
        if let Some(process) = &self.process
            && self.follower.seq == process.state.seq()
            && self.step.is_multiple_of(64)
        {
            assert!(
                process.state.folds == self.follower.folds,
                "the follower has folded something else (I7)"
            );
        }
    }
}

/// A state from which the log tells what follows an input.
fn before(medium: &Medium, seq: u64) -> Option<State> {
    let first = medium.first();
    let early = medium.snapshots.iter().rev();
    let mut early = early.filter(|snapshot| snapshot.seq() <= seq && snapshot.frame() + 1 >= first);
    early
        .find_map(|snapshot| snapshot.restore().ok())
        .or_else(|| (first == 1).then(State::default))
}

/// Tells anew what was published behind a state, up to a frame.
fn retell(medium: &Medium, mut state: State, upto: u64, follower: &mut Follower) {
    let told = medium.read_on(state.chain, upto, |frame, chain| {
        let packet = state.apply(frame, chain);
        assert_ne!(follower.offer(&packet), Place::Gap, "the log has a gap");
    });
    assert!(told.is_ok(), "the log of a running process: {told:?}");
}
