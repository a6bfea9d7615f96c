//! The embedded command log: a table of frames in SQLite, WAL, `synchronous=FULL`.
//!
//! One process writes it: the data directory is locked.

mod checkpointer;
mod file;
mod history;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::head::{HEAD, Head};
use super::{Chain, CommandLog, Frame, History, LogError, Resolved, State, ends_with};
use crate::data_dir::keep_wal;
use checkpointer::Checkpointer;
use file::{LOG_ID, LogFile};
use history::{Reader, SqliteHistory};

pub(super) use history::look;

/// A command log in a file.
#[derive(Debug)]
pub(crate) struct SqliteLog {
    file: LogFile,
    /// `None` while the outcome of an append is unknown.
    connection: Option<Connection>,
    head: Head,
    state: State,
    /// Runs from the first epoch on: until then nobody has vouched for what is in the WAL.
    checkpointer: Option<Checkpointer>,
}

impl SqliteLog {
    /// Opens the log in `dir`, or creates it where there is none.
    ///
    /// An existing file is never overwritten: what is not an intact log of ours is refused.
    pub(crate) fn open(dir: &Path) -> Result<Self, LogError> {
        let file = LogFile::of(dir);
        let head = Head::open(&dir.join(HEAD)).map_err(|error| file.failed("opened", &error))?;
        let (exists, acknowledged) = (file.exists(), head.seen());
        if let Some(acknowledged) = acknowledged
            && !exists
        {
            // Opening it would create it.
            return Err(LogError::lost(file.path(), acknowledged));
        }
        let connection = file.open_to_write()?;
        file.prepare(&connection, exists, acknowledged)?;
        let newest = newest(&connection).map_err(|error| file.failed("read", &error))?;
        if let (Some((frame, ..)), None) = (newest, acknowledged) {
            tracing::warn!(
                path = file.path(),
                frame,
                "commands.head is missing or unreadable: nothing tells whether frames after this \
                 one have been lost"
            );
        }
        Ok(Self {
            file,
            connection: Some(connection),
            head,
            state: State::Opened,
            checkpointer: None,
        })
    }

    /// Whether there is one in a directory.
    pub(super) fn is_in(dir: &Path) -> bool {
        LogFile::of(dir).exists()
    }

    fn connection(&self) -> Result<&Connection, LogError> {
        self.connection.as_ref().ok_or(LogError::Poisoned)
    }

    fn insert(&self, frame: &Frame, prev_crc: u32) -> Result<(bool, u32), LogError> {
        let stored = frame.stored(prev_crc);
        // A single statement is a transaction of its own: it returns when it is durable.
        let inserted = self
            .connection()?
            .prepare_cached(
                "INSERT INTO frames SELECT log, ?2, epoch, ?4, ?5, ?6, ?7, ?8
                 FROM logs WHERE log = ?1 AND epoch = ?3",
            )
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
        let inserted = inserted.map_err(|error| self.file.failed("written", &error))?;
        Ok((inserted == 1, stored.crc))
    }

    /// A new connection, and everything that the old one may have left in the WAL in the database.
    ///
    /// After an error the WAL may hold what has not reached the disk, though it reads as if it had: a
    /// failed `fsync` is not repeated for the same pages. Moving it into the database writes and
    /// syncs it a second time, elsewhere, and the WAL starts over.
    fn reconnect(&mut self) -> Result<Connection, LogError> {
        self.checkpointer = None;
        self.connection = None;
        let connection = self.file.open_to_write()?;
        self.file.set_up(&connection)?;
        let moved = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            Ok(row.get::<_, i64>(0)? == 0)
        });
        match moved {
            Ok(true) => Ok(connection),
            Ok(false) => Err(self.file.failed("written", &"its WAL is in use")),
            Err(error) => Err(self.file.failed("written", &error)),
        }
    }

    /// Writes down an epoch and goes on behind the newest frame.
    fn write_under(&mut self, epoch: u64, newest: Option<Newest>) -> Result<(), LogError> {
        let sql = "INSERT INTO logs VALUES (?1, ?2)
                   ON CONFLICT (log) DO UPDATE SET epoch = excluded.epoch";
        let written = self
            .connection()?
            .execute(sql, params![LOG_ID, epoch.cast_signed()]);
        written.map_err(|error| self.file.failed("written", &error))?;
        let checkpointer = Checkpointer::start(self.file.clone());
        self.checkpointer =
            Some(checkpointer.map_err(|error| self.file.failed("written", &error))?);
        self.state = State::behind(epoch, newest.map(|(_, _, crc)| crc));
        Ok(())
    }
}

