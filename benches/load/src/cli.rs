//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};

/// How many signed orders an exchange takes, and how fast it tells many what happened. Everything
/// stays on this machine, and ends by itself.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

/// What else there is.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Be what an exchange is compared with: a route that does nothing. Ends with its standard input.
    #[command(hide = true)]
    Bare {
        /// How long its answers are.
        #[arg(long)]
        bytes: usize,
    },
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// Orders over REST, beside a route that does nothing.
    Rest,
    /// Orders over the WebSocket API.
    Socket,
    /// Streams with many subscribers.
    Streams,
}

/// What is measured where, and for how long.
#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// Start this binary for it, with a new directory and without limits on clients.
    #[arg(long, value_name = "FILE")]
    pub(crate) exchange: Option<PathBuf>,

    /// Measure the exchange that listens here, on this machine. It needs a faucet, limits on clients
    /// that are out of the way, and nobody else who trades.
    #[arg(
        long,
        value_name = "ADDR",
        conflicts_with = "exchange",
        required_unless_present = "exchange"
    )]
    pub(crate) at: Option<SocketAddr>,

    /// The process at --at, to tell what it takes of the machine.
    #[arg(long, requires = "at")]
    pub(crate) pid: Option<u32>,

    /// What is measured.
    #[arg(
        long,
        value_enum,
        default_value = "rest,socket,streams",
        value_delimiter = ','
    )]
    pub(crate) what: Vec<What>,

    /// How many connections send orders at a time, rows of their own each.
    #[arg(
        long,
        value_name = "NUMBERS",
        default_value = "1,8,64",
        value_delimiter = ',',
        value_parser = value_parser!(u64).range(1..=1024)
    )]
    pub(crate) connections: Vec<u64>,

    /// How many requests of one connection to the WebSocket API wait at a time.
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = value_parser!(u64).range(1..=64))]
    pub(crate) window: u64,

    /// How often everything is measured, in turn; what is told are medians.
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = value_parser!(u64).range(1..=99))]
    pub(crate) rounds: u64,

    /// How long a round takes.
    #[arg(long, value_name = "NUMBER", default_value_t = 2, value_parser = value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,

    /// How many requests a round makes at the most.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1..=10_000_000))]
    pub(crate) requests: u64,

    /// How many subscribe to the streams of one symbol.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = value_parser!(u64).range(1..=9_000))]
    pub(crate) subscribers: u64,

    /// How many trades there are in a second while they listen, rows of their own each.
    #[arg(
        long,
        value_name = "NUMBERS",
        default_value = "10,50,100",
        value_delimiter = ',',
        value_parser = value_parser!(u64).range(1..=1_000)
    )]
    pub(crate) trades: Vec<u64>,

    /// Only see that everything works: a few hundred orders, twenty subscribers.
    #[arg(long)]
    pub(crate) brief: bool,
}

impl LoadArgs {
    /// The arguments that count: those of a brief run are always the same.
    pub(crate) fn settled(self) -> Self {
        if !self.brief {
            return self;
        }
        Self {
            connections: vec![1, 4],
            rounds: 1,
            seconds: 20,
            requests: 300,
            subscribers: 20,
            trades: vec![20],
            ..self
        }
    }
}
