//! What a trader does first, from registration to the last cancellation. All amounts are worked
//! out by hand; fees are a thousandth of what is received, rounded down.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::http::send;
use crate::harness::shape::{D, F, I, INSTRUMENT, Kind, L, T, assert_shape};
use crate::harness::{Http, Server, Trader, Where, list, new_dir, number, text};

/// What every answer about an order says of it.
const ORDER_STATE: &[(&str, Kind)] = &[
    ("symbol", T),
    ("orderId", I),
    ("orderListId", I),
    ("clientOrderId", T),
    ("price", D),
    ("origQty", D),
    ("executedQty", D),
    ("origQuoteOrderQty", D),
    ("cummulativeQuoteQty", D),
    ("status", T),
    ("timeInForce", T),
    ("type", T),
    ("side", T),
    ("selfTradePreventionMode", T),
];

const ACK: &[(&str, Kind)] = &[
    ("symbol", T),
    ("orderId", I),
    ("orderListId", I),
    ("clientOrderId", T),
    ("transactTime", I),
];

const FILL: &[(&str, Kind)] = &[
    ("price", D),
    ("qty", D),
    ("commission", D),
    ("commissionAsset", T),
    ("tradeId", I),
];

const OWN_TRADE: &[(&str, Kind)] = &[
    ("symbol", T),
    ("id", I),
    ("orderId", I),
    ("orderListId", I),
    ("price", D),
    ("qty", D),
    ("quoteQty", D),
    ("commission", D),
    ("commissionAsset", T),
    ("time", I),
    ("isBuyer", F),
    ("isMaker", F),
    ("isBestMatch", F),
];

const ACCOUNT: &[(&str, Kind)] = &[
    ("makerCommission", I),
    ("takerCommission", I),
    ("buyerCommission", I),
    ("sellerCommission", I),
    ("canTrade", F),
    ("canWithdraw", F),
    ("canDeposit", F),
    ("brokered", F),
    ("requireSelfTradePrevention", F),
    ("preventSor", F),
    ("updateTime", I),
    ("accountType", T),
    ("balances", L),
    ("permissions", L),
    ("uid", I),
];

const EXCHANGE_INFO: &[(&str, Kind)] = &[
    ("timezone", T),
    ("serverTime", I),
    ("rateLimits", L),
    ("exchangeFilters", L),
    ("symbols", L),
];

