//! What a broken or hostile client sends. Every refusal is exact, and changes nothing.

use reqwest::Method;
use serde_json::Value;

use crate::harness::http::send;
use crate::harness::{Reply, Server, Trader, Where, new_dir, now_millis, number};

const INVALID_SYMBOL: (i64, &str) = (-1121, "Invalid symbol.");
const PRICE_FILTER: (i64, &str) = (-1013, "Filter failure: PRICE_FILTER");
const LOT_SIZE: (i64, &str) = (-1013, "Filter failure: LOT_SIZE");
const NOTIONAL: (i64, &str) = (-1013, "Filter failure: NOTIONAL");
const UNKNOWN_TO_CANCEL: (i64, &str) = (-2011, "Unknown order sent.");
const UNKNOWN_TO_QUERY: (i64, &str) = (-2013, "Order does not exist.");
const BAD_SIGNATURE: (i64, &str) = (-1022, "Signature for this request is not valid.");
const STALE: (i64, &str) = (
    -1021,
    "Timestamp for this request is outside of the recvWindow.",
);
const AHEAD: (i64, &str) = (
    -1021,
    "Timestamp for this request was 1000ms ahead of the server's time.",
);
const BAD_KEY: (i64, &str) = (-2014, "API-key format invalid.");
const UNKNOWN_KEY: (i64, &str) = (-2015, "Invalid API-key, IP, or permissions for action.");

/// The parameter is not sent at all.
const ABSENT: &str = "\0";

fn mandatory(name: &str) -> (i64, String) {
    let msg = format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
    (-1102, msg)
}

fn not_required(name: &str) -> (i64, String) {
    (-1106, format!("Parameter '{name}' sent when not required."))
}

fn illegal(name: &str, pattern: &str) -> (i64, String) {
    let msg =
        format!("Illegal characters found in parameter '{name}'; legal range is '{pattern}'.");
    (-1100, msg)
}

fn no_decimal(name: &str) -> (i64, String) {
    illegal(name, r"^([0-9]{1,20})(\.[0-9]{1,20})?$")
}

/// An exchange in which something is at stake: two traders with money, each with an open order.
struct Market {
    server: Server,
    alice: Trader,
    bob: Trader,
    /// Alice's bid of 0.01 at 40000.
    bid: Value,
    /// Bob's offer of 0.02 at 50000.
    offer: Value,
}

impl Market {
    async fn open(dir: &std::path::Path) -> Self {
        let server = Server::with_faucet(dir).await;
        let (alice, bob) = tokio::join!(
            Trader::funded(&server, "alice", &[("USDT", "1000")]),
            Trader::funded(&server, "bob", &[("BTC", "1")]),
        );
        let params = [
            ("symbol", "BTCUSDT"),
            ("side", "BUY"),
            ("type", "LIMIT"),
            ("timeInForce", "GTC"),
            ("price", "40000"),
            ("quantity", "0.01"),
            ("newClientOrderId", "taken"),
        ];
        let bid = alice.post("order", &params).await.ok();
        let offer = bob.limit("BTCUSDT", "SELL", "50000", "0.02").await;
        Self {
            server,
            alice,
            bob,
            bid,
            offer,
        }
    }

    /// All that bad input must not change.
    async fn state(&self) -> Vec<Value> {
        let http = self.server.http();
        vec![
            self.alice.account().await,
            self.bob.account().await,
            self.alice.open_orders().await,
            self.bob.open_orders().await,
            http.json("/api/v3/depth?symbol=BTCUSDT").await,
            http.json("/api/v3/trades?symbol=BTCUSDT").await,
        ]
    }
}

/// A good order of Alice's with some parameters replaced, added or left out.
fn order_with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut params = vec![
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("price", "40000"),
        ("quantity", "0.001"),
    ];
    for (name, value) in changes {
        params.retain(|(known, _)| known != name);
        if *value != ABSENT {
            params.push((name, value));
        }
    }
    params
}

fn assert_refused(reply: &Reply, what: &str, expected: &(i64, impl AsRef<str>)) {
    let status = match expected.0 {
        -2014 | -2015 => 401,
        _ => 400,
    };
    reply.assert_refused(what, status, expected.0, expected.1.as_ref());
}

