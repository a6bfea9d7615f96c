//! What each public stream delivers, to whom, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::harness::backend::{new_database, redis_url};
use crate::harness::shape::{D, F, I, Kind, L, T, assert_shape};
use crate::harness::{
    Cluster, DEADLINE, Server, Socket, Trader, eventually, list, new_dir, now_millis, number, text,
};
use crate::streams::Book;

const AGGREGATE: &[(&str, Kind)] = &[
    ("e", T),
    ("E", I),
    ("s", T),
    ("a", I),
    ("p", D),
    ("q", D),
    ("f", I),
    ("l", I),
    ("T", I),
    ("m", F),
    ("M", F),
];

const MINI_TICKER: &[(&str, Kind)] = &[
    ("e", T),
    ("E", I),
    ("s", T),
    ("c", D),
    ("o", D),
    ("h", D),
    ("l", D),
    ("v", D),
    ("q", D),
];

const BEST_LEVELS: &[(&str, Kind)] = &[("lastUpdateId", I), ("bids", L), ("asks", L)];

const INTERVALS: [&str; 15] = [
    "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M",
];

const LISTS: [&str; 6] = [
    "!miniTicker@arr",
    "!miniTicker@arr@1000ms",
    "!miniTicker@arr@3000ms",
    "!ticker@arr",
    "!ticker@arr@1000ms",
    "!ticker@arr@3000ms",
];

/// The streams of an instrument that tell how things are.
fn states() -> Vec<String> {
    let best = ["5", "10", "20", "5@100ms", "10@100ms", "20@100ms"];
    let best = best.map(|levels| format!("btcusdt@depth{levels}"));
    let klines = INTERVALS.map(|interval| format!("btcusdt@kline_{interval}"));
    let others = ["ticker", "miniTicker", "bookTicker"].map(|it| format!("btcusdt@{it}"));
    best.into_iter()
        .chain(klines)
        .chain(others)
        .chain(LISTS.map(Into::into))
        .collect()
}

async fn alice_and_bob(server: &Server) -> (Trader, Trader) {
    let money = [("USDT", "100000000"), ("BTC", "1000"), ("ETH", "1000")];
    tokio::join!(
        Trader::funded(server, "alice", &money),
        Trader::funded(server, "bob", &money),
    )
}

/// The first message of each of these streams.
async fn first_of_each(socket: &mut Socket, streams: &[&str]) -> BTreeMap<String, Value> {
    let mut seen = BTreeMap::new();
    let end = Instant::now() + DEADLINE;
    while seen.len() < streams.len() {
        let missing: Vec<_> = streams
            .iter()
            .filter(|it| !seen.contains_key(**it))
            .collect();
        assert!(Instant::now() < end, "these do not deliver: {missing:?}");
        let event = socket.next().await;
        let (stream, data) = (text(&event, "stream").to_owned(), event["data"].clone());
        seen.entry(stream).or_insert(data);
    }
    seen
}

