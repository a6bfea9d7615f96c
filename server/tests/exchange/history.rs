//! What is no longer in memory is read from the store, page by page, and is the same.

use std::path::Path;

use serde_json::Value;

use crate::harness::backend::new_database;
use crate::harness::log::Log;
use crate::harness::{Server, Trader, eventually, list, new_dir, now_millis, number, text};

const MINUTE: u64 = 60_000;

/// The built-in configuration without a limit on orders, remembering so much.
fn config(dir: &Path, name: &str, memory: &str) -> String {
    let sample = include_str!("../../exchange.sample.toml");
    let (kept, _) = sample.split_once("[memory]").expect("memory comes last");
    let kept = kept.replace(
        "orders_per_10_seconds = 1000",
        "orders_per_10_seconds = 100000",
    );
    let file = dir.join(name);
    std::fs::write(&file, format!("{kept}[memory]\n{memory}"))
        .expect("the directory can be written");
    file.to_str().expect("a plain name").into()
}

/// Waits until the store has everything.
pub(crate) async fn stored(server: &Server) {
    let http = server.http();
    eventually("the store has everything", async || {
        let ready = http.get("/readyz").await.json();
        (ready["store"]["inputsBehind"] == 0).then_some(())
    })
    .await;
}

/// Asks page by page, from a number on.
async fn pages(trader: &Trader, path: &str, from: &str, id: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), 0);
    let limit = limit.to_string();
    loop {
        let after = next.to_string();
        let params = [("symbol", "BTCUSDT"), (from, &after), ("limit", &limit)];
        let page = trader.get(path, &params).await.ok();
        let Some(last) = list(&page).last() else {
            return all;
        };
        next = number(last, id) + 1;
        all.extend_from_slice(list(&page));
    }
}

/// Trades, then asks for all of it, first of a server that remembers everything and then of one
/// that remembers next to nothing.
async fn history_is_the_same(store: &[&str]) {
    let dir = new_dir();
    let data = dir.path().join("data");
    let args = |config| [&["--faucet", "--config", config], store].concat();
    let everything = config(dir.path(), "everything.toml", "closed_orders = 10000\n");
    let mut server = Server::start(&data, &args(&everything)).await;
    let (alice, bob) = tokio::join!(
        Trader::funded(&server, "alice", &[("USDT", "10000000")]),
        Trader::funded(&server, "bob", &[("BTC", "100")]),
    );
    for round in 0..6 {
        let price = (50_000 + round * 10).to_string();
        bob.limit("BTCUSDT", "SELL", &price, "0.01").await;
        alice.market("BTCUSDT", "BUY", "0.01").await;
    }
    // More orders than a server remembers at the least.
    for _ in 0..1_010 {
        let order = alice.limit("BTCUSDT", "BUY", "40000", "0.01").await;
        alice.cancel("BTCUSDT", &order).await;
    }
    server.kill();
    // As if the trades had been five minutes apart each, to the frame.
    let log = Log::open(&data);
    let (frames, now) = (log.frames(), now_millis() / MINUTE * MINUTE);
    let apart = |frame: i64| {
        let before = u64::try_from(frames - frame).expect("frames are counted");
        now - before * (5 * MINUTE / 2)
    };
    if store.is_empty() {
        log.date(apart);
    }
    drop(log);

    let server = server.restart().await;
    stored(&server).await;
    let questions = async |server: &Server| {
        let (alice, http) = (alice.at(server), server.http());
        let mut answers = Vec::new();
        for limit in [7, 1_000] {
            answers.push(pages(&alice, "allOrders", "orderId", "orderId", limit).await);
            answers.push(pages(&alice, "myTrades", "fromId", "id", limit).await);
        }
        let orders = answers[0].clone();
        let (first, third) = (&orders[0], &orders[2]);
        for order in [first, third] {
            let id = number(order, "orderId").to_string();
            let by_id = [("symbol", "BTCUSDT"), ("orderId", &id)];
            answers.push(vec![alice.get("order", &by_id).await.ok()]);
            let name = text(order, "clientOrderId");
            let by_name = [("symbol", "BTCUSDT"), ("origClientOrderId", name)];
            answers.push(vec![alice.get("order", &by_name).await.ok()]);
            let fills = [("symbol", "BTCUSDT"), ("orderId", &id)];
            answers.push(list(&alice.get("myTrades", &fills).await.ok()).to_vec());
            let (start, end) = (number(order, "time"), number(order, "time") + 9 * MINUTE);
            let (start, end) = (start.to_string(), end.to_string());
            for bounds in [
                vec![("startTime", &start)],
                vec![("endTime", &end)],
                vec![("startTime", &start), ("endTime", &end)],
            ] {
                for path in ["allOrders", "myTrades"] {
                    let mut params = vec![("symbol", "BTCUSDT"), ("limit", "3")];
                    params.extend(bounds.iter().map(|(name, value)| (*name, value.as_str())));
                    answers.push(list(&alice.get(path, &params).await.ok()).to_vec());
                }
            }
        }
        let first = number(&orders[0], "time");
        for query in [
            "trades?limit=3".to_owned(),
            "historicalTrades?fromId=1".to_owned(),
            "historicalTrades?fromId=2&limit=2".to_owned(),
            "historicalTrades?fromId=5".to_owned(),
            "historicalTrades?fromId=99".to_owned(),
            "klines?interval=1m&startTime=0&limit=1".to_owned(),
            "klines?interval=1m&startTime=0&limit=40".to_owned(),
            format!(
                "klines?interval=1m&startTime={}&limit=9",
                first + 3 * MINUTE
            ),
            format!("klines?interval=1m&endTime={}&limit=9", first + 13 * MINUTE),
            format!("klines?interval=5m&endTime={now}&limit=1000"),
            format!("klines?interval=1m&startTime=0&endTime={}", first - MINUTE),
            format!("klines?interval=1d&endTime={now}"),
        ] {
            let (path, query) = query.split_once('?').expect("it has one");
            let answer = http
                .json(&format!("/api/v3/{path}?symbol=BTCUSDT&{query}"))
                .await;
            answers.push(list(&answer).to_vec());
        }
        answers
    };
    let expected = questions(&server).await;
    assert_eq!(expected[0].len(), 6 + 1_010);
    assert_eq!(expected[1].len(), 6);
    drop(server);

    // Closed orders cannot be fewer.
    let little = "candles = 2\ntrades = 3\nclosed_orders = 1000\nfills = 2\n";
    let little = config(dir.path(), "little.toml", little);
    let server = Server::start(&data, &args(&little)).await;
    stored(&server).await;
    let found = questions(&server).await;
    for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
        assert_eq!(expected, found, "answer {index}");
    }
}

#[tokio::test]
async fn from_sqlite() {
    history_is_the_same(&[]).await;
}

#[tokio::test]
async fn from_postgresql() {
    let database = new_database().await;
    history_is_the_same(&["--store", &database]).await;
}
