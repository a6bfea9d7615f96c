//! The `SQLite` file: opening, the tables, and the one connection.
//!
//! One connection behind a mutex. Statements are few and small, writes come one at a time in
//! `SQLite` anyway, and no caller holds the lock while it hashes.
//!
//! One process has the directory open, so the API keys in its memory are the truth.

mod keys;
mod sessions;
mod users;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use orderbook_core::AccountId;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::data_dir::keep_wal;

use super::error::{CredentialsError, OpenError};
use super::keys::{ApiKey, ApiKeyInfo, Label, NewApiKey};
use super::sessions::TokenHash;
use super::store::Store;
use super::users::{User, Username};
use super::vault::{self, Vault};

use keys::Registry;

const DATABASE: &str = "accounts.sqlite";
const SECRET_KEY: &str = "secret.key";

/// "XACC", in the header of the file: what `file` and we tell our databases by.
const APPLICATION_ID: i32 = 0x5841_4343;
/// The version of the tables below.
const VERSION: i32 = 1;

const TABLES: &str = "
    CREATE TABLE users (
        -- AUTOINCREMENT: an id is never used again. The first is 1.
        account       INTEGER PRIMARY KEY AUTOINCREMENT,
        -- NOCASE folds ASCII, which is all a username has.
        username      TEXT NOT NULL UNIQUE COLLATE NOCASE,
        password_hash TEXT NOT NULL,
        created       INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE sessions (
        id         INTEGER PRIMARY KEY,
        token_hash BLOB NOT NULL UNIQUE,
        account    INTEGER NOT NULL REFERENCES users (account),
        created    INTEGER NOT NULL,
        last_used  INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX sessions_of_account ON sessions (account, id);
    CREATE INDEX sessions_by_age ON sessions (created);

    CREATE TABLE api_keys (
        id      INTEGER PRIMARY KEY,
        api_key TEXT NOT NULL UNIQUE,
        account INTEGER NOT NULL REFERENCES users (account),
        label   TEXT NOT NULL,
        secret  BLOB NOT NULL,
        created INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX api_keys_of_account ON api_keys (account, id);

    -- A known text sealed with the master key: tells the right key from a wrong one.
    CREATE TABLE master_key_check (
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        sealed BLOB NOT NULL
    ) STRICT;
";

/// The store in a data directory.
pub(super) struct Sqlite {
    shared: Arc<Shared>,
}

struct Shared {
    /// Used by one thread at a time.
    connection: Mutex<Connection>,
    vault: Vault,
    keys: Registry,
}

impl Sqlite {
    /// Opens database and master key in `directory`, or creates both.
    pub(super) fn open(directory: &Path) -> Result<Self, OpenError> {
        let (connection, vault) = open(directory)?;
        let keys = keys::load(&connection, &vault)?;
        let shared = Shared {
            connection: Mutex::new(connection),
            vault,
            keys,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Runs `work` where waiting for the disk holds up no other task. It runs to its end even
    /// when the caller goes away, so what is on disk and what is in memory stay in step.
    async fn blocking<T, F>(&self, work: F) -> Result<T, CredentialsError>
    where
        T: Send + 'static,
        F: FnOnce(&Shared, &mut Connection) -> Result<T, CredentialsError> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || {
            // A panic rolls its transaction back on the way out, so the connection stays good.
            let mut connection = shared
                .connection
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            work(&shared, &mut connection)
        })
        .await
        .map_err(|stopped| CredentialsError::Storage(stopped.into()))?
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn user(&self, username: &Username) -> Result<Option<User>, CredentialsError> {
        let username = username.clone();
        self.blocking(move |_, database| users::find(database, &username))
            .await
    }

    async fn add_user(
        &self,
        username: &Username,
        password_hash: String,
        now: i64,
    ) -> Result<AccountId, CredentialsError> {
        let username = username.clone();
        self.blocking(move |_, database| users::insert(database, &username, &password_hash, now))
            .await
    }

    async fn username(&self, account: AccountId) -> Result<Option<String>, CredentialsError> {
        self.blocking(move |_, database| users::name(database, account))
            .await
    }

    async fn users(&self) -> Result<Vec<(AccountId, String)>, CredentialsError> {
        self.blocking(|_, database| users::list(database)).await
    }

    async fn start_session(
        &self,
        token: TokenHash,
        account: AccountId,
        now: i64,
    ) -> Result<(), CredentialsError> {
        self.blocking(move |_, database| sessions::start(database, &token, account, now))
            .await
    }

    async fn resume_session(
        &self,
        token: TokenHash,
        now: i64,
    ) -> Result<AccountId, CredentialsError> {
        self.blocking(move |_, database| sessions::resume(database, &token, now))
            .await
    }

    async fn end_session(&self, token: TokenHash) -> Result<(), CredentialsError> {
        self.blocking(move |_, database| sessions::end(database, &token))
            .await
    }

    async fn forget_expired_sessions(&self, now: i64) -> Result<(), CredentialsError> {
        self.blocking(move |_, database| Ok(sessions::purge(database, now)?))
            .await
    }

    async fn create_key(
        &self,
        account: AccountId,
        label: Label,
        now: i64,
    ) -> Result<NewApiKey, CredentialsError> {
        self.blocking(move |shared, database| {
            keys::create(database, &shared.vault, &shared.keys, account, &label, now)
        })
        .await
    }

    async fn keys(&self, account: AccountId) -> Result<Vec<ApiKeyInfo>, CredentialsError> {
        self.blocking(move |_, database| keys::list(database, account))
            .await
    }

    async fn find_key(&self, api_key: &str) -> Result<Option<Arc<ApiKey>>, CredentialsError> {
        Ok(self.shared.keys.find(api_key))
    }

    async fn revoke_key(&self, account: AccountId, api_key: &str) -> Result<(), CredentialsError> {
        let api_key = api_key.to_owned();
        self.blocking(move |shared, database| {
            keys::revoke(database, &shared.keys, account, &api_key)
        })
        .await
    }
}

/// Opens database and master key in `directory`, or creates both.
fn open(directory: &Path) -> Result<(Connection, Vault), OpenError> {
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
    let is_new = inspect(&connection, &database)?;
    configure(&connection)?;
    if is_new {
        create_tables(&mut connection, &vault)?;
    }
    check_key(&connection, &vault, &secret_key)?;
    Ok((connection, vault))
}

/// Whether the tables have yet to be made. Changes nothing, so that a file we refuse stays as
/// it was.
fn inspect(connection: &Connection, path: &Path) -> Result<bool, OpenError> {
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
    match (application, version) {
        (0, 0) if tables == 0 => Ok(true),
        (APPLICATION_ID, VERSION) => Ok(false),
        (APPLICATION_ID, found) if found > VERSION => Err(OpenError::NewerVersion {
            found,
            supported: VERSION,
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

/// All in one transaction: the file has everything or is still empty.
fn create_tables(connection: &mut Connection, vault: &Vault) -> Result<(), OpenError> {
    let sealed = vault.check_value()?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLES)?;
    transaction.execute(
        "INSERT INTO master_key_check (id, sealed) VALUES (1, ?1)",
        [sealed],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

fn check_key(connection: &Connection, vault: &Vault, path: &Path) -> Result<(), OpenError> {
    let sealed: Vec<u8> =
        connection.query_row("SELECT sealed FROM master_key_check", [], |row| row.get(0))?;
    vault.check(&sealed, path)
}
