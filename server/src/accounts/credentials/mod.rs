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
//! | secret of an API key | `XChaCha20Poly1305`, because signatures need it in clear |
//!
//! Times are milliseconds since the Unix epoch. Account ids count up from 1 and are never
//! used twice; 0 is the fee account of the engine and has no user.
//!
//! [`Credentials::find_api_key`] answers from memory, as every signed request asks it; all else
//! asks the database. With `SQLite` the keys in memory are the truth, because whoever opens the
//! directory holds its lock. With PostgreSQL they follow what other processes do; how closely is
//! told in [`postgres`].
//!
//! Not here: checking a signature, cookies, and limits per client address.

mod error;
mod gate;
mod keys;
mod passwords;
mod postgres;
mod random;
mod sessions;
mod sqlite;
mod store;
#[cfg(test)]
mod tests;
mod users;
mod vault;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use orderbook_core::AccountId;
use zeroize::Zeroizing;

pub(crate) use error::{CredentialsError, OpenError};
pub(crate) use keys::{ApiKey, ApiKeyInfo, NewApiKey};

use crate::postgres::Database;

use keys::Label;
use passwords::{Cost, Hashing};
use postgres::Postgres;
use sqlite::Sqlite;
use store::Store;
use users::Username;

/// The users of the exchange and what they prove themselves with. Clones share one store.
#[derive(Clone)]
pub(crate) struct Credentials {
    inner: Arc<Inner>,
}

struct Inner {
    store: Box<dyn Store>,
    hashing: Hashing,
    clock: Clock,
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
        let inner = Inner {
            store,
            hashing: Hashing::new(cost).map_err(OpenError::Storage)?,
            clock,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Forgets sessions that are over. Not done when the store is opened: that changes nothing, so
    /// that a start which is refused leaves the database as it was.
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn forget_expired_sessions(&self) -> Result<(), CredentialsError> {
        let now = self.inner.now();
        self.inner.store.forget_expired_sessions(now).await
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
        let now = self.inner.now();
        let account = self.inner.store.add_user(&username, hash, now).await?;
        tracing::info!(account = account.get(), "user registered");
        Ok(account)
    }

    /// Opens a session and returns its token, which is stored nowhere else. The oldest session
    /// of an account gives way when there are too many.
    ///
    /// # Errors
    ///
    /// `WrongCredentials` for an unknown user as for a wrong password, after the same work;
    /// `Busy`, `Storage`.
    pub(crate) async fn login(
        &self,
        username: &str,
        password: &str,
    ) -> Result<String, CredentialsError> {
        // No stored password breaks the rule, so this tells nothing about who exists.
        if passwords::check(password).is_err() {
            return Err(CredentialsError::WrongCredentials);
        }
        let password = Zeroizing::new(password.to_owned());
        let username = Username::parse(username);

        let turn = self.inner.hashing.turn().await?;
        let user = match &username {
            Some(username) => self.inner.store.user(username).await?,
            None => None,
        };
        let (account, hash) = user.map(|user| (user.account, user.password_hash)).unzip();
        let matches = self
            .hashing(move |hashing| hashing.verify(turn, &password, hash.as_deref()))
            .await?;
        let Some(account) = account.filter(|_| matches) else {
            return Err(CredentialsError::WrongCredentials);
        };
        let (token, hash) = sessions::draw()?;
        let now = self.inner.now();
        self.inner.store.start_session(hash, account, now).await?;
        Ok(token)
    }

    /// Whose session `token` is; counts as use of the session.
    ///
    /// # Errors
    ///
    /// `InvalidSession` when there is none, it ended, or it expired; `Storage`.
    pub(crate) async fn session(&self, token: &str) -> Result<AccountId, CredentialsError> {
        let token = sessions::digest(token).ok_or(CredentialsError::InvalidSession)?;
        let now = self.inner.now();
        self.inner.store.resume_session(token, now).await
    }

    /// Ends a session. Ending one that is over already is no error.
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn logout(&self, token: &str) -> Result<(), CredentialsError> {
        let Some(token) = sessions::digest(token) else {
            return Ok(());
        };
        self.inner.store.end_session(token).await
    }

    /// Makes an API key, usable at once. The secret is shown here and never again.
    ///
    /// # Errors
    ///
    /// `InvalidLabel`, `TooManyKeys`, `Storage` (also for an account without a user).
    pub(crate) async fn create_api_key(
        &self,
        account: AccountId,
        label: &str,
    ) -> Result<NewApiKey, CredentialsError> {
        let label = Label::parse(label).ok_or(CredentialsError::InvalidLabel)?;
        let now = self.inner.now();
        let key = self.inner.store.create_key(account, label, now).await?;
        tracing::info!(account = account.get(), "API key created");
        Ok(key)
    }

    /// The API keys of an account, oldest first, without their secrets.
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn api_keys(
        &self,
        account: AccountId,
    ) -> Result<Vec<ApiKeyInfo>, CredentialsError> {
        self.inner.store.keys(account).await
    }

    /// Removes an API key; this process accepts no request signed with it once this returns,
    /// whatever it returns. Only after `Storage` the key may be back at the next start, and in other
    /// processes it may never have gone: revoke it again.
    ///
    /// # Errors
    ///
    /// `UnknownKey` when the account has no such key, `Storage`.
    pub(crate) async fn revoke_api_key(
        &self,
        account: AccountId,
        api_key: &str,
    ) -> Result<(), CredentialsError> {
        self.inner.store.revoke_key(account, api_key).await?;
        tracing::info!(account = account.get(), "API key revoked");
        Ok(())
    }

    /// The API key of that name, or `None` when it never was or was revoked. A key that is in
    /// memory costs no more than the look; others are asked for where processes share a database.
    ///
    /// # Errors
    ///
    /// `Busy` when too many unknown keys are asked for at once, `Storage`.
    pub(crate) async fn find_api_key(
        &self,
        api_key: &str,
    ) -> Result<Option<Arc<ApiKey>>, CredentialsError> {
        self.inner.store.find_key(api_key).await
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
