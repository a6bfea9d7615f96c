//! What a comparison of books came across, beyond single events.

use orderbook_core::{
    BookReject, CloseReason, Command, Event, Instrument, OrderKind, PostOnly, Price, Quantity,
    Resting, RestingOrder, SelfTradePrevention, TimeInForce,
};

use super::{Coverage, count};

impl Coverage<BookReject> {
    /// Notes what an accepted command led to. `before` is the order that it named, as it was.
    pub(super) fn note_situations(
        &mut self,
        instrument: &Instrument,
        command: &Command,
        before: Option<&RestingOrder>,
        events: &[Event],
    ) {
        let met_itself = events.iter().any(|event| match event {
            Event::Traded(trade) => trade.maker_account == trade.taker_account,
            Event::Decremented { .. } => true,
            Event::Closed { reason, .. } => *reason == CloseReason::SelfTrade,
            _ => false,
        });
        let policy = policy(instrument, command, before);
        if let (true, Some(policy)) = (met_itself, policy) {
            count(&mut self.self_trades, policy, 1);
        }
        for situation in situations(command, before, events) {
            count(&mut self.situations, situation, 1);
        }
    }
}

/// What the order that came in does about self-trades.
fn policy(
    instrument: &Instrument,
    command: &Command,
    before: Option<&RestingOrder>,
) -> Option<SelfTradePrevention> {
    match command {
        Command::Place(order) => Some(order.self_trade.unwrap_or(instrument.self_trade())),
        Command::Amend { .. } | Command::Replace { .. } => before.map(|order| order.self_trade),
        _ => None,
    }
}

fn situations(
    command: &Command,
    before: Option<&RestingOrder>,
    events: &[Event],
) -> Vec<&'static str> {
    let mut found = Vec::new();
    let trades = events
        .iter()
        .filter(|event| matches!(event, Event::Traded(_)))
        .count();
    match *command {
        Command::Place(order) => of_entry(order.kind, trades, events, &mut found),
        Command::Amend { price, .. } => found.push(match events {
            [Event::Reduced { .. }] => "amended in place",
            [Event::Closed { .. }] => "amended to what had traded",
            [
                Event::Amended {
                    rested: Some(level),
                    ..
                },
            ] if level.price != price => "amended and slid",
            [_] => "amended and rested",
            _ if before.is_some_and(|order| order.display.is_some()) => {
                "amended, an iceberg traded"
            }
            _ => "amended and traded",
        }),
        Command::Replace {
            order_id,
            new_order_id,
            price,
            time_in_force,
            ..
        } => {
            found.push(if order_id == new_order_id {
                "replaced, the same id"
            } else {
                "replaced, another id"
            });
            let kind = OrderKind::Limit {
                price,
                time_in_force,
            };
            of_entry(kind, trades, events, &mut found);
        }
        Command::CancelAll(_) => found.push(match events.len() {
            0 => "cancelled all, none",
            1 => "cancelled all, one",
            _ => "cancelled all, several",
        }),
        Command::Expire { .. } => found.push(match events.len() {
            0 => "time passed",
            1 => "one expired",
            _ => "several expired",
        }),
        Command::Cancel { .. } | Command::Reduce { .. } => {}
    }
    if trades > 9 {
        found.push("swept ten orders or more");
    }
    found
}

fn of_entry(kind: OrderKind, trades: usize, events: &[Event], found: &mut Vec<&'static str>) {
    let traded = trades > 0;
    let filled = matches!(
        events.last(),
        Some(Event::Closed {
            reason: CloseReason::Filled,
            ..
        })
    );
    match kind {
        OrderKind::Market { protection, budget } => found.push(match (protection, budget) {
            (None, None) => "market",
            (Some(_), None) => "market, protected",
            (None, Some(_)) => "market, with a budget",
            (Some(_), Some(_)) => "market, protected, with a budget",
        }),
        OrderKind::Limit {
            price,
            time_in_force,
        } => match time_in_force {
            TimeInForce::FillOrKill if filled => found.push("FOK filled"),
            TimeInForce::FillOrKill => found.push("FOK expired"),
            TimeInForce::ImmediateOrCancel { minimum } => {
                found.push(match (minimum.get() > 0, traded) {
                    (false, _) => "IOC",
                    (true, true) => "IOC, its minimum traded",
                    (true, false) => "IOC, its minimum did not trade",
                });
            }
            TimeInForce::GoodTillCancel => found.push(match (traded, rested(events)) {
                (false, Some(_)) => "GTC rested",
                (true, Some(_)) => "GTC traded and rested",
                (_, None) => "GTC closed at once",
            }),
            TimeInForce::Rest(terms) => of_resting(price, terms, traded, rested(events), found),
        },
    }
}

/// Where an order came to rest, what is displayed, and whether there is more.
fn rested(events: &[Event]) -> Option<(Price, Quantity, bool)> {
    match *events.last()? {
        Event::Accepted {
            quantity,
            rested: Some(level),
            ..
        } => Some((level.price, level.quantity, level.quantity < quantity)),
        Event::Rested {
            price,
            quantity,
            hidden,
            ..
        } => Some((price, quantity, hidden.get() > 0)),
        _ => None,
    }
}

fn of_resting(
    limit: Price,
    terms: Resting,
    traded: bool,
    rested: Option<(Price, Quantity, bool)>,
    found: &mut Vec<&'static str>,
) {
    if terms == Resting::PLAIN {
        found.push("on terms like those of GTC");
    }
    if terms.until.is_some() {
        found.push("with a date");
    }
    let slid = rested.is_some_and(|(price, ..)| price != limit);
    match terms.post_only {
        None => {}
        Some(PostOnly::Reject) => found.push("post-only rested"),
        Some(PostOnly::Slide) if slid => found.push("post-only slid"),
        Some(PostOnly::Slide) => found.push("post-only did not have to slide"),
    }
    if let (Some(slice), Some((_, displayed, more))) = (terms.display, rested) {
        found.push(match (traded, displayed < slice && more) {
            (_, true) => "iceberg rested with a slice in progress",
            (true, false) => "iceberg traded and rested",
            (false, false) if slid => "iceberg slid",
            (false, false) => "iceberg rested",
        });
    }
}
