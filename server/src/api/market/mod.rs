//! Market data on the wire.

mod info;
mod tickers;

pub(crate) use info::{ExchangeInfo, SymbolInfo};
pub(crate) use tickers::{
    BookTicker, DayTicker, MiniTicker, PriceTicker, Span, TickerTexts, WindowTicker, window_begin,
};

use marketdata_core::{AggregateTrade, Candle, DepthSnapshot, PublicTrade, TickerStats};
use orderbook_core::{Level, Side, TradeId};
use schemars::JsonSchema;
use serde::Serialize;

use super::symbols::Symbol;

/// About one instrument an object, about several a list.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// Nothing to say but that it was heard.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Pong {}

#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerTime {
    pub(crate) server_time: u64,
}

/// `[price, quantity]`.
pub(crate) type PriceLevel = [String; 2];

pub(crate) fn levels(levels: &[Level], symbol: &Symbol) -> Vec<PriceLevel> {
    let level = |level: &Level| [symbol.price(level.price), symbol.quantity(level.quantity)];
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

/// What one order traded at one price. It is called by the id of the first of its trades.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Aggregate {
    /// Its id.
    a: u64,
    /// The price.
    p: String,
    /// The quantity.
    q: String,
    /// The id of its first trade.
    f: u64,
    /// The id of its last trade.
    l: u64,
    #[serde(rename = "T")]
    time: u64,
    #[serde(rename = "m")]
    is_buyer_maker: bool,
    #[serde(rename = "M")]
    is_best_match: bool,
}

impl Aggregate {
    pub(crate) fn new(trade: &AggregateTrade, symbol: &Symbol) -> Self {
        let first = trade.first_trade_id.get();
        Self {
            a: first,
            p: symbol.price(trade.price),
            q: symbol.quantity(trade.quantity),
            f: first,
            l: trade.last_trade_id.get(),
            time: trade.time.millis(),
            is_buyer_maker: trade.taker_side == Side::Sell,
            is_best_match: true,
        }
    }
}

/// The average price of the last minutes, weighted by quantity.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AveragePrice {
    mins: u64,
    price: String,
    /// When the last trade was.
    close_time: u64,
}

impl AveragePrice {
    /// Where nothing traded in these minutes, the last price.
    pub(crate) fn new(
        mins: u64,
        stats: &TickerStats,
        last: Option<&PublicTrade>,
        symbol: &Symbol,
    ) -> Self {
        Self {
            mins,
            price: if stats.trade_count == 0 {
                symbol.price_or_zero(stats.last)
            } else {
                symbol.average_price(stats.quote_volume, stats.volume)
            },
            close_time: last.map_or(0, |last| last.time.millis()),
        }
    }
}

/// The last millisecond of a candle, as clients expect its close time.
pub(crate) fn close_time(candle: &Candle) -> u64 {
    candle.close_time.millis() - 1
}

/// The id of a trade; -1 is how clients are told that there was none.
pub(crate) fn trade_id(id: Option<TradeId>) -> i64 {
    id.map_or(-1, |id| id.get().cast_signed())
}

/// Open time, open, high, low, close, volume, close time, quote volume, number of trades, volume and
/// quote volume bought by takers, and a zero that means nothing.
#[derive(Debug, Clone, JsonSchema, Serialize)]
pub(crate) struct Kline([KlineItem; 12]);

/// A number of trades or a time, or a price or an amount.
#[derive(Debug, Clone, JsonSchema, Serialize)]
#[serde(untagged)]
enum KlineItem {
    Number(u64),
    Decimal(String),
}

/// A candle as the array of twelve that clients expect.
pub(crate) fn kline(candle: &Candle, symbol: &Symbol) -> Kline {
    let number = KlineItem::Number;
    let price = |price| KlineItem::Decimal(symbol.price(price));
    let volume = |volume| KlineItem::Decimal(symbol.volume(volume));
    let quote = |notional| KlineItem::Decimal(symbol.notional(notional));
    Kline([
        number(candle.open_time.millis()),
        price(candle.open),
        price(candle.high),
        price(candle.low),
        price(candle.close),
        volume(candle.volume),
        number(close_time(candle)),
        quote(candle.quote_volume),
        number(candle.trade_count),
        volume(candle.taker_buy_volume),
        quote(candle.taker_buy_quote_volume),
        KlineItem::Decimal("0".into()),
    ])
}
