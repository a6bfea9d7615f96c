//! Limits, as clients see them.

use reqwest::Method;
use serde_json::json;

use super::{configured, described};
use crate::harness::http::send;
use crate::harness::{Reply, Server, Socket, Trader, new_dir};

const FEW: (&str, &str) = ("weight_per_minute = 60000", "weight_per_minute = 100");
const STRICT: (&str, &str) = ("refusals_before_ban = 100", "refusals_before_ban = 3");
const FEW_ORDERS: (&str, &str) = ("per_10_seconds = 1000", "per_10_seconds = 20");

fn header(reply: &Reply, name: &str) -> u64 {
    let value = reply.header(name).and_then(|value| value.parse().ok());
    value.unwrap_or_else(|| panic!("no {name}: {reply}"))
}

fn used(reply: &Reply) -> u64 {
    header(reply, "x-mbx-used-weight-1m")
}

/// Asks until it is refused with that status.
async fn until(server: &Server, status: u16) -> Reply {
    for _ in 0..100 {
        let reply = server.http().get("/api/v3/exchangeInfo").await;
        if reply.status == status {
            return reply;
        }
    }
    panic!("never {status}");
}

#[tokio::test]
async fn every_answer_tells_the_weight() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    let large = "x".repeat(64 * 1024 + 1);
    for (method, path, body, status) in [
        (Method::GET, "/api/v3/ping", "", 200),
        (Method::GET, "/api/v3/depth", "", 400),
        (Method::GET, "/api/v3/account", "", 401),
        (Method::GET, "/v1/session", "", 401),
        (Method::POST, "/v1/login", "{}", 400),
        (Method::POST, "/v1/login", &large, 413),
        (Method::GET, "/nosuch", "", 404),
        (Method::PUT, "/api/v3/order", "", 405),
        (Method::GET, "/ws", "", 400),
        (Method::GET, "/ws-api/v3", "", 400),
        (Method::GET, "/openapi.json", "", 200),
        (Method::GET, "/", "", 200),
    ] {
        let request = http.request(method, path).body(body.to_owned());
        let reply = send(request).await;
        assert_eq!(reply.status, status, "{path}: {reply}");
        assert!(used(&reply) > 0, "{path}");
    }
    for operation in described(&server).await {
        let reply = send(http.request(operation.method.clone(), &operation.path)).await;
        assert!(used(&reply) > 0, "{operation:?}");
    }
}

#[tokio::test]
async fn the_head_of_an_answer_costs_as_much_as_all_of_it() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let http = server.http();
    let before = used(&http.get("/api/v3/ping").await);
    let head = send(http.request(Method::HEAD, "/api/v3/exchangeInfo")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(used(&head), before + 20);
    // There is no head of what is only ever sent.
    let refused = send(http.request(Method::HEAD, "/api/v3/order/test")).await;
    assert_eq!(
        (refused.status, refused.header("allow")),
        (405, Some("POST"))
    );
}

#[tokio::test]
async fn orders_are_counted_where_they_are_orders() {
    let dir = new_dir();
    let server = configured(dir.path(), &[FEW_ORDERS]).await;
    let alice = Trader::join(&server, "alice").await;
    let order = [("symbol", "BTCUSDT"), ("side", "BUY"), ("type", "LIMIT")];
    let count = |reply: &Reply| {
        let names = ["x-mbx-order-count-10s", "x-mbx-order-count-1d"];
        names.map(|name| {
            reply
                .header(name)
                .and_then(|count| count.parse::<u64>().ok())
        })
    };
    // Refused orders are orders, too.
    for sent in 1..=3 {
        let reply = alice.post("order", &order).await;
        let [short, long] = count(&reply);
        assert_eq!((reply.status, long), (400, Some(sent)), "{reply}");
        assert!(
            short.is_some_and(|short| (1..=sent).contains(&short)),
            "{reply}"
        );
    }
    for reply in [
        alice.post("order/test", &order).await,
        alice.get("openOrders", &[]).await,
        server.http().get("/api/v3/ping").await,
        // Nobody's orders.
        send(server.http().request(Method::POST, "/api/v3/order")).await,
    ] {
        assert_eq!(count(&reply), [None, None], "{reply}");
    }
    let bob = Trader::join(&server, "bob").await;
    let reply = bob.post("order", &order).await;
    assert_eq!(count(&reply)[1], Some(1), "an account of its own: {reply}");
}

#[tokio::test]
async fn who_goes_on_is_not_answered_any_more() {
    let dir = new_dir();
    let server = configured(dir.path(), &[FEW, STRICT]).await;
    let refused = until(&server, 429).await;
    let msg = "Too much request weight used; current limit is 100 request weight per 1 MINUTE.";
    refused.assert_refused("too much", 429, -1003, msg);
    assert!(
        (1..=60).contains(&header(&refused, "retry-after")),
        "{refused}"
    );

    let banned = until(&server, 418).await;
    assert_eq!(banned.json()["code"], -1003, "{banned}");
    assert!(
        (1..=120).contains(&header(&banned, "retry-after")),
        "{banned}"
    );
    used(&banned);
    for path in ["/nosuch", "/", "/api/v3/ping"] {
        assert_eq!(server.http().get(path).await.status, 418, "{path}");
    }
    let login = json!({ "username": "alice", "password": "correct horse" });
    assert_eq!(
        server.http().post_json("/v1/login", &login).await.status,
        418
    );
    let (status, _) = Socket::refused(&server, "/ws-api/v3").await;
    assert_eq!(status, 418);
    // Whether it lives is free to ask.
    assert_eq!(server.http().get("/healthz").await.status, 200);
}

/// Both ways count for one.
#[tokio::test]
async fn a_connection_does_not_escape_the_limit() {
    let dir = new_dir();
    let server = configured(dir.path(), &[FEW, STRICT]).await;
    let mut socket = Socket::connect(&server, "/ws-api/v3").await;
    let mut statuses = Vec::new();
    for id in 0..60 {
        let request = json!({ "id": id, "method": "exchangeInfo", "params": {} });
        socket.send_text(&request.to_string()).await;
        let answer = socket
            .next_where("an answer", |answer| answer["id"] == id)
            .await;
        let status = answer["status"].as_u64().expect("a status");
        if status == 418 {
            statuses.push(status);
            break;
        }
        statuses.push(status);
    }
    assert_eq!(statuses[0], 200);
    assert!(
        statuses.contains(&429) && statuses.ends_with(&[418]),
        "{statuses:?}"
    );
    assert_eq!(server.http().get("/api/v3/ping").await.status, 418);
}

#[tokio::test]
async fn what_is_enforced_is_advertised() {
    let dir = new_dir();
    let server = configured(dir.path(), &[FEW, FEW_ORDERS]).await;
    let info = server
        .http()
        .json("/api/v3/exchangeInfo?symbol=BTCUSDT")
        .await;
    let limit = |of: &str, interval: &str, number: u64, limit: u64| json!({ "rateLimitType": of, "interval": interval, "intervalNum": number, "limit": limit });
    let expected = [
        limit("REQUEST_WEIGHT", "MINUTE", 1, 100),
        limit("ORDERS", "SECOND", 10, 20),
        limit("ORDERS", "DAY", 1, 2_000_000),
    ];
    for limit in expected {
        let limits = info["rateLimits"].as_array().expect("limits");
        assert!(limits.contains(&limit), "{limit}: {limits:?}");
    }
}
