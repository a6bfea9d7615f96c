//! Starts that are refused: what is wrong is named, nothing is left behind, and no password is told.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use rusqlite::Connection as Sqlite;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use crate::harness::backend::{free_port, new_database, redis_url};
use crate::harness::http::send;
use crate::harness::log::copy;
use crate::harness::server::{refused, refused_as};
use crate::harness::state::{Questions, assert_same};
use crate::harness::{Cluster, DEADLINE, Server, Trader, eventually, list, new_dir};

/// In every URL that takes one.
const PASSWORD: &str = "hunter2hunter2";

fn text(path: &Path) -> String {
    path.to_str()
        .expect("temporary files have plain names")
        .into()
}

/// Asserts that something was said, and what must never be was not.
fn assert_says(what: &str, said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{what}: {word:?} is not in: {said}");
    }
    assert!(!said.contains("panicked"), "{what}: {said}");
    assert!(!said.contains(PASSWORD), "{what}: {said}");
}

/// Asserts that a directory has nothing but the lock.
fn assert_nothing_in(dir: &Path, what: &str) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    for entry in entries {
        let name = entry.expect("the directory can be read").file_name();
        assert_eq!(name, "LOCK", "{what} left something behind");
    }
}

/// A URL with a user and a password.
fn with_password(url: &str, user: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("a URL has a scheme");
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{user}:{PASSWORD}@{place}")
}

/// A process with the log, of this role, that must not start.
async fn engine_room_refused(role: &str, data: &Path, args: &[&str]) -> String {
    let data = text(data);
    let address = if role == "all" {
        "--listen"
    } else {
        "--internal"
    };
    let fixed = [role, "--data-dir", &data, address, "127.0.0.1:0"];
    let args: Vec<OsString> = fixed.iter().chain(args).map(OsString::from).collect();
    refused_as(&args).await
}

#[tokio::test]
async fn what_is_wrong_with_a_setting_is_named_and_nothing_is_left_behind() {
    let dir = new_dir();
    let file = |name: &str, line: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, line).expect("the directory can be written");
        text(&path)
    };
    let short = file("short.key", "0123456789abcdef\n");
    let spaced = file(
        "spaced.key",
        "a key of more than 32 characters with spaces\n",
    );
    let good = file("good.key", "0123456789abcdef0123456789abcdef\n");
    let missing = text(&dir.path().join("missing.key"));
    let database = new_database().await;
    let nowhere = format!("postgres://me:{PASSWORD}@127.0.0.1:{}/db", free_port());
    let no_database = with_password(&format!("{database}_not"), "postgres");
    let mysql = format!("mysql://me:{PASSWORD}@127.0.0.1/db");
    let garbage = format!("me:{PASSWORD}@127.0.0.1");
    // It takes no passwords, so this is none of its.
    let redis = with_password(&redis_url(), "");
    let redis_garbage = format!("redis://:{PASSWORD}@127.0.0.1:here");
    let internal = "127.0.0.1:0";
    let cases: [(&str, &[&str], &[&str]); 18] = [
        ("all", &["--redis", "here"], &["--redis", "redis://"]),
        (
            "all",
            &["--redis", &redis_garbage],
            &["--redis", "redis://"],
        ),
        ("all", &["--redis", &redis], &["--redis", "refuses us"]),
        ("all", &["--store", &garbage], &["--store", "no scheme"]),
        ("all", &["--store", &mysql], &["--store", "postgres://"]),
        ("all", &["--secret-key", &good], &["--store"]),
        (
            "all",
            &["--store", &nowhere],
            &["--store", "cannot be reached"],
        ),
        (
            "all",
            &["--store", &no_database],
            &["--store", "no such database"],
        ),
        ("all", &["--internal", internal], &["--cluster-key"]),
        ("all", &["--cluster-key", &good], &["--internal"]),
        (
            "all",
            &["--internal", internal, "--cluster-key", &missing],
            &["--cluster-key", "missing.key", "cannot be read"],
        ),
        (
            "all",
            &["--internal", internal, "--cluster-key", &short],
            &["--cluster-key", "short.key", "32"],
        ),
        (
            "all",
            &["--internal", internal, "--cluster-key", &spaced],
            &["--cluster-key", "spaced.key", "printable"],
        ),
        ("orders", &["--cluster-key", &good], &["--store is needed"]),
        ("orders", &["--store", &database], &["--cluster-key"]),
        (
            "orders",
            &["--store", &database, "--cluster-key", &missing],
            &["--cluster-key", "missing.key", "cannot be read"],
        ),
        (
            "orders",
            &["--store", &database, "--cluster-key", &short],
            &["--cluster-key", "short.key", "32"],
        ),
        (
            "orders",
            &["--store", &nowhere, "--cluster-key", &good],
            &["--store", "cannot be reached"],
        ),
    ];
    for (role, args, words) in cases {
        let what = format!("{role} {args:?}");
        let data = dir.path().join("data");
        let said = engine_room_refused(role, &data, args).await;
        assert_says(&what, &said, words);
        assert!(!data.exists(), "{what} left something behind");
    }
}

