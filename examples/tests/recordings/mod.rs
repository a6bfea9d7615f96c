//! Where the recordings are that are too large, or not ours, to be checked in.

use std::env;
use std::io::{Write, stderr};
use std::path::PathBuf;

/// A file of the folder that `MARKET_RECORDINGS` names; `None`, and a line that says so, where the
/// variable is not set. Whether the file exists is for the test to find out: it has to.
pub(crate) fn recording(path: &str) -> Option<PathBuf> {
    let folder = env::var_os("MARKET_RECORDINGS");
    if folder.is_none() {
        // Written past the capture of the test harness, so that a skipped test shows.
        let _ = writeln!(stderr(), "skipped: MARKET_RECORDINGS is not set");
    }
    folder.map(|folder| PathBuf::from(folder).join(path))
}
