//! Requests and replies.

use std::net::SocketAddr;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::DEADLINE;

/// Says how much of its allowance a client has used.
const USED_WEIGHT: &str = "x-mbx-used-weight-1m";

/// A client of one server that knows no keys.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    address: SocketAddr,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(DEADLINE)
            .build()
            .expect("a client without TLS can always be built");
        Self { client, address }
    }

    pub(crate) fn request(&self, method: Method, path_and_query: &str) -> RequestBuilder {
        let url = format!("http://{}{path_and_query}", self.address);
        self.client.request(method, url)
    }

    pub(crate) async fn get(&self, path_and_query: &str) -> Reply {
        send(self.request(Method::GET, path_and_query)).await
    }

    /// A JSON body, as the exchange's own routes take it.
    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// The JSON that a public path answers with.
    pub(crate) async fn json(&self, path_and_query: &str) -> Value {
        self.get(path_and_query).await.ok()
    }

    /// Sends bytes that no well-behaved client would. The request must ask to close.
    pub(crate) async fn raw(&self, request: &[u8]) -> Reply {
        let talk = async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(request).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        let answer = timeout(DEADLINE, talk)
            .await
            .expect("an answer comes in time")
            .expect("the connection stands");
        Reply::parse(&answer)
    }
}

/// Sends a request that must get through.
pub(crate) async fn send(request: RequestBuilder) -> Reply {
    try_send(request).await.expect("the server answers")
}

/// Sends a request that may find nobody there.
pub(crate) async fn try_send(request: RequestBuilder) -> Result<Reply, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    let body = response.bytes().await?.to_vec();
    Ok(Reply {
        status,
        headers,
        body,
    })
}

impl Reply {
    fn parse(answer: &[u8]) -> Self {
        let end = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(answer)));
        let head = String::from_utf8_lossy(&answer[..end]);
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|status| status.parse().ok())
            .unwrap_or_else(|| panic!("no status: {head}"));
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self {
            status,
            headers,
            body: answer[end + 4..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The JSON in the body, which must say that it is JSON.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self}"
        );
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The JSON of a success.
    pub(crate) fn ok(&self) -> Value {
        self.assert_weighed();
        self.done()
    }

    /// As [`Reply::ok`], where nothing is weighed.
    pub(crate) fn done(&self) -> Value {
        assert_eq!(self.status, 200, "{self}");
        self.json()
    }

    /// Asserts that this is a refusal, and this very one.
    pub(crate) fn assert_refused(&self, what: &str, status: u16, code: i64, msg: &str) {
        let body = self.json();
        let expected = serde_json::json!({ "code": code, "msg": msg });
        assert_eq!((self.status, &body), (status, &expected), "{what}");
        self.assert_weighed();
    }

    /// Asserts that it says how much weight has been used.
    fn assert_weighed(&self) {
        let used = self.header(USED_WEIGHT).and_then(|used| used.parse().ok());
        assert!(used.is_some_and(|used: u64| used > 0), "no weight: {self}");
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {:?} {body}", self.status, self.headers)
    }
}
