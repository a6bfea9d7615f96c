//! The listed instruments as clients see them: names, grids, and numbers as text.

use std::collections::{BTreeMap, HashMap};

use accounts_core::{Amount, AssetId, Delta, FeeSchedule, Mark, OrderLimits, PriceCollar};
use exchange_engine::{Exchange, InstrumentId, Market};
use marketdata_core::Volume;
use orderbook_core::{Instrument, InstrumentError, Notional, Price, Quantity};
use rust_decimal::Decimal;

use super::decimal::{fixed, fixed_signed, parse};
use crate::error::ApiError;

/// An asset as clients see it.
#[derive(Debug, Clone)]
pub(crate) struct AssetInfo {
    pub(crate) id: AssetId,
    pub(crate) code: String,
    pub(crate) decimals: u8,
}

impl AssetInfo {
    /// An amount of the asset as text.
    pub(crate) fn amount(&self, amount: Amount) -> String {
        fixed(amount.get(), self.decimals.into())
    }

    /// Reads an amount of the asset, as [`parse`] does.
    pub(crate) fn parse_amount(&self, name: &str, text: &str) -> Result<Amount, ApiError> {
        let too_large = ApiError::invalid_value(name);
        self.units(parse(name, text, &too_large)?, too_large)
    }

    /// So much of the asset, which must not be finer than its smallest unit.
    pub(crate) fn units(&self, decimal: Decimal, too_large: ApiError) -> Result<Amount, ApiError> {
        let decimal = decimal.normalize();
        // Units = mantissa * 10^(decimals - scale), where that is whole.
        let shift = u32::from(self.decimals).checked_sub(decimal.scale());
        let shift = shift.ok_or_else(|| {
            ApiError::bad_request(format!(
                "{} has {} decimal places.",
                self.code, self.decimals
            ))
        })?;
        let units = decimal.mantissa().unsigned_abs();
        let units = units.checked_mul(10_u128.pow(shift)).ok_or(too_large)?;
        Ok(Amount::new(units))
    }

    /// A change of such an amount as text, with a sign where it is below zero.
    pub(crate) fn delta(&self, delta: Delta) -> String {
        fixed_signed(delta.get(), self.decimals.into())
    }
}

/// An instrument as clients see it.
#[derive(Debug, Clone)]
pub(crate) struct Symbol {
    pub(crate) id: InstrumentId,
    pub(crate) instrument: Instrument,
    pub(crate) base: AssetInfo,
    pub(crate) quote: AssetInfo,
    pub(crate) fees: FeeSchedule,
    /// What every account may do here.
    pub(crate) limits: OrderLimits,
    /// How far from the last price orders may trade.
    pub(crate) collar: Option<PriceCollar>,
    base_units_per_lot: u128,
    quote_units_per_tick_lot: u128,
}

impl Symbol {
    pub(crate) fn name(&self) -> &str {
        self.instrument.symbol()
    }

    pub(crate) fn price(&self, price: Price) -> String {
        let tick = self.instrument.tick_size();
        let value = i128::from(price.get()) * i128::from(tick.mantissa());
        fixed_signed(value, tick.scale().into())
    }

    /// A price, or zero where there is none.
    pub(crate) fn price_or_zero(&self, price: Option<Price>) -> String {
        self.price(price.unwrap_or_default())
    }

    pub(crate) fn quantity(&self, quantity: Quantity) -> String {
        self.volume(Volume::new(quantity.get().into()))
    }

    pub(crate) fn volume(&self, volume: Volume) -> String {
        let lot = self.instrument.lot_size();
        // Beyond 128 bits only with volumes that no market has.
        let value = volume.get().saturating_mul(lot.mantissa().into());
        fixed(value, lot.scale().into())
    }

    pub(crate) fn notional(&self, notional: Notional) -> String {
        self.quote.amount(self.quote_amount(notional))
    }

    /// What a notional is worth in quote.
    pub(crate) fn quote_amount(&self, notional: Notional) -> Amount {
        let notional = notional.get().unsigned_abs();
        Amount::new(notional.saturating_mul(self.quote_units_per_tick_lot))
    }

    /// What the sum of the prices of so many lots says that base is worth in quote; `None` below zero.
    pub(crate) fn mark(&self, prices: &[Price]) -> Option<Mark> {
        let ticks: i128 = prices.iter().map(|price| i128::from(price.get())).sum();
        let ticks = u128::try_from(ticks).ok()?;
        let quote = ticks.checked_mul(self.quote_units_per_tick_lot)?;
        let base = self.base_units_per_lot.checked_mul(prices.len() as u128)?;
        Mark::new(Amount::new(quote), Amount::new(base))
    }

    /// The volume-weighted average price with eight decimal places, rounded down.
    pub(crate) fn average_price(&self, notional: Notional, volume: Volume) -> String {
        const PLACES: u32 = 8;
        let tick = self.instrument.tick_size();
        if volume.get() == 0 {
            return fixed(0, 0);
        }
        let scale = u32::from(tick.scale());
        let value = notional
            .get()
            .unsigned_abs()
            .saturating_mul(tick.mantissa().into())
            .saturating_mul(10_u128.pow(PLACES.saturating_sub(scale)));
        fixed(value / volume.get(), scale.max(PLACES))
    }

