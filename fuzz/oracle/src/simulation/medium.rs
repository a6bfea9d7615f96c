//! Where frames and snapshots are kept, and who may add to them.

use exchange_engine::frame::{Chain, Frame, FrameError, StoredFrame};

use super::snapshot::Snapshot;

/// What outlives a process.
#[derive(Debug, Clone, Default)]
pub(super) struct Medium {
    pub(super) frames: Vec<StoredFrame>,
    /// The witness: the newest frame that was acknowledged, as far as it knows.
    pub(super) head: Option<u64>,
    /// From the oldest to the newest.
    pub(super) snapshots: Vec<Snapshot>,
    /// A snapshot that is not written to its end and has no name yet.
    pub(super) unfinished: Option<Vec<u8>>,
    /// Who has the log.
    lease: Lease,
    /// Appends that were given up on and may still be carried out.
    on_their_way: Vec<(Lease, StoredFrame)>,
}

/// Who has the log, and under which epoch. Only the newest lease is good for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Lease {
    /// Names a process, and no other one ever.
    pub(super) holder: u64,
    pub(super) epoch: u64,
}

/// Somebody else has taken the log since: nothing has been done, and nothing ever will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fenced;

impl Medium {
    /// Takes the log, whoever has it: from now on nobody else can append.
    pub(super) fn take(&mut self, holder: u64, least: u64) -> Lease {
        let epoch = least.max(self.lease.epoch + 1);
        self.lease = Lease { holder, epoch };
        self.lease
    }

    /// Takes the log under a later epoch, unless somebody else has taken it: from now on nothing
    /// that the holder has sent before can arrive.
    pub(super) fn take_anew(&mut self, lease: Lease, least: u64) -> Result<Lease, Fenced> {
        // The epoch may be a later one, where the holder was not told that it had been taken.
        if self.lease.holder != lease.holder {
            return Err(Fenced);
        }
        Ok(self.take(lease.holder, least))
    }

    /// Adds a frame, if the lease is still the newest one.
    pub(super) fn append(&mut self, lease: Lease, stored: StoredFrame) -> Result<(), Fenced> {
        if self.lease != lease {
            return Err(Fenced);
        }
        let last = self.last();
        assert_eq!(stored.number, last + 1, "a frame in the place of another");
        self.frames.push(stored);
        Ok(())
    }

    /// The frame is on its way, and whoever sent it has given up on it.
    pub(super) fn send(&mut self, lease: Lease, stored: StoredFrame) {
        self.on_their_way.push((lease, stored));
    }

    /// The frame that was sent first arrives, or is lost.
    pub(super) fn deliver(&mut self, lost: bool) -> Option<Result<(), Fenced>> {
        if self.on_their_way.is_empty() {
            return None;
        }
        let (lease, stored) = self.on_their_way.remove(0);
        (!lost).then(|| self.append(lease, stored))
    }

    /// The number of the newest frame; 0: there is none.
    pub(super) fn last(&self) -> u64 {
        self.frames.last().map_or(0, |stored| stored.number)
    }

    /// A frame was acknowledged.
    pub(super) fn witness(&mut self, number: u64) {
        self.head = self.head.max(Some(number));
    }

    /// The number of the oldest frame that is there, or of the first one that will be.
    pub(super) fn first(&self) -> u64 {
        self.frames.first().map_or(1, |stored| stored.number)
    }

    /// The frames behind one.
    pub(super) fn behind(&self, number: u64) -> &[StoredFrame] {
        let from = self
            .frames
            .partition_point(|stored| stored.number <= number);
        &self.frames[from..]
    }

    /// How far the log goes with a frame, if it is there.
    pub(super) fn chain_at(&self, number: u64) -> Option<Chain> {
        let stored = self.frames.iter().find(|stored| stored.number == number)?;
        Some(Chain::at(number, stored.last_seq, stored.crc))
    }

    /// Removes the frames up to one, but never the newest.
    pub(super) fn forget(&mut self, number: u64) {
        let number = number.min(self.last().saturating_sub(1));
        self.frames.retain(|stored| stored.number > number);
    }

    /// Has lost the frames behind one.
    pub(super) fn lose_behind(&mut self, number: u64) {
        self.frames.retain(|stored| stored.number <= number);
    }

    /// Shows the frames behind `chain` up to one, checked, each with how far the log goes with it,
    /// and stops at the first error.
    pub(super) fn read_on(
        &self,
        mut chain: Chain,
        upto: u64,
        mut visit: impl FnMut(Frame, Chain),
    ) -> Result<Chain, FrameError> {
        let needed = self.behind(chain.number()).iter();
        for stored in needed.take_while(|stored| stored.number <= upto) {
            let frame = chain.check(stored)?;
            visit(frame, chain);
        }
        Ok(chain)
    }
}

/// What there is of a frame when something went wrong while it was being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Landing {
    Absent,
    Torn,
    Whole,
    /// Nothing yet; it may still come.
    OnItsWay,
}
