//! The store for many processes: tables in PostgreSQL, cut by time with TimescaleDB where the
//! server has it, into plain partitions where it has not.
//!
//! Which of the two it is was decided when the tables were made; queries are the same for both.
//! Every call ends, also when the server has been paused or cut off.

mod read;
#[cfg(test)]
mod tests;
mod time;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use exchange_engine::{InstrumentId, OrderRef};
use marketdata_core::{Candle, Interval, PublicTrade};
use orderbook_core::{AccountId, OrderId, Timestamp, TradeId};
use sqlx::{PgConnection, PgPool};

use super::error::Failure;
use super::{AsOf, Changes, Cursor, FillQuery, OrderQuery, Store, StoreError};
use crate::log::LogId;
use crate::orders::{Fill, OrderRecord};
use crate::postgres::{Database, in_time};

/// What messages call the store.
const NAME: &str = "PostgreSQL";

/// Read models in a PostgreSQL database.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    pool: PgPool,
}

impl From<sqlx::Error> for Failure<sqlx::Error> {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// What a failure means for whoever called.
fn failed(what: &'static str, failure: Failure<sqlx::Error>) -> StoreError {
    match failure {
        Failure::Refused(refused) => refused,
        Failure::Database(error) => StoreError::Storage {
            store: NAME.into(),
            what,
            // What the server says, and not the detail, which quotes rows.
            cause: match error {
                sqlx::Error::Database(error) => error.message().into(),
                other => other.to_string(),
            },
        },
    }
}

impl PostgresStore {
    /// The store in this database.
    pub(crate) fn new(database: &Database) -> Self {
        Self {
            pool: database.pool().clone(),
        }
    }

    /// A transaction that writes: all of it is committed, or after an error nothing of it. When
    /// the connection ended during the commit, nobody can tell which.
    async fn writing<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Failure<sqlx::Error>>,
    ) -> Result<T, StoreError> {
        let call = async {
            let mut transaction = in_time(self.pool.begin()).await?;
            let result = work(&mut transaction).await?;
            in_time(transaction.commit()).await?;
            Ok(result)
        };
        call.await.map_err(|failure| failed("written", failure))
    }

    /// Rows, and how far the store had come, of one and the same state.
    async fn reading<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<AsOf<T>, StoreError> {
        let call = async {
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
            let mut transaction = self.pool.begin_with(begin).await?;
            let cursor = read::cursor(&mut transaction).await?;
            let rows = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(AsOf { cursor, rows })
        };
        in_time(call).await.map_err(|error| failed("read", error))
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn claim(&self, log: LogId) -> Result<Cursor, StoreError> {
        self.writing(async |connection| write::claim(connection, log).await)
            .await
    }

    async fn log(&self) -> Result<Option<String>, StoreError> {
        let log = sqlx::query_scalar("SELECT log FROM history_cursor").fetch_one(&self.pool);
        in_time(log)
            .await
            .map_err(|error| failed("read", error.into()))
    }

    async fn cursor(&self) -> Result<Cursor, StoreError> {
        let mut connection = in_time(self.pool.acquire())
            .await
            .map_err(|error| failed("read", error.into()))?;
        in_time(read::cursor(&mut connection))
            .await
            .map_err(|error| failed("read", error.into()))
    }

    async fn write(&self, changes: &Arc<Changes>) -> Result<(), StoreError> {
        self.writing(async |connection| write::write(connection, changes).await)
            .await
    }

    async fn candles(
        &self,
        instrument: InstrumentId,
        interval: Interval,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
    ) -> Result<AsOf<Vec<Candle>>, StoreError> {
        self.reading(async |connection| {
            read::candles(connection, instrument, interval, from, to, limit).await
        })
        .await
    }

    async fn candle_before(
        &self,
        instrument: InstrumentId,
        interval: Interval,
        before: Timestamp,
    ) -> Result<AsOf<Option<Candle>>, StoreError> {
        self.reading(async |connection| {
            read::candle_before(connection, instrument, interval, before).await
        })
        .await
    }

    async fn taken(
        &self,
        instrument: InstrumentId,
        from: TradeId,
        limit: usize,
    ) -> Result<AsOf<Vec<(PublicTrade, OrderId)>>, StoreError> {
        self.reading(async |connection| read::taken(connection, instrument, from, limit).await)
            .await
    }

    async fn order(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
    ) -> Result<AsOf<Option<OrderRecord>>, StoreError> {
        self.reading(async |connection| read::order(connection, account, instrument, order).await)
            .await
    }

    async fn orders(&self, query: &OrderQuery) -> Result<AsOf<Vec<OrderRecord>>, StoreError> {
        self.reading(async |connection| read::orders(connection, query).await)
            .await
    }

    async fn fills(&self, query: &FillQuery) -> Result<AsOf<Vec<Fill>>, StoreError> {
        self.reading(async |connection| read::fills(connection, query).await)
            .await
    }
}
