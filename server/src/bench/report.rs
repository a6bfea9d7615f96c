//! Numbers as text.

use std::io::{self, Write};
use std::time::Duration;

/// How long each of many things took.
#[derive(Debug, Default)]
pub(super) struct Samples {
    ascending: Vec<Duration>,
}

impl Samples {
    pub(super) fn new(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        Self { ascending: samples }
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.ascending.len() as u64
    }

    /// What so many of a thousand took at the most; nothing where there were none.
    pub(super) fn within(&self, per_mille: usize) -> Duration {
        let rank = (self.ascending.len() * per_mille).div_ceil(1_000);
        let found = self.ascending.get(rank.saturating_sub(1));
        found.copied().unwrap_or_default()
    }
}

/// How many there were in a second.
pub(super) fn per_second(count: u64, took: Duration) -> u64 {
    let rate = u128::from(count) * 1_000_000_000 / took.as_nanos().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// A quotient with one decimal.
pub(super) fn quotient(dividend: u64, divisor: u64) -> String {
    let tenths = u128::from(dividend) * 10 / u128::from(divisor.max(1));
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Seconds with three decimals.
pub(super) fn seconds(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

/// Milliseconds with three decimals.
pub(super) fn millis(time: Duration) -> String {
    format!("{}.{:03}", time.as_millis(), time.subsec_micros() % 1_000)
}

/// What a run was made with, where that makes it worth less.
pub(super) fn build(out: &mut impl Write) -> io::Result<()> {
    if cfg!(debug_assertions) {
        writeln!(out, "not optimised: this is a debug build")?;
    }
    Ok(())
}

/// Rows under each other: the first column to the left, numbers to the right.
pub(super) fn table<const N: usize>(out: &mut impl Write, rows: &[[String; N]]) -> io::Result<()> {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let cells = row.iter().zip(widths).enumerate();
        let cells: Vec<String> = cells
            .map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_off_not_rounded() {
        assert_eq!(seconds(Duration::from_micros(61_002_999)), "61.002");
        assert_eq!(millis(Duration::from_nanos(61_002_999)), "61.002");
        assert_eq!(quotient(1_999, 1_000), "1.9");
        assert_eq!(quotient(7, 0), "7.0");
        assert_eq!(per_second(3, Duration::from_millis(1_500)), 2);
        assert_eq!(per_second(0, Duration::ZERO), 0);
    }

    #[test]
    fn so_many_of_a_thousand_are_within() {
        let samples = Samples::new((1..=200).rev().map(Duration::from_millis).collect());
        let within = |per_mille| samples.within(per_mille).as_millis();
        assert_eq!([500, 990, 999].map(within), [100, 198, 200]);
        assert_eq!(samples.count(), 200);
        assert_eq!(Samples::default().within(500), Duration::ZERO);
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let row = |cells: [&str; 3]| cells.map(String::from);
        let rows = [row(["", "n", "of"]), row(["first", "10", ""])];
        let mut out = Vec::new();
        table(&mut out, &rows).expect("memory takes everything");
        assert_eq!(String::from_utf8_lossy(&out), "        n  of\nfirst  10\n");
    }
}