#[tokio::test]
async fn orders_that_make_no_sense() {
    let dir = new_dir();
    let market = Market::open(dir.path()).await;
    let before = market.state().await;
    let endless = "1".repeat(10_000);
    let fraction = format!("1.{endless}");
    let market_order = ("type", "MARKET");
    let no_tif = ("timeInForce", ABSENT);
    let no_price = ("price", ABSENT);
    let name = |name: &'static str| ("newClientOrderId", name);
    let owned = |(code, msg): (i64, &str)| (code, msg.to_owned());
    let quote = |amount: &'static str| {
        let none = [("quantity", ABSENT), no_tif, no_price];
        [&none[..], &[market_order, ("quoteOrderQty", amount)]].concat()
    };
    let bad_name = || illegal("newClientOrderId", "^[a-zA-Z0-9-_.:/]{1,36}$");

    let mut cases = vec![
        (vec![("symbol", "NOSUCH")], owned(INVALID_SYMBOL)),
        (vec![("symbol", "btcusdt")], owned(INVALID_SYMBOL)),
        (vec![("symbol", "BTCUSDT\0")], owned(INVALID_SYMBOL)),
        (vec![("symbol", &endless)], owned(INVALID_SYMBOL)),
        (vec![("price", "40000.001")], owned(PRICE_FILTER)),
        (vec![("price", "0")], owned(PRICE_FILTER)),
        (vec![("price", "0.00000000")], owned(PRICE_FILTER)),
        (vec![("price", "1000000.01")], owned(PRICE_FILTER)),
        (vec![("price", "99999999999999999999")], owned(PRICE_FILTER)),
        (vec![("quantity", "0.000001")], owned(LOT_SIZE)),
        (vec![("quantity", "0")], owned(LOT_SIZE)),
        (vec![("quantity", "9000.00001")], owned(LOT_SIZE)),
        (vec![("quantity", "99999999999999999999")], owned(LOT_SIZE)),
        (
            vec![("quantity", "99999999999999999999.99999999999999999999")],
            owned(LOT_SIZE),
        ),
        (vec![("quantity", "0.00012")], owned(NOTIONAL)),
        (vec![("side", "HOLD")], (-1117, "Invalid side.".into())),
        (vec![("side", "buy")], (-1117, "Invalid side.".into())),
        (
            vec![("type", "STOP_LOSS")],
            (-1116, "Invalid orderType.".into()),
        ),
        (
            vec![("timeInForce", "GTX")],
            (-1115, "Invalid timeInForce.".into()),
        ),
        (vec![market_order, no_tif], not_required("price")),
        (vec![market_order, no_price], not_required("timeInForce")),
        (
            vec![market_order, no_tif, no_price, ("quoteOrderQty", "10")],
            (
                -1128,
                "Combination of optional parameters invalid. Recommendation: 'quantity' or 'quoteOrderQty', not both.".into(),
            ),
        ),
        (
            vec![market_order, no_tif, no_price, ("quantity", ABSENT)],
            (
                -1102,
                "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"
                    .into(),
            ),
        ),
        (quote("4.99999999"), owned(NOTIONAL)),
        (quote("0"), owned(NOTIONAL)),
        (
            quote("10.000000001"),
            (
                -1111,
                "Parameter 'quoteOrderQty' has too much precision.".into(),
            ),
        ),
        (quote("1e3"), no_decimal("quoteOrderQty")),
        (
            [quote("10"), vec![("side", "SELL")]].concat(),
            (
                -2010,
                "Account has insufficient balance for requested action.".into(),
            ),
        ),
        (
            [quote("10"), vec![("icebergQty", "0.001")]].concat(),
            not_required("icebergQty"),
        ),
        (vec![("type", "LIMIT_MAKER")], not_required("timeInForce")),
        (vec![("stopPrice", "1")], not_required("stopPrice")),
        (vec![("quoteOrderQty", "10")], not_required("quoteOrderQty")),
        (
            vec![("type", "STOP_LOSS_LIMIT"), ("stopPrice", "1")],
            (-1116, "Invalid orderType.".into()),
        ),
        (vec![("trailingDelta", "1")], not_required("trailingDelta")),
        (
            vec![("icebergQty", "0.00101")],
            (-2010, "IcebergQty exceeds QTY.".into()),
        ),
        (
            vec![("icebergQty", "0.00001"), ("quantity", "0.01")],
            (-1013, "Filter failure: ICEBERG_PARTS".into()),
        ),
        (vec![("icebergQty", "0")], owned(LOT_SIZE)),
        (
            vec![("icebergQty", "0.0005"), ("timeInForce", "IOC")],
            (-1014, "Unsupported order combination.".into()),
        ),
        (
            vec![("pegPriceType", "PRIMARY_PEG")],
            not_required("pegPriceType"),
        ),
        (
            vec![("strategyType", "999999")],
            (-1134, "strategyType was less than 1000000.".into()),
        ),
        (vec![("strategyId", "x")], mandatory("strategyId")),
        (
            vec![("selfTradePreventionMode", "SOMETIMES")],
            (
                -1130,
                "Data sent for parameter 'selfTradePreventionMode' is not valid.".into(),
            ),
        ),
        (
            vec![("newOrderRespType", "LOUD")],
            (
                -1130,
                "Data sent for parameter 'newOrderRespType' is not valid.".into(),
            ),
        ),
        (vec![name("two words")], bad_name()),
        (vec![name("é")], bad_name()),
        (
            vec![name("one-character-more-than-thirty-six-xx")],
            bad_name(),
        ),
        (vec![name("taken")], (-2010, "Duplicate order sent.".into())),
        (
            vec![("quantity", "0.1")],
            (
                -2010,
                "Account has insufficient balance for requested action.".into(),
            ),
        ),
        (
            vec![("side", "SELL"), ("price", "60000")],
            (
                -2010,
                "Account has insufficient balance for requested action.".into(),
            ),
        ),
        (
            vec![market_order, no_tif, no_price, ("side", "SELL")],
            (
                -2010,
                "Account has insufficient balance for requested action.".into(),
            ),
        ),
        (
            vec![("type", "LIMIT_MAKER"), no_tif, ("price", "50000")],
            (-2010, "Order would immediately match and take.".into()),
        ),
    ];
    for parameter in ["price", "quantity"] {
        for value in [
            "-1",
            "+1",
            "1e3",
            "1E-5",
            "NaN",
            "inf",
            "0x10",
            " 1",
            ".5",
            "5.",
            "1,5",
            "1.2.3",
            "١",
            "123456789012345678901",
            &endless,
            &fraction,
        ] {
            cases.push((vec![(parameter, value)], no_decimal(parameter)));
        }
    }
    for parameter in ["symbol", "side", "type", "timeInForce", "price", "quantity"] {
        cases.push((vec![(parameter, ABSENT)], mandatory(parameter)));
        cases.push((vec![(parameter, "")], mandatory(parameter)));
    }
    for (changes, expected) in &cases {
        let mut what = format!("{changes:?}");
        what.truncate(120);
        let reply = market.alice.post("order", &order_with(changes)).await;
        assert_refused(&reply, &what, expected);
        assert!(reply.header("x-mbx-order-count-10s").is_some(), "{what}");
    }
    assert_eq!(market.state().await, before);
}

