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

#[cfg(test)]
mod tests {
    use marketdata_core::{CandleEvent, Candles, Volume};
    use orderbook_core::{Notional, Price, Quantity, Side, TradeId};
    use proptest::prelude::*;

    use super::*;

    const MINUTE: u64 = 60_000_000;

    #[test]
    fn windows_are_named_in_one_way() {
        for (name, minutes) in [
            ("1m", 1),
            ("59m", 59),
            ("1h", 60),
            ("23h", 1_380),
            ("7d", 10_080),
        ] {
            assert_eq!(named(name).map(Window::micros), Some(minutes * MINUTE));
        }
        for name in [
            "", "m", "0m", "60m", "24h", "8d", "01m", "+1m", "1s", "1w", "1M", "1é", "é",
        ] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    /// What the parts of a window hold.
    fn since(candles: &Candles, begin: Timestamp) -> Option<Candle> {
        let hour = first_hour(begin);
        let between = |interval, from, to| {
            let series = candles.get(interval).expect("asked for");
            let within = |candle: &Candle| (from..to).contains(&candle.open_time);
            series.candles().filter(within).collect::<Vec<_>>()
        };
        let minutes = between(Interval::ONE_MINUTE, begin, hour);
        let hours = between(Interval::ONE_HOUR, hour, Timestamp::new(u64::MAX));
        sum(minutes.into_iter().chain(hours))
    }

    proptest! {
        #[test]
        fn a_window_holds_every_trade_from_its_minute_on(
            trades in prop::collection::vec((0_u64..90 * MINUTE, 1_i64..50, 1_u64..9), 1..60),
            window in 1_u64..300,
        ) {
            let mut candles = Candles::new(&[Interval::ONE_MINUTE, Interval::ONE_HOUR], usize::MAX);
            let mut time = 0;
            let mut all = Vec::new();
            for (id, (pause, price, quantity)) in (1..).zip(trades) {
                // Most come in bursts.
                time += if id % 3 == 0 { pause } else { pause % (MINUTE / 2) };
                let trade = PublicTrade {
                    id: TradeId::new(id),
                    time: Timestamp::new(time),
                    price: Price::new(price),
                    quantity: Quantity::new(quantity),
                    taker_side: Side::Buy,
                };
                candles.apply::<CandleEvent>(&trade, &mut Vec::new()).expect("a trade");
                all.push(trade);
            }
            let window = Window::of_micros(window * MINUTE).expect("not zero");
            let begin = begin_of(window, Timestamp::new(time));
            let last = all.last().copied();
            all.retain(|trade| begin <= trade.time);
            let stats = stats(since(&candles, begin), last.as_ref());
            let prices = || all.iter().map(|trade| trade.price);
            prop_assert_eq!(stats.open, prices().next());
            prop_assert_eq!(stats.last, prices().next_back());
            prop_assert_eq!((stats.high, stats.low), (prices().max(), prices().min()));
            let volume: u64 = all.iter().map(|trade| trade.quantity.get()).sum();
            prop_assert_eq!(stats.volume, Volume::new(volume.into()));
            let paid: i128 = all.iter().map(|trade| trade.notional().get()).sum();
            prop_assert_eq!(stats.quote_volume, Notional::new(paid));
            prop_assert_eq!(stats.trade_count, all.len() as u64);
            prop_assert_eq!(stats.first_trade_id, all.first().map(|trade| trade.id));
            prop_assert_eq!(stats.last_trade_id, all.last().map(|trade| trade.id));
        }
    }
}
