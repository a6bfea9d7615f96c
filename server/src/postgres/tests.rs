//! Connecting to a real server, or failing to.

use std::error::Error;
use std::future::pending;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection, Row};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tracing_subscriber::fmt::MakeWriter;

use super::migrations::{MIGRATIONS, Migration, Storage, migrate};
use super::testing::TestDatabase;
use super::url::Place;
use super::{CALL_TIMEOUT, Connector, Database, DatabaseError, Setting, in_time, url};

type Outcome = Result<(), Box<dyn Error>>;

const PASSWORD: &str = "hunter2-is-secret";

/// A step that works, and one that fails after having done something.
const GOOD: Migration = Migration {
    name: "0001_good",
    sql: "CREATE TABLE good (id INTEGER); INSERT INTO good VALUES (1);",
};
const BAD: Migration = Migration {
    name: "0002_bad",
    sql: "CREATE TABLE bad (id INTEGER); SELECT 1 / 0;",
};
const BETTER: Migration = Migration {
    name: "0002_better",
    sql: "DO $$ BEGIN CREATE TABLE better (storage TEXT); END $$;
          INSERT INTO better VALUES (current_setting('exchange.storage', true));",
};

async fn run(
    database: &TestDatabase,
    migrations: &[Migration],
    storage: Storage,
) -> Result<(), DatabaseError> {
    let options = url::parse(Setting::Store, &database.url())?;
    let place = Place::of(Setting::Store, &options);
    let connector = Connector::new(Setting::Store, &database.url())?;
    let opened = connector.open().await;
    let mut connection = opened.map_err(|error| place.error(&error))?;
    migrate(&mut connection, &place, migrations, storage).await
}

/// The tables of a database, by name.
async fn tables(database: &TestDatabase) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = PgConnection::connect(&database.url()).await?;
    sqlx::query_scalar(
        "SELECT relname::text FROM pg_class
         WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY relname",
    )
    .fetch_all(&mut connection)
    .await
}

#[tokio::test]
async fn a_new_database_is_migrated_and_an_old_one_left_alone() -> Outcome {
    let database = TestDatabase::create().await?;
    let first = database.connect().await?;
    let applied = "SELECT array_agg((version, name, applied)::text ORDER BY version)
                   FROM schema_migrations";
    let before: Vec<String> = sqlx::query_scalar(applied).fetch_one(first.pool()).await?;
    assert_eq!(before.len(), MIGRATIONS.len());

    let second = database.connect().await?;
    let after: Vec<String> = sqlx::query_scalar(applied).fetch_one(second.pool()).await?;
    assert_eq!(before, after);

    let session = sqlx::query(
        "SELECT current_setting('application_name'), current_setting('statement_timeout')",
    )
    .fetch_one(second.pool())
    .await?;
    assert_eq!(session.try_get::<&str, _>(0)?, "exchange");
    assert_eq!(session.try_get::<&str, _>(1)?, "10s");
    Ok(())
}

