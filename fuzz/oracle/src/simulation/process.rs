//! The process that has the log: the steps of the sequencer and of its recovery, one by one, so that
//! it can die between any two of them.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use accounts_core::Positions;
use exchange_engine::frame::{Frame, FrameError};
use exchange_engine::{Command, Event, Exchange, Input, InstrumentId, Reject};
use marketdata_core::{MarketData, Settings};
use orderbook_core::Timestamp;

use super::clients::IntentId;
use super::dice::Dice;
use super::medium::{Landing, Medium, tear};
use crate::exchange_auditor::ExchangeAuditor;

/// How many packets an outlet remembers.
const OUTLET: usize = 16;

/// A command on its way, and who waits for its outcome.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) intent: IntentId,
    pub(super) command: Command,
}

/// What became of one input.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) result: Result<(), Reject>,
    pub(super) events: Vec<Event>,
}

/// A frame and what became of it, as it is told to all.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) frame: Frame,
    pub(super) outcomes: Vec<Outcome>,
}

impl Packet {
    /// The inputs and what became of them.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&Input, &Outcome)> {
        self.frame.inputs.iter().zip(&self.outcomes)
    }
}

/// Carries out a frame.
fn carry_out(
    exchange: &mut Exchange,
    frame: Frame,
    mut seen: impl FnMut(&Exchange, &Input, &Outcome),
) -> Rc<Packet> {
    let mut outcomes = Vec::with_capacity(frame.inputs.len());
    for input in &frame.inputs {
        let mut events = Vec::new();
        let result = exchange.apply(input, &mut events);
        let outcome = Outcome { result, events };
        seen(exchange, input, &outcome);
        outcomes.push(outcome);
    }
    Rc::new(Packet { frame, outcomes })
}

/// What is folded from the feed alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Folds {
    pub(super) auditor: ExchangeAuditor,
    markets: BTreeMap<InstrumentId, MarketData>,
}

impl Folds {
    pub(super) fn apply(&mut self, input: &Input, outcome: &Outcome) {
        if let (Ok(()), Command::ListInstrument(listing)) = (outcome.result, &input.command) {
            self.auditor.listed(listing);
        }
        if let Err(what) = self.auditor.fold(&outcome.events) {
            panic!("the events of {input:?} do not add up (I3, I7): {what}");
        }
        let mut changes = Vec::new();
        for event in &outcome.events {
            match *event {
                Event::InstrumentListed { instrument } => {
                    let market = MarketData::new(&Settings {
                        candles: 20,
                        trades: 20,
                        window_trades: 200,
                        ..Settings::default()
                    });
                    self.markets.insert(instrument, market);
                }
                Event::InstrumentDelisted { instrument } => {
                    self.markets.remove(&instrument);
                }
                _ => {}
            }
            if let Some((instrument, event)) = event.of_book()
                && let Some(market) = self.markets.get_mut(&instrument)
                && let Err(error) = market.apply(input.time, &event, &mut changes)
            {
                panic!("market data does not take {event:?} of {input:?}: {error}");
            }
        }
    }
}

/// Where a turn of the sequencer ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    BeforeAppend,
    InAppend(Landing),
    AppendFails(Landing),
    BeforeHead,
    BeforeApply,
    BeforePublish,
    /// So many of those who wait have their answer, or all but one where there are fewer.
    BeforeAnswer(usize),
}

/// What a turn of the sequencer came to.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) frame: Frame,
    /// Who waits for what became of its inputs.
    pub(super) waiting: Vec<IntentId>,
    /// What there is of it.
    pub(super) landing: Landing,
    /// What became of it, where it was carried out.
    pub(super) packet: Option<Rc<Packet>>,
    pub(super) published: bool,
    /// How many of those who wait have been answered.
    pub(super) answered: usize,
    pub(super) end: End,
}

/// How a turn of the sequencer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Everybody has an answer.
    Done,
    /// The process is gone.
    Crashed,
    /// The log is poisoned: nobody gets an answer any more.
    Stopped,
}

/// Why a command is not taken in. Nothing has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Overloaded,
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
    epoch: u64,
    /// No later input gets an earlier time.
    floor: Timestamp,
    prev_crc: u32,
    queue: VecDeque<Submission>,
    stopped: bool,
    outlet: VecDeque<Rc<Packet>>,
}

