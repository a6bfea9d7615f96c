//! What a cancellation is called: in its answer, over REST and over the WebSocket API, and on the
//! stream.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Ear, listen_key};
use crate::harness::http::send;
use crate::harness::{Server, Trader, Where, list, new_dir, text};
use crate::ws_api::Talk;

/// An operation: its method and path, and its name on the WebSocket API.
type Operation = (Method, &'static str, &'static str);

const ONE: Operation = (Method::DELETE, "order", "order.cancel");
const ALL: Operation = (Method::DELETE, "openOrders", "openOrders.cancelAll");
const REPLACE: Operation = (Method::POST, "order/cancelReplace", "order.cancelReplace");

/// Somebody who places orders, cancels them and listens.
struct Canceller<'a> {
    trader: &'a Trader,
    talk: Talk<'a>,
    ear: Ear,
    named: u32,
}

impl Canceller<'_> {
    /// A name that no order has had.
    fn new_name(&mut self) -> String {
        self.named += 1;
        format!("order-{}", self.named)
    }

    /// What a new order says.
    fn order(&mut self) -> Value {
        json!({
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "price": "10000",
            "quantity": "0.001",
            "newClientOrderId": self.new_name(),
        })
    }

    /// Places an order; its name.
    async fn place(&mut self) -> String {
        let order = self.order();
        self.talk.signed("order.place", order.clone()).await;
        text(&order, "newClientOrderId").into()
    }

    async fn ask(&mut self, (method, path, name): Operation, params: Value, rest: bool) -> Value {
        if !rest {
            return self.talk.signed(name, params).await;
        }
        let params = params.as_object().expect("an object").iter();
        let params: Vec<_> = params
            .map(|(name, value)| (name.as_str(), value.as_str().expect("a text")))
            .collect();
        let request = self.trader.signed(method, path, &params, Where::Query);
        send(request).await.ok()
    }

    /// Asserts that these orders were cancelled under one name, the given one where one was given, and
    /// that whoever listens hears the same. Returns it.
    async fn assert_told(
        &mut self,
        told: &[Value],
        orders: &[String],
        given: Option<&str>,
    ) -> String {
        let names: Vec<_> = told
            .iter()
            .map(|it| text(it, "origClientOrderId"))
            .collect();
        assert_eq!(names, orders);
        let called = given.unwrap_or_else(|| text(&told[0], "clientOrderId"));
        for cancelled in told {
            assert_eq!(cancelled["clientOrderId"], called, "{cancelled}");
            self.ear.until(cancelled, "CANCELED").await;
            let report = self.ear.heard.last().expect("it was heard");
            assert_eq!(report["c"], called, "{report}");
            assert_eq!(report["C"], cancelled["origClientOrderId"], "{report}");
        }
        called.into()
    }
}

#[tokio::test]
async fn a_cancellation_is_called_the_same_wherever_it_is_told() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "100000")]).await;
    let key = listen_key(&alice).await;
    let mut alice = Canceller {
        trader: &alice,
        talk: Talk::open(&server, &alice).await,
        ear: Ear::at(&server, &format!("/ws/{key}")).await,
        named: 0,
    };
    let mut made_up = Vec::new();
    for rest in [true, false] {
        // A name may be given again, and what is not given one does not get the last.
        for given in [Some("away"), None, Some("away"), None] {
            let name = |params: &mut Value, parameter: &str| {
                if let Some(name) = given {
                    params[parameter] = name.into();
                }
            };
            let first = alice.place().await;
            let mut params = json!({ "symbol": "BTCUSDT", "origClientOrderId": first });
            name(&mut params, "newClientOrderId");
            let told = alice.ask(ONE, params, rest).await;
            let called = alice.assert_told(&[told], &[first], given).await;
            made_up.extend(given.is_none().then_some(called));

            let both = [alice.place().await, alice.place().await];
            let mut params = json!({ "symbol": "BTCUSDT" });
            name(&mut params, "newClientOrderId");
            let told = alice.ask(ALL, params, rest).await;
            let called = alice.assert_told(list(&told), &both, given).await;
            made_up.extend(given.is_none().then_some(called));

            let first = alice.place().await;
            let mut params = alice.order();
            params["cancelReplaceMode"] = "STOP_ON_FAILURE".into();
            params["cancelOrigClientOrderId"] = first.clone().into();
            name(&mut params, "cancelNewClientOrderId");
            let second = params["newClientOrderId"].clone();
            let told = alice.ask(REPLACE, params, rest).await;
            let cancelled = told["cancelResponse"].clone();
            let called = alice.assert_told(&[cancelled], &[first], given).await;
            made_up.extend(given.is_none().then_some(called));
            assert_eq!(told["newOrderResponse"]["clientOrderId"], second);
            alice.ask(ALL, json!({ "symbol": "BTCUSDT" }), rest).await;
        }
    }
    // Each has a name of its own.
    let all = made_up.len();
    made_up.sort();
    made_up.dedup();
    assert_eq!((made_up.len(), all), (12, 12), "{made_up:?}");
}
