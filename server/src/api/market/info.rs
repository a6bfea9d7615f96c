//! What is traded here, and under which rules.

use accounts_core::{Amount, OrderLimits, PriceCollar};
use orderbook_core::{Price, Quantity};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::decimal::plain;
use crate::api::orders::self_trade_text;
use crate::api::rate_limits::{self, RateLimit};
use crate::api::symbols::Symbol;
use crate::config::Limits;

#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExchangeInfo {
    timezone: &'static str,
    server_time: u64,
    rate_limits: Vec<RateLimit>,
    exchange_filters: Vec<Rule>,
    symbols: Vec<SymbolInfo>,
}

impl ExchangeInfo {
    pub(crate) fn new(symbols: Vec<SymbolInfo>, limits: &Limits, server_time: u64) -> Self {
        Self {
            timezone: "UTC",
            server_time,
            rate_limits: rate_limits::all(limits),
            exchange_filters: Vec::new(),
            symbols,
        }
    }
}

/// An instrument and the rules for its orders.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "clients want to know each by itself"
)]
pub(crate) struct SymbolInfo {
    symbol: String,
    status: &'static str,
    base_asset: String,
    base_asset_precision: u8,
    quote_asset: String,
    quote_precision: u8,
    quote_asset_precision: u8,
    base_commission_precision: u8,
    quote_commission_precision: u8,
    order_types: [&'static str; 3],
    iceberg_allowed: bool,
    oco_allowed: bool,
    oto_allowed: bool,
    quote_order_qty_market_allowed: bool,
    allow_trailing_stop: bool,
    cancel_replace_allowed: bool,
    amend_allowed: bool,
    is_spot_trading_allowed: bool,
    is_margin_trading_allowed: bool,
    filters: Vec<Rule>,
    permissions: [&'static str; 1],
    permission_sets: Vec<[&'static str; 1]>,
    default_self_trade_prevention_mode: &'static str,
    allowed_self_trade_prevention_modes: [&'static str; 5],
}

/// A rule for orders; a filter, as clients call it.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(
    tag = "filterType",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase"
)]
enum Rule {
    PriceFilter {
        min_price: String,
        max_price: String,
        tick_size: String,
    },
    LotSize {
        min_qty: String,
        max_qty: String,
        step_size: String,
    },
    MarketLotSize {
        min_qty: String,
        max_qty: String,
        step_size: String,
    },
    Notional {
        min_notional: String,
        apply_min_to_market: bool,
        max_notional: String,
        apply_max_to_market: bool,
        avg_price_mins: u64,
    },
    IcebergParts {
        limit: u32,
    },
    PercentPriceBySide {
        bid_multiplier_up: String,
        bid_multiplier_down: String,
        ask_multiplier_up: String,
        ask_multiplier_down: String,
        avg_price_mins: u64,
    },
    MaxNumOrders {
        max_num_orders: u32,
    },
    MaxPosition {
        max_position: String,
    },
}

/// What it is called that an instrument is traded, or is not at the moment.
pub(crate) const fn status(is_halted: bool) -> &'static str {
    if is_halted { "HALT" } else { "TRADING" }
}

impl SymbolInfo {
    pub(crate) fn new(symbol: &Symbol, is_halted: bool, show_permission_sets: bool) -> Self {
        let (base, quote) = (&symbol.base, &symbol.quote);
        Self {
            symbol: symbol.name().into(),
            status: status(is_halted),
            base_asset: base.code.clone(),
            base_asset_precision: base.decimals,
            quote_asset: quote.code.clone(),
            quote_precision: quote.decimals,
            quote_asset_precision: quote.decimals,
            base_commission_precision: base.decimals,
            quote_commission_precision: quote.decimals,
            order_types: ["LIMIT", "LIMIT_MAKER", "MARKET"],
            iceberg_allowed: true,
            oco_allowed: false,
            oto_allowed: false,
            quote_order_qty_market_allowed: true,
            allow_trailing_stop: false,
            cancel_replace_allowed: true,
            amend_allowed: true,
            is_spot_trading_allowed: true,
            is_margin_trading_allowed: false,
            filters: filters(symbol),
            permissions: ["SPOT"],
            permission_sets: if show_permission_sets {
                vec![["SPOT"]]
            } else {
                Vec::new()
            },
            default_self_trade_prevention_mode: self_trade_text(symbol.instrument.self_trade()),
            allowed_self_trade_prevention_modes: [
                "NONE",
                "EXPIRE_MAKER",
                "EXPIRE_TAKER",
                "EXPIRE_BOTH",
                "DECREMENT",
            ],
        }
    }
}

/// The grid of the instrument, and what the exchange allows every account.
fn filters(symbol: &Symbol) -> Vec<Rule> {
    let instrument = &symbol.instrument;
    let OrderLimits {
        max_quantity,
        max_notional,
        max_open_orders,
        max_position,
    } = symbol.limits;
    let largest = instrument.max_quantity();
    let largest = max_quantity.map_or(largest, |max| max.min(largest));
    let dearest = symbol.quote_amount(instrument.max_price().notional(largest));
    let most_notional = max_notional.map_or(dearest, |max| max.min(dearest));
    let (min_qty, max_qty, step_size) = (
        symbol.quantity(instrument.min_quantity()),
        symbol.quantity(largest),
        symbol.quantity(Quantity::new(1)),
    );
    let grid = [
        Rule::PriceFilter {
            min_price: symbol.price(instrument.min_price()),
            max_price: symbol.price(instrument.max_price()),
            tick_size: symbol.price(Price::new(1)),
        },
        Rule::LotSize {
            min_qty: min_qty.clone(),
            max_qty: max_qty.clone(),
            step_size: step_size.clone(),
        },
        Rule::MarketLotSize {
            min_qty,
            max_qty,
            step_size,
        },
        Rule::Notional {
            min_notional: symbol.notional(instrument.min_notional()),
            apply_min_to_market: false,
            max_notional: symbol.quote.amount(most_notional),
            apply_max_to_market: max_notional.is_some(),
            // What a market order would trade for is known, so no average is needed.
            avg_price_mins: 0,
        },
        Rule::IcebergParts {
            limit: instrument.max_slices(),
        },
    ];
    let limits = [
        symbol.collar.map(|collar| collar_filter(collar, symbol)),
        max_open_orders.map(|max_num_orders| Rule::MaxNumOrders { max_num_orders }),
        max_position.map(|max: Amount| Rule::MaxPosition {
            max_position: symbol.base.amount(max),
        }),
    ];
    grid.into_iter()
        .chain(limits.into_iter().flatten())
        .collect()
}

/// A collar keeps buys from being too dear and sells from being too cheap, measured by the last price.
fn collar_filter(collar: PriceCollar, symbol: &Symbol) -> Rule {
    const WHOLE: u32 = 1_000_000;
    let multiplier = |millionths: u32| plain(millionths.into(), 6);
    let instrument = &symbol.instrument;
    // As far as any price may be from any other.
    let unlimited = instrument.max_price().get() / instrument.min_price().get().max(1) + 1;
    Rule::PercentPriceBySide {
        bid_multiplier_up: multiplier(WHOLE.saturating_add(collar.get())),
        bid_multiplier_down: "0".into(),
        ask_multiplier_up: unlimited.to_string(),
        ask_multiplier_down: multiplier(WHOLE.saturating_sub(collar.get())),
        avg_price_mins: 0,
    }
}
