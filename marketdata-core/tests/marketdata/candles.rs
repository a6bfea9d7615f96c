//! Candles by eye, and against recomputation from the list of trades.

use std::collections::BTreeMap;

use marketdata_core::{Candle, CandleSeries, GapPolicy, Interval, PublicTrade, Volume};
use orderbook_core::{Notional, Price, Side, Timestamp, TradeId};
use proptest::prelude::*;

use crate::given::{DAY, HOUR, MINUTE, SECOND, trade, trades};

const ALWAYS: Timestamp = Timestamp::new(0);

/// 2024-08-08 00:00 UTC.
const MIDNIGHT: u64 = 1_723_075_200 * SECOND;

fn at(micros: u64) -> Timestamp {
    Timestamp::new(MIDNIGHT + micros)
}

/// A one-minute series of these trades: (microseconds after midnight, price, quantity, taker).
fn minutes(capacity: usize, list: &[(u64, i64, u64, Side)]) -> CandleSeries {
    let mut series = CandleSeries::new(Interval::OneMinute, capacity);
    for (id, (time, price, quantity, side)) in (1..).zip(list) {
        series.apply(&trade(id, MIDNIGHT + time, *price, *quantity, *side));
    }
    series
}

/// What of a candle fits a table: (minute after midnight, open, high, low, close, volume).
fn row(candle: &Candle) -> (u64, i64, i64, i64, i64, u128) {
    (
        (candle.open_time.get() - MIDNIGHT) / MINUTE,
        candle.open.get(),
        candle.high.get(),
        candle.low.get(),
        candle.close.get(),
        candle.volume.get(),
    )
}

fn rows(candles: &[Candle]) -> Vec<(u64, i64, i64, i64, i64, u128)> {
    candles.iter().map(row).collect()
}

#[test]
fn a_minute_of_trades_is_one_candle() {
    let series = minutes(
        10,
        &[
            (0, 100, 5, Side::Buy),
            (20 * SECOND, 104, 1, Side::Sell),
            (20 * SECOND, 97, 2, Side::Sell),
            (MINUTE - 1, 101, 4, Side::Buy),
        ],
    );
    assert_eq!(
        series.latest(),
        Some(&Candle {
            open_time: at(0),
            open: Price::new(100),
            high: Price::new(104),
            low: Price::new(97),
            close: Price::new(101),
            volume: Volume::new(12),
            quote_volume: Notional::new(500 + 104 + 194 + 404),
            taker_buy_volume: Volume::new(9),
            taker_buy_quote_volume: Notional::new(500 + 404),
            trade_count: 4,
            first_trade_id: Some(TradeId::new(1)),
            last_trade_id: Some(TradeId::new(4)),
        })
    );
}

#[test]
fn a_trade_of_a_later_minute_closes_the_candle_once() {
    let mut series = CandleSeries::new(Interval::OneMinute, 10);
    assert_eq!(series.apply(&trade(1, MIDNIGHT, 100, 1, Side::Buy)), None);
    let last = trade(2, MIDNIGHT + MINUTE - 1, 90, 1, Side::Buy);
    assert_eq!(series.apply(&last), None);
    let next = trade(3, MIDNIGHT + MINUTE, 95, 1, Side::Buy);
    let closed = series.apply(&next).expect("the first minute is over");
    assert_eq!(row(&closed), (0, 100, 100, 90, 90, 2));
    assert_eq!(series.advance(at(2 * MINUTE - 1)), None);
}

#[test]
fn time_alone_closes_the_candle_once() {
    let mut series = minutes(10, &[(30 * SECOND, 100, 1, Side::Buy)]);
    assert_eq!(series.advance(at(MINUTE - 1)), None);
    let closed = series.advance(at(MINUTE)).expect("the minute is over");
    assert_eq!(row(&closed), (0, 100, 100, 100, 100, 1));
    assert_eq!(series.advance(at(MINUTE)), None);
    assert_eq!(series.advance(at(DAY)), None);
    // Neither does the next trade close it again.
    let next = trade(2, MIDNIGHT + 2 * DAY, 1, 1, Side::Buy);
    assert_eq!(series.apply(&next), None);
}

