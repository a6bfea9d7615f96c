//! A book rebuilt from a feed of orders: against plain lists, against the book itself, and over a bad
//! line.

use std::collections::BTreeMap;

use marketdata_core::{
    ClientOrderBook, ClientOrderSettings, Depth, DisplayedOrder, OrderChange, OrderDesync,
    OrderFeed, OrderMessage, OrderSnapshot, Progress, QueuePosition,
};
use orderbook_core::{Command, Level, OrderId, Price, Quantity, Side};
use proptest::prelude::*;

use crate::client_order_book::{added, executed, message, moved, new, order, reduced};
use crate::given::{book, command, side};
use OrderDesync::{BadSnapshot, Gap, Impossible, OldSnapshot};
use Progress::{Applied, Buffered, HeldBack, Repeated};
use Side::{Buy, Sell};

/// A copy of the displayed orders, kept in lists.
#[derive(Debug, Clone, Default)]
struct Lists {
    bids: BTreeMap<Price, Vec<DisplayedOrder>>,
    asks: BTreeMap<Price, Vec<DisplayedOrder>>,
}

impl Lists {
    fn side(&mut self, side: Side) -> &mut BTreeMap<Price, Vec<DisplayedOrder>> {
        match side {
            Buy => &mut self.bids,
            Sell => &mut self.asks,
        }
    }

    fn take_out(&mut self, id: OrderId) -> Option<(Side, DisplayedOrder)> {
        for side in [Buy, Sell] {
            for list in self.side(side).values_mut() {
                if let Some(index) = list.iter().position(|order| order.id == id) {
                    return Some((side, list.remove(index)));
                }
            }
        }
        None
    }

    fn add(&mut self, id: OrderId, side: Side, price: Price, quantity: Quantity) {
        let list = self.side(side).entry(price).or_default();
        list.push(DisplayedOrder {
            id,
            price,
            quantity,
        });
    }

    fn can(&self, id: OrderId, change: &OrderChange) -> bool {
        let all = |side| match side {
            Buy => self.bids.values().flatten(),
            Sell => self.asks.values().flatten(),
        };
        let order = [Buy, Sell].into_iter().find_map(|side| {
            let mut orders = all(side);
            orders.find(|order| order.id == id).map(|it| (side, *it))
        });
        let fits = |side, price, quantity: Quantity| {
            let others = all(side).filter(|other| other.price == price && other.id != id);
            let sum: u128 = others.map(|other| u128::from(other.quantity.get())).sum();
            !quantity.is_zero() && sum + u128::from(quantity.get()) <= u128::from(u64::MAX)
        };
        match (order, *change) {
            (
                None,
                OrderChange::Added {
                    side,
                    price,
                    quantity,
                },
            ) => fits(side, price, quantity),
            (Some((side, _)), OrderChange::Moved { price, quantity }) => {
                fits(side, price, quantity)
            }
            (
                Some((_, order)),
                OrderChange::Reduced { by } | OrderChange::Executed { quantity: by, .. },
            ) => !by.is_zero() && by <= order.quantity,
            (Some(_), OrderChange::Removed) => true,
            _ => false,
        }
    }

    /// Only what can happen.
    fn apply(&mut self, id: OrderId, change: &OrderChange) {
        match *change {
            OrderChange::Added {
                side,
                price,
                quantity,
            } => self.add(id, side, price, quantity),
            OrderChange::Moved { price, quantity } => {
                let (side, _) = self.take_out(id).expect("displayed");
                self.add(id, side, price, quantity);
            }
            OrderChange::Reduced { by } | OrderChange::Executed { quantity: by, .. } => {
                for list in self.bids.values_mut().chain(self.asks.values_mut()) {
                    for order in list.iter_mut().filter(|order| order.id == id) {
                        order.quantity = order.quantity.checked_sub(by).expect("enough");
                    }
                    list.retain(|order| !order.quantity.is_zero());
                }
            }
            OrderChange::Removed => drop(self.take_out(id)),
        }
    }

    fn snapshot(&self, sequence: u64) -> OrderSnapshot {
        OrderSnapshot {
            sequence,
            bids: self.bids.values().rev().flatten().copied().collect(),
            asks: self.asks.values().flatten().copied().collect(),
        }
    }

