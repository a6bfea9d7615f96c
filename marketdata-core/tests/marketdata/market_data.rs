//! The whole fold: what it reports, in what order, and that its parts agree.

use marketdata_core::{
    AggregateTrade, CandleEvent, Candles, Depth, DepthError, Interval, LevelChange, MarketData,
    MarketError, MarketEvent, PublicTrade, Quote, RollingTicker, Settings, Tape, TradeError,
    Window,
};
use orderbook_core::{Event, Level, Price, Quantity, Side, Timestamp, TradeId};
use proptest::prelude::*;

use crate::given::{DAY, HOUR, MINUTE, book, closed, command, level, pause, rested, trade, traded};
use Side::{Buy, Sell};

fn market() -> MarketData {
    MarketData::new(&Settings::default())
}

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
        quote: Quote { bid, ask },
    }
}

#[test]
fn orders_that_rest_change_levels_and_perhaps_the_best() {
    let mut market = market();
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
    let mut market = market();
    report(&mut market, DAY, &[rested(Sell, 101, 3)]);
    let changes = report(&mut market, DAY + 1, &[traded(1, Buy, 101, 2)]);

    let traded = trade(1, DAY + 1, 101, 2, Buy);
    let expected = [
        MarketEvent::Traded(traded),
        level_changed(2, Sell, 101, 1),
        best_changed(2, None, Some(level(101, 1))),
    ];
    assert_eq!(changes, expected);
    for interval in Interval::STANDARD {
        let series = market.candles(interval).expect("a standard interval");
        let candle = series.latest().expect("a trade");
        assert_eq!(candle.open_time, Timestamp::new(DAY));
    }
    assert!(market.tape().recent(9).eq([&traded]));
    assert_eq!(market.last_trade(), Some(&traded));
    let ticker = market.ticker(Window::ONE_DAY).expect("a day");
    assert_eq!(ticker.stats.trade_count, 1);
    assert_eq!(
        (ticker.quote.bid, ticker.quote.ask),
        (None, Some(level(101, 1)))
    );
    assert_eq!(market.ticker(Window::ONE_HOUR), None);
}

/// The intervals of which a candle closed.
fn closed_intervals(changes: &[MarketEvent]) -> Vec<Interval> {
    changes
        .iter()
        .filter_map(|change| match change {
            MarketEvent::Candle(CandleEvent::Closed { interval, .. }) => Some(*interval),
            _ => None,
        })
        .collect()
}

#[test]
fn candles_close_as_time_passes_shortest_first() {
    let mut market = market();
    let events = [rested(Sell, 101, 3), traded(1, Buy, 101, 2)];
    report(&mut market, DAY, &events);
    let mut advance = |time| {
        let mut changes = Vec::new();
        market.advance(Timestamp::new(time), &mut changes);
        closed_intervals(&changes)
    };
    assert_eq!(advance(DAY + MINUTE - 1), []);
    assert_eq!(advance(DAY + MINUTE), [Interval::ONE_MINUTE]);
    assert_eq!(
        advance(DAY + 15 * MINUTE),
        [Interval::FIVE_MINUTES, Interval::FIFTEEN_MINUTES]
    );
    assert_eq!(
        advance(DAY + 30 * HOUR),
        [Interval::ONE_HOUR, Interval::FOUR_HOURS, Interval::ONE_DAY]
    );
    assert_eq!(advance(DAY + 300 * HOUR), []);
}

#[test]
fn any_event_lets_time_pass_before_it_counts() {
    let mut market = market();
    let events = [rested(Sell, 101, 3), traded(1, Buy, 101, 1)];
    report(&mut market, DAY, &events);

    let changes = report(&mut market, DAY + MINUTE, &[rested(Buy, 90, 1)]);
    assert!(matches!(changes[0], MarketEvent::Aggregated(_)));
    assert_eq!(closed_intervals(&changes[1..2]), [Interval::ONE_MINUTE]);
    assert_eq!(changes[2], level_changed(3, Buy, 90, 1));

    let changes = report(&mut market, DAY + 5 * MINUTE, &[traded(2, Buy, 101, 1)]);
    assert_eq!(closed_intervals(&changes[..1]), [Interval::FIVE_MINUTES]);
    assert!(matches!(changes[1], MarketEvent::Traded(_)));
    assert_eq!(closed_intervals(&changes[1..]), []);
}

