//! What the public hears of orders, by eye, and against a real book.

use marketdata_core::{
    ClientOrderBook, DisplayedOrder, OrderChange, OrderError, OrderFeed, OrderMessage,
    OrderSnapshot,
};
use orderbook_core::{
    AccountId, Command, Event, Order, OrderBook, OrderId, OrderKind, PostOnly, Price, Quantity,
    Resting, Selection, SelfTradePrevention, Side, TimeInForce, Timestamp,
};
use proptest::prelude::*;

use crate::given::{
    accepted, amended, book, closed, command, decremented, reduced, replenished, rested, traded,
};
use Side::{Buy, Sell};

/// A message the way a trader would write it down.
fn written(message: &OrderMessage) -> String {
    let id = message.order_id;
    match message.change {
        OrderChange::Added {
            side,
            price,
            quantity,
        } => format!("{id} {side:?} {quantity}@{price}"),
        OrderChange::Reduced { by } => format!("{id} -{by}"),
        OrderChange::Executed { quantity, trade_id } => format!("{id} -{quantity} #{trade_id}"),
        OrderChange::Moved { price, quantity } => format!("{id} -> {quantity}@{price}"),
        OrderChange::Removed => format!("{id} gone"),
    }
}

/// A real book, its feed, and somebody who hears nothing but that.
struct Watched {
    book: OrderBook,
    feed: OrderFeed,
    client: ClientOrderBook,
}

impl Watched {
    fn new() -> Self {
        let mut client = ClientOrderBook::default();
        let nothing = client.restart(&OrderSnapshot::default());
        assert!(nothing.is_ok() && client.is_empty());
        Self {
            book: book(),
            feed: OrderFeed::new(),
            client,
        }
    }

    /// A command, and what the public hears of it.
    #[track_caller]
    fn hears(&mut self, command: &Command, expected: &[&str]) {
        let mut events = Vec::new();
        assert_eq!(self.book.apply(command, &mut events), Ok(()));
        let mut heard = Vec::new();
        for event in &events {
            let sequence = self.feed.sequence();
            if let Some(message) = self.feed.apply(event).expect("the events of a book") {
                assert_eq!(message.sequence, sequence + 1);
                self.client.apply(&message).expect("the next message");
                heard.push(written(&message));
            }
        }
        assert_eq!(heard, expected);
        let displayed = OrderSnapshot::of(&self.book, self.feed.sequence());
        assert_eq!(self.feed.snapshot(), displayed);
        assert_eq!(self.client.snapshot(), Some(displayed));
    }

    /// Ids and displayed quantities at a price, oldest first.
    #[track_caller]
    fn queue(&self, side: Side, price: i64, expected: &[(u64, u64)]) {
        let orders = self.client.orders_at(side, Price::new(price));
        let found: Vec<_> = orders.map(|it| (it.id.get(), it.quantity.get())).collect();
        assert_eq!(found, expected);
    }
}

/// An order whose account is its id.
fn of_kind(id: u64, side: Side, quantity: u64, kind: OrderKind) -> Order {
    let (id, account) = (OrderId::new(id), AccountId::new(id));
    Order::of_kind(id, account, side, Quantity::new(quantity), kind)
}

fn on_terms(id: u64, side: Side, quantity: u64, price: i64, terms: TimeInForce) -> Command {
    let kind = OrderKind::Limit {
        price: Price::new(price),
        time_in_force: terms,
    };
    Command::Place(of_kind(id, side, quantity, kind))
}

fn limit(id: u64, side: Side, quantity: u64, price: i64) -> Command {
    on_terms(id, side, quantity, price, TimeInForce::GTC)
}

fn amend(id: u64, quantity: u64, price: i64) -> Command {
    Command::Amend {
        order_id: OrderId::new(id),
        quantity: Quantity::new(quantity),
        price: Price::new(price),
    }
}

fn reduce(id: u64, by: u64) -> Command {
    Command::Reduce {
        order_id: OrderId::new(id),
        by: Quantity::new(by),
    }
}

