//! The schema, step by step.
//!
//! What has been released is never changed: the next change is the next file. The table
//! `schema_migrations` remembers which steps were taken, each with the checksum of its text. Steps
//! are taken by one process at a time and all of them in one transaction, so a database is never
//! between two versions of the software.

use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection, Row};

use crate::api::hex::hex;

use super::error::DatabaseError;
use super::url::Place;
use super::{in_time, no_answer};

/// One step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Migration {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        &[$(Migration {
            name: $name,
            sql: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),*]
    };
}

/// All steps. The first is version 1, the next version 2.
pub(super) const MIGRATIONS: &[Migration] = migrations![
    "0001_users",
    "0002_history",
    "0003_terms_of_orders",
    "0004_assets_of_fees",
    "0005_command_log",
    "0006_snapshots",
    "0007_proofs",
];

/// How a new database stores history. The migrations read it from the setting
/// `exchange.storage`; a database that has been migrated stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// `auto`: hypertables where the server has TimescaleDB, plain partitions where it has not.
    TimescaleIfAvailable,
    /// `partitions`: plain partitions, whatever the server has.
    #[cfg(test)]
    Partitions,
}

impl Storage {
    fn setting(self) -> &'static str {
        match self {
            Self::TimescaleIfAvailable => "auto",
            #[cfg(test)]
            Self::Partitions => "partitions",
        }
    }
}

/// Holds back other processes that migrate the same database. The number is arbitrary.
const LOCK: i64 = 0x5841_4343_0000_0001;

/// How long all steps together may take, waiting for another process to take them included.
const PATIENCE: Duration = Duration::from_secs(600);

const TABLE: &str = "
    CREATE TABLE schema_migrations (
        version  INTEGER PRIMARY KEY,
        name     TEXT NOT NULL,
        -- SHA-256 of the text, in hexadecimal.
        checksum TEXT NOT NULL,
        applied  TIMESTAMPTZ NOT NULL DEFAULT now()
    )";

/// Takes the steps that have not been taken.
pub(super) async fn migrate(
    connection: &mut PgConnection,
    place: &Place,
    migrations: &[Migration],
    storage: Storage,
) -> Result<(), DatabaseError> {
    // Most starts find nothing to do, and then wait for nobody.
    if is_up_to_date(connection, place, migrations).await? {
        return Ok(());
    }
    let steps = take(connection, place, migrations, storage);
    match tokio::time::timeout(PATIENCE, steps).await {
        Ok(result) => result,
        Err(_) => Err(place.error(&no_answer(PATIENCE))),
    }
}

/// Whether every step has been taken.
pub(super) async fn is_up_to_date(
    connection: &mut PgConnection,
    place: &Place,
    migrations: &[Migration],
) -> Result<bool, DatabaseError> {
    let look = async { Ok(taken(connection, place, migrations).await) };
    let looked: Result<_, sqlx::Error> = in_time(look).await;
    let taken = looked.map_err(|error| place.error(&error))??;
    Ok(taken == Some(migrations.len()))
}

/// How many steps have been taken, after a look at each of them; `None` in a new database.
async fn taken(
    connection: &mut PgConnection,
    place: &Place,
    migrations: &[Migration],
) -> Result<Option<usize>, DatabaseError> {
    // Not to_regclass: a connection that did not find the table once may go on not finding it after
    // another process has made it.
    let exists = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'schema_migrations'
                                 AND relnamespace = current_schema()::regnamespace)";
    let exists: bool = sqlx::query_scalar(exists)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| place.error(&error))?;
    if !exists {
        return Ok(None);
    }
    let rows: Vec<(i32, String, String)> =
        sqlx::query_as("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
            .fetch_all(connection)
            .await
            .map_err(|error| not_our_table(place, &error))?;
    if let Some((found, ..)) = rows.get(migrations.len()..).and_then(<[_]>::last) {
        return Err(DatabaseError::NewerSchema {
            place: place.clone(),
            found: *found,
            known: migrations.len(),
        });
    }
    for ((version, migration), (found, name, checksum)) in (1..).zip(migrations).zip(&rows) {
        if *found != version || *checksum != migration.checksum() {
            return Err(DatabaseError::ChangedMigration {
                place: place.clone(),
                version: *found,
                name: name.clone(),
            });
        }
    }
    Ok(Some(rows.len()))
}

