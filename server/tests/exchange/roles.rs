//! An exchange in several processes answers as one process does.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::backend::{free_port, new_database, redis_url};
use crate::harness::state::{Questions, assert_same};
use crate::harness::{Cluster, Server, Socket, Trader, eventually, list, new_dir, number, text};

const STREAMS: [&str; 4] = [
    "btcusdt@trade",
    "btcusdt@bookTicker",
    "btcusdt@depth@100ms",
    "btcusdt@kline_1d",
];

/// What a server has said, without what is different each time.
struct Said {
    answers: Vec<Value>,
    trades: Vec<Value>,
    best: Value,
    candle: Value,
    book: Value,
}

/// Takes what depends on the clock, and on chance, out of an answer.
fn timeless(mut answer: Value) -> Value {
    const TIMES: [&str; 15] = [
        "time",
        "updateTime",
        "transactTime",
        "workingTime",
        "serverTime",
        "openTime",
        "closeTime",
        "E",
        "T",
        "t",
        "token",
        "apiKey",
        "secretKey",
        "created",
        "lastUsed",
    ];
    match &mut answer {
        Value::Object(fields) => {
            let trade_id = fields.get("e").is_some_and(|event| event == "trade");
            for (name, value) in fields.iter_mut() {
                if TIMES.contains(&name.as_str()) && !(trade_id && name == "t") {
                    *value = Value::Null;
                } else {
                    *value = timeless(value.take());
                }
            }
        }
        Value::Array(entries) => {
            // A candle is an array with times at two places.
            let candle = entries.len() == 12;
            for (index, entry) in entries.iter_mut().enumerate() {
                *entry = match (candle, index) {
                    (true, 0 | 6) => Value::Null,
                    _ => timeless(entry.take()),
                };
            }
        }
        _ => {}
    }
    answer
}

