//! Reading: rows into what they mean.

use std::str::FromStr;

use accounts_core::{Amount, AssetId, Delta};
use exchange_engine::{InstrumentId, OrderRef};
use marketdata_core::{Candle, Interval, PublicTrade, Volume};
use orderbook_core::{AccountId, Notional, OrderId, Price, Quantity, Side, Timestamp, TradeId};
use rusqlite::types::{Type, ValueRef};
use rusqlite::{OptionalExtension, Params, Row, Transaction, params};

use crate::orders::{Fill, OrderRecord};
use crate::store::columns::{
    Page, Terms, Unreadable, Word, from_decimal, from_name, from_stored, id_bound, time_bound,
};
use crate::store::{Cursor, FillQuery, OrderQuery};

pub(super) fn cursor(transaction: &Transaction<'_>) -> rusqlite::Result<Cursor> {
    transaction
        .prepare_cached("SELECT seq, time FROM history_cursor")?
        .query_row([], |row| {
            Ok(Cursor {
                seq: counted(row, 0)?,
                time: counted(row, 1)?,
            })
        })
}

const CANDLE: &str = "open_time, open, high, low, close, volume, quote_volume, taker_buy_volume,
    taker_buy_quote_volume, trade_count, first_trade_id, last_trade_id";

fn candle_of(interval: Interval, row: &Row<'_>) -> rusqlite::Result<Candle> {
    let open_time = counted(row, 0)?;
    Ok(Candle {
        open_time,
        close_time: interval.close_time(open_time),
        open: price(row, 1)?,
        high: price(row, 2)?,
        low: price(row, 3)?,
        close: price(row, 4)?,
        volume: Volume::new(decimal(row, 5)?),
        quote_volume: Notional::new(decimal(row, 6)?),
        taker_buy_volume: Volume::new(decimal(row, 7)?),
        taker_buy_quote_volume: Notional::new(decimal(row, 8)?),
        trade_count: counted(row, 9)?,
        first_trade_id: Some(counted(row, 10)?),
        last_trade_id: Some(counted(row, 11)?),
    })
}

/// The candle that opened at a time.
pub(super) fn candle(
    transaction: &Transaction<'_>,
    instrument: InstrumentId,
    interval: Interval,
    open_time: Timestamp,
) -> rusqlite::Result<Option<Candle>> {
    transaction
        .prepare_cached(&format!(
            "SELECT {CANDLE} FROM candles
             WHERE instrument = ?1 AND interval = ?2 AND open_time = ?3"
        ))?
        .query_row(
            params![instrument.get(), interval.word(), time_bound(open_time)],
            |row| candle_of(interval, row),
        )
        .optional()
}

pub(super) fn candles(
    transaction: &Transaction<'_>,
    instrument: InstrumentId,
    interval: Interval,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: usize,
) -> rusqlite::Result<Vec<Candle>> {
    let page = Page::new(None, from, to, limit);
    let (ascending, _) = page.sorting();
    let sql = format!(
        "SELECT {CANDLE} FROM candles
         WHERE instrument = ?1 AND interval = ?2 AND open_time BETWEEN ?3 AND ?4
         ORDER BY open_time {ascending} LIMIT ?5"
    );
    let bounds = params![
        instrument.get(),
        interval.word(),
        page.start,
        page.end,
        page.limit
    ];
    Ok(page.oldest_first(all(transaction, &sql, bounds, |row| {
        candle_of(interval, row)
    })?))
}

pub(super) fn candle_before(
    transaction: &Transaction<'_>,
    instrument: InstrumentId,
    interval: Interval,
    before: Timestamp,
) -> rusqlite::Result<Option<Candle>> {
    transaction
        .prepare_cached(&format!(
            "SELECT {CANDLE} FROM candles
             WHERE instrument = ?1 AND interval = ?2 AND open_time < ?3
             ORDER BY open_time DESC LIMIT 1"
        ))?
        .query_row(
            params![instrument.get(), interval.word(), time_bound(before)],
            |row| candle_of(interval, row),
        )
        .optional()
}

