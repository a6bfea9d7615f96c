//! Opening the file and bringing its schema up to date.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::data_dir::keep_wal;

use super::super::error::OpenError;
use super::super::vault::{self, Vault};

const DATABASE: &str = "accounts.sqlite";
const SECRET_KEY: &str = "secret.key";

/// "XACC", in the header of the file: what `file` and we tell our databases by.
const APPLICATION_ID: i32 = 0x5841_4343;

/// What has to be run to get from nothing to the present schema. Its version is how many of them
/// have been run; released ones never change.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../../migrations/accounts/0001_users.sql"),
    include_str!("../../../../migrations/accounts/0002_proofs.sql"),
];

/// Opens database and master key in `directory`, or creates both.
pub(super) fn open(directory: &Path) -> Result<(Connection, Vault), OpenError> {
    fs::create_dir_all(directory).map_err(OpenError::file(directory))?;
    let database = directory.join(DATABASE);
    let secret_key = directory.join(SECRET_KEY);
    let exists = database.try_exists().map_err(OpenError::file(&database))?;

    // The key first: a first start that ends half-way leaves a key without a database, which
    // the next start takes up, and never a database without its key.
    let vault = Vault::open(&secret_key, exists)?;
    if !exists {
        // SQLite would create it readable by all; its -wal and -shm take after it.
        vault::create_private(&database)
            .and_then(|_| vault::sync_directory_of(&database))
            .map_err(OpenError::file(&database))?;
    }

    // Without the flag for URIs: the path is a path, whatever it starts with.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&database, flags)?;
    keep_wal(&connection)?;
    let version = inspect(&connection, &database, MIGRATIONS.len())?;
    configure(&connection)?;
    if version > 0 {
        check_key(&connection, &vault, &secret_key)?;
    }
    migrate(&mut connection, version, &vault)?;
    Ok((connection, vault))
}

/// The version of the schema, 0 where there is none yet. Changes nothing, so that a file we refuse
/// stays as it was.
fn inspect(connection: &Connection, path: &Path, newest: usize) -> Result<usize, OpenError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = match pragma("application_id") {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(OpenError::NotAccounts(path.to_owned()));
        }
        application => application?,
    };
    let version = pragma("user_version")?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, usize::try_from(version)) {
        (0, Ok(0)) if tables == 0 => Ok(0),
        (APPLICATION_ID, Ok(known)) if (1..=newest).contains(&known) => Ok(known),
        (APPLICATION_ID, Ok(later)) if later > newest => Err(OpenError::NewerVersion {
            found: version,
            supported: i32::try_from(newest).unwrap_or(i32::MAX),
        }),
        _ => Err(OpenError::NotAccounts(path.to_owned())),
    }
}

fn configure(connection: &Connection) -> Result<(), OpenError> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenError::Storage(
            format!("the file system allows no write-ahead log, only {mode}").into(),
        ));
    }
    // WAL syncs at checkpoints only by default; a revoked key must stay revoked.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

/// Runs what is missing, in one transaction: the file has the new schema or still the old one.
fn migrate(connection: &mut Connection, version: usize, vault: &Vault) -> Result<(), OpenError> {
    let missing = &MIGRATIONS[version..];
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if missing.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in missing {
        transaction.execute_batch(migration)?;
    }
    if version == 0 {
        transaction.execute(
            "INSERT INTO master_key_check (id, sealed) VALUES (1, ?1)",
            [vault.check_value()?],
        )?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.pragma_update(None, "user_version", newest)?;
    transaction.commit()?;
    Ok(())
}

fn check_key(connection: &Connection, vault: &Vault, path: &Path) -> Result<(), OpenError> {
    let sealed: Vec<u8> =
        connection.query_row("SELECT sealed FROM master_key_check", [], |row| row.get(0))?;
    vault.check(&sealed, path)
}
