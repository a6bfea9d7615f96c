//! Candles as somebody kept them, to go on from.

use alloc::vec::Vec;

use orderbook_core::Timestamp;

use crate::{Candle, Interval};

/// The candles of one interval as somebody kept them, to go on from there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredCandles {
    /// How long they are.
    pub interval: Interval,
    /// The open time of the newest candle before them that is not among them. Without it, they are
    /// taken for all that there ever were.
    pub forgotten: Option<Timestamp>,
    /// Oldest first, without quiet intervals. The last one may be of an interval that is not over.
    pub candles: Vec<Candle>,
    /// The open times of those that were reported [outdated](crate::CandleEvent::Outdated) and have not
    /// been put right since.
    pub outdated: Vec<Timestamp>,
}

/// Why stored candles cannot be gone on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CandleError {
    /// Two lots of candles are of the same interval, or it is not one of those asked for.
    #[error("the candles of {interval} are there twice, or nobody asked for them")]
    Unexpected {
        /// The interval.
        interval: Interval,
    },
    /// A candle is not one of its interval, or out of order, or from after the time up to which
    /// candles were stored.
    #[error("the {interval} candle at {open_time} is misaligned, out of order or from the future")]
    Misplaced {
        /// The interval.
        interval: Interval,
        /// When the candle begins.
        open_time: Timestamp,
    },
    /// No trades have such prices, volumes and ids together.
    #[error("no trades give the {interval} candle at {open_time}")]
    Contradictory {
        /// The interval.
        interval: Interval,
        /// When the candle begins.
        open_time: Timestamp,
    },
}

/// Whether this can be a candle of an interval.
pub(crate) fn check(interval: Interval, candle: &Candle) -> Result<(), CandleError> {
    let open_time = candle.open_time;
    let misplaced = interval.open_time(open_time) != open_time
        || interval.close_time(open_time) != candle.close_time;
    if misplaced {
        return Err(CandleError::Misplaced {
            interval,
            open_time,
        });
    }
    if !candle.is_possible() {
        return Err(CandleError::Contradictory {
            interval,
            open_time,
        });
    }
    Ok(())
}
