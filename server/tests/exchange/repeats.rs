//! An order that is sent again under its name is answered as it was, and not placed again.

use serde_json::{Value, json};

use crate::harness::{Server, Trader, list, new_dir, number, text};
use crate::history::stored;

/// Bob's offers of 0.002 at 50000 and of 0.003 at 50001, and Alice who is to take them.
async fn open(server: &Server) -> (Trader, Trader) {
    let (alice, bob) = tokio::join!(
        Trader::funded(server, "alice", &[("USDT", "10000")]),
        Trader::funded(server, "bob", &[("BTC", "1")]),
    );
    for (price, quantity) in [("50000", "0.002"), ("50001", "0.003")] {
        bob.limit("BTCUSDT", "SELL", price, quantity).await;
    }
    (alice, bob)
}

fn named<'a>(name: &'a str, terms: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut params = vec![("symbol", "BTCUSDT"), ("newClientOrderId", name)];
    params.extend(terms.split('&').filter_map(|pair| pair.split_once('=')));
    params
}

/// All that placing an order changes.
async fn state(trader: &Trader) -> Vec<Value> {
    let symbol = [("symbol", "BTCUSDT")];
    vec![
        trader.account().await,
        trader.get("allOrders", &symbol).await.ok(),
        trader.get("myTrades", &symbol).await.ok(),
        trader.http.json("/api/v3/depth?symbol=BTCUSDT").await,
    ]
}

const CROSSING: &str = "side=BUY&type=LIMIT&timeInForce=GTC&price=50001&quantity=0.01";
const IOC: &str = "side=BUY&type=LIMIT&timeInForce=IOC&price=50010&quantity=0.05";
const MARKET: &str = "side=BUY&type=MARKET&quantity=0.001";
const MAKER: &str = "side=SELL&type=LIMIT_MAKER&price=60000&quantity=0.002";

async fn orders_are_answered_again(store: &[&str], memory: &str) {
    let dir = new_dir();
    let sample = include_str!("../../exchange.sample.toml");
    let (kept, _) = sample.split_once("[memory]").expect("memory comes last");
    let config = dir.path().join("config.toml");
    std::fs::write(&config, format!("{kept}[memory]\n{memory}")).expect("it can be written");
    let config = config.to_str().expect("a plain name");
    let data = dir.path().join("data");
    let args = [&["--faucet", "--config", config], store].concat();
    let server = Server::start(&data, &args).await;
    let (alice, bob) = open(&server).await;

    let orders = [
        // Takes both offers, rests with 0.005, is taken and then cancelled.
        (&alice, "crossing", CROSSING, "PARTIALLY_FILLED", 2),
        (&alice, "nothing", IOC, "EXPIRED", 0),
        (&bob, "maker", MAKER, "NEW", 0),
        (&alice, "market", MARKET, "FILLED", 1),
    ];
    let mut answers = Vec::new();
    for (trader, name, terms, status, fills) in orders {
        let full = named(name, &format!("{terms}&newOrderRespType=FULL"))
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect::<Vec<_>>();
        let params: Vec<_> = full.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let answer = trader.post("order", &params).await.ok();
        assert_eq!(text(&answer, "status"), status, "{name}");
        assert_eq!(list(&answer["fills"]).len(), fills, "{name}");
        stored(&server).await;
        let before = state(trader).await;
        assert_eq!(trader.post("order", &params).await.ok(), answer, "{name}");
        assert_eq!(state(trader).await, before, "{name} was placed twice");
        if name == "crossing" {
            bob.market("BTCUSDT", "SELL", "0.002").await;
            let cancelled = alice.cancel("BTCUSDT", &answer).await;
            assert_eq!(text(&cancelled, "executedQty"), "0.00700000");
        }
        if name == "maker" {
            alice.limit("BTCUSDT", "BUY", "60000", "0.0005").await;
        }
        answers.push((trader, full, answer));
    }

    stored(&server).await;
    // Whatever has become of them, and after a start that knows of it from the log only.
    let again = async |server: &Server| {
        for (trader, params, first) in &answers {
            let trader = trader.at(server);
            let params: Vec<_> = params
                .iter()
                .map(|(a, b)| (a.as_str(), b.as_str()))
                .collect();
            let before = state(&trader).await;
            assert_eq!(trader.post("order", &params).await.ok(), *first);
            for (response, fields) in [("RESULT", 13), ("ACK", 5)] {
                let mut other = params.clone();
                other.retain(|(name, _)| *name != "newOrderRespType");
                other.push(("newOrderRespType", response));
                let answer = trader.post("order", &other).await.ok();
                let answer = answer.as_object().expect("an object");
                assert!(answer.len() >= fields, "{answer:?}");
                assert!(!answer.contains_key("fills"));
                for (name, value) in answer {
                    assert_eq!(*value, first[name], "{name}");
                }
            }
            assert_eq!(state(&trader).await, before);
        }
    };
    again(&server).await;
    let server = server.restart().await;
    stored(&server).await;
    again(&server).await;
}

