//! Cancelling orders.

use exchange_engine::{ClientOrderId, Command, Event, OrderRef};
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
    let command = Command::Cancel {
        account,
        instrument: symbol.id,
        order,
    };
    let receipt = app.submit(command).await?;
    let cancelled = cancelled(app, account, &receipt, cancellation.name, symbol).await;
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
    let command = Command::CancelAll {
        account,
        instrument: symbol.id,
    };
    let name = client_order_id(params, "newClientOrderId")?;
    let receipt = app.submit(command).await?;
    Ok(cancelled(app, account, &receipt, name, symbol).await)
}

/// The orders that a command closed.
async fn cancelled(
    app: &App,
    account: AccountId,
    receipt: &Receipt,
    name: Option<ClientOrderId>,
    symbol: &Symbol,
) -> Vec<CancelledOrder> {
    let name = match name {
        Some(name) => name.to_string(),
        None => cancellation_name(receipt.seq()),
    };
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
        .map(|order| CancelledOrder::new(order, &name, symbol))
        .collect()
}