#[test]
fn a_trade_from_the_past_counts_as_at_the_newest_time_seen() {
    let mut series = minutes(10, &[(5 * MINUTE, 100, 1, Side::Buy)]);
    series.apply(&trade(2, MIDNIGHT, 110, 1, Side::Buy));
    assert_eq!(
        rows(&series.candles().copied().collect::<Vec<_>>()),
        [(5, 100, 110, 100, 110, 2)]
    );
    // The newest time may have come without a trade.
    series.advance(at(7 * MINUTE));
    series.apply(&trade(3, MIDNIGHT, 120, 1, Side::Buy));
    assert_eq!(series.latest().map(row), Some((7, 120, 120, 120, 120, 1)));
    assert_eq!(series.advance(at(0)), None);
}

#[test]
fn the_newest_candle_and_as_many_as_wanted_before_it_are_kept() {
    for (capacity, kept) in [(0, vec![4]), (2, vec![2, 3, 4]), (9, vec![0, 1, 2, 3, 4])] {
        let list = [0, 1, 2, 3, 4].map(|minute| (minute * MINUTE, 100, 1, Side::Buy));
        let series = minutes(capacity, &list);
        let minutes: Vec<u64> = series.candles().map(|candle| row(candle).0).collect();
        assert_eq!(minutes, kept);
    }
}

#[test]
fn quiet_minutes_are_skipped_or_filled_with_the_previous_close() {
    let series = minutes(
        10,
        &[
            (2 * MINUTE, 100, 1, Side::Buy),
            (2 * MINUTE, 103, 1, Side::Buy),
            (5 * MINUTE, 90, 2, Side::Buy),
        ],
    );
    let now = at(6 * MINUTE + 1);
    let range = |from: Option<u64>, to: Option<u64>, limit, gaps| {
        rows(&series.range(
            from.map(|minute| at(minute * MINUTE)),
            to.map(|minute| at(minute * MINUTE)),
            limit,
            now,
            gaps,
        ))
    };
    let two = (2, 100, 103, 100, 103, 2);
    let three = (3, 103, 103, 103, 103, 0);
    let four = (4, 103, 103, 103, 103, 0);
    let five = (5, 90, 90, 90, 90, 2);
    let six = (6, 90, 90, 90, 90, 0);
    let (skip, fill) = (GapPolicy::Skip, GapPolicy::PreviousClose);

    assert_eq!(range(None, None, 9, skip), [two, five]);
    assert_eq!(range(None, None, 9, fill), [two, three, four, five, six]);
    // Newest first to be kept, unless a start is given.
    assert_eq!(range(None, None, 1, skip), [five]);
    assert_eq!(range(None, None, 2, fill), [five, six]);
    assert_eq!(range(None, Some(4), 2, fill), [three, four]);
    assert_eq!(range(Some(0), None, 1, skip), [two]);
    assert_eq!(range(Some(0), None, 2, fill), [two, three]);
    assert_eq!(range(Some(3), Some(5), 2, fill), [three, four]);
    // Both ends are inclusive.
    assert_eq!(range(Some(2), Some(5), 9, skip), [two, five]);
    assert_eq!(range(Some(3), Some(3), 9, fill), [three]);
    assert_eq!(range(Some(3), Some(4), 9, skip), []);
    // Nothing before the first candle, after the present, or at all.
    assert_eq!(range(None, Some(1), 9, fill), []);
    assert_eq!(range(Some(7), None, 9, fill), []);
    assert_eq!(range(Some(5), Some(2), 9, fill), []);
    assert_eq!(range(Some(5), Some(2), 9, skip), []);
    assert_eq!(range(None, None, 0, fill), []);
    assert_eq!(range(Some(0), None, 0, skip), []);
}

#[test]
fn a_start_within_a_minute_begins_with_the_next_one() {
    let series = minutes(10, &[(0, 100, 1, Side::Buy), (MINUTE, 101, 1, Side::Buy)]);
    for gaps in [GapPolicy::Skip, GapPolicy::PreviousClose] {
        let candles = series.range(Some(at(1)), Some(at(MINUTE + 1)), 9, at(HOUR), gaps);
        assert_eq!(rows(&candles), [(1, 101, 101, 101, 101, 1)]);
    }
}

