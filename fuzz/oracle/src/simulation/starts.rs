//! How the process starts, in vain where the medium is not what it was.

use exchange_engine::frame::FrameError;
use exchange_engine::{Exchange, ExchangeSnapshot};

use super::damage::{Spoilt, spoil};
use super::feed::{Packet, carry_out};
use super::medium::{Lease, Medium};
use super::options::Fault;
use super::process::Process;
use super::{PATIENCE, Simulation};

impl Simulation<'_> {
    /// Somebody starts the process, in vain where the medium is not what it was.
    pub(super) fn restart(&mut self) {
        if self.torn {
            let last = self.medium.last();
            self.judge
                .refuses(&self.medium, "refused: a torn frame at the end", last);
            self.medium.frames.pop();
            self.torn = false;
        }
        let behind = self.dice.one_in(4).then(|| self.dice.below(20) as u64);
        if let Some(behind) = behind
            && self.strikes(Fault::HeadBehind)
        {
            self.judge.note("the witness was behind, or unreadable");
            let head = self.medium.head.take();
            self.medium.head = head.and_then(|head| head.checked_sub(behind));
        }
        let back = self.dice.below(1 << 31) as u64;
        if self.dice.one_in(6) && self.strikes(Fault::ClockSetBack) {
            self.judge.note("the clock had been set back");
            self.set_back = (back, self.step + 10);
            self.look_at_clock(self.wall);
        }
        self.damage();
        if self.dice.one_in(8) && self.strikes(Fault::CrashInStart) {
            self.judge.note("died while it started");
            let mut reached = self.dice.below(self.medium.frames.len() + 1);
            let mut part = self.medium.clone();
            part.frames.truncate(reached);
            part.head = None;
            let started = Process::start(&part, self.take_log(), |_, packet| {
                // It publishes as it goes.
                reached -= 1;
                self.follower.offer(packet);
            });
            assert!(started.is_ok() && reached == 0, "the log has a start");
        }
        self.start();
    }

    /// Starts that have to be refused.
    fn damage(&mut self) {
        let head = self.medium.head.unwrap_or_default();
        let (lost, keep) = (self.dice.one_in(4), self.dice.below(8) as u64);
        if lost && head > 0 && self.strikes(Fault::LostEnd) {
            let mut old = self.medium.clone();
            let there = head.saturating_sub(1 + keep);
            old.frames.truncate(usize::try_from(there).expect("few"));
            self.judge
                .refuses(&old, "refused: a log without its acknowledged end", head);
        }
        let spoilt = self.dice.one_in(3) && !self.medium.frames.is_empty();
        if spoilt {
            let Spoilt { frames, how, named } = spoil(&self.medium.frames, &mut self.dice);
            if self.strikes(Fault::DamagedFrame) {
                let mut medium = self.medium.clone();
                medium.frames = frames;
                self.judge.refuses(&medium, how, named);
            }
        }
        let snapshots = self.medium.snapshots.len();
        if snapshots > 0 && self.dice.one_in(4) && self.strikes(Fault::DamagedSnapshot) {
            let chosen = self.dice.below(snapshots);
            let mut bytes = self.medium.snapshots[chosen].bytes.clone();
            let byte = self.dice.below(bytes.len());
            if self.dice.one_in(2) {
                bytes.truncate(byte);
            } else {
                bytes[byte] ^= 1 << self.dice.below(8);
            }
            let decoded = ExchangeSnapshot::decode(&bytes);
            assert!(decoded.is_err(), "a damaged snapshot went unnoticed");
            self.judge.note("refused: a damaged snapshot");
        }
    }

    /// Takes the log for a new process.
    fn take_log(&mut self) -> Lease {
        self.processes += 1;
        let least = Process::least_epoch(self.wall);
        self.medium.take(self.processes, least)
    }

    /// Starts the process, from the whole log.
    pub(super) fn start(&mut self) {
        let lease = self.take_log();
        // From here on nothing that was on its way can change what there is.
        self.deliver();
        let (judge, clients) = (&mut self.judge, &mut self.clients);
        let follower = &mut self.follower;
        let started = Process::start(&self.medium, lease, |process, packet| {
            judge.replayed(process, packet, clients);
            follower.offer(packet);
        });
        let process = started.unwrap_or_else(|error| panic!("an intact log is refused: {error}"));
        judge.started(&process, clients, follower.seq);
        judge.note("started");
        if !self.medium.snapshots.is_empty() {
            let chosen = self.dice.below(self.medium.snapshots.len());
            judge.restored(&self.medium.snapshots[chosen], &process);
        }
        self.process = Some(process);
    }

    /// Nothing goes wrong any more: everybody who keeps asking gets an answer.
    pub(super) fn settle(&mut self) {
        self.calm = true;
        let until = self.step + PATIENCE;
        let busy = |it: &Self| {
            let idle = it
                .process
                .as_ref()
                .is_some_and(|process| process.waiting() == 0 && process.is_well());
            !(idle && it.stale.is_none() && it.clients.are_content())
        };
        while busy(self) {
            assert!(self.step < until, "clients wait for ever");
            self.step();
        }
        self.catch_up();
        self.die();
        self.restart();
        let process = self
            .process
            .as_ref()
            .map(|process| (process.seq, &process.folds));
        let follower = (self.follower.seq, &self.follower.folds);
        assert!(process == Some(follower), "the follower has not caught up");
    }
}

/// What was published from the first frame on, told anew from the log.
pub(super) fn history(medium: &Medium, mut tell: impl FnMut(&Packet)) -> Result<(), FrameError> {
    let mut exchange = Exchange::new();
    medium.read(|frame| tell(&carry_out(&mut exchange, frame, |_, _, _| ())))?;
    Ok(())
}
