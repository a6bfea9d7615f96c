//! Nothing secret is ever logged, however much is.

use reqwest::Method;
use serde_json::json;

use crate::harness::http::send;
use crate::harness::{Server, Socket, Trader, Where, eventually, list, new_dir, now_millis, text};

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
    let visitors: serde_json::Value = serde_json::from_slice(&file).expect("it is JSON");
    for visitor in list(&visitors) {
        secrets.push(text(visitor, "secretKey").into());
    }
    assert_eq!(server.terminate().await.code(), Some(0));

    let log = server.stderr();
    assert!(log.contains("TRACE"), "everything is logged");
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log");
    }
    let with_signature = log.lines().find(|line| line.contains("signature="));
    assert_eq!(with_signature, None, "signatures of any request");
    let with_token = log.lines().find(|line| {
        let line = line.to_ascii_lowercase();
        ["bearer ", "session=", "password\":"]
            .iter()
            .any(|secret| line.contains(secret))
    });
    assert_eq!(with_token, None, "tokens or passwords of any request");
}
