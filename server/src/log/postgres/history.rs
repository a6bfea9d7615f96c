//! Reading a log, also while it is being written, and forgetting its beginning.

use std::collections::VecDeque;
use std::time::Duration;

use exchange_engine::frame::StoredFrame;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::session::{LOG_ID, LogDatabase, Session};
use crate::log::{Chain, Frame, Frames, History, LogError, is_at};

/// How many frames are read at a time. Some megabytes at the most.
const PAGE: i64 = 128;
/// How many frames are forgotten in one step, and the pause after it: meanwhile the log can be
/// appended to.
const FORGET: u64 = 256;
const PAUSE: Duration = Duration::from_millis(2);

/// A log in a database where somebody else may be writing it.
#[derive(Debug)]
pub(super) struct PostgresHistory(LogDatabase);

impl PostgresHistory {
    pub(super) const fn of(database: LogDatabase) -> Self {
        Self(database)
    }
}

impl History for PostgresHistory {
    fn frames(&self, after: Chain) -> Result<Box<dyn Frames>, LogError> {
        Ok(Box::new(PostgresFrames::after(self.0.clone(), after)))
    }

    fn oldest(&self) -> Result<Option<u64>, LogError> {
        let bounds = self.0.session().call(bounds);
        let bounds = bounds.map_err(|error| self.0.failed("read", &error))?;
        Ok(bounds.map(|(oldest, _)| oldest))
    }

    fn forget(&self, through: u64) -> Result<(), LogError> {
        let forget = || {
            let mut session = self.0.session();
            // A later commit makes it durable, or it is done again.
            let hurry = "SET synchronous_commit = off";
            session.call(async |connection| sqlx::query(hurry).execute(connection).await)?;
            while let Some((oldest, newest)) = session.call(bounds)?
                && oldest <= through.min(newest - 1)
            {
                let last = through.min(newest - 1).min(oldest + FORGET - 1);
                session.call(async |connection| forget_through(connection, last).await)?;
                std::thread::sleep(PAUSE);
            }
            Ok(())
        };
        let forgotten: sqlx::Result<_> = forget();
        forgotten.map_err(|error| self.0.failed("written", &error))
    }
}

async fn forget_through(connection: &mut PgConnection, last: u64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM frames WHERE log = $1 AND number <= $2")
        .bind(LOG_ID)
        .bind(last.cast_signed())
        .execute(connection)
        .await
        .map(drop)
}

/// The numbers of the oldest and of the newest frame.
async fn bounds(connection: &mut PgConnection) -> sqlx::Result<Option<(u64, u64)>> {
    let (oldest, newest): (Option<i64>, Option<i64>) =
        sqlx::query_as("SELECT min(number), max(number) FROM frames WHERE log = $1")
            .bind(LOG_ID)
            .fetch_one(connection)
            .await?;
    let unsigned = |number: Option<i64>| number.map(i64::cast_unsigned);
    Ok(unsigned(oldest).zip(unsigned(newest)))
}

/// The number and the checksum of the newest frame.
pub(super) async fn newest(connection: &mut PgConnection) -> sqlx::Result<Option<(u64, u32)>> {
    let newest = "SELECT number, crc FROM frames WHERE log = $1 ORDER BY number DESC LIMIT 1";
    let newest: Option<(i64, i64)> = sqlx::query_as(newest)
        .bind(LOG_ID)
        .fetch_optional(connection)
        .await?;
    Ok(newest.map(|(number, crc)| (number.cast_unsigned(), checksum(crc))))
}

/// Reads a log from a place on, page by page.
#[derive(Debug)]
pub(super) struct PostgresFrames {
    database: LogDatabase,
    session: Session,
    page: VecDeque<StoredFrame>,
    chain: Chain,
}

impl PostgresFrames {
    pub(super) fn after(database: LogDatabase, chain: Chain) -> Self {
        Self {
            session: database.session(),
            database,
            page: VecDeque::new(),
            chain,
        }
    }

    /// Makes sure that the log has come to this place, and not by another way.
    pub(super) fn check_place(&mut self) -> Result<(), LogError> {
        let number = self.chain.number().cast_signed();
        let (found, bounds) = self.call(async |connection| {
            let found = "SELECT crc FROM frames WHERE log = $1 AND number = $2";
            let found: Option<i64> = sqlx::query_scalar(found)
                .bind(LOG_ID)
                .bind(number)
                .fetch_optional(&mut *connection)
                .await?;
            Ok((found.map(checksum), bounds(connection).await?))
        })?;
        is_at(self.database.name(), self.chain, found, bounds)
    }

    fn call<T>(
        &mut self,
        call: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<T, LogError> {
        let answer = self.session.call(call);
        answer.map_err(|error| self.database.failed("read", &error))
    }

    fn turn_page(&mut self) -> Result<(), LogError> {
        let after = self.chain.number().cast_signed();
        self.page = self.call(async |connection| {
            let rows = sqlx::query(
                "SELECT number, epoch, first_seq, last_seq, prev_crc, crc, payload
                 FROM frames WHERE log = $1 AND number > $2 ORDER BY number LIMIT $3",
            );
            let rows = rows.bind(LOG_ID).bind(after).bind(PAGE);
            let rows = rows.fetch_all(connection).await?;
            rows.iter().map(stored).collect()
        })?;
        Ok(())
    }
}

impl Frames for PostgresFrames {
    fn next(&mut self) -> Result<Option<Frame>, LogError> {
        if self.page.is_empty() {
            self.turn_page()?;
        }
        let Some(next) = self.page.front() else {
            return Ok(None);
        };
        let frame = self.chain.check(next);
        let frame = frame.map_err(|error| LogError::of(self.database.name(), error))?;
        self.page.pop_front();
        Ok(Some(frame))
    }

    fn place(&self) -> Chain {
        self.chain
    }
}

fn stored(row: &PgRow) -> sqlx::Result<StoredFrame> {
    let number = |index| row.try_get::<i64, usize>(index);
    Ok(StoredFrame {
        number: number(0)?.cast_unsigned(),
        epoch: number(1)?.cast_unsigned(),
        first_seq: number(2)?.cast_unsigned(),
        last_seq: number(3)?.cast_unsigned(),
        prev_crc: checksum(number(4)?),
        crc: checksum(number(5)?),
        payload: row.try_get(6)?,
    })
}

/// A checksum as it was stored. What was never one becomes one that does not match.
fn checksum(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or_default()
}
