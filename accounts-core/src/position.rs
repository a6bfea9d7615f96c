//! What one account has of one instrument, what it cost, and what has been earned with it.
//!
//! A [`Position`] is pure bookkeeping. It knows no account, no asset and no clock, and nothing keeps
//! it above zero: a margin product uses it for short positions as it is. [`Positions`] keeps those of
//! an exchange.
//!
//! # Complexity
//!
//! Average cost: O(1) in time and memory. First in, first out: amortised O(1), memory linear in open
//! lots; lots are not joined, since parts of joined lots would round differently.
//!
//! [`Positions`]: crate::Positions

mod stored;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use smallvec::SmallVec;

pub use self::stored::StoredPosition;
use crate::{Amount, AssetId, Delta, Fee, Mark};

/// What the part of a position that is closed has cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CostMethod {
    /// What the same part of all that was open has cost.
    #[default]
    AverageCost,
    /// What the oldest lots have cost: first in, first out.
    Fifo,
}

/// Whether fees count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Fees {
    /// Less the fees in quote and in base. Those in other assets are
    /// [listed](Position::other_fees), as they have no value in quote.
    Included,
    /// As if there were none.
    Excluded,
}

/// What one side of a trade paid, or where it is negative was paid, besides the trade.
///
/// | in | counts as | and changes the quantity by |
/// |---|---|---|
/// | quote | that | nothing |
/// | base | its share of the quote amount of the trade | the fee, at the price of the trade |
/// | another asset | listed by itself | nothing |
///
/// A fee of 1 on 100 bought for 1,000 is 99 bought for 990 and a fee of 10; a fee of 1 on top of 100
/// sold for 1,000 is 101 sold for 1,010 and a fee of 10. So the quantity is what is really owned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PositionFee {
    /// In smallest units of quote.
    Quote(Delta),
    /// In smallest units of base.
    Base(Delta),
    /// In an asset that is neither.
    Other(Fee),
}

impl PositionFee {
    /// No fee.
    pub const NONE: Self = Self::Quote(Delta::ZERO);

    /// The fee of a trade of these assets.
    pub fn new(fee: Fee, base: AssetId, quote: AssetId) -> Self {
        if fee.asset == quote {
            Self::Quote(fee.amount)
        } else if fee.asset == base {
            Self::Base(fee.amount)
        } else {
            Self::Other(fee)
        }
    }
}

/// Something that happened to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PositionChange {
    /// A trade brought base for quote.
    Bought {
        /// What was received before fees, at least 1.
        base: Amount,
        /// What was paid before fees.
        quote: Amount,
        /// The fee.
        fee: PositionFee,
    },
    /// A trade brought quote for base.
    Sold {
        /// What was paid before fees, at least 1.
        base: Amount,
        /// What was received before fees.
        quote: Amount,
        /// The fee.
        fee: PositionFee,
    },
    /// Base came in without a trade.
    Deposited {
        /// How much, at least 1.
        base: Amount,
        /// What it was worth in quote; `None` where nobody can tell.
        value: Option<Amount>,
    },
    /// Base went out without a trade.
    Withdrawn {
        /// How much, at least 1.
        base: Amount,
        /// What it was worth in quote; `None` where nobody can tell.
        value: Option<Amount>,
    },
    /// From here on costs are accounted for in another way. What is open stays open at what it cost:
    /// lots become one, first in, first out.
    MethodChosen(CostMethod),
}

/// Why a change of a position is refused. Nothing has changed.
///
/// Listed in order of precedence: where several apply, the first is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum PositionReject {
    /// No instrument has this id.
    #[error("the instrument is not known")]
    UnknownInstrument,
    /// An instrument has this id already.
    #[error("an instrument has this id already")]
    DuplicateInstrument,
    /// Base and quote are one asset.
    #[error("an instrument needs two assets")]
    SameAsset,
    /// No base was traded, deposited or withdrawn.
    #[error("the amount must be at least one unit")]
    ZeroAmount,
    /// A quantity, a cost, a profit or a sum of fees would exceed [`Amount::MAX`] in size.
    #[error("the position would be larger than can be counted")]
    Overflow,
}