pub(super) fn taken(
    transaction: &Transaction<'_>,
    instrument: InstrumentId,
    from: TradeId,
    limit: usize,
) -> rusqlite::Result<Vec<(PublicTrade, OrderId)>> {
    let page = Page::new(Some(from.get()), None, None, limit);
    all(
        transaction,
        "SELECT id, time, price, quantity, taker_side, taker_order_id FROM trades
         WHERE instrument = ?1 AND id >= ?2 ORDER BY id LIMIT ?3",
        params![instrument.get(), page.from_id, page.limit],
        |row| {
            let trade = PublicTrade {
                id: counted(row, 0)?,
                time: counted(row, 1)?,
                price: price(row, 2)?,
                quantity: quantity(row, 3)?,
                taker_side: word(row, 4)?,
            };
            Ok((trade, counted(row, 5)?))
        },
    )
}

const ORDER: &str = "id, account, instrument, client_order_id, side, kind, price, time_in_force,
    quantity, executed, quote_amount, status, time, update_time, expires, display, minimum, budget,
    self_trade";

fn order_of(row: &Row<'_>) -> rusqlite::Result<OrderRecord> {
    let name = row.get_ref(3)?.as_str_or_null()?;
    let terms = Terms {
        kind: row.get_ref(5)?.as_str()?,
        price: row.get(6)?,
        time_in_force: row.get_ref(7)?.as_str_or_null()?,
        expires: bits(row, 14)?,
        display: bits(row, 15)?,
        minimum: bits(row, 16)?,
        budget: optional(row, 17, decimal)?,
    };
    Ok(OrderRecord {
        id: counted(row, 0)?,
        account: counted(row, 1)?,
        instrument: InstrumentId::new(row.get(2)?),
        client_order_id: from_name(name).map_err(|error| unreadable(3, error))?,
        side: word(row, 4)?,
        kind: terms.try_into().map_err(|error| unreadable(5, error))?,
        self_trade: optional(row, 18, word)?,
        quantity: quantity(row, 8)?,
        executed: quantity(row, 9)?,
        quote_amount: amount(row, 10)?,
        status: word(row, 11)?,
        time: counted(row, 12)?,
        update_time: counted(row, 13)?,
    })
}

pub(super) fn order(
    transaction: &Transaction<'_>,
    account: AccountId,
    instrument: InstrumentId,
    order: OrderRef,
) -> rusqlite::Result<Option<OrderRecord>> {
    let (account, instrument) = (id_bound(account.get()), instrument.get());
    let found = match order {
        OrderRef::Id(id) => transaction
            .prepare_cached(&format!(
                "SELECT {ORDER} FROM orders WHERE id = ?1 AND account = ?2 AND instrument = ?3"
            ))?
            .query_row(params![id_bound(id.get()), account, instrument], order_of),
        OrderRef::Client(name) => transaction
            .prepare_cached(&format!(
                "SELECT {ORDER} FROM orders INDEXED BY orders_by_name
                 WHERE account = ?1 AND client_order_id = ?2 AND instrument = ?3
                 ORDER BY id DESC LIMIT 1"
            ))?
            .query_row(params![account, name.as_str(), instrument], order_of),
    };
    found.optional()
}

pub(super) fn orders(
    transaction: &Transaction<'_>,
    query: &OrderQuery,
) -> rusqlite::Result<Vec<OrderRecord>> {
    let from_id = query.from_id.map(OrderId::get);
    let page = Page::new(from_id, query.start, query.end, query.limit);
    let (ascending, _) = page.sorting();
    let sql = format!(
        "SELECT {ORDER} FROM orders
         WHERE account = ?1 AND instrument = ?2 AND id >= ?3 AND time BETWEEN ?4 AND ?5
         ORDER BY id {ascending} LIMIT ?6"
    );
    let bounds = params![
        id_bound(query.account.get()),
        query.instrument.get(),
        page.from_id,
        page.start,
        page.end,
        page.limit
    ];
    Ok(page.oldest_first(all(transaction, &sql, bounds, order_of)?))
}

