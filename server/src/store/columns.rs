//! How values are kept in columns, the same in every database.
//!
//! | value | column |
//! |---|---|
//! | ids | signed 64 bits. They count up from 1 and never come that far; what does not fit is refused, because a wrong order would be worse |
//! | times | microseconds since 1970 or what the database has for times, up to the year 9999; what is later is refused |
//! | prices | signed 64 bits |
//! | quantities | all 64 bits count: each database has its own way |
//! | amounts, volumes | 128 bits: exact decimals |
//! | enums | words, so that a database can be read without this program |

use std::fmt::Display;

use exchange_engine::ClientOrderId;
use marketdata_core::Interval;
use orderbook_core::{OrderKind, Price, Side, TimeInForce, Timestamp};

use super::StoreError;
use crate::orders::OrderStatus;

/// Larger than every id that is stored. A bound that does not fit can be brought down to it without
/// meeting a row.
const BEYOND_IDS: i64 = i64::MAX;
/// Later than every time that is stored: the year 10,000 in microseconds since 1970.
const BEYOND_TIMES: i64 = 253_402_300_800_000_000;

/// A column holds what this version does not write.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is nothing that this version stores here")]
pub(super) struct Unreadable(String);

impl Unreadable {
    fn new(value: impl Display) -> Self {
        Self(value.to_string())
    }
}

/// An id as it is stored, or a number of things.
pub(super) fn stored_id(what: &'static str, value: u64) -> Result<i64, StoreError> {
    fitting(what, value, BEYOND_IDS)
}

/// A time as it is stored.
pub(super) fn stored_time(time: Timestamp) -> Result<i64, StoreError> {
    fitting("a time", time.get(), BEYOND_TIMES)
}

fn fitting(what: &'static str, value: u64, beyond: i64) -> Result<i64, StoreError> {
    match i64::try_from(value) {
        Ok(stored) if stored < beyond => Ok(stored),
        _ => Err(StoreError::OutOfRange { what, value }),
    }
}

/// An id to compare with.
pub(super) fn id_bound(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(BEYOND_IDS)
}

/// A time to compare with.
pub(super) fn time_bound(time: Timestamp) -> i64 {
    i64::try_from(time.get()).map_or(BEYOND_TIMES, |micros| micros.min(BEYOND_TIMES))
}

/// The id or the time that was stored.
pub(super) fn from_stored<T: From<u64>>(stored: i64) -> Result<T, Unreadable> {
    let value = u64::try_from(stored).map_err(|_| Unreadable::new(stored))?;
    Ok(value.into())
}

/// The number in a decimal.
pub(super) fn from_decimal<T: std::str::FromStr>(stored: &str) -> Result<T, Unreadable> {
    stored.parse().map_err(|_| Unreadable::new(stored))
}

/// An enum that is stored as a word.
pub(super) trait Word: Copy + 'static {
    /// Every value.
    const ALL: &[Self];

    fn word(self) -> &'static str;

    fn from_word(stored: &str) -> Result<Self, Unreadable> {
        let mut all = Self::ALL.iter().copied();
        all.find(|value| value.word() == stored)
            .ok_or_else(|| Unreadable::new(stored))
    }
}

impl Word for Side {
    const ALL: &[Self] = &[Self::Buy, Self::Sell];

    fn word(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

impl Word for OrderStatus {
    const ALL: &[Self] = &[
        Self::New,
        Self::PartiallyFilled,
        Self::Filled,
        Self::Canceled,
        Self::Expired,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::PartiallyFilled => "partially filled",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }
}

impl Word for TimeInForce {
    const ALL: &[Self] = &[
        Self::GoodTillCancel,
        Self::ImmediateOrCancel,
        Self::FillOrKill,
        Self::PostOnly,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::GoodTillCancel => "good till cancel",
            Self::ImmediateOrCancel => "immediate or cancel",
            Self::FillOrKill => "fill or kill",
            Self::PostOnly => "post only",
        }
    }
}

impl Word for Interval {
    const ALL: &[Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// The terms of an order, a column each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) kind: &'static str,
    pub(super) price: Option<i64>,
    pub(super) time_in_force: Option<&'static str>,
}

impl From<OrderKind> for Terms {
    fn from(kind: OrderKind) -> Self {
        match kind {
            OrderKind::Limit {
                price,
                time_in_force,
            } => Self {
                kind: "limit",
                price: Some(price.get()),
                time_in_force: Some(time_in_force.word()),
            },
            OrderKind::Market => Self {
                kind: "market",
                price: None,
                time_in_force: None,
            },
        }
    }
}

/// The terms that were stored.
pub(super) fn from_terms(
    kind: &str,
    price: Option<i64>,
    time_in_force: Option<&str>,
) -> Result<OrderKind, Unreadable> {
    match (kind, price, time_in_force) {
        ("limit", Some(price), Some(word)) => Ok(OrderKind::Limit {
            price: Price::new(price),
            time_in_force: TimeInForce::from_word(word)?,
        }),
        ("market", None, None) => Ok(OrderKind::Market),
        _ => Err(Unreadable::new(kind)),
    }
}

/// The name that was stored.
pub(super) fn from_name(stored: Option<&str>) -> Result<Option<ClientOrderId>, Unreadable> {
    stored.map(from_decimal).transpose()
}

/// Which rows a query is for, ready to be compared with columns. A bound that is not given is one
/// that everything keeps to, so that a query is one text with and without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) from_id: i64,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) limit: i64,
    /// The newest rows are wanted, and read newest first.
    pub(super) newest: bool,
}

impl Page {
    pub(super) fn new(
        from_id: Option<u64>,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
        limit: usize,
    ) -> Self {
        Self {
            from_id: from_id.map_or(0, id_bound),
            start: start.map_or(0, time_bound),
            end: end.map_or(BEYOND_TIMES, time_bound),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            newest: from_id.is_none() && start.is_none(),
        }
    }

    /// How SQL is to sort, by what ascends and by what descends where rows are oldest first.
    pub(super) const fn sorting(&self) -> (&'static str, &'static str) {
        if self.newest {
            ("DESC", "ASC")
        } else {
            ("ASC", "DESC")
        }
    }

    /// The rows as they are given out: oldest first.
    pub(super) fn oldest_first<T>(&self, mut rows: Vec<T>) -> Vec<T> {
        if self.newest {
            rows.reverse();
        }
        rows
    }
}
