//! Starts from snapshots, with a log whose beginning is forgotten.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sqlx::{Connection as _, PgConnection};

use crate::durability::a_little_history;
use crate::harness::backend::{new_database, redis_url};
use crate::harness::log::file;
use crate::harness::server::{refused, run};
use crate::harness::state::{Questions, assert_same};
use crate::harness::{Cluster, Server, Trader, eventually, new_dir};

/// A snapshot for so few inputs, and no more of the log than they leave.
const SNAPSHOTS: &str = "[snapshots]\nevery = 30\nforget_log = true\n";

/// The built-in configuration, but for snapshots.
fn config(dir: &Path) -> String {
    let sample = include_str!("../../exchange.sample.toml");
    let (before, _) = sample
        .split_once("[snapshots]")
        .expect("it is the last section");
    let file = dir.join("config.toml");
    fs::write(&file, [before, SNAPSHOTS].concat()).expect("the directory can be written");
    file.to_str().expect("a plain name").into()
}

/// The snapshots of a data directory, oldest first.
fn snapshots(data_dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(data_dir.join("snapshots")) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    let mut snapshots: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|it| it == "snapshot"))
        .collect();
    snapshots.sort();
    snapshots
}

const OLDEST_FRAME: &str = "SELECT min(number) FROM frames";

/// The oldest frame of a log that is kept.
fn oldest_frame(data_dir: &Path) -> i64 {
    let log = Connection::open(file(data_dir)).expect("the log is a database");
    let oldest = log.query_row(OLDEST_FRAME, [], |row| row.get(0));
    oldest.expect("there are frames")
}

/// The oldest frame of a log in a database.
async fn oldest_frame_in(database: &str) -> i64 {
    let connection = PgConnection::connect(database).await;
    let mut connection = connection.expect("the database is there");
    let oldest = sqlx::query_scalar(OLDEST_FRAME).fetch_one(&mut connection);
    oldest.await.expect("there are frames")
}

/// Orders that come and go until the beginning of the log is forgotten, further than it was.
async fn trade_on(trader: &Trader, oldest_frame: impl AsyncFn() -> i64) {
    let before = oldest_frame().await;
    eventually("more of the log is forgotten", async || {
        let order = trader.limit("BTCUSDT", "BUY", "100", "0.1").await;
        trader.cancel("BTCUSDT", &order).await;
        trader.limit("ETHUSDT", "SELL", "5000", "0.001").await;
        trader.market("ETHUSDT", "BUY", "0.001").await;
        (oldest_frame().await > before).then_some(())
    })
    .await;
}

/// Changes a byte in the middle of a file.
fn damage(file: &Path) {
    let mut bytes = fs::read(file).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).expect("it can be written");
}

