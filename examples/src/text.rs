//! Text files, plain or compressed, line by line.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use orderbook_core::{Price, Quantity, Step};
use rust_decimal::Decimal;
use ruzstd::decoding::StreamingDecoder;

use crate::{Error, Pair};

/// The contents of a file, and where they came from for the sake of error messages.
#[derive(Debug)]
pub(crate) struct Text {
    path: PathBuf,
    contents: String,
}

impl Text {
    /// Reads a file; one whose name ends in `.zst` is decompressed.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut bytes = fs::read(path).map_err(unreadable)?;
        if path.extension().is_some_and(|extension| extension == "zst") {
            bytes = decompress(&bytes).map_err(unreadable)?;
        }
        let contents = String::from_utf8(bytes)
            .map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        Ok(Self {
            path: path.to_owned(),
            contents,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The lines that are not empty.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        (1..)
            .zip(self.contents.lines())
            .filter(|(_, text)| !text.is_empty())
            .map(|(number, text)| Line {
                path: &self.path,
                number,
                text,
            })
    }
}

/// All frames of a zstd file. Checksums are compared: a flipped bit in a price would otherwise
/// come out as another price.
fn decompress(mut bytes: &[u8]) -> io::Result<Vec<u8>> {
    let damaged = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut contents = Vec::new();
    while !bytes.is_empty() {
        let mut decoder =
            StreamingDecoder::new(&mut bytes).map_err(|error| damaged(error.to_string()))?;
        decoder.read_to_end(&mut contents)?;
        let stored = decoder.decoder.get_checksum_from_data();
        if stored.is_some() && stored != decoder.decoder.get_calculated_checksum() {
            return Err(damaged("the checksum does not match the contents".into()));
        }
    }
    Ok(contents)
}

/// One line of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    path: &'a Path,
    number: u64,
    pub(crate) text: &'a str,
}

impl<'a> Line<'a> {
    /// The error that says what is wrong here.
    pub(crate) fn malformed(&self, what: impl Into<String>) -> Error {
        Error::Malformed {
            path: self.path.to_owned(),
            line: self.number,
            what: what.into(),
        }
    }

    /// The comma-separated fields.
    pub(crate) fn fields(self) -> Fields<'a> {
        Fields {
            line: self,
            values: self.text.split(',').collect(),
        }
    }

    /// Parses a value of this line.
    pub(crate) fn parse<T: FromStr>(&self, name: &str, value: &str) -> Result<T, Error> {
        value
            .parse()
            .map_err(|_| self.malformed(format!("{name} cannot be {value:?}")))
    }

    /// Parses a decimal of this line, exactly.
    pub(crate) fn decimal(&self, name: &str, value: &str) -> Result<Decimal, Error> {
        Decimal::from_str_exact(value)
            .or_else(|_| Decimal::from_scientific(value))
            .map_err(|_| self.malformed(format!("{name} cannot be {value:?}")))
    }

    /// A price of this line, in ticks.
    pub(crate) fn price(&self, pair: &Pair, price: Decimal) -> Result<Price, Error> {
        let ticks = pair.instrument().price_from_decimal(price);
        ticks.map_err(|error| self.malformed(format!("price {price}: {error}")))
    }

    /// A quantity of this line, in lots.
    pub(crate) fn quantity(&self, pair: &Pair, quantity: Decimal) -> Result<Quantity, Error> {
        let lots = pair.instrument().quantity_from_decimal(quantity);
        lots.map_err(|error| self.malformed(format!("quantity {quantity}: {error}")))
    }
}

/// The comma-separated fields of a line.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    pub(crate) line: Line<'a>,
    values: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn text(&self, index: usize, name: &str) -> Result<&'a str, Error> {
        self.values
            .get(index)
            .copied()
            .ok_or_else(|| self.line.malformed(format!("there is no {name}")))
    }

    pub(crate) fn parse<T: FromStr>(&self, index: usize, name: &str) -> Result<T, Error> {
        self.line.parse(name, self.text(index, name)?)
    }

    pub(crate) fn decimal(&self, index: usize, name: &str) -> Result<Decimal, Error> {
        self.line.decimal(name, self.text(index, name)?)
    }

    /// Where the column called `name` is, this being the header.
    pub(crate) fn position(&self, name: &str) -> Result<usize, Error> {
        self.values
            .iter()
            .position(|column| *column == name)
            .ok_or_else(|| self.line.malformed(format!("there is no column {name}")))
    }
}

/// The coarsest power of ten of which all of `numbers` are whole multiples; at most 1.
pub(crate) fn grid(numbers: impl Iterator<Item = Decimal>) -> Result<Step, Error> {
    let scale = numbers.map(|number| number.normalize().scale()).max();
    let scale = u8::try_from(scale.unwrap_or(0)).unwrap_or(u8::MAX);
    Ok(Step::new(1, scale)?)
}
