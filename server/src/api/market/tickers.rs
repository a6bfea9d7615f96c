//! Tickers on the wire: what traded in a while, and the best prices.

use marketdata_core::{Quote, Ticker, TickerStats, Window};
use orderbook_core::{Level, Price, Quantity, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::trade_id;
use crate::api::decimal::{fixed_signed, plain};
use crate::api::symbols::Symbol;

/// The last price.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct PriceTicker {
    symbol: String,
    price: String,
}

impl PriceTicker {
    pub(crate) fn new(price: Option<Price>, symbol: &Symbol) -> Self {
        Self {
            symbol: symbol.name().into(),
            price: symbol.price_or_zero(price),
        }
    }
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

/// The numbers of a ticker as text; REST and streams name them differently.
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

/// The while that a ticker is about: first and last moment, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) open: u64,
    pub(crate) close: u64,
}

/// What traded in a while.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WindowTicker {
    symbol: String,
    price_change: String,
    price_change_percent: String,
    weighted_avg_price: String,
    open_price: String,
    high_price: String,
    low_price: String,
    last_price: String,
    volume: String,
    quote_volume: String,
    open_time: u64,
    close_time: u64,
    first_id: i64,
    last_id: i64,
    count: u64,
}

impl WindowTicker {
    pub(crate) fn new(stats: &TickerStats, span: Span, symbol: &Symbol) -> Self {
        let texts = TickerTexts::new(stats, symbol);
        Self {
            symbol: symbol.name().into(),
            price_change: texts.price_change,
            price_change_percent: texts.price_change_percent,
            weighted_avg_price: texts.weighted_average,
            open_price: texts.open,
            high_price: texts.high,
            low_price: texts.low,
            last_price: texts.last,
            volume: texts.volume,
            quote_volume: texts.quote_volume,
            open_time: span.open,
            close_time: span.close,
            first_id: texts.first_id,
            last_id: texts.last_id,
            count: texts.count,
        }
    }
}

/// What traded in the last 24 hours, and the best prices.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DayTicker {
    #[serde(flatten)]
    window: WindowTicker,
    prev_close_price: String,
    last_qty: String,
    bid_price: String,
    bid_qty: String,
    ask_price: String,
    ask_qty: String,
}

impl DayTicker {
    pub(crate) fn new(ticker: &Ticker, span: Span, symbol: &Symbol) -> Self {
        let stats = &ticker.stats;
        let book = BookTicker::new(ticker.quote, symbol);
        Self {
            window: WindowTicker::new(stats, span, symbol),
            prev_close_price: symbol.price_or_zero(stats.previous_close),
            last_qty: symbol.quantity(stats.last_quantity.unwrap_or_default()),
            bid_price: book.bid_price,
            bid_qty: book.bid_qty,
            ask_price: book.ask_price,
            ask_qty: book.ask_qty,
        }
    }
}

/// What traded in a while, in few words.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MiniTicker {
    symbol: String,
    open_price: String,
    high_price: String,
    low_price: String,
    last_price: String,
    volume: String,
    quote_volume: String,
    open_time: u64,
    close_time: u64,
    first_id: i64,
    last_id: i64,
    count: u64,
}

impl MiniTicker {
    pub(crate) fn new(stats: &TickerStats, span: Span, symbol: &Symbol) -> Self {
        let texts = TickerTexts::new(stats, symbol);
        Self {
            symbol: symbol.name().into(),
            open_price: texts.open,
            high_price: texts.high,
            low_price: texts.low,
            last_price: texts.last,
            volume: texts.volume,
            quote_volume: texts.quote_volume,
            open_time: span.open,
            close_time: span.close,
            first_id: texts.first_id,
            last_id: texts.last_id,
            count: texts.count,
        }
    }
}