/// What one account has of one instrument, what it cost and what has been earned with it.
///
/// ```
/// use accounts_core::*;
///
/// let mut position = Position::new(CostMethod::AverageCost);
/// let fee = PositionFee::Quote(Delta::new(2));
/// let buy = |base, quote| PositionChange::Bought { base: Amount::new(base), quote: Amount::new(quote), fee };
/// let sell = |base, quote| PositionChange::Sold { base: Amount::new(base), quote: Amount::new(quote), fee };
///
/// // 10 for 100 and 10 for 140: 12 each. Of these 5 are sold at 15.
/// position.apply(&buy(10, 100))?;
/// position.apply(&buy(10, 140))?;
/// position.apply(&sell(5, 75))?;
/// assert_eq!(position.quantity(), Delta::new(15));
/// assert_eq!(position.average_entry(), Mark::new(Amount::new(180), Amount::new(15)));
/// assert_eq!(position.realised(Fees::Excluded), Delta::new(15));
/// assert_eq!(position.realised(Fees::Included), Delta::new(9));
///
/// // At 14 the other 15 have earned 2 each.
/// let mark = Mark::new(Amount::new(14), Amount::new(1)).unwrap();
/// assert_eq!(position.unrealised(mark), Some(Delta::new(30)));
/// assert_eq!(position.profit(mark, Fees::Included), Some(Delta::new(39)));
/// # Ok::<(), PositionReject>(())
/// ```
///
/// # Units
///
/// Quantities are in smallest units of base; costs, values, profits and fees in smallest units of
/// quote, unless they say otherwise. Quantity and cost of a short position are below zero: its cost
/// is what was received for it.
///
/// # Rules
///
/// * **Cost.** What is bought costs what was paid for it. What is sold takes its cost with it: of
///   average cost the share of the whole, first in, first out that of the oldest lots. The profit is
///   what was received for it less that cost. Short is the same, the other way round.
/// * **Rounding.** The part of a cost, of a trade or of a fee that belongs to a part of a quantity is
///   rounded down in size, and the rest belongs to the rest: nothing appears or vanishes. Values at a
///   mark are rounded [down](Mark::worth).
/// * **Through zero.** What turns a position round is two trades at one price: one closes what was
///   open, and what is left opens.
/// * **Fees** are paid at once, so they are no cost of what is open and are realised where they are
///   counted at all. See [`PositionFee`].
/// * **Transfers.** A deposit is bought for, and a withdrawal sold for, the value that the caller
///   states. Without a value they count as worth nothing, and how much that was is
///   [told](Position::unvalued).
/// * **The identity.** After every change, to the unit:
///
/// ```text
/// realised + unrealised = value of the quantity at the mark − everything paid + everything received
/// ```
///
/// where a deposit was paid for with its value and a withdrawal brought its value in, and fees are
/// among what was paid on both sides or on neither.
///
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    totals: Totals,
    /// Oldest first; they add up to the totals. Empty where costs are averaged.
    lots: VecDeque<Lot>,
    /// By ascending asset, none of them zero.
    other_fees: Vec<Fee>,
}

/// All of a position that does not grow. No number is [`i128::MIN`], and so each has a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Totals {
    method: CostMethod,
    quantity: i128,
    /// Of what is open; zero or of the sign of the quantity.
    cost: i128,
    /// Without fees.
    realised: i128,
    /// In quote and in base, counted in quote.
    fees: i128,
    unvalued: Amount,
}

/// What was opened at once, or what is left of it. Signs are those of the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lot {
    quantity: i128,
    cost: i128,
}

impl Position {
    /// Nothing yet.
    pub fn new(method: CostMethod) -> Self {
        Self {
            totals: Totals {
                method,
                ..Totals::default()
            },
            ..Self::default()
        }
    }

    /// Takes in what has happened.
    ///
    /// # Errors
    ///
    /// [`PositionReject::ZeroAmount`] and [`PositionReject::Overflow`]; nothing has changed then.
    pub fn apply(&mut self, change: &PositionChange) -> Result<(), PositionReject> {
        let draft = self.after(self.draft(), change)?;
        self.adopt(draft);
        Ok(())
    }

