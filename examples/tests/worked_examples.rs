//! The examples by which exchanges explain their rules, worked through by our book.
//!
//! Each example of the file is either run here or listed in [`NOT_OURS`] with the reason: none is
//! left out in silence.

mod recordings;

use std::collections::BTreeSet;
use std::fs;

use orderbook_core::*;
use serde::Deserialize;

/// Examples of rules that we do not have.
const NOT_OURS: &[(&str, &str)] = &[
    ("xetra-c01", "a market order rests; ours never do"),
    ("xetra-c04", "a market order rests; ours never do"),
    ("xetra-c05", "a market order rests; ours never do"),
    ("xetra-c06", "a market order rests; ours never do"),
    ("xetra-c07", "a market order rests; ours never do"),
    ("xetra-c08", "a market order comes to rest; ours expire"),
    ("xetra-c09", "a market order rests; ours never do"),
    ("xetra-c12", "a market order rests; ours never do"),
    ("xetra-c13", "market-to-limit without a price to take"),
    ("xetra-c14", "a market order rests; ours never do"),
    ("xetra-c15", "a market order rests; ours never do"),
    ("xetra-c16", "a market order rests; ours never do"),
    ("xetra-c17", "a market order rests; ours never do"),
    ("xetra-c21", "a market order rests; ours never do"),
    ("xetra-c22", "a market order rests; ours never do"),
    ("xetra-c23", "a market order rests; ours never do"),
    ("xetra-c24", "a market order rests; ours never do"),
    ("xetra-c25", "a market order rests; ours never do"),
    ("xetra-c26", "a market order rests; ours never do"),
    ("xetra-p1", "a market order rests; ours never do"),
    ("xetra-p3", "a market order rests; ours never do"),
    (
        "xetra-v1",
        "a volatility interruption, and a market order rests",
    ),
    ("cme-prorata-1", "pro-rata allocation; ours is by time"),
    (
        "cme-eurodollar-2005",
        "pro-rata allocation with TOP; ours is by time",
    ),
    ("cme-complex-501", "implied orders of other instruments"),
];

#[derive(Deserialize)]
struct Examples {
    continuous: Vec<Continuous>,
    iceberg: Sequence,
    other: Vec<Other>,
}

#[derive(Deserialize)]
struct Continuous {
    id: String,
    book: Vec<Submitted>,
    incoming: Submitted,
    expect: Expected,
}

#[derive(Deserialize)]
struct Submitted {
    id: Option<String>,
    side: TextSide,
    #[serde(rename = "type")]
    kind: String,
    qty: u64,
    price: Option<i64>,
    /// The slice of an iceberg.
    peak: Option<u64>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum TextSide {
    Buy,
    Sell,
}

#[derive(Deserialize)]
struct Expected {
    rejected: bool,
    trades: Vec<ExpectedTrade>,
    book_after: Vec<String>,
}

#[derive(Deserialize)]
struct ExpectedTrade {
    price: i64,
    qty: u64,
    #[serde(alias = "with_")]
    resting: String,
}

#[derive(Deserialize)]
struct Sequence {
    id: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    submit: Submitted,
    trades: Vec<ExpectedTrade>,
    #[serde(default)]
    state: std::collections::BTreeMap<String, Shown>,
}

#[derive(Deserialize)]
struct Shown {
    displayed: u64,
    hidden: u64,
}

/// Examples of many shapes, each of which has its own function.
#[derive(Deserialize)]
struct Other {
    id: String,
    #[serde(flatten)]
    content: serde_json::Value,
}

/// A book whose orders have names.
struct Named {
    book: OrderBook,
    names: Vec<String>,
}

impl Named {
    fn new() -> Self {
        let one = orderbook_core::Step::new(1, 0).expect("a valid step");
        let instrument = Instrument::new("EXAMPLE", one, one).expect("a valid instrument");
        Self {
            book: OrderBook::new(instrument),
            names: Vec::new(),
        }
    }

    /// A new order of an account of its own.
    fn place(&mut self, name: &str, side: Side, quantity: u64, kind: OrderKind) -> Vec<Event> {
        self.names.push(name.to_owned());
        let id = self.names.len() as u64;
        let order = Order::of_kind(
            OrderId::new(id),
            AccountId::new(id),
            side,
            Quantity::new(quantity),
            kind,
        );
        self.apply(&Command::Place(order))
    }

