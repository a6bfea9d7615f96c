//! Who may use the exchange: users, password hashes, sessions and API keys.
//!
//! Two files of the data directory: `accounts.sqlite` holds everything, `secret.key` the key
//! that the HMAC secrets in it are sealed with. They are kept apart from the command log
//! because they must change and forget, and a log does neither.
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
//! [`Credentials::find_api_key`] answers from memory, as every signed request asks it; all
//! else reads the database on a blocking thread. The keys in memory are the truth only while
//! one process has the directory open, so whoever opens it holds the directory's lock.
//!
//! Not here: checking a signature, cookies, and limits per client address.

mod error;
mod keys;
mod passwords;
mod random;
mod sessions;
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

use keys::{Label, Registry};
use passwords::{Cost, Hashing};
use store::Store;
use users::Username;
use vault::Vault;

/// The users of the exchange and what they prove themselves with. Clones share one store.
#[derive(Clone)]
pub(crate) struct Credentials {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    vault: Vault,
    keys: Registry,
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
        Self::open_with(data_dir, Box::new(system_millis), Cost::PRODUCTION)
    }

    /// [`open`](Self::open) with the time and the price of a password hash chosen by a test.
    fn open_with(data_dir: &Path, clock: Clock, cost: Cost) -> Result<Self, OpenError> {
        let (store, vault) = store::open(data_dir)?;
        let hashing = Hashing::new(cost).map_err(OpenError::Storage)?;
        let keys = {
            let database = store.lock();
            keys::load(&database, &vault)?
        };
        let inner = Inner {
            store,
            vault,
            keys,
            hashing,
            clock,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Forgets sessions that are over. Not done by [`open`](Self::open): it changes nothing, so
    /// that a start which is refused leaves the database as it was.
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn forget_expired_sessions(&self) -> Result<(), CredentialsError> {
        self.blocking(|inner| {
            let now = column((inner.clock)());
            Ok(sessions::purge(&inner.store.lock(), now)?)
        })
        .await
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
        let wanted = username.clone();
        if self
            .blocking(move |inner| users::find(&inner.store.lock(), &wanted))
            .await?
            .is_some()
        {
            return Err(CredentialsError::UsernameTaken);
        }

        let turn = self.inner.hashing.turn().await?;
        let account = self
            .blocking(move |inner| {
                let hash = inner.hashing.hash(turn, &password)?;
                users::insert(&inner.store.lock(), &username, &hash, inner.now())
            })
            .await?;
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
        self.blocking(move |inner| {
            let user = match &username {
                Some(username) => users::find(&inner.store.lock(), username)?,
                None => None,
            };
            let hash = user.as_ref().map(|user| user.password_hash.as_str());
            let matches = inner.hashing.verify(turn, &password, hash)?;
            match user {
                Some(user) if matches => {
                    sessions::start(&mut inner.store.lock(), user.account, inner.now())
                }
                _ => Err(CredentialsError::WrongCredentials),
            }
        })
        .await
    }

    /// Whose session `token` is; counts as use of the session.
    ///
    /// # Errors
    ///
    /// `InvalidSession` when there is none, it ended, or it expired; `Storage`.
    pub(crate) async fn session(&self, token: &str) -> Result<AccountId, CredentialsError> {
        let token = sessions::digest(token).ok_or(CredentialsError::InvalidSession)?;
        self.blocking(move |inner| sessions::resume(&inner.store.lock(), &token, inner.now()))
            .await
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
        self.blocking(move |inner| sessions::end(&inner.store.lock(), &token))
            .await
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
        let key = self
            .blocking(move |inner| {
                let mut database = inner.store.lock();
                let now = inner.now();
                keys::create(
                    &mut database,
                    &inner.vault,
                    &inner.keys,
                    account,
                    &label,
                    now,
                )
            })
            .await?;
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
        self.blocking(move |inner| keys::list(&inner.store.lock(), account))
            .await
    }

    /// Removes an API key; no request signed with it is accepted once this returns, whatever it
    /// returns. Only after `Storage` the key may be back at the next start: revoke it again.
    ///
    /// # Errors
    ///
    /// `UnknownKey` when the account has no such key, `Storage`.
    pub(crate) async fn revoke_api_key(
        &self,
        account: AccountId,
        api_key: &str,
    ) -> Result<(), CredentialsError> {
        let api_key = api_key.to_owned();
        self.blocking(move |inner| {
            let database = inner.store.lock();
            keys::revoke(&database, &inner.keys, account, &api_key)
        })
        .await?;
        tracing::info!(account = account.get(), "API key revoked");
        Ok(())
    }

    /// The API key of that name, or `None` when it never was or was revoked. Reads memory only.
    pub(crate) fn find_api_key(&self, api_key: &str) -> Option<Arc<ApiKey>> {
        self.inner.keys.find(api_key)
    }

    /// All users with their names as registered, by ascending account.
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn users(&self) -> Result<Vec<(AccountId, String)>, CredentialsError> {
        self.blocking(|inner| users::list(&inner.store.lock()))
            .await
    }

    /// Runs `work` where waiting for the disk holds up no other task. It runs to its end even
    /// when the caller goes away, so what is on disk and what is in memory stay in step.
    async fn blocking<T, F>(&self, work: F) -> Result<T, CredentialsError>
    where
        T: Send + 'static,
        F: FnOnce(&Inner) -> Result<T, CredentialsError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner))
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

/// `SQLite` has signed integers only. What does not fit becomes a number nothing is stored
/// under: ids and times of that size do not occur.
fn column(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The reverse of [`column()`].
fn uncolumn(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