/// The arguments with another value for one of them, or without it.
fn changed(args: &[String], name: &str, value: Option<&str>) -> Vec<String> {
    let pairs = args.chunks(2).filter(|pair| pair[0] != name);
    let rest = pairs.flatten().cloned();
    let changed = value.map(|value| [name.to_owned(), value.to_owned()]);
    rest.chain(changed.into_iter().flatten()).collect()
}

async fn gateway_refused(args: &[String]) -> String {
    let role = ["gateway", "--listen", "127.0.0.1:0"].map(OsString::from);
    let args: Vec<_> = role
        .into_iter()
        .chain(args.iter().map(OsString::from))
        .collect();
    refused_as(&args).await
}

#[tokio::test]
async fn a_gateway_that_does_not_belong_to_an_exchange_does_not_start() {
    let (redis, database, other_database) =
        (redis_url(), new_database().await, new_database().await);
    let cluster = Cluster::start(&redis, &database).await;
    let _other = Cluster::start(&redis, &other_database).await;
    let args = cluster.gateway_args();
    let dir = new_dir();
    let other_key = dir.path().join("other.key");
    std::fs::write(&other_key, "fedcba9876543210fedcba9876543210\n")
        .expect("the directory can be written");
    let other_secret = dir.path().join("secret.key");
    std::fs::write(&other_secret, [7; 32]).expect("the directory can be written");
    let missing = dir.path().join("missing.key");
    let (other_key, other_secret, missing_key) =
        (text(&other_key), text(&other_secret), text(&missing));
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let empty = new_database().await;
    let orders_with_user = format!("http://me:{PASSWORD}@127.0.0.1:1");
    let orders_with_password = format!("http://:{PASSWORD}@127.0.0.1:1");
    let cases: [(&str, Option<&str>, &[&str]); 14] = [
        ("--store", None, &["--store"]),
        ("--secret-key", None, &["--secret-key is needed"]),
        ("--cluster-key", None, &["--cluster-key"]),
        (
            "--cluster-key",
            Some(&missing_key),
            &["--cluster-key", "missing.key", "cannot be read"],
        ),
        (
            "--cluster-key",
            Some(&other_key),
            &["--orders", "the cluster keys differ"],
        ),
        ("--orders", Some("here"), &["--orders", "no URL"]),
        (
            "--orders",
            Some("https://127.0.0.1:9090"),
            &["--orders", "no URL"],
        ),
        ("--orders", Some(&orders_with_user), &["--orders", "no URL"]),
        (
            "--orders",
            Some(&orders_with_password),
            &["--orders", "no URL"],
        ),
        (
            "--orders",
            Some(&nobody),
            &["--orders", &nobody, "cannot be used"],
        ),
        (
            "--store",
            Some(&other_database),
            &["--store", "belongs to the command log"],
        ),
        ("--store", Some(&empty), &["--store", "not the one"]),
        (
            "--secret-key",
            Some(&missing_key),
            &["--store", "missing.key"],
        ),
        (
            "--secret-key",
            Some(&other_secret),
            &["--store", "secret.key", "is wrong"],
        ),
    ];
    for (name, value, words) in cases {
        let what = format!("{name} {value:?}");
        let said = gateway_refused(&changed(&args, name, value)).await;
        assert_says(&what, &said, words);
        assert!(!missing.exists(), "{what} left something behind");
    }
    // The empty database belongs to nobody still.
    let another = new_dir();
    drop(Server::start(another.path(), &["--store", &empty]).await);
    // With all of it right, it starts.
    drop(cluster.gateway(&[]).await);
}

