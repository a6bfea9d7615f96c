//! A database of its own for each test.

use std::error::Error;
use std::thread;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{Database, DatabaseError};

/// A database that is new, and gone when this is dropped.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    /// Creates a database on the server that `TEST_DATABASE_URL` names.
    pub(crate) async fn create() -> Result<Self, Box<dyn Error>> {
        let server = std::env::var("TEST_DATABASE_URL").map_err(
            |_| "TEST_DATABASE_URL is not set; run the tests through ./scripts/with-servers",
        )?;
        let mut random = [0; 8];
        getrandom::fill(&mut random)?;
        let name = format!("exchange_test_{:016x}", u64::from_ne_bytes(random));
        // Nobody is ever connected to template0, which would make this fail.
        execute(
            &server,
            format!("CREATE DATABASE {name} TEMPLATE template0"),
        )
        .await?;
        Ok(Self { server, name })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        let (user, host) = self.authority();
        self.url_of(user, host)
    }

    /// Where it is for somebody else: `NAME:PASSWORD`.
    pub(crate) fn url_as(&self, user: &str) -> String {
        self.url_of(user, self.authority().1)
    }

    /// Where it is behind another address: `HOST:PORT`.
    pub(crate) fn url_at(&self, host: &str) -> String {
        self.url_of(self.authority().0, host)
    }

    /// Connects and brings the schema up to date.
    pub(crate) async fn connect(&self) -> Result<Database, DatabaseError> {
        Database::connect(&self.url()).await
    }

    /// Runs statements behind the back of whoever is connected.
    pub(crate) async fn sql(&self, statements: &str) -> Result<(), sqlx::Error> {
        execute(&self.url(), statements.to_owned()).await
    }

    /// Ends all connections to the database, as a restart of the server does.
    pub(crate) async fn disconnect_all(&self) -> Result<(), sqlx::Error> {
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await
    }

    fn authority(&self) -> (&str, &str) {
        let (_, rest) = self.server.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        authority.rsplit_once('@').unwrap_or(("", authority))
    }

    fn url_of(&self, user: &str, host: &str) -> String {
        let at = if user.is_empty() { "" } else { "@" };
        format!("postgres://{user}{at}{host}/{}", self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let server = self.server.clone();
        let statement = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        // A runtime cannot wait for another on its own thread.
        let dropping = thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map(|runtime| runtime.block_on(execute(&server, statement)))
        });
        if !matches!(dropping.join(), Ok(Ok(Ok(())))) {
            tracing::warn!(database = self.name, "a test database is left over");
        }
    }
}

async fn execute(url: &str, statements: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(statements))
        .execute(&mut connection)
        .await?;
    connection.close().await
}
