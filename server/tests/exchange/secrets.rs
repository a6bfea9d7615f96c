//! Nothing secret is ever logged, however much is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer, SigningKey};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::http::send;
use crate::harness::{
    Http, Server, Socket, Trader, Where, eventually, list, new_dir, now_millis, text,
};
use crate::second_factor::{code, enrol};
use crate::ws_api;

#[tokio::test]
async fn the_log_tells_no_secrets() {
    let dir = new_dir();
    let trace = [("RUST_LOG", "trace")];
    let mut server = Server::start_with(dir.path(), &["--demo"], &trace).await;
    let money = [("USDT", "1000"), ("BTC", "1")];
    let alice = Trader::funded(&server, "alice", &money).await;
    let bob = Trader::funded(&server, "bob", &money).await;
    let mut secrets = Vec::new();
    for trader in [&alice, &bob] {
        let of_trader = [&trader.password, &trader.token, &trader.secret_key];
        secrets.extend(of_trader.map(Clone::clone));
    }

    // Good and bad requests, in all the ways there are.
    // The bots leave this market alone, so nothing comes in between.
    let mut socket = Socket::connect(&server, "/ws/ethbtc@trade").await;
    alice.limit("ETHUSDT", "BUY", "100", "0.1").await;
    bob.limit("BTCUSDT", "BUY", "100", "0.1").await;
    alice.own(Method::GET, "/v1/api-keys", None).await.ok();
    let wrong = json!({ "username": "alice", "password": "wrong-but-secret" });
    alice.http.post_json("/v1/login", &wrong).await;
    alice.http.post_json("/v1/register", &wrong).await;
    let broken = br#"{"username":"alice","password":"broken-but-secret"#;
    let request = alice.http.request(Method::POST, "/v1/login");
    send(request.body(&broken[..])).await;
    secrets.extend(["wrong-but-secret".into(), "broken-but-secret".into()]);
    let token = "unknown-but-secret-token";
    let request = alice.http.request(Method::GET, "/v1/api-keys");
    send(request.bearer_auth(token)).await;
    secrets.push(token.into());
    // A browser's: refused without an origin, good with it, unknown.
    let host = server.address();
    for (token, origin) in [
        (&alice.token[..], "http://evil.example".to_owned()),
        (&alice.token, format!("http://{host}")),
        ("unknown-but-secret-cookie", format!("http://{host}")),
    ] {
        let request = alice.http.request(Method::DELETE, "/api/v3/openOrders");
        let request = request.header("Cookie", format!("session={token}"));
        send(request.header("Origin", origin)).await;
    }
    secrets.push("unknown-but-secret-cookie".into());
    for place in [Where::Query, Where::Body, Where::Both] {
        let request = alice.signed(Method::DELETE, "openOrders", &[], place);
        send(request).await;
    }
    let payload = format!("timestamp={}", now_millis());
    let signature = alice.sign(payload.as_bytes());
    for path in ["account", "order", "nosuch"] {
        let query = format!("{payload}&signature={signature}");
        send(alice.keyed(Method::GET, path, &query, "")).await;
        send(alice.keyed(Method::POST, path, "", &query)).await;
    }
    secrets.push(signature);
    socket.assert_quiet().await;
    alice.own(Method::POST, "/v1/logout", None).await.ok();

    // The bots sign requests as well, inside the process.
    eventually("the bots trade", async || {
        let trades = server.http().json("/api/v3/trades?symbol=BTCUSDT").await;
        (!list(&trades).is_empty()).then_some(())
    })
    .await;
    let file = std::fs::read(dir.path().join("demo-credentials.json")).expect("keys are written");
    let visitors: Value = serde_json::from_slice(&file).expect("it is JSON");
    for visitor in list(&visitors) {
        secrets.push(text(visitor, "secretKey").into());
    }
    assert_eq!(server.terminate().await.code(), Some(0));

    assert_untold(&server.stderr(), &secrets);
}

/// Asserts that a log has everything but these, and no place where others of their kind could be.
fn assert_untold(log: &str, secrets: &[String]) {
    assert!(log.contains("TRACE"), "everything is logged");
    for secret in secrets {
        let told = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(told, None, "{secret} is in the log");
    }
    let with_signature = log.lines().find(|line| line.contains("signature="));
    assert_eq!(with_signature, None, "signatures of any request");
    let with_token = log.lines().find(|line| {
        let line = line.to_ascii_lowercase();
        ["bearer ", "session=", "password\":", "otpauth"]
            .iter()
            .any(|secret| line.contains(secret))
    });
    assert_eq!(with_token, None, "tokens or passwords of any request");
}

/// Whether something this short stands in the log by itself, apart from the times of the lines.
fn has_word(log: &str, word: &str) -> bool {
    let said = log.lines().filter_map(|line| line.split_once(' '));
    said.flat_map(|(_, said)| said.split(|c: char| !c.is_ascii_alphanumeric()))
        .any(|said| said == word)
}

const OPERATOR_KEY: &str = "an-operators-key-of-some-length-1234567890";

