//! Rates against schoolbook arithmetic, what is a schedule and what is not, and thirty days.

use accounts_core::{Amount, FeeRate, FeeSchedule, FeeTier, LedgerReject, TradedVolume};
use orderbook_core::Timestamp;
use proptest::prelude::*;

const PARTS: i32 = 1_000_000;
const MAX: u128 = u128::MAX;

fn rate(ppm: i32) -> FeeRate {
    FeeRate::new(ppm).expect("at most a million either way")
}

fn tier(volume: u128, maker: i32, taker: i32) -> FeeTier {
    FeeTier {
        volume: Amount::new(volume),
        maker: rate(maker),
        taker: rate(taker),
    }
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
        (25_000, 100, 2),
        (999_999, 1, 0),
        (1_000_000, 1, 1),
        (123_456_789, 0, 0),
        (123_456_789, PARTS, 123_456_789),
        (1, 999_999, 0),
        // The last product that fits 64 bits, and the first that does not.
        (18_446_744_073_709, PARTS, 18_446_744_073_709),
        (18_446_744_073_710, PARTS, 18_446_744_073_710),
        (u128::from(u64::MAX), 1, 18_446_744_073_709),
        (u128::from(u64::MAX) + 1, 500_000, 1 << 63),
        (Amount::MAX.get(), 500_000, Amount::MAX.get() / 2),
        (MAX, PARTS, MAX),
        (MAX, 500_000, MAX / 2),
        (MAX, 1, MAX / 1_000_000),
    ] {
        // A rebate is as large as the fee of the same rate, so both are rounded towards nothing.
        for ppm in [ppm, -ppm] {
            let share = rate(ppm).of(Amount::new(amount));
            assert_eq!(share, Amount::new(fee), "{ppm} ppm of {amount}");
        }
        assert_eq!(schoolbook(amount, ppm.unsigned_abs()), fee);
    }
}

#[test]
fn a_fee_and_a_rebate_are_at_most_everything() {
    for ppm in [PARTS, -PARTS, 0, -1] {
        assert_eq!(FeeRate::new(ppm).map(FeeRate::get), Ok(ppm));
        assert_eq!(i32::from(rate(ppm)), ppm);
        assert_eq!(rate(ppm).is_rebate(), ppm < 0);
    }
    for ppm in [PARTS + 1, -PARTS - 1, i32::MAX, i32::MIN] {
        assert_eq!(FeeRate::new(ppm), Err(LedgerReject::InvalidFeeRate));
        assert_eq!(FeeRate::try_from(ppm), Err(LedgerReject::InvalidFeeRate));
    }
    assert_eq!(rate(-100).to_string(), "-100");
}

#[cfg(feature = "serde")]
#[test]
fn a_rate_that_is_read_is_validated_too() {
    use serde::Deserialize;
    use serde::de::value::{Error, I32Deserializer};

    let read = |ppm| FeeRate::deserialize(I32Deserializer::<Error>::new(ppm));
    for ppm in [PARTS, -PARTS] {
        assert_eq!(read(ppm), Ok(rate(ppm)));
        assert!(read(ppm + ppm.signum()).is_err());
    }
}

