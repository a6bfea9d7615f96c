//! The log as bytes: what a frame is, how it is stored, and how a log is found to be whole.
//!
//! A log is a sequence of [`Frame`]s. One frame is one group commit: the inputs that had queued up
//! while the frame before it was being made durable. Frames are numbered from 1 and their inputs
//! from sequence number 1, both without gaps; each frame is stored with a [checksum](checksum()) over
//! itself and over the checksum of the frame before it, so that what storage lost or changed is
//! noticed.
//!
//! ```text
//! payload   version: u8, then the inputs in the postcard format
//! checksum  CRC-32C over number, epoch, first and last sequence number (u64 LE each),
//!           the checksum of the frame before (u32 LE; 0: there is none), payload
//! ```
//!
//! Where frames are kept, and when one is durable, is the business of whoever has the storage. What
//! no chain of checksums can tell is that frames are missing at its end: that takes a
//! [witness](Chain::reaches).

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crc::{CRC_32_ISCSI, Crc, Table};
use serde::{Deserialize, Serialize};

use crate::Input;

/// The first byte of each payload: how the rest is to be read.
pub const PAYLOAD_VERSION: u8 = 3;

/// CRC-32C, sixteen bytes at a time.
static CRC_32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// One group commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Counts up from 1.
    pub number: u64,
    /// Counts up with every start of a writer.
    pub epoch: u64,
    /// The sequence number of the first input.
    pub first_seq: u64,
    /// What was decided.
    pub inputs: Vec<Input>,
}

impl Frame {
    /// The sequence number of the last input.
    pub fn last_seq(&self) -> u64 {
        (self.first_seq + self.inputs.len() as u64).saturating_sub(1)
    }

    /// `version: u8`, then the inputs in the postcard format.
    pub fn payload(&self) -> Vec<u8> {
        postcard::to_extend(&self.inputs, vec![PAYLOAD_VERSION]).expect("plain data always encodes")
    }

    /// The inputs that a payload holds.
    ///
    /// # Errors
    ///
    /// A [`PayloadError`] where it is of another version or damaged.
    pub fn inputs_of(payload: &[u8]) -> Result<Vec<Input>, PayloadError> {
        match payload.split_first() {
            Some((&PAYLOAD_VERSION, inputs)) => postcard::from_bytes(inputs)
                .map_err(|error| PayloadError::Unreadable(error.to_string())),
            Some((version, _)) => Err(PayloadError::OtherVersion(*version)),
            None => Err(PayloadError::Unreadable("the payload is empty".into())),
        }
    }

    /// The frame as it is stored behind one with the checksum `prev_crc`; 0: it is the first.
    pub fn stored(&self, prev_crc: u32) -> StoredFrame {
        let mut stored = StoredFrame {
            number: self.number,
            epoch: self.epoch,
            first_seq: self.first_seq,
            last_seq: self.last_seq(),
            prev_crc,
            crc: 0,
            payload: self.payload(),
        };
        stored.crc = stored.checksum();
        stored
    }
}

/// A frame as it is stored; anything may have happened to it since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFrame {
    /// Its place in the log.
    pub number: u64,
    /// Of which start of a writer it is.
    pub epoch: u64,
    /// The sequence number of the first input.
    pub first_seq: u64,
    /// The sequence number of the last input.
    pub last_seq: u64,
    /// The checksum of the frame before it; 0: there is none.
    pub prev_crc: u32,
    /// Its own checksum.
    pub crc: u32,
    /// The inputs; see [`Frame::payload`].
    pub payload: Vec<u8>,
}

impl StoredFrame {
    /// What its checksum has to be.
    fn checksum(&self) -> u32 {
        checksum(
            self.number,
            self.epoch,
            self.first_seq,
            self.last_seq,
            self.prev_crc,
            &self.payload,
        )
    }
}

/// The checksum of a frame: CRC-32C over its header, the previous checksum and the payload.
pub fn checksum(
    number: u64,
    epoch: u64,
    first_seq: u64,
    last_seq: u64,
    prev_crc: u32,
    payload: &[u8],
) -> u32 {
    let mut digest = CRC_32C.digest();
    for field in [number, epoch, first_seq, last_seq] {
        digest.update(&field.to_le_bytes());
    }
    digest.update(&prev_crc.to_le_bytes());
    digest.update(payload);
    digest.finalize()
}

/// How far a log has been read and found to be whole.
///
/// ```
/// use exchange_engine::frame::{Chain, Frame, FrameError};
/// use exchange_engine::{Command, Input};
/// use orderbook_core::Timestamp;
///
/// let frame = Frame {
///     number: 1,
///     epoch: 1,
///     first_seq: 1,
///     inputs: vec![Input { time: Timestamp::from_millis(1), command: Command::AdvanceTime }],
/// };
/// let mut stored = frame.stored(0);
/// assert_eq!(Chain::default().check(&stored)?, frame);
///
/// stored.epoch = 2;
/// let error = Chain::default().check(&stored).unwrap_err();
/// assert_eq!(error.to_string(), "frame 1: its checksum does not match");
/// # Ok::<(), FrameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Chain {
    number: u64,
    last_seq: u64,
    crc: u32,
}

