//! Short ways to write down trades, events and commands, and how to make random ones.

use marketdata_core::PublicTrade;
use orderbook_core::{
    AccountId, CloseReason, Command, Event, Instrument, Level, Notional, Order, OrderBook, OrderId,
    OrderKind, PostOnly, Price, Quantity, Resting, Selection, SelfTradePrevention, Side, Step,
    TimeInForce, Timestamp, Trade, TradeId,
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

/// Accepted with more in reserve than is displayed, if it rests.
pub(crate) fn accepted(side: Side, rested: Option<(i64, u64)>) -> Event {
    Event::Accepted {
        order_id: OrderId::new(1),
        account: AccountId::new(1),
        side,
        quantity: Quantity::new(1_000),
        rested: rested.map(|(price, displayed)| level(price, displayed)),
    }
}

pub(crate) fn rested(side: Side, price: i64, quantity: u64) -> Event {
    Event::Rested {
        order_id: OrderId::new(1),
        account: AccountId::new(1),
        side,
        price: Price::new(price),
        quantity: Quantity::new(quantity),
        hidden: Quantity::new(1_000),
    }
}

pub(crate) fn replenished(side: Side, price: i64, quantity: u64) -> Event {
    Event::Replenished {
        order_id: OrderId::new(1),
        account: AccountId::new(1),
        side,
        price: Price::new(price),
        quantity: Quantity::new(quantity),
        hidden: Quantity::new(1_000),
    }
}

/// The reserve shrinks by a thousand more.
pub(crate) fn reduced(side: Side, price: i64, displayed_by: u64) -> Event {
    Event::Reduced {
        order_id: OrderId::new(1),
        account: AccountId::new(1),
        side,
        price: Price::new(price),
        by: Quantity::new(displayed_by.saturating_add(1_000)),
        displayed_by: Quantity::new(displayed_by),
        remaining: Quantity::new(1),
    }
}

/// The order leaves a level, perhaps for another one.
pub(crate) fn amended(side: Side, left: (i64, u64), rested: Option<(i64, u64)>) -> Event {
    Event::Amended {
        order_id: OrderId::new(1),
        account: AccountId::new(1),
        side,
        left: level(left.0, left.1),
        remaining: Quantity::new(1_000),
        rested: rested.map(|(price, displayed)| level(price, displayed)),
    }
}

/// Closed with more in reserve than was displayed, if it was on the book.
pub(crate) fn closed(side: Side, left: Option<(i64, u64)>) -> Event {
    Event::Closed {
        order_id: OrderId::new(1),
        account: AccountId::new(1),
        side,
        reason: CloseReason::Cancelled,
        unfilled: Quantity::new(1_000),
        left: left.map(|(price, displayed)| level(price, displayed)),
    }
}

pub(crate) fn decremented(taker_side: Side, price: i64, quantity: u64) -> Event {
    Event::Decremented {
        price: Price::new(price),
        quantity: Quantity::new(quantity),
        taker_side,
        maker_order_id: OrderId::new(1),
        maker_account: AccountId::new(1),
        maker_remaining: Quantity::new(1),
        taker_order_id: OrderId::new(2),
        taker_account: AccountId::new(1),
        taker_remaining: Quantity::new(0),
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

fn maybe<T: Clone + std::fmt::Debug + 'static>(
    some: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.3, some)
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0_u64..40).prop_map(Timestamp::new)
}

fn resting() -> impl Strategy<Value = TimeInForce> {
    let post_only = prop_oneof![Just(PostOnly::Reject), Just(PostOnly::Slide)];
    let display = (1_u64..6).prop_map(Quantity::new);
    (maybe(time()), maybe(post_only), maybe(display)).prop_map(|(until, post_only, display)| {
        TimeInForce::Rest(Resting {
            until,
            post_only,
            display,
        })
    })
}

fn time_in_force() -> impl Strategy<Value = TimeInForce> {
    prop_oneof![
        4 => Just(TimeInForce::GTC),
        4 => resting(),
        1 => (0_u64..4).prop_map(|minimum| TimeInForce::ImmediateOrCancel {
            minimum: Quantity::new(minimum),
        }),
        1 => Just(TimeInForce::FOK),
    ]
}

fn kind() -> impl Strategy<Value = OrderKind> {
    let budget = (1_i128..200).prop_map(Notional::new);
    prop_oneof![
        8 => (price(), time_in_force())
            .prop_map(|(price, time_in_force)| OrderKind::Limit { price, time_in_force }),
        1 => (maybe(price()), maybe(budget))
            .prop_map(|(protection, budget)| OrderKind::Market { protection, budget }),
    ]
}

fn self_trade() -> impl Strategy<Value = SelfTradePrevention> {
    prop_oneof![
        Just(SelfTradePrevention::Allow),
        Just(SelfTradePrevention::ExpireMaker),
        Just(SelfTradePrevention::ExpireTaker),
        Just(SelfTradePrevention::ExpireBoth),
        Just(SelfTradePrevention::Decrement),
    ]
}

/// Any command, refused or not.
pub(crate) fn command() -> impl Strategy<Value = Command> {
    let place = (order_id(), side(), quantity(), kind(), maybe(self_trade()));
    let selection = (maybe(side()), maybe(price()), maybe(price()));
    prop_oneof![
        12 => place.prop_map(|(id, side, quantity, kind, self_trade)| {
            let account = AccountId::new(id.get() % 3);
            let order = Order::of_kind(id, account, side, quantity, kind);
            Command::Place(Order { self_trade, ..order })
        }),
        2 => order_id().prop_map(|order_id| Command::Cancel { order_id }),
        2 => (order_id(), quantity()).prop_map(|(order_id, by)| Command::Reduce { order_id, by }),
        3 => (order_id(), quantity(), price()).prop_map(
            |(order_id, quantity, price)| Command::Amend { order_id, quantity, price }
        ),
        2 => (order_id(), order_id(), quantity(), price(), time_in_force()).prop_map(
            |(order_id, new_order_id, quantity, price, time_in_force)| Command::Replace {
                order_id,
                new_order_id,
                quantity,
                price,
                time_in_force,
            }
        ),
        1 => selection.prop_map(|(side, lowest, highest)| Command::CancelAll(Selection {
            account: Some(AccountId::new(1)),
            side,
            lowest,
            highest,
        })),
        1 => time().prop_map(|now| Command::Expire { now }),
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
