//! Configuration files: what may change from one start to the next, and what is refused.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::server::{refused, run};
use crate::harness::{Server, Trader, list, new_dir, text};

const SAMPLE: &str = include_str!("../../exchange.sample.toml");

/// A place for data and for configurations.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: new_dir() }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn config(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).expect("the directory can be written");
        path.to_str().expect("a temporary path is text").into()
    }

    async fn start(&self, config: &str) -> Server {
        Server::start(&self.data(), &["--faucet", "--config", config]).await
    }

    async fn refused(&self, config: &str) -> String {
        refused(&self.data(), &["--faucet", "--config", config]).await
    }
}

/// The sample with one thing changed in the section of one symbol.
fn changed(symbol: &str, from: &str, to: &str) -> String {
    let start = SAMPLE.find(&format!("symbol = \"{symbol}\""));
    let (before, section) = SAMPLE.split_at(start.expect("the symbol is in the sample"));
    assert!(section.contains(from), "{from} is in the sample");
    format!("{before}{}", section.replacen(from, to, 1))
}

#[tokio::test]
async fn what_is_listed_cannot_change() {
    let place = Place::new();
    let sample = place.config("sample.toml", SAMPLE);
    let server = place.start(&sample).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    alice.limit("ETHUSDT", "BUY", "2000", "0.1").await;
    let info = symbols(&server).await;
    drop(server);
    for (from, to) in [
        ("tick_size = \"0.01\"", "tick_size = \"0.1\""),
        ("lot_size = \"0.0001\"", "lot_size = \"0.001\""),
        ("max_price = \"1000000\"", "max_price = \"2000000\""),
        ("min_notional = \"5\"", "min_notional = \"10\""),
        ("quote = \"USDT\"", "quote = \"BTC\""),
    ] {
        let text =
            changed("ETHUSDT", from, to).replace("min_price = \"0.01\"", "min_price = \"1\"");
        let text = text.replace("min_quantity = \"0.0001\"", "min_quantity = \"0.001\"");
        let config = place.config("changed.toml", &text);
        let said = place.refused(&config).await;
        assert!(said.contains("listed with another grid"), "{to}: {said}");
    }
    let tick = changed("ETHUSDT", "tick_size = \"0.01\"", "tick_size = \"0.005\"");
    let said = place.refused(&place.config("tick.toml", &tick)).await;
    assert!(
        said.contains("ETHUSDT is listed with another grid"),
        "{said}"
    );
    let decimals = SAMPLE.replacen("decimals = 8", "decimals = 9", 1);
    let said = place
        .refused(&place.config("decimals.toml", &decimals))
        .await;
    assert!(said.contains("asset BTC has 8 decimals"), "{said}");

    // None of that has left a trace.
    let server = place.start(&sample).await;
    assert_eq!(symbols(&server).await, info);
    let alice = alice.at(&server);
    assert_eq!(list(&alice.open_orders().await).len(), 1);
    assert_eq!(alice.balance("USDT").await.1, "200.00000000");
}

async fn symbols(server: &Server) -> Value {
    let info = server.http().json("/api/v3/exchangeInfo").await;
    info["symbols"].clone()
}

