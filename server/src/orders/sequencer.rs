//! The sequencer: one thread, the only writer of the log and of the exchange.
//!
//! It takes whatever has queued up, appends it to the log as one frame, and only when that is
//! durable applies it, tells the feed and answers. There is no timer: while one frame is being
//! made durable, the next one gathers.

use std::sync::Arc;

use exchange_engine::{Command, Exchange, Input};
use tokio::sync::{mpsc, oneshot};

use super::Listings;
use super::clock::{Clock, Progress};
use super::recovery::{self, Recovered, StartError};
use crate::bus::{self, Batch, ConsumerGone, Feed, Outcome, Position};
use crate::log::{CommandLog, Frame, LogId};

/// How many commands may wait; the next one is refused.
const QUEUE: usize = 4096;
/// How many commands one frame takes at most.
const MAX_FRAME: usize = 1024;

/// A command on its way, and who waits for its outcome.
#[derive(Debug)]
struct Submission {
    command: Command,
    reply: oneshot::Sender<Receipt>,
}

/// Where commands are handed in. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Sequencer {
    queue: mpsc::Sender<Submission>,
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
        let (reply, receipt) = oneshot::channel();
        self.queue
            .try_send(Submission { command, reply })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => SubmitError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => SubmitError::Closed,
            })?;
        receipt.await.map_err(|_| SubmitError::Stopped)
    }

    /// The newest sequence number that anybody was told of.
    pub(crate) fn published(&self) -> u64 {
        self.clock.published()
    }

    /// How far everything has come, and which time has surely passed.
    pub(crate) fn progress(&self) -> Progress {
        self.clock.progress()
    }

    /// Whether commands are still taken.
    pub(crate) fn is_running(&self) -> bool {
        !self.queue.is_closed()
    }
}

/// Starts the sequencer thread: it replays the log through the feed, lists what `genesis` asks
/// for, and then takes commands. The receiver tells when recovery is done, or why it failed.
pub(crate) fn start(
    mut log: impl CommandLog + 'static,
    feed: Feed,
    genesis: impl FnOnce(&Exchange, &Listings) -> Result<Vec<Command>, StartError> + Send + 'static,
) -> std::io::Result<(Sequencer, oneshot::Receiver<Result<Recovered, StartError>>)> {
    let (queue, submissions) = mpsc::channel(QUEUE);
    let (ready, recovered) = oneshot::channel();
    let clock = Arc::new(Clock::default());
    let handle = Sequencer {
        queue,
        clock: Arc::clone(&clock),
    };
    std::thread::Builder::new()
        .name("sequencer".into())
        .spawn(move || {
            let mut state = State {
                exchange: Exchange::new(),
                listings: Listings::default(),
                feed,
                clock,
                log: None,
                frame: 0,
                epoch: 0,
                seq: 0,
            };
            let recovered = recovery::recover(&mut log, &mut state);
            let mut writer = Writer { log, state };
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

    /// Begins an epoch: frames and packets of this start are told from those of earlier ones, also
    /// where an earlier one wrote nothing.
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
    state: State,
}

impl<L: CommandLog> Writer<L> {
    fn run(&mut self, mut submissions: mpsc::Receiver<Submission>) -> anyhow::Result<()> {
        let mut waiting = Vec::with_capacity(MAX_FRAME);
        let mut inputs = Vec::with_capacity(MAX_FRAME);
        while submissions.blocking_recv_many(&mut waiting, MAX_FRAME) > 0 {
            let time = self.state.clock.stamp();
            let mut replies = Vec::with_capacity(waiting.len());
            for Submission { command, reply } in waiting.drain(..) {
                inputs.push(Input { time, command });
                replies.push(reply);
            }
            let batch = self.commit(std::mem::take(&mut inputs))?;
            for (index, reply) in replies.into_iter().enumerate() {
                let batch = Arc::clone(&batch);
                // Who hung up does not want to know; the command stands.
                drop(reply.send(Receipt { batch, index }));
            }
        }
        Ok(())
    }

    /// Makes inputs durable, then applies and publishes them.
    fn commit(&mut self, inputs: Vec<Input>) -> anyhow::Result<Arc<Batch>> {
        let frame = Frame {
            number: self.state.frame + 1,
            epoch: self.state.epoch,
            first_seq: self.state.seq + 1,
            inputs,
        };
        self.log.append(&frame)?;
        Ok(self.state.apply(&frame)?)
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
        let batch = self.commit(inputs).map_err(StartError::Genesis)?;
        debug_assert!(batch.outcomes.iter().all(|outcome| outcome.result.is_ok()));
        Ok(())
    }
}
