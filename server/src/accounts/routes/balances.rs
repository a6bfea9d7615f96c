//! Balances and commissions of an account.

use accounts_core::{FeeRate, FeeTier};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ApiError;
use crate::gateway::operation::Call;

/// An asset of an account.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct AssetBalance {
    asset: String,
    free: String,
    locked: String,
}

/// What an account has and may do.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools)] // The wire format has them.
pub(crate) struct AccountInfo {
    /// In basis points, as the others.
    maker_commission: i32,
    taker_commission: i32,
    buyer_commission: i32,
    seller_commission: i32,
    can_trade: bool,
    can_withdraw: bool,
    can_deposit: bool,
    brokered: bool,
    require_self_trade_prevention: bool,
    prevent_sor: bool,
    update_time: u64,
    account_type: &'static str,
    balances: Vec<AssetBalance>,
    permissions: [&'static str; 1],
    uid: u64,
}

/// `GET /api/v3/account`
pub(crate) async fn account(call: Call) -> Result<AccountInfo, ApiError> {
    let (app, account, params) = call.of_account();
    let omit_zero = match params.get("omitZeroBalances") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(ApiError::mandatory("omitZeroBalances")),
    };
    let known = {
        let balances = app.balances.at(app.entry.published()).await;
        balances.account(account).cloned().unwrap_or_default()
    };
    let mut balances = Vec::new();
    for asset in app.symbols().assets() {
        let balance = known.balances.get(&asset.id).copied().unwrap_or_default();
        if omit_zero && balance.is_zero() {
            continue;
        }
        balances.push(AssetBalance {
            asset: asset.code.clone(),
            free: asset.amount(balance.available),
            locked: asset.amount(balance.held),
        });
    }
    // The field counts commissions in basis points; rates differ by instrument, and the highest
    // stands for all.
    let tiers = app.fee_tiers(account).await;
    let highest = |rate: fn(&FeeTier) -> FeeRate| {
        let rates = tiers.iter().map(rate);
        rates.max().unwrap_or_default().get() / 100
    };
    let (maker, taker) = (highest(|tier| tier.maker), highest(|tier| tier.taker));
    Ok(AccountInfo {
        maker_commission: maker,
        taker_commission: taker,
        buyer_commission: 0,
        seller_commission: 0,
        can_trade: !known.halted,
        can_withdraw: true,
        can_deposit: true,
        brokered: false,
        require_self_trade_prevention: false,
        prevent_sor: false,
        update_time: known.update_time.millis(),
        account_type: "SPOT",
        balances,
        permissions: ["SPOT"],
        uid: account.get(),
    })
}
