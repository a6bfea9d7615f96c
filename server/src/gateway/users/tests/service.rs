//! When the fold tells.

use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::accounts::BalanceModel;
use crate::bus::ReadModel;
use crate::orders::service;

/// A fold on its way, of which the balances are folded by hand.
struct Running {
    market: Market,
    orders: ReadModel<OrderModel>,
    balances: ReadModel<BalanceModel>,
    feed: mpsc::Sender<Arc<Batch>>,
    begin: Option<oneshot::Sender<UserStreams>>,
}

impl Running {
    /// Begins where the market is.
    fn new() -> Self {
        let market = Market::new();
        let memory = Memory::default();
        let orders = ReadModel::new(OrderModel::new(&memory), market.seq);
        let balances = ReadModel::new(BalanceModel::default(), market.seq);
        let (feed, batches) = mpsc::channel(4);
        let (begin, users) = oneshot::channel();
        tokio::spawn(service::run(
            orders.clone(),
            balances.clone(),
            batches,
            users,
        ));
        Self {
            market,
            orders,
            balances,
            feed,
            begin: Some(begin),
        }
    }

    fn begin(&mut self) {
        let begin = self.begin.take().expect("once");
        begin.send(self.market.users.clone()).expect("it runs");
    }

    /// Places an order, and waits until the orders have it.
    async fn place(&mut self) -> u64 {
        let batch = self.market.batch(money::place(100));
        let seq = batch.last_seq();
        self.feed.send(Arc::new(batch)).await.expect("it runs");
        drop(self.orders.at(seq).await);
        seq
    }
}

impl Ear {
    async fn next(&mut self) -> Outgoing {
        self.0.next().await
    }
}

#[tokio::test]
async fn what_was_before_the_start_is_not_told_again() {
    let mut running = Running::new();
    let mut ear = running.market.listen(BUYER);
    let before = running.place().await;
    running.begin();
    running.balances.advance(before);
    let news = running.place().await;
    running.balances.advance(news);
    let Outgoing::Text(first) = ear.next().await else {
        panic!("sent away");
    };
    let first: Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!((&first["x"], &first["i"]), (&"NEW".into(), &2.into()));
}

#[tokio::test]
async fn nobody_hears_of_what_the_balances_do_not_have_yet() {
    let mut running = Running::new();
    let mut ear = running.market.listen(BUYER);
    running.begin();
    let seq = running.place().await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(ear.heard().is_empty());
    running.balances.advance(seq);
    assert!(matches!(ear.next().await, Outgoing::Text(_)));
}

#[tokio::test]
async fn after_a_gap_everybody_begins_anew() {
    let mut running = Running::new();
    let mut ear = running.market.listen(SELLER);
    running.begin();
    // Lost on its way.
    running.market.place(STRANGER, Side::Buy, 10, gtc(50));
    running.place().await;
    let (said, (code, _)) = ear.ending();
    assert!(said.is_empty());
    assert_eq!(code, 1012);
    assert!(!running.market.users.anybody());
}