#[tokio::test]
async fn instruments_can_be_added_and_fees_changed() {
    let place = Place::new();
    let server = place.start(&place.config("sample.toml", SAMPLE)).await;
    let money = [("USDT", "1000"), ("BTC", "1")];
    let alice = Trader::funded(&server, "alice", &money).await;
    let bob = Trader::funded(&server, "bob", &money).await;
    alice.limit("BTCUSDT", "BUY", "50000", "0.0025").await;
    let before = bob.market("BTCUSDT", "SELL", "0.001").await;
    assert_eq!(before["fills"][0]["commission"], "0.05000000");
    drop(server);

    let cheaper = changed("BTCUSDT", "taker_fee = \"0.001\"", "taker_fee = \"0.0005\"");
    // Without being asked for, it leaves the fees in force alone.
    let server = place.start(&place.config("cheaper.toml", &cheaper)).await;
    let untouched = bob.at(&server).market("BTCUSDT", "SELL", "0.0005").await;
    assert_eq!(untouched["fills"][0]["commission"], "0.02500000");
    assert!(server.stderr().contains("set_fees_at_start = true"));
    drop(server);
    let cheaper = cheaper.replace("set_fees_at_start = false", "set_fees_at_start = true");
    let more = r#"
        [[asset]]
        code = "XMR"
        decimals = 12

        [[instrument]]
        symbol = "XMRUSDT"
        base = "XMR"
        quote = "USDT"
        tick_size = "0.1"
        lot_size = "0.001"
        min_price = "0.1"
        max_price = "100000"
        min_quantity = "0.001"
        max_quantity = "1000"
        min_notional = "1"
        maker_fee = "0"
        taker_fee = "0.01"
    "#;
    let (start, rest) = cheaper.split_at(cheaper.find("# Limits on clients").expect("limits"));
    let extended = place.config("extended.toml", &format!("{start}{more}{rest}"));
    for _ in 0..2 {
        let server = place.start(&extended).await;
        let listed = symbols(&server).await;
        let names: Vec<_> = list(&listed)
            .iter()
            .map(|one| text(one, "symbol"))
            .collect();
        assert_eq!(names, ["BTCUSDT", "ETHUSDT", "ETHBTC", "XMRUSDT"]);
        let filter = &listed[3]["filters"][0];
        assert_eq!(filter["tickSize"], "0.10000000");
    }
    let server = place.start(&extended).await;
    let (alice, bob) = (alice.at(&server), bob.at(&server));
    let after = bob.market("BTCUSDT", "SELL", "0.001").await;
    assert_eq!(after["fills"][0]["commission"], "0.02500000");
    // What was traded before, stays as it was.
    let fills = bob.fills("BTCUSDT").await;
    let commissions: Vec<_> = fills.iter().map(|fill| text(fill, "commission")).collect();
    assert_eq!(commissions, ["0.05000000", "0.02500000", "0.02500000"]);

    bob.deposit("XMR", "1.000000000001").await;
    alice.limit("XMRUSDT", "BUY", "150", "0.2").await;
    let sold = bob.market("XMRUSDT", "SELL", "0.2").await;
    assert_eq!(sold["fills"][0]["commission"], "0.30000000");
    assert_eq!(alice.balance("XMR").await.0, "0.200000000000");
    assert_eq!(bob.balance("XMR").await.0, "0.800000000001");
}

