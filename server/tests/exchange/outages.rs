//! Redis and PostgreSQL go away and come back while trading goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use sqlx::{Connection, PgConnection, Row};
use tokio::task::JoinHandle;

use crate::harness::{
    Backend, Cluster, Server, Socket, Trader, eventually, list, new_dir, number, text,
};

/// How long an outage lasts at the least.
const OUTAGE: Duration = Duration::from_millis(1500);

/// Two traders who trade with each other until they are told to stop. Each order has to be taken.
struct Load {
    stop: Arc<AtomicBool>,
    trades: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Load {
    fn start(alice: &Trader, bob: &Trader) -> Self {
        let (stop, trades) = (Arc::default(), Arc::default());
        let (stopped, counted): (Arc<AtomicBool>, Arc<AtomicUsize>) =
            (Arc::clone(&stop), Arc::clone(&trades));
        let (alice, bob) = (alice.clone(), bob.clone());
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                bob.limit("BTCUSDT", "SELL", "50000", "0.0002").await;
                let bought = alice.market("BTCUSDT", "BUY", "0.0002").await;
                assert_eq!(bought["status"], "FILLED", "{bought}");
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        Self { stop, trades, task }
    }

    /// Waits until there have been some more trades.
    async fn goes_on(&self) {
        let before = self.trades.load(Ordering::Relaxed);
        eventually("trading goes on", async || {
            assert!(!self.task.is_finished(), "an order was not taken");
            (self.trades.load(Ordering::Relaxed) >= before + 20).then_some(())
        })
        .await;
    }

    async fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("every order was taken");
        self.trades.load(Ordering::Relaxed)
    }
}

async fn traders(server: &Server) -> (Trader, Trader) {
    tokio::join!(
        Trader::funded(server, "alice", &[("USDT", "100000000")]),
        Trader::funded(server, "bob", &[("BTC", "1000")]),
    )
}

/// Reads trades until one has this number; none is missing and none comes twice.
async fn follow(socket: &mut Socket, next: &mut u64, until: u64) {
    while *next <= until {
        let trade = socket.next().await;
        assert_eq!(number(&trade, "t"), *next, "{trade}");
        *next += 1;
    }
}

#[tokio::test]
async fn redis_is_killed_and_paused_and_nobody_notices() {
    let (redis, postgres) = tokio::join!(Backend::redis(), Backend::postgres());
    let cluster = Cluster::start(&redis.url().await, &postgres.url().await).await;
    let gateway = cluster.gateway(&["--faucet"]).await;
    let (alice, bob) = traders(&gateway).await;
    let mut socket = Socket::connect(&gateway, "/ws/btcusdt@trade").await;
    let mut next = 1;
    let load = Load::start(&alice, &bob);
    load.goes_on().await;

    let internal = cluster.orders.http();
    let connected = async |is: bool| {
        eventually("the state of Redis is told", async || {
            let metrics = internal.get("/metrics").await;
            let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
            let line = format!("exchange_redis_connected {}", u8::from(is));
            metrics.lines().any(|found| found == line).then_some(())
        })
        .await;
    };
    connected(true).await;
    for _ in 0..2 {
        redis.kill().await;
        load.goes_on().await;
        connected(false).await;
        tokio::time::sleep(OUTAGE).await;
        load.goes_on().await;
        redis.start_again().await;
        connected(true).await;
        load.goes_on().await;

        redis.pause().await;
        load.goes_on().await;
        connected(false).await;
        tokio::time::sleep(OUTAGE).await;
        load.goes_on().await;
        redis.resume().await;
        connected(true).await;
        load.goes_on().await;
        let so_far = u64::try_from(load.trades.load(Ordering::Relaxed)).expect("it is a count");
        follow(&mut socket, &mut next, so_far).await;
    }
    let trades = u64::try_from(load.stop().await).expect("it is a count");
    follow(&mut socket, &mut next, trades).await;
    socket.assert_quiet().await;
    // A new subscriber gets the last message at once, and it is the last.
    let mut late = Socket::connect(&gateway, "/ws/btcusdt@bookTicker").await;
    let best = late.next().await;
    let asked = gateway
        .http()
        .json("/api/v3/ticker/bookTicker?symbol=BTCUSDT")
        .await;
    assert_eq!(
        (text(&best, "a"), text(&best, "b")),
        (text(&asked, "askPrice"), text(&asked, "bidPrice"))
    );
}

