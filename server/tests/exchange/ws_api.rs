//! The WebSocket API: the operations of REST over one connection, and the user streams.

use serde_json::{Value, json};

use crate::harness::{Server, Socket, Trader, new_dir, now_millis};

/// Who talks to the WebSocket API.
pub(crate) struct Talk<'a> {
    socket: Socket,
    trader: &'a Trader,
}

/// The parameters with a key, a time and a signature: over `name=value` joined in order of the names,
/// each value as text.
fn signed(trader: &Trader, params: &Value) -> Value {
    let mut params = params.clone();
    params["apiKey"] = trader.api_key.clone().into();
    params["timestamp"] = now_millis().into();
    // Tests share a machine: a request may lie around for a while.
    params["recvWindow"] = 60_000.into();
    params["signature"] = signature(trader, &params).into();
    params
}

pub(crate) fn signature(trader: &Trader, params: &Value) -> String {
    let params = params.as_object().expect("an object");
    let mut pairs: Vec<_> = params
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text}"),
            other => format!("{name}={other}"),
        })
        .collect();
    pairs.sort();
    trader.sign(pairs.join("&").as_bytes())
}

impl<'a> Talk<'a> {
    pub(crate) async fn open(server: &Server, trader: &'a Trader) -> Self {
        let socket = Socket::connect(server, "/ws-api/v3").await;
        Self { socket, trader }
    }

    async fn say(&mut self, id: Value, method: &str, params: Value) {
        let request = json!({ "id": id, "method": method, "params": params });
        self.socket.send_text(&request.to_string()).await;
    }

    /// Asks for something; what comes next is the answer.
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = json!(format!("{method} {}", now_millis()));
        self.say(id.clone(), method, params).await;
        let answer = self.socket.next().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    async fn result(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        assert_eq!(answer["status"], 200, "{method}: {answer}");
        answer["result"].clone()
    }

    pub(crate) async fn signed(&mut self, method: &str, params: Value) -> Value {
        let params = signed(self.trader, &params);
        self.result(method, params).await
    }

    async fn refused(&mut self, method: &str, params: Value, status: u16, code: i32) {
        let answer = self.ask(method, params).await;
        let found = (&answer["status"], &answer["error"]["code"]);
        assert_eq!(found, (&json!(status), &json!(code)), "{method}: {answer}");
        assert!(answer["error"]["msg"].is_string(), "{answer}");
        assert!(answer.get("result").is_none(), "{answer}");
    }
}

const MONEY: &[(&str, &str)] = &[("USDT", "100000"), ("BTC", "10")];

fn limit(side: &str, quantity: &str, price: &str) -> Value {
    json!({
        "symbol": "BTCUSDT",
        "side": side,
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": quantity,
        "price": price,
    })
}

#[tokio::test]
async fn what_rest_answers_is_answered_here() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let mut talk = Talk::open(&server, &alice).await;

    assert_eq!(talk.result("ping", json!({})).await, json!({}));
    let time = talk.result("time", Value::Null).await;
    assert!(time["serverTime"].as_u64().expect("a time") <= now_millis());
    let placed = talk
        .signed("order.place", limit("SELL", "1.0", "50000.00"))
        .await;
    assert_eq!(placed["status"], "NEW");
    assert_eq!(placed["fills"], json!([]));
    let id = placed["orderId"].clone();
    let depth = talk
        .result("depth", json!({ "symbol": "BTCUSDT", "limit": 5 }))
        .await;
    let http = server.http();
    let over_rest = http.get("/api/v3/depth?symbol=BTCUSDT&limit=5").await.ok();
    assert_eq!(depth, over_rest);
    assert_eq!(depth["asks"], json!([["50000.00000000", "1.00000000"]]));

    let order = json!({ "symbol": "BTCUSDT", "orderId": id });
    let status = talk.signed("order.status", order.clone()).await;
    let open = talk.signed("openOrders.status", json!({})).await;
    assert_eq!(open, json!([status]));
    let cancelled = talk.signed("order.cancel", order.clone()).await;
    assert_eq!(cancelled["status"], "CANCELED");
    let all = talk
        .signed("allOrders", json!({ "symbol": "BTCUSDT" }))
        .await;
    assert_eq!(all[0]["status"], "CANCELED");
    let account = talk
        .signed("account.status", json!({ "omitZeroBalances": true }))
        .await;
    assert_eq!(account["balances"].as_array().map(Vec::len), Some(2));
    let mine = talk
        .signed("myTrades", json!({ "symbol": "BTCUSDT" }))
        .await;
    assert_eq!(mine, json!([]));

    talk.refused("order.cancel", signed(&alice, &order), 400, -2011)
        .await;
    talk.refused("depth", json!({ "symbol": "NOSUCH" }), 400, -1121)
        .await;
    talk.refused("depth", json!({}), 400, -1102).await;
    talk.refused("no.such.method", json!({}), 400, -1000).await;
}

