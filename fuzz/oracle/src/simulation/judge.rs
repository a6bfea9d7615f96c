//! Who sees everything and forgets nothing: what was decided, what the model makes of it, and whether
//! a process that starts comes back to just that.

use std::rc::Rc;

use exchange_engine::frame::Frame;
use exchange_engine::{Exchange, OpenOrder, Reject, StateHash};

use super::clients::{Clients, IntentId};
use super::feed::Packet;
use super::medium::{Landing, Medium};
use super::process::Process;
use super::recovery::recover;
use super::situations::SITUATIONS;
use super::snapshot::Snapshot;
use super::snapshots::KEPT;
use super::state::State;
use super::turn::Turn;
use crate::differential::engine::{Sides, compare_outcome};
use crate::differential::{At, Coverage};
use crate::engine::Exchange as Model;

/// How often the costlier comparisons have their turn.
const TURN: usize = 8;

/// A frame that nobody has been told of.
#[derive(Debug)]
struct Written {
    frame: Frame,
    waiting: Vec<IntentId>,
    landing: Landing,
}

#[derive(Debug, Default)]
pub(super) struct Judge {
    pub(super) model: Model,
    /// The open orders of the model.
    pub(super) open: Vec<OpenOrder>,
    pub(super) coverage: Coverage<Reject>,
    /// What was carried out, and what became of it.
    packets: Vec<Rc<Packet>>,
    /// What was written last, until it is carried out or turns out to be lost.
    written: Option<Written>,
    /// That of the newest frame.
    epoch: u64,
    /// The last process that is gone, and its hash, until another one has come as far.
    late: Option<(State, StateHash)>,
    comparisons: usize,
}

impl Judge {
    pub(super) fn note(&mut self, what: &'static str) {
        assert!(SITUATIONS.contains(&what), "nobody expects this: {what}");
        self.coverage.note_situation(what);
    }

    /// How many inputs have been carried out.
    pub(super) fn seq(&self) -> u64 {
        self.packets
            .last()
            .map_or(0, |packet| packet.frame.last_seq())
    }

    /// How many frames have been carried out.
    pub(super) fn frames(&self) -> u64 {
        self.packets.len() as u64
    }

    /// A turn of the sequencer is over.
    pub(super) fn turned(&mut self, turn: Turn, process: &Process, clients: &mut Clients) {
        self.written = Some(Written {
            frame: turn.frame,
            waiting: turn.waiting,
            landing: turn.landing,
        });
        if let Some(packet) = turn.packet {
            self.carried_out(packet, &process.state, clients);
        }
    }

    /// The frame that was written last arrives late, while nobody else can have looked.
    pub(super) fn landed(&mut self) {
        let written = self.written.as_mut();
        let Some(written) = written.filter(|written| written.landing == Landing::OnItsWay) else {
            panic!("a frame is there that nobody waits for any more");
        };
        written.landing = Landing::Whole;
    }

    /// A process says what became of the frame that was written last: it is there, or it is not and
    /// never will be. Who waits is told so.
    pub(super) fn resolved(&mut self, says: Landing) {
        let Some(written) = &self.written else {
            panic!("nothing was in doubt");
        };
        assert_eq!(
            written.landing == Landing::Whole,
            says == Landing::Whole,
            "frame {} is {:?}, but those who wait are told that it is {says:?}",
            written.frame.number,
            written.landing
        );
        if says != Landing::Whole {
            self.written = None;
        }
    }

    /// A process tells of a frame that another one has carried out before.
    pub(super) fn knows(&self, turn: &Turn) {
        let index = usize::try_from(turn.frame.number - 1).expect("few");
        assert!(
            turn.packet == self.packets.get(index).cloned(),
            "a process tells something else than the one that has the log: {turn:?}"
        );
    }

    /// The frame that was written last is carried out for the first time.
    fn carried_out(&mut self, packet: Rc<Packet>, state: &State, clients: &mut Clients) {
        let number = packet.frame.number;
        let written = self.written.take();
        let Some(written) = written.filter(|written| written.frame == packet.frame) else {
            panic!("frame {number} is not what was written");
        };
        assert_eq!(number, self.frames() + 1, "a frame in the wrong place");
        assert!(packet.frame.epoch >= self.epoch, "an epoch of the past");
        self.epoch = packet.frame.epoch;
        for ((input, outcome), intent) in packet.parts().zip(written.waiting) {
            let at = At {
                subject: "simulation",
                index: self.packets.len(),
                command: input,
            };
            let expected = self.model.apply(input);
            let late = expected == Err(Reject::TimeWentBackwards);
            assert!(
                !late,
                "{at}\nan input was stamped before one that was there"
            );
            compare_outcome(&at, &expected, outcome.result, &outcome.events);
            let open = self.open.len();
            self.coverage
                .note_outcome(outcome.result, &outcome.events, &self.model, open);
            if clients.carried_out(intent, outcome) {
                self.note("an order that had been placed was sent again");
            }
        }
        self.open = self.model.open_orders();
        self.packets.push(packet);
        self.compare(state);
    }

    /// The exchange, what it told and the model are the same.
    fn compare(&mut self, state: &State) {
        self.comparisons += 1;
        let sides = Sides {
            exchange: &state.exchange,
            model: &self.model,
            auditor: &state.folds.auditor,
            open: &self.open,
        };
        let at = At {
            subject: "simulation",
            index: self.packets.len(),
            command: &self.packets.last().map(|packet| &packet.frame.inputs),
        };
        sides.compare(&at, self.comparisons.is_multiple_of(TURN));
    }