#[tokio::test]
async fn a_bad_configuration_is_named_and_creates_nothing() {
    let place = Place::new();
    let bad = |from: &str, to: &str| changed("ETHBTC", from, to);
    let asset = |to: &str| SAMPLE.replacen("decimals = 8", to, 1);
    let twice = SAMPLE.replace("symbol = \"ETHBTC\"", "symbol = \"ETHUSDT\"");
    for (what, text, words) in [
        ("no TOML", "what?".into(), vec!["bad.toml"]),
        (
            "an unknown field",
            bad("maker_fee", "market_fee"),
            vec!["bad.toml", "market_fee"],
        ),
        (
            "an unknown section",
            format!("{SAMPLE}\n[limitz]\n"),
            vec!["bad.toml", "limitz"],
        ),
        (
            "an unknown asset",
            bad("base = \"ETH\"", "base = \"DOGE\""),
            vec!["bad.toml", "ETHBTC", "DOGE"],
        ),
        (
            "no number",
            bad("tick_size = \"0.00001\"", "tick_size = \"small\""),
            vec!["bad.toml", "ETHBTC", "tick_size"],
        ),
        (
            "a tick of nothing",
            bad("tick_size = \"0.00001\"", "tick_size = \"0\""),
            vec!["bad.toml", "ETHBTC", "tick_size"],
        ),
        (
            "a limit off the grid",
            bad("min_price = \"0.00001\"", "min_price = \"0.000015\""),
            vec!["bad.toml", "ETHBTC", "min_price"],
        ),
        (
            "limits the wrong way round",
            bad("max_price = \"1000\"", "max_price = \"0.00000\""),
            vec!["bad.toml", "ETHBTC"],
        ),
        (
            "a fee above one",
            bad("taker_fee = \"0.001\"", "taker_fee = \"1.1\""),
            vec!["bad.toml", "ETHBTC", "taker_fee"],
        ),
        (
            "a negative fee",
            bad("taker_fee = \"0.001\"", "taker_fee = \"-0.1\""),
            vec!["bad.toml", "ETHBTC", "taker_fee"],
        ),
        (
            "a maker who is paid more than there is",
            bad("maker_fee = \"0.001\"", "maker_fee = \"-0.002\""),
            vec!["bad.toml", "ETHBTC", "maker_fee"],
        ),
        (
            "a tier for the volume of everybody",
            bad(
                "taker_fee = \"0.001\"",
                "taker_fee = \"0.001\"\n[[instrument.fee_tier]]\nvolume = \"0\"\n\
                 maker_fee = \"0\"\ntaker_fee = \"0\"",
            ),
            vec!["bad.toml", "ETHBTC", "fee_tier 1", "volume"],
        ),
        (
            "a symbol in small letters",
            SAMPLE.replace("symbol = \"ETHBTC\"", "symbol = \"ethbtc\""),
            vec!["bad.toml", "ethbtc"],
        ),
        (
            "a negative notional",
            bad("min_notional = \"0.0001\"", "min_notional = \"-5\""),
            vec!["bad.toml", "ETHBTC", "min_notional"],
        ),
        (
            "a limit that keeps everybody out",
            SAMPLE.replace("orders_per_day = 2000000", "orders_per_day = 0"),
            vec!["bad.toml", "limit"],
        ),
        (
            "too little memory",
            SAMPLE.replace("closed_orders = 1000", "closed_orders = 0"),
            vec!["bad.toml", "closed_orders"],
        ),
        // These contradict each other rather than themselves.
        ("a symbol twice", twice, vec!["bad.toml", "ETHUSDT"]),
        (
            "an instrument of one asset",
            bad("base = \"ETH\"", "base = \"BTC\""),
            vec!["bad.toml", "ETHBTC"],
        ),
        (
            "a grid finer than the units",
            bad("tick_size = \"0.00001\"", "tick_size = \"0.000001\""),
            vec!["bad.toml", "ETHBTC"],
        ),
        (
            "too many decimals",
            asset("decimals = 19"),
            vec!["bad.toml", "BTC"],
        ),
        (
            "an asset in small letters",
            SAMPLE.replace("\"BTC\"", "\"btc\""),
            vec!["bad.toml", "btc"],
        ),
    ] {
        let config = place.config("bad.toml", &text);
        let said = place.refused(&config).await;
        for word in words {
            assert!(said.contains(word), "{what}: {word:?} is not in: {said}");
        }
        assert!(!said.contains("panicked"), "{what}: {said}");
        assert!(!place.data().exists(), "{what} left something behind");
    }
    let missing = place.dir.path().join("missing.toml");
    let missing = missing.to_str().expect("a temporary path is text");
    let said = place.refused(missing).await;
    assert!(said.contains("missing.toml"), "{said}");
    assert_no_log(&place.data(), "a missing file");
    // And a good start is as if nothing had been.
    let server = place.start(&place.config("sample.toml", SAMPLE)).await;
    assert_eq!(list(&symbols(&server).await).len(), 3);
}

/// Asserts that nothing was decided.
fn assert_no_log(data: &Path, what: &str) {
    let log = crate::harness::log::file(data);
    if log.exists() {
        let frames = crate::harness::log::Log::open(data).frames();
        assert_eq!(frames, 0, "{what}: something was written into the log");
    }
}

#[test]
fn the_command_line_explains_itself() {
    let help = run(&["--help"]);
    assert!(help.status.success());
    let text = String::from_utf8_lossy(&help.stdout);
    for word in [
        "--data-dir",
        "--listen",
        "--demo",
        "--faucet",
        "--config",
        // Nobody else shall reach it unless asked for.
        "[default: 127.0.0.1:8080]",
    ] {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
    let unknown = run(&["--no-such-option"]);
    assert_eq!(unknown.status.code(), Some(2));
    let nonsense = run(&["--listen", "here"]);
    assert_eq!(nonsense.status.code(), Some(2));
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let (first, second) = (new_dir(), new_dir());
    let server = Server::start(first.path(), &[]).await;
    let address = server.address().to_string();
    let data = second.path().to_str().expect("a temporary path is text");
    let output = tokio::task::spawn_blocking({
        let (address, data) = (address.clone(), data.to_owned());
        move || run(&["--listen", &address, "--data-dir", &data])
    })
    .await
    .expect("running does not panic");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&address), "{said}");
    assert_eq!(server.http().json("/api/v3/ping").await, json!({}));
}
