//! The turns of the sequencer, and what may go wrong in them.

use super::Simulation;
use super::medium::Landing;
use super::options::Fault;
use super::turn::{End, Fate, Obstacle, Resolved, Turn};

impl Simulation<'_> {
    /// Where the next turn ends, if not where it should.
    fn fate(&mut self, commands: usize) -> Option<Fate> {
        let trouble = self.dice.below(self.options.trouble) < commands;
        let landing = self.landing();
        let some = self.dice.below(commands) * self.dice.below(2);
        let (fault, fate, name) = match self.dice.below(11) {
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
                    Landing::OnItsWay => "died in an append; the frame was on its way",
                },
            ),
            2 | 9 | 10 => (
                Fault::AppendError,
                Fate::AppendFails(landing),
                match landing {
                    Landing::Absent => "an append failed; the frame was lost",
                    Landing::Torn => "an append failed; the frame was torn",
                    Landing::Whole => "an append failed; the frame was there",
                    Landing::OnItsWay => "an append failed; the frame was on its way",
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
            6 => (
                Fault::Stale,
                Fate::PausedBeforeAppend,
                "stood still before an append, and another took the log",
            ),
            7 => (
                Fault::Stale,
                Fate::PausedBeforeApply,
                "stood still behind an append, and another took the log",
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
        let one_too_many = fault == Fault::Stale && self.stale.is_some();
        if !trouble || one_too_many || !self.strikes(fault) {
            return None;
        }
        self.judge.note(name);
        Some(fate)
    }

    /// What there is of a frame when something goes wrong in an append.
    fn landing(&mut self) -> Landing {
        let landing = self.dice.of([
            Landing::Absent,
            Landing::Torn,
            Landing::Whole,
            Landing::OnItsWay,
            Landing::OnItsWay,
        ]);
        if landing == Landing::OnItsWay && !self.strikes(Fault::LateAppend) {
            return Landing::Absent;
        }
        landing
    }

    /// A frame on its way arrives, too late or not, or is lost.
    pub(super) fn deliver(&mut self) {
        let lost = self.dice.one_in(4);
        match self.medium.deliver(lost) {
            Some(Ok(())) => {
                self.judge.landed();
                self.judge.note("a frame on its way arrived in time");
            }
            Some(Err(_)) => self
                .judge
                .note("a frame on its way arrived too late and was refused"),
            None => {}
        }
    }

    /// The sequencer takes what there is.
    pub(super) fn turn(&mut self) {
        let Some(process) = &self.process else { return };
        if process.is_in_doubt() && !process.is_stopped() {
            self.resolve();
            return;
        }
        let waiting = process.waiting();
        if waiting == 0 {
            // Somebody notices that it takes no more commands.
            if process.is_stopped() && self.dice.one_in(3) {
                self.judge.note("restarted when it had stopped");
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
        self.over(turn);
    }

    /// A turn is over, or as far as it gets for now.
    fn over(&mut self, turn: Turn) {
        let Some(process) = &self.process else { return };
        let (end, answered) = (turn.end, turn.answered);
        let first_seq = turn.frame.first_seq;
        let paused = (end == End::Paused).then(|| turn.clone());
        let waiting = turn.waiting.clone();
        let published = turn.packet.clone().filter(|_| turn.published);
        self.judge.turned(turn, process, &mut self.clients);
        if let Some(packet) = published {
            self.tell_follower(&packet);
        }
        if end == End::InDoubt {
            self.refuse_queue();
            return;
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
            End::Done => {
                if self.dice.one_in(self.options.snapshots) {
                    self.snapshot();
                }
            }
            End::InDoubt => {}
            End::Crashed => self.die(),
            End::Paused => self.pause(paused),
            End::Fenced => panic!("nobody else has taken the log"),
        }
    }

    /// The commands that wait for a turn are in no frame: nothing has happened.
    fn refuse_queue(&mut self) {
        let Some(process) = &mut self.process else {
            return;
        };
        for submission in process.queue.split_off(0) {
            self.judge
                .note("a command was refused because the append before it had failed");
            self.nothing_happened(submission.intent);
        }
    }

    /// What may come in between when the log is taken anew.
    fn obstacle(&mut self) -> Option<Obstacle> {
        let (fault, obstacle, name) = match self.dice.below(10) {
            0..3 => (
                Fault::StorageAway,
                Obstacle::Away,
                "the log could not be taken anew yet",
            ),
            3 => (
                Fault::TakenUntold,
                Obstacle::Untold,
                "the log was taken anew, and the process was not told",
            ),
            4 => (
                Fault::CrashInDoubt,
                Obstacle::Crash,
                "died when it had taken the log anew",
            ),
            _ => return None,
        };
        if !self.strikes(fault) {
            return None;
        }
        self.judge.note(name);
        Some(obstacle)
    }

    /// The process tries to know what became of its append.
    fn resolve(&mut self) {
        let (dies, fenced) = (self.dice.one_in(20), self.dice.one_in(8));
        if dies && self.strikes(Fault::CrashInDoubt) {
            self.judge.note("died while an append was in doubt");
            self.die();
            return;
        }
        if fenced && self.stale.is_none() && self.strikes(Fault::Stale) {
            self.judge
                .note("stood still while an append was in doubt, and another took the log");
            self.pause(None);
            return;
        }
        if self.dice.one_in(4) {
            self.snapshot();
        }
        if self.dice.one_in(4) {
            self.join();
        }
        let obstacle = self.obstacle();
        let Some(process) = &mut self.process else {
            return;
        };
        match process.resolve(&mut self.medium, self.wall, obstacle) {
            Resolved::NotYet => {}
            Resolved::Crashed => self.die(),
            Resolved::There(turn) => {
                self.judge.resolved(Landing::Whole);
                self.judge.note("an append in doubt was there");
                self.over(turn);
            }
            Resolved::NotThere(turn) => {
                self.judge.resolved(Landing::Absent);
                self.judge.note("an append in doubt was not there");
                for intent in turn.waiting {
                    self.nothing_happened(intent);
                }
            }
            Resolved::Damaged(error) => {
                assert!(self.torn, "an intact log is refused: {error}");
                self.judge
                    .note("an append in doubt was torn, and the process stopped");
            }
            Resolved::Fenced => panic!("nobody else has taken the log"),
        }
    }

    /// Those who wait will not hear what became of their commands.
    pub(super) fn give_up_waiting(&mut self) {
        let Some(process) = &self.process else { return };
        let doubt = process.doubt.iter().flat_map(|turn| turn.waiting.clone());
        for intent in doubt.chain(process.queued()).collect::<Vec<_>>() {
            self.leave_unanswered(intent);
        }
    }

    pub(super) fn die(&mut self) {
        self.give_up_waiting();
        if let Some(process) = self.process.take() {
            self.judge.died(process);
        }
    }
}
