//! Sessions in a browser: the cookie, what it opens, and what keeps other sites from using it.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::http::send;
use crate::harness::shape::{F, I, T, assert_shape};
use crate::harness::{Http, Reply, Server, Trader, list, new_dir, number, text};

const NOT_AUTHORIZED: &str = "You are not authorized to execute this request.";
const FOREIGN: &str =
    "This request may come from another site: its Origin is not the host it was sent to.";
const BAD_KEY: &str = "API-key format invalid.";
const UNKNOWN_KEY: &str = "Invalid API-key, IP, or permissions for action.";
const MONEY: &[(&str, &str)] = &[("USDT", "1000"), ("BTC", "1")];

/// Everything that is done in the name of an account, with parameters that are good.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/api/v3/account"),
    ("GET", "/api/v3/openOrders"),
    ("GET", "/api/v3/myTrades?symbol=BTCUSDT"),
    ("GET", "/api/v3/order?symbol=BTCUSDT&origClientOrderId=bid"),
    (
        "POST",
        "/api/v3/order/test?symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1",
    ),
    (
        "POST",
        "/api/v3/order?symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&price=100&quantity=0.1",
    ),
    (
        "DELETE",
        "/api/v3/order?symbol=BTCUSDT&origClientOrderId=bid",
    ),
    ("DELETE", "/api/v3/openOrders?symbol=BTCUSDT"),
];

/// What a request proves itself with, and how it is refused.
type Case<'a> = (&'a [(&'a str, &'a str)], (u16, i64, &'a str));

fn method(name: &str) -> Method {
    name.parse().expect("it is a method")
}

/// A browser: it keeps a cookie, and tells which page a request is made from.
struct Browser {
    http: Http,
    host: String,
    token: String,
}

impl Browser {
    fn of(server: &Server, trader: &Trader) -> Self {
        Self {
            http: server.http(),
            host: server.address().to_string(),
            token: trader.token.clone(),
        }
    }

    /// A request with the cookie.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookie = format!("theme=dark; session={}", self.token);
        self.http.request(method, path).header("Cookie", cookie)
    }

    /// A request that the exchange's own page makes.
    async fn own(&self, method: Method, path: &str) -> Reply {
        let origin = format!("http://{}", self.host);
        send(self.request(method, path).header("Origin", origin)).await
    }
}

async fn log_in(http: &Http, trader: &Trader, origin: Option<&str>) -> Reply {
    let who = json!({ "username": trader.name, "password": trader.password });
    let mut request = http.request(Method::POST, "/v1/login").json(&who);
    if let Some(origin) = origin {
        request = request.header("Origin", origin);
    }
    send(request).await
}

#[tokio::test]
async fn a_login_sets_a_cookie_and_a_logout_takes_it_back() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &["--faucet"]).await;
    let alice = Trader::join(&server, "Alice").await;
    let mut browser = Browser::of(&server, &alice);
    let host = browser.host.clone();

    for (origin, secure) in [
        (None, ""),
        (Some(format!("http://{host}")), ""),
        (Some(format!("https://{host}")), "; Secure"),
    ] {
        let reply = log_in(&browser.http, &alice, origin.as_deref()).await;
        browser.token = text(&reply.ok(), "token").into();
        let expected = format!(
            "session={}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000{secure}",
            browser.token
        );
        assert_eq!(reply.header("set-cookie"), Some(expected.as_str()));
    }
    let wrong = json!({ "username": "Alice", "password": "wrong horse" });
    let reply = browser.http.post_json("/v1/login", &wrong).await;
    assert_eq!((reply.status, reply.header("set-cookie")), (401, None));

    let session = browser.own(Method::GET, "/v1/session").await.ok();
    let shape = [
        ("accountId", I),
        ("username", T),
        ("faucet", F),
        ("secondFactor", F),
    ];
    assert_shape("a session", &session, &shape);
    assert_eq!(text(&session, "username"), "Alice");
    assert_eq!(session["faucet"], true);

    let reply = browser.own(Method::POST, "/v1/logout").await;
    assert_eq!(reply.ok(), json!({}));
    assert_eq!(
        reply.header("set-cookie"),
        Some("session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0")
    );
    for (method, path) in [(Method::GET, "/v1/session"), (Method::POST, "/v1/logout")] {
        let reply = browser.own(method, path).await;
        reply.assert_refused("a session that is over", 401, -1002, NOT_AUTHORIZED);
    }
}

