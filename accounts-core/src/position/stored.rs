//! A position as somebody kept it, to go on from.

use alloc::vec::Vec;

use super::{Lot, Position, Totals};
use crate::{Amount, CostMethod, Delta, Fee};

/// A [`Position`] as plain data. Two positions with equal data are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredPosition {
    /// [`Position::method`]
    pub method: CostMethod,
    /// [`Position::quantity`]
    pub quantity: Delta,
    /// [`Position::cost`]
    pub cost: Delta,
    /// [`Position::realised`] without fees.
    pub realised: Delta,
    /// [`Position::fees`]
    pub fees: Delta,
    /// [`Position::unvalued`]
    pub unvalued: Amount,
    /// [`Position::lots`]
    pub lots: Vec<(Delta, Delta)>,
    /// [`Position::other_fees`]
    pub other_fees: Vec<Fee>,
}

impl Position {
    /// What it takes to [go on](Self::restore) from here. O(open lots).
    pub fn stored(&self) -> StoredPosition {
        StoredPosition {
            method: self.totals.method,
            quantity: self.quantity(),
            cost: self.cost(),
            realised: Delta::new(self.totals.realised),
            fees: self.fees(),
            unvalued: self.totals.unvalued,
            lots: self.lots().collect(),
            other_fees: self.other_fees.clone(),
        }
    }

    /// A position that goes on from what was stored, or `None` where no changes lead to it.
    pub fn restore(stored: &StoredPosition) -> Option<Self> {
        let lot = |&(quantity, cost): &(Delta, Delta)| Lot {
            quantity: quantity.get(),
            cost: cost.get(),
        };
        let position = Self {
            totals: Totals {
                method: stored.method,
                quantity: stored.quantity.get(),
                cost: stored.cost.get(),
                realised: stored.realised.get(),
                fees: stored.fees.get(),
                unvalued: stored.unvalued,
            },
            lots: stored.lots.iter().map(lot).collect(),
            other_fees: stored.other_fees.clone(),
        };
        let possible = position.totals.are_possible() && position.parts_are_possible();
        possible.then_some(position)
    }

    /// Whether lots and fees are such as changes leave.
    fn parts_are_possible(&self) -> bool {
        let Totals {
            method,
            quantity,
            cost,
            ..
        } = self.totals;
        let total = self.lots.iter().try_fold((0_i128, 0_i128), |sum, lot| {
            let fits = lot.quantity.signum() == quantity.signum() && has_sign(lot.cost, quantity);
            let sum = sum
                .0
                .checked_add(lot.quantity)
                .zip(sum.1.checked_add(lot.cost));
            sum.filter(|_| fits)
        });
        let lots = match method {
            CostMethod::AverageCost => self.lots.is_empty(),
            CostMethod::Fifo => total == Some((quantity, cost)),
        };
        let mut fees = self.other_fees.iter();
        lots && self
            .other_fees
            .is_sorted_by(|one, next| one.asset < next.asset)
            && fees.all(|fee| !fee.amount.is_zero() && has_size(fee.amount.get()))
    }
}

impl Totals {
    fn are_possible(&self) -> bool {
        let numbers = [self.quantity, self.cost, self.realised, self.fees];
        let profit = self.realised.checked_sub(self.fees);
        numbers.into_iter().all(has_size)
            && profit.is_some_and(has_size)
            && has_sign(self.cost, self.quantity)
            && self.unvalued <= Amount::MAX
    }
}

const fn has_size(number: i128) -> bool {
    number != i128::MIN
}

/// Whether a cost is one of such a quantity.
const fn has_sign(cost: i128, quantity: i128) -> bool {
    cost == 0 || cost.signum() == quantity.signum()
}
