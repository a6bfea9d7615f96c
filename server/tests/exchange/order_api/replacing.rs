//! An order that takes the place of another.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ask, assert_fields, now, open};
use crate::harness::shape::{I, O, T, assert_shape};
use crate::harness::{Reply, Server, Trader, list, new_dir, number, text};

/// The results that an answer to a replacement tells.
fn results(told: &Value) -> [&str; 2] {
    [text(told, "cancelResult"), text(told, "newOrderResult")]
}

/// Asserts that a replacement was not all done, and which of it was.
fn assert_half(reply: &Reply, status: u16, code: i64, msg: &str, done: [&str; 2]) -> Value {
    let body = reply.json();
    assert_shape("an error", &body, &[("code", I), ("msg", T), ("data", O)]);
    assert_eq!(
        (reply.status, &body["code"]),
        (status, &json!(code)),
        "{body}"
    );
    assert_eq!(body["msg"], msg);
    assert_eq!(results(&body["data"]), done, "{body}");
    assert!(reply.header("x-mbx-order-count-10s").is_some());
    body["data"].clone()
}

const HALF: (u16, i64, &str) = (409, -2021, "Order cancel-replace partially failed.");
const NOT: (u16, i64, &str) = (400, -2022, "Order cancel-replace failed.");

pub(super) async fn replace(trader: &Trader, params: &str) -> Reply {
    ask(trader, Method::POST, "order/cancelReplace", params).await
}

#[tokio::test]
async fn an_order_takes_the_place_of_another() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob, _) = open(&server).await;
    bob.limit("BTCUSDT", "SELL", "50000", "0.01").await;
    let first = alice.limit("BTCUSDT", "BUY", "40000", "0.01").await;
    let stop = "cancelReplaceMode=STOP_ON_FAILURE";
    let bid = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.02&price";

    // By its id, and with names for both.
    let params = format!(
        "{stop}&cancelOrderId={}&cancelNewClientOrderId=away&newClientOrderId=second&{bid}=41000",
        first["orderId"]
    );
    let told = replace(&alice, &params).await.ok();
    let shape = [
        ("cancelResult", T),
        ("newOrderResult", T),
        ("cancelResponse", O),
        ("newOrderResponse", O),
    ];
    assert_shape("a replacement", &told, &shape);
    assert_eq!(results(&told), ["SUCCESS", "SUCCESS"]);
    let (old, new) = (&told["cancelResponse"], &told["newOrderResponse"]);
    assert_eq!(old["orderId"], first["orderId"]);
    assert_fields(old, &[("status", "CANCELED"), ("clientOrderId", "away")]);
    assert_fields(new, &[("status", "NEW"), ("clientOrderId", "second")]);
    assert_eq!(new["fills"], json!([]));
    assert_eq!(alice.balance("USDT").await.1, "820.00000000");

    // By its name; the answer may be short.
    let params = format!(
        "{stop}&cancelOrigClientOrderId=second&newOrderRespType=ACK&newClientOrderId=third&{bid}=42000"
    );
    let told = replace(&alice, &params).await.ok();
    let ack = [
        ("symbol", T),
        ("orderId", I),
        ("orderListId", I),
        ("clientOrderId", T),
        ("transactTime", I),
    ];
    assert_shape("an acknowledgement", &told["newOrderResponse"], &ack);
    // Sent again, there is nothing to cancel, and nothing is placed.
    let reply = replace(&alice, &params).await;
    assert_half(&reply, NOT.0, NOT.1, NOT.2, ["FAILURE", "NOT_ATTEMPTED"]);
    assert_eq!(list(&alice.open_orders().await).len(), 1);
}

