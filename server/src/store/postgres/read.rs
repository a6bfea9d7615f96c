//! Reading: rows into what they mean.

use std::str::FromStr;

use accounts_core::{Amount, AssetId, Delta};
use exchange_engine::{InstrumentId, OrderRef};
use marketdata_core::{Candle, Interval, PublicTrade, Volume};
use orderbook_core::{AccountId, Notional, OrderId, Price, Quantity, Side, Timestamp, TradeId};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Row, ValueRef};

use super::time::Micros;
use crate::orders::{Fill, OrderRecord};
use crate::store::columns::{
    Page, Terms, Unreadable, Word, from_decimal, from_name, from_stored, id_bound, time_bound,
};
use crate::store::{Cursor, FillQuery, OrderQuery};

type Read<T> = Result<T, sqlx::Error>;

pub(super) async fn cursor(connection: &mut PgConnection) -> Read<Cursor> {
    let row = sqlx::query("SELECT seq, time FROM history_cursor")
        .fetch_one(connection)
        .await?;
    Ok(Cursor {
        seq: id(&row, 0)?,
        time: time(&row, 1)?,
    })
}

const CANDLE: &str = "open_time, open, high, low, close, volume::text, quote_volume::text,
    taker_buy_volume::text, taker_buy_quote_volume::text, trade_count, first_trade_id,
    last_trade_id";

fn candle_of(interval: Interval, row: &PgRow) -> Read<Candle> {
    let open_time = time(row, 0)?;
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
        trade_count: id(row, 9)?,
        first_trade_id: Some(id(row, 10)?),
        last_trade_id: Some(id(row, 11)?),
    })
}

pub(super) async fn candles(
    connection: &mut PgConnection,
    instrument: InstrumentId,
    interval: Interval,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: usize,
) -> Read<Vec<Candle>> {
    let page = Page::new(None, from, to, limit);
    let (ascending, _) = page.sorting();
    let query = query(format!(
        "SELECT {CANDLE} FROM candles
         WHERE instrument = $1 AND interval = $2 AND open_time BETWEEN $3 AND $4
         ORDER BY open_time {ascending} LIMIT $5"
    ))
    .bind(i64::from(instrument.get()))
    .bind(interval.word())
    .bind(Micros(page.start))
    .bind(Micros(page.end))
    .bind(page.limit);
    let candles = all(connection, query, |row| candle_of(interval, row)).await?;
    Ok(page.oldest_first(candles))
}

pub(super) async fn candle_before(
    connection: &mut PgConnection,
    instrument: InstrumentId,
    interval: Interval,
    before: Timestamp,
) -> Read<Option<Candle>> {
    query(format!(
        "SELECT {CANDLE} FROM candles
         WHERE instrument = $1 AND interval = $2 AND open_time < $3
         ORDER BY open_time DESC LIMIT 1"
    ))
    .bind(i64::from(instrument.get()))
    .bind(interval.word())
    .bind(Micros(time_bound(before)))
    .fetch_optional(connection)
    .await?
    .as_ref()
    .map(|row| candle_of(interval, row))
    .transpose()
}

pub(super) async fn taken(
    connection: &mut PgConnection,
    instrument: InstrumentId,
    from: TradeId,
    limit: usize,
) -> Read<Vec<(PublicTrade, OrderId)>> {
    let page = Page::new(Some(from.get()), None, None, limit);
    let query = sqlx::query(
        "SELECT id, time, price, quantity::text, taker_side, taker_order_id FROM trades
         WHERE instrument = $1 AND id >= $2 ORDER BY id LIMIT $3",
    )
    .bind(i64::from(instrument.get()))
    .bind(page.from_id)
    .bind(page.limit);
    let trade_of = |row: &PgRow| {
        let trade = PublicTrade {
            id: id(row, 0)?,
            time: time(row, 1)?,
            price: price(row, 2)?,
            quantity: quantity(row, 3)?,
            taker_side: word(row, 4)?,
        };
        Ok((trade, id(row, 5)?))
    };
    all(connection, query, trade_of).await
}

