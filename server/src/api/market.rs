//! Market data on the wire.

use marketdata_core::{Candle, DepthSnapshot, PublicTrade, Quote, Ticker, TickerStats, Window};
use orderbook_core::{Level, Price, Quantity, Side, Timestamp, TradeId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::decimal::{fixed_signed, plain};
use super::rate_limits;
use super::symbols::Symbol;
use crate::config::Limits;

/// `[price, quantity]`.
pub(crate) type PriceLevel = (String, String);

pub(crate) fn levels(levels: &[Level], symbol: &Symbol) -> Vec<PriceLevel> {
    let level = |level: &Level| (symbol.price(level.price), symbol.quantity(level.quantity));
    levels.iter().map(level).collect()
}

/// The depth of a book.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BookDepth {
    last_update_id: u64,
    bids: Vec<PriceLevel>,
    asks: Vec<PriceLevel>,
}

impl BookDepth {
    pub(crate) fn new(depth: &DepthSnapshot, symbol: &Symbol) -> Self {
        Self {
            last_update_id: depth.last_update_id,
            bids: levels(&depth.bids, symbol),
            asks: levels(&depth.asks, symbol),
        }
    }
}

/// A public trade.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecentTrade {
    id: u64,
    price: String,
    qty: String,
    quote_qty: String,
    time: u64,
    is_buyer_maker: bool,
    is_best_match: bool,
}

impl RecentTrade {
    pub(crate) fn new(trade: &PublicTrade, symbol: &Symbol) -> Self {
        Self {
            id: trade.id.get(),
            price: symbol.price(trade.price),
            qty: symbol.quantity(trade.quantity),
            quote_qty: symbol.notional(trade.notional()),
            time: trade.time.millis(),
            is_buyer_maker: trade.taker_side == Side::Sell,
            is_best_match: true,
        }
    }
}

/// The last millisecond of a candle, as clients expect its close time.
pub(crate) fn close_time(candle: &Candle) -> u64 {
    candle.close_time.millis() - 1
}

/// A candle as the array of twelve that clients expect.
pub(crate) fn kline(candle: &Candle, symbol: &Symbol) -> Value {
    json!([
        candle.open_time.millis(),
        symbol.price(candle.open),
        symbol.price(candle.high),
        symbol.price(candle.low),
        symbol.price(candle.close),
        symbol.volume(candle.volume),
        close_time(candle),
        symbol.notional(candle.quote_volume),
        candle.trade_count,
        symbol.volume(candle.taker_buy_volume),
        symbol.notional(candle.taker_buy_quote_volume),
        "0",
    ])
}

/// The best bid and ask; zeros where there is none.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BookTicker {
    symbol: String,
    pub(crate) bid_price: String,
    pub(crate) bid_qty: String,
    pub(crate) ask_price: String,
    pub(crate) ask_qty: String,
}

impl BookTicker {
    pub(crate) fn new(quote: Quote, symbol: &Symbol) -> Self {
        let price = |level: Option<Level>| symbol.price_or_zero(level.map(|level| level.price));
        let quantity = |level: Option<Level>| {
            symbol.quantity(level.map_or(Quantity::ZERO, |level| level.quantity))
        };
        Self {
            symbol: symbol.name().into(),
            bid_price: price(quote.bid),
            bid_qty: quantity(quote.bid),
            ask_price: price(quote.ask),
            ask_qty: quantity(quote.ask),
        }
    }
}

/// The numbers of a 24-hour ticker as text; REST and streams name them differently.
#[derive(Debug)]
pub(crate) struct TickerTexts {
    pub(crate) price_change: String,
    pub(crate) price_change_percent: String,
    pub(crate) weighted_average: String,
    pub(crate) previous_close: String,
    pub(crate) last: String,
    pub(crate) last_quantity: String,
    pub(crate) open: String,
    pub(crate) high: String,
    pub(crate) low: String,
    pub(crate) volume: String,
    pub(crate) quote_volume: String,
    pub(crate) first_id: i64,
    pub(crate) last_id: i64,
    pub(crate) count: u64,
}

