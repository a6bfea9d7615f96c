//! The sequencer: one thread, the only writer of the log and of the exchange.
//!
//! It takes whatever has queued up, appends it to the log as one frame, and only when that is
//! durable applies it, tells the feed and answers. There is no timer: while one frame is being
//! made durable, the next one gathers.
//!
//! After an append that failed nobody knows whether the frame is in the log. It is not tried again;
//! commands are refused until the log has told what became of the frame, and only then those who
//! wait for it are answered.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use exchange_engine::{Command, Exchange, Input};
use tokio::sync::{mpsc, oneshot};

use super::Listings;
use super::clock::{Clock, Progress};
use super::gate::{Gate, Suspension};
use super::places::{Place, Places};
use super::recovery::{self, Base, Recovered, StartError};
use crate::bus::{self, Batch, ConsumerGone, Feed, Outcome, Position};
use crate::log::{CommandLog, Frame, LogError, LogId, Resolved};

/// How many commands may wait; the next one is refused.
const QUEUE: usize = 4096;
/// How many commands one frame takes at most.
const MAX_FRAME: usize = 1024;
/// How long to wait before a log that does not work is asked again: twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A command on its way, and who waits for its outcome.
#[derive(Debug)]
struct Submission {
    command: Command,
    reply: oneshot::Sender<Result<Receipt, SubmitError>>,
    /// Free again when the command leaves the queue.
    place: Place,
}

/// What has been handed in. Places bound it.
type Queue = mpsc::UnboundedReceiver<Submission>;

/// Where commands are handed in. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Sequencer {
    queue: mpsc::UnboundedSender<Submission>,
    places: Places,
    gate: Arc<Gate>,
    clock: Arc<Clock>,
}

/// The outcome of one's command.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    batch: Arc<Batch>,
    index: usize,
}

impl Receipt {
    /// The receipt for the first command of a batch.
    pub(crate) fn first_of(batch: Arc<Batch>) -> Self {
        Self { batch, index: 0 }
    }

    /// What became of the command.
    pub(crate) fn outcome(&self) -> &Outcome {
        &self.batch.outcomes[self.index]
    }

    /// Its place in the order of everything.
    pub(crate) fn seq(&self) -> u64 {
        self.batch.prev_seq + 1 + self.index as u64
    }
}

/// Why a command has no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SubmitError {
    /// It was not taken in, nothing has happened.
    #[error("too many commands are waiting")]
    Overloaded,
    /// The log cannot be written at the moment. It was not stored, nothing has happened.
    #[error("the command log cannot be written at the moment")]
    Suspended,
    /// The sequencer has ended before; the command was not taken in, nothing has happened.
    #[error("the sequencer has stopped")]
    Closed,
    /// The sequencer has ended meanwhile. Whether the command was carried out is unknown.
    #[error("the sequencer has stopped; the outcome is unknown")]
    Stopped,
}

impl Sequencer {
    /// Hands in a command and waits for its durable outcome.
    pub(crate) async fn submit(&self, command: Command) -> Result<Receipt, SubmitError> {
        let receipt = self.enqueue(command)?;
        receipt.await.map_err(|_| SubmitError::Stopped)?
    }

    fn enqueue(
        &self,
        command: Command,
    ) -> Result<oneshot::Receiver<Result<Receipt, SubmitError>>, SubmitError> {
        if !self.is_running() {
            return Err(SubmitError::Closed);
        }
        let (reply, receipt) = oneshot::channel();
        let sent = self.gate.enter(|| {
            let place = self.places.take(&command)?;
            let submission = Submission {
                command,
                reply,
                place,
            };
            let sent = self.queue.send(submission);
            sent.map_err(|_| SubmitError::Closed)
        });
        sent.flatten().map(|()| receipt)
    }

    /// The newest sequence number that anybody was told of.
    pub(crate) fn published(&self) -> u64 {
        self.clock.published()
    }

