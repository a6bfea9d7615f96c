//! The rolling window by eye, and against recomputation from all trades ever.

use marketdata_core::{DAY_MICROS, PublicTrade, RollingTicker, TickerStats, Volume};
use orderbook_core::{Notional, Price, Quantity, Side, Timestamp, TradeId};
use proptest::prelude::*;

use crate::given::{DAY, HOUR, pause, side, trade};

/// A ticker over ten microseconds with these trades: (time, price, quantity).
fn ten_micros(list: &[(u64, i64, u64)]) -> RollingTicker {
    let mut ticker = RollingTicker::new(10);
    for (id, (time, price, quantity)) in (1..).zip(list) {
        ticker.apply(&trade(id, *time, *price, *quantity, Side::Buy));
    }
    ticker
}

#[test]
fn a_ticker_without_trades_knows_nothing() {
    let mut ticker = RollingTicker::new(DAY_MICROS);
    ticker.advance(Timestamp::new(DAY));
    assert_eq!(ticker.stats(), TickerStats::default());
    assert_eq!(DAY_MICROS, DAY);
}

#[test]
fn the_window_is_summed_up() {
    let ticker = ten_micros(&[(100, 50, 2), (101, 53, 1), (101, 49, 4), (105, 51, 3)]);
    assert_eq!(
        ticker.stats(),
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
        }
    );
}

#[test]
fn a_trade_leaves_when_it_is_as_old_as_the_window_is_long() {
    let mut ticker = ten_micros(&[(100, 50, 2), (104, 60, 1)]);
    ticker.advance(Timestamp::new(109));
    assert_eq!(ticker.stats().trade_count, 2);
    ticker.advance(Timestamp::new(110));
    let stats = ticker.stats();
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
        ticker.stats(),
        TickerStats {
            last: Some(Price::new(60)),
            last_quantity: Some(Quantity::new(7)),
            previous_close: Some(Price::new(60)),
            ..TickerStats::default()
        }
    );
}

#[test]
fn a_trade_pushes_older_ones_out_of_the_window() {
    let stats = ten_micros(&[(100, 90, 1), (101, 10, 1), (110, 50, 1)]).stats();
    assert_eq!(
        (stats.high, stats.low),
        (Some(Price::new(50)), Some(Price::new(10)))
    );
    assert_eq!(stats.previous_close, Some(Price::new(90)));
}

#[test]
fn a_trade_from_the_past_counts_as_at_the_newest_time_seen() {
    let mut ticker = ten_micros(&[(100, 50, 1), (3, 40, 1)]);
    assert_eq!(ticker.now(), Timestamp::new(100));
    ticker.advance(Timestamp::new(7));
    assert_eq!(ticker.now(), Timestamp::new(100));
    ticker.advance(Timestamp::new(109));
    assert_eq!(ticker.stats().trade_count, 2);
    ticker.advance(Timestamp::new(110));
    assert_eq!(ticker.stats().trade_count, 0);
}

#[test]
fn a_window_of_zero_never_holds_a_trade() {
    let mut ticker = RollingTicker::new(0);
    ticker.apply(&trade(1, 5, 100, 3, Side::Sell));
    assert_eq!(
        ticker.stats(),
        TickerStats {
            last: Some(Price::new(100)),
            last_quantity: Some(Quantity::new(3)),
            previous_close: Some(Price::new(100)),
            ..TickerStats::default()
        }
    );
}

#[test]
fn a_sum_beyond_128_bits_is_clamped_but_not_lost() {
    for (price, nearest) in [(i64::MAX, i128::MAX), (i64::MIN, i128::MIN)] {
        let ends = trade(1, 100, price, u64::MAX, Side::Buy);
        let mut ticker = RollingTicker::new(10);
        ticker.apply(&ends);
        assert_eq!(ticker.stats().quote_volume, ends.notional());
        ticker.apply(&ends);
        ticker.apply(&trade(2, 105, 7, 3, Side::Buy));
        assert_eq!(ticker.stats().quote_volume, Notional::new(nearest));
        ticker.advance(Timestamp::new(110));
        assert_eq!(ticker.stats().quote_volume, Notional::new(21));
        ticker.advance(Timestamp::new(u64::MAX));
        assert_eq!(ticker.stats().quote_volume, Notional::ZERO);
    }
}

/// The statistics at `now`, computed from all trades ever.
fn naive(window: u64, trades: &[PublicTrade], now: u64) -> TickerStats {
    let (inside, left): (Vec<&PublicTrade>, Vec<&PublicTrade>) = trades
        .iter()
        .partition(|trade| now - trade.time.get() < window);
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
    }
}

proptest! {
    #[test]
    fn statistics_equal_recomputation_from_all_trades(
        window in prop_oneof![Just(DAY_MICROS), Just(HOUR), 0_u64..5, 0..3 * DAY],
        steps in prop::collection::vec(
            (
                prop_oneof![2 => pause(), 1 => 0_u64..3],
                prop::option::weighted(0.7, (-20_i64..20, 1_u64..100, side())),
            ),
            1..120,
        ),
    ) {
        let mut ticker = RollingTicker::new(window);
        let mut trades = Vec::new();
        let mut now = DAY;
        for (pause, traded) in steps {
            now += pause;
            if let Some((price, quantity, side)) = traded {
                let trade = trade(trades.len() as u64 + 1, now, price, quantity, side);
                ticker.apply(&trade);
                trades.push(trade);
            } else {
                ticker.advance(Timestamp::new(now));
            }
            prop_assert_eq!(ticker.stats(), naive(window, &trades, now));
        }
    }
}
