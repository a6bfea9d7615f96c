//! Volume at price by eye, and against a profile worked out from all trades.

use std::num::NonZeroU32;

use marketdata_core::{PriceBucket, PublicTrade, ValueArea, Volume, VolumeProfile};
use orderbook_core::{Price, Side};
use proptest::prelude::*;

use crate::given::{side, trade, trades};

/// A profile of (price, quantity) in buckets of so many ticks.
fn profile(ticks: u32, list: &[(i64, u64)]) -> VolumeProfile {
    let mut profile = VolumeProfile::new(NonZeroU32::new(ticks).expect("not zero"));
    for (id, (price, quantity)) in (1..).zip(list) {
        profile.apply(&trade(id, id, *price, *quantity, Side::Buy));
    }
    profile
}

fn bucket(low: i64, high: i64, volume: u128, taker_buy_volume: u128) -> PriceBucket {
    PriceBucket {
        low: Price::new(low),
        high: Price::new(high),
        volume: Volume::new(volume),
        taker_buy_volume: Volume::new(taker_buy_volume),
    }
}

#[test]
fn volume_is_counted_by_bucket_also_below_zero() {
    let mut profile = profile(5, &[(0, 1), (4, 2), (5, 4), (-1, 8), (-5, 16), (-6, 32)]);
    profile.apply(&trade(9, 9, 3, 64, Side::Sell));
    profile.apply(&trade(10, 9, 77, 0, Side::Sell));
    let expected = [
        bucket(-10, -6, 32, 32),
        bucket(-5, -1, 24, 24),
        bucket(0, 4, 67, 3),
        bucket(5, 9, 4, 4),
    ];
    assert!(profile.buckets().eq(expected));
    assert!(profile.buckets().rev().eq(expected.into_iter().rev()));
    assert_eq!(profile.volume(), Volume::new(127));
    for (price, expected) in [
        (-11, None),
        (-10, Some(expected[0])),
        (-1, Some(expected[1])),
        (0, Some(expected[2])),
        (9, Some(expected[3])),
        (10, None),
        (77, None),
    ] {
        assert_eq!(profile.bucket_at(Price::new(price)), expected);
    }
}

#[test]
fn nothing_traded_has_no_shape() {
    for profile in [profile(1, &[]), profile(1, &[(5, 0)])] {
        assert_eq!(profile.buckets().count(), 0);
        assert_eq!(profile.point_of_control(), None);
        assert_eq!(profile.value_area(700_000), None);
        assert!(profile.volume().is_zero());
    }
}

#[test]
fn the_point_of_control_has_the_most_volume() {
    for (list, price) in [
        (vec![(5, 1)], 5),
        (vec![(5, 1), (6, 2), (7, 1)], 6),
        (vec![(5, 1), (6, 2), (5, 2)], 5),
        // Of several, the one nearest to the middle of 1 and 10.
        (vec![(1, 3), (5, 3), (10, 3)], 5),
        (vec![(1, 3), (4, 3), (8, 3), (10, 1)], 4),
        // Of two as near, the lower.
        (vec![(1, 1), (5, 3), (6, 3), (10, 1)], 5),
        (vec![(-9, 3), (9, 3)], -9),
    ] {
        let profile = profile(1, &list);
        let control = profile.point_of_control().expect("something traded");
        assert_eq!(control.low, Price::new(price), "{list:?}");
    }
}

