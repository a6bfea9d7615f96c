//! Keys that two sides have in a file, and prove themselves to each other with.

use std::fmt;
use std::path::Path;

use anyhow::{Context, ensure};
use axum::http::{HeaderMap, header};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The fewest characters of a key.
const MIN_KEY: usize = 32;

/// Such a key: that of the processes of an exchange, or that of its operators.
#[derive(Clone)]
pub(crate) struct SharedKey(Zeroizing<String>);

impl SharedKey {
    /// Reads the key from the first line of the file that an option names.
    ///
    /// # Errors
    ///
    /// Where there is no such file or its key is too short to be one.
    pub(crate) fn read(option: &str, file: &Path) -> anyhow::Result<Self> {
        let name = file.display();
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{option}: the file {name} cannot be read"))?;
        let text = Zeroizing::new(text);
        let key = text.lines().next().unwrap_or("").trim();
        ensure!(
            key.len() >= MIN_KEY && key.bytes().all(|byte| byte.is_ascii_graphic()),
            "{option}: {name} must have a line of at least {MIN_KEY} printable characters, \
             for example from `openssl rand -hex 32`"
        );
        Ok(Self(Zeroizing::new(key.to_owned())))
    }

    /// The key, to be sent to the other side.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether a request has the key as its bearer token.
    pub(crate) fn is_borne_by(&self, headers: &HeaderMap) -> bool {
        let value = headers.get(header::AUTHORIZATION);
        let value = value.and_then(|value| value.to_str().ok());
        let key = value.and_then(|value| value.strip_prefix("Bearer "));
        key.is_some_and(|key| self.0.as_bytes().ct_eq(key.as_bytes()).into())
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey")
    }
}
