//! Rolling windows by eye, and against recomputation from all trades ever.

use marketdata_core::{PublicTrade, Ratio, RollingTicker, TickerStats, TradeError, Volume, Window};
use orderbook_core::{Notional, Price, Quantity, Side, Timestamp, TradeId};
use proptest::prelude::*;

use crate::given::{DAY, HOUR, pause, side, trade};

fn window(micros: u64) -> Window {
    Window::of_micros(micros).expect("a duration")
}

/// A ticker over ten microseconds with these trades: (time, price, quantity).
fn ten_micros(list: &[(u64, i64, u64)]) -> RollingTicker {
    let mut ticker = RollingTicker::new(&[window(10)], usize::MAX);
    for (id, (time, price, quantity)) in (1..).zip(list) {
        let trade = trade(id, *time, *price, *quantity, Side::Buy);
        ticker.apply(&trade).expect("a new trade");
    }
    ticker
}

fn stats(ticker: &RollingTicker) -> TickerStats {
    ticker.stats(window(10)).expect("its window")
}

#[test]
fn a_ticker_without_trades_knows_nothing() {
    let mut ticker = RollingTicker::new(&[Window::ONE_DAY], 100);
    ticker.advance(Timestamp::new(DAY));
    assert_eq!(ticker.stats(Window::ONE_DAY), Some(TickerStats::default()));
    assert_eq!(ticker.stats(Window::ONE_HOUR), None);
    assert_eq!(Window::ONE_DAY.micros(), DAY);
}

#[test]
fn the_window_is_summed_up() {
    let ticker = ten_micros(&[(100, 50, 2), (101, 53, 1), (101, 49, 4), (105, 51, 3)]);
    let stats = stats(&ticker);
    assert_eq!(
        stats,
        TickerStats {
            open: Some(Price::new(50)),
            high: Some(Price::new(53)),
            low: Some(Price::new(49)),
            last: Some(Price::new(51)),
            last_quantity: Some(Quantity::new(3)),
            previous_close: None,
            volume: Volume::new(10),
            quote_volume: Notional::new(100 + 53 + 196 + 153),
            trade_count: 4,
            first_trade_id: Some(TradeId::new(1)),
            last_trade_id: Some(TradeId::new(4)),
            is_truncated: false,
        }
    );
    assert_eq!(stats.weighted_average(), Ratio::new(502, 10));
    assert_eq!(stats.change(), Some(1));
    assert_eq!(stats.change_ratio(), Ratio::new(1, 50));
}

#[test]
fn changes_of_negative_prices_keep_their_direction() {
    for (open, last, ratio) in [
        (-50, -40, Ratio::new(-10, 50)),
        (-50, -60, Ratio::new(10, 50)),
        (50, -50, Ratio::new(-2, 1)),
        (0, 7, None),
    ] {
        let stats = stats(&ten_micros(&[(100, open, 1), (100, last, 1)]));
        assert_eq!(stats.change(), Some(i128::from(last - open)));
        assert_eq!(stats.change_ratio(), ratio);
    }
}

#[test]
fn a_trade_leaves_when_it_is_as_old_as_the_window_is_long() {
    let mut ticker = ten_micros(&[(100, 50, 2), (104, 60, 1)]);
    ticker.advance(Timestamp::new(109));
    assert_eq!(stats(&ticker).trade_count, 2);
    ticker.advance(Timestamp::new(110));
    let stats = stats(&ticker);
    assert_eq!(stats.trade_count, 1);
    assert_eq!(stats.open, Some(Price::new(60)));
    assert_eq!(stats.low, Some(Price::new(60)));
    assert_eq!(stats.previous_close, Some(Price::new(50)));
    assert_eq!(stats.volume, Volume::new(1));
}

#[test]
fn the_last_price_survives_the_window() {
    let mut ticker = ten_micros(&[(100, 50, 2), (104, 60, 7)]);
    ticker.advance(Timestamp::new(114));
    assert_eq!(
        stats(&ticker),
        TickerStats {
            last: Some(Price::new(60)),
            last_quantity: Some(Quantity::new(7)),
            previous_close: Some(Price::new(60)),
            ..TickerStats::default()
        }
    );
    assert_eq!(stats(&ticker).change(), None);
}

#[test]
fn a_trade_pushes_older_ones_out_of_the_window() {
    let stats = stats(&ten_micros(&[(100, 90, 1), (101, 10, 1), (110, 50, 1)]));
    assert_eq!(
        (stats.high, stats.low),
        (Some(Price::new(50)), Some(Price::new(10)))
    );
    assert_eq!(stats.previous_close, Some(Price::new(90)));
}

