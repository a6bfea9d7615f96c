//! A client of the public API, as small as the bots need it.

use std::net::SocketAddr;
use std::time::Duration;

use form_urlencoded::Serializer;
use reqwest::Method;
use serde_json::Value;

use crate::accounts::sign;
use crate::orders::now;

/// Signs requests with the key of one account.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    api_key: String,
    secret_key: String,
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    /// The exchange refused.
    #[error("{code}: {msg}")]
    Refused { code: i64, msg: String },
    /// The request did not get through.
    #[error(transparent)]
    Http(reqwest::Error),
}

impl From<reqwest::Error> for ClientError {
    /// Without the URL: it has the signature.
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
}

impl Client {
    pub(super) fn new(
        address: SocketAddr,
        api_key: String,
        secret_key: String,
    ) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .no_proxy()
            .build()?;
        Ok(Self {
            http,
            base: format!("http://{address}/api/v3"),
            api_key,
            secret_key,
        })
    }

    /// A request that anybody may make.
    pub(super) async fn public(
        &self,
        path: &str,
        params: &[(&str, &str)],
    ) -> Result<Value, ClientError> {
        let query = Serializer::new(String::new()).extend_pairs(params).finish();
        let request = self.http.get(format!("{}/{path}?{query}", self.base));
        answer(request.send().await?).await
    }

    /// A signed request; all parameters go into the query.
    pub(super) async fn signed(
        &self,
        method: Method,
        path: &str,
        params: &[(&str, &str)],
    ) -> Result<Value, ClientError> {
        let timestamp = now().millis().to_string();
        let query = Serializer::new(String::new())
            .extend_pairs(params)
            .append_pair("timestamp", &timestamp)
            .finish();
        let signature = sign(self.secret_key.as_bytes(), query.as_bytes());
        let request = self
            .http
            .request(
                method,
                format!("{}/{path}?{query}&signature={signature}", self.base),
            )
            .header("X-MBX-APIKEY", &self.api_key);
        answer(request.send().await?).await
    }
}

async fn answer(response: reqwest::Response) -> Result<Value, ClientError> {
    let status = response.status();
    let body: Value = response.json().await?;
    if status.is_success() {
        return Ok(body);
    }
    Err(ClientError::Refused {
        code: body["code"].as_i64().unwrap_or_default(),
        msg: body["msg"].as_str().unwrap_or_default().into(),
    })
}