/// What an operator sees who looks.
fn verify(data_dir: &Path) -> Result<String, String> {
    let data_dir = data_dir.to_str().expect("a plain name");
    let output = run(&["log", "verify", "--replay", "--data-dir", data_dir]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

#[tokio::test]
async fn nothing_is_missed_of_a_log_whose_beginning_is_forgotten() {
    let dir = new_dir();
    let data_dir = dir.path().join("data");
    let config = config(dir.path());
    let args = ["--faucet", "--config", &config];
    let mut server = Server::start(&data_dir, &args).await;
    let (alice, bob, orders) = a_little_history(&server).await;
    let questions = Questions::about(&[&alice, &bob], &orders);
    for _ in 0..2 {
        trade_on(&bob.at(&server), async || oldest_frame(&data_dir)).await;
        assert_eq!(snapshots(&data_dir).len(), 2);
        let before = questions.ask(&server).await;
        server = server.restart().await;
        assert_same(&before, &questions.ask(&server).await);
    }

    // The newest is damaged: the one before leads there, too.
    let before = questions.ask(&server).await;
    server.kill();
    let verified = verify(&data_dir).expect("the log is whole");
    for words in ["begins  after frame", "snapshots 2\n", "state "] {
        assert!(verified.contains(words), "{words:?} is not in: {verified}");
    }
    let newest = snapshots(&data_dir).pop().expect("two are kept");
    fs::write(newest, "this was a snapshot").expect("it can be written");
    let said = verify(&data_dir).expect_err("one of them is damaged");
    assert!(said.contains("the snapshot of frame"), "{said}");
    server = server.restart().await;
    let said = server.stderr();
    assert!(said.contains("a snapshot cannot be used"), "{said}");
    assert_same(&before, &questions.ask(&server).await);

    // Nothing leads there without any, and nothing is made up.
    server.kill();
    let all = snapshots(&data_dir);
    for file in &all {
        damage(file);
    }
    let said = refused(&data_dir, &args).await;
    for words in [
        "the command log begins at frame",
        "no snapshot that can be used",
    ] {
        assert!(said.contains(words), "{words:?} is not in: {said}");
    }
    for file in &all {
        damage(file);
    }
    server = server.restart().await;
    assert_same(&before, &questions.ask(&server).await);

    // Neither is a history.
    server.kill();
    for file in ["history.sqlite", "history.sqlite-wal", "history.sqlite-shm"] {
        drop(fs::remove_file(data_dir.join(file)));
    }
    let said = refused(&data_dir, &args).await;
    let words = "the history has been lost or put back";
    assert!(said.contains(words), "{said}");
}

#[tokio::test]
async fn a_gateway_begins_with_a_snapshot() {
    let dir = new_dir();
    let config = config(dir.path());
    let more = ["--config", &config];
    let cluster = Cluster::start_with(&redis_url(), &new_database().await, &more).await;
    let first = cluster.gateway(&["--faucet"]).await;
    let (alice, bob, orders) = a_little_history(&first).await;
    let data_dir = cluster.data_dir();
    trade_on(&bob, async || oldest_frame(&data_dir)).await;
    let second = cluster.gateway(&[]).await;
    let questions = Questions::about(&[&alice, &bob], &orders);
    let expected = questions.ask(&first).await;
    assert_same(&expected, &questions.ask(&second).await);
    // And goes on from there.
    let there = bob.at(&second);
    let before = there.open_orders().await;
    let order = there.limit("BTCUSDT", "BUY", "101", "0.1").await;
    assert_eq!(
        there.open_orders().await.as_array().map(Vec::len),
        before.as_array().map(|open| open.len() + 1)
    );
    there.cancel("BTCUSDT", &order).await;
    assert_eq!(there.open_orders().await, before);
}

/// Whoever takes the log over has the snapshots with it.
#[tokio::test]
async fn another_process_begins_with_a_snapshot_of_the_one_before() {
    let (dir, other, database) = (new_dir(), new_dir(), new_database().await);
    let config = config(dir.path());
    let args = [
        "--config", &config, "--log", &database, "--store", &database,
    ];
    let mut first = Server::start(dir.path(), &[&args[..], &["--faucet"]].concat()).await;
    let (alice, bob, orders) = a_little_history(&first).await;
    trade_on(&bob, async || oldest_frame_in(&database).await).await;
    assert!(snapshots(dir.path()).is_empty());
    let questions = Questions::about(&[&alice, &bob], &orders);
    let before = questions.ask(&first).await;
    first.terminate().await;
    let key = dir.path().join("secret.key");
    let key = ["--secret-key", key.to_str().expect("a plain name")];
    let second = Server::start(other.path(), &[&args[..], &key].concat()).await;
    assert_same(&before, &questions.ask(&second).await);
}

/// Nothing but the next start is worse off.
#[tokio::test]
async fn an_exchange_that_can_make_no_snapshots_says_so_and_trades_on() {
    let dir = new_dir();
    let config = config(dir.path());
    let data_dir = dir.path().join("data");
    let server = Server::start(&data_dir, &["--faucet", "--config", &config]).await;
    let in_their_way = data_dir.join("snapshots");
    fs::write(&in_their_way, "a file").expect("the directory can be written");
    let alice = Trader::funded(&server, "alice", &[("USDT", "100000")]).await;
    let http = server.http();
    eventually("it is told", async || {
        alice.limit("BTCUSDT", "BUY", "100", "0.1").await;
        let ready = http.get("/readyz").await;
        assert_eq!(ready.status, 200, "{ready}");
        let snapshots = ready.json()["snapshots"].clone();
        (snapshots["status"] == "failing").then_some(())
    })
    .await;
    fs::remove_file(&in_their_way).expect("it is there");
    eventually("one is made", async || {
        let failing = !http.get("/readyz").await.json()["snapshots"].is_null();
        (!failing && !snapshots(&data_dir).is_empty()).then_some(())
    })
    .await;
    let metrics = http.get("/metrics").await;
    let metrics = String::from_utf8_lossy(&metrics.body);
    assert!(
        metrics.contains("exchange_snapshot_failing 0\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("exchange_snapshot_inputs_behind "),
        "{metrics}"
    );
}
