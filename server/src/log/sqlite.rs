//! The embedded command log: a table of frames in SQLite, WAL, `synchronous=FULL`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::data_dir::keep_wal;

use super::head::Head;
use super::{CommandLog, Frame, LogError, checksum};

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

    fn corrupt(&self, frame: u64, what: impl Into<String>) -> LogError {
        LogError::Corrupt {
            path: self.path(),
            frame,
            what: what.into(),
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
    let foreign = |what: String| LogError::Foreign {
        path: path.into(),
        what,
    };
    let pragma = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i32>(0))
            .map_err(storage)
    };
    let (application_id, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(storage)?;
    let empty = tables == 0 && application_id == 0;
    // Looking comes before touching: what is not ours stays as it is.
    if let Some(acknowledged) = acknowledged
        && empty
    {
        return Err(LogError::lost(path.into(), acknowledged));
    }
    if !empty && application_id != APPLICATION_ID {
        return Err(foreign("it is another application's database".into()));
    }
    if !empty && version != SCHEMA_VERSION {
        return Err(foreign(format!(
            "its schema has version {version}, this software knows {SCHEMA_VERSION}"
        )));
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

impl CommandLog for SqliteLog {
    fn append(&mut self, frame: &Frame) -> Result<(), LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        if self.checkpointer.is_none() {
            let started = Checkpointer::start(self.file.clone());
            self.checkpointer = Some(started.map_err(|error| self.storage("written", &error))?);
        }
        let payload = frame.payload();
        let crc = checksum(
            frame.number,
            frame.epoch,
            frame.first_seq,
            frame.last_seq(),
            self.prev_crc,
            &payload,
        );
        // A single statement is a transaction of its own: it returns when it is durable.
        let inserted = self
            .connection
            .prepare_cached("INSERT INTO frames VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
            .and_then(|mut statement| {
                statement.execute(params![
                    LOG_ID,
                    frame.number.cast_signed(),
                    frame.epoch.cast_signed(),
                    frame.first_seq.cast_signed(),
                    frame.last_seq().cast_signed(),
                    self.prev_crc,
                    crc,
                    payload,
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
        self.prev_crc = crc;
        Ok(())
    }

    fn read(&self, visit: &mut dyn FnMut(Frame) -> Result<(), LogError>) -> Result<(), LogError> {
        let (mut number, mut last_seq, mut prev_crc) = (0_u64, 0_u64, 0_u32);
        let mut statement = self
            .connection
            .prepare(
                "SELECT number, epoch, first_seq, last_seq, prev_crc, crc, payload
                 FROM frames WHERE log = ?1 ORDER BY number",
            )
            .map_err(|error| self.storage("read", &error))?;
        let mut rows = statement
            .query([LOG_ID])
            .map_err(|error| self.storage("read", &error))?;
        loop {
            let expected = number + 1;
            let unreadable = |error: rusqlite::Error| self.corrupt(expected, error.to_string());
            let Some(row) = rows.next().map_err(unreadable)? else {
                break;
            };
            let mut fields = [0; 4];
            for (index, field) in fields.iter_mut().enumerate() {
                *field = row
                    .get::<_, i64>(index)
                    .map_err(unreadable)?
                    .cast_unsigned();
            }
            let [found, epoch, first_seq, frame_last_seq] = fields;
            let frame_prev_crc: u32 = row.get(4).map_err(unreadable)?;
            let crc: u32 = row.get(5).map_err(unreadable)?;
            let payload: Vec<u8> = row.get(6).map_err(unreadable)?;

            if found != expected {
                return Err(self.corrupt(expected, format!("the next frame is {found}")));
            }
            let computed = checksum(
                found,
                epoch,
                first_seq,
                frame_last_seq,
                frame_prev_crc,
                &payload,
            );
            if crc != computed {
                return Err(self.corrupt(found, "its checksum does not match"));
            }
            if frame_prev_crc != prev_crc {
                return Err(self.corrupt(found, "it does not follow the frame before it"));
            }
            if first_seq != last_seq + 1 {
                return Err(self.corrupt(
                    found,
                    format!("it starts at input {first_seq} instead of {}", last_seq + 1),
                ));
            }
            let inputs = Frame::inputs_of(&payload).map_err(|what| self.corrupt(found, what))?;
            let frame = Frame {
                number: found,
                epoch,
                first_seq,
                inputs,
            };
            if frame.inputs.is_empty() || frame.last_seq() != frame_last_seq {
                return Err(self.corrupt(found, "it does not hold the inputs it names"));
            }
            (number, last_seq, prev_crc) = (found, frame_last_seq, crc);
            visit(frame)?;
        }
        match self.acknowledged {
            Some(acknowledged) if acknowledged > number => Err(LogError::Truncated {
                path: self.path(),
                found: number,
                acknowledged,
            }),
            _ => Ok(()),
        }
    }
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
