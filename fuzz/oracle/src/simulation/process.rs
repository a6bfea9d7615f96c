//! The process that has the log, from its start to its end. What it does with commands is in
//! [`turn`](super::turn).

use std::collections::VecDeque;
use std::rc::Rc;

use accounts_core::Positions;
use exchange_engine::frame::{Chain, Frame, FrameError};
use exchange_engine::{Command, Exchange};
use orderbook_core::Timestamp;

use super::clients::IntentId;
use super::feed::{Folds, Packet, carry_out};
use super::medium::{Lease, Medium};
use super::turn::Turn;

/// How many packets an outlet remembers.
const OUTLET: usize = 16;

/// A command on its way, and who waits for its outcome.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) intent: IntentId,
    pub(super) command: Command,
}

/// Why a command is not taken in. Nothing has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Overloaded,
    /// What became of an append is not known yet.
    InDoubt,
    Closed,
}

/// A process, from its start to its end.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) exchange: Exchange,
    pub(super) folds: Folds,
    pub(super) positions: Positions,
    pub(super) frame: u64,
    pub(super) seq: u64,
    /// What it believes to have.
    pub(super) lease: Lease,
    /// How far the log is known to be there; a step ahead of `frame` between append and apply.
    pub(super) chain: Chain,
    /// No later input gets an earlier time.
    pub(super) floor: Timestamp,
    pub(super) queue: VecDeque<Submission>,
    /// The turn whose append has failed; whether its frame is there is not known.
    pub(super) doubt: Option<Turn>,
    pub(super) stopped: bool,
    outlet: VecDeque<Rc<Packet>>,
}

impl Process {
    /// Reads the log that it has taken, carries out every frame once more and publishes it.
    pub(super) fn start(
        medium: &Medium,
        lease: Lease,
        mut published: impl FnMut(&Self, &Rc<Packet>),
    ) -> Result<Self, FrameError> {
        let mut process = Self {
            exchange: Exchange::new(),
            folds: Folds::default(),
            positions: Positions::default(),
            frame: 0,
            seq: 0,
            lease,
            chain: Chain::default(),
            floor: Timestamp::new(0),
            queue: VecDeque::new(),
            doubt: None,
            stopped: false,
            outlet: VecDeque::new(),
        };
        process.chain = medium.read(|frame| {
            let packet = process.apply(frame);
            process.publish(&packet);
            published(&process, &packet);
        })?;
        Ok(process)
    }

    /// The least epoch under which the log is taken at this time.
    pub(super) const fn least_epoch(now: Timestamp) -> u64 {
        // Half of the time: some runs go on to the end of it, and no epoch would follow.
        now.get() / 2
    }

    /// Takes a command in.
    pub(super) fn submit(&mut self, submission: Submission, room: usize) -> Result<(), Refused> {
        if self.stopped {
            return Err(Refused::Closed);
        }
        if self.doubt.is_some() {
            return Err(Refused::InDoubt);
        }
        if self.queue.len() >= room {
            return Err(Refused::Overloaded);
        }
        self.queue.push_back(submission);
        Ok(())
    }

    /// How many commands wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether it takes no more commands.
    pub(super) const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether it takes commands.
    pub(super) const fn is_well(&self) -> bool {
        !self.stopped && self.doubt.is_none()
    }

    /// Whether it waits to know what became of an append.
    pub(super) const fn is_in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// Those whose commands are in no frame yet.
    pub(super) fn queued(&self) -> impl Iterator<Item = IntentId> + '_ {
        self.queue.iter().map(|submission| submission.intent)
    }

    pub(super) fn apply(&mut self, frame: Frame) -> Rc<Packet> {
        let (folds, positions) = (&mut self.folds, &mut self.positions);
        let packet = carry_out(&mut self.exchange, frame, |exchange, input, outcome| {
            folds.apply(input, outcome);
            for event in &outcome.events {
                if let Some(event) = exchange.position_event(event) {
                    // What does not fit is refused the same way every time.
                    let _ = positions.apply(&event);
                }
            }
        });
        self.frame = packet.frame.number;
        self.seq = packet.frame.last_seq();
        self.floor = self.floor.max(self.exchange.time());
        packet
    }

    pub(super) fn publish(&mut self, packet: &Rc<Packet>) {
        if self.outlet.len() == OUTLET {
            self.outlet.pop_front();
        }
        self.outlet.push_back(Rc::clone(packet));
    }

    /// The newest packets, if they go back to what follows `seq`.
    pub(super) fn recent(&self, seq: u64) -> Option<&VecDeque<Rc<Packet>>> {
        let first = self.outlet.front()?;
        (first.frame.first_seq <= seq + 1).then_some(&self.outlet)
    }
}
