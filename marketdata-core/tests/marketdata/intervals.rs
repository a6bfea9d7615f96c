//! Names and bucket edges.

use marketdata_core::{Interval, IntervalError, Window, WindowError};
use orderbook_core::Timestamp;
use proptest::prelude::*;

use crate::given::{DAY, HOUR, MINUTE, SECOND};

#[test]
fn names_are_read_as_they_are_written() {
    for (interval, name) in [
        (Interval::ONE_SECOND, "1s"),
        (Interval::ONE_MINUTE, "1m"),
        (Interval::THREE_MINUTES, "3m"),
        (Interval::FIVE_MINUTES, "5m"),
        (Interval::FIFTEEN_MINUTES, "15m"),
        (Interval::THIRTY_MINUTES, "30m"),
        (Interval::ONE_HOUR, "1h"),
        (Interval::TWO_HOURS, "2h"),
        (Interval::FOUR_HOURS, "4h"),
        (Interval::SIX_HOURS, "6h"),
        (Interval::EIGHT_HOURS, "8h"),
        (Interval::TWELVE_HOURS, "12h"),
        (Interval::ONE_DAY, "1d"),
        (Interval::THREE_DAYS, "3d"),
        (Interval::ONE_WEEK, "1w"),
        (Interval::ONE_MONTH, "1M"),
    ] {
        assert_eq!(interval.to_string(), name);
        assert_eq!(name.parse(), Ok(interval));
    }
    for (name, micros) in [("90s", 90 * SECOND), ("250ms", 250_000), ("5us", 5)] {
        assert_eq!(name.parse(), Interval::of_micros(micros));
        assert_eq!(
            name.parse::<Interval>().map(|it| it.to_string()),
            Ok(name.into())
        );
    }
    // The same length in another unit.
    for (name, same) in [("60m", "1h"), ("24h", "1d"), ("1000us", "1ms")] {
        assert_eq!(name.parse::<Interval>(), same.parse());
    }
    for name in [
        "", "1", "m", "1H", " 1m", "1m ", "+1m", "-1m", "1.5h", "01m", "0m", "1y", "1 m",
    ] {
        assert_eq!(
            name.parse::<Interval>(),
            Err(IntervalError::NoName),
            "{name}"
        );
    }
    for name in ["7m", "2d", "6d", "25h", "86400000001us"] {
        assert_eq!(
            name.parse::<Interval>(),
            Err(IntervalError::NoPartOfADay),
            "{name}"
        );
    }
    // More microseconds than there are.
    assert_eq!(
        "18446744073709551615d".parse::<Interval>(),
        Err(IntervalError::NoName)
    );
    assert_eq!(Interval::of_micros(0), Err(IntervalError::NoPartOfADay));
}

#[test]
fn windows_are_any_duration() {
    for (name, window) in [
        ("1m", Window::ONE_MINUTE),
        ("1h", Window::ONE_HOUR),
        ("4h", Window::FOUR_HOURS),
        ("1d", Window::ONE_DAY),
        ("7d", Window::SEVEN_DAYS),
    ] {
        assert_eq!(name.parse(), Ok(window));
        assert_eq!(window.to_string(), name);
    }
    assert_eq!("59m".parse::<Window>().map(Window::micros), Ok(59 * MINUTE));
    for name in ["", "0m", "1M", "d", "1w", "99999999999999999999d"] {
        assert_eq!(name.parse::<Window>(), Err(WindowError), "{name}");
    }
    assert_eq!(Window::of_micros(0), Err(WindowError));
}

/// 2024-08-08 13:47:59.999999 UTC, a Thursday.
const TIME: u64 = 1_723_124_879_999_999;

