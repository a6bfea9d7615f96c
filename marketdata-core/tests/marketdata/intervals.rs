//! Names and bucket edges.

use marketdata_core::{Interval, ParseIntervalError};
use orderbook_core::Timestamp;
use proptest::prelude::*;

use crate::given::{DAY, HOUR, MINUTE};

#[test]
fn names_are_read_as_they_are_written() {
    for (interval, name, micros) in [
        (Interval::OneMinute, "1m", MINUTE),
        (Interval::FiveMinutes, "5m", 5 * MINUTE),
        (Interval::FifteenMinutes, "15m", 15 * MINUTE),
        (Interval::OneHour, "1h", HOUR),
        (Interval::FourHours, "4h", 4 * HOUR),
        (Interval::OneDay, "1d", DAY),
    ] {
        assert_eq!(interval.as_str(), name);
        assert_eq!(interval.to_string(), name);
        assert_eq!(name.parse(), Ok(interval));
        assert_eq!(interval.micros(), micros);
    }
    for name in ["", "1M", "1H", "2m", " 1m", "1w"] {
        assert_eq!(name.parse::<Interval>(), Err(ParseIntervalError), "{name}");
    }
}

#[test]
fn buckets_begin_at_round_utc_times_and_do_not_hold_their_end() {
    // 2024-08-08 13:47:59.999999 UTC
    let time = 1_723_124_879_999_999;
    for (interval, open) in [
        (Interval::OneMinute, 1_723_124_820),      // 13:47
        (Interval::FiveMinutes, 1_723_124_700),    // 13:45
        (Interval::FifteenMinutes, 1_723_124_700), // 13:45
        (Interval::OneHour, 1_723_122_000),        // 13:00
        (Interval::FourHours, 1_723_118_400),      // 12:00
        (Interval::OneDay, 1_723_075_200),         // 00:00
    ] {
        let open = Timestamp::new(open * 1_000_000);
        assert_eq!(interval.open_time(Timestamp::new(time)), open, "{interval}");
    }
    let minute = Interval::OneMinute;
    let next = Timestamp::new(time + 1);
    assert_eq!(minute.open_time(next), next);
    assert_eq!(
        minute.close_time(minute.open_time(Timestamp::new(time))),
        next
    );
}

proptest! {
    #[test]
    fn every_time_is_in_its_bucket(time: u64) {
        let time = Timestamp::new(time);
        for interval in Interval::ALL {
            let open = interval.open_time(time);
            prop_assert!(open <= time);
            prop_assert!(time.get() - open.get() < interval.micros());
            prop_assert_eq!(open.get() % interval.micros(), 0);
            let close = interval.close_time(open);
            prop_assert!(time < close || close.get() == u64::MAX);
        }
    }
}

#[test]
fn each_interval_is_a_multiple_of_the_shorter_ones() {
    for pair in Interval::ALL.windows(2) {
        assert_eq!(pair[1].micros() % pair[0].micros(), 0);
        assert!(pair[0] < pair[1]);
    }
}
