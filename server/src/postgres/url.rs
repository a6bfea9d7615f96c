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

/// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETER=VALUE`.
pub(super) fn parse(url: &str) -> Result<PgConnectOptions, DatabaseError> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(DatabaseError::Url("it has no scheme".into()));
    };
    if !["postgres", "postgresql"].contains(&scheme) {
        return Err(DatabaseError::Scheme);
    }
    // A password with one of these would be taken for a host, a port, a database.
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    if rest.contains('#') || rest[authority.len()..].contains('@') {
        return Err(DatabaseError::Url(
            "'#', '/', '?' and '@' in a name or password are written %23, %2F, %3F and %40".into(),
        ));
    }
    if let Some((_, query)) = rest.split_once('?') {
        for (name, _) in form_urlencoded::parse(query.as_bytes()) {
            if !PARAMETERS.contains(&&*name) && !name.starts_with("options[") {
                return Err(DatabaseError::Url(format!(
                    "the parameter {name} is unknown"
                )));
            }
        }
    }
    url.parse().map_err(|error: sqlx::Error| match error {
        sqlx::Error::Configuration(cause) => DatabaseError::Url(cause.to_string()),
        other => DatabaseError::Url(other.to_string()),
    })
}

/// Which database is meant, without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    server: String,
    database: String,
    user: String,
}

impl Place {
    pub(super) fn of(options: &PgConnectOptions) -> Self {
        let user = options.get_username();
        Self {
            server: match options.get_socket() {
                Some(socket) => socket.display().to_string(),
                None => format!("{}:{}", options.get_host(), options.get_port()),
            },
            database: options.get_database().unwrap_or(user).into(),
            user: user.into(),
        }
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
            server,
            database,
            user,
        } = self;
        write!(f, "database {database} at {server} as user {user}")
    }
}
