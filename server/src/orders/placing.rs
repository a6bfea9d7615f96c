//! Placing orders, and trying whether they could be.

use exchange_engine::{Command, Event, OrderRef};
use orderbook_core::{AccountId, OrderId, OrderKind, Quantity, Side};

use super::history;
use crate::api::orders::{NewOrder, OrderCommission, PlacedOrder, ResponseType, Trial};
use crate::api::params::Params;
use crate::api::symbols::Symbol;
use crate::error::ApiError;
use crate::gateway::App;

/// `POST /api/v3/order`
pub(crate) async fn place(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<PlacedOrder, ApiError> {
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let order = NewOrder::parse(params, symbol)?;
    enter(app, account, &order, symbol).await
}

/// Hands in an order.
pub(super) async fn enter(
    app: &App,
    account: AccountId,
    order: &NewOrder,
    symbol: &Symbol,
) -> Result<PlacedOrder, ApiError> {
    // What few orders need waits in a place of its own, so that most are small.
    let quantity = if order.side == Side::Sell && order.budget().is_some() {
        Box::pin(quantity_for(app, account, order, symbol)).await?
    } else {
        order.quantity
    };
    let receipt = app
        .submit(Command::Place {
            account,
            instrument: symbol.id,
            client_order_id: Some(order.client_order_id),
            side: order.side,
            quantity,
            kind: order.kind,
            self_trade: order.self_trade,
        })
        .await?;
    let outcome = receipt.outcome();
    let placed = match outcome.events[..] {
        [
            Event::OrderRepeated {
                order_id, outcome, ..
            },
        ] => {
            let sent = NewOrder {
                quantity,
                ..order.clone()
            };
            Box::pin(repeated(app, account, &sent, order_id, &outcome, symbol)).await?
        }
        _ => PlacedOrder::new(outcome, order, &app.symbols(), symbol),
    };
    placed.ok_or(ApiError::INTERNAL)
}

/// How much an order is for at most that sells for an amount of quote. It does not say how much that may
/// take; as an order holds all that it may sell, that is what there is to sell.
async fn quantity_for(
    app: &App,
    account: AccountId,
    order: &NewOrder,
    symbol: &Symbol,
) -> Result<Quantity, ApiError> {
    // Sent once more, it is for as much as the first time.
    if order.is_named {
        let name = OrderRef::Client(order.client_order_id);
        let known = history::order(app, account, symbol.id, name).await?;
        if let Some(known) = known
            && let OrderKind::Market { budget, .. } = known.kind
            && budget == order.budget()
        {
            return Ok(known.quantity);
        }
    }
    let available = {
        let balances = app.balances.at(app.entry.published()).await;
        let balances = balances.account(account).map(|known| &known.balances);
        balances.and_then(|known| known.get(&symbol.base.id).copied())
    };
    let available = available.unwrap_or_default().available;
    let quantity = symbol.lots(available).min(order.quantity);
    if quantity < symbol.instrument.min_quantity() {
        return Err(ApiError::INSUFFICIENT_BALANCE);
    }
    Ok(quantity)
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
        sent,
        &app.symbols(),
        symbol,
    ))
}

/// `POST /api/v3/order/test`: everything but the order itself.
pub(crate) async fn test(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<Trial, ApiError> {
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    NewOrder::parse(params, symbol)?;
    match params.get("computeCommissionRates") {
        None | Some("false") => Ok(Trial::Fine {}),
        Some("true") => {
            let tier = app.fee_tier(account, symbol).await;
            Ok(Trial::Rates(OrderCommission::new(&tier)))
        }
        Some(_) => Err(ApiError::mandatory("computeCommissionRates")),
    }
}
