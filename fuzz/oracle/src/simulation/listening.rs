//! How the follower hears of what happens.

use super::Simulation;
use super::feed::Packet;
use super::follower::Place;
use super::options::Fault;
use super::starts::history;

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
            assert_eq!(self.follower.offer(packet), Place::Old, "folded twice");
        }
    }

    /// The follower gets what it missed: from what the process remembers, or from the log.
    pub(super) fn catch_up(&mut self) {
        let Some(process) = &self.process else { return };
        let follower = &mut self.follower;
        if let Some(recent) = process.recent(follower.seq) {
            for packet in recent {
                assert_ne!(follower.offer(packet), Place::Gap, "the outlet has a gap");
            }
            self.judge.note("a follower caught up from the outlet");
        } else {
            let told = history(&self.medium, |packet| {
                assert_ne!(follower.offer(packet), Place::Gap, "the log has a gap");
            });
            assert_eq!(told, Ok(()), "the log of a running process");
            self.judge.note("a follower caught up from the log");
        }
    }

    pub(super) fn compare_follower(&self) {
        if let Some(process) = &self.process
            && self.follower.seq == process.seq
            && self.step.is_multiple_of(64)
        {
            assert!(
                process.folds == self.follower.folds,
                "the follower has folded something else (I7)"
            );
        }
    }
}
