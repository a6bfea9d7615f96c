//! Numbers, paths and texts that are written in ways that nobody means well by.

use reqwest::Method;
use serde_json::json;

use crate::harness::http::send;
use crate::harness::{Server, Socket, Trader, list, new_dir, now_millis};

#[tokio::test]
async fn huge_numbers_are_no_numbers() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    let before = alice.account().await;
    let digits = "9".repeat(5_000);
    let long = format!("0.{digits}");
    for huge in [
        "1e400", "-1e400", "1e-400", "Infinity", "0x10", &digits, &long,
    ] {
        for (name, code) in [("price", -1100), ("quantity", -1100), ("timestamp", -1102)] {
            let mut pairs = vec![
                ("symbol", "BTCUSDT"),
                ("side", "BUY"),
                ("type", "LIMIT"),
                ("timeInForce", "GTC"),
                ("price", "100"),
                ("quantity", "1"),
            ];
            let now = now_millis().to_string();
            pairs.extend([("timestamp", now.as_str()), ("recvWindow", "60000")]);
            pairs
                .iter_mut()
                .filter(|(known, _)| *known == name)
                .for_each(|it| it.1 = huge);
            let query: Vec<_> = pairs
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let query = query.join("&");
            let query = format!("{query}&signature={}", alice.sign(query.as_bytes()));
            let reply = send(alice.keyed(Method::POST, "order", &query, "")).await;
            assert_eq!(
                (reply.status, &reply.json()["code"]),
                (400, &json!(code)),
                "{reply}"
            );
        }
        let depth = format!("/api/v3/depth?symbol=BTCUSDT&limit={huge}");
        assert_eq!(
            server.http().get(&depth).await.json()["code"],
            -1102,
            "{huge}"
        );
        let body = format!(r#"{{"asset":"USDT","amount":{huge}}}"#);
        let request = alice
            .http
            .request(Method::POST, "/v1/faucet")
            .bearer_auth(&alice.token);
        let reply = send(request.body(body)).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (400, &json!(-1100)),
            "{huge}: {reply}"
        );
    }
    for path in ["/ws", "/ws-api/v3"] {
        let mut socket = Socket::connect(&server, path).await;
        for id in ["1e400", &digits] {
            let frame = format!(r#"{{"id":{id},"method":"LIST_SUBSCRIPTIONS"}}"#);
            socket.send_text(&frame).await;
            let answer = socket.next().await;
            // A number that can be no id, or one that nobody is subscribed under: it is answered.
            assert!(answer.get("id").is_some(), "{path}: {answer}");
        }
    }
    assert_eq!(alice.account().await, before);
}

#[tokio::test]
async fn a_path_is_what_it_says() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    for path in [
        "/api%2Fv3/ping",
        "/api%252Fv3/ping",
        "/api/v3/ping%00",
        "/api/v3/ping%2F",
        "/api/v3/%2e%2e/v3/ping",
        "/api/v3//ping",
        "/API/V3/ping",
        "//api/v3/ping",
        "/docs/..%2f..%2fexchange.toml",
        "/docs/%c0%ae%c0%ae/style.css",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let reply = http.raw(request.as_bytes()).await;
        assert!((400..500).contains(&reply.status), "{path}: {reply}");
        assert!(reply.json()["code"].is_i64(), "{path}: {reply}");
    }
    let alice = Trader::join(&server, "alice").await;
    for key in ["..%2Fsessions", "%00", "%FF", "%C0%AF", "x%2Fy", "%2e%2e"] {
        let request = format!(
            "DELETE /v1/api-keys/{key} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\n\r\n",
            alice.token
        );
        let reply = http.raw(request.as_bytes()).await;
        assert!((400..500).contains(&reply.status), "{key}: {reply}");
    }
    alice.account().await;
}

/// What is signed is what is meant, however it is written.
#[tokio::test]
async fn encodings_change_nothing() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    let bob = Trader::join(&server, "bob").await;
    let ask = async |query: &str, after: &str| {
        let query = format!("{query}&recvWindow=60000&timestamp={}", now_millis());
        let signature = alice.sign(query.as_bytes());
        let query = format!("{query}&signature={signature}{after}");
        send(alice.keyed(Method::GET, "openOrders", &query, "")).await
    };
    for symbol in [
        "BTCUSDT%00",
        "%00",
        "BTC%2FUSDT",
        "BTC%252F",
        "%42%54%43%2555SDT",
        "%C0%C2TCUSDT",
        "%C1%82TCUSDT",
        "btcusdt",
        "BTCUSDT%20",
        "+BTCUSDT",
        "BTCUSDT%E2%80%8B",
        "%EF%BC%A2TCUSDT",
    ] {
        let reply = ask(&format!("symbol={symbol}"), "").await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (400, &json!(-1121)),
            "{symbol}: {reply}"
        );
    }
    ask("%73ymbol=%42TCUSDT", "").await.ok();
    // The first counts, of parameters and of signatures.
    ask("symbol=BTCUSDT&symbol=NOSUCH", "").await.ok();
    assert_eq!(
        ask("symbol=NOSUCH&symbol=BTCUSDT", "").await.json()["code"],
        -1121
    );
    ask("symbol=BTCUSDT", "&signature=00").await.ok();
    assert_eq!(
        ask("signature=00&symbol=BTCUSDT", "").await.json()["code"],
        -1022
    );
    assert_eq!(
        ask("%73ignature=00&symbol=BTCUSDT", "").await.json()["code"],
        -1022
    );
    assert_eq!(
        ask("symbol=BTCUSDT", "&symbol=ETHUSDT").await.json()["code"],
        -1022
    );
    let signature = bob.sign(b"symbol=BTCUSDT");
    let reply = ask("symbol=BTCUSDT", &format!("&%73ignature={signature}")).await;
    assert_eq!(reply.json()["code"], -1022, "{reply}");
    assert_eq!(list(&alice.open_orders().await).len(), 0);
}
