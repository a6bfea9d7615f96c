//! Reading the feed from any place on.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use exchange_engine::Exchange;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::batch::is_about_listings;
use super::{Batch, Body, Outlet, Packet, Position, Stream};
use crate::log::{Frame, Frames, History};
use crate::orders::Progress;
use crate::snapshots::{self, At, SnapshotError, Snapshots};

/// How many frames are replayed at a time.
const FRAMES: usize = 256;

/// The feed as it can be read by those who are behind: what is no longer remembered is had by
/// applying the log again. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    outlet: Outlet,
    record: Record,
}

/// What is on record of the feed: the log, and snapshots of what it led to. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) history: Arc<dyn History>,
    pub(crate) snapshots: Arc<dyn Snapshots>,
}

impl Feed {
    pub(crate) fn new(outlet: Outlet, record: Record) -> Self {
        Self { outlet, record }
    }

    pub(crate) fn outlet(&self) -> &Outlet {
        &self.outlet
    }

    /// Tells how far the feed has come: every later input has this time or a later one.
    pub(crate) fn heartbeat(&self, progress: Progress) -> Packet {
        let at = Position {
            epoch: self.outlet.newest().epoch,
            seq: progress.seq,
        };
        Packet::heartbeat(Stream::Feed, at, progress.time)
    }

    /// The bytes of the newest good snapshot.
    pub(crate) async fn newest_snapshot(&self) -> Result<Option<Vec<u8>>, TailError> {
        self.record
            .look(|snapshots, history| {
                snapshots::newest(snapshots, history, u64::MAX, |image| Ok(image.encode()))
            })
            .await
    }

    /// Whether the feed can be had from a sequence number on.
    pub(crate) async fn is_on_record_after(&self, seq: u64) -> Result<bool, TailError> {
        if self.outlet.after(seq).is_some() {
            return Ok(true);
        }
        self.record
            .look(move |snapshots, history| {
                let oldest = history.oldest()?.unwrap_or(1);
                let leads_to = |at: &At| at.seq <= seq && at.leads_to(oldest);
                Ok(oldest == 1 || snapshots.list()?.iter().any(leads_to))
            })
            .await
    }

    /// The feed after a sequence number.
    pub(crate) fn tail(&self, seq: u64) -> Tail {
        Tail {
            feed: self.clone(),
            newest: self.outlet.watch(),
            seq,
            ready: VecDeque::new(),
            replay: None,
            wanted: Arc::new(()),
        }
    }
}

impl Record {
    /// Looks something up without holding async code up.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Snapshots, &dyn History) -> Result<T, SnapshotError> + Send + 'static,
    ) -> Result<T, TailError> {
        let Self { snapshots, history } = self.clone();
        let looking = tokio::task::spawn_blocking(move || look(&*snapshots, &*history));
        Ok(looking.await.map_err(|_| TailError::Ended)??)
    }
}

/// The feed from a sequence number on, however long ago that was. It never slows the sequencer
/// down.
#[derive(Debug)]
pub(crate) struct Tail {
    feed: Feed,
    newest: watch::Receiver<Position>,
    /// The last sequence number given.
    seq: u64,
    /// What comes next.
    ready: VecDeque<Arc<Packet>>,
    /// Kept while the outlet does not reach back far enough.
    replay: Option<Replaying>,
    /// Lives as long as somebody wants what a replay brings.
    wanted: Arc<()>,
}

/// The feed cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TailError {
    /// The process is ending.
    #[error("the feed has ended")]
    Ended,
    /// The log cannot be read.
    #[error("the command log cannot be read: {0}")]
    Log(String),
}

impl From<SnapshotError> for TailError {
    fn from(error: SnapshotError) -> Self {
        Self::Log(error.to_string())
    }
}

