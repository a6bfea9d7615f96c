//! User data streams by listen key: what accounts hear, and how long.

mod cancelling;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::harness::backend::{new_database, redis_url};
use crate::harness::http::send;
use crate::harness::shape::{D, F, I, L, T, assert_shape};
use crate::harness::{
    Cluster, Reply, Server, Socket, Trader, eventually, list, new_dir, number, text,
};

const PATH: &str = "userDataStream";

/// A request that names the key and is not signed.
async fn unsigned(trader: &Trader, method: Method, params: &str) -> Reply {
    send(trader.keyed(method, PATH, params, "")).await
}

async fn listen_key(trader: &Trader) -> String {
    let answer = unsigned(trader, Method::POST, "").await.ok();
    text(&answer, "listenKey").into()
}

/// What an account hears at one connection.
struct Ear {
    socket: Socket,
    heard: Vec<Value>,
}

impl Ear {
    async fn at(server: &Server, path: &str) -> Self {
        Self {
            socket: Socket::connect(server, path).await,
            heard: Vec::new(),
        }
    }

    /// Listens until the event about an order that says this.
    async fn until(&mut self, order: &Value, status: &str) {
        let id = number(order, "orderId");
        let is_it = |event: &Value| event["i"] == id && event["X"] == status;
        while !self.heard.last().is_some_and(is_it) {
            self.next().await;
        }
    }

    async fn next(&mut self) -> &Value {
        let event = self.socket.next().await;
        let event = event.get("data").cloned().unwrap_or(event);
        self.heard.push(event);
        self.heard.last().expect("it was just put there")
    }

    fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.heard.iter().filter(move |event| event["e"] == kind)
    }

    /// What happened to an order: the kinds and states of its reports.
    fn life(&self, order: &Value) -> Vec<String> {
        let id = number(order, "orderId");
        let reports = self.of("executionReport");
        let reports = reports.filter(|report| report["i"] == id);
        reports
            .map(|it| format!("{} {}", text(it, "x"), text(it, "X")))
            .collect()
    }

    /// All of it agrees with what is answered to who asks.
    async fn assert_agrees(&self, trader: &Trader) {
        for report in self.of("executionReport") {
            assert_report(report);
        }
        let mut newest = std::collections::BTreeMap::new();
        for report in self.of("executionReport") {
            newest.insert(number(report, "i"), report);
        }
        for (id, report) in newest {
            let order = trader.order("BTCUSDT", id).await;
            for (told, asked) in [
                ("X", "status"),
                ("z", "executedQty"),
                ("Z", "cummulativeQuoteQty"),
                ("q", "origQty"),
                ("p", "price"),
                ("O", "time"),
                ("T", "updateTime"),
            ] {
                assert_eq!(report[told], order[asked], "{told} of {report}");
            }
        }
        let fills = trader.fills("BTCUSDT").await;
        let trades: Vec<_> = self.of("executionReport").collect();
        let trades = trades.into_iter().filter(|report| report["x"] == "TRADE");
        let trades: Vec<_> = trades
            .map(|it| {
                json!([
                    it["t"], it["i"], it["l"], it["L"], it["n"], it["N"], it["m"]
                ])
            })
            .collect();
        let fills: Vec<_> = fills
            .iter()
            .map(|it| {
                json!([
                    it["id"],
                    it["orderId"],
                    it["qty"],
                    it["price"],
                    it["commission"],
                    it["commissionAsset"],
                    it["isMaker"]
                ])
            })
            .collect();
        assert_eq!(trades, fills);
        for (asset, told) in self.balances() {
            assert_eq!(trader.balance(&asset).await, told, "{asset}");
        }
    }

    /// The newest balances that were told.
    fn balances(&self) -> std::collections::BTreeMap<String, (String, String)> {
        let positions = self.of("outboundAccountPosition");
        let balances = positions.flat_map(|position| list(&position["B"]));
        balances
            .map(|it| {
                let money = (text(it, "f").into(), text(it, "l").into());
                (text(it, "a").into(), money)
            })
            .collect()
    }
}

