//! Making snapshots, and forgetting what they make needless.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::sleep;

use super::{At, Replica, SnapshotError, Snapshots};
use crate::bus::Position;
use crate::config::{Memory, SnapshotPolicy};
use crate::log::History;
use crate::store::writer::WriterStatus;

/// How long to wait before it is tried again.
const PAUSE: Duration = Duration::from_secs(10);

/// Makes snapshots beside the sequencer.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) snapshots: Arc<dyn Snapshots>,
    pub(crate) history: Arc<dyn History>,
    pub(crate) memory: Memory,
    pub(crate) policy: SnapshotPolicy,
    /// What this process writes history from the log with, if it does.
    pub(crate) writer: Option<WriterStatus>,
    pub(crate) status: KeeperStatus,
}

/// How a keeper is doing. Clones are of the same keeper.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeeperStatus {
    progress: watch::Sender<KeeperProgress>,
}

/// What a keeper has made, and what stops it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeeperProgress {
    /// The input that the newest snapshot ends with.
    pub(crate) made: u64,
    /// Present from the first error to the next snapshot.
    pub(crate) failing: Option<String>,
}

impl KeeperStatus {
    /// How it is doing now.
    pub(crate) fn progress(&self) -> KeeperProgress {
        self.progress.borrow().clone()
    }

    fn made(&self, made: u64) {
        let failing = None;
        self.progress.send_replace(KeeperProgress { made, failing });
    }

    fn failed(&self, error: &SnapshotError) {
        self.progress
            .send_modify(|progress| progress.failing = Some(error.to_string()));
    }
}

impl Keeper {
    /// Makes snapshots of what is published until nothing is published any more. `made` is the
    /// input that the newest one ends with.
    pub(crate) async fn run(self, mut made: u64, mut published: watch::Receiver<Position>) {
        let keeper = Arc::new(self);
        keeper.status.made(made);
        loop {
            let due = made.saturating_add(keeper.policy.every);
            let reached = published.wait_for(|newest| newest.seq >= due).await;
            let Ok(through) = reached.map(|newest| newest.seq) else {
                return;
            };
            let making = {
                let keeper = Arc::clone(&keeper);
                tokio::task::spawn_blocking(move || keeper.make(through))
            };
            match making.await {
                Ok(Ok(at)) => {
                    made = at.seq;
                    keeper.status.made(made);
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "no snapshot was made; it is tried again");
                    keeper.status.failed(&error);
                    sleep(PAUSE).await;
                }
                // The process is ending.
                Err(_) => return,
            }
        }
    }

    /// Makes a snapshot of everything up to an input that ends a frame.
    pub(crate) fn make(&self, through: u64) -> Result<At, SnapshotError> {
        let begun = Instant::now();
        let mut replica = Replica::newest(&*self.snapshots, &*self.history, &self.memory)?;
        let base = replica.at();
        let mut frames = self.history.frames(replica.place)?;
        while replica.seq() < through
            && let Some(frame) = frames.next()?
        {
            replica.apply(&frame, frames.place());
        }
        let at = replica.at();
        if let Some(image) = replica.image() {
            // One of them at a time: each is as large as what the exchange has in memory.
            drop(replica);
            let bytes = image.encode();
            drop(image);
            self.snapshots.write(at, &bytes)?;
            let (bytes, took) = (bytes.len(), begun.elapsed());
            tracing::info!(
                frame = at.frame,
                inputs = at.seq,
                bytes,
                ?took,
                "a snapshot was made"
            );
        }
        self.tidy(base, at)?;
        Ok(at)
    }

    /// Removes what is not to be kept now that there is one more, made from `base`.
    fn tidy(&self, base: At, made: At) -> Result<(), SnapshotError> {
        let mut good = Vec::new();
        for at in self.snapshots.list()? {
            // It would have been the base, had it been of any use.
            if at > base && at < made {
                self.snapshots.remove(at)?;
            } else {
                good.push(at);
            }
        }
        let SnapshotPolicy {
            keep, forget_log, ..
        } = self.policy;
        let mut first = good.len().saturating_sub(keep);
        let stored = self.stored();
        if forget_log {
            // From here on the history can be written once the log is forgotten.
            let needed = good.iter().rposition(|at| at.seq <= stored);
            first = first.min(needed.unwrap_or(0));
        }
        for at in &good[..first] {
            self.snapshots.remove(*at)?;
        }
        // With fewer there would be nothing to begin with where one is damaged.
        let kept = &good[first..];
        match kept.first() {
            Some(oldest) if forget_log && kept.len() >= keep && oldest.seq <= stored => {
                Ok(self.history.forget(oldest.frame)?)
            }
            _ => Ok(()),
        }
    }

    /// Up to where the history does not need the log any more.
    fn stored(&self) -> u64 {
        let writer = self.writer.as_ref();
        writer.map_or(u64::MAX, |writer| writer.progress().cursor.seq)
    }
}
