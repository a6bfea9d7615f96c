//! What traded since some minute: windows of any size, added up from candles.
//!
//! A window begins with a minute, so it is up to a minute longer than it is called. Until the first
//! full hour it is made of candles of a minute, from there on of candles of an hour: a week takes no
//! more than 59 and 168 of them.

use marketdata_core::{Candle, Interval, PublicTrade, TickerStats, Window};
use orderbook_core::Timestamp;

use super::history;
use crate::api::symbols::Symbol;
use crate::error::ApiError;
use crate::gateway::App;

/// The window of that name: 1 to 59 minutes, 1 to 23 hours, 1 to 7 days.
pub(super) fn named(name: &str) -> Option<Window> {
    let (number, unit) = name.split_at_checked(name.len().checked_sub(1)?)?;
    let most = match unit {
        "m" => 59,
        "h" => 23,
        "d" => 7,
        _ => return None,
    };
    let is_known = number
        .parse()
        .is_ok_and(|number| (1..=most).contains(&number));
    // Numbers are written in one way only.
    name.parse()
        .ok()
        .filter(|_| is_known && !number.starts_with(['0', '+']))
}

/// The beginning of the minute that a window begins in.
pub(super) fn begin_of(window: Window, now: Timestamp) -> Timestamp {
    let begin = now.get().saturating_sub(window.micros());
    Interval::ONE_MINUTE.open_time(Timestamp::new(begin))
}

/// Everything that traded from the beginning of a minute on, as one candle; `None` where that is
/// nothing.
pub(super) async fn stats_since(
    app: &App,
    symbol: &Symbol,
    begin: Timestamp,
) -> Result<Option<Candle>, ApiError> {
    let hour = first_hour(begin);
    let never = Timestamp::new(u64::MAX);
    let minutes = history::candles_between(app, symbol, Interval::ONE_MINUTE, (begin, hour));
    let minutes = minutes.await?;
    let hours = history::candles_between(app, symbol, Interval::ONE_HOUR, (hour, never));
    Ok(sum(minutes.into_iter().chain(hours.await?)))
}

/// The first full hour from a time on.
fn first_hour(time: Timestamp) -> Timestamp {
    match Interval::ONE_HOUR.open_time(time) {
        hour if hour == time => hour,
        _ => Interval::ONE_HOUR.close_time(time),
    }
}

/// The sum of candles.
fn sum(candles: impl Iterator<Item = Candle>) -> Option<Candle> {
    candles.reduce(|sum, candle| sum.plus(&candle))
}

/// What a ticker says of everything that traded in a while. Nothing is known of the time before.
pub(super) fn stats(candle: Option<Candle>, last: Option<&PublicTrade>) -> TickerStats {
    let last_price = last.map(|last| last.price);
    let stats = TickerStats {
        last: last_price,
        last_quantity: last.map(|last| last.quantity),
        ..TickerStats::default()
    };
    let Some(candle) = candle else {
        return stats;
    };
    TickerStats {
        open: Some(candle.open),
        high: Some(candle.high),
        low: Some(candle.low),
        // A later trade than the newest counted may have come meanwhile.
        last: Some(candle.close),
        volume: candle.volume,
        quote_volume: candle.quote_volume,
        trade_count: candle.trade_count,
        first_trade_id: candle.first_trade_id,
        last_trade_id: candle.last_trade_id,
        ..stats
    }
}
