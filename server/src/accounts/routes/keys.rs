//! Making, listing and revoking API keys.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::credentials::{ApiKeyInfo, NewKey, Scope, Scopes};
use super::{Done, client};
use crate::error::ApiError;
use crate::gateway::operation::Call;

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub(super) struct KeyRequest {
    label: String,
    /// What it may be used for; reading and trading, unless told.
    scopes: Option<Vec<Scope>>,
    /// Addresses and networks it may be used from, for example `192.0.2.0/24`; none is any.
    addresses: Vec<String>,
    /// An Ed25519 key, as PEM (SPKI) or as its 32 bytes in base64. Without one, a secret is drawn
    /// that signs with HMAC-SHA256.
    public_key: Option<String>,
}

#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedKey {
    /// Names the key, in every request.
    api_key: String,
    /// Shown only here. There is none with a public key.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_key: Option<String>,
}

/// Times are milliseconds since the Unix epoch.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListedKey {
    api_key: String,
    label: String,
    /// `HMAC` or `ED25519`.
    kind: String,
    scopes: Vec<Scope>,
    addresses: Vec<String>,
    created: u64,
    /// To the minute; `null` before the first use.
    last_used: Option<u64>,
}

impl From<ApiKeyInfo> for ListedKey {
    fn from(key: ApiKeyInfo) -> Self {
        Self {
            api_key: key.api_key,
            label: key.label,
            kind: key.kind,
            scopes: key.scopes.list(),
            addresses: key.addresses.iter().map(ToString::to_string).collect(),
            created: key.created,
            last_used: key.last_used,
        }
    }
}

/// `POST /v1/api-keys`; without a body it is a key of all defaults.
pub(super) async fn create(call: Call) -> Result<CreatedKey, ApiError> {
    let request = if call.body.is_empty() {
        KeyRequest::default()
    } else {
        call.json()?
    };
    let new = NewKey {
        label: &request.label,
        scopes: request
            .scopes
            .as_deref()
            .map(Scopes::of)
            .unwrap_or_default(),
        addresses: &request.addresses,
        public_key: request.public_key.as_deref(),
    };
    let (app, account, _) = call.of_account();
    let client = client(&call);
    let key = app
        .credentials
        .create_api_key(account, new, &client)
        .await?;
    Ok(CreatedKey {
        api_key: key.api_key,
        secret_key: key.secret_key,
    })
}

/// `GET /v1/api-keys`
pub(super) async fn list(call: Call) -> Result<Vec<ListedKey>, ApiError> {
    let (app, account, _) = call.of_account();
    let keys = app.credentials.api_keys(account).await?;
    Ok(keys.into_iter().map(ListedKey::from).collect())
}

/// `DELETE /v1/api-keys/{key}`
pub(super) async fn revoke(call: Call) -> Result<Done, ApiError> {
    let (app, account, _) = call.of_account();
    let (key, client) = (call.path("key"), client(&call));
    app.credentials
        .revoke_api_key(account, key, &client)
        .await?;
    Ok(Done {})
}
