//! What trades pay: the fee and rounding rules, all of them.
//!
//! A fee is a share of an amount, in parts per million. A trade has two: the maker's, whose order
//! rested, and the taker's, whose order came in.
//!
//! * **Rounding.** The size of a fee and of a rebate is [rounded down](FeeRate::of) to whole
//!   smallest units. One side of a trade pays exactly what the other side and the fee account
//!   receive, so rounding never creates or destroys a unit.
//! * **Where it comes from.** Out of what the trade brings; or, where the trader has chosen so,
//!   on top of what it pays, or in a third asset. See [`Fee`].
//! * **Rebates.** A maker's rate may be negative. The rebate is then paid out of the taker's fee of
//!   the same trade, in the asset of that fee, and never exceeds it.
//! * **Tiers.** Who has traded more pays the rates of a later tier. What counts is the quote amount
//!   traded in the thirty whole days (UTC) before the day of the trade, [`TradedVolume`].
//!
//! | example | rate | of | fee |
//! |---|---:|---:|---:|
//! | taker | 2,500 ppm | 1,999 | 4 (4.9975) |
//! | taker, less than a unit | 1,000 ppm | 999 | 0 |
//! | maker with a rebate | -100 ppm | 25,000 | -2 (-2.5), out of the taker's fee |
//! | all of it | 1,000,000 ppm | 7 | 7 |

use alloc::vec::Vec;
use core::fmt;

use orderbook_core::Timestamp;

use crate::{Amount, AssetId, Delta, LedgerReject};

/// The share of a trade that is a fee, in parts per million: 1,000 is 0.1 %, -100 a rebate of 0.01 %.
/// At most all of it, either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
// Not transparent: what is read has to pass `new`, as everything else does.
#[cfg_attr(feature = "serde", serde(try_from = "i32", into = "i32"))]
pub struct FeeRate(i32);

impl FeeRate {
    /// No fee.
    pub const ZERO: Self = Self(0);

    const PARTS: u32 = 1_000_000;

    /// A rate of `ppm` parts per million.
    ///
    /// # Errors
    ///
    /// [`LedgerReject::InvalidFeeRate`] where that is more than 1,000,000 either way: a fee cannot
    /// exceed what it is taken of.
    pub const fn new(ppm: i32) -> Result<Self, LedgerReject> {
        if ppm.unsigned_abs() > Self::PARTS {
            return Err(LedgerReject::InvalidFeeRate);
        }
        Ok(Self(ppm))
    }

    /// The rate in parts per million.
    pub const fn get(self) -> i32 {
        self.0
    }

    /// Whether this is paid to the trader instead of by it.
    pub const fn is_rebate(self) -> bool {
        self.0 < 0
    }

    /// The size of the fee, or of the rebate, on `amount`, in the same units:
    /// `amount × |rate| / 1,000,000`, **rounded down**. Exact for every amount, and never above it.
    ///
    /// A fee rounded down is in the trader's favour, a rebate rounded down in the exchange's.
    ///
    /// ```
    /// use accounts_core::{Amount, FeeRate};
    ///
    /// // 0.25 % of 1,999 units is 4.9975 units: the fee is 4, the receiver keeps 1,995.
    /// let fee = FeeRate::new(2_500)?.of(Amount::new(1_999));
    /// assert_eq!(fee, Amount::new(4));
    /// # Ok::<(), accounts_core::LedgerReject>(())
    /// ```
    #[inline]
    pub fn of(self, amount: Amount) -> Amount {
        if let Ok(amount) = u64::try_from(amount.get())
            && let Some(product) = amount.checked_mul(u64::from(self.0.unsigned_abs()))
        {
            return Amount::new(u128::from(product / u64::from(Self::PARTS)));
        }
        self.of_much(amount)
    }

