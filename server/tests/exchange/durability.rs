//! What was acknowledged is there after a restart, however the process ended.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::log::file;
use crate::harness::server::refused;
use crate::harness::state::{Questions, assert_same};
use crate::harness::{Server, Socket, Trader, new_dir, number, text};

/// Trades until there are orders of every status; who may be asked about what.
pub(crate) async fn a_little_history(
    server: &Server,
) -> (Trader, Trader, Vec<(usize, &'static str, u64)>) {
    let money = [("USDT", "100000"), ("BTC", "3"), ("ETH", "50")];
    let (alice, bob) = tokio::join!(
        Trader::funded(server, "alice", &money),
        Trader::funded(server, "bob", &money),
    );
    let mut orders = Vec::new();
    let mut keep = |owner, symbol, order: &Value| {
        orders.push((owner, symbol, number(order, "orderId")));
    };
    let filled = alice.limit("BTCUSDT", "BUY", "50000", "0.01").await;
    keep(0, "BTCUSDT", &filled);
    let taker = bob.limit("BTCUSDT", "SELL", "49999", "0.01").await;
    keep(1, "BTCUSDT", &taker);
    let partial = alice.limit("BTCUSDT", "BUY", "49990.5", "0.02").await;
    keep(0, "BTCUSDT", &partial);
    let market = bob.market("BTCUSDT", "SELL", "0.0051").await;
    keep(1, "BTCUSDT", &market);
    let open = bob.limit("BTCUSDT", "SELL", "51000", "0.5").await;
    keep(1, "BTCUSDT", &open);
    let cancelled = bob.limit("ETHUSDT", "SELL", "3000", "1").await;
    bob.cancel("ETHUSDT", &cancelled).await;
    keep(1, "ETHUSDT", &cancelled);
    let expired = bob.limit_with("ETHBTC", "BUY", "0.05", "2", "IOC").await;
    keep(1, "ETHBTC", &expired);
    let maker = alice.limit("ETHBTC", "SELL", "0.051", "2").await;
    keep(0, "ETHBTC", &maker);
    let taker = bob.limit("ETHBTC", "BUY", "0.052", "0.75").await;
    keep(1, "ETHBTC", &taker);

    let mut statuses = Vec::new();
    for (owner, symbol, id) in &orders {
        let order = [&alice, &bob][*owner].order(symbol, *id).await;
        statuses.push(text(&order, "status").to_owned());
    }
    assert_eq!(
        statuses,
        [
            "FILLED",
            "FILLED",
            "PARTIALLY_FILLED",
            "FILLED",
            "NEW",
            "CANCELED",
            "EXPIRED",
            "PARTIALLY_FILLED",
            "FILLED",
        ]
    );
    (alice, bob, orders)
}

#[tokio::test]
async fn nothing_is_told_before_it_is_in_the_log() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    let mut socket = Socket::connect(&server, "/ws/btcusdt@bookTicker").await;
    let before = alice.account().await;
    // While somebody else writes into the log, the exchange cannot.
    let log = Connection::open(file(dir.path())).expect("the log is a database");
    log.execute_batch("BEGIN IMMEDIATE")
        .expect("it can be locked");
    let order = alice.limit("BTCUSDT", "BUY", "10000", "0.01");
    let release = async {
        // Long enough for any answer that does not wait for the log, short enough for the log.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(alice.account().await, before, "nothing is shown early");
        assert_eq!(alice.open_orders().await, json!([]));
        socket.assert_quiet().await;
        let released = std::time::Instant::now();
        log.execute_batch("ROLLBACK").expect("it can be unlocked");
        released
    };
    let order = async { (order.await, std::time::Instant::now()) };
    let ((order, answered), released) = tokio::join!(order, release);
    assert!(
        answered >= released,
        "it was acknowledged before it was kept"
    );
    assert_eq!(order["status"], "NEW");
    assert_eq!(socket.next().await["b"], "10000.00000000");
}

#[tokio::test]
async fn after_kill_9_all_is_as_it_was() {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    let (alice, bob, orders) = a_little_history(&server).await;
    let questions = Questions::about(&[&alice, &bob], &orders);
    let before = questions.ask(&server).await;
    server.kill();
    let mut server = server.restart().await;
    assert_same(&before, &questions.ask(&server).await);

    // It is no museum: the restored orders trade, and that is kept, too.
    let carol = Trader::funded(&server, "carol", &[("USDT", "60000")]).await;
    let bought = carol.market("BTCUSDT", "BUY", "0.3").await;
    assert_eq!(bought["status"], "FILLED");
    let id = number(&bought, "orderId");
    assert!(orders.iter().all(|(_, _, known)| *known < id), "a new id");
    let questions = Questions::about(&[&alice, &bob, &carol], &orders);
    let before = questions.ask(&server).await;
    server.kill();
    let server = server.restart().await;
    assert_same(&before, &questions.ask(&server).await);
}

#[tokio::test]
async fn sigterm_ends_gracefully_and_all_is_as_it_was() {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    let (alice, bob, orders) = a_little_history(&server).await;
    let questions = Questions::about(&[&alice, &bob], &orders);
    let before = questions.ask(&server).await;
    // Neither a subscriber nor an idle connection keeps it from stopping.
    let mut socket = Socket::connect(&server, "/ws/btcusdt@trade").await;
    let idle = TcpStream::connect(server.address()).await;
    let status = server.terminate().await;
    assert_eq!(status.code(), Some(0), "{}", server.stderr());
    assert_eq!(socket.try_next().await, None);
    drop(idle);
    let server = server.restart().await;
    assert_same(&before, &questions.ask(&server).await);
}

#[tokio::test]
async fn half_a_request_does_not_keep_it_from_stopping() {
    let dir = new_dir();
    let mut server = Server::start(dir.path(), &[]).await;
    let mut half = TcpStream::connect(server.address())
        .await
        .expect("it listens");
    half.write_all(b"GET /api/v3/ping HTTP/1.1\r\nHost:")
        .await
        .expect("it reads");
    // Answered after the half request was taken in: connections are taken in order.
    server.http().json("/api/v3/ping").await;
    let status = server.terminate().await;
    assert_eq!(status.code(), Some(0), "{}", server.stderr());
}

#[tokio::test]
async fn a_second_process_is_kept_out() {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    let (alice, bob, orders) = a_little_history(&server).await;
    let questions = Questions::about(&[&alice, &bob], &orders);
    let before = questions.ask(&server).await;
    let said = refused(dir.path(), &["--faucet"]).await;
    let path = dir.path().display().to_string();
    assert!(said.contains(&path), "{said}");
    let reason = "is in use by another exchange process";
    assert!(said.contains(reason), "{said}");
    assert_same(&before, &questions.ask(&server).await);
    alice.limit("BTCUSDT", "BUY", "10000", "0.01").await;
    let before = questions.ask(&server).await;
    server.kill();
    let server = server.restart().await;
    assert_same(&before, &questions.ask(&server).await);
}
