//! Changing what rests: another order in its place, or less of the same.

use exchange_engine::{Command, OrderRef};
use orderbook_core::{AccountId, OrderKind};

use super::{cancelling, placing};
use crate::api::orders::{Amendment, CancelReplace, Replacement, Wanted, client_order_id};
use crate::api::params::Params;
use crate::error::ApiError;
use crate::gateway::App;

/// `POST /api/v3/order/cancelReplace`: two commands, one after the other.
///
/// The order is tried only once it is known what has become of the cancellation: otherwise there might
/// be two where one was meant to be.
pub(crate) async fn cancel_replace(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<CancelReplace, ApiError> {
    let symbol = app.symbols.named(params.require("symbol")?)?;
    let Replacement {
        cancellation,
        order,
        goes_on,
    } = Replacement::parse(params, symbol)?;
    let cancelled = cancelling::take_back(app, account, &cancellation, symbol).await;
    let old = match &cancelled {
        Ok(cancelled) => Some(cancelled.id()),
        Err(error) if error.leaves_open() || !goes_on => None,
        Err(_) => Some(0),
    };
    let Some(old) = old else {
        return CancelReplace::told(cancelled, None);
    };
    let placed = placing::enter(app, account, &order, symbol).await;
    // The name of the order that has just been cancelled still is its name: what was told is that one.
    let placed = match placed {
        Ok(placed) if placed.id() == old => Err(ApiError::DUPLICATE_ORDER),
        placed => placed,
    };
    CancelReplace::told(cancelled, Some(placed))
}

/// `PUT /api/v3/order/amend/keepPriority`: the quantity of an open order, and only down.
pub(crate) async fn amend(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<Amendment, ApiError> {
    let symbol = app.symbols.named(params.require("symbol")?)?;
    let wanted = Wanted::parse(params)?;
    let quantity = symbol.parse_quantity("newQty", params.require("newQty")?)?;
    let name = client_order_id(params, "newClientOrderId")?;
    let (id, price) = {
        let orders = app.orders.at(app.entry.published()).await;
        let order = orders.order(account, symbol.id, wanted.order);
        let order = order.filter(|order| order.is_open());
        let order = order.ok_or(ApiError::AMEND_UNKNOWN)?;
        wanted.check(order)?;
        if name.is_some() && name != order.client_order_id {
            // An order keeps its name.
            return Err(ApiError::invalid_value("newClientOrderId"));
        }
        let OrderKind::Limit { price, .. } = order.kind else {
            return Err(ApiError::AMEND_UNKNOWN);
        };
        if quantity > order.quantity {
            return Err(ApiError::AMEND_UP);
        }
        if quantity <= order.executed {
            return Err(ApiError::AMEND_TOO_LATE);
        }
        (order.id, price)
    };
    let command = Command::Amend {
        account,
        instrument: symbol.id,
        order: OrderRef::Id(id),
        quantity,
        price,
    };
    let receipt = app.submit(command).await.map_err(|error| {
        if error == ApiError::CANCEL_REJECTED {
            ApiError::AMEND_UNKNOWN
        } else {
            error
        }
    })?;
    let orders = app.orders.at(receipt.seq()).await;
    let amended = orders.order(account, symbol.id, OrderRef::Id(id));
    let amended = amended.ok_or(ApiError::INTERNAL)?;
    Ok(Amendment::new(amended, receipt.seq(), symbol))
}
