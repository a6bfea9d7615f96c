//! Writing: the cursor first, then the rows, table by table.
//!
//! Moving the cursor on locks its row, so that there is one writer at a time whatever it then
//! does. Many rows go in one statement, a column an array; decimals travel as text. Each statement
//! has its time, however many of them a write takes: one order may sweep a whole book.

use exchange_engine::InstrumentId;
use marketdata_core::{Candle, Interval};
use orderbook_core::{OrderId, Price, Timestamp, TradeId};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres};

use super::NAME;
use super::read;
use super::time::Micros;
use crate::log::LogId;
use crate::orders::OrderRecord;
use crate::postgres::in_time;
use crate::store::changes::{OrderChange, OrderUpdate, SettledTrade};
use crate::store::columns::{Terms, Word, stored_id, stored_time};
use crate::store::error::Failure;
use crate::store::{Changes, Cursor, StoreError};

/// How many rows a statement takes: few enough to be done in the time that a statement has.
const ROWS: usize = 5_000;

/// A candle, and what it is of.
type CandleOf = (InstrumentId, Interval, Candle);

type Written<T> = Result<T, Failure<sqlx::Error>>;

/// Takes the store for a log.
pub(super) async fn claim(connection: &mut PgConnection, log: LogId) -> Written<Cursor> {
    // Two that claim it at the same time: one waits here for the other's log.
    let claim = sqlx::query("UPDATE history_cursor SET log = $1 WHERE log IS NULL");
    execute(connection, claim.bind(log.to_string())).await?;
    let look = sqlx::query_scalar("SELECT log FROM history_cursor");
    let found: String = in_time(look.fetch_one(&mut *connection)).await?;
    if found != log.to_string() {
        return Err(Failure::Refused(StoreError::OtherLog {
            store: NAME.into(),
            found,
            expected: log,
        }));
    }
    Ok(in_time(read::cursor(connection)).await?)
}

/// Writes the rows if the cursor is where the changes start.
pub(super) async fn write(connection: &mut PgConnection, changes: &Changes) -> Written<()> {
    let cursor = changes.cursor();
    let advance = sqlx::query("UPDATE history_cursor SET seq = $2, time = $3 WHERE seq = $1")
        .bind(stored_id("a sequence number", changes.follows())?)
        .bind(stored_id("a sequence number", cursor.seq)?)
        .bind(Micros(stored_time(cursor.time)?));
    if execute(connection, advance).await? == 0 {
        return Err(Failure::Refused(StoreError::CursorMoved {
            expected: changes.follows(),
            found: in_time(read::cursor(connection)).await?.seq,
        }));
    }
    let (mut accepted, mut updated) = (Vec::new(), Vec::new());
    for (id, change) in changes.orders() {
        match change {
            OrderChange::Accepted(order) => accepted.push(order),
            OrderChange::Updated(update) => updated.push((id, update)),
        }
    }
    let candles: Vec<_> = changes.candles().collect();
    make_room(connection, changes.listed(), &accepted, &candles).await?;
    for trades in changes.trades().chunks(ROWS) {
        insert_trades(connection, trades).await?;
    }
    for candles in candles.chunks(ROWS) {
        add_candles(connection, candles).await?;
    }
    for orders in accepted.chunks(ROWS) {
        insert_orders(connection, orders).await?;
    }
    for updates in updated.chunks(ROWS) {
        update_orders(connection, updates).await?;
    }
    Ok(())
}

/// How many rows a statement touched.
async fn execute(
    connection: &mut PgConnection,
    statement: Query<'_, Postgres, PgArguments>,
) -> Written<u64> {
    let done = in_time(statement.execute(connection)).await?;
    Ok(done.rows_affected())
}

