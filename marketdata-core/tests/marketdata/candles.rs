//! Candles by eye, and against recomputation from the list of trades.

use std::collections::BTreeMap;

use marketdata_core::{
    Candle, CandleError, CandleEvent, CandleSeries, Candles, GapPolicy, Interval, PublicTrade,
    StoredCandles, TradeError, Volume,
};
use orderbook_core::{Notional, Price, Side, Timestamp, TradeId};
use proptest::prelude::*;

use crate::given::{DAY, HOUR, MINUTE, SECOND, trade, trades};

const ALWAYS: Timestamp = Timestamp::new(0);

/// 2024-08-08 00:00 UTC.
const MIDNIGHT: u64 = 1_723_075_200 * SECOND;

fn at(micros: u64) -> Timestamp {
    Timestamp::new(MIDNIGHT + micros)
}

/// Candles of these trades: (microseconds after midnight, price, quantity, taker).
fn candles_of(
    intervals: &[Interval],
    capacity: usize,
    list: &[(u64, i64, u64, Side)],
) -> (Candles, Vec<CandleEvent>) {
    let mut candles = Candles::new(intervals, capacity);
    let mut events = Vec::new();
    for (id, (time, price, quantity, side)) in (1..).zip(list) {
        let trade = trade(id, MIDNIGHT + time, *price, *quantity, *side);
        candles.apply(&trade, &mut events).expect("a trade");
    }
    (candles, events)
}

fn minutes(capacity: usize, list: &[(u64, i64, u64, Side)]) -> Candles {
    candles_of(&[Interval::ONE_MINUTE], capacity, list).0
}

/// The one-minute candles.
fn series(candles: &Candles) -> CandleSeries<'_> {
    candles.get(Interval::ONE_MINUTE).expect("minutes")
}

/// What of a candle fits a table: (minute after midnight, open, high, low, close, volume).
type Row = (u64, i64, i64, i64, i64, u128);

fn row(candle: &Candle) -> Row {
    (
        (candle.open_time.get() - MIDNIGHT) / MINUTE,
        candle.open.get(),
        candle.high.get(),
        candle.low.get(),
        candle.close.get(),
        candle.volume.get(),
    )
}

fn rows(candles: impl IntoIterator<Item = Candle>) -> Vec<Row> {
    candles.into_iter().map(|candle| row(&candle)).collect()
}

/// What an event says: (what, interval, row of the candle).
fn said(event: &CandleEvent) -> (&'static str, Interval, Option<Row>) {
    match event {
        CandleEvent::Closed { interval, candle } => ("closed", *interval, Some(row(candle))),
        CandleEvent::Corrected { interval, candle } => ("corrected", *interval, Some(row(candle))),
        CandleEvent::Emptied { interval, .. } => ("emptied", *interval, None),
        CandleEvent::Outdated { interval, .. } => ("outdated", *interval, None),
    }
}

fn advance(candles: &mut Candles, to: u64) -> Vec<Row> {
    let mut events: Vec<CandleEvent> = Vec::new();
    candles.advance(at(to), &mut events);
    events
        .iter()
        .map(|event| said(event).2.expect("a candle closed"))
        .collect()
}