#[tokio::test]
async fn limits_are_told_unless_they_are_not_wanted() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let mut talk = Talk::open(&server, &alice).await;
    let params = signed(&alice, &limit("BUY", "0.1", "40000.00"));
    let answer = talk.ask("order.place", params).await;
    let limits = answer["rateLimits"].as_array().expect("limits");
    let kinds: Vec<_> = limits
        .iter()
        .map(|it| (it["rateLimitType"].as_str(), it["interval"].as_str()))
        .collect();
    let expected = [
        (Some("REQUEST_WEIGHT"), Some("MINUTE")),
        (Some("ORDERS"), Some("SECOND")),
        (Some("ORDERS"), Some("DAY")),
    ];
    assert_eq!(kinds, expected, "{answer}");
    assert!(
        limits.iter().all(|it| it["count"].as_u64() >= Some(1)),
        "{answer}"
    );
    let answer = talk.ask("ping", json!({ "returnRateLimits": false })).await;
    assert_eq!(answer.get("rateLimits"), None, "{answer}");
}

/// Ids come back as they are, and requests that are under way together are all answered.
#[tokio::test]
async fn many_requests_may_be_under_way() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let mut talk = Talk::open(&server, &alice).await;
    for number in 0..50 {
        let price = format!("{}.00", 40_000 + number);
        let order = signed(&alice, &limit("BUY", "0.01", &price));
        talk.say(json!(number), "order.place", order).await;
    }
    talk.say(Value::Null, "ping", json!({})).await;
    let mut orders = Vec::new();
    let mut pinged = false;
    while orders.len() < 50 || !pinged {
        let answer = talk.socket.next().await;
        assert_eq!(answer["status"], 200, "{answer}");
        if let Some(id) = answer["id"].as_u64() {
            orders.push((answer["result"]["orderId"].as_u64(), id));
        } else {
            assert_eq!(answer["id"], Value::Null, "{answer}");
            pinged = true;
        }
    }
    // They were carried out in the order in which they were sent.
    orders.sort_unstable();
    let ids: Vec<_> = orders.iter().map(|(_, id)| *id).collect();
    assert_eq!(ids, (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_does_not_prove_who_it_is_gets_nothing() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let bob = Trader::join(&server, "bob").await;
    let mut talk = Talk::open(&server, &alice).await;
    let order = limit("BUY", "0.1", "40000.00");
    let methods = [
        "order.place",
        "order.test",
        "order.status",
        "order.cancel",
        "openOrders.status",
        "openOrders.cancelAll",
        "allOrders",
        "myTrades",
        "account.status",
        "userDataStream.subscribe.signature",
        "session.logon",
    ];
    for method in methods {
        talk.refused(method, order.clone(), 400, -1102).await;
        let good = signed(&alice, &order);
        let with = |name: &str, value: Value| {
            let mut params = good.clone();
            params[name] = value;
            params
        };
        let wrong = "0".repeat(64);
        talk.refused(method, with("signature", wrong.into()), 400, -1022)
            .await;
        // What was signed is not what is asked for.
        talk.refused(method, with("quantity", "9".into()), 400, -1022)
            .await;
        talk.refused(method, with("extra", "9".into()), 400, -1022)
            .await;
        talk.refused(
            method,
            with("apiKey", bob.api_key.clone().into()),
            400,
            -1022,
        )
        .await;
        talk.refused(method, with("apiKey", "x".repeat(64).into()), 401, -2015)
            .await;
        talk.refused(method, with("apiKey", "not a key".into()), 401, -2014)
            .await;
        let mut old = order.clone();
        old["apiKey"] = alice.api_key.clone().into();
        old["timestamp"] = (now_millis() - 61_000).into();
        old["recvWindow"] = 60_000.into();
        old["signature"] = signature(&alice, &old).into();
        talk.refused(method, old, 400, -1021).await;
    }
    let open = talk.signed("openOrders.status", json!({})).await;
    assert_eq!(open, json!([]), "nothing has happened");
}

#[tokio::test]
async fn a_connection_that_has_logged_on_signs_no_more() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let mut talk = Talk::open(&server, &alice).await;
    talk.refused("userDataStream.subscribe", json!({}), 401, -1002)
        .await;
    let status = talk.result("session.status", json!({})).await;
    assert_eq!(status["apiKey"], Value::Null);
    let status = talk.signed("session.logon", json!({})).await;
    assert_eq!(status["apiKey"], alice.api_key.as_str());
    let placed = talk
        .result("order.place", limit("BUY", "0.1", "40000.00"))
        .await;
    assert_eq!(placed["status"], "NEW");
    let subscribed = talk.result("userDataStream.subscribe", json!({})).await;
    assert_eq!(subscribed, json!({ "subscriptionId": 0 }));
    talk.result("session.logout", json!({})).await;
    talk.refused("order.place", limit("BUY", "0.1", "40000.00"), 400, -1102)
        .await;

    // A key that is revoked ends what it has begun, at once.
    talk.signed("session.logon", json!({})).await;
    let path = format!("/v1/api-keys/{}", alice.api_key);
    alice.own(reqwest::Method::DELETE, &path, None).await.ok();
    let mut other = Talk::open(&server, &alice).await;
    let params = signed(&alice, &json!({}));
    other.refused("openOrders.status", params, 401, -2015).await;
    while let Some(message) = talk.socket.try_next().await {
        assert!(message["event"]["e"].is_string(), "{message}");
    }
}

