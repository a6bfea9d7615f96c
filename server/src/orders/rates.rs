//! What trades cost an account, and how many orders it has sent.

use orderbook_core::AccountId;

use crate::api::orders::{Commission, TradeFee};
use crate::api::params::Params;
use crate::api::rate_limits::{self, RateLimit};
use crate::error::ApiError;
use crate::gateway::App;

/// `GET /api/v3/account/commission`
pub(crate) async fn commission(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<Commission, ApiError> {
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let tier = app.fee_tier(account, symbol).await;
    Ok(Commission::new(&tier, symbol))
}

/// `GET /sapi/v1/asset/tradeFee`: of one instrument, or of all.
pub(crate) async fn trade_fees(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<Vec<TradeFee>, ApiError> {
    let symbols = app.symbols();
    let only = params
        .get("symbol")
        .map(|name| symbols.named(name))
        .transpose()?;
    let mut fees = Vec::new();
    for symbol in symbols.iter() {
        if only.is_none_or(|only| only.id == symbol.id) {
            let tier = app.fee_tier(account, symbol).await;
            fees.push(TradeFee::new(&tier, symbol));
        }
    }
    Ok(fees)
}

/// `GET /api/v3/rateLimit/order`
pub(crate) fn order_usage(app: &App, account: AccountId) -> Vec<RateLimit> {
    rate_limits::of_orders(&app.config.limits, app.limits.order_usage(account))
}
