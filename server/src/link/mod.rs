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

use serde::{Deserialize, Serialize};

pub(crate) use client::{Link, LinkError, Packets};
pub(crate) use server::{Served, router};

use crate::bus::Outcome;
use crate::listed::Catalogue;
use crate::orders::SubmitError;

/// Names the log that a request is about.
const LOG: &str = "x-exchange-log";
/// The largest packet that is taken, in bytes. A frame has at most so many inputs, but one of them
/// may cancel any number of orders.
const MAX_PACKET: usize = 256 * 1024 * 1024;

/// Which exchange this is, and what it lists.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Greeting {
    pub(crate) log: [u8; 16],
    pub(crate) catalogue: Catalogue,
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