/// The scenario: two traders, every kind of order, every answer, and what the streams say of it.
async fn tell(server: &Server) -> Said {
    let http = server.http();
    let mut raw = Socket::connect(server, "/ws").await;
    raw.subscribe(&STREAMS[..3]).await;
    let money = [("USDT", "100000"), ("BTC", "3"), ("ETH", "50")];
    let alice = Trader::funded(server, "alice", &money).await;
    let bob = Trader::funded(server, "bob", &money).await;

    let mut answers = Vec::new();
    let orders = [
        (
            &alice,
            "type=LIMIT&timeInForce=GTC&side=BUY&price=50000&quantity=0.01",
        ),
        (
            &bob,
            "type=LIMIT&timeInForce=GTC&side=SELL&price=50010&quantity=0.02",
        ),
        (
            &bob,
            "type=LIMIT&timeInForce=GTC&side=SELL&price=49999&quantity=0.004",
        ),
        (&alice, "type=MARKET&side=BUY&quantity=0.005"),
        (
            &alice,
            "type=LIMIT&timeInForce=IOC&side=BUY&price=50020&quantity=0.03",
        ),
        (&bob, "type=LIMIT_MAKER&side=SELL&price=50005&quantity=0.5"),
        // Refused: it would take, it is too much, it is off the grid.
        (&bob, "type=LIMIT_MAKER&side=SELL&price=49000&quantity=0.5"),
        (
            &bob,
            "type=LIMIT&timeInForce=GTC&side=SELL&price=50010&quantity=900",
        ),
        (
            &bob,
            "type=LIMIT&timeInForce=GTC&side=SELL&price=0.001&quantity=1",
        ),
        (
            &alice,
            "type=LIMIT&timeInForce=FOK&side=BUY&price=50005&quantity=0.6",
        ),
    ];
    for (index, (trader, order)) in orders.into_iter().enumerate() {
        let name = format!("order-{index}");
        let mut params = vec![("symbol", "BTCUSDT"), ("newClientOrderId", name.as_str())];
        params.extend(order.split('&').filter_map(|pair| pair.split_once('=')));
        let reply = trader.post("order", &params).await;
        answers.push(json!([reply.status, reply.json()]));
    }
    let cancel = [
        ("symbol", "BTCUSDT"),
        ("origClientOrderId", "order-5"),
        ("newClientOrderId", "c"),
    ];
    answers.push(bob.delete("order", &cancel).await.json());
    answers.push(bob.delete("order", &cancel).await.json());
    let symbol = [("symbol", "BTCUSDT")];
    for trader in [&alice, &bob] {
        for path in ["allOrders", "myTrades", "openOrders"] {
            answers.push(trader.get(path, &symbol).await.ok());
        }
        answers.push(trader.account().await);
        let first = [("symbol", "BTCUSDT"), ("orderId", "1")];
        answers.push(trader.get("order", &first).await.json());
        answers.push(trader.own(Method::GET, "/v1/api-keys", None).await.ok());
    }
    for path in [
        "exchangeInfo",
        "depth?symbol=BTCUSDT",
        "trades?symbol=BTCUSDT",
        "historicalTrades?symbol=BTCUSDT&fromId=2",
        "klines?symbol=BTCUSDT&interval=1d",
        "ticker/24hr?symbol=BTCUSDT",
        "ticker/price",
        "ticker/bookTicker?symbol=BTCUSDT",
        "depth?symbol=NOPE",
    ] {
        answers.push(http.get(&format!("/api/v3/{path}")).await.json());
    }

    let book = http.json("/api/v3/depth?symbol=BTCUSDT").await;
    let last_update = number(&book, "lastUpdateId");
    let top = http.json("/api/v3/ticker/bookTicker?symbol=BTCUSDT").await;
    let is_top = |best: &Value| {
        let names = [
            ("b", "bidPrice"),
            ("B", "bidQty"),
            ("a", "askPrice"),
            ("A", "askQty"),
        ];
        names.iter().all(|(told, asked)| best[told] == top[asked])
    };
    let (mut trades, mut best) = (Vec::new(), Value::Null);
    let mut levels = std::collections::BTreeMap::new();
    let mut updates = 0;
    // Of the best prices only the newest ones have to arrive.
    while updates < last_update || !is_top(&best) {
        let message = raw.next().await;
        match message["e"].as_str() {
            Some("trade") => trades.push(timeless(message)),
            Some("depthUpdate") => {
                assert_eq!(number(&message, "U"), updates + 1, "a gap: {message}");
                updates = number(&message, "u");
                for side in ["b", "a"] {
                    for level in list(&message[side]) {
                        let price = level[0].as_str().unwrap_or_default().to_owned();
                        levels.insert((side, price), level.clone());
                    }
                }
            }
            _ => best = message,
        }
    }
    levels.retain(|_, level| level[1] != "0.00000000");
    let shown = |side: &str| {
        let levels = levels.iter().filter(|((of, _), _)| *of == side);
        levels.map(|(_, level)| level.clone()).collect::<Vec<_>>()
    };
    let mut asked: Vec<_> = list(&book["bids"]).to_vec();
    asked.sort_by_key(|level| level[0].as_str().map(ToOwned::to_owned));
    assert_eq!(shown("b"), asked, "the stream and the snapshot agree");

    // A late subscriber is told how things are.
    let mut late = Socket::connect(server, "/stream?streams=btcusdt@kline_1d").await;
    let candle = late
        .next_where("the candle has all trades", |candle| {
            candle["data"]["k"]["n"] == trades.len()
        })
        .await;
    Said {
        answers: answers.into_iter().map(timeless).collect(),
        trades,
        best,
        candle: timeless(candle),
        book,
    }
}

#[tokio::test]
async fn a_gateway_answers_as_one_process_does() {
    let dir = new_dir();
    let one = Server::with_faucet(dir.path()).await;
    let cluster = Cluster::start(&redis_url(), &new_database().await).await;
    let gateway = cluster.gateway(&["--faucet"]).await;
    let (expected, found) = tokio::join!(tell(&one), tell(&gateway));
    for (index, (expected, found)) in expected.answers.iter().zip(&found.answers).enumerate() {
        assert_eq!(expected, found, "answer {index}");
    }
    assert_eq!(expected.trades, found.trades);
    assert_eq!(expected.best, found.best);
    assert_eq!(expected.candle, found.candle);
    assert_eq!(expected.book, found.book);
    assert_eq!(expected.trades.len(), 3, "{:?}", expected.trades);
}

