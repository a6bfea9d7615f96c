//! The task that carries the feed into a store.
//!
//! It gathers batches for a moment, so that a busy exchange costs few transactions, and writes them
//! whole: the cursor of a store is always the end of a batch. While the store cannot be written it
//! reads no further; the command log is the buffer, so memory is bounded by what one write takes.
//!
//! After an error nobody knows what was stored. So the cursor is read again, what is stored is
//! dropped, and the rest is written. The same goes when somebody else has written meanwhile: the
//! store takes every batch once, whoever brings it.

mod gathered;
mod status;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

pub(crate) use gathered::Gap;
pub(crate) use status::{WriterProgress, WriterStatus};

use super::{Cursor, Store, StoreError};
use crate::bus::{Batch, Tail, TailError};
use gathered::Gathered;

/// How long batches are gathered from the first one on.
const GATHER: Duration = Duration::from_millis(100);
/// How long to wait after an error: twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Writes what the feed gives until the feed ends. What has been read and not been written then is
/// written at the next start.
///
/// # Errors
///
/// [`Gap`] where the feed goes on after the place the store has come to: the store has been put
/// back. It needs a feed that starts there.
pub(crate) async fn run(
    store: Arc<dyn Store>,
    tail: Tail,
    status: WriterStatus,
) -> Result<(), Gap> {
    write_all(&*store, tail, &status).await
}

/// What the writer reads: the [`Tail`], and scripts in tests.
trait Feed {
    /// The next batch. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Result<Arc<Batch>, TailError>> + Send;
}

impl Feed for Tail {
    async fn next(&mut self) -> Result<Arc<Batch>, TailError> {
        Tail::next(self).await
    }
}

async fn write_all(store: &dyn Store, feed: impl Feed, status: &WriterStatus) -> Result<(), Gap> {
    write_to_the_end(store, feed, status)
        .await
        .inspect_err(|gap| status.failed(gap))
}

async fn write_to_the_end(
    store: &dyn Store,
    mut feed: impl Feed,
    status: &WriterStatus,
) -> Result<(), Gap> {
    let mut cursor = match store.cursor().await {
        Ok(cursor) => cursor,
        Err(error) => cursor_after(store, &error, status, &mut Pause::default()).await,
    };
    status.advanced(cursor);
    while let Some(gathered) = gather(&mut feed, cursor, status).await? {
        cursor = write(store, gathered, status).await?;
    }
    Ok(())
}

/// The next batches that are not stored; `None` where the feed has ended.
async fn gather(
    feed: &mut impl Feed,
    cursor: Cursor,
    status: &WriterStatus,
) -> Result<Option<Gathered>, Gap> {
    let mut gathered = Gathered::after(cursor.seq);
    let mut pause = Pause::default();
    let mut until = None;
    while !gathered.is_enough() {
        let next = match until {
            None => feed.next().await,
            Some(until) => match timeout_at(until, feed.next()).await {
                Ok(next) => next,
                Err(_) => break,
            },
        };
        match next {
            Ok(batch) => gathered.add(batch)?,
            Err(TailError::Ended) => return Ok(None),
            Err(TailError::Log(_)) if !gathered.is_empty() => break,
            Err(error @ TailError::Log(_)) => {
                status.failed(&error);
                pause.wait().await;
            }
        }
        if until.is_none() && !gathered.is_empty() {
            until = Some(Instant::now() + GATHER);
        }
    }
    Ok(Some(gathered))
}

/// Tries until everything is stored.
async fn write(
    store: &dyn Store,
    mut gathered: Gathered,
    status: &WriterStatus,
) -> Result<Cursor, Gap> {
    let mut pause = Pause::default();
    loop {
        let changes = gathered.changes();
        let error = match store.write(changes).await {
            Ok(()) => {
                status.wrote(&gathered);
                return Ok(changes.cursor());
            }
            Err(error) => error,
        };
        let cursor = cursor_after(store, &error, status, &mut pause).await;
        gathered.forget_stored(cursor.seq)?;
        if gathered.is_empty() {
            status.advanced(cursor);
            return Ok(cursor);
        }
        status.retried();
    }
}

/// How far the store really is after an error, as soon as it tells.
async fn cursor_after(
    store: &dyn Store,
    error: &StoreError,
    status: &WriterStatus,
    pause: &mut Pause,
) -> Cursor {
    status.failed(error);
    loop {
        pause.wait().await;
        match store.cursor().await {
            Ok(cursor) => return cursor,
            Err(error) => status.failed(&error),
        }
    }
}

/// How long to wait next.
#[derive(Debug)]
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pause {
    async fn wait(&mut self) {
        sleep(self.0).await;
        self.0 = LONGEST_PAUSE.min(self.0 * 2);
    }
}