#[tokio::test]
async fn one_database_is_not_for_two_exchanges() {
    let database = new_database().await;
    let first = new_dir();
    let server = Server::start(first.path(), &["--faucet", "--store", &database]).await;
    let secret_key = text(&first.path().join("secret.key"));
    let with_key = ["--store", &*database, "--secret-key", &*secret_key];
    let second = new_dir();
    let data = second.path().join("data");
    // It has no users yet, only a history.
    let said = refused(&data, &with_key).await;
    assert_says(
        "history",
        &said,
        &["belongs to the command log", "is not there"],
    );
    assert_nothing_in(&data, "history");

    let alice = Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    let said = refused(&data, &with_key).await;
    assert_says("users", &said, &["--store", "1 users", "commands.sqlite"]);
    assert_nothing_in(&data, "users");
    let said = refused(&data, &["--store", &database]).await;
    assert_says("no key", &said, &["--store", "secret.key"]);
    assert_nothing_in(&data, "no key");

    // An exchange of its own does not take it over, either.
    let mut own = Server::start(&data, &[]).await;
    own.terminate().await;
    let said = refused(&data, &with_key).await;
    assert_says("another", &said, &["belongs to the command log"]);
    drop(Server::start(&data, &[]).await);
    // And the first has not noticed anything.
    alice.limit("BTCUSDT", "BUY", "10000", "0.001").await;
}

/// The number of the newest input, once the store has it.
async fn stored(server: &Server) -> u64 {
    let http = server.http();
    eventually("the store has everything", async || {
        let ready = http.get("/readyz").await.json();
        (ready["store"]["inputsBehind"] == 0).then_some(())
    })
    .await;
    let metrics = http.get("/metrics").await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    let mut lines = metrics.lines();
    let inputs = lines.find_map(|line| line.strip_prefix("exchange_inputs_total "));
    let inputs = inputs.and_then(|inputs| inputs.parse().ok());
    inputs.unwrap_or_else(|| panic!("no inputs: {metrics}"))
}

#[tokio::test]
async fn a_store_that_has_seen_more_than_the_log_is_noticed() {
    for database in [None, Some(new_database().await)] {
        let mut args = vec!["--faucet"];
        args.extend(database.iter().flat_map(|url| ["--store", url]));
        let (dir, earlier) = (new_dir(), new_dir());
        let mut server = Server::start(dir.path(), &args).await;
        let alice = Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
        let before = stored(&server).await;
        server.terminate().await;
        copy(dir.path(), earlier.path(), |name| name.ends_with("-shm"));
        let mut server = Server::start(dir.path(), &args).await;
        let alice = alice.at(&server);
        for _ in 0..3 {
            alice.limit("BTCUSDT", "BUY", "10000", "0.001").await;
        }
        let after = stored(&server).await;
        server.terminate().await;
        assert_eq!(after, before + 3);

        // The log goes back, and its witness with it.
        let log = |name: &str| name.starts_with("commands.");
        let put_back = new_dir();
        copy(dir.path(), put_back.path(), |name| {
            log(name) || name.ends_with("-shm")
        });
        copy(earlier.path(), put_back.path(), |name| !log(name));
        let ends = format!("ends at input {before}");
        let seen = format!("seen input {after}");
        for _ in 0..2 {
            let said = refused(put_back.path(), &args).await;
            let what = format!("{database:?}");
            assert_says(&what, &said, &[&ends, &seen, "has been lost"]);
        }
        // As it was, it starts.
        let server = Server::start(dir.path(), &args).await;
        assert_eq!(list(&alice.at(&server).open_orders().await).len(), 3);
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let database = new_database().await;
    let dir = new_dir();
    let mut server = Server::start(dir.path(), &["--store", &database]).await;
    server.terminate().await;
    let mut connection = PgConnection::connect(&database).await.expect("it is there");
    sqlx::query("INSERT INTO schema_migrations (version, name, checksum) VALUES (99, '0099', '')")
        .execute(&mut connection)
        .await
        .expect("there are migrations");
    let said = refused(dir.path(), &["--store", &database]).await;
    assert_says("PostgreSQL", &said, &["--store", "version 99", "newer"]);
}

/// An exchange that keeps everything in its directory, with a trade and its history.
async fn an_exchange_with_a_trade() -> (TempDir, Questions, crate::harness::state::State) {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    let money = [("USDT", "1000"), ("BTC", "1")];
    let alice = Trader::funded(&server, "alice", &money).await;
    alice.limit("BTCUSDT", "BUY", "10000", "0.001").await;
    let bob = Trader::funded(&server, "bob", &money).await;
    bob.market("BTCUSDT", "SELL", "0.001").await;
    stored(&server).await;
    let questions = Questions::about(&[&alice, &bob], &[(0, "BTCUSDT", 1)]);
    let answers = questions.ask(&server).await;
    server.terminate().await;
    (dir, questions, answers)
}

fn history(dir: &Path) -> Sqlite {
    Sqlite::open(dir.join("history.sqlite")).expect("there is a history")
}

/// Everything in a table of the history, as text.
fn rows(dir: &Path, table: &str) -> Vec<String> {
    let database = history(dir);
    let mut statement = database
        .prepare(&format!("SELECT * FROM {table}"))
        .expect("there is such a table");
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
        let values: Result<Vec<_>, _> = values.collect();
        Ok(format!("{:?}", values?))
    });
    let rows: Result<Vec<_>, _> = rows.expect("it can be read").collect();
    rows.expect("it can be read")
}

