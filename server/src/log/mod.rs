//! The command log: what was decided, in order, durable. Everything else can be rebuilt from it.
//!
//! A log is a sequence of [`Frame`]s, one for each group commit. Their format, and how a log is
//! found to be whole, is in `exchange_engine::frame`; here is where they are kept.

#[cfg(test)]
mod conformance;
mod head;
pub(crate) mod inspect;
mod sqlite;

use std::fmt;
use std::sync::Arc;

use exchange_engine::frame::FrameError;
use sha2::{Digest, Sha256};

pub(crate) use exchange_engine::frame::Frame;
pub(crate) use sqlite::SqliteLog;

use crate::api::hex::hex;

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
    /// What is wrong with the frames of a log.
    fn of(path: String, error: FrameError) -> Self {
        match error {
            FrameError::Corrupt { frame, what } => Self::Corrupt {
                path,
                frame,
                what: what.to_string(),
            },
            FrameError::Truncated {
                found,
                acknowledged,
            } => Self::Truncated {
                path,
                found,
                acknowledged,
            },
            other => Self::Foreign {
                path,
                what: other.to_string(),
            },
        }
    }

    /// Nothing is left of a log that was acknowledged up to a frame.
    fn lost(path: String, acknowledged: u64) -> Self {
        Self::Truncated {
            path,
            found: 0,
            acknowledged,
        }
    }
}
