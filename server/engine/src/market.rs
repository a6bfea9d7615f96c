//! An instrument with its book, and what its ticks and lots are worth in money.

use alloc::boxed::Box;

use accounts_core::{
    Amount, AssetId, FeeRate, FeeSchedule, InstrumentId, OrderLimits, PriceCollar,
};
use orderbook_core::{Notional, OrderBook, Price, Quantity, Side};

use crate::limits::MarketLimits;
use crate::{Asset, Listing, Reject};

/// A tradable pair of an exchange.
#[derive(Debug, Clone)]
pub struct Market {
    pub(crate) id: InstrumentId,
    pub(crate) base: AssetId,
    pub(crate) quote: AssetId,
    pub(crate) fees: FeeSchedule,
    pub(crate) book: OrderBook,
    pub(crate) halted: bool,
    pub(crate) limits: Option<Box<MarketLimits>>,
    base_units_per_lot: u128,
    quote_units_per_tick_lot: u128,
}

impl Market {
    pub(crate) fn new(listing: &Listing, base: &Asset, quote: &Asset) -> Result<Self, Reject> {
        let instrument = &listing.instrument;
        if listing.base == listing.quote || instrument.min_price() < Price::new(1) {
            return Err(Reject::InvalidInstrument);
        }
        let (tick, lot) = (instrument.tick_size(), instrument.lot_size());
        let base_units_per_lot = smallest_units(
            u128::from(lot.mantissa()),
            u32::from(lot.scale()),
            base.decimals,
        )?;
        let quote_units_per_tick_lot = smallest_units(
            u128::from(tick.mantissa()) * u128::from(lot.mantissa()),
            u32::from(tick.scale()) + u32::from(lot.scale()),
            quote.decimals,
        )?;
        let market = Self {
            id: listing.id,
            base: listing.base,
            quote: listing.quote,
            fees: listing.fees.clone(),
            book: OrderBook::new(instrument.clone()),
            halted: false,
            limits: None,
            base_units_per_lot,
            quote_units_per_tick_lot,
        };
        let largest = instrument.max_quantity();
        for side in [Side::Buy, Side::Sell] {
            let cost = market.cost(side, instrument.max_price(), largest);
            if cost.is_none_or(|cost| cost > Amount::MAX) {
                return Err(Reject::LimitsTooWide);
            }
        }
        Ok(market)
    }

    /// Its id.
    pub const fn id(&self) -> InstrumentId {
        self.id
    }

    /// What is bought and sold.
    pub const fn base(&self) -> AssetId {
        self.base
    }

    /// What it is paid with.
    pub const fn quote(&self) -> AssetId {
        self.quote
    }

    /// What trades pay.
    pub const fn fees(&self) -> &FeeSchedule {
        &self.fees
    }

    /// The resting orders.
    pub const fn book(&self) -> &OrderBook {
        &self.book
    }

    /// Whether nothing is placed here at the moment.
    pub const fn is_halted(&self) -> bool {
        self.halted
    }

    /// What every account may do here.
    pub fn limits(&self) -> OrderLimits {
        let limits = self.limits.as_deref();
        limits.map(|limits| limits.orders).unwrap_or_default()
    }

    /// How far from the last price orders may trade.
    pub fn collar(&self) -> Option<PriceCollar> {
        self.limits.as_deref()?.collar
    }

    /// Smallest units of base in one lot.
    pub const fn base_units_per_lot(&self) -> u128 {
        self.base_units_per_lot
    }

    /// Smallest units of quote in one tick times one lot.
    pub const fn quote_units_per_tick_lot(&self) -> u128 {
        self.quote_units_per_tick_lot
    }

    /// What a quantity of an order is worth in base. Exact.
    ///
    /// # Panics
    ///
    /// Where the quantity is above the instrument's limit and does not fit 128 bits.
    #[inline]
    pub fn base_amount(&self, quantity: Quantity) -> Amount {
        self.in_base(quantity).expect(CHECKED)
    }

    /// What a notional of an order is worth in quote. Exact.
    ///
    /// # Panics
    ///
    /// Where the notional is negative, or above the instrument's limits and does not fit 128 bits.
    #[inline]
    pub fn quote_amount(&self, notional: Notional) -> Amount {
        self.in_quote(notional).expect(CHECKED)
    }

    #[inline]
    fn in_base(&self, quantity: Quantity) -> Option<Amount> {
        times(u128::from(quantity.get()), self.base_units_per_lot)
    }

    #[inline]
    fn in_quote(&self, notional: Notional) -> Option<Amount> {
        let notional = u128::try_from(notional.get()).ok()?;
        times(notional, self.quote_units_per_tick_lot)
    }

    /// The asset that an order of this side pays with.
    #[inline]
    pub const fn pays(&self, side: Side) -> AssetId {
        match side {
            Side::Buy => self.quote,
            Side::Sell => self.base,
        }
    }

    /// The asset that an order of this side brings.
    #[inline]
    pub const fn receives(&self, side: Side) -> AssetId {
        self.pays(side.opposite())
    }

    /// What `quantity` costs at `price`: the price in quote for a buy, the quantity in base for a
    /// sell. `None` where that does not fit, which it does within the limits of the instrument.
    #[inline]
    pub(crate) fn cost(&self, side: Side, price: Price, quantity: Quantity) -> Option<Amount> {
        // Which side it is cannot be foreseen, so both numbers are chosen rather than branched to.
        let (price, units) = match side {
            Side::Buy => (price.get(), self.quote_units_per_tick_lot),
            Side::Sell => (1, self.base_units_per_lot),
        };
        let price = u64::try_from(price).ok()?;
        times(u128::from(price) * u128::from(quantity.get()), units)
    }

    /// What `quantity` of a limit order at `price` keeps held: what it costs and, where its owner pays
    /// fees on top, `reserved`, the worst rate of them. `None` where there cannot be as much.
    #[inline]
    pub(crate) fn hold(
        &self,
        side: Side,
        price: Price,
        quantity: Quantity,
        reserved: FeeRate,
    ) -> Option<Amount> {
        let cost = self.cost(side, price, quantity)?;
        if reserved == FeeRate::ZERO {
            return Some(cost);
        }
        with_fee(cost, reserved)
    }
}

/// The product. Mostly both are small, and then it is one multiplication.
#[inline]
fn times(number: u128, units: u128) -> Option<Amount> {
    let product = match (u64::try_from(number), u64::try_from(units)) {
        (Ok(number), Ok(units)) => Some(u128::from(number) * u128::from(units)),
        _ => number.checked_mul(units),
    };
    product.map(Amount::new)
}

/// An amount with the fee on top of it.
pub(crate) fn with_fee(amount: Amount, rate: FeeRate) -> Option<Amount> {
    amount.checked_add(rate.of(amount))
}

const CHECKED: &str = "listing checked the largest order";

/// `mantissa * 10^-scale` of an asset in its smallest units, where that is a whole number.
fn smallest_units(mantissa: u128, scale: u32, decimals: u8) -> Result<u128, Reject> {
    let decimals = u32::from(decimals);
    if let Some(missing) = decimals.checked_sub(scale) {
        return 10_u128
            .checked_pow(missing)
            .and_then(|factor| mantissa.checked_mul(factor))
            .ok_or(Reject::LimitsTooWide);
    }
    let excess = 10_u128
        .checked_pow(scale - decimals)
        .ok_or(Reject::GridTooFine)?;
    if !mantissa.is_multiple_of(excess) {
        return Err(Reject::GridTooFine);
    }
    Ok(mantissa / excess)
}
