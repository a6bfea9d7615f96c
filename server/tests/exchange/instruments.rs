//! Instruments that operators list, change and delist while the exchange runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::backend::{new_database, redis_url};
use crate::harness::http::send;
use crate::harness::operator::{Operator, args};
use crate::harness::{Cluster, Server, Socket, Trader, eventually, list, new_dir, number, text};
use crate::ws_api::Talk;

const MONEY: &[(&str, &str)] = &[("USDT", "100000"), ("BTC", "10")];

fn xmr() -> Value {
    json!({ "asset": "XMR", "decimals": 12, "reason": "asked for" })
}

fn xmrusdt() -> Value {
    json!({
        "symbol": "XMRUSDT",
        "base": "XMR",
        "quote": "USDT",
        "tickSize": "0.1",
        "lotSize": "0.001",
        "minPrice": "0.1",
        "maxPrice": "100000",
        "minQuantity": "0.001",
        "maxQuantity": "1000",
        "minNotional": "1",
        "makerFee": "0",
        "takerFee": "0.01",
        "tiers": [{ "volume": "500.5", "makerFee": "-0.001", "takerFee": "0.005" }],
        "reason": "asked for",
    })
}

/// The built-in configuration, with snapshots so often that the log has no beginning for long.
fn often(dir: &Path) -> String {
    let sample = include_str!("../../exchange.sample.toml");
    let config = sample
        .replace("every = 500000", "every = 5")
        .replace("forget_log = false", "forget_log = true");
    let file = dir.join("often.toml");
    std::fs::write(&file, config).expect("the directory can be written");
    file.to_str().expect("a plain name").into()
}

fn snapshots(dir: &Path) -> BTreeSet<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir.join("data/snapshots")) else {
        return BTreeSet::new();
    };
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    paths
        .filter(|path| path.extension().is_some_and(|it| it == "snapshot"))
        .collect()
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

async fn names(server: &Server) -> Vec<String> {
    let info = server.http().json("/api/v3/exchangeInfo").await;
    let symbols = list(&info["symbols"]).iter();
    symbols.map(|it| text(it, "symbol").to_owned()).collect()
}

/// What trades of XMRUSDT cost a trader: as two routes say.
async fn rates(trader: &Trader) -> [String; 4] {
    let params = [("symbol", "XMRUSDT")];
    let told = trader.get("account/commission", &params).await.ok();
    let told = &told["standardCommission"];
    let path = "/v1/fees?symbol=XMRUSDT";
    let fees = trader.own(Method::GET, path, None).await.ok();
    let (rates, next) = (&fees[0], &fees[0]["next"]);
    let volume = if next.is_null() {
        "none"
    } else {
        text(next, "volume")
    };
    [
        text(told, "maker"),
        text(told, "taker"),
        text(rates, "takerCommission"),
        volume,
    ]
    .map(str::to_owned)
}

/// Buys from who has some, at once; what the buyer paid.
async fn trade(seller: &Trader, buyer: &Trader, quantity: &str) -> String {
    seller.limit("XMRUSDT", "SELL", "150.0", quantity).await;
    let bought = buyer.limit("XMRUSDT", "BUY", "150.0", quantity).await;
    text(&bought["fills"][0], "commission").to_owned()
}

async fn user_stream(server: &Server, trader: &Trader) -> Socket {
    let request = trader.keyed(Method::POST, "userDataStream", "", "");
    let key = send(request).await.ok();
    let mut socket = Socket::connect(server, &format!("/ws/{}", text(&key, "listenKey"))).await;
    socket.assert_quiet().await;
    socket
}

