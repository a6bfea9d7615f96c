//! Orders and fills of any age: what is remembered, and what only the store has.
//!
//! Memory knows everything after what it has forgotten, the store everything up to its cursor.
//! Where the store has come as far as what was forgotten, the two make up the whole; where it has
//! not, the answer is an error rather than a list with a hole in it. Who has nothing forgotten
//! never waits for the store.

use std::collections::BTreeMap;

use exchange_engine::{InstrumentId, OrderRef};
use orderbook_core::{AccountId, Quantity, Timestamp};

use super::model::Forgotten;
use super::{Fill, OrderRecord};
use crate::error::ApiError;
use crate::gateway::App;
use crate::store::{AsOf, FillQuery, OrderQuery};

/// An order as its owner refers to it: the newest of that name.
pub(crate) async fn order(
    app: &App,
    account: AccountId,
    instrument: InstrumentId,
    wanted: OrderRef,
) -> Result<Option<OrderRecord>, ApiError> {
    let forgotten = {
        let orders = app.orders.at(app.entry.published()).await;
        if let Some(order) = orders.order(account, instrument, wanted) {
            return Ok(Some(order.clone()));
        }
        orders.forgotten_orders(account)
    };
    if forgotten.is_none() {
        return Ok(None);
    }
    whole(
        forgotten,
        app.store.order(account, instrument, wanted).await?,
    )
}

/// The orders that a query asks for, oldest first.
pub(crate) async fn orders(app: &App, query: &OrderQuery) -> Result<Vec<OrderRecord>, ApiError> {
    let (remembered, forgotten) = {
        let orders = app.orders.at(app.entry.published()).await;
        let remembered = orders
            .orders(query.account)
            .filter(|order| query.asks_for(order));
        let remembered: BTreeMap<_, _> =
            remembered.map(|order| (order.id, order.clone())).collect();
        (remembered, orders.forgotten_orders(query.account))
    };
    let stored = match forgotten {
        Some(_) => whole(forgotten, app.store.orders(query).await?)?,
        None => Vec::new(),
    };
    let stored = stored.into_iter().map(|order| (order.id, order));
    let from_start = query.from_id.is_some() || query.start.is_some();
    Ok(page(stored, remembered, from_start, query.limit))
}

/// The fills that a query asks for, oldest first.
pub(crate) async fn fills(app: &App, query: &FillQuery) -> Result<Vec<Fill>, ApiError> {
    // Of a trade with oneself the maker's side comes first.
    let key = |fill: &Fill| (fill.trade_id, !fill.is_maker);
    let (remembered, forgotten) = {
        let orders = app.orders.at(app.entry.published()).await;
        let remembered = orders
            .fills(query.account)
            .filter(|fill| query.asks_for(fill));
        let remembered: BTreeMap<_, _> = remembered.map(|fill| (key(fill), fill.clone())).collect();
        (remembered, orders.forgotten_fills(query.account))
    };
    let stored = match forgotten {
        Some(_) => whole(forgotten, app.store.fills(query).await?)?,
        None => Vec::new(),
    };
    let stored = stored.into_iter().map(|fill| (key(&fill), fill));
    let from_start = query.from_id.is_some() || query.start.is_some();
    Ok(page(stored, remembered, from_start, query.limit))
}

/// What an order, as it was right after it was placed, had traded. Nothing where that is not to be had
/// at the moment: it is a detail of an answer that says how much it was.
pub(crate) async fn first_fills(app: &App, order: &OrderRecord) -> Vec<Fill> {
    let query = FillQuery {
        account: order.account,
        instrument: order.instrument,
        order_id: Some(order.id),
        from_id: None,
        start: Some(order.time),
        end: Some(order.time),
        limit: usize::MAX,
    };
    let remembered = {
        let orders = app.orders.at(app.entry.published()).await;
        let fills = orders.fills(order.account);
        let fills = fills.filter(|fill| query.asks_for(fill));
        fills_of_taker(fills.cloned(), order.executed)
    };
    if let Some(fills) = remembered {
        return fills;
    }
    let stored = fills(app, &query).await.unwrap_or_default();
    fills_of_taker(stored, order.executed).unwrap_or_default()
}

/// The first of these fills that somebody came in and took, where they are as much as that.
fn fills_of_taker(fills: impl IntoIterator<Item = Fill>, executed: Quantity) -> Option<Vec<Fill>> {
    let mut missing = executed;
    let mut first = Vec::new();
    for fill in fills.into_iter().filter(|fill| !fill.is_maker) {
        // An order may come to rest, and be amended and take more, all at one time.
        if missing.is_zero() {
            break;
        }
        missing = missing.checked_sub(fill.quantity)?;
        first.push(fill);
    }
    missing.is_zero().then_some(first)
}

/// The rows, where the store has what memory has forgotten.
fn whole<T>(forgotten: Forgotten, stored: AsOf<T>) -> Result<T, ApiError> {
    match forgotten {
        Some(forgotten) if forgotten > stored.cursor.seq => Err(ApiError::HISTORY_BEHIND),
        _ => Ok(stored.rows),
    }
}

/// One page of two sources. What is remembered is newer than what is stored of the same.
fn page<K: Ord, T>(
    stored: impl Iterator<Item = (K, T)>,
    remembered: BTreeMap<K, T>,
    from_start: bool,
    limit: usize,
) -> Vec<T> {
    let mut rows: BTreeMap<K, T> = stored.collect();
    rows.extend(remembered);
    let beyond = rows.len().saturating_sub(limit);
    let skipped = if from_start { 0 } else { beyond };
    rows.into_values().skip(skipped).take(limit).collect()
}

/// Whether a time is within bounds that are given in milliseconds, both inclusive.
fn within(time: Timestamp, start: Option<Timestamp>, end: Option<Timestamp>) -> bool {
    start.is_none_or(|start| time >= start) && end.is_none_or(|end| time <= end)
}

impl OrderQuery {
    fn asks_for(&self, order: &OrderRecord) -> bool {
        order.account == self.account
            && order.instrument == self.instrument
            && self.from_id.is_none_or(|id| order.id >= id)
            && within(order.time, self.start, self.end)
    }
}

impl FillQuery {
    fn asks_for(&self, fill: &Fill) -> bool {
        fill.instrument == self.instrument
            && self.order_id.is_none_or(|id| fill.order_id == id)
            && self.from_id.is_none_or(|id| fill.trade_id >= id)
            && within(fill.time, self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Cursor;

    #[test]
    fn pages_are_cut_where_the_query_begins() {
        let rows = |from_start, limit| {
            let stored = [(1, "old 1"), (2, "old 2"), (3, "old 3")];
            let remembered = BTreeMap::from([(3, "new 3"), (4, "new 4")]);
            page(stored.into_iter(), remembered, from_start, limit)
        };
        assert_eq!(rows(true, 9), ["old 1", "old 2", "new 3", "new 4"]);
        assert_eq!(rows(true, 3), ["old 1", "old 2", "new 3"]);
        assert_eq!(rows(false, 3), ["old 2", "new 3", "new 4"]);
    }

    #[test]
    fn a_store_that_lacks_what_was_forgotten_is_no_answer() {
        let stored = |seq| AsOf {
            cursor: Cursor {
                seq,
                time: Timestamp::default(),
            },
            rows: "rows",
        };
        assert_eq!(whole(Some(5), stored(5)), Ok("rows"));
        assert_eq!(whole(Some(5), stored(4)), Err(ApiError::HISTORY_BEHIND));
        assert_eq!(whole(None, stored(0)), Ok("rows"));
    }
}
