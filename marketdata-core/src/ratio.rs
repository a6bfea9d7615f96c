//! Fractions that lose nothing.

use core::cmp::Ordering;
use core::fmt;

/// An exact fraction in lowest terms, so that two that are equal in value are equal.
///
/// What it counts is said by whoever returns one: ticks for an average price, nothing at all for a
/// share. Only [`truncated`](Self::truncated) and [`rounded`](Self::rounded) lose anything. Each
/// operation is O(128) divisions at worst.
///
/// ```
/// use marketdata_core::Ratio;
///
/// let two_thirds = Ratio::new(-4, 6).unwrap();
/// assert_eq!((two_thirds.numerator(), two_thirds.denominator()), (-2, 3));
/// assert_eq!(two_thirds.truncated(3), Some(-666));
/// assert_eq!(two_thirds.rounded(3), Some(-667));
/// assert_eq!(Ratio::new(1, 0), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Terms"))]
pub struct Ratio {
    numerator: i128,
    /// Never zero, and without a factor in common with the numerator.
    denominator: u128,
}

impl Ratio {
    /// Nothing.
    pub const ZERO: Self = Self {
        numerator: 0,
        denominator: 1,
    };

    /// The fraction in lowest terms, or `None` for a denominator of zero.
    pub const fn new(numerator: i128, denominator: u128) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator);
        let reduced = numerator.unsigned_abs() / divisor;
        Some(Self {
            // The one magnitude that the cast wraps is that of the minimum, which is right again.
            numerator: if numerator < 0 {
                reduced.cast_signed().wrapping_neg()
            } else {
                reduced.cast_signed()
            },
            denominator: denominator / divisor,
        })
    }

    /// The upper part, which bears the sign.
    pub const fn numerator(self) -> i128 {
        self.numerator
    }

    /// The lower part; never zero, and 1 where the value is whole.
    pub const fn denominator(self) -> u128 {
        self.denominator
    }

    /// The value in units of 10^-`decimals`, rounded towards zero; `None` where it does not fit.
    pub const fn truncated(self, decimals: u32) -> Option<i128> {
        match self.scaled(decimals) {
            Some((quotient, _)) => self.signed(quotient),
            None => None,
        }
    }

    /// The value in units of 10^-`decimals`, rounded to the nearest, and to the even one of two
    /// that are equally near; `None` where it does not fit.
    pub const fn rounded(self, decimals: u32) -> Option<i128> {
        let Some((quotient, remainder)) = self.scaled(decimals) else {
            return None;
        };
        let missing = self.denominator - remainder;
        let is_up = remainder > missing || (remainder == missing && quotient % 2 == 1);
        match quotient.checked_add(is_up as u128) {
            Some(quotient) => self.signed(quotient),
            None => None,
        }
    }

    /// The magnitude in units of 10^-`decimals`, and what remains of it, in parts of the
    /// denominator.
    const fn scaled(self, decimals: u32) -> Option<(u128, u128)> {
        let mut quotient = self.numerator.unsigned_abs() / self.denominator;
        let mut remainder = self.numerator.unsigned_abs() % self.denominator;
        let mut done = 0;
        // A long division. It ends soon for any number of decimals: what is not zero grows tenfold
        // with each and no longer fits after 39 digits, which follow at most 39 zeros.
        while done < decimals && quotient | remainder != 0 {
            let (digit, rest) = ten_times(remainder, self.denominator);
            remainder = rest;
            quotient = match quotient.checked_mul(10) {
                Some(tenfold) => match tenfold.checked_add(digit) {
                    Some(sum) => sum,
                    None => return None,
                },
                None => return None,
            };
            done += 1;
        }
        Some((quotient, remainder))
    }

    const fn signed(self, magnitude: u128) -> Option<i128> {
        if self.numerator < 0 {
            0_i128.checked_sub_unsigned(magnitude)
        } else {
            0_i128.checked_add_unsigned(magnitude)
        }
    }
}

/// Ten times `part` in whole `of`s and what remains, for a part smaller than the whole. By adding,
/// because the product may not fit.
const fn ten_times(part: u128, of: u128) -> (u128, u128) {
    let (mut wholes, mut rest) = (0, 0);
    let mut times = 0;
    while times < 10 {
        let missing = of - rest;
        if part >= missing {
            wholes += 1;
            rest = part - missing;
        } else {
            rest += part;
        }
        times += 1;
    }
    (wholes, rest)
}

const fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Ord for Ratio {
    /// By value.
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = |ratio: &Self| (ratio.numerator.unsigned_abs(), ratio.denominator);
        match self.numerator.signum().cmp(&other.numerator.signum()) {
            Ordering::Equal if self.numerator < 0 => {
                compare_magnitudes(magnitude(other), magnitude(self))
            }
            Ordering::Equal => compare_magnitudes(magnitude(self), magnitude(other)),
            unequal => unequal,
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares `a.0 / a.1` with `b.0 / b.1` as continued fractions, because the products across may
/// not fit.
fn compare_magnitudes(mut a: (u128, u128), mut b: (u128, u128)) -> Ordering {
    loop {
        match (a.0 / a.1).cmp(&(b.0 / b.1)) {
            Ordering::Equal => (),
            unequal => return unequal,
        }
        let (rest_a, rest_b) = (a.0 % a.1, b.0 % b.1);
        if rest_a == 0 || rest_b == 0 {
            return rest_a.cmp(&rest_b);
        }
        // Of what is left of each, that with the larger reciprocal is the smaller.
        (a, b) = ((b.1, rest_b), (a.1, rest_a));
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.numerator.fmt(f)?;
        if self.denominator != 1 {
            write!(f, "/{}", self.denominator)?;
        }
        Ok(())
    }
}

/// What a ratio is read from: what is read may not be in lowest terms.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(rename = "Ratio")]
struct Terms {
    numerator: i128,
    denominator: u128,
}

#[cfg(feature = "serde")]
impl TryFrom<Terms> for Ratio {
    type Error = &'static str;

    fn try_from(terms: Terms) -> Result<Self, Self::Error> {
        Self::new(terms.numerator, terms.denominator).ok_or("a ratio over zero")
    }
}
