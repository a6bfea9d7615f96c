//! The server's own `gateway::ws_api`, as far as it reads texts.

#[path = "../../../server/src/gateway/ws_api/request.rs"]
mod request;
#[path = "../../../server/src/gateway/ws_api/signing.rs"]
mod signing;

use std::borrow::Cow;

use serde_json::Value;

use crate::assert_echoed;

/// Requests of the WebSocket API: known by the id that they came with, and signed so that the text tells
/// which parameters they have.
///
/// # Panics
///
/// Where that is not so.
pub fn api_request(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let request = match request::parse(&text) {
        Ok(request) => request,
        Err((id, _)) => return assert_echoed(&text, &id, false),
    };
    assert_echoed(&text, &request.id, true);
    if let Ok(frame) = serde_json::from_str::<Value>(&text) {
        assert_eq!(frame["method"], request.method, "{text}");
    }
    let mut pairs: Vec<_> = request.params.iter().collect();
    pairs.sort_unstable();
    assert!(
        pairs.windows(2).all(|two| two[0].0 != two[1].0),
        "{pairs:?}"
    );
    if !request.tells_limits {
        assert_eq!(request.params.get("returnRateLimits"), Some("false"));
    }
    pairs.retain(|(name, _)| *name != "signature");

    let forms: Vec<_> = signing::payloads(&request.params).collect();
    let plain: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let plain = plain.join("&");
    if !pairs.is_empty() && forms.contains(&plain.clone().into_bytes()) {
        let read = plain
            .split('&')
            .map(|pair| pair.split_once('=').expect("a pair"));
        assert_eq!(read.collect::<Vec<_>>(), pairs, "{plain}");
    }
    let encoded = forms.last().expect("there is one at least");
    let read: Vec<_> = form_urlencoded::parse(encoded).collect();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (Cow::from(*name), Cow::from(*value)))
        .collect();
    assert_eq!(read, pairs);
}
