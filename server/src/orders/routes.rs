//! Placing, cancelling, changing and looking up orders, as operations.

use super::{cancelling, looking, placing, rates, replacing};
use crate::api::orders::{
    Allocation, Amendment, CancelReplace, CancelledOrder, Commission, OwnTrade, PlacedOrder,
    QueriedOrder, TradeFee, Trial,
};
use crate::api::rate_limits::RateLimit;
use crate::error::ApiError;
use crate::gateway::operation::Call;

/// `POST /api/v3/order`
pub(crate) async fn place(call: Call) -> Result<PlacedOrder, ApiError> {
    let (app, account, params) = call.of_account();
    placing::place(app, account, params).await
}

/// `POST /api/v3/order/test`
pub(crate) async fn test(call: Call) -> Result<Trial, ApiError> {
    let (app, account, params) = call.of_account();
    placing::test(app, account, params).await
}

/// `GET /api/v3/order`
pub(crate) async fn query(call: Call) -> Result<QueriedOrder, ApiError> {
    let (app, account, params) = call.of_account();
    looking::order(app, account, params).await
}

/// `DELETE /api/v3/order`
pub(crate) async fn cancel(call: Call) -> Result<CancelledOrder, ApiError> {
    let (app, account, params) = call.of_account();
    cancelling::cancel(app, account, params).await
}

/// `DELETE /api/v3/openOrders`
pub(crate) async fn cancel_all(call: Call) -> Result<Vec<CancelledOrder>, ApiError> {
    let (app, account, params) = call.of_account();
    cancelling::cancel_all(app, account, params).await
}

/// `POST /api/v3/order/cancelReplace`
pub(crate) async fn cancel_replace(call: Call) -> Result<CancelReplace, ApiError> {
    let (app, account, params) = call.of_account();
    let one_too_many = call.one_too_many.as_ref();
    replacing::cancel_replace(app, account, params, one_too_many).await
}

/// `PUT /api/v3/order/amend/keepPriority`
pub(crate) async fn amend(call: Call) -> Result<Amendment, ApiError> {
    let (app, account, params) = call.of_account();
    replacing::amend(app, account, params).await
}

/// `GET /api/v3/openOrders`
pub(crate) async fn open_orders(call: Call) -> Result<Vec<QueriedOrder>, ApiError> {
    let (app, account, params) = call.of_account();
    looking::open_orders(app, account, params).await
}

/// `GET /api/v3/allOrders`
pub(crate) async fn all_orders(call: Call) -> Result<Vec<QueriedOrder>, ApiError> {
    let (app, account, params) = call.of_account();
    looking::all_orders(app, account, params).await
}

/// `GET /api/v3/myTrades`
pub(crate) async fn my_trades(call: Call) -> Result<Vec<OwnTrade>, ApiError> {
    let (app, account, params) = call.of_account();
    looking::my_trades(app, account, params).await
}

/// `GET /api/v3/myAllocations`
pub(crate) async fn allocations(call: Call) -> Result<Vec<Allocation>, ApiError> {
    let (app, _, params) = call.of_account();
    looking::allocations(app, params)
}

/// `GET /api/v3/rateLimit/order`
pub(crate) async fn order_usage(call: Call) -> Result<Vec<RateLimit>, ApiError> {
    let (app, account, _) = call.of_account();
    Ok(rates::order_usage(app, account))
}

/// `GET /api/v3/account/commission`
pub(crate) async fn commission(call: Call) -> Result<Commission, ApiError> {
    let (app, account, params) = call.of_account();
    rates::commission(app, account, params).await
}

/// `GET /sapi/v1/asset/tradeFee`
pub(crate) async fn trade_fees(call: Call) -> Result<Vec<TradeFee>, ApiError> {
    let (app, account, params) = call.of_account();
    rates::trade_fees(app, account, params).await
}
