//! The numbers of the ledger, one newtype each.
//!
//! An [`Amount`] is a count of the smallest units of an asset and never negative; a [`Delta`] is
//! the change of one. What is a share of an amount is rounded in [`Amount::share`], and nowhere
//! else.

use core::fmt;
use core::ops::Neg;

use orderbook_core::AccountId;

use crate::id_map::Id;
use crate::wide;

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
    /// Names an instrument: a tradable pair of assets.
    InstrumentId(u32)
}
number! {
    /// A count of the smallest units of an asset. Never negative.
    Amount(u128)
}
number! {
    /// The change of an [`Amount`], in the same units: above zero where something was added.
    Delta(i128)
}

impl Amount {
    /// Nothing at all.
    pub const ZERO: Self = Self(0);

    /// The most that there is of one asset, 2^127 - 1 units, so that any change of a balance is a
    /// [`Delta`].
    pub const MAX: Self = Self(i128::MAX.cast_unsigned());

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

    /// `amount × numerator / denominator`, **rounded down**; `None` where the result does not fit or
    /// the denominator is zero. The product may have 256 bits.
    ///
    /// ```
    /// use accounts_core::Amount;
    ///
    /// // Two thirds of 100 are 66 and a bit.
    /// assert_eq!(Amount::new(100).share(2, 3), Some(Amount::new(66)));
    /// ```
    pub const fn share(self, numerator: u128, denominator: u128) -> Option<Self> {
        match wide::mul_div(self.0, numerator, denominator) {
            Some(share) => Some(Self(share)),
            None => None,
        }
    }

    /// This amount as a change for the better, or `None` above [`Amount::MAX`].
    pub const fn gain(self) -> Option<Delta> {
        if self.0 > Self::MAX.0 {
            return None;
        }
        Some(Delta(self.0.cast_signed()))
    }

    /// This amount after a change, or `None` where that is below zero or does not fit.
    pub const fn changed(self, by: Delta) -> Option<Self> {
        match self.0.checked_add_signed(by.0) {
            Some(changed) => Some(Self(changed)),
            None => None,
        }
    }
}

impl Delta {
    /// No change.
    pub const ZERO: Self = Self(0);

    /// Whether nothing changes.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Its size, whatever its sign.
    pub const fn magnitude(self) -> Amount {
        Amount(self.0.unsigned_abs())
    }

    /// Both changes together, or `None` where that does not fit.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }
}

/// The other way round. The smallest number, which is the change of no amount, stays as it is.
impl Neg for Delta {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.wrapping_neg())
    }
}

impl Id for AccountId {
    fn number(self) -> u64 {
        self.get()
    }

    fn of_number(number: u64) -> Self {
        Self::new(number)
    }
}

macro_rules! small_id {
    ($name:ident) => {
        impl Id for $name {
            fn number(self) -> u64 {
                u64::from(self.0)
            }

            fn of_number(number: u64) -> Self {
                Self(u32::try_from(number).expect("it was one of these"))
            }
        }
    };
}
small_id!(AssetId);
small_id!(InstrumentId);