/// A column of rows.
fn column<R, T>(rows: &[R], of: impl FnMut(&R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// A column of decimals of which some are missing.
fn decimals<R, T: ToString>(
    rows: &[R],
    mut of: impl FnMut(&R) -> Option<T>,
) -> Vec<Option<String>> {
    column(rows, |row| of(row).map(|value| value.to_string()))
}

/// A column of ids.
fn ids<R>(
    rows: &[R],
    what: &'static str,
    mut of: impl FnMut(&R) -> u64,
) -> Result<Vec<i64>, StoreError> {
    rows.iter().map(|row| stored_id(what, of(row))).collect()
}

/// A column of times.
fn times<R>(rows: &[R], mut of: impl FnMut(&R) -> Timestamp) -> Result<Vec<Micros>, StoreError> {
    rows.iter()
        .map(|row| Ok(Micros(stored_time(of(row))?)))
        .collect()
}

/// Adds the partitions that the rows go to.
async fn make_room(
    connection: &mut PgConnection,
    listed: &[InstrumentId],
    accepted: &[&OrderRecord],
    candles: &[CandleOf],
) -> Written<()> {
    let of_orders = accepted.iter().map(|order| order.instrument);
    let mut instruments: Vec<_> = listed.iter().copied().chain(of_orders).collect();
    instruments.sort_unstable();
    instruments.dedup();
    let make_room = sqlx::query("SELECT history_make_room($1, $2)")
        .bind(times(candles, |(.., it)| it.open_time)?)
        .bind(column(&instruments, |it| i64::from(it.get())));
    execute(connection, make_room).await?;
    Ok(())
}

async fn insert_trades(connection: &mut PgConnection, trades: &[SettledTrade]) -> Written<()> {
    let statement = sqlx::query(
        "INSERT INTO trades (instrument, id, time, price, quantity, taker_side, maker_order_id,
             maker_account, taker_order_id, taker_account, quote_amount, maker_fee, taker_fee,
             maker_fee_asset, taker_fee_asset)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::bigint[],
             $5::text[]::numeric[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[],
             $10::bigint[], $11::text[]::numeric[], $12::text[]::numeric[],
             $13::text[]::numeric[], $14::bigint[], $15::bigint[])",
    )
    .bind(column(trades, |it| i64::from(it.instrument.get())))
    .bind(ids(trades, "a trade id", |it| it.trade.id.get())?)
    .bind(times(trades, |it| it.time)?)
    .bind(column(trades, |it| it.trade.price.get()))
    .bind(column(trades, |it| it.trade.quantity.to_string()))
    .bind(column(trades, |it| it.trade.taker_side.word()))
    .bind(ids(trades, "an order id", |it| {
        it.trade.maker_order_id.get()
    })?)
    .bind(ids(trades, "an account", |it| {
        it.trade.maker_account.get()
    })?)
    .bind(ids(trades, "an order id", |it| {
        it.trade.taker_order_id.get()
    })?)
    .bind(ids(trades, "an account", |it| {
        it.trade.taker_account.get()
    })?)
    .bind(column(trades, |it| it.quote_amount.to_string()))
    .bind(column(trades, |it| it.maker_fee.amount.to_string()))
    .bind(column(trades, |it| it.taker_fee.amount.to_string()))
    .bind(column(trades, |it| i64::from(it.maker_fee.asset.get())))
    .bind(column(trades, |it| i64::from(it.taker_fee.asset.get())));
    execute(connection, statement).await?;
    Ok(())
}

/// Quote volumes saturate as they do in memory. Volumes cannot reach that.
const ADD_CANDLES: &str = "
    INSERT INTO candles AS older (instrument, interval, open_time, open, high, low, close, volume,
        quote_volume, taker_buy_volume, taker_buy_quote_volume, trade_count, first_trade_id,
        last_trade_id)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::bigint[], $5::bigint[],
        $6::bigint[], $7::bigint[], $8::text[]::numeric[], $9::text[]::numeric[],
        $10::text[]::numeric[], $11::text[]::numeric[], $12::bigint[], $13::bigint[],
        $14::bigint[])
    ON CONFLICT (instrument, interval, open_time) DO UPDATE SET
        high = greatest(older.high, excluded.high),
        low = least(older.low, excluded.low),
        close = excluded.close,
        volume = older.volume + excluded.volume,
        quote_volume = greatest($15::text::numeric, least($16::text::numeric,
            older.quote_volume + excluded.quote_volume)),
        taker_buy_volume = older.taker_buy_volume + excluded.taker_buy_volume,
        taker_buy_quote_volume = greatest($15::text::numeric, least($16::text::numeric,
            older.taker_buy_quote_volume + excluded.taker_buy_quote_volume)),
        trade_count = older.trade_count + excluded.trade_count,
        last_trade_id = excluded.last_trade_id";

