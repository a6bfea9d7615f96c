//! The PostgreSQL database: connecting, and bringing its schema up to date.
//!
//! A call ends. The server gives up a statement after [`STATEMENT_TIMEOUT`] by itself; a server
//! that is paused or cut off does not, so whoever calls wraps the call in [`in_time`]. A
//! connection that was given up is tested, and closed, before anybody gets it again.
//!
//! The password in the URL goes into the connections and nowhere else: not into errors, logs or
//! `Debug`.
//!
//! Not here: what is in the tables. That is with whoever owns them, `accounts`, `store` and
//! `log`; only their migrations are listed together, in [`migrations`].

mod connector;
mod error;
mod migrations;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod url;

use std::io;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

pub(crate) use connector::Connector;
pub(crate) use error::DatabaseError;
pub(crate) use migrations::Storage;
pub(crate) use url::Setting;

use url::Place;

/// How long a new connection may take, from the name of the host to the end of the login.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call waits for a connection of the pool.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the server works on one statement.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call takes at the most, however the server fares: a little more than a statement,
/// so that the server's own word comes first.
const CALL_TIMEOUT: Duration = Duration::from_secs(12);
/// How long a connection that comes back may take to prove that it is still good. Less than others
/// wait for it.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a transaction may stand still. It may hold locks that other processes wait for.
const IDLE_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_CONNECTIONS: u32 = 16;
/// The oldest server whose partitioning does all that the tables need.
const OLDEST_SERVER: u32 = 14;

/// A database whose schema is the one that this version knows. Clones share their connections.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pool: PgPool,
}

impl Database {
    /// Connects and brings the schema up to date.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or used, or the schema is not one that this version can
    /// bring up to date. Nothing has changed then.
    pub(crate) async fn connect(url: &str) -> Result<Self, DatabaseError> {
        Self::connect_with(url, Storage::TimescaleIfAvailable).await
    }

    /// [`connect`](Self::connect), and a say in how a new database stores history.
    pub(crate) async fn connect_with(url: &str, storage: Storage) -> Result<Self, DatabaseError> {
        // Not one of the pool, which would try again and keep the reason to itself.
        let connector = Connector::new(Setting::Store, url)?;
        connector.migrate(storage).await?;
        Ok(Self {
            pool: pool(connector.into_options()),
        })
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }
}

/// Gives a call to the database an end.
///
/// # Errors
///
/// Those of the call. When it takes too long, one that says so; whether a change happened is
/// unknown then.
pub(crate) fn in_time<T, E: From<sqlx::Error>>(
    call: impl Future<Output = Result<T, E>>,
) -> impl Future<Output = Result<T, E>> {
    within(CALL_TIMEOUT, call)
}

/// As [`in_time`], with less patience or more.
pub(crate) async fn within<T, E: From<sqlx::Error>>(
    limit: Duration,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match tokio::time::timeout(limit, call).await {
        Ok(result) => result,
        Err(_) => Err(no_answer(limit).into()),
    }
}

/// Refuses a server by its version in the format of `libpq`: 170011 is 17.11.
fn check_version(version: u32, place: &Place) -> Result<(), DatabaseError> {
    let found = version / 10_000;
    if found < OLDEST_SERVER {
        return Err(DatabaseError::OldServer {
            place: place.clone(),
            found,
        });
    }
    Ok(())
}

fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // The pool waits for ever for a connection whose call was given up to finish it. While
        // the server is paused, a few of them would be all it has.
        .after_release(|connection, _| {
            Box::pin(async {
                match tokio::time::timeout(PING_TIMEOUT, connection.ping()).await {
                    Ok(answer) => answer.map(|()| true),
                    Err(_) => Err(no_answer(PING_TIMEOUT)),
                }
            })
        })
        .connect_lazy_with(options)
}

/// What each session asks the server for.
fn options(options: PgConnectOptions) -> PgConnectOptions {
    let millis = |duration: Duration| duration.as_millis().to_string();
    let named = match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("exchange"),
    };
    named.options([
        ("statement_timeout", millis(STATEMENT_TIMEOUT)),
        (
            "idle_in_transaction_session_timeout",
            millis(IDLE_TRANSACTION_TIMEOUT),
        ),
        // A process that vanished without a word must not keep its locks for hours. In seconds.
        ("tcp_keepalives_idle", "30".into()),
        ("tcp_keepalives_interval", "10".into()),
        ("tcp_keepalives_count", "3".into()),
    ])
}

fn no_answer(waited: Duration) -> sqlx::Error {
    let seconds = waited.as_secs();
    let what = format!("no answer within {seconds} seconds");
    io::Error::new(io::ErrorKind::TimedOut, what).into()
}
