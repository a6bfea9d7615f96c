//! Placing, cancelling and looking up orders.

use exchange_engine::{Command, Event, OrderRef};
use orderbook_core::{AccountId, Event as BookEvent, OrderId, Timestamp, TradeId};
use serde_json::{Value, json};

use super::{Receipt, history};
use crate::api::orders::{
    CancelledOrder, NewOrder, OwnTrade, PlacedOrder, QueriedOrder, ResponseType, client_order_id,
    random_client_order_id,
};
use crate::api::params::Params;
use crate::api::symbols::Symbol;
use crate::error::ApiError;
use crate::gateway::App;
use crate::gateway::operation::Call;
use crate::store::{FillQuery, OrderQuery};

/// `POST /api/v3/order`
pub(crate) async fn place(call: Call) -> Result<PlacedOrder, ApiError> {
    place_order(&call.app, call.account(), &call.params).await
}

async fn place_order(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<PlacedOrder, ApiError> {
    let symbol = app.symbols.named(params.require("symbol")?)?;
    let order = NewOrder::parse(params, symbol)?;
    let receipt = app
        .submit(Command::Place {
            account,
            instrument: symbol.id,
            client_order_id: Some(order.client_order_id),
            side: order.side,
            quantity: order.quantity,
            kind: order.kind,
            self_trade: None,
        })
        .await?;
    let outcome = receipt.outcome();
    let placed = match outcome.events[..] {
        [
            Event::OrderRepeated {
                order_id, outcome, ..
            },
        ] => repeated(app, account, &order, order_id, &outcome, symbol).await?,
        _ => PlacedOrder::new(outcome, order.response, &app.symbols, symbol),
    };
    placed.ok_or(ApiError::INTERNAL)
}

/// The answer to an order that was sent once more, for example because the first answer got lost: the
/// same as then, whatever has become of the order since.
async fn repeated(
    app: &App,
    account: AccountId,
    sent: &NewOrder,
    id: OrderId,
    outcome: &exchange_engine::Outcome,
    symbol: &Symbol,
) -> Result<Option<PlacedOrder>, ApiError> {
    let known = history::order(app, account, symbol.id, OrderRef::Id(id)).await?;
    let Some(known) = known else {
        return Ok(None);
    };
    let quote_amount = symbol.quote_amount(outcome.notional);
    // What is sent again has the terms that the order had at first.
    let order = known.when_placed(sent.quantity, sent.kind, outcome, quote_amount);
    let fills = match sent.response {
        ResponseType::Full => history::first_fills(app, &order).await,
        ResponseType::Ack | ResponseType::Result => Vec::new(),
    };
    Ok(PlacedOrder::again(
        &order,
        &fills,
        sent.response,
        &app.symbols,
        symbol,
    ))
}

/// `POST /api/v3/order/test`: everything but the order itself.
pub(crate) async fn test(call: Call) -> Result<Value, ApiError> {
    let (app, params) = call.of_anybody();
    let symbol = app.symbols.named(params.require("symbol")?)?;
    NewOrder::parse(params, symbol)?;
    Ok(json!({}))
}

/// Which order a request is about.
fn order_ref(params: &Params) -> Result<OrderRef, ApiError> {
    if let Some(id) = params.parsed::<u64>("orderId")? {
        return Ok(OrderRef::Id(OrderId::new(id)));
    }
    client_order_id(params, "origClientOrderId")?
        .map(OrderRef::Client)
        .ok_or_else(|| ApiError::one_of("origClientOrderId", "orderId"))
}

/// `GET /api/v3/order`
pub(crate) async fn query(call: Call) -> Result<QueriedOrder, ApiError> {
    let (app, account, params) = call.of_account();
    let symbol = app.symbols.named(params.require("symbol")?)?;
    let wanted = order_ref(params)?;
    let order = history::order(app, account, symbol.id, wanted).await?;
    let order = order.ok_or(ApiError::NO_SUCH_ORDER)?;
    Ok(QueriedOrder::new(&order, symbol))
}

/// `DELETE /api/v3/order`
pub(crate) async fn cancel(call: Call) -> Result<CancelledOrder, ApiError> {
    let (app, account, params) = call.of_account();
    let symbol = app.symbols.named(params.require("symbol")?)?;
    let command = Command::Cancel {
        account,
        instrument: symbol.id,
        order: order_ref(params)?,
    };
    let name = cancellation(params)?;
    let receipt = app.submit(command).await?;
    let cancelled = cancelled(app, account, &receipt, &name, symbol).await;
    cancelled.into_iter().next().ok_or(ApiError::INTERNAL)
}

/// `DELETE /api/v3/openOrders`
pub(crate) async fn cancel_all(call: Call) -> Result<Vec<CancelledOrder>, ApiError> {
    let (app, account, params) = call.of_account();
    let symbol = app.symbols.named(params.require("symbol")?)?;
    let command = Command::CancelAll {
        account,
        instrument: symbol.id,
    };
    let name = cancellation(params)?;
    let receipt = app.submit(command).await?;
    Ok(cancelled(app, account, &receipt, &name, symbol).await)
}

/// The name of a cancellation.
fn cancellation(params: &Params) -> Result<String, ApiError> {
    let name = client_order_id(params, "newClientOrderId")?;
    Ok(name.unwrap_or_else(random_client_order_id).to_string())
}

/// The orders that a command closed.
async fn cancelled(
    app: &App,
    account: AccountId,
    receipt: &Receipt,
    name: &str,
    symbol: &Symbol,
) -> Vec<CancelledOrder> {
    let orders = app.orders.at(receipt.seq()).await;
    let closed = receipt
        .outcome()
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Book {
                event: BookEvent::Closed { order_id, .. },
                ..
            } => orders.order(account, symbol.id, OrderRef::Id(*order_id)),
            _ => None,
        });
    closed
        .map(|order| CancelledOrder::new(order, name, symbol))
        .collect()
}

