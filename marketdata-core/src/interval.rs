//! The lengths of candles and where their buckets begin.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use orderbook_core::Timestamp;

const DAY_MICROS: u64 = 86_400_000_000;

/// How long a candle is: a duration that divides a day, three days, a week or a month.
///
/// Buckets are half open, `[open, close)`, and aligned in UTC: those of durations to the Unix
/// epoch, so that a day begins at midnight and four hours at 00:00, 04:00, 08:00 and so on; weeks
/// begin on Mondays, months on the first, both at midnight. The very first week is cut short by
/// the epoch, which was a Thursday.
///
/// ```
/// use marketdata_core::Interval;
/// use orderbook_core::Timestamp;
///
/// let seconds: Interval = "90s".parse()?;
/// let time = Timestamp::from_millis(1_700_000_000_000);
/// assert_eq!(seconds.open_time(time), Timestamp::from_millis(1_699_999_920_000));
/// // 2023-11-14 is in the month that begins on 2023-11-01.
/// let november = Interval::ONE_MONTH.open_time(time);
/// assert_eq!(november, Timestamp::from_millis(1_698_796_800_000));
/// assert!("7m".parse::<Interval>().is_err());
/// # Ok::<(), marketdata_core::IntervalError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Interval(Length);

/// In this order, the shorter comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Length {
    /// Divides a day, or is three of them.
    Micros(u64),
    Week,
    Month,
}

impl Interval {
    /// `1s`.
    pub const ONE_SECOND: Self = Self::of_seconds(1);
    /// `1m`.
    pub const ONE_MINUTE: Self = Self::of_seconds(60);
    /// `3m`.
    pub const THREE_MINUTES: Self = Self::of_seconds(180);
    /// `5m`.
    pub const FIVE_MINUTES: Self = Self::of_seconds(300);
    /// `15m`.
    pub const FIFTEEN_MINUTES: Self = Self::of_seconds(900);
    /// `30m`.
    pub const THIRTY_MINUTES: Self = Self::of_seconds(1_800);
    /// `1h`.
    pub const ONE_HOUR: Self = Self::of_seconds(3_600);
    /// `2h`.
    pub const TWO_HOURS: Self = Self::of_seconds(7_200);
    /// `4h`.
    pub const FOUR_HOURS: Self = Self::of_seconds(14_400);
    /// `6h`.
    pub const SIX_HOURS: Self = Self::of_seconds(21_600);
    /// `8h`.
    pub const EIGHT_HOURS: Self = Self::of_seconds(28_800);
    /// `12h`.
    pub const TWELVE_HOURS: Self = Self::of_seconds(43_200);
    /// `1d`.
    pub const ONE_DAY: Self = Self::of_seconds(86_400);
    /// `3d`, counted from the epoch.
    pub const THREE_DAYS: Self = Self::of_seconds(259_200);
    /// `1w`, from Monday to Sunday.
    pub const ONE_WEEK: Self = Self(Length::Week);
    /// `1M`, from the first to the last day of the month.
    pub const ONE_MONTH: Self = Self(Length::Month);

    /// The intervals that an exchange is expected to have, shortest first. Each is a whole multiple
    /// of the ones before it.
    pub const STANDARD: [Self; 6] = [
        Self::ONE_MINUTE,
        Self::FIVE_MINUTES,
        Self::FIFTEEN_MINUTES,
        Self::ONE_HOUR,
        Self::FOUR_HOURS,
        Self::ONE_DAY,
    ];

    /// Of the durations above.
    const fn of_seconds(seconds: u64) -> Self {
        Self(Length::Micros(seconds * 1_000_000))
    }

    /// The interval of a duration in microseconds.
    ///
    /// # Errors
    ///
    /// [`IntervalError::NoPartOfADay`] where a day cannot be divided by it, unless it is three days.
    pub const fn of_micros(micros: u64) -> Result<Self, IntervalError> {
        let divides_a_day = micros != 0 && DAY_MICROS.is_multiple_of(micros);
        if !divides_a_day && micros != 3 * DAY_MICROS {
            return Err(IntervalError::NoPartOfADay);
        }
        Ok(Self(Length::Micros(micros)))
    }

    /// The beginning of the bucket that `time` is in.
    pub const fn open_time(self, time: Timestamp) -> Timestamp {
        match self.0 {
            Length::Micros(length) => Timestamp::new(time.get() - time.get() % length),
            Length::Week | Length::Month => self.open_of(self.bucket(time)),
        }
    }

    /// The end of the bucket that `time` is in, which is the beginning of the next one and not
    /// itself in the bucket. Saturates in the year 586,000, whose last bucket never ends.
    pub const fn close_time(self, time: Timestamp) -> Timestamp {
        self.open_of(self.bucket(time).saturating_add(1))
    }

    /// The beginning of the bucket that is `count` before the one that `time` is in; that of the
    /// first bucket where there are not so many.
    pub const fn earlier(self, time: Timestamp, count: u64) -> Timestamp {
        self.open_of(self.bucket(time).saturating_sub(count))
    }

    /// Whether each bucket of `longer` is made of whole buckets of this interval.
    pub const fn divides(self, longer: Self) -> bool {
        match (self.0, longer.0) {
            (Length::Micros(length), Length::Micros(longer)) => longer.is_multiple_of(length),
            (Length::Micros(length), _) => DAY_MICROS.is_multiple_of(length),
            (Length::Week, Length::Week) | (Length::Month, Length::Month) => true,
            (Length::Week | Length::Month, _) => false,
        }
    }