fn cancel(id: u64) -> Command {
    Command::Cancel {
        order_id: OrderId::new(id),
    }
}

#[test]
fn orders_come_trade_and_go() {
    let mut market = Watched::new();
    market.hears(&limit(1, Sell, 5, 100), &["1 Sell 5@100"]);
    market.hears(&limit(2, Sell, 4, 100), &["2 Sell 4@100"]);
    market.hears(&limit(3, Buy, 2, 99), &["3 Buy 2@99"]);
    market.queue(Sell, 100, &[(1, 5), (2, 4)]);
    // The taker fills one order and part of the next; that the first one is gone goes without saying.
    market.hears(&limit(4, Buy, 6, 100), &["1 -5 #1", "2 -1 #2"]);
    market.queue(Sell, 100, &[(2, 3)]);
    // What does not trade rests.
    market.hears(&limit(5, Buy, 7, 100), &["2 -3 #3", "5 Buy 4@100"]);
    market.hears(&cancel(3), &["3 gone"]);
    market.hears(
        &Command::CancelAll(Selection::ALL),
        // Nothing else is left.
        &["5 gone"],
    );
}

#[test]
fn who_gets_smaller_keeps_its_place_and_who_gets_larger_loses_it() {
    let mut market = Watched::new();
    for id in 1..=3 {
        let text = format!("{id} Buy 9@99");
        market.hears(&limit(id, Buy, 9, 99), &[&text]);
    }
    market.hears(&reduce(1, 2), &["1 -2"]);
    market.hears(&amend(2, 4, 99), &["2 -5"]);
    market.queue(Buy, 99, &[(1, 7), (2, 4), (3, 9)]);
    market.hears(&amend(1, 8, 99), &["1 -> 8@99"]);
    market.queue(Buy, 99, &[(2, 4), (3, 9), (1, 8)]);
    market.hears(&amend(2, 4, 98), &["2 -> 4@98"]);
    market.hears(&amend(2, 4, 99), &["2 -> 4@99"]);
    market.queue(Buy, 99, &[(3, 9), (1, 8), (2, 4)]);
    // As much as the new quantity has traded already.
    market.hears(&limit(4, Sell, 3, 99), &["3 -3 #1"]);
    market.hears(&amend(3, 3, 99), &["3 gone"]);
}

#[test]
fn an_amended_order_that_meets_others_goes_and_comes_back() {
    let mut market = Watched::new();
    market.hears(&limit(1, Buy, 5, 99), &["1 Buy 5@99"]);
    market.hears(&limit(2, Sell, 2, 101), &["2 Sell 2@101"]);
    market.hears(&amend(1, 5, 101), &["1 gone", "2 -2 #1", "1 Buy 3@101"]);
    market.hears(&limit(3, Sell, 3, 102), &["3 Sell 3@102"]);
    market.hears(&amend(1, 5, 102), &["1 gone", "3 -3 #2"]);
}

#[test]
fn a_replacement_is_another_order() {
    let mut market = Watched::new();
    let replace = |new_order_id, time_in_force| Command::Replace {
        order_id: OrderId::new(1),
        new_order_id: OrderId::new(new_order_id),
        quantity: Quantity::new(4),
        price: Price::new(99),
        time_in_force,
    };
    market.hears(&limit(1, Buy, 5, 99), &["1 Buy 5@99"]);
    market.hears(&limit(2, Buy, 5, 99), &["2 Buy 5@99"]);
    market.hears(&replace(1, TimeInForce::GTC), &["1 gone", "1 Buy 4@99"]);
    market.queue(Buy, 99, &[(2, 5), (1, 4)]);
    market.hears(&replace(3, TimeInForce::GTC), &["1 gone", "3 Buy 4@99"]);
    market.hears(&limit(1, Buy, 1, 99), &["1 Buy 1@99"]);
    market.hears(&replace(4, TimeInForce::IOC), &["1 gone"]);
}

