//! Where a request comes from: what a proxy says counts, what anybody else says does not.

use reqwest::Method;
use serde_json::json;

use super::{configured, with_key};
use crate::harness::http::send;
use crate::harness::{Trader, list, new_dir, now_millis};

const FEW: (&str, &str) = ("weight_per_minute = 60000", "weight_per_minute = 100");
const PROXIES: (&str, &str) = (
    "trusted_proxies = []",
    r#"trusted_proxies = ["127.0.0.0/8"]"#,
);

/// What a key is answered that is bound to 192.0.2.0/24, by what is said of where it is used.
async fn asked_from(trader: &Trader, told: &[&str]) -> u16 {
    let query = format!("recvWindow=60000&timestamp={}", now_millis());
    let query = format!("{query}&signature={}", trader.sign(query.as_bytes()));
    let mut request = trader.keyed(Method::GET, "account", &query, "");
    for told in told {
        request = request.header("X-Forwarded-For", *told);
    }
    send(request).await.status
}

#[tokio::test]
async fn anybody_may_say_anything_and_it_does_not_count() {
    let dir = new_dir();
    let server = configured(dir.path(), &[FEW]).await;
    let alice = Trader::join(&server, "alice").await;
    let bound = with_key(&alice, json!({ "addresses": ["192.0.2.0/24"] })).await;
    assert_eq!(asked_from(&bound, &["192.0.2.7"]).await, 401);
    let trail = alice.own(Method::GET, "/v1/audit", None).await.ok();
    for entry in list(&trail) {
        assert_eq!(entry["address"], "127.0.0.1", "{entry}");
    }
    let mut refused = false;
    for last in 0..200 {
        let request = server.http().request(Method::GET, "/api/v3/ping");
        let request = request.header("X-Forwarded-For", format!("198.51.100.{last}"));
        let request = request.header("X-Real-IP", format!("198.51.100.{last}"));
        let request = request.header("Forwarded", format!("for=198.51.100.{last}"));
        refused |= send(request).await.status == 429;
    }
    assert!(refused, "a client has as many addresses as it likes");
}

#[tokio::test]
async fn a_proxy_says_whom_it_speaks_for() {
    let dir = new_dir();
    let server = configured(dir.path(), &[FEW, PROXIES]).await;
    let alice = Trader::join(&server, "alice").await;
    let bound = with_key(&alice, json!({ "addresses": ["192.0.2.0/24"] })).await;
    for (told, status) in [
        (&["192.0.2.7"][..], 200),
        // What comes before the last was made up by whoever asked the proxy.
        (&["203.0.113.9, 192.0.2.7"], 200),
        (&["192.0.2.7, 203.0.113.9"], 401),
        (&["192.0.2.7", "203.0.113.9"], 401),
        (&["192.0.2.7, nonsense"], 401),
        (&[], 401),
    ] {
        assert_eq!(asked_from(&bound, told).await, status, "{told:?}");
    }

    let ask = async |address: &str| {
        let request = server.http().request(Method::GET, "/api/v3/exchangeInfo");
        send(request.header("X-Forwarded-For", address))
            .await
            .status
    };
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(ask("198.51.100.1").await);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(ask("198.51.100.2").await, 200, "another client");
}
