//! The numbers of the ledger, one newtype each.
//!
//! An amount is a count of the smallest units of an asset, a fee rate a count of millionths.
//! Nothing here is negative, and nothing is ever rounded except a fee, once, in [`FeeRate::of`].

use core::fmt;

use crate::LedgerReject;

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
    /// Names an asset: a currency, a coin, anything that can be owned by the unit.
    AssetId(u32)
}
number! {
    /// A count of the smallest units of an asset. Never negative.
    Amount(u128)
}

impl Amount {
    /// Nothing at all.
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

    /// This amount `factor` times, or `None` where it does not fit.
    pub const fn checked_mul(self, factor: u128) -> Option<Self> {
        match self.0.checked_mul(factor) {
            Some(product) => Some(Self(product)),
            None => None,
        }
    }
}

/// The share of a trade that is a fee, in parts per million: 1,000 is 0.1 %. At most all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
// Not transparent: what is read has to pass `new`, as everything else does.
#[cfg_attr(feature = "serde", serde(try_from = "u32", into = "u32"))]
pub struct FeeRate(u32);

impl FeeRate {
    /// No fee.
    pub const ZERO: Self = Self(0);

    const PARTS: u32 = 1_000_000;

    /// A rate of `ppm` parts per million.
    ///
    /// # Errors
    ///
    /// [`LedgerReject::InvalidFeeRate`] above 1,000,000: a fee cannot exceed what it is taken of.
    pub const fn new(ppm: u32) -> Result<Self, LedgerReject> {
        if ppm > Self::PARTS {
            return Err(LedgerReject::InvalidFeeRate);
        }
        Ok(Self(ppm))
    }

    /// The rate in parts per million.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The fee on `amount`, in the same units: `amount × rate / 1,000,000`, **rounded down**.
    ///
    /// Rounding down is in the trader's favour. The fee is taken out of the asset received and
    /// the receiver keeps the remainder, so a trade never creates or destroys a unit. Exact for
    /// every amount, and never above it.
    ///
    /// ```
    /// use accounts_core::{Amount, FeeRate};
    ///
    /// // 0.25 % of 1,999 units is 4.9975 units: the fee is 4, the receiver keeps 1,995.
    /// let fee = FeeRate::new(2_500)?.of(Amount::new(1_999));
    /// assert_eq!(fee, Amount::new(4));
    /// # Ok::<(), accounts_core::LedgerReject>(())
    /// ```
    pub const fn of(self, amount: Amount) -> Amount {
        let (rate, parts) = (self.0 as u128, Self::PARTS as u128);
        // Split at a million, the whole part needs no division and the rest no more than 40 bits:
        // neither product overflows, and the sum is at most `amount`.
        let (millions, rest) = (amount.0 / parts, amount.0 % parts);
        Amount(millions * rate + rest * rate / parts)
    }
}

impl TryFrom<u32> for FeeRate {
    type Error = LedgerReject;

    fn try_from(ppm: u32) -> Result<Self, Self::Error> {
        Self::new(ppm)
    }
}

impl From<FeeRate> for u32 {
    fn from(rate: FeeRate) -> Self {
        rate.0
    }
}

/// In parts per million.
impl fmt::Display for FeeRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the two sides of a trade pay, each out of the asset it receives. The default is no fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FeeSchedule {
    /// Paid by the side whose order was resting.
    pub maker: FeeRate,
    /// Paid by the side whose order came in.
    pub taker: FeeRate,
}
