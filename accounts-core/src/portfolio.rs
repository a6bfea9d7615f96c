//! What balances are worth in one asset.
//!
//! [`Marks`] are the prices of an exchange, arranged so that the way from one asset to another is
//! found without a look at all instruments; [`Marks::portfolio`] values what an account owns. Where
//! the prices come from is the caller's business, and told with each.
//!
//! # Complexity
//!
//! Setting a mark: O(log n). A path: O(log n) where an instrument joins both assets, else O(d log n),
//! d being the number of instruments of the asset that is valued. A portfolio: a path for each of its
//! assets, whatever the number of instruments.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::iter;

use crate::{Amount, AssetId, Balance, InstrumentId, Mark};

/// Where a mark comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum MarkSource {
    /// The price of the last trade.
    LastTrade,
    /// Half way between the best bid and the best ask.
    MidPrice,
    /// What the best buyer would pay.
    BestBid,
    /// What the best seller asks for.
    BestAsk,
    /// Set by the operator, or taken from another market.
    External,
}

/// An instrument and what its base is worth in its quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pair {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// What is traded.
    pub base: AssetId,
    /// What it is paid with.
    pub quote: AssetId,
    /// So much of quote for so much of base.
    pub mark: Mark,
    /// Where the mark comes from.
    pub source: MarkSource,
}

/// Which way an instrument is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Direction {
    /// From base to quote.
    Direct,
    /// From quote to base.
    Inverse,
}

/// One step from an asset to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Hop {
    /// The instrument and its mark, as they are.
    pub pair: Pair,
    /// Which way.
    pub direction: Direction,
}

impl Hop {
    /// The asset that is valued.
    pub const fn from(&self) -> AssetId {
        match self.direction {
            Direction::Direct => self.pair.base,
            Direction::Inverse => self.pair.quote,
        }
    }

    /// The asset in which it is valued.
    pub const fn to(&self) -> AssetId {
        match self.direction {
            Direction::Direct => self.pair.quote,
            Direction::Inverse => self.pair.base,
        }
    }

    /// The price of the first in the second, or `None` for the inverse of zero.
    const fn price(&self) -> Option<Mark> {
        match self.direction {
            Direction::Direct => Some(self.pair.mark),
            Direction::Inverse => self.pair.mark.inverse(),
        }
    }
}

/// How one asset is valued in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Path {
    /// They are the same.
    Itself,
    /// By an instrument of both.
    One([Hop; 1]),
    /// By an asset in between.
    Two([Hop; 2]),
}

impl Path {
    /// The steps, first one first; none from an asset to itself.
    pub const fn hops(&self) -> &[Hop] {
        match self {
            Self::Itself => &[],
            Self::One(hop) => hop,
            Self::Two(hops) => hops,
        }
    }

    /// What an amount is worth at the end of the path, **rounded down once**, however long the path
    /// is. `None` where that, or what it is worth in between, does not fit.
    pub const fn value(&self, amount: Amount) -> Option<Amount> {
        match self {
            Self::Itself => Some(amount),
            Self::One([hop]) => match hop.price() {
                Some(price) => price.value(amount),
                None => None,
            },
            Self::Two([first, second]) => match (first.price(), second.price()) {
                (Some(first), Some(second)) => first.value_through(second, amount),
                _ => None,
            },
        }
    }
}

/// What something is worth, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Valuation {
    /// In smallest units of the asset in which it is valued.
    pub value: Amount,
    /// By which prices.
    pub path: Path,
}

/// Why something has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Unpriced {
    /// No instrument with a mark, and no two, lead from one asset to the other.
    #[error("no instrument with a price leads there")]
    NoPath,
    /// The value, what it is worth in between, or the total with it would exceed [`Amount::MAX`].
    #[error("the value is larger than can be counted")]
    Overflow,
}

/// An asset of a portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PortfolioItem {
    /// What is owned.
    pub asset: AssetId,
    /// How much of it.
    pub balance: Balance,
    /// What available and held are worth together.
    pub valuation: Result<Valuation, Unpriced>,
}

/// What balances are worth in one asset.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Portfolio {
    /// In which.
    pub target: AssetId,
    /// What everything that has a value is worth, in smallest units of the target.
    pub total: Amount,
    /// Every balance, in the order in which they were given.
    pub items: Vec<PortfolioItem>,
}

impl Portfolio {
    /// What is not part of the total, and why.
    pub fn unpriced(&self) -> impl Iterator<Item = (&PortfolioItem, Unpriced)> {
        let items = self.items.iter();
        items.filter_map(|item| Some((item, item.valuation.err()?)))
    }
}

/// The prices of many instruments, by the assets that they join.
///
/// ```
/// use accounts_core::*;
///
/// let (btc, usd, eur, shares) = (AssetId::new(0), AssetId::new(1), AssetId::new(2), AssetId::new(3));
/// let pair = |instrument, base, quote, price| Pair {
///     instrument: InstrumentId::new(instrument),
///     base,
///     quote,
///     mark: Mark::new(Amount::new(price), Amount::new(100)).unwrap(),
///     source: MarkSource::LastTrade,
/// };
/// // 100 units of BTC cost 6,000 of USD, 100 of EUR cost 120.
/// let marks: Marks = [pair(7, btc, usd, 6_000), pair(8, eur, usd, 120)].into_iter().collect();
///
/// let owns = |available| Balance { available: Amount::new(available), held: Amount::ZERO };
/// let portfolio = marks.portfolio(eur, [(btc, owns(3)), (eur, owns(10)), (shares, owns(5))]);
///
/// // 3 BTC are 180 USD, and these 150 EUR.
/// let btc_item = portfolio.items[0].valuation.unwrap();
/// assert_eq!(btc_item.value, Amount::new(150));
/// let ways: Vec<_> = btc_item.path.hops().iter().map(|hop| hop.direction).collect();
/// assert_eq!(ways, [Direction::Direct, Direction::Inverse]);
///
/// assert_eq!(portfolio.total, Amount::new(160));
/// // Shares have no price, and are not forgotten.
/// let unpriced: Vec<_> = portfolio.unpriced().map(|(item, why)| (item.asset, why)).collect();
/// assert_eq!(unpriced, [(shares, Unpriced::NoPath)]);
/// ```
///
/// # The best path
///
/// 1. No hop before one, one before two; there are no longer ones.
/// 2. Direct before inverse, at the first hop and then at the second.
/// 3. The instrument with the lower id, at the first hop and then at the second.
///
/// A price of zero has no inverse, so no path goes that way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    pairs: BTreeMap<InstrumentId, Pair>,
    /// From where to where, best first.
    ways: BTreeSet<Way>,
}

