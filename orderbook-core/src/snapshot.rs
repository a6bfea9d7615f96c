//! A book as plain data, and back.

use alloc::vec::Vec;

use crate::{Instrument, OrderBook, RestingOrder, Side, TradeId, Violation};

/// The version of [`BookSnapshot`] that this crate writes and reads.
pub const SNAPSHOT_VERSION: u16 = 1;

/// A book as plain data. Two books with equal snapshots behave alike from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BookSnapshot {
    /// [`SNAPSHOT_VERSION`] at the time of writing.
    pub version: u16,
    /// What is traded.
    pub instrument: Instrument,
    /// The id of the newest trade.
    pub last_trade_id: TradeId,
    /// The bids in the order in which they would trade.
    pub bids: Vec<RestingOrder>,
    /// The asks in the order in which they would trade.
    pub asks: Vec<RestingOrder>,
}

impl OrderBook {
    /// The book as plain data. O(orders).
    pub fn snapshot(&self) -> BookSnapshot {
        BookSnapshot {
            version: SNAPSHOT_VERSION,
            instrument: self.instrument.clone(),
            last_trade_id: self.last_trade_id,
            bids: self.orders(Side::Buy).copied().collect(),
            asks: self.orders(Side::Sell).copied().collect(),
        }
    }

    /// The book that a snapshot was taken of.
    ///
    /// # Errors
    ///
    /// A [`RestoreError`] where the snapshot is of another version or describes no possible book.
    pub fn restore(snapshot: &BookSnapshot) -> Result<Self, RestoreError> {
        if snapshot.version != SNAPSHOT_VERSION {
            return Err(RestoreError::UnknownVersion(snapshot.version));
        }
        if snapshot.last_trade_id.get() > u64::MAX / 2 {
            return Err(RestoreError::Garbage);
        }
        let mut book = Self::new(snapshot.instrument.clone());
        book.last_trade_id = snapshot.last_trade_id;
        for (side, orders) in [(Side::Buy, &snapshot.bids), (Side::Sell, &snapshot.asks)] {
            for order in orders {
                if order.side != side || !book.can_hold(order) {
                    return Err(RestoreError::Garbage);
                }
                book.rest(*order);
            }
        }
        book.check()?;
        if book.snapshot() != *snapshot {
            // The orders were not listed in priority order.
            return Err(RestoreError::Garbage);
        }
        Ok(book)
    }

    /// Whether an order can have come to rest here. The minimums are not asked for: they bind new
    /// orders, and what is left of an old one may be less.
    fn can_hold(&self, order: &RestingOrder) -> bool {
        let limits = &self.instrument;
        let at_price = self.levels.quantity_at(order.side, order.price);
        !order.remaining.is_zero()
            && order.remaining <= limits.max_quantity()
            && (limits.min_price()..=limits.max_price()).contains(&order.price)
            && self.order(order.id).is_none()
            && at_price.checked_add(order.remaining).is_some()
    }
}

/// Why a snapshot is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Written by software with another idea of a snapshot.
    #[error("snapshot version {0} is unknown")]
    UnknownVersion(u16),
    /// No sequence of commands leads to this.
    #[error("the snapshot describes no possible book")]
    Garbage,
    /// It restores to a book that breaks an invariant.
    #[error(transparent)]
    Violation(#[from] Violation),
}