#[tokio::test]
async fn what_happens_is_told_as_it_happens() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = alice_and_bob(&server).await;
    let streams = [
        "btcusdt@aggTrade",
        "btcusdt@trade",
        "!bookTicker",
        "btcusdt@bookTicker",
    ];
    let mut socket = Socket::connect(&server, "/stream").await;
    socket.subscribe(&streams).await;
    for quantity in ["0.1", "0.2"] {
        bob.limit("BTCUSDT", "SELL", "50000", quantity).await;
    }
    bob.limit("BTCUSDT", "SELL", "50001", "0.5").await;
    alice.market("BTCUSDT", "BUY", "0.4").await;
    let mut trades = Vec::new();
    let mut aggregates = Vec::new();
    let (mut of_all, mut of_one) = (Vec::new(), Vec::new());
    while aggregates.len() < 2 {
        let event = socket.next().await;
        let data = event["data"].clone();
        match text(&event, "stream") {
            "btcusdt@aggTrade" => aggregates.push(data),
            "btcusdt@trade" => trades.push(data),
            "!bookTicker" => of_all.push(data),
            _ => of_one.push(data),
        }
    }
    assert_eq!(trades.len(), 3, "the trades come first");
    for aggregate in &aggregates {
        assert_shape("an aggregate", aggregate, AGGREGATE);
    }
    let said = aggregates.iter().map(|it| {
        let field = |name| it[name].clone();
        (
            text(it, "p"),
            text(it, "q"),
            field("a"),
            field("f"),
            field("l"),
        )
    });
    let ids = [&trades[0]["t"], &trades[1]["t"], &trades[2]["t"]].map(Clone::clone);
    let [first, second, third] = ids;
    let expected = [
        ("50000.00000000", "0.30000000", first.clone(), first, second),
        (
            "50001.00000000",
            "0.10000000",
            third.clone(),
            third.clone(),
            third,
        ),
    ];
    assert_eq!(said.collect::<Vec<_>>(), expected);
    assert_eq!(aggregates[0]["T"], trades[0]["T"]);
    let answer = server.http().json("/api/v3/aggTrades?symbol=BTCUSDT").await;
    for (told, asked) in aggregates.iter().zip(list(&answer)) {
        for field in ["a", "p", "q", "f", "l", "T", "m", "M"] {
            assert_eq!(told[field], asked[field], "{field}");
        }
    }
    // Another instrument is in the stream of all only.
    bob.limit("ETHUSDT", "SELL", "2000", "1").await;
    let other = socket
        .next_where("of another", |event| event["data"]["s"] == "ETHUSDT")
        .await;
    assert_eq!(other["stream"], "!bookTicker");
    assert!(of_one.len() <= of_all.len() && !of_one.is_empty());
}

#[tokio::test]
async fn whoever_subscribes_first_is_told_how_things_are() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    subscribers_are_told_how_things_are(&server).await;
}

#[tokio::test]
async fn gateways_tell_the_same_streams_and_aggregates() {
    let cluster = Cluster::start(&redis_url(), &new_database().await).await;
    let (first, second) = tokio::join!(cluster.gateway(&["--faucet"]), cluster.gateway(&[]));
    subscribers_are_told_how_things_are(&first).await;
    let path = "/api/v3/aggTrades?symbol=BTCUSDT";
    let told = first.http().json(path).await;
    assert_eq!(list(&told).len(), 1);
    eventually("the other gateway has come as far", async || {
        (second.http().json(path).await == told).then_some(())
    })
    .await;
    let late = cluster.gateway(&[]).await;
    assert_eq!(late.http().json(path).await, told);
}

/// Waits until nothing that takes a few seconds comes upon the end of a minute: in a new one there is no
/// candle before something has traded.
async fn early_in_a_minute() {
    let into_minute = now_millis() % 60_000;
    if into_minute > 40_000 {
        tokio::time::sleep(Duration::from_millis(60_000 - into_minute)).await;
    }
}

async fn subscribers_are_told_how_things_are(server: &Server) {
    early_in_a_minute().await;
    let (alice, bob) = alice_and_bob(server).await;
    bob.limit("BTCUSDT", "SELL", "50000", "0.5").await;
    alice.market("BTCUSDT", "BUY", "0.1").await;
    for price in 49_000..49_025 {
        alice
            .limit("BTCUSDT", "BUY", &price.to_string(), "0.01")
            .await;
    }
    // So that nothing changes any more.
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    let streams = states();
    let streams: Vec<&str> = streams.iter().map(String::as_str).collect();
    for round in ["first", "second"] {
        let mut socket = Socket::connect(server, "/stream").await;
        socket.subscribe(&streams).await;
        let asked = Instant::now();
        let seen = first_of_each(&mut socket, &streams).await;
        assert!(asked.elapsed() < Duration::from_secs(5), "{round}");
        assert_states(server, &seen).await;
    }
}

