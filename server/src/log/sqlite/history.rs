//! Reading a log, also while it is being written, and forgetting its beginning.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exchange_engine::frame::StoredFrame;
use rusqlite::{Connection, OptionalExtension, params};

use super::file::{LOG_ID, LogFile};
use crate::log::head::{HEAD, Head};
use crate::log::{Chain, Frame, Frames, History, LogError, is_at};

/// How many frames are forgotten in one step, and the pause after it: meanwhile the log can be
/// appended to.
const FORGET: u64 = 64;
const PAUSE: Duration = Duration::from_millis(2);

/// The log in `dir` and the frame that was acknowledged last, if that is known. Nothing is created
/// and nothing changed.
pub(in crate::log) fn look(dir: &Path) -> Result<(Arc<dyn History>, Option<u64>), LogError> {
    let file = LogFile::of(dir);
    file.check(&file.open_to_read()?)?;
    let acknowledged = Head::look(&dir.join(HEAD));
    Ok((Arc::new(SqliteHistory::of(file)), acknowledged))
}

/// A log in a file that somebody else may be writing.
#[derive(Debug)]
pub(super) struct SqliteHistory {
    file: LogFile,
}

impl SqliteHistory {
    pub(super) const fn of(file: LogFile) -> Self {
        Self { file }
    }
}

impl History for SqliteHistory {
    fn frames(&self, after: Chain) -> Result<Box<dyn Frames>, LogError> {
        Ok(Box::new(SqliteFrames {
            connection: self.file.open_to_read()?,
            reader: Reader::after(self.file.clone(), after),
        }))
    }

    fn oldest(&self) -> Result<Option<u64>, LogError> {
        let oldest = bounds(&self.file.open_to_read()?);
        let oldest = oldest.map_err(|error| self.file.failed("read", &error))?;
        Ok(oldest.map(|(oldest, _)| oldest))
    }

    fn forget(&self, through: u64) -> Result<(), LogError> {
        let failed = |error| self.file.failed("written", &error);
        let connection = self.file.open_beside().map_err(failed)?;
        // The next commit makes it durable, or it is done again.
        connection
            .pragma_update(None, "synchronous", "normal")
            .map_err(failed)?;
        while let Some((oldest, newest)) = bounds(&connection).map_err(failed)?
            && oldest <= through.min(newest - 1)
        {
            let last = through.min(newest - 1).min(oldest + FORGET - 1);
            let sql = "DELETE FROM frames WHERE log = ?1 AND number <= ?2";
            let key = params![LOG_ID, last.cast_signed()];
            connection.execute(sql, key).map_err(failed)?;
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}

/// The numbers of the oldest and of the newest frame.
fn bounds(connection: &Connection) -> rusqlite::Result<Option<(u64, u64)>> {
    let end = |sql| {
        let number = connection.query_row(sql, [LOG_ID], |row| row.get::<_, Option<i64>>(0));
        number.map(|number| number.map(i64::cast_unsigned))
    };
    // Each of them is found in the index; both in one query would be looked for in all frames.
    let oldest = end("SELECT min(number) FROM frames WHERE log = ?1")?;
    let newest = end("SELECT max(number) FROM frames WHERE log = ?1")?;
    Ok(oldest.zip(newest))
}

struct SqliteFrames {
    connection: Connection,
    reader: Reader,
}

impl Frames for SqliteFrames {
    fn next(&mut self) -> Result<Option<Frame>, LogError> {
        self.reader.next(&self.connection)
    }

    fn place(&self) -> Chain {
        self.reader.place()
    }
}

/// Reads a log from a place on.
#[derive(Debug)]
pub(super) struct Reader {
    file: LogFile,
    chain: Chain,
}

impl Reader {
    pub(super) const fn after(file: LogFile, chain: Chain) -> Self {
        Self { file, chain }
    }

    /// Where the last frame was.
    pub(super) const fn place(&self) -> Chain {
        self.chain
    }

    /// Makes sure that the log has come to this place, and not by another way.
    pub(super) fn check_place(&self, connection: &Connection) -> Result<(), LogError> {
        let look = || {
            let sql = "SELECT crc FROM frames WHERE log = ?1 AND number = ?2";
            let key = params![LOG_ID, self.chain.number().cast_signed()];
            let found = connection
                .query_row(sql, key, |row| row.get(0))
                .optional()?;
            Ok((found, bounds(connection)?))
        };
        let looked: rusqlite::Result<_> = look();
        let (found, bounds) = looked.map_err(|error| self.file.failed("read", &error))?;
        is_at(self.file.path(), self.chain, found, bounds)
    }

    /// The frame after the last one, if it is there.
    ///
    /// Each is a query of its own: a reader that stays in one transaction for long would keep the
    /// WAL from starting over.
    pub(super) fn next(&mut self, connection: &Connection) -> Result<Option<Frame>, LogError> {
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
                path: self.file.path(),
                frame: self.chain.number() + 1,
                what: error.to_string(),
            })?;
        let frame = row.map(|row| self.chain.check(&row)).transpose();
        frame.map_err(|error| LogError::of(self.file.path(), error))
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
