//! How much traded at which price.

use alloc::collections::BTreeMap;
use core::num::NonZeroU32;
use core::ops::Bound;

use orderbook_core::{Price, Quantity, Side};

use crate::{PublicTrade, Volume};

/// The volume that traded at each price, in buckets of so many ticks.
///
/// Bucket *b* of *n* ticks holds the prices from `b * n` up to, but without, `(b + 1) * n`, below
/// zero as above.
///
/// Applying and removing a trade is O(log buckets). Memory is one entry (40 bytes) per bucket in
/// which something traded, without a limit: whoever wants fewer asks for wider buckets.
///
/// ```
/// use core::num::NonZeroU32;
/// use marketdata_core::{PublicTrade, VolumeProfile};
/// use orderbook_core::{Price, Quantity, Side, Timestamp, TradeId};
///
/// let mut profile = VolumeProfile::new(NonZeroU32::new(10).unwrap());
/// for (id, price, quantity) in [(1, 100, 5), (2, 109, 20), (3, 110, 8), (4, 121, 1)] {
///     profile.apply(&PublicTrade {
///         id: TradeId::new(id),
///         time: Timestamp::new(id),
///         price: Price::new(price),
///         quantity: Quantity::new(quantity),
///         taker_side: Side::Buy,
///     });
/// }
/// assert_eq!(profile.bucket_at(Price::new(105)).unwrap().volume.get(), 25);
/// assert_eq!(profile.point_of_control().unwrap().low, Price::new(100));
/// let area = profile.value_area(700_000).unwrap();
/// assert_eq!((area.low, area.high), (Price::new(100), Price::new(109)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeProfile {
    bucket_ticks: NonZeroU32,
    /// By number, and never without volume.
    buckets: BTreeMap<i64, Traded>,
    volume: Volume,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Traded {
    volume: Volume,
    taker_buy_volume: Volume,
}

/// What traded in one bucket of a [`VolumeProfile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PriceBucket {
    /// The lowest price of the bucket, in ticks.
    pub low: Price,
    /// The highest price of the bucket, in ticks; in the bucket.
    pub high: Price,
    /// What changed hands, in lots.
    pub volume: Volume,
    /// The part of it where the taker bought, in lots.
    pub taker_buy_volume: Volume,
}

/// The range of prices around the point of control in which a share of the volume traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ValueArea {
    /// The lowest price of its lowest bucket, in ticks.
    pub low: Price,
    /// The highest price of its highest bucket, in ticks; in the area.
    pub high: Price,
    /// What changed hands in it, in lots: the share that was asked for, or more.
    pub volume: Volume,
}

impl VolumeProfile {
    /// A profile without trades, in buckets of `bucket_ticks` ticks.
    pub const fn new(bucket_ticks: NonZeroU32) -> Self {
        Self {
            bucket_ticks,
            buckets: BTreeMap::new(),
            volume: Volume::ZERO,
        }
    }

    /// Counts a trade.
    pub fn apply(&mut self, trade: &PublicTrade) {
        if trade.quantity.is_zero() {
            return;
        }
        let (volume, taker_buy_volume) = volumes(trade);
        let traded = self.buckets.entry(self.number(trade.price));
        let traded = traded.or_insert(Traded {
            volume: Volume::ZERO,
            taker_buy_volume: Volume::ZERO,
        });
        traded.volume = traded.volume.saturating_add(volume);
        traded.taker_buy_volume = traded.taker_buy_volume.saturating_add(taker_buy_volume);
        self.volume = self.volume.saturating_add(volume);
    }

    /// Takes off a trade that was counted before, one that was busted. Says whether it could: where
    /// its bucket does not hold that much of its side, nothing changes.
    pub fn bust(&mut self, trade: &PublicTrade) -> bool {
        let number = self.number(trade.price);
        let (volume, taker_buy_volume) = volumes(trade);
        let less = |held: Volume, by: Volume| held.get().checked_sub(by.get()).map(Volume::new);
        let rest = self.buckets.get(&number).and_then(|held| {
            let rest = Traded {
                volume: less(held.volume, volume)?,
                taker_buy_volume: less(held.taker_buy_volume, taker_buy_volume)?,
            };
            (rest.taker_buy_volume <= rest.volume).then_some(rest)
        });
        let (Some(rest), Some(total)) = (rest, less(self.volume, volume)) else {
            return trade.quantity.is_zero();
        };
        if rest.volume.is_zero() {
            self.buckets.remove(&number);
        } else {
            self.buckets.insert(number, rest);
        }
        self.volume = total;
        true
    }

    /// What changed hands at any price, in lots.
    pub const fn volume(&self) -> Volume {
        self.volume
    }