async fn assert_states(server: &Server, seen: &BTreeMap<String, Value>) {
    let http = server.http();
    let depth = http.json("/api/v3/depth?symbol=BTCUSDT&limit=20").await;
    for (stream, data) in seen {
        let topic = stream.split('@').nth(1).unwrap_or_default();
        if let Some(levels) = topic.strip_prefix("depth") {
            assert_shape(stream, data, BEST_LEVELS);
            let levels: usize = levels.parse().expect("a number of levels");
            assert_eq!(list(&data["bids"]), &list(&depth["bids"])[..levels]);
            assert_eq!(data["asks"], depth["asks"]);
            assert_eq!(data["lastUpdateId"], depth["lastUpdateId"]);
        } else if let Some(interval) = topic.strip_prefix("kline_") {
            let query = format!("symbol=BTCUSDT&interval={interval}&limit=1");
            let asked = http.json(&format!("/api/v3/klines?{query}")).await;
            let candle = &data["k"];
            assert_eq!((&candle["t"], &candle["T"]), (&asked[0][0], &asked[0][6]));
            assert_eq!((&candle["c"], &candle["v"]), (&asked[0][4], &asked[0][5]));
            assert_eq!((text(candle, "i"), &candle["x"]), (interval, &json!(false)));
        } else if stream.starts_with('!') {
            let mut tickers = list(data).iter();
            let ticker = tickers.find(|it| it["s"] == "BTCUSDT");
            let ticker = ticker.unwrap_or_else(|| panic!("{stream}: {data}"));
            assert_eq!(text(ticker, "c"), "50000.00000000", "{stream}");
            if stream.starts_with("!mini") {
                assert_shape(stream, ticker, MINI_TICKER);
            }
        } else if topic == "miniTicker" {
            assert_shape(stream, data, MINI_TICKER);
            assert_eq!(text(data, "c"), "50000.00000000");
        }
    }
}

#[tokio::test]
async fn names_of_no_stream_deliver_nothing() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = alice_and_bob(&server).await;
    let names = [
        "btcusdt@depth7",
        "btcusdt@depth5@1000ms",
        "btcusdt@kline_1s",
        "btcusdt@kline_7m",
        "BTCUSDT@trade",
        "btcusdt@nothing",
        "nothing@trade",
        "!miniTicker@arr@2000ms",
        "!trade@arr",
        "!bookTicker@arr",
        "49",
    ];
    let mut nothing = Socket::connect(&server, "/stream").await;
    nothing.subscribe(&names).await;
    let mut lists = Socket::connect(&server, "/ws/!miniTicker@arr").await;
    bob.limit("BTCUSDT", "SELL", "50000", "0.5").await;
    alice.market("BTCUSDT", "BUY", "0.1").await;
    lists.next().await;
    nothing.assert_quiet().await;
}

#[tokio::test]
async fn lists_hold_what_changed() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = alice_and_bob(&server).await;
    for (symbol, price) in [("BTCUSDT", "50000"), ("ETHUSDT", "2000")] {
        bob.limit(symbol, "SELL", price, "5").await;
        alice.market(symbol, "BUY", "0.1").await;
    }
    let mut socket = Socket::connect(&server, "/ws/!miniTicker@arr@1000ms").await;
    let symbols = |event: &Value| -> BTreeSet<String> {
        list(event)
            .iter()
            .map(|it| text(it, "s").to_owned())
            .collect()
    };
    let both = BTreeSet::from(["BTCUSDT", "ETHUSDT"].map(str::to_owned));
    let mut seen = BTreeSet::new();
    while seen != both {
        seen.extend(symbols(&socket.next().await));
    }
    // What is left of it is told before this is.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    alice.market("ETHUSDT", "BUY", "0.1").await;
    let changed = socket
        .next_where("the trade", |event| event[0]["v"] == "0.20000000")
        .await;
    assert_eq!(symbols(&changed), BTreeSet::from(["ETHUSDT".to_owned()]));
    // A quote that changed is told by the full ticker only.
    let mut full = Socket::connect(&server, "/ws/!ticker@arr").await;
    assert_eq!(symbols(&full.next().await), both, "how things are");
    bob.limit("BTCUSDT", "SELL", "49999", "0.1").await;
    let quoted = full
        .next_where("the quote", |event| {
            let mut tickers = list(event).iter();
            tickers.any(|ticker| ticker["a"] == "49999.00000000")
        })
        .await;
    assert_eq!(symbols(&quoted), BTreeSet::from(["BTCUSDT".to_owned()]));
    let quiet = timeout(Duration::from_millis(2_500), socket.next()).await;
    assert!(quiet.is_err(), "nothing traded: {quiet:?}");
}