/// `GET /api/v3/openOrders`
pub(crate) async fn open_orders(call: Call) -> Result<Vec<QueriedOrder>, ApiError> {
    let (app, account, params) = call.of_account();
    let only = params
        .get("symbol")
        .map(|name| app.symbols.named(name))
        .transpose()?;
    let orders = app.orders.at(app.entry.published()).await;
    let open = orders
        .open_orders(account)
        .filter(|order| only.is_none_or(|symbol| symbol.id == order.instrument))
        .filter_map(|order| {
            let symbol = app.symbols.get(order.instrument)?;
            Some(QueriedOrder::new(order, symbol))
        });
    Ok(open.collect())
}

/// `GET /api/v3/allOrders`: orders in whatever state, oldest first.
pub(crate) async fn all_orders(call: Call) -> Result<Vec<QueriedOrder>, ApiError> {
    let (app, account, params) = call.of_account();
    let symbol = app.symbols.named(params.require("symbol")?)?;
    let (start, end) = time_range(params)?;
    let query = OrderQuery {
        account,
        instrument: symbol.id,
        from_id: params.parsed("orderId")?.map(OrderId::new),
        start,
        end,
        limit: params.limit(500, 1_000)?,
    };
    let orders = history::orders(app, &query).await?;
    let orders = orders.iter().map(|order| QueriedOrder::new(order, symbol));
    Ok(orders.collect())
}

/// `GET /api/v3/myTrades`
pub(crate) async fn my_trades(call: Call) -> Result<Vec<OwnTrade>, ApiError> {
    let (app, account, params) = call.of_account();
    let symbol = app.symbols.named(params.require("symbol")?)?;
    let (start, end) = time_range(params)?;
    let query = FillQuery {
        account,
        instrument: symbol.id,
        order_id: params.parsed("orderId")?.map(OrderId::new),
        from_id: params.parsed("fromId")?.map(TradeId::new),
        start,
        end,
        limit: params.limit(500, 1_000)?,
    };
    let fills = history::fills(app, &query).await?;
    let trades = fills
        .iter()
        .map(|fill| OwnTrade::new(fill, &app.symbols, symbol));
    let trades = trades.collect::<Option<_>>().ok_or(ApiError::INTERNAL)?;
    Ok(trades)
}

/// `startTime` and `endTime`: milliseconds, both inclusive, so that the end is the last microsecond
/// of its millisecond.
fn time_range(params: &Params) -> Result<(Option<Timestamp>, Option<Timestamp>), ApiError> {
    let start = params.parsed("startTime")?.map(Timestamp::from_millis);
    let end = params.parsed::<u64>("endTime")?;
    let end = end.map(|end| Timestamp::new(end.saturating_mul(1_000).saturating_add(999)));
    Ok((start, end))
}