fn with<'a>(fields: &[(&'a str, Kind)], more: &[(&'a str, Kind)]) -> Vec<(&'a str, Kind)> {
    [fields, more].concat()
}

fn assert_placed_in_full(order: &Value) {
    let shape = with(
        ORDER_STATE,
        &[("transactTime", I), ("workingTime", I), ("fills", L)],
    );
    assert_shape("a placed order", order, &shape);
    for fill in list(&order["fills"]) {
        assert_shape("a fill of a placed order", fill, FILL);
    }
}

fn assert_queried(order: &Value) {
    let shape = with(
        ORDER_STATE,
        &[
            ("stopPrice", D),
            ("icebergQty", D),
            ("time", I),
            ("updateTime", I),
            ("isWorking", F),
            ("workingTime", I),
        ],
    );
    assert_shape("an order", order, &shape);
}

fn assert_cancelled(order: &Value) {
    let shape = with(
        ORDER_STATE,
        &[("origClientOrderId", T), ("transactTime", I)],
    );
    assert_shape("a cancelled order", order, &shape);
    assert_eq!(order["status"], "CANCELED");
}

/// Asserts what has become of an order: status, executed quantity, and what that cost.
fn assert_order(order: &Value, status: &str, executed: &str, cost: &str) {
    assert_eq!(
        (
            text(order, "status"),
            text(order, "executedQty"),
            text(order, "cummulativeQuoteQty"),
        ),
        (status, executed, cost),
        "{order}"
    );
}

/// Asserts what is free and what is locked.
async fn assert_balance(trader: &Trader, asset: &str, free: &str, locked: &str) {
    let balance = trader.balance(asset).await;
    let expected = (free.to_owned(), locked.to_owned());
    assert_eq!(balance, expected, "{asset} of {}", trader.name);
}

/// Alice has 1000 USDT, Bob has 1 BTC.
async fn alice_and_bob(server: &Server) -> (Trader, Trader) {
    tokio::join!(
        Trader::funded(server, "alice", &[("USDT", "1000")]),
        Trader::funded(server, "bob", &[("BTC", "1")]),
    )
}

#[tokio::test]
async fn what_is_listed() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let http = server.http();
    assert_eq!(http.json("/api/v3/ping").await, json!({}));
    let time = http.json("/api/v3/time").await;
    assert_shape("the time", &time, &[("serverTime", I)]);

    let info = http.json("/api/v3/exchangeInfo").await;
    assert_shape("exchangeInfo", &info, EXCHANGE_INFO);
    assert_eq!(info["timezone"], "UTC");
    let limit = [
        ("rateLimitType", T),
        ("interval", T),
        ("intervalNum", I),
        ("limit", I),
    ];
    for rate_limit in list(&info["rateLimits"]) {
        assert_shape("a rate limit", rate_limit, &limit);
    }
    let symbols = list(&info["symbols"]);
    let names: Vec<_> = symbols.iter().map(|one| text(one, "symbol")).collect();
    assert_eq!(names, ["BTCUSDT", "ETHUSDT", "ETHBTC"]);
    for symbol in symbols {
        assert_shape("a symbol", symbol, INSTRUMENT);
        assert_eq!(symbol["permissionSets"], json!([["SPOT"]]));
        assert_eq!(
            symbol["orderTypes"],
            json!(["LIMIT", "LIMIT_MAKER", "MARKET"])
        );
    }
    let filters = list(&symbols[0]["filters"]);
    assert_eq!(
        filters[0],
        json!({
            "filterType": "PRICE_FILTER",
            "minPrice": "0.01000000",
            "maxPrice": "1000000.00000000",
            "tickSize": "0.01000000",
        })
    );
    assert_eq!(
        filters[1],
        json!({
            "filterType": "LOT_SIZE",
            "minQty": "0.00001000",
            "maxQty": "9000.00000000",
            "stepSize": "0.00001000",
        })
    );
    let mut filters = filters.iter();
    let notional = filters.find(|filter| filter["filterType"] == "NOTIONAL");
    let notional = notional.expect("orders have a least value");
    assert_eq!(text(notional, "minNotional"), "5.00000000");
    assert_eq!(text(notional, "maxNotional"), "9000000000.00000000");

    let one = http.json("/api/v3/exchangeInfo?symbol=ETHBTC").await;
    assert_eq!(one["symbols"], json!([symbols[2]]));
    let two = "/api/v3/exchangeInfo?symbols=%5B%22ETHBTC%22%2C%22BTCUSDT%22%5D";
    let two = http.json(two).await;
    assert_eq!(two["symbols"], json!([symbols[2], symbols[0]]));
}

