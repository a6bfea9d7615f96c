//! `load`: signed orders and subscribers for an exchange on this machine. Linux only.
//!
//! ```sh
//! cargo build --release -p exchange-server -p load
//! ./target/release/load --exchange ./target/release/exchange
//! ```

mod account;
mod bare;
mod cli;
mod flow;
mod http;
mod orders;
mod process;
mod report;
mod rest;
mod round;
mod servers;
mod sign;
mod socket;
mod streams;
mod subscriber;

use std::io::{Write, stdout};
use std::time::Duration;

use account::Accounts;
use anyhow::{Context, bail};
use clap::Parser;
use cli::{Cli, Command, LoadArgs, What};
use servers::{Memory, Server};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> anyhow::Result<()> {
    let Cli { command, load } = Cli::parse();
    process::lift_open_files()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        match command {
            Some(Command::Bare { bytes }) => bare::run(bytes, &mut stdout()).await,
            None => bounded(&load.settled(), &mut stdout()).await,
        }
    });
    // Nobody waits for whoever still reads the standard input.
    runtime.shutdown_background();
    done
}

/// Measures, for a time that has an end, and lets go of everything when it is told to stop.
async fn bounded(args: &LoadArgs, out: &mut impl Write) -> anyhow::Result<()> {
    let rounds = 3 * args.rounds * args.connections.len() as u64 + 2 * args.trades.len() as u64;
    let longest = Duration::from_secs(300 + rounds * (args.seconds + 20));
    let (mut interrupted, mut terminated) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    tokio::select! {
        measured = tokio::time::timeout(longest, measure(args, out)) => {
            measured.context("it takes too long")?
        }
        _ = interrupted.recv() => bail!("interrupted"),
        _ = terminated.recv() => bail!("terminated"),
    }
}

async fn measure(args: &LoadArgs, out: &mut impl Write) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism()?;
    writeln!(out, "{cores} cores, for client and server together.")?;
    if cfg!(debug_assertions) {
        writeln!(out, "Not optimised: this is a debug build.")?;
    }
    let most = args.connections.iter().copied().max().unwrap_or(1);
    let mut traders = 0;
    if args.what.iter().any(|what| *what != What::Streams) {
        let exchange = Server::exchange(args, Memory::Kept)?;
        let accounts = Accounts::open(exchange.address, most).await?;
        writeln!(out)?;
        orders::measure(args, &exchange, &accounts, &mut traders, out).await?;
    }
    if args.what.contains(&What::Streams) {
        let exchange = Server::exchange(args, Memory::GivenBack)?;
        let accounts = Accounts::open(exchange.address, most).await?;
        streams::measure(args, &exchange, &accounts, &mut traders, out).await?;
    }
    Ok(())
}
