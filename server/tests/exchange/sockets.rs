//! WebSocket connections: clients that are slow, loud, many or gone, and how they come back.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::harness::{DEADLINE, Server, Socket, list, new_dir, number};
use crate::streams::{Book, alice_and_bob, trade};

const SAMPLE: &str = include_str!("../../exchange.sample.toml");

/// An exchange with other limits than the sample has.
async fn with_limits(limits: &[(&str, u32)]) -> (Server, TempDir) {
    let dir = new_dir();
    let mut lines: Vec<String> = SAMPLE.lines().map(Into::into).collect();
    for (limit, value) in limits {
        let key = format!("{limit} = ");
        let line = lines.iter_mut().find(|line| line.starts_with(&key));
        *line.expect("the sample has it") = format!("{key}{value}");
    }
    let config = dir.path().join("config.toml");
    std::fs::write(&config, lines.join("\n")).expect("the directory can be written");
    let config = config.to_str().expect("a temporary path is text");
    let data = dir.path().join("data");
    let server = Server::start(&data, &["--faucet", "--config", config]).await;
    (server, dir)
}

/// Asks for more than there is room for on the way, and reads none of it. Returns how many answers
/// are to come before anything else.
async fn stop_reading(socket: &mut Socket) -> usize {
    const ANSWERS: usize = 1_500;
    // A list of them is about 10 kB.
    let names: Vec<String> = (0..100).map(|name| format!("{name:0>100}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    socket.subscribe(&names).await;
    for id in 0..ANSWERS {
        let request = json!({ "method": "LIST_SUBSCRIPTIONS", "id": id });
        socket.send_text(&request.to_string()).await;
    }
    socket.stuck().await;
    ANSWERS
}

#[tokio::test]
async fn who_is_too_slow_for_trades_is_told_so_and_sent_away() {
    const TRADES: usize = 110;
    let limits = [
        ("websocket_buffer_bytes", 20_000),
        ("websocket_messages_per_second", 10_000),
    ];
    let (server, _dir) = with_limits(&limits).await;
    let (alice, bob) = alice_and_bob(&server).await;
    let mut healthy = Socket::connect(&server, "/ws/btcusdt@trade").await;
    let mut slow = Socket::narrow(&server, "/ws/btcusdt@trade").await;
    stop_reading(&mut slow).await;
    for _ in 0..TRADES {
        trade(&alice, &bob, "50000", "0.001").await;
    }
    let (messages, why) = slow.until_closed().await;
    let reason = "too slow: messages were not taken in time";
    assert_eq!(why, Some((1008, reason.into())));
    // Up to the end there is no gap.
    let trades = messages.iter().filter(|message| message["e"] == "trade");
    let ids: Vec<u64> = trades.map(|trade| number(trade, "t")).collect();
    assert!(ids.len() < TRADES, "it was slow");
    assert!(ids.is_sorted_by(|a, b| a + 1 == *b), "{ids:?}");

    for _ in 0..TRADES {
        assert_eq!(healthy.next().await["e"], "trade");
    }
    healthy.assert_quiet().await;
}

#[tokio::test]
async fn who_reads_on_later_gets_the_newest_state() {
    const CHANGES: usize = 300;
    let limits = [
        ("websocket_buffer_bytes", 20_000),
        ("websocket_messages_per_second", 10_000),
    ];
    let (server, _dir) = with_limits(&limits).await;
    let (alice, _bob) = alice_and_bob(&server).await;
    let mut healthy = Socket::connect(&server, "/ws/btcusdt@bookTicker").await;
    let mut slow = Socket::narrow(&server, "/ws/btcusdt@bookTicker").await;
    let answers = stop_reading(&mut slow).await;
    for price in 40_000..40_000 + CHANGES {
        let price = price.to_string();
        alice.limit("BTCUSDT", "BUY", &price, "0.001").await;
    }
    let mut newest = json!(null);
    for _ in 0..CHANGES {
        newest = healthy.next().await;
    }
    // All of them would be more than may wait.
    assert!(newest.to_string().len() * CHANGES > 20_000);

    let (mut answered, mut states) = (0, Vec::new());
    while answered < answers || states.last() != Some(&newest) {
        let message = slow.next().await;
        if message["result"].is_array() {
            assert_eq!(message["id"], answered, "no answer is left out");
            answered += 1;
        } else {
            states.push(message);
        }
    }
    assert!(
        states.len() < CHANGES / 2,
        "{} of {CHANGES} states came, though nobody read them",
        states.len()
    );
    let ids: Vec<u64> = states.iter().map(|state| number(state, "u")).collect();
    assert!(
        ids.is_sorted(),
        "an older state came after a newer: {ids:?}"
    );
    slow.assert_quiet().await;
}

/// Subscribes, takes a snapshot, and applies what comes: what docs/streams.md tells clients to do.
async fn synchronise(server: &Server) -> (Socket, Book) {
    let mut socket = Socket::connect(server, "/ws").await;
    socket.subscribe(&["btcusdt@depth@100ms"]).await;
    let first = socket.next().await;
    let mut book = loop {
        let path = "/api/v3/depth?symbol=BTCUSDT&limit=5000";
        let snapshot = Book::of_snapshot(&server.http().json(path).await);
        // An older one would leave a gap before the first diff.
        if snapshot.last_update_id + 1 >= number(&first, "U") {
            break snapshot;
        }
    };
    book.apply(&first);
    (socket, book)
}

#[tokio::test]
async fn who_comes_back_gets_into_step_again() {
    const CONNECTIONS: u64 = 5;
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = alice_and_bob(&server).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let trading = async {
        let mut round = 0;
        while !*stopped.borrow() {
            round += 1;
            let price = (49_000 + round % 17).to_string();
            alice.limit("BTCUSDT", "BUY", &price, "0.01").await;
            let price = (49_013 + round % 23).to_string();
            bob.limit("BTCUSDT", "SELL", &price, "0.012").await;
        }
        bob.delete("openOrders", &[("symbol", "BTCUSDT")]).await;
    };
    let following = async {
        for _ in 0..CONNECTIONS {
            let (mut socket, mut book) = synchronise(&server).await;
            for _ in 0..3 {
                book.apply(&socket.next().await);
            }
            // Dropped without a word; much is missed until the next one stands.
            drop(socket);
        }
        let (socket, book) = synchronise(&server).await;
        stop.send_replace(true);
        (socket, book)
    };
    let ((), (mut socket, mut book)) = tokio::join!(trading, following);
    let path = "/api/v3/depth?symbol=BTCUSDT&limit=5000";
    let end = Book::of_snapshot(&server.http().json(path).await);
    assert!(!end.bids.is_empty() || !end.asks.is_empty());
    while book.last_update_id < end.last_update_id {
        book.apply(&socket.next().await);
    }
    assert_eq!(book, end);
}

#[tokio::test]
async fn who_sends_too_much_is_sent_away() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    for message in [
        Message::text(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#),
        Message::text("nonsense"),
        Message::Ping(Bytes::new()),
        Message::Pong(Bytes::new()),
    ] {
        let mut loud = Socket::connect(&server, "/ws").await;
        for _ in 0..200 {
            if loud.try_send(message.clone()).await.is_err() {
                break;
            }
        }
        let (_, why) = loud.until_closed().await;
        assert_eq!(why, Some((1008, "too many requests".into())), "{message}");
    }
    // Whoever waits now and then does not.
    let mut steady = Socket::connect(&server, "/ws").await;
    for _ in 0..40 {
        steady.assert_quiet().await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    for _ in 0..40 {
        steady.assert_quiet().await;
    }
}

#[tokio::test]
async fn pings_and_farewells_are_answered() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let mut socket = Socket::connect(&server, "/ws").await;
    for payload in [&b""[..], b"1234567890", &[255; 125]] {
        let payload = Bytes::from_static(payload);
        socket.send(Message::Ping(payload.clone())).await;
        assert_eq!(socket.next_frame().await, Some(Message::Pong(payload)));
    }
    // One that nobody has asked for is no harm.
    socket.send(Message::Pong(Bytes::from_static(b"so"))).await;
    socket.assert_quiet().await;
    socket.send(Message::Close(None)).await;
    assert_eq!(socket.next_frame().await, Some(Message::Close(None)));
    assert_eq!(socket.next_frame().await, None);
}

#[tokio::test]
async fn the_server_asks_whether_somebody_is_there() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let mut socket = Socket::connect(&server, "/stream").await;
    let begun = Instant::now();
    let frame = timeout(Duration::from_secs(40), async {
        loop {
            if let Ok(Some(frame)) = timeout(DEADLINE / 2, socket.next_frame()).await {
                break frame;
            }
        }
    });
    assert!(matches!(frame.await, Ok(Message::Ping(_))));
    assert!(begun.elapsed() > Duration::from_secs(15), "not at once");
}

#[tokio::test]
async fn connections_are_counted_and_do_not_stand_for_ever() {
    let limits = [
        ("websocket_connections_per_address", 2),
        ("websocket_lifetime_seconds", 4),
    ];
    let (server, _dir) = with_limits(&limits).await;
    let mut first = Socket::connect(&server, "/ws").await;
    let second = Socket::connect(&server, "/stream").await;
    let (status, error) = Socket::refused(&server, "/ws/btcusdt@trade").await;
    assert_eq!((status, &error["code"]), (429, &json!(-1003)), "{error}");
    drop(second);
    let again = async {
        // That the other one has gone is noticed soon.
        while Socket::refusal(&server, "/ws").await.is_some() {}
    };
    timeout(DEADLINE, again)
        .await
        .expect("there is a place again");

    let (_, why) = first.until_closed().await;
    let (code, reason) = why.expect("a reason");
    assert_eq!(code, 1000, "{reason}");
    assert!(reason.contains("connect again"), "{reason}");
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let dir = new_dir();
    let mut server = Server::start(dir.path(), &[]).await;
    let mut raw = Socket::connect(&server, "/ws").await;
    let mut combined = Socket::connect(&server, "/stream?streams=btcusdt@ticker").await;
    combined.next().await;
    let stopping = async {
        let (status, (_, raw), (_, combined)) = tokio::join!(
            server.terminate(),
            raw.until_closed(),
            combined.until_closed()
        );
        assert!(status.success(), "{status}");
        [raw, combined]
    };
    for why in stopping.await {
        let (code, reason) = why.expect("a reason");
        assert_eq!(code, 1001, "{reason}");
    }
}

#[tokio::test]
async fn there_are_at_most_so_many_streams() {
    let (server, _dir) = with_limits(&[("streams_per_connection", 3)]).await;
    let mut socket = Socket::connect(&server, "/ws/a").await;
    socket.subscribe(&["a", "b", "c", "b"]).await;
    let request = json!({ "method": "SUBSCRIBE", "params": ["b", "d"], "id": 2 });
    socket.send_text(&request.to_string()).await;
    let answer = socket.next().await;
    assert_eq!(answer["error"]["code"], 2, "{answer}");
    socket
        .acknowledged("UNSUBSCRIBE", &["c", "unknown"], json!(3))
        .await;
    socket.subscribe(&["b", "d"]).await;
    assert_eq!(listed(&mut socket).await, ["a", "b", "d"]);
    let (status, error) = Socket::refused(&server, "/stream?streams=a/b/c/d").await;
    assert_eq!((status, number_of(&error)), (400, -1100), "{error}");
}

fn number_of(error: &Value) -> i64 {
    error["code"].as_i64().expect("a code")
}

async fn listed(socket: &mut Socket) -> Vec<String> {
    socket
        .send_text(r#"{"method":"LIST_SUBSCRIPTIONS","id":null}"#)
        .await;
    let answer = socket.next().await;
    let names = list(&answer["result"]).iter();
    names
        .map(|name| name.as_str().expect("a name").into())
        .collect()
}

/// Whether events come with the name of their stream can be changed on the way.
#[tokio::test]
async fn a_connection_changes_its_form() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = alice_and_bob(&server).await;
    for (path, combined) in [
        ("/ws/btcusdt@trade", false),
        ("/stream?streams=btcusdt@trade", true),
    ] {
        let mut socket = Socket::connect(&server, path).await;
        for combined in [combined, !combined] {
            let set =
                json!({ "method": "SET_PROPERTY", "params": ["combined", combined], "id": 1 });
            socket.send_text(&set.to_string()).await;
            assert_eq!(socket.next().await, json!({ "result": null, "id": 1 }));
            let get = json!({ "method": "GET_PROPERTY", "params": ["combined"], "id": "x" });
            socket.send_text(&get.to_string()).await;
            assert_eq!(
                socket.next().await,
                json!({ "result": combined, "id": "x" })
            );
            trade(&alice, &bob, "50000", "0.001").await;
            let event = socket.next().await;
            let inner = if combined { &event["data"] } else { &event };
            assert_eq!(inner["e"], "trade", "{event}");
            assert_eq!(event.get("stream").is_some(), combined, "{event}");
        }
        let unknown = json!({ "method": "SET_PROPERTY", "params": ["other", true], "id": 2 });
        socket.send_text(&unknown.to_string()).await;
        let answer = socket.next().await;
        assert_eq!(
            (&answer["error"]["code"], &answer["id"]),
            (&json!(0), &json!(2))
        );
    }
}
