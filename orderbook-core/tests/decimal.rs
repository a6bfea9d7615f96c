//! Decimals to ticks and lots and back: exact both ways, or refused.

#![cfg(feature = "rust_decimal")]

use orderbook_core::*;
use proptest::prelude::*;
use rust_decimal::Decimal;

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).expect("a number that fits")
}

fn step(mantissa: u64, scale: u8) -> Step {
    Step::new(mantissa, scale).expect("a valid step")
}

/// An instrument whose prices reach as far as they can, in both directions.
fn wide(tick: Step, lot: Step) -> Instrument {
    let instrument = Instrument::new("WIDE", tick, lot).expect("a valid instrument");
    let max = instrument.max_price();
    instrument
        .with_price_limits(Price::new(-max.get()), max)
        .expect("as far below zero as above")
}

#[test]
fn prices() {
    let off = Err(InstrumentError::OffGrid);
    let out = Err(InstrumentError::OutOfRange);
    let cent = step(1, 2);
    let quarter = step(25, 2);
    let five = step(5, 0);
    let smallest = step(1, 28);
    for (tick, text, expected) in [
        (cent, "0.01", Ok(1)),
        (cent, "100", Ok(10_000)),
        (cent, "100.1", Ok(10_010)),
        (cent, "100.10000000000000000000000000", Ok(10_010)),
        (cent, "0", Ok(0)),
        (cent, "-0.00", Ok(0)),
        (cent, "-37.63", Ok(-3_763)),
        (cent, "0.001", off),
        (cent, "0.011", off),
        (cent, "-0.005", off),
        (cent, "92233720368547758.07", Ok(i64::MAX)),
        (cent, "92233720368547758.08", out),
        (cent, "-92233720368547758.08", out),
        (cent, "79228162514264337593543950335", out),
        (cent, "-79228162514264337593543950335", out),
        (quarter, "0.25", Ok(1)),
        (quarter, "0.5", Ok(2)),
        (quarter, "100.75", Ok(403)),
        (quarter, "-0.75", Ok(-3)),
        (quarter, "0.30", off),
        (quarter, "0.125", off),
        (quarter, "100.01", off),
        (five, "35", Ok(7)),
        (five, "100.00", Ok(20)),
        (five, "36", off),
        (five, "2.5", off),
        (smallest, "0.0000000000000000000000000001", Ok(1)),
        (smallest, "0.0000000001", Ok(1_000_000_000_000_000_000)),
        (smallest, "0.000000001", out),
        (smallest, "7.9228162514264337593543950335", out),
        (smallest, "79228162514264337593543950335", out),
        (step(1, 27), "0.0000000000000000000000000001", off),
        (step(u64::MAX, 0), "18446744073709551615", Ok(1)),
        (step(u64::MAX, 0), "18446744073709551614", off),
        (
            step(u64::MAX, 0),
            "79228162495817593515539431425",
            Ok(u32::MAX.into()),
        ),
        (step(u64::MAX, 0), "79228162514264337593543950335", off),
    ] {
        let actual = wide(tick, cent).price_from_decimal(decimal(text));
        assert_eq!(actual, expected.map(Price::new), "{text} in {tick:?}");
    }
}

#[test]
fn prices_stay_within_the_limits() {
    let cent = step(1, 2);
    let positive = Instrument::new("EURUSD", cent, cent).expect("a valid instrument");
    let band = positive
        .clone()
        .with_price_limits(Price::new(90), Price::new(110))
        .expect("valid limits");
    for (instrument, text, allowed) in [
        (&positive, "0.01", true),
        (&positive, "0", false),
        (&positive, "-0.01", false),
        (&band, "0.90", true),
        (&band, "1.1", true),
        (&band, "0.89", false),
        (&band, "1.11", false),
    ] {
        let actual = instrument.price_from_decimal(decimal(text));
        assert_eq!(actual.is_ok(), allowed, "{text}");
        if !allowed {
            assert_eq!(actual, Err(InstrumentError::OutOfRange), "{text}");
        }
    }
}

