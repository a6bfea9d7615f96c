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
//! * a snapshot and its tail, and the whole history, lead to the same state (I8).
//!
//! A process whose append has failed does not know whether the frame is there. It takes no more
//! commands and takes the log anew, under a later epoch, however often that has to be tried: then
//! nothing that is still on its way can arrive, and it looks. The frame is there, and its clients are
//! told what became of it; or they are told that nothing has happened, and nothing ever does. When
//! another process has taken the log meanwhile, it appends, publishes and answers nothing more. The
//! same goes for a process that stood still, did not notice, and wakes up.
//!
//! Somebody makes snapshots: it begins with the newest one, follows the log, and never gets ahead of
//! what has been published. Once there are two good ones, the frames up to the older one may go. A
//! start takes the newest good snapshot and what follows; where snapshots are damaged or missing, the
//! one before, or the whole log if that is still there.
//!
//! A log that lacks the end that was acknowledged or that its newest snapshot has seen, in which a
//! frame is not what was written, or which no good snapshot reaches any more, is refused by the number
//! of the frame. So is a snapshot of another history. The run goes on from an intact copy. In the end
//! nothing goes wrong any more: then every client that keeps asking gets its answer, and the follower
//! catches up.
//!
//! What is not simulated: what nothing in one place can notice, a medium that loses its acknowledged
//! end and the witness together, or that has an intact frame of another history in the place of the
//! last one, whose number is all that the witness knows; and how folds are stored beside a snapshot.

use exchange_engine::Reject;
use orderbook_core::Timestamp;

use crate::differential::Coverage;
use crate::engine_commands::{self, Inputs};
use clients::{Clients, IntentId};
use dice::Dice;
use follower::Follower;
use judge::Judge;
use medium::Medium;
use process::{Process, Refused, Submission};
use stale::Stale;

mod clients;
mod damage;
mod damages;
mod dice;
mod feed;
mod follower;
mod judge;
mod listening;
mod medium;
mod options;
mod process;
mod recovery;
mod situations;
mod snapshot;
mod snapshots;
mod stale;
mod starts;
mod state;
mod turn;
mod turns;

pub use options::{Fault, Options};
pub use situations::missing;

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
    /// How many processes have taken the log.
    processes: u64,
    /// One that stands still and believes that it has the log.
    stale: Option<Stale>,
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
            processes: 0,
            stale: None,
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
        if self.dice.one_in(3) {
            self.deliver();
        }
        if self.process.is_none() {
            self.restart();
        }
        self.arrive();
        self.turn();
        self.wake();
        if self.dice.one_in(400) {
            self.join();
        }
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
        self.judge.note(match reason {
            Refused::Overloaded => "a full queue took no more",
            Refused::InDoubt => "a process in doubt took no more",
            Refused::Closed => "a process that had stopped took no more",
        });
        self.nothing_happened(intent);
    }

    /// A client is told that nothing has happened, so it may send anything again.
    fn nothing_happened(&mut self, intent: IntentId) {
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
}
