//! The command log: what was decided, in order, durable. Everything else can be rebuilt from it.
//!
//! A log is a sequence of [`Frame`]s, one for each group commit. Their format, and how a log is
//! found to be whole, is in `exchange_engine::frame`; here is where they are kept.

#[cfg(test)]
mod conformance;
mod head;
pub(crate) mod inspect;
pub(crate) mod postgres;
mod sqlite;

use std::fmt;
use std::sync::Arc;

use exchange_engine::frame::FrameError;
use sha2::{Digest, Sha256};

pub(crate) use exchange_engine::frame::{Chain, Frame};
pub(crate) use postgres::PostgresLog;
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

/// Where frames are kept. Whoever opens a log means to be the only one who writes it.
///
/// ```text
/// open -> read -> begin -> append ... append
///                            ^           | an error
///                            |           v
///                            +------- resolve
/// ```
pub(crate) trait CommandLog: Send {
    /// Shows the frames after a place, checked, and stops at the first error. Tells where the log
    /// ends.
    ///
    /// # Errors
    ///
    /// [`LogError::Corrupt`] where the log has another frame at that place, too.
    fn read(
        &mut self,
        after: Chain,
        visit: &mut dyn FnMut(Frame) -> Result<(), LogError>,
    ) -> Result<Chain, LogError>;

    /// Begins an epoch, under which frames may be appended from now on: this number, or a later one
    /// where there was one as late. It is durable, and so later than that of every frame.
    fn begin(&mut self, epoch: u64) -> Result<u64, LogError>;

    /// Makes a frame of the current epoch durable. The caller numbers frames and inputs without gaps.
    ///
    /// # Errors
    ///
    /// [`LogError::Fenced`] where somebody else has begun a later epoch. After any other error the
    /// outcome is unknown, and the log takes nothing more before [`resolve`](Self::resolve).
    fn append(&mut self, frame: &Frame) -> Result<(), LogError>;

    /// Finds out what became of an append that failed, and takes the log anew under a later epoch: by
    /// then the frame has reached the log or never will.
    ///
    /// # Errors
    ///
    /// As long as the storage does not work; to be tried again. [`LogError::is_final`] tells when not.
    fn resolve(&mut self) -> Result<Resolved, LogError>;

    /// The same frames for others to read, also while this log is being appended to.
    fn history(&self) -> Arc<dyn History>;
}

/// What may be done with a log.
#[derive(Debug)]
enum State {
    /// Reading.
    Opened,
    /// Appending behind a frame with this checksum.
    Writing { epoch: u64, prev_crc: u32 },
    /// Nothing, until it is known what became of a frame.
    InDoubt { epoch: u64, number: u64, crc: u32 },
}

impl State {
    /// Appending under this epoch behind the newest frame, which has this checksum.
    fn behind(epoch: u64, newest: Option<u32>) -> Self {
        Self::Writing {
            epoch,
            prev_crc: newest.unwrap_or(0),
        }
    }
}

/// What became of an append that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// Whether the frame is in the log.
    pub(crate) durable: bool,
    /// The epoch from now on.
    pub(crate) epoch: u64,
}

impl CommandLog for Box<dyn CommandLog> {
    fn read(
        &mut self,
        after: Chain,
        visit: &mut dyn FnMut(Frame) -> Result<(), LogError>,
    ) -> Result<Chain, LogError> {
        (**self).read(after, visit)
    }

    fn begin(&mut self, epoch: u64) -> Result<u64, LogError> {
        (**self).begin(epoch)
    }

    fn append(&mut self, frame: &Frame) -> Result<(), LogError> {
        (**self).append(frame)
    }

    fn resolve(&mut self) -> Result<Resolved, LogError> {
        (**self).resolve()
    }

    fn history(&self) -> Arc<dyn History> {
        (**self).history()
    }
}

/// A log that others may read.
pub(crate) trait History: fmt::Debug + Send + Sync {
    /// The frames after a place.
    fn frames(&self, after: Chain) -> Result<Box<dyn Frames>, LogError>;

    /// The number of the oldest frame that is kept.
    fn oldest(&self) -> Result<Option<u64>, LogError>;

    /// Forgets the frames up to this number, but never the newest one. It goes in small steps, none of
    /// which holds an append up for long.
    fn forget(&self, through: u64) -> Result<(), LogError>;
}

/// Frames, one after the other.
pub(crate) trait Frames: Send {
    /// The next durable frame, checked, or `None` where the log ends for now.
    fn next(&mut self) -> Result<Option<Frame>, LogError>;

    /// Where the last frame was.
    fn place(&self) -> Chain;
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
    /// Its beginning is not there.
    #[error(
        "the command log begins at frame {oldest}: what came before has been forgotten, and no \
         snapshot that can be used leads to it"
    )]
    Forgotten { oldest: u64 },
    /// Somebody else has taken the log.
    #[error("another process has taken the command log {path}; this one may not write it any more")]
    Fenced { path: String },
}

impl LogError {
    /// Whether it will be the same however often it is tried.
    pub(crate) const fn is_final(&self) -> bool {
        !matches!(self, Self::Storage { .. })
    }

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

/// Whether the log ends with a frame whose append failed, or right before it. `newest` is the number and
/// the checksum of its last frame.
///
/// # Errors
///
/// [`LogError::Truncated`] where more is missing than that frame, as after a fail-over to storage that
/// had not been told everything; [`LogError::Corrupt`] where there is a frame that nobody here has
/// written.
fn ends_with(
    path: String,
    newest: Option<(u64, u32)>,
    number: u64,
    crc: u32,
) -> Result<bool, LogError> {
    let found = newest.map_or(0, |(number, _)| number);
    if newest == Some((number, crc)) {
        Ok(true)
    } else if found + 1 == number {
        Ok(false)
    } else if found < number {
        Err(LogError::Truncated {
            path,
            found,
            acknowledged: number - 1,
        })
    } else {
        Err(LogError::Corrupt {
            path,
            frame: found,
            what: "it is not of the process that has the log".into(),
        })
    }
}

/// Makes sure that a log has come to a place, and not by another way. `found` is the checksum of the
/// frame there, `bounds` are the oldest and the newest frame of the log.
///
/// # Errors
///
/// [`LogError::Truncated`] where the log ends before, [`LogError::Corrupt`] where there is another
/// frame.
fn is_at(
    path: String,
    place: Chain,
    found: Option<u32>,
    bounds: Option<(u64, u64)>,
) -> Result<(), LogError> {
    let number = place.number();
    match found {
        Some(crc) if crc != place.crc() => Err(LogError::Corrupt {
            path,
            frame: number,
            what: "it is not the one that was there when a snapshot was made".into(),
        }),
        // It may have been forgotten since.
        None if bounds.is_none_or(|(_, newest)| newest < number) && number > 0 => {
            Err(LogError::Truncated {
                path,
                found: bounds.map_or(0, |(_, newest)| newest),
                acknowledged: number,
            })
        }
        _ => Ok(()),
    }
}