#[tokio::test]
async fn orders_that_are_not_there() {
    let dir = new_dir();
    let market = Market::open(dir.path()).await;
    let filled = market.bob.market("BTCUSDT", "SELL", "0.001").await;
    let before = market.state().await;
    let (bids, offer, filled) = (
        number(&market.bid, "orderId").to_string(),
        number(&market.offer, "orderId").to_string(),
        number(&filled, "orderId").to_string(),
    );
    let neither = (
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    );
    let btc = ("symbol", "BTCUSDT");
    let not_there: &[Vec<(&str, &str)>] = &[
        vec![btc, ("orderId", "999999")],
        vec![btc, ("orderId", "0")],
        vec![btc, ("orderId", "18446744073709551615")],
        vec![btc, ("origClientOrderId", "never-sent")],
        // Bob's order, and Alice's under another symbol.
        vec![btc, ("orderId", &offer)],
        vec![("symbol", "ETHUSDT"), ("orderId", &bids)],
        vec![("symbol", "ETHUSDT"), ("origClientOrderId", "taken")],
    ];
    for params in not_there {
        let reply = market.alice.delete("order", params).await;
        assert_refused(&reply, &format!("cancel {params:?}"), &UNKNOWN_TO_CANCEL);
        let reply = market.alice.get("order", params).await;
        assert_refused(&reply, &format!("query {params:?}"), &UNKNOWN_TO_QUERY);
    }
    let params = [btc, ("orderId", filled.as_str())];
    let reply = market.bob.delete("order", &params).await;
    assert_refused(&reply, "a filled order", &UNKNOWN_TO_CANCEL);

    let malformed = [
        (vec![btc], (neither.0, neither.1.into())),
        (vec![btc, ("orderId", "")], (neither.0, neither.1.into())),
        (vec![btc, ("orderId", "x")], mandatory("orderId")),
        (vec![btc, ("orderId", "-1")], mandatory("orderId")),
        (
            vec![btc, ("orderId", "18446744073709551616")],
            mandatory("orderId"),
        ),
        (vec![("orderId", &bids)], mandatory("symbol")),
        (
            vec![("symbol", "NOSUCH"), ("orderId", &bids)],
            (INVALID_SYMBOL.0, INVALID_SYMBOL.1.into()),
        ),
        (
            vec![btc, ("origClientOrderId", "a b")],
            illegal("origClientOrderId", "^[a-zA-Z0-9-_.:/]{1,36}$"),
        ),
    ];
    for (params, expected) in &malformed {
        for method in [Method::GET, Method::DELETE] {
            let what = format!("{method} {params:?}");
            let request = market.alice.signed(method, "order", params, Where::Query);
            assert_refused(&send(request).await, &what, expected);
        }
    }
    let reply = market.alice.delete("openOrders", &[]).await;
    assert_refused(&reply, "cancel all of nothing", &mandatory("symbol"));
    let nosuch = [("symbol", "NOSUCH")];
    for reply in [
        market.alice.delete("openOrders", &nosuch).await,
        market.alice.get("openOrders", &nosuch).await,
        market.alice.get("myTrades", &nosuch).await,
    ] {
        assert_refused(&reply, "no such symbol", &INVALID_SYMBOL);
    }
    for name in ["orderId", "fromId", "startTime", "endTime", "limit"] {
        let params = [btc, (name, "many")];
        let reply = market.alice.get("myTrades", &params).await;
        assert_refused(&reply, name, &mandatory(name));
    }
    let params = [("omitZeroBalances", "perhaps")];
    let reply = market.alice.get("account", &params).await;
    assert_refused(&reply, "no flag", &mandatory("omitZeroBalances"));
    assert_eq!(market.state().await, before);
}

