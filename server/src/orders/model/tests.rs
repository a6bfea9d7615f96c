//! What is kept and what is forgotten, also from one start to the next.

use accounts_core::{Amount, AssetId, Delta, Fee};
use orderbook_core::{CloseReason, Order, Price, Quantity, Side, Trade, TradeId};

use super::*;
use crate::orders::OrderStatus;

const ACCOUNT: AccountId = AccountId::new(7);
const INSTRUMENT: InstrumentId = InstrumentId::new(0);
const NO_FEE: Fee = Fee {
    asset: AssetId::new(0),
    amount: Delta::ZERO,
};

fn model(closed_orders: usize, fills: usize) -> OrderModel {
    OrderModel::new(&Memory {
        closed_orders,
        fills,
        ..Memory::default()
    })
}

/// An order of that name comes, trades with itself for a lot, and goes.
fn life(model: &mut OrderModel, id: u64, name: &str) {
    let id = OrderId::new(id);
    let order = Order::market(id, ACCOUNT, Side::Buy, Quantity::new(2));
    let trade = Trade {
        id: TradeId::new(id.get()),
        price: Price::new(1),
        quantity: Quantity::new(1),
        taker_side: Side::Buy,
        maker_order_id: OrderId::new(999),
        maker_account: AccountId::new(8),
        maker_remaining: Quantity::ZERO,
        taker_order_id: id,
        taker_account: ACCOUNT,
        taker_remaining: Quantity::new(1),
    };
    let outcome = Outcome {
        time: Timestamp::default(),
        result: Ok(()),
        events: vec![
            Event::OrderAccepted {
                instrument: INSTRUMENT,
                order,
                client_order_id: name.parse().ok(),
                rested: None,
            },
            Event::Traded {
                instrument: INSTRUMENT,
                trade,
                base_amount: Amount::new(1),
                quote_amount: Amount::new(1),
                maker_fee: NO_FEE,
                taker_fee: NO_FEE,
            },
            Event::Book {
                instrument: INSTRUMENT,
                event: BookEvent::Closed {
                    order_id: id,
                    account: ACCOUNT,
                    side: Side::Buy,
                    reason: CloseReason::Expired,
                    unfilled: Quantity::new(1),
                    left: None,
                },
            },
        ],
    };
    model.apply(id.get(), &outcome);
}

fn named<'a>(model: &'a OrderModel, name: &str) -> Option<&'a OrderRecord> {
    let name = OrderRef::Client(name.parse().expect("a legal name"));
    model.order(ACCOUNT, INSTRUMENT, name)
}

#[test]
fn the_newest_closed_orders_and_fills_are_kept() {
    let mut model = model(2, 1);
    for (id, name) in [(1, "a"), (2, "b"), (3, "c")] {
        life(&mut model, id, name);
    }
    assert!(named(&model, "a").is_none());
    let kept = named(&model, "c").expect("among the newest two");
    assert_eq!(kept.status, OrderStatus::Expired);
    assert_eq!(kept.executed, Quantity::new(1));
    let fills: Vec<_> = model
        .fills(ACCOUNT)
        .map(|fill| fill.trade_id.get())
        .collect();
    assert_eq!(fills, [3]);
    assert_eq!(model.orders.len(), 2);
    // What is not there any more is said.
    assert_eq!(model.forgotten_orders(ACCOUNT), Some(1));
    assert_eq!(model.forgotten_fills(ACCOUNT), Some(2));
    let stranger = AccountId::new(9);
    assert_eq!(model.forgotten_orders(stranger), None);
}

#[test]
fn a_name_means_its_newest_order_even_when_the_older_is_forgotten() {
    let mut model = model(1, 1);
    life(&mut model, 1, "a");
    life(&mut model, 2, "a");
    assert_eq!(named(&model, "a").expect("known").id, OrderId::new(2));
}

#[test]
fn keeping_nothing_keeps_nothing() {
    let mut model = model(0, 0);
    life(&mut model, 1, "a");
    life(&mut model, 2, "b");
    assert_eq!(model.fills(ACCOUNT).count(), 0);
    assert!(model.orders.is_empty());
}

/// What is left of a model by being stored and restored where so much is remembered.
fn restored(stored: &OrderModel, closed_orders: usize, fills: usize) -> OrderModel {
    let memory = Memory {
        closed_orders,
        fills,
        ..Memory::default()
    };
    let stored = postcard::to_stdvec(&stored.stored()).expect("plain data");
    let stored = postcard::from_bytes(&stored).expect("what was encoded");
    OrderModel::restore(&memory, stored)
}

#[test]
fn less_memory_forgets_the_oldest_and_more_does_not_bring_it_back() {
    let mut before = model(3, 3);
    for (id, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
        life(&mut before, id, name);
    }
    for (memory, kept) in [(0, 5), (1, 4), (2, 3), (3, 2), (9, 2)] {
        let mut after = restored(&before, memory, memory);
        let ids: Vec<_> = after.orders(ACCOUNT).map(|order| order.id.get()).collect();
        assert_eq!(ids, (kept..=4).collect::<Vec<_>>());
        let fills = after.fills(ACCOUNT).map(|fill| fill.trade_id.get());
        assert_eq!(fills.collect::<Vec<_>>(), ids);
        assert_eq!(after.forgotten_orders(ACCOUNT), Some(kept - 1));
        assert_eq!(after.forgotten_fills(ACCOUNT), Some(kept - 1));
        for (id, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
            assert_eq!(named(&after, name).is_some(), kept <= id);
        }
        // It goes on as it is told to from here.
        life(&mut after, 5, "e");
        let ids: Vec<_> = after.orders(ACCOUNT).map(|order| order.id.get()).collect();
        let kept = kept.max(6 - memory.min(5) as u64);
        assert_eq!(ids, (kept..=5).collect::<Vec<_>>());
    }
}

#[test]
fn a_name_still_means_its_newest_order_after_a_restart() {
    let mut before = model(3, 3);
    for id in [1, 2, 3] {
        life(&mut before, id, "a");
    }
    for memory in [3, 1] {
        let after = restored(&before, memory, memory);
        assert_eq!(named(&after, "a").expect("known").id, OrderId::new(3));
    }
    let mut after = restored(&before, 1, 1);
    life(&mut after, 4, "b");
    assert!(named(&after, "a").is_none());
}