    /// How far everything has come, and which time has surely passed.
    pub(crate) fn progress(&self) -> Progress {
        self.clock.progress()
    }

    /// Whether commands are taken, be it only when the log can be written again. Once this is no
    /// longer so, it takes a restart.
    pub(crate) fn is_running(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Why no commands are taken for now, while the log cannot be written.
    pub(crate) fn suspension(&self) -> Option<Suspension> {
        self.gate.suspension().filter(|_| self.is_running())
    }

    /// How often the log could not be written since the start.
    pub(crate) fn suspensions(&self) -> u64 {
        self.gate.suspensions()
    }
}

/// Starts the sequencer thread: it replays what the log has behind `base` through the feed, lists what
/// `genesis` asks for, and then takes commands. The receiver tells when recovery is done, or why it failed.
pub(crate) fn start(
    mut log: impl CommandLog + 'static,
    base: Base,
    feed: Feed,
    genesis: impl FnOnce(&Exchange, &Listings) -> Result<Vec<Command>, StartError> + Send + 'static,
) -> std::io::Result<(Sequencer, oneshot::Receiver<Result<Recovered, StartError>>)> {
    let (queue, submissions) = mpsc::unbounded_channel();
    let (ready, recovered) = oneshot::channel();
    let clock = Arc::new(Clock::default());
    let gate = Arc::new(Gate::default());
    let handle = Sequencer {
        queue,
        places: Places::new(QUEUE),
        gate: Arc::clone(&gate),
        clock: Arc::clone(&clock),
    };
    std::thread::Builder::new()
        .name("sequencer".into())
        .spawn(move || {
            let place = base.place;
            let mut state = State::new(base, feed, clock);
            let recovered = recovery::recover(&mut log, place, &mut state);
            let mut writer = Writer { log, gate, state };
            let started = recovered
                .and_then(|()| genesis(&writer.state.exchange, &writer.state.listings))
                .and_then(|commands| writer.list(commands))
                .and_then(|()| writer.state.recovered());
            let failed = started.is_err();
            if ready.send(started).is_err() || failed {
                return;
            }
            if let Err(error) = writer.run(submissions) {
                tracing::error!(%error, "the sequencer stops: no further commands are taken");
            }
        })?;
    Ok((handle, recovered))
}

/// What the log leads to, and who is told of it.
pub(super) struct State {
    exchange: Exchange,
    listings: Listings,
    feed: Feed,
    clock: Arc<Clock>,
    /// Known from the first frame on.
    log: Option<LogId>,
    frame: u64,
    epoch: u64,
    seq: u64,
}

impl State {
    fn new(base: Base, feed: Feed, clock: Arc<Clock>) -> Self {
        let seq = base.place.last_seq();
        clock.publish(seq, base.exchange.time());
        Self {
            exchange: base.exchange,
            listings: base.listings,
            feed,
            clock,
            log: base.log,
            frame: base.place.number(),
            epoch: base.epoch,
            seq,
        }
    }

    /// Applies and publishes a durable frame.
    pub(super) fn apply(&mut self, frame: &Frame) -> Result<Arc<Batch>, ConsumerGone> {
        let batch = Arc::new(bus::apply(&mut self.exchange, frame));
        self.listings.apply(frame, &batch);
        self.log.get_or_insert_with(|| LogId::of(frame));
        self.frame = frame.number;
        self.epoch = frame.epoch;
        self.seq = batch.last_seq();
        let packet = bus::packet(frame, Arc::clone(&batch));
        self.feed.outlet().publish(packet)?;
        self.clock.publish(self.seq, self.exchange.time());
        Ok(batch)
    }

    /// Begins an epoch: frames and packets from here on are told from those before, also where none
    /// were written in between. Whoever follows the feed goes on where it stands.
    pub(super) fn begin_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.feed.outlet().begin(Position {
            epoch: self.epoch,
            seq: self.seq,
        });
    }

