//! Opening the file and bringing its schema up to date.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::data_dir::keep_wal;
use crate::store::StoreError;

/// "XHIS": tells our files from others'.
const APPLICATION_ID: i32 = 0x5848_4953;

/// What has to be run to get from nothing to the present schema. Its version is how many of them
/// have been run; released ones never change.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_history.sql"),
    include_str!("../../../migrations/sqlite/0002_terms_of_orders.sql"),
    include_str!("../../../migrations/sqlite/0003_assets_of_fees.sql"),
];

/// How many statements a connection remembers: all there are.
const STATEMENTS: usize = 32;

/// How much of the file a connection keeps in memory. Rows of one account and one order are spread
/// over the whole file; the two megabytes that are usual would be read again and again.
const CACHE_KIBIBYTES: i64 = 32 * 1024;

/// How long the WAL may become before a commit moves it into the file. The usual thousand pages are
/// less than one large write, of which every one would then wait for the disk.
const WAL_PAGES: i64 = 8_192;

/// A connection that writes, and one that reads.
pub(super) fn open(file: &Path) -> Result<(Connection, Connection), StoreError> {
    let path = file.display().to_string();
    let storage = |error: rusqlite::Error| StoreError::Storage {
        store: path.clone(),
        what: "opened",
        cause: error.to_string(),
    };
    // Without the flag for URIs: the path is a path, whatever it starts with.
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let write = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut writing = Connection::open_with_flags(file, flags | write).map_err(storage)?;
    keep_wal(&writing).map_err(storage)?;
    let version = inspect(&writing, &path, MIGRATIONS.len())?;
    configure(&writing).map_err(storage)?;
    migrate(&mut writing, version, MIGRATIONS).map_err(storage)?;

    let read = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let reading = Connection::open_with_flags(file, flags | read).map_err(storage)?;
    for connection in [&writing, &reading] {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection
            .pragma_update(None, "cache_size", -CACHE_KIBIBYTES)
            .map_err(storage)?;
    }
    Ok((writing, reading))
}

/// The version of the schema, 0 where there is none yet. Changes nothing, so that a file we refuse
/// stays as it was.
fn inspect(connection: &Connection, path: &str, newest: usize) -> Result<usize, StoreError> {
    let foreign = |what| StoreError::Foreign {
        path: path.into(),
        what,
    };
    let storage = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => foreign("it is no database"),
        _ => StoreError::Storage {
            store: path.into(),
            what: "opened",
            cause: error.to_string(),
        },
    };
    let pragma = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i32>(0))
            .map_err(storage)
    };
    let (application_id, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(storage)?;
    if (application_id, version, tables) == (0, 0, 0) {
        return Ok(0);
    }
    if application_id != APPLICATION_ID {
        return Err(foreign("it is another application's database"));
    }
    match usize::try_from(version) {
        Ok(known) if (1..=newest).contains(&known) => Ok(known),
        Ok(later) if later > newest => Err(StoreError::NewerSchema {
            path: path.into(),
            found: version,
            supported: i32::try_from(newest).unwrap_or(i32::MAX),
        }),
        _ => Err(foreign("its version is none that ever was")),
    }
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    // A power failure may take the newest commits with it, but whole: cursor and rows go back
    // together, and what is missing is in the command log.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)
}

/// Runs what is missing, in one transaction: the file has the new schema or still the old one.
fn migrate(
    connection: &mut Connection,
    version: usize,
    migrations: &[&str],
) -> rusqlite::Result<()> {
    let missing = &migrations[version..];
    if missing.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in missing {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    let newest = i32::try_from(migrations.len()).unwrap_or(i32::MAX);
    transaction.pragma_update(None, "user_version", newest)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn what_is_not_ours_is_refused_by_name_and_left_alone() -> TestResult {
        let foreign = [
            ("CREATE TABLE mine (x)", "another application"),
            ("PRAGMA application_id = 7", "another application"),
            ("PRAGMA user_version = 1", "another application"),
            (
                "PRAGMA application_id = 0x58484953; PRAGMA user_version = 9",
                "has version 9, this program knows versions up to 3",
            ),
            (
                "PRAGMA application_id = 0x58484953; PRAGMA user_version = -1",
                "none that ever was",
            ),
            ("PRAGMA application_id = 0x58484953", "none that ever was"),
        ];
        for (sql, expected) in foreign {
            let dir = tempfile::tempdir()?;
            let file = dir.path().join("history.sqlite");
            Connection::open(&file)?.execute_batch(sql)?;
            let before = std::fs::read(&file)?;
            let error = open(&file).expect_err(sql).to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains("history.sqlite"), "{error}");
            assert!(std::fs::read(&file)? == before, "the file has changed");
        }
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("history.sqlite");
        std::fs::write(&file, "no database at all, however long one looks at it")?;
        let error = open(&file).expect_err("garbage").to_string();
        assert!(error.contains("it is no database"), "{error}");
        Ok(())
    }

    #[test]
    fn an_older_schema_is_upgraded_whole_or_not_at_all() -> TestResult {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("history.sqlite");
        drop(open(&file)?);
        let mut connection = Connection::open(&file)?;
        let upgrade = |second| [MIGRATIONS, &["CREATE TABLE new (x)", second]].concat();
        let broken = upgrade("CREATE TABLE candles (twice)");
        assert_eq!(inspect(&connection, "it", broken.len())?, MIGRATIONS.len());
        migrate(&mut connection, MIGRATIONS.len(), &broken).expect_err("the table is there");
        assert_eq!(inspect(&connection, "it", broken.len())?, MIGRATIONS.len());
        connection
            .prepare("SELECT * FROM new")
            .expect_err("rolled back");

        let good = upgrade("CREATE TABLE newer (x)");
        migrate(&mut connection, MIGRATIONS.len(), &good)?;
        assert_eq!(inspect(&connection, "it", good.len())?, good.len());
        connection.prepare("SELECT * FROM new, newer")?;
        // This release is now the older one.
        drop(connection);
        let error = open(&file).expect_err("newer").to_string();
        assert!(error.contains("has version 5"), "{error}");
        Ok(())
    }
}
