//! What can go wrong with a store.

use crate::log::LogId;

/// What can go wrong with a store. Says nothing of passwords.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StoreError {
    /// The storage failed. It may work again later; whether a write happened is unknown.
    #[error("the history in {store} cannot be {what}: {cause}")]
    Storage {
        store: String,
        what: &'static str,
        cause: String,
    },
    /// What was to be written does not start where the store ends.
    #[error(
        "the history has come to input {found}, not to {expected}: somebody else writes it, or it \
         was put back to an earlier state"
    )]
    CursorMoved {
        /// What the changes follow.
        expected: u64,
        /// Where the store is.
        found: u64,
    },
    /// The store was filled from another command log.
    #[error(
        "the history in {store} belongs to the command log {found}, this is the command log \
         {expected}: use the store that belongs to this log, or an empty one"
    )]
    OtherLog {
        store: String,
        /// The log in the store, as [`LogId`] shows itself.
        found: String,
        expected: LogId,
    },
    /// Somebody else's file.
    #[error("{path} is no history of this exchange: {what}")]
    Foreign { path: String, what: &'static str },
    /// Written by a later release.
    #[error(
        "the history in {path} has version {found}, this program knows versions up to \
         {supported}: use the newer program"
    )]
    NewerSchema {
        path: String,
        found: i32,
        supported: i32,
    },
    /// An id or a time that counting up never reaches.
    #[error("{value} is too large for {what} in the history")]
    OutOfRange { what: &'static str, value: u64 },
}

/// Why a transaction with a database was given up.
#[derive(Debug)]
pub(super) enum Failure<E> {
    /// The database says no.
    Database(E),
    /// We do.
    Refused(StoreError),
}

impl<E> From<StoreError> for Failure<E> {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}
