//! WebSocket streams: requests and their answers, payloads, and order books kept in step.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::shape::{D, F, I, Kind, L, O, T, assert_shape};
use crate::harness::{Server, Socket, Trader, list, new_dir, number, text};

const TRADE: &[(&str, Kind)] = &[
    ("e", T),
    ("E", I),
    ("s", T),
    ("t", I),
    ("p", D),
    ("q", D),
    ("T", I),
    ("m", F),
    ("M", F),
];

const KLINE: &[(&str, Kind)] = &[("e", T), ("E", I), ("s", T), ("k", O)];

const KLINE_CANDLE: &[(&str, Kind)] = &[
    ("t", I),
    ("T", I),
    ("s", T),
    ("i", T),
    ("f", I),
    ("L", I),
    ("o", D),
    ("c", D),
    ("h", D),
    ("l", D),
    ("v", D),
    ("n", I),
    ("x", F),
    ("q", D),
    ("V", D),
    ("Q", D),
    ("B", T),
];

const DEPTH: &[(&str, Kind)] = &[
    ("e", T),
    ("E", I),
    ("s", T),
    ("U", I),
    ("u", I),
    ("b", L),
    ("a", L),
];

const TICKER: &[(&str, Kind)] = &[
    ("e", T),
    ("E", I),
    ("s", T),
    ("p", D),
    ("P", D),
    ("w", D),
    ("x", D),
    ("c", D),
    ("Q", D),
    ("b", D),
    ("B", D),
    ("a", D),
    ("A", D),
    ("o", D),
    ("h", D),
    ("l", D),
    ("v", D),
    ("q", D),
    ("O", I),
    ("C", I),
    ("F", I),
    ("L", I),
    ("n", I),
];

const BOOK_TICKER: &[(&str, Kind)] = &[("u", I), ("s", T), ("b", D), ("B", D), ("a", D), ("A", D)];

pub(crate) async fn alice_and_bob(server: &Server) -> (Trader, Trader) {
    let money = [("USDT", "10000000"), ("BTC", "100")];
    tokio::join!(
        Trader::funded(server, "alice", &money),
        Trader::funded(server, "bob", &money),
    )
}

/// Alice buys from Bob.
pub(crate) async fn trade(alice: &Trader, bob: &Trader, price: &str, quantity: &str) {
    bob.limit("BTCUSDT", "SELL", price, quantity).await;
    alice.market("BTCUSDT", "BUY", quantity).await;
}

#[tokio::test]
async fn requests_are_answered_with_their_own_ids() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    // Some clients number their connections in the path.
    for path in ["/ws", "/ws/0", "/ws/49", "/stream", "/stream?streams="] {
        let mut socket = Socket::connect(&server, path).await;
        let uuid = json!("5494febb-d167-46a2-996d-70533eb4d976");
        for id in [json!(7), json!(-1), json!(0), json!(""), uuid, json!(null)] {
            let streams = ["btcusdt@trade", "ethusdt@depth@100ms"];
            socket.acknowledged("SUBSCRIBE", &streams, id.clone()).await;
            socket.acknowledged("SUBSCRIBE", &streams, id.clone()).await;
            let request = json!({ "method": "LIST_SUBSCRIPTIONS", "id": id });
            socket.send_text(&request.to_string()).await;
            let answer = socket.next().await;
            let mut listed: Vec<_> = list(&answer["result"])
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| name.contains('@'))
                .collect();
            listed.sort_unstable();
            assert_eq!(listed, streams, "{path}");
            assert_eq!(answer["id"], id, "{path}");
            socket
                .acknowledged("UNSUBSCRIBE", &streams[..1], id.clone())
                .await;
            socket
                .acknowledged("UNSUBSCRIBE", &streams[1..], id.clone())
                .await;
        }
        // An id that was not sent is null.
        socket
            .send_text(r#"{"method":"SUBSCRIBE","params":["no@such@stream"]}"#)
            .await;
        let answer = socket.next().await;
        assert_eq!(answer, json!({ "result": null, "id": null }), "{path}");
    }
}