#[test]
fn the_value_area_grows_in_pairs_from_the_point_of_control() {
    let bell = [
        (101, 5),
        (102, 10),
        (103, 20),
        (104, 40),
        (105, 30),
        (106, 15),
        (107, 10),
    ];
    for (list, share, low, high, volume) in [
        // All 130. 40; with 105 and 106 (45 against 30) 85; with 102 and 103 (30 against 10) 115.
        (&bell[..], 0, 104, 104, 40),
        (&bell, 307_692, 104, 104, 40),
        (&bell, 307_693, 104, 106, 85),
        (&bell, 650_000, 104, 106, 85),
        (&bell, 700_000, 102, 106, 115),
        // The last one above is a pair of its own, and has more than the last one below.
        (&bell, 900_000, 102, 107, 125),
        (&bell, 1_000_000, 101, 107, 130),
        (&bell, u32::MAX, 101, 107, 130),
        // Above first where both have as much.
        (&[(1, 5), (2, 9), (3, 5)], 700_000, 2, 3, 14),
        // Nothing above.
        (&[(1, 5), (2, 6), (3, 9)], 700_000, 1, 3, 20),
        // What never traded is passed over.
        (&[(10, 9), (50, 3), (60, 4), (90, 1)], 900_000, 10, 60, 16),
        (&[(7, 3)], 700_000, 7, 7, 3),
    ] {
        let expected = ValueArea {
            low: Price::new(low),
            high: Price::new(high),
            volume: Volume::new(volume),
        };
        let area = profile(1, list).value_area(share);
        assert_eq!(area, Some(expected), "{share} of {list:?}");
    }
}

#[test]
fn a_busted_trade_leaves_no_trace() {
    let mut profile = profile(10, &[(100, 5), (105, 3), (120, 1)]);
    let before = profile.clone();
    let sold = trade(9, 9, 107, 4, Side::Sell);
    profile.apply(&sold);
    assert!(profile.bust(&sold));
    assert_eq!(profile, before);
    // What does not hold that much of that side stays as it is.
    for (price, quantity, side) in [
        (100, 1, Side::Sell),
        (100, 9, Side::Buy),
        (110, 1, Side::Buy),
        (120, u64::MAX, Side::Buy),
    ] {
        assert!(!profile.bust(&trade(1, 0, price, quantity, side)));
        assert_eq!(profile, before);
    }
    assert!(profile.bust(&trade(3, 3, 120, 1, Side::Buy)));
    assert_eq!(profile.buckets().count(), 1);
    assert!(profile.bust(&trade(3, 3, 120, 0, Side::Buy)));
}

#[test]
fn buckets_end_at_the_ends_of_the_range() {
    let (min, max) = (i64::MIN, i64::MAX);
    for (ticks, lowest, highest) in [
        (1, (min, min), (max, max)),
        (2, (min, min + 1), (max - 1, max)),
        // -2^63 is 1 above a multiple of 3, and 2^63 - 1 is 1 above one.
        (3, (min, min + 1), (max - 1, max)),
        (
            u32::MAX,
            (min, -9_223_372_034_707_292_161),
            (9_223_372_034_707_292_160, max),
        ),
    ] {
        let profile = profile(ticks, &[(min, u64::MAX), (max, u64::MAX)]);
        let buckets: Vec<PriceBucket> = profile.buckets().collect();
        for (bucket, (low, high)) in buckets.iter().zip([lowest, highest]) {
            assert_eq!(
                (bucket.low.get(), bucket.high.get()),
                (low, high),
                "{ticks}"
            );
            assert_eq!(profile.bucket_at(bucket.low), Some(*bucket));
            assert_eq!(profile.bucket_at(bucket.high), Some(*bucket));
        }
        assert_eq!(profile.volume(), Volume::new(2 * u128::from(u64::MAX)));
        let area = profile.value_area(700_000).expect("something traded");
        assert_eq!((area.low, area.high), (Price::new(min), Price::new(max)));
    }
}

/// Every bucket of ten ticks with its volume and what takers bought, lowest first.
fn rows(trades: &[PublicTrade]) -> Vec<(i64, u128, u128)> {
    let mut rows: Vec<(i64, u128, u128)> = Vec::new();
    for number in -100..100 {
        let inside = |trade: &&PublicTrade| {
            let price = trade.price.get();
            number * 10 <= price && price < (number + 1) * 10
        };
        let quantity = |trade: &PublicTrade| u128::from(trade.quantity.get());
        let volume = trades.iter().filter(inside).map(quantity).sum();
        let bought = |trade: &&PublicTrade| trade.taker_side == Side::Buy;
        let taker_buy = trades
            .iter()
            .filter(inside)
            .filter(bought)
            .map(quantity)
            .sum();
        if volume > 0 {
            rows.push((number * 10, volume, taker_buy));
        }
    }
    rows
}

