//! A whole exchange that dies and comes back, over and over, from one seed.
//!
//! Clients send commands; a process takes what has queued up, appends it to the log as one frame,
//! and only when that is durable carries it out, publishes it and answers. These are the steps of
//! the server's sequencer and of its recovery, with the server's own engine and the server's own
//! [frames](exchange_engine::frame); but the medium is simulated, time and chance come out of the
//! seed, and between any two steps something may go [wrong](Fault).
//!
//! After every frame the exchange is checked and compared with its [model](crate::engine), and the
//! money is proved. After every start:
//!
//! * what a client or a follower was told of is there, with the same outcome (I10);
//! * a frame that nobody was told of is there whole, or absent (I10);
//! * an order that is sent again under its name is placed once;
//! * state hash, folds and positions are those of the process before, where it was (I7, I8);
//! * a snapshot and its tail lead to the same state as the whole log (I8).
//!
//! A log that lacks its acknowledged end, or in which a frame is not what was written, is refused
//! by the number of the frame, and the run goes on from an intact copy. In the end nothing goes
//! wrong any more: then every client that keeps asking gets its answer, and the follower catches up.
//!
//! What is not simulated: several writers of one log, and what nothing in one place can notice: a
//! medium that loses its acknowledged end and the witness together, or that has an intact frame of
//! another history in the place of the last one, whose number is all that the witness knows.

use exchange_engine::{ExchangeSnapshot, Reject};
use orderbook_core::Timestamp;

use crate::differential::Coverage;
use crate::engine_commands::{self, Inputs};
use clients::{Clients, IntentId};
use dice::Dice;
use follower::{Follower, Place};
use judge::Judge;
use medium::{Landing, Medium, Snapshot, Spoilt, spoil};
use process::{End, Fate, Packet, Process, Refused, Submission, history};

mod clients;
mod dice;
mod follower;
mod judge;
mod medium;
mod options;
mod process;

pub use options::{Fault, Options};

/// How many snapshots are kept.
const SNAPSHOTS: usize = 4;

/// After how many steps without trouble everybody must have an answer.
const PATIENCE: u64 = 10_000;

/// Runs a simulation and tells what happened in it.
///
/// # Panics
///
/// Where something is wrong.
pub fn run(options: &Options) -> Coverage<Reject> {
    let bytes = engine_commands::seeded(options.seed, 0, options.commands);
    let mut simulation = Simulation::new(options, &bytes);
    simulation.start();
    while !simulation.exhausted {
        simulation.step();
    }
    simulation.settle();
    simulation.judge.coverage
}

struct Simulation<'a> {
    options: &'a Options,
    dice: Dice,
    inputs: Inputs<'a>,
    /// No client thinks of anything more.
    exhausted: bool,
    /// Nothing goes wrong any more.
    calm: bool,
    step: u64,
    /// What the clock on the wall says.
    wall: Timestamp,
    /// By how much, in microseconds, it has been set back, and until which step.
    set_back: (u64, u64),
    medium: Medium,
    /// The newest frame of the medium is torn.
    torn: bool,
    process: Option<Process>,
    follower: Follower,
    clients: Clients,
    judge: Judge,
}

impl<'a> Simulation<'a> {
    fn new(options: &'a Options, bytes: &'a [u8]) -> Self {
        Self {
            options,
            dice: Dice::new(options.seed, u64::MAX - 1),
            inputs: Inputs::new(bytes),
            exhausted: false,
            calm: false,
            step: 0,
            wall: Timestamp::new(0),
            set_back: (0, 0),
            medium: Medium::default(),
            torn: false,
            process: None,
            follower: Follower::default(),
            clients: Clients::default(),
            judge: Judge::default(),
        }
    }

    /// Whether something that chance wants may go wrong. Chance is asked before, so that it wants
    /// the same things whatever is allowed.
    fn strikes(&self, fault: Fault) -> bool {
        !self.calm && self.options.faults.contains(&fault)
    }

