//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, Parser, Subcommand, value_parser};

use crate::shared_key::SharedKey;

/// An exchange: order books, balances, market data, REST and WebSocket. In one process, unless a
/// role is named.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) all: AllArgs,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one, for as long as the process"
)]
pub(crate) enum Command {
    /// Be an exchange, or a part of it.
    #[command(flatten)]
    Role(RoleCommand),
    /// Look at a command log, also while it is being written.
    #[command(subcommand)]
    Log(LogCommand),
    /// Measure what this machine makes of an exchange. What is there is left alone.
    #[command(subcommand)]
    Bench(BenchCommand),
}

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// How often the disk commits, and how many commands the exchange makes durable with that.
    Throughput(ThroughputArgs),
    /// How long a restart takes, from a snapshot and the command log behind it.
    Restart(RestartArgs),
}

/// Where it is measured.
#[derive(Debug, Args)]
pub(crate) struct BenchPlace {
    /// A directory on the disk in question. A new one in it is used, and removed in the end.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) data_dir: PathBuf,
}

/// For how long, and how much at a time.
#[derive(Debug, Args)]
pub(crate) struct ThroughputArgs {
    #[command(flatten)]
    pub(crate) place: BenchPlace,

    /// For how long each row is measured.
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,

    /// How many commands wait at a time, a row each; the exchange lets no more orders wait than 3,072.
    #[arg(
        long,
        value_name = "NUMBERS",
        default_value = "1,16,256,1024",
        value_delimiter = ',',
        value_parser = value_parser!(u64).range(1..=3072)
    )]
    pub(crate) in_flight: Vec<u64>,

    /// Measure this PostgreSQL instead of the disk. A database that has a log is refused; make one for
    /// this.
    #[arg(long, value_name = "URL")]
    pub(crate) log: Option<String>,
}

/// How large an exchange is.
#[derive(Debug, Args)]
pub(crate) struct RestartArgs {
    #[command(flatten)]
    pub(crate) place: BenchPlace,

    /// How many orders are open in the snapshot.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    pub(crate) orders: u64,

    /// How many inputs the command log has behind it.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    pub(crate) tail: u64,

    /// Measure what has been made in this directory.
    #[arg(long, value_name = "DIR", hide = true)]
    pub(crate) measure: Option<PathBuf>,
}

/// What is to be done with a command log. Nothing is ever changed in it.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Check every frame of a command log.
    Verify(VerifyArgs),
    /// Print the inputs of a command log, a line of JSON each: prices in ticks, quantities in lots,
    /// amounts in the smallest unit of their asset, times in microseconds since 1970.
    Dump(DumpArgs),
}

/// What of a log is checked.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) log: LogArgs,

    /// Carry out all inputs, too, and check that the money and the books they lead to are right.
    #[arg(long)]
    pub(crate) replay: bool,
}

/// Which inputs are printed.
#[derive(Debug, Args)]
pub(crate) struct DumpArgs {
    #[command(flatten)]
    pub(crate) log: LogArgs,

    /// The sequence number of the first input.
    #[arg(long, value_name = "SEQ", default_value_t = 1)]
    pub(crate) from: u64,

    /// How many inputs at most.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<u64>,
}

/// Which part of an exchange this process is.
#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// Everything in one process. This is also what happens when no role is named.
    All(AllArgs),
    /// Orders commands, keeps the log, and feeds the other processes. One for each exchange.
    Orders(OrdersArgs),
    /// Serves REST and WebSocket. As many as it takes.
    Gateway(GatewayArgs),
}