#[test]
fn an_empty_series_has_nothing_to_fill_with() {
    let series = CandleSeries::new(Interval::OneDay, 5);
    assert_eq!(series.latest(), None);
    let all = series.range(None, None, 9, at(DAY), GapPolicy::PreviousClose);
    assert_eq!(all, []);
}

#[test]
fn a_gap_of_years_costs_no_more_than_what_is_asked_for() {
    let year = 365 * DAY;
    let series = minutes(
        10,
        &[(0, 100, 1, Side::Buy), (50 * year, 200, 1, Side::Buy)],
    );
    let now = at(100 * year);
    let fill = GapPolicy::PreviousClose;
    let oldest = series.range(Some(ALWAYS), None, 3, now, fill);
    assert_eq!(
        rows(&oldest),
        [
            (0, 100, 100, 100, 100, 1),
            (1, 100, 100, 100, 100, 0),
            (2, 100, 100, 100, 100, 0)
        ]
    );
    let newest = series.range(None, None, 2, now, fill);
    assert_eq!(
        newest,
        [
            Candle::flat(at(100 * year - MINUTE), Price::new(200)),
            Candle::flat(at(100 * year), Price::new(200))
        ]
    );
    assert!(newest[0].is_flat() && !oldest[0].is_flat());
}

/// The candles of these trades, computed trade by trade without looking back.
fn naive(interval: Interval, trades: &[PublicTrade]) -> Vec<Candle> {
    let mut buckets: BTreeMap<u64, Vec<&PublicTrade>> = BTreeMap::new();
    for trade in trades {
        let number = trade.time.get() / interval.micros();
        buckets.entry(number).or_default().push(trade);
    }
    let lots = |list: &[&PublicTrade]| {
        Volume::new(list.iter().map(|t| u128::from(t.quantity.get())).sum())
    };
    let paid = |list: &[&PublicTrade]| Notional::new(list.iter().map(|t| t.notional().get()).sum());
    buckets
        .into_iter()
        .map(|(number, list)| {
            let bought: Vec<&PublicTrade> = list
                .iter()
                .filter(|trade| trade.taker_side == Side::Buy)
                .copied()
                .collect();
            let prices = || list.iter().map(|trade| trade.price);
            Candle {
                open_time: Timestamp::new(number * interval.micros()),
                open: list[0].price,
                high: prices().max().expect("a bucket has trades"),
                low: prices().min().expect("a bucket has trades"),
                close: list[list.len() - 1].price,
                volume: lots(&list),
                quote_volume: paid(&list),
                taker_buy_volume: lots(&bought),
                taker_buy_quote_volume: paid(&bought),
                trade_count: list.len() as u64,
                first_trade_id: Some(list[0].id),
                last_trade_id: Some(list[list.len() - 1].id),
            }
        })
        .collect()
}

/// Adds up the candles of a shorter interval.
fn roll_up(interval: Interval, candles: &[Candle]) -> Vec<Candle> {
    let mut sums: Vec<Candle> = Vec::new();
    let lots = |a: Volume, b: Volume| a.saturating_add(b);
    let paid = |a: Notional, b: Notional| a.checked_add(b).expect("small numbers");
    for candle in candles {
        let open_time = interval.open_time(candle.open_time);
        match sums.last_mut() {
            Some(sum) if sum.open_time == open_time => {
                sum.high = sum.high.max(candle.high);
                sum.low = sum.low.min(candle.low);
                sum.close = candle.close;
                sum.volume = lots(sum.volume, candle.volume);
                sum.quote_volume = paid(sum.quote_volume, candle.quote_volume);
                sum.taker_buy_volume = lots(sum.taker_buy_volume, candle.taker_buy_volume);
                sum.taker_buy_quote_volume =
                    paid(sum.taker_buy_quote_volume, candle.taker_buy_quote_volume);
                sum.trade_count += candle.trade_count;
                sum.last_trade_id = candle.last_trade_id;
            }
            _ => sums.push(Candle {
                open_time,
                ..*candle
            }),
        }
    }
    sums
}