    fn step(&mut self) {
        self.step += 1;
        if self.process.is_none() {
            self.restart();
        }
        self.arrive();
        self.turn();
        self.compare_follower();
    }

    /// Commands come in.
    fn arrive(&mut self) {
        for intent in self.clients.due(self.step) {
            self.submit(intent);
        }
        if self.exhausted {
            return;
        }
        for _ in 0..=self.dice.below(self.options.burst) {
            let (model, open) = (&self.judge.model, &self.judge.open);
            let Some(input) = self.inputs.next_input(model, open) else {
                self.exhausted = true;
                return;
            };
            self.look_at_clock(input.time);
            let intent = self.clients.want(input.command);
            self.submit(intent);
            let impatient = self.dice.one_in(50) && self.clients.may_repeat(intent);
            if impatient && self.strikes(Fault::Impatience) {
                self.judge.note("a client did not wait for its answer");
                let when = self.step + self.dice.below(4) as u64;
                if when == self.step {
                    self.submit(intent);
                } else {
                    self.clients.ask_again(intent, when);
                }
            }
        }
    }

    fn look_at_clock(&mut self, time: Timestamp) {
        let (by, until) = self.set_back;
        let by = if self.step < until { by } else { 0 };
        self.wall = Timestamp::new(time.get().saturating_sub(by));
    }

    fn submit(&mut self, intent: IntentId) {
        let Some(process) = &mut self.process else {
            return;
        };
        let command = self.clients.command(intent).clone();
        let refused = process.submit(Submission { intent, command }, self.options.queue);
        let Err(reason) = refused else { return };
        // Nothing has happened, so anything may be sent again.
        self.judge.note(match reason {
            Refused::Overloaded => "a full queue took no more",
            Refused::Closed => "a process that had stopped took no more",
        });
        let when = self.step + 1 + self.dice.below(20) as u64;
        self.clients.ask_again(intent, when);
    }

    /// A client will not hear what became of its command.
    fn leave_unanswered(&mut self, intent: IntentId) {
        let when = self.step + 1 + self.dice.below(20) as u64;
        if self.clients.may_repeat(intent) && self.clients.ask_again(intent, when) {
            self.judge.note("a client got no answer and asked again");
        } else {
            self.judge.note("a client got no answer and gave up");
        }
    }

    /// Where the next turn ends, if not where it should.
    fn fate(&mut self, commands: usize) -> Option<Fate> {
        let trouble = self.dice.below(self.options.trouble) < commands;
        let landing = self
            .dice
            .of([Landing::Absent, Landing::Torn, Landing::Whole]);
        let some = self.dice.below(commands) * self.dice.below(2);
        let (fault, fate, name) = match self.dice.below(7) {
            0 => (
                Fault::CrashBeforeAppend,
                Fate::BeforeAppend,
                "died before an append",
            ),
            1 => (
                Fault::CrashInAppend,
                Fate::InAppend(landing),
                match landing {
                    Landing::Absent => "died in an append; the frame was lost",
                    Landing::Torn => "died in an append; the frame was torn",
                    Landing::Whole => "died in an append; the frame was there",
                },
            ),
            2 => (
                Fault::AppendError,
                Fate::AppendFails(landing),
                match landing {
                    Landing::Absent => "an append failed; the frame was lost",
                    Landing::Torn => "an append failed; the frame was torn",
                    Landing::Whole => "an append failed; the frame was there",
                },
            ),
            3 => (
                Fault::CrashBeforeHead,
                Fate::BeforeHead,
                "died before the witness knew",
            ),
            4 => (
                Fault::CrashBeforeApply,
                Fate::BeforeApply,
                "died between append and apply",
            ),
            5 => (
                Fault::CrashBeforePublish,
                Fate::BeforePublish,
                "died between apply and publish",
            ),
            _ if some == 0 => (
                Fault::CrashBeforeAnswer,
                Fate::BeforeAnswer(0),
                "died before it answered anybody",
            ),
            _ => (
                Fault::CrashBeforeAnswer,
                Fate::BeforeAnswer(some),
                "died when it had answered some",
            ),
        };
        if !trouble || !self.strikes(fault) {
            return None;
        }
        self.judge.note(name);
        Some(fate)
    }

