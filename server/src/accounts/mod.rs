//! Accounts: users, their sessions and API keys, their balances, and what these are worth.

mod credentials;
mod marks;
mod model;
pub(crate) mod portfolio;
mod positions;
pub(crate) mod routes;
pub(crate) mod service;

pub(crate) use credentials::{
    ApiKey, Client, Credentials, CredentialsError, Event, MOST_ENTRIES, NewKey, Scope, sign,
};
pub(crate) use model::{BalanceModel, StoredBalances};
pub(crate) use positions::{PositionModel, StoredPositionModel};

use crate::error::ApiError;

impl From<CredentialsError> for ApiError {
    fn from(error: CredentialsError) -> Self {
        match error {
            CredentialsError::UsernameTaken => Self::USERNAME_TAKEN,
            CredentialsError::WrongCredentials => Self::WRONG_CREDENTIALS,
            CredentialsError::WrongPassword => Self::WRONG_PASSWORD,
            CredentialsError::CodeMissing => Self::CODE_MISSING,
            CredentialsError::WrongCode => Self::WRONG_CODE,
            CredentialsError::TooManyTries { seconds } => Self::too_many(
                -1003,
                "Too many wrong passwords or codes; try again later.".into(),
                seconds,
            ),
            CredentialsError::UnknownListenKey => Self::UNKNOWN_LISTEN_KEY,
            CredentialsError::InvalidSession => Self::INVALID_SESSION,
            CredentialsError::Busy => Self::OVERLOADED,
            CredentialsError::Storage(cause) => {
                tracing::error!(%cause, "the accounts database failed");
                Self::USERS_AWAY
            }
            rule => Self::bad_request(rule.to_string()),
        }
    }
}
