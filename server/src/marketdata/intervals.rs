//! The intervals that candles are asked for, and what they are made of.
//!
//! Six intervals are folded and stored; each of the others is made of the longest of these that divides
//! it, exactly. There are no candles of a second: nothing as short is stored, and what is too large to
//! be answered from the trades is not answered at all.

use marketdata_core::{Candle, CandleSeries, Interval, MarketData};
use orderbook_core::Timestamp;

/// Every interval that there are candles of, shortest first.
pub(crate) const INTERVALS: [Interval; 15] = [
    Interval::ONE_MINUTE,
    Interval::THREE_MINUTES,
    Interval::FIVE_MINUTES,
    Interval::FIFTEEN_MINUTES,
    Interval::THIRTY_MINUTES,
    Interval::ONE_HOUR,
    Interval::TWO_HOURS,
    Interval::FOUR_HOURS,
    Interval::SIX_HOURS,
    Interval::EIGHT_HOURS,
    Interval::TWELVE_HOURS,
    Interval::ONE_DAY,
    Interval::THREE_DAYS,
    Interval::ONE_WEEK,
    Interval::ONE_MONTH,
];

/// The most candles that one of a longer interval is made of: the days of a month.
pub(super) const MOST_PARTS: usize = 31;

/// The interval of which there are candles under that name.
pub(super) fn named(name: &str) -> Option<Interval> {
    // An hour may be written in minutes, but not here.
    INTERVALS
        .into_iter()
        .find(|interval| interval.to_string() == name)
}

/// The intervals that are not folded themselves.
pub(super) fn derived() -> impl Iterator<Item = Interval> {
    INTERVALS
        .into_iter()
        .filter(|interval| !Interval::STANDARD.contains(interval))
}

/// The interval whose candles make up those of this one; itself, where it is folded.
pub(super) fn source(interval: Interval) -> Interval {
    let mut longest_first = Interval::STANDARD.into_iter().rev();
    longest_first
        .find(|standard| standard.divides(interval))
        .unwrap_or(Interval::ONE_MINUTE)
}

/// The candles that those of an interval are made of.
pub(super) fn parts(market: &MarketData, interval: Interval) -> Option<CandleSeries<'_>> {
    market.candles(source(interval))
}

/// The candle of an interval that a time is in, where anything traded in it and all of it is known.
pub(super) fn candle_at(
    market: &MarketData,
    interval: Interval,
    time: Timestamp,
) -> Option<Candle> {
    parts(market, interval)?.within(interval, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interval_is_made_of_the_longest_that_divides_it() {
        let sources = derived().map(|interval| format!("{interval} of {}", source(interval)));
        let expected = [
            "3m of 1m",
            "30m of 15m",
            "2h of 1h",
            "6h of 1h",
            "8h of 4h",
            "12h of 4h",
            "3d of 1d",
            "1w of 1d",
            "1M of 1d",
        ];
        assert_eq!(sources.collect::<Vec<_>>(), expected);
        for interval in Interval::STANDARD {
            assert_eq!(source(interval), interval);
        }
        assert!(INTERVALS.is_sorted());
    }

    #[test]
    fn intervals_have_one_name_each() {
        for interval in INTERVALS {
            assert_eq!(named(&interval.to_string()), Some(interval));
        }
        for name in ["1s", "60m", "24h", "7d", "1Y", "1D", "", "2m"] {
            assert_eq!(named(name), None, "{name}");
        }
    }
}
