//! What is traded, and on which grid.
//!
//! An [`Instrument`] states the tick size, the lot size and the limits of a tradable pair. It is
//! the one place where decimals become ticks and lots and back; both ways are exact, and a
//! number that is off the grid is refused, never rounded.

use alloc::string::String;

use crate::{Notional, Price, Quantity, SelfTradePrevention};

/// The most decimal places a [`Step`] may have; what `rust_decimal` can hold.
pub const MAX_SCALE: u8 = 28;

/// A positive decimal number, `mantissa * 10^-scale`: the size of a tick or of a lot.
///
/// ```
/// # use orderbook_core::Step;
/// let cent = Step::new(1, 2)?;
/// let quarter = Step::new(25, 2)?;
/// # Ok::<(), orderbook_core::InstrumentError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "raw::Step"))]
pub struct Step {
    mantissa: u64,
    scale: u8,
}

impl Step {
    /// The number `mantissa * 10^-scale`.
    ///
    /// # Errors
    ///
    /// [`InstrumentError::InvalidStep`] where the mantissa is zero or the scale is above
    /// [`MAX_SCALE`].
    pub const fn new(mantissa: u64, scale: u8) -> Result<Self, InstrumentError> {
        if mantissa == 0 || scale > MAX_SCALE {
            return Err(InstrumentError::InvalidStep);
        }
        Ok(Self { mantissa, scale })
    }

    /// The number before the scale is applied.
    pub const fn mantissa(self) -> u64 {
        self.mantissa
    }

    /// The number of decimal places.
    pub const fn scale(self) -> u8 {
        self.scale
    }
}

/// A tradable pair: its grid and its limits.
///
/// Starts without limits beyond what can be represented; narrow it with the `with_` methods.
///
/// ```
/// # use orderbook_core::{Instrument, Notional, Step};
/// let btcusdt = Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 5)?)?
///     .with_min_notional(Notional::new(50_000_000)); // 5 USDT in units of 0.0000001
/// # Ok::<(), orderbook_core::InstrumentError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "raw::Instrument"))]
pub struct Instrument {
    symbol: String,
    tick_size: Step,
    lot_size: Step,
    min_price: Price,
    max_price: Price,
    min_quantity: Quantity,
    max_quantity: Quantity,
    min_notional: Option<Notional>,
    max_slices: u32,
    max_orders: u32,
    self_trade: SelfTradePrevention,
}

/// In how many slices an iceberg may come, where the instrument does not say.
pub const DEFAULT_MAX_SLICES: u32 = 100;

/// The most orders that can rest on one book.
pub const MAX_ORDERS: u32 = u32::MAX - 1;

/// The largest number of `step`s that a 96-bit decimal mantissa can express.
const fn largest_count(step: Step) -> u128 {
    ((1 << 96) - 1) / step.mantissa as u128
}

impl Instrument {
    /// An instrument with positive prices and no further limits.
    ///
    /// # Errors
    ///
    /// [`InstrumentError::InvalidSymbol`] where the symbol is empty or longer than 32 bytes.
    pub fn new(
        symbol: impl Into<String>,
        tick_size: Step,
        lot_size: Step,
    ) -> Result<Self, InstrumentError> {
        let symbol = symbol.into();
        if symbol.is_empty() || symbol.len() > 32 {
            return Err(InstrumentError::InvalidSymbol);
        }
        let max_price = i64::try_from(largest_count(tick_size)).unwrap_or(i64::MAX);
        let max_quantity = u64::try_from(largest_count(lot_size)).unwrap_or(u64::MAX);
        Ok(Self {
            symbol,
            tick_size,
            lot_size,
            min_price: Price::new(1),
            max_price: Price::new(max_price),
            min_quantity: Quantity::new(1),
            max_quantity: Quantity::new(max_quantity),
            min_notional: None,
            max_slices: DEFAULT_MAX_SLICES,
            max_orders: MAX_ORDERS,
            self_trade: SelfTradePrevention::Allow,
        })
    }