/// The number, the epoch and the checksum of the newest frame.
type Newest = (u64, u64, u32);

fn newest(connection: &Connection) -> rusqlite::Result<Option<Newest>> {
    let sql = "SELECT number, epoch, crc FROM frames WHERE log = ?1 ORDER BY number DESC LIMIT 1";
    let row = |row: &rusqlite::Row<'_>| {
        let number = |index| row.get::<_, i64>(index).map(i64::cast_unsigned);
        Ok((number(0)?, number(1)?, row.get(2)?))
    };
    connection.query_row(sql, [LOG_ID], row).optional()
}

fn epoch(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT epoch FROM logs WHERE log = ?1";
    let epoch = connection.query_row(sql, [LOG_ID], |row| row.get::<_, i64>(0));
    Ok(epoch.optional()?.map_or(0, i64::cast_unsigned))
}

impl CommandLog for SqliteLog {
    fn read(
        &mut self,
        after: Chain,
        visit: &mut dyn FnMut(Frame) -> Result<(), LogError>,
    ) -> Result<Chain, LogError> {
        let connection = self.connection()?;
        let mut reader = Reader::after(self.file.clone(), after);
        reader.check_place(connection)?;
        while let Some(frame) = reader.next(connection)? {
            visit(frame)?;
        }
        let reached = reader.place().reaches(self.head.seen());
        reached.map_err(|error| LogError::of(self.file.path(), error))?;
        Ok(reader.place())
    }

    fn begin(&mut self, wanted: u64) -> Result<u64, LogError> {
        let connection = self.connection()?;
        let look = || {
            file::upgrade(connection)?;
            Ok((epoch(connection)?, newest(connection)?))
        };
        let looked: rusqlite::Result<_> = look();
        let (before, newest) = looked.map_err(|error| self.file.failed("read", &error))?;
        let of_frames = newest.map_or(0, |(_, epoch, _)| epoch);
        let epoch = wanted.max(before + 1).max(of_frames + 1);
        self.write_under(epoch, newest)?;
        Ok(epoch)
    }

    fn append(&mut self, frame: &Frame) -> Result<(), LogError> {
        let State::Writing { epoch, prev_crc } = self.state else {
            return Err(LogError::Poisoned);
        };
        match self.insert(frame, prev_crc) {
            Ok((true, crc)) => {
                self.state = State::behind(epoch, Some(crc));
                self.head.acknowledge(frame.number);
                Ok(())
            }
            Ok((false, _)) => {
                self.state = State::Opened;
                Err(LogError::Fenced {
                    path: self.file.path(),
                })
            }
            Err(error) => {
                self.state = State::InDoubt {
                    epoch,
                    number: frame.number,
                    crc: frame.stored(prev_crc).crc,
                };
                Err(error)
            }
        }
    }

    fn resolve(&mut self) -> Result<Resolved, LogError> {
        let State::InDoubt { epoch, number, crc } = self.state else {
            return Err(LogError::Poisoned);
        };
        let connection = self.reconnect()?;
        let newest = newest(&connection).map_err(|error| self.file.failed("read", &error))?;
        self.connection = Some(connection);
        let last = newest.map(|(number, _, crc)| (number, crc));
        let durable = ends_with(self.file.path(), last, number, crc)
            .inspect_err(|_| self.state = State::Opened)?;
        // That this can be written is the proof that the storage works again.
        self.write_under(epoch + 1, newest)?;
        if durable {
            self.head.acknowledge(number);
        }
        Ok(Resolved {
            durable,
            epoch: epoch + 1,
        })
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(SqliteHistory::of(self.file.clone()))
    }
}

/// Keeps a connection from moving the WAL when it closes or commits.
fn leave_wal_alone(connection: &Connection) -> rusqlite::Result<()> {
    keep_wal(connection)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)
}
