//! Fees against schoolbook arithmetic.

use accounts_core::{Amount, FeeRate, LedgerReject};
use proptest::prelude::*;

fn rate(ppm: u32) -> FeeRate {
    FeeRate::new(ppm).expect("at most a million")
}

/// `amount × ppm / 1,000,000`, rounded down: long multiplication and long division on digits of
/// 32 bits, lowest first.
fn schoolbook(amount: u128, ppm: u32) -> u128 {
    let mut digits = [0_u64; 5];
    let mut carry = 0;
    for (place, digit) in digits.iter_mut().enumerate() {
        let of_amount = if place < 4 {
            (amount >> (32 * place)) & 0xffff_ffff
        } else {
            0
        };
        let product = u64::try_from(of_amount).expect("masked") * u64::from(ppm) + carry;
        *digit = product & 0xffff_ffff;
        carry = product >> 32;
    }
    let mut remainder = 0;
    let mut quotient = 0_u128;
    for (place, digit) in digits.iter().enumerate().rev() {
        let dividend = (remainder << 32) | digit;
        remainder = dividend % 1_000_000;
        let of_quotient = u128::from(dividend / 1_000_000);
        if place == 4 {
            assert_eq!(of_quotient, 0, "a fee fits 128 bits");
        } else {
            quotient |= of_quotient << (32 * place);
        }
    }
    quotient
}

#[test]
fn fees_worked_by_hand() {
    for (amount, ppm, fee) in [
        (0, 1_000, 0),
        (999, 1_000, 0),
        (1_000, 1_000, 1),
        (1_999, 1_000, 1),
        (1_999, 2_500, 4),
        (999_999, 1, 0),
        (1_000_000, 1, 1),
        (123_456_789, 0, 0),
        (123_456_789, 1_000_000, 123_456_789),
        (1, 999_999, 0),
        (u128::MAX, 1_000_000, u128::MAX),
        (u128::MAX, 500_000, u128::MAX / 2),
        (u128::MAX, 1, u128::MAX / 1_000_000),
    ] {
        assert_eq!(
            rate(ppm).of(Amount::new(amount)),
            Amount::new(fee),
            "{ppm} ppm of {amount}"
        );
        assert_eq!(schoolbook(amount, ppm), fee);
    }
}

#[test]
fn a_fee_is_at_most_everything() {
    assert_eq!(FeeRate::new(1_000_000).map(FeeRate::get), Ok(1_000_000));
    for ppm in [1_000_001, u32::MAX] {
        assert_eq!(FeeRate::new(ppm), Err(LedgerReject::InvalidFeeRate));
        assert_eq!(FeeRate::try_from(ppm), Err(LedgerReject::InvalidFeeRate));
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_rate_that_is_read_is_validated_too() {
    use serde::Deserialize;
    use serde::de::value::{Error, U32Deserializer};

    let read = |ppm| FeeRate::deserialize(U32Deserializer::<Error>::new(ppm));
    assert_eq!(read(1_000_000), Ok(rate(1_000_000)));
    assert!(read(1_000_001).is_err());
}

#[test]
fn amounts_end_where_128_bits_do() {
    let (all, one) = (Amount::new(u128::MAX), Amount::new(1));
    assert_eq!(all.checked_add(Amount::ZERO), Some(all));
    assert_eq!(all.checked_add(one), None);
    assert_eq!(one.checked_sub(one), Some(Amount::ZERO));
    assert_eq!(one.checked_sub(all), None);
    assert_eq!(one.checked_mul(u128::MAX), Some(all));
    assert_eq!(all.checked_mul(2), None);
}

fn amounts() -> impl Strategy<Value = u128> {
    prop_oneof![
        any::<u128>(),
        any::<u64>().prop_map(u128::from),
        (0..=3_000_000_u128),
        (0..=3_000_000_u128).prop_map(|below| u128::MAX - below),
        (0..=120_u32, 0..=2_u128).prop_map(|(shift, add)| (1_000_000 << (shift % 100)) - 1 + add),
    ]
}

proptest! {
    #[test]
    fn any_fee_is_exact_and_no_unit_is_lost(
        amount in amounts(),
        ppm in prop_oneof![0..=1_000_000_u32, 0..=3_u32, 999_998..=1_000_000_u32],
    ) {
        let amount = Amount::new(amount);
        let fee = rate(ppm).of(amount);
        prop_assert_eq!(fee.get(), schoolbook(amount.get(), ppm));
        let kept = amount.checked_sub(fee).expect("a fee is never above the amount");
        prop_assert_eq!(kept.checked_add(fee), Some(amount));
    }
}
