//! Registration, login, API keys, the faucet, and balances.

use std::sync::Arc;
use std::time::Duration;

use accounts_core::{Amount, FeeRate, FeeTier};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use exchange_engine::Command;
use orderbook_core::AccountId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::api::Json;
use crate::api::decimal::parse;
use crate::demo::RESERVED;
use crate::error::ApiError;
use crate::gateway::App;
use crate::gateway::auth::{Origin, Session, Signed, forget_session, keep_session};

type Answer = Result<Json<Value>, ApiError>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserPassword {
    username: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyLabel {
    #[serde(default)]
    label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaucetRequest {
    asset: String,
    /// A decimal, as text or as a plain number; kept as it was written, so that nothing is rounded.
    amount: Box<RawValue>,
}

/// The most whole units of an asset that one request to the faucet gives.
const MOST_PER_REQUEST: u64 = 1_000_000_000;

/// How long to wait before an account is tried to be opened again.
const PAUSE: Duration = Duration::from_millis(200);

/// Reads a JSON body. What it says is not repeated in the error: it may hold a password.
fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "does not have the fields it must have",
            _ => "is not valid JSON",
        };
        ApiError::bad_request(format!("The request body {what}."))
    })
}

/// `POST /v1/register`
pub(crate) async fn register(State(app): State<Arc<App>>, bytes: Bytes) -> Answer {
    let UserPassword { username, password } = body(&bytes)?;
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
    let opened = tokio::spawn(open_account(Arc::clone(&app), account)).await;
    opened.map_err(|_| ApiError::INTERNAL)??;
    Ok(Json(
        json!({ "accountId": account.get(), "username": username }),
    ))
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
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<impl IntoResponse, ApiError> {
    // Another site must not log its visitors in under a name of its own choice.
    if Origin::of(&headers) == Origin::Foreign {
        return Err(ApiError::FOREIGN_ORIGIN);
    }
    let UserPassword { username, password } = body(&bytes)?;
    let token = app.credentials.login(&username, &password).await?;
    let cookie = keep_session(&token, &headers);
    Ok((
        [(header::SET_COOKIE, cookie)],
        Json(json!({ "token": token })),
    ))
}

/// `POST /v1/logout`
pub(crate) async fn logout(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    session: Session,
) -> Result<impl IntoResponse, ApiError> {
    app.credentials.logout(&session.token.0).await?;
    let cookie = forget_session(&headers);
    Ok(([(header::SET_COOKIE, cookie)], Json(json!({}))))
}

/// `GET /v1/session`: who is logged in, and whether there is a faucet for them.
pub(crate) async fn session(State(app): State<Arc<App>>, session: Session) -> Answer {
    let username = app.credentials.username(session.account).await?;
    let username = username.ok_or(ApiError::INVALID_SESSION)?;
    Ok(Json(json!({
        "accountId": session.account.get(),
        "username": username,
        "faucet": app.faucet,
    })))
}

/// `POST /v1/api-keys`
pub(crate) async fn create_api_key(
    State(app): State<Arc<App>>,
    session: Session,
    bytes: Bytes,
) -> Answer {
    let label = if bytes.is_empty() {
        String::new()
    } else {
        body::<KeyLabel>(&bytes)?.label
    };
    let key = app
        .credentials
        .create_api_key(session.account, &label)
        .await?;
    Ok(Json(
        json!({ "apiKey": key.api_key, "secretKey": key.secret_key }),
    ))
}

/// `GET /v1/api-keys`
pub(crate) async fn api_keys(State(app): State<Arc<App>>, session: Session) -> Answer {
    let keys = app.credentials.api_keys(session.account).await?;
    let keys = keys
        .into_iter()
        .map(|key| json!({ "apiKey": key.api_key, "label": key.label, "created": key.created }));
    Ok(Json(keys.collect()))
}

/// `DELETE /v1/api-keys/{key}`
pub(crate) async fn revoke_api_key(
    State(app): State<Arc<App>>,
    session: Session,
    Path(key): Path<String>,
) -> Answer {
    app.credentials
        .revoke_api_key(session.account, &key)
        .await?;
    Ok(Json(json!({})))
}

/// `POST /v1/faucet`
pub(crate) async fn faucet(State(app): State<Arc<App>>, session: Session, bytes: Bytes) -> Answer {
    if !app.faucet {
        return Err(ApiError::NO_FAUCET);
    }
    let FaucetRequest { asset, amount } = body(&bytes)?;
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
        account: session.account,
        asset: asset.id,
        amount: Amount::new(units),
    };
    app.submit(deposit).await?;
    Ok(Json(json!({
        "asset": asset.code,
        "amount": asset.amount(Amount::new(units)),
    })))
}

/// An asset of an account.
#[derive(Debug, Serialize)]
struct AssetBalance {
    asset: String,
    free: String,
    locked: String,
}

/// `GET /api/v3/account`
pub(crate) async fn account(
    State(app): State<Arc<App>>,
    Signed { account, params }: Signed,
) -> Answer {
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
    Ok(Json(json!({
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
    })))
}
