//! Who may use the exchange: users, password hashes, sessions and API keys.
//!
//! A database holds everything, and a file, `secret.key`, the key that the HMAC secrets in it are
//! sealed with. They are kept apart from the command log because they must change and forget, and
//! a log does neither. The database is `accounts.sqlite` in the data directory of a single process,
//! or a PostgreSQL database that several processes share.
//!
//! | Thing | At rest |
//! |---|---|
//! | password | Argon2id, as a PHC string |
//! | session token | SHA-256; the token is random, so a fast hash is enough |
//! | secret of an API key, of a second factor | `XChaCha20Poly1305`, because checking needs it in clear |
//! | public key of an API key | the same, so that nobody can put another in its place |
//! | listen key | SHA-256, and `XChaCha20Poly1305`, because it is told again |
//! | recovery code | SHA-256, as it is random |
//!
//! Times are milliseconds since the Unix epoch. Account ids count up from 1 and are never
//! used twice; 0 is the fee account of the engine and has no user.
//!
//! [`Credentials::find_api_key`] answers from memory, as every signed request asks it; all else
//! asks the database. With `SQLite` the keys in memory are the truth, because whoever opens the
//! directory holds its lock. With PostgreSQL they follow what other processes do; how closely is
//! told in [`postgres`].
//!
//! What happens to the credentials of an account is noted in its trail, in the same transaction.
//! Guessing is made slow in [`throttle`], in memory.
//!
//! Not here: what is signed, cookies, and limits on what is no guess.

mod audit;
mod bounds;
mod client;
mod error;
mod gate;
mod housekeeping;
mod keys;
mod listen_keys;
mod logins;
mod passwords;
mod postgres;
mod random;
mod second_factor;
mod sessions;
mod sqlite;
mod store;
#[cfg(test)]
mod tests;
mod throttle;
mod users;
mod vault;
mod verifier;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use orderbook_core::AccountId;
use zeroize::Zeroizing;

pub(crate) use audit::{Entry, Event, MOST_ENTRIES};
pub(crate) use bounds::{Scope, Scopes};
pub(crate) use client::Client;
pub(crate) use error::{CredentialsError, OpenError};
pub(crate) use keys::{ApiKey, ApiKeyInfo, NewKey};
pub(crate) use sessions::SessionInfo;
pub(crate) use verifier::sign;

use crate::postgres::Database;

use housekeeping::Housekeeping;
use passwords::{Cost, Hashing};
use postgres::Postgres;
use sqlite::Sqlite;
use store::Store;
use throttle::Throttle;
use users::Username;

/// The users of the exchange and what they prove themselves with. Clones share one store.
#[derive(Clone)]
pub(crate) struct Credentials {
    inner: Arc<Inner>,
}

struct Inner {
    store: Box<dyn Store>,
    hashing: Hashing,
    throttle: Throttle,
    clock: Clock,
    _housekeeping: Housekeeping,
}

/// Milliseconds since the Unix epoch.
type Clock = Box<dyn Fn() -> u64 + Send + Sync>;

impl Credentials {
    /// Opens the store in `data_dir`; the first time creates the directory, the database and
    /// the master key.
    ///
    /// # Errors
    ///
    /// When a file cannot be used, the database is of a newer version or of another program,
    /// or the master key is missing or not the one of this database.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, OpenError> {
        let store = Sqlite::open(data_dir)?;
        Self::with(Box::new(store), Box::new(system_millis), Cost::PRODUCTION)
    }

    /// Opens the store in `database`, which other processes may have open as well, with the master
    /// key in the file `secret_key`. The first process ever creates the master key.
    ///
    /// # Errors
    ///
    /// When the file or the database cannot be used, or the master key is missing or not the one
    /// of this database.
    pub(crate) async fn connect(database: &Database, secret_key: &Path) -> Result<Self, OpenError> {
        let store = Postgres::connect(database, secret_key).await?;
        Self::with(Box::new(store), Box::new(system_millis), Cost::PRODUCTION)
    }

    /// The time and the price of a password hash are chosen by tests.
    fn with(store: Box<dyn Store>, clock: Clock, cost: Cost) -> Result<Self, OpenError> {
        let hashing = Hashing::new(cost).map_err(OpenError::Storage)?;
        let inner = Arc::new_cyclic(|inner| Inner {
            store,
            hashing,
            throttle: Throttle::new(),
            clock,
            _housekeeping: Housekeeping::start(inner.clone()),
        });
        Ok(Self { inner })
    }

    /// Adds a user and names the account that goes with it.
    ///
    /// # Errors
    ///
    /// `InvalidUsername`, `InvalidPassword`, `UsernameTaken`, `Busy`, `Storage`.
    pub(crate) async fn register(
        &self,
        username: &str,
        password: &str,
        client: &Client,
    ) -> Result<AccountId, CredentialsError> {
        let username = Username::parse(username).ok_or(CredentialsError::InvalidUsername)?;
        passwords::check(password).map_err(CredentialsError::InvalidPassword)?;
        let password = Zeroizing::new(password.to_owned());

        // Asked before hashing, or anyone could keep the hashing busy with names that are taken.
        if self.inner.store.user(&username).await?.is_some() {
            return Err(CredentialsError::UsernameTaken);
        }

        let turn = self.inner.hashing.turn().await?;
        let hash = self
            .hashing(move |hashing| hashing.hash(turn, &password))
            .await?;
        let note = self.note(Event::Registered, client);
        let account = self.inner.store.add_user(&username, hash, note).await?;
        tracing::info!(account = account.get(), "user registered");
        Ok(account)
    }

    /// What the user of an account is called, as registered.
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn username(
        &self,
        account: AccountId,
    ) -> Result<Option<String>, CredentialsError> {
        self.inner.store.username(account).await
    }

    /// All users with their names as registered, by ascending account.
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn users(&self) -> Result<Vec<(AccountId, String)>, CredentialsError> {
        self.inner.store.users().await
    }

    /// Hashes where it holds up no other task.
    async fn hashing<T, F>(&self, work: F) -> Result<T, CredentialsError>
    where
        T: Send + 'static,
        F: FnOnce(&Hashing) -> Result<T, CredentialsError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner.hashing))
            .await
            .map_err(|stopped| CredentialsError::Storage(stopped.into()))?
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Inner {
    fn now(&self) -> i64 {
        column((self.clock)())
    }

    /// Notes which API keys were used.
    async fn note_key_uses(&self) -> Result<(), CredentialsError> {
        self.store.note_key_uses(self.now()).await
    }
}

fn system_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}

/// The databases have signed integers only. What does not fit becomes a number nothing is stored
/// under: ids and times of that size do not occur.
fn column(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The reverse of [`column()`].
fn uncolumn(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
