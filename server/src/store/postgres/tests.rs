//! What only this store can be asked: its tables, and connections that end.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use orderbook_core::{CloseReason, OrderId, Side, TradeId};
use sqlx::{Connection, PgConnection};

use super::*;
use crate::postgres::Storage;
use crate::postgres::testing::TestDatabase;
use crate::store::conformance::{ANN, BOB, BTC, ETH, Script, TestResult};
use crate::store::conformance::{accepted, closed, listed, order, settled, trade};

const DAY: u64 = 86_400_000_000;
/// The last hour of January 2024.
const NEW_MONTH: u64 = 1_706_742_000_000_000;

async fn open(database: &TestDatabase, storage: Storage) -> Result<PostgresStore, Box<dyn Error>> {
    let database = Database::connect_with(&database.url(), storage).await?;
    Ok(PostgresStore::new(&database))
}

/// Trades on either side of midnight UTC.
fn around_midnight() -> Arc<Changes> {
    let sold = order(1, BOB, Side::Sell);
    Script::after(0)
        .at(1, [listed(BTC), listed(ETH)])
        .at(2, [accepted(BTC, sold, "")])
        .at(
            NEW_MONTH,
            [settled(BTC, trade(1, 100, 1, (1, BOB), (2, ANN)))],
        )
        .at(
            NEW_MONTH + DAY / 24,
            [settled(BTC, trade(2, 100, 1, (1, BOB), (3, ANN)))],
        )
        .changes()
}

/// The tables that hold the rows of a table.
async fn parts(database: &TestDatabase, table: &str) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = PgConnection::connect(&database.url()).await?;
    sqlx::query_scalar(
        "SELECT relname::text FROM pg_inherits JOIN pg_class ON oid = inhrelid
         WHERE inhparent = $1::regclass AND relkind = 'r' ORDER BY relname",
    )
    .bind(table)
    .fetch_all(&mut connection)
    .await
}

#[tokio::test]
async fn partitions_are_added_as_rows_and_instruments_come() -> TestResult {
    let database = TestDatabase::create().await?;
    let store = open(&database, Storage::Partitions).await?;
    assert_eq!(parts(&database, "trades").await?, [""; 0]);
    // Days are those of UTC, wherever somebody is.
    database
        .sql(
            "SET timezone = 'America/New_York';
             SELECT history_make_room(ARRAY['2024-01-31 23:00Z'::timestamptz], '{}')",
        )
        .await?;
    assert_eq!(parts(&database, "trades").await?, ["trades_2024_01_31"]);
    store.write(&around_midnight()).await?;
    let (trades, candles) = (
        parts(&database, "trades").await?,
        parts(&database, "candles").await?,
    );
    assert_eq!(trades, ["trades_2024_01_31", "trades_2024_02_01"]);
    assert_eq!(candles, ["candles_2024_01", "candles_2024_02"]);
    let orders = parts(&database, "orders").await?;
    assert_eq!(orders, ["orders_1", "orders_2"]);
    Ok(())
}

#[tokio::test]
async fn timescale_cuts_by_day_and_month() -> TestResult {
    let database = TestDatabase::create().await?;
    let store = open(&database, Storage::TimescaleIfAvailable).await?;
    store.write(&around_midnight()).await?;
    let mut connection = PgConnection::connect(&database.url()).await?;
    let hypertables: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT hypertable_name::text, time_interval::text, num_chunks
         FROM timescaledb_information.dimensions
         JOIN timescaledb_information.hypertables USING (hypertable_name)
         ORDER BY hypertable_name",
    )
    .fetch_all(&mut connection)
    .await?;
    let expected = [("candles", "30 days", 1), ("trades", "1 day", 2)];
    let expected = expected.map(|(name, interval, chunks)| (name.into(), interval.into(), chunks));
    assert_eq!(hypertables, expected);
    Ok(())
}

#[tokio::test]
async fn a_timescale_that_cannot_be_used_is_done_without() -> TestResult {
    let database = TestDatabase::create().await?;
    // In the way of the extension's own.
    database.sql("CREATE SCHEMA _timescaledb_catalog").await?;
    let store = open(&database, Storage::TimescaleIfAvailable).await?;
    store.write(&around_midnight()).await?;
    assert_eq!(parts(&database, "trades").await?.len(), 2);
    assert_eq!(store.trades(BTC, TradeId::new(0), 9).await?.rows.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_write_whose_connection_is_killed_leaves_nothing() -> TestResult {
    for storage in [Storage::TimescaleIfAvailable, Storage::Partitions] {
        let database = TestDatabase::create().await?;
        let store = open(&database, storage).await?;
        store.write(&around_midnight()).await?;
        let cursor = store.cursor().await?;
        let sold = order(1, BOB, Side::Sell);
        let changes = Script::after(cursor.seq)
            .at(
                NEW_MONTH + 3 * DAY,
                [
                    settled(BTC, trade(3, 100, 1, (1, BOB), (4, ANN))),
                    closed(BTC, sold, CloseReason::Cancelled),
                ],
            )
            .changes();

        // Orders come last, and there the write has to wait.
        let mut other = PgConnection::connect(&database.url()).await?;
        let mut blocking = other.begin().await?;
        sqlx::query("LOCK TABLE orders IN SHARE MODE")
            .execute(&mut *blocking)
            .await?;
        let killing = async {
            let mut killed = 0;
            while killed == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                killed = sqlx::query_scalar(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'",
                )
                .fetch_one(&mut *blocking)
                .await?;
            }
            Ok::<i64, sqlx::Error>(killed)
        };
        let (written, killed) = tokio::join!(store.write(&changes), killing);
        assert_eq!(killed?, 1);
        assert!(
            matches!(written, Err(StoreError::Storage { .. })),
            "{written:?}"
        );
        blocking.rollback().await?;

        assert_eq!(store.cursor().await?, cursor);
        assert_eq!(store.trades(BTC, TradeId::new(0), 9).await?.rows.len(), 2);
        let day = Interval::ONE_DAY;
        assert_eq!(store.candles(BTC, day, None, None, 9).await?.rows.len(), 2);
        store.write(&changes).await?;
        assert_eq!(store.trades(BTC, TradeId::new(0), 9).await?.rows.len(), 3);
        assert_eq!(store.candles(BTC, day, None, None, 9).await?.rows.len(), 3);
        let order = OrderRef::Id(OrderId::new(1));
        let order = store.order(BOB, BTC, order).await?.rows.ok_or("stored")?;
        assert_eq!(order.executed.get(), 3);
    }
    Ok(())
}