#[test]
fn quantities() {
    let off = Err(InstrumentError::OffGrid);
    let out = Err(InstrumentError::OutOfRange);
    let satoshi = step(1, 8);
    for (lot, text, expected) in [
        (satoshi, "0.00000001", Ok(1)),
        (satoshi, "21000000", Ok(2_100_000_000_000_000)),
        (satoshi, "184467440737.09551615", Ok(u64::MAX)),
        (satoshi, "184467440737.09551616", out),
        (satoshi, "0.000000001", off),
        (satoshi, "0", out),
        (satoshi, "-1", out),
        (satoshi, "-0.000000001", off),
        (satoshi, "79228162514264337593543950335", out),
        (step(100, 0), "300", Ok(3)),
        (step(100, 0), "350", off),
    ] {
        let actual = wide(step(1, 2), lot).quantity_from_decimal(decimal(text));
        assert_eq!(actual, expected.map(Quantity::new), "{text} in {lot:?}");
    }
}

#[test]
fn quantities_stay_within_the_limits() {
    let cent = step(1, 2);
    let limited = wide(cent, cent)
        .with_quantity_limits(Quantity::new(10), Quantity::new(20))
        .expect("valid limits");
    for (text, expected) in [
        ("0.09", Err(InstrumentError::OutOfRange)),
        ("0.1", Ok(10)),
        ("0.2", Ok(20)),
        ("0.21", Err(InstrumentError::OutOfRange)),
    ] {
        let actual = limited.quantity_from_decimal(decimal(text));
        assert_eq!(actual, expected.map(Quantity::new), "{text}");
    }
}

#[test]
fn notionals() {
    // One tick-lot is 0.25 * 0.04 = 0.01.
    let instrument = wide(step(25, 2), step(4, 2));
    for (text, expected) in [
        ("0.01", Ok(1)),
        ("-5", Ok(-500)),
        ("0", Ok(0)),
        ("0.005", Err(InstrumentError::OffGrid)),
        (
            "79228162514264337593543950335",
            Ok(7_922_816_251_426_433_759_354_395_033_500),
        ),
    ] {
        let actual = instrument.notional_from_decimal(decimal(text));
        assert_eq!(actual, expected.map(Notional::new), "{text}");
    }
    let to = |count| instrument.notional_to_decimal(Notional::new(count));
    assert_eq!(to(-500), Some(decimal("-5")));
    assert_eq!(to(0), Some(decimal("0")));
    assert_eq!(to(i128::MAX), None);
    assert_eq!(to(i128::MIN), None);

    let price = instrument.price_from_decimal(decimal("100.25"));
    let quantity = instrument.quantity_from_decimal(decimal("0.12"));
    let cost = price.and_then(|price| quantity.map(|quantity| price.notional(quantity)));
    assert_eq!(
        instrument.notional_to_decimal(cost.expect("on the grid")),
        Some(decimal("12.03"))
    );
}

#[test]
fn a_tick_lot_of_too_many_places_is_no_decimal() {
    let instrument = wide(step(1, 20), step(1, 9));
    assert_eq!(
        instrument.notional_from_decimal(decimal("1")),
        Err(InstrumentError::OutOfRange)
    );
    assert_eq!(instrument.notional_to_decimal(Notional::new(1)), None);
}

#[test]
fn steps() {
    for (text, expected) in [
        ("0.01", Ok((1, 2))),
        ("0.0100", Ok((1, 2))),
        ("0.25", Ok((25, 2))),
        ("100", Ok((100, 0))),
        ("0.0000000000000000000000000001", Ok((1, 28))),
        ("0", Err(InstrumentError::InvalidStep)),
        ("-0.01", Err(InstrumentError::InvalidStep)),
        ("18446744073709551616", Err(InstrumentError::InvalidStep)),
    ] {
        let actual = Step::try_from(decimal(text));
        let parts = actual.map(|step| (step.mantissa(), step.scale()));
        assert_eq!(parts, expected, "{text}");
        if let Ok(step) = actual {
            assert_eq!(Decimal::from(step), decimal(text));
        }
    }
    assert_eq!(Step::new(0, 2), Err(InstrumentError::InvalidStep));
    assert_eq!(Step::new(1, 29), Err(InstrumentError::InvalidStep));
}

