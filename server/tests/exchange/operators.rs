//! What operators do, and that nobody else does it.

use reqwest::Method;
use serde_json::json;

use crate::harness::http::send;
use crate::harness::operator::{KEY, Operator};
use crate::harness::server::refused;
use crate::harness::{Trader, list, new_dir, number, text};

#[tokio::test]
async fn trading_is_stopped_and_goes_on() {
    let dir = new_dir();
    let (server, operator) = Operator::start(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "100000")]).await;
    alice.limit("BTCUSDT", "BUY", "40000.00", "0.1").await;
    let order = [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("quantity", "0.1"),
        ("price", "40000.00"),
    ];
    let closed = async |what: &str| {
        let reply = alice.post("order", &order).await;
        reply.assert_refused(what, 400, -1013, "Market is closed.");
    };

    let halt = json!({ "scope": "SYMBOL", "symbol": "BTCUSDT", "reason": "a test" });
    operator.post("halt", halt.clone()).await;
    closed("a halted instrument").await;
    let status = operator.get("status").await;
    let halted: Vec<_> = list(&status["instruments"])
        .iter()
        .filter(|it| it["halted"] == true)
        .map(|it| text(it, "symbol").to_owned())
        .collect();
    assert_eq!(halted, ["BTCUSDT"]);
    let info = server
        .http()
        .json("/api/v3/exchangeInfo?symbol=BTCUSDT")
        .await;
    assert_eq!(info["symbols"][0]["status"], "HALT");
    assert_eq!(
        list(&alice.open_orders().await).len(),
        1,
        "it was not to be cancelled"
    );
    let resume = json!({ "scope": "SYMBOL", "symbol": "BTCUSDT", "reason": "tested" });
    operator.post("resume", resume).await;
    alice.post("order", &order).await.ok();

    operator
        .post("kill-switch", json!({ "reason": "all of it" }))
        .await;
    closed("after the kill switch").await;
    assert_eq!(alice.open_orders().await, json!([]));
    let (free, locked) = alice.balance("USDT").await;
    assert_eq!(
        (free.as_str(), locked.as_str()),
        ("100000.00000000", "0.00000000")
    );
    operator
        .post("resume", json!({ "scope": "VENUE", "reason": "tested" }))
        .await;
    alice.post("order", &order).await.ok();

    let events: Vec<_> = list(&operator.get("audit").await)
        .iter()
        .map(|it| (text(it, "event").to_owned(), text(it, "subject").to_owned()))
        .collect();
    let expected = [
        ("OPERATOR_RESUME", "all instruments: tested"),
        ("OPERATOR_KILL_SWITCH", "all of it"),
        ("OPERATOR_RESUME", "BTCUSDT: tested"),
        ("OPERATOR_HALT", "BTCUSDT: a test"),
    ];
    let expected = expected.map(|(event, subject)| (event.to_owned(), subject.to_owned()));
    assert_eq!(events, expected);
}

#[tokio::test]
async fn one_account_is_stopped_and_the_others_go_on() {
    let dir = new_dir();
    let (server, operator) = Operator::start(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "100000")]).await;
    let bob = Trader::funded(&server, "bob", &[("USDT", "100000")]).await;
    alice.limit("BTCUSDT", "BUY", "40000.00", "0.1").await;
    let account = operator.get("accounts?username=ALICE").await;
    assert_eq!(text(&account, "username"), "alice");
    let halt = json!({
        "scope": "ACCOUNT",
        "accountId": account["accountId"],
        "cancelOrders": true,
        "reason": "a stolen key",
    });
    let can_trade = async |trader: &Trader| trader.account().await["canTrade"].clone();
    assert_eq!(can_trade(&alice).await, true);
    operator.post("halt", halt).await;
    assert_eq!(alice.open_orders().await, json!([]));
    assert_eq!(can_trade(&alice).await, false);
    assert_eq!(can_trade(&bob).await, true);
    let order = [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("quantity", "0.1"),
        ("price", "40000.00"),
    ];
    let reply = alice.post("order", &order).await;
    assert_eq!(reply.json()["code"], -2010, "{reply}");
    bob.post("order", &order).await.ok();
    let resume = json!({
        "scope": "ACCOUNT",
        "accountId": account["accountId"],
        "reason": "a new key",
    });
    operator.post("resume", resume).await;
    assert_eq!(can_trade(&alice).await, true);
    alice.post("order", &order).await.ok();
}

