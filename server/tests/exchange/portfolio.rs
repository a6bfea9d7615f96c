//! What one owns is worth, what one has earned with it, and what trades cost.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::backend::{new_database, redis_url};
use crate::harness::http::send;
use crate::harness::log::Log;
use crate::harness::{Cluster, Server, Trader, eventually, list, new_dir, now_millis, text};

const DAY: u64 = 24 * 60 * 60 * 1_000;

/// In BTCUSDT makers pay 0.1 % and takers 0.2 %, and half of it from 20,000 on.
fn config(dir: &Path) -> String {
    let sample = include_str!("../../exchange.sample.toml");
    let fees = "maker_fee = \"0.001\"\ntaker_fee = \"0.001\"";
    let tiers = "maker_fee = \"0.001\"\ntaker_fee = \"0.002\"\n[[instrument.fee_tier]]\n\
                 volume = \"20000\"\nmaker_fee = \"0.0005\"\ntaker_fee = \"0.001\"";
    let file = dir.join("tiers.toml");
    let config = sample.replacen(fees, tiers, 1);
    assert_ne!(config, sample);
    std::fs::write(&file, config).expect("the directory can be written");
    file.to_str().expect("a plain name").into()
}

async fn ask(trader: &Trader, path: &str) -> Value {
    let reply = trader.own(Method::GET, &format!("/v1/{path}"), None).await;
    reply.ok()
}

/// The entry of a list with that in a field.
fn of<'a>(entries: &'a Value, field: &str, name: &str) -> &'a Value {
    let found = list(entries).iter().find(|entry| entry[field] == name);
    found.unwrap_or_else(|| panic!("no {name} in {entries}"))
}

/// Asserts what these fields say; trailing zeros are left out.
#[track_caller]
fn assert_says(value: &Value, expected: &[(&str, &str)]) {
    for (field, expected) in expected {
        let mut found = text(value, field);
        if found.contains('.') {
            found = found.trim_end_matches('0').trim_end_matches('.');
        }
        assert_eq!(found, *expected, "{field} in {value}");
    }
}

/// Alice buys two for 10,000 and 12,000 and sells one, or almost, for 15,000.
async fn trade(server: &Server) -> (Trader, Trader) {
    let alice = Trader::funded(server, "alice", &[("USDT", "100000")]).await;
    let bob = Trader::funded(server, "bob", &[("BTC", "10")]).await;
    for price in ["10000", "12000"] {
        bob.limit("BTCUSDT", "SELL", price, "1").await;
        alice.limit("BTCUSDT", "BUY", price, "1").await;
    }
    alice.limit("BTCUSDT", "SELL", "15000", "0.996").await;
    bob.limit("BTCUSDT", "BUY", "15000", "0.996").await;
    alice.limit("BTCUSDT", "BUY", "9000", "0.1").await;
    (alice, bob)
}

/// Everything there is to say about a trader.
async fn everything(trader: &Trader) -> Vec<Value> {
    let mut answers = Vec::new();
    for path in [
        "positions",
        "fees",
        "portfolio?asset=USDT",
        "portfolio?asset=ETH",
    ] {
        answers.push(ask(trader, path).await);
    }
    answers
}

/// Of what she bought 0.2 % went in fees: 0.998 for 9,980 and 0.998 for 11,976, 11,000 each.
async fn assert_earned(alice: &Trader, bob: &Trader) {
    let positions = ask(alice, "positions").await;
    assert_eq!(list(&positions).len(), 1, "{positions}");
    let position = of(&positions, "symbol", "BTCUSDT");
    assert_says(
        position,
        &[
            ("baseAsset", "BTC"),
            ("quoteAsset", "USDT"),
            ("method", "AVERAGE_COST"),
            ("quantity", "1"),
            ("cost", "11000"),
            ("averagePrice", "11000"),
            ("markPrice", "15000"),
            ("markSource", "LAST_TRADE"),
            ("value", "15000"),
            ("unrealizedPnl", "4000"),
            // 0.996 for 14,940 that had cost 10,956.
            ("realizedPnl", "3984"),
            // 20 and 24 as a taker, 14.94 as a maker.
            ("fees", "58.94"),
            ("unvalued", "0"),
        ],
    );
    assert_eq!(position["otherFees"], json!([]));
    // Bob's ten came in before there was a price, at a cost of nothing.
    let positions = ask(bob, "positions?symbol=BTCUSDT").await;
    let position = of(&positions, "symbol", "BTCUSDT");
    assert_says(
        position,
        &[
            ("quantity", "8.994008"),
            ("cost", "14910.12"),
            ("realizedPnl", "22000"),
            ("fees", "51.88"),
            ("unrealizedPnl", "120000"),
            ("unvalued", "10"),
        ],
    );
    assert_eq!(ask(bob, "positions?symbol=ETHUSDT").await, json!([]));
}

