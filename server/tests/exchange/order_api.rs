//! Orders beyond the plain ones, and what else can be asked about orders. Amounts are worked out by
//! hand; fees are a thousandth of what is received.

mod changing;
mod looking;
mod replacing;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::http::send;
use crate::harness::{Reply, Server, Trader, Where, list, new_dir, number, text};

const BTC: (&str, &str) = ("symbol", "BTCUSDT");

/// A request with parameters as in a URL, about bitcoins.
async fn ask(trader: &Trader, method: Method, path: &str, params: &str) -> Reply {
    let params = params.split('&').filter_map(|pair| pair.split_once('='));
    let params: Vec<_> = std::iter::once(BTC).chain(params).collect();
    send(trader.signed(method, path, &params, Where::Query)).await
}

async fn place(trader: &Trader, params: &str) -> Reply {
    ask(trader, Method::POST, "order", params).await
}

/// Places an order; what it is answered with.
async fn placed(trader: &Trader, params: &str) -> Value {
    place(trader, params).await.ok()
}

/// The order as it is now.
async fn now(trader: &Trader, order: &Value) -> Value {
    trader.order("BTCUSDT", number(order, "orderId")).await
}

async fn best_offer(server: &Server) -> Value {
    let depth = server.http().json("/api/v3/depth?symbol=BTCUSDT").await;
    depth["asks"][0].clone()
}

fn assert_fields(value: &Value, expected: &[(&str, &str)]) {
    for (name, expected) in expected {
        assert_eq!(text(value, name), *expected, "{name} of {value}");
    }
}

/// Three traders who have both assets.
async fn open(server: &Server) -> (Trader, Trader, Trader) {
    let money = [("USDT", "10000"), ("BTC", "1")];
    tokio::join!(
        Trader::funded(server, "alice", &money),
        Trader::funded(server, "bob", &money),
        Trader::funded(server, "carol", &money),
    )
}

#[tokio::test]
async fn an_iceberg_shows_one_part_after_the_other() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob, carol) = open(&server).await;
    let iceberg = "side=SELL&type=LIMIT&timeInForce=GTC&price=50000&quantity=0.01&icebergQty=0.003";
    let iceberg = placed(&bob, iceberg).await;
    assert_fields(
        &iceberg,
        &[("icebergQty", "0.00300000"), ("origQty", "0.01000000")],
    );
    assert_eq!(
        best_offer(&server).await,
        json!(["50000.00000000", "0.00300000"])
    );
    let behind = carol.limit("BTCUSDT", "SELL", "50000", "0.001").await;
    assert_eq!(
        best_offer(&server).await,
        json!(["50000.00000000", "0.00400000"])
    );

    // The first part is gone; the next one is behind Carol's.
    alice.market("BTCUSDT", "BUY", "0.003").await;
    assert_eq!(
        best_offer(&server).await,
        json!(["50000.00000000", "0.00400000"])
    );
    assert_fields(&now(&bob, &iceberg).await, &[("executedQty", "0.00300000")]);
    alice.market("BTCUSDT", "BUY", "0.001").await;
    assert_fields(&now(&carol, &behind).await, &[("status", "FILLED")]);
    assert_eq!(
        best_offer(&server).await,
        json!(["50000.00000000", "0.00300000"])
    );

    // Who takes more takes what is hidden, too.
    alice.market("BTCUSDT", "BUY", "0.006").await;
    assert_eq!(
        best_offer(&server).await,
        json!(["50000.00000000", "0.00100000"])
    );
    let left = now(&bob, &iceberg).await;
    let state = [
        ("status", "PARTIALLY_FILLED"),
        ("executedQty", "0.00900000"),
        ("icebergQty", "0.00300000"),
    ];
    assert_fields(&left, &state);
    let cancelled = bob.cancel("BTCUSDT", &iceberg).await;
    assert_fields(&cancelled, &[("icebergQty", "0.00300000")]);

    // One that only makes.
    let maker = "side=SELL&type=LIMIT_MAKER&price=50000&quantity=0.01&icebergQty=0.005";
    let maker = placed(&bob, &format!("{maker}&newOrderRespType=RESULT")).await;
    assert_fields(
        &maker,
        &[("type", "LIMIT_MAKER"), ("icebergQty", "0.00500000")],
    );
    assert_eq!(
        best_offer(&server).await,
        json!(["50000.00000000", "0.00500000"])
    );
}

