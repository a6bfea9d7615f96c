//! Servers are killed at random moments while many trade, and what is there afterwards is compared
//! with what everybody was told.
//!
//! `KILLS` says how often, and `KILL_SEED` makes the same choices once more.

mod client;
mod compare;
mod fuse;
mod terms;
mod told;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rust_decimal::Decimal;
use tokio::task::JoinHandle;

use self::client::Client;
use self::compare::Comparison;
use self::fuse::Fuse;
use self::told::Counts;
use crate::harness::backend::{new_database, redis_url};
use crate::harness::{Cluster, Http, Server, Trader, eventually, new_dir};
use crate::history::stored;

const CLIENTS: u64 = 16;
/// What it takes is told; this is what is far too long on any machine.
const READY_WITHIN: Duration = Duration::from_secs(15);

/// What chance decides, how often there was a kill, and how long each start took.
struct Course {
    random: ChaCha8Rng,
    seed: u64,
    kills: u32,
    wanted: u32,
    ready: Vec<Duration>,
}

impl Course {
    /// As the environment says; otherwise 20 kills, and other choices each time.
    fn new() -> Self {
        let variable = |name| {
            let text = std::env::var(name).ok()?;
            let number = text.parse::<u64>();
            Some(number.unwrap_or_else(|error| panic!("{name} is {text}: {error}")))
        };
        let seed = variable("KILL_SEED").unwrap_or_else(rand::random);
        say(&format!("KILL_SEED={seed}"));
        let wanted = variable("KILLS").unwrap_or(20);
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            seed,
            kills: 0,
            wanted: wanted.try_into().expect("there is an end"),
            ready: Vec::new(),
        }
    }

    fn goes_on(&self) -> bool {
        self.kills < self.wanted
    }

    /// Starts what was killed; before that it is sometimes killed again while it starts.
    async fn restart(&mut self, server: Server) -> Server {
        self.kills += 1;
        while self.random.random_bool(0.3) {
            let usual = self.ready.last().map_or(100_000, Duration::as_micros);
            let usual = u64::try_from(usual).expect("it is not that long");
            let so_soon = self.random.random_range(0..usual + usual / 4);
            server.stumble(Duration::from_micros(so_soon)).await;
            self.kills += 1;
        }
        let server = server.restart().await;
        self.started(&server);
        server
    }

    fn started(&mut self, server: &Server) {
        let took = server.ready_after();
        assert!(took < READY_WITHIN, "it took {took:?} to start");
        self.ready.push(took);
        say(&format!(
            "killed {} times; ready after {took:?}",
            self.kills
        ));
    }

    fn tell(&mut self, clients: &[Client], comparison: &Comparison) -> Counts {
        let mut counts = Counts::default();
        for client in clients {
            counts.add(client.told.counts);
        }
        self.ready.sort_unstable();
        let slowest = self.ready.last().expect("there were kills");
        let median = self.ready[self.ready.len() / 2];
        let (kills, seed, trades) = (self.kills, self.seed, comparison.trades());
        say(&format!(
            "{kills} kills, seed {seed}; ready after {median:?}, at the most {slowest:?}; \
             {trades} trades; nothing lost, nothing doubled: {counts:?}"
        ));
        counts
    }
}

#[allow(clippy::print_stdout)] // For whoever runs it with --nocapture, or sees it fail.
fn say(text: &str) {
    println!("{text}");
}

/// The built-in configuration without limits on how much a client may ask for, with many snapshots and
/// little of the log.
fn config(dir: &Path) -> String {
    let sample = include_str!("../../../exchange.sample.toml");
    let config = sample
        .replace("per_minute = 60000", "per_minute = 1000000000")
        .replace("per_10_seconds = 1000", "per_10_seconds = 1000000")
        .replace("every = 500000", "every = 500")
        .replace("forget_log = false", "forget_log = true");
    let file = dir.join("config.toml");
    std::fs::write(&file, config).expect("the directory can be written");
    file.to_str().expect("a plain name").into()
}

/// Clients with money; every fourth has little. Some ask for the orders that they know no outcome of,
/// the others send them again.
async fn clients(door: &Server, seed: u64, one_process: bool) -> (Vec<Client>, Comparison) {
    let money = |index| match index % 4 {
        0 => [("USDT", "2000"), ("BTC", "0.05"), ("ETH", "1")],
        _ => [("USDT", "1000000"), ("BTC", "50"), ("ETH", "1000")],
    };
    let clients = (0..CLIENTS).map(async |index| {
        let trader = Trader::funded(door, &format!("client-{index}"), &money(index)).await;
        let seed = seed.wrapping_add(index);
        Client::new(trader, seed, index % 8 < 3, one_process)
    });
    let clients = join_all(clients).await;
    let mut deposited: BTreeMap<String, Decimal> = BTreeMap::new();
    for (asset, amount) in (0..CLIENTS).flat_map(money) {
        let amount: Decimal = amount.parse().expect("it is a number");
        *deposited.entry(asset.into()).or_default() += amount;
    }
    (clients, Comparison::new(deposited))
}