/// A good cancellation of all orders, to be spoilt.
fn cancel_all(timestamp: u64) -> String {
    format!("symbol=BTCUSDT&timestamp={timestamp}")
}

#[tokio::test]
async fn requests_that_are_not_signed_as_they_must_be() {
    let dir = new_dir();
    let market = Market::open(dir.path()).await;
    let before = market.state().await;
    let (alice, bob) = (&market.alice, &market.bob);
    let path = "openOrders";
    let ask = async |query: String| send(alice.keyed(Method::DELETE, path, &query, "")).await;
    let now = now_millis;
    let owned = |(code, msg): (i64, &str)| (code, msg.to_owned());

    // What the client signs; each is signed correctly.
    for (what, payload, expected) in [
        ("a stale request", cancel_all(now() - 6_000), owned(STALE)),
        ("an ancient request", cancel_all(1), owned(STALE)),
        (
            "a stale request of a short window",
            format!("{}&recvWindow=10", cancel_all(now() - 1_000)),
            owned(STALE),
        ),
        (
            "a request from the future",
            cancel_all(now() + 120_000),
            owned(AHEAD),
        ),
        ("the end of time", cancel_all(u64::MAX), owned(AHEAD)),
        (
            "a window that is too long",
            format!("{}&recvWindow=60001", cancel_all(now())),
            (-1131, "recvWindow must be less than 60000.".into()),
        ),
        (
            "a window that is no number",
            format!("{}&recvWindow=1e3", cancel_all(now())),
            mandatory("recvWindow"),
        ),
        (
            "no timestamp",
            "symbol=BTCUSDT".into(),
            mandatory("timestamp"),
        ),
        (
            "a timestamp that is no number",
            "symbol=BTCUSDT&timestamp=NaN".into(),
            mandatory("timestamp"),
        ),
    ] {
        let signature = alice.sign(payload.as_bytes());
        let reply = ask(format!("{payload}&signature={signature}")).await;
        assert_refused(&reply, what, &expected);
    }

    let payload = || cancel_all(now());
    let missing = ask(payload()).await;
    assert_refused(&missing, "no signature", &mandatory("signature"));
    let empty = ask(format!("{}&signature=", payload())).await;
    assert_refused(&empty, "an empty signature", &mandatory("signature"));
    let good = payload();
    let signature = alice.sign(good.as_bytes());
    for (what, query) in [
        (
            "no hexadecimal",
            format!("{good}&signature=not-a-signature"),
        ),
        ("zeros", format!("{good}&signature={}", "0".repeat(64))),
        (
            "a digit less",
            format!("{good}&signature={}", &signature[1..]),
        ),
        (
            "the secret of somebody else",
            format!("{good}&signature={}", bob.sign(good.as_bytes())),
        ),
        (
            "a tampered parameter",
            format!("{}&signature={signature}", good.replace("BTC", "ETH")),
        ),
        (
            "an added parameter",
            format!("{good}&orderId=1&signature={signature}"),
        ),
        (
            "parameters in another order",
            format!(
                "timestamp={}&symbol=BTCUSDT&signature={signature}",
                &good["symbol=BTCUSDT&timestamp=".len()..]
            ),
        ),
        (
            "another encoding of the same",
            format!("{}&signature={signature}", good.replace("USDT", "%55SDT")),
        ),
    ] {
        assert_refused(&ask(query).await, what, &BAD_SIGNATURE);
    }
    let tampered_body = alice.keyed(
        Method::DELETE,
        path,
        &format!("{good}&signature={signature}"),
        "newClientOrderId=x",
    );
    let reply = send(tampered_body).await;
    assert_refused(&reply, "an added body", &BAD_SIGNATURE);

    let url = format!("/api/v3/{path}?{good}&signature={signature}");
    for (key, expected) in [
        (None, BAD_KEY),
        (Some(""), BAD_KEY),
        (Some("not a key!"), BAD_KEY),
        (Some("nosuchkey"), UNKNOWN_KEY),
        (Some(&*"A".repeat(64)), UNKNOWN_KEY),
        (Some(&*"A".repeat(10_000)), UNKNOWN_KEY),
    ] {
        for method in [Method::GET, Method::DELETE] {
            let mut request = alice.http.request(method, &url);
            if let Some(key) = key {
                request = request.header("X-MBX-APIKEY", key);
            }
            let mut what = format!("the key {key:?}");
            what.truncate(60);
            assert_refused(&send(request).await, &what, &expected);
        }
    }
    assert_eq!(market.state().await, before);

    // The good one was good all along.
    let good = payload();
    let signature = alice.sign(good.as_bytes());
    let cancelled = ask(format!("{good}&signature={signature}")).await.ok();
    assert_eq!(cancelled[0]["orderId"], market.bid["orderId"]);
}

