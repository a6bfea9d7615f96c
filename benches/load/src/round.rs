//! One round: so many connections that ask at a time, for some time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::task::JoinSet;

use crate::account::Accounts;
use crate::flow::{Ask, Trader};
use crate::process::{Cpu, Meter};
use crate::report::{Samples, per_second};
use crate::servers::Server;
use crate::{rest, socket};

/// How long answers may be waited for once a round is over.
const PATIENCE: Duration = Duration::from_secs(15);

/// How a connection asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// One request after the other.
    Rest,
    /// So many at a time, over the WebSocket API.
    Socket { window: usize },
}

/// What a round is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) connections: u64,
    pub(crate) time: Duration,
    pub(crate) requests: u64,
}

/// Tells a connection when it is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Until {
    time: Instant,
    requests: u64,
}

impl Until {
    /// Whether one more may be sent. Counts it.
    pub(crate) fn one_more(&mut self) -> bool {
        let more = self.requests > 0 && Instant::now() < self.time;
        self.requests -= u64::from(more);
        more
    }
}

/// What became of the requests of a connection.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    samples: Vec<Duration>,
    orders: u64,
    failed: u64,
    /// The first answer that should have been another one.
    refusal: Option<String>,
}

impl Tally {
    pub(crate) fn answered(&mut self, ask: &Ask, took: Duration) {
        self.samples.push(took);
        self.orders += u64::from(ask.is_order());
    }

    pub(crate) fn failed(&mut self, answer: String) {
        self.failed += 1;
        self.refusal.get_or_insert(answer);
    }

    fn add(&mut self, other: Self) {
        self.samples.extend(other.samples);
        self.orders += other.orders;
        self.failed += other.failed;
        self.refusal = self.refusal.take().or(other.refusal);
    }
}

/// What a round came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) requests: u64,
    pub(crate) requests_per_second: u64,
    pub(crate) orders_per_second: u64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) p999: Duration,
    pub(crate) took: Duration,
    pub(crate) cpu: Cpu,
}

/// Runs a round.
pub(crate) async fn run(
    server: &Server,
    accounts: &Accounts,
    how: How,
    size: Size,
    traders: &mut u64,
) -> anyhow::Result<Round> {
    let mut connected = Vec::new();
    for number in 0..size.connections {
        *traders += 1;
        let pair = accounts.of(number);
        connected.push((
            Connection::open(how, server.address).await?,
            pair,
            Trader::new(*traders),
        ));
    }
    let meter = Meter::start(server.pid)?;
    let begun = Instant::now();
    let until = Until {
        time: begun + size.time,
        requests: size.requests.div_ceil(size.connections),
    };
    let mut asking = JoinSet::new();
    for (connection, pair, trader) in connected {
        asking.spawn(async move {
            match connection {
                Connection::Rest(http) => rest::ask(http, &pair, trader, until).await,
                Connection::Socket(socket, window) => {
                    socket::ask(socket, window, &pair, trader, until).await
                }
            }
        });
    }
    let mut tally = Tally::default();
    let answers = async {
        while let Some(of_one) = asking.join_next().await {
            tally.add(of_one??);
        }
        anyhow::Ok(())
    };
    let in_time = tokio::time::timeout(size.time + PATIENCE, answers).await;
    in_time.context("answers did not come")??;
    let took = begun.elapsed();
    let cpu = meter.read()?;
    ensure!(
        tally.failed == 0,
        "{} of {} requests were refused, the first of them so: {}",
        tally.failed,
        tally.samples.len(),
        tally.refusal.unwrap_or_default()
    );
    let samples = Samples::new(tally.samples);
    Ok(Round {
        requests: samples.count(),
        requests_per_second: per_second(samples.count(), took),
        orders_per_second: per_second(tally.orders, took),
        p50: samples.within(500),
        p99: samples.within(990),
        p999: samples.within(999),
        took,
        cpu,
    })
}

/// A connection over which nothing has been asked yet.
enum Connection {
    Rest(crate::http::Http),
    Socket(Box<socket::Socket>, usize),
}

impl Connection {
    async fn open(how: How, address: SocketAddr) -> anyhow::Result<Self> {
        Ok(match how {
            How::Rest => Self::Rest(crate::http::Http::connect(address).await?),
            How::Socket { window } => {
                Self::Socket(Box::new(socket::open(address, "ws-api/v3").await?), window)
            }
        })
    }
}
