//! A store that fails when it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use exchange_engine::{InstrumentId, OrderRef};
use marketdata_core::{Candle, Interval, PublicTrade};
use orderbook_core::{AccountId, OrderId, Timestamp, TradeId};

use crate::log::LogId;
use crate::orders::{Fill, OrderRecord};
use crate::store::{AsOf, Changes, Cursor, FillQuery, OrderQuery, Store, StoreError};

/// What happens to a write.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// It fails.
    Lost,
    /// It fails as far as anybody can see, but is stored.
    Stored,
    /// Somebody else is first, and has come this many inputs further.
    Overtaken(u64),
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) seq: u64,
    /// The first and the last input of each write.
    pub(super) writes: Vec<(u64, u64)>,
    faults: VecDeque<Option<Fault>>,
    pub(super) is_down: bool,
}

/// A store that only knows where it is.
#[derive(Debug, Default)]
pub(super) struct FaultyStore(Mutex<State>);

impl FaultyStore {
    pub(super) fn at(seq: u64, faults: impl IntoIterator<Item = Option<Fault>>) -> Self {
        Self(Mutex::new(State {
            seq,
            faults: faults.into_iter().collect(),
            ..State::default()
        }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost() -> StoreError {
    StoreError::Storage {
        store: "memory".into(),
        what: "written",
        cause: "it was told to fail".into(),
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn claim(&self, _: LogId) -> Result<Cursor, StoreError> {
        self.cursor().await
    }

    async fn log(&self) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    async fn cursor(&self) -> Result<Cursor, StoreError> {
        let state = self.state();
        if state.is_down {
            return Err(lost());
        }
        Ok(Cursor {
            seq: state.seq,
            time: Timestamp::default(),
        })
    }

    async fn write(&self, changes: &Arc<Changes>) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.is_down {
            return Err(lost());
        }
        let fault = state.faults.pop_front().flatten();
        if let Some(Fault::Lost) = fault {
            return Err(lost());
        }
        if let Some(Fault::Overtaken(by)) = fault {
            let first = state.seq + 1;
            state.seq += by;
            let last = state.seq;
            state.writes.push((first, last));
        }
        if changes.follows() != state.seq {
            return Err(StoreError::CursorMoved {
                expected: changes.follows(),
                found: state.seq,
            });
        }
        state.seq = changes.cursor().seq;
        state
            .writes
            .push((changes.follows() + 1, changes.cursor().seq));
        match fault {
            Some(Fault::Stored) => Err(lost()),
            _ => Ok(()),
        }
    }

    async fn candles(
        &self,
        _: InstrumentId,
        _: Interval,
        _: Option<Timestamp>,
        _: Option<Timestamp>,
        _: usize,
    ) -> Result<AsOf<Vec<Candle>>, StoreError> {
        Err(lost())
    }

    async fn candle_before(
        &self,
        _: InstrumentId,
        _: Interval,
        _: Timestamp,
    ) -> Result<AsOf<Option<Candle>>, StoreError> {
        Err(lost())
    }

    async fn taken(
        &self,
        _: InstrumentId,
        _: TradeId,
        _: usize,
    ) -> Result<AsOf<Vec<(PublicTrade, OrderId)>>, StoreError> {
        Err(lost())
    }

    async fn order(
        &self,
        _: AccountId,
        _: InstrumentId,
        _: OrderRef,
    ) -> Result<AsOf<Option<OrderRecord>>, StoreError> {
        Err(lost())
    }

    async fn orders(&self, _: &OrderQuery) -> Result<AsOf<Vec<OrderRecord>>, StoreError> {
        Err(lost())
    }

    async fn fills(&self, _: &FillQuery) -> Result<AsOf<Vec<Fill>>, StoreError> {
        Err(lost())
    }
}
