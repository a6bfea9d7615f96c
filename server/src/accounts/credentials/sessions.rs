//! Sessions: who logged in, proven by a token.
//!
//! A session ends 24 hours after its last use, 30 days after the login, at logout, when it is
//! revoked, or when newer ones crowd it out. The last use is noted once a minute at most, so that
//! reading does not turn into writing; a session may therefore end a minute early, and never late.
//! A login always draws a new token, and a session may change its token while it lasts.

use orderbook_core::AccountId;
use sha2::{Digest, Sha256};

use crate::api::hex::hex;

use super::audit::Event;
use super::client::Client;
use super::random;
use super::{Credentials, CredentialsError, uncolumn};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// How long a session lives without use, in milliseconds.
pub(super) const IDLE: i64 = 24 * HOUR;
/// How long a session lives at all, in milliseconds.
pub(super) const ABSOLUTE: i64 = 30 * 24 * HOUR;
/// How stale the noted last use may be, in milliseconds.
pub(super) const TOUCH: i64 = MINUTE;
/// How many live sessions an account may have.
pub(super) const PER_ACCOUNT: u32 = 100;

const TOKEN_BYTES: usize = 32;

/// What is stored of a token.
pub(super) type TokenHash = [u8; 32];

/// The hash of `token`, or `None` when no token has that length.
pub(super) fn digest(token: &str) -> Option<TokenHash> {
    // Looking a hash up tells by its timing about the hash only, and the hash says nothing
    // about the token; no comparison in constant time is needed.
    (token.len() == 2 * TOKEN_BYTES).then(|| Sha256::digest(token).into())
}

/// A new token, in hexadecimal, and its hash.
pub(super) fn draw() -> Result<(String, TokenHash), getrandom::Error> {
    let secret = random::bytes::<TOKEN_BYTES>()?;
    let token = hex(secret.as_slice());
    let hash = Sha256::digest(&token).into();
    Ok((token, hash))
}

/// What a session looks like in a list. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionInfo {
    /// Names the session, and opens nothing.
    pub(crate) id: u64,
    pub(crate) created: u64,
    /// To the minute.
    pub(crate) last_used: u64,
    /// When it ends at the latest, unless it is used before.
    pub(crate) expires: u64,
    /// Where it was opened from.
    pub(crate) address: String,
    pub(crate) user_agent: String,
    /// Whether it is the one that asks.
    pub(crate) current: bool,
}

/// A session as it is stored.
pub(super) struct SessionRow {
    pub(super) id: i64,
    pub(super) token: Vec<u8>,
    pub(super) created: i64,
    pub(super) last_used: i64,
    pub(super) address: String,
    pub(super) user_agent: String,
}

impl SessionRow {
    fn info(self, asking: &TokenHash) -> SessionInfo {
        SessionInfo {
            id: uncolumn(self.id),
            created: uncolumn(self.created),
            last_used: uncolumn(self.last_used),
            expires: uncolumn((self.last_used + IDLE).min(self.created + ABSOLUTE)),
            address: self.address,
            user_agent: self.user_agent,
            current: self.token == asking,
        }
    }
}

impl Credentials {
    /// Whose session `token` is; counts as use of the session.
    ///
    /// # Errors
    ///
    /// `InvalidSession` when there is none, it ended, or it expired; `Storage`.
    pub(crate) async fn session(&self, token: &str) -> Result<AccountId, CredentialsError> {
        let token = digest(token).ok_or(CredentialsError::InvalidSession)?;
        let now = self.inner.now();
        self.inner.store.resume_session(token, now).await
    }

    /// Ends a session. Ending one that is over already is no error.
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn logout(
        &self,
        token: &str,
        client: &Client,
    ) -> Result<(), CredentialsError> {
        let Some(token) = digest(token) else {
            return Ok(());
        };
        let note = self.note(Event::LoggedOut, client);
        self.inner.store.end_session(token, note).await
    }

    /// Gives a session another token; the old one opens nothing from here on.
    ///
    /// # Errors
    ///
    /// `InvalidSession`, `Storage`.
    pub(crate) async fn rotate(&self, token: &str) -> Result<String, CredentialsError> {
        let old = digest(token).ok_or(CredentialsError::InvalidSession)?;
        let (token, new) = draw()?;
        let now = self.inner.now();
        self.inner.store.rotate_session(old, new, now).await?;
        Ok(token)
    }

    /// The live sessions of the owner of one, the newest first.
    ///
    /// # Errors
    ///
    /// `InvalidSession`, `Storage`.
    pub(crate) async fn sessions(&self, token: &str) -> Result<Vec<SessionInfo>, CredentialsError> {
        let account = self.session(token).await?;
        let token = digest(token).ok_or(CredentialsError::InvalidSession)?;
        let rows = self.inner.store.sessions(account, self.inner.now()).await?;
        Ok(rows.into_iter().map(|row| row.info(&token)).collect())
    }

    /// Ends a session of the account.
    ///
    /// # Errors
    ///
    /// `UnknownSession` when the account has no such session, `Storage`.
    pub(crate) async fn revoke_session(
        &self,
        account: AccountId,
        id: u64,
        client: &Client,
    ) -> Result<(), CredentialsError> {
        let note = self.note_of(Event::SessionRevoked, &id.to_string(), client);
        self.inner.store.revoke_session(account, id, note).await
    }

    /// Ends all sessions of the owner of one, but this one.
    ///
    /// # Errors
    ///
    /// `InvalidSession`, `Storage`.
    pub(crate) async fn revoke_other_sessions(
        &self,
        token: &str,
        client: &Client,
    ) -> Result<(), CredentialsError> {
        let account = self.session(token).await?;
        let keep = digest(token).ok_or(CredentialsError::InvalidSession)?;
        let note = self.note(Event::OtherSessionsRevoked, client);
        let store = &self.inner.store;
        store.revoke_other_sessions(account, keep, note).await
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
}
