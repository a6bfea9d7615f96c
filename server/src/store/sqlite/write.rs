//! Writing: the cursor first, then the rows.
//!
//! What has 128 bits is added up here and not in SQL, which has no such numbers. Reading a row
//! before it is changed costs little in a database within the process.

use exchange_engine::ClientOrderId;
use orderbook_core::{OrderId, Price, Quantity, TradeId};
use rusqlite::{OptionalExtension, Transaction, params};

use super::Failure;
use super::read;
use crate::log::LogId;
use crate::orders::OrderRecord;
use crate::store::changes::{OrderChange, OrderUpdate, SettledTrade};
use crate::store::columns::{Terms, Word, stored_id, stored_time};
use crate::store::{Changes, Cursor, StoreError};

/// Takes the store for a log.
pub(super) fn claim(
    transaction: &Transaction<'_>,
    store: String,
    log: LogId,
) -> Result<Cursor, Failure> {
    transaction.execute(
        "UPDATE history_cursor SET log = ?1 WHERE log IS NULL",
        [log.to_string()],
    )?;
    let found: String =
        transaction.query_row("SELECT log FROM history_cursor", [], |row| row.get(0))?;
    if found != log.to_string() {
        return Err(Failure::Refused(StoreError::OtherLog {
            store,
            found,
            expected: log,
        }));
    }
    Ok(read::cursor(transaction)?)
}

/// Writes the rows if the cursor is where the changes start.
pub(super) fn write(transaction: &Transaction<'_>, changes: &Changes) -> Result<(), Failure> {
    let cursor = changes.cursor();
    let advanced = transaction.execute(
        "UPDATE history_cursor SET seq = ?2, time = ?3 WHERE seq = ?1",
        params![
            stored_id("a sequence number", changes.follows())?,
            stored_id("a sequence number", cursor.seq)?,
            stored_time(cursor.time)?,
        ],
    )?;
    if advanced == 0 {
        return Err(Failure::Refused(StoreError::CursorMoved {
            expected: changes.follows(),
            found: read::cursor(transaction)?.seq,
        }));
    }
    for trade in changes.trades() {
        insert_trade(transaction, trade)?;
    }
    add_candles(transaction, changes)?;
    for (id, change) in changes.orders() {
        match change {
            OrderChange::Accepted(order) => insert_order(transaction, order)?,
            OrderChange::Updated(update) => update_order(transaction, id, update)?,
        }
    }
    Ok(())
}

fn insert_trade(transaction: &Transaction<'_>, settled: &SettledTrade) -> Result<(), Failure> {
    let trade = &settled.trade;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO trades (instrument, id, time, price, quantity, taker_side, maker_order_id,
             maker_account, taker_order_id, taker_account, quote_amount, maker_fee, taker_fee,
             maker_fee_asset, taker_fee_asset)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?;
    statement.execute(params![
        settled.instrument.get(),
        stored_id("a trade id", trade.id.get())?,
        stored_time(settled.time)?,
        trade.price.get(),
        trade.quantity.get().cast_signed(),
        trade.taker_side.word(),
        stored_id("an order id", trade.maker_order_id.get())?,
        stored_id("an account", trade.maker_account.get())?,
        stored_id("an order id", trade.taker_order_id.get())?,
        stored_id("an account", trade.taker_account.get())?,
        settled.quote_amount.to_string(),
        settled.maker_fee.amount.to_string(),
        settled.taker_fee.amount.to_string(),
        settled.maker_fee.asset.get(),
        settled.taker_fee.asset.get(),
    ])?;
    Ok(())
}