    /// How costs are accounted for.
    pub const fn method(&self) -> CostMethod {
        self.totals.method
    }

    /// How much there is, in smallest units of base; below zero where the position is short.
    pub const fn quantity(&self) -> Delta {
        Delta::new(self.totals.quantity)
    }

    /// What the open quantity has cost, without fees; below zero, what was received for it, where the
    /// position is short.
    pub const fn cost(&self) -> Delta {
        Delta::new(self.totals.cost)
    }

    /// The average price of what is open, exactly: its cost for its quantity. `None` where nothing is
    /// open. [`Mark::value`] of one coin is the price of one coin, rounded down.
    pub const fn average_entry(&self) -> Option<Mark> {
        Mark::new(self.cost().magnitude(), self.quantity().magnitude())
    }

    /// What has been earned by what was closed, less the fees of everything where they are included.
    pub const fn realised(&self, fees: Fees) -> Delta {
        Delta::new(match fees {
            // `after` has seen to it that this fits.
            Fees::Included => self.totals.realised.saturating_sub(self.totals.fees),
            Fees::Excluded => self.totals.realised,
        })
    }

    /// What would be earned by closing what is open at the mark: its [worth](Mark::worth) less its
    /// cost. `None` where that does not fit.
    pub fn unrealised(&self, mark: Mark) -> Option<Delta> {
        let worth = mark.worth(self.quantity())?.get();
        worth.checked_sub(self.totals.cost).map(Delta::new)
    }

    /// Realised and unrealised together, or `None` where that does not fit.
    pub fn profit(&self, mark: Mark, fees: Fees) -> Option<Delta> {
        self.unrealised(mark)?.checked_add(self.realised(fees))
    }

    /// The fees paid in quote and in base, less rebates, in smallest units of quote.
    pub const fn fees(&self) -> Delta {
        Delta::new(self.totals.fees)
    }

    /// The fees paid in other assets, less rebates, by ascending asset and in smallest units of it.
    pub fn other_fees(&self) -> &[Fee] {
        &self.other_fees
    }

    /// How much base has ever come in or gone out without a value. Where this is not zero, profits
    /// count so much as got for nothing, or given away. At most [`Amount::MAX`], where it stays.
    pub const fn unvalued(&self) -> Amount {
        self.totals.unvalued
    }

