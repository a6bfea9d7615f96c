//! Registration, sessions, API keys and the faucet.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::http::send;
use crate::harness::shape::{I, L, T, assert_shape};
use crate::harness::{Server, Trader, list, new_dir, number};

const NOT_AUTHORIZED: &str = "You are not authorized to execute this request.";
const WRONG: &str = "The username or the password is wrong.";

#[tokio::test]
async fn users_register_once_and_log_in_with_their_password() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let http = server.http();
    let alice = json!({ "username": "alice", "password": "correct horse" });
    let registered = http.post_json("/v1/register", &alice).await.ok();
    assert_shape(
        "a registration",
        &registered,
        &[("accountId", I), ("username", T)],
    );
    assert_eq!(number(&registered, "accountId"), 1);
    let session = http.post_json("/v1/login", &alice).await.ok();
    assert_shape("a login", &session, &[("token", T)]);

    let cases: &[(&str, &str, Value, u16, i64, &str)] = &[
        (
            "the name in other case",
            "/v1/register",
            json!({ "username": "ALICE", "password": "another horse" }),
            409,
            -1100,
            "The username is taken.",
        ),
        (
            "a name that the demo keeps for itself",
            "/v1/register",
            json!({ "username": "Demo-maker", "password": "another horse" }),
            409,
            -1100,
            "The username is taken.",
        ),
        (
            "a short password",
            "/v1/register",
            json!({ "username": "carol", "password": "short" }),
            400,
            -1100,
            "a password has at least 8 bytes",
        ),
        (
            "an impossible name",
            "/v1/register",
            json!({ "username": "a b", "password": "correct horse" }),
            400,
            -1100,
            "a username has 3 to 64 characters of A-Z, a-z, 0-9, '.', '_', '@' and '-'",
        ),
        (
            "the wrong password",
            "/v1/login",
            json!({ "username": "alice", "password": "wrong horse" }),
            401,
            -1002,
            WRONG,
        ),
        (
            "an unknown user",
            "/v1/login",
            json!({ "username": "nobody", "password": "correct horse" }),
            401,
            -1002,
            WRONG,
        ),
        (
            "no password",
            "/v1/login",
            json!({ "username": "alice" }),
            400,
            -1100,
            "The request body does not have the fields it must have.",
        ),
        (
            "a password that is no text",
            "/v1/login",
            json!({ "username": "alice", "password": 12_345_678 }),
            400,
            -1100,
            "The request body does not have the fields it must have.",
        ),
        (
            "fields without names",
            "/v1/login",
            json!(["alice", "correct horse"]),
            400,
            -1100,
            "The request body does not have the fields it must have.",
        ),
    ];
    for (what, path, body, status, code, msg) in cases {
        let reply = http.post_json(path, body).await;
        reply.assert_refused(what, *status, *code, msg);
    }
    for path in ["/v1/register", "/v1/login"] {
        for body in [
            &b"{\"username\":"[..],
            b"",
            b"username=alice",
            b"\xff\xfe{}",
        ] {
            let request = http.request(Method::POST, path).body(body);
            let reply = send(request).await;
            let msg = "The request body is not valid JSON.";
            reply.assert_refused(path, 400, -1100, msg);
        }
    }
}

#[tokio::test]
async fn sessions_end_at_logout() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let reply = alice.own(Method::POST, "/v1/logout", None).await;
    assert_eq!(reply.ok(), json!({}));
    let body = json!({ "asset": "USDT", "amount": "1" });
    for (method, path) in [
        (Method::GET, "/v1/api-keys"),
        (Method::POST, "/v1/api-keys"),
        (Method::DELETE, "/v1/api-keys/x"),
        (Method::GET, "/v1/session"),
        (Method::POST, "/v1/session/rotate"),
        (Method::GET, "/v1/sessions"),
        (Method::DELETE, "/v1/sessions"),
        (Method::DELETE, "/v1/sessions/1"),
        (Method::POST, "/v1/password"),
        (Method::POST, "/v1/totp"),
        (Method::POST, "/v1/totp/confirm"),
        (Method::POST, "/v1/totp/disable"),
        (Method::GET, "/v1/audit"),
        (Method::POST, "/v1/faucet"),
        (Method::POST, "/v1/logout"),
    ] {
        let reply = alice.own(method.clone(), path, Some(&body)).await;
        reply.assert_refused("a session that is over", 401, -1002, NOT_AUTHORIZED);
        for authorization in [
            None,
            Some("Bearer"),
            Some("Bearer "),
            Some("Bearer no-such-token"),
            Some("Basic YWxpY2U6Y29ycmVjdA=="),
        ] {
            let mut request = alice.http.request(method.clone(), path).json(&body);
            if let Some(authorization) = authorization {
                request = request.header("Authorization", authorization);
            }
            let what = format!("{method} {path} {authorization:?}");
            let reply = send(request).await;
            reply.assert_refused(&what, 401, -1002, NOT_AUTHORIZED);
        }
    }
    // The API key is no part of the session.
    alice.account().await;
}

