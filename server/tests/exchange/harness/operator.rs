//! An operator of a server.

use std::path::Path;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::http::send;
use super::{Http, Reply, Server};

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// What a process has to be told to have operators, whose key is in this directory.
pub(crate) fn args(dir: &Path) -> [String; 4] {
    let key = dir.join("operator.key");
    std::fs::write(&key, format!("{KEY}\n")).expect("the key is written");
    let key = key.to_str().expect("a path of text");
    ["--operator", "127.0.0.1:0", "--operator-key", key].map(str::to_owned)
}

pub(crate) struct Operator(pub(crate) Http);

impl Operator {
    /// Starts a server with a faucet, and its operator.
    pub(crate) async fn start(dir: &Path) -> (Server, Self) {
        Self::start_with(dir, &[]).await
    }

    /// As [`Operator::start`], with these arguments besides.
    pub(crate) async fn start_with(dir: &Path, more: &[&str]) -> (Server, Self) {
        let args = args(dir);
        let args = ["--faucet"]
            .into_iter()
            .chain(args.iter().map(String::as_str));
        let args: Vec<_> = args.chain(more.iter().copied()).collect();
        let server = Server::start(&dir.join("data"), &args).await;
        let operator = Self::of(&server);
        (server, operator)
    }

    pub(crate) fn of(server: &Server) -> Self {
        let said = server.stderr();
        let (_, rest) = said
            .split_once("listening for operators on http://")
            .expect("it says where");
        let address = rest.split_whitespace().next().expect("an address");
        Self(Http::new(address.parse().expect("an address")))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.0.request(method, &format!("/v1/operator/{path}"));
        request.bearer_auth(KEY)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        send(self.request(Method::GET, path)).await.done()
    }

    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.try_post(path, &body).await.done()
    }

    pub(crate) async fn delete(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::DELETE, path).json(body)).await
    }
}