#[test]
fn a_late_trade_is_counted_where_its_time_belongs() {
    let mut ticker = ten_micros(&[(100, 50, 1), (107, 70, 1), (103, 90, 1)]);
    assert_eq!(ticker.now(), Timestamp::new(107));
    let found = stats(&ticker);
    assert_eq!((found.high, found.trade_count), (Some(Price::new(90)), 3));
    assert_eq!(found.last, Some(Price::new(70)));
    // It leaves when it should.
    ticker.advance(Timestamp::new(113));
    let found = stats(&ticker);
    assert_eq!((found.high, found.trade_count), (Some(Price::new(70)), 1));
    assert_eq!(found.previous_close, Some(Price::new(90)));
    // What has left already when it comes is only what came before, if it was the newest of that.
    for (id, time, before) in [(4, 102, 90), (5, 103, 40)] {
        let late = trade(id, time, 40, 1, Side::Buy);
        ticker.apply(&late).expect("a new trade");
        assert_eq!(stats(&ticker).trade_count, 1);
        assert_eq!(stats(&ticker).previous_close, Some(Price::new(before)));
    }
}

#[test]
fn what_is_no_new_trade_is_refused_and_changes_nothing() {
    let mut ticker = ten_micros(&[(100, 50, 1), (107, 70, 1)]);
    let before = ticker.clone();
    for (id, time) in [(1, 100), (2, 107)] {
        let again = trade(id, time, 50, 1, Side::Buy);
        let id = TradeId::new(id);
        assert_eq!(ticker.apply(&again), Err(TradeError::Repeated { id }));
    }
    let nothing = trade(3, 200, 50, 0, Side::Buy);
    assert_eq!(ticker.apply(&nothing), Err(TradeError::NoQuantity));
    assert_eq!(ticker, before);
}

#[test]
fn a_busted_trade_was_never_there() {
    let mut ticker = ten_micros(&[(100, 50, 1), (101, 90, 2), (102, 60, 4)]);
    let busted = trade(2, 101, 90, 2, Side::Buy);
    assert_eq!(ticker.bust(TradeId::new(2)), Some(busted));
    assert_eq!(ticker.bust(TradeId::new(2)), None);
    assert_eq!(
        stats(&ticker),
        stats(&{
            let mut never = RollingTicker::new(&[window(10)], usize::MAX);
            for trade in [
                trade(1, 100, 50, 1, Side::Buy),
                trade(3, 102, 60, 4, Side::Buy),
            ] {
                never.apply(&trade).expect("a new trade");
            }
            never
        })
    );
    assert!(ticker.bust(TradeId::new(3)).is_some());
    assert_eq!(stats(&ticker).last, Some(Price::new(50)));
    // Of what has left, the last trade of all is still known.
    ticker.advance(Timestamp::new(110));
    assert_eq!(stats(&ticker).previous_close, Some(Price::new(50)));
    assert!(ticker.bust(TradeId::new(1)).is_some());
    assert_eq!(stats(&ticker), TickerStats::default());
}

#[test]
fn what_is_too_much_is_left_out_and_said() {
    let mut ticker = RollingTicker::new(&[window(10), window(3)], 2);
    for (id, time) in [(1, 100), (2, 101), (3, 102)] {
        ticker
            .apply(&trade(id, time, 50, 1, Side::Buy))
            .expect("a new trade");
    }
    for micros in [10, 3] {
        let stats = ticker.stats(window(micros)).expect("its window");
        assert_eq!(
            (stats.trade_count, stats.is_truncated),
            (2, true),
            "{micros}"
        );
        assert_eq!(stats.first_trade_id, Some(TradeId::new(2)));
    }
    // Once it would have left, nothing is missing.
    for (time, truncated) in [
        (103, [true, false]),
        (109, [true, false]),
        (110, [false, false]),
    ] {
        ticker.advance(Timestamp::new(time));
        let found = [10, 3].map(|micros| ticker.stats(window(micros)).expect("its window"));
        assert_eq!(
            found.map(|stats| stats.is_truncated),
            truncated,
            "at {time}"
        );
    }
    assert_eq!(ticker.trades().len(), 2);
}