/// What the tables say: the trades by number, and how much was traded in all.
async fn tables(database: &str) -> (Vec<i64>, Vec<(i64, String)>, i64) {
    let mut connection = PgConnection::connect(database).await.expect("it is there");
    let trades = sqlx::query("SELECT id FROM trades ORDER BY id")
        .fetch_all(&mut connection)
        .await
        .expect("there are trades");
    let orders = sqlx::query("SELECT id, executed::text AS executed FROM orders ORDER BY id")
        .fetch_all(&mut connection)
        .await
        .expect("there are orders");
    let counted: i64 =
        sqlx::query("SELECT sum(trade_count)::bigint AS n FROM candles WHERE interval = '1d'")
            .fetch_one(&mut connection)
            .await
            .expect("there are candles")
            .get("n");
    (
        trades.iter().map(|row| row.get("id")).collect(),
        orders
            .iter()
            .map(|row| (row.get("id"), row.get("executed")))
            .collect(),
        counted,
    )
}

/// Asserts that the tables have each trade and each order exactly once.
async fn assert_exactly_once(database: &str, server: &Server, trades: usize) {
    let http = server.http();
    eventually("the store has everything", async || {
        let ready = http.get("/readyz").await.json();
        (ready["store"]["inputsBehind"] == 0 && ready["store"]["status"] == "writing").then_some(())
    })
    .await;
    let (ids, orders, counted) = tables(database).await;
    let trades = i64::try_from(trades).expect("it is a count");
    assert_eq!(ids, (1..=trades).collect::<Vec<_>>());
    assert_eq!(counted, trades, "candles count each trade once");
    // One lot is 0.00001 BTC: each order traded 20 of them.
    let expected: Vec<_> = (1..=2 * trades).map(|id| (id, "20".to_owned())).collect();
    assert_eq!(orders, expected);
}

#[tokio::test]
async fn postgresql_is_killed_and_paused_and_nothing_is_lost_or_doubled() {
    let (postgres, dir) = (Backend::postgres().await, new_dir());
    let database = postgres.url().await;
    let server = Server::start(dir.path(), &["--faucet", "--store", &database]).await;
    let (alice, bob) = traders(&server).await;
    let load = Load::start(&alice, &bob);
    load.goes_on().await;
    let http = server.http();
    let failing = async || {
        eventually("it is told that the store fails", async || {
            let ready = http.get("/readyz").await;
            // Orders are taken all the same.
            assert_eq!(ready.status, 200, "{ready}");
            let store = ready.json()["store"].clone();
            (store["status"] == "failing" && number(&store, "inputsBehind") > 0).then_some(store)
        })
        .await
    };
    for _ in 0..2 {
        postgres.kill().await;
        load.goes_on().await;
        let store = failing().await;
        assert!(!text(&store, "cause").is_empty(), "{store}");
        load.goes_on().await;
        postgres.start_again().await;
        load.goes_on().await;

        postgres.pause().await;
        load.goes_on().await;
        failing().await;
        postgres.resume().await;
        load.goes_on().await;
    }
    let trades = load.stop().await;
    assert_exactly_once(&database, &server, trades).await;
    assert_eq!(alice.fills("BTCUSDT").await.len(), trades);
}

#[tokio::test]
async fn killed_while_writing_history_nothing_is_lost_or_doubled() {
    let (postgres, dir) = (Backend::postgres().await, new_dir());
    let database = postgres.url().await;
    let mut server = Server::start(dir.path(), &["--faucet", "--store", &database]).await;
    let (alice, bob) = traders(&server).await;
    for round in 0..5 {
        let (alice, bob) = (alice.at(&server), bob.at(&server));
        let answered = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&answered);
        let load = tokio::spawn(async move {
            let params = |side, kind: &[(&'static str, &'static str)]| {
                let mut params = vec![
                    ("symbol", "BTCUSDT"),
                    ("side", side),
                    ("quantity", "0.0002"),
                ];
                params.extend_from_slice(kind);
                params
            };
            let sell = params(
                "SELL",
                &[
                    ("type", "LIMIT"),
                    ("timeInForce", "GTC"),
                    ("price", "50000"),
                ],
            );
            let buy = params("BUY", &[("type", "MARKET")]);
            // Until nobody answers any more.
            while bob.attempt(Method::POST, "order", &sell).await.is_some()
                && alice.attempt(Method::POST, "order", &buy).await.is_some()
            {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        eventually("there have been some trades", async || {
            (answered.load(Ordering::Relaxed) >= 20 + 13 * round).then_some(())
        })
        .await;
        server.kill();
        load.await.expect("the load ends with the server");
        server = server.restart().await;
    }
    // A sale that nobody was there to buy is bought now, so that every order has traded.
    let (alice, bob) = (alice.at(&server), bob.at(&server));
    for _ in 0..list(&bob.open_orders().await).len() {
        alice.market("BTCUSDT", "BUY", "0.0002").await;
    }
    let trades = alice.fills("BTCUSDT").await;
    let ids: Vec<Value> = trades.iter().map(|fill| fill["id"].clone()).collect();
    assert_eq!(ids.len(), bob.fills("BTCUSDT").await.len());
    assert_exactly_once(&database, &server, ids.len()).await;
}
