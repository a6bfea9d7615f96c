//! Where the command log is kept: in the data directory, or in PostgreSQL.

use std::sync::Arc;

use anyhow::{Context, ensure};
use tokio::task::spawn_blocking;

use crate::data_dir::{DataDir, Kept};
use crate::log::postgres::{self, Lease};
use crate::log::{CommandLog, LogError, PostgresLog, SqliteLog};
use crate::postgres::{Connector, DatabaseError, Setting, Storage};
use crate::snapshots::{PostgresSnapshots, SnapshotDir, Snapshots};

/// Where the log of this process is.
pub(super) enum LogPlace {
    DataDir,
    Postgres(Box<Connector>),
}

impl LogPlace {
    /// Brings the database up to date, where one is named.
    pub(super) async fn find(url: Option<&str>) -> Result<Self, DatabaseError> {
        let Some(url) = url else {
            return Ok(Self::DataDir);
        };
        let connector = Connector::new(Setting::Log, url)?;
        connector.migrate(Storage::TimescaleIfAvailable).await?;
        Ok(Self::Postgres(Box::new(connector)))
    }

    pub(super) const fn kept(&self) -> Kept {
        match self {
            Self::DataDir => Kept::Here,
            Self::Postgres(_) => Kept::Elsewhere,
        }
    }

    /// Snapshots are where the log is, so that whoever has the one has the others.
    pub(super) fn snapshots(&self, data_dir: &DataDir) -> Arc<dyn Snapshots> {
        match self {
            Self::DataDir => Arc::new(SnapshotDir::of(data_dir.path())),
            Self::Postgres(connector) => Arc::new(PostgresSnapshots::of((**connector).clone())),
        }
    }

    /// Users and history come after the log: where there are some, there was one.
    pub(super) async fn expect(
        &self,
        data_dir: &DataDir,
        users: usize,
        users_are_in: &str,
        history: Option<&str>,
    ) -> anyhow::Result<()> {
        let Self::Postgres(connector) = self else {
            data_dir.expect_log(users, users_are_in)?;
            return history.map_or(Ok(()), |log| data_dir.expect_log_of_history(log));
        };
        let kept = postgres::history(Connector::clone(connector));
        if spawn_blocking(move || kept.oldest()).await??.is_some() {
            return Ok(());
        }
        let name = connector.name();
        ensure!(
            users == 0,
            "{users_are_in} has {users} users, but the command log {name} is empty: it has been \
             lost, or is another exchange's"
        );
        let log = history.unwrap_or_default();
        ensure!(
            history.is_none(),
            "the history belongs to the command log {log}, but the command log {name} is empty: it \
             has been lost, or is another exchange's"
        );
        Ok(())
    }

    /// Opens the log, as soon as no other process has it.
    pub(super) async fn open(
        self,
        data_dir: &DataDir,
    ) -> anyhow::Result<(Box<dyn CommandLog>, Tenure)> {
        let dir = data_dir.path().to_owned();
        let opened = spawn_blocking(move || match self {
            Self::DataDir => {
                let log: Box<dyn CommandLog> = Box::new(SqliteLog::open(&dir)?);
                Ok((log, Tenure(None)))
            }
            Self::Postgres(connector) => {
                let log = PostgresLog::open(*connector, &dir)?;
                let tenure = Tenure(Some(log.lease()));
                Ok((Box::new(log) as Box<dyn CommandLog>, tenure))
            }
        });
        let opened: Result<_, LogError> = opened.await.context("opening the log was given up")?;
        Ok(opened?)
    }
}

/// How long this process has the log: a data directory is its own as long as it runs.
pub(super) struct Tenure(Option<Arc<Lease>>);

impl Tenure {
    /// Returns when another process has taken the log, and tells so.
    pub(super) async fn ended(&self) -> LogError {
        match &self.0 {
            Some(lease) => lease.lost().await,
            None => std::future::pending().await,
        }
    }

    /// Lets a process that stands by go on at once.
    pub(super) async fn give_back(self) {
        if let Some(lease) = self.0 {
            // It has told what there was to tell.
            drop(spawn_blocking(move || lease.give_back()).await);
        }
    }
}