#[test]
fn trades_of_a_span_are_known_as_long_as_none_has_been_dropped() {
    let mut ticker = ten_micros(&[(100, 50, 1), (101, 60, 1), (105, 70, 1)]);
    let mut ids = |now: u64, from, to| {
        ticker.advance(Timestamp::new(now));
        let trades = ticker.trades_between(Timestamp::new(from), Timestamp::new(to))?;
        Some(
            trades
                .iter()
                .map(|trade| trade.id.get())
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(ids(105, 0, 105), Some(vec![1, 2]));
    assert_eq!(ids(105, 101, 106), Some(vec![2, 3]));
    assert_eq!(ids(105, 106, 90), Some(vec![]));
    assert_eq!(ids(110, 100, 106), None);
    assert_eq!(ids(110, 101, 106), Some(vec![2, 3]));
}

#[test]
fn a_sum_beyond_128_bits_is_clamped_but_not_lost() {
    for (price, nearest) in [(i64::MAX, i128::MAX), (i64::MIN, i128::MIN)] {
        let ends = [1, 2].map(|id| trade(id, 100, price, u64::MAX, Side::Buy));
        let mut ticker = RollingTicker::new(&[window(10)], usize::MAX);
        ticker.apply(&ends[0]).expect("a new trade");
        assert_eq!(stats(&ticker).quote_volume, ends[0].notional());
        ticker.apply(&ends[1]).expect("a new trade");
        ticker
            .apply(&trade(3, 105, 7, 3, Side::Buy))
            .expect("a new trade");
        assert_eq!(stats(&ticker).quote_volume, Notional::new(nearest));
        ticker.advance(Timestamp::new(110));
        assert_eq!(stats(&ticker).quote_volume, Notional::new(21));
        ticker.advance(Timestamp::new(u64::MAX));
        assert_eq!(stats(&ticker).quote_volume, Notional::ZERO);
    }
}

/// The statistics at `now`, computed from all trades ever, by time and id.
fn naive(window: Window, trades: &[PublicTrade], now: u64) -> TickerStats {
    let (inside, left): (Vec<&PublicTrade>, Vec<&PublicTrade>) = trades
        .iter()
        .partition(|trade| now - trade.time.get() < window.micros());
    let last = trades.last();
    TickerStats {
        open: inside.first().map(|trade| trade.price),
        high: inside.iter().map(|trade| trade.price).max(),
        low: inside.iter().map(|trade| trade.price).min(),
        last: last.map(|trade| trade.price),
        last_quantity: last.map(|trade| trade.quantity),
        previous_close: left.last().map(|trade| trade.price),
        volume: Volume::new(inside.iter().map(|t| u128::from(t.quantity.get())).sum()),
        quote_volume: Notional::new(inside.iter().map(|t| t.notional().get()).sum()),
        trade_count: inside.len() as u64,
        first_trade_id: inside.first().map(|trade| trade.id),
        last_trade_id: inside.last().map(|trade| trade.id),
        is_truncated: false,
    }
}

#[derive(Debug, Clone)]
enum Step {
    Trade(i64, u64, Side),
    /// So much earlier than now.
    Late(u64, i64, u64, Side),
    Advance,
    Bust(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let traded = || (-20_i64..20, 1_u64..100, side());
    prop_oneof![
        6 => traded().prop_map(|(price, quantity, side)| Step::Trade(price, quantity, side)),
        2 => (prop_oneof![0_u64..4, 0..DAY], traded())
            .prop_map(|(by, (price, quantity, side))| Step::Late(by, price, quantity, side)),
        2 => Just(Step::Advance),
        1 => any::<prop::sample::Index>().prop_map(Step::Bust),
    ]
}

proptest! {
    #[test]
    fn statistics_equal_recomputation_from_all_trades(
        lengths in prop::collection::vec(
            prop_oneof![Just(DAY), Just(HOUR), 1_u64..5, 1..3 * DAY].prop_map(window),
            1..5,
        ),
        steps in prop::collection::vec((prop_oneof![2 => pause(), 1 => 0_u64..3], step()), 1..120),
    ) {
        let mut ticker = RollingTicker::new(&lengths, usize::MAX);
        let longest = *lengths.iter().max().expect("one at least");
        let mut trades: Vec<PublicTrade> = Vec::new();
        let (mut now, mut next_id) = (5 * DAY, 1);
        for (pause, step) in steps {
            now += pause;
            let mut count = |trades: &mut Vec<PublicTrade>, time, price, quantity, side| {
                let trade = trade(next_id, time, price, quantity, side);
                next_id += 1;
                let at = trades.partition_point(|it| (it.time, it.id) < (trade.time, trade.id));
                trades.insert(at, trade);
                trade
            };
            ticker.advance(Timestamp::new(now));
            match step {
                Step::Trade(price, quantity, side) => {
                    let trade = count(&mut trades, now, price, quantity, side);
                    ticker.apply(&trade).expect("a new trade");
                }
                Step::Late(by, price, quantity, side) => {
                    let trade = count(&mut trades, now - by, price, quantity, side);
                    ticker.apply(&trade).expect("a new trade");
                }
                Step::Advance => {}
                Step::Bust(index) => {
                    let in_longest = |trade: &PublicTrade| now - trade.time.get() < longest.micros();
                    let known: Vec<_> = trades.iter().filter(|it| in_longest(it)).copied().collect();
                    if !known.is_empty() {
                        let busted = known[index.index(known.len())];
                        trades.retain(|trade| *trade != busted);
                        prop_assert_eq!(ticker.bust(busted.id), Some(busted));
                        // Who came before the newest is not known for ever.
                        if known.len() == 1 {
                            break;
                        }
                    }
                }
            }
            for length in &lengths {
                let mut expected = naive(*length, &trades, now);
                let found = ticker.stats(*length).expect("its window");
                // Neither is who left before one that was busted.
                if found.previous_close.is_none() {
                    expected.previous_close = None;
                }
                prop_assert_eq!(found, expected);
            }
        }
    }
}
