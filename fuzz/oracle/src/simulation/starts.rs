//! How the process starts.

use super::medium::Lease;
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
            self.die_in_start();
        }
        self.start();
    }

    /// The process dies when it has carried out some frames. It publishes as it goes.
    fn die_in_start(&mut self) {
        self.judge.note("died while it started");
        let mut left = self.dice.below(20);
        let lease = self.take_log();
        let follower = &mut self.follower;
        let started = Process::start(&self.medium, lease, |_, packet| {
            if let Some(packet) = packet.filter(|_| left > 0) {
                left -= 1;
                follower.offer(packet);
            }
        });
        assert!(started.is_ok(), "the log has a start");
    }

    /// Takes the log for a new process.
    fn take_log(&mut self) -> Lease {
        self.processes += 1;
        let least = Process::least_epoch(self.wall);
        self.medium.take(self.processes, least)
    }

    /// Starts the process, from the newest good snapshot and what follows it.
    pub(super) fn start(&mut self) {
        let lease = self.take_log();
        // From here on nothing that was on its way can change what there is.
        self.deliver();
        let newest = Self::newest_good(&self.medium);
        let beginning = newest.map_or(0, |index| self.medium.snapshots[index].frame());
        let (judge, clients) = (&mut self.judge, &mut self.clients);
        let follower = &mut self.follower;
        let started = Process::start(&self.medium, lease, |state, packet| {
            if let Some(packet) = packet {
                judge.replayed(state, packet, clients);
                follower.offer(packet);
            } else {
                judge.begins(state, beginning);
            }
        });
        let process = started.unwrap_or_else(|error| panic!("an intact log is refused: {error:?}"));
        // Who is further behind than the snapshot has not got all of it.
        let followed = self.follower.seq;
        judge.started(&process, clients, followed);
        judge.note("started");
        if self.dice.one_in(6) {
            judge.replay(&process);
        }
        if !self.medium.snapshots.is_empty() {
            let chosen = self.dice.below(self.medium.snapshots.len());
            judge.restored(&self.medium.snapshots[chosen], &process);
        }
        self.process = Some(process);
        if followed < self.judge.seq() {
            self.catch_up();
        }
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
        let process = self.process.as_ref().expect("it has been started");
        self.judge.replay(process);
        assert!(
            process.state.seq() == self.follower.seq && process.state.folds == self.follower.folds,
            "the follower has not caught up"
        );
    }
}
