//! The side that asks.

use std::time::Duration;

use exchange_engine::Command;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};

use super::{Greeting, LOG, MAX_PACKET, NotSequenced, Sequenced};
use crate::bus::{Batch, Packet, Position, Stream};
use crate::log::LogId;
use crate::orders::SubmitError;
use crate::shared_key::SharedKey;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How long an unused connection is kept: less than the other side does, so that no command is sent
/// into one that is being closed.
const IDLE: Duration = Duration::from_secs(15);
/// How long the outcome of a command may take; clients are told before that it is unknown.
const OUTCOME: Duration = Duration::from_secs(30);

/// A link to the process that orders commands. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    client: Client,
    base: Url,
    key: SharedKey,
    log: Option<LogId>,
}

/// Why a link does not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// Nobody there, or not for long. Trying again may help.
    #[error("{0}")]
    Unreachable(String),
    /// Trying again does not help.
    #[error("{0}")]
    Refused(String),
}

impl From<reqwest::Error> for LinkError {
    fn from(error: reqwest::Error) -> Self {
        // The sources say what happened; the outermost error only where.
        let mut what = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            what = format!("{what}: {cause}");
            source = cause.source();
        }
        Self::Unreachable(what)
    }
}

impl Link {
    /// A link to `base`, for example `http://orders:9090`.
    ///
    /// # Errors
    ///
    /// Where that is no such URL.
    pub(crate) fn new(base: &str, key: SharedKey) -> anyhow::Result<Self> {
        let url = Url::parse(base).ok().filter(|url| {
            let nobody = url.username().is_empty() && url.password().is_none();
            url.scheme() == "http" && url.has_host() && nobody
        });
        // Not quoted: there may be a password in it.
        let base = url.ok_or_else(|| {
            anyhow::anyhow!("--orders is no URL like http://127.0.0.1:9090, without a user")
        })?;
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .build()?;
        Ok(Self {
            client,
            base,
            key,
            log: None,
        })
    }

    /// The same link, to this exchange and no other.
    pub(crate) fn to(self, log: LogId) -> Self {
        Self {
            log: Some(log),
            ..self
        }
    }

    fn request(&self, method: Method, path: &str, query: Option<&str>) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(path);
        url.set_query(query);
        let request = self
            .client
            .request(method, url)
            .bearer_auth(self.key.reveal());
        match self.log {
            Some(log) => request.header(LOG, log.to_string()),
            None => request,
        }
    }

    /// Which exchange it is, and what it lists.
    ///
    /// # Errors
    ///
    /// Where nobody answers, or not to this key.
    pub(crate) async fn greeting(&self) -> Result<Greeting, LinkError> {
        let request = self.request(Method::GET, "/link/v1/catalogue", None);
        let response = accepted(request.timeout(CONNECT).send().await?).await?;
        let bytes = response.bytes().await?;
        postcard::from_bytes(&bytes).map_err(|_| {
            LinkError::Refused("the process at --orders speaks another version".into())
        })
    }

    /// The bytes of the newest snapshot of the exchange; `None` where the feed begins at the beginning.
    ///
    /// # Errors
    ///
    /// As [`greeting`](Self::greeting).
    pub(crate) async fn snapshot(&self) -> Result<Option<Vec<u8>>, LinkError> {
        let request = self.request(Method::GET, "/link/v1/snapshot", None);
        let response = accepted(request.send().await?).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        Ok(Some(response.bytes().await?.into()))
    }

    /// Hands in a command and waits for its durable outcome.
    pub(crate) async fn submit(&self, command: &Command) -> Result<Batch, SubmitError> {
        let body = postcard::to_stdvec(command).expect("plain data always encodes");
        let request = self.request(Method::POST, "/link/v1/commands", None);
        let sent = request.timeout(OUTCOME).body(body).send().await;
        let response = sent.map_err(|error| {
            if error.is_connect() {
                SubmitError::Closed
            } else {
                SubmitError::Stopped
            }
        })?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|_| SubmitError::Stopped)?;
        if status == StatusCode::OK {
            let sequenced = postcard::from_bytes(&bytes).map_err(|_| SubmitError::Stopped)?;
            let Sequenced { seq, outcome } = sequenced;
            return Ok(Batch {
                prev_seq: seq.saturating_sub(1),
                outcomes: vec![outcome],
                listings: Vec::new(),
            });
        }
        Err(match postcard::from_bytes::<NotSequenced>(&bytes) {
            Ok(why) => why.into(),
            // Refused before it was looked at: another exchange, or another key.
            Err(_) if status.is_client_error() => SubmitError::Closed,
            // Whoever stands between here and there does not know, either.
            Err(_) => SubmitError::Stopped,
        })
    }

    /// The packets of a stream after a position, or from its beginning.
    ///
    /// # Errors
    ///
    /// Where nobody answers, or not to us.
    pub(crate) async fn open(
        &self,
        stream: Stream,
        position: Option<Position>,
    ) -> Result<Packets, LinkError> {
        let path = format!("/link/v1/{}", stream.name());
        let query = position.map(|Position { epoch, seq }| format!("epoch={epoch}&after={seq}"));
        let request = self.request(Method::GET, &path, query.as_deref());
        let response = accepted(request.send().await?).await?;
        Ok(Packets {
            response,
            bytes: Vec::new(),
        })
    }
}

/// The response where it is a success.
async fn accepted(response: Response) -> Result<Response, LinkError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let why = format!(
        "the process at --orders refuses this one: {}",
        response.text().await.unwrap_or_default()
    );
    Err(if status.is_client_error() {
        LinkError::Refused(why)
    } else {
        LinkError::Unreachable(why)
    })
}

/// The packets that come over an open link.
#[derive(Debug)]
pub(crate) struct Packets {
    response: Response,
    /// What has come of the next packets.
    bytes: Vec<u8>,
}

impl Packets {
    /// The next packet. Cancel-safe.
    ///
    /// # Errors
    ///
    /// Where the connection has ended, or does not bring packets.
    pub(crate) async fn next(&mut self) -> Result<Packet, LinkError> {
        loop {
            if let Some(packet) = self.take()? {
                return Ok(packet);
            }
            match self.response.chunk().await? {
                Some(chunk) => self.bytes.extend_from_slice(&chunk),
                None => return Err(LinkError::Unreachable("it was closed".into())),
            }
        }
    }

    /// A whole packet, if one has come.
    fn take(&mut self) -> Result<Option<Packet>, LinkError> {
        let Some((length, rest)) = self.bytes.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length) as usize;
        if length > MAX_PACKET {
            return Err(LinkError::Unreachable("a packet is too large".into()));
        }
        let Some(packet) = rest.get(..length) else {
            return Ok(None);
        };
        let packet = Packet::decode(packet)
            .map_err(|error| LinkError::Unreachable(format!("a packet cannot be read: {error}")))?;
        self.bytes.drain(..4 + length);
        Ok(Some(packet))
    }
}
