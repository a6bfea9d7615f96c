//! Snapshots: what the command log has led to at some place, so that a start need not go through all
//! of it, and so that the log need not be kept for ever.
//!
//! ```text
//! log        1 ... 1000 | 1001 ... 2000 | 2001 ... 2345
//!                       ^               ^
//! snapshots             A               B      a start: B, then 2001 to 2345
//! ```
//!
//! A snapshot holds the exchange and everything that is folded from its events for queries
//! ([`Image`]). It is made beside the sequencer, by a [`Replica`] that begins with the snapshot before
//! and applies what has become durable since: order entry does not wait, and each new snapshot has
//! proven that the one before it works. At least two are kept. One that is damaged is passed over with
//! a warning, and the one before it is taken.

mod directory;
mod image;
mod keeper;
mod models;
mod postgres;
mod replica;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

use accounts_core::ImpossiblePositions;
use exchange_engine::RestoreError;

pub(crate) use directory::SnapshotDir;
pub(crate) use image::{At, Image};
pub(crate) use keeper::{Keeper, KeeperStatus};
pub(crate) use models::Models;
pub(crate) use postgres::PostgresSnapshots;
pub(crate) use replica::Replica;

use crate::log::{History, LogError};

/// Where snapshots are kept.
pub(crate) trait Snapshots: Debug + Send + Sync {
    /// Those that are there, oldest first, good or not.
    fn list(&self) -> Result<Vec<At>, SnapshotError>;

    /// The bytes of one.
    fn read(&self, at: At) -> Result<Vec<u8>, SnapshotError>;

    /// Keeps one: all of it, durable, or nothing.
    fn write(&self, at: At, bytes: &[u8]) -> Result<(), SnapshotError>;

    /// Removes one.
    fn remove(&self, at: At) -> Result<(), SnapshotError>;
}

/// What can be wrong with snapshots.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SnapshotError {
    /// The storage failed.
    #[error("the snapshots in {place} cannot be {what}: {cause}")]
    Storage {
        place: String,
        what: &'static str,
        cause: String,
    },
    /// The bytes are something else.
    #[error("it is no snapshot")]
    NotASnapshot,
    /// Written by other software.
    #[error("it is in version {0}, which this software does not know")]
    OtherVersion(u16),
    /// The bytes are not the ones that were written.
    #[error("it is damaged: its contents do not match its checksum")]
    Damaged,
    /// Its exchange is impossible.
    #[error("its exchange: {0}")]
    Exchange(#[from] RestoreError),
    /// Its positions are impossible.
    #[error("its positions: {0}")]
    Positions(#[from] ImpossiblePositions),
    /// Its market data are impossible.
    #[error("its market data: {0}")]
    Markets(String),
    /// The log that follows it cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// The newest snapshot that is good for something, as `make` finds; at the most one that ends with
/// input `seq`.
///
/// # Errors
///
/// [`LogError::Forgotten`] where there is none and the log has no beginning.
pub(crate) fn newest<T>(
    snapshots: &dyn Snapshots,
    history: &dyn History,
    seq: u64,
    make: impl Fn(Image) -> Result<T, SnapshotError>,
) -> Result<Option<T>, SnapshotError> {
    let oldest = history.oldest()?.unwrap_or(1);
    for at in snapshots.list()?.into_iter().rev() {
        // What comes after it must be there.
        if at.seq > seq || !at.leads_to(oldest) {
            continue;
        }
        let made = snapshots
            .read(at)
            .and_then(|bytes| Image::decode(&bytes))
            .and_then(&make);
        match made {
            Ok(made) => return Ok(Some(made)),
            Err(error) => tracing::warn!(
                %error,
                frame = at.frame,
                "a snapshot cannot be used; the one before it is looked at"
            ),
        }
    }
    if oldest > 1 {
        return Err(LogError::Forgotten { oldest }.into());
    }
    Ok(None)
}
