//! Logging in with a second factor, keys that are bound to something, and the trail of it all.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer, SigningKey};
use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::harness::http::send;
use crate::harness::shape::{I, L, T, assert_shape};
use crate::harness::{Reply, Server, Trader, eventually, list, new_dir, now_millis, text};

const CODE_MISSING: &str = "A code of the second factor is needed.";
const WRONG_CODE: &str = "The code is wrong, or was used before.";
const WRONG: &str = "The username or the password is wrong.";
const THROTTLED: &str = "Too many wrong passwords or codes; try again later.";
const NOT_PERMITTED: &str = "Invalid API-key, IP, or permissions for action.";
const MONEY: &[(&str, &str)] = &[("USDT", "1000")];
const STEP_SECONDS: u64 = 30;

/// What the device shows so many steps from now.
pub(crate) fn code(secret: &str, steps_ahead: u64) -> String {
    let secret = Secret::try_from_base32(secret).expect("base32");
    let totp = Builder::new().with_secret(secret).build();
    let seconds = now_millis() / 1_000 + steps_ahead * STEP_SECONDS;
    totp.expect("a long secret").generate(seconds).to_string()
}

async fn log_in(trader: &Trader, password: &str, code: Option<&str>) -> Reply {
    let mut who = json!({ "username": trader.name, "password": password });
    if let Some(code) = code {
        who["code"] = code.into();
    }
    trader.http.post_json("/v1/login", &who).await
}

/// Turns the second factor on; its secret and the recovery codes.
pub(crate) async fn enrol(trader: &Trader) -> (String, Vec<String>) {
    let proposed = trader.own(Method::POST, "/v1/totp", None).await.ok();
    assert_shape("a proposal", &proposed, &[("secret", T), ("url", T)]);
    let secret = text(&proposed, "secret");
    assert!(text(&proposed, "url").contains(secret));
    let body = json!({ "code": code(secret, 0) });
    let confirmed = trader.own(Method::POST, "/v1/totp/confirm", Some(&body));
    let confirmed = confirmed.await.ok();
    assert_shape("a confirmation", &confirmed, &[("recoveryCodes", L)]);
    let codes = list(&confirmed["recoveryCodes"]).iter();
    let codes = codes.map(|code| code.as_str().expect("a text").to_owned());
    (secret.to_owned(), codes.collect())
}

#[tokio::test]
async fn a_login_takes_a_code_that_was_not_used_before() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let alice = Trader::join(&server, "alice").await;
    let whoami = async || alice.own(Method::GET, "/v1/session", None).await.ok();
    assert_eq!(whoami().await["secondFactor"], false);
    let (secret, recovery_codes) = enrol(&alice).await;
    assert_eq!(whoami().await["secondFactor"], true);
    assert_eq!(recovery_codes.len(), 10);

    let password = &alice.password;
    let reply = log_in(&alice, password, None).await;
    reply.assert_refused("no code", 401, -9101, CODE_MISSING);
    assert_eq!(reply.header("set-cookie"), None);
    // The one for now was used up when it was confirmed; the next is good as well.
    let next = code(&secret, 1);
    let reply = log_in(&alice, "wrong horse", Some(&next)).await;
    reply.assert_refused("the wrong password", 401, -1002, WRONG);
    log_in(&alice, password, Some(&next)).await.ok();
    let reply = log_in(&alice, password, Some(&next)).await;
    reply.assert_refused("a replayed code", 401, -9102, WRONG_CODE);
    log_in(&alice, password, Some(&recovery_codes[0]))
        .await
        .ok();
    let reply = log_in(&alice, password, Some(&recovery_codes[0])).await;
    reply.assert_refused("a replayed recovery code", 401, -9102, WRONG_CODE);

    // The session that has it on turns it off, with a code.
    let disable = async |code: &str| {
        let body = json!({ "code": code });
        alice
            .own(Method::POST, "/v1/totp/disable", Some(&body))
            .await
    };
    let reply = disable(&next).await;
    reply.assert_refused("a replayed code", 401, -9102, WRONG_CODE);
    assert_eq!(disable(&recovery_codes[1]).await.ok(), json!({}));
    log_in(&alice, password, None).await.ok();
}

