//! Scenarios over a data directory of their own, with a clock that moves when told.

mod api_keys;
mod files;
mod logins;
mod sessions;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use orderbook_core::AccountId;
use tempfile::TempDir;

use super::passwords::Cost;
use super::{ApiKey, Credentials, OpenError};

type Outcome = Result<(), Box<dyn Error>>;

const PASSWORD: &str = "correct horse battery";
const START: u64 = 1_760_000_000_000;
const HOUR: u64 = 3_600_000;

struct Desk {
    directory: TempDir,
    clock: Arc<AtomicU64>,
}

impl Desk {
    fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            directory: TempDir::new()?,
            clock: Arc::new(AtomicU64::new(START)),
        })
    }

    fn open(&self) -> Result<Credentials, OpenError> {
        let clock = Arc::clone(&self.clock);
        // As cheap as Argon2 gets: what it costs is not what these scenarios are about.
        let cost = Cost {
            memory_kib: 8,
            passes: 1,
        };
        Credentials::open_with(
            self.directory.path(),
            Box::new(move || clock.load(Ordering::SeqCst)),
            cost,
        )
    }

    fn wait(&self, millis: u64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Every byte of every file, the write-ahead log included.
    fn bytes(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut bytes = Vec::new();
        for entry in fs::read_dir(self.directory.path())? {
            bytes.extend(fs::read(entry?.path())?);
        }
        Ok(bytes)
    }

    /// Changes the closed database behind the back of the store.
    fn sql(&self, statements: &str) -> Outcome {
        let database = rusqlite::Connection::open(self.file("accounts.sqlite"))?;
        database.execute_batch(statements)?;
        Ok(())
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

fn account(id: u64) -> AccountId {
    AccountId::new(id)
}

fn secret(key: Option<Arc<ApiKey>>) -> Option<String> {
    key.and_then(|key| String::from_utf8(key.secret.to_vec()).ok())
}