/// A trade is one row with two sides. Each side is looked up by itself, since each has its index,
/// and the two are merged. The indexes are named, since `SQLite` would rather go through all trades
/// by their primary key.
pub(super) fn fills(
    transaction: &Transaction<'_>,
    query: &FillQuery,
) -> rusqlite::Result<Vec<Fill>> {
    let from_id = query.from_id.map(TradeId::get);
    let page = Page::new(from_id, query.start, query.end, query.limit);
    let (ascending, descending) = page.sorting();
    let side = |role: &str, is_maker: bool| {
        let (index, of_order) = match query.order_id {
            Some(_) => ("_order", format!("{role}_order_id = ?7")),
            None => ("", "?7 IS NULL".into()),
        };
        format!(
            "SELECT * FROM (
                 SELECT id, {role}_order_id AS order_id, taker_side, price, quantity, quote_amount,
                     {role}_fee AS commission, {is_maker} AS is_maker, time, {role}_fee_asset
                 FROM trades INDEXED BY trades_of_{role}{index}
                 WHERE {role}_account = ?1 AND instrument = ?2 AND id >= ?3
                     AND time BETWEEN ?4 AND ?5 AND {of_order}
                 ORDER BY id {ascending} LIMIT ?6)"
        )
    };
    let (maker, taker) = (side("maker", true), side("taker", false));
    let sql = format!(
        "{maker} UNION ALL {taker} ORDER BY id {ascending}, is_maker {descending} LIMIT ?6"
    );
    let bounds = params![
        id_bound(query.account.get()),
        query.instrument.get(),
        page.from_id,
        page.start,
        page.end,
        page.limit,
        query.order_id.map(|id| id_bound(id.get())),
    ];
    let fills = all(transaction, &sql, bounds, |row| {
        let (taker_side, is_maker): (Side, bool) = (word(row, 2)?, row.get(7)?);
        Ok(Fill {
            trade_id: counted(row, 0)?,
            order_id: counted(row, 1)?,
            instrument: query.instrument,
            side: if is_maker {
                taker_side.opposite()
            } else {
                taker_side
            },
            price: price(row, 3)?,
            quantity: quantity(row, 4)?,
            quote_amount: amount(row, 5)?,
            commission: Delta::new(decimal(row, 6)?),
            commission_asset: row.get::<_, Option<u32>>(9)?.map(AssetId::new),
            is_maker,
            time: counted(row, 8)?,
        })
    })?;
    Ok(page.oldest_first(fills))
}

fn all<T>(
    transaction: &Transaction<'_>,
    sql: &str,
    bounds: impl Params,
    row_of: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    transaction
        .prepare_cached(sql)?
        .query_map(bounds, row_of)?
        .collect()
}

/// A column that may be empty.
fn optional<T>(
    row: &Row<'_>,
    index: usize,
    read: impl Fn(&Row<'_>, usize) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    match row.get_ref(index)? {
        ValueRef::Null => Ok(None),
        _ => read(row, index).map(Some),
    }
}

/// All of 64 bits, where there is anything.
fn bits(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(i64::cast_unsigned))
}

fn unreadable(index: usize, error: Unreadable) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Text, error.into())
}

/// An id or a time.
fn counted<T: From<u64>>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    from_stored(row.get(index)?).map_err(|error| unreadable(index, error))
}

fn price(row: &Row<'_>, index: usize) -> rusqlite::Result<Price> {
    Ok(Price::new(row.get(index)?))
}

pub(super) fn quantity(row: &Row<'_>, index: usize) -> rusqlite::Result<Quantity> {
    Ok(Quantity::new(row.get::<_, i64>(index)?.cast_unsigned()))
}

pub(super) fn amount(row: &Row<'_>, index: usize) -> rusqlite::Result<Amount> {
    Ok(Amount::new(decimal(row, index)?))
}

fn decimal<T: FromStr>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    from_decimal(row.get_ref(index)?.as_str()?).map_err(|error| unreadable(index, error))
}

pub(super) fn word<T: Word>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    T::from_word(row.get_ref(index)?.as_str()?).map_err(|error| unreadable(index, error))
}