impl Tail {
    /// The next batch, which follows the one before without a gap. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<Arc<Batch>, TailError> {
        loop {
            let packet = self.next_packet().await?;
            if let Body::Batch(batch) = &packet.body {
                return Ok(Arc::clone(batch));
            }
        }
    }

    /// The last sequence number that was given.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// As [`next`](Self::next), as a packet.
    pub(crate) async fn next_packet(&mut self) -> Result<Arc<Packet>, TailError> {
        while self.ready.is_empty() {
            let seq = self.seq;
            let waited = self.newest.wait_for(|newest| newest.seq > seq).await;
            let end = waited.map_err(|_| TailError::Ended)?.seq;
            if let Some(packets) = self.feed.outlet.after(seq) {
                self.ready.extend(packets);
                self.replay = None;
            } else {
                self.replay(end).await?;
            }
        }
        let packet = self.ready.pop_front().expect("there is one now");
        self.seq = packet.seq;
        Ok(packet)
    }

    /// Gets what comes next from the log, up to what has been published.
    async fn replay(&mut self, end: u64) -> Result<(), TailError> {
        let seq = self.seq;
        let wanted = Arc::downgrade(&self.wanted);
        let running = match self.replay.take() {
            Some(Replaying::Running(running)) => running,
            Some(Replaying::Paused(mut replay)) => tokio::task::spawn_blocking(move || {
                let packets = replay.after(seq, end, &wanted)?;
                Ok((packets, replay))
            }),
            None => {
                let record = self.feed.record.clone();
                tokio::task::spawn_blocking(move || {
                    let mut replay = Box::new(Replay::new(&record, seq)?);
                    let packets = replay.after(seq, end, &wanted)?;
                    Ok((packets, replay))
                })
            }
        };
        // Kept here while it runs, so that whoever stops waiting does not start it anew.
        let Replaying::Running(running) = self.replay.insert(Replaying::Running(running)) else {
            unreachable!("it was just put there");
        };
        let replayed = running.await;
        // It has ended: whoever asks again after an error starts another.
        self.replay = None;
        let (packets, replay) = replayed.map_err(|_| TailError::Ended)??;
        self.ready.extend(packets);
        self.replay = Some(Replaying::Paused(replay));
        Ok(())
    }
}

/// What a replay has brought, and the replay to go on with.
type Replayed = Result<(Vec<Arc<Packet>>, Box<Replay>), SnapshotError>;

/// A replay between two calls, or on its way.
#[derive(Debug)]
enum Replaying {
    Paused(Box<Replay>),
    Running(JoinHandle<Replayed>),
}

/// The exchange, applied again from the first frame or from a snapshot on.
struct Replay {
    frames: Box<dyn Frames>,
    exchange: Exchange,
    seq: u64,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay")
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

impl Replay {
    /// Begins with the newest snapshot that does not go beyond `seq`.
    fn new(record: &Record, seq: u64) -> Result<Self, SnapshotError> {
        let Record { history, snapshots } = record;
        let base = snapshots::newest(&**snapshots, &**history, seq, |image| {
            Ok((image.exchange()?, image.place()))
        })?;
        let (exchange, place) = base.unwrap_or_default();
        Ok(Self {
            frames: history.frames(place)?,
            exchange,
            seq: place.last_seq(),
        })
    }

    /// Some packets after `seq`, up to the one that ends at `end`; at least one if there is one.
    /// It may take a while to get there, so it ends early where nobody wants it any more.
    fn after(
        &mut self,
        seq: u64,
        end: u64,
        wanted: &Weak<()>,
    ) -> Result<Vec<Arc<Packet>>, SnapshotError> {
        let mut packets = Vec::new();
        while self.seq < end && packets.len() < FRAMES && wanted.strong_count() > 0 {
            let Some(frame) = self.frames.next()? else {
                break;
            };
            let batch = apply(&mut self.exchange, &frame);
            self.seq = batch.last_seq();
            if self.seq > seq {
                packets.push(Arc::new(packet(&frame, Arc::new(batch))));
            }
        }
        Ok(packets)
    }
}

/// Applies a frame.
pub(crate) fn apply(exchange: &mut Exchange, frame: &Frame) -> Batch {
    let mut listings = Vec::new();
    let mut events = Vec::new();
    let outcomes = frame.inputs.iter().map(|input| {
        let result = exchange.apply(input, &mut events);
        if result.is_ok() && is_about_listings(&input.command) {
            listings.push(input.command.clone());
        }
        // What is told is kept for long, so it is as large as it has to be.
        let told = events.drain(..);
        super::Outcome {
            time: input.time,
            result,
            events: told.collect(),
        }
    });
    let outcomes = outcomes.collect();
    Batch {
        prev_seq: frame.first_seq - 1,
        outcomes,
        listings,
    }
}

/// The packet of the feed that tells of a frame.
pub(crate) fn packet(frame: &Frame, batch: Arc<Batch>) -> Packet {
    Packet {
        stream: Stream::Feed,
        epoch: frame.epoch,
        prev_seq: batch.prev_seq,
        seq: batch.last_seq(),
        body: Body::Batch(batch),
    }
}

#[cfg(test)]
mod tests;
