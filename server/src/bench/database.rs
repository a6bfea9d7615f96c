//! A database to measure.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use sqlx::{Connection, PgConnection};
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;

use super::throughput::Commit;
use crate::log::postgres::Lease;
use crate::log::{CommandLog, PostgresLog};
use crate::postgres::{Connector, Setting, Storage};

/// The ceiling has a table of its own, whose rows are stored as frames are.
const PREPARE: &str = "
    SET synchronous_commit = on;
    CREATE TABLE IF NOT EXISTS bench_ceiling (block BYTEA NOT NULL);
    ALTER TABLE bench_ceiling ALTER COLUMN block SET STORAGE EXTERNAL";
const TIDY: &str = "DROP TABLE IF EXISTS bench_ceiling; DELETE FROM frames";

/// A database without a log, for as long as it is measured.
pub(super) struct Spare {
    connector: Connector,
    lease: Arc<Lease>,
}

impl Spare {
    /// Takes the log in the database of a URL; `dir` is for what a process knows of its log.
    ///
    /// # Errors
    ///
    /// Where there is a log with anything in it: nothing is changed there.
    pub(super) async fn take(url: &str, dir: &Path) -> anyhow::Result<(Self, PostgresLog)> {
        let connector = Connector::new(Setting::Log, url)?;
        let name = connector.name();
        let mut connection = connector.open().await.with_context(|| name.clone())?;
        let free = is_free(&mut connection).await?;
        ensure!(free, "{name} has a log: name a database that has none");
        connection.close().await?;
        connector.migrate(Storage::TimescaleIfAvailable).await?;
        let (opening, dir) = (connector.clone(), dir.to_owned());
        let log = spawn_blocking(move || PostgresLog::open(opening, &dir)).await??;
        let spare = Self {
            connector,
            lease: log.lease(),
        };
        // Somebody else may have been here before the log was taken.
        let history = log.history();
        let oldest = spawn_blocking(move || history.oldest()).await??;
        ensure!(
            oldest.is_none(),
            "{name} has a log: name a database that has none"
        );
        Ok((spare, log))
    }

    /// Which one it is, for messages.
    pub(super) fn name(&self) -> String {
        self.connector.name()
    }

    /// What commits one row of so many bytes.
    pub(super) fn rows(
        &self,
        bytes: usize,
    ) -> impl Fn() -> anyhow::Result<Commit> + Clone + Send + 'static {
        let connector = self.connector.clone();
        move || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let mut connection = runtime.block_on(connector.open())?;
            runtime.block_on(sqlx::raw_sql(PREPARE).execute(&mut connection))?;
            let block = vec![0x5a_u8; bytes];
            let commit: Commit = Box::new(move || {
                let insert = sqlx::query("INSERT INTO bench_ceiling VALUES ($1)").bind(&block);
                runtime.block_on(insert.execute(&mut connection))?;
                Ok(())
            });
            Ok(commit)
        }
    }

    /// Removes what was measured with, and lets others have the log.
    pub(super) async fn give_back(self) -> anyhow::Result<()> {
        // By now somebody else may have taken the log, and then what it leads to is theirs.
        tokio::select! {
            biased;
            lost = self.lease.lost() => return Err(lost.into()),
            () = std::future::ready(()) => {}
        }
        let mut connection = self.connector.open().await?;
        sqlx::raw_sql(TIDY).execute(&mut connection).await?;
        connection.close().await?;
        spawn_blocking(move || self.lease.give_back()).await?;
        Ok(())
    }
}

async fn is_free(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let has_table = "SELECT to_regclass('frames') IS NOT NULL";
    if !sqlx::query_scalar(has_table)
        .fetch_one(&mut *connection)
        .await?
    {
        return Ok(true);
    }
    let is_empty = "SELECT NOT EXISTS (SELECT FROM frames)";
    sqlx::query_scalar(is_empty).fetch_one(connection).await
}
