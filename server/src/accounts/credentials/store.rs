//! Where credentials are kept: what each database does.

use std::sync::Arc;

use async_trait::async_trait;
use orderbook_core::AccountId;

use super::audit::{Entry, Note};
use super::error::CredentialsError;
use super::keys::{ApiKey, ApiKeyInfo, Draft};
use super::listen_keys::{ListenKeyHash, StoredListenKey};
use super::second_factor::{CodeHash, StoredFactor};
use super::sessions::{SessionRow, TokenHash};
use super::users::{User, Username};
use super::vault::Vault;

/// Keeps users and what they prove themselves with. `now` is in milliseconds since the Unix epoch.
///
/// A change that comes with a [`Note`] is made at the time of the note and together with it: both
/// or neither.
///
/// Every method may fail with `Storage`; whether a change happened is unknown then.
#[async_trait]
pub(super) trait Store: Send + Sync {
    /// What seals the secrets in it.
    fn vault(&self) -> &Vault;

    /// The user of that name in any case.
    async fn user(&self, username: &Username) -> Result<Option<User>, CredentialsError>;

    /// Adds a user under an account id greater than those before, or fails with `UsernameTaken`.
    async fn add_user(
        &self,
        username: &Username,
        password_hash: String,
        note: Note,
    ) -> Result<AccountId, CredentialsError>;

    /// What the user of an account is called.
    async fn username(&self, account: AccountId) -> Result<Option<String>, CredentialsError>;

    /// Everyone, by ascending account.
    async fn users(&self) -> Result<Vec<(AccountId, String)>, CredentialsError>;

    /// The hash of the password of an account.
    async fn password_hash(&self, account: AccountId) -> Result<Option<String>, CredentialsError>;

    /// Changes the password, and ends all sessions of the account but this one.
    async fn set_password(
        &self,
        account: AccountId,
        password_hash: String,
        keep: TokenHash,
        note: Note,
    ) -> Result<(), CredentialsError>;

    /// Opens a session, unless the password was changed since it was checked against this hash:
    /// `WrongCredentials` then. The oldest of the account gives way when there are too many.
    async fn start_session(
        &self,
        token: TokenHash,
        account: AccountId,
        password_hash: &str,
        note: Note,
    ) -> Result<(), CredentialsError>;

    /// Whose live session has this token; notes its use. `InvalidSession` when there is none.
    async fn resume_session(
        &self,
        token: TokenHash,
        now: i64,
    ) -> Result<AccountId, CredentialsError>;

    /// Gives a live session another token. `InvalidSession` when there is none.
    async fn rotate_session(
        &self,
        old: TokenHash,
        new: TokenHash,
        now: i64,
    ) -> Result<(), CredentialsError>;

    /// The live sessions of an account, newest first.
    async fn sessions(
        &self,
        account: AccountId,
        now: i64,
    ) -> Result<Vec<SessionRow>, CredentialsError>;

    /// Ends the session of this token, if there is one.
    async fn end_session(&self, token: TokenHash, note: Note) -> Result<(), CredentialsError>;

    /// Ends a session of the account. `UnknownSession` when there is none.
    async fn revoke_session(
        &self,
        account: AccountId,
        id: u64,
        note: Note,
    ) -> Result<(), CredentialsError>;

    /// Ends all sessions of the account but this one.
    async fn revoke_other_sessions(
        &self,
        account: AccountId,
        keep: TokenHash,
        note: Note,
    ) -> Result<(), CredentialsError>;

    /// Forgets all sessions that expired.
    async fn forget_expired_sessions(&self, now: i64) -> Result<(), CredentialsError>;

    /// Makes an API key, usable at once, or fails with `TooManyKeys`.
    async fn create_key(
        &self,
        account: AccountId,
        draft: Draft,
        note: Note,
    ) -> Result<(), CredentialsError>;

    /// The API keys of an account, oldest first.
    async fn keys(&self, account: AccountId) -> Result<Vec<ApiKeyInfo>, CredentialsError>;

    /// The API key of that name.
    async fn find_key(&self, api_key: &str) -> Result<Option<Arc<ApiKey>>, CredentialsError>;

    /// The API key of that name, if it is in memory.
    fn known_key(&self, api_key: &str) -> Option<Arc<ApiKey>>;

    /// Notes which of the keys in memory were used since this was last called.
    async fn note_key_uses(&self, now: i64) -> Result<(), CredentialsError>;

    /// Removes an API key of the account, from memory first: when the database fails, the answer
    /// is an error and the key is refused all the same. `UnknownKey` when there is none.
    async fn revoke_key(
        &self,
        account: AccountId,
        api_key: &str,
        note: Note,
    ) -> Result<(), CredentialsError>;

    /// Prolongs the listen key of an API key, or puts the new one in the place of one whose time is
    /// over. Returns the sealed one that is there now.
    async fn open_listen_key(
        &self,
        account: AccountId,
        api_key: &str,
        new: StoredListenKey,
        now: i64,
    ) -> Result<Vec<u8>, CredentialsError>;

    /// Prolongs a live listen key of the account; whether there is one.
    async fn keep_listen_key(
        &self,
        account: AccountId,
        listen_key: ListenKeyHash,
        now: i64,
    ) -> Result<bool, CredentialsError>;

    /// Removes a listen key of the account; whether there was one.
    async fn close_listen_key(
        &self,
        account: AccountId,
        listen_key: ListenKeyHash,
    ) -> Result<bool, CredentialsError>;

    /// Whose live listen key this is, and with which API key it was made.
    async fn listen_key(
        &self,
        listen_key: ListenKeyHash,
        now: i64,
    ) -> Result<Option<(AccountId, String)>, CredentialsError>;

    /// The second factor of an account, be it confirmed or not.
    async fn factor(&self, account: AccountId) -> Result<Option<StoredFactor>, CredentialsError>;

    /// Puts a second factor in the place of an unconfirmed one; whether there is no confirmed one.
    async fn propose_factor(
        &self,
        account: AccountId,
        sealed: Vec<u8>,
    ) -> Result<bool, CredentialsError>;

    /// Confirms this very second factor with the code of a step; whether it is still to be.
    async fn confirm_factor(
        &self,
        account: AccountId,
        sealed: Vec<u8>,
        step: i64,
        recovery_codes: Vec<CodeHash>,
        note: Note,
    ) -> Result<bool, CredentialsError>;

    /// Uses up the codes up to this step; whether that of the step was not used yet.
    async fn use_step(&self, account: AccountId, step: i64) -> Result<bool, CredentialsError>;

    /// Uses up a recovery code; whether there was one.
    async fn use_recovery_code(
        &self,
        account: AccountId,
        code: CodeHash,
    ) -> Result<bool, CredentialsError>;

    /// Removes the second factor of an account with its recovery codes.
    async fn drop_factor(&self, account: AccountId, note: Note) -> Result<(), CredentialsError>;

    /// Makes an entry in the trail.
    async fn record(&self, account: AccountId, note: Note) -> Result<(), CredentialsError>;

    /// The trail of an account before an entry, newest first.
    async fn audit(
        &self,
        account: AccountId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>, CredentialsError>;
}