/// Takes the steps in one transaction, of which at most one goes on in a database at a time.
async fn take(
    connection: &mut PgConnection,
    place: &Place,
    migrations: &[Migration],
    storage: Storage,
) -> Result<(), DatabaseError> {
    let failed = |error: sqlx::Error| place.error(&error);
    let mut transaction = connection.begin().await.map_err(failed)?;
    // To the end of the transaction only; the steps may take longer than ordinary work.
    sqlx::query(
        "SELECT set_config('statement_timeout', '0', true),
                set_config('exchange.storage', $1, true)",
    )
    .bind(storage.setting())
    .execute(&mut *transaction)
    .await
    .map_err(failed)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;

    // Again: whoever had the lock may have done it all.
    let taken = taken(&mut transaction, place, migrations).await?;
    if taken.is_none() {
        sqlx::raw_sql(TABLE)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    let taken = taken.unwrap_or(0);
    for (version, migration) in (1..).zip(migrations).skip(taken) {
        sqlx::raw_sql(migration.sql)
            .execute(&mut *transaction)
            .await
            .map_err(|error| step_failed(place, version, migration.name, &error))?;
        sqlx::query("INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)")
            .bind(version)
            .bind(migration.name)
            .bind(migration.checksum())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        tracing::info!(version, name = migration.name, "migrating the database");
    }
    transaction.commit().await.map_err(failed)
}

impl Migration {
    fn checksum(&self) -> String {
        hex(&Sha256::digest(self.sql))
    }
}

/// Other software calls its table so too, with other columns.
fn not_our_table(place: &Place, error: &sqlx::Error) -> DatabaseError {
    let undefined_column = error
        .as_database_error()
        .is_some_and(|error| error.code().as_deref() == Some("42703"));
    if undefined_column || matches!(error, sqlx::Error::ColumnDecode { .. }) {
        return DatabaseError::Foreign {
            place: place.clone(),
            cause: "another table is called schema_migrations".into(),
        };
    }
    place.error(error)
}

fn step_failed(
    place: &Place,
    version: i32,
    name: &'static str,
    error: &sqlx::Error,
) -> DatabaseError {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    // A table, a type or a function of that name is there already.
    let taken = matches!(code.as_deref(), Some("42P07" | "42710" | "42723"));
    match place.error(error) {
        DatabaseError::Failed { place, cause } if taken => DatabaseError::Foreign { place, cause },
        DatabaseError::Failed { place, cause } => DatabaseError::Migration {
            place,
            version,
            name,
            cause,
        },
        other => other,
    }
}

/// Says in the log how history is stored.
pub(super) async fn report_storage(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let row = sqlx::query(
        "SELECT (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'),
                to_regclass('timescaledb_information.hypertables') IS NOT NULL",
    )
    .fetch_one(&mut *connection)
    .await?;
    let (version, installed): (Option<String>, bool) = (row.try_get(0)?, row.try_get(1)?);
    // Being installed is not being used: it may have come after the tables.
    let used = installed
        && sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM timescaledb_information.hypertables
                            WHERE hypertable_schema = current_schema())",
        )
        .fetch_one(connection)
        .await?;
    match version {
        Some(version) if used => tracing::info!(version, "history is stored with TimescaleDB"),
        Some(_) => tracing::info!("history is stored without TimescaleDB: plain partitions"),
        None => tracing::info!("TimescaleDB is not available: plain partitions"),
    }
    Ok(())
}