#[tokio::test]
async fn public_requests_that_make_no_sense() {
    let dir = new_dir();
    let market = Market::open(dir.path()).await;
    let before = market.state().await;
    let http = market.server.http();
    let owned = |(code, msg): (i64, &str)| (code, msg.to_owned());
    let both = (
        -1128,
        "Combination of optional parameters invalid. Recommendation: 'symbol' or 'symbols', not \
         both."
            .to_owned(),
    );
    let symbols = || {
        illegal(
            "symbols",
            r#"^\["[A-Z0-9]{1,20}"(,"[A-Z0-9]{1,20}"){0,}\]$"#,
        )
    };
    let interval = || (-1120, "Invalid interval.".to_owned());
    for (path, expected) in [
        ("depth", mandatory("symbol")),
        ("depth?symbol=", mandatory("symbol")),
        ("depth?symbol=NOSUCH", owned(INVALID_SYMBOL)),
        ("depth?symbol=%FF%FE", owned(INVALID_SYMBOL)),
        ("depth?symbol=%ZZ", owned(INVALID_SYMBOL)),
        ("depth?symbol=%", owned(INVALID_SYMBOL)),
        ("depth?symbol=BTCUSDT&limit=0", mandatory("limit")),
        ("depth?symbol=BTCUSDT&limit=-1", mandatory("limit")),
        ("depth?symbol=BTCUSDT&limit=1e2", mandatory("limit")),
        (
            "depth?symbol=BTCUSDT&limit=18446744073709551616",
            mandatory("limit"),
        ),
        ("trades", mandatory("symbol")),
        ("trades?symbol=BTCUSDT&fromId=x", mandatory("fromId")),
        ("klines?symbol=BTCUSDT", mandatory("interval")),
        ("klines?symbol=BTCUSDT&interval=2m", interval()),
        ("klines?symbol=BTCUSDT&interval=1Y", interval()),
        (
            "klines?symbol=BTCUSDT&interval=1m&startTime=now",
            mandatory("startTime"),
        ),
        (
            "klines?symbol=BTCUSDT&interval=1m&endTime=-1",
            mandatory("endTime"),
        ),
        ("ticker/price?symbol=NOSUCH", owned(INVALID_SYMBOL)),
        (
            "ticker/price?symbols=%5B%22NOSUCH%22%5D",
            owned(INVALID_SYMBOL),
        ),
        ("ticker/price?symbols=BTCUSDT", symbols()),
        ("ticker/24hr?symbols=%5B1%5D", symbols()),
        ("ticker/bookTicker?symbols=%5B", symbols()),
        (
            "ticker/price?symbol=BTCUSDT&symbols=%5B%22BTCUSDT%22%5D",
            both.clone(),
        ),
        ("exchangeInfo?symbol=NOSUCH", owned(INVALID_SYMBOL)),
    ] {
        let reply = http.get(&format!("/api/v3/{path}")).await;
        assert_refused(&reply, path, &expected);
    }
    // The largest numbers there are.
    let most = u64::MAX;
    for path in [
        format!("klines?symbol=BTCUSDT&interval=1d&startTime={most}&endTime={most}&limit={most}"),
        format!("trades?symbol=BTCUSDT&fromId={most}&limit={most}"),
        format!("depth?symbol=BTCUSDT&limit={most}"),
    ] {
        http.json(&format!("/api/v3/{path}")).await;
    }
    assert_eq!(market.state().await, before);
}