const ORDER: &str = "id, account, instrument, client_order_id, side, kind, price, time_in_force,
    quantity::text, executed::text, quote_amount::text, status, time, update_time, expires::text,
    display::text, minimum::text, budget::text, self_trade";

fn order_of(row: &PgRow) -> Read<OrderRecord> {
    let name = from_name(row.try_get(3)?).map_err(|error| unreadable(3, error))?;
    let terms = Terms {
        kind: row.try_get(5)?,
        price: row.try_get(6)?,
        time_in_force: row.try_get(7)?,
        expires: optional(row, 14, decimal)?,
        display: optional(row, 15, decimal)?,
        minimum: optional(row, 16, decimal)?,
        budget: optional(row, 17, decimal)?,
    };
    Ok(OrderRecord {
        id: id(row, 0)?,
        account: id(row, 1)?,
        instrument: InstrumentId::new(small_id(row, 2)?),
        client_order_id: name,
        side: word(row, 4)?,
        kind: terms
            .try_into()
            .map_err(|error: Unreadable| unreadable(5, error))?,
        self_trade: optional(row, 18, word)?,
        quantity: quantity(row, 8)?,
        executed: quantity(row, 9)?,
        quote_amount: amount(row, 10)?,
        status: word(row, 11)?,
        time: time(row, 12)?,
        update_time: time(row, 13)?,
    })
}

pub(super) async fn order(
    connection: &mut PgConnection,
    account: AccountId,
    instrument: InstrumentId,
    order: OrderRef,
) -> Read<Option<OrderRecord>> {
    let named = match order {
        OrderRef::Id(id) => query(format!(
            "SELECT {ORDER} FROM orders WHERE account = $1 AND instrument = $2 AND id = $3"
        ))
        .bind(id_bound(account.get()))
        .bind(i64::from(instrument.get()))
        .bind(id_bound(id.get())),
        OrderRef::Client(name) => query(format!(
            "SELECT {ORDER} FROM orders
             WHERE account = $1 AND instrument = $2 AND client_order_id = $3
             ORDER BY id DESC LIMIT 1"
        ))
        .bind(id_bound(account.get()))
        .bind(i64::from(instrument.get()))
        .bind(name.to_string()),
    };
    let row = named.fetch_optional(connection).await?;
    row.as_ref().map(order_of).transpose()
}

pub(super) async fn orders(
    connection: &mut PgConnection,
    wanted: &OrderQuery,
) -> Read<Vec<OrderRecord>> {
    let from_id = wanted.from_id.map(OrderId::get);
    let page = Page::new(from_id, wanted.start, wanted.end, wanted.limit);
    let (ascending, _) = page.sorting();
    let query = query(format!(
        "SELECT {ORDER} FROM orders
         WHERE account = $1 AND instrument = $2 AND id >= $3 AND time BETWEEN $4 AND $5
         ORDER BY id {ascending} LIMIT $6"
    ))
    .bind(id_bound(wanted.account.get()))
    .bind(i64::from(wanted.instrument.get()))
    .bind(page.from_id)
    .bind(Micros(page.start))
    .bind(Micros(page.end))
    .bind(page.limit);
    Ok(page.oldest_first(all(connection, query, order_of).await?))
}

