//! What only a log that several processes can reach has to bear.

mod doubt;
mod fencing;
mod leases;
mod proxy;
mod racing;

use std::error::Error;
use std::thread;
use std::time::Duration;

use proxy::Proxy;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::session::LogDatabase;
use crate::log::conformance::{Kind, Place, TestResult, block_on};
use crate::postgres::{Connector, Setting};

/// Long enough for a call to be on its way.
const A_MOMENT: Duration = Duration::from_millis(400);

/// Lets each append take two seconds.
const SLOW: &str = "
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE INSERT ON frames FOR EACH ROW EXECUTE FUNCTION slow();";

/// Ends the connection that an append is made on.
const TERMINATE: &str = "
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE query LIKE '%INSERT INTO frames%' AND datname = current_database()
          AND pid <> pg_backend_pid()";

/// Sessions do not do less than they must, and what an operator asks for besides.
#[test]
fn a_session_waits_until_a_commit_is_durable() -> TestResult {
    let place = Place::new(Kind::Postgres)?;
    for (set, expected) in [
        ("off", "on"),
        ("local", "on"),
        ("remote_write", "on"),
        ("on", "on"),
        ("remote_apply", "remote_apply"),
    ] {
        place.tamper(&format!(
            "DO $$ BEGIN EXECUTE format(
                 'ALTER DATABASE %I SET synchronous_commit = {set}', current_database());
             EXECUTE format(
                 'ALTER DATABASE %I SET default_transaction_isolation = serializable',
                 current_database()); END $$"
        ))?;
        let mut session = LogDatabase::of(place.connector()).session();
        let found: (String, String) = session.call(async |connection| {
            let look = "SELECT current_setting('synchronous_commit'),
                               current_setting('transaction_isolation')";
            sqlx::query_as(look).fetch_one(connection).await
        })?;
        assert_eq!(found, (expected.into(), "read committed".into()));
    }
    Ok(())
}

#[test]
fn a_log_is_named_without_the_password() -> Result<(), Box<dyn Error>> {
    let url = "postgres://somebody:geheim@127.0.0.1:1/exchange";
    let database = LogDatabase::of(Connector::new(Setting::Log, url)?);
    let error = database.session().call(async |_| Ok(()));
    let error = error.expect_err("nobody listens there");
    let error = database.failed("opened", &error);
    let name = "the command log postgres://somebody@127.0.0.1:1/exchange cannot be opened: ";
    assert!(error.to_string().starts_with(name), "{error}");
    assert!(!format!("{error} {error:?} {database:?}").contains("geheim"));
    Ok(())
}

/// Waits until an append is on its way.
fn in_flight(place: &Place) -> TestResult {
    block_on(async {
        let mut connection = PgConnection::connect(&place.database().url()).await?;
        let sleeping = "SELECT EXISTS (SELECT FROM pg_stat_activity
                        WHERE query LIKE '%INSERT INTO frames%' AND wait_event = 'PgSleep'
                              AND datname = current_database())";
        while !sqlx::query_scalar::<_, bool>(sleeping)
            .fetch_one(&mut connection)
            .await?
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    })
}

/// Runs this beside that, which has begun and does not end by itself so soon.
fn beside<T: Send>(that: impl FnOnce() -> T + Send, this: impl FnOnce() -> TestResult) -> T {
    thread::scope(|scope| {
        let that = scope.spawn(that);
        thread::sleep(A_MOMENT);
        this().expect("it can be done meanwhile");
        that.join().expect("no panic")
    })
}

/// A log that is reached through a proxy.
fn through(proxy: &Proxy, place: &Place) -> Result<Connector, Box<dyn Error>> {
    let url = place.database().url_at(proxy.address());
    Ok(Connector::new(Setting::Log, &url)?)
}

/// Runs statements while a transaction of its own is open, before it ends.
fn in_transaction(place: &Place, sql: &str, meanwhile: impl FnOnce()) -> TestResult {
    block_on(async {
        let mut connection = PgConnection::connect(&place.database().url()).await?;
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut *transaction)
            .await?;
        meanwhile();
        transaction.commit().await?;
        Ok(())
    })
}