#[tokio::test]
async fn several_processes_may_start_at_once() -> Outcome {
    let database = TestDatabase::create().await?;
    let url = database.url();
    let (one, two, three) = tokio::join!(
        Database::connect(&url),
        Database::connect(&url),
        Database::connect_with(&url, Storage::Partitions),
    );
    for connected in [one?, two?, three?] {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM schema_migrations")
            .fetch_one(connected.pool())
            .await?;
        assert_eq!(count, i64::try_from(MIGRATIONS.len())?);
    }
    Ok(())
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_behind() -> Outcome {
    let database = TestDatabase::create().await?;
    let failed = run(&database, &[GOOD, BAD], Storage::Partitions).await;
    let failed = failed.expect_err("division by zero");
    assert!(matches!(
        failed,
        DatabaseError::Migration { version: 2, .. }
    ));
    assert!(
        failed
            .to_string()
            .contains("migration 2 (0002_bad) failed and nothing has changed: division by zero"),
        "{failed}"
    );
    assert!(tables(&database).await?.is_empty());

    // What was there stays.
    run(&database, &[GOOD], Storage::Partitions).await?;
    assert!(
        run(&database, &[GOOD, BAD], Storage::Partitions)
            .await
            .is_err()
    );
    assert_eq!(tables(&database).await?, ["good", "schema_migrations"]);

    run(&database, &[GOOD, BETTER], Storage::Partitions).await?;
    assert_eq!(
        tables(&database).await?,
        ["better", "good", "schema_migrations"]
    );
    Ok(())
}

#[tokio::test]
async fn migrations_are_told_how_to_store_history() -> Outcome {
    for (storage, setting) in [
        (Storage::TimescaleIfAvailable, "auto"),
        (Storage::Partitions, "partitions"),
    ] {
        let database = TestDatabase::create().await?;
        run(&database, &[GOOD, BETTER], storage).await?;
        let mut connection = PgConnection::connect(&database.url()).await?;
        let told: String = sqlx::query_scalar("SELECT storage FROM better")
            .fetch_one(&mut connection)
            .await?;
        assert_eq!(told, setting);
    }
    Ok(())
}

#[tokio::test]
async fn newer_changed_and_foreign_schemas_are_refused() -> Outcome {
    let storage = Storage::Partitions;
    let database = TestDatabase::create().await?;
    run(&database, &[GOOD, BETTER], storage).await?;
    let newer = run(&database, &[GOOD], storage).await.expect_err("newer");
    assert!(
        newer.to_string().contains(
            "the database was migrated to version 2 by newer software; this version knows 1"
        ),
        "{newer}"
    );
    let edited = Migration {
        sql: "CREATE TABLE good (id BIGINT)",
        ..GOOD
    };
    let changed = run(&database, &[edited, BETTER], storage).await;
    assert!(matches!(
        changed,
        Err(DatabaseError::ChangedMigration { version: 1, .. })
    ));

    for foreign in [
        "CREATE TABLE good (id TEXT)",
        "CREATE TABLE schema_migrations (version VARCHAR PRIMARY KEY)",
        "CREATE TABLE schema_migrations (version BIGINT, name TEXT, checksum TEXT);
         INSERT INTO schema_migrations VALUES (1, '', '')",
    ] {
        let database = TestDatabase::create().await?;
        database.sql(foreign).await?;
        let before = tables(&database).await?;
        let refused = run(&database, &[GOOD], storage).await.expect_err(foreign);
        assert!(
            matches!(refused, DatabaseError::Foreign { .. }),
            "{refused}"
        );
        assert_eq!(tables(&database).await?, before);
    }
    Ok(())
}

#[test]
fn migrations_are_numbered_without_gaps() {
    for (version, migration) in (1..).zip(MIGRATIONS) {
        assert_eq!(migration.name.get(..5), Some(&*format!("{version:04}_")));
    }
}

#[tokio::test]
async fn refusals_name_the_setting_and_the_cause_and_no_password() -> Outcome {
    let database = TestDatabase::create().await?;
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let free = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let user = format!("postgres:{PASSWORD}");
    // It may log in, and create nothing.
    let guest = format!("guest_{}", std::process::id());
    database
        .sql(&format!("CREATE ROLE {guest} LOGIN PASSWORD '{PASSWORD}'"))
        .await?;

    let cases = [
        (format!("{user}@localhost/x"), "it has no scheme"),
        (
            format!("mysql://{user}@localhost/x"),
            "begin with postgres://",
        ),
        (format!("postgres://u:1#{PASSWORD}@localhost/x"), "%23"),
        (format!("postgres://u:1/{PASSWORD}@localhost/x"), "%2F"),
        (format!("postgres://u:1?{PASSWORD}@localhost/x"), "%3F"),
        (format!("postgres://{user}@localhost:port/x"), "malformed"),
        (
            format!("postgres://{user}@/x?passwd={PASSWORD}"),
            "passwd is unknown",
        ),
        (
            format!("postgres://{user}@localhost/x?sslmode=y"),
            "malformed",
        ),
        (
            format!("postgres://{user}@{free}/x"),
            "cannot be reached: Connection refused",
        ),
        (
            format!("postgres://{user}@nowhere.invalid/x"),
            "cannot be reached: failed to lookup",
        ),
        (
            format!("postgres://{user}@{}/x", silent.local_addr()?),
            "cannot be reached: no answer within 5 seconds",
        ),
        (
            database.url_as(&format!("nobody:{PASSWORD}")),
            "the login was refused",
        ),
        (
            database.url_as(&user).replace("exchange_test", "no_such"),
            "there is no such database",
        ),
        (
            database.url_as(&format!("{guest}:{PASSWORD}")),
            "not enough rights",
        ),
    ];
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let logging = tracing::subscriber::set_default(subscriber);
    for (url, expected) in cases {
        look_again();
        let error = Database::connect(&url).await.expect_err(&url);
        let message = error.to_string();
        assert!(message.starts_with("--store: "), "{message}");
        assert!(message.contains(expected), "{message}");
        assert!(
            !format!("{message} {error:?}").contains(PASSWORD),
            "{error:?}"
        );
    }
    // And where all is well.
    let connected = Database::connect(&database.url_as(&user)).await?;
    look_again();
    sqlx::query("SELECT 1").execute(connected.pool()).await?;
    assert!(!format!("{connected:?}").contains(PASSWORD));
    drop(logging);

    let log = log.text();
    assert!(log.contains("SELECT 1"), "the log is looked at");
    assert!(!log.contains(PASSWORD));
    drop(connected);
    database.sql(&format!("DROP ROLE {guest}")).await?;
    Ok(())
}

/// Asks anew what is worth logging. The answer is remembered for all threads, and where tests run
/// side by side it may have been that of one that logs nothing.
fn look_again() {
    tracing::callsite::rebuild_interest_cache();
}

#[tokio::test]
async fn an_old_server_is_refused_by_its_version() {
    let place = url::parse(Setting::Store, "postgres://localhost/x")
        .map(|options| Place::of(Setting::Store, &options));
    let place = place.expect("a URL");
    assert!(super::check_version(140_000, &place).is_ok());
    let refused = super::check_version(130_021, &place).expect_err("13");
    assert!(
        refused
            .to_string()
            .contains("the server is PostgreSQL 13; 14 or newer is needed"),
        "{refused}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_ends() {
    let started = tokio::time::Instant::now();
    let never: Result<(), sqlx::Error> = in_time(pending()).await;
    let error = never.expect_err("no answer").to_string();
    assert!(error.contains("no answer within 12 seconds"), "{error}");
    assert_eq!(started.elapsed(), CALL_TIMEOUT);
}

/// As many calls as there are connections are given up; the next ones must not find the pool
/// waiting for them.
#[tokio::test]
async fn connections_of_a_paused_server_are_given_up() -> Outcome {
    let database = TestDatabase::create().await?;
    let (address, paused) = proxy(&database).await?;
    let connected = Database::connect(&database.url_at(&address)).await?;
    let pool = connected.pool();
    let mut connections = Vec::new();
    for _ in 0..super::MAX_CONNECTIONS {
        connections.push(pool.acquire().await?);
    }

    paused.send(true)?;
    for mut connection in connections {
        let call = sqlx::query("SELECT 1").execute(&mut *connection);
        let given_up = tokio::time::timeout(Duration::from_millis(10), call).await;
        assert!(given_up.is_err());
    }
    let started = Instant::now();
    let refused = in_time(sqlx::query("SELECT 1").execute(pool)).await;
    assert!(refused.is_err());
    assert!(started.elapsed() < CALL_TIMEOUT);

    // The connections of before stay dead; new ones are made.
    paused.send(false)?;
    sqlx::query("SELECT 1").execute(pool).await?;
    Ok(())
}

/// Stands between the pool and the server, and keeps what is sent while it is paused.
async fn proxy(database: &TestDatabase) -> Result<(String, watch::Sender<bool>), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let options = url::parse(Setting::Store, &database.url())?;
    let server = format!("{}:{}", options.get_host(), options.get_port());
    let (pause, paused) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (server, mut paused) = (server.clone(), paused.clone());
            tokio::spawn(async move {
                paused.wait_for(|paused| !paused).await.map(drop)?;
                let mut upstream = TcpStream::connect(server).await?;
                tokio::select! {
                    copied = copy_bidirectional(&mut client, &mut upstream) => copied.map(drop)?,
                    () = pausing(&mut paused) => pending().await,
                }
                Ok::<_, Box<dyn Error + Send + Sync>>(())
            });
        }
    });
    Ok((address, pause))
}

async fn pausing(paused: &mut watch::Receiver<bool>) {
    drop(paused.wait_for(|paused| *paused).await);
}

/// Everything that is logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