    /// Lowest and highest order price, both allowed. May reach below zero.
    ///
    /// # Errors
    ///
    /// [`InstrumentError::InvalidLimits`] where the range is empty or has prices that a decimal
    /// cannot express.
    pub fn with_price_limits(mut self, min: Price, max: Price) -> Result<Self, InstrumentError> {
        let largest = largest_count(self.tick_size);
        if min > max
            || u128::from(min.get().unsigned_abs()) > largest
            || u128::from(max.get().unsigned_abs()) > largest
        {
            return Err(InstrumentError::InvalidLimits);
        }
        (self.min_price, self.max_price) = (min, max);
        Ok(self)
    }

    /// Smallest and largest order quantity, both allowed.
    ///
    /// # Errors
    ///
    /// [`InstrumentError::InvalidLimits`] where the range is empty, starts at zero, or has
    /// quantities that a decimal cannot express.
    pub fn with_quantity_limits(
        mut self,
        min: Quantity,
        max: Quantity,
    ) -> Result<Self, InstrumentError> {
        if min > max || min.is_zero() || u128::from(max.get()) > largest_count(self.lot_size) {
            return Err(InstrumentError::InvalidLimits);
        }
        (self.min_quantity, self.max_quantity) = (min, max);
        Ok(self)
    }

    /// Smallest price times quantity of a limit order, in tick-lots; the sign of the price does
    /// not matter. Nothing is smaller than a minimum below zero, which is none.
    #[must_use]
    pub fn with_min_notional(mut self, min: Notional) -> Self {
        self.min_notional = (min > Notional::ZERO).then_some(min);
        self
    }

    /// In how many slices an iceberg may come at most (Binance `ICEBERG_PARTS`). It bounds how many
    /// trades one resting order can give one incoming order; starts at [`DEFAULT_MAX_SLICES`].
    ///
    /// # Errors
    ///
    /// [`InstrumentError::InvalidLimits`] for zero.
    pub fn with_max_slices(mut self, max: u32) -> Result<Self, InstrumentError> {
        if max == 0 {
            return Err(InstrumentError::InvalidLimits);
        }
        self.max_slices = max;
        Ok(self)
    }

    /// How many orders may rest at a time; bounds the memory of a book. Starts at [`MAX_ORDERS`].
    ///
    /// # Errors
    ///
    /// [`InstrumentError::InvalidLimits`] for zero or more than [`MAX_ORDERS`].
    pub fn with_max_orders(mut self, max: u32) -> Result<Self, InstrumentError> {
        if max == 0 || max > MAX_ORDERS {
            return Err(InstrumentError::InvalidLimits);
        }
        self.max_orders = max;
        Ok(self)
    }

    /// What happens between orders of one account, or of one group of accounts, where the incoming
    /// order does not say. Starts at [`SelfTradePrevention::Allow`].
    #[must_use]
    pub fn with_self_trade(mut self, default: SelfTradePrevention) -> Self {
        self.self_trade = default;
        self
    }

    /// The name of the pair, for example `BTCUSDT`.
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// One tick, in quote per base.
    pub const fn tick_size(&self) -> Step {
        self.tick_size
    }

    /// One lot, in base.
    pub const fn lot_size(&self) -> Step {
        self.lot_size
    }

    /// The lowest order price.
    pub const fn min_price(&self) -> Price {
        self.min_price
    }

    /// The highest order price.
    pub const fn max_price(&self) -> Price {
        self.max_price
    }

    /// The smallest order quantity.
    pub const fn min_quantity(&self) -> Quantity {
        self.min_quantity
    }

    /// The largest order quantity.
    pub const fn max_quantity(&self) -> Quantity {
        self.max_quantity
    }

    /// The smallest notional of a limit order, and the smallest budget.
    pub fn min_notional(&self) -> Notional {
        self.min_notional.unwrap_or(Notional::ZERO)
    }

    /// Whether an order is worth at least the smallest notional.
    #[inline]
    pub(crate) fn is_worth_enough(&self, price: Price, quantity: Quantity) -> bool {
        // Below zero the seller pays the buyer; the size of the deal is the same.
        self.min_notional
            .is_none_or(|least| price.notional(quantity).get().abs() >= least.get())
    }

