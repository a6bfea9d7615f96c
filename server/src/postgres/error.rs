//! Why a database cannot be used.

use thiserror::Error;

use super::url::{Place, Setting};

/// Why a database cannot be used. Says nothing of the password in the URL.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum DatabaseError {
    /// Not a URL, or one that means something else than was meant.
    #[error(
        "{setting}: the URL is malformed: {cause}; a database is named \
         postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    Url { setting: Setting, cause: String },
    /// A URL of something else.
    #[error(
        "{setting}: this is no URL of a PostgreSQL database: it has to begin with postgres:// or \
         postgresql://"
    )]
    Scheme { setting: Setting },
    /// Nobody answers, or nobody who serves a database yet.
    #[error("{place} cannot be reached: {cause}")]
    Unreachable { place: Place, cause: String },
    /// The server knows neither this user nor this password, or lets them in from elsewhere only.
    #[error("{place}: the login was refused: {cause}")]
    Login { place: Place, cause: String },
    /// The server has no database of that name.
    #[error("{place}: there is no such database; create it first")]
    NoDatabase { place: Place },
    /// The user may log in, and not do what is needed.
    #[error(
        "{place}: the user has not enough rights, it has to be allowed to create tables: \
         {cause}"
    )]
    Rights { place: Place, cause: String },
    /// The server lacks what the tables need.
    #[error(
        "{place}: the server is PostgreSQL {found}; {} or newer is needed",
        super::OLDEST_SERVER
    )]
    OldServer { place: Place, found: u32 },
    /// Written by a later release; this one does not know what it would break.
    #[error(
        "{place}: the database was migrated to version {found} by newer software; this \
         version knows {known}"
    )]
    NewerSchema {
        place: Place,
        found: i32,
        known: usize,
    },
    /// Written by an earlier release, and not to be changed now.
    #[error(
        "{place}: the schema of the database is older than this version; an exchange of this \
         version brings it up to date when it starts"
    )]
    OlderSchema { place: Place },
    /// The tables are not those that this version has been written for.
    #[error(
        "{place}: migration {version} ({name}) of the database is another than the one \
         this version knows: it belongs to other software or has been changed"
    )]
    ChangedMigration {
        place: Place,
        version: i32,
        name: String,
    },
    /// What we would create is there, and we have not created it.
    #[error(
        "{place}: the database holds tables of other software ({cause}); give the \
         exchange a database of its own"
    )]
    Foreign { place: Place, cause: String },
    /// A step to the schema of this version failed, and none has been taken.
    #[error("{place}: migration {version} ({name}) failed and nothing has changed: {cause}")]
    Migration {
        place: Place,
        version: i32,
        name: &'static str,
        cause: String,
    },
    /// The database failed otherwise.
    #[error("{place} failed: {cause}")]
    Failed { place: Place, cause: String },
}
