//! Decimal strings, exact in both directions.

use std::iter::repeat_n;

use rust_decimal::Decimal;

use crate::error::ApiError;

/// Decimal places that clients expect at least.
const PLACES: u32 = 8;
/// What a decimal parameter looks like.
pub(super) const PATTERN: &str = "^([0-9]{1,20})(\\.[0-9]{1,20})?$";

/// `value * 10^-scale` with at least eight decimal places.
pub(crate) fn fixed(value: u128, scale: u32) -> String {
    written(false, value, scale, PLACES)
}

/// As [`fixed`], of a number that may be negative.
pub(crate) fn fixed_signed(value: i128, scale: u32) -> String {
    written(value < 0, value.unsigned_abs(), scale, PLACES)
}

/// `value * 10^-scale` with exactly `scale` decimal places.
pub(crate) fn plain(value: u128, scale: u32) -> String {
    written(false, value, scale, scale)
}

/// `value * 10^-scale` with at least so many decimal places. Every answer about an order has some, so
/// they do without the formatter.
fn written(negative: bool, value: u128, scale: u32, least: u32) -> String {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(value);
    let (scale, least) = (scale as usize, least as usize);
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    let mut text = String::with_capacity(digits.len() + scale.max(least) + "-0.".len());
    text.push_str(if negative { "-" } else { "" });
    text.push_str(if whole.is_empty() { "0" } else { whole });
    text.push_str(if scale.max(least) > 0 { "." } else { "" });
    text.extend(repeat_n('0', scale - fraction.len()));
    text.push_str(fraction);
    text.extend(repeat_n('0', least.saturating_sub(scale)));
    text
}

/// Reads a parameter: up to 20 digits before and after the point, no sign, no exponent.
///
/// # Errors
///
/// -1100 where it looks otherwise, and `too_large` where it looks right but has more digits than a
/// decimal can hold: no price or quantity does.
pub(crate) fn parse(name: &str, text: &str, too_large: &ApiError) -> Result<Decimal, ApiError> {
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |part: &str| {
        (1..=20).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(whole) || !fraction.is_none_or(digits) {
        return Err(ApiError::illegal(name, PATTERN));
    }
    // Zeros at the end say nothing but could fill up the decimal.
    let text = match fraction {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.'),
        None => text,
    };
    Decimal::from_str_exact(text).map_err(|_| too_large.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_at_least_eight_places() {
        let cases = [
            (5_000_000, 2, "50000.00000000"),
            (1, 8, "0.00000001"),
            (7, 0, "7.00000000"),
            (0, 0, "0.00000000"),
            (12_345, 10, "0.0000012345"),
        ];
        for (value, scale, expected) in cases {
            assert_eq!(fixed(value, scale), expected);
        }
        assert_eq!(fixed_signed(-150, 2), "-1.50000000");
        assert_eq!(
            fixed_signed(i128::MIN, 2),
            "-1701411834604692317316873037158841057.28000000"
        );
        assert_eq!(plain(1_500, 3), "1.500");
        assert_eq!((plain(7, 3), plain(7, 0)), ("0.007".into(), "7".into()));
    }

    #[test]
    fn parameters_are_read_exactly_or_refused() {
        let large = ApiError::LOT_SIZE;
        let read = |text| parse("quantity", text, &large);
        assert_eq!(read("0.00100000").expect("legal").to_string(), "0.001");
        assert_eq!(read("007").expect("legal").to_string(), "7");
        assert_eq!(
            read("12345678901234567890.00000000000000000000")
                .expect("legal")
                .to_string(),
            "12345678901234567890"
        );
        assert_eq!(
            read("99999999999999999999.99999999999999999999"),
            Err(large.clone())
        );
        for text in [
            "",
            "-1",
            "+1",
            "1e3",
            ".5",
            "5.",
            "1,5",
            " 1",
            "NaN",
            "١",
            "1.2.3",
            "123456789012345678901",
        ] {
            let error = read(text).expect_err(text);
            assert_eq!(error.code, -1100, "{text}");
        }
    }
}