    /// The longest interval that divides both.
    pub(crate) const fn common(self, other: Self) -> Self {
        let (mut a, mut b) = (self.duration(), other.duration());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self(Length::Micros(a))
    }

    /// The longest duration that divides it, in microseconds.
    const fn duration(self) -> u64 {
        match self.0 {
            Length::Micros(length) => length,
            Length::Week | Length::Month => DAY_MICROS,
        }
    }

    /// The number of the bucket that `time` is in, counted from the one with the epoch.
    pub(crate) const fn bucket(self, time: Timestamp) -> u64 {
        let days = time.get() / DAY_MICROS;
        match self.0 {
            Length::Micros(length) => time.get() / length,
            Length::Week => (days + MONDAY_BEFORE_EPOCH) / 7,
            Length::Month => month_of(days),
        }
    }

    /// Where the bucket of a number begins. Saturates.
    pub(crate) const fn open_of(self, bucket: u64) -> Timestamp {
        let micros = match self.0 {
            Length::Micros(length) => bucket.saturating_mul(length),
            Length::Week => {
                let days = bucket.saturating_mul(7).saturating_sub(MONDAY_BEFORE_EPOCH);
                days.saturating_mul(DAY_MICROS)
            }
            Length::Month => first_day_of(bucket).saturating_mul(DAY_MICROS),
        };
        Timestamp::new(micros)
    }
}

/// Days from the Monday before the epoch to the epoch.
const MONDAY_BEFORE_EPOCH: u64 = 3;

// The calendar counts from 1 March of the year 0 in the Gregorian calendar that is extended to
// before its invention: a leap day then ends the year, and the days before each month follow a line.

/// Days from there to the epoch.
const EPOCH_DAY: u64 = 719_468;
/// Months from there to the epoch.
const EPOCH_MONTH: u64 = 1_970 * 12 - 2;
/// Days in four centuries: every cycle of leap years.
const CYCLE_DAYS: u64 = 146_097;

/// The number of whole months from the epoch to a day after it.
const fn month_of(days: u64) -> u64 {
    let day = days + EPOCH_DAY;
    let (cycle, day) = (day / CYCLE_DAYS, day % CYCLE_DAYS);
    // Without the leap days that came before, all years have 365 days.
    let leap_days = day / 1_460 + day / 146_096 - day / 36_524;
    let year = (day - leap_days) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    (400 * cycle + year) * 12 + month - EPOCH_MONTH
}

/// The number of days from the epoch to the first day of a month after it.
const fn first_day_of(month: u64) -> u64 {
    let month = month.saturating_add(EPOCH_MONTH);
    let (year, month) = (month / 12, month % 12);
    let before_year = year / 4 + year / 400 - year / 100;
    let days = year
        .saturating_mul(365)
        .saturating_add(before_year)
        .saturating_add((153 * month + 2) / 5);
    days - EPOCH_DAY
}

/// Names of units and their lengths in microseconds, longest first.
const UNITS: [(&str, u64); 6] = [
    ("d", DAY_MICROS),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// A duration as a whole number of the longest unit that divides it: `90s`, `2h`, `250ms`.
pub(crate) fn write_duration(micros: u64) -> String {
    let (unit, length) = UNITS
        .into_iter()
        .find(|(_, length)| micros.is_multiple_of(*length))
        .unwrap_or(UNITS[5]);
    (micros / length).to_string() + unit
}

/// A duration from a whole number without leading zeros and a unit; `None` for anything else.
pub(crate) fn read_duration(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, name) = text.split_at(digits);
    if number.starts_with('0') {
        return None;
    }
    let (_, length) = UNITS.into_iter().find(|(unit, _)| *unit == name)?;
    number.parse::<u64>().ok()?.checked_mul(length)
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interval({self})")
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Length::Micros(length) => f.pad(&write_duration(length)),
            Length::Week => f.pad("1w"),
            Length::Month => f.pad("1M"),
        }
    }
}

impl FromStr for Interval {
    type Err = IntervalError;

    /// The interval of that name: `1w`, `1M` (a month; `1m` is a minute), or a duration as a whole
    /// number of `us`, `ms`, `s`, `m`, `h` or `d`.
    fn from_str(name: &str) -> Result<Self, IntervalError> {
        match name {
            "1w" => Ok(Self::ONE_WEEK),
            "1M" => Ok(Self::ONE_MONTH),
            _ => Self::of_micros(read_duration(name).ok_or(IntervalError::NoName)?),
        }
    }
}

impl From<Interval> for String {
    fn from(interval: Interval) -> Self {
        interval.to_string()
    }
}

impl TryFrom<String> for Interval {
    type Error = IntervalError;

    fn try_from(name: String) -> Result<Self, IntervalError> {
        name.parse()
    }
}

/// Why there is no such interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntervalError {
    /// The buckets of a duration that does not divide a day would begin at another time each day.
    #[error("the duration of an interval has to divide a day, or to be three of them")]
    NoPartOfADay,
    /// It is not written like an interval.
    #[error("an interval is written 1w, 1M, or as a whole number of us, ms, s, m, h or d")]
    NoName,
}