#[test]
fn an_iceberg_comes_back_slice_by_slice_to_the_back() {
    let mut market = Watched::new();
    let iceberg = TimeInForce::iceberg(Quantity::new(3));
    market.hears(&on_terms(1, Sell, 10, 100, iceberg), &["1 Sell 3@100"]);
    market.hears(&limit(2, Sell, 2, 100), &["2 Sell 2@100"]);
    market.hears(&limit(3, Buy, 1, 100), &["1 -1 #1"]);
    market.queue(Sell, 100, &[(1, 2), (2, 2)]);
    market.hears(
        &limit(4, Buy, 5, 100),
        &["1 -2 #2", "1 Sell 3@100", "2 -2 #3", "1 -1 #4"],
    );
    market.hears(&limit(5, Sell, 1, 100), &["5 Sell 1@100"]);
    market.queue(Sell, 100, &[(1, 2), (5, 1)]);
    // Six are left, two of them displayed; the reserve goes first, and nobody hears of it.
    market.hears(&reduce(1, 4), &[]);
    market.hears(&reduce(1, 1), &["1 -1"]);
    market.queue(Sell, 100, &[(1, 1), (5, 1)]);
    market.hears(&cancel(1), &["1 gone"]);
}

#[test]
fn who_does_not_come_to_rest_is_not_heard_of() {
    let mut market = Watched::new();
    market.hears(&limit(1, Sell, 5, 100), &["1 Sell 5@100"]);
    market.hears(&on_terms(2, Buy, 9, 99, TimeInForce::IOC), &[]);
    market.hears(&on_terms(3, Buy, 9, 100, TimeInForce::FOK), &[]);
    market.hears(&on_terms(4, Buy, 1, 100, TimeInForce::IOC), &["1 -1 #1"]);
    let order = of_kind(5, Buy, 9, OrderKind::MARKET);
    market.hears(&Command::Place(order), &["1 -4 #2"]);
}

#[test]
fn terms_show_only_in_where_and_how_long_an_order_rests() {
    let mut market = Watched::new();
    market.hears(&limit(1, Sell, 5, 100), &["1 Sell 5@100"]);
    let slide = TimeInForce::Rest(Resting {
        post_only: Some(PostOnly::Slide),
        ..Resting::PLAIN
    });
    market.hears(&on_terms(2, Buy, 4, 103, slide), &["2 Buy 4@99"]);
    let until = TimeInForce::gtd(Timestamp::new(7));
    market.hears(&on_terms(3, Buy, 1, 99, until), &["3 Buy 1@99"]);
    let now = Timestamp::new(7);
    market.hears(&Command::Expire { now }, &["3 gone"]);
}

#[test]
fn orders_of_one_owner_shrink_without_a_trade() {
    let mut market = Watched::new();
    let own = |id, side, quantity, policy| {
        let account = AccountId::new(7);
        let (id, quantity) = (OrderId::new(id), Quantity::new(quantity));
        Command::Place(Order {
            self_trade: Some(policy),
            ..Order::limit(id, account, side, quantity, Price::new(100))
        })
    };
    let decrement = SelfTradePrevention::Decrement;
    market.hears(&own(1, Buy, 5, decrement), &["1 Buy 5@100"]);
    market.hears(&own(2, Sell, 2, decrement), &["1 -2"]);
    market.hears(&own(3, Sell, 4, decrement), &["1 -3", "3 Sell 1@100"]);
    let expire = SelfTradePrevention::ExpireMaker;
    market.hears(&own(4, Buy, 6, expire), &["3 gone", "4 Buy 6@100"]);
}

/// What differs between two markets in owners and reserves only, nobody hears.
#[test]
fn owners_and_reserves_stay_secret() {
    let told = |account: u64, reserve: u64| {
        let (mut book, mut feed) = (book(), OrderFeed::new());
        let iceberg = OrderKind::Limit {
            price: Price::new(100),
            time_in_force: TimeInForce::iceberg(Quantity::new(3)),
        };
        let account = AccountId::new(account);
        let order = of_kind(1, Sell, 6 + reserve, iceberg);
        let order = Order { account, ..order };
        let mut events = Vec::new();
        for command in [
            Command::Place(order),
            reduce(1, reserve / 2),
            limit(2, Buy, 4, 100),
            cancel(1),
        ] {
            assert_eq!(book.apply(&command, &mut events), Ok(()));
        }
        let messages = events.iter().filter_map(|it| feed.apply(it).expect("fine"));
        messages.map(|it| written(&it)).collect::<Vec<_>>()
    };
    let expected = [
        "1 Sell 3@100",
        "1 -3 #1",
        "1 Sell 3@100",
        "1 -1 #2",
        "1 gone",
    ];
    assert_eq!(told(5, 2), expected);
    assert_eq!(told(6, 200), expected);
}

