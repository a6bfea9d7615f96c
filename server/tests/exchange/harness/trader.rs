//! Somebody with an account and an API key.

use std::fmt::Write;

use form_urlencoded::Serializer;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::Sha256;

use super::http::{send, try_send};
use super::{Http, Reply, Server, list, now_millis, number, text};

/// Where a client puts its parameters. All of these are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    Query,
    Body,
    /// The first half in the query, the rest in the body.
    Both,
}

/// A customer of one server.
#[derive(Debug, Clone)]
pub(crate) struct Trader {
    pub(crate) http: Http,
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) token: String,
    pub(crate) api_key: String,
    pub(crate) secret_key: String,
}

impl Trader {
    /// Registers, logs in and makes an API key.
    pub(crate) async fn join(server: &Server, name: &str) -> Self {
        let http = server.http();
        let password = format!("correct horse of {name}");
        let who = json!({ "username": name, "password": password });
        http.post_json("/v1/register", &who).await.ok();
        let session = http.post_json("/v1/login", &who).await.ok();
        let mut trader = Self {
            http,
            name: name.into(),
            password,
            token: text(&session, "token").into(),
            api_key: String::new(),
            secret_key: String::new(),
        };
        let key = trader.own(Method::POST, "/v1/api-keys", None).await.ok();
        trader.api_key = text(&key, "apiKey").into();
        trader.secret_key = text(&key, "secretKey").into();
        trader
    }

    /// Joins and takes from the faucet.
    pub(crate) async fn funded(server: &Server, name: &str, money: &[(&str, &str)]) -> Self {
        let trader = Self::join(server, name).await;
        for (asset, amount) in money {
            trader.deposit(asset, amount).await;
        }
        trader
    }

    /// The same trader, of the server as it was started again.
    pub(crate) fn at(&self, server: &Server) -> Self {
        Self {
            http: server.http(),
            ..self.clone()
        }
    }

    /// A request with the token of the session.
    pub(crate) async fn own(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let mut request = self.http.request(method, path).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        send(request).await
    }

    /// A request to one of the exchange's own routes, with a body that is sent as it is.
    pub(crate) async fn own_raw(&self, method: Method, path: &str, body: &'static str) -> Reply {
        let request = self.http.request(method, path).bearer_auth(&self.token);
        send(request.body(body)).await
    }

    pub(crate) async fn deposit(&self, asset: &str, amount: &str) {
        let body = json!({ "asset": asset, "amount": amount });
        self.own(Method::POST, "/v1/faucet", Some(&body)).await.ok();
    }