/// Every field is there, and of its kind.
fn assert_report(report: &Value) {
    let mut report = report.clone();
    // Null where nothing was paid.
    assert!(report["N"].is_string() || report["N"].is_null(), "{report}");
    let fields = report.as_object_mut().expect("an object");
    fields.remove("N");
    let commission = fields.remove("n").expect("a commission");
    let commission = commission.as_str().expect("a text").to_owned();
    assert!(commission.parse::<rust_decimal::Decimal>().is_ok());
    let shape = [
        ("e", T),
        ("E", I),
        ("s", T),
        ("c", T),
        ("S", T),
        ("o", T),
        ("f", T),
        ("q", D),
        ("p", D),
        ("P", D),
        ("F", D),
        ("g", I),
        ("C", T),
        ("x", T),
        ("X", T),
        ("r", T),
        ("i", I),
        ("l", D),
        ("z", D),
        ("L", D),
        ("T", I),
        ("t", I),
        ("I", I),
        ("w", F),
        ("m", F),
        ("M", F),
        ("O", I),
        ("Z", D),
        ("Y", D),
        ("Q", D),
        ("W", I),
        ("V", T),
    ];
    assert_shape("executionReport", &report, &shape);
}

#[tokio::test]
async fn two_traders_hear_all_that_happens_to_them_in_order() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "100000")]).await;
    let bob = Trader::funded(&server, "bob", &[("BTC", "3")]).await;
    let (of_alice, of_bob) = (listen_key(&alice).await, listen_key(&bob).await);
    let mut alice_hears = Ear::at(&server, &format!("/ws/{of_alice}")).await;
    let mut bob_hears = Ear::at(&server, &format!("/stream?streams={of_bob}")).await;
    let mut again = Ear::at(&server, "/ws").await;
    again.socket.subscribe(&[&of_alice]).await;

    let bid = alice.limit("BTCUSDT", "BUY", "50000", "0.010").await;
    bob.limit("BTCUSDT", "SELL", "49000", "0.004").await;
    let ask = bob
        .limit_with("BTCUSDT", "SELL", "50000", "0.010", "IOC")
        .await;
    let high = bob.limit("BTCUSDT", "SELL", "60000", "0.5").await;
    let cancelled = bob.cancel("BTCUSDT", &high).await;
    alice.deposit("USDT", "12.5").await;
    let last = alice.limit("BTCUSDT", "BUY", "10000", "0.001").await;

    bob_hears.until(&high, "CANCELED").await;
    // What it freed.
    bob_hears.next().await;
    for ear in [&mut alice_hears, &mut again] {
        ear.until(&last, "NEW").await;
        ear.next().await;
    }
    assert_eq!(alice_hears.heard, again.heard);
    let life = ["NEW NEW", "TRADE PARTIALLY_FILLED", "TRADE FILLED"];
    assert_eq!(alice_hears.life(&bid), life);
    let life = ["NEW NEW", "TRADE PARTIALLY_FILLED", "EXPIRED EXPIRED"];
    assert_eq!(bob_hears.life(&ask), life);
    assert_eq!(bob_hears.life(&high), ["NEW NEW", "CANCELED CANCELED"]);
    let cancellation = bob_hears.of("executionReport").last().expect("it was told");
    assert_eq!(cancellation["C"], cancelled["origClientOrderId"]);
    assert_eq!(cancellation["c"], cancelled["clientOrderId"]);
    assert_eq!(cancellation["T"], cancelled["transactTime"]);

    let deposits: Vec<_> = alice_hears.of("balanceUpdate").collect();
    assert_eq!(deposits.len(), 1);
    assert_eq!(
        (text(deposits[0], "a"), text(deposits[0], "d")),
        ("USDT", "12.50000000")
    );
    for position in alice_hears.of("outboundAccountPosition") {
        let shape = [("e", T), ("E", I), ("u", I), ("B", L)];
        assert_shape("outboundAccountPosition", position, &shape);
    }
    alice_hears.assert_agrees(&alice).await;
    bob_hears.assert_agrees(&bob).await;
}

/// Whoever hears of an order finds it, and what it did to the money.
#[tokio::test]
async fn whoever_is_told_of_an_order_finds_it() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "100000")]).await;
    let key = listen_key(&alice).await;
    let mut ear = Ear::at(&server, &format!("/ws/{key}")).await;
    for _ in 0..20 {
        let place = alice.limit("BTCUSDT", "BUY", "50000", "0.001");
        let hear = async {
            let id = number(ear.next().await, "i");
            let found = alice.order("BTCUSDT", id).await;
            assert_eq!(found["status"], "NEW");
            let position = ear.next().await["B"][0].clone();
            assert_eq!(alice.balance("USDT").await.1, text(&position, "l"));
        };
        tokio::join!(place, hear);
    }
}