/// Has everybody at work until `victim` is killed: what is to be started again, and the clients when
/// none of them is at work any more. Some wait for an answer until it is back.
///
/// Where `log` is the directory of a log, it is sometimes held up before.
async fn killed_under_load(
    clients: Vec<Client>,
    doors: &[Http],
    random: &mut ChaCha8Rng,
    victim: Server,
    log: Option<&Path>,
) -> (impl Future<Output = Vec<Client>> + use<>, Server) {
    let fuse = Arc::new(Fuse::random(random, victim, log));
    // Not always through the same door.
    let first = random.random_range(0..doors.len());
    let tasks: Vec<_> = clients
        .into_iter()
        .zip(doors.iter().cycle().skip(first).cloned())
        .map(|(client, door)| tokio::spawn(client.work(door, Arc::clone(&fuse))))
        .collect();
    eventually("somebody is killed", async || {
        let nobody_works = tasks.iter().all(JoinHandle::is_finished);
        (fuse.is_burnt() || nobody_works).then_some(())
    })
    .await;
    let clients = async {
        let clients = join_all(tasks).await.into_iter();
        let clients = clients.map(|client| client.expect("a client is told nothing wrong"));
        clients.collect()
    };
    (clients, fuse.take_victim())
}

/// Has everybody find out what is still unknown.
async fn settled(clients: Vec<Client>, door: &Http) -> Vec<Client> {
    join_all(
        clients
            .into_iter()
            .map(|client| client.settle(door.clone())),
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_told_is_lost_or_doubled() {
    let mut course = Course::new();
    let dir = new_dir();
    let config = config(dir.path());
    let data = dir.path().join("data");
    let mut server = Server::start(&data, &["--faucet", "--config", &config]).await;
    let (mut clients, mut comparison) = clients(&server, course.seed, true).await;
    while course.goes_on() {
        let door = [server.http()];
        let random = &mut course.random;
        let (working, killed) =
            killed_under_load(clients, &door, random, server, Some(&data)).await;
        server = course.restart(killed).await;
        clients = working.await;
        stored(&server).await;
        comparison.changes(&mut clients, &server.http()).await;
    }
    clients = settled(clients, &server.http()).await;
    server.kill();
    server = course.restart(server).await;
    stored(&server).await;
    comparison.changes(&mut clients, &server.http()).await;
    comparison.all(&mut clients, &server.http()).await;
    let counts = course.tell(&clients, &comparison);
    assert_eq!(counts.errors, 0, "a server answers, or it is gone");
    // So many kills hit some orders before they are in the log, and some after that.
    if course.kills >= 20 {
        assert!(counts.there > 0 && counts.anew > 0, "{counts:?}");
    }
}

/// Waits until a gateway knows all that was ordered.
async fn caught_up(gateway: &Server, orders: &Server) {
    let inputs = async |server: &Server| -> Option<u64> {
        let metrics = server.http().get("/metrics").await;
        let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
        let mut lines = metrics.lines();
        lines.find_map(|line| line.strip_prefix("exchange_inputs_total ")?.parse().ok())
    };
    let ordered = inputs(orders).await;
    eventually("the gateway knows everything", async || {
        let ready = gateway.http().get("/readyz").await.status == 200;
        (ready && inputs(gateway).await >= ordered).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_told_is_lost_or_doubled_by_several_processes() {
    let mut course = Course::new();
    // Starting several processes takes longer.
    course.wanted = course.wanted * 2 / 5;
    let dir = new_dir();
    let config = config(dir.path());
    let mut cluster = Cluster::start(&redis_url(), &new_database().await).await;
    let mut gateways = [
        cluster.gateway(&["--faucet", "--config", &config]).await,
        cluster.gateway(&["--faucet", "--config", &config]).await,
    ];
    let (mut clients, mut comparison) = clients(&gateways[0], course.seed, false).await;
    for gateway in &gateways {
        caught_up(gateway, &cluster.orders).await;
    }
    for round in 0.. {
        let doors = gateways.each_ref().map(Server::http);
        let random = &mut course.random;
        // Mostly the one that all others need.
        if round % 4 == 2 {
            let [first, other] = gateways;
            let (working, killed) = killed_under_load(clients, &doors, random, first, None).await;
            // The next time it is the other's turn.
            gateways = [other, course.restart(killed).await];
            clients = working.await;
        } else {
            let (data, orders) = (cluster.data_dir(), cluster.orders);
            let (working, killed) =
                killed_under_load(clients, &doors, random, orders, Some(&data)).await;
            cluster.orders = course.restart(killed).await;
            clients = working.await;
        }
        for gateway in &gateways {
            caught_up(gateway, &cluster.orders).await;
        }
        stored(&cluster.orders).await;
        let door = gateways[course.random.random_range(0..2)].http();
        comparison.changes(&mut clients, &door).await;
        if !course.goes_on() {
            break;
        }
    }
    let [first, second] = &gateways;
    clients = settled(clients, &first.http()).await;
    caught_up(second, &cluster.orders).await;
    stored(&cluster.orders).await;
    comparison.changes(&mut clients, &second.http()).await;
    comparison.all(&mut clients, &second.http()).await;
    course.tell(&clients, &comparison);
}
