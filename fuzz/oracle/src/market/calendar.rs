//! Where the buckets of time begin and end.

use std::fmt;

const DAY: u64 = 86_400_000_000;

/// How time is cut into buckets, shortest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Buckets {
    /// Each as long as this, one after the other since the Unix epoch.
    Micros(u64),
    /// From Monday to Sunday.
    Week,
    /// From the 1st of a month to its last day.
    Month,
}

impl Buckets {
    /// When the bucket that `time` is in began. The week of the Unix epoch, a Thursday, begins with
    /// the epoch: there is no time before it.
    pub fn open(self, time: u64) -> u64 {
        match self {
            Self::Micros(length) => time / length * length,
            Self::Week => week(time / DAY).0 * DAY,
            Self::Month => month(time / DAY).0 * DAY,
        }
    }

    /// When the bucket that `time` is in ends, which is when the next one begins. The last one of
    /// all ends with time itself.
    pub fn close(self, time: u64) -> u64 {
        match self {
            Self::Micros(length) => (time / length * length).saturating_add(length),
            Self::Week => week(time / DAY).1.saturating_mul(DAY),
            Self::Month => month(time / DAY).1.saturating_mul(DAY),
        }
    }

    /// Whether each bucket of `longer` is made of whole ones of these.
    pub fn divides(self, longer: Self) -> bool {
        match (self, longer) {
            (Self::Micros(short), Self::Micros(long)) => long.is_multiple_of(short),
            // Weeks and months are made of whole days, and a day of whole ones of these.
            (Self::Micros(_), _) => true,
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = match self {
            Self::Micros(length) => *length,
            Self::Week => return f.write_str("1w"),
            Self::Month => return f.write_str("1M"),
        };
        for (unit, name) in [
            (DAY, "d"),
            (3_600_000_000, "h"),
            (60_000_000, "m"),
            (1_000_000, "s"),
            (1_000, "ms"),
        ] {
            if length.is_multiple_of(unit) {
                return write!(f, "{}{name}", length / unit);
            }
        }
        write!(f, "{length}us")
    }
}

/// The first day of the week that a day is in and of the next one, counted from the Unix epoch.
fn week(day: u64) -> (u64, u64) {
    let mut monday = day;
    // Day 4 was a Monday.
    while monday % 7 != 4 && monday > 0 {
        monday -= 1;
    }
    let mut next = day + 1;
    while next % 7 != 4 {
        next += 1;
    }
    (monday, next)
}

/// The first day of the month that a day is in and of the next one.
fn month(day: u64) -> (u64, u64) {
    // The calendar repeats itself every 400 years.
    let mut first = day / 146_097 * 146_097;
    let mut year = 1970;
    loop {
        for length in months(year) {
            if first + length > day {
                return (first, first + length);
            }
            first += length;
        }
        year += 1;
    }
}

/// How many days each month of a year has.
fn months(year: u64) -> [u64; 12] {
    let leaps = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let february = if leaps { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}
