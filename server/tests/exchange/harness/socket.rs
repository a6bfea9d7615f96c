//! A WebSocket connection.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

use super::{DEADLINE, Server};

pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(crate) async fn connect(server: &Server, path: &str) -> Self {
        let url = format!("ws://{}{path}", server.address());
        let (stream, _) = timeout(DEADLINE, connect_async(url))
            .await
            .expect("connecting takes no longer than the deadline")
            .unwrap_or_else(|error| panic!("{path} must upgrade: {error}"));
        Self { stream }
    }

    /// As [`Self::connect`], with a bounded room between the server and what is read here. It is larger
    /// than a segment of the loopback interface: smaller windows open only after pauses.
    pub(crate) async fn narrow(server: &Server, path: &str) -> Self {
        let url = format!("ws://{}{path}", server.address());
        let socket = TcpSocket::new_v4().expect("there are sockets");
        socket.set_recv_buffer_size(256 * 1024).expect("a size");
        let connecting = async {
            let stream = socket.connect(server.address()).await?;
            client_async(url, MaybeTlsStream::Plain(stream)).await
        };
        let (stream, _) = timeout(DEADLINE, connecting)
            .await
            .expect("connecting takes no longer than the deadline")
            .unwrap_or_else(|error| panic!("{path} must upgrade: {error}"));
        Self { stream }
    }

    /// Waits until the server cannot send any more, because nothing of it is read here.
    pub(crate) async fn stuck(&self) {
        const STEADY: usize = 5;
        let MaybeTlsStream::Plain(stream) = self.stream.get_ref() else {
            panic!("there is no TLS here");
        };
        let port = |address: std::io::Result<SocketAddr>| address.expect("it is open").port();
        let (here, there) = (port(stream.local_addr()), port(stream.peer_addr()));
        let wait = async {
            let (mut before, mut steady) = (0, 0);
            while steady < STEADY {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let waiting = to_be_sent(there, here);
                let is_steady = waiting > 0 && waiting == before;
                steady = if is_steady { steady + 1 } else { 0 };
                before = waiting;
            }
        };
        let waited = timeout(2 * DEADLINE, wait).await;
        waited.expect("the server has more to say than fits on the way");
    }

    /// What is answered where nothing is upgraded: a status and a JSON body.
    pub(crate) async fn refusal(server: &Server, path: &str) -> Option<(u16, Value)> {
        let url = format!("ws://{}{path}", server.address());
        let connecting = timeout(DEADLINE, connect_async(url)).await;
        match connecting.expect("connecting takes no longer than the deadline") {
            Ok(_) => None,
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                let body = serde_json::from_slice(body).expect("errors are JSON");
                Some((response.status().as_u16(), body))
            }
            Err(error) => panic!("{path} must be answered: {error}"),
        }
    }

    pub(crate) async fn refused(server: &Server, path: &str) -> (u16, Value) {
        let refusal = Self::refusal(server, path).await;
        refusal.unwrap_or_else(|| panic!("{path} must be refused"))
    }

    pub(crate) async fn send(&mut self, message: Message) {
        timeout(DEADLINE, self.stream.send(message))
            .await
            .expect("sending takes no longer than the deadline")
            .expect("the connection stands");
    }

    /// Sends, however long it takes. An error is the end of the connection.
    pub(crate) async fn try_send(&mut self, message: Message) -> Result<(), Error> {
        self.stream.send(message).await
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    /// The next event or answer, or `None` where the connection has ended.
    pub(crate) async fn try_next(&mut self) -> Option<Value> {
        // Pings come in between and must not put the deadline off.
        timeout(DEADLINE, self.receive())
            .await
            .expect("a message comes within the deadline")
    }

    async fn receive(&mut self) -> Option<Value> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let value = serde_json::from_str(&text);
                    return Some(value.unwrap_or_else(|error| panic!("{error}: {text}")));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(other)) => panic!("neither an event nor an answer: {other:?}"),
            }
        }
    }

    /// The next frame, of whatever kind.
    pub(crate) async fn next_frame(&mut self) -> Option<Message> {
        let next = timeout(DEADLINE, self.stream.next()).await;
        next.expect("a frame comes within the deadline")?.ok()
    }

    /// What comes until the server ends the connection, and the code and the reason that it gives.
    pub(crate) async fn until_closed(&mut self) -> (Vec<Value>, Option<(u16, String)>) {
        let closed = timeout(3 * DEADLINE, self.read_until_closed()).await;
        closed.expect("the connection ends in time")
    }

    async fn read_until_closed(&mut self) -> (Vec<Value>, Option<(u16, String)>) {
        let mut messages = Vec::new();
        while let Some(frame) = self.next_frame().await {
            match frame {
                Message::Text(text) => {
                    messages.push(serde_json::from_str(&text).expect("messages are JSON"));
                }
                Message::Close(close) => {
                    let why = close.map(|close| (close.code.into(), close.reason.to_string()));
                    return (messages, why);
                }
                _ => {}
            }
        }
        (messages, None)
    }

    /// The next event or answer.
    pub(crate) async fn next(&mut self) -> Value {
        self.try_next().await.expect("the connection stands")
    }

    /// The next message of which this holds; those before it are skipped.
    pub(crate) async fn next_where(&mut self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let search = async {
            loop {
                let message = self.next().await;
                if holds(&message) {
                    return message;
                }
            }
        };
        timeout(DEADLINE, search)
            .await
            .unwrap_or_else(|_| panic!("no such message: {what}"))
    }

    /// Sends a request and asserts that it is acknowledged before anything else comes.
    pub(crate) async fn acknowledged(&mut self, method: &str, streams: &[&str], id: Value) {
        let request = json!({ "method": method, "params": streams, "id": id });
        self.send_text(&request.to_string()).await;
        let answer = self.next().await;
        assert_eq!(answer, json!({ "result": null, "id": id }), "{request}");
    }

    pub(crate) async fn subscribe(&mut self, streams: &[&str]) {
        self.acknowledged("SUBSCRIBE", streams, json!(1)).await;
    }

    /// Asserts that all that was sent so far has been answered and delivered: the answer to
    /// another request comes next.
    pub(crate) async fn assert_quiet(&mut self) {
        self.send_text(r#"{"method":"LIST_SUBSCRIPTIONS","id":"quiet"}"#)
            .await;
        let answer = self.next().await;
        assert_eq!(answer["id"], "quiet", "something else came: {answer}");
    }
}

/// How many bytes the system has yet to send from one port of this machine to another.
fn to_be_sent(from: u16, to: u16) -> u64 {
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("it is Linux");
    let ports = (format!(":{from:04X}"), format!(":{to:04X}"));
    let waiting = sockets.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, remote) = (fields.next()?, fields.next()?);
        let queues = fields.nth(1)?;
        let is_it = local.ends_with(&ports.0) && remote.ends_with(&ports.1);
        is_it.then(|| queues.split_once(':')).flatten()
    });
    let bytes = waiting.map(|(send, _)| u64::from_str_radix(send, 16));
    bytes.map_or(0, |bytes| bytes.expect("a number"))
}
