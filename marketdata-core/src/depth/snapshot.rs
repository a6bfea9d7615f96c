//! The levels of a book at one moment.

use alloc::vec::Vec;

use orderbook_core::{Level, Price, Side};

use crate::ChecksumForm;

/// The best levels of both sides at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DepthSnapshot {
    /// The newest change in it; the next change to apply is the one after. Zero before the first.
    pub last_update_id: u64,
    /// The bids, best first.
    pub bids: Vec<Level>,
    /// The asks, best first.
    pub asks: Vec<Level>,
}

impl DepthSnapshot {
    /// The checksum of its best levels.
    pub fn checksum(&self, form: &ChecksumForm) -> u32 {
        form.checksum(self.bids.iter().copied(), self.asks.iter().copied())
    }

    /// Whether a depth can be like this.
    pub(crate) fn check(&self) -> Result<(), SnapshotError> {
        for (side, levels) in [(Side::Buy, &self.bids), (Side::Sell, &self.asks)] {
            let mut before: Option<Price> = None;
            for Level { price, quantity } in levels.iter().copied() {
                if quantity.is_zero() {
                    return Err(SnapshotError::NoQuantity { side, price });
                }
                if before.is_some_and(|before| side.accepts(price, before)) {
                    return Err(SnapshotError::OutOfOrder { side, price });
                }
                before = Some(price);
            }
        }
        match (self.bids.first(), self.asks.first()) {
            (Some(bid), Some(ask)) if bid.price >= ask.price => Err(SnapshotError::Crossed {
                bid: bid.price,
                ask: ask.price,
            }),
            _ => Ok(()),
        }
    }
}

/// Why no depth can be as a snapshot says: it was damaged on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Nothing is displayed at a level.
    #[error("the snapshot has a level at {price} ticks with nothing on it")]
    NoQuantity {
        /// The side of the level.
        side: Side,
        /// The price of the level, in ticks.
        price: Price,
    },
    /// A level is not worse than the one before it.
    #[error("the level at {price} ticks is not worse than the one before it")]
    OutOfOrder {
        /// The side of the level.
        side: Side,
        /// The price of the level, in ticks.
        price: Price,
    },
    /// The best bid and the best ask could trade with each other.
    #[error("the best bid at {bid} ticks meets the best ask at {ask}")]
    Crossed {
        /// The price of the best bid, in ticks.
        bid: Price,
        /// The price of the best ask, in ticks.
        ask: Price,
    },
}
