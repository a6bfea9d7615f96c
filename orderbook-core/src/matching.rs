//! How a validated command changes a book. Nothing in here can fail.

use alloc::vec::Vec;

use crate::{
    CloseReason, Command, Event, Order, OrderBook, OrderId, OrderKind, Price, Quantity,
    RestingOrder, TimeInForce, Trade, TradeId,
};

pub(crate) fn execute(book: &mut OrderBook, command: &Command, events: &mut Vec<Event>) {
    match *command {
        Command::Place(order) => place(book, order, events),
        Command::Cancel { order_id } => {
            close(book, order_id, CloseReason::Cancelled, events);
        }
        Command::Reduce { order_id, by } => reduce(book, order_id, by, events),
        Command::Replace {
            order_id,
            new_order_id,
            quantity,
            price,
            time_in_force,
        } => {
            let old = close(book, order_id, CloseReason::Replaced, events);
            let replacement = Order {
                id: new_order_id,
                account: old.account,
                side: old.side,
                quantity,
                kind: OrderKind::Limit {
                    price,
                    time_in_force,
                },
            };
            place(book, replacement, events);
        }
    }
}

fn place(book: &mut OrderBook, order: Order, events: &mut Vec<Event>) {
    events.push(Event::Accepted(order));
    let limit = order.kind.limit_price();
    let tradable = match order.kind {
        OrderKind::Limit {
            time_in_force: TimeInForce::FillOrKill,
            ..
        } => book.cost_to_take(order.side, order.quantity, limit).0 == order.quantity,
        // Validation has seen that a post-only order meets nobody.
        OrderKind::Limit { .. } | OrderKind::Market => true,
    };
    let remaining = if tradable {
        take(book, &order, limit, events)
    } else {
        order.quantity
    };

    if remaining.is_zero() {
        events.push(closed(&order, CloseReason::Filled, remaining));
        return;
    }
    match order.kind {
        OrderKind::Limit {
            price,
            time_in_force: TimeInForce::GoodTillCancel | TimeInForce::PostOnly,
        } => rest(book, &order, price, remaining, events),
        OrderKind::Limit {
            time_in_force: TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill,
            ..
        }
        | OrderKind::Market => events.push(closed(&order, CloseReason::Expired, remaining)),
    }
}

/// Trades `order` against the other side, best price and oldest order first, until it is filled
/// or the prices are worse than `limit`. Returns what is left of it.
fn take(
    book: &mut OrderBook,
    order: &Order,
    limit: Option<Price>,
    events: &mut Vec<Event>,
) -> Quantity {
    let mut remaining = order.quantity.get();
    while remaining > 0 {
        let Some((slot, maker)) = book.levels.front(order.side.opposite()) else {
            break;
        };
        let maker = *maker;
        if limit.is_some_and(|limit| !order.side.accepts(limit, maker.price)) {
            break;
        }
        let quantity = remaining.min(maker.remaining.get());
        remaining -= quantity;
        let quantity = Quantity::new(quantity);
        let maker_remaining = book.levels.reduce(slot, quantity);
        book.last_trade_id = TradeId::new(book.last_trade_id.get() + 1);
        events.push(Event::Traded(Trade {
            id: book.last_trade_id,
            price: maker.price,
            quantity,
            taker_side: order.side,
            maker_order_id: maker.id,
            maker_account: maker.account,
            maker_remaining,
            taker_order_id: order.id,
            taker_account: order.account,
            taker_remaining: Quantity::new(remaining),
        }));
        if maker_remaining.is_zero() {
            close(book, maker.id, CloseReason::Filled, events);
        }
    }
    Quantity::new(remaining)
}

fn rest(
    book: &mut OrderBook,
    order: &Order,
    price: Price,
    quantity: Quantity,
    events: &mut Vec<Event>,
) {
    book.rest(RestingOrder {
        id: order.id,
        account: order.account,
        side: order.side,
        price,
        remaining: quantity,
    });
    events.push(Event::Rested {
        order_id: order.id,
        account: order.account,
        side: order.side,
        price,
        quantity,
    });
}

fn reduce(book: &mut OrderBook, order_id: OrderId, by: Quantity, events: &mut Vec<Event>) {
    let slot = book.slots[&order_id];
    let remaining = book.levels.reduce(slot, by);
    let order = book.levels.get(slot);
    events.push(Event::Reduced {
        order_id,
        account: order.account,
        side: order.side,
        price: order.price,
        by,
        remaining,
    });
}

/// Takes a resting order off the book and says so.
fn close(
    book: &mut OrderBook,
    order_id: OrderId,
    reason: CloseReason,
    events: &mut Vec<Event>,
) -> RestingOrder {
    let slot = book
        .slots
        .remove(&order_id)
        .expect("validation has seen the order");
    let order = book.levels.remove(slot);
    events.push(Event::Closed {
        order_id,
        account: order.account,
        side: order.side,
        reason,
        unfilled: order.remaining,
        resting_at: Some(order.price),
    });
    order
}

/// The end of an order that never rested.
const fn closed(order: &Order, reason: CloseReason, unfilled: Quantity) -> Event {
    Event::Closed {
        order_id: order.id,
        account: order.account,
        side: order.side,
        reason,
        unfilled,
        resting_at: None,
    }
}
