//! Where credentials are kept: what each database does.

use std::sync::Arc;

use async_trait::async_trait;
use orderbook_core::AccountId;

use super::error::CredentialsError;
use super::keys::{ApiKey, ApiKeyInfo, Label, NewApiKey};
use super::sessions::TokenHash;
use super::users::{User, Username};

/// Keeps users, sessions and API keys. `now` is in milliseconds since the Unix epoch.
///
/// Every method may fail with `Storage`; whether a change happened is unknown then.
#[async_trait]
pub(super) trait Store: Send + Sync {
    /// The user of that name in any case.
    async fn user(&self, username: &Username) -> Result<Option<User>, CredentialsError>;

    /// Adds a user under an account id greater than those before, or fails with `UsernameTaken`.
    async fn add_user(
        &self,
        username: &Username,
        password_hash: String,
        now: i64,
    ) -> Result<AccountId, CredentialsError>;

    /// What the user of an account is called.
    async fn username(&self, account: AccountId) -> Result<Option<String>, CredentialsError>;

    /// Everyone, by ascending account.
    async fn users(&self) -> Result<Vec<(AccountId, String)>, CredentialsError>;

    /// Opens a session. The oldest of the account gives way when there are too many.
    async fn start_session(
        &self,
        token: TokenHash,
        account: AccountId,
        now: i64,
    ) -> Result<(), CredentialsError>;

    /// Whose live session has this token; notes its use. `InvalidSession` when there is none.
    async fn resume_session(
        &self,
        token: TokenHash,
        now: i64,
    ) -> Result<AccountId, CredentialsError>;

    /// Ends the session of this token, if there is one.
    async fn end_session(&self, token: TokenHash) -> Result<(), CredentialsError>;

    /// Forgets all sessions that expired.
    async fn forget_expired_sessions(&self, now: i64) -> Result<(), CredentialsError>;

    /// Makes an API key, usable at once, or fails with `TooManyKeys`.
    async fn create_key(
        &self,
        account: AccountId,
        label: Label,
        now: i64,
    ) -> Result<NewApiKey, CredentialsError>;

    /// The API keys of an account, oldest first.
    async fn keys(&self, account: AccountId) -> Result<Vec<ApiKeyInfo>, CredentialsError>;

    /// The API key of that name.
    async fn find_key(&self, api_key: &str) -> Result<Option<Arc<ApiKey>>, CredentialsError>;

    /// Removes an API key of the account, from memory first: when the database fails, the answer
    /// is an error and the key is refused all the same. `UnknownKey` when there is none.
    async fn revoke_key(&self, account: AccountId, api_key: &str) -> Result<(), CredentialsError>;
}