/// The official steps: listen, take a snapshot that is not older than the first event, drop what is
/// in it, and apply the rest. Nobody waits for anybody meanwhile.
async fn follow(server: &Server, stream: &str, until: &tokio::sync::watch::Receiver<u64>) -> Book {
    let http = server.http();
    let mut socket = Socket::connect(server, &format!("/ws/{stream}")).await;
    let first = socket.next().await;
    let snapshot = eventually("a snapshot that is new enough", async || {
        let snapshot = http.json("/api/v3/depth?symbol=BTCUSDT&limit=5000").await;
        (number(&snapshot, "lastUpdateId") >= number(&first, "U")).then_some(snapshot)
    })
    .await;
    let mut book = Book::of_snapshot(&snapshot);
    let mut event = first;
    let mut last = number(&event, "U") - 1;
    loop {
        assert_eq!(number(&event, "U"), last + 1, "{stream}: events chain");
        last = number(&event, "u");
        book.apply(&event);
        let end = *until.borrow();
        if end > 0 && book.last_update_id >= end {
            return book;
        }
        event = socket.next().await;
    }
}

#[tokio::test]
async fn a_client_that_comes_in_the_middle_of_it_has_the_same_book() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = alice_and_bob(&server).await;
    let (end, until) = tokio::sync::watch::channel(0);
    let busy = async |trader: &Trader, side: &str, seed: u64| {
        let mut open = Vec::new();
        for round in 0..120_u64 {
            // On a fast machine it would be over before the last client comes.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let price = 50_000 + (round * seed) % 41;
            let price = if side == "BUY" {
                price - 12
            } else {
                price + 12
            };
            let order = trader
                .limit("BTCUSDT", side, &price.to_string(), "0.01")
                .await;
            open.push(order);
            if round % 2 == 0 {
                let id = number(&open.swap_remove(0), "orderId").to_string();
                let params = [("symbol", "BTCUSDT"), ("orderId", id.as_str())];
                // It may have been filled.
                trader.delete("order", &params).await;
            }
        }
    };
    let trading = async {
        tokio::join!(
            busy(&alice, "BUY", 7),
            busy(&alice, "BUY", 17),
            busy(&bob, "SELL", 11),
            busy(&bob, "SELL", 23),
        );
        let book = server
            .http()
            .json("/api/v3/depth?symbol=BTCUSDT&limit=5000")
            .await;
        end.send_replace(number(&book, "lastUpdateId"));
        // An event comes after that, so that nobody waits for one in vain.
        alice.limit("BTCUSDT", "BUY", "40000", "0.01").await;
        book
    };
    let following = async {
        let client = async |stream, after| {
            tokio::time::sleep(Duration::from_millis(after)).await;
            follow(&server, stream, &until).await
        };
        let (fast, slow) = ("btcusdt@depth@100ms", "btcusdt@depth");
        tokio::join!(
            client(fast, 0),
            client(fast, 230),
            client(fast, 510),
            client(fast, 920),
            client(slow, 100),
            client(slow, 700),
        )
    };
    let (_, books) = tokio::join!(trading, following);
    let books: [Book; 6] = books.into();
    let end = server
        .http()
        .json("/api/v3/depth?symbol=BTCUSDT&limit=5000")
        .await;
    let expected = Book::of_snapshot(&end);
    for mut book in books {
        // The order that came last may be in it or not.
        let last = json!({
            "U": book.last_update_id + 1, "u": end["lastUpdateId"],
            "b": [["40000.00000000", "0.01000000"]], "a": [],
        });
        if book.last_update_id < number(&end, "lastUpdateId") {
            book.apply(&last);
        }
        assert_eq!(book.bids, expected.bids);
        assert_eq!(book.asks, expected.asks);
    }
}