    /// The open lots, oldest first, each with its quantity and its cost; none where costs are
    /// averaged.
    pub fn lots(&self) -> impl ExactSizeIterator<Item = (Delta, Delta)> + '_ {
        let lots = self.lots.iter();
        lots.map(|lot| (Delta::new(lot.quantity), Delta::new(lot.cost)))
    }

    /// This position with no change so far.
    pub(crate) fn draft(&self) -> Draft {
        Draft {
            totals: self.totals,
            used: 0,
            oldest: None,
            newest: SmallVec::new(),
            other_fees: SmallVec::new(),
        }
    }

    /// A draft of this position after one more change.
    pub(crate) fn after(
        &self,
        mut draft: Draft,
        change: &PositionChange,
    ) -> Result<Draft, PositionReject> {
        match *change {
            PositionChange::Bought { base, quote, fee } => {
                self.trade(&mut draft, traded(base)?, signed(quote)?, fee)?;
            }
            PositionChange::Sold { base, quote, fee } => {
                self.trade(&mut draft, -traded(base)?, -signed(quote)?, fee)?;
            }
            PositionChange::Deposited { base, value } => {
                let (base_in, worth) = (traded(base)?, signed(value.unwrap_or_default())?);
                self.trade(&mut draft, base_in, worth, PositionFee::NONE)?;
                draft.count_unvalued(base, value);
            }
            PositionChange::Withdrawn { base, value } => {
                let (base_out, worth) = (traded(base)?, signed(value.unwrap_or_default())?);
                self.trade(&mut draft, -base_out, -worth, PositionFee::NONE)?;
                draft.count_unvalued(base, value);
            }
            PositionChange::MethodChosen(method) => draft.choose(self, method),
        }
        Ok(draft)
    }

    /// Becomes what was drafted of it.
    pub(crate) fn adopt(&mut self, draft: Draft) {
        self.totals = draft.totals;
        self.lots.drain(..draft.used);
        if let Some(oldest) = draft.oldest {
            self.lots.push_front(oldest);
        }
        self.lots.extend(draft.newest);
        for fee in draft.other_fees {
            match self.find_fee(fee.asset) {
                Ok(index) if fee.amount.is_zero() => drop(self.other_fees.remove(index)),
                Ok(index) => self.other_fees[index] = fee,
                Err(_) if fee.amount.is_zero() => {}
                Err(index) => self.other_fees.insert(index, fee),
            }
        }
    }

    /// A trade and its fee. `quantity`, which is not zero, and `paid` are below zero where base was
    /// sold.
    fn trade(
        &self,
        draft: &mut Draft,
        quantity: i128,
        paid: i128,
        fee: PositionFee,
    ) -> Result<(), PositionReject> {
        let (mut traded, mut for_quote) = (quantity, paid);
        match fee {
            PositionFee::Quote(fee) => draft.totals.fees = sum(draft.totals.fees, fee.get())?,
            PositionFee::Base(fee) => {
                // What a fee takes was traded by nobody but the fee, so it is left out of the trade.
                let worth = part(paid.abs(), fee.get(), quantity)?;
                draft.totals.fees = sum(draft.totals.fees, worth)?;
                traded = difference(quantity, fee.get())?;
                for_quote = difference(paid, worth)?;
            }
            PositionFee::Other(fee) => {
                let so_far = draft.other_fee(self, fee.asset);
                let amount = Delta::new(sum(so_far.get(), fee.amount.get())?);
                draft.set_other_fee(Fee { amount, ..fee });
            }
        }
        draft.turn(self, traded, for_quote)?;
        // Asked here, so that realised profit after fees is a number at all times.
        difference(draft.totals.realised, draft.totals.fees)?;
        Ok(())
    }

    fn find_fee(&self, asset: AssetId) -> Result<usize, usize> {
        self.other_fees
            .binary_search_by_key(&asset, |fee| fee.asset)
    }
}

/// A position after some changes, for as long as it is not certain that they are made: all that may
/// be refused is refused here, and [`Position::adopt`] cannot fail.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    totals: Totals,
    /// How many of the oldest lots of the position are closed, the last of them perhaps in part:
    used: usize,
    /// what is left of it.
    oldest: Option<Lot>,
    /// Lots opened after those of the position.
    newest: SmallVec<[Lot; 2]>,
    /// The sums that changed.
    other_fees: SmallVec<[Fee; 2]>,
}

impl Draft {
    /// Adds to what is open, or closes some of it, or both.
    fn turn(
        &mut self,
        position: &Position,
        quantity: i128,
        paid: i128,
    ) -> Result<(), PositionReject> {
        let open = self.totals.quantity;
        if open.signum() * quantity.signum() >= 0 {
            return self.open(quantity, paid);
        }
        let closing = if quantity.abs() > open.abs() {
            -open
        } else {
            quantity
        };
        let paid_to_close = part(paid, closing.abs(), quantity.abs())?;
        self.close(position, closing, paid_to_close)?;
        self.open(quantity - closing, paid - paid_to_close)
    }

    fn open(&mut self, quantity: i128, cost: i128) -> Result<(), PositionReject> {
        if quantity == 0 {
            return Ok(());
        }
        self.totals.quantity = sum(self.totals.quantity, quantity)?;
        self.totals.cost = sum(self.totals.cost, cost)?;
        if self.totals.method == CostMethod::Fifo {
            self.newest.push(Lot { quantity, cost });
        }
        Ok(())
    }