/// The value area of rows, as indices, step by step.
fn area(rows: &[(i64, u128, u128)], control: usize, wanted: u128) -> (usize, usize) {
    let (mut low, mut high) = (control, control);
    let volume = |from: usize, to: usize| rows[from..to].iter().map(|row| row.1).sum::<u128>();
    while volume(low, high + 1) < wanted {
        let next_high = (high + 2).min(rows.len() - 1);
        let next_low = low.saturating_sub(2);
        if high < next_high
            && (low == 0 || volume(high + 1, next_high + 1) >= volume(next_low, low))
        {
            high = next_high;
        } else {
            low = next_low;
        }
    }
    (low, high)
}

proptest! {
    #[test]
    fn the_profile_is_that_of_what_is_left(
        trades in trades(60),
        busted in prop::collection::vec(any::<bool>(), 60),
        share in 0_u32..1_100_000,
    ) {
        let mut profile = profile(10, &[]);
        for trade in &trades {
            profile.apply(trade);
        }
        let mut left = Vec::new();
        for (trade, is_busted) in trades.iter().zip(busted) {
            if is_busted {
                prop_assert!(profile.bust(trade));
            } else {
                left.push(*trade);
            }
        }
        let rows = rows(&left);
        let buckets = rows.iter().map(|row| bucket(row.0, row.0 + 9, row.1, row.2));
        prop_assert!(profile.buckets().eq(buckets.clone()));
        let total: u128 = rows.iter().map(|row| row.1).sum();
        prop_assert_eq!(profile.volume(), Volume::new(total));

        let middle = rows.first().zip(rows.last()).map(|(first, last)| first.0 + last.0);
        let control = (0..rows.len()).min_by_key(|index| {
            let (price, volume, _) = rows[*index];
            (u128::MAX - volume, (2 * price - middle.unwrap_or(0)).abs(), price)
        });
        let expected = control.and_then(|index| buckets.clone().nth(index));
        prop_assert_eq!(profile.point_of_control(), expected);

        let wanted = (total * u128::from(share.min(1_000_000))).div_ceil(1_000_000);
        let expected = control.map(|control| {
            let (low, high) = area(&rows, control, wanted);
            ValueArea {
                low: Price::new(rows[low].0),
                high: Price::new(rows[high].0 + 9),
                volume: Volume::new(rows[low..=high].iter().map(|row| row.1).sum()),
            }
        });
        prop_assert_eq!(profile.value_area(share), expected);
    }

    #[test]
    fn no_trade_spoils_the_profile(
        ticks in prop_oneof![Just(1), Just(u32::MAX), 1..=u32::MAX],
        trades in prop::collection::vec((any::<i64>(), any::<u64>(), side(), any::<bool>()), 1..40),
        share: u32,
    ) {
        let mut profile = profile(ticks, &[]);
        for (price, quantity, side, is_removed) in trades {
            let trade = trade(1, 0, price, quantity, side);
            if is_removed {
                let before = profile.clone();
                if !profile.bust(&trade) {
                    prop_assert_eq!(&profile, &before);
                }
            } else {
                profile.apply(&trade);
            }
            let sum: u128 = profile.buckets().map(|bucket| bucket.volume.get()).sum();
            prop_assert_eq!(profile.volume().get(), sum);
            if let Some(area) = profile.value_area(share) {
                prop_assert!(area.low <= area.high && area.volume <= profile.volume());
            }
            if let Some(bucket) = profile.bucket_at(Price::new(price)) {
                prop_assert!(bucket.low.get() <= price && price <= bucket.high.get());
            }
        }
    }
}
