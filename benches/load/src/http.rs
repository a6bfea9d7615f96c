//! HTTP over one connection that is kept, as little of it as the measured routes need.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest answer that is read.
const LONGEST: usize = 1 << 20;

/// A connection.
#[derive(Debug)]
pub(crate) struct Http {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Http {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.with_context(|| format!("nobody listens on {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            read: Vec::with_capacity(4_096),
        })
    }

    /// Sends a whole request and waits for the answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.read.clear();
        let head = loop {
            if let Some(head) = Head::parse(&self.read)? {
                break head;
            }
            self.more().await?;
        };
        while self.read.len() < head.end + head.length {
            self.more().await?;
        }
        Ok(Answer {
            status: head.status,
            body: &self.read[head.end..head.end + head.length],
        })
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        ensure!(self.read.len() < LONGEST, "an answer is too long");
        let read = self.stream.read_buf(&mut self.read).await?;
        ensure!(read > 0, "the connection was closed before the answer");
        Ok(())
    }

    /// Asks for JSON that anybody may see.
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
        self.json("GET", path, &request).await
    }

    /// Sends JSON, with the token of a session where there is one.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let token = token.map(|token| format!("authorization: Bearer {token}\r\n"));
        let (token, body) = (token.unwrap_or_default(), body.to_string());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
             {token}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.json("POST", path, &request).await
    }

    async fn json(&mut self, method: &str, path: &str, request: &str) -> anyhow::Result<Value> {
        let answer = self.send(request.as_bytes()).await?;
        if answer.status != 200 {
            bail!("{method} {path}: {answer}");
        }
        Ok(serde_json::from_slice(answer.body)?)
    }
}

impl std::fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(self.body))
    }
}

/// What the head of an answer tells.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where it ends, and how long the body behind it is.
    end: usize,
    length: usize,
}

impl Head {
    /// Nothing where there is more to come.
    fn parse(read: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(blank) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&read[..blank])?;
        let mut lines = text.split("\r\n");
        let first = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = first.and_then(|line| line.get(..3)?.parse().ok());
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())
        });
        let (status, length) = status.zip(length.flatten()).context("no such answer")?;
        let end = blank + 4;
        Ok(Some(Self {
            status,
            end,
            length,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_status_and_length() -> anyhow::Result<()> {
        let answer = b"HTTP/1.1 429 Too Many\r\nA: b\r\nContent-Length: 12\r\n\r\n{";
        let head = Head::parse(answer)?;
        let (status, end, length) = (429, answer.len() - 1, 12);
        assert_eq!(
            head,
            Some(Head {
                status,
                end,
                length
            })
        );
        assert_eq!(Head::parse(&answer[..end - 1])?, None);
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        Ok(())
    }
}
