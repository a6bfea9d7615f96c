//! A process that stands still while another one takes the log, and wakes up later.

use super::Simulation;
use super::medium::Landing;
use super::process::Process;
use super::turn::{End, Resolved, Turn};

/// A process that stands still. It believes that it has the log.
#[derive(Debug)]
pub(super) struct Stale {
    process: Process,
    /// What it was at.
    turn: Option<Turn>,
    /// When it wakes up.
    wakes: u64,
}

impl Simulation<'_> {
    /// The process stands still for a while, and another one is started. Nobody who waits knows.
    pub(super) fn pause(&mut self, turn: Option<Turn>) {
        let wakes = self.step + 2 + self.dice.below(40) as u64;
        self.give_up_waiting();
        self.stale = self.process.take().map(|process| Stale {
            process,
            turn,
            wakes,
        });
    }

    /// The process that stood still goes on where it was, and finds that it has not got the log.
    pub(super) fn wake(&mut self) {
        let step = self.step;
        let Some(stale) = self.stale.take_if(|stale| stale.wakes <= step) else {
            return;
        };
        let Stale {
            mut process, turn, ..
        } = stale;
        let Some(mut turn) = turn else {
            let resolved = process.resolve(&mut self.medium, self.wall, None);
            assert!(
                matches!(resolved, Resolved::Fenced),
                "somebody else has the log, but it was taken anew: {resolved:?}"
            );
            self.judge
                .note("a process that was in doubt woke up and was fenced");
            return;
        };
        if turn.landing == Landing::Absent {
            process.go_on(&mut turn, &mut self.medium, None);
            assert_fenced(&turn);
            self.judge
                .note("a process woke up before its append and was fenced");
            return;
        }
        // This was durable while it had the log, so what it says is true.
        process.finish(&mut turn, &mut self.medium, None);
        self.judge.knows(&turn);
        if let Some(packet) = &turn.packet {
            self.tell_follower(packet);
        }
        for (seq, intent) in (turn.frame.first_seq..).zip(&turn.waiting) {
            self.clients.answer(*intent, seq);
        }
        self.judge
            .note("a process woke up and told of what had been durable");
        if process.waiting() > 0 {
            let most = self.options.frame;
            let turn = process.turn(&mut self.medium, most, self.wall, None, &mut self.dice);
            assert_fenced(&turn);
            self.judge.note("a process woke up, went on and was fenced");
        }
    }
}

/// Whoever has lost the log has appended nothing, told nobody and answered nobody.
fn assert_fenced(turn: &Turn) {
    assert!(
        turn.end == End::Fenced && turn.packet.is_none() && turn.answered == 0,
        "somebody else has the log, but its turn went on: {turn:?}"
    );
}