    /// The most slices of an iceberg.
    pub const fn max_slices(&self) -> u32 {
        self.max_slices
    }

    /// The most resting orders.
    pub const fn max_orders(&self) -> u32 {
        self.max_orders
    }

    /// The self-trade prevention of orders that do not state one.
    pub const fn self_trade(&self) -> SelfTradePrevention {
        self.self_trade
    }
}

/// What is read, before it is known to be valid: deserialising must not get around the constructors,
/// or a damaged file could hold a step of zero to divide by. Same fields in the same order as what
/// is written.
#[cfg(feature = "serde")]
mod raw {
    use alloc::string::String;

    use super::InstrumentError;
    use crate::{Notional, Price, Quantity, SelfTradePrevention};

    #[derive(serde::Deserialize)]
    pub(super) struct Step {
        mantissa: u64,
        scale: u8,
    }

    impl TryFrom<Step> for super::Step {
        type Error = InstrumentError;

        fn try_from(raw: Step) -> Result<Self, InstrumentError> {
            Self::new(raw.mantissa, raw.scale)
        }
    }

    #[derive(serde::Deserialize)]
    pub(super) struct Instrument {
        symbol: String,
        tick_size: super::Step,
        lot_size: super::Step,
        min_price: Price,
        max_price: Price,
        min_quantity: Quantity,
        max_quantity: Quantity,
        min_notional: Option<Notional>,
        max_slices: u32,
        max_orders: u32,
        self_trade: SelfTradePrevention,
    }

    impl TryFrom<Instrument> for super::Instrument {
        type Error = InstrumentError;

        fn try_from(raw: Instrument) -> Result<Self, InstrumentError> {
            Ok(Self::new(raw.symbol, raw.tick_size, raw.lot_size)?
                .with_price_limits(raw.min_price, raw.max_price)?
                .with_quantity_limits(raw.min_quantity, raw.max_quantity)?
                .with_min_notional(raw.min_notional.unwrap_or(Notional::ZERO))
                .with_max_slices(raw.max_slices)?
                .with_max_orders(raw.max_orders)?
                .with_self_trade(raw.self_trade))
        }
    }
}

#[cfg(feature = "rust_decimal")]
mod decimal {
    use rust_decimal::Decimal;

    use super::{Instrument, InstrumentError, MAX_SCALE, Step};
    use crate::{Notional, Price, Quantity};

    impl TryFrom<Decimal> for Step {
        type Error = InstrumentError;

        fn try_from(value: Decimal) -> Result<Self, InstrumentError> {
            let value = value.normalize();
            let mantissa =
                u64::try_from(value.mantissa()).map_err(|_| InstrumentError::InvalidStep)?;
            let scale = u8::try_from(value.scale()).map_err(|_| InstrumentError::InvalidStep)?;
            Self::new(mantissa, scale)
        }
    }

    impl From<Step> for Decimal {
        fn from(step: Step) -> Self {
            Decimal::from_i128_with_scale(i128::from(step.mantissa), u32::from(step.scale))
        }
    }

    /// How many steps `value` is, where it is a whole number of them.
    fn count(value: Decimal, step: Step) -> Result<i128, InstrumentError> {
        // value = m * 10^-s and step = n * 10^-t, so the count is m * 10^(t-s) / n. With trailing
        // zeros gone, a value with more places than the step cannot be a multiple of it.
        let value = value.normalize();
        let Some(shift) = u32::from(step.scale).checked_sub(value.scale()) else {
            return Err(InstrumentError::OffGrid);
        };
        let scaled = 10_i128
            .checked_pow(shift)
            .and_then(|factor| value.mantissa().checked_mul(factor))
            .ok_or(InstrumentError::OutOfRange)?;
        let mantissa = i128::from(step.mantissa);
        if scaled % mantissa != 0 {
            return Err(InstrumentError::OffGrid);
        }
        Ok(scaled / mantissa)
    }

    /// `count` steps as a decimal. The limits of an instrument keep the product within 96 bits.
    fn decimal(count: i128, step: Step) -> Option<Decimal> {
        let mantissa = count.checked_mul(i128::from(step.mantissa))?;
        Decimal::try_from_i128_with_scale(mantissa, u32::from(step.scale)).ok()
    }

