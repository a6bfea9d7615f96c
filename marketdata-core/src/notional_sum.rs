//! A sum that neither overflows nor saturates.

use orderbook_core::Notional;

/// A sum of notionals that is exact even where it does not fit one: two notionals at the ends of
/// price and quantity exceed 128 bits, and what saturates cannot be subtracted from again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotionalSum {
    /// The sum of what the notionals have in units of 2^64.
    high: i128,
    /// The sum of what remains of each; never negative.
    low: i128,
}

impl NotionalSum {
    pub(crate) const ZERO: Self = Self { high: 0, low: 0 };

    const UNIT: i128 = 1 << 64;

    pub(crate) fn add(&mut self, notional: Notional) {
        self.high += notional.get().div_euclid(Self::UNIT);
        self.low += notional.get().rem_euclid(Self::UNIT);
    }

    /// Takes off a notional that was added before.
    pub(crate) fn subtract(&mut self, notional: Notional) {
        self.high -= notional.get().div_euclid(Self::UNIT);
        self.low -= notional.get().rem_euclid(Self::UNIT);
    }

    /// How much more than another sum this is, or the nearest notional to that.
    pub(crate) fn minus(&self, other: &Self) -> Notional {
        let difference = Self {
            high: self.high - other.high,
            low: self.low - other.low,
        };
        difference.total()
    }

    /// The sum, or `None` where it does not fit.
    pub(crate) fn exact(&self) -> Option<Notional> {
        let (high, low) = self.carried();
        let high = high.checked_mul(Self::UNIT)?;
        high.checked_add(low).map(Notional::new)
    }

    /// The sum, or what is nearest to it.
    pub(crate) fn total(&self) -> Notional {
        let is_negative = self.carried().0 < 0;
        let nearest = if is_negative { i128::MIN } else { i128::MAX };
        self.exact().unwrap_or(Notional::new(nearest))
    }

    /// Both parts, with less than a unit in the lower one.
    fn carried(&self) -> (i128, i128) {
        let high = self.high + self.low.div_euclid(Self::UNIT);
        (high, self.low.rem_euclid(Self::UNIT))
    }
}
