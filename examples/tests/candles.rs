//! The trades of Binance go in, and the candles that Binance published come out.

mod recordings;

use std::fs;

use examples::{Pair, Recording, decimal, run, utc};
use marketdata_core::{Candle, Interval};
use orderbook_core::Step;
use rust_decimal::Decimal;

/// All candles of an interval after the replay of a recording.
fn candles_of(
    recording: &Recording,
    interval: Interval,
) -> anyhow::Result<impl Fn(&str) -> Option<Candle>> {
    let mut candles: Vec<Candle> = Vec::new();
    let messages = u64::try_from(recording.len())?;
    run(recording, |replay, count| {
        if count == messages {
            candles.extend(replay.market_data().candles(interval).candles());
        }
    })?;
    Ok(move |open_time: &str| {
        let mut candles = candles.iter().copied();
        candles.find(|candle| utc(candle.open_time) == open_time)
    })
}

/// Open, high, low, close, volume, quote volume, taker-buy volume, taker-buy quote volume.
fn numbers(pair: &Pair, candle: &Candle) -> anyhow::Result<[Decimal; 8]> {
    let (tick, lot) = (pair.instrument().tick_size(), pair.instrument().lot_size());
    let tick_lot = Step::new(tick.mantissa() * lot.mantissa(), tick.scale() + lot.scale())?;
    let price = |price: orderbook_core::Price| decimal(i128::from(price.get()), tick).parse();
    Ok([
        price(candle.open)?,
        price(candle.high)?,
        price(candle.low)?,
        price(candle.close)?,
        decimal(i128::try_from(candle.volume.get())?, lot).parse()?,
        decimal(candle.quote_volume.get(), tick_lot).parse()?,
        decimal(i128::try_from(candle.taker_buy_volume.get())?, lot).parse()?,
        decimal(candle.taker_buy_quote_volume.get(), tick_lot).parse()?,
    ])
}

#[test]
fn futures_minutes_are_those_of_the_venue() -> anyhow::Result<()> {
    let Some(folder) = recordings::recording("binance_20240808") else {
        return Ok(());
    };
    let recording = Recording::open(&folder.join("usdm_btcusdt_trades.csv.zst"))?;
    let candle_at = candles_of(&recording, Interval::OneMinute)?;
    let mut equal = 0;
    for row in fs::read_to_string(folder.join("usdm_btcusdt_klines_1m.csv"))?
        .lines()
        .skip(1)
    {
        let row: Vec<&str> = row.split(',').collect();
        let open_time = utc(orderbook_core::Timestamp::from_millis(row[0].parse()?));
        // The recording of trades begins in the one and ends before the other.
        if ["2024-08-08 23:54:00", "2024-08-09 00:00:00"].contains(&open_time.as_str()) {
            continue;
        }
        let candle = candle_at(&open_time).expect(&open_time);
        let mut published = [Decimal::ZERO; 8];
        for (number, column) in published.iter_mut().zip([1, 2, 3, 4, 5, 7, 9, 10]) {
            *number = row[column].parse()?;
        }
        assert_eq!(
            numbers(recording.pair(), &candle)?,
            published,
            "{open_time}"
        );
        assert_eq!(candle.trade_count, row[8].parse::<u64>()?, "{open_time}");
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
    let recording = Recording::open(&folder.join("spot_btcusdt_trades.csv.zst"))?;
    let candle_at = candles_of(&recording, Interval::FiveMinutes)?;
    let mut equal = 0;
    for row in fs::read_to_string(folder.join("spot_btcusdt_klines_5m.csv"))?
        .lines()
        .skip(1)
    {
        let row: Vec<&str> = row.split(',').collect();
        // The recording of trades covers only these two from beginning to end.
        if !["2024-08-08 23:55:00", "2024-08-09 00:00:00"].contains(&row[0]) {
            continue;
        }
        let candle = candle_at(row[0]).expect(row[0]);
        let mut published = [Decimal::ZERO; 5];
        for (number, column) in published.iter_mut().zip(1..) {
            *number = row[column].parse()?;
        }
        assert_eq!(
            numbers(recording.pair(), &candle)?[..5],
            published,
            "{}",
            row[0]
        );
        equal += 1;
    }
    assert_eq!(equal, 2);
    Ok(())
}