#[tokio::test]
async fn a_history_of_a_newer_version_is_left_alone() {
    let (dir, ..) = an_exchange_with_a_trade().await;
    let version = |version: u32| {
        history(dir.path())
            .pragma_update(None, "user_version", version)
            .expect("the file can be written");
    };
    let ours: u32 = history(dir.path())
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("the file can be read");
    version(99);
    let trades = rows(dir.path(), "trades");
    let said = refused(dir.path(), &[]).await;
    assert_says(
        "history.sqlite",
        &said,
        &["history.sqlite", "version 99", "newer"],
    );
    assert_eq!(rows(dir.path(), "trades"), trades);
    version(ours);
    drop(Server::start(dir.path(), &[]).await);
}

#[tokio::test]
async fn a_history_that_is_gone_is_read_from_the_log() {
    let (dir, questions, answers) = an_exchange_with_a_trade().await;
    let tables = ["trades", "orders", "candles", "history_cursor"];
    let before = tables.map(|table| rows(dir.path(), table));
    assert_eq!(before[0].len(), 1, "{before:?}");
    for end in ["", "-wal", "-shm"] {
        // Not all of them are there.
        std::fs::remove_file(dir.path().join(format!("history.sqlite{end}"))).ok();
    }
    let mut server = Server::with_faucet(dir.path()).await;
    stored(&server).await;
    assert_same(&answers, &questions.ask(&server).await);
    server.terminate().await;
    assert_eq!(tables.map(|table| rows(dir.path(), table)), before);
}

#[tokio::test]
async fn the_process_that_orders_commands_tells_how_it_is() {
    let cluster = Cluster::start(&redis_url(), &new_database().await).await;
    let http = cluster.orders.http();
    let healthy = http.get("/healthz").await;
    assert_eq!(
        (healthy.status, healthy.json()),
        (200, json!({ "status": "ok" }))
    );
    let inputs = stored(&cluster.orders).await;
    let ready = eventually("Redis is connected", async || {
        let ready = http.get("/readyz").await;
        assert_eq!(ready.status, 200, "{ready}");
        let ready = ready.json();
        (ready["redis"] == "connected").then_some(ready)
    })
    .await;
    let expected = json!({
        "status": "ready",
        "store": { "status": "writing", "inputsBehind": 0 },
        "redis": "connected",
    });
    assert_eq!(ready, expected);
    let metrics = http.get("/metrics").await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    for line in [
        "exchange_ready 1".to_owned(),
        format!("exchange_inputs_total {inputs}"),
        "exchange_store_inputs_behind 0".into(),
        "exchange_store_failing 0".into(),
        "exchange_redis_connected 1".into(),
    ] {
        assert!(
            metrics.lines().any(|found| found == line),
            "{line}: {metrics}"
        );
    }
    // Clients are served elsewhere.
    assert_eq!(http.get("/api/v3/ping").await.status, 404);
    assert_eq!(http.get("/").await.status, 404);
}

