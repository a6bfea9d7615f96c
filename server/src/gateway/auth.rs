//! Who is asking: signed requests of API keys, sessions by bearer token or cookie.
//!
//! A request proves itself in one way. What it presents first in this order has to be good, and
//! nothing else is tried: an API key, an `Authorization` header, a cookie.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
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

/// Names the API key of a signed request.
const API_KEY: &str = "X-MBX-APIKEY";

/// A request in the name of an account: signed with the secret of an API key, or of a session.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) account: AccountId,
    pub(crate) params: Params,
}

impl FromRequest<Arc<App>> for Signed {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        // Without a key and without a session, it is the key that is missed: clients expect that.
        if !parts.headers.contains_key(API_KEY) && presents_session(&parts.headers) {
            let session = Session::from_request_parts(&mut parts, app).await?;
            let (parts, body) = read_body(parts, body, app).await?;
            return Ok(Self {
                account: session.account,
                params: Params::parse(parts.uri.query().unwrap_or(""), &body),
            });
        }
        let key = parts
            .headers
            .get(API_KEY)
            .and_then(|key| key.to_str().ok())
            .filter(|key| !key.is_empty())
            .ok_or(ApiError::BAD_KEY_FORMAT)?;
        if !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(ApiError::BAD_KEY_FORMAT);
        }
        let key = app
            .credentials
            .find_api_key(key)
            .await?
            .ok_or(ApiError::UNKNOWN_KEY)?;
        let (parts, body) = read_body(parts, body, app).await?;
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

/// The body, where a request has parameters in one.
async fn read_body(parts: Parts, body: Body, app: &Arc<App>) -> Result<(Parts, Bytes), ApiError> {
    // A GET has no parameters in its body, whatever a client puts there.
    if parts.method == Method::GET {
        return Ok((parts, Bytes::new()));
    }
    let request = Request::from_parts(parts.clone(), body);
    let body = Bytes::from_request(request, app)
        .await
        .map_err(|_| ApiError::BODY_TOO_LARGE)?;
    Ok((parts, body))
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

/// The cookie that browsers keep the token of a session in.
const COOKIE: &str = "session";
/// How long a browser keeps the cookie, in seconds: no session lives longer than 30 days.
const COOKIE_MAX_AGE: u32 = 30 * 24 * 60 * 60;

/// A request with the token of a session: `Authorization: Bearer ...`, or the cookie.
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
        let headers = &parts.headers;
        let token = match headers.get(header::AUTHORIZATION) {
            Some(value) => value
                .to_str()
                .ok()
                .and_then(|value| value.split_once(' '))
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, token)| token.trim()),
            None => session_cookie(headers),
        };
        let token = token.ok_or(ApiError::INVALID_SESSION)?;
        // Browsers send a cookie whoever makes them, so the page that makes them must be ours.
        // A bearer token is sent by those who know it.
        if !headers.contains_key(header::AUTHORIZATION)
            && !parts.method.is_safe()
            && Origin::of(headers) != Origin::Same
        {
            return Err(ApiError::FOREIGN_ORIGIN);
        }
        Ok(Self {
            account: app.credentials.session(token).await?,
            token: Token(token.into()),
        })
    }
}

/// Whether a request means to be one of a session, be it good or not.
fn presents_session(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION) || session_cookie(headers).is_some()
}

/// The token in the cookie.
fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token)
}

/// The `Set-Cookie` that keeps the token of a session, out of reach of scripts and other sites.
pub(crate) fn keep_session(token: &str, headers: &HeaderMap) -> String {
    set_cookie(token, COOKIE_MAX_AGE, headers)
}

/// The `Set-Cookie` that forgets it.
pub(crate) fn forget_session(headers: &HeaderMap) -> String {
    set_cookie("", 0, headers)
}

fn set_cookie(token: &str, max_age: u32, headers: &HeaderMap) -> String {
    // TLS ends in front of us: only the page's own address tells whether there is any.
    let secure = match scheme_and_host(headers) {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => "; Secure",
        _ => "",
    };
    format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={max_age}{secure}")
}

/// Which site a request was made from, as far as browsers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// None is told, as by everything that is no browser.
    Untold,
    /// The very host that the request is for.
    Same,
    /// Another one, or one that is kept secret.
    Foreign,
}

impl Origin {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        if !headers.contains_key(header::ORIGIN) {
            return Self::Untold;
        }
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        match (scheme_and_host(headers), host) {
            (Some((scheme, origin)), Some(host))
                if without_default_port(scheme, origin)
                    .eq_ignore_ascii_case(without_default_port(scheme, host)) =>
            {
                Self::Same
            }
            _ => Self::Foreign,
        }
    }
}

/// The two parts of the `Origin`.
fn scheme_and_host(headers: &HeaderMap) -> Option<(&str, &str)> {
    let origin = headers.get(header::ORIGIN)?.to_str().ok()?;
    origin.split_once("://")
}

/// Browsers leave out the port of a scheme, proxies may not.
fn without_default_port<'a>(scheme: &str, host: &'a str) -> &'a str {
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return host,
    };
    host.strip_suffix(port).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

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

    type Pairs = &'static [(&'static str, &'static str)];

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        // Appends, where `from_iter` would replace.
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let cases: [(Pairs, Option<&str>); 7] = [
            (&[], None),
            (&[("cookie", "")], None),
            (&[("cookie", "session")], None),
            (&[("cookie", "sessions=a; xsession=b; Session=c")], None),
            (&[("cookie", "session=t")], Some("t")),
            (&[("cookie", "a=1;session=t; session=u")], Some("t")),
            (
                &[("cookie", "a=1"), ("cookie", "b=2; session=t")],
                Some("t"),
            ),
        ];
        for (pairs, token) in cases {
            assert_eq!(session_cookie(&headers(pairs)), token, "{pairs:?}");
        }
    }

    #[test]
    fn only_the_host_itself_is_the_same_origin() {
        let host = ("host", "exchange.example:8080");
        let cases = [
            ("http://exchange.example:8080", Origin::Same),
            ("https://EXCHANGE.example:8080", Origin::Same),
            ("http://exchange.example", Origin::Foreign),
            ("http://exchange.example:80", Origin::Foreign),
            ("http://exchange.example:8080.evil.example", Origin::Foreign),
            ("http://evil.example/exchange.example:8080", Origin::Foreign),
            ("http://a.exchange.example:8080", Origin::Foreign),
            ("exchange.example:8080", Origin::Foreign),
            ("null", Origin::Foreign),
            ("", Origin::Foreign),
        ];
        for (origin, expected) in cases {
            let found = Origin::of(&headers(&[host, ("origin", origin)]));
            assert_eq!(found, expected, "{origin:?}");
        }
        assert_eq!(Origin::of(&headers(&[host])), Origin::Untold);
        let no_host = headers(&[("origin", "http://exchange.example")]);
        assert_eq!(Origin::of(&no_host), Origin::Foreign);

        for (host, origin) in [
            ("exchange.example", "https://exchange.example"),
            ("exchange.example:443", "https://exchange.example"),
            ("exchange.example:80", "http://exchange.example"),
        ] {
            let same = headers(&[("host", host), ("origin", origin)]);
            assert_eq!(Origin::of(&same), Origin::Same, "{host} {origin}");
        }
        let downgraded = [
            ("host", "exchange.example:443"),
            ("origin", "http://exchange.example"),
        ];
        assert_eq!(Origin::of(&headers(&downgraded)), Origin::Foreign);
    }
}
