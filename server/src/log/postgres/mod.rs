//! The command log in PostgreSQL: a table of frames, for one process at a time, while others stand by.
//!
//! Whoever opens a log waits for its [`lease`], takes it under a later epoch, and only then reads it:
//! nobody else appends behind what has been read. A frame is inserted only where the epoch is still
//! the one it was made under, in one statement that holds a share of the row with the epoch. So who
//! takes the log waits for an append in flight, and one that comes later inserts nothing.

mod history;
mod lease;
mod session;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use exchange_engine::frame::StoredFrame;
use sqlx::{Connection, PgConnection};

use super::head::{HEAD, Head};
use super::{
    Chain, CommandLog, Frame, Frames, History, LogError, Resolved, SqliteLog, State, ends_with,
};
use crate::postgres::Connector;
use history::{PostgresFrames, PostgresHistory, newest};
use session::Session;

pub(crate) use lease::Lease;
pub(crate) use session::{LOG_ID, LogDatabase};

/// Inserts nothing where somebody else has begun a later epoch.
const APPEND: &str = "
    INSERT INTO frames SELECT log, $2, epoch, $4, $5, $6, $7, $8
    FROM logs WHERE log = $1 AND epoch = $3 FOR SHARE";

/// Whoever has the log has it no more.
const TAKE: &str = "
    INSERT INTO logs AS former VALUES ($1, 1, $2)
    ON CONFLICT (log) DO UPDATE SET epoch = former.epoch + 1, writer = excluded.writer";

/// Begins a later epoch, unless somebody else has taken the log.
const BEGIN: &str = "
    UPDATE logs SET epoch = greatest(epoch + 1, $3) WHERE log = $1 AND writer = $2
    RETURNING epoch";

/// The log in the database that a URL names, and the frame that was acknowledged last, as far as the
/// process that had `dir` knows. Nothing is changed.
pub(super) fn look(
    connector: &Connector,
    dir: &Path,
) -> anyhow::Result<(Arc<dyn History>, Option<u64>)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(connector.check())?;
    // Where there is a log in `dir`, its witness is not ours.
    let head = Some(dir.join(HEAD)).filter(|_| !SqliteLog::is_in(dir));
    let acknowledged = head.and_then(|head| Head::look(&head));
    Ok((history(connector.clone()), acknowledged))
}

/// The log in a database, for others to read. Nothing is connected yet.
pub(crate) fn history(connector: Connector) -> Arc<dyn History> {
    Arc::new(PostgresHistory::of(LogDatabase::of(connector)))
}

/// A command log in a database.
#[derive(Debug)]
pub(crate) struct PostgresLog {
    database: LogDatabase,
    session: Session,
    /// Tells this one from whoever else takes the log, also from one with the same data directory: it
    /// knows what it has done itself, though it may not have been told.
    writer: String,
    lease: Arc<Lease>,
    head: Head,
    state: State,
}

impl PostgresLog {
    /// Takes the log, as soon as nobody else has it. In `dir` is what this process knows of it.
    pub(crate) fn open(connector: Connector, dir: &Path) -> Result<Self, LogError> {
        let database = LogDatabase::of(connector);
        let head =
            Head::open(&dir.join(HEAD)).map_err(|error| database.failed("opened", &error))?;
        let names = lease::holder(dir).and_then(|holder| Ok((holder, lease::random()?)));
        let (holder, writer) = names.map_err(|error| database.failed("opened", &error))?;
        let mut session = database.session();
        lease::wait(&database, &mut session, &holder, &writer)
            .map_err(|error| database.failed("opened", &error))?;
        let lease = Lease::keep(&database, holder, writer.clone())
            .map_err(|error| database.failed("opened", &error))?;
        Ok(Self {
            database,
            session,
            writer,
            lease: Arc::new(lease),
            head,
            state: State::Opened,
        })
    }

    /// That this process has the log.
    pub(crate) fn lease(&self) -> Arc<Lease> {
        Arc::clone(&self.lease)
    }

    /// Nothing is appended any more.
    fn fenced(&mut self) -> LogError {
        self.lease.lose();
        self.state = State::Opened;
        self.database.fenced()
    }

