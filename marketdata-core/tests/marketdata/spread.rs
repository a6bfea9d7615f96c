//! Quotes by eye, and their average over time against adding up every moment.

use marketdata_core::{AverageSpread, Depth, Quote, Ratio};
use orderbook_core::{Side, Timestamp};
use proptest::prelude::*;

use crate::given::{level, rested, trade};

/// A quote of (price, quantity) on either side.
pub(crate) fn quote(bid: Option<(i64, u64)>, ask: Option<(i64, u64)>) -> Quote {
    let side = |best: Option<(i64, u64)>| best.map(|(price, quantity)| level(price, quantity));
    Quote {
        bid: side(bid),
        ask: side(ask),
    }
}

pub(crate) fn any_quote() -> impl Strategy<Value = Quote> {
    let best = || prop::option::weighted(0.8, (-9_i64..9, 1_u64..9));
    (best(), best()).prop_map(|(bid, ask)| quote(bid, ask))
}

pub(crate) fn extreme_quote() -> impl Strategy<Value = Quote> {
    let price = || prop_oneof![Just(i64::MIN), Just(i64::MAX), -1_i64..=1, any::<i64>()];
    let quantity = || prop_oneof![Just(0), Just(1), Just(u64::MAX), any::<u64>()];
    let best = move || prop::option::weighted(0.8, (price(), quantity()));
    (best(), best()).prop_map(|(bid, ask)| quote(bid, ask))
}

#[test]
fn a_quote_is_measured_in_ticks_and_half_ticks() {
    let ratio = Ratio::new;
    for (bid, ask, spread, mid, relative, micro) in [
        // Two sided, and twice as much on either side.
        (
            (100, 10),
            (104, 10),
            4,
            ratio(102, 1),
            ratio(4, 102),
            ratio(102, 1),
        ),
        (
            (100, 20),
            (103, 10),
            3,
            ratio(203, 2),
            ratio(6, 203),
            ratio(102, 1),
        ),
        (
            (100, 10),
            (103, 20),
            3,
            ratio(203, 2),
            ratio(6, 203),
            ratio(101, 1),
        ),
        // Locked and crossed.
        (
            (100, 1),
            (100, 9),
            0,
            ratio(100, 1),
            ratio(0, 1),
            ratio(100, 1),
        ),
        (
            (101, 1),
            (100, 1),
            -1,
            ratio(201, 2),
            ratio(-2, 201),
            ratio(201, 2),
        ),
        // Around and below zero there is no relative spread.
        ((-1, 3), (1, 1), 2, ratio(0, 1), None, ratio(1, 2)),
        ((-5, 1), (-2, 1), 3, ratio(-7, 2), None, ratio(-7, 2)),
    ] {
        let quote = quote(Some(bid), Some(ask));
        assert_eq!(quote.spread(), Some(spread), "{quote:?}");
        assert_eq!(quote.mid(), mid, "{quote:?}");
        assert_eq!(quote.relative_spread(), relative, "{quote:?}");
        assert_eq!(quote.micro_price(), micro, "{quote:?}");
    }
}

#[test]
fn where_a_side_is_missing_nothing_can_be_said() {
    let level = Some((100, 1));
    for quote in [quote(None, None), quote(level, None), quote(None, level)] {
        assert_eq!(quote.spread(), None);
        assert_eq!(quote.mid(), None);
        assert_eq!(quote.relative_spread(), None);
        assert_eq!(quote.micro_price(), None);
        let trade = trade(1, 0, 100, 1, Side::Buy);
        assert_eq!(quote.effective_spread(&trade), None);
    }
}

#[test]
fn the_ends_of_the_range_are_prices_like_any_others() {
    let (min, max) = (i64::MIN, i64::MAX);
    let widest = quote(Some((min, u64::MAX)), Some((max, u64::MAX)));
    assert_eq!(widest.spread(), Some((1 << 64) - 1));
    assert_eq!(widest.mid(), Ratio::new(-1, 2));
    assert_eq!(widest.relative_spread(), None);
    assert_eq!(widest.micro_price(), Ratio::new(-1, 2));
    let buy = trade(1, 0, max, 1, Side::Buy);
    assert_eq!(widest.effective_spread(&buy), Some((1 << 64) - 1));

    let highest = quote(Some((max, 1)), Some((max, 1)));
    assert_eq!(highest.mid(), Ratio::new(max.into(), 1));
    assert_eq!(highest.relative_spread(), Some(Ratio::ZERO));
    let sell = trade(1, 0, min, 1, Side::Sell);
    assert_eq!(highest.effective_spread(&sell), Some((1 << 65) - 2));

    // The products do not fit.
    let heavy = quote(Some((max, u64::MAX)), Some((max, u64::MAX)));
    assert_eq!(heavy.micro_price(), None);
    // Nothing is displayed, which no book says.
    assert_eq!(quote(Some((1, 0)), Some((2, 0))).micro_price(), None);
}

#[test]
fn the_effective_spread_is_what_the_taker_pays() {
    let quote = quote(Some((100, 1)), Some((103, 1)));
    for (side, price, expected) in [
        (Side::Buy, 103, 3),
        (Side::Buy, 105, 7),
        (Side::Buy, 101, -1),
        (Side::Sell, 100, 3),
        (Side::Sell, 98, 7),
        (Side::Sell, 102, -1),
    ] {
        let trade = trade(1, 0, price, 1, side);
        assert_eq!(quote.effective_spread(&trade), Some(expected));
    }
}