#[tokio::test]
async fn the_log_tells_no_secrets_of_accounts_and_operators() {
    let dir = new_dir();
    let key = dir.path().join("operator.key");
    std::fs::write(&key, OPERATOR_KEY).expect("the key is written");
    let key = key.to_str().expect("a path of text");
    let args = [
        "--faucet",
        "--operator",
        "127.0.0.1:0",
        "--operator-key",
        key,
    ];
    let data = dir.path().join("data");
    let mut server = Server::start_with(&data, &args, &[("RUST_LOG", "trace")]).await;
    let mut alice = Trader::join(&server, "alice").await;
    let mut secrets = vec![OPERATOR_KEY.to_owned(), alice.token.clone()];

    listen(&server, &alice, &mut secrets).await;
    sign_otherwise(&server, &alice, &mut secrets).await;
    let rotated = alice.own(Method::POST, "/v1/session/rotate", None).await;
    alice.token = text(&rotated.ok(), "token").into();
    let new = "a-new-secret-password";
    for (old, new) in [("a-wrong-old-password", new), (&alice.password[..], new)] {
        let body = json!({ "oldPassword": old, "newPassword": new });
        alice.own(Method::POST, "/v1/password", Some(&body)).await;
        secrets.extend([old.into(), new.into()]);
    }
    secrets.push(alice.token.clone());

    let (secret, recovery) = enrol(&alice).await;
    let codes = [code(&secret, 0), code(&secret, 1), "918273".to_owned()];
    for code in codes
        .iter()
        .chain([&recovery[0], &"ABCD-EFGH-JKLM-NPQR".to_owned()])
    {
        let who = json!({ "username": "alice", "password": new, "code": code });
        let reply = alice.http.post_json("/v1/login", &who).await;
        if reply.status == 200 {
            secrets.push(text(&reply.json(), "token").into());
        }
    }
    let body = json!({ "code": recovery[1] });
    alice
        .own(Method::POST, "/v1/totp/disable", Some(&body))
        .await
        .ok();
    secrets.push(secret);
    secrets.extend(recovery);
    ask_as_operator(&server, &mut secrets).await;
    assert_eq!(server.terminate().await.code(), Some(0));

    let log = server.stderr();
    assert_untold(&log, &secrets);
    for code in &codes {
        assert!(!has_word(&log, code), "{code} is in the log");
    }
}

/// By a listen key, good and unknown, in all the places where it may stand.
async fn listen(server: &Server, alice: &Trader, secrets: &mut Vec<String>) {
    let keyed = async |method: Method, query: &str| {
        let request = alice.keyed(method, "userDataStream", query, "");
        send(request).await
    };
    let made = keyed(Method::POST, "").await.ok();
    let made = text(&made, "listenKey").to_owned();
    for key in [made, "unknown1listen2key3".repeat(3)] {
        let query = format!("listenKey={key}");
        keyed(Method::PUT, &query).await;
        let mut socket = Socket::connect(server, &format!("/ws/{key}")).await;
        Socket::connect(server, &format!("/stream?streams={key}")).await;
        socket.subscribe(&[&key]).await;
        keyed(Method::DELETE, &query).await;
        secrets.push(key);
    }
}

/// With Ed25519, and over the WebSocket API.
async fn sign_otherwise(server: &Server, alice: &Trader, secrets: &mut Vec<String>) {
    let signing = SigningKey::from_bytes(&[7; 32]);
    let request = json!({ "publicKey": BASE64.encode(signing.verifying_key()) });
    let created = alice
        .own(Method::POST, "/v1/api-keys", Some(&request))
        .await
        .ok();
    let signer = Trader {
        api_key: text(&created, "apiKey").into(),
        ..alice.clone()
    };
    let query = format!("timestamp={}", now_millis());
    let signature = BASE64.encode(signing.sign(query.as_bytes()).to_bytes());
    let encoded: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
    send(signer.keyed(
        Method::GET,
        "account",
        &format!("{query}&signature={encoded}"),
        "",
    ))
    .await;
    secrets.extend([signature, encoded]);

    let mut params = json!({ "apiKey": alice.api_key, "timestamp": now_millis() });
    let signature = ws_api::signature(alice, &params);
    params["signature"] = signature.clone().into();
    let mut socket = Socket::connect(server, "/ws-api/v3").await;
    let no_json = format!("{{\"id\":1,\"params\":{{\"signature\":\"{signature}\"");
    let requests = ["session.logon", "account.status", "nosuch"];
    let requests = requests.map(|method| json!({ "id": 1, "method": method, "params": params }));
    for text in requests.iter().map(Value::to_string).chain([no_json]) {
        socket.send_text(&text).await;
        socket.next().await;
    }
    secrets.push(signature);
}

/// With the key of operators, and with one that is not.
async fn ask_as_operator(server: &Server, secrets: &mut Vec<String>) {
    let said = server.stderr();
    let (_, rest) = said
        .split_once("listening for operators on http://")
        .expect("it says where");
    let address = rest.split_whitespace().next().expect("an address");
    let operators = Http::new(address.parse().expect("an address"));
    let wrong = "not-the-key-of-operators-0123456789";
    for (key, status) in [(OPERATOR_KEY, 200), (wrong, 401)] {
        let request = operators.request(Method::GET, "/v1/operator/status");
        assert_eq!(send(request.bearer_auth(key)).await.status, status);
    }
    secrets.push(wrong.into());
}
