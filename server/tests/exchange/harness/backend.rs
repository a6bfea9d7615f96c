//! A Redis and a PostgreSQL: those that the tests are given, and a test's own that it may kill.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

use super::new_dir;

/// What the tests are given, or what is missing.
fn given(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set; run the tests through ./scripts/with-servers")
    })
}

/// The Redis of all tests. Exchanges do not get into each other's way there.
pub(crate) fn redis_url() -> String {
    given("TEST_REDIS_URL")
}

/// A database of a test's own on the PostgreSQL of all tests. It stays until the server goes.
pub(crate) async fn new_database() -> String {
    database_at(&given("TEST_DATABASE_URL")).await
}

/// A new database on a server.
async fn database_at(server: &str) -> String {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("the system has randomness");
    let name = format!("exchange_e2e_{:016x}", u64::from_ne_bytes(random));
    let mut connection = PgConnection::connect(server)
        .await
        .expect("the server of TEST_DATABASE_URL is there");
    // Nobody is ever connected to template0, which would make this fail.
    let create = format!("CREATE DATABASE {name} TEMPLATE template0");
    sqlx::query(AssertSqlSafe(create))
        .execute(&mut connection)
        .await
        .expect("databases may be created");
    let (base, _) = server.rsplit_once('/').expect("the URL names a database");
    format!("{base}/{name}")
}

/// A port that nobody listens on, for now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it has an address").port()
}

/// A server that belongs to one test. Dropping it stops it.
pub(crate) struct Backend {
    kind: &'static str,
    dir: TempDir,
    port: u16,
}

impl Backend {
    pub(crate) async fn redis() -> Self {
        Self::start("redis").await
    }

    pub(crate) async fn postgres() -> Self {
        Self::start("postgres").await
    }

    async fn start(kind: &'static str) -> Self {
        let (dir, port) = (new_dir(), free_port());
        let backend = Self { kind, dir, port };
        backend.run("start").await;
        backend
    }

    /// SIGKILL.
    pub(crate) async fn kill(&self) {
        self.run("kill").await;
    }

    /// SIGSTOP: connections stand, but nothing answers.
    pub(crate) async fn pause(&self) {
        self.run("pause").await;
    }

    pub(crate) async fn resume(&self) {
        self.run("resume").await;
    }

    /// Starts again what was killed, with what it had.
    pub(crate) async fn start_again(&self) {
        self.run("start").await;
    }

    async fn run(&self, action: &'static str) {
        let (kind, dir, port) = (self.kind, self.dir.path().to_owned(), self.port);
        let ran = tokio::task::spawn_blocking(move || script(kind, action, &dir, port));
        ran.await.expect("waiting does not panic");
    }

    /// Where it is; of PostgreSQL, a new database.
    pub(crate) async fn url(&self) -> String {
        let port = self.port;
        match self.kind {
            "redis" => format!("redis://127.0.0.1:{port}"),
            _ => database_at(&format!("postgres://postgres@127.0.0.1:{port}/postgres")).await,
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        script(self.kind, "kill", self.dir.path(), self.port);
    }
}

fn script(kind: &str, action: &str, dir: &Path, port: u16) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../scripts/test-servers")
        .join(kind);
    let mut command = Command::new(script);
    command.arg(action).arg(dir);
    if action == "start" {
        command.arg(port.to_string());
    }
    let output = command.output().expect("there is bash");
    let said = String::from_utf8_lossy(&output.stderr);
    // A test that is failing already says more than this could.
    assert!(
        output.status.success() || std::thread::panicking(),
        "{kind} {action}: {said}"
    );
}