    /// Closes at most what is open; `quantity` and `paid` have the other sign.
    fn close(
        &mut self,
        position: &Position,
        quantity: i128,
        paid: i128,
    ) -> Result<(), PositionReject> {
        let all = Lot {
            quantity: self.totals.quantity,
            cost: self.totals.cost,
        };
        let cost = match self.totals.method {
            CostMethod::AverageCost => part(all.cost, quantity.abs(), all.quantity.abs())?,
            CostMethod::Fifo => self.close_lots(position, quantity.abs())?,
        };
        self.totals.quantity = sum(all.quantity, quantity)?;
        self.totals.cost = difference(all.cost, cost)?;
        // A loss is what the cost exceeds the proceeds by, and proceeds are paid negatively.
        self.totals.realised = difference(self.totals.realised, sum(cost, paid)?)?;
        Ok(())
    }

    /// Closes so much of the oldest lots and says what that had cost.
    fn close_lots(&mut self, position: &Position, size: i128) -> Result<i128, PositionReject> {
        let mut left = size;
        let mut cost = 0;
        while left > 0 {
            let lot = self.next_lot(position);
            let closed = left.min(lot.quantity.abs());
            let cost_closed = part(lot.cost, closed, lot.quantity.abs())?;
            if closed < lot.quantity.abs() {
                self.oldest = Some(Lot {
                    quantity: lot.quantity - closed * lot.quantity.signum(),
                    cost: lot.cost - cost_closed,
                });
            }
            cost = sum(cost, cost_closed)?;
            left -= closed;
        }
        Ok(cost)
    }

    /// Takes the oldest lot away.
    fn next_lot(&mut self, position: &Position) -> Lot {
        if let Some(lot) = self.oldest.take() {
            return lot;
        }
        if let Some(lot) = position.lots.get(self.used) {
            self.used += 1;
            return *lot;
        }
        // Lots add up to the quantity, and no more than that is closed.
        self.newest.remove(0)
    }

    fn choose(&mut self, position: &Position, method: CostMethod) {
        if self.totals.method == method {
            return;
        }
        self.totals.method = method;
        self.used = position.lots.len();
        self.oldest = None;
        self.newest.clear();
        if method == CostMethod::Fifo && self.totals.quantity != 0 {
            self.newest.push(Lot {
                quantity: self.totals.quantity,
                cost: self.totals.cost,
            });
        }
    }

    fn count_unvalued(&mut self, base: Amount, value: Option<Amount>) {
        if value.is_none() {
            let unvalued = self.totals.unvalued.checked_add(base);
            self.totals.unvalued = unvalued.map_or(Amount::MAX, |sum| sum.min(Amount::MAX));
        }
    }

    fn other_fee(&self, position: &Position, asset: AssetId) -> Delta {
        let changed = self.other_fees.iter().find(|fee| fee.asset == asset);
        let before = || Some(&position.other_fees[position.find_fee(asset).ok()?]);
        changed
            .or_else(before)
            .map_or(Delta::ZERO, |fee| fee.amount)
    }

    fn set_other_fee(&mut self, fee: Fee) {
        match self
            .other_fees
            .iter_mut()
            .find(|old| old.asset == fee.asset)
        {
            Some(old) => *old = fee,
            None => self.other_fees.push(fee),
        }
    }
}

fn traded(base: Amount) -> Result<i128, PositionReject> {
    if base.is_zero() {
        return Err(PositionReject::ZeroAmount);
    }
    signed(base)
}

fn signed(amount: Amount) -> Result<i128, PositionReject> {
    amount
        .gain()
        .map(Delta::get)
        .ok_or(PositionReject::Overflow)
}

fn sum(a: i128, b: i128) -> Result<i128, PositionReject> {
    let sum = a.checked_add(b).filter(|sum| *sum != i128::MIN);
    sum.ok_or(PositionReject::Overflow)
}

fn difference(a: i128, b: i128) -> Result<i128, PositionReject> {
    let difference = a
        .checked_sub(b)
        .filter(|difference| *difference != i128::MIN);
    difference.ok_or(PositionReject::Overflow)
}

/// `of × numerator / denominator`, rounded down in size, below zero where one of the first two is.
fn part(of: i128, numerator: i128, denominator: i128) -> Result<i128, PositionReject> {
    let size = Amount::new(of.unsigned_abs())
        .share(numerator.unsigned_abs(), denominator.unsigned_abs())
        .ok_or(PositionReject::Overflow)?;
    Ok(signed(size)? * of.signum() * numerator.signum())
}
