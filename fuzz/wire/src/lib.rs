//! What clients send, as the server reads it, on arbitrary bytes.
//!
//! The server is a program with a database, a log and sockets, and what reads texts needs none of
//! that. So those sources of it, and only those, are compiled here once more, and a fuzzer is built in
//! seconds. The one thing that they do not bring along is how a refusal is told.
//!
//! Each function here takes arbitrary bytes and panics where something is wrong.

#![forbid(unsafe_code)]

mod api;
mod error;
mod ws_api;

use rust_decimal::Decimal;
use serde_json::Value;

pub use ws_api::api_request;

use api::decimal::{fixed, parse, plain};
use api::frames::{self, RequestId};
use api::params::{Params, signed_payload};
use error::ApiError;

/// What is signed of a request: the bytes up to the first zero are its query, the rest its body.
///
/// What is signed is all but the signature, wherever that stands; and a query that was signed is no other
/// request where it is cut in two.
///
/// # Panics
///
/// Where that is not so.
pub fn query(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let query = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let body = parts.next().unwrap_or_default();
    let params = meaning(&query, body);
    let Some(payload) = signed_payload(&query, body) else {
        assert!(!query.is_empty() && !body.is_empty(), "there is no seam");
        return;
    };
    let unsigned = |part: &[u8]| {
        let pairs = part.split(|byte| *byte == b'&');
        let pairs: Vec<_> = pairs
            .filter(|pair| !pair.starts_with(b"signature="))
            .collect();
        pairs.join(&b'&')
    };
    assert_eq!(
        payload,
        [unsigned(query.as_bytes()), unsigned(body)].concat()
    );
    let signed = format!("{query}&signature=x");
    assert_eq!(signed_payload(&signed, body), Some(payload.clone()));
    assert_eq!(meaning(&signed, body), params);

    let equal_signs = |pair: &str| pair.matches('=').count();
    // A value with an equal sign in it is written otherwise.
    if !body.is_empty() || query.split('&').any(|pair| equal_signs(pair) > 1) {
        return;
    }
    for (at, _) in query.char_indices() {
        let (query, body) = query.split_at(at);
        if signed_payload(query, body.as_bytes()).as_ref() == Some(&payload) {
            assert_eq!(meaning(query, body.as_bytes()), params, "cut at {at}");
        }
    }
}

/// The parameters of a request, but for its signature.
fn meaning(query: &str, body: &[u8]) -> Vec<(String, String)> {
    let params = Params::parse(query, body);
    let params = params.iter().filter(|(name, _)| *name != "signature");
    params
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// Decimals: one that is read is exactly what is written, and one that is written is read as itself.
///
/// # Panics
///
/// Where that is not so.
pub fn decimal(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match parse("x", &text, &ApiError::LOT_SIZE) {
        Ok(number) => {
            assert!(is_decimal(&text), "{text}");
            assert_eq!(shortest(&number.to_string()), shortest(&text));
        }
        // More than any price has.
        Err(error) if error == ApiError::LOT_SIZE => {
            let digits = shortest(&text).bytes().filter(u8::is_ascii_digit).count();
            assert!(
                is_decimal(&text) && digits > Decimal::MAX_SCALE as usize,
                "{text}"
            );
        }
        Err(_) => assert!(!is_decimal(&text), "{text}"),
    }

    let Some((scale, value)) = bytes.split_first() else {
        return;
    };
    let scale = u32::from(scale % 21);
    let value = value
        .iter()
        .take(8)
        .fold(0, |value, byte| value << 8 | u128::from(*byte));
    let (exact, padded) = (plain(value, scale), fixed(value, scale));
    assert_eq!(shortest(&exact), shortest(&padded));
    let places = padded.split_once('.').map(|(_, places)| places.len());
    assert!(places.is_some_and(|places| places >= 8), "{padded}");
    let read = parse("x", &padded, &ApiError::LOT_SIZE).expect("what is told can be sent");
    assert_eq!(
        u128::try_from(read.mantissa())
            .map(|it| (it, read.scale()))
            .ok(),
        Some(reduced(value, scale))
    );
}

/// `value * 10^-scale` without zeros at the end.
fn reduced(mut value: u128, mut scale: u32) -> (u128, u32) {
    while scale > 0 && value.is_multiple_of(10) {
        (value, scale) = (value / 10, scale - 1);
    }
    (value, scale)
}

/// One to twenty digits, and as many again after a point.
fn is_decimal(text: &str) -> bool {
    let mut parts = text.splitn(2, '.');
    parts.all(|part| {
        let digits = part.chars().filter(char::is_ascii_digit).count();
        (1..=20).contains(&digits) && digits == part.chars().count()
    })
}

/// A decimal without the zeros that say nothing.
fn shortest(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (whole, fraction) = (
        whole.trim_start_matches('0'),
        fraction.trim_end_matches('0'),
    );
    format!("{whole}.{fraction}")
}

/// Frames that subscribe to streams: answered under the id that they came with.
///
/// # Panics
///
/// Where that is not so.
pub fn stream_frame(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (id, read) = frames::parse(&text);
    assert_echoed(&text, &id, read.is_ok());
    let answer = match read {
        Ok(_) => frames::acknowledgement(&id),
        Err(refusal) => refusal.answer(&id),
    };
    let told: Value = serde_json::from_str(&answer).expect("answers are JSON");
    assert!(
        told.get("result").is_some() || told["error"]["code"].is_i64(),
        "{answer}"
    );
    let id = serde_json::to_string(&id).expect("plain data");
    assert!(answer.ends_with(&format!(",\"id\":{id}}}")), "{answer}");
}

/// Asserts that an id is the one of a frame. Where that is refused, it may have none.
fn assert_echoed(text: &str, id: &RequestId, is_read: bool) {
    let Ok(frame) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let id = serde_json::to_value(id).expect("plain data");
    if is_read || !id.is_null() {
        assert_eq!(frame.get("id").unwrap_or(&Value::Null), &id, "{text}");
    }
}
