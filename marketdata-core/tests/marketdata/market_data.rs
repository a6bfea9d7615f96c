//! The whole fold: what it reports, in what order, and that its parts agree.

use marketdata_core::{
    CandleSeries, DAY_MICROS, Depth, DepthError, Interval, LevelChange, Limits, MarketData,
    MarketEvent, PublicTrade, RollingTicker, Tape,
};
use orderbook_core::{Event, Level, Price, Quantity, Side, Timestamp};
use proptest::prelude::*;

use crate::given::{DAY, HOUR, MINUTE, book, closed, command, level, pause, rested, trade, traded};
use Side::{Buy, Sell};

const LIMITS: Limits = Limits {
    candles: 100,
    trades: 100,
};

/// What applying these events at `time` reports.
fn report(market: &mut MarketData, time: u64, events: &[Event]) -> Vec<MarketEvent> {
    let mut changes = Vec::new();
    for event in events {
        market
            .apply(Timestamp::new(time), event, &mut changes)
            .expect("the events of a book");
    }
    changes
}

fn level_changed(update_id: u64, side: Side, price: i64, quantity: u64) -> MarketEvent {
    MarketEvent::LevelChanged(LevelChange {
        update_id,
        side,
        price: Price::new(price),
        quantity: Quantity::new(quantity),
    })
}

fn best_changed(update_id: u64, bid: Option<Level>, ask: Option<Level>) -> MarketEvent {
    MarketEvent::BestChanged {
        update_id,
        bid,
        ask,
    }
}

#[test]
fn orders_that_rest_change_levels_and_perhaps_the_best() {
    let mut market = MarketData::new(LIMITS);
    let changes = report(
        &mut market,
        DAY,
        &[
            rested(Buy, 99, 5),
            rested(Buy, 98, 1),
            rested(Sell, 101, 3),
            rested(Buy, 99, 1),
            closed(Buy, Some((98, 1))),
            closed(Sell, Some((101, 3))),
        ],
    );
    assert_eq!(
        changes,
        [
            level_changed(1, Buy, 99, 5),
            best_changed(1, Some(level(99, 5)), None),
            level_changed(2, Buy, 98, 1),
            level_changed(3, Sell, 101, 3),
            best_changed(3, Some(level(99, 5)), Some(level(101, 3))),
            level_changed(4, Buy, 99, 6),
            best_changed(4, Some(level(99, 6)), Some(level(101, 3))),
            level_changed(5, Buy, 98, 0),
            level_changed(6, Sell, 101, 0),
            best_changed(6, Some(level(99, 6)), None),
        ]
    );
}

#[test]
fn a_trade_is_told_with_all_that_follows_from_it() {
    let mut market = MarketData::new(LIMITS);
    report(&mut market, DAY, &[rested(Sell, 101, 3)]);
    let changes = report(&mut market, DAY + 1, &[traded(1, Buy, 101, 2)]);

    let traded = trade(1, DAY + 1, 101, 2, Buy);
    let mut expected = vec![
        MarketEvent::Traded(traded),
        level_changed(2, Sell, 101, 1),
        best_changed(2, None, Some(level(101, 1))),
    ];
    for interval in Interval::ALL {
        let candle = *market.candles(interval).latest().expect("a trade");
        assert_eq!(candle.open_time, Timestamp::new(DAY));
        expected.push(MarketEvent::CandleUpdated { interval, candle });
    }
    assert_eq!(changes, expected);
    assert!(market.tape().recent(9).eq([&traded]));
    assert_eq!(market.ticker().stats().trade_count, 1);
}

/// The intervals of which a candle closed.
fn closed_intervals(changes: &[MarketEvent]) -> Vec<Interval> {
    changes
        .iter()
        .filter_map(|change| match change {
            MarketEvent::CandleClosed { interval, .. } => Some(*interval),
            _ => None,
        })
        .collect()
}

#[test]
fn candles_close_as_time_passes_shortest_first() {
    let mut market = MarketData::new(LIMITS);
    let events = [rested(Sell, 101, 3), traded(1, Buy, 101, 2)];
    report(&mut market, DAY, &events);
    let mut advance = |time| {
        let mut changes = Vec::new();
        market.advance(Timestamp::new(time), &mut changes);
        closed_intervals(&changes)
    };
    assert_eq!(advance(DAY + MINUTE - 1), []);
    assert_eq!(advance(DAY + MINUTE), [Interval::OneMinute]);
    assert_eq!(
        advance(DAY + 15 * MINUTE),
        [Interval::FiveMinutes, Interval::FifteenMinutes]
    );
    assert_eq!(
        advance(DAY + 30 * HOUR),
        [Interval::OneHour, Interval::FourHours, Interval::OneDay]
    );
    assert_eq!(advance(DAY + 300 * HOUR), []);
}

