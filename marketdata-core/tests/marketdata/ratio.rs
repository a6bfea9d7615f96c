//! Fractions by eye, at the ends of the range, and against plain division.

use std::cmp::Ordering;

use marketdata_core::Ratio;
use proptest::prelude::*;

fn ratio(numerator: i128, denominator: u128) -> Ratio {
    Ratio::new(numerator, denominator).expect("a denominator above zero")
}

#[test]
fn a_fraction_is_kept_in_lowest_terms() {
    for (numerator, denominator, reduced) in [
        (6, 4, (3, 2)),
        (-6, 4, (-3, 2)),
        (0, 7, (0, 1)),
        (7, 7, (1, 1)),
        (i128::MIN, 1, (i128::MIN, 1)),
        (i128::MIN, 2, (i128::MIN / 2, 1)),
        (i128::MIN, 1 << 127, (-1, 1)),
        (i128::MAX, u128::MAX, (i128::MAX, u128::MAX)),
        (i128::MIN, u128::MAX, (i128::MIN, u128::MAX)),
        (3, u128::MAX, (1, u128::MAX / 3)),
    ] {
        let ratio = ratio(numerator, denominator);
        assert_eq!((ratio.numerator(), ratio.denominator()), reduced);
    }
    assert_eq!(ratio(0, 9), Ratio::ZERO);
    for numerator in [0, 1, i128::MIN] {
        assert_eq!(Ratio::new(numerator, 0), None);
    }
}

#[test]
fn decimals_are_cut_off_or_rounded_half_to_even() {
    for (numerator, denominator, decimals, truncated, rounded) in [
        (2, 3, 0, 0, 1),
        (2, 3, 4, 6_666, 6_667),
        (-2, 3, 4, -6_666, -6_667),
        (1, 2, 0, 0, 0),
        (3, 2, 0, 1, 2),
        (5, 2, 0, 2, 2),
        (-1, 2, 0, 0, 0),
        (-3, 2, 0, -1, -2),
        (1, 8, 2, 12, 12),
        (3, 8, 2, 37, 38),
        (1, 8, 3, 125, 125),
        (1, 8, 9, 125_000_000, 125_000_000),
        (-7, 1, 2, -700, -700),
        (1_001, 2_000, 0, 0, 1),
        (999, 2_000, 0, 0, 0),
    ] {
        let ratio = ratio(numerator, denominator);
        assert_eq!(ratio.truncated(decimals), Some(truncated), "{ratio}");
        assert_eq!(ratio.rounded(decimals), Some(rounded), "{ratio}");
    }
}

#[test]
fn what_does_not_fit_is_not_given() {
    let tiny = ratio(1, u128::MAX);
    for (ratio, decimals, truncated, rounded) in [
        (ratio(i128::MAX, 1), 0, Some(i128::MAX), Some(i128::MAX)),
        (ratio(i128::MIN, 1), 0, Some(i128::MIN), Some(i128::MIN)),
        (ratio(i128::MAX, 1), 1, None, None),
        (ratio(i128::MIN, 1), 1, None, None),
        (
            ratio(1, 1),
            38,
            Some(10_i128.pow(38)),
            Some(10_i128.pow(38)),
        ),
        (ratio(1, 1), 39, None, None),
        (ratio(1, 1), u32::MAX, None, None),
        (ratio(1, 3), u32::MAX, None, None),
        (Ratio::ZERO, u32::MAX, Some(0), Some(0)),
        (tiny, 0, Some(0), Some(0)),
        (tiny, 38, Some(0), Some(0)),
        (tiny, 39, Some(2), Some(3)),
        (tiny, u32::MAX, None, None),
        // Nearly a half, and the denominator does not fit ten times.
        (ratio(i128::MAX, u128::MAX), 0, Some(0), Some(0)),
        (ratio(i128::MAX, u128::MAX), 3, Some(499), Some(500)),
        (ratio(i128::MIN, u128::MAX), 0, Some(0), Some(-1)),
        (ratio(i128::MIN, u128::MAX), 3, Some(-500), Some(-500)),
    ] {
        assert_eq!(ratio.truncated(decimals), truncated, "{ratio}, {decimals}");
        assert_eq!(ratio.rounded(decimals), rounded, "{ratio}, {decimals}");
    }
}