#[test]
fn an_event_from_the_past_counts_as_at_the_newest_time_seen() {
    let mut market = market();
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
    let mut market = market();
    let events = [rested(Sell, 101, 3), traded(1, Buy, 101, 1)];
    report(&mut market, DAY, &events);
    let before = market.clone();
    let mut changes = vec![];
    for event in [traded(2, Buy, 102, 1), traded(2, Buy, 101, 3)] {
        let result = market.apply(Timestamp::new(9 * DAY), &event, &mut changes);
        let not_there = |error| matches!(error, MarketError::Depth(DepthError::NotThere { .. }));
        assert!(result.is_err_and(not_there));
        assert_eq!(changes, []);
        assert_eq!(market, before);
    }
}

#[test]
fn a_trade_that_was_there_before_is_refused() {
    let mut market = market();
    let events = [
        rested(Sell, 101, 9),
        traded(1, Buy, 101, 1),
        traded(2, Buy, 101, 1),
    ];
    report(&mut market, DAY, &events);
    let before = market.clone();
    for id in [1, 2] {
        let again = traded(id, Buy, 101, 1);
        let result = market.apply(Timestamp::new(9 * DAY), &again, &mut Vec::new());
        let id = TradeId::new(id);
        assert_eq!(result, Err(MarketError::Trade(TradeError::Repeated { id })));
        assert_eq!(market, before);
    }
}

#[test]
fn what_an_order_takes_at_a_price_is_told_as_one_when_it_is_complete() {
    let mut market = market();
    let maker = |event| match event {
        // Makers close in between; the taker of `traded` is order 2.
        Event::Closed {
            account,
            side,
            reason,
            unfilled,
            left,
            ..
        } => Event::Closed {
            order_id: orderbook_core::OrderId::new(77),
            account,
            side,
            reason,
            unfilled,
            left,
        },
        other => other,
    };
    let events = [
        rested(Sell, 101, 3),
        traded(1, Buy, 101, 1),
        maker(closed(Sell, None)),
        traded(2, Buy, 101, 2),
        rested(Sell, 102, 4),
        traded(3, Buy, 102, 4),
        rested(Buy, 50, 1),
    ];
    let told = report(&mut market, DAY, &events);
    let aggregates: Vec<AggregateTrade> = told
        .iter()
        .filter_map(|event| match event {
            MarketEvent::Aggregated(aggregate) => Some(*aggregate),
            _ => None,
        })
        .collect();
    let quantities: Vec<_> = aggregates
        .iter()
        .map(|it| {
            (
                it.id,
                it.price.get(),
                it.quantity.get(),
                it.last_trade_id.get(),
            )
        })
        .collect();
    assert_eq!(quantities, [(1, 101, 3, 2), (2, 102, 4, 3)]);
}

