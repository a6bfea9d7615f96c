//! Connections for callers that wait.

use std::fmt::Display;
use std::time::Duration;

use sqlx::PgConnection;
use tokio::runtime::{Builder, Runtime};

use crate::log::LogError;
use crate::postgres::{Connector, within};

/// One log is kept in a database today; the keys leave room for more.
pub(crate) const LOG_ID: i64 = 1;

/// How long anything may take. What an append waits for, nobody has been told of yet.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// What every session needs: a commit that is durable when it returns, where an operator may have
/// asked for more than that; locks that are waited for, as `READ COMMITTED` does; a word of the
/// server's own before the call is given up; and no locks for long where this process stands still in
/// the middle of a call.
const SET_UP: &str = "
    SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                      WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
           set_config('default_transaction_isolation', 'read committed', false),
           set_config('statement_timeout', '4000', false),
           set_config('idle_in_transaction_session_timeout', '5000', false),
           CASE WHEN current_setting('server_version_num')::INTEGER >= 170000
                THEN set_config('transaction_timeout', '5000', false) END";

/// The database that a log is in.
#[derive(Debug, Clone)]
pub(crate) struct LogDatabase(Connector);

impl LogDatabase {
    pub(crate) const fn of(connector: Connector) -> Self {
        Self(connector)
    }

    /// Which one it is, for messages.
    pub(crate) fn name(&self) -> String {
        self.0.name()
    }

    pub(super) fn failed(&self, what: &'static str, cause: &dyn Display) -> LogError {
        LogError::Storage {
            path: self.name(),
            what,
            cause: cause.to_string(),
        }
    }

    pub(super) fn fenced(&self) -> LogError {
        LogError::Fenced { path: self.name() }
    }

    /// Nothing is connected before the first call.
    pub(crate) fn session(&self) -> Session {
        Session {
            database: self.clone(),
            open: None,
        }
    }
}

/// A session whose calls block.
#[derive(Debug)]
pub(crate) struct Session {
    database: LogDatabase,
    /// `None` after a call that failed: what is still on its way would belong to that one.
    open: Option<Open>,
}

impl Session {
    /// Makes calls and waits for them. After an error their outcome is unknown, and the next call is
    /// made on a new connection.
    pub(crate) fn call<T>(
        &mut self,
        calls: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open::to(&self.database.0)?,
        };
        let answer = open.call(calls)?;
        self.open = Some(open);
        Ok(answer)
    }
}

/// A connection, driven by whoever calls: an answer wakes no other thread, and it is there when the
/// runtime of the process is ending already.
#[derive(Debug)]
struct Open {
    connection: PgConnection,
    /// Taken when it is dropped.
    runtime: Option<Runtime>,
}

impl Open {
    fn to(connector: &Connector) -> sqlx::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let opening = async {
            let mut connection = connector.open().await?;
            sqlx::query(SET_UP).execute(&mut connection).await?;
            Ok(connection)
        };
        let opened: sqlx::Result<_> =
            runtime.block_on(async { within(CALL_TIMEOUT, opening).await });
        Ok(Self {
            connection: opened?,
            runtime: Some(runtime),
        })
    }

    fn call<T>(
        &mut self,
        calls: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        let runtime = self.runtime.as_ref().expect("it is there until the end");
        let calls = calls(&mut self.connection);
        runtime.block_on(async { within(CALL_TIMEOUT, calls).await })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // It may be dropped by a task of another runtime, which must not wait.
            runtime.shutdown_background();
        }
    }
}
