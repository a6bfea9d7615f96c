//! `exchange bench`: what this machine's storage does, and what the exchange makes of it.
//!
//! Everything happens in a directory of its own beside the data in question, on the same disk, or in a
//! database that has no log. It is gone in the end. What a number means shows beside the others of the same run: the machine, and
//! whatever else runs on it, is the same for all of them.
//!
//! Not here: what a message costs without a log, which is measured in `benches`.

mod database;
mod flow;
mod report;
mod restart;
mod scratch;
#[cfg(test)]
mod tests;
mod throughput;

use std::io::Write;

use crate::cli::BenchCommand;

/// Measures, and prints what came out.
pub(crate) async fn run(command: &BenchCommand, out: &mut impl Write) -> anyhow::Result<()> {
    match command {
        BenchCommand::Throughput(args) => throughput::run(args, out).await,
        BenchCommand::Restart(args) => restart::run(args, out).await,
    }
}