    #[cold]
    const fn of_much(self, amount: Amount) -> Amount {
        let (rate, parts) = (self.0.unsigned_abs() as u128, Self::PARTS as u128);
        // Split at a million, the whole part needs no division and the rest no more than 40 bits:
        // neither product overflows, and the sum is at most `amount`.
        let (millions, rest) = (amount.get() / parts, amount.get() % parts);
        Amount::new(millions * rate + rest * rate / parts)
    }
}

impl TryFrom<i32> for FeeRate {
    type Error = LedgerReject;

    fn try_from(ppm: i32) -> Result<Self, Self::Error> {
        Self::new(ppm)
    }
}

impl From<FeeRate> for i32 {
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

/// The rates of those who have traded so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FeeTier {
    /// What one has to have traded, in smallest units of quote, for these rates.
    pub volume: Amount,
    /// Paid by the side whose order was resting; a rebate where it is negative.
    pub maker: FeeRate,
    /// Paid by the side whose order came in; never negative.
    pub taker: FeeRate,
}

/// What the two sides of a trade pay, by how much they have traded. The default is no fee.
///
/// ```
/// use accounts_core::{Amount, FeeRate, FeeSchedule, FeeTier};
///
/// let tier = |volume, maker, taker| -> Result<_, accounts_core::LedgerReject> {
///     let (maker, taker) = (FeeRate::new(maker)?, FeeRate::new(taker)?);
///     Ok(FeeTier { volume: Amount::new(volume), maker, taker })
/// };
/// // 0.1 % for all; from a million on a rebate of 0.01 % and 0.05 %.
/// let fees = FeeSchedule::new([tier(0, 1_000, 1_000)?, tier(1_000_000, -100, 500)?])?;
/// assert_eq!(fees.tier(Amount::new(999_999)).taker.get(), 1_000);
/// assert_eq!(fees.tier(Amount::new(1_000_000)).taker.get(), 500);
/// # Ok::<(), accounts_core::LedgerReject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "Vec<FeeTier>", into = "Vec<FeeTier>")
)]
pub struct FeeSchedule(Vec<FeeTier>);

impl FeeSchedule {
    /// The most tiers of a schedule.
    pub const MAX_TIERS: usize = 32;

    /// A schedule of these tiers.
    ///
    /// # Errors
    ///
    /// [`LedgerReject::InvalidFeeSchedule`] unless there are 1 to 32 tiers, the first of which asks
    /// for no volume and each other for more than the one before; no taker's rate is negative; and
    /// no maker's rebate exceeds any taker's rate, since it is paid out of that.
    pub fn new(tiers: impl Into<Vec<FeeTier>>) -> Result<Self, LedgerReject> {
        let tiers = tiers.into();
        let ascending = tiers.windows(2).all(|two| two[0].volume < two[1].volume);
        let starts = tiers.first().is_some_and(|first| first.volume.is_zero());
        let taker = tiers.iter().map(|tier| tier.taker.get()).min();
        let maker = tiers.iter().map(|tier| tier.maker.get()).min();
        let (taker, maker) = (taker.unwrap_or(0), maker.unwrap_or(0));
        if !starts || !ascending || tiers.len() > Self::MAX_TIERS || taker < 0 || taker + maker < 0
        {
            return Err(LedgerReject::InvalidFeeSchedule);
        }
        Ok(Self(tiers))
    }

    /// The same rates for everybody.
    ///
    /// # Errors
    ///
    /// [`LedgerReject::InvalidFeeSchedule`] where the taker's rate is negative or the maker's rebate
    /// exceeds it.
    pub fn flat(maker: FeeRate, taker: FeeRate) -> Result<Self, LedgerReject> {
        Self::new([FeeTier {
            volume: Amount::ZERO,
            maker,
            taker,
        }])
    }

    /// The tier of who has traded that much, in smallest units of quote.
    #[inline]
    pub fn tier(&self, volume: Amount) -> &FeeTier {
        let later = &self.0[1..];
        let reached = later
            .iter()
            .take_while(|tier| tier.volume <= volume)
            .count();
        &self.0[reached]
    }

