//! Volatility by eye, against floating point, and against taking every sample there is.

#![expect(
    clippy::float_arithmetic,
    reason = "what the integers are compared with"
)]
#![expect(clippy::cast_precision_loss, reason = "far below the errors allowed")]

use std::num::NonZeroU64;

use marketdata_core::{Ratio, RealisedVolatility, log_return};
use orderbook_core::{Price, Timestamp};
use proptest::prelude::*;

const TRILLION: u128 = 1_000_000_000_000;

fn ln(from: i64, to: i64) -> Option<i128> {
    log_return(Price::new(from), Price::new(to))?.truncated(12)
}

/// The volatility of `returns` returns over prices (time, price), sampled every ten microseconds,
/// at a time.
fn volatility(returns: u32, prices: &[(u64, i64)], until: u64) -> RealisedVolatility {
    let ten = NonZeroU64::new(10).expect("ten is not zero");
    let mut volatility = RealisedVolatility::new(ten, returns);
    for (time, price) in prices {
        volatility.apply(Timestamp::new(*time), Price::new(*price));
    }
    volatility.advance(Timestamp::new(until));
    volatility
}

/// A multiple of 10^-24.
fn square(trillionths: i128) -> i128 {
    trillionths * trillionths
}

#[test]
fn logarithms_are_right_to_the_last_digit() {
    let max = i64::MAX;
    // From an arbitrary-precision library, rounded to the nearest.
    for (from, to, trillionths) in [
        (1, 1, 0),
        (max, max, 0),
        (100, 101, 9_950_330_853),
        (101, 100, -9_950_330_853),
        (1, 2, 693_147_180_560),
        (2, 1, -693_147_180_560),
        (1, 3, 1_098_612_288_668),
        (2, 3, 405_465_108_108),
        (1, 10, 2_302_585_092_994),
        (3, 7, 847_297_860_387),
        (1, max, 43_668_272_375_277),
        (max, 1, -43_668_272_375_277),
        (max - 1, max, 0),
        (1 << 62, max, 693_147_180_560),
        (1_000_000_000_000, 1_000_000_000_001, 1),
        (6_500_000, 6_500_001, 153_846),
        (1 << 40, 3 << 40, 1_098_612_288_668),
        (7, (1 << 61) + 1, 40_336_067_865_101),
    ] {
        assert_eq!(ln(from, to), Some(trillionths), "ln({to} / {from})");
    }
}

#[test]
fn what_is_not_above_zero_has_no_logarithm() {
    for price in [0, -1, i64::MIN] {
        assert_eq!(ln(price, 100), None);
        assert_eq!(ln(100, price), None);
        assert_eq!(ln(price, price), None);
    }
}

#[test]
fn a_sample_is_the_last_price_of_its_interval() {
    let (up, down) = (ln(100, 110), ln(110, 99));
    let (up, down) = (up.expect("positive"), down.expect("positive"));
    for (prices, until, returns, squares) in [
        (vec![], 100, 0, 0),
        // The first sample is only something to compare with.
        (vec![(0, 100)], 9, 0, 0),
        (vec![(0, 100)], 10, 0, 0),
        (vec![(0, 100)], 20, 1, 0),
        (vec![(0, 100), (10, 110)], 19, 0, 0),
        (vec![(0, 100), (10, 110)], 20, 1, square(up)),
        // What is not the last of its interval does not matter.
        (
            vec![(0, 5), (9, 100), (10, 7), (19, 110)],
            20,
            1,
            square(up),
        ),
        (
            vec![(3, 100), (13, 110), (23, 99)],
            30,
            2,
            square(up) + square(down),
        ),
        // Two quiet intervals in between.
        (
            vec![(3, 100), (13, 110), (43, 99)],
            50,
            4,
            square(up) + square(down),
        ),
        // Late prices count as now.
        (vec![(5, 100), (15, 7), (2, 110)], 20, 1, square(up)),
        // Time does not run backwards.
        (vec![(5, 100), (15, 110)], 0, 0, 0),
    ] {
        let volatility = volatility(8, &prices, until);
        assert_eq!(volatility.returns(), returns, "{prices:?}");
        let expected = Ratio::new(squares, TRILLION * TRILLION);
        assert_eq!(volatility.variance(), expected.filter(|_| returns > 0));
        assert_eq!(volatility.skipped(), 0);
    }
}

#[test]
fn old_returns_leave_the_window() {
    let prices = [(0, 100), (10, 110), (20, 110), (30, 99)];
    let up = square(ln(100, 110).expect("positive"));
    let down = square(ln(110, 99).expect("positive"));
    for (returns, until, held, squares) in [
        (3, 40, 3, up + down),
        (2, 40, 2, down),
        (1, 40, 1, down),
        (0, 40, 0, 0),
        (3, 50, 3, down),
        (3, 60, 3, down),
        (3, 70, 3, 0),
        (3, u64::MAX, 3, 0),
        (u32::MAX, u64::MAX, u32::MAX, 0),
    ] {
        let volatility = volatility(returns, &prices, until);
        assert_eq!(volatility.returns(), held);
        let expected = Ratio::new(squares, TRILLION * TRILLION);
        assert_eq!(volatility.variance(), expected.filter(|_| held > 0));
        assert_eq!(volatility.volatility().is_some(), held > 0);
    }
}

#[test]
fn a_price_without_a_logarithm_is_skipped_and_counted() {
    let prices = [(0, 100), (10, 0), (20, -5), (50, 110), (60, i64::MIN)];
    let volatility = volatility(8, &prices, 80);
    // Two samples of 0 and -5, two quiet ones after it, and two at the end.
    assert_eq!(volatility.skipped(), 6);
    // From 100 to 110, over those.
    assert_eq!(volatility.returns(), 1);
    let up = ln(100, 110).expect("positive");
    let expected = Ratio::new(square(up), TRILLION * TRILLION);
    assert_eq!(volatility.variance(), expected);
}

