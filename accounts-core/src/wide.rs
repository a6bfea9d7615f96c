//! Products of 256 bits.

/// `a × b / c`, rounded down; `None` where `c` is zero or the result needs more than 128 bits.
pub(crate) const fn mul_div(a: u128, b: u128, c: u128) -> Option<u128> {
    if c == 0 {
        return None;
    }
    if let Some(product) = a.checked_mul(b) {
        return Some(product / c);
    }
    let (mut high, mut low) = product(a, b);
    if high >= c {
        return None;
    }
    // Long division, a bit at a time: `high` is what is left so far, `low` gives its bits away on one
    // end and takes those of the quotient in at the other.
    let mut bit = 0;
    while bit < u128::BITS {
        let carry = high >> (u128::BITS - 1);
        high = high << 1 | low >> (u128::BITS - 1);
        low <<= 1;
        if carry == 1 || high >= c {
            high = high.wrapping_sub(c);
            low |= 1;
        }
        bit += 1;
    }
    Some(low)
}

/// The upper and the lower half of a product.
const fn product(a: u128, b: u128) -> (u128, u128) {
    const HALF: u32 = u128::BITS / 2;
    const MASK: u128 = (1 << HALF) - 1;
    let (a_high, a_low) = (a >> HALF, a & MASK);
    let (b_high, b_low) = (b >> HALF, b & MASK);
    let low = a_low * b_low;
    // Neither sum overflows: a product of two halves leaves room for two more halves.
    let middle = a_high * b_low + (low >> HALF);
    let other = a_low * b_high + (middle & MASK);
    let high = a_high * b_high + (middle >> HALF) + (other >> HALF);
    (high, other << HALF | low & MASK)
}

#[cfg(test)]
mod tests {
    use super::mul_div;

    #[test]
    fn products_of_256_bits_are_divided_exactly() {
        const MAX: u128 = u128::MAX;
        for (a, b, c, expected) in [
            (0, MAX, 1, Some(0)),
            (7, 3, 2, Some(10)),
            (MAX, MAX, MAX, Some(MAX)),
            (MAX, MAX - 1, MAX, Some(MAX - 1)),
            // (2^128 - 1)^2 = 2^256 - 2^129 + 1
            (MAX, MAX, 1 << 127, None),
            (MAX, 1 << 127, MAX, Some(1 << 127)),
            (MAX, 1 << 127, 1 << 127, Some(MAX)),
            (MAX / 3, 3_000_000, 1_000_000, Some(MAX)),
            (
                MAX,
                999_999,
                1_000_000,
                Some(340_282_026_638_571_542_524_911_144_057_160_779_686),
            ),
            (MAX, 2, 1, None),
            (1, 1, 0, None),
        ] {
            assert_eq!(mul_div(a, b, c), expected, "{a} * {b} / {c}");
            assert_eq!(mul_div(b, a, c), expected, "{b} * {a} / {c}");
        }
    }
}
