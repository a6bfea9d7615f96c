//! Candles of recorded trades, for people and for spreadsheets.
//!
//! Every number is exact decimal text, every time UTC.

use std::fmt::Write;

use marketdata_core::{Candle, Interval};

use crate::{Pair, utc};

/// The titles above [`row`]s.
pub const HEADER: &str =
    "candles   open (UTC)             open       high        low      close  volume (trades)";

/// One line for a candle, in the columns of [`HEADER`].
pub fn row(pair: &Pair, interval: Interval, candle: &Candle) -> String {
    format!(
        "{interval:<9} {} {:>10} {:>10} {:>10} {:>10}  {} ({})",
        utc(candle.open_time),
        pair.price(candle.open),
        pair.price(candle.high),
        pair.price(candle.low),
        pair.price(candle.close),
        pair.volume(candle.volume.get()),
        candle.trade_count,
    )
}

/// Candles as a CSV in the columns that Binance publishes them in. Times are milliseconds since the
/// Unix epoch; `close_time_ms` is the last one that belongs to the candle.
pub fn csv(pair: &Pair, candles: &[Candle]) -> String {
    let mut csv = String::from(
        "open_time_ms,open,high,low,close,volume,close_time_ms,quote_volume,count,\
         taker_buy_volume,taker_buy_quote_volume\n",
    );
    for candle in candles {
        let columns = [
            (candle.open_time.get() / 1_000).to_string(),
            pair.price(candle.open),
            pair.price(candle.high),
            pair.price(candle.low),
            pair.price(candle.close),
            pair.volume(candle.volume.get()),
            (candle.close_time.get().saturating_sub(1) / 1_000).to_string(),
            pair.quote_volume(candle.quote_volume.get()),
            candle.trade_count.to_string(),
            pair.volume(candle.taker_buy_volume.get()),
            pair.quote_volume(candle.taker_buy_quote_volume.get()),
        ];
        // Writing to a string cannot fail.
        let _ = writeln!(csv, "{}", columns.join(","));
    }
    csv
}