#[tokio::test]
async fn bad_requests_are_refused_and_the_connection_stays() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let mut socket = Socket::connect(&server, "/ws").await;
    let too_long = "x".repeat(129);
    let too_long = json!({ "method": "SUBSCRIBE", "params": [too_long], "id": 6 }).to_string();
    let too_many: Vec<String> = (0..1_025).map(|number| format!("{number}")).collect();
    let too_many = json!({ "method": "SUBSCRIBE", "params": too_many, "id": 5 }).to_string();
    for (text, id) in [
        ("", json!(null)),
        ("nonsense", json!(null)),
        ("{", json!(null)),
        ("[]", json!(null)),
        ("null", json!(null)),
        ("{}", json!(null)),
        (r#"{"id":1}"#, json!(1)),
        (r#"{"method":"SUBSCRIBE","id":2}"#, json!(2)),
        (r#"{"method":"UNSUBSCRIBE","id":"two"}"#, json!("two")),
        (
            r#"{"method":"SUBSCRIBE","params":"btcusdt@trade","id":3}"#,
            json!(3),
        ),
        (
            r#"{"method":"SUBSCRIBE","params":[1],"id":"x"}"#,
            json!("x"),
        ),
        (r#"{"method":"subscribe","params":[],"id":4}"#, json!(4)),
        (r#"{"method":"DANCE","params":[],"id":null}"#, json!(null)),
        (r#"{"method":"SUBSCRIBE","params":[],"id":[]}"#, json!(null)),
        (&too_many, json!(5)),
        (&too_long, json!(6)),
    ] {
        socket.send_text(text).await;
        assert_refusal(&socket.next().await, &id);
    }
    socket.send(Message::binary(vec![0, 159, 146, 150])).await;
    assert_refusal(&socket.next().await, &json!(null));

    socket.subscribe(&["btcusdt@trade"]).await;
    let (alice, bob) = alice_and_bob(&server).await;
    trade(&alice, &bob, "50000", "0.1").await;
    assert_eq!(socket.next().await["e"], "trade");
}

fn assert_refusal(answer: &Value, id: &Value) {
    let shape = [("error", O)];
    let mut without_id = answer.clone();
    let found = without_id.as_object_mut().and_then(|all| all.remove("id"));
    assert_eq!(found.as_ref(), Some(id), "{answer}");
    assert_shape("a refusal", &without_id, &shape);
    let error = &answer["error"];
    assert_shape("an error", error, &[("code", I), ("msg", T)]);
    assert_eq!(error["code"], 2, "{answer}");
    assert!(
        text(error, "msg").starts_with("Invalid request: "),
        "{answer}"
    );
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_its_own_connection_only() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let mut large = Socket::connect(&server, "/ws/btcusdt@trade").await;
    let mut other = Socket::connect(&server, "/ws/btcusdt@trade").await;
    // As large as may be.
    let padding = " ".repeat(16 * 1024 - 40);
    let request = format!(r#"{{"method":"LIST_SUBSCRIPTIONS","id":1}}{padding}"#);
    large.send_text(&request).await;
    assert_eq!(large.next().await["id"], 1);
    large.send_text(&" ".repeat(16 * 1024 + 1)).await;
    let (_, why) = large.until_closed().await;
    assert_eq!(why, Some((1009, "a message is too large".into())));

    other.assert_quiet().await;
    let (alice, bob) = alice_and_bob(&server).await;
    trade(&alice, &bob, "50000", "0.1").await;
    assert_eq!(other.next().await["e"], "trade");
}

#[tokio::test]
async fn every_stream_has_its_fields() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = alice_and_bob(&server).await;
    let streams = "btcusdt@trade/btcusdt@kline_1m/btcusdt@depth/btcusdt@depth@100ms/\
                   btcusdt@ticker/btcusdt@bookTicker";
    let mut socket = Socket::connect(&server, &format!("/stream?streams={streams}")).await;
    trade(&alice, &bob, "50000", "0.1").await;
    bob.limit("BTCUSDT", "SELL", "50001", "0.3").await;

    let mut seen: BTreeMap<String, Value> = BTreeMap::new();
    let end = Instant::now() + crate::harness::DEADLINE;
    while seen.len() < 6 || seen["btcusdt@ticker"]["n"] == 0 {
        assert!(Instant::now() < end, "not all streams deliver: {seen:?}");
        let event = socket.next().await;
        assert_shape("a combined event", &event, &[("stream", T), ("data", O)]);
        seen.insert(text(&event, "stream").to_owned(), event["data"].clone());
    }
    let own = alice.fills("BTCUSDT").await;

    let traded = &seen["btcusdt@trade"];
    assert_shape("a trade", traded, TRADE);
    assert_eq!(traded["e"], "trade");
    assert_eq!(traded["s"], "BTCUSDT");
    assert_eq!(traded["t"], own[0]["id"]);
    assert_eq!(traded["p"], "50000.00000000");
    assert_eq!(traded["q"], "0.10000000");
    assert_eq!(traded["m"], false, "the buyer is the taker");
    assert_eq!(traded["T"], own[0]["time"]);

    let kline = &seen["btcusdt@kline_1m"];
    assert_shape("a kline", kline, KLINE);
    assert_eq!(kline["e"], "kline");
    let candle = &kline["k"];
    assert_shape("a candle", candle, KLINE_CANDLE);
    for price in ["o", "h", "l", "c"] {
        assert_eq!(candle[price], "50000.00000000", "{price}");
    }
    assert_eq!((&candle["i"], &candle["n"]), (&json!("1m"), &json!(1)));
    assert_eq!(
        (&candle["v"], &candle["V"]),
        (&json!("0.10000000"), &json!("0.10000000"))
    );
    assert_eq!((&candle["f"], &candle["L"]), (&own[0]["id"], &own[0]["id"]));
    assert_eq!(number(candle, "T") - number(candle, "t"), 59_999);

    for stream in ["btcusdt@depth", "btcusdt@depth@100ms"] {
        let depth = &seen[stream];
        assert_shape(stream, depth, DEPTH);
        assert_eq!(depth["e"], "depthUpdate");
    }

    let ticker = &seen["btcusdt@ticker"];
    assert_shape("a ticker", ticker, TICKER);
    assert_eq!(ticker["e"], "24hrTicker");
    assert_eq!(
        (&ticker["c"], &ticker["n"]),
        (&json!("50000.00000000"), &json!(1))
    );
    assert_eq!(number(ticker, "C") - number(ticker, "O"), 86_400_000);

    let book = &seen["btcusdt@bookTicker"];
    assert_shape("a book ticker", book, BOOK_TICKER);
    assert_eq!(
        (&book["a"], &book["A"]),
        (&json!("50001.00000000"), &json!("0.30000000"))
    );
    assert_eq!(
        (&book["b"], &book["B"]),
        (&json!("0.00000000"), &json!("0.00000000"))
    );
    let depth = server.http().json("/api/v3/depth?symbol=BTCUSDT").await;
    assert_eq!(book["u"], depth["lastUpdateId"], "one counter for all");
}

#[tokio::test]
async fn events_are_raw_on_ws_and_wrapped_on_stream() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = alice_and_bob(&server).await;
    let mut at_once = Socket::connect(&server, "/ws/btcusdt@trade").await;
    let mut later = Socket::connect(&server, "/ws").await;
    later.subscribe(&["btcusdt@trade"]).await;
    let mut combined = Socket::connect(&server, "/stream?streams=btcusdt@trade").await;
    let mut combined_later = Socket::connect(&server, "/stream?streams=").await;
    combined_later.subscribe(&["btcusdt@trade"]).await;
    let mut encoded = Socket::connect(&server, "/stream?streams=btcusdt%40trade").await;
    let mut unknown = Socket::connect(&server, "/ws/0").await;
    let mut other = Socket::connect(&server, "/ws/ethusdt@trade").await;
    let mut gone = Socket::connect(&server, "/ws/btcusdt@trade").await;
    gone.acknowledged("UNSUBSCRIBE", &["btcusdt@trade"], json!(2))
        .await;

    trade(&alice, &bob, "50000", "0.1").await;
    let raw = at_once.next().await;
    assert_eq!(raw["e"], "trade");
    assert_eq!(later.next().await, raw);
    let wrapped = json!({ "stream": "btcusdt@trade", "data": raw });
    assert_eq!(combined.next().await, wrapped);
    assert_eq!(combined_later.next().await, wrapped);
    assert_eq!(encoded.next().await, wrapped);
    for quiet in [&mut unknown, &mut other, &mut gone, &mut at_once] {
        quiet.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_late_subscriber_is_told_how_things_are() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = alice_and_bob(&server).await;
    let mut early = Socket::connect(&server, "/stream").await;
    let states = ["btcusdt@bookTicker", "btcusdt@kline_1m", "btcusdt@ticker"];
    early.subscribe(&states).await;
    trade(&alice, &bob, "50000", "0.1").await;
    alice.limit("BTCUSDT", "BUY", "49000", "0.2").await;
    for stream in ["btcusdt@kline_1m", "btcusdt@ticker"] {
        early
            .next_where(stream, |event| {
                event["stream"] == stream && event["data"]["n"] != 0
            })
            .await;
    }

    // Nothing more happens at all, but for the ticker each second.
    for stream in states {
        let mut late = Socket::connect(&server, "/ws").await;
        let asked = Instant::now();
        late.subscribe(&[stream]).await;
        let state = late.next().await;
        if stream.ends_with("bookTicker") {
            assert_eq!(state["b"], "49000.00000000");
        } else if stream.ends_with("kline_1m") {
            assert_eq!(state["k"]["c"], "50000.00000000");
        } else {
            assert_eq!(state["c"], "50000.00000000");
        }
        assert!(asked.elapsed() < Duration::from_secs(10), "{stream}");
    }
    // What has happened is no news.
    let mut late = Socket::connect(&server, "/ws").await;
    late.subscribe(&["btcusdt@trade", "btcusdt@depth@100ms"])
        .await;
    late.assert_quiet().await;
}

/// A copy of an order book, kept by the rule that clients follow.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Book {
    pub(crate) last_update_id: u64,
    pub(crate) bids: BTreeMap<Decimal, String>,
    pub(crate) asks: BTreeMap<Decimal, String>,
}

impl Book {
    pub(crate) fn of_snapshot(depth: &Value) -> Self {
        let mut book = Self {
            last_update_id: number(depth, "lastUpdateId"),
            ..Self::default()
        };
        set_levels(&mut book.bids, &depth["bids"]);
        set_levels(&mut book.asks, &depth["asks"]);
        book
    }

    /// Applies a diff unless it is older than the book.
    pub(crate) fn apply(&mut self, diff: &Value) {
        let (first, last) = (number(diff, "U"), number(diff, "u"));
        assert!(first <= last, "{diff}");
        if last <= self.last_update_id {
            return;
        }
        assert!(first <= self.last_update_id + 1, "a gap before {diff}");
        set_levels(&mut self.bids, &diff["b"]);
        set_levels(&mut self.asks, &diff["a"]);
        self.last_update_id = last;
    }
}

fn set_levels(side: &mut BTreeMap<Decimal, String>, levels: &Value) {
    for level in list(levels) {
        let [price, quantity] = list(level) else {
            panic!("a level is a price and a quantity: {level}");
        };
        let price = price.as_str().expect("a decimal").parse();
        let price = price.expect("a decimal");
        let quantity = quantity.as_str().expect("a decimal").to_owned();
        if quantity == "0.00000000" {
            side.remove(&price);
        } else {
            side.insert(price, quantity);
        }
    }
}

/// Follows a depth stream by the official rule: subscribe, take a snapshot, drop what is older,
/// apply the rest; until it is where `end` is. Returns the book and the diffs.
async fn follow(socket: &mut Socket, snapshot: &Value, end: &Value) -> (Book, Vec<Value>) {
    let mut book = Book::of_snapshot(snapshot);
    let end = number(end, "lastUpdateId");
    let mut diffs: Vec<Value> = Vec::new();
    while book.last_update_id < end {
        let diff = socket.next().await;
        assert_shape("a diff", &diff, DEPTH);
        if let Some(previous) = diffs.last() {
            assert_eq!(number(&diff, "U"), number(previous, "u") + 1, "diffs chain");
        }
        book.apply(&diff);
        diffs.push(diff);
    }
    (book, diffs)
}

#[tokio::test]
async fn depth_diffs_rebuild_the_book() {
    const ROUNDS: u32 = 60;
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    let (alice, bob) = alice_and_bob(&server).await;
    alice.limit("BTCUSDT", "BUY", "49000", "1").await;
    bob.limit("BTCUSDT", "SELL", "51000", "1").await;

    let mut streams = Vec::new();
    for stream in ["btcusdt@depth@100ms", "btcusdt@depth"] {
        let mut socket = Socket::connect(&server, "/ws").await;
        socket.subscribe(&[stream]).await;
        streams.push(socket);
    }
    let path = "/api/v3/depth?symbol=BTCUSDT&limit=5000";
    let mut snapshots = vec![http.json(path).await];
    let mut open = Vec::new();
    for round in 0..ROUNDS {
        let price = 49_000 + round % 17;
        let bid = alice
            .limit("BTCUSDT", "BUY", &price.to_string(), "0.01")
            .await;
        open.push(bid);
        let price = 49_013 + round % 23;
        bob.limit("BTCUSDT", "SELL", &price.to_string(), "0.015")
            .await;
        if round % 3 == 0 {
            let id = number(&open.remove(0), "orderId").to_string();
            let params = [("symbol", "BTCUSDT"), ("orderId", id.as_str())];
            // It may have been filled in the meantime.
            alice.delete("order", &params).await;
        }
        if round == ROUNDS / 2 {
            // A snapshot from the middle must fit as well.
            snapshots.push(http.json(path).await);
        }
    }
    alice.delete("openOrders", &[("symbol", "BTCUSDT")]).await;
    bob.limit("BTCUSDT", "SELL", "48999", "0.5").await;
    let end = http.json(path).await;
    let expected = Book::of_snapshot(&end);
    assert!(!expected.asks.is_empty(), "there is something to compare");

    for socket in &mut streams {
        let (book, diffs) = follow(socket, &snapshots[0], &end).await;
        assert_eq!(book.bids, expected.bids);
        assert_eq!(book.asks, expected.asks);
        let removals = diffs
            .iter()
            .flat_map(|diff| list(&diff["b"]).iter().chain(list(&diff["a"])))
            .filter(|level| level[1] == "0.00000000");
        assert!(removals.count() > 0, "levels that are gone are told");
        let mut late = Book::of_snapshot(&snapshots[1]);
        for diff in &diffs {
            late.apply(diff);
        }
        assert_eq!(late.bids, expected.bids);
        assert_eq!(late.asks, expected.asks);
    }
}

#[tokio::test]
async fn update_ids_go_on_after_a_restart() {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = alice_and_bob(&server).await;
    trade(&alice, &bob, "50000", "0.1").await;
    alice.limit("BTCUSDT", "BUY", "49000", "1").await;
    server.kill();
    let server = server.restart().await;
    let alice = alice.at(&server);
    let path = "/api/v3/depth?symbol=BTCUSDT";
    let snapshot = server.http().json(path).await;
    let mut socket = Socket::connect(&server, "/ws").await;
    socket.subscribe(&["btcusdt@depth@100ms"]).await;
    alice.limit("BTCUSDT", "BUY", "49001", "1").await;
    let diff = socket.next().await;
    assert_eq!(number(&diff, "U"), number(&snapshot, "lastUpdateId") + 1);
    let end = server.http().json(path).await;
    assert_eq!(diff["u"], end["lastUpdateId"]);
}

/// Nothing has happened since the restart, but things are as they are.
#[tokio::test]
async fn a_subscriber_after_a_restart_is_told_how_things_are() {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = alice_and_bob(&server).await;
    trade(&alice, &bob, "50000", "0.1").await;
    alice.limit("BTCUSDT", "BUY", "49000", "0.2").await;
    server.kill();
    let server = server.restart().await;
    let depth = server.http().json("/api/v3/depth?symbol=BTCUSDT").await;
    let mut book = Socket::connect(&server, "/ws/btcusdt@bookTicker").await;
    let state = book.next().await;
    assert_eq!(state["b"], "49000.00000000");
    assert_eq!(state["u"], depth["lastUpdateId"]);
    let mut candle = Socket::connect(&server, "/ws/btcusdt@kline_1d").await;
    assert_eq!(candle.next().await["k"]["c"], "50000.00000000");
}