#[tokio::test]
async fn guessing_is_made_slow_for_the_name_and_for_the_address() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let alice = Trader::join(&server, "alice").await;
    let bob = Trader::join(&server, "bob").await;
    for _ in 0..5 {
        let reply = log_in(&alice, "wrong horse", None).await;
        reply.assert_refused("the wrong password", 401, -1002, WRONG);
    }
    // All of them came from here, so nobody logs in from here for a while.
    for trader in [&alice, &bob] {
        let reply = log_in(trader, &trader.password, None).await;
        reply.assert_refused("the right password", 429, -1003, THROTTLED);
        let wait = reply
            .header("retry-after")
            .and_then(|wait| wait.parse().ok());
        assert!(wait.is_some_and(|wait: u64| (1..=30).contains(&wait)));
    }
    alice.own(Method::GET, "/v1/session", None).await.ok();
}

/// The same trader with another key.
async fn with_key(trader: &Trader, request: &Value) -> Trader {
    let key = trader.own(Method::POST, "/v1/api-keys", Some(request));
    let key = key.await.ok();
    Trader {
        api_key: text(&key, "apiKey").into(),
        secret_key: key["secretKey"].as_str().unwrap_or_default().into(),
        ..trader.clone()
    }
}

#[tokio::test]
async fn a_key_does_what_it_is_for_from_where_it_may() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let elsewhere = json!({ "addresses": ["192.0.2.0/24", "2001:db8::1"] });
    let elsewhere = with_key(&alice, &elsewhere).await;
    let here = with_key(
        &alice,
        &json!({ "addresses": ["192.0.2.1", "127.0.0.0/8"] }),
    )
    .await;
    let reader = with_key(&alice, &json!({ "label": "reader", "scopes": ["read"] })).await;
    let none = with_key(&alice, &json!({ "scopes": [] })).await;
    let order = [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("price", "100"),
        ("quantity", "0.1"),
    ];

    for (who, looks, trades) in [
        (&elsewhere, false, false),
        (&here, true, true),
        (&reader, true, false),
        (&none, false, false),
    ] {
        for (reply, permitted) in [
            (who.get("account", &[]).await, looks),
            (who.post("order", &order).await, trades),
        ] {
            if permitted {
                reply.ok();
            } else {
                reply.assert_refused("not permitted", 401, -2015, NOT_PERMITTED);
            }
        }
    }

    let keys = alice.own(Method::GET, "/v1/api-keys", None).await.ok();
    let shown = |key: &Trader| {
        let mut keys = list(&keys).iter();
        let found = keys.find(|it| it["apiKey"] == key.api_key.as_str());
        found.expect("it is listed").clone()
    };
    assert_eq!(shown(&reader)["scopes"], json!(["read"]));
    let networks = json!(["192.0.2.0/24", "2001:db8::1/128"]);
    assert_eq!(shown(&elsewhere)["addresses"], networks);
    assert!(shown(&here)["lastUsed"].is_u64());
    assert!(shown(&elsewhere)["lastUsed"].is_null());

    for (request, msg) in [
        (
            json!({ "addresses": ["nowhere"] }),
            "addresses are at most 30 IP addresses or networks, as in 192.0.2.7 and 2001:db8::/32",
        ),
        (
            json!({ "publicKey": "no key" }),
            "a public key is an Ed25519 key, as PEM (SPKI) or its 32 bytes in base64",
        ),
        (
            json!({ "scopes": ["everything"] }),
            "The request body does not have the fields it must have.",
        ),
    ] {
        let reply = alice
            .own(Method::POST, "/v1/api-keys", Some(&request))
            .await;
        reply.assert_refused(&request.to_string(), 400, -1100, msg);
    }
}