/// What every role needs.
#[derive(Debug, Args)]
pub(crate) struct SharedArgs {
    /// Instruments, fees and limits; see server/exchange.sample.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Carry events between processes over this Redis, for example `redis://127.0.0.1:6379`.
    #[arg(
        long,
        value_name = "URL",
        env = "EXCHANGE_REDIS",
        hide_env_values = true
    )]
    pub(crate) redis: Option<String>,

    /// Keep users, orders, trades and candles in this PostgreSQL, with TimescaleDB where it has it,
    /// for example `postgres://user:password@127.0.0.1/exchange`. In the data directory
    /// otherwise.
    #[arg(
        long,
        value_name = "URL",
        env = "EXCHANGE_STORE",
        hide_env_values = true
    )]
    pub(crate) store: Option<String>,

    /// The key that secrets in the database of --store are encrypted with. The same file for every
    /// process of an exchange. secret.key in the data directory unless named.
    #[arg(long, value_name = "FILE", requires = "store")]
    pub(crate) secret_key: Option<PathBuf>,
}

/// A process that has the log.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Where everything is kept. What is there is never overwritten.
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub(crate) data_dir: PathBuf,

    /// Keep the command log in this PostgreSQL, for example
    /// `postgres://user:password@127.0.0.1/exchange`. While another process has it, this one stands
    /// by. In the data directory otherwise.
    #[arg(
        id = "log",
        long = "log",
        value_name = "URL",
        env = "EXCHANGE_LOG",
        hide_env_values = true
    )]
    pub(crate) url: Option<String>,
}

/// A process that serves clients.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address to serve REST, WebSocket and the trading page on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Let anybody credit play money to their own account.
    #[arg(long)]
    pub(crate) faucet: bool,

    /// The address for operators, on this machine only; needs --operator-key.
    #[arg(long, value_name = "ADDR", requires = "operator_key")]
    pub(crate) operator: Option<SocketAddr>,

    /// A file with the key that operators prove themselves with.
    #[arg(long, value_name = "FILE", requires = "operator")]
    pub(crate) operator_key: Option<PathBuf>,
}

impl ServeArgs {
    /// Where operators are served, and what they prove themselves with.
    ///
    /// # Errors
    ///
    /// Where other machines could reach that, or the key cannot be read.
    pub(crate) fn operators(&self) -> anyhow::Result<Option<(SocketAddr, SharedKey)>> {
        let Some((address, file)) = self.operator.zip(self.operator_key.as_ref()) else {
            return Ok(None);
        };
        ensure!(
            address.ip().is_loopback(),
            "--operator: {address} can be reached from other machines; operators are served on a \
             loopback address only"
        );
        Ok(Some((address, SharedKey::read("--operator-key", file)?)))
    }
}

/// Everything in one process.
#[derive(Debug, Args)]
pub(crate) struct AllArgs {
    #[command(flatten)]
    pub(crate) log: LogArgs,

    #[command(flatten)]
    pub(crate) serve: ServeArgs,

    /// Create two funded accounts and let bots trade BTCUSDT and ETHUSDT. Includes --faucet.
    #[arg(long)]
    pub(crate) demo: bool,

    #[command(flatten)]
    pub(crate) shared: SharedArgs,

    /// The address for gateways of other processes; needs --cluster-key.
    #[arg(long, value_name = "ADDR", requires = "cluster_key")]
    pub(crate) internal: Option<SocketAddr>,

    /// A file with the key that the processes of an exchange prove themselves to each other with.
    #[arg(long, value_name = "FILE", requires = "internal")]
    pub(crate) cluster_key: Option<PathBuf>,
}

/// The process that orders commands.
#[derive(Debug, Args)]
pub(crate) struct OrdersArgs {
    #[command(flatten)]
    pub(crate) log: LogArgs,

    #[command(flatten)]
    pub(crate) shared: SharedArgs,

    /// The address for gateways, and for health checks.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    pub(crate) internal: SocketAddr,

    /// A file with the key that the processes of an exchange prove themselves to each other with.
    #[arg(long, value_name = "FILE")]
    pub(crate) cluster_key: PathBuf,
}

/// A gateway.
#[derive(Debug, Args)]
pub(crate) struct GatewayArgs {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,

    #[command(flatten)]
    pub(crate) shared: SharedArgs,

    /// Where the process that orders commands listens for gateways.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    pub(crate) orders: String,

    /// A file with the key that the processes of an exchange prove themselves to each other with.
    #[arg(long, value_name = "FILE")]
    pub(crate) cluster_key: PathBuf,
}