#[tokio::test]
async fn from_registration_to_cancellation() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    let (alice, bob) = alice_and_bob(&server).await;

    let account = alice.account().await;
    assert_shape("an account", &account, ACCOUNT);
    assert_eq!(account["accountType"], "SPOT");
    assert_eq!(account["permissions"], json!(["SPOT"]));
    assert_eq!(account["makerCommission"], 10);
    assert_eq!(
        account["balances"],
        json!([
            { "asset": "BTC", "free": "0.00000000", "locked": "0.00000000" },
            { "asset": "ETH", "free": "0.00000000", "locked": "0.00000000" },
            { "asset": "USDT", "free": "1000.00000000", "locked": "0.00000000" },
        ])
    );
    let params = [("omitZeroBalances", "true")];
    let own = alice.get("account", &params).await.ok();
    assert_eq!(
        own["balances"],
        json!([{ "asset": "USDT", "free": "1000.00000000", "locked": "0.00000000" }])
    );

    let resting = a_bid_rests(&alice).await;
    it_is_crossed(&alice, &bob, &resting).await;
    a_market_order_takes_more(&alice, &bob, &resting).await;
    an_ioc_order_takes_the_rest(&alice, &bob, &resting).await;
    fok_orders_fill_whole_or_not_at_all(&alice, &bob).await;
    post_only_orders_rest_or_are_refused(&alice, &bob).await;
    orders_are_cancelled_one_by_one_and_all_at_once(&alice).await;

    // 0.011 BTC was bought for 550.0001 USDT, less the fees on each fill.
    assert_balance(&alice, "BTC", "0.01098900", "0.00000000").await;
    assert_balance(&alice, "USDT", "449.99990000", "0.00000000").await;
    assert_balance(&bob, "BTC", "0.98900000", "0.00000000").await;
    assert_balance(&bob, "USDT", "549.45009991", "0.00000000").await;
    assert_own_trades_mirror(&http, &alice, &bob).await;
}

/// 0.01 BTC at 50000.01 locks 500.0001 USDT.
async fn a_bid_rests(alice: &Trader) -> Value {
    let params = [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("price", "50000.01"),
        ("quantity", "0.01"),
        ("newClientOrderId", "my-first:bid"),
    ];
    let reply = alice.post("order", &params).await;
    let resting = reply.ok();
    assert_eq!(reply.header("x-mbx-order-count-10s"), Some("1"));
    assert_eq!(reply.header("x-mbx-order-count-1d"), Some("1"));
    assert_placed_in_full(&resting);
    assert_eq!(resting["fills"], json!([]));
    assert_order(&resting, "NEW", "0.00000000", "0.00000000");
    for (field, expected) in [
        ("symbol", "BTCUSDT"),
        ("clientOrderId", "my-first:bid"),
        ("price", "50000.01000000"),
        ("origQty", "0.01000000"),
        ("timeInForce", "GTC"),
        ("type", "LIMIT"),
        ("side", "BUY"),
    ] {
        assert_eq!(text(&resting, field), expected, "{field}");
    }
    assert_eq!(resting["orderListId"], -1);
    assert_balance(alice, "USDT", "499.99990000", "500.00010000").await;

    let open = alice.open_orders().await;
    assert_eq!(list(&open).len(), 1);
    assert_queried(&open[0]);
    assert_eq!(open[0]["orderId"], resting["orderId"]);
    let same = alice.order("BTCUSDT", number(&resting, "orderId")).await;
    assert_eq!(same, open[0]);
    let named = [("symbol", "BTCUSDT"), ("origClientOrderId", "my-first:bid")];
    assert_eq!(alice.get("order", &named).await.ok(), open[0]);
    let elsewhere = [("symbol", "ETHUSDT")];
    let none = alice.get("openOrders", &elsewhere).await.ok();
    assert_eq!(none, json!([]));
    resting
}

