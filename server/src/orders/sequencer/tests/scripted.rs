//! A log that does what a test wants, and a witness of what is told of it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::bus::{Body, ConsumerGone, EventBus, Packet, Place, Position};
use crate::log::{Chain, CommandLog, Frame, Frames, History, LogError, Resolved};

/// What becomes of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Append {
    Works,
    /// Fails, and the frame is not in the log.
    Loses,
    /// Fails, and the frame is in the log all the same.
    KeepsAndFails,
    /// Somebody else has taken the log.
    Fenced,
}

/// Where a scripted log keeps its frames. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    inner: Arc<(Mutex<Inner>, Condvar)>,
}

#[derive(Debug, Default)]
struct Inner {
    frames: Vec<Frame>,
    /// What is to come; after that everything works.
    appends: VecDeque<Append>,
    /// How often the log cannot be taken anew.
    away: u32,
    /// Whether what is in doubt turns out to be damaged.
    damaged: bool,
    /// Whether whoever writes has to wait, and how many do.
    held: bool,
    /// How many need not wait.
    passes: u32,
    waiting: u32,
    resolves: u32,
}

impl Disk {
    pub(super) fn with(appends: &[Append]) -> Self {
        let disk = Self::default();
        // The first frame is the genesis of the exchange.
        disk.inner().appends = [&[Append::Works], appends].concat().into();
        disk
    }

    /// The very first append does not work.
    pub(super) fn fails_at_once(&self) {
        self.inner().appends = [Append::Loses].into();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_away_for(&self, resolves: u32) {
        self.inner().away = resolves;
    }

    pub(super) fn is_damaged(&self) {
        self.inner().damaged = true;
    }

    /// Makes whoever writes wait from now on.
    pub(super) fn hold(&self) {
        self.inner().held = true;
    }

    pub(super) fn release(&self) {
        self.inner().held = false;
        self.inner.1.notify_all();
    }

    /// Makes only those wait who write after the next one.
    pub(super) fn let_one_through(&self) {
        self.inner().passes += 1;
        self.inner.1.notify_all();
    }

    /// Whether somebody waits.
    pub(super) fn is_waited_for(&self) -> bool {
        self.inner().waiting > 0
    }

    pub(super) fn frames(&self) -> Vec<Frame> {
        self.inner().frames.clone()
    }

    pub(super) fn resolves(&self) -> u32 {
        self.inner().resolves
    }

    /// Waits while it is held.
    fn reach(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner();
        inner.waiting += 1;
        let held = |inner: &mut Inner| inner.held && inner.passes == 0;
        let waited = self.inner.1.wait_while(inner, held);
        inner = waited.unwrap_or_else(PoisonError::into_inner);
        inner.waiting -= 1;
        inner.passes = inner.passes.saturating_sub(1);
        inner
    }
}

/// A log on such a disk.
pub(super) struct ScriptedLog {
    disk: Disk,
    epoch: u64,
    /// The number of a frame, and whether it is in the log.
    in_doubt: Option<(u64, bool)>,
}

fn failed(cause: &str) -> LogError {
    LogError::Storage {
        path: "scripted".into(),
        what: "written",
        cause: cause.into(),
    }
}

impl ScriptedLog {
    pub(super) fn on(disk: &Disk) -> Self {
        Self {
            disk: disk.clone(),
            epoch: 0,
            in_doubt: None,
        }
    }
}

impl CommandLog for ScriptedLog {
    fn read(
        &mut self,
        after: Chain,
        _: &mut dyn FnMut(Frame) -> Result<(), LogError>,
    ) -> Result<Chain, LogError> {
        Ok(after)
    }

    fn begin(&mut self, epoch: u64) -> Result<u64, LogError> {
        self.epoch = epoch;
        Ok(epoch)
    }

    fn append(&mut self, frame: &Frame) -> Result<(), LogError> {
        let mut inner = self.disk.reach();
        if self.in_doubt.is_some() {
            return Err(LogError::Poisoned);
        }
        let last = inner.frames.last();
        let next = last.map_or((1, 1), |last| (last.number + 1, last.last_seq() + 1));
        assert_eq!((frame.number, frame.first_seq), next, "there is no gap");
        assert_eq!(frame.epoch, self.epoch, "it is of the current epoch");
        let append = inner.appends.pop_front().unwrap_or(Append::Works);
        if matches!(append, Append::Works | Append::KeepsAndFails) {
            inner.frames.push(frame.clone());
        }
        match append {
            Append::Works => return Ok(()),
            Append::Fenced => {
                let path = "scripted".into();
                return Err(LogError::Fenced { path });
            }
            Append::Loses => self.in_doubt = Some((frame.number, false)),
            Append::KeepsAndFails => self.in_doubt = Some((frame.number, true)),
        }
        Err(failed("the disk is full"))
    }

    fn resolve(&mut self) -> Result<Resolved, LogError> {
        let mut inner = self.disk.reach();
        inner.resolves += 1;
        let (frame, durable) = self.in_doubt.expect("only after a failed append");
        if inner.damaged {
            return Err(LogError::Corrupt {
                path: "scripted".into(),
                frame,
                what: "it is damaged".into(),
            });
        }
        if inner.away > 0 {
            inner.away -= 1;
            return Err(failed("the disk is away"));
        }
        self.in_doubt = None;
        self.epoch += 1;
        Ok(Resolved {
            durable,
            epoch: self.epoch,
        })
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(Forgotten)
    }
}

/// Nobody looks back here.
#[derive(Debug)]
struct Forgotten;

impl History for Forgotten {
    fn frames(&self, _: Chain) -> Result<Box<dyn Frames>, LogError> {
        Err(failed("nobody looks back"))
    }

    fn oldest(&self) -> Result<Option<u64>, LogError> {
        Err(failed("nobody looks back"))
    }

    fn forget(&self, _: u64) -> Result<(), LogError> {
        Err(failed("nobody looks back"))
    }
}

/// Follows the feed, and looks into the log whenever it is told something.
#[derive(Debug)]
pub(super) struct Witness {
    disk: Disk,
    told: Mutex<Vec<Arc<Packet>>>,
    position: Mutex<Option<Position>>,
}

impl Witness {
    pub(super) fn of(disk: &Disk) -> Self {
        Self {
            disk: disk.clone(),
            told: Mutex::default(),
            position: Mutex::default(),
        }
    }

    /// The packets so far that tell of frames.
    pub(super) fn told(&self) -> Vec<Arc<Packet>> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.clone()
    }

    /// How far a follower has come.
    pub(super) fn position(&self) -> Option<Position> {
        let position = self.position.lock();
        *position.unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventBus for Witness {
    fn publish(&self, packet: &Arc<Packet>) -> Result<(), ConsumerGone> {
        let mut position = self.position.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(packet.place(*position), Place::Next, "{packet:?}");
        *position = (*position).max(Some(packet.position()));
        if let Body::Batch(_) = packet.body {
            let frames = self.disk.frames();
            let newest = frames.last().expect("nothing is told before it is stored");
            let durable = (newest.epoch, newest.last_seq());
            assert_eq!((packet.epoch, packet.seq), durable, "as it is in the log");
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.push(Arc::clone(packet));
        }
        Ok(())
    }
}