/// Her 100,000 with what was earned and without the fees: 100,000 + 3,984 + 4,000 - 58.94.
async fn assert_valued(alice: &Trader) {
    let portfolio = ask(alice, "portfolio?asset=USDT").await;
    assert_says(&portfolio, &[("asset", "USDT"), ("total", "107925.06")]);
    assert_eq!(portfolio["unpriced"], json!([]));
    let usdt = of(&portfolio["assets"], "asset", "USDT");
    let expected = [
        ("free", "92025.06"),
        ("locked", "900"),
        ("value", "92925.06"),
    ];
    assert_says(usdt, &expected);
    assert_eq!(usdt["path"], json!([]));
    let btc = of(&portfolio["assets"], "asset", "BTC");
    assert_says(btc, &[("free", "1"), ("value", "15000")]);
    let step = json!({
        "symbol": "BTCUSDT",
        "direction": "DIRECT",
        "price": "15000.00000000",
        "source": "LAST_TRADE",
    });
    assert_eq!(btc["path"], json!([step]));

    let portfolio = ask(alice, "portfolio?asset=BTC").await;
    assert_says(&portfolio, &[("asset", "BTC"), ("total", "7.195004")]);
    let usdt = of(&portfolio["assets"], "asset", "USDT");
    assert_says(usdt, &[("value", "6.195004")]);
    assert_eq!(usdt["path"][0]["direction"], "INVERSE");

    // Nobody can tell what that is in ETH.
    let portfolio = ask(alice, "portfolio?asset=ETH").await;
    assert_eq!(
        (text(&portfolio, "total"), list(&portfolio["assets"])),
        ("0.00000000", &[][..])
    );
    for (asset, free) in [("BTC", "1"), ("USDT", "92025.06")] {
        let unpriced = of(&portfolio["unpriced"], "asset", asset);
        assert_says(unpriced, &[("free", free), ("reason", "NO_PATH")]);
    }
}

#[tokio::test]
async fn profits_are_those_worked_out_by_hand() {
    let dir = new_dir();
    let config = config(dir.path());
    let data = dir.path().join("data");
    let server = Server::start(&data, &["--faucet", "--config", &config]).await;
    let (alice, bob) = trade(&server).await;
    assert_earned(&alice, &bob).await;
    assert_valued(&alice).await;

    let before = (everything(&alice).await, everything(&bob).await);
    let server = server.restart().await;
    let (alice, bob) = (alice.at(&server), bob.at(&server));
    assert_eq!((everything(&alice).await, everything(&bob).await), before);
    assert_earned(&alice, &bob).await;

    // Half way between 1,000.00 and 1,000.01; before there was a price it was worth nothing.
    alice.deposit("ETH", "1").await;
    bob.limit("ETHUSDT", "BUY", "1000", "0.01").await;
    alice.limit("ETHUSDT", "SELL", "1000.01", "0.5").await;
    let portfolio = ask(&alice, "portfolio?asset=USDT").await;
    assert_says(&portfolio, &[("total", "108925.065")]);
    let eth = of(&portfolio["assets"], "asset", "ETH");
    assert_says(
        eth,
        &[("free", "0.5"), ("locked", "0.5"), ("value", "1000.005")],
    );
    assert_eq!(eth["path"][0]["source"], "MID_PRICE");
    // 15,000 / 1,000.005, rounded down.
    let portfolio = ask(&alice, "portfolio?asset=ETH").await;
    let btc = of(&portfolio["assets"], "asset", "BTC");
    assert_eq!(text(btc, "value"), "14.99992500");
    assert_eq!(list(&btc["path"]).len(), 2, "{btc}");
    let positions = ask(&alice, "positions").await;
    let position = of(&positions, "symbol", "ETHUSDT");
    let expected = [
        ("markPrice", "1000.005"),
        ("unrealizedPnl", "1000.005"),
        ("unvalued", "1"),
    ];
    assert_says(position, &expected);
    // ETHBTC has no price, so nobody can tell what was earned.
    let position = of(&positions, "symbol", "ETHBTC");
    for field in ["markPrice", "markSource", "value", "unrealizedPnl"] {
        assert_eq!(position[field], Value::Null, "{field} in {position}");
    }
}