fn add_candles(transaction: &Transaction<'_>, changes: &Changes) -> Result<(), Failure> {
    let mut replace = transaction.prepare_cached(
        "INSERT OR REPLACE INTO candles (instrument, interval, open_time, open, high, low, close,
             volume, quote_volume, taker_buy_volume, taker_buy_quote_volume, trade_count,
             first_trade_id, last_trade_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    for (instrument, interval, newer) in changes.candles() {
        let older = read::candle(transaction, instrument, interval, newer.open_time)?;
        let candle = older.map_or(newer, |older| older.plus(&newer));
        let trade_id = |id: Option<_>| id.map_or(0, TradeId::get);
        replace.execute(params![
            instrument.get(),
            interval.word(),
            stored_time(candle.open_time)?,
            candle.open.get(),
            candle.high.get(),
            candle.low.get(),
            candle.close.get(),
            candle.volume.to_string(),
            candle.quote_volume.to_string(),
            candle.taker_buy_volume.to_string(),
            candle.taker_buy_quote_volume.to_string(),
            stored_id("a number of trades", candle.trade_count)?,
            stored_id("a trade id", trade_id(candle.first_trade_id))?,
            stored_id("a trade id", trade_id(candle.last_trade_id))?,
        ])?;
    }
    Ok(())
}

fn insert_order(transaction: &Transaction<'_>, order: &OrderRecord) -> Result<(), Failure> {
    let mut statement = transaction.prepare_cached(
        "INSERT INTO orders (id, account, instrument, client_order_id, side, kind, price,
             time_in_force, quantity, executed, quote_amount, status, time, update_time, expires,
             display, minimum, budget, self_trade)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             ?19)",
    )?;
    let terms = Terms::from(order.kind);
    statement.execute(params![
        stored_id("an order id", order.id.get())?,
        stored_id("an account", order.account.get())?,
        order.instrument.get(),
        order.client_order_id.as_ref().map(ClientOrderId::as_str),
        order.side.word(),
        terms.kind,
        terms.price,
        terms.time_in_force,
        order.quantity.get().cast_signed(),
        order.executed.get().cast_signed(),
        order.quote_amount.to_string(),
        order.status.word(),
        stored_time(order.time)?,
        stored_time(order.update_time)?,
        terms.expires.map(u64::cast_signed),
        terms.display.map(u64::cast_signed),
        terms.minimum.map(u64::cast_signed),
        terms.budget.map(|budget| budget.to_string()),
        order.self_trade.map(Word::word),
    ])?;
    Ok(())
}

fn update_order(
    transaction: &Transaction<'_>,
    id: OrderId,
    update: &OrderUpdate,
) -> Result<(), Failure> {
    let id = stored_id("an order id", id.get())?;
    if update.counts_nothing() {
        transaction
            .prepare_cached(
                "UPDATE orders SET status = coalesce(?2, status), update_time = ?3,
                     price = coalesce(?4, price)
                 WHERE id = ?1",
            )?
            .execute(params![
                id,
                update.status.map(Word::word),
                stored_time(update.update_time)?,
                update.price.map(Price::get),
            ])?;
        return Ok(());
    }
    let stored = transaction
        .prepare_cached(
            "SELECT quantity, executed, quote_amount, status FROM orders WHERE id = ?1",
        )?
        .query_row([id], |row| {
            Ok((
                read::quantity(row, 0)?,
                read::quantity(row, 1)?,
                read::amount(row, 2)?,
                read::word(row, 3)?,
            ))
        })
        .optional()?;
    let Some((quantity, executed, quote_amount, status)) = stored else {
        // As in memory: an order that was never accepted is none.
        return Ok(());
    };
    let quantity: Quantity = update.quantity.unwrap_or(quantity);
    let executed = executed.checked_add(update.executed);
    let executed = executed.expect("an order trades no more than its quantity");
    let quote_amount = quote_amount.checked_add(update.quote_amount);
    let quote_amount = quote_amount.expect("an order trades no more than its limits allow");
    transaction
        .prepare_cached(
            "UPDATE orders SET quantity = ?2, executed = ?3, quote_amount = ?4, status = ?5,
                 update_time = ?6, price = coalesce(?7, price)
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            quantity
                .checked_sub(update.reduced)
                .unwrap_or_default()
                .get()
                .cast_signed(),
            executed.get().cast_signed(),
            quote_amount.to_string(),
            update.status.unwrap_or(status).word(),
            stored_time(update.update_time)?,
            update.price.map(Price::get),
        ])?;
    Ok(())
}