#[tokio::test]
async fn an_order_is_signed_with_a_key_that_the_exchange_does_not_have() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let signing = SigningKey::from_bytes(&[7; 32]);
    let request = json!({ "publicKey": BASE64.encode(signing.verifying_key()) });
    let created = alice.own(Method::POST, "/v1/api-keys", Some(&request));
    let created = created.await.ok();
    assert_shape("a key without a secret", &created, &[("apiKey", T)]);
    let signer = Trader {
        api_key: text(&created, "apiKey").into(),
        ..alice.clone()
    };

    let place = async |id: u64, signed: &dyn Fn(&str) -> String| {
        let order = format!(
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&price=100&quantity=0.1\
             &newClientOrderId=signed-{id}&recvWindow=60000&timestamp={}",
            now_millis()
        );
        let signature = signed(&order);
        let signature: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
        let query = format!("{order}&signature={signature}");
        send(signer.keyed(Method::POST, "order", &query, "")).await
    };
    let sign = |order: &str| BASE64.encode(signing.sign(order.as_bytes()).to_bytes());
    // Many, so that some signature has every character of the alphabet that forms treat as special.
    for id in 0..10 {
        assert_eq!(place(id, &sign).await.ok()["status"], "NEW");
    }
    let msg = "Signature for this request is not valid.";
    let other = SigningKey::from_bytes(&[8; 32]);
    let forgeries: [&dyn Fn(&str) -> String; 3] = [
        &|order| BASE64.encode(other.sign(order.as_bytes()).to_bytes()),
        &|order| sign(&order.replace("quantity=0.1", "quantity=0.2")),
        &|order| alice.sign(order.as_bytes()),
    ];
    for forged in forgeries {
        let reply = place(100, forged).await;
        reply.assert_refused("another signature", 400, -1022, msg);
    }
    assert_eq!(list(&alice.open_orders().await).len(), 10);
}

#[tokio::test]
async fn the_trail_is_its_owners() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let alice = Trader::join(&server, "alice").await;
    let bob = Trader::join(&server, "bob").await;
    let trail = async |trader: &Trader, query: &str| {
        let path = format!("/v1/audit{query}");
        trader.own(Method::GET, &path, None).await.ok()
    };
    log_in(&alice, "wrong horse", None).await;
    // Noted without anybody waiting for it.
    eventually("the refusal is noted", async || {
        let newest = trail(&alice, "?limit=1").await;
        (newest[0]["event"] == "LOGIN_REFUSED").then_some(())
    })
    .await;
    let path = format!("/v1/api-keys/{}", alice.api_key);
    alice.own(Method::DELETE, &path, None).await.ok();

    let told = trail(&alice, "").await;
    let shape = [
        ("id", I),
        ("time", I),
        ("event", T),
        ("subject", T),
        ("address", T),
        ("userAgent", T),
    ];
    let events: Vec<_> = list(&told)
        .iter()
        .inspect(|entry| assert_shape("an entry", entry, &shape))
        .inspect(|entry| assert_eq!(entry["address"], "127.0.0.1"))
        .map(|entry| (text(entry, "event"), text(entry, "subject")))
        .collect();
    let key = alice.api_key.as_str();
    assert_eq!(
        events,
        [
            ("API_KEY_REVOKED", key),
            ("LOGIN_REFUSED", ""),
            ("API_KEY_CREATED", key),
            ("LOGGED_IN", ""),
            ("REGISTERED", ""),
        ]
    );
    assert_eq!(list(&trail(&bob, "").await).len(), 3);
    let before = told[1]["id"].to_string();
    let page = trail(&alice, &format!("?limit=2&before={before}")).await;
    assert_eq!(list(&page), &list(&told)[2..4]);
    let reply = alice.own(Method::GET, "/v1/audit?limit=0", None).await;
    assert_eq!(reply.json()["code"], -1102);

    // It outlives the process.
    let server = server.restart().await;
    let alice = alice.at(&server);
    assert_eq!(trail(&alice, "").await, told);
}