#[tokio::test]
async fn requests_that_are_hardly_http() {
    let dir = new_dir();
    let market = Market::open(dir.path()).await;
    let before = market.state().await;
    let http = market.server.http();

    for path in [
        "/nosuch",
        "/api/v3/nosuch",
        "/api/v3/order/",
        "/api/v4/ping",
        "/v1",
    ] {
        let reply = http.get(path).await;
        reply.assert_refused(path, 404, -1000, "No such path.");
    }
    for (method, path) in [
        (Method::POST, "/api/v3/depth"),
        (Method::PUT, "/api/v3/order"),
        (Method::PATCH, "/api/v3/openOrders"),
        (Method::GET, "/v1/login"),
        (Method::POST, "/ws"),
    ] {
        let reply = send(http.request(method, path)).await;
        let msg = "This path does not take this method.";
        reply.assert_refused(path, 405, -1000, msg);
    }
    for path in ["/ws", "/ws/btcusdt@trade", "/stream?streams=btcusdt@trade"] {
        let reply = http.get(path).await;
        assert!((400..500).contains(&reply.status), "{path}: {reply}");
        assert_eq!(reply.json()["code"], -1100, "{path}: {reply}");
    }

    let large = "x".repeat(64 * 1024 + 1);
    let msg = "The request body is too large.";
    for path in ["/v1/register", "/v1/login"] {
        let reply = send(http.request(Method::POST, path).body(large.clone())).await;
        reply.assert_refused(path, 413, -1100, msg);
    }
    let order = market.alice.keyed(Method::POST, "order", "", &large);
    send(order)
        .await
        .assert_refused("a large order", 413, -1100, msg);
    let keys = market.alice.http.request(Method::POST, "/v1/api-keys");
    let keys = keys.bearer_auth(&market.alice.token).body(large.clone());
    send(keys)
        .await
        .assert_refused("a large label", 413, -1100, msg);

    // A body that is no form has none of the parameters; what it has is signed as received.
    for body in [
        &b"{\"symbol\":\"BTCUSDT\"}"[..],
        b"%",
        b"%ZZ=%&&&==",
        b"\xff\xfe\x00",
        b"symbol=%FF",
    ] {
        let query = format!("timestamp={}&recvWindow=60000", now_millis());
        let payload = [query.as_bytes(), body].concat();
        let query = format!("{query}&signature={}", market.alice.sign(&payload));
        let request = market.alice.keyed(Method::DELETE, "openOrders", &query, "");
        let reply = send(request.body(body)).await;
        let what = String::from_utf8_lossy(body).into_owned();
        assert_eq!(reply.status, 400, "{what}: {reply}");
        let expected = match body {
            b"symbol=%FF" => -1121,
            b"%ZZ=%&&&==" => -1102,
            // No pair begins where the query ends.
            _ => -1022,
        };
        assert_eq!(reply.json()["code"], expected, "{what}: {reply}");
    }

    // These are refused before there is a request to answer in JSON.
    let endless = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "A".repeat(70_000));
    for request in [
        endless.as_bytes(),
        b"GET /api/v3/depth?symbol=\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n",
        b"NONSENSE\r\n\r\n",
    ] {
        let reply = http.raw(request).await;
        assert!((400..500).contains(&reply.status), "{reply}");
    }
    // The key in a header that is no text.
    let key = b"GET /api/v3/account HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: \xff\xfe\r\n\
                Connection: close\r\n\r\n";
    assert_refused(&http.raw(key).await, "a key that is no text", &BAD_KEY);
    assert_eq!(market.state().await, before);
}

