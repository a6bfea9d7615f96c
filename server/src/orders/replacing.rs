//! Changing what rests: another order in its place, or less of the same.

use exchange_engine::{Command, OrderRef};
use orderbook_core::{AccountId, OrderId, OrderKind, Price, Quantity};

use super::{cancelling, placing};
use crate::api::orders::{Amendment, CancelReplace, Replacement, Wanted, client_order_id};
use crate::api::params::Params;
use crate::api::symbols::Symbol;
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
    one_too_many: Option<&ApiError>,
) -> Result<CancelReplace, ApiError> {
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let asked = Replacement::parse(params, symbol)?;
    if let Some(refusal) = one_too_many
        && !asked.cancels_anyway
    {
        return Err(refusal.clone());
    }
    let cancelled = cancelling::take_back(app, account, &asked.cancellation, symbol).await;
    let goes_on = match &cancelled {
        Ok(_) => true,
        Err(error) => asked.goes_on && !error.leaves_open(),
    };
    let placed = match one_too_many {
        _ if !goes_on => None,
        Some(refusal) => Some(Err(refusal.clone())),
        None => Some(placing::enter(app, account, &asked.order, symbol).await),
    };
    // The name of the order that has just been cancelled still is its name: what was told is that one.
    let placed = match (&cancelled, placed) {
        (Ok(cancelled), Some(Ok(placed))) if placed.id() == cancelled.id() => {
            Some(Err(ApiError::DUPLICATE_ORDER))
        }
        (_, placed) => placed,
    };
    let told = CancelReplace::told(cancelled, placed);
    told.map_err(|error| limited(error, one_too_many, &asked))
}

/// Who wants both or nothing is told first of all that there were too many orders.
fn limited(error: ApiError, one_too_many: Option<&ApiError>, asked: &Replacement) -> ApiError {
    match one_too_many {
        Some(refusal) if !asked.goes_on && !error.leaves_open() => error.with_status_of(refusal),
        _ => error,
    }
}

/// `PUT /api/v3/order/amend/keepPriority`: the quantity of an open order, and only down.
pub(crate) async fn amend(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<Amendment, ApiError> {
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let quantity = symbol.parse_quantity("newQty", params.require("newQty")?)?;
    let (id, price) = amendable(app, account, params, symbol, quantity).await?;
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

/// The order that is to be amended, and its price.
async fn amendable(
    app: &App,
    account: AccountId,
    params: &Params,
    symbol: &Symbol,
    quantity: Quantity,
) -> Result<(OrderId, Price), ApiError> {
    let wanted = Wanted::parse(params)?;
    let name = client_order_id(params, "newClientOrderId")?;
    let orders = app.orders.at(app.entry.published()).await;
    let order = orders.order(account, symbol.id, wanted.order);
    let order = order.filter(|order| order.is_open());
    let order = order.ok_or(ApiError::AMEND_UNKNOWN)?;
    wanted.check(order)?;
    // An order keeps its name.
    if name.is_some() && name != order.client_order_id {
        return Err(ApiError::invalid_value("newClientOrderId"));
    }
    if quantity > order.quantity {
        return Err(ApiError::AMEND_UP);
    }
    if quantity <= order.executed {
        return Err(ApiError::AMEND_TOO_LATE);
    }
    match order.kind {
        OrderKind::Limit { price, .. } => Ok((order.id, price)),
        OrderKind::Market { .. } => Err(ApiError::AMEND_UNKNOWN),
    }
}
