//! Order by order feeds of real venues, and one of our own with real orders, followed by nothing but
//! a client's book.

mod recordings;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use anyhow::{Context, bail, ensure};
use examples::Recording;
use examples::bitstamp::Action;
use examples::lobster::{Book, Kind, Message, Messages};
use exchange_engine::ClientOrderId;
use marketdata_core::{
    ClientOrderBook, Depth, DisplayedOrder, OrderChange, OrderFeed, OrderMessage, OrderSnapshot,
    Progress,
};
use orderbook_core::{
    AccountId, Command, Event, Level, Order, OrderBook, OrderId, Price, Quantity, Side, TradeId,
};
use rust_decimal::Decimal;
use ruzstd::decoding::StreamingDecoder;
use serde::Deserialize;

const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

/// A client's book, and the numbers that the venue does not give to its messages.
struct Follower {
    book: ClientOrderBook,
    sequence: u64,
}

impl Follower {
    fn starting_with(snapshot: &OrderSnapshot) -> anyhow::Result<Self> {
        let mut book = ClientOrderBook::default();
        book.restart(snapshot)?;
        Ok(Self {
            book,
            sequence: snapshot.sequence,
        })
    }

    fn hear(&mut self, order_id: OrderId, change: OrderChange) -> anyhow::Result<()> {
        self.sequence += 1;
        let message = OrderMessage {
            sequence: self.sequence,
            order_id,
            change,
        };
        let received = self.book.apply(&message);
        let received = received.with_context(|| format!("{message:?}"))?;
        ensure!(received == Progress::Applied { messages: 1 }, "{message:?}");
        Ok(())
    }

    fn displayed(&self, id: OrderId) -> Option<Quantity> {
        self.book.order(id).map(|(_, order)| order.quantity)
    }

    /// Takes up to so much off an order; returns how much that was.
    fn take_off(&mut self, id: OrderId, most: Quantity) -> anyhow::Result<Quantity> {
        let displayed = self.displayed(id).unwrap_or_default();
        let by = most.min(displayed);
        if by.is_zero() {
            return Ok(by);
        }
        let change = if by == displayed {
            OrderChange::Removed
        } else {
            OrderChange::Reduced { by }
        };
        self.hear(id, change)?;
        Ok(by)
    }
}

/// A LOBSTER sample on its way into a book. Orders from before the recording have no name: there is
/// one for each level of the first row, and messages about unknown orders mean those.
struct Lobster {
    follower: Follower,
    /// Oldest first; some of them may be gone.
    anonymous: BTreeMap<(Side, Price), Vec<OrderId>>,
    /// Ids that no recorded order has, counting down.
    nameless: u64,
    executions: u64,
    /// Those of an order that was the first of its queue.
    in_turn: u64,
}

impl Lobster {
    /// The first row less the first message.
    fn new(first: &Message, after: &Book) -> anyhow::Result<Self> {
        let mut anonymous = BTreeMap::new();
        let mut nameless = u64::MAX;
        let mut side_before = |side, row: &[Level]| {
            let levels = row.iter().map(|level| (level.price, level.quantity));
            let mut levels: BTreeMap<Price, Quantity> = levels.collect();
            if side == first.side {
                let level = levels.entry(first.price).or_default();
                let before = match first.kind {
                    Kind::Placed => level.checked_sub(first.size),
                    Kind::TakenOff | Kind::Executed => level.checked_add(first.size),
                    _ => Some(*level),
                };
                *level = before.unwrap_or_default();
            }
            levels.retain(|_, quantity| !quantity.is_zero());
            let mut orders: Vec<_> = levels
                .into_iter()
                .map(|(price, quantity)| {
                    let id = OrderId::new(nameless);
                    nameless -= 1;
                    anonymous.insert((side, price), vec![id]);
                    DisplayedOrder {
                        id,
                        price,
                        quantity,
                    }
                })
                .collect();
            if side == Side::Buy {
                orders.reverse();
            }
            orders
        };
        let snapshot = OrderSnapshot {
            sequence: 0,
            bids: side_before(Side::Buy, &after.bids),
            asks: side_before(Side::Sell, &after.asks),
        };
        Ok(Self {
            follower: Follower::starting_with(&snapshot)?,
            anonymous,
            nameless,
            executions: 0,
            in_turn: 0,
        })
    }

