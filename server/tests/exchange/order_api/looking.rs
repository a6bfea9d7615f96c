//! What can be looked up, within which bounds.

use reqwest::Method;
use serde_json::json;

use super::replacing::replace;
use super::{BTC, ask, assert_fields, open, placed};
use crate::harness::http::send;
use crate::harness::shape::{D, I, O, T, assert_shape};
use crate::harness::{Server, Where, list, new_dir, number, text};

#[tokio::test]
async fn what_is_looked_up_has_bounds() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, ..) = open(&server).await;
    let too_long = "More than 24 hours between startTime and endTime.";
    let combination = "Combination of optional parameters invalid.";
    for (path, params, refused) in [
        ("allOrders", "startTime=1&endTime=86400001", None),
        (
            "allOrders",
            "startTime=1&endTime=86400002",
            Some((-1127, too_long)),
        ),
        ("allOrders", "startTime=1&orderId=1", None),
        ("myTrades", "startTime=1&endTime=86400001", None),
        (
            "myTrades",
            "startTime=1&endTime=86400002",
            Some((-1127, too_long)),
        ),
        ("myTrades", "orderId=1&fromId=1", None),
        (
            "myTrades",
            "orderId=1&startTime=1",
            Some((-1128, combination)),
        ),
        ("myTrades", "fromId=1&endTime=1", Some((-1128, combination))),
        ("myAllocations", "limit=5", None),
        (
            "myAllocations",
            "startTime=1&endTime=86400002",
            Some((-1127, too_long)),
        ),
    ] {
        let reply = ask(&alice, Method::GET, path, params).await;
        match refused {
            None => assert_eq!(reply.ok(), json!([]), "{path} {params}"),
            Some((code, msg)) => reply.assert_refused(params, 400, code, msg),
        }
    }
}

#[tokio::test]
async fn what_trades_cost_can_be_asked_for() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, ..) = open(&server).await;
    let commission = ask(&alice, Method::GET, "account/commission", "")
        .await
        .ok();
    let shape = [
        ("symbol", T),
        ("standardCommission", O),
        ("specialCommission", O),
        ("taxCommission", O),
        ("discount", O),
    ];
    assert_shape("a commission", &commission, &shape);
    let rates = [("maker", D), ("taker", D), ("buyer", D), ("seller", D)];
    assert_shape("rates", &commission["standardCommission"], &rates);
    assert_shape("taxes", &commission["taxCommission"], &rates);
    assert_fields(
        &commission["standardCommission"],
        &[
            ("maker", "0.00100000"),
            ("taker", "0.00100000"),
            ("buyer", "0.00000000"),
        ],
    );
    assert_eq!(
        commission["discount"],
        json!({
            "enabledForAccount": false,
            "enabledForSymbol": false,
            "discountAsset": null,
            "discount": "0.00000000",
        })
    );

    let order = "side=BUY&type=MARKET&quoteOrderQty=10";
    let rates = format!("{order}&computeCommissionRates=true");
    let trial = ask(&alice, Method::POST, "order/test", &rates).await.ok();
    let shape = [
        ("standardCommissionForOrder", O),
        ("specialCommissionForOrder", O),
        ("taxCommissionForOrder", O),
        ("discount", O),
    ];
    assert_shape("a trial", &trial, &shape);
    assert_eq!(
        trial["standardCommissionForOrder"],
        json!({ "maker": "0.00100000", "taker": "0.00100000" })
    );
    let plain = ask(&alice, Method::POST, "order/test", order).await.ok();
    assert_eq!(plain, json!({}));

    let fees = |query| {
        send(alice.signed(
            Method::GET,
            "../../sapi/v1/asset/tradeFee",
            query,
            Where::Query,
        ))
    };
    let fee = |symbol| {
        json!({
            "symbol": symbol,
            "makerCommission": "0.00100000",
            "takerCommission": "0.00100000",
        })
    };
    let all = ["BTCUSDT", "ETHUSDT", "ETHBTC"].map(fee);
    assert_eq!(fees(&[]).await.ok(), json!(all));
    assert_eq!(fees(&[BTC]).await.ok(), json!([fee("BTCUSDT")]));
}

#[tokio::test]
async fn orders_are_counted_and_strategies_echoed() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, ..) = open(&server).await;
    let order = "side=BUY&type=LIMIT&timeInForce=GTC&price=40000&quantity=0.001";
    let strategy = format!("{order}&strategyId=7&strategyType=1000001");
    let order = placed(&alice, &strategy).await;
    assert_eq!(
        (&order["strategyId"], &order["strategyType"]),
        (&json!(7), &json!(1_000_001))
    );
    let usage = alice.get("rateLimit/order", &[]).await.ok();
    let shape = [
        ("rateLimitType", T),
        ("interval", T),
        ("intervalNum", I),
        ("limit", I),
        ("count", I),
    ];
    for limit in list(&usage) {
        assert_shape("a limit", limit, &shape);
        assert_eq!(limit["rateLimitType"], "ORDERS");
    }
    let day = &usage[1];
    assert_eq!(
        (text(day, "interval"), number(day, "intervalNum")),
        ("DAY", 1)
    );
    assert_eq!((number(day, "limit"), number(day, "count")), (2_000_000, 1));
    let seconds = &usage[0];
    assert_eq!(
        (text(seconds, "interval"), number(seconds, "intervalNum")),
        ("SECOND", 10)
    );
    // What is no new order does not count, a replacement does.
    let cancel = format!(
        "cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId={}",
        order["orderId"]
    );
    replace(&alice, &format!("{cancel}&{strategy}")).await.ok();
    alice.delete("openOrders", &[BTC]).await.ok();
    let usage = alice.get("rateLimit/order", &[]).await.ok();
    assert_eq!(number(&usage[1], "count"), 2);
}
