//! What trades cost an account, and how many orders it has sent.

use accounts_core::FeeTier;
use orderbook_core::AccountId;

use super::now;
use crate::api::orders::{Commission, TradeFee};
use crate::api::params::Params;
use crate::api::rate_limits::{self, RateLimit};
use crate::api::symbols::Symbol;
use crate::error::ApiError;
use crate::gateway::App;

/// What an account pays in an instrument, as the exchange finds it: by what it has traded for the same
/// quote asset.
pub(super) async fn tier(app: &App, account: AccountId, symbol: &Symbol) -> FeeTier {
    let alike = app.symbols.iter();
    let alike = alike.filter(|other| other.quote.id == symbol.quote.id);
    let orders = app.orders.at(app.entry.published()).await;
    let volume = orders.volume(account, alike.map(|other| other.id), now());
    *symbol.fees.tier(volume)
}

/// `GET /api/v3/account/commission`
pub(crate) async fn commission(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<Commission, ApiError> {
    let symbol = app.symbols.named(params.require("symbol")?)?;
    let tier = tier(app, account, symbol).await;
    Ok(Commission::new(&tier, symbol))
}

/// `GET /sapi/v1/asset/tradeFee`: of one instrument, or of all.
pub(crate) async fn trade_fees(
    app: &App,
    account: AccountId,
    params: &Params,
) -> Result<Vec<TradeFee>, ApiError> {
    let only = params
        .get("symbol")
        .map(|name| app.symbols.named(name))
        .transpose()?;
    let mut fees = Vec::new();
    for symbol in app.symbols.iter() {
        if only.is_none_or(|only| only.id == symbol.id) {
            let tier = tier(app, account, symbol).await;
            fees.push(TradeFee::new(&tier, symbol));
        }
    }
    Ok(fees)
}

/// `GET /api/v3/rateLimit/order`
pub(crate) fn order_usage(app: &App, account: AccountId) -> Vec<RateLimit> {
    rate_limits::of_orders(&app.config.limits, app.limits.order_usage(account))
}