#[tokio::test]
async fn a_listen_key_is_good_until_it_is_closed() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let bob = Trader::join(&server, "bob").await;
    let key = listen_key(&alice).await;
    assert_eq!(
        listen_key(&alice).await,
        key,
        "there is one for each API key"
    );
    let params = format!("listenKey={key}");
    let kept = unsigned(&alice, Method::PUT, &params).await;
    assert_eq!(kept.ok(), json!({}));
    let unknown = "This listenKey does not exist.";
    for method in [Method::PUT, Method::DELETE] {
        for (trader, params) in [(&bob, params.as_str()), (&alice, "listenKey=nonsense")] {
            let reply = unsigned(trader, method.clone(), params).await;
            reply.assert_refused("a key of somebody else", 400, -1125, unknown);
        }
        let reply = unsigned(&alice, method, "").await;
        assert_eq!(reply.json()["code"], -1102);
    }
    let mut nobody = alice.clone();
    nobody.api_key = "a".repeat(64);
    let reply = unsigned(&nobody, Method::POST, "").await;
    assert_eq!(
        (reply.status, reply.json()["code"].clone()),
        (401, json!(-2015))
    );

    let mut ear = Ear::at(&server, &format!("/ws/{key}")).await;
    let mut stays = Ear::at(&server, &format!("/ws/{}", listen_key(&bob).await)).await;
    assert_eq!(
        unsigned(&alice, Method::DELETE, &params).await.ok(),
        json!({})
    );
    assert_eq!(ear.socket.try_next().await, None);
    let reply = unsigned(&alice, Method::PUT, &params).await;
    reply.assert_refused("a closed key", 400, -1125, unknown);
    assert_ne!(listen_key(&alice).await, key);
    // A closed key is a stream of which nothing is known.
    let mut silent = Ear::at(&server, &format!("/ws/{key}")).await;
    alice.deposit("USDT", "1").await;
    silent.socket.assert_quiet().await;
    bob.deposit("USDT", "1").await;
    assert_eq!(stays.next().await["e"], "balanceUpdate");
}

#[tokio::test]
async fn whose_key_is_revoked_is_sent_away_within_a_second() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let key = listen_key(&alice).await;
    let mut ear = Ear::at(&server, &format!("/ws/{key}")).await;
    ear.socket.assert_quiet().await;
    let path = format!("/v1/api-keys/{}", alice.api_key);
    alice.own(Method::DELETE, &path, None).await.ok();
    let revoked = Instant::now();
    assert_eq!(ear.socket.try_next().await, None);
    assert!(revoked.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn every_gateway_tells_who_listens_there() {
    let cluster = Cluster::start(&redis_url(), &new_database().await).await;
    let (here, there) = tokio::join!(cluster.gateway(&["--faucet"]), cluster.gateway(&[]));
    let alice = Trader::funded(&here, "alice", &[("USDT", "100000")]).await;
    let bob = Trader::funded(&here, "bob", &[("BTC", "1")]).await;
    let key = listen_key(&alice.at(&there)).await;
    let mut hears_here = Ear::at(&here, &format!("/ws/{key}")).await;
    let mut hears_there = Ear::at(&there, &format!("/ws/{key}")).await;
    // Both are as far as the beginning.
    let known = alice.balance("USDT").await;
    eventually("the other gateway has the deposit", async || {
        (alice.at(&there).balance("USDT").await == known).then_some(())
    })
    .await;

    let bid = alice.limit("BTCUSDT", "BUY", "50000", "0.010").await;
    bob.market("BTCUSDT", "SELL", "0.004").await;
    bob.market("BTCUSDT", "SELL", "0.006").await;
    for (server, ear) in [(&here, &mut hears_here), (&there, &mut hears_there)] {
        ear.until(&bid, "FILLED").await;
        ear.next().await;
        ear.assert_agrees(&alice.at(server)).await;
    }
    // A name of a cancellation goes the same ways as everything else.
    let last = alice.limit("BTCUSDT", "BUY", "50000", "0.010").await;
    let id = number(&last, "orderId").to_string();
    let params = [
        ("symbol", "BTCUSDT"),
        ("orderId", id.as_str()),
        ("newClientOrderId", "away"),
    ];
    let cancelled = alice.delete("order", &params).await.ok();
    assert_eq!(cancelled["clientOrderId"], "away");
    for ear in [&mut hears_here, &mut hears_there] {
        ear.until(&last, "CANCELED").await;
        assert_eq!(ear.heard.last().expect("it was heard")["c"], "away");
        ear.next().await;
    }
    assert_eq!(hears_here.heard, hears_there.heard);

    let path = format!("/v1/api-keys/{}", alice.api_key);
    alice.own(Method::DELETE, &path, None).await.ok();
    let revoked = Instant::now();
    for ear in [&mut hears_here, &mut hears_there] {
        // Where the listen key is found to be gone before its API key is, that is told.
        while let Some(farewell) = ear.socket.try_next().await {
            assert_eq!(farewell["e"], "listenKeyExpired");
        }
    }
    assert!(revoked.elapsed() < Duration::from_secs(2));
}