#[test]
fn a_year_is_scaled_by_its_root() {
    // A return of ln 2 and one of nothing.
    let volatility = volatility(2, &[(0, 1), (10, 2)], 30);
    for (samples_per_year, trillionths) in [
        (0, 0),
        // sqrt(ln(2)^2 / 2 * 2)
        (2, 693_147_180_560),
        (200, 6_931_471_805_600),
        // sqrt(ln(2)^2 / 2)
        (1, 490_129_071_734),
    ] {
        let expected = Ratio::new(trillionths, TRILLION);
        assert_eq!(volatility.annualised(samples_per_year), expected);
    }
    assert_eq!(
        volatility.volatility(),
        Ratio::new(693_147_180_560, TRILLION)
    );
}

#[test]
fn the_wildest_price_has_a_volatility() {
    let prices: Vec<(u64, i64)> = (0..=1_000_u64)
        .zip([1, i64::MAX].into_iter().cycle())
        .map(|(sample, price)| (sample * 10, price))
        .collect();
    let volatility = volatility(900, &prices, 10_010);
    assert_eq!(volatility.returns(), 900);
    // 30 * ln(2^63 - 1)
    let expected = Ratio::new(30 * 43_668_272_375_277, TRILLION);
    assert_eq!(volatility.volatility(), expected);
    assert!(volatility.annualised(31_536_000).is_some());
    assert_eq!(volatility.annualised(u64::MAX), None);
}

/// `ln(to / from)` in floating point, near one without the loss of the quotient.
fn float_ln(from: i64, to: i64) -> f64 {
    let quotient = to as f64 / from as f64;
    if (0.5..2.0).contains(&quotient) {
        ((to - from) as f64 / from as f64).ln_1p()
    } else {
        quotient.ln()
    }
}

fn positive() -> impl Strategy<Value = i64> {
    prop_oneof![1_i64..200, 1_i64..10_000_000, 1_i64..=i64::MAX]
}

proptest! {
    #[test]
    fn logarithms_agree_with_floating_point(from in positive(), to in positive(), near in -9_i64..9) {
        let neighbour = from.saturating_add(near).max(1);
        for to in [to, neighbour] {
            let ln = ln(from, to).expect("positive");
            let error = ln as f64 / 1e12 - float_ln(from, to);
            prop_assert!(error.abs() < 0.6e-12, "ln({} / {}): {}", to, from, error);
            prop_assert_eq!(self::ln(to, from), Some(-ln));
        }
    }

    #[test]
    fn volatility_is_that_of_all_samples(
        prices in prop::collection::vec((0_u64..40, -3_i64..60), 1..40),
        returns in 0_u32..12,
        rest in 0_u64..60,
    ) {
        let mut time = 0;
        let prices: Vec<(u64, i64)> = prices.into_iter()
            .map(|(pause, price)| {
                time += pause;
                (time, price)
            })
            .collect();
        let until = time + rest;
        let volatility = volatility(returns, &prices, until);

        let last_before = |end: u64| prices.iter().rev().find(|(time, _)| *time < end);
        let samples = (1..=until / 10).filter_map(|n| last_before(n * 10)).map(|(_, price)| *price);
        let (good, bad): (Vec<i64>, Vec<i64>) = samples.partition(|price| *price > 0);
        let all: Vec<(i64, i64)> = good.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let kept = &all[all.len().saturating_sub(returns as usize)..];

        prop_assert_eq!(volatility.skipped(), bad.len() as u64);
        prop_assert_eq!(volatility.returns() as usize, kept.len());
        let squares = kept.iter().filter_map(|(from, to)| ln(*from, *to)).map(square).sum();
        let variance = Ratio::new(squares, TRILLION * TRILLION);
        prop_assert_eq!(volatility.variance(), variance.filter(|_| !kept.is_empty()));

        let count = kept.len() as f64;
        let float: f64 = kept.iter().map(|(from, to)| float_ln(*from, *to).powi(2)).sum();
        let trillionths = |ratio: Option<Ratio>| ratio.and_then(|ratio| ratio.truncated(12));
        if let Some(root) = trillionths(volatility.volatility()) {
            let error = root as f64 - float.sqrt() * 1e12;
            prop_assert!(error.abs() < 0.6 * count.sqrt() + 1.01);
            let year = trillionths(volatility.annualised(525_600)).expect("it fits");
            let error = year as f64 - (float / count * 525_600.0).sqrt() * 1e12;
            prop_assert!(error.abs() < 0.6 * 525_600_f64.sqrt() + 1.1);
        } else {
            prop_assert!(kept.is_empty());
        }
    }

    #[test]
    fn no_price_spoils_the_volatility(
        interval in prop_oneof![Just(1), Just(u64::MAX), 1..=u64::MAX],
        returns in prop_oneof![0_u32..3, Just(u32::MAX), any::<u32>()],
        prices in prop::collection::vec((any::<u64>(), any::<i64>()), 1..40),
        samples_per_year: u64,
    ) {
        let interval = NonZeroU64::new(interval).expect("not zero");
        let mut volatility = RealisedVolatility::new(interval, returns);
        for (time, price) in prices {
            volatility.apply(Timestamp::new(time), Price::new(price));
            prop_assert!(volatility.returns() <= returns);
            prop_assert_eq!(volatility.variance().is_some(), volatility.returns() > 0);
            let _ = volatility.annualised(samples_per_year);
        }
        volatility.advance(Timestamp::new(u64::MAX));
    }
}