#[tokio::test]
async fn what_is_listed_is_traded_at_once() {
    let dir = new_dir();
    let (server, operator) = Operator::start(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let bob = Trader::funded(&server, "bob", MONEY).await;
    // Everybody has been connected before.
    let mut talk = Talk::open(&server, &alice).await;
    let mut own = user_stream(&server, &bob).await;
    let mut public = Socket::connect(&server, "/ws").await;
    let order = [("symbol", "XMRUSDT"), ("side", "BUY"), ("type", "MARKET")];
    let reply = alice.post("order", &order).await;
    reply.assert_refused("not yet", 400, -1121, "Invalid symbol.");

    operator.post("assets", xmr()).await;
    let done = operator.post("instruments", xmrusdt()).await;
    assert!(number(&done, "sequence") > 0, "{done}");
    assert_eq!(
        names(&server).await,
        ["BTCUSDT", "ETHUSDT", "ETHBTC", "XMRUSDT"]
    );
    let streams = ["xmrusdt@trade", "xmrusdt@depth5", "xmrusdt@kline_1m"];
    public.subscribe(&streams).await;
    bob.deposit("XMR", "5").await;
    let sale = bob.limit("XMRUSDT", "SELL", "150.0", "0.5").await;
    let report = own
        .next_where("its report", |event| event["e"] == "executionReport")
        .await;
    assert_eq!(
        (&report["s"], &report["X"]),
        (&json!("XMRUSDT"), &json!("NEW"))
    );
    let buy = json!({
        "symbol": "XMRUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.2",
        "price": "150",
    });
    let bought = talk.signed("order.place", buy).await;
    assert_eq!(bought["fills"][0]["commission"], "0.002000000000");
    let report = own
        .next_where("the trade", |event| event["x"] == "TRADE")
        .await;
    assert_eq!(report["i"], sale["orderId"]);
    // In whatever order they come.
    let (mut trade, mut kline, mut depth) = (false, false, false);
    while !(trade && kline && depth) {
        let event = public.next().await;
        trade |= event["e"] == "trade" && event["s"] == "XMRUSDT" && event["p"] == "150.00000000";
        kline |= event["k"]["s"] == "XMRUSDT" && event["k"]["v"] == "0.20000000";
        depth |= event["asks"][0] == json!(["150.00000000", "0.30000000"]);
    }
    let book = server.http().json("/api/v3/depth?symbol=XMRUSDT").await;
    assert_eq!(book["asks"], json!([["150.00000000", "0.30000000"]]));
    let klines = "/api/v3/klines?symbol=XMRUSDT&interval=1d";
    assert_eq!(list(&server.http().json(klines).await).len(), 1);
    assert_eq!(alice.balance("XMR").await.0, "0.198000000000");
}

#[tokio::test]
async fn fees_change_with_the_next_trade_and_stay() {
    let dir = new_dir();
    let config = often(dir.path());
    let (server, operator) = Operator::start_with(dir.path(), &["--config", &config]).await;
    operator.post("assets", xmr()).await;
    operator.post("instruments", xmrusdt()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    let bob = Trader::funded(&server, "bob", &[("XMR", "5")]).await;
    let listed = ["0.00000000", "0.01000000", "0.01000000", "500.50000000"];
    assert_eq!(rates(&alice).await, listed);
    assert_eq!(trade(&bob, &alice, "0.1").await, "0.001000000000");

    let fees =
        json!({ "symbol": "XMRUSDT", "makerFee": "0.001", "takerFee": "0.002", "reason": "less" });
    operator.post("fees", fees).await;
    let changed = ["0.00100000", "0.00200000", "0.00200000", "none"];
    assert_eq!(rates(&alice).await, changed);
    assert_eq!(trade(&bob, &alice, "0.1").await, "0.000200000000");
    // The configuration names others for this one, and is asked once more at each start.
    let fees =
        json!({ "symbol": "BTCUSDT", "makerFee": "0", "takerFee": "0.0005", "reason": "less" });
    operator.post("fees", fees).await;

    // Nothing of what led there is in the log any more.
    let before = snapshots(dir.path());
    eventually("only newer snapshots are kept", async || {
        let order = alice.limit("BTCUSDT", "BUY", "20000", "0.01").await;
        alice.cancel("BTCUSDT", &order).await;
        let now = snapshots(dir.path());
        (now.len() == 2 && now.is_disjoint(&before)).then_some(())
    })
    .await;

    let server = server.restart().await;
    let (alice, bob) = (alice.at(&server), bob.at(&server));
    assert_eq!(rates(&alice).await, changed);
    assert_eq!(trade(&bob, &alice, "0.1").await, "0.000200000000");
    bob.deposit("USDT", "100000").await;
    alice.limit("BTCUSDT", "SELL", "50000", "0.01").await;
    let bought = bob.limit("BTCUSDT", "BUY", "50000", "0.01").await;
    assert_eq!(bought["fills"][0]["commission"], "0.00000500");

    let trail = Operator::of(&server).get("audit").await;
    let told = list(&trail)
        .iter()
        .map(|it| (text(it, "event"), text(it, "subject")));
    let expected = [
        ("OPERATOR_SET_FEES", "BTCUSDT 0.00000000/0.00050000: less"),
        ("OPERATOR_SET_FEES", "XMRUSDT 0.00100000/0.00200000: less"),
        ("OPERATOR_LIST", "XMRUSDT: asked for"),
        ("OPERATOR_ADD_ASSET", "XMR: asked for"),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_is_delisted_is_gone_for_who_is_there_and_may_come_back() {
    let dir = new_dir();
    let (server, operator) = Operator::start(dir.path()).await;
    let alice = Trader::funded(&server, "alice", MONEY).await;
    alice.limit("ETHBTC", "BUY", "0.05", "1").await;
    let mut own = user_stream(&server, &alice).await;
    let reason = json!({ "reason": "nobody trades it" });
    operator.delete("instruments/ETHBTC", &reason).await.done();
    let report = own
        .next_where("it is cancelled", |event| event["e"] == "executionReport")
        .await;
    assert_eq!(
        (&report["s"], &report["X"]),
        (&json!("ETHBTC"), &json!("CANCELED"))
    );
    assert_eq!(
        alice.balance("BTC").await,
        ("10.00000000".into(), "0.00000000".into())
    );
    let bid = [
        ("symbol", "ETHBTC"),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("price", "0.05"),
        ("quantity", "1"),
    ];
    alice
        .post("order", &bid)
        .await
        .assert_refused("gone", 400, -1121, "Invalid symbol.");
    let reply = server.http().get("/api/v3/depth?symbol=ETHBTC").await;
    reply.assert_refused("gone", 400, -1121, "Invalid symbol.");
    let again = operator.delete("instruments/ETHBTC", &reason).await;
    assert_eq!(again.json()["code"], -1121, "{again}");

    // It is still configured, and stays away; under the same name something else may be listed.
    let server = server.restart().await;
    assert_eq!(names(&server).await, ["BTCUSDT", "ETHUSDT"]);
    let new = with(
        with(xmrusdt(), "symbol", json!("ETHBTC")),
        "base",
        json!("ETH"),
    );
    let mut new = with(new, "quote", json!("BTC"));
    new["tiers"] = json!([]);
    let operator = Operator::of(&server);
    // Its grid is not the configured one, which is no reason not to start.
    operator.post("instruments", new).await;
    for _ in 0..2 {
        assert_eq!(names(&server).await, ["BTCUSDT", "ETHUSDT", "ETHBTC"]);
        let alice = alice.at(&server);
        let bid = [&bid[..4], &[("price", "1"), ("quantity", "1")]].concat();
        alice.post("order", &bid).await.ok();
    }
    let server = server.restart().await;
    assert_eq!(list(&alice.at(&server).open_orders().await).len(), 2);
}

#[tokio::test]
async fn what_cannot_be_listed_is_refused_and_leaves_nothing() {
    let dir = new_dir();
    let (server, operator) = Operator::start(dir.path()).await;
    let before = names(&server).await;
    let unknown = operator.try_post("instruments", &xmrusdt()).await;
    assert_eq!(unknown.json()["code"], -1100, "{unknown}");
    operator.post("assets", xmr()).await;
    let tier = json!([{ "volume": "0", "makerFee": "0", "takerFee": "0" }]);
    for (what, body, word) in [
        (
            "twice",
            with(xmrusdt(), "symbol", json!("BTCUSDT")),
            "listed",
        ),
        (
            "small letters",
            with(xmrusdt(), "symbol", json!("xmrusdt")),
            "capital",
        ),
        (
            "no number",
            with(xmrusdt(), "tickSize", json!("small")),
            "tick_size",
        ),
        (
            "no multiple",
            with(xmrusdt(), "minPrice", json!("0.15")),
            "min_price",
        ),
        ("of itself", with(xmrusdt(), "base", json!("USDT")), ""),
        (
            "too fine",
            with(xmrusdt(), "tickSize", json!("0.0000001")),
            "",
        ),
        (
            "a fee above one",
            with(xmrusdt(), "takerFee", json!("1.1")),
            "taker_fee",
        ),
        (
            "a tier of nothing",
            with(xmrusdt(), "tiers", tier),
            "fee_tier 1",
        ),
        ("unknown fields", with(xmrusdt(), "fee", json!("0")), "body"),
        ("no reason", with(xmrusdt(), "reason", json!("")), "reason"),
    ] {
        let reply = operator.try_post("instruments", &body).await;
        assert_eq!(reply.status, 400, "{what}: {reply}");
        assert!(text(&reply.json(), "msg").contains(word), "{what}: {reply}");
    }
    for body in [
        xmr(),
        with(xmr(), "asset", json!("xmr")),
        with(with(xmr(), "asset", json!("DOGE")), "decimals", json!(19)),
    ] {
        let reply = operator.try_post("assets", &body).await;
        assert_eq!(reply.status, 400, "{body}: {reply}");
    }
    let fees = json!({ "symbol": "BTCUSDT", "makerFee": "-0.1", "takerFee": "0", "reason": "x" });
    assert_eq!(operator.try_post("fees", &fees).await.status, 400);
    assert_eq!(names(&server).await, before);
    let trail = operator.get("audit").await;
    assert_eq!(list(&trail).len(), 1, "{trail}");
}

/// Each gateway follows, whichever the operator is at, and so does one that comes later.
#[tokio::test]
async fn gateways_follow() {
    let cluster = Cluster::start(&redis_url(), &new_database().await).await;
    let dir = new_dir();
    let operators = args(dir.path());
    let mut more = vec!["--faucet"];
    more.extend(operators.iter().map(String::as_str));
    let here = cluster.gateway(&more).await;
    let there = cluster.gateway(&["--faucet"]).await;
    let operator = Operator::of(&here);
    let alice = Trader::funded(&here, "alice", MONEY).await;
    let bob = Trader::join(&here, "bob").await;
    let mut own = user_stream(&there, &bob).await;
    let mut public = Socket::connect(&there, "/ws").await;

    operator.post("assets", xmr()).await;
    operator.post("instruments", xmrusdt()).await;
    eventually("it is listed there", async || {
        (names(&there).await.len() == 4).then_some(())
    })
    .await;
    // Before anything has happened there.
    public.subscribe(&["xmrusdt@depth5"]).await;
    let book = public.next().await;
    assert_eq!(book["asks"], json!([]), "{book}");
    bob.deposit("XMR", "5").await;
    bob.limit("XMRUSDT", "SELL", "150.0", "0.5").await;
    let listed = ["BTCUSDT", "ETHUSDT", "ETHBTC", "XMRUSDT"];
    assert_eq!(names(&here).await, listed);
    let report = own
        .next_where("its report", |event| event["e"] == "executionReport")
        .await;
    assert_eq!(report["s"], "XMRUSDT");
    assert_eq!(names(&there).await, listed);
    let mut trades = Socket::connect(&there, "/ws/xmrusdt@trade").await;
    trades.assert_quiet().await;
    let bought = alice.at(&there).limit("XMRUSDT", "BUY", "150", "0.2").await;
    assert_eq!(bought["fills"][0]["commission"], "0.002000000000");
    let event = trades.next().await;
    assert_eq!(
        (&event["e"], &event["s"]),
        (&json!("trade"), &json!("XMRUSDT"))
    );

    let fees =
        json!({ "symbol": "XMRUSDT", "makerFee": "0", "takerFee": "0.002", "reason": "less" });
    operator.post("fees", fees).await;
    let later = cluster.gateway(&["--faucet"]).await;
    for gateway in [&here, &later] {
        assert_eq!(names(gateway).await, listed);
        assert_eq!(rates(&alice.at(gateway)).await[1], "0.00200000");
    }
    let reason = json!({ "reason": "nobody trades it" });
    operator.delete("instruments/XMRUSDT", &reason).await.done();
    for gateway in [&here, &there, &later] {
        eventually("it is gone", async || {
            (names(gateway).await == listed[..3]).then_some(())
        })
        .await;
    }
    let report = own
        .next_where("it is cancelled", |event| event["X"] == "CANCELED")
        .await;
    assert_eq!(report["s"], "XMRUSDT");
}