#[tokio::test]
async fn a_session_trades_without_a_key() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let browser = Browser::of(&server, &alice);
    let limit = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=";

    // With the cookie, parameters in the query.
    let path = format!("/api/v3/order?{limit}100&newClientOrderId=first");
    let placed = browser.own(Method::POST, &path).await.ok();
    assert_eq!(placed["status"], "NEW");
    // With the token, parameters in the body, and no Origin: only cookies need one.
    let request = alice.http.request(Method::POST, "/api/v3/order");
    let request = request
        .bearer_auth(&alice.token)
        .body(format!("{limit}200"));
    assert_eq!(send(request).await.ok()["status"], "NEW");

    let open = browser.own(Method::GET, "/api/v3/openOrders").await.ok();
    assert_eq!(list(&open).len(), 2);
    assert_eq!(open, alice.open_orders().await, "the same as with the key");
    let account = browser.own(Method::GET, "/api/v3/account").await.ok();
    assert_eq!(account, alice.account().await);

    let path = "/api/v3/order?symbol=BTCUSDT&origClientOrderId=first";
    let cancelled = browser.own(Method::DELETE, path).await.ok();
    assert_eq!(number(&cancelled, "orderId"), number(&placed, "orderId"));
    let path = "/api/v3/openOrders?symbol=BTCUSDT";
    let cancelled = browser.own(Method::DELETE, path).await.ok();
    assert_eq!(list(&cancelled).len(), 1);

    // Refusals are those of signed requests.
    let path = format!("/api/v3/order?{limit}100000");
    let reply = browser.own(Method::POST, &path).await;
    let msg = "Account has insufficient balance for requested action.";
    reply.assert_refused("too much", 400, -2010, msg);
    let path = format!("/api/v3/order?{limit}");
    let reply = browser.own(Method::POST, &path).await;
    let msg = "Mandatory parameter 'price' was not sent, was empty/null, or malformed.";
    reply.assert_refused("no price", 400, -1102, msg);

    // The session outlives the process.
    let server = server.restart().await;
    let browser = Browser::of(&server, &alice);
    let account = browser.own(Method::GET, "/api/v3/account").await;
    account.ok();
}

#[tokio::test]
async fn no_route_takes_wrong_credentials() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let bob = Trader::join(&server, "bob").await;
    bob.own(Method::POST, "/v1/logout", None).await.ok();
    let params = [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("price", "100"),
        ("quantity", "0.1"),
        ("newClientOrderId", "bid"),
    ];
    alice.post("order", &params).await.ok();
    let before = (alice.account().await, alice.open_orders().await);

    let good_cookie = format!("session={}", alice.token);
    let good_bearer = format!("Bearer {}", alice.token);
    let over = format!("session={}", bob.token);
    let truncated = format!("session={}", &alice.token[1..]);
    let upper = format!("session={}", alice.token.to_uppercase());
    let own = format!("http://{}", server.address());
    let missed = (401, -2014, BAD_KEY);
    let refused = (401, -1002, NOT_AUTHORIZED);
    let cases: &[Case<'_>] = &[
        (&[], missed),
        (&[("Cookie", "theme=dark")], missed),
        (&[("Cookie", "session=")], refused),
        (&[("Cookie", "session=no-such-token")], refused),
        (&[("Cookie", &over)], refused),
        (&[("Cookie", &truncated)], refused),
        (&[("Cookie", &upper)], refused),
        (&[("Authorization", "Bearer no-such-token")], refused),
        (&[("Authorization", "Bearer")], refused),
        (&[("Authorization", &good_cookie)], refused),
        // What is presented has to be good: a good cookie does not stand in for it.
        (
            &[("Authorization", "Basic YTpi"), ("Cookie", &good_cookie)],
            refused,
        ),
        (
            &[("Authorization", "Bearer x"), ("Cookie", &good_cookie)],
            refused,
        ),
        (&[("X-MBX-APIKEY", ""), ("Cookie", &good_cookie)], missed),
        (
            &[("X-MBX-APIKEY", ""), ("Authorization", &good_bearer)],
            missed,
        ),
        (&[("X-MBX-APIKEY", "a b"), ("Cookie", &good_cookie)], missed),
        (
            &[("X-MBX-APIKEY", "unknown"), ("Cookie", &good_cookie)],
            (401, -2015, UNKNOWN_KEY),
        ),
        (
            &[("X-MBX-APIKEY", &alice.api_key), ("Cookie", &good_cookie)],
            (
                400,
                -1102,
                "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.",
            ),
        ),
    ];
    for (verb, path) in ROUTES {
        for (headers, (status, code, msg)) in cases {
            let mut request = alice.http.request(method(verb), path);
            request = request.header("Origin", &own);
            for (name, value) in *headers {
                request = request.header(*name, *value);
            }
            let names: Vec<_> = headers
                .iter()
                .map(|(name, value)| (name, value.len()))
                .collect();
            let what = format!("{verb} {path} {names:?}");
            send(request)
                .await
                .assert_refused(&what, *status, *code, msg);
        }
    }
    let after = (alice.account().await, alice.open_orders().await);
    assert_eq!(before, after, "nothing has happened");
}