#[tokio::test]
async fn a_user_stream_tells_what_happens_to_an_account() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let bob = Trader::funded(&server, "bob", MONEY).await;
    let mut hers = Talk::open(&server, &alice).await;
    let subscribed = hers
        .signed("userDataStream.subscribe.signature", json!({}))
        .await;
    assert_eq!(subscribed, json!({ "subscriptionId": 0 }));
    let mut his = Talk::open(&server, &bob).await;
    his.signed("order.place", limit("SELL", "0.5", "50000.00"))
        .await;
    his.signed("order.place", limit("SELL", "0.5", "50001.00"))
        .await;
    let order = signed(&alice, &limit("BUY", "0.75", "50001.00"));
    hers.say(json!("take"), "order.place", order).await;

    let mut reports = Vec::new();
    let mut answered = false;
    let mut position = None;
    while !answered || position.is_none() {
        let message = hers.socket.next().await;
        if message["id"] == "take" {
            assert_eq!(message["result"]["status"], "FILLED", "{message}");
            answered = true;
            continue;
        }
        assert_eq!(message["subscriptionId"], 0, "{message}");
        let event = &message["event"];
        match event["e"].as_str() {
            Some("executionReport") => reports.push(event.clone()),
            Some("outboundAccountPosition") => position = Some(event.clone()),
            other => panic!("{other:?}: {message}"),
        }
    }
    let told: Vec<_> = reports
        .iter()
        .map(|it| (it["x"].as_str(), it["X"].as_str(), it["z"].as_str()))
        .collect();
    let expected = [
        (Some("NEW"), Some("NEW"), Some("0.00000000")),
        (Some("TRADE"), Some("PARTIALLY_FILLED"), Some("0.50000000")),
        (Some("TRADE"), Some("FILLED"), Some("0.75000000")),
    ];
    assert_eq!(told, expected, "{reports:?}");
    let assets: Vec<_> = position.expect("told")["B"]
        .as_array()
        .expect("balances")
        .iter()
        .map(|it| it["a"].as_str().expect("an asset").to_owned())
        .collect();
    assert!(
        assets.contains(&"BTC".into()) && assets.contains(&"USDT".into()),
        "{assets:?}"
    );

    hers.ask("userDataStream.unsubscribe", json!({ "subscriptionId": 7 }))
        .await;
    let params = json!({ "subscriptionId": 0 });
    hers.say(json!("stop"), "userDataStream.unsubscribe", params)
        .await;
    hers.socket
        .next_where("the end of the stream", |it| {
            it["event"]["e"] == "eventStreamTerminated"
        })
        .await;
    let answer = hers.socket.next().await;
    assert_eq!(
        (&answer["id"], &answer["result"]),
        (&json!("stop"), &json!({}))
    );
    his.signed("openOrders.cancelAll", json!({ "symbol": "BTCUSDT" }))
        .await;
    hers.signed("order.place", limit("BUY", "0.1", "40000.00"))
        .await;
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_connection_stands() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let mut talk = Talk::open(&server, &alice).await;
    for (text, id, code) in [
        ("", Value::Null, -1135),
        ("{", Value::Null, -1135),
        ("[1,2]", Value::Null, -1130),
        (r#"{"id":5}"#, json!(5), -1130),
        (
            r#"{"id":"a","method":"depth","params":"x"}"#,
            json!("a"),
            -1130,
        ),
        (
            r#"{"id":"a","method":"depth","params":{"symbol":"A","symbol":"B"}}"#,
            json!("a"),
            -1101,
        ),
    ] {
        talk.socket.send_text(text).await;
        let answer = talk.socket.next().await;
        assert_eq!(answer["id"], id, "{text}: {answer}");
        assert_eq!(answer["error"]["code"], code, "{text}: {answer}");
    }
    let deep = "[".repeat(16_000);
    talk.socket.send_text(&deep).await;
    assert_eq!(talk.socket.next().await["status"], 400);
    assert_eq!(talk.result("ping", json!({})).await, json!({}));
}