    /// A process is gone.
    pub(super) fn died(&mut self, process: Process) {
        let hash = process.state.exchange.state_hash();
        self.late = Some((process.state, hash));
    }

    /// A process that starts has got a state to begin with: that of the newest good snapshot, or
    /// where there is none, the first one of all.
    pub(super) fn begins(&mut self, state: &State, newest: u64) {
        assert_eq!(state.frame(), newest, "it begins with another snapshot");
        self.note(if state.frame() > 0 {
            "started from a snapshot"
        } else {
            "started from the first frame"
        });
        self.compare_late(state);
    }

    /// A process that starts has carried out a frame, most of them once more.
    pub(super) fn replayed(&mut self, state: &State, packet: &Rc<Packet>, clients: &mut Clients) {
        let number = packet.frame.number;
        let index = usize::try_from(number - 1).expect("few");
        if let Some(first_time) = self.packets.get(index) {
            assert!(
                first_time.frame == packet.frame,
                "frame {number} was another one: {:?}\nnow it is {:?}",
                first_time.frame,
                packet.frame
            );
            assert!(
                first_time == packet,
                "frame {number} came to something else (I8): {first_time:?}\nnow to {packet:?}"
            );
        } else {
            // It was durable, and nobody had been told.
            self.carried_out(Rc::clone(packet), state, clients);
            self.note("a frame that nobody had been told of was there");
        }
        clients.find_answers(packet);
        self.compare_late(state);
    }

    /// Where the process before was, this one is like it.
    fn compare_late(&mut self, state: &State) {
        let frame = state.frame();
        if let Some((late, hash)) = self.late.take_if(|(late, _)| late.frame() == frame) {
            assert_eq!(
                state.exchange.state_hash(),
                hash,
                "frame {frame} leads to another exchange (I8)"
            );
            assert!(
                state.folds == late.folds && state.positions == late.positions,
                "frame {frame} leads to other folds (I7)"
            );
        }
    }

    /// A process has started.
    pub(super) fn started(&mut self, process: &Process, clients: &Clients, followed: u64) {
        let told = clients.newest_answer().max(followed);
        assert!(
            process.state.seq() >= told,
            "the log ends at input {}, but somebody was told of {told} (I10)",
            process.state.seq()
        );
        assert_eq!(
            process.state.frame(),
            self.frames(),
            "frames are missing (I10)"
        );
        assert!(
            process.lease.epoch > self.epoch,
            "the log was not taken under a later epoch"
        );
        if let Some(written) = self.written.take() {
            assert!(
                written.landing != Landing::Whole,
                "frame {} was durable and is gone",
                written.frame.number
            );
            self.note("a frame that nobody had been told of was not there");
        }
        assert!(
            self.late.take().is_none(),
            "the process before had carried out more than there is"
        );
        self.compare(&process.state);
    }

    /// A log that is not what was written is refused, and it says where.
    pub(super) fn refuses(&mut self, medium: &Medium, how: &'static str, named: u64) {
        let Err(refusal) = recover(medium, |_, _| ()) else {
            panic!("{how} went unnoticed in frame {named}");
        };
        assert_eq!(
            refusal.frame(),
            Some(named),
            "{how} is said to be: {refusal:?}"
        );
        self.note(how);
    }

    /// Somebody makes a snapshot of a state that a log has led to.
    pub(super) fn snapshot(&self, state: &State, process: &Process) {
        let frame = state.frame();
        assert!(
            frame <= self.frames(),
            "a snapshot of frame {frame}, of which nobody has been told"
        );
        let live = &process.state;
        assert!(
            frame != live.frame()
                || state.exchange.state_hash() == live.exchange.state_hash()
                    && state.folds == live.folds
                    && state.positions == live.positions,
            "whoever makes snapshots has come to another state (I8)"
        );
    }

    /// The log got shorter. It goes on behind each of at least two good snapshots.
    pub(super) fn compacted(&mut self, medium: &Medium) {
        self.note("the log was compacted");
        let first = medium.first();
        let of_use = |snapshot: &&Snapshot| !snapshot.damaged && snapshot.frame() + 1 >= first;
        assert!(
            medium.snapshots.iter().filter(of_use).count() >= KEPT,
            "the log begins at frame {first}, and too few snapshots reach so far"
        );
    }

    /// All that was ever carried out leads to where the process is, though it has seen the end only.
    pub(super) fn replay(&mut self, process: &Process) {
        self.follow(Exchange::new(), 0, process);
        self.note("the whole history led to the same");
    }

    /// A snapshot and what follows it lead to where the process is.
    pub(super) fn restored(&mut self, snapshot: &Snapshot, process: &Process) {
        if let Ok(state) = snapshot.restore() {
            let frame = state.frame();
            self.follow(state.exchange, frame, process);
            self.note("a snapshot and its tail led to the same");
        }
    }

    fn follow(&self, mut exchange: Exchange, frame: u64, process: &Process) {
        let from = usize::try_from(frame).expect("few");
        let mut events = Vec::new();
        for packet in &self.packets[from..] {
            for (input, outcome) in packet.parts() {
                events.clear();
                let result = exchange.apply(input, &mut events);
                assert!(
                    result == outcome.result && events == outcome.events,
                    "behind frame {from} {input:?} comes to something else (I8)"
                );
            }
        }
        assert_eq!(
            exchange.state_hash(),
            process.state.exchange.state_hash(),
            "what follows frame {from} leads elsewhere (I8)"
        );
    }
}
