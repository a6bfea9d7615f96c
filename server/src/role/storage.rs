//! Where users and history are kept: in the data directory, or in PostgreSQL.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::accounts::Credentials;
use crate::postgres::Database;
use crate::store::{PostgresStore, SqliteStore, Store};

/// The name of the key in a data directory.
const SECRET_KEY: &str = "secret.key";

/// What a process keeps besides the log.
pub(super) struct Storage {
    pub(super) credentials: Credentials,
    pub(super) store: Arc<dyn Store>,
    /// For messages: what holds the users.
    pub(super) users_are_in: &'static str,
}

impl Storage {
    /// Opens files in the data directory.
    pub(super) fn embedded(data_dir: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            credentials: Credentials::open(data_dir)?,
            store: Arc::new(SqliteStore::open(data_dir)?),
            users_are_in: "accounts.sqlite",
        })
    }

    /// Uses a PostgreSQL.
    pub(super) async fn postgres(database: &Database, secret_key: &Path) -> anyhow::Result<Self> {
        let credentials = Credentials::connect(database, secret_key)
            .await
            .context("the users in --store cannot be used")?;
        Ok(Self {
            credentials,
            store: Arc::new(PostgresStore::new(database)),
            users_are_in: "the database of --store",
        })
    }
}

/// The key file of a process with a data directory.
pub(super) fn secret_key(named: Option<PathBuf>, data_dir: &Path) -> PathBuf {
    named.unwrap_or_else(|| data_dir.join(SECRET_KEY))
}