#[test]
fn what_is_a_schedule_and_what_is_not() {
    let ascending = |tiers: u128| (0..tiers).map(|volume| tier(volume, 0, 10)).collect();
    let cases: [(&str, Vec<FeeTier>, bool); 19] = [
        ("no tier", vec![], false),
        ("one tier", vec![tier(0, 10, 20)], true),
        ("32 tiers", ascending(32), true),
        ("33 tiers", ascending(33), false),
        ("the first asks for volume", vec![tier(1, 10, 20)], false),
        (
            "ascending",
            vec![tier(0, 3, 3), tier(1, 2, 2), tier(MAX, 1, 1)],
            true,
        ),
        (
            "the same volume twice",
            vec![tier(0, 3, 3), tier(5, 2, 2), tier(5, 1, 1)],
            false,
        ),
        (
            "descending",
            vec![tier(0, 3, 3), tier(6, 2, 2), tier(5, 1, 1)],
            false,
        ),
        ("zero twice", vec![tier(0, 3, 3), tier(0, 3, 3)], false),
        (
            "who trades more pays more",
            vec![tier(0, 1, 1), tier(1, 9, 9)],
            true,
        ),
        ("no fees at all", vec![tier(0, 0, 0)], true),
        ("everything", vec![tier(0, PARTS, PARTS)], true),
        ("a negative taker", vec![tier(0, 10, -1)], false),
        (
            "a negative taker later",
            vec![tier(0, 10, 10), tier(1, 10, -1)],
            false,
        ),
        (
            "a rebate of all of the taker's",
            vec![tier(0, -PARTS, PARTS)],
            true,
        ),
        ("a rebate of more", vec![tier(0, -11, 10)], false),
        ("a rebate of nothing", vec![tier(0, -1, 0)], false),
        (
            // A maker of the first tier may meet a taker of the second.
            "a rebate above another tier's taker",
            vec![tier(0, -10, 10), tier(1, -5, 9)],
            false,
        ),
        (
            "a rebate above an earlier tier's taker",
            vec![tier(0, 0, 10), tier(1, -11, 20)],
            false,
        ),
    ];
    for (what, tiers, valid) in cases {
        let made = FeeSchedule::new(tiers.clone());
        assert_eq!(FeeSchedule::try_from(tiers.clone()), made, "{what}");
        match made {
            Ok(schedule) => {
                assert!(valid, "{what}");
                assert_eq!(schedule.tiers(), tiers, "{what}");
                assert_eq!(schedule.is_flat(), tiers.len() == 1, "{what}");
                assert_eq!(Vec::from(schedule), tiers, "{what}");
            }
            Err(reject) => {
                assert!(!valid, "{what}");
                assert_eq!(reject, LedgerReject::InvalidFeeSchedule, "{what}");
            }
        }
    }
}

#[test]
fn the_same_for_everybody() {
    let flat = FeeSchedule::flat(rate(-5), rate(5)).expect("the rebate is paid by the taker");
    assert!(flat.is_flat());
    for volume in [0, 1, MAX] {
        assert_eq!(*flat.tier(Amount::new(volume)), tier(0, -5, 5));
    }
    let invalid = Err(LedgerReject::InvalidFeeSchedule);
    assert_eq!(FeeSchedule::flat(rate(-6), rate(5)), invalid);
    assert_eq!(FeeSchedule::flat(rate(0), rate(-1)), invalid);
    assert_eq!(FeeSchedule::default().tiers(), [tier(0, 0, 0)]);
}

