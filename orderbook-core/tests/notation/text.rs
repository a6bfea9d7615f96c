//! From events and books to text.

use orderbook_core::*;

pub(super) fn event(event: &Event) -> String {
    match *event {
        Event::Accepted {
            order_id,
            account,
            side,
            quantity,
            rested,
        } => format!(
            "{} accepted: {} {quantity}{}",
            name(order_id, account),
            word(side),
            rests(quantity, rested),
        ),
        Event::Traded(trade) => met(
            "traded",
            trade.quantity,
            trade.price,
            (trade.maker_order_id, trade.maker_account),
            trade.maker_remaining,
            trade.taker_side,
            (trade.taker_order_id, trade.taker_account),
            trade.taker_remaining,
        ),
        Event::Decremented {
            price,
            quantity,
            taker_side,
            maker_order_id,
            maker_account,
            maker_remaining,
            taker_order_id,
            taker_account,
            taker_remaining,
        } => met(
            "decremented",
            quantity,
            price,
            (maker_order_id, maker_account),
            maker_remaining,
            taker_side,
            (taker_order_id, taker_account),
            taker_remaining,
        ),
        Event::Rested {
            order_id,
            account,
            side,
            price,
            quantity,
            hidden,
        } => format!(
            "{} rested: {} {}",
            name(order_id, account),
            word(side),
            place(Level { price, quantity }, hidden.get().into()),
        ),
        Event::Replenished {
            order_id,
            account,
            side,
            price,
            quantity,
            hidden,
        } => format!(
            "{} replenished: {} {}",
            name(order_id, account),
            word(side),
            place(Level { price, quantity }, hidden.get().into()),
        ),
        Event::Reduced {
            order_id,
            account,
            side,
            price,
            by,
            displayed_by,
            remaining,
        } => format!(
            "{} reduced by {by}{}: {} {remaining} @ {price}",
            name(order_id, account),
            if by == displayed_by {
                String::new()
            } else {
                format!(", {displayed_by} of it displayed")
            },
            word(side),
        ),
        Event::Amended {
            order_id,
            account,
            side,
            left,
            remaining,
            rested,
        } => format!(
            "{} amended: {} {remaining}, was {}{}",
            name(order_id, account),
            word(side),
            place(left, 0),
            rests(remaining, rested),
        ),
        Event::Closed {
            order_id,
            account,
            side,
            reason,
            unfilled,
            left,
        } => format!(
            "{} {}: {} {}",
            name(order_id, account),
            why(reason),
            word(side),
            left.map_or(unfilled.to_string(), |left| place(
                left,
                hidden(unfilled, left)
            )),
        ),
    }
}

#[expect(clippy::too_many_arguments, reason = "two orders and what they did")]
fn met(
    how: &str,
    quantity: Quantity,
    price: Price,
    maker: (OrderId, AccountId),
    maker_left: Quantity,
    taker_side: Side,
    taker: (OrderId, AccountId),
    taker_left: Quantity,
) -> String {
    format!(
        "{how} {quantity} @ {price}: maker {} left {maker_left}, {} taker {} left {taker_left}",
        name(maker.0, maker.1),
        word(taker_side),
        name(taker.0, taker.1),
    )
}

fn rests(quantity: Quantity, rested: Option<Level>) -> String {
    rested.map_or(String::new(), |level| {
        format!(", rests {}", place(level, hidden(quantity, level)))
    })
}

/// What of it is not displayed. Signed, so that nonsense shows.
fn hidden(quantity: Quantity, level: Level) -> i128 {
    i128::from(quantity.get()) - i128::from(level.quantity.get())
}

fn place(level: Level, hidden: i128) -> String {
    let Level { price, quantity } = level;
    match hidden {
        0 => format!("{quantity} @ {price}"),
        _ => format!("{quantity} @ {price} + {hidden} hidden"),
    }
}

pub(super) fn ladder(book: &OrderBook) -> Vec<String> {
    let side = |side, label| {
        book.levels(side).map(move |level| {
            let orders: Vec<String> = book.orders_at(side, level.price).map(resting).collect();
            format!("{label} {}: {}", level.price, orders.join(" "))
        })
    };
    let mut ladder: Vec<String> = side(Side::Sell, "ask").collect();
    ladder.reverse();
    ladder.extend(side(Side::Buy, "bid"));
    ladder
}

fn resting(order: RestingOrder) -> String {
    let name = name(order.id, order.account);
    match order.hidden().get() {
        0 => format!("{name}x{}", order.displayed),
        hidden => format!("{name}x{}+{hidden}", order.displayed),
    }
}

fn name(order: OrderId, account: AccountId) -> String {
    if order.get() == account.get() {
        format!("#{order}")
    } else {
        format!("#{order}/{account}")
    }
}

const fn word(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

const fn why(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Filled => "filled",
        CloseReason::Cancelled => "cancelled",
        CloseReason::Replaced => "replaced",
        CloseReason::Expired => "expired",
        CloseReason::SelfTrade => "self-trade",
        CloseReason::BudgetSpent => "budget spent",
    }
}