/// 0.00013 BTC at Alice's price are 6.5000013 USDT. Fees: 13 satoshi and 0.0065000013 USDT, of
/// which the last two digits are dropped.
async fn it_is_crossed(alice: &Trader, bob: &Trader, resting: &Value) {
    let taken = bob.limit("BTCUSDT", "SELL", "50000", "0.00013").await;
    assert_placed_in_full(&taken);
    assert_order(&taken, "FILLED", "0.00013000", "6.50000130");
    assert_eq!(text(&taken, "price"), "50000.00000000");
    let fill = &taken["fills"][0];
    assert_eq!(text(fill, "price"), "50000.01000000");
    assert_eq!(text(fill, "qty"), "0.00013000");
    assert_eq!(text(fill, "commission"), "0.00650000");
    assert_eq!(text(fill, "commissionAsset"), "USDT");

    assert_balance(alice, "BTC", "0.00012987", "0.00000000").await;
    assert_balance(alice, "USDT", "499.99990000", "493.50009870").await;
    assert_balance(bob, "BTC", "0.99987000", "0.00000000").await;
    assert_balance(bob, "USDT", "6.49350130", "0.00000000").await;
    let now = alice.order("BTCUSDT", number(resting, "orderId")).await;
    assert_order(&now, "PARTIALLY_FILLED", "0.00013000", "6.50000130");

    for (trader, order, is_buyer, is_maker, commission, asset) in [
        (alice, resting, true, true, "0.00000013", "BTC"),
        (bob, &taken, false, false, "0.00650000", "USDT"),
    ] {
        let trades = trader.fills("BTCUSDT").await;
        assert_eq!(trades.len(), 1);
        let trade = &trades[0];
        assert_shape("an own trade", trade, OWN_TRADE);
        assert_eq!(trade["id"], fill["tradeId"]);
        assert_eq!(trade["orderId"], order["orderId"]);
        assert_eq!(trade["isBuyer"], is_buyer);
        assert_eq!(trade["isMaker"], is_maker);
        assert_eq!(text(trade, "price"), "50000.01000000");
        assert_eq!(text(trade, "qty"), "0.00013000");
        assert_eq!(text(trade, "quoteQty"), "6.50000130");
        assert_eq!(text(trade, "commission"), commission);
        assert_eq!(text(trade, "commissionAsset"), asset);
        assert_eq!(trade["time"], taken["transactTime"]);
    }
}

async fn a_market_order_takes_more(alice: &Trader, bob: &Trader, resting: &Value) {
    let taken = bob.market("BTCUSDT", "SELL", "0.002").await;
    assert_placed_in_full(&taken);
    assert_order(&taken, "FILLED", "0.00200000", "100.00002000");
    assert_eq!(text(&taken, "type"), "MARKET");
    assert_eq!(text(&taken, "price"), "0.00000000");
    assert_eq!(text(&taken["fills"][0], "commission"), "0.10000002");
    assert_balance(alice, "BTC", "0.00212787", "0.00000000").await;
    assert_balance(bob, "USDT", "106.39352128", "0.00000000").await;
    let now = alice.order("BTCUSDT", number(resting, "orderId")).await;
    assert_order(&now, "PARTIALLY_FILLED", "0.00213000", "106.50002130");
}

async fn an_ioc_order_takes_the_rest(alice: &Trader, bob: &Trader, resting: &Value) {
    let taken = bob
        .limit_with("BTCUSDT", "SELL", "50000", "0.02", "IOC")
        .await;
    assert_order(&taken, "EXPIRED", "0.00787000", "393.50007870");
    assert_eq!(text(&taken, "timeInForce"), "IOC");
    let filled = alice.order("BTCUSDT", number(resting, "orderId")).await;
    assert_order(&filled, "FILLED", "0.01000000", "500.00010000");
    assert_eq!(alice.open_orders().await, json!([]));
    assert_balance(alice, "BTC", "0.00999000", "0.00000000").await;
    assert_balance(alice, "USDT", "499.99990000", "0.00000000").await;
    assert_balance(bob, "BTC", "0.99000000", "0.00000000").await;
    assert_balance(bob, "USDT", "499.50009991", "0.00000000").await;
}

async fn fok_orders_fill_whole_or_not_at_all(alice: &Trader, bob: &Trader) {
    alice.limit("BTCUSDT", "BUY", "50000", "0.001").await;
    let too_much = bob
        .limit_with("BTCUSDT", "SELL", "50000", "0.0011", "FOK")
        .await;
    assert_order(&too_much, "EXPIRED", "0.00000000", "0.00000000");
    assert_eq!(too_much["fills"], json!([]));
    let all = bob
        .limit_with("BTCUSDT", "SELL", "50000", "0.001", "FOK")
        .await;
    assert_order(&all, "FILLED", "0.00100000", "50.00000000");
    // Nobody is there any more: what a market order cannot fill, expires.
    let nothing = bob.market("BTCUSDT", "SELL", "0.001").await;
    assert_order(&nothing, "EXPIRED", "0.00000000", "0.00000000");
    assert_eq!(bob.open_orders().await, json!([]));
}

