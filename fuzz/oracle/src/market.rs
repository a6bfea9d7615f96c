//! The public side of trading, as simple as it can be said.
//!
//! A list of trades, from which everything is worked out anew each time somebody asks: sort it,
//! look at each of them, add up without an end. Time is a bare number of microseconds and the
//! calendar is walked through.

mod aggregates;
mod calendar;
mod candles;
mod ticker;

pub use aggregates::Aggregates;
pub use calendar::Buckets;
pub use candles::{Bust, Candles, Range, Told};
pub use ticker::{Stats, Ticker};

use marketdata_core::PublicTrade;
use num_bigint::BigInt;
use orderbook_core::Notional;

/// Why a trade is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing changed hands.
    NoQuantity,
    /// It is there already.
    Repeated,
}

/// What was paid in some trades, exactly.
fn paid<'a>(trades: impl IntoIterator<Item = &'a PublicTrade>) -> BigInt {
    let each = trades.into_iter();
    each.map(|trade| BigInt::from(trade.price.get()) * trade.quantity.get())
        .sum()
}

/// The notional nearest to a sum.
fn nearest(sum: &BigInt) -> Notional {
    let end = if *sum < BigInt::ZERO {
        i128::MIN
    } else {
        i128::MAX
    };
    Notional::new(i128::try_from(sum).unwrap_or(end))
}
