//! The recording that is checked in: a replay that everybody can repeat, to the last bit.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use examples::{Recording, decimal, run};
use marketdata_core::{Candle, CandleSeries, Interval};
use orderbook_core::Timestamp;
use rust_decimal::Decimal;
use ruzstd::decoding::StreamingDecoder;

fn path() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    folder.join("data/binance_spot_btcusdt_20240808_trades.csv.zst")
}

/// A candle, computed without any of the code under test.
#[derive(Debug, Clone, PartialEq)]
struct Naive {
    open: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    volume: Decimal,
    taker_buy_volume: Decimal,
    count: u64,
}

/// By minutes from the epoch to where the interval begins.
fn naive_candles(minutes: u64) -> anyhow::Result<BTreeMap<u64, Naive>> {
    let mut text = String::new();
    StreamingDecoder::new(File::open(path())?)?.read_to_string(&mut text)?;
    let mut candles: BTreeMap<u64, Naive> = BTreeMap::new();
    for row in text.lines().skip(1) {
        let row: Vec<&str> = row.split(',').collect();
        let minute = row[1].parse::<u64>()? / 60_000;
        let bucket = minute - minute % minutes;
        let (price, quantity): (Decimal, Decimal) = (row[2].parse()?, row[3].parse()?);
        let candle = candles.entry(bucket).or_insert_with(|| Naive {
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Decimal::ZERO,
            taker_buy_volume: Decimal::ZERO,
            count: 0,
        });
        candle.high = candle.high.max(price);
        candle.low = candle.low.min(price);
        candle.close = price;
        candle.volume += quantity;
        if row[4] == "false" {
            candle.taker_buy_volume += quantity;
        }
        candle.count += 1;
    }
    Ok(candles)
}

#[test]
fn the_candles_are_the_sums_of_the_trades() -> anyhow::Result<()> {
    let recording = Recording::open(&path())?;
    let messages = u64::try_from(recording.len())?;
    let mut series: Vec<(Interval, Vec<Candle>)> = Vec::new();
    run(&recording, |replay, count| {
        if count == messages {
            series.extend(Interval::STANDARD.map(|interval| {
                let series = replay.market_data().candles(interval);
                let candles = series.iter().flat_map(CandleSeries::candles);
                (interval, candles.collect())
            }));
        }
    })?;
    let instrument = recording.pair().instrument();
    let (tick, lot) = (instrument.tick_size(), instrument.lot_size());
    for (interval, candles) in series {
        let length = interval.close_time(Timestamp::new(0));
        let expected = naive_candles(length.get() / 60_000_000)?;
        let mut found = BTreeMap::new();
        for candle in &candles {
            let price = |price: orderbook_core::Price| decimal(price.get().into(), tick).parse();
            let naive = Naive {
                open: price(candle.open)?,
                high: price(candle.high)?,
                low: price(candle.low)?,
                close: price(candle.close)?,
                volume: decimal(candle.volume.get().try_into()?, lot).parse()?,
                taker_buy_volume: decimal(candle.taker_buy_volume.get().try_into()?, lot)
                    .parse()?,
                count: candle.trade_count,
            };
            found.insert(candle.open_time.get() / 60_000_000, naive);
        }
        assert_eq!(found, expected, "{interval}");
        assert_eq!(found.len(), candles.len(), "{interval}");
    }
    Ok(())
}

/// A change of this hash is a change of behaviour, or of the format of snapshots.
#[test]
fn the_state_is_the_same_everywhere() -> anyhow::Result<()> {
    let recording = Recording::open(&path())?;
    let summary = run(&recording, |_, _| ())?;
    assert_eq!(summary.messages, 19_904);
    assert_eq!(summary.accepted, 2 * 19_904);
    assert!(summary.refused.is_empty(), "{:?}", summary.refused);
    assert_eq!(summary.trades, 19_904);
    assert_eq!(summary.base_volume(), "437.91552");
    assert_eq!(summary.quote_volume(), "27006929.5910348");
    assert_eq!(
        summary.state_hash.to_string(),
        "f49956c79df2544502368b75fa3b02703af8ae2a32924668635082bb393d9134"
    );
    assert!(
        summary
            .comparisons
            .iter()
            .all(|found| found.equal == found.of)
    );
    Ok(())
}
