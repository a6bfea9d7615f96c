//! Cancelling orders.

use exchange_engine::{Command, Event, OrderRef};
use orderbook_core::{AccountId, Event as BookEvent};

use super::Receipt;
use crate::api::orders::{Cancellation, CancelledOrder, client_order_id};
use crate::api::params::Params;
use crate::api::symbols::Symbol;
use crate::api::user_events::cancellation_name;
use crate::error::ApiError;
use crate::gateway::App;

/// `DELETE /api/v3/order`
pub(crate) async fn cancel(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<CancelledOrder, ApiError> {
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let cancellation = Cancellation::parse(params)?;
    take_back(app, account, &cancellation, symbol).await
}

/// Hands in the cancellation of an order.
///
/// Its conditions are about the order as it is now; it may still trade before it is cancelled.
pub(super) async fn take_back(
    app: &App,
    account: AccountId,
    cancellation: &Cancellation,
    symbol: &Symbol,
) -> Result<CancelledOrder, ApiError> {
    let order = cancellation.wanted.order;
    if cancellation.is_conditional() {
        let orders = app.orders.at(app.entry.published()).await;
        let open = orders.order(account, symbol.id, order);
        let open = open.filter(|order| order.is_open());
        cancellation.check(open.ok_or(ApiError::CANCEL_REJECTED)?)?;
    }
    let instrument = symbol.id;
    let command = match cancellation.name {
        None => Command::Cancel {
            account,
            instrument,
            order,
        },
        Some(name) => Command::CancelAs {
            account,
            instrument,
            order,
            name,
        },
    };
    let receipt = app.submit(command).await?;
    let cancelled = cancelled(app, account, &receipt, symbol).await;
    cancelled.into_iter().next().ok_or(ApiError::INTERNAL)
}

/// `DELETE /api/v3/openOrders`
pub(crate) async fn cancel_all(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<Vec<CancelledOrder>, ApiError> {
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let instrument = symbol.id;
    let command = match client_order_id(params, "newClientOrderId")? {
        None => Command::CancelAll {
            account,
            instrument,
        },
        Some(name) => Command::CancelAllAs {
            account,
            instrument,
            name,
        },
    };
    let receipt = app.submit(command).await?;
    Ok(cancelled(app, account, &receipt, symbol).await)
}

/// The orders that a command closed, under the name that their owner hears on the user stream too.
async fn cancelled(
    app: &App,
    account: AccountId,
    receipt: &Receipt,
    symbol: &Symbol,
) -> Vec<CancelledOrder> {
    let events = &receipt.outcome().events;
    let given = events.iter().find_map(|event| match event {
        Event::CancellationNamed { name, .. } => Some(*name),
        _ => None,
    });
    let name = cancellation_name(given, receipt.seq());
    let orders = app.orders.at(receipt.seq()).await;
    let closed = events.iter().filter_map(|event| match event {
        Event::Book {
            event: BookEvent::Closed { order_id, .. },
            ..
        } => orders.order(account, symbol.id, OrderRef::Id(*order_id)),
        _ => None,
    });
    closed
        .map(|order| CancelledOrder::new(order, &name, symbol))
        .collect()
}
