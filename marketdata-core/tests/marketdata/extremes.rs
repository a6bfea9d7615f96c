//! The ends of every number: nothing panics, and what can be exact is.

use marketdata_core::{
    Candle, CandleSeries, DAY_MICROS, GapPolicy, Interval, Limits, MarketData, RollingTicker,
};
use orderbook_core::{Event, Notional, Side, Timestamp};
use proptest::prelude::*;

use crate::given::{
    accepted, amended, closed, decremented, reduced, replenished, rested, side, trade, traded,
};

const END: Timestamp = Timestamp::new(u64::MAX);

#[test]
fn the_last_bucket_never_ends() {
    for interval in Interval::ALL {
        let mut series = CandleSeries::new(interval, 3);
        assert_eq!(series.apply(&trade(1, u64::MAX, 1, 1, Side::Buy)), None);
        assert_eq!(series.advance(END), None);
        assert_eq!(series.apply(&trade(2, u64::MAX, 2, 1, Side::Buy)), None);
        let open_time = interval.open_time(END);
        assert_eq!(interval.close_time(open_time), END);
        for gaps in [GapPolicy::Skip, GapPolicy::PreviousClose] {
            let candles = series.range(Some(open_time), Some(END), 9, END, gaps);
            assert_eq!(candles.len(), 1);
            assert_eq!(series.range(Some(END), Some(END), 9, END, gaps), []);
        }
    }
}

#[test]
fn from_the_first_to_the_last_time_is_a_gap_like_any_other() {
    for interval in Interval::ALL {
        let mut series = CandleSeries::new(interval, 3);
        series.apply(&trade(1, 0, i64::MIN, u64::MAX, Side::Buy));
        let fill = GapPolicy::PreviousClose;
        let newest = series.range(None, None, 2, END, fill);
        assert_eq!(newest[1].open_time, interval.open_time(END));
        assert!(newest.iter().all(Candle::is_flat));
        let oldest = series.range(Some(Timestamp::new(0)), Some(END), 2, END, fill);
        assert!(!oldest[0].is_flat() && oldest[1].is_flat());
    }
}

#[test]
fn the_quote_volume_of_a_candle_saturates() {
    let mut series = CandleSeries::new(Interval::OneDay, 3);
    for id in 1..=2 {
        series.apply(&trade(id, 0, i64::MAX, u64::MAX, Side::Buy));
    }
    let candle = series.latest().expect("two trades");
    assert_eq!(candle.quote_volume, Notional::new(i128::MAX));
    assert_eq!(candle.taker_buy_quote_volume, Notional::new(i128::MAX));
    assert_eq!(candle.volume.get(), 2 * u128::from(u64::MAX));
}

fn any_price() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MIN), Just(i64::MAX), -1_i64..=1, any::<i64>()]
}

fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(u64::MAX - 1),
        Just(u64::MAX),
        any::<u64>()
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    (0_u8..9, any_number(), side(), any_price(), any_number()).prop_map(
        |(kind, id, side, price, quantity)| match kind {
            0 => rested(side, price, quantity),
            1 => reduced(side, price, quantity),
            2 => traded(id, side, price, quantity),
            3 => decremented(side, price, quantity),
            4 => replenished(side, price, quantity),
            7 => amended(side, (price, quantity), Some((1, id))),
            6 => accepted(side, Some((price, quantity))),
            5 => amended(side, (price, quantity), Some((price, id))),
            _ => closed(side, Some((price, quantity))),
        },
    )
}

proptest! {
    #[test]
    fn no_stream_of_events_panics(
        steps in prop::collection::vec((any_number(), any_event()), 1..100),
        range in (prop::option::of(any_number()), prop::option::of(any_number()), any_number()),
    ) {
        let mut market = MarketData::new(Limits { candles: 5, trades: 5 });
        let mut changes = Vec::new();
        for (time, event) in &steps {
            let before = market.clone();
            let told = changes.len();
            if market.apply(Timestamp::new(*time), event, &mut changes).is_err() {
                prop_assert_eq!(&market, &before);
                prop_assert_eq!(changes.len(), told);
            }
        }
        let (from, to, now) = range;
        for interval in Interval::ALL {
            for gaps in [GapPolicy::Skip, GapPolicy::PreviousClose] {
                let (from, to) = (from.map(Timestamp::new), to.map(Timestamp::new));
                let candles = market.candles(interval);
                let range = candles.range(from, to, 20, Timestamp::new(now), gaps);
                prop_assert!(range.len() <= 20);
                prop_assert!(range.is_sorted_by_key(|candle| candle.open_time));
            }
        }
    }

    #[test]
    fn no_trade_spoils_the_ticker(
        trades in prop::collection::vec((any_number(), any_price(), any_number()), 1..100),
        window in prop_oneof![Just(DAY_MICROS), any_number()],
    ) {
        let mut ticker = RollingTicker::new(window);
        for (id, (time, price, quantity)) in (1..).zip(trades) {
            ticker.apply(&trade(id, time, price, quantity, Side::Sell));
        }
        let stats = ticker.stats();
        prop_assert_eq!(stats.open.is_some(), stats.trade_count > 0);
        prop_assert!(stats.low <= stats.open && stats.open <= stats.high);
        ticker.advance(END);
        if ticker.stats().trade_count == 0 {
            prop_assert_eq!(ticker.stats().quote_volume, Notional::ZERO);
            prop_assert!(ticker.stats().volume.is_zero());
        }
    }
}
