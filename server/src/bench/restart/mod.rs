//! How long a restart takes: the newest snapshot, and the log behind it.

mod make;
mod measure;

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::scratch::Scratch;
use crate::cli::RestartArgs;

pub(super) use make::make;
pub(super) use measure::measure;

/// Makes a log and a snapshot, and starts from them in another process: a start begins with no memory
/// in use, and so does that one.
pub(super) async fn run(args: &RestartArgs, out: &mut impl Write) -> anyhow::Result<()> {
    if let Some(dir) = &args.measure {
        return measure(dir, out).await;
    }
    let scratch = Scratch::in_dir(&args.place.data_dir).await?;
    make(scratch.path(), args.orders, args.tail)?;
    let this = std::env::current_exe().context("this program is not where it was")?;
    let measured = Command::new(this)
        .args(["bench", "restart", "--measure"])
        .arg(scratch.path())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(measured.status.success(), "the restart failed");
    out.write_all(&measured.stdout)?;
    Ok(())
}