    fn hear(&mut self, number: u64, message: &Message) -> anyhow::Result<()> {
        let id = OrderId::new(message.id.as_str().parse()?);
        match message.kind {
            Kind::Placed => self.follower.hear(
                id,
                OrderChange::Added {
                    side: message.side,
                    price: message.price,
                    quantity: message.size,
                },
            ),
            Kind::TakenOff => self.change(id, message, |follower, id, most| {
                follower.take_off(id, most)
            }),
            Kind::Executed => {
                self.executions += 1;
                let meant = self.meant(id, message).into_iter().next();
                let position = meant.and_then(|id| self.follower.book.position(id));
                self.in_turn += u64::from(position.is_some_and(|ahead| ahead.orders == 0));
                self.change(id, message, |follower, id, most| {
                    let quantity = most.min(follower.displayed(id).unwrap_or_default());
                    let trade_id = TradeId::new(number);
                    follower.hear(id, OrderChange::Executed { quantity, trade_id })?;
                    Ok(quantity)
                })
            }
            // Hidden executions, crosses and halts do not change what is displayed.
            _ => Ok(()),
        }
    }

    /// The orders that a message can mean, oldest first.
    fn meant(&self, id: OrderId, message: &Message) -> Vec<OrderId> {
        let is_open = |id: &OrderId| self.follower.displayed(*id).is_some();
        if is_open(&id) {
            return vec![id];
        }
        let anonymous = self.anonymous.get(&(message.side, message.price));
        let anonymous = anonymous.into_iter().flatten().copied();
        anonymous.filter(is_open).collect()
    }

    fn change(
        &mut self,
        id: OrderId,
        message: &Message,
        take: impl Fn(&mut Follower, OrderId, Quantity) -> anyhow::Result<Quantity>,
    ) -> anyhow::Result<()> {
        let mut missing = message.size;
        for id in self.meant(id, message) {
            if missing.is_zero() {
                break;
            }
            let taken = take(&mut self.follower, id, missing)?;
            missing = missing.checked_sub(taken).unwrap_or_default();
        }
        ensure!(missing.is_zero(), "{message:?} is about more than there is");
        Ok(())
    }

    /// No message tells of what comes up from below the last level of a row: makes that level, and
    /// what is between it and the one above, as recorded.
    fn reveal(&mut self, side: Side, row: &[Level], depth: usize) -> anyhow::Result<()> {
        let Some(above) = row.get(depth - 2) else {
            // The row shows the whole side.
            return Ok(());
        };
        let last = row.get(depth - 1);
        let is_below = |price: Price, other: Price| price != other && side.accepts(other, price);
        let levels = self.follower.book.levels(side);
        let ours: Vec<Level> = levels
            .skip_while(|level| !is_below(level.price, above.price))
            .take_while(|level| last.is_none_or(|last| !is_below(level.price, last.price)))
            .collect();
        let recorded_at = |price| {
            let last = last.filter(|last| last.price == price);
            last.map_or(Quantity::ZERO, |last| last.quantity)
        };
        for level in &ours {
            let mut surplus = level.quantity.checked_sub(recorded_at(level.price));
            let orders = self.follower.book.orders_at(side, level.price);
            let mut orders: Vec<OrderId> = orders.map(|order| order.id).collect();
            // Who left while nobody was looking is unknown: take the anonymous, then the newest.
            let anonymous = self.anonymous.get(&(side, level.price));
            let named = |id: &OrderId| anonymous.is_none_or(|list| !list.contains(id));
            orders.reverse();
            orders.sort_by_key(named);
            for id in orders {
                let by = surplus.unwrap_or_default();
                surplus = by.checked_sub(self.follower.take_off(id, by)?);
            }
        }
        if let Some(last) = last {
            let there = self.follower.book.quantity_at(side, last.price);
            if let Some(quantity) = last.quantity.checked_sub(there)
                && !quantity.is_zero()
            {
                let (id, price) = (OrderId::new(self.nameless), last.price);
                self.nameless -= 1;
                let added = OrderChange::Added {
                    side,
                    price,
                    quantity,
                };
                self.follower.hear(id, added)?;
                self.anonymous.entry((side, price)).or_default().push(id);
            }
        }
        Ok(())
    }
}

