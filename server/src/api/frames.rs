//! The frames that subscribe to streams, and their answers. Answers are never wrapped.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::object::Object;

/// A frame from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    Subscribe(Vec<String>),
    Unsubscribe(Vec<String>),
    ListSubscriptions,
    /// Whether events come with the name of their stream from now on.
    SetCombined(bool),
    GetCombined,
}

/// What a client calls its request. Echoed as it came: a number, a string or null.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum RequestId {
    Number(serde_json::Number),
    Text(String),
    #[default]
    Null,
}

/// Why a frame is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    UnknownProperty,
    NotBoolean,
    Invalid(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    method: Method,
    #[serde(default)]
    params: Option<Vec<Value>>,
    #[serde(default)]
    id: RequestId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Method {
    Subscribe,
    Unsubscribe,
    ListSubscriptions,
    SetProperty,
    GetProperty,
}

/// Reads a frame. The id is worth answering with even where the rest is no good.
pub(crate) fn parse(text: &str) -> (RequestId, Result<Request, Refusal>) {
    let error = match serde_json::from_str(text) {
        Ok(Object(Frame { method, params, id })) => return (id, request(method, params)),
        Err(error) => error,
    };
    let id = serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|value| serde_json::from_value(value.get("id")?.clone()).ok())
        .unwrap_or_default();
    let what = match error.classify() {
        serde_json::error::Category::Data => "unknown method, field or parameter",
        _ => "not valid JSON",
    };
    (id, Err(Refusal::invalid(what)))
}

fn request(method: Method, params: Option<Vec<Value>>) -> Result<Request, Refusal> {
    if method == Method::ListSubscriptions {
        return Ok(Request::ListSubscriptions);
    }
    let params = params.ok_or_else(|| Refusal::invalid("params expected"))?;
    match method {
        Method::Subscribe => Ok(Request::Subscribe(names(params)?)),
        Method::Unsubscribe => Ok(Request::Unsubscribe(names(params)?)),
        Method::ListSubscriptions => Ok(Request::ListSubscriptions),
        Method::GetProperty => match params.as_slice() {
            [property] => combined(property).map(|()| Request::GetCombined),
            _ => Err(Refusal::invalid("one property name expected")),
        },
        Method::SetProperty => match params.as_slice() {
            [property, value] => {
                combined(property)?;
                let value = value.as_bool().ok_or(Refusal::NotBoolean)?;
                Ok(Request::SetCombined(value))
            }
            _ => Err(Refusal::invalid("a property name and a value expected")),
        },
    }
}

fn names(params: Vec<Value>) -> Result<Vec<String>, Refusal> {
    let names = params.into_iter().map(|name| match name {
        Value::String(name) => Ok(name),
        _ => Err(Refusal::invalid("stream names are strings")),
    });
    names.collect()
}

/// There is one property.
fn combined(property: &Value) -> Result<(), Refusal> {
    match property.as_str() {
        Some("combined") => Ok(()),
        Some(_) => Err(Refusal::UnknownProperty),
        None => Err(Refusal::invalid("a property name is a string")),
    }
}

/// The answer to a request that was carried out. `null` says no more than that.
#[derive(Debug, Serialize)]
struct Answer<'a, T> {
    result: T,
    id: &'a RequestId,
}

#[derive(Debug, Serialize)]
struct RefusalAnswer<'a> {
    error: RefusalBody,
    id: &'a RequestId,
}

#[derive(Debug, Serialize)]
struct RefusalBody {
    code: i32,
    msg: String,
}

pub(crate) fn acknowledgement(id: &RequestId) -> String {
    result((), id)
}

/// The answer with what was asked for.
pub(crate) fn result(result: impl Serialize, id: &RequestId) -> String {
    text(&Answer { result, id })
}

impl Refusal {
    pub(crate) fn invalid(what: &str) -> Self {
        Self::Invalid(what.into())
    }

    pub(crate) fn answer(self, id: &RequestId) -> String {
        let (code, msg) = match self {
            Self::UnknownProperty => (0, "Unknown property".into()),
            Self::NotBoolean => (1, "Invalid value type: expected Boolean".into()),
            Self::Invalid(what) => (2, format!("Invalid request: {what}")),
        };
        let error = RefusalBody { code, msg };
        text(&RefusalAnswer { error, id })
    }
}

fn text(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).expect("plain data always encodes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> RequestId {
        RequestId::Number(number.into())
    }

    #[test]
    fn properties_are_read_and_set() {
        let get = r#"{"method":"GET_PROPERTY","params":["combined"],"id":1}"#;
        assert_eq!(parse(get), (id(1), Ok(Request::GetCombined)));
        let set = r#"{"method":"SET_PROPERTY","params":["combined",true],"id":2}"#;
        assert_eq!(parse(set), (id(2), Ok(Request::SetCombined(true))));
        for (params, code) in [
            (r#"["another",true]"#, 0),
            (r#"["combined","true"]"#, 1),
            (r#"["combined",1]"#, 1),
            (r#"["combined"]"#, 2),
            (r#"["combined",true,true]"#, 2),
            ("[1,true]", 2),
            ("[]", 2),
        ] {
            let set = format!(r#"{{"method":"SET_PROPERTY","params":{params},"id":"x"}}"#);
            let (id, refused) = parse(&set);
            let answer = refused.expect_err(params).answer(&id);
            let begin = format!(r#"{{"error":{{"code":{code},"msg":""#);
            assert!(answer.starts_with(&begin), "{params}: {answer}");
            assert!(answer.ends_with(r#""},"id":"x"}"#), "{params}: {answer}");
        }
    }

    #[test]
    fn answers_have_their_exact_text() {
        let uuid = RequestId::Text("5494febb-d167".into());
        let answers = [
            (acknowledgement(&id(7)), r#"{"result":null,"id":7}"#),
            (
                acknowledgement(&RequestId::Null),
                r#"{"result":null,"id":null}"#,
            ),
            (
                result(["a@trade"], &uuid),
                r#"{"result":["a@trade"],"id":"5494febb-d167"}"#,
            ),
            (result(false, &id(0)), r#"{"result":false,"id":0}"#),
            (
                Refusal::invalid("no").answer(&id(1)),
                r#"{"error":{"code":2,"msg":"Invalid request: no"},"id":1}"#,
            ),
        ];
        for (answer, expected) in answers {
            assert_eq!(answer, expected);
        }
    }

    #[test]
    fn members_have_names() {
        for frame in [r#"["LIST_SUBSCRIPTIONS",null,7]"#, "[7]", "[]"] {
            let (id, refused) = parse(frame);
            assert_eq!(id, RequestId::Null, "{frame}");
            let answer = refused.expect_err(frame).answer(&id);
            assert!(answer.contains("unknown method, field"), "{answer}");
        }
    }

    /// Whatever comes, it is answered.
    #[test]
    fn deep_json_is_refused() {
        let deep = format!(
            r#"{{"method":"SUBSCRIBE","params":{}{},"id":1}}"#,
            "[".repeat(5_000),
            "]".repeat(5_000)
        );
        assert!(parse(&deep).1.is_err());
        let in_id = format!(r#"{{"id":{}"#, "[".repeat(15_000));
        assert_eq!(parse(&in_id).0, RequestId::Null);
    }
}