#[test]
fn a_busted_trade_is_told_with_the_candles_that_it_corrects() {
    let mut market = market();
    let events = [
        rested(Sell, 101, 9),
        traded(1, Buy, 101, 1),
        traded(2, Buy, 101, 2),
    ];
    report(&mut market, DAY, &events);
    let mut changes = Vec::new();
    market.advance(Timestamp::new(DAY + MINUTE), &mut changes);
    changes.clear();
    let busted = trade(1, DAY, 101, 1, Buy);
    assert_eq!(market.bust(busted.id, &mut changes), Some(busted));
    assert_eq!(changes[0], MarketEvent::TradeBusted(busted));
    let corrected: Vec<_> = changes[1..]
        .iter()
        .map(|change| match change {
            MarketEvent::Candle(CandleEvent::Corrected { interval, candle }) => {
                (*interval, candle.volume.get())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(corrected, Interval::STANDARD.map(|interval| (interval, 2)));
    let stats = market.ticker(Window::ONE_DAY).expect("a day").stats;
    assert_eq!((stats.trade_count, stats.volume.get()), (1, 2));
    assert_eq!(market.tape().recent(9).count(), 1);
    changes.clear();
    assert_eq!(market.bust(busted.id, &mut changes), None);
    assert_eq!(changes, []);
}

proptest! {
    #[test]
    fn the_parts_equal_what_each_makes_of_its_own_input(
        steps in prop::collection::vec((pause(), command()), 1..150),
        (candles, trades) in (0_usize..20, 0_usize..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let settings = Settings {
            candles,
            trades,
            windows: vec![Window::ONE_DAY, Window::ONE_MINUTE],
            ..Settings::default()
        };
        let mut book = book();
        let mut market = MarketData::new(&settings);
        let mut ticker = RollingTicker::new(&settings.windows, usize::MAX);
        let mut tape = Tape::new(trades);
        let mut depth = Depth::new();
        let mut all_candles = Candles::new(&settings.intervals, candles);
        let mut restored: Option<MarketData> = None;
        let mut of_candles: Vec<CandleEvent> = Vec::new();

        let mut now = DAY;
        let mut changes = Vec::new();
        let mut of_restored = Vec::new();
        let cut = cut.index(steps.len());
        for (index, (pause, command)) in steps.iter().enumerate() {
            now += pause;
            let mut events = Vec::new();
            let accepted = book.apply(command, &mut events).is_ok();
            prop_assert!(accepted || events.is_empty());
            for event in &events {
                let best = Quote::of(&depth);
                let told = changes.len();
                market.apply(Timestamp::new(now), event, &mut changes).expect("a book's events");
                if let Some(restored) = &mut restored {
                    let mut told = Vec::new();
                    restored.apply(Timestamp::new(now), event, &mut told).expect("a book's events");
                    of_restored.extend(told);
                }
                drop(depth.apply(event).expect("a book's events"));
                let new_best = Quote::of(&depth);
                let told: Vec<_> = changes[told..]
                    .iter()
                    .filter_map(|change| match change {
                        MarketEvent::BestChanged { quote, .. } => Some(*quote),
                        _ => None,
                    })
                    .collect();
                prop_assert_eq!(told.last(), (best != new_best).then_some(&new_best));
                if let Event::Traded(trade) = event {
                    let trade = PublicTrade::new(Timestamp::new(now), trade);
                    ticker.apply(&trade).expect("a new trade");
                    tape.push(&trade);
                    all_candles.apply(&trade, &mut of_candles).expect("a trade");
                }
            }
            if index == cut {
                let market = MarketData::restore(&settings, market.stored());
                restored = Some(market.expect("what was kept"));
                of_restored.clone_from(&changes);
            }
        }
        market.advance(Timestamp::new(now), &mut changes);
        ticker.advance(Timestamp::new(now));
        all_candles.advance(Timestamp::new(now), &mut of_candles);
        for series in all_candles.all() {
            let interval = series.interval();
            prop_assert!(series.candles().eq(market.candles(interval).expect("standard").candles()));
        }
        for window in ticker.windows() {
            let told = market.ticker(window).expect("asked for");
            prop_assert_eq!(ticker.stats(window), Some(told.stats));
            prop_assert_eq!(told.quote, Quote::of(&depth));
        }
        prop_assert_eq!(&tape, market.tape());
        prop_assert_eq!(&depth, market.depth());

        // The market may report a close sooner, at an event without a trade, but reports the same.
        let candle_events = |changes: &[MarketEvent]| {
            let mut list: Vec<_> = changes
                .iter()
                .filter_map(|change| match change {
                    MarketEvent::Candle(CandleEvent::Closed { interval, candle }) => {
                        Some((*interval, *candle))
                    }
                    _ => None,
                })
                .collect();
            list.sort_by_key(|(interval, candle)| (*interval, candle.open_time));
            list
        };
        let of_candles: Vec<_> = of_candles.into_iter().map(MarketEvent::from).collect();
        prop_assert_eq!(candle_events(&changes), candle_events(&of_candles));

        // Every trade is in one aggregate.
        let (mut traded, mut aggregated) = (0, 0);
        for change in &changes {
            match change {
                MarketEvent::Traded(trade) => traded += trade.notional().get(),
                MarketEvent::Aggregated(trade) => aggregated += trade.notional().get(),
                _ => {}
            }
        }
        prop_assert_eq!(traded, aggregated);

        // Who goes on from what was kept comes to the same.
        let mut restored = restored.expect("the cut is one of the steps");
        restored.advance(Timestamp::new(now), &mut of_restored);
        prop_assert_eq!(&changes, &of_restored);
        prop_assert_eq!(market.depth(), restored.depth());
        prop_assert_eq!(market.tape(), restored.tape());
        for series in market.all_candles() {
            let restored = restored.candles(series.interval()).expect("standard");
            prop_assert!(series.candles().eq(restored.candles()));
        }
        for window in ticker.windows() {
            prop_assert_eq!(restored.ticker(window), market.ticker(window));
        }
        prop_assert_eq!(restored.last_trade(), market.last_trade());
        prop_assert_eq!(restored.stored(), market.stored());
    }
}

#[test]
fn the_last_trade_is_the_newest_that_is_known_and_was_not_busted() {
    let settings = Settings {
        windows: vec![Window::ONE_MINUTE],
        ..Settings::default()
    };
    let mut market = MarketData::new(&settings);
    report(
        &mut market,
        DAY,
        &[rested(Sell, 101, 9), traded(1, Buy, 101, 1)],
    );
    report(&mut market, DAY + MINUTE, &[traded(2, Buy, 101, 1)]);
    let last = |market: &MarketData| market.last_trade().map(|trade| trade.id.get());
    assert_eq!(last(&market), Some(2));
    // The first has left the window and is on the tape.
    for (id, left) in [(2, Some(1)), (1, None)] {
        let busted = market.bust(TradeId::new(id), &mut Vec::new());
        assert!(busted.is_some());
        assert_eq!(last(&market), left);
    }
}

#[test]
fn what_is_missing_is_still_missing_later() {
    let settings = Settings {
        trades: 0,
        window_trades: 1,
        ..Settings::default()
    };
    let mut market = MarketData::new(&settings);
    let events = [
        rested(Sell, 101, 9),
        traded(1, Buy, 101, 1),
        traded(2, Buy, 101, 2),
    ];
    report(&mut market, DAY, &events);
    let mut restored = MarketData::restore(&settings, market.stored()).expect("what was kept");
    assert_eq!(restored.tape(), market.tape());
    let stats = restored.ticker(Window::ONE_DAY).expect("a day").stats;
    assert_eq!((stats.trade_count, stats.is_truncated), (1, true));
    let again = restored.apply(
        Timestamp::new(DAY),
        &traded(2, Buy, 101, 1),
        &mut Vec::new(),
    );
    assert!(again.is_err());
}

#[test]
fn the_last_trade_and_the_previous_close_are_kept_when_nothing_else_is() {
    let settings = Settings {
        trades: 0,
        windows: vec![Window::ONE_HOUR, Window::ONE_MINUTE],
        ..Settings::default()
    };
    let mut market = MarketData::new(&settings);
    report(&mut market, DAY, &[rested(Sell, 101, 9)]);
    for (id, minute) in [(1, 0), (2, 10), (3, 65)] {
        report(
            &mut market,
            DAY + minute * MINUTE,
            &[traded(id, Buy, 101, id)],
        );
    }
    // The second has just left the longer window, and then the third has.
    for (minute, kept) in [(70, 2), (125, 1)] {
        market.advance(Timestamp::new(DAY + minute * MINUTE), &mut Vec::new());
        let stored = market.stored();
        assert_eq!(stored.trades.len(), kept);
        let restored = MarketData::restore(&settings, stored).expect("what was kept");
        assert_eq!(restored.last_trade(), market.last_trade());
        for window in settings.windows.iter().copied() {
            let stats = restored.ticker(window).expect("asked for").stats;
            assert!(stats.last.is_some() && stats.previous_close.is_some());
            assert_eq!(restored.ticker(window), market.ticker(window));
        }
        assert_eq!(restored.tape(), market.tape());
        assert_eq!(restored.stored(), market.stored());
    }
}

#[test]
fn other_settings_leave_no_gap_that_is_not_told() {
    let keeping = |trades, candles, window_trades| Settings {
        intervals: vec![Interval::ONE_MINUTE],
        trades,
        candles,
        window_trades,
        ..Settings::default()
    };
    let mut market = MarketData::new(&keeping(3, 3, 3));
    report(&mut market, DAY, &[rested(Sell, 101, 99)]);
    for id in 1..=9 {
        report(&mut market, DAY + id * MINUTE, &[traded(id, Buy, 101, id)]);
    }
    for (trades, candles, window_trades) in [(2, 2, 2), (3, 3, 3), (5, 5, 5), (0, 0, 0), (5, 0, 1)]
    {
        let settings = keeping(trades, candles, window_trades);
        let restored = MarketData::restore(&settings, market.stored()).expect("what was kept");
        let tape = restored.tape();
        let ids = |from: u64| (from..=9).collect::<Vec<_>>();
        // One more than were on the tape is known, since it is the previous close.
        let first = 10 - trades.min(4) as u64;
        let found: Vec<_> = tape.recent(99).map(|trade| trade.id.get()).collect();
        assert_eq!(found, ids(first));
        assert_eq!(tape.forgotten().map(TradeId::get), Some(first - 1));

        let series = restored.candles(Interval::ONE_MINUTE).expect("kept");
        let first = 9 - candles.min(3) as u64;
        let minute = |id| Timestamp::new(DAY + id * MINUTE);
        let found: Vec<_> = series.candles().map(|it| it.open_time).collect();
        assert_eq!(
            found,
            ids(first).into_iter().map(minute).collect::<Vec<_>>()
        );
        assert_eq!(series.forgotten(), Some(minute(first - 1)));

        let stats = restored.ticker(Window::ONE_DAY).expect("a day").stats;
        assert_eq!(stats.trade_count, window_trades.min(4) as u64);
        assert!(stats.is_truncated);
        assert_eq!(stats.last_quantity, Some(Quantity::new(9)));
    }
}

#[test]
fn what_was_not_kept_like_that_is_not_gone_on_from() {
    let mut market = market();
    let events = [
        rested(Sell, 101, 9),
        traded(1, Buy, 101, 1),
        traded(2, Buy, 101, 2),
    ];
    report(&mut market, DAY, &events);
    let restore = |stored| MarketData::restore(&Settings::default(), stored).map(drop);
    assert_eq!(restore(market.stored()), Ok(()));
    let misplaced = |id| {
        let id = TradeId::new(id);
        Err(MarketError::Trade(TradeError::Misplaced { id }))
    };
    let mut stored = market.stored();
    stored.trades.reverse();
    assert_eq!(restore(stored), misplaced(1));
    let mut stored = market.stored();
    stored.trades[1].time = Timestamp::new(DAY - 1);
    assert_eq!(restore(stored), misplaced(2));
    let mut stored = market.stored();
    stored.trades[1].time = Timestamp::new(DAY + 1);
    assert_eq!(restore(stored), misplaced(2));
    let mut stored = market.stored();
    stored.trades[0].quantity = Quantity::ZERO;
    assert_eq!(
        restore(stored),
        Err(MarketError::Trade(TradeError::NoQuantity))
    );
    let mut stored = market.stored();
    stored.depth.asks.push(level(100, 1));
    assert!(matches!(restore(stored), Err(MarketError::Snapshot(_))));
    let mut stored = market.stored();
    stored.candles[0].candles[0].open_time = Timestamp::new(1);
    assert!(matches!(restore(stored), Err(MarketError::Candle(_))));
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
