//! Prices that things are valued at, as exact ratios.

use core::num::NonZeroU128;

use crate::{Amount, Delta};

/// A price to value by: so many smallest units of quote for so many smallest units of base.
///
/// A ratio, so that nothing is rounded before the value is known. Marks are equal where both numbers
/// are: one for two and two for four value alike, and are not equal.
///
/// ```
/// use accounts_core::{Amount, Delta, Mark};
///
/// // 1 BTC (10^8 satoshi) at 30,000.00 USD, in satoshi and cents.
/// let mark = Mark::new(Amount::new(3_000_000), Amount::new(100_000_000)).unwrap();
/// assert_eq!(mark.value(Amount::new(50_000_000)), Some(Amount::new(1_500_000)));
/// // 50 satoshi are worth 1.5 cents, and who owes them owes 1.5 cents.
/// assert_eq!(mark.worth(Delta::new(50)), Some(Delta::new(1)));
/// assert_eq!(mark.worth(Delta::new(-50)), Some(Delta::new(-2)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mark {
    quote: Amount,
    base: NonZeroU128,
}

impl Mark {
    /// `quote` for `base`, or `None` where that is for nothing. A price of zero is a price.
    pub const fn new(quote: Amount, base: Amount) -> Option<Self> {
        match NonZeroU128::new(base.get()) {
            Some(base) => Some(Self { quote, base }),
            None => None,
        }
    }

    /// What `base` units of base cost, in smallest units of quote.
    pub const fn quote(self) -> Amount {
        self.quote
    }

    /// What that price is for, in smallest units of base.
    pub const fn base(self) -> Amount {
        Amount::new(self.base.get())
    }

    /// The price of quote in base, or `None` where quote costs nothing in base.
    pub const fn inverse(self) -> Option<Self> {
        Self::new(self.base(), self.quote)
    }

    /// What an amount of base is worth in quote, **rounded down**; `None` where that does not fit.
    pub const fn value(self, amount: Amount) -> Option<Amount> {
        amount.share(self.quote.get(), self.base.get())
    }

    /// What a quantity is worth that may be short: **rounded down**, so that what is owned is never
    /// worth more than it is, and what is owed never less. `None` where that does not fit.
    pub const fn worth(self, quantity: Delta) -> Option<Delta> {
        let size = quantity.magnitude();
        let Some((floor, rest)) = self.divided(size.get()) else {
            return None;
        };
        if quantity.get() >= 0 {
            return Amount::new(floor).gain();
        }
        let Some(owed) = floor.checked_add((rest > 0) as u128) else {
            return None;
        };
        match Amount::new(owed).gain() {
            Some(owed) => Some(Delta::new(-owed.get())),
            None => None,
        }
    }

    /// What an amount is worth where its quote is the base of `next`, **rounded down once**; `None`
    /// where that, or what it is worth in between, does not fit.
    pub(crate) const fn value_through(self, next: Self, amount: Amount) -> Option<Amount> {
        // With what is left over of each division the result is exact:
        //   amount × quote / base = between + rest / base, and that × next.quote / next.base.
        let Some((between, rest)) = self.divided(amount.get()) else {
            return None;
        };
        let Some((value, next_rest)) = next.divided(between) else {
            return None;
        };
        // Rounding down in here changes nothing: what it is part of is divided by a whole number.
        let Some(carried) = Amount::new(rest).share(next.quote.get(), self.base.get()) else {
            return None;
        };
        let Some(rests) = next_rest.checked_add(carried.get()) else {
            return None;
        };
        match value.checked_add(rests / next.base.get()) {
            Some(value) => Some(Amount::new(value)),
            None => None,
        }
    }

    /// `size × quote / base` rounded down, and the rest of the division.
    const fn divided(self, size: u128) -> Option<(u128, u128)> {
        let Some(floor) = Amount::new(size).share(self.quote.get(), self.base.get()) else {
            return None;
        };
        // Below `base`, so 128 bits of either product tell it.
        let product = size.wrapping_mul(self.quote.get());
        let rest = product.wrapping_sub(floor.get().wrapping_mul(self.base.get()));
        Some((floor.get(), rest))
    }
}
