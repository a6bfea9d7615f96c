//! Every route.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::{Operation, Stage, log_in, wrong_times};
use crate::harness::http::send;
use crate::harness::{Reply, Trader, list, new_dir, now_millis};

/// A status and a code.
type Refusal = (u16, i64);

const NO_KEY: Refusal = (401, -2014);
const WRONG_KEY: Refusal = (401, -2015);
const BAD_SIGNATURE: Refusal = (400, -1022);
const BAD_TIME: Refusal = (400, -1021);
const NOT_SENT: Refusal = (400, -1102);
const NO_SESSION: Refusal = (401, -1002);
const FOREIGN: Refusal = (403, -1002);

/// What is asked, in which wrong way, and how it is refused.
struct Wrong(&'static str, RequestBuilder, Refusal);

impl Stage {
    fn ask(&self, operation: &Operation, query: &str) -> RequestBuilder {
        let path = operation.path.replace("{key}", &self.alice.api_key);
        // There is no such session; who may ask is found out before that.
        let path = path.replace("{id}", "1");
        let request = self
            .alice
            .http
            .request(operation.method.clone(), &format!("{path}?{query}"));
        if operation.method == Method::GET || !operation.path.starts_with("/v1/") {
            return request;
        }
        request.json(&json!({}))
    }

    fn signed(&self, operation: &Operation, who: &Trader) -> RequestBuilder {
        self.made_at(operation, who, now_millis())
    }

    fn made_at(&self, operation: &Operation, who: &Trader, timestamp: u64) -> RequestBuilder {
        let query = self.query(timestamp);
        let query = format!("{query}&signature={}", who.sign(query.as_bytes()));
        self.ask(operation, &query)
            .header("X-MBX-APIKEY", &who.api_key)
    }

    fn wrong_keys(&self, operation: &Operation) -> Vec<Wrong> {
        let bare = || {
            let query = self.query(now_millis());
            let query = format!("{query}&signature={}", self.alice.sign(query.as_bytes()));
            self.ask(operation, &query)
        };
        let named = |name: &str| bare().header("X-MBX-APIKEY", name);
        let spoofed = self.signed(operation, &self.elsewhere);
        let spoofed = spoofed.header("X-Forwarded-For", "192.0.2.1");
        let mut wrong = vec![
            Wrong("no key", bare(), NO_KEY),
            Wrong("an empty key", named(""), NO_KEY),
            Wrong("a malformed key", named("not a key!"), NO_KEY),
            Wrong("an unknown key", named(&"A".repeat(64)), WRONG_KEY),
            Wrong(
                "a key for nothing",
                self.signed(operation, &self.idle),
                WRONG_KEY,
            ),
            Wrong(
                "a key for elsewhere",
                self.signed(operation, &self.elsewhere),
                WRONG_KEY,
            ),
            Wrong("a key for elsewhere, spoofed", spoofed, WRONG_KEY),
            Wrong(
                "a revoked key",
                self.signed(operation, &self.revoked),
                WRONG_KEY,
            ),
        ];
        if operation.trades() {
            let reader = self.signed(operation, &self.reader);
            wrong.push(Wrong("a key for reading", reader, WRONG_KEY));
        }
        wrong
    }

    fn wrong_signatures(&self, operation: &Operation) -> Vec<Wrong> {
        let alice = &self.alice;
        let keyed = |query: &str| {
            self.ask(operation, query)
                .header("X-MBX-APIKEY", &alice.api_key)
        };
        let good = self.query(now_millis());
        let signature = alice.sign(good.as_bytes());
        let with = |query: &str| keyed(&format!("{query}&signature={signature}"));
        let by = |signature: &str| keyed(&format!("{good}&signature={signature}"));
        let of_bob = self.ask(operation, &format!("{good}&signature={signature}"));
        let of_bob = of_bob.header("X-MBX-APIKEY", &self.bob.api_key);
        let no_time = "symbol=BTCUSDT";
        let no_time = format!("{no_time}&signature={}", alice.sign(no_time.as_bytes()));
        let [late, early] = wrong_times();
        let mut wrong = vec![
            Wrong("the key of somebody else", of_bob, BAD_SIGNATURE),
            Wrong(
                "the secret of somebody else",
                by(&self.bob.sign(good.as_bytes())),
                BAD_SIGNATURE,
            ),
            Wrong("a wrong signature", by(&"0".repeat(64)), BAD_SIGNATURE),
            Wrong("no signature", keyed(&good), NOT_SENT),
            Wrong("an empty signature", by(""), NOT_SENT),
            Wrong("no time", keyed(&no_time), NOT_SENT),
            Wrong(
                "something changed",
                with(&good.replace("=0.02", "=0.2")),
                BAD_SIGNATURE,
            ),
            Wrong(
                "something added",
                with(&format!("{good}&limit=1")),
                BAD_SIGNATURE,
            ),
            Wrong(
                "something added before",
                with(&format!("limit=1&{good}")),
                BAD_SIGNATURE,
            ),
            Wrong(
                "something left out",
                with(&good.replace("side=BUY&", "")),
                BAD_SIGNATURE,
            ),
            Wrong("too late", self.made_at(operation, alice, late), BAD_TIME),
            Wrong("too early", self.made_at(operation, alice, early), BAD_TIME),
        ];
        // Where parameters may be in the body, what was signed could be cut elsewhere: 0.02 into 0.0.
        if operation.method != Method::GET && operation.path.starts_with("/api/") {
            let (query, body) = good.split_once("2&price").expect("it is there");
            let request = alice.http.request(
                operation.method.clone(),
                &format!("{}?signature={signature}&{query}", operation.path),
            );
            let request = request.header("X-MBX-APIKEY", &alice.api_key);
            let request = request.header("Content-Type", "application/x-www-form-urlencoded");
            let cut = request.body(format!("2&price{body}"));
            wrong.push(Wrong("cut elsewhere", cut, BAD_SIGNATURE));
        }
        wrong
    }

    fn wrong_sessions(&self, operation: &Operation) -> Vec<Wrong> {
        let query = self.query(now_millis());
        let host = format!("http://{}", self.server.address());
        let bare = || self.ask(operation, &query);
        let cookie = |token: &str| bare().header("Cookie", format!("session={token}"));
        let unknown = "0".repeat(64);
        let basic = bare().header("Authorization", "Basic YWxpY2U6Y29ycmVjdA==");
        let mut wrong = vec![
            Wrong("another scheme", basic, NO_SESSION),
            Wrong(
                "an empty token",
                bare().header("Authorization", "Bearer "),
                NO_SESSION,
            ),
            Wrong(
                "a key as a token",
                bare().bearer_auth(&self.alice.api_key),
                NO_SESSION,
            ),
        ];
        for token in self.old_tokens.iter().chain([&unknown]) {
            let of_browser = cookie(token).header("Origin", &host);
            wrong.push(Wrong(
                "a token that is not good",
                bare().bearer_auth(token),
                NO_SESSION,
            ));
            wrong.push(Wrong("a cookie that is not good", of_browser, NO_SESSION));
        }
        // A token that is not good is not made up for by a cookie that is.
        let both = cookie(&self.alice.token).header("Origin", &host);
        let both = both.bearer_auth(&unknown);
        wrong.push(Wrong("a wrong token and a good cookie", both, NO_SESSION));
        if operation.method != Method::GET {
            let good = || cookie(&self.alice.token);
            let evil = good().header("Origin", "http://evil.example");
            let like = good().header("Origin", format!("{host}.evil.example"));
            wrong.extend([
                Wrong("a cookie from nowhere", good(), FOREIGN),
                Wrong(
                    "a cookie from a secret place",
                    good().header("Origin", "null"),
                    FOREIGN,
                ),
                Wrong("a cookie from another site", evil, FOREIGN),
                Wrong("a cookie from a similar site", like, FOREIGN),
            ]);
        }
        wrong
    }

    fn wrong_ways(&self, operation: &Operation) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if operation.takes("apiKey") {
            wrong.extend(self.wrong_keys(operation));
        }
        if operation.is_signed() {
            wrong.extend(self.wrong_signatures(operation));
        }
        let with_token = self.ask(operation, "").bearer_auth(&self.alice.token);
        if operation.is_keyed() {
            wrong.push(Wrong("a session and no key", with_token, NO_KEY));
        } else {
            wrong.extend(self.wrong_sessions(operation));
        }
        if !operation.takes("apiKey") {
            let signed = self.signed(operation, &self.alice);
            wrong.push(Wrong("nothing at all", self.ask(operation, ""), NO_SESSION));
            wrong.push(Wrong("a signature and no session", signed, NO_SESSION));
        }
        wrong
    }

    /// The right way, which shows that it was what was wrong that was refused.
    async fn right_way(&self, operation: &Operation) -> Reply {
        if operation.takes("apiKey") {
            return send(self.signed(operation, &self.alice)).await;
        }
        let token = log_in(&self.alice).await;
        send(self.ask(operation, "").bearer_auth(token)).await
    }
}