#[test]
fn a_minute_of_trades_is_one_candle() {
    let candles = minutes(
        10,
        &[
            (0, 100, 5, Side::Buy),
            (20 * SECOND, 104, 1, Side::Sell),
            (20 * SECOND, 97, 2, Side::Sell),
            (MINUTE - 1, 101, 4, Side::Buy),
        ],
    );
    assert_eq!(
        series(&candles).latest(),
        Some(&Candle {
            open_time: at(0),
            close_time: at(MINUTE),
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
    let (mut candles, events) = candles_of(
        &[Interval::ONE_MINUTE],
        10,
        &[
            (0, 100, 1, Side::Buy),
            (MINUTE - 1, 90, 1, Side::Buy),
            (MINUTE, 95, 1, Side::Buy),
        ],
    );
    let closed = (
        "closed",
        Interval::ONE_MINUTE,
        Some((0, 100, 100, 90, 90, 2)),
    );
    assert_eq!(events.iter().map(said).collect::<Vec<_>>(), [closed]);
    assert_eq!(advance(&mut candles, 2 * MINUTE - 1), []);
}

#[test]
fn time_alone_closes_the_candle_once() {
    let mut candles = minutes(10, &[(30 * SECOND, 100, 1, Side::Buy)]);
    assert_eq!(advance(&mut candles, MINUTE - 1), []);
    assert_eq!(advance(&mut candles, MINUTE), [(0, 100, 100, 100, 100, 1)]);
    assert_eq!(advance(&mut candles, MINUTE), []);
    assert_eq!(advance(&mut candles, DAY), []);
    // Neither does the next trade close it again.
    let mut events: Vec<CandleEvent> = Vec::new();
    let next = trade(2, MIDNIGHT + 2 * DAY, 1, 1, Side::Buy);
    candles.apply(&next, &mut events).expect("a trade");
    assert_eq!(events, []);
}

#[test]
fn shorter_candles_close_first_and_a_gap_closes_each_interval_once() {
    let intervals = [Interval::ONE_DAY, Interval::ONE_MINUTE, Interval::ONE_MONTH];
    let trades = [(DAY - 1, 100, 1, Side::Buy)];
    let (mut candles, mut events) = candles_of(&intervals, 10, &trades);
    candles.advance(at(DAY), &mut events);
    let closed = |list: &[CandleEvent]| -> Vec<Interval> {
        let interval = |event: &CandleEvent| match event {
            CandleEvent::Closed { interval, .. } => *interval,
            other => panic!("{other:?}"),
        };
        list.iter().map(interval).collect()
    };
    assert_eq!(closed(&events), [Interval::ONE_MINUTE, Interval::ONE_DAY]);
    candles.advance(at(3_650 * DAY), &mut events);
    assert_eq!(closed(&events[2..]), [Interval::ONE_MONTH]);
}

#[test]
fn trades_of_nothing_are_refused() {
    let mut candles = minutes(10, &[(0, 100, 1, Side::Buy)]);
    let before = candles.clone();
    let mut events: Vec<CandleEvent> = Vec::new();
    let nothing = trade(2, MIDNIGHT + HOUR, 1, 0, Side::Buy);
    assert_eq!(
        candles.apply(&nothing, &mut events),
        Err(TradeError::NoQuantity)
    );
    assert_eq!((candles, events), (before, vec![]));
}

#[test]
fn a_late_trade_corrects_what_has_closed_and_is_counted_by_what_is_open() {
    let intervals = [
        Interval::ONE_MINUTE,
        Interval::FIVE_MINUTES,
        Interval::ONE_HOUR,
    ];
    let (mut candles, _) = candles_of(
        &intervals,
        10,
        &[(0, 100, 1, Side::Buy), (10 * MINUTE, 90, 1, Side::Buy)],
    );
    // It is said to be the third trade although it comes with a time before the second.
    let mut events: Vec<CandleEvent> = Vec::new();
    let late = trade(3, MIDNIGHT + SECOND, 110, 5, Side::Buy);
    candles.apply(&late, &mut events).expect("a trade");
    assert_eq!(
        events.iter().map(said).collect::<Vec<_>>(),
        [
            (
                "corrected",
                Interval::ONE_MINUTE,
                Some((0, 100, 110, 100, 110, 6))
            ),
            (
                "corrected",
                Interval::FIVE_MINUTES,
                Some((0, 100, 110, 100, 110, 6))
            ),
        ]
    );
    // The hour goes on. Its close is the price of the trade with the highest id.
    let hour = candles.get(Interval::ONE_HOUR).expect("an hour");
    assert_eq!(hour.latest().map(row), Some((0, 100, 110, 90, 110, 7)));
}

#[test]
fn a_late_trade_of_a_quiet_minute_makes_a_candle() {
    let mut candles = minutes(1, &[(0, 100, 1, Side::Buy), (5 * MINUTE, 90, 1, Side::Buy)]);
    let mut late = |id, minute: u64| {
        let mut events: Vec<CandleEvent> = Vec::new();
        let late = trade(id, MIDNIGHT + minute * MINUTE, 95, 1, Side::Buy);
        candles.apply(&late, &mut events).expect("a trade");
        events.iter().map(said).collect::<Vec<_>>()
    };
    let minute = Interval::ONE_MINUTE;
    let made = ("corrected", minute, Some((3, 95, 95, 95, 95, 1)));
    assert_eq!(late(3, 3), [made]);
    // There is room for one besides the newest. What is older comes too late.
    assert_eq!(late(4, 2), [("outdated", minute, None)]);
    assert_eq!(late(5, 0), [("outdated", minute, None)]);
    assert_eq!(
        rows(series(&candles).candles()),
        [(3, 95, 95, 95, 95, 1), (5, 90, 90, 90, 90, 1)]
    );
    assert_eq!(series(&candles).forgotten(), Some(at(2 * MINUTE)));
}

/// All trades are known.
fn knowing(trades: &[PublicTrade]) -> impl Fn(Timestamp, Timestamp) -> Option<Vec<PublicTrade>> {
    move |from, to| {
        let within =
            |trade: &&PublicTrade| from <= trade.time && (trade.time < to || to.get() == u64::MAX);
        Some(trades.iter().filter(within).copied().collect())
    }
}

const fn nothing(_: Timestamp, _: Timestamp) -> Option<Vec<PublicTrade>> {
    None
}

#[test]
fn a_busted_trade_is_taken_out_of_every_candle() {
    let intervals = [Interval::ONE_MINUTE, Interval::ONE_HOUR];
    let mut all = [
        trade(1, MIDNIGHT, 100, 1, Side::Buy),
        trade(2, MIDNIGHT + SECOND, 500, 2, Side::Buy),
        trade(3, MIDNIGHT + 2 * MINUTE, 101, 4, Side::Sell),
    ]
    .to_vec();
    let mut candles = Candles::new(&intervals, 10);
    let mut events: Vec<CandleEvent> = Vec::new();
    for trade in &all {
        candles.apply(trade, &mut events).expect("a trade");
    }
    events.clear();
    let busted = all.remove(1);
    candles.bust(&busted, knowing(&all), &mut events);
    let (minute, hour) = (Interval::ONE_MINUTE, Interval::ONE_HOUR);
    assert_eq!(
        events.iter().map(said).collect::<Vec<_>>(),
        [
            ("corrected", minute, Some((0, 100, 100, 100, 100, 1))),
            ("corrected", hour, Some((0, 100, 101, 100, 101, 5))),
        ]
    );
    // The last trade of a minute leaves none.
    events.clear();
    let busted = all.remove(1);
    candles.bust(&busted, knowing(&all), &mut events);
    assert_eq!(
        events.iter().map(said).collect::<Vec<_>>(),
        [
            ("emptied", minute, None),
            ("corrected", hour, Some((0, 100, 100, 100, 100, 1))),
        ]
    );
    assert_eq!(
        rows(series(&candles).candles()),
        [(0, 100, 100, 100, 100, 1)]
    );
}

#[test]
fn without_the_other_trades_only_what_is_certain_is_corrected() {
    let list = [
        (0, 100, 1),
        (1, 120, 1),
        (2, 110, 3),
        (3, 90, 1),
        (4, 105, 1),
    ];
    let list = list.map(|(second, price, quantity)| (second * SECOND, price, quantity, Side::Buy));
    let minute = Interval::ONE_MINUTE;
    for (id, expected) in [
        // Neither first nor last, neither highest nor lowest.
        (3, ("corrected", minute, Some((0, 100, 120, 90, 105, 4)))),
        (1, ("outdated", minute, None)),
        (2, ("outdated", minute, None)),
        (4, ("outdated", minute, None)),
        (5, ("outdated", minute, None)),
    ] {
        let mut candles = minutes(10, &list);
        let (_, price, quantity, side) = list[id - 1];
        let busted = trade(id as u64, MIDNIGHT, price, quantity, side);
        let mut events: Vec<CandleEvent> = Vec::new();
        candles.bust(&busted, nothing, &mut events);
        assert_eq!(events.iter().map(said).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn the_only_trade_of_a_candle_leaves_none_whoever_is_asked() {
    let mut candles = minutes(10, &[(0, 100, 1, Side::Buy)]);
    let mut events: Vec<CandleEvent> = Vec::new();
    candles.bust(&trade(1, MIDNIGHT, 100, 1, Side::Buy), nothing, &mut events);
    assert_eq!(
        events.iter().map(said).collect::<Vec<_>>(),
        [("emptied", Interval::ONE_MINUTE, None)]
    );
    assert_eq!(series(&candles).latest(), None);
}

#[test]
fn who_does_not_know_all_trades_is_not_believed() {
    let last = [u64::MAX - MIDNIGHT, u64::MAX - MIDNIGHT];
    let list = last.map(|time| (time, 100, 1, Side::Buy));
    let mut candles = minutes(10, &list);
    let mut events: Vec<CandleEvent> = Vec::new();
    candles.bust(
        &trade(2, u64::MAX, 100, 1, Side::Buy),
        |_, _| Some(vec![]),
        &mut events,
    );
    assert!(matches!(events[..], [CandleEvent::Outdated { .. }]));
    events.clear();
    let left = [trade(1, u64::MAX, 100, 1, Side::Buy)];
    candles.bust(
        &trade(2, u64::MAX, 100, 1, Side::Buy),
        knowing(&left),
        &mut events,
    );
    assert!(matches!(events[..], [CandleEvent::Corrected { .. }]));
}

/// What is spoilt, and how that is refused.
type Break<'a> = (&'a dyn Fn(&mut StoredCandles), CandleError);

#[test]
fn what_no_trades_give_is_not_gone_on_from() {
    let minute = Interval::ONE_MINUTE;
    let candles = minutes(10, &[(0, 100, 3, Side::Buy), (MINUTE, 90, 1, Side::Buy)]);
    let stored = || candles.stored().remove(0);
    let restore = |stored: Vec<StoredCandles>| {
        Candles::restore(&[minute], 10, candles.now(), stored).map(drop)
    };
    assert_eq!(restore(vec![stored()]), Ok(()));
    let interval = minute;
    assert_eq!(
        restore(vec![stored(), stored()]),
        Err(CandleError::Unexpected { interval })
    );
    let breaks: [Break<'_>; 9] = [
        (
            &|it| it.interval = Interval::ONE_HOUR,
            CandleError::Unexpected {
                interval: Interval::ONE_HOUR,
            },
        ),
        (
            &|it| it.candles.reverse(),
            CandleError::Misplaced {
                interval,
                open_time: at(0),
            },
        ),
        (
            &|it| it.forgotten = Some(at(0)),
            CandleError::Misplaced {
                interval,
                open_time: at(0),
            },
        ),
        (
            &|it| it.outdated = vec![at(1)],
            CandleError::Misplaced {
                interval,
                open_time: at(1),
            },
        ),
        (
            &|it| {
                it.candles[1].open_time = at(2 * MINUTE);
                it.candles[1].close_time = at(3 * MINUTE);
            },
            CandleError::Misplaced {
                interval,
                open_time: at(2 * MINUTE),
            },
        ),
        (
            &|it| it.candles[1].close_time = at(MINUTE + 1),
            CandleError::Misplaced {
                interval,
                open_time: at(MINUTE),
            },
        ),
        (
            &|it| it.candles[0].low = Price::new(101),
            CandleError::Contradictory {
                interval,
                open_time: at(0),
            },
        ),
        (
            &|it| it.candles[0].taker_buy_volume = Volume::new(4),
            CandleError::Contradictory {
                interval,
                open_time: at(0),
            },
        ),
        (
            &|it| it.candles[0].last_trade_id = None,
            CandleError::Contradictory {
                interval,
                open_time: at(0),
            },
        ),
    ];
    for (number, (spoil, error)) in breaks.into_iter().enumerate() {
        let mut spoilt = stored();
        spoil(&mut spoilt);
        assert_eq!(restore(vec![spoilt]), Err(error), "{number}");
    }
}

#[test]
fn an_outdated_candle_is_put_right_by_who_has_the_trades() {
    let mut candles = minutes(10, &[(0, 100, 1, Side::Buy), (1, 120, 1, Side::Buy)]);
    let mut events: Vec<CandleEvent> = Vec::new();
    candles.bust(
        &trade(2, MIDNIGHT + 1, 120, 1, Side::Buy),
        nothing,
        &mut events,
    );
    // What comes late now does not make it right.
    candles.advance(at(HOUR), &mut events);
    let late = trade(3, MIDNIGHT + 2, 105, 1, Side::Buy);
    candles.apply(&late, &mut events).expect("a trade");
    // Nor does storing it.
    let minute = [Interval::ONE_MINUTE];
    candles = Candles::restore(&minute, 10, candles.now(), candles.stored()).expect("stored");
    candles.apply(&late, &mut events).expect("a trade");
    let right = minutes(10, &[(0, 100, 1, Side::Buy)]);
    let right = *series(&right).latest().expect("a trade");
    let minute = Interval::ONE_MINUTE;
    candles
        .replace(minute, right, &mut events)
        .expect("a candle");
    candles.apply(&late, &mut events).expect("a trade");
    let told: Vec<_> = events.iter().map(|event| said(event).0).collect();
    assert_eq!(
        told,
        [
            "outdated",
            "closed",
            "outdated",
            "outdated",
            "corrected",
            "corrected"
        ]
    );
    assert_eq!(
        series(&candles).latest().map(row),
        Some((0, 100, 105, 100, 105, 2))
    );
}

#[test]
fn the_newest_candle_and_as_many_as_wanted_before_it_are_kept() {
    for (capacity, kept) in [(0, vec![4]), (2, vec![2, 3, 4]), (9, vec![0, 1, 2, 3, 4])] {
        let list = [0, 1, 2, 3, 4].map(|minute| (minute * MINUTE, 100, 1, Side::Buy));
        let candles = minutes(capacity, &list);
        let minutes: Vec<u64> = rows(series(&candles).candles())
            .iter()
            .map(|row| row.0)
            .collect();
        assert_eq!(minutes, kept);
        let forgotten = series(&candles).forgotten();
        assert_eq!(
            forgotten,
            kept[0].checked_sub(1).map(|minute| at(minute * MINUTE))
        );
    }
}

#[test]
fn quiet_minutes_are_skipped_or_filled_with_the_previous_close() {
    let candles = minutes(
        10,
        &[
            (2 * MINUTE, 100, 1, Side::Buy),
            (2 * MINUTE, 103, 1, Side::Buy),
            (5 * MINUTE, 90, 2, Side::Buy),
        ],
    );
    let now = at(6 * MINUTE + 1);
    let range = |from: Option<u64>, to: Option<u64>, limit, gaps| {
        rows(series(&candles).range(
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
    let candles = minutes(10, &[(0, 100, 1, Side::Buy), (MINUTE, 101, 1, Side::Buy)]);
    for gaps in [GapPolicy::Skip, GapPolicy::PreviousClose] {
        let range = series(&candles).range(Some(at(1)), Some(at(MINUTE + 1)), 9, at(HOUR), gaps);
        assert_eq!(rows(range), [(1, 101, 101, 101, 101, 1)]);
    }
}

#[test]
fn an_empty_series_has_nothing_to_fill_with() {
    let candles = minutes(5, &[]);
    assert_eq!(series(&candles).latest(), None);
    let all = series(&candles).range(None, None, 9, at(DAY), GapPolicy::PreviousClose);
    assert_eq!(all, []);
}

#[test]
fn a_gap_of_years_costs_no_more_than_what_is_asked_for() {
    let year = 365 * DAY;
    let candles = minutes(
        10,
        &[(0, 100, 1, Side::Buy), (50 * year, 200, 1, Side::Buy)],
    );
    let now = at(100 * year);
    let fill = GapPolicy::PreviousClose;
    let oldest = series(&candles).range(Some(ALWAYS), None, 3, now, fill);
    assert_eq!(
        rows(oldest.clone()),
        [
            (0, 100, 100, 100, 100, 1),
            (1, 100, 100, 100, 100, 0),
            (2, 100, 100, 100, 100, 0)
        ]
    );
    let minute = Interval::ONE_MINUTE;
    let newest = series(&candles).range(None, None, 2, now, fill);
    assert_eq!(
        newest,
        [
            Candle::flat(minute, at(100 * year - MINUTE), Price::new(200)),
            Candle::flat(minute, at(100 * year), Price::new(200))
        ]
    );
    assert!(newest[0].is_flat() && !oldest[0].is_flat());
}

/// The candles of these trades, computed trade by trade without looking back.
fn naive(interval: Interval, trades: &[PublicTrade]) -> Vec<Candle> {
    let mut buckets: BTreeMap<Timestamp, Vec<&PublicTrade>> = BTreeMap::new();
    for trade in trades {
        let open_time = interval.open_time(trade.time);
        buckets.entry(open_time).or_default().push(trade);
    }
    let lots = |list: &[&PublicTrade]| {
        Volume::new(list.iter().map(|t| u128::from(t.quantity.get())).sum())
    };
    let paid = |list: &[&PublicTrade]| Notional::new(list.iter().map(|t| t.notional().get()).sum());
    buckets
        .into_iter()
        .map(|(open_time, mut list)| {
            list.sort_by_key(|trade| trade.id);
            let bought: Vec<&PublicTrade> = list
                .iter()
                .filter(|trade| trade.taker_side == Side::Buy)
                .copied()
                .collect();
            let prices = || list.iter().map(|trade| trade.price);
            Candle {
                open_time,
                close_time: interval.close_time(open_time),
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
    let mut sums: BTreeMap<Timestamp, Candle> = BTreeMap::new();
    for candle in candles {
        let empty = Candle::flat(interval, candle.open_time, Price::new(0));
        sums.entry(empty.open_time).or_insert(empty).merge(candle);
    }
    sums.into_values().collect()
}

/// Every bucket from the first known candle to `now`, one by one.
fn naive_filled(series: &CandleSeries<'_>, now: Timestamp) -> Vec<Candle> {
    let interval = series.interval();
    let mut known = series.candles().peekable();
    let mut filled: Vec<Candle> = Vec::new();
    let Some(first) = known.peek().copied() else {
        return filled;
    };
    let mut open_time = first.open_time;
    while open_time <= now {
        let candle = known.next_if(|candle| candle.open_time == open_time);
        filled.push(candle.unwrap_or_else(|| {
            let close = filled.last().expect("the first is known").close;
            Candle::flat(interval, open_time, close)
        }));
        open_time = interval.close_time(open_time);
    }
    filled
}

/// Some that divide one another and some that do not.
const INTERVALS: [Interval; 11] = [
    Interval::ONE_SECOND,
    Interval::ONE_MINUTE,
    Interval::THREE_MINUTES,
    Interval::FIVE_MINUTES,
    Interval::FIFTEEN_MINUTES,
    Interval::ONE_HOUR,
    Interval::FOUR_HOURS,
    Interval::ONE_DAY,
    Interval::THREE_DAYS,
    Interval::ONE_WEEK,
    Interval::ONE_MONTH,
];

proptest! {
    #[test]
    fn candles_equal_recomputation_from_all_trades(
        trades in trades(80),
        which in prop::sample::subsequence(INTERVALS.to_vec(), 1..11),
    ) {
        let mut candles = Candles::new(&which, usize::MAX);
        let mut events: Vec<CandleEvent> = Vec::new();
        for trade in &trades {
            candles.apply(trade, &mut events).expect("a trade");
        }
        for interval in &which {
            // While the newest is open, ...
            let found: Vec<Candle> = candles.get(*interval).expect("asked for").candles().collect();
            prop_assert_eq!(&found, &naive(*interval, &trades));
        }
        candles.advance(Timestamp::new(u64::MAX), &mut events);
        for interval in which {
            let found: Vec<Candle> = candles.get(interval).expect("asked for").candles().collect();
            // ... and after. Each candle was reported closed exactly once, as it stayed.
            prop_assert_eq!(&found, &naive(interval, &trades));
            let closed = events.iter().filter_map(|event| match event {
                CandleEvent::Closed { interval: of, candle } => (*of == interval).then_some(*candle),
                _ => None,
            });
            prop_assert_eq!(closed.collect::<Vec<_>>(), found.clone());
            for candle in &found {
                prop_assert!(candle.low <= candle.open && candle.open <= candle.high);
                prop_assert!(candle.low <= candle.close && candle.close <= candle.high);
                prop_assert!(candle.taker_buy_volume <= candle.volume);
            }
            let volume: u128 = found.iter().map(|candle| candle.volume.get()).sum();
            let traded: u128 = trades.iter().map(|t| u128::from(t.quantity.get())).sum();
            prop_assert_eq!(volume, traded);
        }
    }

    #[test]
    fn the_order_in_which_trades_come_does_not_matter(
        (trades, shuffled) in trades(40).prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        unneeded in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let mut candles = Candles::new(&INTERVALS, usize::MAX);
        let mut left = shuffled.clone();
        for trade in &shuffled {
            candles.apply::<CandleEvent>(trade, &mut Vec::new()).expect("a trade");
        }
        for index in unneeded {
            if left.is_empty() {
                break;
            }
            let busted = left.remove(index.index(left.len()));
            let mut events: Vec<CandleEvent> = Vec::new();
            candles.bust(&busted, knowing(&left), &mut events);
            prop_assert_eq!(events.len(), INTERVALS.len());
        }
        let left: Vec<_> = trades.into_iter().filter(|trade| left.contains(trade)).collect();
        for interval in INTERVALS {
            let found: Vec<Candle> = candles.get(interval).expect("all").candles().collect();
            prop_assert_eq!(found, naive(interval, &left));
        }
    }

    #[test]
    fn short_candles_add_up_to_the_long_ones(trades in trades(80)) {
        let all = INTERVALS.map(|interval| naive(interval, &trades));
        for (interval, expected) in INTERVALS.into_iter().zip(&all) {
            for (part, candles) in INTERVALS.into_iter().zip(&all) {
                if part.divides(interval) {
                    prop_assert_eq!(&roll_up(interval, candles), expected);
                }
            }
        }
    }

    /// Whatever is kept, a longer candle is either whole or said to be forgotten.
    #[test]
    fn a_series_makes_the_candles_of_longer_intervals(
        trades in trades(80),
        capacity in 0_usize..30,
        look in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
    ) {
        let mut candles = Candles::new(&INTERVALS, capacity);
        for trade in &trades {
            candles.apply::<CandleEvent>(trade, &mut Vec::new()).expect("a trade");
        }
        for series in candles.all() {
            for interval in INTERVALS {
                let wide = series.widened(interval);
                prop_assert_eq!(wide.is_some(), series.interval().divides(interval));
                let Some(wide) = wide else { continue };
                let forgotten = series.forgotten().map(|time| interval.open_time(time));
                prop_assert_eq!(wide.forgotten(), forgotten);
                let mut expected = naive(interval, &trades);
                expected.retain(|candle| forgotten < Some(candle.open_time));
                prop_assert_eq!(wide.candles().collect::<Vec<_>>(), expected.clone());
                for index in &look {
                    let time = trades[index.index(trades.len())].time;
                    let expected = expected.iter().find(|candle| {
                        candle.open_time <= time && time < candle.close_time
                    });
                    prop_assert_eq!(series.within(interval, time), expected.copied());
                }
            }
        }
    }

    #[test]
    fn restored_candles_go_on_as_if_nothing_had_happened(
        trades in trades(60),
        cut in any::<prop::sample::Index>(),
        capacity in 0_usize..8,
    ) {
        let mut candles = Candles::new(&INTERVALS, capacity);
        let (before, after) = trades.split_at(cut.index(trades.len()));
        let mut events: Vec<CandleEvent> = Vec::new();
        for trade in before {
            candles.apply(trade, &mut events).expect("a trade");
        }
        let mut restored = Candles::restore(&INTERVALS, capacity, candles.now(), candles.stored())
            .expect("what was stored");
        let mut of_restored = events.clone();
        for trade in after {
            candles.apply(trade, &mut events).expect("a trade");
            restored.apply(trade, &mut of_restored).expect("a trade");
            for (series, restored) in candles.all().zip(restored.all()) {
                prop_assert!(series.candles().eq(restored.candles()));
                prop_assert_eq!(series.forgotten(), restored.forgotten());
            }
        }
        prop_assert_eq!(events, of_restored);
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
        for interval in [Interval::FIVE_MINUTES, Interval::ONE_HOUR, Interval::ONE_MONTH] {
            let mut candles = Candles::new(&[interval], capacity);
            for trade in &trades {
                candles.apply::<CandleEvent>(trade, &mut Vec::new()).expect("a trade");
            }
            let series = candles.get(interval).expect("it is made for it");
            for gaps in [GapPolicy::Skip, GapPolicy::PreviousClose] {
                let all = match gaps {
                    GapPolicy::Skip => series.candles().collect(),
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
