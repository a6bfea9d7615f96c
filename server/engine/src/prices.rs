//! What instruments have traded for.

use accounts_core::{Amount, AssetId, IdMap, InstrumentId};
use orderbook_core::Price;

use crate::Market;

/// The prices of the last trades, of the instruments that have traded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prices(IdMap<InstrumentId, LastPrice>);

/// A lot of base, and what it was worth.
#[derive(Debug, Clone, Copy)]
struct LastPrice {
    base: AssetId,
    quote: AssetId,
    price: Price,
    /// In smallest units of base.
    lot: u128,
    /// In smallest units of quote.
    worth: u128,
}

impl Prices {
    /// The price of the last trade in an instrument.
    #[inline]
    pub(crate) fn last(&self, instrument: InstrumentId) -> Option<Price> {
        self.0.get(instrument).map(|last| last.price)
    }

    /// An instrument has traded at a positive price.
    pub(crate) fn set(&mut self, market: &Market, price: Price) {
        let ticks = u128::from(price.get().unsigned_abs());
        let worth = ticks.checked_mul(market.quote_units_per_tick_lot());
        let last = LastPrice {
            base: market.base,
            quote: market.quote,
            price,
            lot: market.base_units_per_lot(),
            worth: worth.expect("listing checked the largest order"),
        };
        self.0.insert(market.id, last);
    }

    pub(crate) fn forget(&mut self, instrument: InstrumentId) {
        self.0.remove(instrument);
    }

    /// What an amount of one asset is worth in another, rounded down, by the last price of the pair of
    /// both: the first instrument that trades `to` for `from`, else the first that trades `from` for
    /// `to`. O(instruments).
    pub(crate) fn converted(&self, amount: Amount, from: AssetId, to: AssetId) -> Option<Amount> {
        let pair = |base, quote| {
            let mut prices = self.0.values();
            prices.find(|last| last.base == base && last.quote == quote)
        };
        if let Some(last) = pair(to, from) {
            return amount.share(last.lot, last.worth);
        }
        let last = pair(from, to)?;
        amount.share(last.worth, last.lot)
    }
}
