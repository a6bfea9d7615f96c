//! The embedded command log: a table of frames in SQLite, WAL, `synchronous=FULL`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use exchange_engine::frame::{Chain, StoredFrame};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::data_dir::keep_wal;

use super::head::Head;
use super::{CommandLog, Frame, Frames, History, LogError};

/// "XLOG": tells our files from others'.
const APPLICATION_ID: i32 = 0x584c_4f47;
/// The version of the schema below.
const SCHEMA_VERSION: i32 = 1;
/// One process keeps one log in a file today; the key leaves room for more.
const LOG_ID: i64 = 1;
/// How often the WAL is moved into the database.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How many pages the WAL may have before it has to start over from its beginning.
const WAL_PAGES: i64 = 4_096;

const SCHEMA: &str = "
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

/// A command log in a file.
#[derive(Debug)]
pub(crate) struct SqliteLog {
    file: PathBuf,
    connection: Connection,
    head: Head,
    acknowledged: Option<u64>,
    prev_crc: u32,
    poisoned: bool,
    /// Runs from the first append on: until then nobody has vouched for what is in the WAL.
    checkpointer: Option<Checkpointer>,
}

impl SqliteLog {
    /// Opens the log in `dir`, or creates it where there is none.
    ///
    /// An existing file is never overwritten: what is not an intact log of ours is refused.
    pub(crate) fn open(dir: &Path) -> Result<Self, LogError> {
        let file = dir.join("commands.sqlite");
        let path = file.display().to_string();
        let storage = |what, cause: &dyn std::fmt::Display| LogError::Storage {
            path: path.clone(),
            what,
            cause: cause.to_string(),
        };
        let (head, acknowledged) =
            Head::open(&dir.join("commands.head")).map_err(|error| storage("opened", &error))?;
        let exists = file.exists();
        if let Some(acknowledged) = acknowledged
            && !exists
        {
            // Opening it would create it.
            return Err(LogError::lost(path, acknowledged));
        }
        let connection = Connection::open(&file).map_err(|error| storage("opened", &error))?;
        keep_wal(&connection).map_err(|error| storage("opened", &error))?;
        prepare(&connection, &path, exists, acknowledged)?;
        let newest = connection
            .query_row(
                "SELECT number, crc FROM frames WHERE log = ?1 ORDER BY number DESC LIMIT 1",
                [LOG_ID],
                |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(|error| storage("read", &error))?;
        if let (Some((frame, _)), None) = (newest, acknowledged) {
            tracing::warn!(
                path,
                frame,
                "commands.head is missing or unreadable: nothing tells whether frames after this \
                 one have been lost"
            );
        }
        Ok(Self {
            file,
            connection,
            head,
            acknowledged,
            prev_crc: newest.map_or(0, |(_, crc)| crc),
            poisoned: false,
            checkpointer: None,
        })
    }

    /// The file, for messages.
    fn path(&self) -> String {
        self.file.display().to_string()
    }

    fn storage(&self, what: &'static str, cause: &dyn std::fmt::Display) -> LogError {
        LogError::Storage {
            path: self.path(),
            what,
            cause: cause.to_string(),
        }
    }
}

/// Sets the connection up and makes sure that the file is a log of ours.
fn prepare(
    connection: &Connection,
    path: &str,
    exists: bool,
    acknowledged: Option<u64>,
) -> Result<(), LogError> {
    let storage = |error: rusqlite::Error| LogError::Storage {
        path: path.into(),
        what: "opened",
        cause: error.to_string(),
    };
    let identity = identity(connection).map_err(storage)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(storage)?;
    let empty = tables == 0 && identity.0 == 0;
    // Looking comes before touching: what is not ours stays as it is.
    if let Some(acknowledged) = acknowledged
        && empty
    {
        return Err(LogError::lost(path.into(), acknowledged));
    }
    if !empty {
        is_ours(path, identity)?;
    }
    connection
        .pragma_update(None, "journal_mode", "wal")
        .map_err(storage)?;
    connection
        .pragma_update(None, "synchronous", "full")
        .map_err(storage)?;
    // Checkpoints happen on another connection, so that committing never pays for them.
    connection
        .pragma_update(None, "wal_autocheckpoint", 0)
        .map_err(storage)?;
    if empty {
        if exists {
            tracing::warn!(
                path,
                "the command log is an empty database; starting a new log in it"
            );
        }
        return connection
            .execute_batch(&format!(
                "BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION_ID};
                 PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            ))
            .map_err(storage);
    }
    Ok(())
}

/// Whose database this is, and the version of its schema.
fn identity(connection: &Connection) -> rusqlite::Result<(i32, i32)> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((pragma("application_id")?, pragma("user_version")?))
}

/// Refuses a database that is no command log of this version.
fn is_ours(path: &str, (application_id, version): (i32, i32)) -> Result<(), LogError> {
    let what = match (application_id, version) {
        (APPLICATION_ID, SCHEMA_VERSION) => return Ok(()),
        (APPLICATION_ID, _) => {
            format!("its schema has version {version}, this software knows {SCHEMA_VERSION}")
        }
        _ => "it is another application's database".into(),
    };
    let path = path.into();
    Err(LogError::Foreign { path, what })
}

