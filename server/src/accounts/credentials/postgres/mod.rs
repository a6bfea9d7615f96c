//! The PostgreSQL database, which several processes share.
//!
//! Sessions and users are read from it each time, so what one process does holds for all at once.
//! API keys are kept in memory:
//!
//! * A key that is not there is looked up, so one that was made elsewhere works at once. Only names
//!   that could be keys are, and only a few at a time.
//! * A key revoked here is refused here at once. One revoked elsewhere is refused within a second:
//!   twice a second a task reads what was revoked since, which the database numbers in the order in
//!   which it becomes visible.
//! * While the database cannot be reached, the keys in memory go on working, however long that
//!   takes, and the log says since when. Nobody can revoke a key in a database that is down; only a
//!   process that is cut off from it alone misses what others revoke meanwhile. To end trading
//!   after some minutes would turn every outage of the database into one of the exchange.

mod audit;
mod follow;
mod keys;
mod known;
mod listen_keys;
mod second_factor;
mod sessions;
mod users;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use orderbook_core::AccountId;
use sqlx::PgPool;

use crate::postgres::{Database, in_time};

use super::audit::{Entry, Note};
use super::error::{CredentialsError, OpenError};
use super::gate::Gate;
use super::keys::{ApiKey, ApiKeyInfo, Draft, well_formed};
use super::listen_keys::{ListenKeyHash, StoredListenKey};
use super::second_factor::{CodeHash, StoredFactor};
use super::sessions::{SessionRow, TokenHash};
use super::store::Store;
use super::users::{User, Username};
use super::vault::Vault;

use follow::Follower;
use known::{KnownKeys, Learned};

/// How many unknown API keys are looked up at the same time.
pub(super) const LOOK_UPS: usize = 4;
/// How many more may wait for their turn.
pub(super) const WAITING: usize = 64;

/// The store in a PostgreSQL database.
pub(super) struct Postgres {
    pool: PgPool,
    vault: Vault,
    known: Arc<KnownKeys>,
    look_ups: Gate,
    _follower: Follower,
}

impl Postgres {
    /// Opens database and master key; the first process ever creates the master key.
    pub(super) async fn connect(database: &Database, secret_key: &Path) -> Result<Self, OpenError> {
        let pool = database.pool().clone();
        let vault = in_time(unlock(&pool, secret_key)).await?;
        let known = Arc::new(in_time(keys::load(&pool, &vault)).await?);
        Ok(Self {
            look_ups: Gate::new(LOOK_UPS, WAITING),
            _follower: Follower::start(pool.clone(), Arc::clone(&known)),
            pool,
            vault,
            known,
        })
    }

    /// Asks the database for a key that is not in memory.
    async fn look_up(&self, api_key: &str) -> Result<Option<Arc<ApiKey>>, CredentialsError> {
        let _turn = self.look_ups.turn().await?;
        // Somebody else may have asked for it meanwhile.
        if let Some(key) = self.known.find(api_key) {
            return Ok(Some(key));
        }
        while let Some((key, as_of)) = keys::look_up(&self.pool, &self.vault, api_key).await? {
            match self.known.learn(api_key, key, as_of) {
                Learned::Valid(key) => return Ok(Some(key)),
                Learned::Refused => return Ok(None),
                Learned::Outdated => {}
            }
        }
        Ok(None)
    }

    /// The turns of looking up, for tests that take them all.
    #[cfg(test)]
    pub(super) fn look_ups(&self) -> &Gate {
        &self.look_ups
    }
}

