//! How values are kept in columns, the same in every database.
//!
//! | value | column |
//! |---|---|
//! | ids | signed 64 bits. They count up from 1 and never come that far; what does not fit is refused, because a wrong order would be worse |
//! | times | microseconds since 1970 or what the database has for times, up to the year 9999; what is later is refused |
//! | prices | signed 64 bits |
//! | quantities | all 64 bits count: each database has its own way |
//! | amounts, fees, volumes, notionals | 128 bits: exact decimals |
//! | dates of orders | as quantities: an owner may set any, and none must stop the writing |
//! | enums | words, so that a database can be read without this program |

use std::fmt::Display;

use exchange_engine::ClientOrderId;
use marketdata_core::Interval;
use orderbook_core::{
    Notional, OrderKind, PostOnly, Price, Quantity, Resting, SelfTradePrevention, Side,
    TimeInForce, Timestamp,
};

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
        Self::ExpiredInMatch,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::PartiallyFilled => "partially filled",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::ExpiredInMatch => "expired in match",
        }
    }
}

impl Word for SelfTradePrevention {
    const ALL: &[Self] = &[
        Self::Allow,
        Self::ExpireMaker,
        Self::ExpireTaker,
        Self::ExpireBoth,
        Self::Decrement,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::ExpireMaker => "expire maker",
            Self::ExpireTaker => "expire taker",
            Self::ExpireBoth => "expire both",
            Self::Decrement => "decrement",
        }
    }
}

impl Word for Interval {
    const ALL: &[Self] = &Self::STANDARD;

    fn word(self) -> &'static str {
        match self {
            Self::ONE_MINUTE => "1m",
            Self::FIVE_MINUTES => "5m",
            Self::FIFTEEN_MINUTES => "15m",
            Self::ONE_HOUR => "1h",
            Self::FOUR_HOURS => "4h",
            Self::ONE_DAY => "1d",
            other => unreachable!("there are no candles of {other}"),
        }
    }
}

/// The terms of an order, a column each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Terms<'a> {
    pub(super) kind: &'a str,
    /// A limit or a protection price.
    pub(super) price: Option<i64>,
    pub(super) time_in_force: Option<&'a str>,
    /// Microseconds since 1970.
    pub(super) expires: Option<u64>,
    /// What an iceberg shows at most.
    pub(super) display: Option<u64>,
    /// What has to trade at once; `None` where that may be nothing.
    pub(super) minimum: Option<u64>,
    /// In tick-lots.
    pub(super) budget: Option<i128>,
}

const GOOD_TILL_CANCEL: &str = "good till cancel";
const POST_ONLY: &str = "post only";
const POST_ONLY_SLIDING: &str = "post only, sliding";
const IMMEDIATE_OR_CANCEL: &str = "immediate or cancel";
const FILL_OR_KILL: &str = "fill or kill";

impl From<OrderKind> for Terms<'static> {
    fn from(kind: OrderKind) -> Self {
        match kind {
            OrderKind::Limit {
                price,
                time_in_force,
            } => {
                let limit = Self {
                    kind: "limit",
                    price: Some(price.get()),
                    ..Self::default()
                };
                match time_in_force {
                    TimeInForce::ImmediateOrCancel { minimum } => Self {
                        time_in_force: Some(IMMEDIATE_OR_CANCEL),
                        minimum: (!minimum.is_zero()).then(|| minimum.get()),
                        ..limit
                    },
                    TimeInForce::FillOrKill => Self {
                        time_in_force: Some(FILL_OR_KILL),
                        ..limit
                    },
                    TimeInForce::GoodTillCancel => Self {
                        time_in_force: Some(GOOD_TILL_CANCEL),
                        ..limit
                    },
                    TimeInForce::Rest(terms) => Self {
                        time_in_force: Some(match terms.post_only {
                            None => GOOD_TILL_CANCEL,
                            Some(PostOnly::Reject) => POST_ONLY,
                            Some(PostOnly::Slide) => POST_ONLY_SLIDING,
                        }),
                        expires: terms.until.map(Timestamp::get),
                        display: terms.display.map(Quantity::get),
                        ..limit
                    },
                }
            }
            OrderKind::Market { protection, budget } => Self {
                kind: "market",
                price: protection.map(Price::get),
                budget: budget.map(Notional::get),
                ..Self::default()
            },
        }
    }
}

/// The terms that were stored.
impl TryFrom<Terms<'_>> for OrderKind {
    type Error = Unreadable;

    fn try_from(stored: Terms<'_>) -> Result<Self, Unreadable> {
        let resting = |post_only| {
            let terms = Resting {
                until: stored.expires.map(Timestamp::new),
                post_only,
                display: stored.display.map(Quantity::new),
            };
            if terms == Resting::PLAIN {
                TimeInForce::GTC
            } else {
                TimeInForce::Rest(terms)
            }
        };
        let time_in_force = match (stored.kind, stored.time_in_force) {
            ("market", None) => {
                return Ok(Self::Market {
                    protection: stored.price.map(Price::new),
                    budget: stored.budget.map(Notional::new),
                });
            }
            ("limit", Some(GOOD_TILL_CANCEL)) => resting(None),
            ("limit", Some(POST_ONLY)) => resting(Some(PostOnly::Reject)),
            ("limit", Some(POST_ONLY_SLIDING)) => resting(Some(PostOnly::Slide)),
            ("limit", Some(IMMEDIATE_OR_CANCEL)) => TimeInForce::ImmediateOrCancel {
                minimum: stored.minimum.map(Quantity::new).unwrap_or_default(),
            },
            ("limit", Some(FILL_OR_KILL)) => TimeInForce::FillOrKill,
            (kind, word) => return Err(Unreadable::new(word.unwrap_or(kind))),
        };
        let price = stored.price.ok_or_else(|| Unreadable::new(stored.kind))?;
        Ok(Self::Limit {
            price: Price::new(price),
            time_in_force,
        })
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
