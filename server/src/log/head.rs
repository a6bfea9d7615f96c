//! The witness beside the log: the newest frame that was acknowledged.
//!
//! A database that lost its newest transactions (a deleted or truncated `-wal` file) looks like a
//! healthy older one. The head file is written after a frame is durable and before anybody is
//! told, so it is never ahead of an intact log: a log that ends before its head has lost
//! something. The file is not synced; after a power failure it may be behind, which says nothing.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crc::{CRC_32_ISCSI, Crc};

/// `frame crc\n` in fixed-width decimal and hexadecimal, so that each write replaces the last.
const LENGTH: usize = 20 + 1 + 8 + 1;

/// CRC-32C, as that of the frames.
static CRC_32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// The file in the data directory.
pub(super) const HEAD: &str = "commands.head";

#[derive(Debug)]
pub(super) struct Head {
    file: File,
    seen: Option<u64>,
}

impl Head {
    /// Opens or creates the witness.
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut text = String::new();
        // A torn write after a power failure is as good as no witness.
        let seen = match file.read_to_string(&mut text) {
            Ok(LENGTH) => parse(&text),
            _ => None,
        };
        Ok(Self { file, seen })
    }

    /// The frame that it has seen last, if any.
    pub(super) const fn seen(&self) -> Option<u64> {
        self.seen
    }

    /// The frame that a witness has seen last, if any. Nothing is created.
    pub(super) fn look(path: &Path) -> Option<u64> {
        let text = std::fs::read_to_string(path).ok()?;
        parse(&text).filter(|_| text.len() == LENGTH)
    }

    /// Frame `number` is durable. The witness is told before anybody else.
    pub(super) fn acknowledge(&mut self, number: u64) {
        self.seen = Some(number);
        if let Err(error) = self.advance(number) {
            // The frame is durable; only the witness is behind, which it may be.
            tracing::warn!(%error, "the head of the command log could not be updated");
        }
    }

    fn advance(&mut self, number: u64) -> std::io::Result<()> {
        let number = format!("{number:020}");
        let crc = CRC_32C.checksum(number.as_bytes());
        self.file.seek(SeekFrom::Start(0))?;
        self.file
            .write_all(format!("{number} {crc:08x}\n").as_bytes())
    }
}

fn parse(text: &str) -> Option<u64> {
    let (number, crc) = text.trim_end().split_once(' ')?;
    let crc = u32::from_str_radix(crc, 16).ok()?;
    if crc != CRC_32C.checksum(number.as_bytes()) {
        return None;
    }
    number.parse().ok()
}