impl Process {
    /// Reads the log, carries out every frame once more and publishes it, and begins an epoch.
    pub(super) fn start(
        medium: &Medium,
        now: Timestamp,
        mut published: impl FnMut(&Self, &Rc<Packet>),
    ) -> Result<Self, FrameError> {
        let mut process = Self {
            exchange: Exchange::new(),
            folds: Folds::default(),
            positions: Positions::default(),
            frame: 0,
            seq: 0,
            epoch: 0,
            floor: Timestamp::new(0),
            prev_crc: 0,
            queue: VecDeque::new(),
            stopped: false,
            outlet: VecDeque::new(),
        };
        let chain = medium.read(|frame| {
            let packet = process.apply(frame);
            process.publish(&packet);
            published(&process, &packet);
        })?;
        process.prev_crc = chain.crc();
        // Half of the time: some runs go on to the end of it, and no epoch would follow.
        process.epoch = (now.get() / 2).max(process.epoch + 1);
        Ok(process)
    }

    /// Takes a command in.
    pub(super) fn submit(&mut self, submission: Submission, room: usize) -> Result<(), Refused> {
        if self.stopped {
            return Err(Refused::Closed);
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

    /// Those who wait will never hear of it.
    pub(super) fn abandon(&mut self) -> impl Iterator<Item = IntentId> + '_ {
        self.queue.drain(..).map(|submission| submission.intent)
    }

    /// Takes what has queued up into a frame, appends it, carries it out, publishes it and answers.
    pub(super) fn turn(
        &mut self,
        medium: &mut Medium,
        most: usize,
        now: Timestamp,
        fate: Option<Fate>,
        dice: &mut Dice,
    ) -> Turn {
        self.floor = self.floor.max(now);
        let time = self.floor;
        let (mut inputs, mut waiting) = (Vec::new(), Vec::new());
        while inputs.len() < most
            && let Some(Submission { intent, command }) = self.queue.pop_front()
        {
            inputs.push(Input { time, command });
            waiting.push(intent);
        }
        let frame = Frame {
            number: self.frame + 1,
            epoch: self.epoch,
            first_seq: self.seq + 1,
            inputs,
        };
        let mut turn = Turn {
            frame,
            waiting,
            landing: Landing::Absent,
            packet: None,
            published: false,
            answered: 0,
            end: End::Crashed,
        };
        self.steps(&mut turn, medium, fate, dice);
        turn
    }

    fn steps(&mut self, turn: &mut Turn, medium: &mut Medium, fate: Option<Fate>, dice: &mut Dice) {
        if fate == Some(Fate::BeforeAppend) {
            return;
        }
        turn.landing = match fate {
            Some(Fate::InAppend(landing) | Fate::AppendFails(landing)) => landing,
            _ => Landing::Whole,
        };
        let mut stored = turn.frame.stored(self.prev_crc);
        let crc = stored.crc;
        if turn.landing == Landing::Torn {
            tear(&mut stored, dice);
        }
        if turn.landing != Landing::Absent {
            medium.frames.push(stored);
        }
        match fate {
            Some(Fate::InAppend(_) | Fate::BeforeHead) => return,
            Some(Fate::AppendFails(_)) => {
                self.stopped = true;
                turn.end = End::Stopped;
                return;
            }
            _ => {}
        }
        self.prev_crc = crc;
        medium.head = Some(turn.frame.number);
        if fate == Some(Fate::BeforeApply) {
            return;
        }
        let packet = self.apply(turn.frame.clone());
        turn.packet = Some(Rc::clone(&packet));
        if fate == Some(Fate::BeforePublish) {
            return;
        }
        self.publish(&packet);
        turn.published = true;
        if let Some(Fate::BeforeAnswer(some)) = fate {
            turn.answered = some.min(turn.waiting.len() - 1);
            return;
        }
        turn.answered = turn.waiting.len();
        turn.end = End::Done;
    }

    fn apply(&mut self, frame: Frame) -> Rc<Packet> {
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
        self.epoch = packet.frame.epoch;
        self.seq = packet.frame.last_seq();
        self.floor = self.floor.max(self.exchange.time());
        packet
    }

    fn publish(&mut self, packet: &Rc<Packet>) {
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

/// What was published from the first frame on, told anew from the log.
pub(super) fn history(medium: &Medium, mut tell: impl FnMut(&Packet)) -> Result<(), FrameError> {
    let mut exchange = Exchange::new();
    medium.read(|frame| tell(&carry_out(&mut exchange, frame, |_, _, _| ())))?;
    Ok(())
}
