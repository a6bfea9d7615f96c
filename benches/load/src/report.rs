//! Numbers as text, and tables of them.

use std::io::{self, Write};
use std::time::Duration;

/// How long each of many things took.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    ascending: Vec<Duration>,
}

impl Samples {
    pub(crate) fn new(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        Self { ascending: samples }
    }

    pub(crate) fn count(&self) -> u64 {
        self.ascending.len() as u64
    }

    /// What so many of a thousand took at the most; nothing where there were none.
    pub(crate) fn within(&self, per_mille: usize) -> Duration {
        let rank = (self.ascending.len() * per_mille).div_ceil(1_000);
        let found = self.ascending.get(rank.saturating_sub(1));
        found.copied().unwrap_or_default()
    }
}

/// What is in the middle, the lower of two.
pub(crate) fn median<T: Ord + Copy + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or_default()
}

/// How many there were in a second.
pub(crate) fn per_second(count: u64, took: Duration) -> u64 {
    let rate = u128::from(count) * 1_000_000_000 / took.as_nanos().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// A hundredth of how many times something goes into something else.
pub(crate) fn percent(of: u128, whole: u128) -> u64 {
    u64::try_from(of * 100 / whole.max(1)).unwrap_or(u64::MAX)
}

/// Milliseconds: three digits that count, where there are so many.
pub(crate) fn millis(time: Duration) -> String {
    let (whole, micros) = (time.as_millis(), time.subsec_micros() % 1_000);
    match whole {
        0..10 => format!("{whole}.{:02}", micros / 10),
        10..100 => format!("{whole}.{}", micros / 100),
        _ => whole.to_string(),
    }
}

/// Hundredths with two decimals.
pub(crate) fn hundredths(count: u64) -> String {
    format!("{}.{:02}", count / 100, count % 100)
}

/// With commas between the thousands.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is not known is a dash.
pub(crate) fn known(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".into())
}

/// A table of Markdown: the first column is words, the others are numbers.
pub(crate) fn table<const N: usize>(
    out: &mut impl Write,
    header: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    writeln!(out, "\n| {} |", header.join(" | "))?;
    writeln!(out, "|---|{}", "---:|".repeat(N - 1))?;
    for row in rows {
        writeln!(out, "| {} |", row.join(" | "))?;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_off_not_rounded() {
        let millis = |micros| millis(Duration::from_micros(micros));
        assert_eq!(
            [1_239, 12_390, 123_900].map(millis),
            ["1.23", "12.3", "123"].map(String::from)
        );
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(123), "123");
        assert_eq!(hundredths(105), "1.05");
        assert_eq!(per_second(3, Duration::from_millis(1_500)), 2);
        assert_eq!(percent(2, 3), 66);
    }

    #[test]
    fn so_many_of_a_thousand_are_within() {
        let samples = Samples::new((1..=200).rev().map(Duration::from_millis).collect());
        let within = |per_mille| samples.within(per_mille).as_millis();
        assert_eq!([500, 990, 999].map(within), [100, 198, 200]);
        assert_eq!(Samples::default().within(500), Duration::ZERO);
    }

    #[test]
    fn half_of_the_others_are_on_each_side_of_the_median() {
        assert_eq!(median([5, 1, 4].into_iter()), 4);
        assert_eq!(median([5, 1, 4, 3].into_iter()), 3);
        assert_eq!(median::<u64>(std::iter::empty()), 0);
    }

    #[test]
    fn a_table_is_one_of_markdown() {
        let mut out = Vec::new();
        let rows = [["REST".into(), "1".into()]];
        table(&mut out, ["what", "n"], &rows).expect("memory takes everything");
        let text = String::from_utf8_lossy(&out);
        assert_eq!(text, "\n| what | n |\n|---|---:|\n| REST | 1 |\n\n");
    }
}
