//! Registration, login, API keys, the faucet, and balances.

use std::sync::Arc;
use std::time::Duration;

use accounts_core::{Amount, FeeRate, FeeTier};
use axum::http::{HeaderMap, HeaderValue, header};
use exchange_engine::Command;
use orderbook_core::AccountId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::api::decimal::parse;
use crate::demo::RESERVED;
use crate::error::ApiError;
use crate::gateway::App;
use crate::gateway::auth::{Caller, Origin, forget_session, keep_session};
use crate::gateway::operation::{Call, WithHeaders};

type Answer = Result<Value, ApiError>;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserPassword {
    username: String,
    password: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyLabel {
    #[serde(default)]
    label: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaucetRequest {
    asset: String,
    /// A decimal, as text or as a plain number; kept as it was written, so that nothing is rounded.
    #[schemars(with = "String")]
    amount: Box<RawValue>,
}

/// The most whole units of an asset that one request to the faucet gives.
const MOST_PER_REQUEST: u64 = 1_000_000_000;

/// How long to wait before an account is tried to be opened again.
const PAUSE: Duration = Duration::from_millis(200);

/// `POST /v1/register`
pub(crate) async fn register(call: Call) -> Answer {
    let app = &call.app;
    let UserPassword { username, password } = call.json()?;
    if username
        .get(..RESERVED.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(RESERVED))
    {
        return Err(ApiError::USERNAME_TAKEN);
    }
    if app.entry.suspension().is_some() {
        return Err(ApiError::SUSPENDED);
    }
    let account = app.credentials.register(&username, &password).await?;
    // The user exists from here on, so this goes on without whoever waits for it. Should it fail,
    // the account is opened at the next start.
    let opened = tokio::spawn(open_account(Arc::clone(app), account)).await;
    opened.map_err(|_| ApiError::INTERNAL)??;
    Ok(json!({ "accountId": account.get(), "username": username }))
}

/// Opens an account, as soon as the log can be written.
async fn open_account(app: Arc<App>, account: AccountId) -> Result<(), ApiError> {
    loop {
        match app.submit(Command::OpenAccount { account }).await {
            Err(error) if error == ApiError::SUSPENDED => tokio::time::sleep(PAUSE).await,
            opened => return opened.map(drop),
        }
    }
}

/// `POST /v1/login`: the token, for programs, and the same as a cookie, for browsers.
pub(crate) async fn login(call: Call) -> Result<WithHeaders<Value>, ApiError> {
    // Another site must not log its visitors in under a name of its own choice.
    if Origin::of(&call.headers) == Origin::Foreign {
        return Err(ApiError::FOREIGN_ORIGIN);
    }
    let UserPassword { username, password } = call.json()?;
    let token = call.app.credentials.login(&username, &password).await?;
    let cookie = keep_session(&token, &call.headers);
    with_cookie(json!({ "token": token }), &cookie)
}

/// `POST /v1/logout`
pub(crate) async fn logout(call: Call) -> Result<WithHeaders<Value>, ApiError> {
    if let Caller::Session { token, .. } = &call.caller {
        call.app.credentials.logout(&token.0).await?;
    }
    let cookie = forget_session(&call.headers);
    with_cookie(json!({}), &cookie)
}

fn with_cookie(data: Value, cookie: &str) -> Result<WithHeaders<Value>, ApiError> {
    let cookie = HeaderValue::from_str(cookie).map_err(|_| ApiError::INTERNAL)?;
    Ok(WithHeaders(
        data,
        HeaderMap::from_iter([(header::SET_COOKIE, cookie)]),
    ))
}

/// `GET /v1/session`: who is logged in, and whether there is a faucet for them.
pub(crate) async fn session(call: Call) -> Answer {
    let (app, account, _) = call.of_account();
    let username = app.credentials.username(account).await?;
    let username = username.ok_or(ApiError::INVALID_SESSION)?;
    Ok(json!({
        "accountId": account.get(),
        "username": username,
        "faucet": app.faucet,
    }))
}

/// `POST /v1/api-keys`
pub(crate) async fn create_api_key(call: Call) -> Answer {
    let label = if call.body.is_empty() {
        String::new()
    } else {
        call.json::<KeyLabel>()?.label
    };
    let (app, account, _) = call.of_account();
    let key = app.credentials.create_api_key(account, &label).await?;
    Ok(json!({ "apiKey": key.api_key, "secretKey": key.secret_key }))
}

/// `GET /v1/api-keys`
pub(crate) async fn api_keys(call: Call) -> Answer {
    let (app, account, _) = call.of_account();
    let keys = app.credentials.api_keys(account).await?;
    let keys = keys
        .into_iter()
        .map(|key| json!({ "apiKey": key.api_key, "label": key.label, "created": key.created }));
    Ok(keys.collect())
}

/// `DELETE /v1/api-keys/{key}`
pub(crate) async fn revoke_api_key(call: Call) -> Answer {
    let (app, account, _) = call.of_account();
    let key = call.path("key");
    app.credentials.revoke_api_key(account, key).await?;
    Ok(json!({}))
}

/// `POST /v1/faucet`
pub(crate) async fn faucet(call: Call) -> Answer {
    let (app, account, _) = call.of_account();
    if !app.faucet {
        return Err(ApiError::NO_FAUCET);
    }
    let FaucetRequest { asset, amount } = call.json()?;
    let asset = app
        .symbols
        .asset_by_code(&asset)
        .ok_or(ApiError::UNKNOWN_ASSET)?;
    let text: String = serde_json::from_str(amount.get()).unwrap_or_else(|_| amount.get().into());
    let too_large = ApiError::bad_request(format!(
        "The faucet gives at most {MOST_PER_REQUEST} {} at a time.",
        asset.code
    ));
    let decimal = parse("amount", &text, &too_large)?.normalize();
    if decimal > MOST_PER_REQUEST.into() {
        return Err(too_large);
    }
    // Units = mantissa * 10^(decimals - scale), where that is whole.
    let units = u32::from(asset.decimals)
        .checked_sub(decimal.scale())
        .ok_or_else(|| {
            ApiError::bad_request(format!(
                "{} has {} decimal places.",
                asset.code, asset.decimals
            ))
        })
        .and_then(|shift| {
            decimal
                .mantissa()
                .unsigned_abs()
                .checked_mul(10_u128.pow(shift))
                .ok_or(too_large)
        })?;
    let deposit = Command::Deposit {
        account,
        asset: asset.id,
        amount: Amount::new(units),
    };
    app.submit(deposit).await?;
    Ok(json!({
        "asset": asset.code,
        "amount": asset.amount(Amount::new(units)),
    }))
}

/// An asset of an account.
#[derive(Debug, Serialize)]
struct AssetBalance {
    asset: String,
    free: String,
    locked: String,
}

/// `GET /api/v3/account`
pub(crate) async fn account(call: Call) -> Answer {
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
    for asset in app.symbols.assets() {
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
    // The field counts commissions in basis points; rates differ by instrument, the highest
    // stands for all, and by volume, where those of somebody new do.
    let highest = |rate: fn(&FeeTier) -> FeeRate| {
        let first = app.symbols.iter().filter_map(|it| it.fees.tiers().first());
        first.map(rate).max().unwrap_or_default().get() / 100
    };
    let (maker, taker) = (highest(|tier| tier.maker), highest(|tier| tier.taker));
    Ok(json!({
        "makerCommission": maker,
        "takerCommission": taker,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "canTrade": true,
        "canWithdraw": true,
        "canDeposit": true,
        "brokered": false,
        "requireSelfTradePrevention": false,
        "preventSor": false,
        "updateTime": known.update_time.millis(),
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": account.get(),
    }))
}