async fn post_only_orders_rest_or_are_refused(alice: &Trader, bob: &Trader) {
    let params = [
        ("symbol", "BTCUSDT"),
        ("side", "SELL"),
        ("type", "LIMIT_MAKER"),
        ("price", "51000"),
        ("quantity", "0.01"),
    ];
    let ack = bob.post("order", &params).await.ok();
    assert_shape("an acknowledged order", &ack, ACK);
    let order = bob.order("BTCUSDT", number(&ack, "orderId")).await;
    assert_order(&order, "NEW", "0.00000000", "0.00000000");
    assert_eq!(text(&order, "type"), "LIMIT_MAKER");
    assert_balance(bob, "BTC", "0.97900000", "0.01000000").await;

    let mut crossing = params;
    (crossing[1].1, crossing[4].1) = ("BUY", "0.001");
    let reply = alice.post("order", &crossing).await;
    let msg = "Order would immediately match and take.";
    reply.assert_refused("a post-only order that crosses", 400, -2010, msg);

    let cancelled = bob.cancel("BTCUSDT", &ack).await;
    assert_cancelled(&cancelled);
    assert_eq!(cancelled["origClientOrderId"], order["clientOrderId"]);
    assert_eq!(cancelled["orderId"], ack["orderId"]);
    let now = bob.order("BTCUSDT", number(&ack, "orderId")).await;
    assert_order(&now, "CANCELED", "0.00000000", "0.00000000");
}

async fn orders_are_cancelled_one_by_one_and_all_at_once(alice: &Trader) {
    let named = [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("price", "10000"),
        ("quantity", "0.001"),
        ("newClientOrderId", "by-name"),
    ];
    let first = alice.post("order", &named).await.ok();
    let by_name = [
        ("symbol", "BTCUSDT"),
        ("origClientOrderId", "by-name"),
        ("newClientOrderId", "the-cancellation"),
    ];
    let cancelled = alice.delete("order", &by_name).await.ok();
    assert_cancelled(&cancelled);
    assert_eq!(cancelled["orderId"], first["orderId"]);
    assert_eq!(cancelled["clientOrderId"], "the-cancellation");
    assert_eq!(cancelled["origClientOrderId"], "by-name");
    let found = alice.get("order", &by_name[..2]).await.ok();
    assert_eq!(found["orderId"], first["orderId"]);
    assert_eq!(found["status"], "CANCELED");
    let second = alice.limit("BTCUSDT", "BUY", "10001", "0.001").await;

    let third = alice.limit("BTCUSDT", "BUY", "10002", "0.002").await;
    let elsewhere = alice.limit("ETHUSDT", "BUY", "1000", "0.01").await;
    // 10.001 + 20.004 + 10
    assert_balance(alice, "USDT", "409.99490000", "40.00500000").await;
    let only = [("symbol", "BTCUSDT")];
    let cancelled = alice.delete("openOrders", &only).await.ok();
    let ids: Vec<_> = list(&cancelled).iter().map(|one| &one["orderId"]).collect();
    assert_eq!(ids, [&second["orderId"], &third["orderId"]]);
    list(&cancelled).iter().for_each(assert_cancelled);
    let left = alice.open_orders().await;
    assert_eq!(list(&left).len(), 1);
    assert_eq!(left[0]["orderId"], elsewhere["orderId"]);
    let nothing = alice.delete("openOrders", &only).await;
    nothing.assert_refused("nothing to cancel", 400, -2011, "Unknown order sent.");
    alice.cancel("ETHUSDT", &elsewhere).await;
    assert_eq!(alice.open_orders().await, json!([]));
}

