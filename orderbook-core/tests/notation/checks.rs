//! What holds in every scenario, whatever it is about.

use std::collections::BTreeMap;

use orderbook_core::*;

/// What holds between a book before and after a command.
pub(super) fn step(
    before: &OrderBook,
    command: &Command,
    result: Result<(), BookReject>,
    events: &[Event],
    after: &OrderBook,
) -> Result<(), String> {
    after.check().map_err(|violation| violation.to_string())?;
    if before.validate(command) != result {
        return Err(format!("validate says {:?}", before.validate(command)));
    }
    if result.is_err() && (!events.is_empty() || before.snapshot() != after.snapshot()) {
        return Err("refused, but something happened".to_owned());
    }
    if let Command::Place(order) = command
        && result.is_ok()
        && before.preview(order) != traded(events)
    {
        let (preview, traded) = (before.preview(order), traded(events));
        return Err(format!("{preview:?} was foreseen, {traded:?} came"));
    }

    // A restored book is the same book, and goes on as the first one did.
    let mut restored = OrderBook::restore(&before.snapshot()).map_err(|error| error.to_string())?;
    if restored.state_hash() != before.state_hash() {
        return Err("restored with another hash".to_owned());
    }
    let mut echo = Vec::new();
    let again = restored.apply(command, &mut echo);
    if (again, &echo[..], restored.snapshot()) != (result, events, after.snapshot()) {
        return Err(format!("restored, it does this: {again:?} {echo:?}"));
    }
    let changed = before.snapshot() != after.snapshot();
    if changed != (before.state_hash() != after.state_hash()) {
        return Err("the hash does not follow the state".to_owned());
    }
    Ok(())
}

fn traded(events: &[Event]) -> (Quantity, Notional) {
    let trades = events.iter().filter_map(|event| match event {
        Event::Traded(trade) => Some((
            trade.quantity.get(),
            trade.price.notional(trade.quantity).get(),
        )),
        _ => None,
    });
    let (quantity, cost) = trades.fold((0, 0), |sum, trade| (sum.0 + trade.0, sum.1 + trade.1));
    (Quantity::new(quantity), Notional::new(cost))
}

/// What holds between all events of a book and the book.
pub(super) fn history(events: &[Event], book: &OrderBook) -> Result<(), String> {
    let trades = events.iter().filter_map(|event| match event {
        Event::Traded(trade) => Some(trade.id.get()),
        _ => None,
    });
    if !trades.eq(1..=book.last_trade_id().get()) {
        return Err("trade ids do not count up".to_owned());
    }
    let mut depth = BTreeMap::new();
    for event in events {
        fold(&mut depth, event);
    }
    depth.retain(|_, quantity| *quantity != 0);
    let levels = [Side::Buy, Side::Sell].into_iter().flat_map(|side| {
        book.levels(side)
            .map(move |level| ((side, level.price), i128::from(level.quantity.get())))
    });
    let levels: BTreeMap<_, _> = levels.collect();
    if depth != levels {
        return Err(format!("the events add up to {depth:?}, not {levels:?}"));
    }
    let mut filled = BTreeMap::new();
    for event in events {
        match event {
            Event::Accepted { order_id, .. } => drop(filled.insert(*order_id, 0)),
            Event::Traded(trade) => {
                for id in [trade.maker_order_id, trade.taker_order_id] {
                    *filled.entry(id).or_default() += trade.quantity.get();
                }
            }
            _ => {}
        }
    }
    for order in [Side::Buy, Side::Sell]
        .map(|side| book.orders(side))
        .into_iter()
        .flatten()
    {
        if filled.get(&order.id) != Some(&order.filled().get()) {
            let (traded, says) = (filled.get(&order.id), order.filled());
            return Err(format!(
                "{traded:?} of #{} has traded, it says {says}",
                order.id
            ));
        }
    }
    Ok(())
}

/// As the documentation of the events says.
fn fold(depth: &mut BTreeMap<(Side, Price), i128>, event: &Event) {
    let mut add = |side, level: Level, sign: i128| {
        *depth.entry((side, level.price)).or_default() += sign * i128::from(level.quantity.get());
    };
    match *event {
        Event::Accepted { side, rested, .. } => {
            if let Some(level) = rested {
                add(side, level, 1);
            }
        }
        Event::Amended {
            side, left, rested, ..
        } => {
            add(side, left, -1);
            if let Some(level) = rested {
                add(side, level, 1);
            }
        }
        Event::Rested {
            side,
            price,
            quantity,
            ..
        }
        | Event::Replenished {
            side,
            price,
            quantity,
            ..
        } => add(side, Level { price, quantity }, 1),
        Event::Traded(Trade {
            taker_side,
            price,
            quantity,
            ..
        })
        | Event::Decremented {
            taker_side,
            price,
            quantity,
            ..
        } => add(taker_side.opposite(), Level { price, quantity }, -1),
        Event::Reduced {
            side,
            price,
            displayed_by: quantity,
            ..
        } => add(side, Level { price, quantity }, -1),
        Event::Closed { side, left, .. } => {
            if let Some(level) = left {
                add(side, level, -1);
            }
        }
    }
}
