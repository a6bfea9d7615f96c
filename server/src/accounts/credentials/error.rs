//! Why the store does not open, and why it refuses.
//!
//! Neither type carries anything a caller has to keep secret, so both may be logged.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What went wrong below: the database, the random numbers of the system, a thread.
pub(super) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Why the store of a data directory does not open.
#[derive(Debug, Error)]
pub(crate) enum OpenError {
    /// A file or the directory cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// What cannot be used.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is of another program, or no database.
    #[error("{} is not a database of accounts", .0.display())]
    NotAccounts(PathBuf),
    /// Written by a later release; this one does not know what it would break.
    #[error(
        "the database of accounts has version {found}, this program knows versions up to \
         {supported}: use the newer program"
    )]
    NewerVersion {
        /// The version in the file.
        found: i32,
        /// The newest version this program writes.
        supported: i32,
    },
    /// There are secrets, but not the key that seals them.
    #[error(
        "{} is missing: the secrets of the API keys cannot be read without it; restore it \
         from a backup, or copy it from another process that serves the same users",
        .0.display()
    )]
    SecretKeyMissing(PathBuf),
    /// The file is no key at all.
    #[error("{} is damaged: it must hold exactly 32 bytes", .0.display())]
    SecretKeyDamaged(PathBuf),
    /// The file is a key, of another database.
    #[error("{} is wrong: it is not the key this database was created with", .0.display())]
    SecretKeyWrong(PathBuf),
    /// One API key was damaged or tampered with; trading on without it would hide that.
    #[error("the secret of the API key in row {row} is damaged")]
    SecretDamaged {
        /// The id of the row in table `api_keys`.
        row: i64,
    },
    /// The database or the system failed.
    #[error("the database of accounts failed: {0}")]
    Storage(#[source] Fault),
}

/// Why a request about credentials is refused.
#[derive(Debug, Error)]
pub(crate) enum CredentialsError {
    /// The name breaks the rule for names.
    #[error("a username has 3 to 64 characters of A-Z, a-z, 0-9, '.', '_', '@' and '-'")]
    InvalidUsername,
    /// The password breaks the rule given.
    #[error("{0}")]
    InvalidPassword(&'static str),
    /// The label of an API key breaks the rule for labels.
    #[error("a label has at most 64 characters and no control characters")]
    InvalidLabel,
    /// An address that an API key is bound to is none, or there are too many.
    #[error("addresses are at most 30 IP addresses or networks, as in 192.0.2.7 and 2001:db8::/32")]
    InvalidAddresses,
    /// What was handed in is no Ed25519 key.
    #[error("a public key is an Ed25519 key, as PEM (SPKI) or its 32 bytes in base64")]
    InvalidPublicKey,
    /// Someone has the name already, perhaps in other case.
    #[error("the username is taken")]
    UsernameTaken,
    /// Unknown user or wrong password; deliberately not which.
    #[error("wrong username or password")]
    WrongCredentials,
    /// The old password is not the one of the account.
    #[error("wrong password")]
    WrongPassword,
    /// The password is right, and there is a second factor.
    #[error("a code of the second factor is needed")]
    CodeMissing,
    /// The code is wrong, was used before, or its time is over.
    #[error("wrong code")]
    WrongCode,
    /// Too many wrong passwords or codes in a row.
    #[error("too many failed tries; try again in {seconds} seconds")]
    TooManyTries {
        /// How long to wait.
        seconds: u64,
    },
    /// There is a second factor already.
    #[error("the second factor is on already")]
    SecondFactorOn,
    /// No second factor was proposed, or it is not on.
    #[error("there is no second factor")]
    NoSecondFactor,
    /// No such session, or it is over.
    #[error("the session is unknown or has expired")]
    InvalidSession,
    /// The account has as many API keys as it may.
    #[error("the account has as many API keys as it may have")]
    TooManyKeys,
    /// The account has no such API key.
    #[error("no such API key")]
    UnknownKey,
    /// The account has no such session.
    #[error("no such session")]
    UnknownSession,
    /// The account has no such listen key, or its time is over.
    #[error("no such listen key")]
    UnknownListenKey,
    /// Too many passwords wait to be hashed, or too many unknown API keys to be looked up.
    #[error("too many requests at once; try again later")]
    Busy,
    /// The database or the system failed; whether the change happened is unknown.
    #[error("the database of accounts failed: {0}")]
    Storage(#[source] Fault),
}

impl OpenError {
    /// For `map_err` on what touches `path`.
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Storage(source.into())
    }
}

// Not the error itself: its `Debug` has the detail of the server, which quotes rows.
impl From<sqlx::Error> for OpenError {
    fn from(source: sqlx::Error) -> Self {
        Self::Storage(source.to_string().into())
    }
}

impl From<getrandom::Error> for OpenError {
    fn from(source: getrandom::Error) -> Self {
        Self::Storage(source.into())
    }
}

impl From<rusqlite::Error> for CredentialsError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Storage(source.into())
    }
}

impl From<sqlx::Error> for CredentialsError {
    fn from(source: sqlx::Error) -> Self {
        Self::Storage(source.to_string().into())
    }
}

impl From<getrandom::Error> for CredentialsError {
    fn from(source: getrandom::Error) -> Self {
        Self::Storage(source.into())
    }
}