#[tokio::test]
async fn clients_that_ask_too_much() {
    let dir = new_dir();
    let config = dir.path().join("exchange.toml");
    let sample = include_str!("../../exchange.sample.toml")
        .replace("orders_per_10_seconds = 1000", "orders_per_10_seconds = 3")
        .replace(
            "request_weight_per_minute = 60000",
            "request_weight_per_minute = 300",
        );
    std::fs::write(&config, sample).expect("the directory can be written");
    let data = dir.path().join("data");
    let config = config.to_str().expect("a temporary path is text");
    let server = Server::start(&data, &["--faucet", "--config", config]).await;
    let alice = Trader::join(&server, "alice").await;
    let order = order_with(&[]);
    // Four orders fall into one window of ten seconds, or the fourth into the next one: then
    // seven do.
    let mut refused = None;
    for _ in 0..7 {
        let reply = alice.post("order", &order).await;
        if reply.status == 429 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("three orders are the limit");
    let msg = "Too many new orders; current limit is 3 orders per 10 SECOND.";
    refused.assert_refused("too many orders", 429, -1015, msg);
    let seconds = |reply: &Reply| {
        let seconds = reply.header("retry-after")?;
        seconds.parse::<u64>().ok()
    };
    assert!(seconds(&refused).is_some_and(|wait| (1..=10).contains(&wait)));

    let mut refused = None;
    for _ in 0..10 {
        let reply = server.http().get("/api/v3/ticker/24hr").await;
        if reply.status == 429 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("300 a minute are the limit");
    let msg = "Too much request weight used; current limit is 300 request weight per 1 MINUTE.";
    refused.assert_refused("too many requests", 429, -1003, msg);
    assert!(seconds(&refused).is_some_and(|wait| (1..=60).contains(&wait)));
    // Whether it lives is free to ask.
    assert_eq!(server.http().get("/healthz").await.status, 200);
}
