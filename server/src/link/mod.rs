//! The direct link between the processes of one exchange: how a gateway hands commands to the
//! process that orders them, and gets what it missed on the bus.
//!
//! | HTTP | |
//! |---|---|
//! | `GET /link/v1/catalogue` | which exchange this is, and the commands that list what it trades |
//! | `POST /link/v1/commands` | a command in, its sequence number and outcome out |
//! | `GET /link/v1/snapshot` | the newest snapshot, or 204: where to begin with the feed |
//! | `GET /link/v1/feed?epoch=E&after=SEQ` | the feed from there on, without end |
//! | `GET /link/v1/market?epoch=E&after=SEQ` | the public streams, likewise |
//!
//! Bodies are in the postcard format; each packet of a stream is preceded by its length, 32 bits,
//! little-endian. Every request carries the cluster key, and the identity of the log once it is
//! known: a gateway of one exchange is refused by another, and by its own where it has been told more
//! than that knows of, which happens when an end of the log has been lost. There is no TLS here. Whoever can reach
//! the link and knows the key may do anything, deposits included: keep it in a private network.

mod client;
mod server;

use std::fmt;
use std::path::Path;

use anyhow::{Context, ensure};
use exchange_engine::Command;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub(crate) use client::{Link, LinkError, Packets};
pub(crate) use server::{Served, router};

use crate::bus::Outcome;
use crate::orders::SubmitError;

/// Names the log that a request is about.
const LOG: &str = "x-exchange-log";
/// The largest packet that is taken, in bytes. A frame has at most so many inputs, but one of them
/// may cancel any number of orders.
const MAX_PACKET: usize = 256 * 1024 * 1024;
/// The fewest characters of a cluster key.
const MIN_KEY: usize = 32;

/// What the processes of an exchange prove to each other that they belong together with.
#[derive(Clone)]
pub(crate) struct ClusterKey(Zeroizing<String>);

impl ClusterKey {
    /// Reads the key from the first line of a file.
    ///
    /// # Errors
    ///
    /// Where there is no such file or its key is too short to be one.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let name = file.display();
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("--cluster-key: the file {name} cannot be read"))?;
        let text = Zeroizing::new(text);
        let key = text.lines().next().unwrap_or("").trim();
        ensure!(
            key.len() >= MIN_KEY && key.bytes().all(|byte| byte.is_ascii_graphic()),
            "--cluster-key: {name} must have a line of at least {MIN_KEY} printable characters, \
             for example from `openssl rand -hex 32`"
        );
        Ok(Self(Zeroizing::new(key.to_owned())))
    }

    fn matches(&self, key: &str) -> bool {
        self.0.as_bytes().ct_eq(key.as_bytes()).into()
    }
}

impl fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterKey")
    }
}

/// What an exchange trades, as the commands that would list it in an empty one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Catalogue {
    /// Which exchange it is.
    pub(crate) log: [u8; 16],
    pub(crate) commands: Vec<Command>,
}

/// The answer to a command.
#[derive(Debug, Serialize, Deserialize)]
struct Sequenced {
    seq: u64,
    outcome: Outcome,
}

/// Why a command was not answered. The encoding names a variant by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum NotSequenced {
    Overloaded,
    Closed,
    Stopped,
    Suspended,
}

impl From<SubmitError> for NotSequenced {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Overloaded => Self::Overloaded,
            SubmitError::Suspended => Self::Suspended,
            SubmitError::Closed => Self::Closed,
            SubmitError::Stopped => Self::Stopped,
        }
    }
}

impl From<NotSequenced> for SubmitError {
    fn from(why: NotSequenced) -> Self {
        match why {
            NotSequenced::Overloaded => Self::Overloaded,
            NotSequenced::Suspended => Self::Suspended,
            NotSequenced::Closed => Self::Closed,
            NotSequenced::Stopped => Self::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_command_has_no_outcome_travels_unchanged() {
        let encoded = [
            SubmitError::Overloaded,
            SubmitError::Closed,
            SubmitError::Stopped,
            SubmitError::Suspended,
        ]
        .map(|error| {
            let bytes = postcard::to_stdvec(&NotSequenced::from(error)).expect("it encodes");
            let why: NotSequenced = postcard::from_bytes(&bytes).expect("it decodes");
            assert_eq!(SubmitError::from(why), error);
            bytes
        });
        assert_eq!(encoded.concat(), [0, 1, 2, 3], "as former versions have it");
    }
}