#[tokio::test]
async fn an_order_for_an_amount_spends_no_more_than_that() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob, _) = open(&server).await;
    bob.limit("BTCUSDT", "SELL", "50000", "0.002").await;
    bob.limit("BTCUSDT", "SELL", "50001", "0.003").await;

    // 100 for 0.002, and 50.001 of the other 50.01 for 0.001.
    let buy = "side=BUY&type=MARKET&quoteOrderQty=150.01&newClientOrderId=buy";
    let bought = placed(&alice, buy).await;
    let state = [
        ("status", "FILLED"),
        ("origQuoteOrderQty", "150.01000000"),
        ("cummulativeQuoteQty", "150.00100000"),
        ("origQty", "0.00300000"),
        ("executedQty", "0.00300000"),
        ("price", "0.00000000"),
    ];
    assert_fields(&bought, &state);
    assert_eq!(list(&bought["fills"]).len(), 2);
    assert_fields(&now(&alice, &bought).await, &state);
    let (usdt, btc) = (alice.balance("USDT").await, alice.balance("BTC").await);
    assert_eq!(usdt, ("9849.99900000".into(), "0.00000000".into()));
    assert_eq!(btc, ("1.00299700".into(), "0.00000000".into()));

    // Who sells gets as much at most.
    bob.limit("BTCUSDT", "BUY", "40000", "0.01").await;
    let sell = "side=SELL&type=MARKET&quoteOrderQty=40.39&newClientOrderId=sell";
    let sold = placed(&alice, sell).await;
    let state = [
        ("status", "FILLED"),
        ("cummulativeQuoteQty", "40.00000000"),
        ("origQty", "0.00100000"),
    ];
    assert_fields(&sold, &state);
    let after = alice.account().await;
    assert_eq!(
        alice.balance("BTC").await,
        ("1.00199700".into(), "0.00000000".into())
    );

    // Sent again, both are answered as the first time, though there is less to sell by now.
    assert_eq!(placed(&alice, buy).await, bought);
    assert_eq!(placed(&alice, sell).await, sold);
    assert_eq!(alice.account().await, after);
    let other = sell.replace("40.39", "40.38");
    let reply = place(&alice, &other).await;
    reply.assert_refused("another amount", 400, -2010, "Duplicate order sent.");

    // It sells no more than there is, and nothing where there is nobody.
    let all = placed(&alice, "side=SELL&type=MARKET&quoteOrderQty=9999999").await;
    assert_fields(
        &all,
        &[("executedQty", "0.00900000"), ("status", "EXPIRED")],
    );
    let none = placed(&alice, "side=SELL&type=MARKET&quoteOrderQty=10").await;
    assert_fields(
        &none,
        &[("executedQty", "0.00000000"), ("status", "EXPIRED")],
    );
    assert_eq!(none["fills"], json!([]));
    // Less than a lot costs.
    let little = placed(&alice, "side=BUY&type=MARKET&quoteOrderQty=5").await;
    assert_fields(
        &little,
        &[
            ("origQty", "0.00009000"),
            ("cummulativeQuoteQty", "4.50009000"),
        ],
    );
}

#[tokio::test]
async fn an_account_does_not_trade_with_itself_unless_it_wants_to() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, ..) = open(&server).await;
    let expired = "EXPIRED_IN_MATCH";
    for (mode, maker_status, taker_status, taker_quantity) in [
        ("NONE", "FILLED", "PARTIALLY_FILLED", "0.00300000"),
        ("EXPIRE_MAKER", expired, "NEW", "0.00300000"),
        ("EXPIRE_TAKER", "NEW", expired, "0.00300000"),
        ("EXPIRE_BOTH", expired, expired, "0.00300000"),
        ("DECREMENT", expired, "NEW", "0.00100000"),
    ] {
        let maker = alice.limit("BTCUSDT", "SELL", "50000", "0.002").await;
        let params = "side=BUY&type=LIMIT&timeInForce=GTC&price=50000&quantity=0.003";
        let params = format!("{params}&selfTradePreventionMode={mode}");
        let taker = placed(&alice, &params).await;
        let state = [
            ("status", taker_status),
            ("origQty", taker_quantity),
            ("selfTradePreventionMode", mode),
        ];
        assert_fields(&taker, &state);
        assert_fields(&now(&alice, &taker).await, &state);
        assert_fields(&now(&alice, &maker).await, &[("status", maker_status)]);
        let traded = usize::from(mode == "NONE");
        assert_eq!(list(&taker["fills"]).len(), traded, "{mode}");
        alice.delete("openOrders", &[BTC]).await;
        assert_eq!(alice.open_orders().await, json!([]), "{mode}");
    }
}
