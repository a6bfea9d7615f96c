//! What a file or folder holds.

use std::fs;
use std::path::{Path, PathBuf};

use crate::text::Text;
use crate::{Error, Pair, bitstamp, lobster, trades};

/// A recorded market, read and checked, ready to be replayed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Recording {
    /// Every order of a Bitstamp session.
    Bitstamp(bitstamp::Orders),
    /// Order messages of a LOBSTER sample, with the book after each.
    Lobster(lobster::Messages),
    /// The trades of a Binance market.
    Trades(trades::Trades),
}

impl Recording {
    /// Reads a recording: a file, or a folder that holds one.
    ///
    /// Files are `.csv` or `.log`, plain or with `.zst` appended. Their format is detected from the
    /// first line, except for LOBSTER files, which have no header and are known by their names.
    ///
    /// # Errors
    ///
    /// An [`Error`] where the path cannot be read, is of no known format, or has a line that its
    /// format does not allow.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
        let file = if metadata.is_dir() {
            the_recording_in(path)?
        } else {
            path.to_owned()
        };
        if let Some(books) = lobster::books_of(&file) {
            let (messages, books) = (Text::read(&file)?, Text::read(&books)?);
            return Ok(Self::Lobster(lobster::Messages::read(&messages, &books)?));
        }
        let text = Text::read(&file)?;
        let first = text.lines().next().map_or("", |line| line.text);
        if bitstamp::is_csv(first) {
            Ok(Self::Bitstamp(bitstamp::Orders::read_csv(&text)?))
        } else if bitstamp::is_log(first) {
            Ok(Self::Bitstamp(bitstamp::Orders::read_log(&text)?))
        } else if trades::is_csv(first) {
            Ok(Self::Trades(trades::Trades::read(&text)?))
        } else {
            Err(Error::UnknownFormat { path: file })
        }
    }

    /// What kind of recording this is.
    pub const fn format(&self) -> &'static str {
        match self {
            Self::Bitstamp(_) => "Bitstamp, order by order",
            Self::Lobster(_) => "LOBSTER, order messages and books",
            Self::Trades(_) => "Binance, trades",
        }
    }

    /// What was traded.
    pub const fn pair(&self) -> &Pair {
        match self {
            Self::Bitstamp(orders) => orders.pair(),
            Self::Lobster(messages) => messages.pair(),
            Self::Trades(trades) => trades.pair(),
        }
    }

    /// The number of messages.
    pub fn len(&self) -> usize {
        match self {
            Self::Bitstamp(orders) => orders.messages().len(),
            Self::Lobster(messages) => messages.messages().len(),
            Self::Trades(trades) => trades.trades().len(),
        }
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::Unreadable {
        path: path.to_owned(),
        source,
    }
}

/// The one file of a folder that is a recording. Order-level ones are preferred: whoever has the
/// orders does not need the trades.
fn the_recording_in(folder: &Path) -> Result<PathBuf, Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| unreadable(folder, source))? {
        files.push(entry.map_err(|source| unreadable(folder, source))?.path());
    }
    files.sort();
    let plain_name = |file: &Path| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.strip_suffix(".zst").unwrap_or(&name).to_owned()
    };
    let kinds: [&dyn Fn(&Path) -> bool; 4] = [
        &|file| lobster::books_of(file).is_some(),
        &|file| Path::new(&plain_name(file)).extension() == Some("log".as_ref()),
        &|file| plain_name(file) == "orders.csv",
        &|file| plain_name(file).ends_with("_trades.csv"),
    ];
    for is_kind in kinds {
        let mut found = files.iter().filter(|file| is_kind(file));
        match (found.next(), found.next()) {
            (Some(file), None) => return Ok(file.clone()),
            (Some(first), Some(second)) => {
                let names = [first, second].into_iter().chain(found);
                return Err(Error::Ambiguous {
                    path: folder.to_owned(),
                    names: names
                        .map(|file| file.file_name().unwrap_or_default())
                        .map(|name| name.to_string_lossy().into_owned())
                        .collect(),
                });
            }
            (None, _) => {}
        }
    }
    Err(Error::UnknownFormat {
        path: folder.to_owned(),
    })
}