#[test]
fn instruments() {
    let cent = step(1, 2);
    let symbol = |symbol: &str| Instrument::new(symbol, cent, cent).map(|_| ());
    assert_eq!(symbol(""), Err(InstrumentError::InvalidSymbol));
    assert_eq!(symbol("12345678901234567890123456789012"), Ok(()));
    assert_eq!(
        symbol("123456789012345678901234567890123"),
        Err(InstrumentError::InvalidSymbol)
    );

    // Of this step there are 2^32 in what a decimal can hold.
    let coarse = wide(step(u64::MAX, 0), step(u64::MAX, 0));
    let largest = 1 << 32;
    assert_eq!(coarse.max_price(), Price::new(largest));
    let prices = |min, max| {
        let limits = coarse
            .clone()
            .with_price_limits(Price::new(min), Price::new(max));
        limits.is_ok()
    };
    assert!(prices(-largest, largest));
    assert!(prices(5, 5));
    assert!(!prices(6, 5));
    assert!(!prices(-largest - 1, 0));
    assert!(!prices(0, largest + 1));
    assert!(!prices(i64::MIN, i64::MAX));

    let quantities = |min, max| {
        let limits = coarse
            .clone()
            .with_quantity_limits(Quantity::new(min), Quantity::new(max));
        limits.is_ok()
    };
    assert!(quantities(1, 1 << 32));
    assert!(!quantities(0, 1));
    assert!(!quantities(2, 1));
    assert!(!quantities(1, (1 << 32) + 1));
}

/// Steps of all sizes; small mantissas are as likely as large ones.
fn any_step() -> impl Strategy<Value = Step> {
    let mantissa = (any::<u64>(), 0..64_u32).prop_map(|(bits, shift)| (bits >> shift).max(1));
    (mantissa, 0..=MAX_SCALE).prop_map(|(mantissa, scale)| step(mantissa, scale))
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    let mantissa = (any::<i128>(), 32..128_u32).prop_map(|(bits, shift)| bits >> shift);
    (mantissa, 0..=28_u32).prop_filter_map("96 bits and a sign", |(mantissa, scale)| {
        Decimal::try_from_i128_with_scale(mantissa, scale).ok()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Every number within the limits has a decimal, and that decimal is this number.
    #[test]
    fn numbers_survive_the_way_to_decimals(
        tick in any_step(),
        lot in any_step(),
        ticks: i64,
        lots: u64,
        shift in 0..64_u32,
    ) {
        let instrument = wide(tick, lot);
        let (max, lowest) = (instrument.max_price(), instrument.min_price());
        let price = Price::new(ticks >> shift).clamp(lowest, max);
        for price in [price, max, lowest] {
            let decimal = instrument.price_to_decimal(price).expect("within the limits");
            prop_assert_eq!(decimal.scale(), u32::from(tick.scale()));
            prop_assert_eq!(
                decimal.mantissa(),
                i128::from(price.get()) * i128::from(tick.mantissa())
            );
            prop_assert_eq!(instrument.price_from_decimal(decimal), Ok(price));
            prop_assert_eq!(instrument.price_from_decimal(decimal.normalize()), Ok(price));
        }

        let max = instrument.max_quantity();
        let quantity = Quantity::new(lots >> shift).clamp(Quantity::new(1), max);
        for quantity in [quantity, max, Quantity::new(1)] {
            let decimal = instrument.quantity_to_decimal(quantity).expect("within the limits");
            prop_assert_eq!(instrument.quantity_from_decimal(decimal), Ok(quantity));
            prop_assert_eq!(
                instrument.quantity_from_decimal(decimal.normalize()),
                Ok(quantity)
            );
        }
    }

    /// A decimal that is taken is taken exactly; none makes the conversion panic.
    #[test]
    fn decimals_are_taken_exactly_or_refused(
        tick in any_step(),
        lot in any_step(),
        value in any_decimal(),
    ) {
        let instrument = wide(tick, lot);
        if let Ok(price) = instrument.price_from_decimal(value) {
            prop_assert_eq!(instrument.price_to_decimal(price), Some(value));
        }
        if let Ok(quantity) = instrument.quantity_from_decimal(value) {
            prop_assert_eq!(instrument.quantity_to_decimal(quantity), Some(value));
        }
        if let Ok(notional) = instrument.notional_from_decimal(value)
            && let Some(back) = instrument.notional_to_decimal(notional)
        {
            prop_assert_eq!(back, value);
        }
    }
}
