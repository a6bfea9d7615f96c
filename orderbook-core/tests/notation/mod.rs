//! A notation for scenarios that a trader can check by eye.
//!
//! | text | means |
//! |---|---|
//! | `#1 buy 5 @ 100` | order 1 buys 5 lots at 100 ticks or better; then `ioc`, `fok`, `post` or nothing |
//! | `#1 sell 5 market` | order 1 sells 5 lots at any price |
//! | `#1 cancel` | |
//! | `#1 reduce 2` | takes 2 lots off |
//! | `#1 replace #2 5 @ 101` | order 2 comes in the stead of order 1 |
//! | `#1 rested: buy 5 @ 100` | an event; the quantity of a closed order is what never traded |
//! | `ask 101: #1x5 #2x3` | a level, its orders oldest first |
//!
//! An order belongs to the account of the same number unless it says otherwise: `#1/7` is order 1
//! of account 7.

use orderbook_core::*;

/// One line of a table of scenarios.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Commands that have been taken already.
    pub(crate) given: &'static [&'static str],
    pub(crate) when: &'static str,
    /// Every event of the command, or `refused` and why.
    pub(crate) then: &'static [&'static str],
    /// The book afterwards, as a ladder: the highest price is on top.
    pub(crate) book: &'static [&'static str],
}

/// Plays all scenarios and reports all that come out otherwise.
pub(crate) fn play(instrument: &Instrument, scenarios: &[Scenario]) {
    let failures: Vec<String> = scenarios
        .iter()
        .filter_map(|scenario| one(instrument, scenario).err())
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn one(instrument: &Instrument, scenario: &Scenario) -> Result<(), String> {
    let name = scenario.name;
    let mut book = OrderBook::new(instrument.clone());
    let mut events = Vec::new();
    for given in scenario.given {
        book.apply(&command(given), &mut events)
            .map_err(|reject| format!("{name}: `{given}` is refused: {reject:?}"))?;
    }

    let before = (book.snapshot(), events.clone());
    let result = book.apply(&command(scenario.when), &mut events);
    if result.is_err() {
        assert_eq!((book.snapshot(), events.clone()), before, "{name}");
    }
    let trades = events.iter().filter_map(|event| match event {
        Event::Traded(trade) => Some(trade.id.get()),
        _ => None,
    });
    assert!(trades.eq(1..=book.last_trade_id().get()), "{name}: ids");
    book.check()
        .map_err(|violation| format!("{name}: {violation}"))?;

    let then: Vec<String> = match result {
        Ok(()) => events[before.1.len()..].iter().map(event).collect(),
        Err(reject) => vec![format!("refused {reject:?}")],
    };
    let ladder = ladder(&book);
    if then == scenario.then && ladder == scenario.book {
        return Ok(());
    }
    Err(format!(
        "{name}: {}\n  events    {then:#?}\n  expected  {:#?}\n  book      {ladder:#?}\n  expected  {:#?}",
        scenario.when, scenario.then, scenario.book
    ))
}

fn command(text: &str) -> Command {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (order_id, account) = order_and_account(words[0]);
    match words[1..] {
        [side @ ("buy" | "sell"), quantity, ref terms @ ..] => Command::Place(Order {
            id: order_id,
            account,
            side: if side == "buy" { Side::Buy } else { Side::Sell },
            quantity: Quantity::new(number(quantity)),
            kind: match *terms {
                ["market"] => OrderKind::Market,
                ["@", price, ref policy @ ..] => OrderKind::Limit {
                    price: Price::new(number(price)),
                    time_in_force: time_in_force(policy),
                },
                _ => panic!("no terms: {text}"),
            },
        }),
        ["cancel"] => Command::Cancel { order_id },
        ["reduce", by] => Command::Reduce {
            order_id,
            by: Quantity::new(number(by)),
        },
        [
            "replace",
            new_order_id,
            quantity,
            "@",
            price,
            ref policy @ ..,
        ] => Command::Replace {
            order_id,
            new_order_id: order_and_account(new_order_id).0,
            quantity: Quantity::new(number(quantity)),
            price: Price::new(number(price)),
            time_in_force: time_in_force(policy),
        },
        _ => panic!("no command: {text}"),
    }
}

fn order_and_account(word: &str) -> (OrderId, AccountId) {
    let word = word.strip_prefix('#').expect("an order starts with #");
    let (order, account) = word.split_once('/').unwrap_or((word, word));
    (OrderId::new(number(order)), AccountId::new(number(account)))
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| panic!("no number: {word}"))
}

fn time_in_force(words: &[&str]) -> TimeInForce {
    match words {
        [] => TimeInForce::GoodTillCancel,
        ["ioc"] => TimeInForce::ImmediateOrCancel,
        ["fok"] => TimeInForce::FillOrKill,
        ["post"] => TimeInForce::PostOnly,
        _ => panic!("no time in force: {words:?}"),
    }
}

fn event(event: &Event) -> String {
    match *event {
        Event::Accepted(order) => {
            let terms = match order.kind {
                OrderKind::Market => "market".to_owned(),
                OrderKind::Limit {
                    price,
                    time_in_force,
                } => {
                    let policy = match time_in_force {
                        TimeInForce::GoodTillCancel => "",
                        TimeInForce::ImmediateOrCancel => " ioc",
                        TimeInForce::FillOrKill => " fok",
                        TimeInForce::PostOnly => " post",
                    };
                    format!("@ {price}{policy}")
                }
            };
            format!(
                "{} accepted: {} {} {terms}",
                name(order.id, order.account),
                side(order.side),
                order.quantity
            )
        }
        Event::Traded(trade) => format!(
            "traded {} @ {}: maker {} left {}, {} taker {} left {}",
            trade.quantity,
            trade.price,
            name(trade.maker_order_id, trade.maker_account),
            trade.maker_remaining,
            side(trade.taker_side),
            name(trade.taker_order_id, trade.taker_account),
            trade.taker_remaining,
        ),
        Event::Rested {
            order_id,
            account,
            side: of,
            price,
            quantity,
        } => format!(
            "{} rested: {} {quantity} @ {price}",
            name(order_id, account),
            side(of)
        ),
        Event::Reduced {
            order_id,
            account,
            side: of,
            price,
            by,
            remaining,
        } => format!(
            "{} reduced by {by}: {} {remaining} @ {price}",
            name(order_id, account),
            side(of)
        ),
        Event::Closed {
            order_id,
            account,
            side: of,
            reason,
            unfilled,
            resting_at,
        } => {
            let why = match reason {
                CloseReason::Filled => "filled",
                CloseReason::Cancelled => "cancelled",
                CloseReason::Replaced => "replaced",
                CloseReason::Expired => "expired",
            };
            let place = resting_at.map_or(String::new(), |price| format!(" @ {price}"));
            format!(
                "{} {why}: {} {unfilled}{place}",
                name(order_id, account),
                side(of)
            )
        }
    }
}

fn ladder(book: &OrderBook) -> Vec<String> {
    let side = |side, label| {
        book.levels(side).map(move |level| {
            let orders: Vec<String> = book
                .orders(side)
                .filter(|order| order.price == level.price)
                .map(|order| format!("{}x{}", name(order.id, order.account), order.remaining))
                .collect();
            format!("{label} {}: {}", level.price, orders.join(" "))
        })
    };
    let mut ladder: Vec<String> = side(Side::Sell, "ask").collect();
    ladder.reverse();
    ladder.extend(side(Side::Buy, "bid"));
    ladder
}

fn name(order: OrderId, account: AccountId) -> String {
    if order.get() == account.get() {
        format!("#{order}")
    } else {
        format!("#{order}/{account}")
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}
