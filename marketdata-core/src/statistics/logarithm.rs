//! Natural logarithms of price ratios, in integers and the same everywhere.

use orderbook_core::Price;

use crate::Ratio;

/// What one is in the units of [`log_return_trillionths`].
pub(crate) const TRILLION: u128 = 1_000_000_000_000;

/// `ln(to / from)`, the logarithmic return from one price to another, as a multiple of 10^-12.
///
/// The nearest multiple, or the one next to it where two are nearly equally near: the error is
/// below 0.6 * 10^-12. The way back is the exact negative, and from a price to itself it is zero.
/// `None` where a price is not above zero, since such a price has no logarithm. O(1).
///
/// ```
/// use marketdata_core::log_return;
/// use orderbook_core::Price;
///
/// let ln = log_return(Price::new(100), Price::new(101)).unwrap();
/// assert_eq!(ln.rounded(12), Some(9_950_330_853)); // 0.00995033085316...
/// assert_eq!(log_return(Price::new(100), Price::new(0)), None);
/// ```
pub fn log_return(from: Price, to: Price) -> Option<Ratio> {
    let trillionths = log_return_trillionths(from, to)?;
    Ratio::new(i128::from(trillionths), TRILLION)
}

/// [`log_return`] in units of 10^-12. Its magnitude is at most that of ln(2^63), 44 * 10^12.
///
/// Both prices are shifted to 64 bits, so that `to / from = a / b * 2^k` with `a / b` between 1/2
/// and 2. Then `ln(to / from) = k ln 2 + 2 atanh(z)` with `z = (a - b) / (a + b)`, and
/// `atanh(z) = z + z^3 / 3 + z^5 / 5 + ...`, where each term is less than a ninth of the one before
/// since `|z| < 1/3`.
///
/// The sum is done in units of 2^-62. It takes at most 20 terms with two divisions each that lose
/// less than a unit, and the constant for ln 2 is off by half a unit, at most 63 times: in all less
/// than 2^-54, or 6 * 10^-17, which leaves the rounding at the end as the error that counts.
pub(crate) fn log_return_trillionths(from: Price, to: Price) -> Option<i64> {
    const ONE: i128 = 1 << 62;
    // 0.693147180559945309417232... * 2^62
    const LN_2: i128 = 3_196_577_161_300_663_915;

    let positive = |price: Price| u64::try_from(price.get()).ok().filter(|ticks| *ticks > 0);
    let (from, to) = (positive(from)?, positive(to)?);
    let (shift_from, shift_to) = (from.leading_zeros(), to.leading_zeros());
    let (a, b) = (i128::from(to << shift_to), i128::from(from << shift_from));
    let doublings = i128::from(shift_from) - i128::from(shift_to);

    let z = (a - b) * ONE / (a + b);
    let z_squared = z * z / ONE;
    let (mut power, mut odd, mut atanh) = (z, 1, 0);
    while power != 0 {
        atanh += power / odd;
        power = power * z_squared / ONE;
        odd += 2;
    }
    let ln = doublings * LN_2 + 2 * atanh;

    // Rounded by its magnitude, so that the way back is the exact negative.
    let trillionths = (ln.unsigned_abs() * TRILLION + ONE.unsigned_abs() / 2) / ONE.unsigned_abs();
    let trillionths = i64::try_from(trillionths).ok()?;
    Some(if ln < 0 { -trillionths } else { trillionths })
}