impl TickerTexts {
    pub(crate) fn new(stats: &TickerStats, symbol: &Symbol) -> Self {
        let (open, last) = (
            stats.open.or(stats.last).unwrap_or_default(),
            stats.last.unwrap_or_default(),
        );
        let tick = symbol.instrument.tick_size();
        let change = i128::from(last.get()) - i128::from(open.get());
        Self {
            price_change: fixed_signed(change * i128::from(tick.mantissa()), tick.scale().into()),
            price_change_percent: percent(change, open),
            weighted_average: symbol.average_price(stats.quote_volume, stats.volume),
            previous_close: symbol.price_or_zero(stats.previous_close),
            last: symbol.price(last),
            last_quantity: symbol.quantity(stats.last_quantity.unwrap_or_default()),
            open: symbol.price(open),
            high: symbol.price(stats.high.unwrap_or(last)),
            low: symbol.price(stats.low.unwrap_or(last)),
            volume: symbol.volume(stats.volume),
            quote_volume: symbol.notional(stats.quote_volume),
            first_id: trade_id(stats.first_trade_id),
            last_id: trade_id(stats.last_trade_id),
            count: stats.trade_count,
        }
    }
}

/// `change` as a percentage of `open` with three decimal places, rounded towards zero.
fn percent(change: i128, open: Price) -> String {
    if open.get() == 0 {
        return "0.000".into();
    }
    let thousandths = change * 100_000 / i128::from(open.get());
    let sign = if thousandths < 0 { "-" } else { "" };
    format!("{sign}{}", plain(thousandths.unsigned_abs(), 3))
}

/// When a window that ends now begins, in milliseconds.
pub(crate) fn window_begin(window: Window, now: Timestamp) -> u64 {
    Timestamp::new(now.get().saturating_sub(window.micros())).millis()
}

/// The id of a trade; -1 is how clients are told that there was none.
pub(crate) fn trade_id(id: Option<TradeId>) -> i64 {
    id.map_or(-1, |id| id.get().cast_signed())
}

/// The REST form of a 24-hour ticker.
pub(crate) fn ticker_24h(ticker: &Ticker, now: Timestamp, symbol: &Symbol) -> Value {
    let texts = TickerTexts::new(&ticker.stats, symbol);
    let book = BookTicker::new(ticker.quote, symbol);
    json!({
        "symbol": symbol.name(),
        "priceChange": texts.price_change,
        "priceChangePercent": texts.price_change_percent,
        "weightedAvgPrice": texts.weighted_average,
        "prevClosePrice": texts.previous_close,
        "lastPrice": texts.last,
        "lastQty": texts.last_quantity,
        "bidPrice": book.bid_price,
        "bidQty": book.bid_qty,
        "askPrice": book.ask_price,
        "askQty": book.ask_qty,
        "openPrice": texts.open,
        "highPrice": texts.high,
        "lowPrice": texts.low,
        "volume": texts.volume,
        "quoteVolume": texts.quote_volume,
        "openTime": window_begin(ticker.window, now),
        "closeTime": now.millis(),
        "firstId": texts.first_id,
        "lastId": texts.last_id,
        "count": texts.count,
    })
}

/// What is traded here and under which limits.
pub(crate) fn exchange_info(symbols: &[Value], limits: &Limits, server_time: u64) -> Value {
    json!({
        "timezone": "UTC",
        "serverTime": server_time,
        "rateLimits": rate_limits::all(limits),
        "exchangeFilters": [],
        "symbols": symbols,
    })
}

/// An instrument and the rules for its orders.
pub(crate) fn symbol_info(symbol: &Symbol, is_halted: bool) -> Value {
    let instrument = &symbol.instrument;
    let largest = instrument.max_price().notional(instrument.max_quantity());
    json!({
        "symbol": symbol.name(),
        "status": if is_halted { "HALT" } else { "TRADING" },
        "baseAsset": symbol.base.code,
        "baseAssetPrecision": symbol.base.decimals,
        "quoteAsset": symbol.quote.code,
        "quotePrecision": symbol.quote.decimals,
        "quoteAssetPrecision": symbol.quote.decimals,
        "baseCommissionPrecision": symbol.base.decimals,
        "quoteCommissionPrecision": symbol.quote.decimals,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": false,
        "ocoAllowed": false,
        "otoAllowed": false,
        "quoteOrderQtyMarketAllowed": false,
        "allowTrailingStop": false,
        "cancelReplaceAllowed": false,
        "isSpotTradingAllowed": true,
        "isMarginTradingAllowed": false,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": symbol.price(instrument.min_price()),
                "maxPrice": symbol.price(instrument.max_price()),
                "tickSize": symbol.price(Price::new(1)),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": symbol.quantity(instrument.min_quantity()),
                "maxQty": symbol.quantity(instrument.max_quantity()),
                "stepSize": symbol.quantity(Quantity::new(1)),
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": symbol.notional(instrument.min_notional()),
                "applyMinToMarket": false,
                "maxNotional": symbol.notional(largest),
                "applyMaxToMarket": false,
                "avgPriceMins": 0,
            },
        ],
        "permissions": ["SPOT"],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    })
}
