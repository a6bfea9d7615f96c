//! Snapshots as files in a directory.

use std::fmt::Display;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{At, SnapshotError, Snapshots};

const EXTENSION: &str = "snapshot";
/// That of a file which is being written, or which was when the process died.
const UNFINISHED: &str = "unfinished";

/// A directory of files, each named after the frame and the input that it ends with.
#[derive(Debug)]
pub(crate) struct SnapshotDir {
    path: PathBuf,
}

impl SnapshotDir {
    /// The directory `snapshots` in `dir`; the first snapshot creates it.
    pub(crate) fn of(dir: &Path) -> Self {
        Self {
            path: dir.join("snapshots"),
        }
    }

    fn failed(&self, what: &'static str, cause: &dyn Display) -> SnapshotError {
        SnapshotError::Storage {
            place: self.path.display().to_string(),
            what,
            cause: cause.to_string(),
        }
    }

    fn file(&self, At { frame, seq }: At, extension: &str) -> PathBuf {
        self.path.join(format!("{frame:020}-{seq:020}.{extension}"))
    }

    fn replace(&self, at: At, bytes: &[u8]) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)?;
        let unfinished = self.file(at, UNFINISHED);
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(unfinished, self.file(at, EXTENSION))?;
        // The name is durable with the directory only.
        File::open(&self.path)?.sync_all()
    }
}

impl Snapshots for SnapshotDir {
    fn list(&self) -> Result<Vec<At>, SnapshotError> {
        let names = || -> io::Result<Vec<At>> {
            let mut found = Vec::new();
            for entry in fs::read_dir(&self.path)? {
                found.extend(at(&entry?.path()));
            }
            found.sort_unstable();
            Ok(found)
        };
        match names() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            names => names.map_err(|error| self.failed("read", &error)),
        }
    }

    fn read(&self, at: At) -> Result<Vec<u8>, SnapshotError> {
        let read = fs::read(self.file(at, EXTENSION));
        read.map_err(|error| self.failed("read", &error))
    }

    fn write(&self, at: At, bytes: &[u8]) -> Result<(), SnapshotError> {
        self.replace(at, bytes).map_err(|error| {
            // It takes room that others may be waiting for.
            drop(fs::remove_file(self.file(at, UNFINISHED)));
            self.failed("written", &error)
        })
    }

    fn remove(&self, at: At) -> Result<(), SnapshotError> {
        let removed = fs::remove_file(self.file(at, EXTENSION));
        removed.map_err(|error| self.failed("removed", &error))
    }
}

/// Where a snapshot was made, by the name of its file; `None` for other files.
fn at(file: &Path) -> Option<At> {
    if file.extension()? != EXTENSION {
        return None;
    }
    let (frame, seq) = file.file_stem()?.to_str()?.split_once('-')?;
    Some(At {
        frame: frame.parse().ok()?,
        seq: seq.parse().ok()?,
    })
}