#[test]
fn a_tier_begins_at_its_volume() {
    let tiers = [
        tier(0, 9, 9),
        tier(100, 8, 8),
        tier(101, 7, 7),
        tier(MAX, 6, 6),
    ];
    let schedule = FeeSchedule::new(tiers).expect("a schedule");
    for (volume, expected) in [
        (0, 0),
        (99, 0),
        (100, 1),
        (101, 2),
        (102, 2),
        (MAX - 1, 2),
        (MAX, 3),
    ] {
        let found = schedule.tier(Amount::new(volume));
        assert_eq!(*found, tiers[expected], "volume {volume}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_schedule_that_is_read_is_validated_too() {
    use serde::Deserialize;
    use serde::de::value::{Error, SeqDeserializer};

    let empty = SeqDeserializer::<_, Error>::new(std::iter::empty::<u32>());
    assert!(FeeSchedule::deserialize(empty).is_err());
}

fn volume(days: &[(u32, u128)]) -> TradedVolume {
    let mut volume = TradedVolume::default();
    for (day, amount) in days {
        volume.add(*day, Amount::new(*amount));
        assert!(volume.is_possible());
    }
    volume
}

#[test]
fn a_day_is_from_midnight_to_midnight_utc() {
    const MICROS: u64 = 86_400_000_000;
    for (micros, day) in [
        (0, 0),
        (MICROS - 1, 0),
        (MICROS, 1),
        (20_000 * MICROS, 20_000),
        (20_001 * MICROS - 1, 20_000),
        (u64::MAX, 213_503_982),
    ] {
        assert_eq!(TradedVolume::day(Timestamp::new(micros)), day);
    }
}

#[test]
fn thirty_whole_days_count_and_not_the_day_itself() {
    let volume = volume(&[(100, 1), (101, 20), (129, 300), (130, 4_000)]);
    for (day, traded) in [
        (0, 0),
        (100, 0),   // itself does not count
        (101, 1),   // from the next day on
        (130, 321), // for thirty days
        (131, 4_320),
        (132, 4_300),
        (159, 4_300),
        (160, 4_000),
        (161, 0),
        (213_503_982, 0),
    ] {
        assert_eq!(volume.before(day), Amount::new(traded), "day {day}");
    }
}

#[test]
fn what_is_traded_on_one_day_is_added_up() {
    let volume = volume(&[(7, 1), (7, 2), (7, 0), (7, 4)]);
    assert_eq!(volume.days(), [(7, Amount::new(7))]);
    assert_eq!(volume.before(8), Amount::new(7));
}

#[test]
fn days_that_cannot_count_any_more_are_forgotten() {
    let mut long = TradedVolume::default();
    for day in 0..1_000 {
        long.add(day, Amount::new(1));
        assert!(long.days().len() <= 31 && long.is_possible());
    }
    assert_eq!(long.before(1_000), Amount::new(30));
    // The oldest that is kept counts today.
    assert_eq!(long.days()[0].0, 969);
    assert_eq!(long.before(999), Amount::new(30));

    let days: [u32; 4] = [5, 35, 66, 213_503_982];
    for (at, kept) in [(1, 2), (2, 1), (3, 1)] {
        let added: Vec<_> = days[..=at].iter().map(|day| (*day, 1)).collect();
        assert_eq!(volume(&added).days().len(), kept, "up to day {}", days[at]);
    }
}

#[test]
fn volume_ends_where_amounts_do() {
    let all = Amount::MAX.get();
    for (days, before) in [
        (vec![(1, all)], all),
        (vec![(1, all - 1), (1, 1)], all),
        (vec![(1, all), (1, 1)], all),
        (vec![(1, MAX)], all),
        (vec![(1, MAX), (1, MAX)], all),
        (vec![(1, all), (2, all)], all),
        (vec![(1, all / 2), (2, all / 2)], all - 1),
        (vec![(1, all / 2), (2, all / 2), (3, 2)], all),
    ] {
        let volume = volume(&days);
        assert_eq!(volume.before(4), Amount::new(before), "{days:?}");
    }
}

#[cfg(feature = "serde")]
mod read {
    //! Volumes as a snapshot may have them, whoever wrote it.

    use accounts_core::{Amount, TradedVolume};
    use serde::de::value::{
        Error, MapDeserializer, SeqDeserializer, U32Deserializer, U128Deserializer,
    };
    use serde::de::{Deserialize, Deserializer, IntoDeserializer, Visitor};

    #[derive(Clone, Copy)]
    enum Number {
        Day(u32),
        Amount(u128),
    }

    impl<'de> Deserializer<'de> for Number {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self {
                Self::Day(day) => U32Deserializer::new(day).deserialize_any(visitor),
                Self::Amount(amount) => U128Deserializer::new(amount).deserialize_any(visitor),
            }
        }

        fn deserialize_newtype_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            visitor: V,
        ) -> Result<V::Value, Error> {
            visitor.visit_newtype_struct(self)
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
            unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
        }
    }

    impl IntoDeserializer<'_, Error> for Number {
        type Deserializer = Self;

        fn into_deserializer(self) -> Self {
            self
        }
    }

    fn volume(days: &[(u32, u128)]) -> TradedVolume {
        let days = days.iter();
        let days: Vec<_> = days
            .map(|(day, amount)| vec![Number::Day(*day), Number::Amount(*amount)])
            .collect();
        let days = SeqDeserializer::<_, Error>::new(days.into_iter());
        let fields = MapDeserializer::new([("days", Days(days))].into_iter());
        TradedVolume::deserialize(fields).expect("days and amounts")
    }

    struct Days<D>(D);

    impl<'de, D: Deserializer<'de, Error = Error>> IntoDeserializer<'de, Error> for Days<D> {
        type Deserializer = D;

        fn into_deserializer(self) -> D {
            self.0
        }
    }

    #[test]
    fn volumes_that_were_read_are_questioned() {
        const ALL: u128 = Amount::MAX.get();
        let last = u32::MAX;
        for (days, possible) in [
            (&[][..], true),
            (&[(0, 0)], true),
            (&[(5, ALL), (35, ALL)], true),
            (&[(5, 1), (36, 1)], false),
            (&[(5, 1), (5, 1)], false),
            (&[(6, 1), (5, 1)], false),
            (&[(5, ALL + 1)], false),
            (&[(5, u128::MAX)], false),
            // No time has such a day, and no sum of it fits.
            (&[(last, 1)], true),
            (&[(last - 30, 1), (last, 1)], true),
            (&[(last - 31, 1), (last, 1)], false),
            (&[(0, 1), (last, 1)], false),
            (&[(last, 1), (0, 1)], false),
        ] {
            assert_eq!(volume(days).is_possible(), possible, "{days:?}");
        }
    }
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
        ppm in prop_oneof![-PARTS..=PARTS, -3..=3_i32, 999_998..=PARTS, -PARTS..=-999_998],
    ) {
        let amount = Amount::new(amount);
        let fee = rate(ppm).of(amount);
        prop_assert_eq!(fee.get(), schoolbook(amount.get(), ppm.unsigned_abs()));
        let kept = amount.checked_sub(fee).expect("a fee is never above the amount");
        prop_assert_eq!(kept.checked_add(fee), Some(amount));
        prop_assert_eq!(rate(-ppm).of(amount), fee);
    }

    #[test]
    fn any_tier_is_the_last_that_is_reached(
        steps in prop::collection::vec(1..50_u128, 0..31),
        volume in 0..1_600_u128,
    ) {
        let mut tiers = vec![tier(0, 0, 0)];
        for step in steps {
            let asked = tiers.last().map_or(0, |last| last.volume.get()) + step;
            tiers.push(tier(asked, 1, i32::try_from(tiers.len()).expect("few")));
        }
        let schedule = FeeSchedule::new(tiers.clone()).expect("ascending");
        let reached = tiers.iter().rev().find(|tier| tier.volume.get() <= volume);
        prop_assert_eq!(Some(schedule.tier(Amount::new(volume))), reached);
    }

    #[test]
    fn any_volume_is_the_sum_of_thirty_days(
        trades in prop::collection::vec((0..4_u32, 0..1_000_u128, any::<bool>()), 0..80),
        later in 0..70_u32,
    ) {
        let mut volume = TradedVolume::default();
        let mut all: Vec<(u32, u128)> = Vec::new();
        let mut day = 40;
        for (days, amount, far) in trades {
            day += if far { days * 11 } else { days };
            volume.add(day, Amount::new(amount));
            all.push((day, amount));
            prop_assert!(volume.is_possible());
            prop_assert!(volume.days().len() <= 31);
            // The past is asked for on the day itself or later.
            for asked in [day, day + 1, day + later] {
                let counts = |(of, _): &&(u32, u128)| (asked - 30..asked).contains(of);
                let sum: u128 = all.iter().filter(counts).map(|(_, amount)| amount).sum();
                prop_assert_eq!(volume.before(asked), Amount::new(sum), "day {}", asked);
            }
        }
    }
}