/// Every trade is there once on each side, and once in public.
async fn assert_own_trades_mirror(http: &Http, alice: &Trader, bob: &Trader) {
    let (bought, sold) = (alice.fills("BTCUSDT").await, bob.fills("BTCUSDT").await);
    let public = http.json("/api/v3/trades?symbol=BTCUSDT").await;
    let public = list(&public);
    assert_eq!((bought.len(), sold.len(), public.len()), (4, 4, 4));
    for ((bought, sold), public) in bought.iter().zip(&sold).zip(public) {
        for field in ["id", "price", "qty", "quoteQty", "time"] {
            assert_eq!(bought[field], sold[field], "{field}");
            assert_eq!(bought[field], public[field], "{field}");
        }
        assert_eq!(
            (&bought["isBuyer"], &sold["isBuyer"]),
            (&json!(true), &json!(false))
        );
    }
    let second = sold[1]["id"].to_string();
    let from_second = [("symbol", "BTCUSDT"), ("fromId", &second), ("limit", "2")];
    let page = bob.get("myTrades", &from_second).await.ok();
    assert_eq!(list(&page), &sold[1..3]);
    let newest = [("symbol", "BTCUSDT"), ("limit", "1")];
    let page = bob.get("myTrades", &newest).await.ok();
    assert_eq!(list(&page), &sold[3..]);
    let order = sold[2]["orderId"].to_string();
    let of_order = [("symbol", "BTCUSDT"), ("orderId", &order)];
    let page = bob.get("myTrades", &of_order).await.ok();
    assert_eq!(list(&page), &sold[2..3]);
}

#[tokio::test]
async fn parameters_may_come_in_query_body_or_both() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    for place in [Where::Query, Where::Body, Where::Both] {
        let order = [
            ("symbol", "BTCUSDT"),
            ("side", "BUY"),
            ("type", "LIMIT"),
            ("timeInForce", "GTC"),
            ("price", "10000"),
            ("quantity", "0.001"),
        ];
        let request = alice.signed(Method::POST, "order", &order, place);
        let placed = send(request).await.ok();
        let id = placed["orderId"].to_string();
        let by_id = [("symbol", "BTCUSDT"), ("orderId", id.as_str())];
        let request = alice.signed(Method::DELETE, "order", &by_id, place);
        let cancelled = send(request).await.ok();
        assert_eq!(cancelled["orderId"], placed["orderId"], "{place:?}");
    }
    // Where both have one, the query wins.
    let body = "symbol=NOSUCH";
    let timestamp = crate::harness::now_millis();
    let query = format!("symbol=BTCUSDT&recvWindow=60000&timestamp={timestamp}");
    let signature = alice.sign(format!("{query}{body}").as_bytes());
    let query = format!("{query}&signature={}", signature.to_ascii_uppercase());
    let request = alice.keyed(Method::DELETE, "openOrders", &query, body);
    let reply = send(request).await;
    reply.assert_refused("nothing to cancel", 400, -2011, "Unknown order sent.");
    // Some clients label the empty body of a GET as JSON.
    let request = alice.signed(Method::GET, "openOrders", &[], Where::Query);
    let request = request.header("Content-Type", "application/json");
    assert_eq!(send(request).await.ok(), json!([]));
}

#[tokio::test]
async fn an_order_is_answered_as_fully_as_asked_for() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    let result = with(ORDER_STATE, &[("transactTime", I), ("workingTime", I)]);
    let full = with(&result, &[("fills", L)]);
    for (response, shape) in [("ACK", ACK), ("RESULT", &result), ("FULL", &full)] {
        let params = [
            ("symbol", "BTCUSDT"),
            ("side", "BUY"),
            ("type", "LIMIT"),
            ("timeInForce", "GTC"),
            ("price", "10000"),
            ("quantity", "0.001"),
            ("newOrderRespType", response),
        ];
        let placed = alice.post("order", &params).await.ok();
        assert_shape(response, &placed, shape);
        let tested = alice.post("order/test", &params).await.ok();
        assert_eq!(tested, json!({}));
    }
    // Only orders stay, not the tests.
    assert_eq!(list(&alice.open_orders().await).len(), 3);
}