#[tokio::test]
async fn api_keys_are_listed_without_secrets_and_revoked_at_once() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let bob = Trader::join(&server, "bob").await;
    let label = json!({ "label": "second" });
    let second = alice
        .own(Method::POST, "/v1/api-keys", Some(&label))
        .await
        .ok();
    assert_shape("a new key", &second, &[("apiKey", T), ("secretKey", T)]);
    let keys = alice.own(Method::GET, "/v1/api-keys", None).await.ok();
    let keys = list(&keys);
    let labels: Vec<_> = keys.iter().map(|key| &key["label"]).collect();
    assert_eq!(labels, ["", "second"]);
    for key in keys {
        let mut key = key.clone();
        // Nobody has signed with it.
        assert!(key["lastUsed"].is_null(), "{key}");
        key["lastUsed"] = json!(0);
        let shape = [
            ("apiKey", T),
            ("label", T),
            ("kind", T),
            ("scopes", L),
            ("addresses", L),
            ("created", I),
            ("lastUsed", I),
        ];
        assert_shape("a listed key", &key, &shape);
        assert_eq!(key["scopes"], json!(["read", "trade"]));
        assert_eq!(key["addresses"], json!([]));
    }
    assert_eq!(keys[0]["apiKey"], alice.api_key.as_str());
    assert_eq!(keys[1]["apiKey"], second["apiKey"]);

    let path = format!("/v1/api-keys/{}", alice.api_key);
    let reply = bob.own(Method::DELETE, &path, None).await;
    reply.assert_refused("someone else's key", 400, -1100, "no such API key");
    alice.account().await;
    let reply = alice.own(Method::DELETE, &path, None).await;
    assert_eq!(reply.ok(), json!({}));
    let msg = "Invalid API-key, IP, or permissions for action.";
    let reply = alice.get("account", &[]).await;
    reply.assert_refused("a revoked key", 401, -2015, msg);
    let reply = alice.own(Method::DELETE, &path, None).await;
    reply.assert_refused("a revoked key", 400, -1100, "no such API key");
    let reply = alice.own(Method::DELETE, "/v1/api-keys/%FF", None).await;
    assert_eq!(reply.status, 400, "{reply}");
    assert_eq!(reply.json()["code"], -1100, "{reply}");
}

#[tokio::test]
async fn the_faucet_gives_exact_amounts() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let illegal = "Illegal characters found in parameter 'amount'; legal range is \
                   '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.";
    let fields = "The request body does not have the fields it must have.";
    let places = "USDT has 8 decimal places.";
    let zero = "the amount must be at least one unit";
    let most = "The faucet gives at most 1000000000 USDT at a time.";
    let usdt = |amount: &str| json!({ "asset": "USDT", "amount": amount });
    for (body, msg) in [
        (usdt("0"), zero),
        (usdt("0.00000000"), zero),
        (usdt("-1"), illegal),
        (usdt("1e3"), illegal),
        (usdt("NaN"), illegal),
        (usdt(""), illegal),
        (usdt("1,5"), illegal),
        (usdt(&"9".repeat(10_000)), illegal),
        (usdt("0.000000001"), places),
        (usdt("99999999999999999999.99999999999999999999"), most),
        (usdt("1000000000.00000001"), most),
        (json!({ "asset": "USDT", "amount": true }), illegal),
        (json!({ "asset": "USDT" }), fields),
        (
            json!({ "asset": "DOGE", "amount": "1" }),
            "This asset is not listed here.",
        ),
    ] {
        let reply = alice.own(Method::POST, "/v1/faucet", Some(&body)).await;
        let mut what = body.to_string();
        what.truncate(80);
        reply.assert_refused(&what, 400, -1100, msg);
    }
    assert_eq!(alice.balance("USDT").await.0, "0.00000000");

    let body = json!({ "asset": "USDT", "amount": "12.34567891" });
    let reply = alice.own(Method::POST, "/v1/faucet", Some(&body)).await;
    assert_eq!(reply.ok(), body);
    // A number with more digits than a float has.
    let body = r#"{"asset": "USDT", "amount": 987654321.12345679}"#;
    alice.own_raw(Method::POST, "/v1/faucet", body).await.ok();
    assert_eq!(alice.balance("USDT").await.0, "987654333.46913570");
}

#[tokio::test]
async fn there_is_no_faucet_unless_asked_for() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let alice = Trader::join(&server, "alice").await;
    let body = json!({ "asset": "USDT", "amount": "1" });
    let reply = alice.own(Method::POST, "/v1/faucet", Some(&body)).await;
    let msg = "This exchange has no faucet: it was started without --demo or --faucet.";
    reply.assert_refused("no faucet", 403, -1002, msg);
    assert_eq!(alice.balance("USDT").await.0, "0.00000000");
}