impl CommandLog for SqliteLog {
    fn append(&mut self, frame: &Frame) -> Result<(), LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        if self.checkpointer.is_none() {
            let started = Checkpointer::start(self.file.clone());
            self.checkpointer = Some(started.map_err(|error| self.storage("written", &error))?);
        }
        let stored = frame.stored(self.prev_crc);
        // A single statement is a transaction of its own: it returns when it is durable.
        let inserted = self
            .connection
            .prepare_cached("INSERT INTO frames VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
            .and_then(|mut statement| {
                statement.execute(params![
                    LOG_ID,
                    stored.number.cast_signed(),
                    stored.epoch.cast_signed(),
                    stored.first_seq.cast_signed(),
                    stored.last_seq.cast_signed(),
                    stored.prev_crc,
                    stored.crc,
                    stored.payload,
                ])
            });
        if let Err(error) = inserted {
            self.poisoned = true;
            return Err(self.storage("written", &error));
        }
        if let Err(error) = self.head.advance(frame.number) {
            // The frame is durable; only the witness is behind, which it may be.
            tracing::warn!(%error, "the head of the command log could not be updated");
        }
        self.prev_crc = stored.crc;
        Ok(())
    }

    fn read(&self, visit: &mut dyn FnMut(Frame) -> Result<(), LogError>) -> Result<(), LogError> {
        let mut reader = Reader::new(&self.file);
        while let Some(frame) = reader.next(&self.connection)? {
            visit(frame)?;
        }
        let reached = reader.chain.reaches(self.acknowledged);
        reached.map_err(|error| LogError::of(self.path(), error))
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(SqliteHistory {
            file: self.file.clone(),
        })
    }
}

/// The log in `dir` and the frame that was acknowledged last, if that is known. Nothing is created
/// and nothing changed.
pub(super) fn look(dir: &Path) -> Result<(Arc<dyn History>, Option<u64>), LogError> {
    let file = dir.join("commands.sqlite");
    let path = file.display().to_string();
    let identity = identity(&open_to_read(&file)?).map_err(|error| LogError::Storage {
        path: path.clone(),
        what: "opened",
        cause: error.to_string(),
    })?;
    is_ours(&path, identity)?;
    let acknowledged = Head::look(&dir.join("commands.head"));
    Ok((Arc::new(SqliteHistory { file }), acknowledged))
}

/// A connection that changes nothing and creates nothing.
fn open_to_read(file: &Path) -> Result<Connection, LogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags);
    connection.map_err(|error| LogError::Storage {
        path: file.display().to_string(),
        what: "opened",
        cause: error.to_string(),
    })
}

/// A log in a file that somebody else may be writing.
#[derive(Debug)]
struct SqliteHistory {
    file: PathBuf,
}

impl History for SqliteHistory {
    fn frames(&self) -> Result<Box<dyn Frames>, LogError> {
        Ok(Box::new(SqliteFrames {
            connection: open_to_read(&self.file)?,
            reader: Reader::new(&self.file),
        }))
    }
}

struct SqliteFrames {
    connection: Connection,
    reader: Reader,
}

impl Frames for SqliteFrames {
    fn next(&mut self) -> Result<Option<Frame>, LogError> {
        self.reader.next(&self.connection)
    }
}

/// Reads a log from its first frame on.
#[derive(Debug)]
struct Reader {
    file: PathBuf,
    chain: Chain,
}

impl Reader {
    fn new(file: &Path) -> Self {
        Self {
            file: file.into(),
            chain: Chain::default(),
        }
    }

    /// The frame after the last one, if it is there.
    ///
    /// Each is a query of its own: a reader that stays in one transaction for long would keep the
    /// WAL from starting over.
    fn next(&mut self, connection: &Connection) -> Result<Option<Frame>, LogError> {
        let path = || self.file.display().to_string();
        let row = connection
            .prepare_cached(
                "SELECT number, epoch, first_seq, last_seq, prev_crc, crc, payload
                 FROM frames WHERE log = ?1 AND number > ?2 ORDER BY number LIMIT 1",
            )
            .and_then(|mut statement| {
                let key = params![LOG_ID, self.chain.number().cast_signed()];
                statement.query_row(key, stored).optional()
            })
            .map_err(|error| LogError::Corrupt {
                path: path(),
                frame: self.chain.number() + 1,
                what: error.to_string(),
            })?;
        let frame = row.map(|row| self.chain.check(&row)).transpose();
        frame.map_err(|error| LogError::of(path(), error))
    }
}

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredFrame> {
    let number = |index| row.get::<_, i64>(index).map(i64::cast_unsigned);
    Ok(StoredFrame {
        number: number(0)?,
        epoch: number(1)?,
        first_seq: number(2)?,
        last_seq: number(3)?,
        prev_crc: row.get(4)?,
        crc: row.get(5)?,
        payload: row.get(6)?,
    })
}

/// Moves the WAL into the database from a connection of its own.
#[derive(Debug)]
struct Checkpointer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    fn start(file: PathBuf) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("checkpointer".into())
            .spawn(move || {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let opened = Connection::open_with_flags(&file, flags)
                    .and_then(|connection| keep_wal(&connection).map(|()| connection));
                let connection = match opened {
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