#[tokio::test]
async fn gateways_share_users_sessions_orders_and_streams() {
    let cluster = Cluster::start(&redis_url(), &new_database().await).await;
    let (first, second) = tokio::join!(cluster.gateway(&["--faucet"]), cluster.gateway(&[]));
    let alice = Trader::funded(&first, "alice", &[("USDT", "100000")]).await;
    let mut socket = Socket::connect(&second, "/ws/btcusdt@trade").await;
    let alice_there = alice.at(&second);
    let order = alice.limit("BTCUSDT", "BUY", "50000", "0.01").await;
    // The other gateway follows; whoever was told here may have to wait there.
    eventually("the other gateway knows the order", async || {
        let open = alice_there.open_orders().await;
        (open == json!([alice.order("BTCUSDT", number(&order, "orderId")).await])).then_some(())
    })
    .await;
    let bob = Trader::funded(&first, "bob", &[("BTC", "1")])
        .await
        .at(&second);
    bob.market("BTCUSDT", "SELL", "0.01").await;
    let trade = socket.next().await;
    assert_eq!(
        (text(&trade, "p"), text(&trade, "q")),
        ("50000.00000000", "0.01000000")
    );

    // Both doors of one exchange say the same of everything.
    let questions = Questions::about(
        &[&alice, &bob],
        &[(0, "BTCUSDT", number(&order, "orderId"))],
    );
    eventually("the first gateway has come as far", async || {
        let fills = alice.fills("BTCUSDT").await;
        (fills.len() == 1).then_some(())
    })
    .await;
    assert_same(&questions.ask(&first).await, &questions.ask(&second).await);
    // A session ends everywhere.
    alice.own(Method::POST, "/v1/logout", None).await.ok();
    let reply = alice_there.own(Method::GET, "/v1/api-keys", None).await;
    assert_eq!(reply.status, 401, "{reply}");
}

#[tokio::test]
async fn gateways_outlive_the_process_that_orders_commands() {
    let mut cluster = Cluster::start(&redis_url(), &new_database().await).await;
    let gateway = cluster.gateway(&["--faucet"]).await;
    let alice = Trader::funded(&gateway, "alice", &[("USDT", "100000")]).await;
    let order = alice.limit("BTCUSDT", "BUY", "50000", "0.01").await;
    eventually("the gateway knows the order", async || {
        (list(&alice.open_orders().await).len() == 1).then_some(())
    })
    .await;
    cluster.orders.kill();

    // Nothing can be ordered, which is said by name; what is known can still be asked for.
    let params = [
        ("symbol", "BTCUSDT"),
        ("side", "SELL"),
        ("type", "MARKET"),
        ("quantity", "1"),
    ];
    let reply = alice.post("order", &params).await;
    assert_eq!(reply.status, 503, "{reply}");
    assert_eq!(list(&alice.open_orders().await).len(), 1);
    let http = gateway.http();
    eventually("the gateway says that it is not ready", async || {
        (http.get("/readyz").await.status == 503).then_some(())
    })
    .await;

    cluster.orders = cluster.orders.restart().await;
    eventually("the gateway is ready again", async || {
        (http.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    let cancelled = alice.cancel("BTCUSDT", &order).await;
    assert_eq!(cancelled["status"], "CANCELED");
    assert_eq!(alice.open_orders().await, json!([]));
}

#[tokio::test]
async fn whoever_follows_keeps_nobody_from_stopping() {
    let mut cluster = Cluster::start(&redis_url(), &new_database().await).await;
    // One follows over Redis, one over its direct links, which have no end by themselves.
    let nowhere = format!("redis://127.0.0.1:{}", free_port());
    let (_first, second) = tokio::join!(cluster.gateway(&[]), cluster.gateway_over(&nowhere));
    let status = cluster.orders.terminate().await;
    assert!(status.success(), "{status}");
    let said = cluster.orders.stderr();
    assert!(!said.contains("cut off"), "{said}");
    let http = second.http();
    eventually("the gateway says that it is not ready", async || {
        (http.get("/readyz").await.status == 503).then_some(())
    })
    .await;
    cluster.orders = cluster.orders.restart().await;
    eventually("the gateway is ready again", async || {
        (http.get("/readyz").await.status == 200).then_some(())
    })
    .await;
}
