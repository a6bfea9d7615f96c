//! `--demo`: two funded accounts, and markets that move.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::shape::{T, assert_shape};
use crate::harness::{Http, Server, Trader, eventually, list, new_dir, text};

const DEMO: &[&str] = &["--demo"];

/// The keys that the file tells.
fn credentials(data_dir: &Path) -> Value {
    let bytes = std::fs::read(data_dir.join("demo-credentials.json")).expect("keys are written");
    let credentials: Value = serde_json::from_slice(&bytes).expect("it is JSON");
    let shape = [("name", T), ("apiKey", T), ("secretKey", T)];
    assert_eq!(list(&credentials).len(), 2);
    for visitor in list(&credentials) {
        assert_shape("a visitor", visitor, &shape);
    }
    credentials
}

fn visitor(server: &Server, credentials: &Value) -> Trader {
    Trader {
        http: server.http(),
        name: text(credentials, "name").into(),
        password: String::new(),
        token: String::new(),
        api_key: text(credentials, "apiKey").into(),
        secret_key: text(credentials, "secretKey").into(),
    }
}

fn funds() -> Value {
    let zero = "0.00000000";
    json!([
        { "asset": "BTC", "free": "10.00000000", "locked": zero },
        { "asset": "ETH", "free": "100.00000000", "locked": zero },
        { "asset": "USDT", "free": "1000000.00000000", "locked": zero },
    ])
}

/// Waits until there are quotes on both sides, trades and a candle, and new trades after those.
async fn assert_moves(http: &Http, symbol: &str) {
    let trades = async || http.json(&format!("/api/v3/trades?symbol={symbol}")).await;
    let before = list(&trades().await).last().cloned();
    eventually("the bots trade", async || {
        let depth = http.json(&format!("/api/v3/depth?symbol={symbol}")).await;
        let sides = [&depth["bids"], &depth["asks"]];
        let quoted = sides.iter().all(|side| list(side).len() > 1);
        (quoted && list(&trades().await).last() != before.as_ref()).then_some(())
    })
    .await;
    let path = format!("/api/v3/klines?symbol={symbol}&interval=1m");
    assert_ne!(http.json(&path).await, json!([]));
}

#[tokio::test]
async fn a_visitor_finds_keys_funds_and_a_market() {
    let dir = new_dir();
    let mut server = Server::start(dir.path(), DEMO).await;
    let keys = credentials(dir.path());
    assert_eq!(keys[0]["name"], "demo-alice");
    assert_eq!(keys[1]["name"], "demo-bob");
    let printed = server.stdout();
    for visitor in list(&keys) {
        for field in ["name", "apiKey", "secretKey"] {
            assert!(printed.contains(text(visitor, field)), "{field} is told");
            let logged = server.stderr();
            assert!(field == "name" || !logged.contains(text(visitor, field)));
        }
    }
    let mode = std::os::unix::fs::MetadataExt::mode(
        &std::fs::metadata(dir.path().join("demo-credentials.json")).expect("it is there"),
    );
    assert_eq!(mode & 0o077, 0, "nobody else may read the keys");
    let (alice, bob) = (visitor(&server, &keys[0]), visitor(&server, &keys[1]));
    for trader in [&alice, &bob] {
        assert_eq!(trader.account().await["balances"], funds());
    }
    let http = server.http();
    tokio::join!(
        assert_moves(&http, "BTCUSDT"),
        assert_moves(&http, "ETHUSDT"),
    );
    let depth = http.json("/api/v3/depth?symbol=ETHBTC").await;
    assert_eq!((&depth["bids"], &depth["asks"]), (&json!([]), &json!([])));
    assert_eq!(http.json("/api/v3/trades?symbol=ETHBTC").await, json!([]));

    // The empty market is for the visitor.
    alice.limit("ETHBTC", "SELL", "0.05", "1").await;
    bob.market("ETHBTC", "BUY", "1").await;
    let accounts = [alice.account().await, bob.account().await];
    assert_eq!(alice.balance("ETH").await.0, "99.00000000");
    assert_eq!(alice.balance("BTC").await.0, "10.04995000");
    assert_eq!(bob.balance("ETH").await.0, "100.99900000");

    // A demo includes the faucet.
    let carol = Trader::funded(&server, "carol", &[("USDT", "100000")]).await;
    let bought = carol.market("BTCUSDT", "BUY", "0.001").await;
    assert_eq!(bought["status"], "FILLED");

    server.kill();
    let mut server = server.restart().await;
    assert_eq!(credentials(dir.path()), keys, "the keys stay");
    let again = [
        alice.at(&server).account().await,
        bob.at(&server).account().await,
    ];
    assert_eq!(again, accounts, "nobody is funded twice");
    assert_moves(&server.http(), "BTCUSDT").await;
    // The bots are clients like others: they do not keep it from stopping.
    assert_eq!(server.terminate().await.code(), Some(0));
}
