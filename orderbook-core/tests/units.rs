//! The numbers of the trade: that they are the numbers they wrap, at the ends of their ranges, too.

use orderbook_core::*;
use proptest::prelude::*;

const ENDS: [i128; 11] = [
    i128::MIN,
    i128::MIN + 1,
    -(1 << 64) - 1,
    -(1 << 64),
    -1,
    0,
    1,
    u64::MAX as i128,
    1 << 64,
    i128::MAX - 1,
    i128::MAX,
];

#[test]
fn notionals_at_their_ends() {
    for a in ENDS {
        assert_eq!(Notional::new(a).get(), a);
        assert_eq!(i128::from(Notional::from(a)), a);
        assert_eq!(Notional::new(a).to_string(), a.to_string());
        for b in ENDS {
            let (left, right) = (Notional::new(a), Notional::new(b));
            assert_eq!(left.cmp(&right), a.cmp(&b), "{a} {b}");
            let sum = left.checked_add(right).map(Notional::get);
            assert_eq!(sum, a.checked_add(b), "{a} {b}");
        }
    }
}

#[test]
fn the_largest_products_fit() {
    let most = Quantity::new(u64::MAX);
    for price in [i64::MIN, -1, 0, 1, i64::MAX] {
        let product = i128::from(price) * i128::from(u64::MAX);
        assert_eq!(Price::new(price).notional(most).get(), product);
    }
}

#[test]
fn quantities() {
    let (two, three) = (Quantity::new(2), Quantity::new(3));
    assert_eq!(two.checked_add(three), Some(Quantity::new(5)));
    assert_eq!(two.checked_add(Quantity::new(u64::MAX)), None);
    assert_eq!(three.checked_sub(two), Some(Quantity::new(1)));
    assert_eq!(two.checked_sub(two), Some(Quantity::ZERO));
    assert_eq!(two.checked_sub(three), None);
    assert!(Quantity::ZERO.is_zero() && !two.is_zero());
}

#[test]
fn times() {
    assert_eq!(Timestamp::from_millis(7), Timestamp::new(7_000));
    assert_eq!(Timestamp::from_millis(u64::MAX), Timestamp::new(u64::MAX));
    assert_eq!(Timestamp::new(7_999).millis(), 7);
}

#[test]
fn sides_and_groups() {
    let (low, high) = (Price::new(-1), Price::new(1));
    assert!(Side::Buy.accepts(high, low) && !Side::Buy.accepts(low, high));
    assert!(Side::Sell.accepts(low, high) && !Side::Sell.accepts(high, low));
    for side in [Side::Buy, Side::Sell] {
        assert!(side.accepts(low, low));
        assert_ne!(side.opposite(), side);
        assert_eq!(side.opposite().opposite(), side);
    }
    assert_eq!(GroupId::new(0), None);
    let group = GroupId::new(u32::MAX).expect("not zero");
    assert_eq!(
        (group.get(), group.to_string()),
        (u32::MAX, "4294967295".to_owned())
    );
}

#[test]
fn limits_of_an_instrument() {
    let one = Step::new(1, 0).expect("a valid step");
    let instrument = Instrument::new("X", one, one).expect("a valid instrument");
    assert_eq!(instrument.max_slices(), DEFAULT_MAX_SLICES);
    assert_eq!(instrument.max_orders(), MAX_ORDERS);
    assert_eq!(instrument.self_trade(), SelfTradePrevention::Allow);
    let invalid = Err(InstrumentError::InvalidLimits);
    let slices = |most| {
        let limited = instrument.clone().with_max_slices(most);
        limited.map(|it| it.max_slices())
    };
    assert_eq!([slices(0), slices(1)], [invalid, Ok(1)]);
    assert_eq!(slices(u32::MAX), Ok(u32::MAX));
    let orders = |most| {
        let limited = instrument.clone().with_max_orders(most);
        limited.map(|it| it.max_orders())
    };
    assert_eq!([orders(0), orders(1)], [invalid, Ok(1)]);
    assert_eq!(orders(MAX_ORDERS), Ok(MAX_ORDERS));
    assert_eq!(orders(u32::MAX), invalid);

    // A minimum below zero is none.
    let minimum = |least| {
        let limited = instrument.clone().with_min_notional(Notional::new(least));
        limited.min_notional()
    };
    assert_eq!(minimum(-5), Notional::ZERO);
    assert_eq!(minimum(5), Notional::new(5));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// They are stored in two halves, which must not show.
    #[test]
    fn notionals_are_numbers(a: i128, b: i128, shift in 0..128_u32) {
        let (a, b) = (a >> shift, b >> shift);
        let (left, right) = (Notional::new(a), Notional::new(b));
        prop_assert_eq!(left.get(), a);
        prop_assert_eq!(left.cmp(&right), a.cmp(&b));
        prop_assert_eq!(left.checked_add(right).map(Notional::get), a.checked_add(b));
    }
}