    fn check_queries(&self, client: &ClientOrderBook) {
        let mut count = 0;
        for (side, lists) in [(Buy, &self.bids), (Sell, &self.asks)] {
            let mut levels = Vec::new();
            for (price, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
                let mut ahead = QueuePosition::default();
                for order in list {
                    assert_eq!(client.order(order.id), Some((side, *order)));
                    assert_eq!(client.position(order.id), Some(ahead));
                    ahead.orders += 1;
                    let sum = ahead.quantity.checked_add(order.quantity);
                    ahead.quantity = sum.expect("a level fits 64 bits");
                    count += 1;
                }
                assert!(client.orders_at(side, *price).eq(list.iter().copied()));
                assert_eq!(client.quantity_at(side, *price), ahead.quantity);
                let (price, quantity) = (*price, ahead.quantity);
                levels.push(Level { price, quantity });
            }
            if side == Buy {
                levels.reverse();
            }
            assert!(client.levels(side).eq(levels.iter().copied()));
            assert_eq!(client.best(side), levels.first().copied());
        }
        assert_eq!(client.len(), count);
    }
}

/// Any change, mostly one that is possible for an order that is there.
fn change() -> impl Strategy<Value = OrderChange> {
    let price = || 98_i64..101;
    let quantity = || prop_oneof![20 => 0_u64..9, 1 => Just(u64::MAX), 1 => Just(u64::MAX / 2)];
    prop_oneof![
        6 => (side(), price(), quantity()).prop_map(|(s, p, q)| added(s, p, q)),
        2 => quantity().prop_map(reduced),
        2 => quantity().prop_map(executed),
        1 => (price(), quantity()).prop_map(|(p, q)| moved(p, q)),
        2 => Just(OrderChange::Removed),
    ]
}

/// What the line does to a message.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    IsLost,
    ArrivesTwice,
    /// So many messages later.
    IsLate(usize),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        30 => Just(Fate::Arrives),
        1 => Just(Fate::IsLost),
        2 => Just(Fate::ArrivesTwice),
        4 => (1_usize..5).prop_map(Fate::IsLate),
    ]
}

/// All messages of a book to which something happened, and the displayed orders after each.
fn told(commands: &[Command]) -> (Vec<OrderMessage>, Vec<OrderSnapshot>) {
    let (mut book, mut feed) = (book(), OrderFeed::new());
    let (mut messages, mut snapshots) = (Vec::new(), vec![feed.snapshot()]);
    for command in commands {
        let mut events = Vec::new();
        // Refused or not.
        let _ = book.apply(command, &mut events);
        for event in &events {
            if let Some(message) = feed.apply(event).expect("the events of a book") {
                messages.push(message);
                snapshots.push(feed.snapshot());
            }
        }
    }
    (messages, snapshots)
}

const APPLIED: Result<Progress, OrderDesync> = Ok(Applied { messages: 1 });
const APPLIED_NONE: Result<Progress, OrderDesync> = Ok(Applied { messages: 0 });

