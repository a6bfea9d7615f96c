//! What was acknowledged is there after a restart, however the process ended.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use rusqlite::Connection;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::log::file;
use crate::harness::server::refused;
use crate::harness::state::{Questions, assert_same};
use crate::harness::{Server, Socket, Trader, list, new_dir, number, text};

/// Trades until there are orders of every status; who may be asked about what.
async fn a_little_history(server: &Server) -> (Trader, Trader, Vec<(usize, &'static str, u64)>) {
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

/// What an account was told of an order.
#[derive(Debug, Clone)]
struct Acknowledged {
    id: u64,
    status: String,
    executed: Decimal,
    trades: Vec<u64>,
}

/// Somebody who trades wildly until nobody answers any more.
struct Client {
    trader: Trader,
    random: ChaCha8Rng,
    told: Vec<Acknowledged>,
    cancelled: Vec<(u64, Decimal)>,
}

fn decimal(value: &Value, field: &str) -> Decimal {
    let decimal = text(value, field).parse();
    decimal.unwrap_or_else(|error| panic!("{field} in {value}: {error}"))
}

impl Client {
    /// Places and cancels until the server is gone.
    async fn trade(mut self, answers: Arc<AtomicUsize>) -> Self {
        let mut open: Vec<u64> = Vec::new();
        loop {
            let reply = if open.len() > 3 && self.random.random_bool(0.4) {
                let index = self.random.random_range(..open.len());
                let id = open.swap_remove(index).to_string();
                let params = [("symbol", "BTCUSDT"), ("orderId", id.as_str())];
                self.trader.attempt(Method::DELETE, "order", &params).await
            } else {
                let side = if self.random.random_bool(0.5) {
                    "BUY"
                } else {
                    "SELL"
                };
                let price = self.random.random_range(49_990..=50_010).to_string();
                let lots = self.random.random_range(100..2_000);
                let quantity = Decimal::new(lots, 5).to_string();
                let kind = match self.random.random_range(0..10) {
                    0 => vec![("type", "MARKET")],
                    1 => vec![("type", "LIMIT"), ("timeInForce", "IOC"), ("price", &price)],
                    _ => vec![("type", "LIMIT"), ("timeInForce", "GTC"), ("price", &price)],
                };
                let mut params = vec![
                    ("symbol", "BTCUSDT"),
                    ("side", side),
                    ("quantity", quantity.as_str()),
                ];
                params.extend(kind);
                self.trader.attempt(Method::POST, "order", &params).await
            };
            let Some(reply) = reply else { return self };
            answers.fetch_add(1, Ordering::Relaxed);
            let answer = reply.json();
            match (reply.status, answer["status"].as_str()) {
                (200, Some("CANCELED")) => {
                    let executed = decimal(&answer, "executedQty");
                    self.cancelled.push((number(&answer, "orderId"), executed));
                }
                (200, Some(status)) => {
                    let id = number(&answer, "orderId");
                    if matches!(status, "NEW" | "PARTIALLY_FILLED") {
                        open.push(id);
                    }
                    let fills = list(&answer["fills"]).iter();
                    self.told.push(Acknowledged {
                        id,
                        status: status.to_owned(),
                        executed: decimal(&answer, "executedQty"),
                        trades: fills.map(|fill| number(fill, "tradeId")).collect(),
                    });
                }
                // Filled before it could be cancelled, or out of money.
                (400, _) => {
                    let code = answer["code"].as_i64();
                    assert!(matches!(code, Some(-2011 | -2010)), "{answer}");
                }
                _ => panic!("unexpected: {reply}"),
            }
        }
    }

    /// Asserts that all that was acknowledged is there, as it was or further on.
    async fn assert_nothing_lost(&self) {
        let fills = self.trader.fills("BTCUSDT").await;
        for told in &self.told {
            let order = self.trader.order("BTCUSDT", told.id).await;
            let status = text(&order, "status");
            let later: &[&str] = match told.status.as_str() {
                "NEW" => &["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED"],
                "PARTIALLY_FILLED" => &["PARTIALLY_FILLED", "FILLED", "CANCELED"],
                "FILLED" => &["FILLED"],
                _ => &["EXPIRED"],
            };
            assert!(later.contains(&status), "{told:?} became {order}");
            let executed = decimal(&order, "executedQty");
            assert!(executed >= told.executed, "{told:?} became {order}");
            if status == "EXPIRED" {
                assert_eq!(executed, told.executed, "{order}");
            }
            for trade in &told.trades {
                let found = fills
                    .iter()
                    .any(|fill| number(fill, "id") == *trade && number(fill, "orderId") == told.id);
                assert!(found, "trade {trade} of {told:?} is lost");
            }
        }
        for (id, executed) in &self.cancelled {
            let order = self.trader.order("BTCUSDT", *id).await;
            assert_eq!(order["status"], "CANCELED", "{order}");
            assert_eq!(decimal(&order, "executedQty"), *executed, "{order}");
        }
        // An order has traded what its fills say.
        let mut by_order: BTreeMap<u64, Decimal> = BTreeMap::new();
        for fill in &fills {
            *by_order.entry(number(fill, "orderId")).or_default() += decimal(fill, "qty");
        }
        for told in &self.told {
            let order = self.trader.order("BTCUSDT", told.id).await;
            let filled = by_order.get(&told.id).copied().unwrap_or_default();
            assert_eq!(decimal(&order, "executedQty"), filled, "{order}");
        }
    }
}

/// Asserts that no money was made or lost: what the accounts have and what they paid in fees is
/// what was paid in; and that each trade has two sides.
async fn assert_conserved(clients: &[Client], deposited: &[(&str, Decimal)]) {
    let mut total: BTreeMap<String, Decimal> = BTreeMap::new();
    let mut sides: BTreeMap<u64, Vec<bool>> = BTreeMap::new();
    for client in clients {
        for balance in list(&client.trader.account().await["balances"]) {
            let sum = total.entry(text(balance, "asset").into()).or_default();
            *sum += decimal(balance, "free") + decimal(balance, "locked");
        }
        for fill in client.trader.fills("BTCUSDT").await {
            let asset = text(&fill, "commissionAsset").to_owned();
            *total.entry(asset).or_default() += decimal(&fill, "commission");
            let buyer = fill["isBuyer"] == true;
            sides.entry(number(&fill, "id")).or_default().push(buyer);
        }
        // What is locked is what the open orders need.
        let mut needed: BTreeMap<&str, Decimal> = BTreeMap::new();
        for order in list(&client.trader.open_orders().await) {
            let left = decimal(order, "origQty") - decimal(order, "executedQty");
            if order["side"] == "BUY" {
                *needed.entry("USDT").or_default() += left * decimal(order, "price");
            } else {
                *needed.entry("BTC").or_default() += left;
            }
        }
        for asset in ["BTC", "USDT"] {
            let locked: Decimal = client
                .trader
                .balance(asset)
                .await
                .1
                .parse()
                .expect("locked");
            let needed = needed.get(asset).copied().unwrap_or_default();
            assert_eq!(locked, needed, "{asset} of {}", client.trader.name);
        }
    }
    for (asset, deposited) in deposited {
        assert_eq!(total[*asset], *deposited, "{asset} is conserved");
    }
    for (trade, sides) in sides {
        assert!(
            matches!(sides[..], [true, false] | [false, true]),
            "trade {trade} has a buyer and a seller: {sides:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_nothing_acknowledged_is_lost() {
    const CLIENTS: u64 = 4;
    const ROUNDS: usize = 3;
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    let mut clients = Vec::new();
    for seed in 0..CLIENTS {
        let money = [("USDT", "5000"), ("BTC", "0.1")];
        let trader = Trader::funded(&server, &format!("client-{seed}"), &money).await;
        clients.push(Client {
            trader,
            random: ChaCha8Rng::seed_from_u64(seed),
            told: Vec::new(),
            cancelled: Vec::new(),
        });
    }
    let deposited = [
        ("USDT", Decimal::from(5_000 * CLIENTS)),
        ("BTC", Decimal::new(10, 2) * Decimal::from(CLIENTS)),
        ("ETH", Decimal::ZERO),
    ];
    for round in 0..ROUNDS {
        let answers = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = clients
            .drain(..)
            .map(|client| tokio::spawn(client.trade(Arc::clone(&answers))))
            .collect();
        // Somewhere in the middle of the work: after so many answers and a random moment.
        crate::harness::eventually("the clients are at work", async || {
            (answers.load(Ordering::Relaxed) >= 100).then_some(())
        })
        .await;
        let moment = rand::random_range(0..50_000);
        tokio::time::sleep(Duration::from_micros(moment)).await;
        server.kill();
        for task in tasks {
            clients.push(task.await.expect("a client does not panic"));
        }
        server = server.restart().await;
        for client in &mut clients {
            client.trader = client.trader.at(&server);
        }
        for client in &clients {
            client.assert_nothing_lost().await;
        }
        assert_conserved(&clients, &deposited).await;
        let told: usize = clients.iter().map(|client| client.told.len()).sum();
        assert!(told >= 30 * (round + 1), "orders were acknowledged: {told}");
    }
    let traded = server.http().json("/api/v3/trades?symbol=BTCUSDT").await;
    assert_ne!(traded, json!([]), "something was traded");
}
