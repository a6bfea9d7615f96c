//! What is in a snapshot, and its bytes.
//!
//! ```text
//! "XSNP"  version: u16 LE  SHA-256 of what follows: 32 bytes
//! length of the exchange: u64 LE  exchange, as exchange_engine encodes it
//! the rest in the postcard format: where in which log, listings, folds
//! ```
//!
//! The exchange has a version and a state hash of its own. The version here counts up with every
//! change to the rest.

use exchange_engine::{Exchange, ExchangeSnapshot};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::SnapshotError;
use super::models::StoredModels;
use crate::log::{Chain, LogId};
use crate::orders::Listings;

/// The version that is written and read.
const VERSION: u16 = 4;
const MAGIC: [u8; 4] = *b"XSNP";
const HASH: usize = 32;
const LENGTH: usize = 8;

/// Where in a log a snapshot was made, which tells it from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    /// The last frame that is in it.
    pub(crate) frame: u64,
    /// The last input that is in it.
    pub(crate) seq: u64,
}

impl At {
    /// Whether a log whose oldest frame is this one has everything that comes after.
    pub(crate) const fn leads_to(self, oldest: u64) -> bool {
        self.frame + 1 >= oldest
    }

    /// After the last frame of what has been read.
    pub(super) const fn of(place: Chain) -> Self {
        Self {
            frame: place.number(),
            seq: place.last_seq(),
        }
    }
}

/// What a log has led to at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    /// As [`ExchangeSnapshot::encode`] gives it.
    pub(super) exchange: Vec<u8>,
    pub(super) rest: Rest,
}

/// All but the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rest {
    pub(super) log: [u8; 16],
    /// The epoch of the last frame.
    pub(super) epoch: u64,
    pub(super) place: Chain,
    pub(super) listings: Listings,
    pub(super) models: StoredModels,
}

impl Image {
    pub(crate) const fn at(&self) -> At {
        At::of(self.rest.place)
    }

    /// Where it was made, for whoever reads the log on from there.
    pub(crate) const fn place(&self) -> Chain {
        self.rest.place
    }

    /// The log that led to it.
    pub(crate) const fn log(&self) -> LogId {
        LogId::new(self.rest.log)
    }

    /// The epoch of its last frame.
    pub(crate) const fn epoch(&self) -> u64 {
        self.rest.epoch
    }

    /// The exchange as it was.
    pub(crate) fn exchange(&self) -> Result<Exchange, SnapshotError> {
        let snapshot = ExchangeSnapshot::decode(&self.exchange)?;
        Ok(Exchange::restore(&snapshot)?)
    }

    /// Whether its exchange is in the same state.
    pub(crate) fn is_of(&self, exchange: &Exchange) -> bool {
        self.exchange == exchange.snapshot().encode()
    }

    /// The bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.exchange.len() * 2);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        let hash = bytes.len();
        bytes.resize(hash + HASH, 0);
        let length = self.exchange.len() as u64;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&self.exchange);
        let mut bytes = postcard::to_extend(&self.rest, bytes).expect("plain data always encodes");
        let digest = Sha256::digest(&bytes[hash + HASH..]);
        bytes[hash..hash + HASH].copy_from_slice(&digest);
        bytes
    }

    /// The snapshot that [`encode`](Self::encode) made these bytes of.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let rest = bytes.strip_prefix(&MAGIC);
        let (version, rest) = rest
            .and_then(|rest| rest.split_first_chunk())
            .ok_or(SnapshotError::NotASnapshot)?;
        let version = u16::from_le_bytes(*version);
        if version != VERSION {
            return Err(SnapshotError::OtherVersion(version));
        }
        Self::of_contents(rest).ok_or(SnapshotError::Damaged)
    }

    fn of_contents(bytes: &[u8]) -> Option<Self> {
        let (hash, contents) = bytes.split_first_chunk::<HASH>()?;
        if Sha256::digest(contents).as_slice() != hash {
            return None;
        }
        let (length, contents) = contents.split_first_chunk::<LENGTH>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (exchange, rest) = contents.split_at_checked(length)?;
        Some(Self {
            exchange: exchange.to_vec(),
            rest: postcard::from_bytes(rest).ok()?,
        })
    }
}
