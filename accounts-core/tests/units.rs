//! Where amounts and changes end, and shares against products of 256 bits.

use accounts_core::{Amount, Balance, Delta};
use proptest::prelude::*;

const MAX: u128 = u128::MAX;

fn amount(value: u128) -> Amount {
    Amount::new(value)
}

/// The upper and the lower half of a product: every bit of one is the other once more.
fn product(one: u128, other: u128) -> (u128, u128) {
    let (mut high, mut low) = (0, 0_u128);
    for bit in (0..u128::BITS).rev() {
        high = (high << 1) | (low >> 127);
        low <<= 1;
        if (one >> bit) & 1 == 1 {
            let (sum, carry) = low.overflowing_add(other);
            low = sum;
            high += u128::from(carry);
        }
    }
    (high, low)
}

/// What is left of the first of two numbers of 256 bits.
fn difference(one: (u128, u128), other: (u128, u128)) -> Option<(u128, u128)> {
    let (low, borrow) = one.1.overflowing_sub(other.1);
    let high = one.0.checked_sub(other.0)?;
    Some((high.checked_sub(u128::from(borrow))?, low))
}

/// A share is right where what it leaves of the product is less than the denominator.
fn assert_share(of: u128, numerator: u128, denominator: u128) {
    let share = amount(of).share(numerator, denominator);
    let all = product(of, numerator);
    let what = || format!("{of} x {numerator} / {denominator}: {share:?}");
    match share {
        Some(share) => {
            let rest = difference(all, product(share.get(), denominator));
            let within = |(high, low)| high == 0 && low < denominator;
            assert!(rest.is_some_and(within), "{}", what());
        }
        // 2^128 times the denominator is reached.
        None => assert!(all.0 >= denominator, "{}", what()),
    }
    let swapped = amount(numerator).share(of, denominator);
    assert_eq!(swapped, share, "{}", what());
}

#[test]
fn products_of_256_bits_worked_by_hand() {
    for (one, other, expected) in [
        (0, MAX, (0, 0)),
        (3, 5, (0, 15)),
        (1 << 64, 1 << 64, (1, 0)),
        (MAX, 2, (1, MAX - 1)),
        (MAX, MAX, (MAX - 1, 1)),
    ] {
        assert_eq!(product(one, other), expected);
        assert_eq!(product(other, one), expected);
    }
}

#[test]
fn shares_worked_by_hand() {
    const HALF: u128 = 1 << 127;
    for (of, numerator, denominator, share) in [
        (0, 0, 1, Some(0)),
        (100, 2, 3, Some(66)),
        (7, 1, 8, Some(0)),
        (7, 8, 8, Some(7)),
        (1, 1, 0, None),
        (0, 0, 0, None),
        (MAX, 1, 1, Some(MAX)),
        (MAX, MAX, MAX, Some(MAX)),
        (MAX, MAX, MAX - 1, None),
        (MAX, MAX - 1, MAX, Some(MAX - 1)),
        (MAX, HALF, HALF, Some(MAX)),
        (MAX, HALF, HALF - 1, None),
        (HALF, 2, 1, None),
        (HALF, 2, 2, Some(HALF)),
        (HALF, MAX, MAX, Some(HALF)),
    ] {
        let found = amount(of).share(numerator, denominator);
        assert_eq!(found.map(Amount::get), share);
        assert_share(of, numerator, denominator);
    }
}

#[test]
fn amounts_end_where_128_bits_do() {
    let (all, one) = (amount(MAX), amount(1));
    assert_eq!(all.checked_add(Amount::ZERO), Some(all));
    assert_eq!(all.checked_add(one), None);
    assert_eq!(one.checked_sub(one), Some(Amount::ZERO));
    assert_eq!(one.checked_sub(all), None);
    assert_eq!(one.checked_mul(MAX), Some(all));
    assert_eq!(all.checked_mul(2), None);
    assert_eq!(all.checked_mul(0), Some(Amount::ZERO));
    assert!(Amount::ZERO.is_zero() && !one.is_zero());

    let both = Balance {
        available: all,
        held: Amount::ZERO,
    };
    assert_eq!(both.total(), Some(all));
    assert_eq!(Balance { held: one, ..both }.total(), None);
    assert!(!both.is_zero() && Balance::default().is_zero());
}

#[test]
fn what_can_be_owned_is_what_can_change() {
    let most = Delta::new(i128::MAX);
    assert_eq!(Amount::MAX.get(), (1 << 127) - 1);
    assert_eq!(Amount::MAX.gain(), Some(most));
    assert_eq!(amount(Amount::MAX.get() + 1).gain(), None);
    assert_eq!(amount(MAX).gain(), None);
    assert_eq!(Amount::ZERO.gain(), Some(Delta::ZERO));

    assert_eq!(Amount::MAX.changed(-most), Some(Amount::ZERO));
    assert_eq!(Amount::ZERO.changed(most), Some(Amount::MAX));
    assert_eq!(Amount::ZERO.changed(Delta::new(-1)), None);
    assert_eq!(Amount::MAX.changed(Delta::new(i128::MIN)), None);
    assert_eq!(
        amount(1 << 127).changed(Delta::new(i128::MIN)),
        Some(Amount::ZERO)
    );
    assert_eq!(amount(MAX).changed(Delta::new(1)), None);
    assert_eq!(amount(MAX).changed(Delta::ZERO), Some(amount(MAX)));
}

#[test]
fn changes_end_at_the_most_that_can_be_owned_and_one_below() {
    let (most, least) = (Delta::new(i128::MAX), Delta::new(i128::MIN));
    assert_eq!(-most, Delta::new(-i128::MAX));
    assert_eq!(-(-most), most);
    // It is the change of no amount, and stays as it is.
    assert_eq!(-least, least);
    assert_eq!(least.magnitude(), amount(1 << 127));
    assert_eq!(most.magnitude(), Amount::MAX);
    assert_eq!((-most).magnitude(), Amount::MAX);
    assert_eq!(most.checked_add(Delta::new(1)), None);
    assert_eq!(least.checked_add(Delta::new(-1)), None);
    assert_eq!(most.checked_add(least), Some(Delta::new(-1)));
    assert!(Delta::ZERO.is_zero() && !least.is_zero());
    assert_eq!(
        least.to_string(),
        "-170141183460469231731687303715884105728"
    );
}

/// Of all lengths, and close to the powers of two.
fn numbers() -> impl Strategy<Value = u128> {
    prop_oneof![
        (any::<u128>(), 0..128_u32).prop_map(|(bits, shift)| bits >> shift),
        (0..128_u32, 0..3_u128).prop_map(|(shift, add)| (1_u128 << shift).wrapping_sub(1) + add),
        (0..3_u128).prop_map(|below| MAX - below),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_share_is_exact(of in numbers(), numerator in numbers(), denominator in numbers()) {
        assert_share(of, numerator, denominator);
        // A denominator as large as the share is close to where it fits or not.
        let (high, _) = product(of, numerator);
        for denominator in [high, high + 1, high.saturating_sub(1)] {
            assert_share(of, numerator, denominator);
        }
    }

    #[test]
    fn what_changes_and_changes_back_is_as_before(value in numbers(), by in any::<i128>()) {
        let by = Delta::new(by);
        if let Some(changed) = amount(value).changed(by) && by.get() != i128::MIN {
            prop_assert_eq!(changed.changed(-by), Some(amount(value)));
        }
    }
}
