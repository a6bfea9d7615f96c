//! The data directory: one process at a time, and nothing in it is ever overwritten.
//!
//! ```text
//! LOCK                    held by the running process
//! holder                  who this is for others, where the command log is in PostgreSQL
//! commands.sqlite, -wal   the command log
//! commands.head           the newest frame that was acknowledged
//! snapshots/              what the command log had led to at some places
//! accounts.sqlite, -wal   users, sessions, API keys
//! secret.key              what the secrets of API keys are encrypted with
//! history.sqlite, -wal    orders, trades, candles; rebuilt from a whole log where it is missing
//! demo-credentials.json   the keys of the demo accounts
//! ```
//!
//! The two databases are witnesses of each other: one without the other means that a file has been
//! lost, and starting anew in its place would give away what it held.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

const LOG: &str = "commands.sqlite";
const ACCOUNTS: &str = "accounts.sqlite";

/// Where the users of an exchange are, or its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// In the data directory.
    Here,
    /// In a database of their own.
    Elsewhere,
}

/// A data directory that this process has for itself.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    had_log: bool,
    _lock: File,
}

impl DataDir {
    /// Creates the directory where there is none, keeps other processes out of it, and makes sure
    /// that what belongs together is there.
    pub(crate) fn open(path: &Path, accounts: Kept, log: Kept) -> anyhow::Result<Self> {
        let name = path.display();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("the data directory {name} cannot be created"))?;
        let lock = File::create(path.join("LOCK"))
            .with_context(|| format!("the data directory {name} cannot be written"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("the data directory {name} is in use by another exchange process")
            }
            Err(TryLockError::Error(error)) => {
                return Err(error)
                    .with_context(|| format!("the data directory {name} cannot be locked"));
            }
        }
        for database in [LOG, ACCOUNTS] {
            let wal = format!("{database}-wal");
            // SQLite would delete the one when it opens the other.
            ensure!(
                has(path, database) || !has(path, &wal),
                "{name}/{wal} is there without {database}: that file has been lost"
            );
        }
        // A first start creates the accounts first, so an interrupted one leaves no log alone.
        let had_log = has(path, LOG);
        ensure!(
            log == Kept::Here || !had_log,
            "{name}/{LOG} is the command log of another exchange than that of --log: start without \
             --log, or with another data directory"
        );
        ensure!(
            accounts == Kept::Elsewhere || !had_log || has(path, ACCOUNTS),
            "{name}/{LOG} is there without {ACCOUNTS}: that file has been lost"
        );
        Ok(Self {
            path: path.into(),
            had_log,
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Users come after the log: where there are some, there was one.
    pub(crate) fn expect_log(&self, users: usize, users_are_in: &str) -> anyhow::Result<()> {
        let name = self.path.display();
        ensure!(
            self.had_log || users == 0,
            "{users_are_in} has {users} users, but {name}/{LOG} is not there: that file has been lost"
        );
        Ok(())
    }

    /// History comes after the log, too.
    pub(crate) fn expect_log_of_history(&self, log: &str) -> anyhow::Result<()> {
        let name = self.path.display();
        ensure!(
            self.had_log,
            "the history belongs to the command log {log}, but {name}/{LOG} is not there: that \
             file has been lost"
        );
        Ok(())
    }
}

/// Leaves the WAL of a database alone when the connection closes. Otherwise the last one to close
/// moves the WAL into the database and deletes it, even after a start that was refused because of
/// what is in there.
pub(crate) fn keep_wal(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(())
}

/// Whether a file is there and has something in it.
fn has(dir: &Path, file: &str) -> bool {
    dir.join(file).metadata().is_ok_and(|meta| meta.len() > 0)
}