proptest! {
    #[test]
    fn the_queues_are_those_of_plain_lists(
        changes in prop::collection::vec((any::<prop::sample::Index>(), change()), 1..300),
    ) {
        let mut client = new(0);
        let mut lists = Lists::default();
        prop_assert_eq!(client.restart(&lists.snapshot(0)), APPLIED_NONE);
        let mut sequence = 0;
        for (number, (which, change)) in changes.iter().enumerate() {
            // One that is displayed, or anything else where that is too little to choose from.
            let displayed = lists.snapshot(0);
            let displayed = displayed.bids.iter().chain(&displayed.asks);
            let mut ids: Vec<u64> = displayed.map(|order| order.id.get()).collect();
            if matches!(change, OrderChange::Added { .. }) || ids.is_empty() {
                ids = (0..1_000).collect();
            }
            let message = message(sequence + 1, *which.get(&ids), *change);
            // A copy, for the book is lost where the change is impossible.
            let mut changed = client.clone();
            let possible = lists.can(message.order_id, change);
            match changed.apply(&message) {
                Ok(received) => {
                    prop_assert_eq!(received, Applied { messages: 1 });
                    prop_assert!(possible);
                    lists.apply(message.order_id, change);
                    (client, sequence) = (changed, sequence + 1);
                }
                Err(error) => {
                    let refused = matches!(error, Impossible { sequence: at, .. } if at == sequence + 1);
                    prop_assert!(refused && !possible, "{}", error);
                }
            }
            if number % 16 == 0 {
                lists.check_queries(&client);
            }
            prop_assert_eq!(client.snapshot(), Some(lists.snapshot(sequence)));
        }
        lists.check_queries(&client);
    }

    #[test]
    fn the_feed_of_a_book_gives_its_queues(
        commands in prop::collection::vec(command(), 1..200),
        subscribe_at in 0_usize..150,
    ) {
        let mut book = book();
        let (mut feed, mut depth) = (OrderFeed::new(), Depth::new());
        let mut from_start = new(0);
        prop_assert_eq!(from_start.restart(&feed.snapshot()), APPLIED_NONE);
        let mut subscriber = new(usize::MAX);
        for (number, command) in commands.iter().enumerate() {
            let mut events = Vec::new();
            let refused = book.apply(command, &mut events).is_err();
            prop_assert!(!refused || events.is_empty());
            for event in &events {
                drop(depth.apply(event).expect("the events of a book"));
                let Some(message) = feed.apply(event).expect("the events of a book") else {
                    continue;
                };
                prop_assert_eq!(from_start.sequence(), Some(message.sequence - 1));
                prop_assert_eq!(from_start.apply(&message), APPLIED);
                let waits = subscriber.needs_snapshot();
                let heard = subscriber.apply(&message);
                prop_assert_eq!(heard, if waits { Ok(Buffered) } else { APPLIED });
                // In the middle of a command already.
                for side in [Buy, Sell] {
                    prop_assert!(from_start.levels(side).eq(depth.levels(side)));
                }
            }
            if number == subscribe_at {
                let snapshot = OrderSnapshot::of(&book, feed.sequence());
                prop_assert_eq!(subscriber.restart(&snapshot), APPLIED_NONE);
            }
            for client in [&from_start, &subscriber] {
                if client.needs_snapshot() {
                    continue;
                }
                prop_assert_eq!(client.len(), book.len());
                for side in [Buy, Sell] {
                    let orders = book.orders(side).map(|order| DisplayedOrder {
                        id: order.id,
                        price: order.price,
                        quantity: order.displayed,
                    });
                    prop_assert!(client.orders(side).eq(orders));
                    prop_assert!(client.levels(side).eq(depth.levels(side)));
                    for order in book.orders(side) {
                        let ahead = client.position(order.id).map(|it| it.quantity);
                        prop_assert_eq!(ahead, book.queue_position(order.id));
                    }
                }
            }
        }
    }

    /// Over a line that loses, repeats and delays, a book is right as of the message that it says
    /// it has, or says that it waits for a snapshot.
    #[test]
    fn a_book_is_right_or_knows_that_it_is_not(
        commands in prop::collection::vec(command(), 1..120),
        fates in prop::collection::vec(fate(), 400),
        hold_back in 0_usize..6,
        buffer in 0_usize..20,
        snapshot_delay in 0_usize..8,
    ) {
        let (messages, truth) = told(&commands);
        let mut arrivals: BTreeMap<(usize, usize), OrderMessage> = BTreeMap::new();
        for (number, message) in messages.iter().enumerate() {
            match fates[number % fates.len()] {
                Fate::Arrives => drop(arrivals.insert((number, number), *message)),
                Fate::IsLost => (),
                Fate::ArrivesTwice => {
                    arrivals.insert((number, number), *message);
                    arrivals.insert((number + 3, number), *message);
                }
                Fate::IsLate(by) => drop(arrivals.insert((number + by, number), *message)),
            }
        }
        let mut client = ClientOrderBook::new(ClientOrderSettings { hold_back, buffer });
        let mut waited = 0;
        for ((_, number), message) in &arrivals {
            let before = client.sequence();
            match (before, client.apply(message)) {
                (Some(before), Ok(Applied { messages })) => {
                    prop_assert_eq!(message.sequence, before + 1);
                    prop_assert_eq!(client.sequence(), Some(before + messages as u64));
                }
                (Some(before), Ok(HeldBack)) => prop_assert!(message.sequence > before + 1),
                (None, Ok(Buffered)) | (_, Ok(Repeated)) => (),
                // A message of this feed is never impossible.
                (Some(have), Err(Gap { have: stated, next })) => {
                    prop_assert!(stated == have && next > have + 1);
                    prop_assert!(client.needs_snapshot());
                }
                (_, received) => prop_assert!(false, "{:?}", received),
            }
            let most = if client.needs_snapshot() { buffer } else { hold_back };
            prop_assert!(client.waiting() <= most);
            if client.needs_snapshot() {
                waited += 1;
                if waited > snapshot_delay {
                    waited = 0;
                    // As of some message before or after.
                    let of = (number + hold_back).saturating_sub(3).min(truth.len() - 1);
                    match client.restart(&truth[of]) {
                        Ok(received) => {
                            let applied = matches!(received, Applied { .. });
                            prop_assert!(applied && !client.needs_snapshot());
                        }
                        Err(error) => {
                            let is_old = matches!(error, OldSnapshot { .. } | Gap { .. });
                            prop_assert!(is_old && client.needs_snapshot(), "{}", error);
                        }
                    }
                }
            }
            if let Some(sequence) = client.sequence() {
                let sequence = usize::try_from(sequence).expect("few");
                prop_assert_eq!(client.snapshot(), Some(truth[sequence].clone()));
            } else {
                prop_assert!(client.is_empty());
            }
        }
        // Whatever happened, the newest snapshot heals it.
        let newest = truth.last().expect("the first at least");
        prop_assert_eq!(client.restart(newest), APPLIED_NONE);
        prop_assert_eq!((client.missing(), client.waiting()), (None, 0));
        prop_assert_eq!(client.snapshot(), Some(newest.clone()));
    }

    #[test]
    fn no_input_is_too_much(
        inputs in prop::collection::vec(
            (
                prop_oneof![0_u64..20, Just(u64::MAX), Just(u64::MAX - 1)],
                0_u64..6,
                change(),
                prop::bool::weighted(0.1),
            ),
            0..100,
        ),
        hold_back in prop_oneof![0_usize..4, Just(usize::MAX)],
        buffer in prop_oneof![0_usize..4, Just(usize::MAX)],
    ) {
        let mut client = ClientOrderBook::new(ClientOrderSettings { hold_back, buffer });
        for (sequence, id, change, is_snapshot) in inputs {
            let before = client.snapshot();
            let received = if is_snapshot {
                let list = |even| {
                    let orders = (0..id).filter(move |id| (id % 2 == 0) == even);
                    orders.map(|id| order(id, 99, id)).collect()
                };
                let snapshot = OrderSnapshot { sequence, bids: list(true), asks: list(false) };
                client.restart(&snapshot)
            } else {
                client.apply(&message(sequence, id, change))
            };
            match received {
                Ok(Applied { .. }) => prop_assert!(client.sequence() >= Some(sequence)),
                Ok(HeldBack | Buffered | Repeated) => prop_assert_eq!(client.snapshot(), before),
                Err(Gap { .. } | Impossible { .. }) => prop_assert!(client.needs_snapshot()),
                Err(OldSnapshot { .. } | BadSnapshot { .. }) => {
                    prop_assert!(is_snapshot && client.needs_snapshot());
                }
                Err(error) => prop_assert!(false, "{}", error),
            }
            let most = if client.needs_snapshot() { buffer } else { hold_back };
            prop_assert!(client.waiting() <= most);
            prop_assert_eq!(client.needs_snapshot(), client.sequence().is_none());
            prop_assert!(client.is_empty() || !client.needs_snapshot());
            if let Some((first, last)) = client.missing() {
                prop_assert!(first <= last && Some(first) == client.sequence().map(|it| it + 1));
            }
        }
    }
}
