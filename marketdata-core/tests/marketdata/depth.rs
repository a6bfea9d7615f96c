//! Depth and its diffs by eye, and against a real book.

use std::collections::BTreeMap;

use marketdata_core::{Depth, DepthDiff, DepthDiffBuilder, DepthError, DepthSnapshot, LevelChange};
use orderbook_core::{
    AccountId, Command, Event, Level, Order, OrderBook, OrderId, OrderKind, Price, Quantity,
    SelfTradePrevention, Side, TimeInForce,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::given::{
    accepted, amended, book, closed, command, decremented, level, reduced, replenished, rested,
    traded,
};
use Side::{Buy, Sell};

fn depth(events: &[Event]) -> Depth {
    let mut depth = Depth::new();
    for event in events {
        drop(depth.apply(event).expect("the events of a book"));
    }
    depth
}

#[test]
fn each_event_changes_the_level_it_is_about() {
    let mut depth = Depth::new();
    // event, update id, side, price, new total of the level
    for (event, expected) in [
        (accepted(Buy, None), None),
        (accepted(Buy, Some((99, 5))), Some((1, Buy, 99, 5))),
        (rested(Buy, 99, 2), Some((2, Buy, 99, 7))),
        (rested(Sell, 101, 4), Some((3, Sell, 101, 4))),
        (rested(Sell, 102, 6), Some((4, Sell, 102, 6))),
        (reduced(Buy, 99, 3), Some((5, Buy, 99, 4))),
        (traded(1, Buy, 101, 4), Some((6, Sell, 101, 0))),
        (closed(Sell, Some((101, 0))), None),
        (traded(2, Buy, 102, 1), Some((7, Sell, 102, 5))),
        (closed(Buy, None), None),
        (traded(3, Sell, 99, 1), Some((8, Buy, 99, 3))),
        (closed(Sell, Some((102, 5))), Some((9, Sell, 102, 0))),
        // Whether orders trade or only shrink, the level does.
        (decremented(Sell, 99, 2), Some((10, Buy, 99, 1))),
        (replenished(Buy, 99, 6), Some((11, Buy, 99, 7))),
        // A reserve is not part of the depth.
        (reduced(Buy, 99, 0), None),
        (amended(Buy, (99, 2), None), Some((12, Buy, 99, 5))),
        (rested(Buy, 100, 2), Some((13, Buy, 100, 2))),
        (closed(Buy, Some((99, 2))), Some((14, Buy, 99, 3))),
        // At one price there is one change, or none.
        (amended(Buy, (99, 2), Some((99, 6))), Some((15, Buy, 99, 7))),
        (amended(Buy, (99, 2), Some((99, 2))), None),
    ] {
        let expected = expected.map(|(update_id, side, price, quantity)| LevelChange {
            update_id,
            side,
            price: Price::new(price),
            quantity: Quantity::new(quantity),
        });
        let changes: Vec<_> = depth.apply(&event).expect("possible").collect();
        assert_eq!(changes, Vec::from_iter(expected), "{event:?}");
    }
    assert_eq!(depth.best(Buy), Some(level(100, 2)));
    assert_eq!(depth.best(Sell), None);
    assert_eq!(depth.update_id(), 15);
}

#[test]
fn an_amended_order_that_moves_changes_two_levels() {
    let mut depth = depth(&[rested(Sell, 101, 5), rested(Sell, 103, 1)]);
    let event = amended(Sell, (101, 2), Some((103, 7)));
    let changes: Vec<_> = depth.apply(&event).expect("possible").collect();
    let change = |update_id, price, quantity| LevelChange {
        update_id,
        side: Sell,
        price: Price::new(price),
        quantity: Quantity::new(quantity),
    };
    assert_eq!(changes, [change(3, 101, 3), change(4, 103, 8)]);
    assert_eq!(depth.update_id(), 4);
}

#[test]
fn a_snapshot_gives_the_best_levels() {
    let depth = depth(&[
        rested(Buy, 97, 1),
        rested(Buy, 99, 2),
        rested(Buy, 98, 3),
        rested(Sell, 103, 4),
        rested(Sell, 101, 5),
    ]);
    assert_eq!(
        depth.snapshot(2),
        DepthSnapshot {
            last_update_id: 5,
            bids: vec![level(99, 2), level(98, 3)],
            asks: vec![level(101, 5), level(103, 4)],
        }
    );
    assert_eq!(depth.snapshot(0).bids, []);
    assert_eq!(depth.snapshot(usize::MAX).bids.len(), 3);
}

#[test]
fn an_event_that_cannot_be_the_next_one_changes_nothing() {
    let not_there = |price, held, by| DepthError::NotThere {
        price: Price::new(price),
        held: Quantity::new(held),
        by: Quantity::new(by),
    };
    let before = depth(&[rested(Buy, 99, 5), rested(Sell, 101, u64::MAX)]);
    for (event, error) in [
        (reduced(Buy, 99, 6), not_there(99, 5, 6)),
        (traded(1, Buy, 99, 1), not_there(99, 0, 1)),
        (traded(1, Sell, 98, 1), not_there(98, 0, 1)),
        (decremented(Sell, 99, 6), not_there(99, 5, 6)),
        (amended(Buy, (99, 6), None), not_there(99, 5, 6)),
        (amended(Buy, (99, 6), Some((99, 9))), not_there(99, 5, 6)),
        (amended(Buy, (99, 6), Some((98, 9))), not_there(99, 5, 6)),
        (amended(Buy, (99, 5), Some((98, 0))), DepthError::NoQuantity),
        (amended(Buy, (99, 0), None), DepthError::NoQuantity),
        (
            closed(Buy, Some((99, u64::MAX))),
            not_there(99, 5, u64::MAX),
        ),
        (
            rested(Sell, 101, 1),
            DepthError::LevelFull {
                price: Price::new(101),
            },
        ),
        (
            replenished(Sell, 101, 1),
            DepthError::LevelFull {
                price: Price::new(101),
            },
        ),
        (accepted(Sell, Some((101, 0))), DepthError::NoQuantity),
        (rested(Sell, 101, 0), DepthError::NoQuantity),
        (replenished(Buy, 99, 0), DepthError::NoQuantity),
        (traded(1, Sell, 99, 0), DepthError::NoQuantity),
        (decremented(Sell, 99, 0), DepthError::NoQuantity),
    ] {
        let mut depth = before.clone();
        let refused = depth.apply(&event).map(|_| ());
        assert_eq!(refused, Err(error), "{event:?}");
        assert_eq!(depth, before);
    }
}

#[test]
fn a_diff_says_the_newest_total_of_each_touched_level() {
    let mut depth = Depth::new();
    let mut builder = DepthDiffBuilder::new();
    let mut fold = |events: &[Event]| {
        for event in events {
            for change in depth.apply(event).expect("the events of a book") {
                builder.record(&change);
            }
        }
        builder.take()
    };

    let first = fold(&[
        rested(Buy, 98, 1),
        rested(Buy, 99, 5),
        rested(Buy, 99, 2),
        rested(Sell, 102, 3),
        rested(Sell, 101, 3),
    ]);
    assert_eq!(
        first,
        Some(DepthDiff {
            first_update_id: 1,
            last_update_id: 5,
            bids: vec![level(99, 7), level(98, 1)],
            asks: vec![level(101, 3), level(102, 3)],
        })
    );
    // A level that came and went is told as gone; an untouched one is not told at all.
    let second = fold(&[
        rested(Sell, 100, 9),
        closed(Sell, Some((100, 9))),
        traded(1, Sell, 99, 7),
    ]);
    assert_eq!(
        second,
        Some(DepthDiff {
            first_update_id: 6,
            last_update_id: 8,
            bids: vec![level(99, 0)],
            asks: vec![level(100, 0)],
        })
    );
    assert_eq!(fold(&[closed(Buy, Some((99, 0)))]), None);
}

/// A real book and its depth side by side.
struct Watched {
    book: OrderBook,
    depth: Depth,
}

impl Watched {
    /// A command, and the changes that the public hears of it: side, price, new total.
    #[track_caller]
    fn hears(&mut self, command: &Command, expected: &[(Side, i64, u64)]) {
        let mut events = Vec::new();
        assert_eq!(self.book.apply(command, &mut events), Ok(()));
        let mut heard = Vec::new();
        for event in &events {
            let changes = self.depth.apply(event).expect("the events of a book");
            heard.extend(changes.map(|it| (it.side, it.price.get(), it.quantity.get())));
        }
        assert_eq!(heard, expected);
        for side in [Buy, Sell] {
            assert!(self.depth.levels(side).eq(self.book.levels(side)));
        }
    }
}

#[test]
fn what_an_iceberg_hides_shows_slice_by_slice() {
    let (book, depth) = (book(), Depth::new());
    let mut market = Watched { book, depth };
    let order = |id, account, side, quantity, time_in_force| {
        let price = Price::new(100);
        let (id, account) = (OrderId::new(id), AccountId::new(account));
        let kind = OrderKind::Limit {
            price,
            time_in_force,
        };
        Command::Place(Order::of_kind(
            id,
            account,
            side,
            Quantity::new(quantity),
            kind,
        ))
    };
    let iceberg = TimeInForce::iceberg(Quantity::new(3));
    market.hears(&order(1, 1, Sell, 10, iceberg), &[(Sell, 100, 3)]);
    market.hears(&order(2, 2, Sell, 2, TimeInForce::GTC), &[(Sell, 100, 5)]);
    // Three of the iceberg, its next three, and two of the other: nobody saw more than five.
    market.hears(
        &order(3, 3, Buy, 6, TimeInForce::IOC),
        &[
            (Sell, 100, 2),
            (Sell, 100, 5),
            (Sell, 100, 3),
            (Sell, 100, 2),
        ],
    );
    // Six are left, two of them displayed; the reserve goes first.
    let by = |by| Command::Reduce {
        order_id: OrderId::new(1),
        by: Quantity::new(by),
    };
    market.hears(&by(4), &[]);
    market.hears(&by(1), &[(Sell, 100, 1)]);
    market.hears(
        &Command::Cancel {
            order_id: OrderId::new(1),
        },
        &[(Sell, 100, 0)],
    );
}

#[test]
fn an_amended_order_leaves_one_level_for_another() {
    let (book, depth) = (book(), Depth::new());
    let mut market = Watched { book, depth };
    let limit = |id, side, quantity, price| {
        let (id, account) = (OrderId::new(id), AccountId::new(id));
        let (quantity, price) = (Quantity::new(quantity), Price::new(price));
        Command::Place(Order::limit(id, account, side, quantity, price))
    };
    let amend = |quantity, price| Command::Amend {
        order_id: OrderId::new(1),
        quantity: Quantity::new(quantity),
        price: Price::new(price),
    };
    market.hears(&limit(1, Buy, 5, 99), &[(Buy, 99, 5)]);
    market.hears(&limit(2, Sell, 2, 101), &[(Sell, 101, 2)]);
    market.hears(&amend(4, 99), &[(Buy, 99, 4)]);
    market.hears(&amend(7, 98), &[(Buy, 99, 0), (Buy, 98, 7)]);
    let crosses = [(Buy, 98, 0), (Sell, 101, 0), (Buy, 102, 5)];
    market.hears(&amend(7, 102), &crosses);
    // Two have traded already.
    market.hears(&amend(2, 102), &[(Buy, 102, 0)]);
}

#[test]
fn orders_of_one_owner_that_shrink_take_depth_along() {
    let (book, depth) = (book(), Depth::new());
    let mut market = Watched { book, depth };
    let order = |id, side, quantity, self_trade| {
        let (id, account) = (OrderId::new(id), AccountId::new(7));
        let limit = Order::limit(id, account, side, Quantity::new(quantity), Price::new(100));
        Command::Place(Order {
            self_trade: Some(self_trade),
            ..limit
        })
    };
    let prevention = SelfTradePrevention::Decrement;
    market.hears(&order(1, Buy, 5, prevention), &[(Buy, 100, 5)]);
    market.hears(&order(2, Sell, 2, prevention), &[(Buy, 100, 3)]);
    market.hears(
        &order(3, Sell, 4, prevention),
        &[(Buy, 100, 0), (Sell, 100, 1)],
    );
    let prevention = SelfTradePrevention::ExpireBoth;
    market.hears(&order(4, Buy, 2, prevention), &[(Sell, 100, 0)]);
}

/// A client's copy of the depth: what a snapshot said, changed by diffs.
#[derive(Debug, Default)]
struct Copy {
    last_update_id: u64,
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
}

impl Copy {
    fn of(snapshot: &DepthSnapshot) -> Self {
        let map = |levels: &[Level]| levels.iter().map(|l| (l.price, l.quantity)).collect();
        Self {
            last_update_id: snapshot.last_update_id,
            bids: map(&snapshot.bids),
            asks: map(&snapshot.asks),
        }
    }

    fn apply(&mut self, diff: &DepthDiff) {
        for (side, levels) in [(&mut self.bids, &diff.bids), (&mut self.asks, &diff.asks)] {
            for level in levels {
                if level.quantity.is_zero() {
                    side.remove(&level.price);
                } else {
                    side.insert(level.price, level.quantity);
                }
            }
        }
        self.last_update_id = diff.last_update_id;
    }

    fn snapshot(&self) -> DepthSnapshot {
        let level = |(price, quantity): (&Price, &Quantity)| Level {
            price: *price,
            quantity: *quantity,
        };
        DepthSnapshot {
            last_update_id: self.last_update_id,
            bids: self.bids.iter().rev().map(level).collect(),
            asks: self.asks.iter().map(level).collect(),
        }
    }
}

/// How often the random commands of this crate's properties make each kind of event.
#[test]
fn random_commands_make_every_kind_of_event() {
    let mut runner = TestRunner::deterministic();
    let commands = prop::collection::vec(command(), 200);
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..20 {
        let mut book = book();
        let mut events = Vec::new();
        for command in commands.new_tree(&mut runner).expect("commands").current() {
            let _ = book.apply(&command, &mut events);
        }
        for event in &events {
            let kind = match event {
                Event::Accepted { rested: None, .. } => "accepted",
                Event::Accepted {
                    rested: Some(_), ..
                } => "accepted and rested",
                Event::Traded(_) => "traded",
                Event::Decremented { .. } => "decremented",
                Event::Rested { hidden, .. } if hidden.is_zero() => "rested",
                Event::Rested { .. } => "rested with a reserve",
                Event::Replenished { .. } => "replenished",
                Event::Reduced {
                    by, displayed_by, ..
                } if by == displayed_by => "reduced",
                Event::Reduced { .. } => "reserve reduced",
                Event::Amended { rested: None, .. } => "amended",
                Event::Amended {
                    left,
                    rested: Some(rested),
                    ..
                } if left.price == rested.price => "amended at its price",
                Event::Amended { .. } => "amended and rested elsewhere",
                Event::Closed { left: None, .. } => "closed",
                Event::Closed { .. } => "closed and left a level",
            };
            *counts.entry(kind).or_default() += 1;
        }
    }
    assert_eq!(counts.len(), 14, "{counts:?}");
}

proptest! {
    #[test]
    fn the_events_of_a_book_fold_to_its_depth(
        commands in prop::collection::vec((command(), prop::bool::weighted(0.3)), 1..200),
        subscribe_at in 0_usize..100,
    ) {
        let mut book = book();
        let mut depth = Depth::new();
        let mut builder = DepthDiffBuilder::new();
        let mut from_start = Copy::default();
        let mut subscriber: Option<Copy> = None;
        let mut events = Vec::new();
        for (number, (command, publish)) in commands.iter().enumerate() {
            events.clear();
            let refused = book.apply(command, &mut events).is_err();
            prop_assert!(!refused || events.is_empty());
            for event in &events {
                let before = depth.update_id();
                let changes = depth.apply(event).expect("the events of a book");
                let changes: Vec<LevelChange> = changes.collect();
                prop_assert_eq!(depth.update_id(), before + changes.len() as u64);
                for (update_id, change) in (before + 1..).zip(changes) {
                    prop_assert_eq!(change.update_id, update_id);
                    let total = depth.quantity_at(change.side, change.price);
                    prop_assert_eq!(change.quantity, total);
                    builder.record(&change);
                }
            }
            for side in [Buy, Sell] {
                prop_assert!(depth.levels(side).eq(book.levels(side)));
                prop_assert_eq!(depth.best(side), book.best(side));
            }
            let snapshot = depth.snapshot(usize::MAX);
            if number == subscribe_at {
                // Between two diffs: the next one repeats some of what the snapshot has.
                subscriber = Some(Copy::of(&snapshot));
            }
            if *publish {
                prop_assert_eq!(builder.is_empty(), from_start.last_update_id == depth.update_id());
                if let Some(diff) = builder.take() {
                    prop_assert_eq!(diff.first_update_id, from_start.last_update_id + 1);
                    prop_assert!(diff.bids.is_sorted_by(|a, b| a.price > b.price));
                    prop_assert!(diff.asks.is_sorted_by(|a, b| a.price < b.price));
                    from_start.apply(&diff);
                    if let Some(copy) = &mut subscriber {
                        prop_assert!(diff.first_update_id <= copy.last_update_id + 1);
                        copy.apply(&diff);
                    }
                }
                prop_assert_eq!(&from_start.snapshot(), &snapshot);
                if let Some(copy) = &subscriber {
                    prop_assert_eq!(&copy.snapshot(), &snapshot);
                }
            }
        }
    }
}
