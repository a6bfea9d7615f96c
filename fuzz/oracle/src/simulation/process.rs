//! The process that has the log, from its start to its end. What it does with commands is in
//! [`turn`](super::turn).

use std::collections::VecDeque;
use std::rc::Rc;

use exchange_engine::Command;
use orderbook_core::Timestamp;

use super::clients::IntentId;
use super::feed::Packet;
use super::medium::{Lease, Medium};
use super::recovery::{Refusal, recover};
use super::state::State;
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
    pub(super) state: State,
    /// What it believes to have.
    pub(super) lease: Lease,
    /// No later input gets an earlier time.
    pub(super) floor: Timestamp,
    pub(super) queue: VecDeque<Submission>,
    /// The turn whose append has failed; whether its frame is there is not known.
    pub(super) doubt: Option<Turn>,
    pub(super) stopped: bool,
    pub(super) outlet: Outlet,
}

impl Process {
    /// Finds its state in the log that it has taken, carries out the frames behind the newest good
    /// snapshot once more and publishes them.
    pub(super) fn start(
        medium: &Medium,
        lease: Lease,
        mut seen: impl FnMut(&State, Option<&Rc<Packet>>),
    ) -> Result<Self, Refusal> {
        let mut outlet = Outlet::default();
        let recovered = recover(medium, |state, packet| {
            if let Some(packet) = packet {
                outlet.publish(packet);
            }
            seen(state, packet);
        });
        let state = recovered?;
        Ok(Self {
            floor: state.exchange.time(),
            state,
            lease,
            queue: VecDeque::new(),
            doubt: None,
            stopped: false,
            outlet,
        })
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
}

/// The newest packets, for those who missed some.
#[derive(Debug, Default)]
pub(super) struct Outlet(VecDeque<Rc<Packet>>);

impl Outlet {
    pub(super) fn publish(&mut self, packet: &Rc<Packet>) {
        if self.0.len() == OUTLET {
            self.0.pop_front();
        }
        self.0.push_back(Rc::clone(packet));
    }

    /// The newest packets, if they go back to what follows `seq`.
    pub(super) fn recent(&self, seq: u64) -> Option<&VecDeque<Rc<Packet>>> {
        let first = self.0.front()?;
        (first.frame.first_seq <= seq + 1).then_some(&self.0)
    }
}