#[test]
fn the_quote_of_a_depth_is_its_best_prices() {
    let mut depth = Depth::new();
    assert_eq!(Quote::of(&depth), Quote::default());
    for event in [
        rested(Side::Buy, 99, 4),
        rested(Side::Buy, 98, 9),
        rested(Side::Sell, 101, 5),
    ] {
        depth.apply(&event).expect("it joins").for_each(drop);
    }
    assert_eq!(Quote::of(&depth), quote(Some((99, 4)), Some((101, 5))));
}

/// An average of (time, bid, ask) until a time.
fn average(quotes: &[(u64, Option<i64>, Option<i64>)], until: u64) -> AverageSpread {
    let mut average = AverageSpread::new();
    for (time, bid, ask) in quotes {
        let side = |price: &Option<i64>| price.map(|price| (price, 1));
        average.apply(Timestamp::new(*time), quote(side(bid), side(ask)));
    }
    average.advance(Timestamp::new(until));
    average
}

#[test]
fn a_spread_counts_for_as_long_as_it_stands() {
    let (bid, gone) = (Some(100), None);
    for (quotes, until, spread, quoted, missing) in [
        (vec![], 50, None, 0, 0),
        (vec![(10, bid, Some(102))], 10, None, 0, 0),
        (vec![(10, bid, Some(102))], 11, Ratio::new(2, 1), 1, 0),
        // 2 for 10, 5 for 20.
        (
            vec![(10, bid, Some(102)), (20, bid, Some(105))],
            40,
            Ratio::new(4, 1),
            30,
            0,
        ),
        // The ask is gone for 15 in between, and the book is empty before.
        (
            vec![
                (0, gone, gone),
                (5, bid, Some(101)),
                (15, bid, gone),
                (30, bid, Some(104)),
            ],
            40,
            Ratio::new(5, 2),
            20,
            20,
        ),
        // Several at one time: the last one stands.
        (
            vec![(0, bid, Some(190)), (0, bid, Some(101))],
            7,
            Ratio::new(1, 1),
            7,
            0,
        ),
        // Time does not run backwards.
        (
            vec![(10, bid, Some(102)), (3, bid, Some(104))],
            20,
            Ratio::new(4, 1),
            10,
            0,
        ),
        (vec![(10, bid, Some(102))], 3, None, 0, 0),
        // Locked, then below zero.
        (
            vec![(0, bid, bid), (10, Some(-4), Some(-1))],
            20,
            Ratio::new(3, 2),
            20,
            0,
        ),
    ] {
        let average = average(&quotes, until);
        assert_eq!(average.spread(), spread, "{quotes:?}");
        assert_eq!(average.quoted_micros(), quoted, "{quotes:?}");
        assert_eq!(average.missing_micros(), missing, "{quotes:?}");
    }
    let average = average(&[(0, Some(100), Some(101)), (3, Some(103), Some(106))], 4);
    // 100.5 for 3 and 104.5 for 1.
    assert_eq!(average.mid(), Ratio::new(203, 2));
}

#[test]
fn all_of_time_can_be_averaged() {
    let (min, max) = (Some(i64::MIN), Some(i64::MAX));
    for (bid, ask, spread, mid) in [
        (min, min, Ratio::new(0, 1), None),
        (max, max, Ratio::new(0, 1), None),
        (min, max, None, Ratio::new(-1, 2)),
        (Some(1), Some(3), Ratio::new(2, 1), Ratio::new(2, 1)),
    ] {
        let average = average(&[(0, bid, ask)], u64::MAX);
        assert_eq!(average.spread(), spread);
        assert_eq!(average.mid(), mid);
        assert_eq!(average.quoted_micros(), u64::MAX);
    }
}

proptest! {
    #[test]
    fn the_average_is_that_of_all_moments(
        start in 0_u64..50,
        quotes in prop::collection::vec((0_u64..6, any_quote()), 1..30),
        rest in 0_u64..6,
    ) {
        let mut average = AverageSpread::new();
        let (mut time, mut moments) = (start, Vec::new());
        let mut standing = None;
        for (pause, quote) in &quotes {
            moments.extend((0..*pause).filter_map(|_| standing));
            time += pause;
            average.apply(Timestamp::new(time), *quote);
            standing = Some(*quote);
        }
        moments.extend((0..rest).filter_map(|_| standing));
        average.advance(Timestamp::new(time + rest));

        let spreads: Vec<i128> = moments.iter().filter_map(Quote::spread).collect();
        let expected = Ratio::new(spreads.iter().sum(), spreads.len() as u128);
        prop_assert_eq!(average.spread(), expected);
        prop_assert_eq!(average.quoted_micros(), spreads.len() as u64);
        prop_assert_eq!(average.missing_micros(), (moments.len() - spreads.len()) as u64);
    }

    #[test]
    fn the_micro_price_lies_between_bid_and_ask(quote in any_quote()) {
        if let (Some(bid), Some(ask), Some(micro)) = (quote.bid, quote.ask, quote.micro_price()) {
            let at = |price: i64| Ratio::new(price.into(), 1).expect("one is not zero");
            let (bid, ask) = (at(bid.price.get()), at(ask.price.get()));
            prop_assert!(bid.min(ask) <= micro && micro <= bid.max(ask));
        }
    }

    #[test]
    fn no_quote_panics(
        quotes in prop::collection::vec((any::<u64>(), extreme_quote()), 1..20),
        price: i64,
    ) {
        let mut average = AverageSpread::new();
        for (time, quote) in quotes {
            let trade = trade(1, time, price, 1, Side::Sell);
            prop_assert_eq!(quote.effective_spread(&trade).is_some(), quote.mid().is_some());
            let _ = (quote.relative_spread(), quote.micro_price());
            average.apply(Timestamp::new(time), quote);
            let _ = (average.spread(), average.mid());
        }
    }
}
