//! The embedded store: `history.sqlite`.
//!
//! One connection writes and another reads, so that no read waits for a write: in WAL mode a reader
//! sees the last commit. The database blocks, so it is used on threads for blocking work.

mod read;
mod schema;
mod write;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use exchange_engine::{InstrumentId, OrderRef};
use marketdata_core::{Candle, Interval, PublicTrade};
use orderbook_core::{AccountId, OrderId, Timestamp, TradeId};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{AsOf, Changes, Cursor, FillQuery, OrderQuery, Store, StoreError};
use crate::log::LogId;
use crate::orders::{Fill, OrderRecord};

const FILE: &str = "history.sqlite";

/// Read models in a file.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    path: String,
    writing: Arc<Mutex<Connection>>,
    reading: Arc<Mutex<Connection>>,
}

type Failure = super::error::Failure<rusqlite::Error>;

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl SqliteStore {
    /// Opens the store in a data directory, or creates it where there is none, and brings its
    /// schema up to date. What is not ours or of a later version is refused and left as it is.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let file = data_dir.join(FILE);
        let (writing, reading) = schema::open(&file)?;
        Ok(Self {
            path: file.display().to_string(),
            writing: Arc::new(Mutex::new(writing)),
            reading: Arc::new(Mutex::new(reading)),
        })
    }

    /// A transaction that writes: all of it is committed, or after an error nothing of it.
    async fn writing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.writing);
        let work = move || {
            // A panic rolls its transaction back on the way out, so the connection stays good.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        self.blocking("written", work).await
    }

    /// Rows, and how far the store had come, of one and the same state.
    async fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<AsOf<T>, StoreError> {
        let connection = Arc::clone(&self.reading);
        let work = move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction()?;
            let cursor = read::cursor(&transaction)?;
            let rows = work(&transaction)?;
            Ok(AsOf { cursor, rows })
        };
        self.blocking("read", work).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let storage = |cause: String| StoreError::Storage {
            store: self.path.clone(),
            what,
            cause,
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(Failure::Refused(refused))) => Err(refused),
            Ok(Err(Failure::Database(error))) => Err(storage(error.to_string())),
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(cancelled) => Err(storage(cancelled.to_string())),
            },
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn claim(&self, log: LogId) -> Result<Cursor, StoreError> {
        let store = self.path.clone();
        self.writing(move |transaction| write::claim(transaction, store, log))
            .await
    }

    async fn log(&self) -> Result<Option<String>, StoreError> {
        let log = |transaction: &Transaction<'_>| {
            transaction.query_row("SELECT log FROM history_cursor", [], |row| row.get(0))
        };
        Ok(self.reading(log).await?.rows)
    }

    async fn cursor(&self) -> Result<Cursor, StoreError> {
        Ok(self.reading(|_| Ok(())).await?.cursor)
    }

    async fn write(&self, changes: &Arc<Changes>) -> Result<(), StoreError> {
        let changes = Arc::clone(changes);
        self.writing(move |transaction| write::write(transaction, &changes))
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
        self.reading(move |transaction| {
            read::candles(transaction, instrument, interval, from, to, limit)
        })
        .await
    }

    async fn candle_before(
        &self,
        instrument: InstrumentId,
        interval: Interval,
        before: Timestamp,
    ) -> Result<AsOf<Option<Candle>>, StoreError> {
        self.reading(move |transaction| {
            read::candle_before(transaction, instrument, interval, before)
        })
        .await
    }

    async fn taken(
        &self,
        instrument: InstrumentId,
        from: TradeId,
        limit: usize,
    ) -> Result<AsOf<Vec<(PublicTrade, OrderId)>>, StoreError> {
        self.reading(move |transaction| read::taken(transaction, instrument, from, limit))
            .await
    }

    async fn order(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
    ) -> Result<AsOf<Option<OrderRecord>>, StoreError> {
        self.reading(move |transaction| read::order(transaction, account, instrument, order))
            .await
    }

    async fn orders(&self, query: &OrderQuery) -> Result<AsOf<Vec<OrderRecord>>, StoreError> {
        let query = *query;
        self.reading(move |transaction| read::orders(transaction, &query))
            .await
    }

    async fn fills(&self, query: &FillQuery) -> Result<AsOf<Vec<Fill>>, StoreError> {
        let query = *query;
        self.reading(move |transaction| read::fills(transaction, &query))
            .await
    }
}
