//! The command log in PostgreSQL: whoever has it trades, and others stand by.

use std::time::Duration;

use reqwest::Method;
use sqlx::{Connection, PgConnection};

use crate::harness::backend::new_database;
use crate::harness::server::{refused, run};
use crate::harness::state::{Questions, assert_same};
use crate::harness::{Server, Trader, list, new_dir, number};

/// Longer than it takes to start where nobody has the log.
const A_WHILE: Duration = Duration::from_secs(5);
const STANDS_BY: &str = "this one stands by";

/// A process whose data directory holds nothing but keys, as far as others care.
fn args(database: &str) -> [&str; 5] {
    ["--faucet", "--store", database, "--log", database]
}

#[tokio::test]
async fn a_killed_process_comes_back_at_once_with_everything() {
    let (dir, database) = (new_dir(), new_database().await);
    let mut server = Server::start(dir.path(), &args(&database)).await;
    assert!(!dir.path().join("commands.sqlite").exists());
    let (mut alice, mut bob) = tokio::join!(
        Trader::funded(&server, "alice", &[("USDT", "100000")]),
        Trader::funded(&server, "bob", &[("BTC", "2")]),
    );
    let mut orders = Vec::new();
    for round in 0..3 {
        let order = alice.limit("BTCUSDT", "BUY", "50000", "0.01").await;
        orders.push((0, "BTCUSDT", number(&order, "orderId")));
        bob.market("BTCUSDT", "SELL", "0.004").await;
        let questions = Questions::about(&[&alice, &bob], &orders);
        let before = questions.ask(&server).await;
        server.kill();
        server = server.restart().await;
        (alice, bob) = (alice.at(&server), bob.at(&server));
        assert_same(&before, &questions.ask(&server).await);
        // The lease of before was its own.
        let said = server.stderr();
        assert!(!said.contains(STANDS_BY), "round {round}: {said}");
    }
    let verify = ["log", "verify", "--replay", "--log", &database];
    let looked = run(&[
        &verify[..],
        &["--data-dir", dir.path().to_str().expect("UTF-8")],
    ]
    .concat());
    let printed = String::from_utf8_lossy(&looked.stdout);
    // The last one has decided nothing yet.
    assert!(printed.contains("of 3 starts"), "{looked:?}");
    assert!(printed.contains("was acknowledged"), "{looked:?}");
    // Whoever looks takes nothing away.
    alice.limit("BTCUSDT", "BUY", "40000", "0.01").await;
    let dumped = run(&["log", "dump", "--log", &database, "--limit", "3"]);
    let dumped = String::from_utf8_lossy(&dumped.stdout).lines().count();
    assert_eq!(dumped, 3);
}

#[tokio::test]
async fn a_second_process_takes_over_from_one_that_stands_still() {
    let (dir, other, database) = (new_dir(), new_dir(), new_database().await);
    let mut first = Server::start(dir.path(), &args(&database)).await;
    let alice = Trader::funded(&first, "alice", &[("USDT", "100000")]).await;
    let order = alice.limit("BTCUSDT", "BUY", "50000", "0.01").await;

    let key = dir.path().join("secret.key");
    let key = key.to_str().expect("a path in UTF-8").to_owned();
    let started_with = [&args(&database)[..], &["--secret-key", &key]].concat();
    let mut second = Box::pin(Server::start(other.path(), &started_with));
    let waited = tokio::time::timeout(A_WHILE, &mut second).await;
    assert!(waited.is_err(), "the first one is well");
    alice.limit("BTCUSDT", "BUY", "49000", "0.01").await;

    first.pause().await;
    let late = {
        let alice = alice.clone();
        let params = [
            ("symbol", "BTCUSDT"),
            ("side", "BUY"),
            ("type", "LIMIT"),
            ("timeInForce", "GTC"),
            ("price", "48000"),
            ("quantity", "0.01"),
        ];
        tokio::spawn(async move { alice.attempt(Method::POST, "order", &params).await })
    };
    let second = second.await;
    assert!(second.stderr().contains(STANDS_BY), "{}", second.stderr());
    let there = alice.at(&second);
    assert_eq!(list(&there.open_orders().await).len(), 2);
    let cancelled = there.cancel("BTCUSDT", &order).await;
    assert_eq!(cancelled["status"], "CANCELED");

    first.resume();
    let status = first.ended().await;
    assert!(!status.success(), "{status}");
    let said = first.stderr();
    assert!(
        said.contains("another process has taken the command log postgres://"),
        "{said}"
    );
    let late = late.await.expect("no panic");
    assert!(
        late.is_none_or(|reply| reply.status >= 500),
        "it was not acknowledged"
    );
    assert_eq!(list(&there.open_orders().await).len(), 1);
    there.limit("BTCUSDT", "BUY", "47000", "0.01").await;
    assert_eq!(list(&there.open_orders().await).len(), 2);
}

#[tokio::test]
async fn a_process_that_is_asked_to_stop_leaves_the_log_to_the_next() {
    let (dir, other, database) = (new_dir(), new_dir(), new_database().await);
    let mut first = Server::start(dir.path(), &args(&database)).await;
    let alice = Trader::funded(&first, "alice", &[("USDT", "1000")]).await;
    let status = first.terminate().await;
    assert!(status.success(), "{status}");
    let key = dir.path().join("secret.key");
    let key = ["--secret-key", key.to_str().expect("a path in UTF-8")];
    let second = Server::start(other.path(), &[&args(&database)[..], &key].concat()).await;
    assert!(!second.stderr().contains(STANDS_BY), "{}", second.stderr());
    assert_eq!(alice.at(&second).balance("USDT").await.0, "1000.00000000");
}

#[tokio::test]
async fn what_does_not_belong_together_is_refused() {
    let (dir, database) = (new_dir(), new_database().await);
    let server = Server::start(dir.path(), &args(&database)).await;
    Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    drop(server);
    let key = dir.path().join("secret.key");
    let key = ["--secret-key", key.to_str().expect("a path in UTF-8")];

    // Users without their log.
    let (other, empty) = (new_dir(), new_database().await);
    let mixed = ["--store", &database, "--log", &empty, key[0], key[1]];
    let said = refused(other.path(), &mixed).await;
    assert!(
        said.contains("has 1 users, but the command log postgres://"),
        "{said}"
    );
    assert!(said.contains("is empty"), "{said}");
    // The log is not where it was.
    let said = refused(dir.path(), &["--store", &database]).await;
    assert!(said.contains("commands.sqlite is not there"), "{said}");
    // Its end is missing.
    let mut connection = PgConnection::connect(&database).await.expect("it is there");
    let delete = "DELETE FROM frames WHERE number = (SELECT max(number) FROM frames)";
    sqlx::query(delete)
        .execute(&mut connection)
        .await
        .expect("it can be written");
    let said = refused(dir.path(), &args(&database)).await;
    assert!(said.contains("its end has been lost"), "{said}");

    // A log in the directory, and another one beside it.
    let embedded = new_dir();
    drop(Server::with_faucet(embedded.path()).await);
    let said = refused(embedded.path(), &["--log", &empty]).await;
    assert!(said.contains("start without --log"), "{said}");
    let nowhere = "postgres://somebody:geheim@127.0.0.1:1/exchange";
    let said = refused(new_dir().path(), &["--log", nowhere]).await;
    assert!(
        said.contains("--log: database exchange at 127.0.0.1:1"),
        "{said}"
    );
    assert!(!said.contains("geheim"), "{said}");
}
