//! The steps of the sequencer, one by one, so that the process can die between any two of them; and
//! what it does when it does not know what became of an append.

use std::rc::Rc;

use exchange_engine::Input;
use exchange_engine::frame::{Chain, Frame, FrameError};
use orderbook_core::Timestamp;

use super::clients::IntentId;
use super::damage::tear;
use super::dice::Dice;
use super::feed::Packet;
use super::medium::{Fenced, Landing, Medium};
use super::process::{Process, Submission};

/// Where a turn of the sequencer ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    BeforeAppend,
    PausedBeforeAppend,
    InAppend(Landing),
    AppendFails(Landing),
    BeforeHead,
    PausedBeforeApply,
    BeforeApply,
    BeforePublish,
    /// So many of those who wait have their answer, or all but one where there are fewer.
    BeforeAnswer(usize),
}

/// What a turn of the sequencer came to.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub(super) frame: Frame,
    /// Who waits for what became of its inputs.
    pub(super) waiting: Vec<IntentId>,
    /// What there is of it.
    pub(super) landing: Landing,
    /// How far the log goes with it, once that is known.
    chain: Chain,
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
    /// The process stands still, and does not know.
    Paused,
    /// Whether the frame is there is not known. Who waits goes on waiting.
    InDoubt,
    /// Somebody else has the log: nobody gets an answer any more.
    Fenced,
}

/// What comes in between when the log is taken anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The storage is still away.
    Away,
    /// The log is taken, but the answer does not arrive.
    Untold,
    /// The process dies when it has taken the log.
    Crash,
}

/// What has come of taking the log anew.
#[derive(Debug)]
pub(super) enum Resolved {
    /// It has to be tried again.
    NotYet,
    Crashed,
    /// The frame is there: its turn has gone on.
    There(Turn),
    /// The frame is not there and never will be: who waits is told that nothing has happened.
    NotThere(Turn),
    /// Somebody else has taken the log: nobody gets an answer any more.
    Fenced,
    /// The log is not what was written: nobody gets an answer any more.
    Damaged(FrameError),
}

impl Process {
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
            number: self.state.frame() + 1,
            epoch: self.lease.epoch,
            first_seq: self.state.seq() + 1,
            inputs,
        };
        let mut turn = Turn {
            frame,
            waiting,
            landing: Landing::Absent,
            chain: Chain::default(),
            packet: None,
            published: false,
            answered: 0,
            end: End::Crashed,
        };
        match fate {
            Some(Fate::BeforeAppend) => {}
            Some(Fate::PausedBeforeAppend) => turn.end = End::Paused,
            Some(Fate::InAppend(landing)) => self.try_to_append(&mut turn, medium, landing, dice),
            Some(Fate::AppendFails(landing)) => {
                self.try_to_append(&mut turn, medium, landing, dice);
                turn.end = End::InDoubt;
                self.doubt = Some(turn.clone());
            }
            _ => self.go_on(&mut turn, medium, fate),
        }
        turn
    }

    /// Sends the frame, and never hears what became of it.
    fn try_to_append(
        &self,
        turn: &mut Turn,
        medium: &mut Medium,
        landing: Landing,
        dice: &mut Dice,
    ) {
        let mut stored = turn.frame.stored(self.state.chain.crc());
        let arrived = match landing {
            Landing::Absent => Ok(()),
            Landing::OnItsWay => {
                medium.send(self.lease, stored);
                Ok(())
            }
            Landing::Torn => {
                tear(&mut stored, dice);
                medium.append(self.lease, stored)
            }
            Landing::Whole => medium.append(self.lease, stored),
        };
        if arrived == Ok(()) {
            turn.landing = landing;
        }
    }

    /// Appends the frame, and does what follows.
    pub(super) fn go_on(&mut self, turn: &mut Turn, medium: &mut Medium, fate: Option<Fate>) {
        let stored = turn.frame.stored(self.state.chain.crc());
        let crc = stored.crc;
        if medium.append(self.lease, stored) == Err(Fenced) {
            self.stopped = true;
            turn.end = End::Fenced;
            return;
        }
        turn.landing = Landing::Whole;
        turn.chain = Chain::at(turn.frame.number, turn.frame.last_seq(), crc);
        self.finish(turn, medium, fate);
    }

    /// The frame is durable: carries it out, publishes it and answers.
    pub(super) fn finish(&mut self, turn: &mut Turn, medium: &mut Medium, fate: Option<Fate>) {
        if fate == Some(Fate::BeforeHead) {
            return;
        }
        if fate == Some(Fate::PausedBeforeApply) {
            turn.end = End::Paused;
            return;
        }
        medium.witness(turn.frame.number);
        if fate == Some(Fate::BeforeApply) {
            return;
        }
        let packet = self.state.apply(turn.frame.clone(), turn.chain);
        self.floor = self.floor.max(self.state.exchange.time());
        turn.packet = Some(Rc::clone(&packet));
        if fate == Some(Fate::BeforePublish) {
            return;
        }
        self.outlet.publish(&packet);
        turn.published = true;
        if let Some(Fate::BeforeAnswer(some)) = fate {
            turn.answered = some.min(turn.waiting.len() - 1);
            return;
        }
        turn.answered = turn.waiting.len();
        turn.end = End::Done;
    }

    /// Takes the log anew, so that nothing can arrive any more, and then looks whether the frame in
    /// doubt has arrived.
    pub(super) fn resolve(
        &mut self,
        medium: &mut Medium,
        now: Timestamp,
        obstacle: Option<Obstacle>,
    ) -> Resolved {
        if obstacle == Some(Obstacle::Away) {
            return Resolved::NotYet;
        }
        let Ok(lease) = medium.take_anew(self.lease, Self::least_epoch(now)) else {
            self.stopped = true;
            return Resolved::Fenced;
        };
        match obstacle {
            Some(Obstacle::Untold) => return Resolved::NotYet,
            Some(Obstacle::Crash) => return Resolved::Crashed,
            _ => self.lease = lease,
        }
        let mut arrived = Vec::new();
        let end = medium.read_on(self.state.chain, u64::MAX, |frame, _| arrived.push(frame));
        let mut turn = self.doubt.take().expect("an append in doubt");
        match end {
            Ok(end) if arrived == [turn.frame.clone()] => {
                turn.chain = end;
                turn.landing = Landing::Whole;
                turn.end = End::Crashed;
                self.finish(&mut turn, medium, None);
                Resolved::There(turn)
            }
            Ok(_) => {
                assert!(arrived.is_empty(), "a frame of nobody's: {arrived:?}");
                Resolved::NotThere(turn)
            }
            Err(error) => {
                self.doubt = Some(turn);
                self.stopped = true;
                Resolved::Damaged(error)
            }
        }
    }
}
