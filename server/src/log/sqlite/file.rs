//! The file of a log: whose it is, and which version of the schema it has.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::leave_wal_alone;
use crate::log::LogError;

/// "XLOG": tells our files from others'.
const APPLICATION_ID: i32 = 0x584c_4f47;
/// The version of the schema below.
const SCHEMA_VERSION: i32 = 2;
/// The first version had no epochs besides those of the frames.
const WITHOUT_EPOCHS: i32 = 1;
/// One process keeps one log in a file today; the key leaves room for more.
pub(super) const LOG_ID: i64 = 1;

const FRAMES: &str = "
    CREATE TABLE frames (
        log       INTEGER NOT NULL,
        number    INTEGER NOT NULL,
        epoch     INTEGER NOT NULL,
        first_seq INTEGER NOT NULL,
        last_seq  INTEGER NOT NULL,
        prev_crc  INTEGER NOT NULL,
        crc       INTEGER NOT NULL,
        payload   BLOB    NOT NULL,
        PRIMARY KEY (log, number)
    ) STRICT, WITHOUT ROWID;
";

/// The epoch under which frames may be appended.
const LOGS: &str = "
    CREATE TABLE logs (
        log   INTEGER PRIMARY KEY,
        epoch INTEGER NOT NULL
    ) STRICT;
";

/// Where a log is.
#[derive(Debug, Clone)]
pub(super) struct LogFile(PathBuf);

impl LogFile {
    /// The log in a data directory.
    pub(super) fn of(dir: &Path) -> Self {
        Self(dir.join("commands.sqlite"))
    }

    pub(super) fn exists(&self) -> bool {
        self.0.exists()
    }

    /// The file, for messages.
    pub(super) fn path(&self) -> String {
        self.0.display().to_string()
    }

    pub(super) fn failed(&self, what: &'static str, cause: &dyn Display) -> LogError {
        LogError::Storage {
            path: self.path(),
            what,
            cause: cause.to_string(),
        }
    }

    /// A connection that creates the file where there is none.
    pub(super) fn open_to_write(&self) -> Result<Connection, LogError> {
        let opened = Connection::open(&self.0).and_then(|connection| {
            leave_wal_alone(&connection)?;
            Ok(connection)
        });
        opened.map_err(|error| self.failed("opened", &error))
    }

    /// A connection that changes nothing and creates nothing.
    pub(super) fn open_to_read(&self) -> Result<Connection, LogError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&self.0, flags);
        opened.map_err(|error| self.failed("opened", &error))
    }

    /// A connection to a file that is there, for work beside the thread that commits.
    pub(super) fn open_beside(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.0, flags)?;
        leave_wal_alone(&connection)?;
        Ok(connection)
    }

    /// Makes sure that the file is a log of ours, which it becomes where it is empty, and sets the
    /// connection up.
    pub(super) fn prepare(
        &self,
        connection: &Connection,
        exists: bool,
        acknowledged: Option<u64>,
    ) -> Result<(), LogError> {
        let storage = |error: rusqlite::Error| self.failed("opened", &error);
        let identity = identity(connection).map_err(storage)?;
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(storage)?;
        let empty = tables == 0 && identity.0 == 0;
        // Looking comes before touching: what is not ours stays as it is.
        if let Some(acknowledged) = acknowledged
            && empty
        {
            return Err(LogError::lost(self.path(), acknowledged));
        }
        if !empty {
            self.check_identity(identity)?;
        }
        self.set_up(connection)?;
        if empty {
            if exists {
                tracing::warn!(
                    path = self.path(),
                    "the command log is an empty database; starting a new log in it"
                );
            }
            return connection
                .execute_batch(&format!(
                    "BEGIN; {FRAMES} {LOGS} PRAGMA application_id = {APPLICATION_ID};
                     PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
                ))
                .map_err(storage);
        }
        Ok(())
    }

    /// What makes a commit durable.
    pub(super) fn set_up(&self, connection: &Connection) -> Result<(), LogError> {
        connection
            .pragma_update(None, "journal_mode", "wal")
            .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
            .map_err(|error| self.failed("opened", &error))
    }

    /// Refuses a database that is no command log of a version that this one knows.
    pub(super) fn check(&self, connection: &Connection) -> Result<(), LogError> {
        let identity = identity(connection).map_err(|error| self.failed("opened", &error))?;
        self.check_identity(identity)
    }

    fn check_identity(&self, (application_id, version): (i32, i32)) -> Result<(), LogError> {
        let what = match (application_id, version) {
            (APPLICATION_ID, WITHOUT_EPOCHS | SCHEMA_VERSION) => return Ok(()),
            (APPLICATION_ID, _) => {
                format!("its schema has version {version}, this software knows {SCHEMA_VERSION}")
            }
            _ => "it is another application's database".into(),
        };
        let path = self.path();
        Err(LogError::Foreign { path, what })
    }
}

/// Whose database this is, and the version of its schema.
fn identity(connection: &Connection) -> rusqlite::Result<(i32, i32)> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((pragma("application_id")?, pragma("user_version")?))
}

/// Brings a log of an earlier version up to date.
pub(super) fn upgrade(connection: &Connection) -> rusqlite::Result<()> {
    if identity(connection)?.1 == WITHOUT_EPOCHS {
        connection.execute_batch(&format!(
            "BEGIN; {LOGS} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        ))?;
    }
    Ok(())
}
