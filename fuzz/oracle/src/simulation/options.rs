//! What a run is like.

use super::dice::Dice;

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The process dies with commands in its queue.
    CrashIdle,
    /// The process dies before it appends.
    CrashBeforeAppend,
    /// The process dies while it appends: the frame is there, absent or torn.
    CrashInAppend,
    /// The process dies once a frame is durable, before the witness knows.
    CrashBeforeHead,
    /// The process dies once the witness knows, before it applies.
    CrashBeforeApply,
    /// The process dies before it publishes what it has applied.
    CrashBeforePublish,
    /// The process dies when it has answered none or some of those who wait.
    CrashBeforeAnswer,
    /// An append fails, and whether the frame is there shows later: there, absent or torn.
    AppendError,
    /// An append that failed, or in which the process died, is carried out later.
    LateAppend,
    /// After an append has failed the storage stays away for a while.
    StorageAway,
    /// The log is taken anew, but whoever took it is not told.
    TakenUntold,
    /// The process dies while it does not know what became of an append.
    CrashInDoubt,
    /// The process stands still, another one takes the log, and the first one goes on.
    Stale,
    /// The process dies while it starts.
    CrashInStart,
    /// The clock on the wall has been set back when the process starts.
    ClockSetBack,
    /// After a power failure the witness is behind, or unreadable.
    HeadBehind,
    /// The medium is as it was before the newest frames.
    LostEnd,
    /// The medium has changed, lost or exchanged a frame.
    DamagedFrame,
    /// Some of the newest snapshots have changed, or are gone.
    DamagedSnapshot,
    /// The newest snapshot is one of another log.
    ForeignSnapshot,
    /// The process dies while it writes a snapshot or compacts the log.
    CrashInSnapshot,
    /// Packets of the feed are lost, or come twice.
    Network,
    /// An answer is lost on its way.
    LostAnswer,
    /// A client sends an order again before it knows what became of it.
    Impatience,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::CrashIdle,
        Self::CrashBeforeAppend,
        Self::CrashInAppend,
        Self::CrashBeforeHead,
        Self::CrashBeforeApply,
        Self::CrashBeforePublish,
        Self::CrashBeforeAnswer,
        Self::AppendError,
        Self::LateAppend,
        Self::StorageAway,
        Self::TakenUntold,
        Self::CrashInDoubt,
        Self::Stale,
        Self::CrashInStart,
        Self::ClockSetBack,
        Self::HeadBehind,
        Self::LostEnd,
        Self::DamagedFrame,
        Self::DamagedSnapshot,
        Self::ForeignSnapshot,
        Self::CrashInSnapshot,
        Self::Network,
        Self::LostAnswer,
        Self::Impatience,
    ];
}

/// What a run is like: the same options are the same run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where everything random comes from.
    pub seed: u64,
    /// How many random commands clients think of; those that set the stage come before.
    pub commands: usize,
    /// How many commands arrive while a frame is being made durable, at most.
    pub burst: usize,
    /// How many commands a frame takes at most.
    pub frame: usize,
    /// How many commands may wait.
    pub queue: usize,
    /// One command in so many is in a frame that meets trouble.
    pub trouble: usize,
    /// One frame in so many is followed by a snapshot.
    pub snapshots: usize,
    /// What may go wrong.
    pub faults: Vec<Fault>,
}

impl Options {
    /// The options of a seed.
    pub fn of(seed: u64, commands: usize) -> Self {
        let mut dice = Dice::new(seed, u64::MAX);
        let (burst, frame, queue) = dice.of([
            (1, 1, 4),
            (4, 4, 8),
            (8, 1024, 1024),
            (24, 16, 32),
            (60, 1024, 4096),
        ]);
        Self {
            seed,
            commands,
            burst,
            frame,
            queue,
            trouble: dice.of([250, 1_000, 2_000, 4_000]),
            snapshots: dice.of([20, 50, 200]),
            faults: Fault::ALL.to_vec(),
        }
    }
}
