//! Why a recording cannot be replayed.

use std::io;
use std::path::PathBuf;

use exchange_engine::Reject;
use marketdata_core::MarketError;
use orderbook_core::{InstrumentError, Violation};

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or folder cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system, or the decompression, says.
        source: io::Error,
    },
    /// A line is not what its format says.
    #[error("{}:{line}: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, the first being 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// None of the known formats.
    #[error(
        "{}: neither a Bitstamp order log, nor LOBSTER messages, nor a CSV of trades",
        path.display()
    )]
    UnknownFormat {
        /// The file or folder.
        path: PathBuf,
    },
    /// A folder with more than one recording.
    #[error("{}: holds several recordings, name one of them: {}", path.display(), names.join(", "))]
    Ambiguous {
        /// The folder.
        path: PathBuf,
        /// The files in it that could be meant.
        names: Vec<String>,
    },
    /// There is nothing to draw, or no axis that could have it.
    #[error("there can be no chart: {0}")]
    Chart(String),
    /// The numbers of the recording have no common grid that an instrument can have.
    #[error("the recorded pair has no possible grid")]
    Grid(#[from] InstrumentError),
    /// The exchange would not list the pair or take the funds.
    #[error("the exchange cannot be set up for the recorded pair")]
    Setup(#[from] Reject),
    /// The market data lost the book: a bug in this software.
    #[error("the market data cannot follow the book")]
    MarketData(#[from] MarketError),
    /// A broken invariant: a bug in this software.
    #[error(transparent)]
    Violation(#[from] Violation),
}