/// Follows a recording; returns how many books are equal on all levels but the last, executions in
/// turn, and executions.
fn follow(recording: &Messages) -> anyhow::Result<(usize, u64, u64)> {
    let messages = recording.messages();
    let (Some(first), Some(row)) = (messages.first(), recording.books().first()) else {
        bail!("nothing is recorded");
    };
    let mut lobster = Lobster::new(first, row)?;
    let depth = recording.depth();
    let mut equal = 0;
    for (number, (message, row)) in (1..).zip(messages.iter().zip(recording.books())) {
        let context = || format!("message {number}");
        lobster.hear(number, message).with_context(context)?;
        let rows = [(Side::Buy, &row.bids), (Side::Sell, &row.asks)];
        equal += usize::from(rows.iter().all(|(side, row)| {
            let ours = lobster.follower.book.levels(*side);
            ours.take(depth - 1).eq(row.iter().copied().take(depth - 1))
        }));
        for (side, row) in rows {
            lobster.reveal(side, row, depth).with_context(context)?;
        }
    }
    Ok((equal, lobster.in_turn, lobster.executions))
}

fn lobster(folder: &str) -> anyhow::Result<Option<Messages>> {
    let Some(path) = recordings::recording(folder) else {
        return Ok(None);
    };
    match Recording::open(&path)? {
        Recording::Lobster(messages) => Ok(Some(messages)),
        other => bail!("{folder} is {}", other.format()),
    }
}

#[test]
fn apple_is_equal_after_every_message() -> anyhow::Result<()> {
    if let Some(recording) = lobster("lobster_aapl_10lv_998")? {
        assert_eq!(recording.messages().len(), 999);
        assert_eq!(follow(&recording)?, (999, 98, 98));
    }
    Ok(())
}

/// Twenty-six executions are of orders that are not the first in our queue: those of before the
/// recording have no names, and the venue knew better which of them came first.
#[test]
fn amazon_is_equal_after_every_message() -> anyhow::Result<()> {
    if let Some(recording) = lobster("lobster_amzn_5lv_1000")? {
        assert_eq!(recording.messages().len(), 1_000);
        assert_eq!(follow(&recording)?, (1_000, 102, 128));
    }
    Ok(())
}

#[derive(Deserialize)]
struct OrderJson {
    id: u64,
    order_type: u8,
    price: String,
    amount: String,
}

#[derive(Deserialize)]
struct BookJson {
    bids: Vec<[String; 2]>,
    asks: Vec<[String; 2]>,
}

/// Cents and hundred-millionths of a bitcoin. An order that is filled has an amount of zero.
fn level(price: &str, amount: &str) -> anyhow::Result<Level> {
    let units = |text: &str, scale| -> anyhow::Result<i128> {
        let mut number: Decimal = text.parse()?;
        number.rescale(scale);
        ensure!(number == text.parse()?, "{text} is too fine");
        Ok(number.mantissa())
    };
    Ok(Level {
        price: Price::new(units(price, 2)?.try_into()?),
        quantity: Quantity::new(units(amount, 8)?.try_into()?),
    })
}

/// The venue says what is left of an order, not what it lost; orders of before the recording are
/// unknown, and so is what happens to them.
fn hear_bitstamp(follower: &mut Follower, event: &str, json: &str) -> anyhow::Result<()> {
    let order: OrderJson = serde_json::from_str(json)?;
    let id = OrderId::new(order.id);
    let Level { price, quantity } = level(&order.price, &order.amount)?;
    let side = SIDES[usize::from(order.order_type)];
    match (event, follower.displayed(id)) {
        ("order_created", None) => {
            let added = OrderChange::Added {
                side,
                price,
                quantity,
            };
            follower.hear(id, added)
        }
        ("order_changed", Some(displayed)) => {
            let by = displayed.checked_sub(quantity).context("it grew")?;
            follower.take_off(id, by).map(drop)
        }
        ("order_deleted", Some(_)) => follower.hear(id, OrderChange::Removed),
        ("order_changed" | "order_deleted", None) => Ok(()),
        _ => bail!("{event} {json}"),
    }
}

