//! Where a log under test keeps its frames, and what can be done behind its back.

use std::path::Path;

use exchange_engine::frame::StoredFrame;
use tempfile::TempDir;

use super::TestResult;
use crate::api::hex::hex;
use crate::log::{CommandLog, LogError, PostgresLog, SqliteLog};
use crate::postgres::testing::TestDatabase;
use crate::postgres::{Connector, Setting, Storage};

/// What it keeps them in.
#[derive(Debug, Clone, Copy)]
pub(in crate::log) enum Kind {
    Sqlite,
    Postgres,
}

/// Where a log under test keeps its frames.
#[derive(Debug)]
pub(in crate::log) struct Place {
    /// The data directory of the process.
    dir: TempDir,
    /// Else the frames are in there.
    database: Option<(TestDatabase, Connector)>,
}

/// What a database calls a statement that is refused.
const REFUSED: &str = "refused by the test";

impl Place {
    pub(in crate::log) fn new(kind: Kind) -> Result<Self, Box<dyn std::error::Error>> {
        let database = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => {
                let database = block_on(TestDatabase::create())?;
                let connector = Connector::new(Setting::Log, &database.url())?;
                block_on(connector.migrate(Storage::Partitions))?;
                Some((database, connector))
            }
        };
        let dir = tempfile::tempdir()?;
        Ok(Self { dir, database })
    }

    /// Opens the log, as the process that is started next does: it is taken from the one before.
    pub(in crate::log) fn open(&self) -> Result<Box<dyn CommandLog>, LogError> {
        Ok(match &self.database {
            None => Box::new(SqliteLog::open(self.dir())?),
            Some((_, connector)) => Box::new(PostgresLog::open(connector.clone(), self.dir())?),
        })
    }

    /// The log with these frames.
    pub(in crate::log) fn written(
        &self,
        frames: &[super::Frame],
    ) -> Result<Box<dyn CommandLog>, LogError> {
        let mut log = self.open()?;
        super::append(&mut log, frames)?;
        Ok(log)
    }

    pub(in crate::log) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The database, where there is one.
    pub(in crate::log) fn database(&self) -> &TestDatabase {
        &self.database.as_ref().expect("a log in PostgreSQL").0
    }

    /// The way to it.
    pub(in crate::log) fn connector(&self) -> Connector {
        self.database
            .as_ref()
            .expect("a log in PostgreSQL")
            .1
            .clone()
    }

    /// What its messages call it.
    pub(in crate::log) fn name(&self) -> &'static str {
        match self.database {
            None => "commands.sqlite",
            Some(_) => "postgres://",
        }
    }

    /// Runs SQL behind the log's back.
    pub(in crate::log) fn tamper(&self, sql: &str) -> TestResult {
        match &self.database {
            None => {
                let file = self.dir().join("commands.sqlite");
                rusqlite::Connection::open(file)?.execute_batch(sql)?;
            }
            Some((database, _)) => block_on(database.sql(sql))?,
        }
        Ok(())
    }

    /// A frame gets into the log by another way.
    pub(in crate::log) fn put(&self, stored: &StoredFrame) -> TestResult {
        let StoredFrame {
            number,
            epoch,
            first_seq,
            last_seq,
            prev_crc,
            crc,
            payload,
        } = stored;
        let payload = self.bytes(payload);
        self.tamper(&format!(
            "INSERT INTO frames VALUES
             (1, {number}, {epoch}, {first_seq}, {last_seq}, {prev_crc}, {crc}, {payload})"
        ))
    }

    /// Bytes in SQL.
    pub(in crate::log) fn bytes(&self, bytes: &[u8]) -> String {
        match self.database {
            None => format!("x'{}'", hex(bytes)),
            Some(_) => format!("'\\x{}'", hex(bytes)),
        }
    }

    /// Lets the storage refuse every write to a table.
    pub(in crate::log) fn refuse(&self, table: &str) -> TestResult {
        match self.database {
            None => self.tamper(&format!(
                "CREATE TRIGGER {table}_in BEFORE INSERT ON {table}
                 BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END;
                 CREATE TRIGGER {table}_up BEFORE UPDATE ON {table}
                 BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END;"
            )),
            Some(_) => self.tamper(&format!(
                "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE '{REFUSED}'; END $$;
                 CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table}
                 FOR EACH ROW EXECUTE FUNCTION refuse();"
            )),
        }
    }

    /// The storage works again.
    pub(in crate::log) fn allow(&self, table: &str) -> TestResult {
        match self.database {
            None => self.tamper(&format!(
                "DROP TRIGGER {table}_in; DROP TRIGGER {table}_up;"
            )),
            Some(_) => self.tamper(&format!("DROP TRIGGER refuse ON {table}")),
        }
    }
}

/// Waits where there is no runtime.
pub(in crate::log) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime can be had").block_on(future)
}