#[test]
fn an_event_that_cannot_be_the_next_one_changes_nothing() {
    let mut before = OrderFeed::new();
    // The one order of these events is 1.
    let first = before.apply(&accepted(Buy, Some((99, 5))));
    assert!(first.is_ok_and(|message| message.is_some()));
    let id = OrderId::new(1);
    let too_much = |by| OrderError::TooMuch {
        id,
        displayed: Quantity::new(5),
        by: Quantity::new(by),
    };
    for (event, error) in [
        (accepted(Buy, Some((98, 5))), OrderError::Known { id }),
        (rested(Sell, 101, 5), OrderError::Known { id }),
        (replenished(Buy, 99, 1), OrderError::Known { id }),
        (traded(1, Sell, 99, 6), too_much(6)),
        (decremented(Sell, 99, 6), too_much(6)),
        (reduced(Buy, 99, 6), too_much(6)),
        (traded(1, Buy, 99, 1), OrderError::Elsewhere { id }),
        (traded(1, Sell, 98, 1), OrderError::Elsewhere { id }),
        (decremented(Buy, 99, 1), OrderError::Elsewhere { id }),
        (reduced(Buy, 98, 1), OrderError::Elsewhere { id }),
        (reduced(Buy, 98, 0), OrderError::Elsewhere { id }),
        (closed(Buy, Some((99, 4))), OrderError::Elsewhere { id }),
        (closed(Sell, Some((99, 5))), OrderError::Elsewhere { id }),
        (amended(Buy, (99, 4), None), OrderError::Elsewhere { id }),
        (
            amended(Buy, (98, 5), Some((99, 9))),
            OrderError::Elsewhere { id },
        ),
        (
            amended(Buy, (99, 5), Some((98, 0))),
            OrderError::NoQuantity { id },
        ),
        (traded(1, Sell, 99, 0), OrderError::NoQuantity { id }),
        (decremented(Sell, 99, 0), OrderError::NoQuantity { id }),
    ] {
        let mut feed = before.clone();
        assert_eq!(feed.apply(&event), Err(error), "{event:?}");
        assert_eq!(feed.snapshot(), before.snapshot());
    }
    // The same of an order that is not there.
    for event in [
        traded(1, Sell, 99, 1),
        decremented(Sell, 99, 1),
        reduced(Buy, 99, 1),
        closed(Buy, Some((99, 5))),
        amended(Buy, (99, 5), None),
    ] {
        let refused = OrderFeed::new().apply(&event);
        assert_eq!(refused, Err(OrderError::Unknown { id }), "{event:?}");
    }
    for event in [accepted(Buy, Some((99, 0))), rested(Buy, 99, 0)] {
        let refused = OrderFeed::new().apply(&event);
        assert_eq!(refused, Err(OrderError::NoQuantity { id }), "{event:?}");
    }
}

fn snapshot(sequence: u64, bids: &[(u64, i64, u64)], asks: &[(u64, i64, u64)]) -> OrderSnapshot {
    let orders = |list: &[(u64, i64, u64)]| {
        list.iter()
            .map(|&(id, price, quantity)| DisplayedOrder {
                id: OrderId::new(id),
                price: Price::new(price),
                quantity: Quantity::new(quantity),
            })
            .collect()
    };
    OrderSnapshot {
        sequence,
        bids: orders(bids),
        asks: orders(asks),
    }
}

