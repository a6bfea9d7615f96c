//! The events of the public streams, as text.

use marketdata_core::{AggregateTrade, Candle, DepthDiff, Interval, PublicTrade, Quote, Ticker};
use orderbook_core::{Side, Timestamp};
use serde::Serialize;

use crate::api::market::{
    BookTicker, PriceLevel, TickerTexts, close_time, levels, trade_id, window_begin,
};
use crate::api::symbols::Symbol;

fn text(event: &impl Serialize) -> String {
    serde_json::to_string(event).expect("plain data always encodes")
}

#[derive(Serialize)]
struct Trade<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    t: u64,
    p: String,
    q: String,
    #[serde(rename = "T")]
    time: u64,
    m: bool,
    #[serde(rename = "M")]
    is_best_match: bool,
}

pub(crate) fn trade(trade: &PublicTrade, symbol: &Symbol) -> String {
    text(&Trade {
        e: "trade",
        event_time: trade.time.millis(),
        s: symbol.name(),
        t: trade.id.get(),
        p: symbol.price(trade.price),
        q: symbol.quantity(trade.quantity),
        time: trade.time.millis(),
        m: trade.taker_side == Side::Sell,
        is_best_match: true,
    })
}

#[derive(Serialize)]
struct Aggregate<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    a: u64,
    p: String,
    q: String,
    f: u64,
    l: u64,
    #[serde(rename = "T")]
    time: u64,
    m: bool,
    #[serde(rename = "M")]
    is_best_match: bool,
}

pub(crate) fn aggregate_trade(trade: &AggregateTrade, symbol: &Symbol) -> String {
    let first = trade.first_trade_id.get();
    text(&Aggregate {
        e: "aggTrade",
        event_time: trade.time.millis(),
        s: symbol.name(),
        a: first,
        p: symbol.price(trade.price),
        q: symbol.quantity(trade.quantity),
        f: first,
        l: trade.last_trade_id.get(),
        time: trade.time.millis(),
        m: trade.taker_side == Side::Sell,
        is_best_match: true,
    })
}

#[derive(Serialize)]
struct Kline<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    k: KlineCandle<'a>,
}

#[derive(Serialize)]
struct KlineCandle<'a> {
    t: u64,
    #[serde(rename = "T")]
    close_time: u64,
    s: &'a str,
    i: String,
    f: i64,
    #[serde(rename = "L")]
    last_trade_id: i64,
    o: String,
    c: String,
    h: String,
    l: String,
    v: String,
    n: u64,
    x: bool,
    q: String,
    #[serde(rename = "V")]
    taker_buy_volume: String,
    #[serde(rename = "Q")]
    taker_buy_quote_volume: String,
    #[serde(rename = "B")]
    ignored: &'static str,
}

pub(crate) fn kline(
    candle: &Candle,
    interval: Interval,
    closed: bool,
    now: Timestamp,
    symbol: &Symbol,
) -> String {
    text(&Kline {
        e: "kline",
        event_time: now.millis(),
        s: symbol.name(),
        k: KlineCandle {
            t: candle.open_time.millis(),
            close_time: close_time(candle),
            s: symbol.name(),
            i: interval.to_string(),
            f: trade_id(candle.first_trade_id),
            last_trade_id: trade_id(candle.last_trade_id),
            o: symbol.price(candle.open),
            c: symbol.price(candle.close),
            h: symbol.price(candle.high),
            l: symbol.price(candle.low),
            v: symbol.volume(candle.volume),
            n: candle.trade_count,
            x: closed,
            q: symbol.notional(candle.quote_volume),
            taker_buy_volume: symbol.volume(candle.taker_buy_volume),
            taker_buy_quote_volume: symbol.notional(candle.taker_buy_quote_volume),
            ignored: "0",
        },
    })
}

#[derive(Serialize)]
struct DepthUpdate<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    #[serde(rename = "U")]
    first_update_id: u64,
    u: u64,
    b: Vec<PriceLevel>,
    a: Vec<PriceLevel>,
}

