//! Read models in SQL: orders, trades and candles, for as long as anybody wants to look back.
//!
//! A store is a fold over the feed like any other, only that it outlives the process. Its rows and
//! its [`Cursor`] change in one transaction, so that each input counts exactly once, wherever the
//! process or the database is killed. It runs behind the log; what is newer is in memory. It can be
//! thrown away: an empty one is filled from the log.

mod changes;
mod columns;
#[cfg(test)]
mod conformance;
mod error;
mod postgres;
mod sqlite;
pub(crate) mod writer;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use exchange_engine::{InstrumentId, OrderRef};
use marketdata_core::{Candle, Interval, PublicTrade};
use orderbook_core::{AccountId, OrderId, Timestamp, TradeId};

pub(crate) use changes::Changes;
pub(crate) use error::StoreError;
pub(crate) use postgres::PostgresStore;
pub(crate) use sqlite::SqliteStore;

use crate::log::LogId;
use crate::orders::{Fill, OrderRecord};

/// How far a store has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The last sequence number whose outcome is stored.
    pub(crate) seq: u64,
    /// When that was sequenced.
    pub(crate) time: Timestamp,
}

/// Rows, and how far the store had come when they were read: what happened since is not in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AsOf<T> {
    pub(crate) cursor: Cursor,
    pub(crate) rows: T,
}

/// Which orders of an account in an instrument. All bounds are inclusive; times are those of
/// acceptance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrderQuery {
    pub(crate) account: AccountId,
    pub(crate) instrument: InstrumentId,
    pub(crate) from_id: Option<OrderId>,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    pub(crate) limit: usize,
}

/// Which fills of an account in an instrument. All bounds are inclusive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FillQuery {
    pub(crate) account: AccountId,
    pub(crate) instrument: InstrumentId,
    pub(crate) order_id: Option<OrderId>,
    pub(crate) from_id: Option<TradeId>,
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
    pub(crate) limit: usize,
}

/// Where read models are kept.
///
/// Queries with a beginning (`from_id` or `start`, `from`) give the oldest rows from there on,
/// those without one the newest; always oldest first.
#[async_trait]
pub(crate) trait Store: Debug + Send + Sync {
    /// Takes the store for the log with this identity and tells how far it has come. A new store
    /// becomes that log's.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherLog`] where it belongs to another.
    async fn claim(&self, log: LogId) -> Result<Cursor, StoreError>;

    /// The log that the store has been taken for, as [`LogId`] shows itself.
    async fn log(&self) -> Result<Option<String>, StoreError>;

    /// How far the store has come.
    async fn cursor(&self) -> Result<Cursor, StoreError>;

    /// Stores what batches changed, all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::CursorMoved`] where the changes do not start where the cursor is; nothing is
    /// stored then. After another error the outcome is unknown: ask for the cursor.
    async fn write(&self, changes: &Arc<Changes>) -> Result<(), StoreError>;

    /// The candles whose open time is in `from..=to`, without the quiet intervals.
    async fn candles(
        &self,
        instrument: InstrumentId,
        interval: Interval,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: usize,
    ) -> Result<AsOf<Vec<Candle>>, StoreError>;

    /// The newest candle that opened before a time.
    async fn candle_before(
        &self,
        instrument: InstrumentId,
        interval: Interval,
        before: Timestamp,
    ) -> Result<AsOf<Option<Candle>>, StoreError>;

    /// The oldest `limit` public trades with this id or a later one, and the orders that took.
    async fn taken(
        &self,
        instrument: InstrumentId,
        from: TradeId,
        limit: usize,
    ) -> Result<AsOf<Vec<(PublicTrade, OrderId)>>, StoreError>;

    /// The same trades, whoever took.
    async fn trades(
        &self,
        instrument: InstrumentId,
        from: TradeId,
        limit: usize,
    ) -> Result<AsOf<Vec<PublicTrade>>, StoreError> {
        let AsOf { cursor, rows } = self.taken(instrument, from, limit).await?;
        let rows = rows.into_iter().map(|(trade, _)| trade).collect();
        Ok(AsOf { cursor, rows })
    }

    /// An order as its owner refers to it: the newest of that name in the instrument.
    async fn order(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
    ) -> Result<AsOf<Option<OrderRecord>>, StoreError>;

    /// Orders, by ascending id.
    async fn orders(&self, query: &OrderQuery) -> Result<AsOf<Vec<OrderRecord>>, StoreError>;

    /// Fills, by ascending trade id; of a trade with oneself, the maker's side first.
    async fn fills(&self, query: &FillQuery) -> Result<AsOf<Vec<Fill>>, StoreError>;
}