#[tokio::test]
async fn the_link_is_for_processes_of_this_exchange_only() {
    let cluster = Cluster::start(&redis_url(), &new_database().await).await;
    let args = cluster.gateway_args();
    let mut args = args.chunks(2);
    let key = args.find(|pair| pair[0] == "--cluster-key");
    let key = std::fs::read_to_string(&key.expect("it is named")[1]);
    let key = format!("Bearer {}", key.expect("it can be read").trim());
    let ask = async |method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>| {
        // Whoever sends too much is cut off: each request has a connection of its own.
        let http = cluster.orders.http();
        let mut request = http.request(method, &format!("/link/v1/{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = send(request.body(body)).await;
        (
            reply.status,
            String::from_utf8_lossy(&reply.body).into_owned(),
        )
    };
    let wrong = key.replace('0', "1");
    let (short, long) = (&key[..key.len() - 1], format!("{key}0"));
    let bare = key.trim_start_matches("Bearer ");
    let routes = [
        (Method::GET, "catalogue"),
        (Method::POST, "commands"),
        (Method::GET, "feed"),
        (Method::GET, "market"),
    ];
    for (method, path) in routes {
        let keys: [Option<&str>; 6] = [
            None,
            Some(""),
            Some(&wrong),
            Some(short),
            Some(&long),
            Some(bare),
        ];
        for other in keys {
            let headers: Vec<_> = other
                .map(|key| ("authorization", key))
                .into_iter()
                .collect();
            let (status, said) = ask(method.clone(), path, &headers, Vec::new()).await;
            assert_eq!(status, 401, "{path} with {other:?}: {said}");
            assert!(said.contains("the cluster keys differ"), "{said}");
        }
        for log in ["", "nonsense", "00112233445566778899aabbccddeeff"] {
            let headers = [("authorization", &*key), ("x-exchange-log", log)];
            let (status, said) = ask(method.clone(), path, &headers, Vec::new()).await;
            assert_eq!(status, 409, "{path} of log {log:?}: {said}");
            assert!(said.contains("it is another exchange"), "{said}");
        }
    }
    let headers = [("authorization", &*key)];
    for (what, method, path, body, expected) in [
        ("all is well", Method::GET, "catalogue", vec![], 200),
        ("no body", Method::POST, "commands", vec![], 400),
        ("garbage", Method::POST, "commands", vec![0xff; 100], 400),
        (
            "too much",
            Method::POST,
            "commands",
            vec![0; 17 * 1024],
            413,
        ),
        ("no such route", Method::GET, "keys", vec![], 404),
        ("the wrong method", Method::GET, "commands", vec![], 405),
        // Whoever has seen this has seen another history.
        (
            "the future",
            Method::GET,
            "feed?epoch=1&after=1000000",
            vec![],
            409,
        ),
        (
            "the future",
            Method::GET,
            "market?epoch=9000000000000000000&after=1",
            vec![],
            409,
        ),
    ] {
        let (status, said) = ask(method, path, &headers, body).await;
        assert_eq!(status, expected, "{what}: {said}");
    }
    // Nothing of that was a command.
    let gateway = cluster.gateway(&["--faucet"]).await;
    Trader::funded(&gateway, "alice", &[("USDT", "1000")]).await;
}

/// As in a terminal that was closed, or behind a program that has read enough.
#[test]
fn a_process_whose_messages_nobody_reads_goes_on_until_it_is_asked_to_stop() {
    let dir = new_dir();
    let mut child = Command::new(env!("CARGO_BIN_EXE_exchange"))
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut messages = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let listens = messages.any(|line| line.is_ok_and(|line| line.contains("listening on")));
    assert!(listens, "it starts");
    drop(messages);
    // It has something to say of that.
    let asked = Command::new("sh")
        .args(["-c", &format!("kill -TERM {}", child.id())])
        .status();
    assert!(asked.expect("there is a shell").success());
    let end = Instant::now() + DEADLINE;
    let status = loop {
        match child.try_wait().expect("it is our child") {
            Some(status) => break status,
            None if Instant::now() < end => std::thread::sleep(Duration::from_millis(20)),
            None => {
                // The test fails either way.
                drop(child.kill());
                panic!("it does not stop");
            }
        }
    };
    assert!(status.success(), "{status}");
}
