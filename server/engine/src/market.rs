//! An instrument with its book, and what its ticks and lots are worth in money.

use accounts_core::{Amount, AssetId, Command as LedgerCommand, FeeSchedule};
use orderbook_core::{AccountId, Notional, OrderBook, Price, Quantity, Side};

use crate::{Asset, InstrumentId, Listing, Reject};

/// A tradable pair of an exchange.
#[derive(Debug, Clone)]
pub struct Market {
    pub(crate) id: InstrumentId,
    pub(crate) base: AssetId,
    pub(crate) quote: AssetId,
    pub(crate) fees: FeeSchedule,
    pub(crate) book: OrderBook,
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
        let largest = instrument.max_quantity();
        let largest_base = u128::from(largest.get()).checked_mul(base_units_per_lot);
        let largest_quote = u128::try_from(instrument.max_price().notional(largest).get())
            .ok()
            .and_then(|notional| notional.checked_mul(quote_units_per_tick_lot));
        if largest_base.is_none() || largest_quote.is_none() {
            return Err(Reject::LimitsTooWide);
        }
        Ok(Self {
            id: listing.id,
            base: listing.base,
            quote: listing.quote,
            fees: listing.fees,
            book: OrderBook::new(instrument.clone()),
            base_units_per_lot,
            quote_units_per_tick_lot,
        })
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
    pub const fn fees(&self) -> FeeSchedule {
        self.fees
    }

    /// The resting orders.
    pub const fn book(&self) -> &OrderBook {
        &self.book
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
    pub fn base_amount(&self, quantity: Quantity) -> Amount {
        let units = u128::from(quantity.get()).checked_mul(self.base_units_per_lot);
        Amount::new(units.expect("listing checked the largest order"))
    }

    /// What a notional of an order is worth in quote. Exact.
    ///
    /// # Panics
    ///
    /// Where the notional is negative, or above the instrument's limits and does not fit 128 bits.
    pub fn quote_amount(&self, notional: Notional) -> Amount {
        let units = u128::try_from(notional.get())
            .ok()
            .and_then(|notional| notional.checked_mul(self.quote_units_per_tick_lot));
        Amount::new(units.expect("listing checked the largest order"))
    }

    /// The asset that an order of this side pays with.
    pub const fn pays(&self, side: Side) -> AssetId {
        match side {
            Side::Buy => self.quote,
            Side::Sell => self.base,
        }
    }

    /// What `quantity` of a limit order at `price` keeps held: the price in quote for a buy, the
    /// quantity in base for a sell. Fees are taken from what is received and need no hold.
    pub fn hold_of(&self, side: Side, price: Price, quantity: Quantity) -> Amount {
        match side {
            Side::Buy => self.quote_amount(price.notional(quantity)),
            Side::Sell => self.base_amount(quantity),
        }
    }

    /// The ledger command that frees what `quantity` of a limit order at `price` kept held.
    pub(crate) fn release(
        &self,
        account: AccountId,
        side: Side,
        price: Price,
        quantity: Quantity,
    ) -> LedgerCommand {
        LedgerCommand::Release {
            account,
            asset: self.pays(side),
            amount: self.hold_of(side, price, quantity),
        }
    }
}

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
