//! Everything that is not for everybody, asked for in every wrong way.
//!
//! What there is, and for whom, is what the server itself says in its description of the API: a route
//! that is added is tested here as soon as it is described.

mod encodings;
mod limits;
mod methods;
mod proxies;
mod rest;
mod transport;

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Server, Trader, now_millis, text};

/// Parameters that are good for every operation: each takes what it knows of them. The order is one of
/// Alice's.
const PARAMS: &[(&str, &str)] = &[
    ("symbol", "BTCUSDT"),
    ("side", "BUY"),
    ("type", "LIMIT"),
    ("timeInForce", "GTC"),
    ("quantity", "0.02"),
    ("price", "40000"),
    ("origClientOrderId", "resting"),
    ("cancelOrigClientOrderId", "resting"),
    ("cancelReplaceMode", "STOP_ON_FAILURE"),
    ("newQty", "0.01"),
    ("asset", "USDT"),
];

/// An operation as the server describes it.
#[derive(Debug, Clone)]
struct Operation {
    method: Method,
    path: String,
    /// Its name in the WebSocket API.
    socket: Option<String>,
    /// What may prove who asks; nothing where anybody may.
    ways: Vec<String>,
}

impl Operation {
    fn takes(&self, way: &str) -> bool {
        self.ways.iter().any(|known| known == way)
    }

    /// Whether it has to be signed, where no session asks.
    fn is_signed(&self) -> bool {
        self.takes("apiKey") && self.takes("token")
    }

    /// Whether a key alone is enough.
    fn is_keyed(&self) -> bool {
        self.takes("apiKey") && !self.takes("token")
    }

    /// Whether a key that may only read is not enough.
    fn trades(&self) -> bool {
        self.is_signed() && self.method != Method::GET
    }
}

/// Alice, who has something to lose, and keys of hers that do not do.
struct Stage {
    server: Server,
    alice: Trader,
    bob: Trader,
    operations: Vec<Operation>,
    listen_key: String,
    /// May only read.
    reader: Trader,
    /// May nothing.
    idle: Trader,
    /// May be used from somewhere else only.
    elsewhere: Trader,
    revoked: Trader,
    /// Tokens that were good once.
    old_tokens: Vec<String>,
}

impl Stage {
    async fn set(dir: &Path) -> Self {
        let server = Server::with_faucet(dir).await;
        let alice = Trader::funded(&server, "alice", &[("USDT", "10000")]).await;
        let bob = Trader::funded(&server, "bob", &[("BTC", "1")]).await;
        let mut order = PARAMS[..6].to_vec();
        order.push(("newClientOrderId", "resting"));
        alice.post("order", &order).await.ok();
        let request = alice.http.request(Method::POST, "/api/v3/userDataStream");
        let request = request.header("X-MBX-APIKEY", &alice.api_key);
        let listen_key = crate::harness::http::send(request).await.ok();
        let revoked = with_key(&alice, json!({})).await;
        let path = format!("/v1/api-keys/{}", revoked.api_key);
        alice.own(Method::DELETE, &path, None).await.ok();
        Self {
            operations: described(&server).await,
            listen_key: text(&listen_key, "listenKey").into(),
            reader: with_key(&alice, json!({ "scopes": ["read"] })).await,
            idle: with_key(&alice, json!({ "scopes": [] })).await,
            elsewhere: with_key(&alice, json!({ "addresses": ["192.0.2.0/24"] })).await,
            revoked,
            old_tokens: old_tokens(&alice).await,
            server,
            alice,
            bob,
        }
    }

    /// The query that asks for something, before it is signed.
    fn query(&self, timestamp: u64) -> String {
        let pairs = PARAMS.iter().map(|(name, value)| format!("{name}={value}"));
        let pairs: Vec<_> = pairs.collect();
        let listen_key = &self.listen_key;
        let pairs = pairs.join("&");
        format!("{pairs}&listenKey={listen_key}&recvWindow=60000&timestamp={timestamp}")
    }

    /// What nobody without the right to it may change.
    async fn state(&self) -> Vec<Value> {
        let mut state = Vec::new();
        for trader in [&self.alice, &self.bob] {
            state.extend([trader.account().await, trader.open_orders().await]);
            for path in ["/v1/api-keys", "/v1/sessions", "/v1/session", "/v1/audit"] {
                let mut answer = trader.own(Method::GET, path, None).await.ok();
                // Asking is a use.
                for entry in answer.as_array_mut().into_iter().flatten() {
                    let entry = entry.as_object_mut().expect("an object");
                    entry.retain(|name, _| name != "lastUsed" && name != "expires");
                }
                state.push(answer);
            }
        }
        state
    }
}

/// Alice with another key.
async fn with_key(alice: &Trader, request: Value) -> Trader {
    let key = alice.own(Method::POST, "/v1/api-keys", Some(&request));
    let key = key.await.ok();
    Trader {
        api_key: text(&key, "apiKey").into(),
        secret_key: text(&key, "secretKey").into(),
        ..alice.clone()
    }
}

async fn log_in(trader: &Trader) -> String {
    let who = json!({ "username": trader.name, "password": trader.password });
    let session = trader.http.post_json("/v1/login", &who).await.ok();
    text(&session, "token").into()
}

/// Tokens of a session that was logged out, of one that was ended by another, and one that has another
/// token now.
async fn old_tokens(alice: &Trader) -> Vec<String> {
    let mut tokens = Vec::new();
    for path in ["/v1/logout", "/v1/session/rotate"] {
        let token = log_in(alice).await;
        let session = Trader {
            token,
            ..alice.clone()
        };
        session.own(Method::POST, path, None).await.ok();
        tokens.push(session.token);
    }
    tokens.push(log_in(alice).await);
    alice.own(Method::DELETE, "/v1/sessions", None).await.ok();
    tokens
}

async fn described(server: &Server) -> Vec<Operation> {
    let api = server.http().json("/openapi.json").await;
    let paths = api["paths"].as_object().expect("paths");
    let mut operations = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            let ways = operation["security"].as_array().expect("who may ask");
            let ways = ways
                .iter()
                .flat_map(|way| way.as_object().expect("a way").keys());
            let socket = operation["description"].as_str().unwrap_or_default();
            operations.push(Operation {
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                socket: socket.split('`').nth(1).map(Into::into),
                ways: ways.cloned().collect(),
            });
        }
    }
    operations
}

/// An exchange of which the sample configuration is changed in these places.
async fn configured(dir: &Path, changes: &[(&str, &str)]) -> Server {
    let mut sample = include_str!("../../exchange.sample.toml").to_owned();
    for (from, to) in changes {
        assert!(sample.contains(from), "{from}");
        sample = sample.replace(from, to);
    }
    let config = dir.join("exchange.toml");
    std::fs::write(&config, sample).expect("the directory can be written");
    let config = config.to_str().expect("a temporary path is text");
    Server::start(&dir.join("data"), &["--faucet", "--config", config]).await
}

/// When a request was made that comes too late, and when one that comes too early.
fn wrong_times() -> [u64; 2] {
    [now_millis() - 61_000, now_millis() + 120_000]
}
