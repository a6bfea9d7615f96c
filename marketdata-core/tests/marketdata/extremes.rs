//! The ends of every number: nothing panics, and what can be exact is.

use marketdata_core::{
    Candle, CandleEvent, CandleSeries, Candles, GapPolicy, Interval, MarketData, PublicTrade,
    RollingTicker, Settings, Window,
};
use orderbook_core::{Event, Notional, Side, Timestamp, TradeId};
use proptest::prelude::*;

use crate::given::{
    accepted, amended, closed, decremented, reduced, replenished, rested, side, trade, traded,
};

const END: Timestamp = Timestamp::new(u64::MAX);

fn intervals() -> impl Iterator<Item = Interval> {
    let smallest = Interval::of_micros(1).expect("it divides a day");
    let others = [smallest, Interval::ONE_WEEK, Interval::ONE_MONTH];
    Interval::STANDARD.into_iter().chain(others)
}

fn apply(candles: &mut Candles, trade: &PublicTrade) -> Vec<CandleEvent> {
    let mut events = Vec::new();
    candles.apply(trade, &mut events).expect("a trade");
    events
}

fn get(candles: &Candles, interval: Interval) -> CandleSeries<'_> {
    candles.get(interval).expect("it is made for it")
}

#[test]
fn the_last_bucket_never_ends() {
    for interval in intervals() {
        let mut candles = Candles::new(&[interval], 3);
        assert_eq!(
            apply(&mut candles, &trade(1, u64::MAX, 1, 1, Side::Buy)),
            []
        );
        let mut events: Vec<CandleEvent> = Vec::new();
        candles.advance(END, &mut events);
        assert_eq!(events, []);
        assert_eq!(
            apply(&mut candles, &trade(2, u64::MAX, 2, 1, Side::Buy)),
            []
        );
        let open_time = interval.open_time(END);
        assert_eq!(interval.close_time(open_time), END);
        let series = get(&candles, interval);
        for gaps in [GapPolicy::Skip, GapPolicy::PreviousClose] {
            let candles = series.range(Some(open_time), Some(END), 9, END, gaps);
            assert_eq!(candles.len(), 1);
            let after = series.range(Some(END), Some(END), 9, END, gaps);
            assert_eq!(after.len(), usize::from(open_time == END));
        }
    }
}

#[test]
fn from_the_first_to_the_last_time_is_a_gap_like_any_other() {
    for interval in intervals() {
        let mut candles = Candles::new(&[interval], 3);
        apply(&mut candles, &trade(1, 0, i64::MIN, u64::MAX, Side::Buy));
        let series = get(&candles, interval);
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
    let mut candles = Candles::new(&[Interval::ONE_DAY], 3);
    for id in 1..=2 {
        apply(&mut candles, &trade(id, 0, i64::MAX, u64::MAX, Side::Buy));
    }
    let candle = *get(&candles, Interval::ONE_DAY)
        .latest()
        .expect("two trades");
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
        let settings = Settings {
            intervals: intervals().collect(),
            windows: vec![Window::ONE_DAY, Window::of_micros(1).expect("a duration")],
            candles: 5,
            trades: 5,
            window_trades: 5,
        };
        let mut market = MarketData::new(&settings);
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
        for series in market.all_candles() {
            for gaps in [GapPolicy::Skip, GapPolicy::PreviousClose] {
                let (from, to) = (from.map(Timestamp::new), to.map(Timestamp::new));
                let range = series.range(from, to, 20, Timestamp::new(now), gaps);
                prop_assert!(range.len() <= 20);
                prop_assert!(range.is_sorted_by_key(|candle| candle.open_time));
            }
        }
    }

    #[test]
    fn no_trade_spoils_candles_and_ticker(
        trades in prop::collection::vec(
            (any_number(), any_number(), any_price(), any_number()),
            1..100,
        ),
        window in prop_oneof![Just(86_400_000_000), any_number()],
        max_trades in prop_oneof![0_usize..9, Just(usize::MAX)],
        busted in prop::collection::vec(any_number(), 0..5),
    ) {
        let window = Window::of_micros(window.max(1)).expect("a duration");
        let mut ticker = RollingTicker::new(&[window], max_trades);
        let mut candles = Candles::new(&intervals().collect::<Vec<_>>(), 3);
        let mut events: Vec<CandleEvent> = Vec::new();
        for (id, time, price, quantity) in trades {
            let trade = trade(id, time, price, quantity, Side::Sell);
            let counted = ticker.apply(&trade).and_then(|()| candles.apply(&trade, &mut events));
            prop_assert!(counted.is_ok() || quantity == 0 || ticker.trades().len() > 0);
        }
        for id in busted {
            let known = |ticker: &RollingTicker, from, to| ticker.trades_between(from, to);
            if let Some(busted) = ticker.bust(TradeId::new(id)) {
                candles.bust(&busted, |from, to| known(&ticker, from, to), &mut events);
            }
        }
        let stats = ticker.stats(window).expect("its window");
        prop_assert_eq!(stats.open.is_some(), stats.trade_count > 0);
        prop_assert!(stats.low <= stats.open && stats.open <= stats.high);
        prop_assert!(ticker.trades().len() <= max_trades);
        for series in candles.all() {
            for candle in series.candles() {
                prop_assert!(candle.low <= candle.open && candle.open <= candle.high);
                prop_assert!(candle.low <= candle.close && candle.close <= candle.high);
            }
        }
        ticker.advance(END);
        let stats = ticker.stats(window).expect("its window");
        if stats.trade_count == 0 {
            prop_assert_eq!(stats.quote_volume, Notional::ZERO);
            prop_assert!(stats.volume.is_zero());
        }
    }
}
