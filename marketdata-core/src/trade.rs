//! A trade as the public sees it, and the sum of what trades changed hands.

use core::fmt;

use orderbook_core::{Notional, Price, Quantity, Side, Timestamp, Trade, TradeId};

/// A trade without the names of those who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PublicTrade {
    /// Counts up from 1 within the book.
    pub id: TradeId,
    /// When it happened, in microseconds since the Unix epoch.
    pub time: Timestamp,
    /// The maker's price, in ticks.
    pub price: Price,
    /// What changed hands, in lots.
    pub quantity: Quantity,
    /// Which side the taker was on. [`Side::Buy`] means that the buyer lifted an ask.
    pub taker_side: Side,
}

impl PublicTrade {
    /// The public part of a book's trade that happened at `time`.
    pub const fn new(time: Timestamp, trade: &Trade) -> Self {
        Self {
            id: trade.id,
            time,
            price: trade.price,
            quantity: trade.quantity,
            taker_side: trade.taker_side,
        }
    }

    /// Price times quantity, in tick-lots.
    pub const fn notional(&self) -> Notional {
        self.price.notional(self.quantity)
    }
}

/// A sum of quantities, in lots. Wide enough for any sum of 64-bit quantities that can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Volume(u128);

impl Volume {
    /// No volume at all.
    pub const ZERO: Self = Self(0);

    /// Wraps the bare number of lots.
    pub const fn new(lots: u128) -> Self {
        Self(lots)
    }

    /// The bare number of lots.
    pub const fn get(self) -> u128 {
        self.0
    }

    /// Whether nothing traded.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum. It saturates, which no sum of quantities reaches: that takes more than 2^64 of
    /// them.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl From<Quantity> for Volume {
    fn from(quantity: Quantity) -> Self {
        Self(u128::from(quantity.get()))
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a trade is not counted. Nothing is changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TradeError {
    /// Nothing changed hands.
    #[error("a trade of nothing is none")]
    NoQuantity,
    /// The trade has been counted already.
    #[error("trade {id} has been counted already")]
    Repeated {
        /// Its id.
        id: TradeId,
    },
    /// The trade is not after those before it, or is from the future.
    #[error("trade {id} is out of order or from the future")]
    Misplaced {
        /// Its id.
        id: TradeId,
    },
}
