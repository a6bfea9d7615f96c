//! Trades as one of their sides sees them.

use orderbook_core::Side;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::symbols::{AssetInfo, Symbol, Symbols};
use crate::orders::Fill;

/// What the commission of a fill was paid in; `None` where that asset is not known.
pub(in crate::api) fn commission_asset<'a>(
    fill: &Fill,
    symbols: &'a Symbols,
    symbol: &'a Symbol,
) -> Option<&'a AssetInfo> {
    match (fill.commission_asset, fill.side) {
        (Some(asset), _) => symbols.asset(asset),
        (None, Side::Buy) => Some(&symbol.base),
        (None, Side::Sell) => Some(&symbol.quote),
    }
}

/// One's side of a trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnTrade {
    symbol: String,
    id: u64,
    order_id: u64,
    order_list_id: i64,
    price: String,
    qty: String,
    quote_qty: String,
    pub(super) commission: String,
    pub(super) commission_asset: String,
    time: u64,
    is_buyer: bool,
    is_maker: bool,
    is_best_match: bool,
}

impl OwnTrade {
    /// `None` where the commission was paid in an asset that is not known.
    pub(crate) fn new(fill: &Fill, symbols: &Symbols, symbol: &Symbol) -> Option<Self> {
        let asset = commission_asset(fill, symbols, symbol)?;
        Some(Self {
            symbol: symbol.name().into(),
            id: fill.trade_id.get(),
            order_id: fill.order_id.get(),
            order_list_id: -1,
            price: symbol.price(fill.price),
            qty: symbol.quantity(fill.quantity),
            quote_qty: symbol.quote.amount(fill.quote_amount),
            commission: asset.delta(fill.commission),
            commission_asset: asset.code.clone(),
            time: fill.time.millis(),
            is_buyer: fill.side == Side::Buy,
            is_maker: fill.is_maker,
            is_best_match: true,
        })
    }
}