#[test]
fn a_feed_goes_on_after_its_snapshot() {
    let stored = snapshot(41, &[(1, 99, 5), (7, 99, 1)], &[(3, 101, 2)]);
    let mut feed = OrderFeed::restore(&stored).expect("a snapshot of a book");
    assert_eq!(feed.snapshot(), stored);
    let message = feed.apply(&traded(9, Sell, 99, 4)).expect("fine");
    let message = message.expect("the public hears of trades");
    assert_eq!(
        (message.sequence, written(&message)),
        (42, "1 -4 #9".into())
    );

    let id = OrderId::new(2);
    for (bad, error) in [
        (
            snapshot(9, &[(1, 99, 5), (2, 100, 5)], &[]),
            OrderError::Unordered { id },
        ),
        (
            snapshot(9, &[], &[(1, 99, 5), (2, 98, 5)]),
            OrderError::Unordered { id },
        ),
        (
            snapshot(9, &[(2, 99, 5)], &[(2, 100, 5)]),
            OrderError::Known { id },
        ),
        (
            snapshot(9, &[(2, 99, 0)], &[]),
            OrderError::NoQuantity { id },
        ),
        (
            snapshot(9, &[(1, 99, u64::MAX), (2, 99, 1)], &[]),
            OrderError::LevelFull {
                price: Price::new(99),
            },
        ),
    ] {
        assert_eq!(OrderFeed::restore(&bad).map(drop), Err(error));
    }
}

/// Numbers end somewhere; a feed that never began there says the last one again.
#[test]
fn the_last_number_is_not_exceeded() {
    let mut feed = OrderFeed::restore(&snapshot(u64::MAX, &[], &[])).expect("empty");
    assert!(feed.apply(&rested(Buy, 99, 1)).is_ok());
    assert_eq!(feed.sequence(), u64::MAX);
}

/// Any event, of the few orders that there are.
fn event() -> impl Strategy<Value = Event> {
    let side = || crate::given::side();
    let number = || prop_oneof![0_u64..4, Just(u64::MAX)];
    let place = || (97_i64..99, number());
    prop_oneof![
        (side(), prop::option::of(place())).prop_map(|(side, rested)| accepted(side, rested)),
        (side(), place()).prop_map(|(side, (price, quantity))| rested(side, price, quantity)),
        (side(), place()).prop_map(|(side, (price, quantity))| replenished(side, price, quantity)),
        (side(), place()).prop_map(|(side, (price, by))| reduced(side, price, by)),
        (side(), place()).prop_map(|(side, (price, by))| traded(1, side, price, by)),
        (side(), place()).prop_map(|(side, (price, by))| decremented(side, price, by)),
        (side(), prop::option::of(place())).prop_map(|(side, left)| closed(side, left)),
        (side(), place(), prop::option::of(place()))
            .prop_map(|(side, left, rested)| amended(side, left, rested)),
    ]
}

proptest! {
    #[test]
    fn no_order_of_events_is_too_much(events in prop::collection::vec(event(), 0..60)) {
        let mut feed = OrderFeed::new();
        for event in &events {
            let before = feed.snapshot();
            if let Ok(Some(message)) = feed.apply(event) {
                prop_assert_eq!(message.sequence, before.sequence + 1);
            } else {
                prop_assert_eq!(feed.snapshot(), before);
            }
        }
    }

    #[test]
    fn a_restored_feed_says_the_same(
        commands in prop::collection::vec(command(), 1..120),
        at in 0_usize..60,
    ) {
        let mut book = book();
        let mut feed = OrderFeed::new();
        let mut restored = None;
        for (number, command) in commands.iter().enumerate() {
            if number == at {
                let stored = OrderSnapshot::of(&book, feed.sequence());
                restored = Some(OrderFeed::restore(&stored).expect("a snapshot of a book"));
            }
            let mut events = Vec::new();
            // Refused or not.
            let _ = book.apply(command, &mut events);
            for event in &events {
                let message = feed.apply(event);
                prop_assert!(message.is_ok());
                if let Some(restored) = &mut restored {
                    prop_assert_eq!(restored.apply(event), message);
                }
            }
        }
    }
}
