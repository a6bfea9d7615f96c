//! The same market seen from the other side: buys for sells, and prices on the other side of zero.

use orderbook_core::*;

/// Buying and selling follow the same rules: the same scenario with buys for sells and prices on
/// the other side of zero, where their size is the same, comes out the same.
pub(super) fn mirrored(
    commands: &[Command],
    results: &[Result<(), BookReject>],
    events: &[Event],
    book: &OrderBook,
) -> Result<(), String> {
    let commands: Option<Vec<Command>> = commands.iter().map(flipped_command).collect();
    let (Some(instrument), Some(commands)) = (flipped_instrument(book.instrument()), commands)
    else {
        // The lowest price has no counterpart.
        return Ok(());
    };
    let mut image = OrderBook::new(instrument);
    let mut reflected = Vec::new();
    for (command, result) in commands.iter().zip(results) {
        let mut new = Vec::new();
        if image.apply(command, &mut new) != *result {
            return Err("from the other side, it is another result".to_owned());
        }
        new.iter_mut().for_each(flip_event);
        if matches!(command, Command::CancelAll(_)) {
            // Bids go first, which the image had as asks.
            new.sort_by_key(side);
        }
        reflected.extend(new);
    }
    if reflected != events {
        return Err(format!("from the other side: {reflected:#?}"));
    }
    let ladder = |book: &OrderBook, side| -> Vec<_> {
        book.orders(side)
            .map(|order| (order.id, order.displayed, order.remaining, order.quantity))
            .collect()
    };
    for side in [Side::Buy, Side::Sell] {
        if ladder(book, side) != ladder(&image, side.opposite()) {
            return Err("from the other side, the book is another one".to_owned());
        }
    }
    Ok(())
}

fn flipped(price: Price) -> Option<Price> {
    price.get().checked_neg().map(Price::new)
}

fn flipped_instrument(instrument: &Instrument) -> Option<Instrument> {
    let (min, max) = (
        flipped(instrument.max_price())?,
        flipped(instrument.min_price())?,
    );
    let instrument = instrument.clone().with_price_limits(min, max);
    Some(instrument.expect("as far on the other side"))
}

/// Where there is a price, there has to be a counterpart.
fn replace(at: &mut Option<Price>) -> Option<()> {
    if let Some(it) = at {
        *it = flipped(*it)?;
    }
    Some(())
}

fn flipped_command(command: &Command) -> Option<Command> {
    let mut command = *command;
    match &mut command {
        Command::Place(order) => {
            order.side = order.side.opposite();
            match &mut order.kind {
                OrderKind::Limit { price: limit, .. } => *limit = flipped(*limit)?,
                OrderKind::Market { protection, .. } => replace(protection)?,
            }
        }
        Command::Amend { price: limit, .. } | Command::Replace { price: limit, .. } => {
            *limit = flipped(*limit)?;
        }
        Command::CancelAll(selection) => {
            selection.side = selection.side.map(Side::opposite);
            std::mem::swap(&mut selection.lowest, &mut selection.highest);
            replace(&mut selection.lowest)?;
            replace(&mut selection.highest)?;
        }
        Command::Cancel { .. } | Command::Reduce { .. } | Command::Expire { .. } => {}
    }
    Some(command)
}

fn side(event: &Event) -> Option<Side> {
    match event {
        Event::Closed { side, .. } => Some(*side),
        _ => None,
    }
}

fn flip_event(event: &mut Event) {
    let flip = |side: &mut Side, price: Option<&mut Price>| {
        *side = side.opposite();
        if let Some(price) = price {
            *price = Price::new(-price.get());
        }
    };
    match event {
        Event::Accepted { side, rested, .. } => {
            flip(side, rested.as_mut().map(|level| &mut level.price));
        }
        Event::Amended {
            side, left, rested, ..
        } => {
            left.price = Price::new(-left.price.get());
            flip(side, rested.as_mut().map(|level| &mut level.price));
        }
        Event::Closed { side, left, .. } => {
            flip(side, left.as_mut().map(|level| &mut level.price));
        }
        Event::Rested { side, price, .. }
        | Event::Replenished { side, price, .. }
        | Event::Reduced { side, price, .. } => flip(side, Some(price)),
        Event::Traded(Trade {
            taker_side, price, ..
        })
        | Event::Decremented {
            taker_side, price, ..
        } => flip(taker_side, Some(price)),
    }
}