#[tokio::test]
async fn who_trades_much_pays_less_the_next_day() {
    let dir = new_dir();
    let config = config(dir.path());
    let data = dir.path().join("data");
    let mut server = Server::start(&data, &["--faucet", "--config", &config]).await;
    let (alice, _) = trade(&server).await;
    let commissions = async |trader: &Trader| {
        let account = trader.account().await;
        (
            account["makerCommission"].clone(),
            account["takerCommission"].clone(),
        )
    };
    let fees = ask(&alice, "fees").await;
    let names: Vec<_> = list(&fees).iter().map(|it| text(it, "symbol")).collect();
    assert_eq!(names, ["BTCUSDT", "ETHUSDT", "ETHBTC"]);
    let expected = json!([{
        "symbol": "BTCUSDT",
        "quoteAsset": "USDT",
        "volume": "0.00000000",
        "tier": 0,
        "makerCommission": "0.00100000",
        "takerCommission": "0.00200000",
        "next": {
            "tier": 1,
            "volume": "20000.00000000",
            "missing": "20000.00000000",
            "makerCommission": "0.00050000",
            "takerCommission": "0.00100000",
        },
    }]);
    assert_eq!(ask(&alice, "fees?symbol=BTCUSDT").await, expected);
    assert_eq!(commissions(&alice).await, (json!(10), json!(20)));

    // As if it had been yesterday.
    server.kill();
    let yesterday = now_millis() - DAY;
    Log::open(&data).date(|_| yesterday);
    let server = server.restart().await;
    let alice = alice.at(&server);
    let expected = json!([{
        "symbol": "BTCUSDT",
        "quoteAsset": "USDT",
        // 10,000 and 12,000 and 14,940.
        "volume": "36940.00000000",
        "tier": 1,
        "makerCommission": "0.00050000",
        "takerCommission": "0.00100000",
        "next": null,
    }]);
    assert_eq!(ask(&alice, "fees?symbol=BTCUSDT").await, expected);
    assert_eq!(commissions(&alice).await, (json!(10), json!(10)));
    // What is told is what is paid: 0.1 % of what is received.
    let carol = Trader::funded(&server, "carol", &[("BTC", "1")]).await;
    carol.limit("BTCUSDT", "SELL", "15000", "0.1").await;
    alice.limit("BTCUSDT", "BUY", "15000", "0.1").await;
    let fill = alice.fills("BTCUSDT").await.pop().expect("she has traded");
    assert_eq!(text(&fill, "commission"), "0.00010000");
}

#[tokio::test]
async fn a_gateway_tells_the_same() {
    let dir = new_dir();
    let config = config(dir.path());
    let with_config = ["--config", config.as_str()];
    let cluster = Cluster::start_with(&redis_url(), &new_database().await, &with_config).await;
    let gateway = cluster.gateway(&["--faucet", "--config", &config]).await;
    let (alice, bob) = trade(&gateway).await;
    assert_earned(&alice, &bob).await;
    assert_valued(&alice).await;
    // One that comes later has folded the same.
    let late = cluster.gateway(&["--config", &config]).await;
    let expected = (everything(&alice).await, everything(&bob).await);
    eventually("the other gateway has come as far", async || {
        let found = (
            everything(&alice.at(&late)).await,
            everything(&bob.at(&late)).await,
        );
        (found == expected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_key_that_may_read_is_enough() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "5")]).await;
    let signed = async |path: &str, query: &str| {
        let query = format!("timestamp={}&recvWindow=60000{query}", now_millis());
        let signature = alice.sign(query.as_bytes());
        let path = format!("/v1/{path}?{query}&signature={signature}");
        let request = alice.http.request(Method::GET, &path);
        send(request.header("X-MBX-APIKEY", &alice.api_key)).await
    };
    let portfolio = signed("portfolio", "&asset=USDT").await.ok();
    assert_says(&portfolio, &[("total", "5")]);
    assert_eq!(signed("positions", "").await.ok(), json!([]));
    assert_eq!(list(&signed("fees", "").await.ok()).len(), 3);
    let cases = [
        (
            "portfolio",
            "&asset=NOPE",
            -1100,
            "This asset is not listed here.",
        ),
        (
            "portfolio",
            "&asset=",
            -1102,
            "Mandatory parameter 'asset' was not sent, was empty/null, or malformed.",
        ),
        ("positions", "&symbol=NOPE", -1121, "Invalid symbol."),
        ("fees", "&symbol=NOPE", -1121, "Invalid symbol."),
    ];
    for (path, query, code, msg) in cases {
        signed(path, query)
            .await
            .assert_refused(path, 400, code, msg);
    }
    for path in ["portfolio?asset=USDT", "positions", "fees"] {
        let reply = server.http().get(&format!("/v1/{path}")).await;
        assert_eq!(reply.status, 401, "{path}: {reply}");
    }
}
