//! The numbers of the trade, one newtype each.
//!
//! Everything inside the book is an integer: a price is a count of ticks, a quantity a count
//! of lots. What a tick or a lot is worth is stated by the [`Instrument`](crate::Instrument).

use core::fmt;
use core::num::NonZeroU32;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(transparent))]
        pub struct $name($inner);

        impl $name {
            /// Wraps the bare number.
            pub const fn new(value: $inner) -> Self {
                Self(value)
            }

            /// The bare number.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// A price in ticks. Signed: spreads and power trade below zero.
    Price(i64)
}
number! {
    /// A quantity in lots.
    Quantity(u64)
}
number! {
    /// Names an order; chosen by the caller, unique among the live orders of a book.
    OrderId(u64)
}
number! {
    /// Names the owner of an order.
    AccountId(u64)
}
number! {
    /// Names a trade; counts up from 1 within a book.
    TradeId(u64)
}
number! {
    /// Microseconds since the Unix epoch, UTC. Always a field of an input, never read from a clock.
    Timestamp(u64)
}

/// Names a group of accounts that must not trade with each other. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct GroupId(NonZeroU32);

impl GroupId {
    /// The group of this number, or `None` for zero.
    pub const fn new(value: u32) -> Option<Self> {
        match NonZeroU32::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// The bare number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Price times quantity, in tick-lots.
// In two halves, so that it asks for the alignment of 64 bits only and orders and events that
// carry one stay small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "i128", into = "i128"))]
pub struct Notional {
    high: i64,
    low: u64,
}

impl Notional {
    /// Wraps the bare number.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves are all of it"
    )]
    pub const fn new(value: i128) -> Self {
        Self {
            high: (value >> 64) as i64,
            low: value.cast_unsigned() as u64,
        }
    }

    /// The bare number.
    pub const fn get(self) -> i128 {
        (self.high as i128) << 64 | self.low as i128
    }
}

impl From<i128> for Notional {
    fn from(value: i128) -> Self {
        Self::new(value)
    }
}

impl From<Notional> for i128 {
    fn from(notional: Notional) -> Self {
        notional.get()
    }
}

impl fmt::Display for Notional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl Price {
    /// What `quantity` costs at this price. Cannot overflow: `|i64| * u64` fits 128 bits.
    pub const fn notional(self, quantity: Quantity) -> Notional {
        Notional::new(self.0 as i128 * quantity.0 as i128)
    }
}

impl Quantity {
    /// No quantity at all.
    pub const ZERO: Self = Self(0);

    /// Whether this is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` where it does not fit.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or `None` where `other` is the larger.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }
}

impl Notional {
    /// No notional at all.
    pub const ZERO: Self = Self::new(0);

    /// The sum, or `None` where it does not fit.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.get().checked_add(other.get()) {
            Some(sum) => Some(Self::new(sum)),
            None => None,
        }
    }
}

impl Timestamp {
    /// The time `millis` milliseconds after the Unix epoch; saturates in the year 586,000.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Whole milliseconds since the Unix epoch, rounded down.
    pub const fn millis(self) -> u64 {
        self.0 / 1_000
    }
}

/// The direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Side {
    /// Buys base with quote; rests among the bids.
    Buy,
    /// Sells base for quote; rests among the asks.
    Sell,
}

impl Side {
    /// The side this one trades with.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// Whether an order of this side limited at `limit` may trade at `price`.
    pub const fn accepts(self, limit: Price, price: Price) -> bool {
        match self {
            Self::Buy => price.0 <= limit.0,
            Self::Sell => price.0 >= limit.0,
        }
    }
}
