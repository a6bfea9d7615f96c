//! Turning the second factor on and off.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Done, client};
use crate::error::ApiError;
use crate::gateway::operation::Call;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    code: String,
}

#[derive(JsonSchema, Serialize)]
pub(super) struct Proposed {
    /// In base32; shown only here.
    secret: String,
    /// The same, to be shown as a QR code.
    url: String,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Confirmed {
    /// Each stands in for a code once; shown only here.
    recovery_codes: Vec<String>,
}

/// `POST /v1/totp`
pub(super) async fn propose(call: Call) -> Result<Proposed, ApiError> {
    let (app, account, _) = call.of_account();
    let proposed = app.credentials.propose_second_factor(account).await?;
    Ok(Proposed {
        secret: proposed.secret,
        url: proposed.url,
    })
}

/// `POST /v1/totp/confirm`
pub(super) async fn confirm(call: Call) -> Result<Confirmed, ApiError> {
    let Code { code } = call.json()?;
    let (app, account, _) = call.of_account();
    let client = client(&call);
    let confirmed = app
        .credentials
        .confirm_second_factor(account, &code, &client);
    Ok(Confirmed {
        recovery_codes: confirmed.await?,
    })
}

/// `POST /v1/totp/disable`
pub(super) async fn disable(call: Call) -> Result<Done, ApiError> {
    let Code { code } = call.json()?;
    let (app, account, _) = call.of_account();
    let client = client(&call);
    app.credentials
        .disable_second_factor(account, &code, &client)
        .await?;
    Ok(Done {})
}
