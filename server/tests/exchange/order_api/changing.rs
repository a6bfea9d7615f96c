//! Orders that become smaller, and that are cancelled on conditions.

use reqwest::Method;

use super::{ask, assert_fields, now, open, placed};
use crate::harness::shape::{D, I, O, T, assert_shape};
use crate::harness::{Reply, Server, Trader, new_dir};

async fn amend(trader: &Trader, params: &str) -> Reply {
    ask(trader, Method::PUT, "order/amend/keepPriority", params).await
}

#[tokio::test]
async fn an_order_that_becomes_smaller_keeps_its_place() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob, carol) = open(&server).await;
    let bid = "side=BUY&type=LIMIT&timeInForce=GTC&price=40000&quantity=0.005";
    let first = placed(&alice, &format!("{bid}&newClientOrderId=first")).await;
    let second = placed(&bob, bid).await;

    let amended = amend(&alice, "origClientOrderId=first&newQty=0.003")
        .await
        .ok();
    let shape = [("transactTime", I), ("executionId", I), ("amendedOrder", O)];
    assert_shape("an amendment", &amended, &shape);
    let order = &amended["amendedOrder"];
    let shape = [
        ("symbol", T),
        ("orderId", I),
        ("orderListId", I),
        ("origClientOrderId", T),
        ("clientOrderId", T),
        ("price", D),
        ("qty", D),
        ("executedQty", D),
        ("preventedQty", D),
        ("quoteOrderQty", D),
        ("cumulativeQuoteQty", D),
        ("status", T),
        ("timeInForce", T),
        ("type", T),
        ("side", T),
        ("workingTime", I),
        ("selfTradePreventionMode", T),
    ];
    assert_shape("an amended order", order, &shape);
    assert_fields(order, &[("qty", "0.00300000"), ("clientOrderId", "first")]);
    assert_eq!(order["orderId"], first["orderId"]);
    assert_eq!(alice.balance("USDT").await.1, "120.00000000");

    // Alice is still served first.
    carol.market("BTCUSDT", "SELL", "0.002").await;
    assert_fields(&now(&alice, &first).await, &[("executedQty", "0.00200000")]);
    assert_fields(&now(&bob, &second).await, &[("executedQty", "0.00000000")]);

    let id = first["orderId"].to_string();
    for (params, code, msg) in [
        (
            format!("orderId={id}&newQty=0.003"),
            -2038,
            "The requested action would change no state; rejecting.",
        ),
        (
            format!("orderId={id}&newQty=0.00301"),
            -2038,
            "Order amend (quantity increase) is not supported.",
        ),
        (
            format!("orderId={id}&newQty=0.002"),
            -2038,
            "The new quantity is not more than what has traded; rejecting.",
        ),
        (
            format!("orderId={}&newQty=0.002", second["orderId"]),
            -2038,
            "Unknown order sent.",
        ),
        (
            format!("orderId={id}&origClientOrderId=second&newQty=0.0025"),
            -2039,
            "Client order ID is not correct for this order ID.",
        ),
        (
            format!("orderId={id}&newQty=0.0025&newClientOrderId=other"),
            -1130,
            "Data sent for parameter 'newClientOrderId' is not valid.",
        ),
        (
            format!("orderId={id}&newQty=0"),
            -1013,
            "Filter failure: LOT_SIZE",
        ),
        (
            format!("orderId={id}"),
            -1102,
            "Mandatory parameter 'newQty' was not sent, was empty/null, or malformed.",
        ),
        (
            "newQty=0.0025".into(),
            -1102,
            "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
        ),
    ] {
        let reply = amend(&alice, &params).await;
        reply.assert_refused(&params, 400, code, msg);
    }
    // Of what has traded as well, and under its own name.
    let params = format!("orderId={id}&newQty=0.0025&newClientOrderId=first");
    let amended = amend(&alice, &params).await.ok();
    let state = [("qty", "0.00250000"), ("status", "PARTIALLY_FILLED")];
    assert_fields(&amended["amendedOrder"], &state);
    carol.market("BTCUSDT", "SELL", "0.001").await;
    assert_fields(&now(&alice, &first).await, &[("status", "FILLED")]);
    assert_fields(&now(&bob, &second).await, &[("executedQty", "0.00050000")]);
}

#[tokio::test]
async fn a_cancellation_may_depend_on_what_the_order_is_like() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob, _) = open(&server).await;
    let bid = "side=BUY&type=LIMIT&timeInForce=GTC&price=40000&quantity=0.005";
    let order = placed(&alice, &format!("{bid}&newClientOrderId=mine")).await;
    let id = order["orderId"].to_string();
    let cancel = async |more: &str| {
        let params = format!("orderId={id}&{more}");
        ask(&alice, Method::DELETE, "order", &params).await
    };
    let restricted = "Order was not canceled due to cancel restrictions.";
    let other = "Client order ID is not correct for this order ID.";
    let reply = cancel("cancelRestrictions=ONLY_PARTIALLY_FILLED").await;
    reply.assert_refused("a new order", 400, -2011, restricted);
    let reply = cancel("origClientOrderId=yours").await;
    reply.assert_refused("another name", 400, -2039, other);
    let msg = "cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED.";
    let reply = cancel("cancelRestrictions=ALWAYS").await;
    reply.assert_refused("another restriction", 400, -1145, msg);
    bob.market("BTCUSDT", "SELL", "0.001").await;
    let reply = cancel("cancelRestrictions=ONLY_NEW").await;
    reply.assert_refused("a partly filled order", 400, -2011, restricted);

    let find = async |name: &str| {
        let params = format!("orderId={id}&origClientOrderId={name}");
        ask(&alice, Method::GET, "order", &params).await
    };
    let found = find("mine").await.ok();
    assert_fields(&found, &[("status", "PARTIALLY_FILLED")]);
    let reply = find("yours").await;
    reply.assert_refused("another name", 400, -2039, other);

    let cancelled = cancel("cancelRestrictions=ONLY_PARTIALLY_FILLED&origClientOrderId=mine").await;
    assert_fields(
        &cancelled.ok(),
        &[("status", "CANCELED"), ("origClientOrderId", "mine")],
    );
    let reply = cancel("cancelRestrictions=ONLY_PARTIALLY_FILLED").await;
    reply.assert_refused("a closed order", 400, -2011, "Unknown order sent.");
}
