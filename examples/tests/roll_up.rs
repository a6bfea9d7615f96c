//! Candles of one interval, added up, are the published candles of the next.

mod recordings;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use marketdata_core::Interval;
use orderbook_core::Timestamp;
use rust_decimal::Decimal;
use ruzstd::decoding::StreamingDecoder;

#[derive(Debug, Clone, PartialEq)]
struct Row {
    prices: [Decimal; 4],
    volume: Decimal,
    /// Quote volume and number of trades, which some of the files do not have.
    more: Option<(Decimal, u64)>,
}

/// By open time.
fn rows(path: &Path) -> anyhow::Result<BTreeMap<Timestamp, Row>> {
    let mut text = String::new();
    StreamingDecoder::new(File::open(path)?)?.read_to_string(&mut text)?;
    let mut rows = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |column: usize| {
            let text = fields[column];
            text.parse().or_else(|_| Decimal::from_scientific(text))
        };
        let row = Row {
            prices: [number(1)?, number(2)?, number(3)?, number(4)?],
            volume: number(5)?,
            more: if fields.len() > 7 {
                Some((number(6)?, fields[7].parse()?))
            } else {
                None
            },
        };
        rows.insert(Timestamp::from_millis(fields[0].parse()?), row);
    }
    Ok(rows)
}

/// The candles of `interval` of which all parts are there.
fn rolled_up(
    parts: &BTreeMap<Timestamp, Row>,
    part: Interval,
    interval: Interval,
) -> BTreeMap<Timestamp, Row> {
    let mut rolled: BTreeMap<Timestamp, (u64, Row)> = BTreeMap::new();
    for (time, row) in parts {
        let open_time = interval.open_time(*time);
        match rolled.get_mut(&open_time) {
            None => {
                rolled.insert(open_time, (1, row.clone()));
            }
            Some((count, sum)) => {
                *count += 1;
                let [_, high, low, close] = &mut sum.prices;
                *high = row.prices[1].max(*high);
                *low = row.prices[2].min(*low);
                *close = row.prices[3];
                sum.volume += row.volume;
                sum.more = sum.more.zip(row.more).map(|(a, b)| (a.0 + b.0, a.1 + b.1));
            }
        }
    }
    let complete = interval.micros() / part.micros();
    rolled
        .into_iter()
        .filter(|(_, (count, _))| *count == complete)
        .map(|(open_time, (_, row))| (open_time, row))
        .collect()
}

/// Some of the files went through a float: volumes are good for five decimals, quote volumes for
/// two. Only what both have is compared.
fn comparable(row: &Row, with: &Row) -> ([Decimal; 4], Decimal, Option<(Decimal, u64)>) {
    let more = row.more.filter(|_| with.more.is_some());
    let more = more.map(|(quote, count)| (quote.round_dp(2), count));
    (row.prices, row.volume.round_dp(5), more)
}

#[test]
fn shorter_candles_add_up_to_the_longer_ones() -> anyhow::Result<()> {
    use Interval::{FifteenMinutes, FourHours, OneDay, OneHour, OneMinute};

    let Some(folder) = recordings::recording("klines_binance_spot_btcusdt") else {
        return Ok(());
    };
    let files = [
        (OneMinute, "1m_2024-12.csv.zst"),
        (FifteenMinutes, "15m_2024.csv.zst"),
        (OneHour, "1h_2023_2024.csv.zst"),
        (FourHours, "4h_2024-10-31_2025-04-15.csv.zst"),
        (OneDay, "1d_2023-04_2025-04.csv.zst"),
    ];
    let mut published = BTreeMap::new();
    for (interval, file) in files {
        published.insert(interval, rows(&folder.join(file))?);
    }
    // How many intervals both files cover.
    let cases = [
        (OneMinute, FifteenMinutes, 2_784),
        (OneMinute, OneHour, 696),
        (OneMinute, FourHours, 173),
        (OneMinute, OneDay, 28),
        (FifteenMinutes, OneHour, 8_736),
        (FifteenMinutes, FourHours, 359),
        (FifteenMinutes, OneDay, 363),
        (OneHour, FourHours, 486),
        (OneHour, OneDay, 645),
    ];
    for (part, interval, count) in cases {
        let mut equal = 0;
        for (open_time, rolled) in rolled_up(&published[&part], part, interval) {
            if let Some(row) = published[&interval].get(&open_time) {
                assert_eq!(
                    comparable(&rolled, row),
                    comparable(row, &rolled),
                    "{part} to {interval} at {open_time}"
                );
                equal += 1;
            }
        }
        assert_eq!(equal, count, "{part} to {interval}");
    }
    Ok(())
}