#[tokio::test]
async fn no_route_is_opened_by_anything_but_the_right_proof() {
    let dir = new_dir();
    let stage = Stage::set(dir.path()).await;
    let guarded: Vec<_> = stage
        .operations
        .iter()
        .filter(|it| !it.ways.is_empty())
        .collect();
    let count = |of: fn(&Operation) -> bool| guarded.iter().filter(|it| of(it)).count();
    let kinds = [
        count(Operation::is_signed),
        count(Operation::is_keyed),
        count(Operation::trades),
    ];
    assert!(
        kinds[0] >= 15 && kinds[1] == 3 && kinds[2] >= 6,
        "{kinds:?}"
    );
    assert!(guarded.len() >= kinds[0] + kinds[1] + 15, "{guarded:?}");

    let before = stage.state().await;
    for operation in &guarded {
        for Wrong(what, request, expected) in stage.wrong_ways(operation) {
            let reply = send(request).await;
            let found = (reply.status, reply.json()["code"].as_i64().expect("a code"));
            let Operation { method, path, .. } = operation;
            assert_eq!(found, expected, "{method} {path}, {what}: {reply}");
            assert_eq!(reply.header("set-cookie"), None, "{path}, {what}");
        }
    }
    assert_eq!(stage.state().await, before);

    // Sessions and keys come to their end last.
    let (by_key, by_session): (Vec<&Operation>, Vec<_>) =
        guarded.into_iter().partition(|it| it.takes("apiKey"));
    for operation in by_key.into_iter().chain(by_session) {
        let reply = stage.right_way(operation).await;
        let refused = reply.status == 401 || reply.status == 403;
        let code = reply.json()["code"].as_i64();
        let is_proof = code.is_some_and(|code| [-1002, -1021, -1022, -2014, -2015].contains(&code));
        assert!(!refused && !is_proof, "{operation:?}: {reply}");
    }
}

#[tokio::test]
async fn a_request_that_is_sent_again_does_nothing_more() {
    let dir = new_dir();
    let stage = Stage::set(dir.path()).await;
    let alice = &stage.alice;
    let order = |window: u64, id: &str| {
        let timestamp = now_millis();
        let query = format!(
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.02&price=30000\
             &newClientOrderId={id}&recvWindow={window}&timestamp={timestamp}"
        );
        format!("{query}&signature={}", alice.sign(query.as_bytes()))
    };
    let again = async |query: &str| send(alice.keyed(Method::POST, "order", query, "")).await;

    let good = order(60_000, "once");
    let first = again(&good).await.ok();
    for _ in 0..3 {
        assert_eq!(again(&good).await.ok(), first);
    }
    assert_eq!(list(&alice.open_orders().await).len(), 2);

    // It may come too late the first time already; then, too, nothing happens afterwards.
    let short = order(1_500, "short");
    again(&short).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_600)).await;
    let before = stage.state().await;
    let reply = again(&short).await;
    assert_eq!(
        (reply.status, reply.json()["code"].as_i64()),
        (400, Some(-1021)),
        "{reply}"
    );
    assert_eq!(stage.state().await, before);
}
