//! Play money.

use exchange_engine::Command;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::api::decimal::parse;
use crate::error::ApiError;
use crate::gateway::operation::Call;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FaucetRequest {
    asset: String,
    /// A decimal, as text or as a plain number; kept as it was written, so that nothing is rounded.
    #[schemars(with = "String")]
    amount: Box<RawValue>,
}

/// The most whole units of an asset that one request to the faucet gives.
const MOST_PER_REQUEST: u64 = 1_000_000_000;

#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Given {
    asset: String,
    amount: String,
}

/// `POST /v1/faucet`
pub(super) async fn faucet(call: Call) -> Result<Given, ApiError> {
    let (app, account, _) = call.of_account();
    if !app.faucet {
        return Err(ApiError::NO_FAUCET);
    }
    let FaucetRequest { asset, amount } = call.json()?;
    let symbols = app.symbols();
    let asset = symbols
        .asset_by_code(&asset)
        .ok_or(ApiError::UNKNOWN_ASSET)?;
    let text: String = serde_json::from_str(amount.get()).unwrap_or_else(|_| amount.get().into());
    let too_large = ApiError::bad_request(format!(
        "The faucet gives at most {MOST_PER_REQUEST} {} at a time.",
        asset.code
    ));
    let decimal = parse("amount", &text, &too_large)?;
    if decimal > MOST_PER_REQUEST.into() {
        return Err(too_large);
    }
    let amount = asset.units(decimal, too_large)?;
    let deposit = Command::Deposit {
        account,
        asset: asset.id,
        amount,
    };
    app.submit(deposit).await?;
    Ok(Given {
        asset: asset.code.clone(),
        amount: asset.amount(amount),
    })
}