    /// Begins an epoch and looks at the newest frame; nothing where somebody else has the log.
    ///
    /// Where it was not told of an epoch that it has begun, it begins another.
    fn begin_epoch(&mut self, wanted: u64) -> sqlx::Result<Option<(u64, Option<Newest>)>> {
        let writer = &self.writer;
        self.session.call(async |connection| {
            let mut transaction = connection.begin().await?;
            let epoch: Option<i64> = sqlx::query_scalar(BEGIN)
                .bind(LOG_ID)
                .bind(writer)
                .bind(wanted.cast_signed())
                .fetch_optional(&mut *transaction)
                .await?;
            // An append that was in flight has ended by now, and this look is a new one.
            let newest = newest(&mut transaction).await?;
            transaction.commit().await?;
            Ok(epoch.map(|epoch| (epoch.cast_unsigned(), newest)))
        })
    }
}

/// The number and the checksum of the newest frame.
type Newest = (u64, u32);

/// Takes the log from whoever has it. An append in flight is waited for.
async fn take_log(connection: &mut PgConnection, writer: &str) -> sqlx::Result<()> {
    let take = sqlx::query(TAKE).bind(LOG_ID).bind(writer);
    take.execute(connection).await.map(drop)
}

async fn insert(connection: &mut PgConnection, stored: &StoredFrame) -> sqlx::Result<bool> {
    let inserted = sqlx::query(APPEND)
        .bind(LOG_ID)
        .bind(stored.number.cast_signed())
        .bind(stored.epoch.cast_signed())
        .bind(stored.first_seq.cast_signed())
        .bind(stored.last_seq.cast_signed())
        .bind(i64::from(stored.prev_crc))
        .bind(i64::from(stored.crc))
        .bind(&stored.payload)
        .execute(connection)
        .await?;
    Ok(inserted.rows_affected() == 1)
}

impl CommandLog for PostgresLog {
    fn read(
        &mut self,
        after: Chain,
        visit: &mut dyn FnMut(Frame) -> Result<(), LogError>,
    ) -> Result<Chain, LogError> {
        let mut frames = PostgresFrames::after(self.database.clone(), after);
        frames.check_place()?;
        while let Some(frame) = frames.next()? {
            visit(frame)?;
        }
        let reached = frames.place().reaches(self.head.seen());
        reached.map_err(|error| LogError::of(self.database.name(), error))?;
        Ok(frames.place())
    }

    fn begin(&mut self, wanted: u64) -> Result<u64, LogError> {
        if let State::InDoubt { .. } = self.state {
            return Err(LogError::Poisoned);
        }
        let begun = self.begin_epoch(wanted);
        match begun.map_err(|error| self.database.failed("written", &error))? {
            Some((epoch, newest)) => {
                self.state = State::behind(epoch, newest.map(|(_, crc)| crc));
                Ok(epoch)
            }
            None => Err(self.fenced()),
        }
    }

    fn append(&mut self, frame: &Frame) -> Result<(), LogError> {
        let State::Writing { epoch, prev_crc } = self.state else {
            return Err(LogError::Poisoned);
        };
        if self.lease.is_lost() {
            return Err(self.fenced());
        }
        let stored = frame.stored(prev_crc);
        match self
            .session
            .call(async |connection| insert(connection, &stored).await)
        {
            Ok(true) => {
                self.state = State::behind(epoch, Some(stored.crc));
                self.head.acknowledge(frame.number);
                Ok(())
            }
            Ok(false) => Err(self.fenced()),
            Err(error) => {
                self.state = State::InDoubt {
                    epoch,
                    number: stored.number,
                    crc: stored.crc,
                };
                Err(self.database.failed("written", &error))
            }
        }
    }

    fn resolve(&mut self) -> Result<Resolved, LogError> {
        let State::InDoubt { epoch, number, crc } = self.state else {
            return Err(LogError::Poisoned);
        };
        let begun = self.begin_epoch(epoch + 1);
        let begun = begun.map_err(|error| self.database.failed("written", &error))?;
        let Some((epoch, newest)) = begun else {
            return Err(self.fenced());
        };
        let durable = ends_with(self.database.name(), newest, number, crc);
        let durable = durable.inspect_err(|_| self.state = State::Opened)?;
        if durable {
            self.head.acknowledge(number);
        }
        self.state = State::behind(epoch, newest.map(|(_, crc)| crc));
        Ok(Resolved { durable, epoch })
    }

    fn history(&self) -> Arc<dyn History> {
        Arc::new(PostgresHistory::of(self.database.clone()))
    }
}
