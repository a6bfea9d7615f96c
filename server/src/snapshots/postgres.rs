//! Snapshots in the database of the command log, so that whoever takes the log has them.

use std::fmt::Display;

use sqlx::PgConnection;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;

use super::{At, SnapshotError, Snapshots};
use crate::log::postgres::{LOG_ID, LogDatabase};
use crate::postgres::Connector;

/// How many bytes a row has: each is a call of its own, and no call may take long.
const PART: usize = 4 * 1024 * 1024;

/// Removes what was not finished.
const CLEAR: &str = "
    DELETE FROM snapshots AS left_over WHERE log = $1 AND NOT EXISTS (
        SELECT FROM snapshots AS first WHERE first.log = left_over.log AND part = 0
            AND (first.frame, first.seq) = (left_over.frame, left_over.seq))";

/// A table of parts. No transaction holds all of a snapshot: it would take too long.
#[derive(Debug)]
pub(crate) struct PostgresSnapshots {
    database: LogDatabase,
}

impl PostgresSnapshots {
    /// Those in this database.
    pub(crate) const fn of(connector: Connector) -> Self {
        Self {
            database: LogDatabase::of(connector),
        }
    }

    fn failed(&self, what: &'static str, cause: &dyn Display) -> SnapshotError {
        SnapshotError::Storage {
            place: self.database.name(),
            what,
            cause: cause.to_string(),
        }
    }

    fn all_parts(&self, at: At) -> sqlx::Result<Vec<u8>> {
        let mut session = self.database.session();
        let (mut bytes, mut part) = (Vec::new(), 0);
        loop {
            let sql = "SELECT bytes FROM snapshots
                       WHERE log = $1 AND frame = $2 AND seq = $3 AND part = $4";
            let next = session.call(async |connection| {
                let row = of(sqlx::query(sql), at).bind(part);
                let row = row.fetch_optional(connection).await?;
                row.map(|row| sqlx::Row::try_get::<Vec<u8>, _>(&row, 0))
                    .transpose()
            })?;
            match next {
                Some(next) => bytes.extend_from_slice(&next),
                // None at all is no snapshot, which whoever decodes it finds.
                None => return Ok(bytes),
            }
            part += 1;
        }
    }

    fn replace(&self, at: At, bytes: &[u8]) -> sqlx::Result<()> {
        let mut session = self.database.session();
        session.call(async |connection| {
            delete(connection, at).await?;
            execute(connection, sqlx::query(CLEAR).bind(LOG_ID)).await
        })?;
        let parts = (0_i32..).zip(bytes.chunks(PART));
        // The first one makes it a snapshot, so it comes last.
        for (part, bytes) in parts.collect::<Vec<_>>().into_iter().rev() {
            session.call(async |connection| {
                let sql = "INSERT INTO snapshots VALUES ($1, $2, $3, $4, $5)";
                let insert = of(sqlx::query(sql), at).bind(part).bind(bytes);
                execute(connection, insert).await
            })?;
        }
        Ok(())
    }
}

/// Binds what tells a snapshot from others.
fn of(
    query: Query<'_, sqlx::Postgres, PgArguments>,
    At { frame, seq }: At,
) -> Query<'_, sqlx::Postgres, PgArguments> {
    let query = query.bind(LOG_ID).bind(frame.cast_signed());
    query.bind(seq.cast_signed())
}

async fn execute(
    connection: &mut PgConnection,
    query: Query<'_, sqlx::Postgres, PgArguments>,
) -> sqlx::Result<()> {
    query.execute(connection).await.map(drop)
}

async fn delete(connection: &mut PgConnection, at: At) -> sqlx::Result<()> {
    let sql = "DELETE FROM snapshots WHERE log = $1 AND frame = $2 AND seq = $3";
    execute(connection, of(sqlx::query(sql), at)).await
}

impl Snapshots for PostgresSnapshots {
    fn list(&self) -> Result<Vec<At>, SnapshotError> {
        let listed = self.database.session().call(async |connection| {
            let sql = "SELECT frame, seq FROM snapshots WHERE log = $1 AND part = 0
                       ORDER BY frame, seq";
            let rows: Vec<(i64, i64)> = sqlx::query_as(sql)
                .bind(LOG_ID)
                .fetch_all(connection)
                .await?;
            Ok(rows)
        });
        let rows = listed.map_err(|error| self.failed("read", &error))?;
        let at = |(frame, seq): (i64, i64)| At {
            frame: frame.cast_unsigned(),
            seq: seq.cast_unsigned(),
        };
        Ok(rows.into_iter().map(at).collect())
    }

    fn read(&self, at: At) -> Result<Vec<u8>, SnapshotError> {
        let read = self.all_parts(at);
        read.map_err(|error| self.failed("read", &error))
    }

    fn write(&self, at: At, bytes: &[u8]) -> Result<(), SnapshotError> {
        let written = self.replace(at, bytes);
        written.map_err(|error| self.failed("written", &error))
    }

    fn remove(&self, at: At) -> Result<(), SnapshotError> {
        let mut session = self.database.session();
        let removed = session.call(async |connection| delete(connection, at).await);
        removed.map_err(|error| self.failed("removed", &error))
    }
}
