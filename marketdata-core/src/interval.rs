//! The lengths of candles and where their buckets begin.

use core::fmt;
use core::str::FromStr;

use orderbook_core::Timestamp;

const MINUTE_MICROS: u64 = 60_000_000;

/// How long a candle is.
///
/// Buckets are half open, `[open, open + length)`, and aligned to the Unix epoch in UTC: a day
/// begins at midnight UTC, four hours at 00:00, 04:00, 08:00 and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Interval {
    /// `1m`.
    #[cfg_attr(feature = "serde", serde(rename = "1m"))]
    OneMinute,
    /// `5m`.
    #[cfg_attr(feature = "serde", serde(rename = "5m"))]
    FiveMinutes,
    /// `15m`.
    #[cfg_attr(feature = "serde", serde(rename = "15m"))]
    FifteenMinutes,
    /// `1h`.
    #[cfg_attr(feature = "serde", serde(rename = "1h"))]
    OneHour,
    /// `4h`.
    #[cfg_attr(feature = "serde", serde(rename = "4h"))]
    FourHours,
    /// `1d`.
    #[cfg_attr(feature = "serde", serde(rename = "1d"))]
    OneDay,
}

impl Interval {
    /// Every interval, shortest first. Each is a whole multiple of the ones before it.
    pub const ALL: [Self; 6] = [
        Self::OneMinute,
        Self::FiveMinutes,
        Self::FifteenMinutes,
        Self::OneHour,
        Self::FourHours,
        Self::OneDay,
    ];

    /// The name by which traders and the API call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneMinute => "1m",
            Self::FiveMinutes => "5m",
            Self::FifteenMinutes => "15m",
            Self::OneHour => "1h",
            Self::FourHours => "4h",
            Self::OneDay => "1d",
        }
    }

    /// The length in microseconds.
    pub const fn micros(self) -> u64 {
        let minutes = match self {
            Self::OneMinute => 1,
            Self::FiveMinutes => 5,
            Self::FifteenMinutes => 15,
            Self::OneHour => 60,
            Self::FourHours => 240,
            Self::OneDay => 1_440,
        };
        minutes * MINUTE_MICROS
    }

    /// The beginning of the bucket that `time` is in.
    pub const fn open_time(self, time: Timestamp) -> Timestamp {
        Timestamp::new(time.get() - time.get() % self.micros())
    }

    /// The end of the bucket that begins at `open`, which is the beginning of the next one and not
    /// itself in the bucket. Saturates in the year 586,000, whose last bucket never ends.
    pub const fn close_time(self, open: Timestamp) -> Timestamp {
        Timestamp::new(open.get().saturating_add(self.micros()))
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Interval {
    type Err = ParseIntervalError;

    /// The interval of that [name](Self::as_str); lower case only, since `1M` is a month elsewhere.
    fn from_str(name: &str) -> Result<Self, ParseIntervalError> {
        Self::ALL
            .into_iter()
            .find(|interval| interval.as_str() == name)
            .ok_or(ParseIntervalError)
    }
}

/// There is no interval of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an interval is one of 1m, 5m, 15m, 1h, 4h, 1d")]
pub struct ParseIntervalError;