#[tokio::test]
async fn other_sites_cannot_use_the_cookie() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let browser = Browser::of(&server, &alice);
    let before = (alice.account().await, alice.open_orders().await);

    let port = server.address().port();
    let origins = [
        None,
        Some("null".to_owned()),
        Some("http://evil.example".to_owned()),
        Some("http://127.0.0.1".to_owned()),
        Some(format!("http://localhost:{port}")),
        Some(format!("http://127.0.0.1:{port}.evil.example")),
        Some(format!("http://evil.example/127.0.0.1:{port}")),
        Some(server.address().to_string()),
    ];
    let own = [
        ("POST", "/v1/logout"),
        ("POST", "/v1/api-keys"),
        ("DELETE", "/v1/api-keys/x"),
        ("POST", "/v1/session/rotate"),
        ("DELETE", "/v1/sessions"),
        ("DELETE", "/v1/sessions/1"),
        ("POST", "/v1/password"),
        ("POST", "/v1/totp"),
        ("POST", "/v1/totp/confirm"),
        ("POST", "/v1/totp/disable"),
        ("POST", "/v1/faucet"),
    ];
    for (verb, path) in ROUTES.iter().chain(&own) {
        for origin in &origins {
            let mut request = browser.request(method(verb), path);
            if let Some(origin) = origin {
                request = request.header("Origin", origin);
            }
            let reply = send(request).await;
            let what = format!("{verb} {path} from {origin:?}");
            if *verb == "GET" {
                // It changes nothing, and other sites cannot read what it answers.
                assert_ne!(reply.status, 403, "{what}");
                assert_eq!(reply.header("access-control-allow-origin"), None, "{what}");
            } else {
                reply.assert_refused(&what, 403, -1002, FOREIGN);
            }
        }
    }
    // Nor can they log anybody in; programs, which tell no origin, can.
    for origin in origins.iter().flatten() {
        let reply = log_in(&browser.http, &alice, Some(origin)).await;
        reply.assert_refused(origin, 403, -1002, FOREIGN);
        assert_eq!(reply.header("set-cookie"), None);
    }
    log_in(&browser.http, &alice, None).await.ok();

    let after = (alice.account().await, alice.open_orders().await);
    assert_eq!(before, after, "nothing has happened");
    browser.own(Method::GET, "/v1/session").await.ok();
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_at_once() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let bob = Trader::join(&server, "bob").await;
    let another = async || {
        let who = json!({ "username": "alice", "password": alice.password });
        let request = alice.http.request(Method::POST, "/v1/login").json(&who);
        let reply = send(request.header("User-Agent", "phone/1.0")).await;
        Trader {
            token: text(&reply.ok(), "token").into(),
            ..alice.clone()
        }
    };
    let phone = another().await;

    let listed = alice.own(Method::GET, "/v1/sessions", None).await.ok();
    let sessions = list(&listed);
    let shape = [
        ("id", I),
        ("created", I),
        ("lastUsed", I),
        ("expires", I),
        ("address", T),
        ("userAgent", T),
        ("current", F),
    ];
    for session in sessions {
        assert_shape("a session", session, &shape);
        assert_eq!(session["address"], "127.0.0.1");
    }
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["userAgent"], "phone/1.0");
    let current: Vec<_> = sessions.iter().map(|it| &it["current"]).collect();
    assert_eq!(current, [false, true]);
    assert!(!listed.to_string().contains(&phone.token));

    let path = format!("/v1/sessions/{}", number(&sessions[0], "id"));
    for (trader, path) in [(&bob, &*path), (&alice, "/v1/sessions/no-number")] {
        let reply = trader.own(Method::DELETE, path, None).await;
        reply.assert_refused(path, 400, -1100, "no such session");
    }
    phone.own(Method::GET, "/v1/session", None).await.ok();
    alice.own(Method::DELETE, &path, None).await.ok();
    let reply = phone.own(Method::GET, "/v1/session", None).await;
    reply.assert_refused("a revoked session", 401, -1002, NOT_AUTHORIZED);

    let (phone, desktop) = (another().await, another().await);
    alice.own(Method::DELETE, "/v1/sessions", None).await.ok();
    for ended in [phone, desktop] {
        let reply = ended.own(Method::GET, "/v1/session", None).await;
        reply.assert_refused("a revoked session", 401, -1002, NOT_AUTHORIZED);
    }
    alice.own(Method::GET, "/v1/session", None).await.ok();
    bob.own(Method::GET, "/v1/session", None).await.ok();
}