    fn recovered(&self) -> Result<Recovered, StartError> {
        let log = self.log.ok_or_else(|| {
            StartError::Configuration("it lists nothing, and nothing is listed yet".into())
        })?;
        Ok(Recovered {
            exchange: self.exchange.clone(),
            log,
            epoch: self.epoch,
            seq: self.seq,
        })
    }
}

/// The sequencer thread.
struct Writer<L> {
    log: L,
    gate: Arc<Gate>,
    state: State,
}

impl<L: CommandLog> Writer<L> {
    fn run(&mut self, mut queue: Queue) -> anyhow::Result<()> {
        let mut waiting = Vec::with_capacity(MAX_FRAME);
        while queue.blocking_recv_many(&mut waiting, MAX_FRAME) > 0 {
            let time = self.state.clock.stamp();
            let mut inputs = Vec::with_capacity(waiting.len());
            let mut replies = Vec::with_capacity(waiting.len());
            for submission in waiting.drain(..) {
                let Submission {
                    command,
                    reply,
                    place,
                } = submission;
                drop(place);
                inputs.push(Input { time, command });
                replies.push(reply);
            }
            let frame = self.next_frame(inputs);
            let batch = match self.log.append(&frame) {
                Ok(()) => Some(self.state.apply(&frame)?),
                Err(error) if error.is_final() => return Err(error.into()),
                Err(error) => self.suspend(&frame, &error, &mut queue)?,
            };
            for (index, reply) in replies.into_iter().enumerate() {
                let batch = batch.clone().ok_or(SubmitError::Suspended);
                // Who hung up does not want to know; the command stands.
                drop(reply.send(batch.map(|batch| Receipt { batch, index })));
            }
        }
        Ok(())
    }

    fn next_frame(&self, inputs: Vec<Input>) -> Frame {
        Frame {
            number: self.state.frame + 1,
            epoch: self.state.epoch,
            first_seq: self.state.seq + 1,
            inputs,
        }
    }

    /// Takes nothing in until it is known what became of a frame, and goes on under another epoch:
    /// with the frame, where it is in the log, or without, and nothing of it has happened.
    fn suspend(
        &mut self,
        frame: &Frame,
        error: &LogError,
        queue: &mut Queue,
    ) -> anyhow::Result<Option<Arc<Batch>>> {
        self.gate.close(error);
        // Nobody comes in any more, so these are all.
        while let Ok(Submission { reply, .. }) = queue.try_recv() {
            drop(reply.send(Err(SubmitError::Suspended)));
        }
        let Resolved { durable, epoch } = self.resolve(queue)?;
        let batch = if durable {
            Some(self.state.apply(frame)?)
        } else {
            self.state.clock.withdraw();
            None
        };
        self.state.begin_epoch(epoch);
        self.gate.open();
        Ok(batch)
    }

    /// Asks the log until it works again, or never will.
    fn resolve(&mut self, queue: &Queue) -> anyhow::Result<Resolved> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.log.resolve() {
                Ok(resolved) => return Ok(resolved),
                Err(error) if error.is_final() => return Err(error.into()),
                Err(error) => self.gate.stay_closed(&error),
            }
            anyhow::ensure!(!queue.is_closed(), "nobody hands in commands any more");
            std::thread::sleep(pause);
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Carries out what the configuration asks for at start.
    fn list(&mut self, commands: Vec<Command>) -> Result<(), StartError> {
        if commands.is_empty() {
            return Ok(());
        }
        let time = self.state.clock.stamp();
        recovery::rehearse(self.state.exchange.clone(), time, &commands)?;
        let inputs = commands
            .into_iter()
            .map(|command| Input { time, command })
            .collect();
        let frame = self.next_frame(inputs);
        let append = self.log.append(&frame);
        append.map_err(|error| StartError::Genesis(error.into()))?;
        let batch = self.state.apply(&frame)?;
        debug_assert!(batch.outcomes.iter().all(|outcome| outcome.result.is_ok()));
        Ok(())
    }
}
