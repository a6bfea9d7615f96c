//! Disks that are full, that take nothing, and that take their time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::harness::backend::{new_database, redis_url};
use crate::harness::log::{file, hold};
use crate::harness::{
    Backend, Cluster, Http, Reply, Server, Socket, Trader, eventually, list, new_dir, number,
};

/// What a client is told whose order could not be stored.
const SUSPENDED: i64 = -1016;
/// How soon reads are answered, and orders refused, whatever the disk does.
const AT_ONCE: Duration = Duration::from_secs(5);

async fn order(trader: &Trader, name: &str, price: &str) -> Reply {
    let params = [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("price", price),
        ("quantity", "0.001"),
        ("newClientOrderId", name),
    ];
    trader.post("order", &params).await
}

/// Asserts that nothing was stored, and that the client is told so.
fn assert_suspended(reply: &Reply) {
    let body = reply.json();
    assert_eq!(
        (reply.status, &body["code"]),
        (503, &SUSPENDED.into()),
        "{reply}"
    );
    let says = body["msg"]
        .as_str()
        .is_some_and(|msg| msg.contains("nothing has happened"));
    assert!(says && reply.header("retry-after") == Some("1"), "{reply}");
}

/// Traders who place orders until they are told to stop, and what they were told.
struct Crowd {
    counts: Arc<Counts>,
    tasks: Vec<JoinHandle<(Trader, Vec<Told>)>>,
}

#[derive(Default)]
struct Counts {
    stop: AtomicBool,
    taken: AtomicUsize,
    refused: AtomicUsize,
}

/// An order by its name, and whether it was taken, as far as that was told.
struct Told {
    name: String,
    taken: Option<bool>,
}