#[test]
fn buckets_begin_at_round_utc_times_and_do_not_hold_their_end() {
    for (interval, open, close) in [
        (Interval::ONE_MINUTE, 1_723_124_820, 1_723_124_880), // 13:47 to 13:48
        (Interval::FIVE_MINUTES, 1_723_124_700, 1_723_125_000), // 13:45 to 13:50
        (Interval::FIFTEEN_MINUTES, 1_723_124_700, 1_723_125_600), // 13:45 to 14:00
        (Interval::ONE_HOUR, 1_723_122_000, 1_723_125_600),   // 13:00 to 14:00
        (Interval::FOUR_HOURS, 1_723_118_400, 1_723_132_800), // 12:00 to 16:00
        (Interval::ONE_DAY, 1_723_075_200, 1_723_161_600),    // 00:00 to 00:00
        (Interval::THREE_DAYS, 1_722_902_400, 1_723_161_600), // 6 August to 9 August
        (Interval::ONE_WEEK, 1_722_816_000, 1_723_420_800),   // 5 August to 12 August
        (Interval::ONE_MONTH, 1_722_470_400, 1_725_148_800),  // 1 August to 1 September
    ] {
        let (open, close) = (
            Timestamp::new(open * SECOND),
            Timestamp::new(close * SECOND),
        );
        assert_eq!(interval.open_time(Timestamp::new(TIME)), open, "{interval}");
        assert_eq!(
            interval.close_time(Timestamp::new(TIME)),
            close,
            "{interval}"
        );
        assert_eq!(interval.open_time(close), close, "{interval}");
        assert_eq!(interval.earlier(close, 1), open, "{interval}");
        assert_eq!(
            interval.earlier(Timestamp::new(TIME), 0),
            open,
            "{interval}"
        );
        assert_eq!(
            interval.earlier(Timestamp::new(TIME), u64::MAX),
            Timestamp::new(0)
        );
    }
}

#[test]
fn months_begin_where_the_calendar_says() {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut open = 0;
    for year in 1970..2500 {
        let february = if is_leap(year) { 29 } else { 28 };
        for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            let month = Interval::ONE_MONTH;
            let (begin, end) = (Timestamp::new(open), Timestamp::new(open + days * DAY));
            assert_eq!(month.open_time(begin), begin);
            assert_eq!(month.open_time(Timestamp::new(end.get() - 1)), begin);
            assert_eq!(month.close_time(begin), end);
            open = end.get();
        }
    }
}

#[test]
fn weeks_begin_on_mondays() {
    // The epoch was a Thursday: the first week has four days.
    let week = Interval::ONE_WEEK;
    assert_eq!(
        week.open_time(Timestamp::new(4 * DAY - 1)),
        Timestamp::new(0)
    );
    assert_eq!(week.close_time(Timestamp::new(0)), Timestamp::new(4 * DAY));
    for number in 0..5_000 {
        let monday = Timestamp::new((4 + 7 * number) * DAY);
        assert_eq!(week.open_time(monday), monday);
        assert_eq!(
            week.open_time(Timestamp::new(monday.get() + 7 * DAY - 1)),
            monday
        );
    }
}

fn interval() -> impl Strategy<Value = Interval> {
    let units = prop::sample::select(vec![1, 1_000, SECOND, MINUTE, HOUR]);
    let round = (units, 1_u64..60).prop_filter_map("divides a day", |(unit, count)| {
        Interval::of_micros(unit * count).ok()
    });
    let named = prop::sample::select(vec![
        Interval::ONE_DAY,
        Interval::ONE_WEEK,
        Interval::ONE_MONTH,
    ]);
    prop_oneof![4 => round, 1 => named]
}

proptest! {
    #[test]
    fn every_time_is_in_its_bucket(time: u64, interval in interval()) {
        let time = Timestamp::new(time);
        let open = interval.open_time(time);
        let close = interval.close_time(time);
        prop_assert!(open <= time);
        prop_assert!(time < close || close.get() == u64::MAX);
        prop_assert_eq!(interval.open_time(open), open);
        prop_assert_eq!(interval.close_time(open), close);
        prop_assert!(close.get() == u64::MAX || interval.open_time(close) == close);
    }

    #[test]
    fn an_interval_divides_another_if_all_its_edges_are_edges(
        a in interval(),
        b in interval(),
        time in 0..100_000 * DAY,
    ) {
        if a.divides(b) {
            let open = b.open_time(Timestamp::new(time));
            prop_assert_eq!(a.open_time(open), open);
            prop_assert!(a <= b);
        }
    }

    #[test]
    fn names_are_read_back(interval in interval()) {
        prop_assert_eq!(interval.to_string().parse(), Ok(interval));
    }
}

#[test]
fn each_standard_interval_is_a_multiple_of_the_shorter_ones() {
    for pair in Interval::STANDARD.windows(2) {
        assert!(pair[0].divides(pair[1]) && !pair[1].divides(pair[0]));
        assert!(pair[0] < pair[1]);
    }
    assert!(Interval::ONE_DAY.divides(Interval::ONE_WEEK));
    assert!(Interval::ONE_DAY.divides(Interval::ONE_MONTH));
    assert!(!Interval::ONE_WEEK.divides(Interval::ONE_MONTH));
    assert!(!Interval::THREE_MINUTES.divides(Interval::FIVE_MINUTES));
}
