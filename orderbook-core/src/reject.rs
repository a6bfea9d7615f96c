//! Why a command is refused, and what a broken invariant looks like.

use alloc::string::String;

/// Why a command was refused. Nothing changed and no event was emitted.
///
/// Listed in order of precedence: where several apply, the first is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum BookReject {
    /// No live order has this id.
    #[error("the order is not on the book")]
    UnknownOrder,
    /// A live order has this id already.
    #[error("a live order has this id already")]
    DuplicateOrderId,
    /// The quantity is zero or outside the instrument's limits.
    #[error("the quantity is outside the limits of the instrument")]
    QuantityOutOfRange,
    /// A limit or protection price is outside the instrument's limits.
    #[error("the price is outside the limits of the instrument")]
    PriceOutOfRange,
    /// Price times quantity, or the budget, is below the instrument's minimum or not positive.
    #[error("price times quantity, or the budget, is below the minimum notional of the instrument")]
    NotionalTooSmall,
    /// The minimum quantity of an IOC order is more than its quantity.
    #[error("the minimum quantity is more than the quantity")]
    MinimumTooLarge,
    /// The date of a GTD order has passed.
    #[error("the order would have expired already")]
    AlreadyExpired,
    /// An iceberg displays nothing, or so little that it has more slices than the instrument
    /// allows.
    #[error("the displayed quantity is zero or too small a part of the order")]
    DisplayTooSmall,
    /// A reduction takes off nothing, or leaves nothing.
    #[error("a reduction takes off some, but not all, of what is left of the order")]
    InvalidReduction,
    /// An amendment states the terms that the order has.
    #[error("the amendment changes nothing")]
    NothingToAmend,
    /// A selection's lowest price is above its highest.
    #[error("the lowest price of the selection is above the highest")]
    InvalidPriceRange,
    /// A post-only order would trade at once.
    #[error("the post-only order would match immediately")]
    WouldMatch,
    /// The quantities of all orders on the side would no longer fit 64 bits.
    #[error("the side of the book cannot hold that much more")]
    SideFull,
    /// The book holds as many resting orders as the instrument allows.
    #[error("the book holds as many orders as it may")]
    BookFull,
    /// Time ran backwards.
    #[error("it has been later than that already")]
    TimeWentBackwards,
}

/// A broken invariant, as found by a `check()`: a bug in this software, never a fault of its user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invariant {id} is broken: {what}")]
pub struct Violation {
    /// The number of the invariant, as listed in the architecture document.
    pub id: &'static str,
    /// What was found.
    pub what: String,
}

impl Violation {
    /// Invariant `id` is broken: `what` was found.
    pub fn new(id: &'static str, what: impl Into<String>) -> Self {
        Self {
            id,
            what: what.into(),
        }
    }
}
