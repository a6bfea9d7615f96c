//! Short ways to write down trades, events and commands, and how to make random ones.

use marketdata_core::PublicTrade;
use orderbook_core::{
    AccountId, CloseReason, Command, Event, Instrument, Level, Notional, Order, OrderBook, OrderId,
    OrderKind, Price, Quantity, Side, Step, TimeInForce, Timestamp, Trade, TradeId,
};
use proptest::prelude::*;

pub(crate) const SECOND: u64 = 1_000_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

pub(crate) fn trade(id: u64, time: u64, price: i64, quantity: u64, side: Side) -> PublicTrade {
    PublicTrade {
        id: TradeId::new(id),
        time: Timestamp::new(time),
        price: Price::new(price),
        quantity: Quantity::new(quantity),
        taker_side: side,
    }
}

pub(crate) fn level(price: i64, quantity: u64) -> Level {
    Level {
        price: Price::new(price),
        quantity: Quantity::new(quantity),
    }
}

pub(crate) fn rested(side: Side, price: i64, quantity: u64) -> Event {
    Event::Rested {
        order_id: OrderId::new(1),
        account: AccountId::new(1),
        side,
        price: Price::new(price),
        quantity: Quantity::new(quantity),
    }
}

pub(crate) fn reduced(side: Side, price: i64, by: u64) -> Event {
    Event::Reduced {
        order_id: OrderId::new(1),
        account: AccountId::new(1),
        side,
        price: Price::new(price),
        by: Quantity::new(by),
        remaining: Quantity::new(1),
    }
}

pub(crate) fn closed(side: Side, resting_at: Option<i64>, unfilled: u64) -> Event {
    Event::Closed {
        order_id: OrderId::new(1),
        account: AccountId::new(1),
        side,
        reason: CloseReason::Cancelled,
        unfilled: Quantity::new(unfilled),
        resting_at: resting_at.map(Price::new),
    }
}

pub(crate) fn traded(id: u64, taker_side: Side, price: i64, quantity: u64) -> Event {
    Event::Traded(Trade {
        id: TradeId::new(id),
        price: Price::new(price),
        quantity: Quantity::new(quantity),
        taker_side,
        maker_order_id: OrderId::new(1),
        maker_account: AccountId::new(1),
        maker_remaining: Quantity::new(1),
        taker_order_id: OrderId::new(2),
        taker_account: AccountId::new(2),
        taker_remaining: Quantity::new(0),
    })
}

/// A book whose prices may be negative and whose quantities have no bound.
pub(crate) fn book() -> OrderBook {
    let one = Step::new(1, 0).expect("a valid step");
    let instrument = Instrument::new("SPREAD", one, one)
        .and_then(|free| free.with_price_limits(Price::new(i64::MIN), Price::new(i64::MAX)))
        .expect("a valid instrument")
        .with_min_notional(Notional::new(i128::MIN));
    OrderBook::new(instrument)
}

pub(crate) fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

/// Mostly small numbers, so that orders meet; sometimes the ends of the range.
fn price() -> impl Strategy<Value = Price> {
    prop_oneof![40 => -8_i64..8, 1 => Just(i64::MIN), 1 => Just(i64::MAX)].prop_map(Price::new)
}

fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![40 => 0_u64..30, 1 => Just(u64::MAX)].prop_map(Quantity::new)
}

fn order_id() -> impl Strategy<Value = OrderId> {
    (0_u64..24).prop_map(OrderId::new)
}

fn time_in_force() -> impl Strategy<Value = TimeInForce> {
    prop_oneof![
        6 => Just(TimeInForce::GoodTillCancel),
        1 => Just(TimeInForce::ImmediateOrCancel),
        1 => Just(TimeInForce::FillOrKill),
        1 => Just(TimeInForce::PostOnly),
    ]
}

/// Any command, refused or not.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    let kind = prop_oneof![
        8 => (price(), time_in_force())
            .prop_map(|(price, time_in_force)| OrderKind::Limit { price, time_in_force }),
        1 => Just(OrderKind::Market),
    ];
    prop_oneof![
        8 => (order_id(), side(), quantity(), kind).prop_map(|(id, side, quantity, kind)| {
            Command::Place(Order {
                id,
                account: AccountId::new(id.get() % 3),
                side,
                quantity,
                kind,
            })
        }),
        2 => order_id().prop_map(|order_id| Command::Cancel { order_id }),
        2 => (order_id(), quantity()).prop_map(|(order_id, by)| Command::Reduce { order_id, by }),
        2 => (order_id(), order_id(), quantity(), price(), time_in_force()).prop_map(
            |(order_id, new_order_id, quantity, price, time_in_force)| Command::Replace {
                order_id,
                new_order_id,
                quantity,
                price,
                time_in_force,
            }
        ),
    ]
}

/// How much later the next thing happens: at once, soon, or after a pause of any kind.
pub(crate) fn pause() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => Just(0),
        4 => 0..MINUTE,
        2 => 0..10 * MINUTE,
        1 => (1_u64..4).prop_map(|minutes| minutes * MINUTE),
        1 => 0..5 * HOUR,
        1 => Just(DAY),
        1 => 0..2 * DAY,
    ]
}

/// Trades with ascending ids and times that never run backwards.
pub(crate) fn trades(most: usize) -> impl Strategy<Value = Vec<PublicTrade>> {
    let one = (pause(), -50_i64..50, 1_u64..100, side());
    (0..3 * DAY, prop::collection::vec(one, 1..most)).prop_map(|(start, list)| {
        let mut time = start;
        (1..)
            .zip(list)
            .map(|(id, (pause, price, quantity, side))| {
                time += pause;
                trade(id, time, price, quantity, side)
            })
            .collect()
    })
}
