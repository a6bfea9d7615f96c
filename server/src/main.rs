//! The `exchange` binary: an exchange that stands by itself.

mod accounts;
mod api;
mod bench;
mod bus;
mod cli;
mod config;
mod data_dir;
mod demo;
mod error;
mod gateway;
mod health;
mod link;
mod listed;
mod log;
mod marketdata;
mod orders;
mod postgres;
mod role;
mod shared_key;
mod snapshots;
mod store;

use std::io::{IsTerminal, stdout};

use clap::Parser;
use cli::{Command, RoleCommand};
use mimalloc::MiMalloc;
use tokio::runtime::Runtime;
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What one thread allocates another one frees here, with each request: the sequencer, the folds and the
/// gateway hand things on. That of the C library takes locks for it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // This library would tell whole messages, with the keys and signatures in them.
    let is_discreet = filter_fn(|about| {
        *about.level() < Level::TRACE || !about.target().starts_with("tungstenite")
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would be told on standard error, and where nobody reads that, end whoever logs.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .finish()
        .with(is_discreet)
        .init();
    let cli::Cli { command, all } = cli::Cli::parse();
    let role = match command {
        Some(Command::Log(command)) => return log::inspect::run(&command, &mut stdout().lock()),
        Some(Command::Bench(command)) => {
            return runtime()?.block_on(bench::run(&command, &mut stdout()));
        }
        Some(Command::Role(role)) => role,
        None => RoleCommand::All(all),
    };
    runtime()?.block_on(role::run(role))
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}