#[tokio::test]
async fn from_memory() {
    orders_are_answered_again(&[], "").await;
}

/// With fills that only the store has.
#[tokio::test]
async fn from_the_store() {
    orders_are_answered_again(&[], "fills = 0\n").await;
}

#[tokio::test]
async fn another_order_under_a_name_that_is_taken_is_refused() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = open(&server).await;
    let terms = "side=BUY&type=LIMIT&timeInForce=GTC&price=40000&quantity=0.001";
    let first = alice.post("order", &named("mine", terms)).await.ok();
    let others = [
        "side=BUY&type=LIMIT&timeInForce=GTC&price=40000&quantity=0.002",
        "side=BUY&type=LIMIT&timeInForce=GTC&price=40001&quantity=0.001",
        "side=BUY&type=LIMIT&timeInForce=IOC&price=40000&quantity=0.001",
        "side=BUY&type=LIMIT_MAKER&price=40000&quantity=0.001",
        "side=BUY&type=MARKET&quantity=0.001",
    ];
    let refused = async || {
        for other in others {
            let reply = alice.post("order", &named("mine", other)).await;
            reply.assert_refused(other, 400, -2010, "Duplicate order sent.");
        }
        let elsewhere = [
            ("symbol", "ETHUSDT"),
            ("side", "BUY"),
            ("type", "LIMIT"),
            ("timeInForce", "GTC"),
            ("price", "40000"),
            ("quantity", "0.001"),
            ("newClientOrderId", "mine"),
        ];
        let reply = alice.post("order", &elsewhere).await;
        reply.assert_refused("elsewhere", 400, -2010, "Duplicate order sent.");
    };
    let before = state(&alice).await;
    refused().await;
    assert_eq!(state(&alice).await, before);
    // Also once it is closed.
    alice.cancel("BTCUSDT", &first).await;
    refused().await;
    // Trying an order does not place it, and what somebody else calls his orders does not matter.
    let trial = alice.post("order/test", &named("mine", terms)).await;
    assert_eq!(trial.ok(), json!({}));
    let bobs = "side=SELL&type=LIMIT&timeInForce=GTC&price=70000&quantity=0.001";
    let bobs = bob.post("order", &named("mine", bobs)).await.ok();
    assert_ne!(number(&bobs, "orderId"), number(&first, "orderId"));
}

/// A lost answer is asked for by several at once.
#[tokio::test]
async fn an_order_that_is_sent_many_times_at_once_is_placed_once() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, _) = open(&server).await;
    let params = named("once", CROSSING);
    let send = || async { alice.post("order", &params).await.ok() };
    let answers = futures_util::future::join_all((0..20).map(|_| send())).await;
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    let symbol = [("symbol", "BTCUSDT")];
    let all = alice.get("allOrders", &symbol).await.ok();
    assert_eq!(list(&all).len(), 1);
    assert_eq!(alice.fills("BTCUSDT").await.len(), 2);
}
