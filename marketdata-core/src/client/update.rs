//! What a client hears of a book, whoever publishes it.

use alloc::vec::Vec;

use orderbook_core::Level;

use crate::DepthDiff;

/// Some levels got new totals: one message of a stream.
///
/// | stream | made with |
/// |---|---|
/// | our own | `BookUpdate::from(diff)` of a [`DepthDiff`] |
/// | Binance spot: `U` and `u` | [`consecutive(U, u, ..)`](Self::consecutive) |
/// | Binance futures: `pu` and `u` | [`linked(pu, u, ..)`](Self::linked) |
/// | OKX: `prevSeqId` and `seqId` | [`linked(prevSeqId, seqId, ..)`](Self::linked) |
/// | Kraken, OKX before it had ids | [`unnumbered`](Self::unnumbered), [`with_checksum`](Self::with_checksum) |
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BookUpdate {
    /// Its place in the stream. `None` where the venue does not number its updates: they are then
    /// taken in the order in which they come.
    pub ids: Option<UpdateIds>,
    /// The checksum of the book with this update, where the venue publishes one.
    pub checksum: Option<u32>,
    /// The bids that changed, in any order, with their new totals; zero where the level is gone.
    pub bids: Vec<Level>,
    /// The asks that changed, in any order, with their new totals; zero where the level is gone.
    pub asks: Vec<Level>,
}

/// The place of an update in its stream.
///
/// Since an update has totals, it makes the book as of `last` out of the book as of `after`, and out
/// of that of any moment in between as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UpdateIds {
    /// The newest change that is not in it: the last one of the update before.
    pub after: u64,
    /// The newest change in it.
    pub last: u64,
}

impl BookUpdate {
    /// An update of a stream that numbers every change, with the first and the last one in it.
    pub const fn consecutive(first: u64, last: u64, bids: Vec<Level>, asks: Vec<Level>) -> Self {
        Self::linked(first.saturating_sub(1), last, bids, asks)
    }

    /// An update of a stream in which each names the last change of the one before it.
    pub const fn linked(previous: u64, last: u64, bids: Vec<Level>, asks: Vec<Level>) -> Self {
        Self {
            ids: Some(UpdateIds {
                after: previous,
                last,
            }),
            checksum: None,
            bids,
            asks,
        }
    }

    /// An update of a stream without numbers.
    pub const fn unnumbered(bids: Vec<Level>, asks: Vec<Level>) -> Self {
        Self {
            ids: None,
            checksum: None,
            bids,
            asks,
        }
    }

    /// The same with the checksum that the book has after it.
    #[must_use]
    pub fn with_checksum(self, checksum: u32) -> Self {
        Self {
            checksum: Some(checksum),
            ..self
        }
    }
}

impl From<DepthDiff> for BookUpdate {
    fn from(diff: DepthDiff) -> Self {
        Self::consecutive(
            diff.first_update_id,
            diff.last_update_id,
            diff.bids,
            diff.asks,
        )
    }
}