    fn apply(&mut self, command: &Command) -> Vec<Event> {
        let mut events = Vec::new();
        let result = self.book.apply(command, &mut events);
        assert_eq!(result, Ok(()), "{command:?}");
        assert_eq!(self.book.check(), Ok(()));
        events
    }

    fn submit(&mut self, order: &Submitted) -> Vec<Event> {
        let side = Side::from(order.side);
        let price = order.price.map(Price::new);
        let kind = match order.kind.as_str() {
            "market" => OrderKind::MARKET,
            "limit" => limit(price.expect("a limit order has a price"), TimeInForce::GTC),
            "iceberg" => {
                let peak = Quantity::new(order.peak.expect("an iceberg has a peak"));
                let price = price.expect("an iceberg has a price");
                limit(price, TimeInForce::iceberg(peak))
            }
            // We do not have it, but it is a limit order at the best opposite price.
            "market_to_limit" => {
                let best = self.book.best(side.opposite()).expect("there is a price");
                limit(best.price, TimeInForce::GTC)
            }
            other => panic!("what is {other}?"),
        };
        self.place(order.id.as_deref().unwrap_or("in"), side, order.qty, kind)
    }

    fn name(&self, id: OrderId) -> &str {
        &self.names[usize::try_from(id.get() - 1).expect("there are few")]
    }

    fn order(&self, name: &str) -> RestingOrder {
        let position = self.names.iter().position(|other| other == name);
        let id = position.expect("it was placed") as u64 + 1;
        self.book.order(OrderId::new(id)).expect("it rests")
    }

    /// Price, quantity and name of the maker of each trade.
    fn trades(&self, events: &[Event]) -> Vec<(i64, u64, &str)> {
        let trades = events.iter().filter_map(|event| match event {
            Event::Traded(trade) => Some((
                trade.price.get(),
                trade.quantity.get(),
                self.name(trade.maker_order_id),
            )),
            _ => None,
        });
        trades.collect()
    }

