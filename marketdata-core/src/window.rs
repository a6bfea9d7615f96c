//! How far a rolling ticker looks back.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use crate::interval::{read_duration, write_duration};

/// How far a rolling ticker looks back: a duration of a microsecond or more.
///
/// It is written like `15m`, `4h` or `7d`: a whole number of `us`, `ms`, `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Window(u64);

impl Window {
    /// `1m`.
    pub const ONE_MINUTE: Self = Self(60_000_000);
    /// `1h`.
    pub const ONE_HOUR: Self = Self(3_600_000_000);
    /// `4h`.
    pub const FOUR_HOURS: Self = Self(14_400_000_000);
    /// `1d`: the window of the daily ticker, the last 24 hours.
    pub const ONE_DAY: Self = Self(86_400_000_000);
    /// `7d`.
    pub const SEVEN_DAYS: Self = Self(604_800_000_000);

    /// The window of a duration in microseconds.
    ///
    /// # Errors
    ///
    /// A [`WindowError`] where that is zero: nothing would ever be in it.
    pub const fn of_micros(micros: u64) -> Result<Self, WindowError> {
        if micros == 0 {
            return Err(WindowError);
        }
        Ok(Self(micros))
    }

    /// The duration in microseconds.
    pub const fn micros(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Window({self})")
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&write_duration(self.0))
    }
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(name: &str) -> Result<Self, WindowError> {
        Self::of_micros(read_duration(name).ok_or(WindowError)?)
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

impl TryFrom<String> for Window {
    type Error = WindowError;

    fn try_from(name: String) -> Result<Self, WindowError> {
        name.parse()
    }
}

/// There is no such window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a window is a whole number, from 1 on, of us, ms, s, m, h or d")]
pub struct WindowError;
