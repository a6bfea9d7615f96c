//! WebSocket messages: stream names and events.

use std::fmt;

use marketdata_core::{Candle, DepthDiff, Interval, PublicTrade, Quote, Ticker};
use orderbook_core::{Side, Timestamp};
use serde_json::{Value, json};

use super::market::{BookTicker, TickerTexts, begin, close_time, levels};
use super::symbols::Symbol;

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// Each trade.
    Trade,
    /// The running candle of an interval.
    Kline(Interval),
    /// Changed levels, conflated over a second.
    Depth,
    /// Changed levels, conflated over a tenth of a second.
    FastDepth,
    /// The rolling 24 hours.
    Ticker,
    /// Each change of the best bid or ask.
    BookTicker,
}

impl Topic {
    /// The topics there are, each with one stream per symbol.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let others = [
            Self::Trade,
            Self::Depth,
            Self::FastDepth,
            Self::Ticker,
            Self::BookTicker,
        ];
        others
            .into_iter()
            .chain(Interval::STANDARD.map(Self::Kline))
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trade => f.write_str("trade"),
            Self::Kline(interval) => write!(f, "kline_{interval}"),
            Self::Depth => f.write_str("depth"),
            Self::FastDepth => f.write_str("depth@100ms"),
            Self::Ticker => f.write_str("ticker"),
            Self::BookTicker => f.write_str("bookTicker"),
        }
    }
}

/// The name of a stream, for example `btcusdt@trade`.
pub(crate) fn stream_name(symbol: &Symbol, topic: Topic) -> String {
    format!("{}@{topic}", symbol.name().to_ascii_lowercase())
}

pub(crate) fn trade(trade: &PublicTrade, symbol: &Symbol) -> Value {
    json!({
        "e": "trade",
        "E": trade.time.millis(),
        "s": symbol.name(),
        "t": trade.id.get(),
        "p": symbol.price(trade.price),
        "q": symbol.quantity(trade.quantity),
        "T": trade.time.millis(),
        "m": trade.taker_side == Side::Sell,
        "M": true,
    })
}

pub(crate) fn kline(
    candle: &Candle,
    interval: Interval,
    closed: bool,
    event_time: u64,
    symbol: &Symbol,
) -> Value {
    // -1 is how clients are told that there was no trade.
    let id = |id: Option<orderbook_core::TradeId>| id.map_or(-1, |id| id.get().cast_signed());
    json!({
        "e": "kline",
        "E": event_time,
        "s": symbol.name(),
        "k": {
            "t": candle.open_time.millis(),
            "T": close_time(candle),
            "s": symbol.name(),
            "i": interval.to_string(),
            "f": id(candle.first_trade_id),
            "L": id(candle.last_trade_id),
            "o": symbol.price(candle.open),
            "c": symbol.price(candle.close),
            "h": symbol.price(candle.high),
            "l": symbol.price(candle.low),
            "v": symbol.volume(candle.volume),
            "n": candle.trade_count,
            "x": closed,
            "q": symbol.notional(candle.quote_volume),
            "V": symbol.volume(candle.taker_buy_volume),
            "Q": symbol.notional(candle.taker_buy_quote_volume),
            "B": "0",
        },
    })
}

pub(crate) fn depth(diff: &DepthDiff, event_time: u64, symbol: &Symbol) -> Value {
    json!({
        "e": "depthUpdate",
        "E": event_time,
        "s": symbol.name(),
        "U": diff.first_update_id,
        "u": diff.last_update_id,
        "b": levels(&diff.bids, symbol),
        "a": levels(&diff.asks, symbol),
    })
}

pub(crate) fn book_ticker(update_id: u64, quote: Quote, symbol: &Symbol) -> Value {
    let book = BookTicker::new(quote, symbol);
    // No `e`: clients tell this event by its absence.
    json!({
        "u": update_id,
        "s": symbol.name(),
        "b": book.bid_price,
        "B": book.bid_qty,
        "a": book.ask_price,
        "A": book.ask_qty,
    })
}

pub(crate) fn ticker(ticker: &Ticker, now: Timestamp, symbol: &Symbol) -> Value {
    let texts = TickerTexts::new(&ticker.stats, symbol);
    let book = BookTicker::new(ticker.quote, symbol);
    json!({
        "e": "24hrTicker",
        "E": now.millis(),
        "s": symbol.name(),
        "p": texts.price_change,
        "P": texts.price_change_percent,
        "w": texts.weighted_average,
        "x": texts.previous_close,
        "c": texts.last,
        "Q": texts.last_quantity,
        "b": book.bid_price,
        "B": book.bid_qty,
        "a": book.ask_price,
        "A": book.ask_qty,
        "o": texts.open,
        "h": texts.high,
        "l": texts.low,
        "v": texts.volume,
        "q": texts.quote_volume,
        "O": begin(ticker, now),
        "C": now.millis(),
        "F": texts.first_id,
        "L": texts.last_id,
        "n": texts.count,
    })
}