    fn rests(&self) -> BTreeSet<&str> {
        let orders = [Side::Buy, Side::Sell].map(|side| self.book.orders(side));
        orders
            .into_iter()
            .flatten()
            .map(|order| self.name(order.id))
            .collect()
    }
}

impl From<TextSide> for Side {
    fn from(side: TextSide) -> Self {
        match side {
            TextSide::Buy => Self::Buy,
            TextSide::Sell => Self::Sell,
        }
    }
}

const fn limit(price: Price, time_in_force: TimeInForce) -> OrderKind {
    OrderKind::Limit {
        price,
        time_in_force,
    }
}

fn expected(trades: &[ExpectedTrade]) -> Vec<(i64, u64, &str)> {
    let trades = trades.iter();
    trades
        .map(|trade| (trade.price, trade.qty, trade.resting.as_str()))
        .collect()
}

#[test]
fn every_example_is_run_or_listed() -> anyhow::Result<()> {
    let Some(path) = recordings::recording("worked_examples/continuous_examples.json") else {
        return Ok(());
    };
    let examples: Examples = serde_json::from_str(&fs::read_to_string(path)?)?;
    let mut listed: BTreeSet<&str> = NOT_OURS.iter().map(|(id, _)| *id).collect();
    assert_eq!(listed.len(), NOT_OURS.len(), "an example is listed twice");
    let mut ran = 0;
    for example in &examples.continuous {
        if !listed.remove(example.id.as_str()) {
            continuous(example);
            ran += 1;
        }
    }
    assert!(!listed.contains(examples.iceberg.id.as_str()));
    iceberg(&examples.iceberg);
    ran += 1;
    for Other { id, content } in &examples.other {
        if listed.remove(id.as_str()) {
            continue;
        }
        match id.as_str() {
            "cme-market-protection" => market_with_protection(content),
            "cme-market-limit" => market_limit(content),
            "clob-fok-1" => fill_or_kill(content),
            "cme-ifm" => in_flight_mitigation(),
            "coinbase-stp" => self_trade_prevention(),
            unknown => panic!("{unknown} is neither run nor listed"),
        }
        ran += 1;
    }
    assert!(listed.is_empty(), "not in the file: {listed:?}");
    assert_eq!(ran, 15);
    Ok(())
}

fn continuous(example: &Continuous) {
    let id = &example.id;
    let mut named = Named::new();
    for order in &example.book {
        named.submit(order);
    }
    // What is rejected in them is market-to-limit, which is listed where it cannot be expressed.
    assert!(!example.expect.rejected, "{id}");
    let events = named.submit(&example.incoming);
    let trades = expected(&example.expect.trades);
    assert_eq!(named.trades(&events), trades, "{id}");
    let after = example.expect.book_after.iter().map(String::as_str);
    assert_eq!(named.rests(), after.collect(), "{id}");
    if id == "xetra-p2" {
        let rest = named.order("in");
        let found = (rest.price.get(), rest.remaining.get());
        assert_eq!(found, (203, 2_000), "{id}");
    }
}

/// The Xetra iceberg example: trades, and what is displayed and hidden, after each step.
fn iceberg(sequence: &Sequence) {
    let mut named = Named::new();
    for (number, step) in (1..).zip(&sequence.steps) {
        let events = named.submit(&step.submit);
        assert_eq!(named.trades(&events), expected(&step.trades), "{number}");
        for (name, shown) in &step.state {
            let order = named.order(name);
            let found = (order.displayed.get(), order.hidden().get());
            assert_eq!(found, (shown.displayed, shown.hidden), "{number} {name}");
        }
    }
}

/// Prices and quantities; `null` is some quantity.
type Levels = Vec<(i64, Option<u64>)>;

fn levels(content: &serde_json::Value, side: &str) -> Levels {
    serde_json::from_value(content["book"][side].clone()).expect("prices and quantities")
}

fn place_all(named: &mut Named, side: Side, levels: &Levels) {
    for (price, quantity) in levels {
        let kind = limit(Price::new(*price), TimeInForce::GTC);
        named.place("resting", side, quantity.unwrap_or(5), kind);
    }
}

/// CME: what is left of a market order with protection rests at the protection price. Ours expires,
/// as a market order does; the rest of the rule is a limit order at that price.
fn market_with_protection(content: &serde_json::Value) {
    let asks = levels(content, "asks");
    let number = |value: &serde_json::Value| value.as_i64().expect("a number");
    let quantity = content["incoming"]["qty"].as_u64().expect("a number");
    let worst = asks[0].0 + number(&content["incoming"]["protection_points"]);
    let expected: Vec<(i64, u64)> =
        serde_json::from_value(content["expect"]["trades"].clone()).expect("trades");
    let rest = &content["expect"]["rest"];
    let rest = (number(&rest["price"]), number(&rest["qty"]).unsigned_abs());
    assert_eq!(rest.0, worst);
    let protected = OrderKind::Market {
        protection: Some(Price::new(worst)),
        budget: None,
    };
    for (kind, rests) in [
        (protected, false),
        (limit(Price::new(worst), TimeInForce::GTC), true),
    ] {
        let mut named = Named::new();
        place_all(&mut named, Side::Sell, &asks);
        let events = named.place("in", Side::Buy, quantity, kind);
        let trades: Vec<_> = named
            .trades(&events)
            .iter()
            .map(|it| (it.0, it.1))
            .collect();
        assert_eq!(trades, expected);
        match (events.last(), rests) {
            (Some(Event::Closed { unfilled, .. }), false) => assert_eq!(unfilled.get(), rest.1),
            (Some(Event::Rested { .. }), true) => {
                let order = named.order("in");
                assert_eq!((order.price.get(), order.remaining.get()), rest);
            }
            (other, _) => panic!("{other:?}"),
        }
    }
}

/// CME: a market-limit order is a limit order at the best opposite price.
fn market_limit(content: &serde_json::Value) {
    let asks = levels(content, "asks");
    let mut named = Named::new();
    place_all(&mut named, Side::Sell, &asks);
    let quantity = content["incoming"]["qty"].as_u64();
    let events = named.submit(&Submitted {
        id: None,
        side: TextSide::Buy,
        kind: "market_to_limit".to_owned(),
        qty: quantity.expect("a number"),
        price: None,
        peak: None,
    });
    let expected: Vec<(i64, u64)> =
        serde_json::from_value(content["expect"]["trades"].clone()).expect("trades");
    let trades: Vec<_> = named
        .trades(&events)
        .iter()
        .map(|it| (it.0, it.1))
        .collect();
    assert_eq!(trades, expected);
    let rest = &content["expect"]["rest"];
    let order = named.order("in");
    assert_eq!(rest["price"].as_i64(), Some(order.price.get()));
    assert_eq!(rest["qty"].as_u64(), Some(order.remaining.get()));
}

/// Fill or kill at any price is, with us, a limit order at the worst price there is. The source
/// says of the last order that it fills although 300 of 400 are there; the file leaves that open.
fn fill_or_kill(content: &serde_json::Value) {
    #[derive(Deserialize)]
    struct Taker {
        side: TextSide,
        qty: u64,
        filled: Option<bool>,
    }

    let mut named = Named::new();
    place_all(&mut named, Side::Buy, &levels(content, "bids"));
    place_all(&mut named, Side::Sell, &levels(content, "asks"));
    let sequence: Vec<Taker> = serde_json::from_value(content["sequence"].clone()).expect("orders");
    for taker in sequence {
        let side = Side::from(taker.side);
        let worst = named.book.levels(side.opposite()).last();
        let price = worst.expect("the side is not empty").price;
        let events = named.place("in", side, taker.qty, limit(price, TimeInForce::FOK));
        let filled = matches!(
            events.last(),
            Some(Event::Closed {
                reason: CloseReason::Filled,
                ..
            })
        );
        assert_eq!(filled, taker.filled.unwrap_or(false), "{}", taker.qty);
    }
    let left: Vec<_> = [Side::Buy, Side::Sell]
        .into_iter()
        .flat_map(|side| named.book.levels(side))
        .map(|level| (level.price.get(), level.quantity.get()))
        .collect();
    assert_eq!(left, [(197, 200), (196, 100), (198, 100), (200, 100)]);
}

/// CME: buy 10 @ 885, 6 are filled, a change to 5 in all crosses the fill: the order is cancelled.
fn in_flight_mitigation() {
    let mut named = Named::new();
    let price = Price::new(885);
    named.place("order", Side::Buy, 10, limit(price, TimeInForce::GTC));
    named.place("other", Side::Sell, 6, limit(price, TimeInForce::GTC));
    assert_eq!(named.order("order").filled(), Quantity::new(6));
    let events = named.apply(&Command::Amend {
        order_id: OrderId::new(1),
        quantity: Quantity::new(5),
        price,
    });
    let left = Level {
        price,
        quantity: Quantity::new(4),
    };
    let cancelled = Event::Closed {
        order_id: OrderId::new(1),
        account: AccountId::new(1),
        side: Side::Buy,
        reason: CloseReason::Cancelled,
        unfilled: Quantity::new(4),
        left: Some(left),
    };
    assert_eq!(events, [cancelled]);
}

/// Coinbase: decrement and cancel (dc), cancel oldest (co), cancel newest (cn), cancel both (cb).
fn self_trade_prevention() {
    use SelfTradePrevention::{Decrement, ExpireBoth, ExpireMaker, ExpireTaker};

    // What is left of a resting order and of an incoming one, which meet.
    for (rule, policy, resting, incoming, resting_left, incoming_left) in [
        ("dc: the smaller is cancelled", Decrement, 3, 5, 0, 2),
        ("dc: the larger is decremented", Decrement, 5, 3, 2, 0),
        ("dc: of one size, both are cancelled", Decrement, 4, 4, 0, 0),
        ("co: the resting one in full", ExpireMaker, 5, 3, 0, 3),
        ("cn: the incoming one in full", ExpireTaker, 3, 5, 3, 0),
        ("cb: both, larger or smaller", ExpireBoth, 3, 5, 0, 0),
    ] {
        let mut named = Named::new();
        for (id, side, quantity) in [(1, Side::Sell, resting), (2, Side::Buy, incoming)] {
            let events = named.apply(&Command::Place(Order {
                self_trade: Some(policy),
                ..Order::limit(
                    OrderId::new(id),
                    AccountId::new(7),
                    side,
                    Quantity::new(quantity),
                    Price::new(100),
                )
            }));
            let traded = |event: &Event| matches!(event, Event::Traded(_));
            assert!(!events.iter().any(traded), "{rule}");
        }
        let left = [1, 2].map(|id| {
            let order = named.book.order(OrderId::new(id));
            order.map_or(0, |order| order.remaining.get())
        });
        assert_eq!(left, [resting_left, incoming_left], "{rule}");
    }
    // co: the incoming one goes on to others.
    let mut named = Named::new();
    let price = Price::new(100);
    named.place("own", Side::Sell, 5, limit(price, TimeInForce::GTC));
    named.place("other", Side::Sell, 3, limit(price, TimeInForce::GTC));
    let events = named.apply(&Command::Place(Order {
        self_trade: Some(ExpireMaker),
        ..Order::limit(
            OrderId::new(3),
            AccountId::new(1),
            Side::Buy,
            Quantity::new(3),
            price,
        )
    }));
    assert_eq!(named.trades(&events), [(100, 3, "other")]);
    assert!(named.book.is_empty());
}
