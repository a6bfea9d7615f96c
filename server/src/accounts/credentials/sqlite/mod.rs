//! The `SQLite` file: the one connection, and what is done with it.
//!
//! One connection behind a mutex. Statements are few and small, writes come one at a time in
//! `SQLite` anyway, and no caller holds the lock while it hashes.
//!
//! One process has the directory open, so the API keys in its memory are the truth.

mod audit;
mod keys;
mod listen_keys;
mod schema;
mod second_factor;
mod sessions;
mod users;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use orderbook_core::AccountId;
use rusqlite::Connection;

use super::audit::{Entry, Note};
use super::error::{CredentialsError, OpenError};
use super::keys::{ApiKey, ApiKeyInfo, Draft};
use super::listen_keys::{ListenKeyHash, StoredListenKey};
use super::second_factor::{CodeHash, StoredFactor};
use super::sessions::{SessionRow, TokenHash};
use super::store::Store;
use super::users::{User, Username};
use super::vault::Vault;

use keys::Registry;

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
        let (connection, vault) = schema::open(directory)?;
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
    fn vault(&self) -> &Vault {
        &self.shared.vault
    }

    async fn user(&self, username: &Username) -> Result<Option<User>, CredentialsError> {
        let username = username.clone();
        self.blocking(move |_, database| users::find(database, &username))
            .await
    }

    async fn add_user(
        &self,
        username: &Username,
        password_hash: String,
        note: Note,
    ) -> Result<AccountId, CredentialsError> {
        let username = username.clone();
        self.blocking(move |_, database| users::insert(database, &username, &password_hash, &note))
            .await
    }

    async fn username(&self, account: AccountId) -> Result<Option<String>, CredentialsError> {
        self.blocking(move |_, database| users::name(database, account))
            .await
    }

    async fn users(&self) -> Result<Vec<(AccountId, String)>, CredentialsError> {
        self.blocking(|_, database| users::list(database)).await
    }

    async fn password_hash(&self, account: AccountId) -> Result<Option<String>, CredentialsError> {
        self.blocking(move |_, database| users::password_hash(database, account))
            .await
    }

    async fn set_password(
        &self,
        account: AccountId,
        password_hash: String,
        keep: TokenHash,
        note: Note,
    ) -> Result<(), CredentialsError> {
        self.blocking(move |_, database| {
            users::set_password(database, account, &password_hash, &keep, &note)
        })
        .await
    }

    async fn start_session(
        &self,
        token: TokenHash,
        account: AccountId,
        password_hash: &str,
        note: Note,
    ) -> Result<(), CredentialsError> {
        let password_hash = password_hash.to_owned();
        self.blocking(move |_, database| {
            sessions::start(database, &token, account, &password_hash, &note)
        })
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

    async fn rotate_session(
        &self,
        old: TokenHash,
        new: TokenHash,
        now: i64,
    ) -> Result<(), CredentialsError> {
        self.blocking(move |_, database| sessions::rotate(database, &old, &new, now))
            .await
    }

    async fn sessions(
        &self,
        account: AccountId,
        now: i64,
    ) -> Result<Vec<SessionRow>, CredentialsError> {
        self.blocking(move |_, database| sessions::list(database, account, now))
            .await
    }

    async fn end_session(&self, token: TokenHash, note: Note) -> Result<(), CredentialsError> {
        self.blocking(move |_, database| sessions::end(database, &token, &note))
            .await
    }

    async fn revoke_session(
        &self,
        account: AccountId,
        id: u64,
        note: Note,
    ) -> Result<(), CredentialsError> {
        self.blocking(move |_, database| sessions::revoke(database, account, id, &note))
            .await
    }

    async fn revoke_other_sessions(
        &self,
        account: AccountId,
        keep: TokenHash,
        note: Note,
    ) -> Result<(), CredentialsError> {
        self.blocking(move |_, database| sessions::revoke_others(database, account, &keep, &note))
            .await
    }

    async fn forget_expired_sessions(&self, now: i64) -> Result<(), CredentialsError> {
        self.blocking(move |_, database| Ok(sessions::purge(database, now)?))
            .await
    }

    async fn create_key(
        &self,
        account: AccountId,
        draft: Draft,
        note: Note,
    ) -> Result<(), CredentialsError> {
        self.blocking(move |shared, database| {
            keys::create(database, &shared.keys, account, draft, &note)
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

    fn known_key(&self, api_key: &str) -> Option<Arc<ApiKey>> {
        self.shared.keys.find(api_key)
    }

    async fn note_key_uses(&self, now: i64) -> Result<(), CredentialsError> {
        self.blocking(move |shared, database| {
            keys::note_uses(database, &shared.keys.take_uses(), now)
        })
        .await
    }

    async fn revoke_key(
        &self,
        account: AccountId,
        api_key: &str,
        note: Note,
    ) -> Result<(), CredentialsError> {
        let api_key = api_key.to_owned();
        self.blocking(move |shared, database| {
            keys::revoke(database, &shared.keys, account, &api_key, &note)
        })
        .await
    }

    async fn open_listen_key(
        &self,
        account: AccountId,
        api_key: &str,
        new: StoredListenKey,
        now: i64,
    ) -> Result<Vec<u8>, CredentialsError> {
        let api_key = api_key.to_owned();
        self.blocking(move |_, database| listen_keys::open(database, account, &api_key, &new, now))
            .await
    }

    async fn keep_listen_key(
        &self,
        account: AccountId,
        listen_key: ListenKeyHash,
        now: i64,
    ) -> Result<bool, CredentialsError> {
        self.blocking(move |_, database| listen_keys::keep(database, account, &listen_key, now))
            .await
    }

    async fn close_listen_key(
        &self,
        account: AccountId,
        listen_key: ListenKeyHash,
    ) -> Result<bool, CredentialsError> {
        self.blocking(move |_, database| listen_keys::close(database, account, &listen_key))
            .await
    }

    async fn listen_key(
        &self,
        listen_key: ListenKeyHash,
        now: i64,
    ) -> Result<Option<(AccountId, String)>, CredentialsError> {
        self.blocking(move |_, database| listen_keys::find(database, &listen_key, now))
            .await
    }

    async fn factor(&self, account: AccountId) -> Result<Option<StoredFactor>, CredentialsError> {
        self.blocking(move |_, database| second_factor::find(database, account))
            .await
    }

    async fn propose_factor(
        &self,
        account: AccountId,
        sealed: Vec<u8>,
    ) -> Result<bool, CredentialsError> {
        self.blocking(move |_, database| second_factor::propose(database, account, &sealed))
            .await
    }

    async fn confirm_factor(
        &self,
        account: AccountId,
        sealed: Vec<u8>,
        step: i64,
        recovery_codes: Vec<CodeHash>,
        note: Note,
    ) -> Result<bool, CredentialsError> {
        self.blocking(move |_, database| {
            second_factor::confirm(database, account, &sealed, step, &recovery_codes, &note)
        })
        .await
    }

    async fn use_step(&self, account: AccountId, step: i64) -> Result<bool, CredentialsError> {
        self.blocking(move |_, database| second_factor::use_step(database, account, step))
            .await
    }

    async fn use_recovery_code(
        &self,
        account: AccountId,
        code: CodeHash,
    ) -> Result<bool, CredentialsError> {
        self.blocking(move |_, database| second_factor::use_recovery_code(database, account, &code))
            .await
    }

    async fn drop_factor(&self, account: AccountId, note: Note) -> Result<(), CredentialsError> {
        self.blocking(move |_, database| second_factor::remove(database, account, &note))
            .await
    }

    async fn record(&self, account: AccountId, note: Note) -> Result<(), CredentialsError> {
        self.blocking(move |_, database| Ok(audit::append(database, account, &note)?))
            .await
    }

    async fn audit(
        &self,
        account: AccountId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>, CredentialsError> {
        self.blocking(move |_, database| audit::list(database, account, before, limit))
            .await
    }
}