    /// The sequencer takes what there is.
    fn turn(&mut self) {
        let Some(waiting) = self.process.as_ref().map(Process::waiting) else {
            return;
        };
        if waiting == 0 {
            let stopped = self.process.as_ref().is_some_and(Process::is_stopped);
            // Somebody notices that it takes no more commands.
            if stopped && self.dice.one_in(3) {
                self.judge.note("restarted after an append had failed");
                self.die();
            }
            return;
        }
        let idle = self.dice.below(8 * self.options.trouble) < waiting;
        if idle && self.strikes(Fault::CrashIdle) {
            self.judge.note("died with commands in its queue");
            self.die();
            return;
        }
        let fate = self.fate(waiting.min(self.options.frame));
        let Some(process) = &mut self.process else {
            return;
        };
        let turn = process.turn(
            &mut self.medium,
            self.options.frame,
            self.wall,
            fate,
            &mut self.dice,
        );
        self.torn = turn.landing == Landing::Torn;
        let (end, answered, waiting) = (turn.end, turn.answered, turn.waiting.clone());
        let published = turn.packet.clone().filter(|_| turn.published);
        let first_seq = turn.frame.first_seq;
        self.judge.turned(turn, process, &mut self.clients);
        if end == End::Done && self.dice.one_in(self.options.snapshots) {
            self.snapshot();
        }
        if let Some(packet) = published {
            self.tell_follower(&packet);
        }
        for (index, intent) in waiting.into_iter().enumerate() {
            let lost = self.dice.one_in(100) && self.strikes(Fault::LostAnswer);
            if index < answered && !lost {
                self.clients.answer(intent, first_seq + index as u64);
            } else {
                self.leave_unanswered(intent);
            }
        }
        match end {
            End::Done => {}
            End::Crashed => self.die(),
            End::Stopped => self.abandon(),
        }
    }

    fn abandon(&mut self) {
        let Some(process) = &mut self.process else {
            return;
        };
        for intent in process.abandon().collect::<Vec<_>>() {
            self.leave_unanswered(intent);
        }
    }

    fn die(&mut self) {
        self.abandon();
        if let Some(process) = self.process.take() {
            self.judge.died(process);
        }
    }

    fn snapshot(&mut self) {
        let Some(process) = &self.process else { return };
        if self.medium.snapshots.len() == SNAPSHOTS {
            let oldest = self.dice.below(SNAPSHOTS);
            self.medium.snapshots.remove(oldest);
        }
        self.medium.snapshots.push(Snapshot {
            frame: process.frame,
            bytes: process.exchange.snapshot().encode(),
            hash: process.exchange.state_hash(),
        });
    }

    fn tell_follower(&mut self, packet: &Packet) {
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
    fn catch_up(&mut self) {
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

    fn compare_follower(&self) {
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

    /// Somebody starts the process, in vain where the medium is not what it was.
    fn restart(&mut self) {
        if self.torn {
            let last = self.medium.frames.len() as u64;
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
            let started = Process::start(&part, self.wall, |_, packet| {
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
                let medium = Medium {
                    frames,
                    ..self.medium.clone()
                };
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

    /// Starts the process, from the whole log.
    fn start(&mut self) {
        let (judge, clients) = (&mut self.judge, &mut self.clients);
        let follower = &mut self.follower;
        let started = Process::start(&self.medium, self.wall, |process, packet| {
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
    fn settle(&mut self) {
        self.calm = true;
        let until = self.step + PATIENCE;
        let busy = |it: &Self| {
            let idle = it
                .process
                .as_ref()
                .is_some_and(|process| process.waiting() == 0 && !process.is_stopped());
            !(idle && it.clients.are_content())
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