/// A trade is one row with two sides. Each side is looked up by itself, since each has its index,
/// and the two are merged.
pub(super) async fn fills(connection: &mut PgConnection, wanted: &FillQuery) -> Read<Vec<Fill>> {
    let from_id = wanted.from_id.map(TradeId::get);
    let page = Page::new(from_id, wanted.start, wanted.end, wanted.limit);
    let (ascending, descending) = page.sorting();
    let side = |role: &str, is_maker: bool| {
        let of_order = match wanted.order_id {
            Some(_) => format!("{role}_order_id = $7"),
            None => "$7 IS NULL".into(),
        };
        format!(
            "(SELECT id, {role}_order_id, taker_side, price, quantity::text, quote_amount::text,
                  {role}_fee::text, {is_maker} AS is_maker, time, {role}_fee_asset
              FROM trades
              WHERE {role}_account = $1 AND instrument = $2 AND id >= $3
                  AND time BETWEEN $4 AND $5 AND {of_order}
              ORDER BY id {ascending} LIMIT $6)"
        )
    };
    let (maker, taker) = (side("maker", true), side("taker", false));
    let query = query(format!(
        "{maker} UNION ALL {taker} ORDER BY id {ascending}, is_maker {descending} LIMIT $6"
    ))
    .bind(id_bound(wanted.account.get()))
    .bind(i64::from(wanted.instrument.get()))
    .bind(page.from_id)
    .bind(Micros(page.start))
    .bind(Micros(page.end))
    .bind(page.limit)
    .bind(wanted.order_id.map(|id| id_bound(id.get())));
    let fill_of = |row: &PgRow| {
        let (taker_side, is_maker): (Side, bool) = (word(row, 2)?, row.try_get(7)?);
        Ok(Fill {
            trade_id: id(row, 0)?,
            order_id: id(row, 1)?,
            instrument: wanted.instrument,
            side: if is_maker {
                taker_side.opposite()
            } else {
                taker_side
            },
            price: price(row, 3)?,
            quantity: quantity(row, 4)?,
            quote_amount: amount(row, 5)?,
            commission: Delta::new(decimal(row, 6)?),
            commission_asset: optional(row, 9, asset)?,
            is_maker,
            time: time(row, 8)?,
        })
    };
    Ok(page.oldest_first(all(connection, query, fill_of).await?))
}

/// A query that is put together from words of this file only.
fn query(sql: String) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(AssertSqlSafe(sql))
}

async fn all<T>(
    connection: &mut PgConnection,
    query: Query<'_, Postgres, PgArguments>,
    row_of: impl FnMut(&PgRow) -> Read<T>,
) -> Read<Vec<T>> {
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(row_of).collect()
}

/// A column that may be empty.
fn optional<T>(
    row: &PgRow,
    index: usize,
    read: impl Fn(&PgRow, usize) -> Read<T>,
) -> Read<Option<T>> {
    if row.try_get_raw(index)?.is_null() {
        return Ok(None);
    }
    read(row, index).map(Some)
}

fn unreadable(index: usize, error: impl Into<BoxDynError>) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: index.to_string(),
        source: error.into(),
    }
}

/// An id or a number of things.
fn id<T: From<u64>>(row: &PgRow, index: usize) -> Read<T> {
    from_stored(row.try_get(index)?).map_err(|error| unreadable(index, error))
}

/// An id of an instrument or of an asset.
fn small_id(row: &PgRow, index: usize) -> Read<u32> {
    let id = u32::try_from(row.try_get::<i64, _>(index)?);
    id.map_err(|error| unreadable(index, error))
}

fn asset(row: &PgRow, index: usize) -> Read<AssetId> {
    Ok(AssetId::new(small_id(row, index)?))
}

fn time(row: &PgRow, index: usize) -> Read<Timestamp> {
    let Micros(micros) = row.try_get(index)?;
    from_stored(micros).map_err(|error| unreadable(index, error))
}

fn price(row: &PgRow, index: usize) -> Read<Price> {
    Ok(Price::new(row.try_get(index)?))
}

fn quantity(row: &PgRow, index: usize) -> Read<Quantity> {
    Ok(Quantity::new(decimal(row, index)?))
}

fn amount(row: &PgRow, index: usize) -> Read<Amount> {
    Ok(Amount::new(decimal(row, index)?))
}

fn decimal<T: FromStr>(row: &PgRow, index: usize) -> Read<T> {
    from_decimal(row.try_get(index)?).map_err(|error| unreadable(index, error))
}

fn word<T: Word>(row: &PgRow, index: usize) -> Read<T> {
    T::from_word(row.try_get(index)?).map_err(|error| unreadable(index, error))
}
