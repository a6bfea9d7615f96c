//! Candles of one interval, added up, are the published candles of the next.

mod recordings;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use marketdata_core::{Candle, Interval, Volume};
use orderbook_core::{Notional, Price, Timestamp};
use rust_decimal::Decimal;
use ruzstd::decoding::StreamingDecoder;

/// By open time. What some of the files do not have, quote volumes and numbers of trades, is zero.
type Candles = BTreeMap<Timestamp, Candle>;

/// The published candles: prices in hundredths, volumes and quote volumes in hundred-millionths.
fn published(interval: Interval, path: &Path) -> anyhow::Result<Candles> {
    let mut text = String::new();
    StreamingDecoder::new(File::open(path)?)?.read_to_string(&mut text)?;
    let mut candles = Candles::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let units = |column: usize, decimals: u32| -> anyhow::Result<i128> {
            let text = fields[column];
            let number: Decimal = text.parse().or_else(|_| Decimal::from_scientific(text))?;
            let mut number = number.round_dp(decimals);
            number.rescale(decimals);
            Ok(number.mantissa())
        };
        let price = |column| anyhow::Ok(Price::new(units(column, 2)?.try_into()?));
        let time = Timestamp::from_millis(fields[0].parse()?);
        let mut candle = Candle {
            high: price(2)?,
            low: price(3)?,
            close: price(4)?,
            volume: Volume::new(units(5, 8)?.try_into()?),
            ..Candle::flat(interval, time, price(1)?)
        };
        if fields.len() > 7 {
            candle.quote_volume = Notional::new(units(6, 8)?);
            candle.trade_count = fields[7].parse()?;
        }
        assert_eq!(candle.open_time, time, "{interval}");
        candles.insert(time, candle);
    }
    Ok(candles)
}

/// The candles of `interval` of which all parts are there.
fn rolled_up(parts: &Candles, interval: Interval) -> Candles {
    let mut rolled: BTreeMap<Timestamp, (u64, Candle)> = BTreeMap::new();
    for part in parts.values() {
        let quiet = Candle::flat(interval, part.open_time, part.open);
        let (covered, candle) = rolled.entry(quiet.open_time).or_insert((0, quiet));
        *covered += part.close_time.get() - part.open_time.get();
        candle.merge(part);
    }
    rolled.retain(|_, (covered, candle)| {
        *covered == candle.close_time.get() - candle.open_time.get()
    });
    let candle = |(time, (_, candle))| (time, candle);
    rolled.into_iter().map(candle).collect()
}

/// Some of the files went through a float: volumes are good for five decimals, quote volumes for
/// two. Only what both have is compared.
fn comparable(candle: &Candle, with: &Candle) -> Candle {
    let (volume, quote_volume) = (candle.volume.get(), candle.quote_volume.get());
    let mut candle = *candle;
    candle.volume = Volume::new((volume + 500) / 1_000);
    candle.quote_volume = Notional::new((quote_volume + 500_000) / 1_000_000);
    if with.trade_count == 0 {
        candle.quote_volume = Notional::ZERO;
        candle.trade_count = 0;
    }
    candle
}

#[test]
fn shorter_candles_add_up_to_the_longer_ones() -> anyhow::Result<()> {
    const ONE_MINUTE: Interval = Interval::ONE_MINUTE;
    const FIFTEEN_MINUTES: Interval = Interval::FIFTEEN_MINUTES;
    const ONE_HOUR: Interval = Interval::ONE_HOUR;
    const FOUR_HOURS: Interval = Interval::FOUR_HOURS;
    const ONE_DAY: Interval = Interval::ONE_DAY;

    let Some(folder) = recordings::recording("klines_binance_spot_btcusdt") else {
        return Ok(());
    };
    let files = [
        (ONE_MINUTE, "1m_2024-12.csv.zst"),
        (FIFTEEN_MINUTES, "15m_2024.csv.zst"),
        (ONE_HOUR, "1h_2023_2024.csv.zst"),
        (FOUR_HOURS, "4h_2024-10-31_2025-04-15.csv.zst"),
        (ONE_DAY, "1d_2023-04_2025-04.csv.zst"),
    ];
    let mut candles = BTreeMap::new();
    for (interval, file) in files {
        candles.insert(interval, published(interval, &folder.join(file))?);
    }
    // How many intervals both files cover.
    let cases = [
        (ONE_MINUTE, FIFTEEN_MINUTES, 2_784),
        (ONE_MINUTE, ONE_HOUR, 696),
        (ONE_MINUTE, FOUR_HOURS, 173),
        (ONE_MINUTE, ONE_DAY, 28),
        (FIFTEEN_MINUTES, ONE_HOUR, 8_736),
        (FIFTEEN_MINUTES, FOUR_HOURS, 359),
        (FIFTEEN_MINUTES, ONE_DAY, 363),
        (ONE_HOUR, FOUR_HOURS, 486),
        (ONE_HOUR, ONE_DAY, 645),
    ];
    for (part, interval, count) in cases {
        assert!(part.divides(interval));
        let mut equal = 0;
        for (open_time, rolled) in rolled_up(&candles[&part], interval) {
            if let Some(candle) = candles[&interval].get(&open_time) {
                assert_eq!(
                    comparable(&rolled, candle),
                    comparable(candle, &rolled),
                    "{part} to {interval} at {open_time}"
                );
                equal += 1;
            }
        }
        assert_eq!(equal, count, "{part} to {interval}");
    }
    Ok(())
}