#[test]
fn fractions_are_ordered_by_value() {
    let ascending = [
        ratio(i128::MIN, 1),
        ratio(-3, 2),
        ratio(-4, 3),
        ratio(-1, 1),
        ratio(-1, u128::MAX),
        Ratio::ZERO,
        ratio(1, u128::MAX),
        ratio(1, u128::MAX - 1),
        ratio(i128::MAX - 1, u128::MAX - 1),
        ratio(i128::MAX, u128::MAX),
        ratio(1, 1),
        ratio(4, 3),
        ratio(3, 2),
        ratio(2, 1),
        ratio(i128::MAX, 1),
    ];
    for (i, a) in ascending.iter().enumerate() {
        for (j, b) in ascending.iter().enumerate() {
            assert_eq!(a.cmp(b), i.cmp(&j), "{a} and {b}");
        }
    }
    assert_eq!(ratio(2, 4).cmp(&ratio(1, 2)), Ordering::Equal);
}

#[test]
fn a_fraction_is_written_as_one() {
    for (ratio, text) in [
        (ratio(-6, 4), "-3/2"),
        (ratio(6, 3), "2"),
        (Ratio::ZERO, "0"),
    ] {
        assert_eq!(ratio.to_string(), text);
    }
}

#[cfg(feature = "serde")]
#[test]
fn what_is_read_is_reduced_and_never_over_zero() {
    use serde::Deserialize;
    use serde::de::value::{Error, MapDeserializer};

    let read = |numerator: i128, denominator: i128| {
        let terms = [("numerator", numerator), ("denominator", denominator)];
        Ratio::deserialize(MapDeserializer::<_, Error>::new(terms.into_iter()))
    };
    assert_eq!(read(-6, 4), Ok(ratio(-3, 2)));
    assert_eq!(
        read(i128::MIN, i128::MAX),
        Ok(ratio(i128::MIN, u128::MAX >> 1))
    );
    let refused = read(1, 0).expect_err("there is no such ratio");
    assert_eq!(refused.to_string(), "a ratio over zero");
}

proptest! {
    #[test]
    fn small_fractions_are_what_plain_division_says(
        numerator in -1_000_000_000_i128..1_000_000_000,
        denominator in 1_u32..1_000_000,
        decimals in 0_u32..12,
    ) {
        let ratio = ratio(numerator, u128::from(denominator));
        let (scaled, whole) = (numerator * 10_i128.pow(decimals), i128::from(denominator));
        prop_assert_eq!(ratio.truncated(decimals), Some(scaled / whole));
        let rounded = ratio.rounded(decimals).expect("it fits");
        let (error, limit) = ((rounded * whole - scaled).abs() * 2, whole);
        prop_assert!(error < limit || (error == limit && rounded % 2 == 0));
        prop_assert_eq!(
            numerator * i128::try_from(ratio.denominator()).expect("small"),
            ratio.numerator() * whole
        );
    }

    #[test]
    fn order_is_that_of_the_products_across(
        a in -60_i128..60, b in 1_u32..20, c in -60_i128..60, d in 1_u32..20,
    ) {
        let across = (a * i128::from(d)).cmp(&(c * i128::from(b)));
        prop_assert_eq!(ratio(a, b.into()).cmp(&ratio(c, d.into())), across);
    }

    #[test]
    fn no_fraction_panics(numerator: i128, denominator: u128, decimals: u32, few in 0_u32..80) {
        if let Some(ratio) = Ratio::new(numerator, denominator) {
            for decimals in [decimals, few] {
                let pair = ratio.truncated(decimals).zip(ratio.rounded(decimals));
                if let Some((truncated, rounded)) = pair {
                    prop_assert!(rounded == truncated || (rounded - truncated).abs() == 1);
                }
            }
            prop_assert_eq!(ratio.cmp(&ratio), Ordering::Equal);
        }
    }
}