type Way = (AssetId, AssetId, Direction, InstrumentId);

impl Marks {
    /// No prices yet.
    pub const fn new() -> Self {
        Self {
            pairs: BTreeMap::new(),
            ways: BTreeSet::new(),
        }
    }

    /// Sets the price of an instrument, in place of the one that it had. An instrument of an asset
    /// with itself is on no path, since every path has a shorter one without it.
    pub fn set(&mut self, pair: Pair) {
        self.remove(pair.instrument);
        self.ways.extend(ways(&pair));
        self.pairs.insert(pair.instrument, pair);
    }

    /// Forgets the price of an instrument, and says what it was.
    pub fn remove(&mut self, instrument: InstrumentId) -> Option<Pair> {
        let pair = self.pairs.remove(&instrument)?;
        for way in ways(&pair) {
            self.ways.remove(&way);
        }
        Some(pair)
    }

    /// The price of an instrument, or `None` where it has none.
    pub fn get(&self, instrument: InstrumentId) -> Option<&Pair> {
        self.pairs.get(&instrument)
    }

    /// The best path from an asset to another, or `None` where there is none.
    pub fn path(&self, from: AssetId, to: AssetId) -> Option<Path> {
        if from == to {
            return Some(Path::Itself);
        }
        if let Some(hop) = self.hops(from, to, to).next() {
            return Some(Path::One([hop]));
        }
        let (first, last) = (AssetId::new(0), AssetId::new(u32::MAX));
        let both = self.hops(from, first, last).filter_map(|first| {
            let second = self.hops(first.to(), to, to).next()?;
            Some([first, second])
        });
        let best = both.min_by_key(|[first, second]| {
            let ways = (first.direction, second.direction);
            (ways, first.pair.instrument, second.pair.instrument)
        });
        best.map(Path::Two)
    }

    /// What an amount of an asset is worth in another.
    ///
    /// # Errors
    ///
    /// [`Unpriced`] where nobody can tell.
    pub fn value(
        &self,
        asset: AssetId,
        amount: Amount,
        target: AssetId,
    ) -> Result<Valuation, Unpriced> {
        let path = self.path(asset, target).ok_or(Unpriced::NoPath)?;
        let value = path.value(amount).filter(|value| *value <= Amount::MAX);
        let value = value.ok_or(Unpriced::Overflow)?;
        Ok(Valuation { value, path })
    }

    /// What balances are worth in one asset, available and held together. Where the total would not
    /// fit, the balances that still do are in it, first come first served.
    pub fn portfolio(
        &self,
        target: AssetId,
        balances: impl IntoIterator<Item = (AssetId, Balance)>,
    ) -> Portfolio {
        let mut total = Amount::ZERO;
        let items = balances.into_iter().map(|(asset, balance)| {
            let owned = balance.total().ok_or(Unpriced::Overflow);
            let valuation = owned
                .and_then(|owned| self.value(asset, owned, target))
                .and_then(|valuation| {
                    let sum = total.checked_add(valuation.value);
                    let sum = sum.filter(|sum| *sum <= Amount::MAX);
                    total = sum.ok_or(Unpriced::Overflow)?;
                    Ok(valuation)
                });
            PortfolioItem {
                asset,
                balance,
                valuation,
            }
        });
        let items = items.collect();
        Portfolio {
            target,
            total,
            items,
        }
    }

    /// All hops from an asset to a range of assets, by ascending asset and the best first.
    fn hops(&self, from: AssetId, first: AssetId, last: AssetId) -> impl Iterator<Item = Hop> {
        let (lowest, highest) = (InstrumentId::new(0), InstrumentId::new(u32::MAX));
        let first = (from, first, Direction::Direct, lowest);
        let last = (from, last, Direction::Inverse, highest);
        self.ways.range(first..=last).map(|way| Hop {
            pair: self.pairs[&way.3],
            direction: way.2,
        })
    }
}

/// Where an instrument leads to.
fn ways(pair: &Pair) -> impl Iterator<Item = Way> {
    let &Pair {
        instrument,
        base,
        quote,
        mark,
        ..
    } = pair;
    let direct = (base, quote, Direction::Direct, instrument);
    let inverse = (quote, base, Direction::Inverse, instrument);
    let inverse = mark.inverse().map(|_| inverse);
    iter::once(direct).chain(inverse)
}

impl Extend<Pair> for Marks {
    fn extend<I: IntoIterator<Item = Pair>>(&mut self, pairs: I) {
        for pair in pairs {
            self.set(pair);
        }
    }
}

impl FromIterator<Pair> for Marks {
    fn from_iter<I: IntoIterator<Item = Pair>>(pairs: I) -> Self {
        let mut marks = Self::new();
        marks.extend(pairs);
        marks
    }
}
