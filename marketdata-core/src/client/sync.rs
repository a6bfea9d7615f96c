//! What a client's book may be told, and what it tells: its settings, whether it can be trusted, and
//! why not.

use orderbook_core::Price;

use crate::ChecksumForm;
use crate::client::sequence::Gap;

/// What a [`ClientBook`](crate::ClientBook) keeps and checks. The default is for a venue whose messages come in order,
/// over one connection: every level is kept, nothing held back, nothing checked but the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ClientSettings {
    /// The most levels of a side that are kept; those beyond are dropped after every update, as
    /// venues ask for that publish a book of so many levels (Kraken, OKX). `None` for all. A
    /// checksum may not be of more.
    pub levels: Option<usize>,
    /// How many early updates are held back until what is missing before them comes. With one more
    /// the missing one counts as lost. Zero where messages cannot overtake each other.
    pub hold_back: usize,
    /// How many updates are kept while the book waits for a snapshot; the oldest gives way.
    pub buffer: usize,
    /// How the venue computes its checksums; `None` not to compare them.
    pub checksum: Option<ChecksumForm>,
    /// Whether a best bid that is not below the best ask means that the book is wrong.
    pub refuse_crossed: bool,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            levels: None,
            hold_back: 0,
            buffer: 1_000,
            checksum: None,
            refuse_crossed: false,
        }
    }
}

/// Whether a book can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookState {
    /// There was no snapshot yet.
    New,
    /// The book equals that of the venue as of its update id.
    Live,
    /// The book was live and is no more. It waits for another snapshot.
    Lost(Desync),
}

/// What became of a message or a snapshot that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Progress {
    /// It was applied, and so were those that had waited for it: so many messages in all.
    Applied {
        /// The number of messages.
        messages: usize,
    },
    /// It came early, and waits for what is missing before it.
    HeldBack,
    /// It waits for a snapshot.
    Buffered,
    /// There is nothing new in it and it was dropped: the book has it, it waits already, it is older
    /// than what was given up, or the snapshot that the book waits for will have it, as with any
    /// unnumbered update.
    Repeated,
}

/// Why a book cannot be the venue's any more. It needs another snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Desync {
    /// Updates got lost: too many others wait for them.
    #[error("updates are missing between {have} and {next}")]
    Gap {
        /// The newest change in the book.
        have: u64,
        /// The oldest change after it that came.
        next: u64,
    },
    /// The snapshot is older than updates that are gone. Where no newer one is to be had, because
    /// the venue began anew, [`ClientBook::reset`](crate::ClientBook::reset) forgets about those.
    #[error("the snapshot is of update {update_id}, but only one of {needed} or later will do")]
    OldSnapshot {
        /// The newest change in it.
        update_id: u64,
        /// The newest change that it would have to have.
        needed: u64,
    },
    /// The best levels are not those of the venue.
    #[error("the checksum is {computed}, and that of the venue {published}")]
    Checksum {
        /// What the venue published.
        published: u32,
        /// That of the book.
        computed: u32,
    },
    /// The best bid and the best ask could trade with each other.
    #[error("the best bid at {bid} ticks meets the best ask at {ask}")]
    Crossed {
        /// The price of the best bid, in ticks.
        bid: Price,
        /// The price of the best ask, in ticks.
        ask: Price,
    },
    /// An update ends before it begins: the venue numbers its updates anew.
    #[error("the update after {after} ends with {last}: the venue numbers its updates anew")]
    Backwards {
        /// The change that the update follows.
        after: u64,
        /// The newest change in it.
        last: u64,
    },
}

impl From<Gap> for Desync {
    fn from(Gap { have, next }: Gap) -> Self {
        Self::Gap { have, next }
    }
}