async fn add_candles(connection: &mut PgConnection, candles: &[CandleOf]) -> Written<()> {
    // A candle of changes has trades, so it has their ids.
    let trade_id = |id: Option<TradeId>| id.map_or(0, TradeId::get);
    let statement = sqlx::query(ADD_CANDLES)
        .bind(column(candles, |(instrument, ..)| {
            i64::from(instrument.get())
        }))
        .bind(column(candles, |(_, interval, _)| interval.word()))
        .bind(times(candles, |(.., it)| it.open_time)?)
        .bind(column(candles, |(.., it)| it.open.get()))
        .bind(column(candles, |(.., it)| it.high.get()))
        .bind(column(candles, |(.., it)| it.low.get()))
        .bind(column(candles, |(.., it)| it.close.get()))
        .bind(column(candles, |(.., it)| it.volume.to_string()))
        .bind(column(candles, |(.., it)| it.quote_volume.to_string()))
        .bind(column(candles, |(.., it)| it.taker_buy_volume.to_string()))
        .bind(column(candles, |(.., it)| {
            it.taker_buy_quote_volume.to_string()
        }))
        .bind(ids(candles, "a number of trades", |(.., it)| {
            it.trade_count
        })?)
        .bind(ids(candles, "a trade id", |(.., it)| {
            trade_id(it.first_trade_id)
        })?)
        .bind(ids(candles, "a trade id", |(.., it)| {
            trade_id(it.last_trade_id)
        })?)
        .bind(i128::MIN.to_string())
        .bind(i128::MAX.to_string());
    execute(connection, statement).await?;
    Ok(())
}

async fn insert_orders(connection: &mut PgConnection, orders: &[&OrderRecord]) -> Written<()> {
    let statement = sqlx::query(
        "INSERT INTO orders (id, account, instrument, client_order_id, side, kind, price,
             time_in_force, quantity, executed, quote_amount, status, time, update_time, expires,
             display, minimum, budget, self_trade)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],
             $6::text[], $7::bigint[], $8::text[], $9::text[]::numeric[], $10::text[]::numeric[],
             $11::text[]::numeric[], $12::text[], $13::timestamptz[], $14::timestamptz[],
             $15::text[]::numeric[], $16::text[]::numeric[], $17::text[]::numeric[],
             $18::text[]::numeric[], $19::text[])",
    )
    .bind(ids(orders, "an order id", |it| it.id.get())?)
    .bind(ids(orders, "an account", |it| it.account.get())?)
    .bind(column(orders, |it| i64::from(it.instrument.get())))
    .bind(column(orders, |it| {
        it.client_order_id.map(|name| name.to_string())
    }))
    .bind(column(orders, |it| it.side.word()))
    .bind(column(orders, |it| Terms::from(it.kind).kind))
    .bind(column(orders, |it| Terms::from(it.kind).price))
    .bind(column(orders, |it| Terms::from(it.kind).time_in_force))
    .bind(column(orders, |it| it.quantity.to_string()))
    .bind(column(orders, |it| it.executed.to_string()))
    .bind(column(orders, |it| it.quote_amount.to_string()))
    .bind(column(orders, |it| it.status.word()))
    .bind(times(orders, |it| it.time)?)
    .bind(times(orders, |it| it.update_time)?)
    .bind(decimals(orders, |it| Terms::from(it.kind).expires))
    .bind(decimals(orders, |it| Terms::from(it.kind).display))
    .bind(decimals(orders, |it| Terms::from(it.kind).minimum))
    .bind(decimals(orders, |it| Terms::from(it.kind).budget))
    .bind(column(orders, |it| it.self_trade.map(Word::word)));
    execute(connection, statement).await?;
    Ok(())
}

async fn update_orders(
    connection: &mut PgConnection,
    updates: &[(OrderId, &OrderUpdate)],
) -> Written<()> {
    let statement = sqlx::query(
        "UPDATE orders SET
             quantity = greatest(coalesce(newer.quantity, orders.quantity) - newer.reduced, 0),
             price = coalesce(newer.price, orders.price),
             executed = orders.executed + newer.executed,
             quote_amount = orders.quote_amount + newer.quote_amount,
             status = coalesce(newer.status, orders.status),
             update_time = newer.update_time
         FROM unnest($1::bigint[], $2::bigint[], $3::text[]::numeric[], $4::text[]::numeric[],
                 $5::text[]::numeric[], $6::text[], $7::timestamptz[], $8::text[]::numeric[],
                 $9::bigint[])
             AS newer (instrument, id, reduced, executed, quote_amount, status, update_time,
                 quantity, price)
         WHERE orders.instrument = newer.instrument AND orders.id = newer.id",
    )
    .bind(column(updates, |(_, it)| i64::from(it.instrument.get())))
    .bind(ids(updates, "an order id", |(id, _)| id.get())?)
    .bind(column(updates, |(_, it)| it.reduced.to_string()))
    .bind(column(updates, |(_, it)| it.executed.to_string()))
    .bind(column(updates, |(_, it)| it.quote_amount.to_string()))
    .bind(column(updates, |(_, it)| it.status.map(Word::word)))
    .bind(times(updates, |(_, it)| it.update_time)?)
    .bind(decimals(updates, |(_, it)| it.quantity))
    .bind(column(updates, |(_, it)| it.price.map(Price::get)));
    execute(connection, statement).await?;
    Ok(())
}