    /// HMAC-SHA256 of the text with the secret, in hexadecimal.
    pub(crate) fn sign(&self, payload: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret_key.as_bytes())
            .expect("HMAC takes keys of any length");
        mac.update(payload);
        let bytes = mac.finalize().into_bytes();
        let mut signature = String::with_capacity(64);
        for byte in bytes {
            write!(signature, "{byte:02x}").expect("a string takes all that is written");
        }
        signature
    }

    /// A request with these very query and body, as received, and the key.
    pub(crate) fn keyed(
        &self,
        method: Method,
        path: &str,
        query: &str,
        body: &str,
    ) -> RequestBuilder {
        let request = self
            .http
            .request(method, &format!("/api/v3/{path}?{query}"))
            .header("X-MBX-APIKEY", &self.api_key);
        if body.is_empty() {
            return request;
        }
        request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body.to_owned())
    }

    /// A signed request.
    pub(crate) fn signed(
        &self,
        method: Method,
        path: &str,
        params: &[(&str, &str)],
        place: Where,
    ) -> RequestBuilder {
        let timestamp = now_millis().to_string();
        let mut params = params.to_vec();
        // Tests share a machine: a request may lie around for a while.
        params.extend([("timestamp", timestamp.as_str()), ("recvWindow", "60000")]);
        let half = match place {
            Where::Query => params.len(),
            Where::Body => 0,
            Where::Both => params.len() / 2,
        };
        let encode = |pairs: &[(&str, &str)]| {
            let mut serializer = Serializer::new(String::new());
            serializer.extend_pairs(pairs).finish()
        };
        let (mut query, mut body) = (encode(&params[..half]), encode(&params[half..]));
        let signature = self.sign(format!("{query}{body}").as_bytes());
        // It is the last parameter of every client.
        let last = if body.is_empty() {
            &mut query
        } else {
            &mut body
        };
        last.push_str("&signature=");
        last.push_str(&signature);
        self.keyed(method, path, &query, &body)
    }

    pub(crate) async fn get(&self, path: &str, params: &[(&str, &str)]) -> Reply {
        send(self.signed(Method::GET, path, params, Where::Query)).await
    }

    pub(crate) async fn post(&self, path: &str, params: &[(&str, &str)]) -> Reply {
        send(self.signed(Method::POST, path, params, Where::Body)).await
    }

    pub(crate) async fn delete(&self, path: &str, params: &[(&str, &str)]) -> Reply {
        send(self.signed(Method::DELETE, path, params, Where::Query)).await
    }

    /// As [`Trader::post`] and the like, where the server may be gone.
    pub(crate) async fn attempt(
        &self,
        method: Method,
        path: &str,
        params: &[(&str, &str)],
    ) -> Option<Reply> {
        try_send(self.signed(method, path, params, Where::Query))
            .await
            .ok()
    }

    /// Places a limit order; what it is answered with.
    pub(crate) async fn limit(
        &self,
        symbol: &str,
        side: &str,
        price: &str,
        quantity: &str,
    ) -> Value {
        self.limit_with(symbol, side, price, quantity, "GTC").await
    }

    /// As [`Trader::limit`], for as long as it says.
    pub(crate) async fn limit_with(
        &self,
        symbol: &str,
        side: &str,
        price: &str,
        quantity: &str,
        time_in_force: &str,
    ) -> Value {
        let params = [
            ("symbol", symbol),
            ("side", side),
            ("type", "LIMIT"),
            ("timeInForce", time_in_force),
            ("price", price),
            ("quantity", quantity),
        ];
        self.post("order", &params).await.ok()
    }

    pub(crate) async fn market(&self, symbol: &str, side: &str, quantity: &str) -> Value {
        let params = [
            ("symbol", symbol),
            ("side", side),
            ("type", "MARKET"),
            ("quantity", quantity),
        ];
        self.post("order", &params).await.ok()
    }

    pub(crate) async fn cancel(&self, symbol: &str, order: &Value) -> Value {
        let id = number(order, "orderId").to_string();
        let params = [("symbol", symbol), ("orderId", &id)];
        self.delete("order", &params).await.ok()
    }

    /// The order as it is now.
    pub(crate) async fn order(&self, symbol: &str, order_id: u64) -> Value {
        let id = order_id.to_string();
        let params = [("symbol", symbol), ("orderId", &id)];
        self.get("order", &params).await.ok()
    }

    pub(crate) async fn open_orders(&self) -> Value {
        self.get("openOrders", &[]).await.ok()
    }

    pub(crate) async fn account(&self) -> Value {
        self.get("account", &[]).await.ok()
    }

    /// What is free and what is locked of an asset.
    pub(crate) async fn balance(&self, asset: &str) -> (String, String) {
        let account = self.account().await;
        let mut balances = list(&account["balances"]).iter();
        let balance = balances
            .find(|balance| balance["asset"] == asset)
            .unwrap_or_else(|| panic!("no {asset} in {account}"));
        (text(balance, "free").into(), text(balance, "locked").into())
    }

    /// All fills of an instrument, oldest first.
    pub(crate) async fn fills(&self, symbol: &str) -> Vec<Value> {
        self.fills_from(symbol, 0).await
    }

    /// As [`Trader::fills`], from a trade on.
    pub(crate) async fn fills_from(&self, symbol: &str, mut from: u64) -> Vec<Value> {
        let mut fills = Vec::new();
        loop {
            let from_id = from.to_string();
            let params = [("symbol", symbol), ("fromId", &from_id), ("limit", "1000")];
            let page = self.get("myTrades", &params).await.ok();
            let page = list(&page);
            // A trade with oneself is two fills: neither may be cut off at the end of a page.
            let Some(last) = page.last().map(|fill| number(fill, "id")) else {
                return fills;
            };
            if page.len() < 1000 {
                fills.extend_from_slice(page);
                return fills;
            }
            let whole = page.iter().filter(|fill| number(fill, "id") < last);
            fills.extend(whole.cloned());
            from = last;
        }
    }

    /// All orders of an instrument from one on, oldest first.
    pub(crate) async fn orders_from(&self, symbol: &str, mut from: u64) -> Vec<Value> {
        let mut orders = Vec::new();
        loop {
            let id = from.to_string();
            let params = [("symbol", symbol), ("orderId", &id), ("limit", "1000")];
            let page = self.get("allOrders", &params).await.ok();
            let page = list(&page);
            orders.extend_from_slice(page);
            if page.len() < 1000 {
                return orders;
            }
            from = page.last().map_or(from, |last| number(last, "orderId") + 1);
        }
    }
}
