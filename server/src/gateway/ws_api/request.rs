//! Requests of the WebSocket API, as received.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::api::frames::RequestId;
use crate::api::object::Object;
use crate::api::params::Params;
use crate::error::ApiError;

/// A request: an operation by its method, and its parameters.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: RequestId,
    pub(super) method: String,
    pub(super) params: Params,
    /// Whether the answer tells where the client stands with its limits.
    pub(super) tells_limits: bool,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(default)]
    id: RequestId,
    method: String,
    #[serde(borrow, default)]
    params: Option<Pairs<'a>>,
}

/// The members of an object, in order. Their values stay as they were written: a signature is over
/// their text, and a price of `0.10` is not to become `0.1`.
struct Pairs<'a>(Vec<(Name<'a>, &'a RawValue)>);

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> serde::de::Visitor<'de> for Members {
            type Value = Vec<(Name<'de>, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Members).map(Pairs)
    }
}

/// Reads a request. The id is worth answering with even where the rest is no good.
pub(super) fn parse(text: &str) -> Result<Request, (RequestId, ApiError)> {
    let Object::<Frame<'_>>(frame) = serde_json::from_str(text).map_err(|error| {
        #[derive(Deserialize)]
        struct OnlyId {
            #[serde(default)]
            id: RequestId,
        }
        let known = serde_json::from_str::<Object<OnlyId>>(text);
        let id = known.map_or(RequestId::Null, |Object(it)| it.id);
        let refusal = match error.classify() {
            serde_json::error::Category::Data => ApiError::INVALID_REQUEST,
            _ => ApiError::INVALID_JSON,
        };
        (id, refusal)
    })?;
    let mut params = Params::default();
    let mut tells_limits = true;
    for (Name(name), value) in frame.params.map_or_else(Vec::new, |pairs| pairs.0) {
        let Some(value) = text_of(value) else {
            continue;
        };
        // Of two of the same name one would be signed and the other used.
        if params.iter().any(|(known, _)| known == name) {
            return Err((frame.id, ApiError::duplicate(&name)));
        }
        if name == "returnRateLimits" {
            tells_limits = value != "false";
        }
        params.push(&name, &value);
    }
    Ok(Request {
        id: frame.id,
        method: frame.method,
        params,
        tells_limits,
    })
}

/// A value as it would stand in a query; `None` where there is none.
fn text_of(value: &RawValue) -> Option<Cow<'_, str>> {
    let written = value.get();
    match written.as_bytes() {
        [b'n', ..] => None,
        [b'"', text @ .., b'"'] if !text.contains(&b'\\') => {
            Some(written[1..written.len() - 1].into())
        }
        [b'"', ..] => serde_json::from_str(written).ok(),
        _ => Some(written.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Request, (RequestId, i32)> {
        parse(text).map_err(|(id, error)| (id, error.code))
    }

    #[test]
    fn values_stay_as_they_were_written() {
        let text = r#"{"id":7,"method":"order.place","params":{"a":0.10,"b":"0.10","c":1e-05,
            "d":true,"e":null,"f":["X","Y"],"g":"\u00e9","returnRateLimits":false}}"#;
        let request = read(text).expect("a request");
        assert_eq!(request.method, "order.place");
        assert_eq!(request.id, RequestId::Number(7.into()));
        for (name, value) in [
            ("a", Some("0.10")),
            ("b", Some("0.10")),
            ("c", Some("1e-05")),
            ("d", Some("true")),
            ("e", None),
            ("f", Some("[\"X\",\"Y\"]")),
            ("g", Some("\u{e9}")),
        ] {
            assert_eq!(request.params.get(name), value, "{name}");
        }
        assert!(!request.tells_limits);
        assert!(read(r#"{"method":"ping"}"#).expect("short").tells_limits);
    }

    #[test]
    fn what_is_no_request_is_refused_under_its_id() {
        let text = |id: &str| RequestId::Text(id.into());
        for (frame, id, code) in [
            ("", RequestId::Null, -1135),
            ("{", RequestId::Null, -1135),
            ("[]", RequestId::Null, -1130),
            // Members have names.
            (r#"["x"]"#, RequestId::Null, -1130),
            (r#"["x","ping",{}]"#, RequestId::Null, -1130),
            (r#"{"id":"x"}"#, text("x"), -1130),
            (r#"{"id":"x","method":1}"#, text("x"), -1130),
            (
                r#"{"id":"x","method":"ping","params":[]}"#,
                text("x"),
                -1130,
            ),
            (r#"{"id":{},"method":"ping"}"#, RequestId::Null, -1130),
            (
                r#"{"id":"x","method":"ping","params":{"a":1,"a":2}}"#,
                text("x"),
                -1101,
            ),
        ] {
            assert_eq!(read(frame).expect_err(frame), (id, code), "{frame}");
        }
        // Deep nesting is refused rather than followed.
        let deep = format!(
            "{{\"method\":\"ping\",\"params\":{{\"a\":{}",
            "[".repeat(10_000)
        );
        assert!(read(&deep).is_err());
    }
}