    /// All tiers, by ascending volume.
    pub fn tiers(&self) -> &[FeeTier] {
        &self.0
    }

    /// Whether everybody pays the same.
    #[inline]
    pub const fn is_flat(&self) -> bool {
        self.0.len() == 1
    }
}

impl Default for FeeSchedule {
    fn default() -> Self {
        Self([FeeTier::default()].into())
    }
}

impl TryFrom<Vec<FeeTier>> for FeeSchedule {
    type Error = LedgerReject;

    fn try_from(tiers: Vec<FeeTier>) -> Result<Self, Self::Error> {
        Self::new(tiers)
    }
}

impl From<FeeSchedule> for Vec<FeeTier> {
    fn from(schedule: FeeSchedule) -> Self {
        schedule.0
    }
}

/// What one side of a trade paid, or was paid.
///
/// | asset of the fee | it is a share of | and comes out of |
/// |---|---|---|
/// | the asset received | what is received | that |
/// | the asset paid | what is paid | the hold, which was that much larger |
/// | a third | what the quote amount is worth in it | what is available of it |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fee {
    /// Which asset.
    pub asset: AssetId,
    /// How much of it, in smallest units: paid to the fee account, or where it is negative received
    /// from it.
    pub amount: Delta,
}

/// What somebody has traded day by day, in smallest units of quote.
///
/// It counts for fee tiers and is not money: where it would exceed [`Amount::MAX`] it stays there, and
/// a tier that asks for more is never reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TradedVolume {
    /// By ascending day, at most the thirty before the newest and that.
    days: Vec<(u32, Amount)>,
}

impl TradedVolume {
    /// How many whole days count.
    pub const DAYS: u32 = 30;

    /// The day of a time: days since 1970, UTC.
    #[inline]
    pub fn day(time: Timestamp) -> u32 {
        const MICROS_A_DAY: u64 = 24 * 60 * 60 * 1_000_000;
        u32::try_from(time.get() / MICROS_A_DAY).expect("2^64 microseconds are 2^28 days")
    }

    /// Whether a day is recent enough to count on a later one.
    const fn count(old: u32, day: u32) -> bool {
        old.saturating_add(Self::DAYS) >= day
    }

    /// Counts what was traded on a day, which is not before the newest one so far.
    #[inline]
    pub fn add(&mut self, day: u32, amount: Amount) {
        if let Some((newest, traded)) = self.days.last_mut()
            && *newest == day
        {
            *traded = capped(*traded, amount);
            return;
        }
        self.start(day, amount);
    }

    #[cold]
    fn start(&mut self, day: u32, amount: Amount) {
        self.days.retain(|(old, _)| Self::count(*old, day));
        self.days.push((day, capped(Amount::ZERO, amount)));
    }

    /// What was traded in the thirty days before `day`.
    pub fn before(&self, day: u32) -> Amount {
        let counts = |(old, _): &&(u32, Amount)| *old < day && Self::count(*old, day);
        let days = self.days.iter().filter(counts);
        days.fold(Amount::ZERO, |sum, (_, traded)| capped(sum, *traded))
    }

    /// The days that may still count, ascending, and what was traded on each.
    pub fn days(&self) -> &[(u32, Amount)] {
        &self.days
    }

    /// Whether these are days and amounts as [`add`](Self::add) leaves them.
    pub fn is_possible(&self) -> bool {
        let ascending = self.days.windows(2).all(|two| two[0].0 < two[1].0);
        let (first, last) = (self.days.first(), self.days.last());
        let spans = first
            .zip(last)
            .is_none_or(|(first, last)| Self::count(first.0, last.0));
        ascending && spans && self.days.iter().all(|(_, traded)| *traded <= Amount::MAX)
    }
}

/// The sum, as far as an amount goes.
fn capped(sum: Amount, amount: Amount) -> Amount {
    sum.checked_add(amount)
        .map_or(Amount::MAX, |sum| sum.min(Amount::MAX))
}