    /// The buckets in which something traded, lowest price first. O(1) per bucket, amortised.
    pub fn buckets(&self) -> impl DoubleEndedIterator<Item = PriceBucket> + '_ {
        self.buckets
            .iter()
            .map(|(number, traded)| self.bucket(*number, *traded))
    }

    /// The bucket that a price is in; `None` where nothing traded in it. O(log buckets).
    pub fn bucket_at(&self, price: Price) -> Option<PriceBucket> {
        let number = self.number(price);
        let traded = self.buckets.get(&number)?;
        Some(self.bucket(number, *traded))
    }

    /// The point of control: the bucket with the most volume. Of several, the one nearest to the
    /// middle between the lowest and the highest bucket, and of two as near the lower. `None` where
    /// nothing traded. O(buckets).
    pub fn point_of_control(&self) -> Option<PriceBucket> {
        let (number, traded) = self.control()?;
        Some(self.bucket(number, traded))
    }

    /// The value area for a share of the volume in millionths; 700,000 is usual, and more than a
    /// million counts as a million. `None` where nothing traded. O(buckets).
    ///
    /// It begins with the point of control. Of the next two buckets above it and the next two below
    /// it, the pair with more volume joins, the one above where they are equal; and so on until the
    /// area holds the share (Dalton, Jones and Dalton, "Mind Over Markets", appendix 1). Where only
    /// one bucket is left on a side, it is a pair of its own. Buckets in which nothing traded are
    /// passed over: the next bucket is the next one with volume.
    pub fn value_area(&self, share_per_million: u32) -> Option<ValueArea> {
        let (control, traded) = self.control()?;
        let wanted = share(self.volume.get(), share_per_million);

        let beyond = (Bound::Excluded(control), Bound::Unbounded);
        let mut above = self.buckets.range(beyond);
        let mut below = self.buckets.range(..control).rev();
        let (mut up, mut down) = (next_pair(&mut above), next_pair(&mut below));
        let (mut low, mut high, mut volume) = (control, control, traded.volume);
        while volume.get() < wanted {
            let is_up = match (up, down) {
                (Some(up), Some(down)) => up.1 >= down.1,
                (up, _) => up.is_some(),
            };
            let Some((number, joining)) = (if is_up { up } else { down }) else {
                break;
            };
            volume = volume.saturating_add(joining);
            if is_up {
                high = number;
                up = next_pair(&mut above);
            } else {
                low = number;
                down = next_pair(&mut below);
            }
        }
        Some(ValueArea {
            low: self.low(low),
            high: self.high(high),
            volume,
        })
    }

    /// The number of the point of control, and what traded there.
    fn control(&self) -> Option<(i64, Traded)> {
        let (first, last) = (
            self.buckets.first_key_value()?,
            self.buckets.last_key_value()?,
        );
        let twice_middle = i128::from(*first.0) + i128::from(*last.0);
        let off_middle = |number: i64| (2 * i128::from(number) - twice_middle).abs();
        let mut best = (*first.0, *first.1);
        for (number, traded) in &self.buckets {
            let (most, off) = (best.1.volume, off_middle(best.0));
            if traded.volume > most || (traded.volume == most && off_middle(*number) < off) {
                best = (*number, *traded);
            }
        }
        Some(best)
    }

    fn number(&self, price: Price) -> i64 {
        price.get().div_euclid(i64::from(self.bucket_ticks.get()))
    }

    /// The lowest bucket may begin before the lowest price that there is.
    fn low(&self, number: i64) -> Price {
        Price::new(number.saturating_mul(i64::from(self.bucket_ticks.get())))
    }

    /// The highest bucket may end after the highest price that there is.
    fn high(&self, number: i64) -> Price {
        let next = (i128::from(number) + 1) * i128::from(self.bucket_ticks.get());
        Price::new(i64::try_from(next - 1).unwrap_or(i64::MAX))
    }

    fn bucket(&self, number: i64, traded: Traded) -> PriceBucket {
        PriceBucket {
            low: self.low(number),
            high: self.high(number),
            volume: traded.volume,
            taker_buy_volume: traded.taker_buy_volume,
        }
    }
}

/// What a trade adds to its bucket: to the volume, and to what takers bought of it.
fn volumes(trade: &PublicTrade) -> (Volume, Volume) {
    let bought = match trade.taker_side {
        Side::Buy => trade.quantity,
        Side::Sell => Quantity::ZERO,
    };
    (trade.quantity.into(), bought.into())
}

/// A share of a volume, rounded up. In two parts, because the product may not fit.
fn share(volume: u128, per_million: u32) -> u128 {
    const MILLION: u128 = 1_000_000;
    let per_million = u128::from(per_million).min(MILLION);
    let (whole, rest) = (volume / MILLION, volume % MILLION);
    whole * per_million + (rest * per_million).div_ceil(MILLION)
}

/// The farther of the next two buckets, and the volume of both.
fn next_pair<'a>(
    buckets: &mut impl Iterator<Item = (&'a i64, &'a Traded)>,
) -> Option<(i64, Volume)> {
    let (near, traded) = buckets.next()?;
    let Some((far, more)) = buckets.next() else {
        return Some((*near, traded.volume));
    };
    Some((*far, traded.volume.saturating_add(more.volume)))
}
