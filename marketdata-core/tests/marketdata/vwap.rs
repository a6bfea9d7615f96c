//! Average prices by eye, and against adding up all that was counted.

use marketdata_core::{Ratio, Twap, Volume, Vwap};
use orderbook_core::{Notional, Price, Side, Timestamp};
use proptest::prelude::*;

use crate::given::{trade, trades};

#[test]
fn prices_are_weighted_by_volume() {
    for (list, price, volume, quote_volume) in [
        (vec![], None, 0, 0),
        (vec![(100, 3)], Ratio::new(100, 1), 3, 300),
        (vec![(100, 1), (103, 2)], Ratio::new(102, 1), 3, 306),
        (vec![(100, 1), (101, 2)], Ratio::new(302, 3), 3, 302),
        (vec![(-5, 3), (1, 1)], Ratio::new(-7, 2), 4, -14),
        (vec![(-5, 1), (5, 1)], Ratio::new(0, 1), 2, 0),
        (vec![(9, 0)], None, 0, 0),
    ] {
        let mut vwap = Vwap::new();
        for (id, (price, quantity)) in (1..).zip(&list) {
            vwap.apply(&trade(id, id, *price, *quantity, Side::Buy));
        }
        assert_eq!(vwap.price(), price, "{list:?}");
        assert_eq!(vwap.volume(), Volume::new(volume));
        assert_eq!(vwap.quote_volume(), Notional::new(quote_volume));
        assert_eq!(vwap.trade_count(), list.len() as u64);
    }
}

#[test]
fn a_busted_trade_leaves_no_trace() {
    let ends = [
        trade(1, 0, i64::MAX, u64::MAX, Side::Buy),
        trade(2, 0, i64::MAX, u64::MAX, Side::Buy),
        trade(3, 0, i64::MIN, u64::MAX, Side::Sell),
    ];
    let mut vwap = Vwap::new();
    vwap.apply(&trade(9, 0, 7, 2, Side::Buy));
    let before = vwap.clone();
    for trade in &ends {
        vwap.apply(trade);
    }
    // Together they fit.
    assert!(vwap.price().is_some());
    assert!(vwap.bust(&ends[2]));
    // The two at the top do not, and the nearest is said.
    assert_eq!(vwap.price(), None);
    assert_eq!(vwap.quote_volume(), Notional::new(i128::MAX));
    assert!(vwap.bust(&ends[0]) && vwap.bust(&ends[1]));
    assert_eq!(vwap.price(), before.price());
    assert_eq!(vwap.quote_volume(), before.quote_volume());

    for sum in [i128::MIN, i128::MAX] {
        let mut vwap = Vwap::new();
        let price = if sum < 0 { i64::MIN } else { i64::MAX };
        for id in 1..=3 {
            vwap.apply(&trade(id, 0, price, u64::MAX, Side::Buy));
        }
        assert_eq!(vwap.quote_volume(), Notional::new(sum));
    }
}

#[test]
fn what_was_not_counted_cannot_be_removed() {
    let mut vwap = Vwap::default();
    let small = trade(1, 0, 100, 1, Side::Buy);
    assert!(!vwap.bust(&small));
    assert!(!vwap.bust(&trade(1, 0, 100, 0, Side::Buy)));
    vwap.apply(&small);
    let before = vwap.clone();
    assert!(!vwap.bust(&trade(2, 0, 100, 2, Side::Buy)));
    assert_eq!(vwap, before);
    assert!(vwap.bust(&small));
    assert_eq!(vwap, Vwap::new());
}

/// An average of (time, price) until a time.
fn twap(prices: &[(u64, i64)], until: u64) -> Twap {
    let mut twap = Twap::new();
    for (time, price) in prices {
        twap.apply(Timestamp::new(*time), Price::new(*price));
    }
    twap.advance(Timestamp::new(until));
    twap
}

#[test]
fn prices_are_weighted_by_time() {
    for (prices, until, price, micros) in [
        (vec![], 9, None, 0),
        (vec![(5, 100)], 5, None, 0),
        (vec![(5, 100)], 6, Ratio::new(100, 1), 1),
        (vec![(0, 100), (30, 110)], 40, Ratio::new(205, 2), 40),
        // Several at one time: the last one stands. A late one counts as now.
        (vec![(0, 1), (0, 100)], 10, Ratio::new(100, 1), 10),
        (vec![(10, 100), (2, 50)], 20, Ratio::new(50, 1), 10),
        (vec![(10, 100)], 2, None, 0),
        (vec![(0, -5), (1, 1)], 3, Ratio::new(-1, 1), 3),
        (
            vec![(0, i64::MIN)],
            u64::MAX,
            Ratio::new(i64::MIN.into(), 1),
            u64::MAX,
        ),
        (
            vec![(0, i64::MAX)],
            u64::MAX,
            Ratio::new(i64::MAX.into(), 1),
            u64::MAX,
        ),
    ] {
        let twap = twap(&prices, until);
        assert_eq!(twap.price(), price, "{prices:?}");
        assert_eq!(twap.micros(), micros, "{prices:?}");
    }
}

proptest! {
    #[test]
    fn the_average_by_volume_is_that_of_what_is_left(
        trades in trades(40),
        busted in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut vwap = Vwap::new();
        for trade in &trades {
            vwap.apply(trade);
        }
        let (mut sum, mut volume) = (0, 0);
        for (trade, is_busted) in trades.iter().zip(busted) {
            if is_busted {
                prop_assert!(vwap.bust(trade));
            } else {
                sum += i128::from(trade.price.get()) * i128::from(trade.quantity.get());
                volume += u128::from(trade.quantity.get());
            }
        }
        prop_assert_eq!(vwap.price(), Ratio::new(sum, volume));
        prop_assert_eq!(vwap.quote_volume(), Notional::new(sum));
    }

    #[test]
    fn the_average_by_time_is_that_of_all_moments(
        prices in prop::collection::vec((0_u64..6, -50_i64..50), 1..30),
        rest in 0_u64..6,
    ) {
        let (mut time, mut listed, mut moments) = (0, Vec::new(), Vec::new());
        for (pause, price) in prices {
            let standing = listed.last().map(|(_, price)| *price);
            moments.extend((0..pause).filter_map(|_| standing));
            time += pause;
            listed.push((time, price));
        }
        moments.extend((0..rest).filter_map(|_| listed.last().map(|(_, price)| *price)));
        let sum = moments.iter().copied().map(i128::from).sum();
        let expected = Ratio::new(sum, moments.len() as u128);
        prop_assert_eq!(twap(&listed, time + rest).price(), expected);
    }

    #[test]
    fn no_trade_spoils_the_averages(
        trades in prop::collection::vec((any::<u64>(), any::<i64>(), any::<u64>(), any::<bool>()), 1..40),
    ) {
        let (mut vwap, mut twap) = (Vwap::new(), Twap::new());
        for (time, price, quantity, is_removed) in trades {
            let trade = trade(1, time, price, quantity, Side::Sell);
            if is_removed {
                vwap.bust(&trade);
            } else {
                vwap.apply(&trade);
            }
            twap.apply(trade.time, trade.price);
            let _ = (vwap.price(), vwap.quote_volume(), twap.price());
        }
    }
}