#[test]
fn any_event_lets_time_pass_before_it_counts() {
    let mut market = MarketData::new(LIMITS);
    let events = [rested(Sell, 101, 3), traded(1, Buy, 101, 1)];
    report(&mut market, DAY, &events);

    let changes = report(&mut market, DAY + MINUTE, &[rested(Buy, 90, 1)]);
    assert_eq!(closed_intervals(&changes[..1]), [Interval::OneMinute]);
    assert_eq!(changes[1], level_changed(3, Buy, 90, 1));

    let changes = report(&mut market, DAY + 5 * MINUTE, &[traded(2, Buy, 101, 1)]);
    assert_eq!(closed_intervals(&changes[..1]), [Interval::FiveMinutes]);
    assert!(matches!(changes[1], MarketEvent::Traded(_)));
    assert_eq!(closed_intervals(&changes[1..]), []);
}

#[test]
fn an_event_from_the_past_counts_as_at_the_newest_time_seen() {
    let mut market = MarketData::new(LIMITS);
    report(&mut market, DAY, &[rested(Sell, 101, 3)]);
    let changes = report(&mut market, 5, &[traded(1, Buy, 101, 1)]);
    assert_eq!(
        changes[0],
        MarketEvent::Traded(trade(1, DAY, 101, 1, Buy)),
        "published with the time it counts at"
    );
    assert_eq!(market.now(), Timestamp::new(DAY));
}

#[test]
fn a_stream_that_does_not_begin_with_the_book_is_refused_and_changes_nothing() {
    let mut market = MarketData::new(LIMITS);
    let events = [rested(Sell, 101, 3), traded(1, Buy, 101, 1)];
    report(&mut market, DAY, &events);
    let before = market.clone();
    let mut changes = vec![];
    for event in [traded(2, Buy, 102, 1), traded(2, Buy, 101, 3)] {
        let result = market.apply(Timestamp::new(9 * DAY), &event, &mut changes);
        assert!(matches!(result, Err(DepthError::NotThere { .. })));
        assert_eq!(changes, []);
        assert_eq!(market, before);
    }
}

proptest! {
    #[test]
    fn the_parts_equal_what_each_makes_of_its_own_input(
        steps in prop::collection::vec((pause(), command()), 1..150),
        limits in (0_usize..20, 0_usize..20).prop_map(|(candles, trades)| Limits { candles, trades }),
    ) {
        let mut book = book();
        let mut market = MarketData::new(limits);
        let mut ticker = RollingTicker::new(DAY_MICROS);
        let mut tape = Tape::new(limits.trades);
        let mut depth = Depth::new();
        let mut series = Interval::ALL.map(|interval| CandleSeries::new(interval, limits.candles));
        let mut candles_closed = Vec::new();

        let mut now = DAY;
        let mut changes = Vec::new();
        for (pause, command) in &steps {
            now += pause;
            let mut events = Vec::new();
            let accepted = book.apply(command, &mut events).is_ok();
            prop_assert!(accepted || events.is_empty());
            for event in &events {
                let best = (depth.best(Buy), depth.best(Sell));
                let told = changes.len();
                market.apply(Timestamp::new(now), event, &mut changes).expect("a book's events");
                drop(depth.apply(event).expect("a book's events"));
                let new_best = (depth.best(Buy), depth.best(Sell));
                let told: Vec<_> = changes[told..]
                    .iter()
                    .filter_map(|change| match change {
                        MarketEvent::BestChanged { bid, ask, .. } => Some((*bid, *ask)),
                        _ => None,
                    })
                    .collect();
                let expected: Vec<_> = (best != new_best).then_some(new_best).into_iter().collect();
                prop_assert_eq!(told, expected);
                if let Event::Traded(trade) = event {
                    let trade = PublicTrade::new(Timestamp::new(now), trade);
                    ticker.apply(&trade);
                    tape.push(&trade);
                    for series in &mut series {
                        candles_closed.extend(series.apply(&trade).map(|c| (series.interval(), c)));
                    }
                }
            }
        }
        market.advance(Timestamp::new(now), &mut changes);
        ticker.advance(Timestamp::new(now));
        for series in &mut series {
            let closed = series.advance(Timestamp::new(now));
            candles_closed.extend(closed.map(|candle| (series.interval(), candle)));
            prop_assert!(series.candles().eq(market.candles(series.interval()).candles()));
        }
        prop_assert_eq!(ticker.stats(), market.ticker().stats());
        prop_assert_eq!(&tape, market.tape());
        prop_assert_eq!(&depth, market.depth());

        // The market may report a close sooner, at an event without a trade, but reports the same.
        let by_interval = |list: &mut Vec<(Interval, marketdata_core::Candle)>| {
            list.sort_by_key(|(interval, candle)| (*interval, candle.open_time));
        };
        let mut reported: Vec<_> = changes
            .iter()
            .filter_map(|change| match change {
                MarketEvent::CandleClosed { interval, candle } => Some((*interval, *candle)),
                _ => None,
            })
            .collect();
        by_interval(&mut reported);
        by_interval(&mut candles_closed);
        prop_assert_eq!(reported, candles_closed);
    }
}

#[cfg(feature = "serde")]
#[test]
fn plain_data_can_be_serialised() {
    fn plain<T: serde::Serialize + serde::de::DeserializeOwned>() {}
    plain::<MarketEvent>();
    plain::<Interval>();
    plain::<marketdata_core::TickerStats>();
    plain::<marketdata_core::DepthSnapshot>();
    plain::<marketdata_core::DepthDiff>();
}