impl Crowd {
    fn start(traders: Vec<Trader>) -> Self {
        let all = Arc::<Counts>::default();
        let tasks = traders.into_iter().map(|trader| {
            let counts = Arc::clone(&all);
            tokio::spawn(async move {
                let mut told = Vec::new();
                while !counts.stop.load(Ordering::Relaxed) {
                    let name = format!("{}-{}", trader.name, told.len());
                    let price = format!("{}", 10_000 + told.len() % 1_000);
                    let reply = order(&trader, &name, &price).await;
                    let taken = match reply.status {
                        200 => Some(true),
                        // It was in doubt for longer than clients wait.
                        408 => None,
                        // Nothing else, above all no error of the server.
                        _ => {
                            assert_suspended(&reply);
                            Some(false)
                        }
                    };
                    match taken {
                        Some(true) => counts.taken.fetch_add(1, Ordering::Relaxed),
                        _ => counts.refused.fetch_add(1, Ordering::Relaxed),
                    };
                    if taken != Some(true) {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    told.push(Told { name, taken });
                }
                (trader, told)
            })
        });
        let tasks = tasks.collect();
        Self { counts: all, tasks }
    }

    /// Waits until so many more have been counted.
    async fn more(&self, what: &str, counted: &AtomicUsize, more: usize) {
        let before = counted.load(Ordering::Relaxed);
        eventually(what, async || {
            let ended = self.tasks.iter().any(JoinHandle::is_finished);
            assert!(!ended, "somebody was told something else");
            (counted.load(Ordering::Relaxed) >= before + more).then_some(())
        })
        .await;
    }

    async fn stop(self) -> Vec<(Trader, Vec<Told>)> {
        self.counts.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for task in self.tasks {
            all.push(task.await.expect("nobody was told anything else"));
        }
        all
    }
}

/// Asserts that what was taken is there and what was refused is not; how much of each there was.
async fn assert_as_told(told: &[(Trader, Vec<Told>)], server: &Server) -> (usize, usize) {
    let (mut taken, mut refused) = (0, 0);
    for (trader, orders) in told {
        let trader = trader.at(server);
        for order in orders {
            let name = &order.name;
            let params = [("symbol", "BTCUSDT"), ("origClientOrderId", name)];
            let reply = trader.get("order", &params).await;
            match order.taken {
                Some(true) => {
                    assert_eq!(reply.ok()["clientOrderId"], *name);
                    taken += 1;
                }
                Some(false) => {
                    reply.assert_refused(name, 400, -2013, "Order does not exist.");
                    refused += 1;
                }
                None => {}
            }
        }
    }
    (taken, refused)
}

async fn metric(http: &Http, name: &str) -> Option<u64> {
    let metrics = http.get("/metrics").await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    let mut lines = metrics.lines();
    lines.find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// The cause for which no orders are taken, as soon as there is one.
async fn suspended(http: &Http) -> String {
    eventually("no orders are taken", async || {
        let ready = http.get("/readyz").await;
        let body = ready.json();
        let suspended = ready.status == 503 && body["status"] == "suspended";
        suspended.then(|| body["cause"].as_str().unwrap_or_default().to_owned())
    })
    .await
}

async fn resumed(http: &Http) {
    eventually("orders are taken again", async || {
        (http.get("/readyz").await.status == 200).then_some(())
    })
    .await;
}

/// Asserts that whoever only wants to know is answered, and soon.
async fn assert_read(trader: &Trader) {
    let asked = Instant::now();
    let depth = trader.http.json("/api/v3/depth?symbol=BTCUSDT").await;
    assert!(!list(&depth["bids"]).is_empty(), "{depth}");
    assert!(!list(&trader.open_orders().await).is_empty());
    trader.account().await;
    trader.own(Method::GET, "/v1/session", None).await.ok();
    trader.fills("BTCUSDT").await;
    assert!(asked.elapsed() < AT_ONCE, "it took {:?}", asked.elapsed());
}

/// The size of the largest file.
fn largest(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir).expect("the directory is there");
    let sizes = files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
    sizes.max().expect("there are files")
}

async fn traders(server: &Server, count: usize) -> Vec<Trader> {
    let mut traders = Vec::new();
    for index in 0..count {
        let name = format!("trader-{index}");
        traders.push(Trader::funded(server, &name, &[("USDT", "1000000000")]).await);
    }
    traders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_takes_no_orders_and_loses_none() {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    let traders = traders(&server, 6).await;
    let first = traders[0].clone();
    let crowd = Crowd::start(traders);
    crowd
        .more("orders are taken", &crowd.counts.taken, 20)
        .await;
    for cycle in 1..=3 {
        // Once it fills up; then it takes nothing from one moment to the next.
        let room = (cycle == 1).then(|| largest(dir.path()) + 32 * 1024);
        server.limit_files(Some(room.unwrap_or(0)));
        crowd
            .more("orders are refused", &crowd.counts.refused, 20)
            .await;
        let cause = suspended(&http).await;
        assert!(cause.contains("commands.sqlite"), "{cause}");
        assert_read(&first).await;
        if room.is_none() {
            assert_eq!(metric(&http, "exchange_suspended").await, Some(1));
            assert_eq!(metric(&http, "exchange_ready").await, Some(0));
            let cancel = first.delete("openOrders", &[("symbol", "BTCUSDT")]).await;
            assert_suspended(&cancel);
            // A session is something to store, too, only elsewhere.
            let who = json!({ "username": first.name, "password": first.password });
            let login = http.post_json("/v1/login", &who).await;
            let msg = "The database of users cannot be used at the moment. Please try again.";
            login.assert_refused("a login", 503, -1001, msg);
        }
        server.limit_files(None);
        let freed = Instant::now();
        resumed(&http).await;
        assert!(freed.elapsed() < AT_ONCE, "it took {:?}", freed.elapsed());
        assert_eq!(metric(&http, "exchange_suspended").await, Some(0));
        assert!(metric(&http, "exchange_suspensions_total").await >= Some(cycle));
        crowd
            .more("orders are taken again", &crowd.counts.taken, 50)
            .await;
        Trader::funded(&server, &format!("late-{cycle}"), &[("BTC", "1")]).await;
    }
    let told = crowd.stop().await;
    // The store has caught up by itself.
    eventually("history is written", async || {
        (http.get("/readyz").await.json()["store"]["inputsBehind"] == 0).then_some(())
    })
    .await;
    server.kill();
    let server = server.restart().await;
    let (taken, refused) = assert_as_told(&told, &server).await;
    assert!(
        taken >= 170 && refused >= 60,
        "{taken} taken, {refused} refused"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_disk_makes_orders_wait_and_then_refuses_them() {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    let traders = traders(&server, 2).await;
    let (alice, bob) = (&traders[0], &traders[1]);
    order(alice, "first", "10000").await.ok();

    // A moment is waited for.
    let held = hold(&file(dir.path()));
    let release = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_read(alice).await;
        drop(held);
    };
    let (waited, ()) = tokio::join!(order(alice, "patient", "10000"), release);
    waited.ok();
    assert_eq!(metric(&http, "exchange_suspensions_total").await, Some(0));

    // Longer than the log waits for the disk, it is as if the disk had failed.
    let held = hold(&file(dir.path()));
    let in_doubt = {
        let alice = alice.clone();
        tokio::spawn(async move { order(&alice, "in-doubt", "10000").await })
    };
    suspended(&http).await;
    let asked = Instant::now();
    assert_suspended(&order(bob, "refused", "10000").await);
    assert!(asked.elapsed() < AT_ONCE, "it took {:?}", asked.elapsed());
    assert_read(alice).await;
    drop(held);
    resumed(&http).await;
    assert_suspended(&in_doubt.await.expect("it is answered"));
    order(bob, "refused", "10001").await.ok();
    order(alice, "in-doubt", "10001").await.ok();

    let before = (alice.open_orders().await, bob.open_orders().await);
    assert_eq!((list(&before.0).len(), list(&before.1).len()), (3, 1));
    server.kill();
    let server = server.restart().await;
    let after = (
        alice.at(&server).open_orders().await,
        bob.at(&server).open_orders().await,
    );
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateways_pass_on_that_nothing_can_be_stored() {
    let cluster = Cluster::start(&redis_url(), &new_database().await).await;
    let gateway = cluster.gateway(&["--faucet"]).await;
    let alice = Trader::funded(&gateway, "alice", &[("USDT", "1000000000")]).await;
    let bob = Trader::funded(&gateway, "bob", &[("BTC", "1000")]).await;
    let mut socket = Socket::connect(&gateway, "/ws/btcusdt@trade").await;
    for cycle in 1..=3 {
        order(&alice, &format!("taken-{cycle}"), "10000").await.ok();
        cluster.orders.limit_files(Some(0));
        let in_doubt = {
            let (alice, name) = (alice.clone(), format!("in-doubt-{cycle}"));
            tokio::spawn(async move { order(&alice, &name, "10000").await })
        };
        suspended(&cluster.orders.http()).await;
        for number in 0..5 {
            let name = format!("refused-{cycle}-{number}");
            assert_suspended(&order(&alice, &name, "10000").await);
        }
        assert_read(&alice).await;
        // Reads go on there, so it stays where clients find it.
        assert_eq!(gateway.http().get("/readyz").await.status, 200);
        cluster.orders.limit_files(None);
        resumed(&cluster.orders.http()).await;
        assert_suspended(&in_doubt.await.expect("it is answered"));
        // Another epoch, and no gap.
        let sold = bob.limit("BTCUSDT", "SELL", "10000", "0.001").await;
        assert_eq!(sold["status"], "FILLED", "{sold}");
        assert_eq!(number(&socket.next().await, "t"), cycle);
    }
    assert_eq!(list(&alice.open_orders().await).len(), 0);
    socket.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_database_goes_away_takes_no_orders_and_loses_none() {
    let (dir, postgres) = (new_dir(), Backend::postgres().await);
    let args = ["--faucet", "--log", &postgres.url().await];
    let mut server = Server::start(dir.path(), &args).await;
    let http = server.http();
    let traders = traders(&server, 6).await;
    let first = traders[0].clone();
    let crowd = Crowd::start(traders);
    for cycle in 1..=3 {
        crowd
            .more("orders are taken", &crowd.counts.taken, 20)
            .await;
        // Once it stands still, and who waits for it gives up.
        match cycle {
            2 => postgres.pause().await,
            _ => postgres.kill().await,
        }
        crowd
            .more("orders are refused", &crowd.counts.refused, 20)
            .await;
        let cause = suspended(&http).await;
        assert!(cause.contains("postgres://"), "{cause}");
        assert_read(&first).await;
        match cycle {
            2 => postgres.resume().await,
            _ => postgres.start_again().await,
        }
        resumed(&http).await;
        assert!(metric(&http, "exchange_suspensions_total").await >= Some(cycle));
    }
    crowd
        .more("orders are taken again", &crowd.counts.taken, 50)
        .await;
    let told = crowd.stop().await;
    server.kill();
    let server = server.restart().await;
    let (taken, refused) = assert_as_told(&told, &server).await;
    assert!(
        taken >= 100 && refused >= 50,
        "{taken} taken, {refused} refused"
    );
}