pub(crate) fn depth(diff: &DepthDiff, now: Timestamp, symbol: &Symbol) -> String {
    text(&DepthUpdate {
        e: "depthUpdate",
        event_time: now.millis(),
        s: symbol.name(),
        first_update_id: diff.first_update_id,
        u: diff.last_update_id,
        b: levels(&diff.bids, symbol),
        a: levels(&diff.asks, symbol),
    })
}

/// The best levels look as they do in REST: no `e`, no symbol.
pub(crate) fn best_levels(depth: &crate::api::market::BookDepth) -> String {
    text(depth)
}

/// No `e`: clients tell this event by its absence.
#[derive(Serialize)]
struct BestPrices<'a> {
    u: u64,
    s: &'a str,
    b: String,
    #[serde(rename = "B")]
    bid_quantity: String,
    a: String,
    #[serde(rename = "A")]
    ask_quantity: String,
}

pub(crate) fn book_ticker(update_id: u64, quote: Quote, symbol: &Symbol) -> String {
    let book = BookTicker::new(quote, symbol);
    text(&BestPrices {
        u: update_id,
        s: symbol.name(),
        b: book.bid_price,
        bid_quantity: book.bid_qty,
        a: book.ask_price,
        ask_quantity: book.ask_qty,
    })
}

#[derive(Serialize)]
struct DayTicker<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    p: String,
    #[serde(rename = "P")]
    price_change_percent: String,
    w: String,
    x: String,
    c: String,
    #[serde(rename = "Q")]
    last_quantity: String,
    b: String,
    #[serde(rename = "B")]
    bid_quantity: String,
    a: String,
    #[serde(rename = "A")]
    ask_quantity: String,
    o: String,
    h: String,
    l: String,
    v: String,
    q: String,
    #[serde(rename = "O")]
    open_time: u64,
    #[serde(rename = "C")]
    close_time: u64,
    #[serde(rename = "F")]
    first_trade_id: i64,
    #[serde(rename = "L")]
    last_trade_id: i64,
    n: u64,
}

pub(crate) fn ticker(ticker: &Ticker, now: Timestamp, symbol: &Symbol) -> String {
    let texts = TickerTexts::new(&ticker.stats, symbol);
    let book = BookTicker::new(ticker.quote, symbol);
    text(&DayTicker {
        e: "24hrTicker",
        event_time: now.millis(),
        s: symbol.name(),
        p: texts.price_change,
        price_change_percent: texts.price_change_percent,
        w: texts.weighted_average,
        x: texts.previous_close,
        c: texts.last,
        last_quantity: texts.last_quantity,
        b: book.bid_price,
        bid_quantity: book.bid_qty,
        a: book.ask_price,
        ask_quantity: book.ask_qty,
        o: texts.open,
        h: texts.high,
        l: texts.low,
        v: texts.volume,
        q: texts.quote_volume,
        open_time: window_begin(ticker.window, now),
        close_time: now.millis(),
        first_trade_id: texts.first_id,
        last_trade_id: texts.last_id,
        n: texts.count,
    })
}

#[derive(Serialize)]
struct MiniTicker<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    c: String,
    o: String,
    h: String,
    l: String,
    v: String,
    q: String,
}

pub(crate) fn mini_ticker(ticker: &Ticker, now: Timestamp, symbol: &Symbol) -> String {
    let texts = TickerTexts::new(&ticker.stats, symbol);
    text(&MiniTicker {
        e: "24hrMiniTicker",
        event_time: now.millis(),
        s: symbol.name(),
        c: texts.last,
        o: texts.open,
        h: texts.high,
        l: texts.low,
        v: texts.volume,
        q: texts.quote_volume,
    })
}

/// Several events as one.
pub(crate) fn list(events: &[String]) -> String {
    format!("[{}]", events.join(","))
}