    impl Instrument {
        /// The price in ticks.
        ///
        /// # Errors
        ///
        /// [`InstrumentError::OffGrid`] where `price` is no whole number of ticks,
        /// [`InstrumentError::OutOfRange`] where it is outside the instrument's price limits.
        pub fn price_from_decimal(&self, price: Decimal) -> Result<Price, InstrumentError> {
            let ticks = i64::try_from(count(price, self.tick_size)?)
                .map_err(|_| InstrumentError::OutOfRange)?;
            let price = Price::new(ticks);
            if price < self.min_price || price > self.max_price {
                return Err(InstrumentError::OutOfRange);
            }
            Ok(price)
        }

        /// The quantity in lots.
        ///
        /// # Errors
        ///
        /// [`InstrumentError::OffGrid`] where `quantity` is no whole number of lots,
        /// [`InstrumentError::OutOfRange`] where it is negative or outside the instrument's
        /// quantity limits.
        pub fn quantity_from_decimal(
            &self,
            quantity: Decimal,
        ) -> Result<Quantity, InstrumentError> {
            let lots = u64::try_from(count(quantity, self.lot_size)?)
                .map_err(|_| InstrumentError::OutOfRange)?;
            let quantity = Quantity::new(lots);
            if quantity < self.min_quantity || quantity > self.max_quantity {
                return Err(InstrumentError::OutOfRange);
            }
            Ok(quantity)
        }

        /// The notional in tick-lots.
        ///
        /// # Errors
        ///
        /// [`InstrumentError::OffGrid`] where `notional` is no whole number of tick-lots,
        /// [`InstrumentError::OutOfRange`] where it is too large or the product of tick size and
        /// lot size has more than [`MAX_SCALE`] places.
        pub fn notional_from_decimal(
            &self,
            notional: Decimal,
        ) -> Result<Notional, InstrumentError> {
            count(notional, self.tick_lot()?).map(Notional::new)
        }

        /// The price as a decimal, or `None` for a price beyond the instrument's limits that 96
        /// bits cannot hold.
        pub fn price_to_decimal(&self, price: Price) -> Option<Decimal> {
            decimal(i128::from(price.get()), self.tick_size)
        }

        /// The quantity as a decimal, or `None` for a quantity beyond the instrument's limits that
        /// 96 bits cannot hold.
        pub fn quantity_to_decimal(&self, quantity: Quantity) -> Option<Decimal> {
            decimal(i128::from(quantity.get()), self.lot_size)
        }

        /// The notional as a decimal, or `None` where it needs more than 96 bits or 28 places.
        pub fn notional_to_decimal(&self, notional: Notional) -> Option<Decimal> {
            decimal(notional.get(), self.tick_lot().ok()?)
        }

        /// The size of one tick times one lot, in quote.
        fn tick_lot(&self) -> Result<Step, InstrumentError> {
            let mantissa = self
                .tick_size
                .mantissa
                .checked_mul(self.lot_size.mantissa)
                .ok_or(InstrumentError::OutOfRange)?;
            let scale = self.tick_size.scale + self.lot_size.scale;
            if scale > MAX_SCALE {
                return Err(InstrumentError::OutOfRange);
            }
            Step::new(mantissa, scale)
        }
    }
}

/// Why an instrument, or a number for it, is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstrumentError {
    /// The symbol is no name.
    #[error("a symbol has 1 to 32 characters")]
    InvalidSymbol,
    /// The tick or lot size is no positive decimal.
    #[error("a tick or lot size is positive and has at most 28 decimal places")]
    InvalidStep,
    /// The limits leave nothing to trade.
    #[error("the limits are empty or beyond what a decimal can express")]
    InvalidLimits,
    /// The number lies between two grid points.
    #[error("the number is not a multiple of the tick or lot size")]
    OffGrid,
    /// The number is on the grid but not within the limits.
    #[error("the number is outside the limits of the instrument")]
    OutOfRange,
}