/// The master key in the file, which has to be the one that the database was created with. The
/// first time there is none, and is created.
async fn unlock(pool: &PgPool, secret_key: &Path) -> Result<Vault, OpenError> {
    let mut transaction = pool.begin().await?;
    // One process at a time: of two that start first, the second finds what the first has done.
    sqlx::query("LOCK TABLE master_key_check IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *transaction)
        .await?;
    let check: Option<Vec<u8>> = sqlx::query_scalar("SELECT sealed FROM master_key_check")
        .fetch_optional(&mut *transaction)
        .await?;
    let path = secret_key.to_owned();
    let in_use = check.is_some();
    let vault = tokio::task::spawn_blocking(move || Vault::open(&path, in_use))
        .await
        .map_err(|stopped| OpenError::Storage(stopped.into()))??;
    if let Some(check) = check {
        vault.check(&check, secret_key)?;
    } else {
        sqlx::query("INSERT INTO master_key_check (id, sealed) VALUES (1, $1)")
            .bind(vault.check_value()?)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(vault)
}

#[async_trait]
impl Store for Postgres {
    fn vault(&self) -> &Vault {
        &self.vault
    }

    async fn user(&self, username: &Username) -> Result<Option<User>, CredentialsError> {
        in_time(users::find(&self.pool, username)).await
    }

    async fn add_user(
        &self,
        username: &Username,
        password_hash: String,
        note: Note,
    ) -> Result<AccountId, CredentialsError> {
        in_time(users::insert(&self.pool, username, &password_hash, &note)).await
    }

    async fn username(&self, account: AccountId) -> Result<Option<String>, CredentialsError> {
        in_time(users::name(&self.pool, account)).await
    }

    async fn users(&self) -> Result<Vec<(AccountId, String)>, CredentialsError> {
        in_time(users::list(&self.pool)).await
    }

    async fn password_hash(&self, account: AccountId) -> Result<Option<String>, CredentialsError> {
        in_time(users::password_hash(&self.pool, account)).await
    }

    async fn set_password(
        &self,
        account: AccountId,
        password_hash: String,
        keep: TokenHash,
        note: Note,
    ) -> Result<(), CredentialsError> {
        in_time(users::set_password(
            &self.pool,
            account,
            &password_hash,
            &keep,
            &note,
        ))
        .await
    }

    async fn start_session(
        &self,
        token: TokenHash,
        account: AccountId,
        password_hash: &str,
        note: Note,
    ) -> Result<(), CredentialsError> {
        let started = sessions::start(&self.pool, &token, account, password_hash, &note);
        in_time(started).await
    }

    async fn resume_session(
        &self,
        token: TokenHash,
        now: i64,
    ) -> Result<AccountId, CredentialsError> {
        in_time(sessions::resume(&self.pool, &token, now)).await
    }

    async fn rotate_session(
        &self,
        old: TokenHash,
        new: TokenHash,
        now: i64,
    ) -> Result<(), CredentialsError> {
        in_time(sessions::rotate(&self.pool, &old, &new, now)).await
    }

    async fn sessions(
        &self,
        account: AccountId,
        now: i64,
    ) -> Result<Vec<SessionRow>, CredentialsError> {
        in_time(sessions::list(&self.pool, account, now)).await
    }

    async fn end_session(&self, token: TokenHash, note: Note) -> Result<(), CredentialsError> {
        in_time(sessions::end(&self.pool, &token, &note)).await
    }

    async fn revoke_session(
        &self,
        account: AccountId,
        id: u64,
        note: Note,
    ) -> Result<(), CredentialsError> {
        in_time(sessions::revoke(&self.pool, account, id, &note)).await
    }

    async fn revoke_other_sessions(
        &self,
        account: AccountId,
        keep: TokenHash,
        note: Note,
    ) -> Result<(), CredentialsError> {
        in_time(sessions::revoke_others(&self.pool, account, &keep, &note)).await
    }

    async fn forget_expired_sessions(&self, now: i64) -> Result<(), CredentialsError> {
        while in_time(sessions::purge(&self.pool, now)).await? {}
        Ok(())
    }

    async fn create_key(
        &self,
        account: AccountId,
        draft: Draft,
        note: Note,
    ) -> Result<(), CredentialsError> {
        in_time(keys::create(&self.pool, &self.known, account, draft, &note)).await
    }

    async fn keys(&self, account: AccountId) -> Result<Vec<ApiKeyInfo>, CredentialsError> {
        in_time(keys::list(&self.pool, account)).await
    }

    async fn find_key(&self, api_key: &str) -> Result<Option<Arc<ApiKey>>, CredentialsError> {
        if let Some(key) = self.known.find(api_key) {
            return Ok(Some(key));
        }
        if !well_formed(api_key) || self.known.refuses(api_key) {
            return Ok(None);
        }
        in_time(self.look_up(api_key)).await
    }

    fn known_key(&self, api_key: &str) -> Option<Arc<ApiKey>> {
        self.known.find(api_key)
    }

    async fn note_key_uses(&self, now: i64) -> Result<(), CredentialsError> {
        in_time(keys::note_uses(&self.pool, &self.known.take_uses(), now)).await
    }

    async fn revoke_key(
        &self,
        account: AccountId,
        api_key: &str,
        note: Note,
    ) -> Result<(), CredentialsError> {
        self.known.refuse(account, api_key);
        let (pool, known) = (self.pool.clone(), Arc::clone(&self.known));
        let api_key = api_key.to_owned();
        // To its end even when the caller goes away: the key is refused already.
        let revoking = tokio::spawn(async move {
            let Some(revocation) = in_time(keys::delete(&pool, account, &api_key, &note)).await?
            else {
                known.gone(&api_key);
                return Err(CredentialsError::UnknownKey);
            };
            known.revoked(&api_key, revocation);
            Ok(())
        });
        revoking
            .await
            .map_err(|stopped| CredentialsError::Storage(stopped.into()))?
    }

    async fn open_listen_key(
        &self,
        account: AccountId,
        api_key: &str,
        new: StoredListenKey,
        now: i64,
    ) -> Result<Vec<u8>, CredentialsError> {
        in_time(listen_keys::open(&self.pool, account, api_key, &new, now)).await
    }

    async fn keep_listen_key(
        &self,
        account: AccountId,
        listen_key: ListenKeyHash,
        now: i64,
    ) -> Result<bool, CredentialsError> {
        in_time(listen_keys::keep(&self.pool, account, &listen_key, now)).await
    }

    async fn close_listen_key(
        &self,
        account: AccountId,
        listen_key: ListenKeyHash,
    ) -> Result<bool, CredentialsError> {
        in_time(listen_keys::close(&self.pool, account, &listen_key)).await
    }

    async fn listen_key(
        &self,
        listen_key: ListenKeyHash,
        now: i64,
    ) -> Result<Option<(AccountId, String)>, CredentialsError> {
        in_time(listen_keys::find(&self.pool, &listen_key, now)).await
    }

    async fn factor(&self, account: AccountId) -> Result<Option<StoredFactor>, CredentialsError> {
        in_time(second_factor::find(&self.pool, account)).await
    }

    async fn propose_factor(
        &self,
        account: AccountId,
        sealed: Vec<u8>,
    ) -> Result<bool, CredentialsError> {
        in_time(second_factor::propose(&self.pool, account, &sealed)).await
    }

    async fn confirm_factor(
        &self,
        account: AccountId,
        sealed: Vec<u8>,
        step: i64,
        recovery_codes: Vec<CodeHash>,
        note: Note,
    ) -> Result<bool, CredentialsError> {
        in_time(second_factor::confirm(
            &self.pool,
            account,
            &sealed,
            step,
            &recovery_codes,
            &note,
        ))
        .await
    }

    async fn use_step(&self, account: AccountId, step: i64) -> Result<bool, CredentialsError> {
        in_time(second_factor::use_step(&self.pool, account, step)).await
    }

    async fn use_recovery_code(
        &self,
        account: AccountId,
        code: CodeHash,
    ) -> Result<bool, CredentialsError> {
        in_time(second_factor::use_recovery_code(&self.pool, account, &code)).await
    }

    async fn drop_factor(&self, account: AccountId, note: Note) -> Result<(), CredentialsError> {
        in_time(second_factor::remove(&self.pool, account, &note)).await
    }

    async fn record(&self, account: AccountId, note: Note) -> Result<(), CredentialsError> {
        in_time(audit::record(&self.pool, account, &note)).await
    }

    async fn audit(
        &self,
        account: AccountId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>, CredentialsError> {
        in_time(audit::list(&self.pool, account, before, limit)).await
    }
}
