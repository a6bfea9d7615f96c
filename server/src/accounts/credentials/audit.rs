//! The trail: what happened to the credentials of an account, and what operators did to it. It only
//! grows, and has no secrets.

use orderbook_core::AccountId;

use super::client::Client;
use super::{Credentials, CredentialsError};

/// How many entries are read at a time.
pub(crate) const MOST_ENTRIES: usize = 500;

/// Something that happened to the credentials of an account, or that operators did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Registered,
    LoggedIn,
    LoginRefused,
    LoggedOut,
    SessionRevoked,
    OtherSessionsRevoked,
    PasswordChanged,
    KeyCreated,
    KeyRevoked,
    SecondFactorOn,
    SecondFactorOff,
    RecoveryCodeUsed,
    OperatorHalted,
    OperatorResumed,
    OperatorKilled,
    OperatorCredited,
    OperatorDebited,
    OperatorAddedAsset,
    OperatorListed,
    OperatorDelisted,
    OperatorSetFees,
}

impl Event {
    /// As it is stored and told.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Registered => "REGISTERED",
            Self::LoggedIn => "LOGGED_IN",
            Self::LoginRefused => "LOGIN_REFUSED",
            Self::LoggedOut => "LOGGED_OUT",
            Self::SessionRevoked => "SESSION_REVOKED",
            Self::OtherSessionsRevoked => "OTHER_SESSIONS_REVOKED",
            Self::PasswordChanged => "PASSWORD_CHANGED",
            Self::KeyCreated => "API_KEY_CREATED",
            Self::KeyRevoked => "API_KEY_REVOKED",
            Self::SecondFactorOn => "SECOND_FACTOR_ON",
            Self::SecondFactorOff => "SECOND_FACTOR_OFF",
            Self::RecoveryCodeUsed => "RECOVERY_CODE_USED",
            Self::OperatorHalted => "OPERATOR_HALT",
            Self::OperatorResumed => "OPERATOR_RESUME",
            Self::OperatorKilled => "OPERATOR_KILL_SWITCH",
            Self::OperatorCredited => "OPERATOR_CREDIT",
            Self::OperatorDebited => "OPERATOR_DEBIT",
            Self::OperatorAddedAsset => "OPERATOR_ADD_ASSET",
            Self::OperatorListed => "OPERATOR_LIST",
            Self::OperatorDelisted => "OPERATOR_DELIST",
            Self::OperatorSetFees => "OPERATOR_SET_FEES",
        }
    }
}

/// An entry to be made, together with what it tells of.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) time: i64,
    pub(super) event: Event,
    /// The name of the API key or the id of the session, where there is one.
    pub(super) subject: String,
    pub(super) client: Client,
}

/// An entry of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Counts up; tells the order.
    pub(crate) id: u64,
    /// In milliseconds since the Unix epoch.
    pub(crate) time: u64,
    /// What happened.
    pub(crate) event: String,
    /// The name of the API key or the id of the session; empty where there is none.
    pub(crate) subject: String,
    /// Where it was asked for; empty for the exchange itself.
    pub(crate) address: String,
    pub(crate) user_agent: String,
}

impl Credentials {
    /// What happened to the credentials of an account before the entry `before`, or up to now;
    /// newest first, at most `limit` and [`MOST_ENTRIES`].
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn audit(
        &self,
        account: AccountId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, CredentialsError> {
        let limit = u32::try_from(limit.min(MOST_ENTRIES)).unwrap_or(u32::MAX);
        self.inner.store.audit(account, before, limit).await
    }

    /// Makes an entry about something that is not done here.
    ///
    /// # Errors
    ///
    /// `Storage`.
    pub(crate) async fn record(
        &self,
        account: AccountId,
        event: Event,
        subject: &str,
        client: &Client,
    ) -> Result<(), CredentialsError> {
        let note = self.note_of(event, subject, client);
        self.inner.store.record(account, note).await
    }

    /// An entry for what is about to be done.
    pub(super) fn note(&self, event: Event, client: &Client) -> Note {
        Note {
            time: self.inner.now(),
            event,
            subject: String::new(),
            client: client.clone(),
        }
    }

    /// As [`note`](Self::note), about one of several things.
    pub(super) fn note_of(&self, event: Event, subject: &str, client: &Client) -> Note {
        Note {
            subject: subject.to_owned(),
            ..self.note(event, client)
        }
    }
}