/// The best levels are those of the venue in 4,951 of 5,011 snapshots, starting with no orders at
/// all where the venue had some.
#[test]
fn bitstamp_agrees_with_its_own_snapshots() -> anyhow::Result<()> {
    let Some(path) = recordings::recording("bitstamp_l3_20150501/2015-05-01.log.zst") else {
        return Ok(());
    };
    let mut log = String::new();
    let file = BufReader::new(File::open(path)?);
    StreamingDecoder::new(file)?.read_to_string(&mut log)?;

    let mut follower = Follower::starting_with(&OrderSnapshot::default())?;
    let depths = [1, 5, 20];
    let (mut snapshots, mut equal) = (0, [0; 3]);
    for (number, line) in (1..).zip(log.as_bytes().lines()) {
        let line = line?;
        let mut words = line.splitn(3, ' ').skip(1);
        let (Some(event), Some(json)) = (words.next(), words.next()) else {
            bail!("line {number} is no message");
        };
        let context = || format!("line {number}");
        match event {
            "trade" => {}
            "order_book" => {
                let recorded: BookJson = serde_json::from_str(json).with_context(context)?;
                let levels = |list: &[[String; 2]]| -> anyhow::Result<Vec<Level>> {
                    let levels = list.iter();
                    levels.map(|[price, amount]| level(price, amount)).collect()
                };
                let recorded = [levels(&recorded.bids)?, levels(&recorded.asks)?];
                snapshots += 1;
                for (equal, depth) in equal.iter_mut().zip(depths) {
                    *equal += usize::from(SIDES.iter().zip(&recorded).all(|(side, recorded)| {
                        let ours = follower.book.levels(*side).take(depth);
                        ours.eq(recorded.iter().copied().take(depth))
                    }));
                }
            }
            _ => hear_bitstamp(&mut follower, event, json).with_context(context)?,
        }
    }
    assert_eq!(snapshots, 5_011);
    assert_eq!(equal, [4_951, 4_641, 1_644]);
    Ok(())
}

/// Whether the far end of a feed has what the book displays.
fn check(book: &OrderBook, depth: &Depth, client: &ClientOrderBook) -> anyhow::Result<()> {
    let sequence = client.sequence().context("it is live")?;
    ensure!(client.snapshot() == Some(OrderSnapshot::of(book, sequence)));
    ensure!(
        SIDES
            .iter()
            .all(|side| client.levels(*side).eq(depth.levels(*side)))
    );
    for order in SIDES.iter().flat_map(|side| client.orders(*side)) {
        let ahead = client.position(order.id).map(|ahead| ahead.quantity);
        ensure!(ahead == book.queue_position(order.id), "{order:?}");
    }
    Ok(())
}

/// The orders and cancellations of Bitstamp go through a book of ours, and its feed to a client, which
/// loses one message in a thousand and asks for a snapshot then.
#[test]
fn the_feed_of_a_real_day_gives_its_queues() -> anyhow::Result<()> {
    let Some(path) = recordings::recording("bitstamp_l3_20150501/2015-05-01.log.zst") else {
        return Ok(());
    };
    let Recording::Bitstamp(orders) = Recording::open(&path)? else {
        bail!("that is another recording");
    };
    let mut book = OrderBook::new(orders.pair().instrument().clone());
    let (mut feed, mut depth) = (OrderFeed::new(), Depth::new());
    let mut whole = ClientOrderBook::default();
    whole.restart(&feed.snapshot())?;
    let mut lossy = whole.clone();
    let (mut trades, mut executions, mut resyncs) = (0, 0, 0);
    let mut events = Vec::new();
    for (number, message) in (1..).zip(orders.messages()) {
        let name = |id: ClientOrderId| id.as_str().parse().map(OrderId::new);
        let command = match message.action {
            Action::Created {
                id,
                side,
                price,
                quantity,
            } => {
                let account = AccountId::new(number);
                Command::Place(Order::limit(name(id)?, account, side, quantity, price))
            }
            Action::Deleted { id, .. } => Command::Cancel {
                order_id: name(id)?,
            },
            _ => continue,
        };
        events.clear();
        // Orders that are filled, and those of before the recording, cannot be cancelled.
        let _ = book.apply(&command, &mut events);
        for event in &events {
            drop(depth.apply(event)?);
            trades += u64::from(matches!(event, Event::Traded(_)));
            let Some(message) = feed.apply(event)? else {
                continue;
            };
            executions += u64::from(matches!(message.change, OrderChange::Executed { .. }));
            whole.apply(&message)?;
            if message.sequence % 1_000 != 0 && lossy.apply(&message).is_err() {
                resyncs += 1;
                lossy.restart(&feed.snapshot())?;
            }
        }
        if number % 250 == 0 {
            check(&book, &depth, &whole)?;
            if lossy.sequence() == Some(feed.sequence()) {
                check(&book, &depth, &lossy)?;
            }
        }
    }
    check(&book, &depth, &whole)?;
    assert_eq!((trades, executions), (517, 517));
    assert_eq!(resyncs, feed.sequence() / 1_000);
    Ok(())
}