#[tokio::test]
async fn a_token_is_new_with_each_login_and_when_it_is_asked_for() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let alice = Trader::join(&server, "alice").await;
    let mut browser = Browser::of(&server, &alice);

    // A cookie that somebody else has planted does not become the one of whoever logs in.
    let who = json!({ "username": "alice", "password": alice.password });
    for planted in ["planted", &"0".repeat(64), &alice.token] {
        let request = alice.http.request(Method::POST, "/v1/login").json(&who);
        let reply = send(request.header("Cookie", format!("session={planted}"))).await;
        assert_ne!(text(&reply.ok(), "token"), planted);
    }

    let reply = browser.own(Method::POST, "/v1/session/rotate").await;
    let token: String = text(&reply.ok(), "token").into();
    let expected = format!("session={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000");
    assert_eq!(reply.header("set-cookie"), Some(expected.as_str()));
    let reply = browser.own(Method::GET, "/v1/session").await;
    reply.assert_refused("the old token", 401, -1002, NOT_AUTHORIZED);
    browser.token = token;
    browser.own(Method::GET, "/v1/session").await.ok();
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let alice = Trader::join(&server, "alice").await;
    let elsewhere = log_in(&alice.http, &alice, None).await.ok();
    let elsewhere = Trader {
        token: text(&elsewhere, "token").into(),
        ..alice.clone()
    };
    let change = async |old: &str, new: &str| {
        let body = json!({ "oldPassword": old, "newPassword": new });
        alice.own(Method::POST, "/v1/password", Some(&body)).await
    };
    let reply = change("wrong horse", "another horse").await;
    reply.assert_refused("the wrong one", 403, -1002, "The password is wrong.");
    let reply = change(&alice.password, "short").await;
    let msg = "a password has at least 8 bytes";
    reply.assert_refused("a short one", 400, -1100, msg);
    elsewhere.own(Method::GET, "/v1/session", None).await.ok();
    assert_eq!(
        change(&alice.password, "another horse").await.ok(),
        json!({})
    );

    let reply = elsewhere.own(Method::GET, "/v1/session", None).await;
    reply.assert_refused("another session", 401, -1002, NOT_AUTHORIZED);
    alice.own(Method::GET, "/v1/session", None).await.ok();
    let reply = log_in(&alice.http, &alice, None).await;
    let msg = "The username or the password is wrong.";
    reply.assert_refused("the old password", 401, -1002, msg);
    let alice = Trader {
        password: "another horse".into(),
        ..alice.clone()
    };
    log_in(&alice.http, &alice, None).await.ok();
}
