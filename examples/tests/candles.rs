//! The trades of Binance go in, and the candles that Binance published come out: of the trades
//! alone, and of the trades as they are made in a whole exchange.

mod recordings;

use std::fs;
use std::path::Path;

use examples::trades::Trades;
use examples::{Pair, Recording, run};
use marketdata_core::{Candle, CandleEvent, Candles, Interval};
use orderbook_core::Timestamp;
use rust_decimal::Decimal;

/// All candles of an interval, folded from the trades.
fn folded(trades: &Trades, interval: Interval) -> anyhow::Result<Vec<Candle>> {
    let mut candles = Candles::new(&Interval::STANDARD, 1_000);
    let mut events: Vec<CandleEvent> = Vec::new();
    for trade in trades.trades() {
        candles.apply(trade, &mut events)?;
    }
    let series = candles.get(interval).expect("it is a standard one");
    let all: Vec<Candle> = series.candles().collect();
    // What was said on the way is what is there, but for the candle that is still open.
    let closed = events.iter().filter_map(|event| match event {
        CandleEvent::Closed {
            interval: of,
            candle,
        } if *of == interval => Some(*candle),
        _ => None,
    });
    assert!(
        closed.eq(all[..all.len() - 1].iter().copied()),
        "{interval}"
    );
    Ok(all)
}

/// The same after the replay through an exchange, whose ids of trades are its own.
fn replayed(path: &Path, interval: Interval) -> anyhow::Result<Vec<Candle>> {
    let recording = Recording::open(path)?;
    let mut candles = Vec::new();
    let messages = u64::try_from(recording.len())?;
    run(&recording, |replay, count| {
        if count == messages {
            let series = replay.market_data().candles(interval);
            candles.extend(series.expect("it is a standard one").candles());
        }
    })?;
    Ok(candles)
}

/// Without the ids of trades.
fn without_ids(candle: &Candle) -> Candle {
    Candle {
        first_trade_id: None,
        last_trade_id: None,
        ..*candle
    }
}

/// Open, high, low, close, volume, quote volume, taker-buy volume, taker-buy quote volume.
fn numbers(pair: &Pair, candle: &Candle) -> anyhow::Result<[Decimal; 8]> {
    Ok([
        pair.price(candle.open).parse()?,
        pair.price(candle.high).parse()?,
        pair.price(candle.low).parse()?,
        pair.price(candle.close).parse()?,
        pair.volume(candle.volume.get()).parse()?,
        pair.quote_volume(candle.quote_volume.get()).parse()?,
        pair.volume(candle.taker_buy_volume.get()).parse()?,
        pair.quote_volume(candle.taker_buy_quote_volume.get())
            .parse()?,
    ])
}

/// The candles of a recording of trades, by either way the same.
fn candles_of(path: &Path, interval: Interval) -> anyhow::Result<(Trades, Vec<Candle>)> {
    let trades = Trades::open(path)?;
    let candles = folded(&trades, interval)?;
    let same = replayed(path, interval)?;
    assert!(
        candles
            .iter()
            .map(without_ids)
            .eq(same.iter().map(without_ids)),
        "{interval}"
    );
    Ok((trades, candles))
}

#[test]
fn futures_minutes_are_those_of_the_venue() -> anyhow::Result<()> {
    let Some(folder) = recordings::recording("binance_20240808") else {
        return Ok(());
    };
    let path = folder.join("usdm_btcusdt_trades.csv.zst");
    let (trades, candles) = candles_of(&path, Interval::ONE_MINUTE)?;
    let published = fs::read_to_string(folder.join("usdm_btcusdt_klines_1m.csv"))?;
    let mut equal = 0;
    for row in published.lines().skip(1) {
        let row: Vec<&str> = row.split(',').collect();
        let open_time = Timestamp::from_millis(row[0].parse()?);
        let candle = candles.iter().find(|candle| candle.open_time == open_time);
        // The recording of trades begins in the first of them and ends before the last.
        let is_part = candle.is_none_or(|candle| candle == &candles[0]);
        let Some(candle) = candle.filter(|_| !is_part) else {
            continue;
        };
        let mut expected = [Decimal::ZERO; 8];
        for (number, column) in expected.iter_mut().zip([1, 2, 3, 4, 5, 7, 9, 10]) {
            *number = row[column].parse()?;
        }
        assert_eq!(numbers(trades.pair(), candle)?, expected, "{open_time}");
        assert_eq!(candle.trade_count, row[8].parse::<u64>()?, "{open_time}");
        let close_time = 1_000 * (row[6].parse::<u64>()? + 1);
        assert_eq!(candle.close_time, Timestamp::new(close_time), "{open_time}");
        equal += 1;
    }
    assert_eq!(equal, 5);
    Ok(())
}

#[test]
fn spot_five_minutes_are_those_of_the_venue() -> anyhow::Result<()> {
    let Some(folder) = recordings::recording("binance_20240808") else {
        return Ok(());
    };
    let path = folder.join("spot_btcusdt_trades.csv.zst");
    let (trades, candles) = candles_of(&path, Interval::FIVE_MINUTES)?;
    let published = fs::read_to_string(folder.join("spot_btcusdt_klines_5m.csv"))?;
    let mut equal = 0;
    for row in published.lines().skip(1) {
        let row: Vec<&str> = row.split(',').collect();
        // The recording of trades covers only these two from beginning to end.
        if !["2024-08-08 23:55:00", "2024-08-09 00:00:00"].contains(&row[0]) {
            continue;
        }
        let at = |candle: &&Candle| examples::utc(candle.open_time) == row[0];
        let candle = candles.iter().find(at).expect(row[0]);
        let mut expected = [Decimal::ZERO; 5];
        for (number, column) in expected.iter_mut().zip(1..) {
            *number = row[column].parse()?;
        }
        let found = numbers(trades.pair(), candle)?;
        assert_eq!(found[..5], expected, "{}", row[0]);
        equal += 1;
    }
    assert_eq!(equal, 2);
    Ok(())
}