impl Chain {
    /// Up to the frame `number`, whose last input is `last_seq` and whose checksum is `crc`, somebody
    /// else has read it, for example whoever made a snapshot there.
    pub const fn at(number: u64, last_seq: u64, crc: u32) -> Self {
        Self {
            number,
            last_seq,
            crc,
        }
    }

    /// The number of the last frame; 0: there was none.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The sequence number of the last input; 0: there was none.
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The checksum of the last frame, which the next one has to name; 0: there was none.
    pub const fn crc(&self) -> u32 {
        self.crc
    }

    /// The frame, if it is the next one and as it was written. Else the chain stays where it is.
    ///
    /// # Errors
    ///
    /// A [`FrameError`] that names the frame at fault.
    pub fn check(&mut self, stored: &StoredFrame) -> Result<Frame, FrameError> {
        let expected = self.number + 1;
        let number = stored.number;
        let corrupt = |what| FrameError::Corrupt {
            frame: number,
            what,
        };
        if number != expected {
            return Err(FrameError::Corrupt {
                frame: expected,
                what: Damage::Missing { next: number },
            });
        }
        if stored.crc != stored.checksum() {
            return Err(corrupt(Damage::Checksum));
        }
        if stored.prev_crc != self.crc {
            return Err(corrupt(Damage::Chain));
        }
        if stored.first_seq != self.last_seq + 1 {
            return Err(corrupt(Damage::Start {
                first_seq: stored.first_seq,
                expected: self.last_seq + 1,
            }));
        }
        let inputs = Frame::inputs_of(&stored.payload).map_err(|error| match error {
            PayloadError::OtherVersion(version) => FrameError::OtherVersion {
                frame: number,
                version,
            },
            PayloadError::Unreadable(what) => corrupt(Damage::Unreadable(what)),
        })?;
        let frame = Frame {
            number,
            epoch: stored.epoch,
            first_seq: stored.first_seq,
            inputs,
        };
        if frame.inputs.is_empty() || frame.last_seq() != stored.last_seq {
            return Err(corrupt(Damage::Inputs));
        }
        *self = Self {
            number,
            last_seq: stored.last_seq,
            crc: stored.crc,
        };
        Ok(frame)
    }

    /// Whether a log that ends here has all that was acknowledged, as far as a witness knows.
    ///
    /// # Errors
    ///
    /// [`FrameError::Truncated`] where its end is missing.
    pub fn reaches(&self, acknowledged: Option<u64>) -> Result<(), FrameError> {
        match acknowledged {
            Some(acknowledged) if acknowledged > self.number => Err(FrameError::Truncated {
                found: self.number,
                acknowledged,
            }),
            _ => Ok(()),
        }
    }
}

/// Why a log is not taken for what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// What is there is not what was written.
    #[error("frame {frame}: {what}")]
    Corrupt {
        /// Which frame.
        frame: u64,
        /// What is wrong with it.
        what: Damage,
    },
    /// Other software wrote the inputs.
    #[error(
        "from frame {frame} on its inputs are in version {version}, this software knows \
         {PAYLOAD_VERSION} only"
    )]
    OtherVersion {
        /// The first such frame.
        frame: u64,
        /// The version of its payload.
        version: u8,
    },
    /// The end is missing.
    #[error(
        "it ends at frame {found}, but frame {acknowledged} was acknowledged: its end has been \
         lost or truncated"
    )]
    Truncated {
        /// The last frame that is there.
        found: u64,
        /// The newest frame that was acknowledged.
        acknowledged: u64,
    },
}

/// What can be wrong with a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// It is not there.
    #[error("the next frame is {next}")]
    Missing {
        /// The one that comes in its place.
        next: u64,
    },
    /// Something in it has changed.
    #[error("its checksum does not match")]
    Checksum,
    /// It is intact, but of another history.
    #[error("it does not follow the frame before it")]
    Chain,
    /// Its inputs are not the next ones.
    #[error("it starts at input {first_seq} instead of {expected}")]
    Start {
        /// Where it starts.
        first_seq: u64,
        /// Where it should.
        expected: u64,
    },
    /// Its inputs make no sense.
    #[error("{0}")]
    Unreadable(String),
    /// It holds more or fewer inputs, or none.
    #[error("it does not hold the inputs it names")]
    Inputs,
}

/// Why the inputs of a frame cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// Other software wrote them, with this version.
    #[error("the inputs are in version {0}, this software knows {PAYLOAD_VERSION} only")]
    OtherVersion(u8),
    /// They are not what they should be.
    #[error("{0}")]
    Unreadable(String),
}
