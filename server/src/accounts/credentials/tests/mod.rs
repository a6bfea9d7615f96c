//! Scenarios with a clock that moves when told.
//!
//! What each store must do is a function that takes a [`Desk`], and runs on both. What only one of
//! them can do is a test in `files` or in `gateways`.

mod api_keys;
mod files;
mod gateways;
mod listen_keys;
mod logins;
mod second_factor;
mod secrets;
mod sessions;
mod throttling;
mod trail;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use orderbook_core::AccountId;
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

use crate::postgres::testing::TestDatabase;

use super::passwords::Cost;
use super::postgres::Postgres;
use super::sqlite::Sqlite;
use super::store::Store;
use super::{ApiKey, Client, Credentials, CredentialsError, NewKey, OpenError, sign};

type Outcome = Result<(), Box<dyn Error>>;

const PASSWORD: &str = "correct horse battery";
/// Whoever asks, where that does not matter.
static HERE: Client = Client::LOCAL;
const START: u64 = 1_760_000_000_000;
const HOUR: u64 = 3_600_000;

macro_rules! on_both {
    ($($topic:ident::{$($scenario:ident),* $(,)?}),* $(,)?) => {
        mod in_files {
            $(mod $topic {
                use super::super::{Desk, Outcome, $topic};

                $(#[tokio::test]
                async fn $scenario() -> Outcome {
                    $topic::$scenario(Desk::in_files()?).await
                })*
            })*
        }

        mod in_a_database {
            $(mod $topic {
                use super::super::{Desk, Outcome, $topic};

                $(#[tokio::test]
                async fn $scenario() -> Outcome {
                    $topic::$scenario(Desk::in_a_database().await?).await
                })*
            })*
        }
    };
}

on_both! {
    logins::{a_user_registers_logs_in_and_logs_out, wrong_user_and_wrong_password_look_the_same, names_are_unique_in_any_case, names_and_passwords_keep_the_rules, hashing_is_bounded_and_the_overflow_refused, a_caller_who_gives_up_frees_the_place},
    sessions::{an_unused_session_expires_and_use_keeps_it, a_session_expires_after_thirty_days_of_use, use_is_noted_once_a_minute, the_oldest_session_gives_way, expired_sessions_are_forgotten, sessions_are_listed_and_revoked, a_rotated_session_has_another_token_and_no_more_time, a_new_password_ends_all_other_sessions, no_session_begins_with_a_password_that_was_changed_meanwhile},
    api_keys::{an_api_key_works_until_it_is_revoked, a_key_is_refused_even_when_its_removal_fails, an_account_has_so_many_keys_and_no_more, keys_need_an_owner_and_a_decent_label, a_secret_moved_to_another_key_is_noticed, a_public_key_needs_no_secret, a_key_has_scopes_and_networks, use_of_a_key_is_noted_now_and_then},
    listen_keys::{a_listen_key_is_good_for_an_hour_unless_kept, a_listen_key_ends_with_its_api_key, a_listen_key_of_a_refused_api_key_is_refused, a_listen_key_is_its_owners},
    second_factor::{a_login_needs_a_code_once_that_is_confirmed, a_code_is_good_once, a_recovery_code_is_good_once, a_second_factor_is_turned_off_with_a_code, a_proposal_changes_nothing},
    throttling::{the_sixth_wrong_password_has_to_wait, an_address_is_counted_over_all_names, wrong_codes_and_old_passwords_count_as_well},
    trail::{the_trail_tells_what_happened, the_trail_only_grows},
    secrets::{everything_survives_a_restart, no_secret_is_in_debug_output, the_master_key_must_be_there_and_be_the_right_one},
}

/// A place for a store, and the time.
struct Desk {
    /// Holds the files, or only the master key.
    directory: TempDir,
    database: Option<TestDatabase>,
    clock: Arc<AtomicU64>,
}

impl Desk {
    fn in_files() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            directory: TempDir::new()?,
            database: None,
            clock: Arc::new(AtomicU64::new(START)),
        })
    }

    async fn in_a_database() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            database: Some(TestDatabase::create().await?),
            ..Self::in_files()?
        })
    }

    async fn open(&self) -> Result<Credentials, OpenError> {
        self.open_with_key(&self.secret_key()).await
    }

    /// Opens the store as another process does that has this file for a master key.
    async fn open_with_key(&self, secret_key: &Path) -> Result<Credentials, OpenError> {
        let store: Box<dyn Store> = match &self.database {
            None => Box::new(Sqlite::open(self.directory())?),
            Some(database) => {
                let database = database.connect().await.expect("a database");
                Box::new(Postgres::connect(&database, secret_key).await?)
            }
        };
        let clock = Arc::clone(&self.clock);
        // As cheap as Argon2 gets: what it costs is not what these scenarios are about.
        let cost = Cost {
            memory_kib: 8,
            passes: 1,
        };
        Credentials::with(store, Box::new(move || clock.load(Ordering::SeqCst)), cost)
    }

    fn wait(&self, millis: u64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    fn secret_key(&self) -> PathBuf {
        self.file("secret.key")
    }

    /// Every byte of every file, the write-ahead log included.
    fn bytes(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut bytes = Vec::new();
        for entry in fs::read_dir(self.directory())? {
            bytes.extend(fs::read(entry?.path())?);
        }
        Ok(bytes)
    }

    /// Changes the tables behind the back of the store.
    async fn sql(&self, statements: &str) -> Outcome {
        match &self.database {
            None => self.connection()?.execute_batch(statements)?,
            Some(database) => database.sql(statements).await?,
        }
        Ok(())
    }

    /// What a query for one number finds.
    async fn number(&self, query: &str) -> Result<i64, Box<dyn Error>> {
        let number = match &self.database {
            None => self.connection()?.query_row(query, [], |row| row.get(0))?,
            Some(database) => {
                let database = database.connect().await?;
                sqlx::query_scalar(AssertSqlSafe(query))
                    .fetch_one(database.pool())
                    .await?
            }
        };
        Ok(number)
    }

    fn connection(&self) -> Result<rusqlite::Connection, rusqlite::Error> {
        rusqlite::Connection::open(self.file("accounts.sqlite"))
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

fn account(id: u64) -> AccountId {
    AccountId::new(id)
}

/// Whether a key was found, and takes what is signed with the secret.
fn takes(key: Option<Arc<ApiKey>>, secret: &str) -> bool {
    key.is_some_and(|key| key.verify(b"a=1", &sign(secret.as_bytes(), b"a=1")))
}

/// A key and its secret.
struct HmacKey {
    api_key: String,
    secret_key: String,
}

/// What most scenarios need, in short.
impl Credentials {
    async fn log_in(&self, username: &str, password: &str) -> Result<String, CredentialsError> {
        self.login(username, password, None, &HERE).await
    }

    async fn hmac_key(&self, owner: AccountId, label: &str) -> Result<HmacKey, CredentialsError> {
        let new = NewKey {
            label,
            ..NewKey::default()
        };
        let key = self.create_api_key(owner, new, &HERE).await?;
        Ok(HmacKey {
            api_key: key.api_key,
            secret_key: key.secret_key.expect("a secret was drawn"),
        })
    }
}