/// Every bucket from the first stored candle to `now`, one by one.
fn naive_filled(series: &CandleSeries, now: Timestamp) -> Vec<Candle> {
    let interval = series.interval();
    let mut stored = series.candles().copied().peekable();
    let mut filled: Vec<Candle> = Vec::new();
    let Some(first) = stored.peek().copied() else {
        return filled;
    };
    let mut open_time = first.open_time;
    while open_time <= now {
        let candle = match stored.next_if(|candle| candle.open_time == open_time) {
            Some(candle) => candle,
            None => Candle::flat(open_time, filled.last().expect("the first is stored").close),
        };
        filled.push(candle);
        open_time = interval.close_time(open_time);
    }
    filled
}

proptest! {
    #[test]
    fn candles_equal_recomputation_from_all_trades(trades in trades(80)) {
        for interval in Interval::ALL {
            let mut series = CandleSeries::new(interval, usize::MAX);
            let mut closed = Vec::new();
            for trade in &trades {
                closed.extend(series.apply(trade));
            }
            closed.extend(series.advance(Timestamp::new(u64::MAX)));

            let candles: Vec<Candle> = series.candles().copied().collect();
            prop_assert_eq!(&candles, &naive(interval, &trades));
            // Each candle was reported closed exactly once, as it stayed.
            prop_assert_eq!(&closed, &candles);

            for candle in &candles {
                prop_assert!(candle.low <= candle.open && candle.open <= candle.high);
                prop_assert!(candle.low <= candle.close && candle.close <= candle.high);
                prop_assert!(candle.taker_buy_volume <= candle.volume);
                prop_assert_eq!(interval.open_time(candle.open_time), candle.open_time);
            }
            let volume: u128 = candles.iter().map(|candle| candle.volume.get()).sum();
            let traded: u128 = trades.iter().map(|t| u128::from(t.quantity.get())).sum();
            prop_assert_eq!(volume, traded);
        }
    }

    #[test]
    fn short_candles_add_up_to_the_long_ones(trades in trades(80)) {
        let candles = Interval::ALL.map(|interval| {
            let mut series = CandleSeries::new(interval, usize::MAX);
            for trade in &trades {
                series.apply(trade);
            }
            series.candles().copied().collect::<Vec<_>>()
        });
        for (interval, expected) in Interval::ALL.into_iter().zip(&candles) {
            prop_assert_eq!(&roll_up(interval, &candles[0]), expected);
        }
    }

    #[test]
    fn ranges_equal_the_filtered_list_of_all_buckets(
        trades in trades(12),
        capacity in 0_usize..8,
        from in prop::option::of(0_u64..20 * DAY),
        span in prop::option::of(0_u64..3 * DAY),
        limit in 0_usize..40,
        later in 0_u64..DAY,
    ) {
        let now = Timestamp::new(trades[trades.len() - 1].time.get() + later);
        // Half of the ranges start where the trades are.
        let from = from.map(|from| match from % 2 {
            0 => trades[0].time.get() + from % (2 * DAY),
            _ => from,
        });
        let to = span.map(|span| from.unwrap_or(trades[0].time.get()) + span);
        let (from, to) = (from.map(Timestamp::new), to.map(Timestamp::new));
        for interval in [Interval::FiveMinutes, Interval::OneHour, Interval::OneDay] {
            let mut series = CandleSeries::new(interval, capacity);
            for trade in &trades {
                series.apply(trade);
            }
            for gaps in [GapPolicy::Skip, GapPolicy::PreviousClose] {
                let all = match gaps {
                    GapPolicy::Skip => series.candles().copied().collect(),
                    GapPolicy::PreviousClose => naive_filled(&series, now),
                };
                let mut expected: Vec<Candle> = all
                    .into_iter()
                    .filter(|candle| from.is_none_or(|from| from <= candle.open_time))
                    .filter(|candle| to.is_none_or(|to| candle.open_time <= to))
                    .collect();
                if from.is_some() {
                    expected.truncate(limit);
                } else {
                    expected.drain(..expected.len().saturating_sub(limit));
                }
                prop_assert_eq!(series.range(from, to, limit, now, gaps), expected);
            }
        }
    }
}
