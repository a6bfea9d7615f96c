//! Accounts: users, their sessions and API keys, and their balances.

mod credentials;
mod model;
pub(crate) mod routes;
pub(crate) mod service;

pub(crate) use credentials::{ApiKey, Credentials, CredentialsError};
pub(crate) use model::{BalanceModel, StoredBalances};

use crate::error::ApiError;

impl From<CredentialsError> for ApiError {
    fn from(error: CredentialsError) -> Self {
        match error {
            CredentialsError::UsernameTaken => Self::USERNAME_TAKEN,
            CredentialsError::WrongCredentials => Self::WRONG_CREDENTIALS,
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
