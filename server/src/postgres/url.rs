//! The URL of a database: what is accepted, and what of it may be told.

use std::fmt;

use sqlx::postgres::PgConnectOptions;

use super::error::DatabaseError;

/// The parameters that the driver knows. It would put the value of any other into the log, and
/// that may be a password under a misspelt name.
const PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// The option of the command line that names a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Store,
    Log,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Store => "--store",
            Self::Log => "--log",
        })
    }
}

/// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETER=VALUE`.
pub(super) fn parse(setting: Setting, url: &str) -> Result<PgConnectOptions, DatabaseError> {
    let malformed = |cause: String| DatabaseError::Url { setting, cause };
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(malformed("it has no scheme".into()));
    };
    if !["postgres", "postgresql"].contains(&scheme) {
        return Err(DatabaseError::Scheme { setting });
    }
    // A password with one of these would be taken for a host, a port, a database.
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    if rest.contains('#') || rest[authority.len()..].contains('@') {
        return Err(malformed(
            "'#', '/', '?' and '@' in a name or password are written %23, %2F, %3F and %40".into(),
        ));
    }
    if let Some((_, query)) = rest.split_once('?') {
        for (name, _) in form_urlencoded::parse(query.as_bytes()) {
            if !PARAMETERS.contains(&&*name) && !name.starts_with("options[") {
                return Err(malformed(format!("the parameter {name} is unknown")));
            }
        }
    }
    url.parse().map_err(|error: sqlx::Error| match error {
        sqlx::Error::Configuration(cause) => malformed(cause.to_string()),
        other => malformed(other.to_string()),
    })
}

/// Which database is meant, without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    setting: Setting,
    server: String,
    database: String,
    user: String,
}

impl Place {
    pub(super) fn of(setting: Setting, options: &PgConnectOptions) -> Self {
        let user = options.get_username();
        Self {
            setting,
            server: match options.get_socket() {
                Some(socket) => socket.display().to_string(),
                None => format!("{}:{}", options.get_host(), options.get_port()),
            },
            database: options.get_database().unwrap_or(user).into(),
            user: user.into(),
        }
    }

    /// The URL, but for the password.
    pub(super) fn url(&self) -> String {
        let Self {
            server,
            database,
            user,
            ..
        } = self;
        format!("postgres://{user}@{server}/{database}")
    }

    /// What an error of the driver means for whoever started the program.
    pub(super) fn error(&self, error: &sqlx::Error) -> DatabaseError {
        let place = self.clone();
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        let cause = match error {
            // What the server says, and not the detail, which may quote rows.
            sqlx::Error::Database(error) => error.message().into(),
            sqlx::Error::Io(error) => error.to_string(),
            other => other.to_string(),
        };
        match (error, code.as_deref().unwrap_or_default()) {
            (sqlx::Error::Io(_), _) | (_, "57P03") => DatabaseError::Unreachable { place, cause },
            (_, "28P01" | "28000") => DatabaseError::Login { place, cause },
            (_, "3D000") => DatabaseError::NoDatabase { place },
            (_, "42501") => DatabaseError::Rights { place, cause },
            _ => DatabaseError::Failed { place, cause },
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            setting,
            server,
            database,
            user,
        } = self;
        write!(
            f,
            "{setting}: database {database} at {server} as user {user}"
        )
    }
}
