//! Who is asking: signed requests of API keys, bearer tokens of sessions.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Method, header};
use hmac::{Hmac, KeyInit, Mac};
use orderbook_core::{AccountId, Timestamp};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::App;
use crate::api::hex::hex;
use crate::api::params::{Params, signed_payload};
use crate::error::ApiError;
use crate::orders::now;

/// How long a signed request is good for, in milliseconds, unless it says otherwise.
const DEFAULT_RECV_WINDOW: u64 = 5_000;
const MAX_RECV_WINDOW: u64 = 60_000;
/// How far ahead of ours a client's clock may be.
const MAX_AHEAD: u64 = 1_000;

/// The parameters of a request that anybody may make.
#[derive(Debug)]
pub(crate) struct Public(pub(crate) Params);

impl FromRequestParts<Arc<App>> for Public {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        // Bodies of public requests are never looked at: some clients label empty ones as JSON.
        Ok(Self(Params::parse(parts.uri.query().unwrap_or(""), b"")))
    }
}

/// A request signed with the secret of an API key.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) account: AccountId,
    pub(crate) params: Params,
}

impl FromRequest<Arc<App>> for Signed {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let key = parts
            .headers
            .get("X-MBX-APIKEY")
            .and_then(|key| key.to_str().ok())
            .filter(|key| !key.is_empty())
            .ok_or(ApiError::BAD_KEY_FORMAT)?;
        if !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(ApiError::BAD_KEY_FORMAT);
        }
        let key = app
            .credentials
            .find_api_key(key)
            .ok_or(ApiError::UNKNOWN_KEY)?;
        // A GET has no parameters in its body, whatever a client puts there.
        let body = if parts.method == Method::GET {
            Bytes::new()
        } else {
            Bytes::from_request(Request::from_parts(parts.clone(), body), app)
                .await
                .map_err(|_| ApiError::BODY_TOO_LARGE)?
        };
        let query = parts.uri.query().unwrap_or("");
        let params = Params::parse(query, &body);
        let window = Window::parse(&params)?;
        let (payload, signature) = signed_payload(query, &body);
        let signature = signature
            .filter(|signature| !signature.is_empty())
            .ok_or_else(|| ApiError::mandatory("signature"))?;
        verify(&key.secret, &payload, &signature)?;
        window.check(now())?;
        Ok(Self {
            account: key.account,
            params,
        })
    }
}

/// HMAC-SHA256 over the payload, in hexadecimal.
pub(crate) fn sign(secret: &[u8], payload: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(payload);
    hex(&mac.finalize().into_bytes())
}

/// Whether the signature is that of the payload; hexadecimal of either case.
fn verify(secret: &[u8], payload: &[u8], signature: &str) -> Result<(), ApiError> {
    let expected = sign(secret, payload);
    let signature = signature.to_ascii_lowercase();
    if bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        Ok(())
    } else {
        Err(ApiError::BAD_SIGNATURE)
    }
}

/// When a signed request was made and how long it is good for, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Window {
    timestamp: u64,
    recv_window: u64,
}

impl Window {
    fn parse(params: &Params) -> Result<Self, ApiError> {
        let timestamp = params.require("timestamp")?;
        let timestamp: u64 = timestamp
            .parse()
            .map_err(|_| ApiError::mandatory("timestamp"))?;
        let recv_window = match params.get("recvWindow") {
            None => DEFAULT_RECV_WINDOW * 1_000,
            Some(text) => recv_window(text)?,
        };
        Ok(Self {
            timestamp: micros(timestamp),
            recv_window,
        })
    }

    fn check(self, now: Timestamp) -> Result<(), ApiError> {
        let now = now.get();
        if self.timestamp >= now.saturating_add(MAX_AHEAD * 1_000) {
            return Err(ApiError::TIMESTAMP_AHEAD);
        }
        if now.saturating_sub(self.timestamp) > self.recv_window {
            return Err(ApiError::BAD_TIMESTAMP);
        }
        Ok(())
    }
}

/// Milliseconds and microseconds are told apart by their size, as clients may send either.
fn micros(timestamp: u64) -> u64 {
    const YEAR_5138_IN_MILLIS: u64 = 100_000_000_000_000;
    if timestamp < YEAR_5138_IN_MILLIS {
        timestamp * 1_000
    } else {
        timestamp
    }
}

/// Milliseconds with up to three decimal places, in microseconds.
fn recv_window(text: &str) -> Result<u64, ApiError> {
    let malformed = || ApiError::mandatory("recvWindow");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
        return Err(malformed());
    }
    let whole: u64 = whole.parse().map_err(|_| ApiError::BAD_RECV_WINDOW)?;
    let fraction: u64 = format!("{fraction:0<3}").parse().map_err(|_| malformed())?;
    let micros = whole.saturating_mul(1_000).saturating_add(fraction);
    if micros > MAX_RECV_WINDOW * 1_000 {
        return Err(ApiError::BAD_RECV_WINDOW);
    }
    Ok(micros)
}

/// A request with the token of a session: `Authorization: Bearer ...`.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) account: AccountId,
    pub(crate) token: Token,
}

/// The token of a session. Says nothing when it is printed.
pub(crate) struct Token(pub(crate) String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl FromRequestParts<Arc<App>> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or(ApiError::INVALID_SESSION)?;
        Ok(Self {
            account: app.credentials.session(token).await?,
            token: Token(token.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
    const TERMS: &str = "&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1\
                         &recvWindow=5000&timestamp=1499827319559";

    #[test]
    fn signatures_match_the_published_examples() {
        let cases = [
            (
                "LTCBTC",
                "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
            ),
            (
                "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96",
                "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
            ),
        ];
        for (symbol, signature) in cases {
            let payload = format!("symbol={symbol}{TERMS}");
            assert_eq!(verify(SECRET, payload.as_bytes(), signature), Ok(()));
            let upper = signature.to_ascii_uppercase();
            assert_eq!(verify(SECRET, payload.as_bytes(), &upper), Ok(()));
            for wrong in ["", "00", &signature[1..], &signature.replace('8', "9")] {
                assert_eq!(
                    verify(SECRET, payload.as_bytes(), wrong),
                    Err(ApiError::BAD_SIGNATURE)
                );
            }
        }
    }

    #[test]
    fn a_request_is_good_within_its_window_only() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let check =
            |query: &str| Window::parse(&Params::parse(query, b"")).and_then(|w| w.check(now));
        let good = [
            "timestamp=1700000000000",
            "timestamp=1699999995000",
            "timestamp=1700000000999",
            "timestamp=1700000000000000",
            "timestamp=1699999940000&recvWindow=60000",
            "timestamp=1699999999999&recvWindow=1.5",
        ];
        for query in good {
            assert_eq!(check(query), Ok(()), "{query}");
        }
        let bad = [
            ("", -1102),
            ("timestamp=x", -1102),
            ("timestamp=-1", -1102),
            ("timestamp=1699999994999", -1021),
            ("timestamp=1700000001000", -1021),
            ("timestamp=0", -1021),
            ("timestamp=18446744073709551615", -1021),
            ("timestamp=1700000000000&recvWindow=60001", -1131),
            (
                "timestamp=1700000000000&recvWindow=99999999999999999999",
                -1131,
            ),
            ("timestamp=1700000000000&recvWindow=1.5555", -1102),
            ("timestamp=1700000000000&recvWindow=-5", -1102),
        ];
        for (query, code) in bad {
            assert_eq!(check(query).expect_err(query).code, code, "{query}");
        }
    }
}