#[tokio::test]
async fn what_became_of_half_a_replacement_is_told() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob, _) = open(&server).await;
    bob.limit("BTCUSDT", "SELL", "50000", "0.01").await;
    let (stop, go_on) = (
        "cancelReplaceMode=STOP_ON_FAILURE",
        "cancelReplaceMode=ALLOW_FAILURE",
    );
    let good = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=39000";
    let crossing = "side=BUY&type=LIMIT_MAKER&quantity=0.01&price=50000";
    let unknown = json!({ "code": -2011, "msg": "Unknown order sent." });
    let would_match = json!({ "code": -2010, "msg": "Order would immediately match and take." });

    // There is nothing to cancel.
    let nothing = "cancelOrigClientOrderId=nothing";
    let reply = replace(&alice, &format!("{stop}&{nothing}&{good}")).await;
    let data = assert_half(&reply, NOT.0, NOT.1, NOT.2, ["FAILURE", "NOT_ATTEMPTED"]);
    assert_eq!(data["cancelResponse"], unknown);
    assert_eq!(data["newOrderResponse"], Value::Null);
    let reply = replace(&alice, &format!("{go_on}&{nothing}&{crossing}")).await;
    let data = assert_half(&reply, NOT.0, NOT.1, NOT.2, ["FAILURE", "FAILURE"]);
    assert_eq!(data["newOrderResponse"], would_match);
    let named = format!("{go_on}&{nothing}&newClientOrderId=placed&{good}");
    let reply = replace(&alice, &named).await;
    let data = assert_half(&reply, HALF.0, HALF.1, HALF.2, ["FAILURE", "SUCCESS"]);
    let order = data["newOrderResponse"].clone();
    assert_fields(&order, &[("status", "NEW"), ("clientOrderId", "placed")]);
    // Whose answer got lost, it is answered again.
    let reply = replace(&alice, &named).await;
    let data = assert_half(&reply, HALF.0, HALF.1, HALF.2, ["FAILURE", "SUCCESS"]);
    assert_eq!(data["newOrderResponse"], order);

    // What is wrong with the order is found before anything is cancelled.
    let placed = "cancelOrigClientOrderId=placed";
    for (order, code) in [
        ("side=BUY&type=STOP_LOSS&quantity=1&stopPrice=1", -1116),
        (
            "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=0.001",
            -1013,
        ),
        (
            "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.00001&price=1",
            -1013,
        ),
        ("side=BUY&type=MARKET&quantity=0.01&quoteOrderQty=1", -1128),
    ] {
        let reply = replace(&alice, &format!("{stop}&{placed}&{order}")).await;
        assert_eq!((reply.status, &reply.json()["code"]), (400, &json!(code)));
        assert!(reply.json().get("data").is_none());
    }
    assert_fields(&now(&alice, &order).await, &[("status", "NEW")]);
    // So are conditions that do not hold.
    let restricted = format!("{stop}&{placed}&cancelRestrictions=ONLY_PARTIALLY_FILLED&{good}");
    let reply = replace(&alice, &restricted).await;
    let data = assert_half(&reply, NOT.0, NOT.1, NOT.2, ["FAILURE", "NOT_ATTEMPTED"]);
    let msg = "Order was not canceled due to cancel restrictions.";
    assert_eq!(data["cancelResponse"], json!({ "code": -2011, "msg": msg }));

    // The very order that was cancelled is no order in its stead.
    let same = format!("{stop}&{placed}&newClientOrderId=placed&{good}");
    let reply = replace(&alice, &same).await;
    let data = assert_half(&reply, HALF.0, HALF.1, HALF.2, ["SUCCESS", "FAILURE"]);
    assert_eq!(data["cancelResponse"]["orderId"], order["orderId"]);
    assert_eq!(data["newOrderResponse"]["msg"], "Duplicate order sent.");
    assert_eq!(alice.open_orders().await, json!([]));

    // The book refuses it only once the other one is gone.
    let order = alice.limit("BTCUSDT", "BUY", "40000", "0.01").await;
    let by_id = format!("{stop}&cancelOrderId={}", order["orderId"]);
    let reply = replace(&alice, &format!("{by_id}&{crossing}")).await;
    let data = assert_half(&reply, HALF.0, HALF.1, HALF.2, ["SUCCESS", "FAILURE"]);
    assert_eq!(data["newOrderResponse"], would_match);
    assert_fields(&now(&alice, &order).await, &[("status", "CANCELED")]);
    assert_eq!(
        alice.balance("USDT").await,
        ("10000.00000000".into(), "0.00000000".into())
    );
}

/// The order that is replaced is the last one that may be sent for the day.
#[tokio::test]
async fn where_there_were_too_many_orders_one_may_still_be_cancelled() {
    let dir = new_dir();
    let sample = include_str!("../../../exchange.sample.toml");
    let config = dir.path().join("config.toml");
    let few = sample.replace("orders_per_day = 2000000", "orders_per_day = 2");
    std::fs::write(&config, few).expect("it can be written");
    let config = config.to_str().expect("a plain name");
    let data = dir.path().join("data");
    let server = Server::start(&data, &["--faucet", "--config", config]).await;
    let (alice, ..) = open(&server).await;
    let order = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=39000";
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(alice.limit("BTCUSDT", "BUY", "40000", "0.001").await);
    }
    let refused = "Too many new orders; current limit is 2 orders per 1 DAY.";
    let ask = async |mode: &str, limited: &str, id: u64| {
        let params = format!(
            "cancelReplaceMode={mode}&orderRateLimitExceededMode={limited}&cancelOrderId={id}&{order}"
        );
        replace(&alice, &params).await
    };
    let [first, second] = [&open[0], &open[1]].map(|order| number(order, "orderId"));
    let reply = ask("STOP_ON_FAILURE", "DO_NOTHING", first).await;
    reply.assert_refused("nothing is done", 429, -1015, refused);
    assert_eq!(list(&alice.open_orders().await).len(), 2);

    for (mode, id, (_, code, msg), status, done) in [
        ("STOP_ON_FAILURE", first, HALF, 429, ["SUCCESS", "FAILURE"]),
        (
            "STOP_ON_FAILURE",
            first,
            NOT,
            429,
            ["FAILURE", "NOT_ATTEMPTED"],
        ),
        ("ALLOW_FAILURE", second, HALF, 409, ["SUCCESS", "FAILURE"]),
        ("ALLOW_FAILURE", second, NOT, 400, ["FAILURE", "FAILURE"]),
    ] {
        let reply = ask(mode, "CANCEL_ONLY", id).await;
        let data = assert_half(&reply, status, code, msg, done);
        assert_eq!(reply.header("retry-after").is_some(), status == 429);
        if done[1] == "FAILURE" {
            let refused = json!({ "code": -1015, "msg": refused });
            assert_eq!(data["newOrderResponse"], refused);
        }
    }
    assert_eq!(alice.open_orders().await, json!([]));
}
