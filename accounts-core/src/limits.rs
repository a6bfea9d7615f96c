//! How much is allowed: what an exchange refuses although there would be the money for it.
//!
//! Limits are plain data and pure questions; who trades what, and how much it has open, is known to
//! `exchange-engine`, which asks. Absent limits allow everything.

use orderbook_core::{Price, Quantity, Side};

use crate::Amount;

/// Limits of one account in one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrderLimits {
    /// The largest quantity of an order, in lots.
    pub max_quantity: Option<Quantity>,
    /// The largest value of an order, in smallest units of quote: at its limit price, or of a market
    /// order what it would trade for.
    pub max_notional: Option<Amount>,
    /// How many orders may be open at a time.
    pub max_open_orders: Option<u32>,
    /// The most of base that an account may come to own by buying, in smallest units: what it owns
    /// (of it available, held or bought elsewhere), and all that its open orders may still buy.
    pub max_position: Option<Amount>,
}

/// Limits of one account in all instruments together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AccountLimits {
    /// How many orders may be open at a time.
    pub max_open_orders: Option<u32>,
    /// How fast orders may come.
    pub order_rate: Option<OrderRate>,
}

/// So many new orders in each interval; intervals are half open and start at multiples of their
/// length. Orders that are refused for another reason do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrderRate {
    /// How many.
    pub orders: u32,
    /// The length of an interval in microseconds; zero counts as one.
    pub micros: u64,
}

/// How far from the reference price an order may trade, in parts per million of it.
///
/// Only the side that would lose by it is looked at, as CME's price banding does: nobody buys for
/// more than the reference price and that, or sells for less than it without that. Harmless orders
/// far away from the market are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct PriceCollar(u32);

impl PriceCollar {
    /// A collar of `ppm` parts per million: 50,000 is 5 %.
    pub const fn new(ppm: u32) -> Self {
        Self(ppm)
    }

    /// The width in parts per million.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The worst price that an order of this side may trade at. The width is rounded down to whole
    /// ticks.
    ///
    /// ```
    /// use accounts_core::PriceCollar;
    /// use orderbook_core::{Price, Side};
    ///
    /// let five_percent = PriceCollar::new(50_000);
    /// assert_eq!(five_percent.worst(Side::Buy, Price::new(1_010)), Price::new(1_060));
    /// assert_eq!(five_percent.worst(Side::Sell, Price::new(1_010)), Price::new(960));
    /// ```
    pub fn worst(self, side: Side, reference: Price) -> Price {
        let reference = i128::from(reference.get());
        let width = reference.abs() * i128::from(self.0) / 1_000_000;
        let worst = match side {
            Side::Buy => reference + width,
            Side::Sell => reference - width,
        };
        let end = if worst < 0 { i64::MIN } else { i64::MAX };
        Price::new(i64::try_from(worst).unwrap_or(end))
    }
}

/// Which limit an order would break.
///
/// Listed in order of precedence: where several apply, the first is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum LimitReject {
    /// [`OrderRate`].
    #[error("the account has placed as many orders as it may for the moment")]
    TooManyOrders,
    /// [`AccountLimits::max_open_orders`] or [`OrderLimits::max_open_orders`].
    #[error("the account has as many open orders as it may")]
    TooManyOpenOrders,
    /// [`OrderLimits::max_quantity`].
    #[error("the order is for more than the account may order at once")]
    QuantityTooLarge,
    /// [`PriceCollar`].
    #[error("the price is too far from the reference price")]
    OutsideCollar,
    /// [`OrderLimits::max_notional`].
    #[error("the order is worth more than the account may order at once")]
    NotionalTooLarge,
    /// [`OrderLimits::max_position`].
    #[error("the account could come to own more than it may")]
    PositionTooLarge,
}
