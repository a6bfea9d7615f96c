//! Every method of the WebSocket API.

use serde_json::{Value, json};

use super::{Operation, PARAMS, Stage, wrong_times};
use crate::harness::{Socket, Trader, new_dir, now_millis};
use crate::ws_api::signature;

impl Stage {
    fn params(&self) -> Value {
        let mut params: Value = PARAMS.iter().map(|(name, value)| (*name, *value)).collect();
        params["listenKey"] = self.listen_key.clone().into();
        params
    }

    fn signed_params(&self, who: &Trader, timestamp: u64) -> Value {
        let mut params = self.params();
        params["apiKey"] = who.api_key.clone().into();
        params["recvWindow"] = 60_000.into();
        params["timestamp"] = timestamp.into();
        params["signature"] = signature(who, &params).into();
        params
    }

    /// Parameters that prove nothing, and how that is refused.
    fn wrong_params(&self, operation: &Operation) -> Vec<(&'static str, Value, (i64, i64))> {
        let good = self.signed_params(&self.alice, now_millis());
        let with = |name: &str, value: &str| {
            let mut params = good.clone();
            params[name] = value.into();
            params
        };
        let of = |who: &Trader| self.signed_params(who, now_millis());
        let mut wrong = vec![
            ("no key", self.params(), (400, -1102)),
            (
                "a malformed key",
                with("apiKey", "not a key!"),
                (401, -2014),
            ),
            (
                "an unknown key",
                with("apiKey", &"A".repeat(64)),
                (401, -2015),
            ),
            ("a key for nothing", of(&self.idle), (401, -2015)),
            ("a key for elsewhere", of(&self.elsewhere), (401, -2015)),
            ("a revoked key", of(&self.revoked), (401, -2015)),
        ];
        if operation.trades() {
            wrong.push(("a key for reading", of(&self.reader), (401, -2015)));
        }
        if operation.is_keyed() {
            return wrong;
        }
        let without = |name: &str| {
            let mut params = good.clone();
            params.as_object_mut().expect("an object").remove(name);
            params
        };
        let of_bob = self.bob.sign(b"anything");
        let mut merged = without("price");
        merged["origClientOrderId"] = "resting&price=40000".into();
        let [late, early] = wrong_times();
        wrong.extend([
            (
                "the key of somebody else",
                with("apiKey", &self.bob.api_key),
                (400, -1022),
            ),
            (
                "the secret of somebody else",
                with("signature", &of_bob),
                (400, -1022),
            ),
            ("no signature", without("signature"), (400, -1102)),
            ("no time", without("timestamp"), (400, -1102)),
            ("something changed", with("quantity", "0.2"), (400, -1022)),
            ("something added", with("limit", "1"), (400, -1022)),
            ("something left out", without("side"), (400, -1022)),
            ("two in one", merged, (400, -1022)),
            (
                "too late",
                self.signed_params(&self.alice, late),
                (400, -1021),
            ),
            (
                "too early",
                self.signed_params(&self.alice, early),
                (400, -1021),
            ),
        ]);
        wrong
    }
}

async fn ask(socket: &mut Socket, method: &str, params: Value) -> Value {
    let request = json!({ "id": 1, "method": method, "params": params });
    socket.send_text(&request.to_string()).await;
    socket.next_where(method, |answer| answer["id"] == 1).await
}

#[tokio::test]
async fn no_method_is_opened_by_anything_but_the_right_proof() {
    let dir = new_dir();
    let stage = Stage::set(dir.path()).await;
    let guarded = stage.operations.iter().filter(|it| !it.ways.is_empty());
    let mut guarded: Vec<_> = guarded.filter(|it| it.socket.is_some()).cloned().collect();
    assert!(guarded.len() >= 17, "{guarded:?}");
    // Those that concern a connection are no operations, and are signed to read.
    for method in ["session.logon", "userDataStream.subscribe.signature"] {
        guarded.push(Operation {
            method: reqwest::Method::GET,
            path: String::new(),
            socket: Some(method.into()),
            ways: vec!["apiKey".into(), "token".into()],
        });
    }

    let before = stage.state().await;
    let mut socket = Socket::connect(&stage.server, "/ws-api/v3").await;
    for operation in &guarded {
        let method = operation.socket.as_deref().expect("it has a name");
        for (what, params, (status, code)) in stage.wrong_params(operation) {
            let answer = ask(&mut socket, method, params).await;
            let found = (&answer["status"], &answer["error"]["code"]);
            assert_eq!(
                found,
                (&json!(status), &json!(code)),
                "{method}, {what}: {answer}"
            );
        }
    }
    let answer = ask(&mut socket, "userDataStream.subscribe", json!({})).await;
    assert_eq!(answer["error"]["code"], -1002, "{answer}");
    let status = ask(&mut socket, "session.status", json!({})).await;
    assert_eq!(
        status["result"]["apiKey"],
        Value::Null,
        "nobody has logged on"
    );
    assert_eq!(status["result"]["userDataStream"], false, "nobody listens");
    assert_eq!(stage.state().await, before);

    for operation in &guarded {
        let method = operation.socket.as_deref().expect("it has a name");
        let params = stage.signed_params(&stage.alice, now_millis());
        let answer = ask(&mut socket, method, params).await;
        let code = answer["error"]["code"].as_i64();
        let is_proof = code.is_some_and(|code| [-1002, -1021, -1022, -2014, -2015].contains(&code));
        assert!(!is_proof, "{method}: {answer}");
    }
    assert_ne!(
        stage.state().await,
        before,
        "asked in the right way, something happens"
    );
}

#[tokio::test]
async fn who_has_logged_on_is_held_to_what_the_key_may_do() {
    let dir = new_dir();
    let stage = Stage::set(dir.path()).await;
    let mut socket = Socket::connect(&stage.server, "/ws-api/v3").await;
    let before = stage.state().await;
    let params = stage.signed_params(&stage.reader, now_millis());
    ask(&mut socket, "session.logon", params).await;
    let of_method = |it: &&Operation| it.socket.is_some() && it.is_signed();
    for operation in stage.operations.iter().filter(of_method) {
        let method = operation.socket.as_deref().expect("it has a name");
        let answer = ask(&mut socket, method, stage.params()).await;
        let refused = answer["error"]["code"] == -2015;
        assert_eq!(refused, operation.trades(), "{method}: {answer}");
    }
    assert_eq!(stage.state().await, before);
}
