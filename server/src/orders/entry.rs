//! Order entry: where commands are handed in, be the sequencer in this process or in another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use exchange_engine::Command;
use tokio::sync::watch;
use tokio::time::Instant;

use super::clock::Progress;
use super::gate::Suspension;
use super::places::Places;
use super::sequencer::{Receipt, Sequencer, SubmitError};
use crate::link::Link;

/// How many commands of a gateway may be on their way; the next one is refused.
const IN_FLIGHT: usize = 4096;
/// The process that orders commands counts as gone when it has not been heard of for so long.
const SILENCE: Duration = Duration::from_secs(3);

/// Takes commands and tells how far everything has come. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum OrderEntry {
    Local(Sequencer),
    Remote(Arc<RemoteSequencer>),
}

/// A sequencer in another process.
#[derive(Debug)]
pub(crate) struct RemoteSequencer {
    link: Link,
    in_flight: Places,
    /// The newest sequence number that anybody was told of by this process.
    told: AtomicU64,
    progress: watch::Sender<Option<(Progress, Instant)>>,
}

impl RemoteSequencer {
    pub(crate) fn new(link: Link) -> Self {
        Self {
            link,
            in_flight: Places::new(IN_FLIGHT),
            told: AtomicU64::new(0),
            progress: watch::Sender::new(None),
        }
    }

    /// The feed has told how far everything has come.
    pub(crate) fn heard(&self, progress: Progress) {
        self.told(progress.seq);
        self.progress.send_modify(|known| {
            // Heartbeats come on two ways and may overtake each other.
            let furthest = known.map_or(progress, |(before, _)| Progress {
                seq: before.seq.max(progress.seq),
                time: before.time.max(progress.time),
            });
            *known = Some((furthest, Instant::now()));
        });
    }

    /// Somebody was told of everything up to here.
    fn told(&self, seq: u64) {
        self.told.fetch_max(seq, Ordering::AcqRel);
    }

    async fn submit(&self, command: Command) -> Result<Receipt, SubmitError> {
        let _place = self.in_flight.take(&command)?;
        let batch = self.link.submit(&command).await?;
        self.told(batch.last_seq());
        Ok(Receipt::first_of(Arc::new(batch)))
    }

    /// Waits until the other process has been heard of.
    pub(crate) async fn first_heard(&self) {
        let mut progress = self.progress.subscribe();
        // The sender lives in self, so waiting cannot fail.
        drop(progress.wait_for(Option::is_some).await);
    }
}

impl OrderEntry {
    /// Hands in a command and waits for its durable outcome.
    pub(crate) async fn submit(&self, command: Command) -> Result<Receipt, SubmitError> {
        match self {
            Self::Local(sequencer) => sequencer.submit(command).await,
            Self::Remote(remote) => remote.submit(command).await,
        }
    }

    /// The newest sequence number that anybody was told of here.
    pub(crate) fn published(&self) -> u64 {
        match self {
            Self::Local(sequencer) => sequencer.published(),
            Self::Remote(remote) => remote.told.load(Ordering::Acquire),
        }
    }

    /// How far everything has come, and which time has surely passed.
    pub(crate) fn progress(&self) -> Progress {
        match self {
            Self::Local(sequencer) => sequencer.progress(),
            Self::Remote(remote) => remote
                .progress
                .borrow()
                .map_or_else(Progress::default, |(progress, _)| progress),
        }
    }

    /// Whether commands are taken, be it only when the log can be written again.
    pub(crate) fn is_running(&self) -> bool {
        match self {
            Self::Local(sequencer) => sequencer.is_running(),
            Self::Remote(remote) => remote
                .progress
                .borrow()
                .is_some_and(|(_, heard)| heard.elapsed() < SILENCE),
        }
    }

    /// Why no commands are taken for now, while the log cannot be written. Only the process that has
    /// the log knows; others hear it as the answer to a command.
    pub(crate) fn suspension(&self) -> Option<Suspension> {
        match self {
            Self::Local(sequencer) => sequencer.suspension(),
            Self::Remote(_) => None,
        }
    }

    /// How often the log could not be written since the start of the process that has it.
    pub(crate) fn suspensions(&self) -> Option<u64> {
        match self {
            Self::Local(sequencer) => Some(sequencer.suspensions()),
            Self::Remote(_) => None,
        }
    }
}