    /// Reads a price parameter.
    pub(crate) fn parse_price(&self, name: &str, text: &str) -> Result<Price, ApiError> {
        let price = parse(name, text, &ApiError::PRICE_FILTER)?;
        self.instrument
            .price_from_decimal(price)
            .map_err(|_: InstrumentError| ApiError::PRICE_FILTER)
    }

    /// Reads a quantity parameter.
    pub(crate) fn parse_quantity(&self, name: &str, text: &str) -> Result<Quantity, ApiError> {
        let quantity = parse(name, text, &ApiError::LOT_SIZE)?;
        self.instrument
            .quantity_from_decimal(quantity)
            .map_err(|_: InstrumentError| ApiError::LOT_SIZE)
    }

    /// Reads an amount of quote that is to be spent, or to be got: as many ticks times lots as are whole
    /// in it, since nothing trades for less than one.
    pub(crate) fn parse_budget(&self, name: &str, text: &str) -> Result<Notional, ApiError> {
        let amount = parse(name, text, &ApiError::NOTIONAL)?.normalize();
        let places = u32::from(self.quote.decimals).checked_sub(amount.scale());
        let places = places.ok_or_else(|| ApiError::too_precise(name))?;
        let units = 10_u128
            .checked_pow(places)
            .and_then(|factor| amount.mantissa().unsigned_abs().checked_mul(factor))
            .ok_or(ApiError::NOTIONAL)?;
        let notional = i128::try_from(units / self.quote_units_per_tick_lot);
        notional.map(Notional::new).map_err(|_| ApiError::NOTIONAL)
    }

    /// How much an order may be for at most.
    pub(crate) fn largest_order(&self) -> Quantity {
        let largest = self.instrument.max_quantity();
        self.limits
            .max_quantity
            .map_or(largest, |max| max.min(largest))
    }

    /// How many whole lots an amount of base is.
    pub(crate) fn lots(&self, amount: Amount) -> Quantity {
        let lots = amount.get() / self.base_units_per_lot;
        Quantity::new(u64::try_from(lots).unwrap_or(u64::MAX))
    }
}

/// All listed instruments and assets, as of some moment; see [`Listed`](crate::listed::Listed).
#[derive(Debug)]
pub(crate) struct Symbols {
    symbols: Vec<Symbol>,
    /// What has been delisted meanwhile.
    delisted: BTreeMap<InstrumentId, Symbol>,
    assets: Vec<AssetInfo>,
    by_name: HashMap<String, usize>,
    by_id: HashMap<InstrumentId, usize>,
}

impl Symbols {
    pub(crate) fn new(exchange: &Exchange) -> Self {
        let assets: Vec<_> = exchange
            .assets()
            .map(|(id, asset)| AssetInfo {
                id,
                code: asset.code.clone(),
                decimals: asset.decimals,
            })
            .collect();
        let asset = |id| {
            let known = assets.iter().find(|asset| asset.id == id);
            known
                .expect("a listed instrument has listed assets")
                .clone()
        };
        let symbols: Vec<_> = exchange
            .markets()
            .map(|market: &Market| Symbol {
                id: market.id(),
                instrument: market.book().instrument().clone(),
                base: asset(market.base()),
                quote: asset(market.quote()),
                fees: market.fees().clone(),
                limits: market.limits(),
                collar: market.collar(),
                base_units_per_lot: market.base_units_per_lot(),
                quote_units_per_tick_lot: market.quote_units_per_tick_lot(),
            })
            .collect();
        let by_name = symbols.iter().enumerate();
        let by_name = by_name.map(|(index, symbol)| (symbol.name().into(), index));
        let by_id = symbols.iter().enumerate();
        let by_id = by_id.map(|(index, symbol)| (symbol.id, index));
        Self {
            by_name: by_name.collect(),
            by_id: by_id.collect(),
            symbols,
            delisted: BTreeMap::new(),
            assets,
        }
    }

    /// What an exchange lists that has listed this before.
    pub(crate) fn followed_by(&self, exchange: &Exchange) -> Self {
        let now = Self::new(exchange);
        let before = self.symbols.iter().chain(self.delisted.values());
        let gone = before.filter(|symbol| !now.by_id.contains_key(&symbol.id));
        let gone = gone.map(|symbol| (symbol.id, symbol.clone())).collect();
        Self {
            delisted: gone,
            ..now
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Symbol> {
        self.symbols.iter()
    }

    pub(crate) fn assets(&self) -> &[AssetInfo] {
        &self.assets
    }

    pub(crate) fn asset(&self, id: AssetId) -> Option<&AssetInfo> {
        // As the exchange tells them: by ascending id.
        let found = self.assets.binary_search_by_key(&id, |asset| asset.id);
        found.ok().map(|index| &self.assets[index])
    }

    pub(crate) fn asset_by_code(&self, code: &str) -> Option<&AssetInfo> {
        self.assets.iter().find(|asset| asset.code == code)
    }

    /// The instrument of that name.
    pub(crate) fn named(&self, name: &str) -> Result<&Symbol, ApiError> {
        self.by_name
            .get(name)
            .map(|index| &self.symbols[*index])
            .ok_or(ApiError::INVALID_SYMBOL)
    }

    /// The instrument with that id, also where it has been delisted since the process started.
    pub(crate) fn get(&self, id: InstrumentId) -> Option<&Symbol> {
        let listed = self.by_id.get(&id).map(|index| &self.symbols[*index]);
        listed.or_else(|| self.delisted.get(&id))
    }
}
