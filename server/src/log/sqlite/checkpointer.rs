//! Moving the WAL into the database beside the thread that commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::file::LogFile;

/// How often the WAL is moved into the database.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How many pages the WAL may have before it has to start over from its beginning.
const WAL_PAGES: i64 = 4_096;

/// Moves the WAL into the database from a connection of its own.
#[derive(Debug)]
pub(super) struct Checkpointer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(file: LogFile) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("checkpointer".into())
            .spawn(move || {
                let connection = match file.open_beside() {
                    Ok(connection) => connection,
                    Err(error) => {
                        tracing::error!(%error, "no checkpoints: the WAL will grow");
                        return;
                    }
                };
                while !stopped.load(Ordering::Relaxed) {
                    std::thread::park_timeout(CHECKPOINT_EVERY);
                    if let Err(error) = checkpoint(&connection) {
                        tracing::warn!(%error, "a checkpoint of the command log failed");
                    }
                }
            })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panicked checkpointer has already been reported and owns nothing.
            drop(thread.join());
        }
    }
}

/// Moves what the WAL has into the database.
///
/// `PASSIVE` never makes the writer wait, but under steady load it never quite catches up either,
/// and the WAL would grow for ever. So when it is long, `RESTART` holds the writer back for the
/// few pages that are left, after which the WAL is written from its beginning again.
fn checkpoint(connection: &Connection) -> Result<(), rusqlite::Error> {
    let pages: i64 =
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))?;
    if pages > WAL_PAGES {
        connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
    }
    Ok(())
}
