//! The command log: what was decided, in order, durable. Everything else can be rebuilt from it.
//!
//! A log is a sequence of [`Frame`]s. One frame is one group commit: the inputs that had queued up
//! while the frame before it was being made durable. Frames are numbered from 1 and their inputs
//! from sequence number 1, both without gaps; each frame carries a checksum over itself and over
//! the checksum of the frame before it, so that what storage lost or changed is noticed.

#[cfg(test)]
mod conformance;
mod head;
mod sqlite;

use std::fmt;
use std::sync::Arc;

use exchange_engine::Input;
use sha2::{Digest, Sha256};

pub(crate) use sqlite::SqliteLog;

use crate::api::hex::hex;

/// The first byte of each payload: how the rest is to be read.
const PAYLOAD_VERSION: u8 = 3;

/// One group commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Counts up from 1.
    pub(crate) number: u64,
    /// Counts up with every start of a writer.
    pub(crate) epoch: u64,
    /// The sequence number of the first input.
    pub(crate) first_seq: u64,
    /// What was decided.
    pub(crate) inputs: Vec<Input>,
}

impl Frame {
    /// The sequence number of the last input.
    pub(crate) fn last_seq(&self) -> u64 {
        self.first_seq + self.inputs.len() as u64 - 1
    }

    /// `version: u8`, then the inputs in the postcard format.
    fn payload(&self) -> Vec<u8> {
        postcard::to_extend(&self.inputs, vec![PAYLOAD_VERSION]).expect("plain data always encodes")
    }

    fn inputs_of(payload: &[u8]) -> Result<Vec<Input>, PayloadError> {
        match payload.split_first() {
            Some((&PAYLOAD_VERSION, inputs)) => postcard::from_bytes(inputs)
                .map_err(|error| PayloadError::Unreadable(error.to_string())),
            Some((version, _)) => Err(PayloadError::OtherVersion(*version)),
            None => Err(PayloadError::Unreadable("the payload is empty".into())),
        }
    }
}

/// Why the inputs of a frame cannot be had.
#[derive(Debug, PartialEq, Eq)]
enum PayloadError {
    /// Other software wrote them, with this version.
    OtherVersion(u8),
    /// They are not what they should be.
    Unreadable(String),
}

/// The checksum of a frame: CRC-32C over its header, the previous checksum and the payload.
fn checksum(
    number: u64,
    epoch: u64,
    first_seq: u64,
    last_seq: u64,
    prev: u32,
    payload: &[u8],
) -> u32 {
    let mut header = Vec::with_capacity(36);
    for field in [number, epoch, first_seq, last_seq] {
        header.extend_from_slice(&field.to_le_bytes());
    }
    header.extend_from_slice(&prev.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c(&header), payload)
}

/// Tells one log from another: what is derived from a log belongs to that log only.
///
/// It is the beginning of the SHA-256 over the first frame, which holds the time of the first start
/// to the microsecond.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LogId([u8; 16]);

impl LogId {
    pub(crate) const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bare bytes.
    pub(crate) const fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// The identity of the log that begins with this frame.
    pub(crate) fn of(first: &Frame) -> Self {
        let hash = Sha256::digest(first.payload());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Self(bytes)
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where frames are kept.
pub(crate) trait CommandLog: Send {
    /// Makes a frame durable. The caller numbers frames and inputs without gaps.
    ///
    /// After an error the outcome is unknown and the log takes nothing more.
    fn append(&mut self, frame: &Frame) -> Result<(), LogError>;

    /// Shows all frames from the first on, checked, and stops at the first error.
    fn read(&self, visit: &mut dyn FnMut(Frame) -> Result<(), LogError>) -> Result<(), LogError>;

    /// The same frames for others to read, also while this log is being appended to.
    fn history(&self) -> Arc<dyn History>;
}

/// A log that others may read.
pub(crate) trait History: fmt::Debug + Send + Sync {
    /// The frames from the first on.
    fn frames(&self) -> Result<Box<dyn Frames>, LogError>;
}

/// Frames, one after the other.
pub(crate) trait Frames: Send {
    /// The next durable frame, checked, or `None` where the log ends for now.
    fn next(&mut self) -> Result<Option<Frame>, LogError>;
}

/// What can be wrong with a log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LogError {
    /// The storage failed.
    #[error("the command log {path} cannot be {what}: {cause}")]
    Storage {
        path: String,
        what: &'static str,
        cause: String,
    },
    /// Somebody else's file, or written by newer software.
    #[error("{path} is no command log that this version can read: {what}")]
    Foreign { path: String, what: String },
    /// What is there is not what was written.
    #[error("the command log {path} is corrupt at frame {frame}: {what}")]
    Corrupt {
        path: String,
        frame: u64,
        what: String,
    },
    /// The end is missing.
    #[error(
        "the command log {path} ends at frame {found}, but frame {acknowledged} was acknowledged: \
         its end has been lost or truncated"
    )]
    Truncated {
        path: String,
        found: u64,
        acknowledged: u64,
    },
    /// A former append failed.
    #[error("the command log takes nothing more since an append failed")]
    Poisoned,
}

impl LogError {
    /// Nothing is left of a log that was acknowledged up to a frame.
    fn lost(path: String, acknowledged: u64) -> Self {
        Self::Truncated {
            path,
            found: 0,
            acknowledged,
        }
    }
}