#[tokio::test]
async fn money_comes_in_and_goes_out_with_a_reason() {
    let dir = new_dir();
    let (server, operator) = Operator::start(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let account = operator.get("accounts?username=alice").await;
    let id = number(&account, "accountId");
    let transfer = |amount: &str, reason: &str| json!({ "accountId": id, "asset": "USDT", "amount": amount, "reason": reason });
    let done = operator.post("credit", transfer("100.5", "wire 17")).await;
    assert!(number(&done, "sequence") > 0, "{done}");
    operator.post("debit", transfer("0.5", "wire 18")).await;
    assert_eq!(alice.balance("USDT").await.0, "100.00000000");

    // Nothing of these happens, and what was wrong is said.
    for (body, code) in [
        (transfer("100.00000001", "too much"), -2010),
        (transfer("0", "nothing"), -1130),
        (transfer("-1", "less"), -1100),
        (transfer("1e3", "not a decimal"), -1100),
        (transfer("1", ""), -1130),
        (transfer("1", "line\nbreak"), -1130),
        (
            json!({ "accountId": id, "asset": "NOSUCH", "amount": "1", "reason": "x" }),
            -1100,
        ),
        (
            json!({ "accountId": id, "asset": "USDT", "amount": "1" }),
            -1100,
        ),
    ] {
        let reply = operator.try_post("debit", &body).await;
        assert_eq!(reply.status, 400, "{body}: {reply}");
        assert_eq!(reply.json()["code"], code, "{body}: {reply}");
    }
    assert_eq!(alice.balance("USDT").await.0, "100.00000000");

    // The owner sees it, too, and it is there after a restart.
    let server = server.restart().await;
    let operator = Operator::of(&server);
    let trail = operator.get(&format!("audit?accountId={id}")).await;
    let own = alice
        .at(&server)
        .own(Method::GET, "/v1/audit", None)
        .await
        .ok();
    assert_eq!(trail, own);
    let subjects: Vec<_> = list(&trail)
        .iter()
        .filter(|it| text(it, "event").starts_with("OPERATOR_"))
        .map(|it| text(it, "subject").to_owned())
        .collect();
    let refused = "100.00000001 USDT: not done: Account has insufficient balance for requested \
                   action.";
    let expected = [
        refused,
        "100.00000001 USDT: too much",
        "0.50000000 USDT: wire 18",
        "100.50000000 USDT: wire 17",
    ];
    assert_eq!(subjects, expected);
}

#[tokio::test]
async fn nobody_else_gets_in() {
    let dir = new_dir();
    let (server, operator) = Operator::start(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let described = operator.0.get("/openapi.json").await.done();
    let paths = described["paths"].as_object().expect("paths");
    assert!(paths.len() >= 8, "{paths:?}");
    for (path, methods) in paths {
        for method in methods.as_object().expect("methods").keys() {
            let method = method.to_uppercase();
            let method: Method = method.parse().expect("a method");
            for key in [
                None,
                Some(""),
                Some("0"),
                Some(&alice.token[..]),
                Some(&KEY[1..]),
            ] {
                let mut request = operator.0.request(method.clone(), path);
                if let Some(key) = key {
                    request = request.bearer_auth(key);
                }
                let reply = send(request.json(&json!({}))).await;
                assert_eq!(reply.status, 401, "{path} {key:?}: {reply}");
            }
            // Clients are served elsewhere, and nothing of this is there.
            let request = server.http().request(method, path).bearer_auth(KEY);
            assert_eq!(send(request).await.status, 404, "{path}");
        }
    }
    assert_eq!(operator.0.get("/api/v3/ping").await.status, 404);
    assert!(!server.stderr().contains(KEY));
}

#[tokio::test]
async fn operators_are_served_on_this_machine_only() {
    let dir = new_dir();
    let key = dir.path().join("operator.key");
    std::fs::write(&key, KEY).expect("the key is written");
    let key = key.to_str().expect("a path of text");
    let args = ["--operator", "0.0.0.0:0", "--operator-key", key];
    let said = refused(&dir.path().join("data"), &args).await;
    assert!(said.contains("loopback"), "{said}");
}
