//! Order messages of a LOBSTER sample, with the book after each of them.
//!
//! Two files without headers, line by line: `…message_N.csv` with time (seconds after midnight),
//! type, order id, size, price (ten-thousandths of a dollar) and direction of the order, and
//! `…orderbook_N.csv` with the best N levels after the message. What each type becomes:
//!
//! | type | recorded | replayed |
//! |---|---|---|
//! | 1 | a limit order came to rest | the same |
//! | 2, 3 | an order was made smaller, deleted | the same |
//! | 4 | an order was executed | an immediate-or-cancel order of the other side, just as large and at its price, which must trade with that very order |
//! | 5, 6, 7 | hidden execution, cross, halt | nothing, the visible book does not change |
//!
//! # What was there before
//!
//! The recording starts with orders on the book whose ids nobody knows. The first row less the
//! first message is placed as one anonymous order per level; messages about unknown orders mean
//! the anonymous one at their price.
//!
//! An order that the recording shows coming later than the anonymous one of its level queues up
//! behind it. Where the venue knew better, an execution finds another order in front; it is then
//! taken off the order that was meant, and counted as unequal.
//!
//! # What is below
//!
//! Only the best N levels are recorded, and no message tells of what happens below them. Where a
//! level disappears, the Nth of a row comes up from there: after the comparison of each row, the
//! book is told what the row says about its Nth level. So the first N - 1 levels of every row are
//! compared with a book that has not seen that row.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use exchange_engine::{ClientOrderId, OrderRef};
use orderbook_core::{Level, OrderId, Price, Quantity, Side, Step, TimeInForce, Timestamp};

use crate::text::{Fields, Text};
use crate::{Comparison, Error, LimitOrder, Pair, Replay};

/// The file of books that belongs to a file of messages, as far as names can tell.
pub(crate) fn books_of(messages: &Path) -> Option<PathBuf> {
    let name = messages.file_name()?.to_str()?;
    let (before, after) = name.rsplit_once("message_")?;
    Some(messages.with_file_name(format!("{before}orderbook_{after}")))
}

/// One message of the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// Since midnight of a day that the recording does not name.
    pub time: Timestamp,
    /// What happened to the order.
    pub kind: Kind,
    /// The venue's name for the order.
    pub id: ClientOrderId,
    /// The side of the order.
    pub side: Side,
    /// The price of the order.
    pub price: Price,
    /// How much was placed, taken off or executed.
    pub size: Quantity,
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// It came to rest.
    Placed,
    /// Its owner took some or all of it back.
    TakenOff,
    /// It was executed.
    Executed,
    /// It is hidden, or the message is about no order at all.
    Invisible,
}

/// The best levels after a message, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// The bids.
    pub bids: Vec<Level>,
    /// The asks.
    pub asks: Vec<Level>,
}

impl Book {
    fn side(&self, side: Side) -> &[Level] {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }
}

/// A LOBSTER sample.
#[derive(Debug)]
pub struct Messages {
    pair: Pair,
    messages: Vec<Message>,
    /// After each message.
    books: Vec<Book>,
    /// Levels per side and row, at least two.
    depth: usize,
}

impl Messages {
    pub(crate) fn read(messages: &Text, books: &Text) -> Result<Self, Error> {
        // Prices are printed in ten-thousandths of a dollar: a finer grid than that of any stock.
        let pair = Pair::new("STOCK", "USD", Step::new(1, 4)?, Step::new(1, 0)?)?;
        let messages: Vec<_> = messages
            .lines()
            .map(|line| message(&line.fields()))
            .collect::<Result<_, _>>()?;
        let mut depth = None;
        let mut rows = Vec::with_capacity(messages.len());
        for line in books.lines() {
            let fields = line.fields();
            let depth = *depth.get_or_insert(fields.len() / 4);
            if depth < 2 || fields.len() != depth * 4 {
                return Err(line.malformed(
                    "a book has four numbers for each of at least two levels, always as many",
                ));
            }
            if rows.len() == messages.len() {
                return Err(line.malformed("there are more books than messages"));
            }
            rows.push(Book {
                asks: side_of_book(&fields, 0)?,
                bids: side_of_book(&fields, 2)?,
            });
        }
        if rows.len() < messages.len() {
            return Err(Error::Malformed {
                path: books.path().to_owned(),
                line: u64::try_from(rows.len() + 1).unwrap_or(u64::MAX),
                what: "there are more messages than books".into(),
            });
        }
        Ok(Self {
            pair,
            messages,
            books: rows,
            depth: depth.unwrap_or(2),
        })
    }

    /// What was traded.
    pub const fn pair(&self) -> &Pair {
        &self.pair
    }

    /// The messages, as they were sent.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The best levels after each message.
    pub fn books(&self) -> &[Book] {
        &self.books
    }

    /// The number of levels per side in [`books`](Self::books).
    pub const fn depth(&self) -> usize {
        self.depth
    }

    pub(crate) fn replay(
        &self,
        replay: &mut Replay,
        watch: &mut impl FnMut(&Replay, u64),
    ) -> Result<Vec<Comparison>, Error> {
        let mut session = Session {
            replay,
            anonymous: BTreeMap::new(),
            executions: Comparison {
                what: "executions that traded with the recorded order alone",
                equal: 0,
                of: 0,
            },
            applied: Comparison {
                what: "orders, reductions and deletions that went as recorded",
                equal: 0,
                of: 0,
            },
        };
        let mut books = Comparison {
            what: "books equal on all levels but the last",
            equal: 0,
            of: 0,
        };
        if let (Some(message), Some(book)) = (self.messages.first(), self.books.first()) {
            session.seed(message, book)?;
        }
        // Levels above the one that may come up from below.
        let compared = self.depth - 1;
        for (message, book) in self.messages.iter().zip(&self.books) {
            session.apply(message)?;
            books.equal += u64::from([Side::Buy, Side::Sell].into_iter().all(|side| {
                let ours = session.replay.book().levels(side);
                ours.take(compared)
                    .eq(book.side(side).iter().copied().take(compared))
            }));
            books.of += 1;
            for side in [Side::Buy, Side::Sell] {
                session.reveal(message.time, side, book.side(side), self.depth)?;
            }
            watch(session.replay, books.of);
        }
        Ok(vec![books, session.executions, session.applied])
    }
}

fn message(fields: &Fields<'_>) -> Result<Message, Error> {
    let line = &fields.line;
    let seconds = fields.text(0, "time")?;
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    // Nanoseconds at most; the exchange counts in microseconds.
    let micros = format!("{fraction:0<6.6}");
    let time = line
        .parse::<u64>("time", whole)?
        .checked_mul(1_000_000)
        .and_then(|time| time.checked_add(micros.parse().ok()?))
        .ok_or_else(|| line.malformed(format!("time cannot be {seconds:?}")))?;
    let kind = match fields.text(1, "type")? {
        "1" => Kind::Placed,
        "2" | "3" => Kind::TakenOff,
        "4" => Kind::Executed,
        "5" | "6" | "7" => Kind::Invisible,
        other => return Err(line.malformed(format!("type cannot be {other:?}"))),
    };
    let side = match fields.text(5, "direction")? {
        "1" => Side::Buy,
        "-1" => Side::Sell,
        other => return Err(line.malformed(format!("direction cannot be {other:?}"))),
    };
    Ok(Message {
        time: Timestamp::new(time),
        kind,
        id: fields.parse(2, "order id")?,
        side,
        price: Price::new(fields.parse(4, "price")?),
        size: Quantity::new(fields.parse(3, "size")?),
    })
}

/// The levels of one side, whose columns start at `offset` and repeat every four.
fn side_of_book(fields: &Fields<'_>, offset: usize) -> Result<Vec<Level>, Error> {
    let mut levels = Vec::with_capacity(fields.len() / 4);
    for column in (offset..fields.len()).step_by(4) {
        let level = Level {
            price: Price::new(fields.parse(column, "price")?),
            quantity: Quantity::new(fields.parse(column + 1, "size")?),
        };
        // A level that is not there has no size, and a price that means nothing.
        if !level.quantity.is_zero() {
            levels.push(level);
        }
    }
    Ok(levels)
}

/// A replay, and what is known about orders that have no name.
struct Session<'a> {
    replay: &'a mut Replay,
    /// Oldest first; some of them may be gone.
    anonymous: BTreeMap<(Side, Price), Vec<OrderId>>,
    executions: Comparison,
    applied: Comparison,
}

impl Session<'_> {
    /// Places what was there before the first message.
    fn seed(&mut self, first: &Message, after: &Book) -> Result<(), Error> {
        for side in [Side::Buy, Side::Sell] {
            let mut levels: BTreeMap<Price, Quantity> = after
                .side(side)
                .iter()
                .map(|level| (level.price, level.quantity))
                .collect();
            if side == first.side {
                let level = levels.entry(first.price).or_default();
                let before = match first.kind {
                    Kind::Placed => level.checked_sub(first.size),
                    Kind::TakenOff | Kind::Executed => level.checked_add(first.size),
                    Kind::Invisible => Some(*level),
                };
                *level = before.unwrap_or_default();
            }
            for (price, quantity) in levels {
                self.place_anonymous(first.time, side, price, quantity)?;
            }
        }
        Ok(())
    }

    fn apply(&mut self, message: &Message) -> Result<(), Error> {
        match message.kind {
            Kind::Placed => {
                let order = LimitOrder {
                    side: message.side,
                    price: message.price,
                    quantity: message.size,
                    time_in_force: TimeInForce::GTC,
                };
                let placed = self.replay.place(message.time, order, Some(message.id))?;
                // The recording has what came to rest, so nothing of it may trade.
                let rests = placed.is_some() && self.replay.trades().next().is_none();
                self.applied.equal += u64::from(rests);
                self.applied.of += 1;
            }
            Kind::TakenOff => {
                self.applied.equal += u64::from(self.take_off(message)?);
                self.applied.of += 1;
            }
            Kind::Executed => {
                self.executions.equal += u64::from(self.execute(message)?);
                self.executions.of += 1;
            }
            Kind::Invisible => self.replay.ignore("hidden executions, crosses and halts"),
        }
        Ok(())
    }

    /// The orders that a message can mean, in the order in which they would trade.
    fn meant(&self, message: &Message) -> Vec<OrderId> {
        let named = OrderRef::Client(message.id);
        if let Some((open, _)) = self.replay.open_order(message.side, named) {
            return vec![open.id];
        }
        let anonymous = self.anonymous.get(&(message.side, message.price));
        let is_open = |id: &OrderId| self.replay.book().order(*id).is_some();
        anonymous
            .into_iter()
            .flatten()
            .copied()
            .filter(is_open)
            .collect()
    }

    /// Whether there was as much to take off as the message says.
    fn take_off(&mut self, message: &Message) -> Result<bool, Error> {
        let mut missing = message.size;
        for id in self.meant(message) {
            if missing.is_zero() {
                break;
            }
            let taken =
                self.replay
                    .take_off(message.time, message.side, OrderRef::Id(id), missing)?;
            missing = missing.checked_sub(taken).unwrap_or_default();
        }
        Ok(missing.is_zero())
    }

    /// Executes an order by trading with it. Whether the trades were with that order and no other.
    /// Where another one has priority here, what was executed is taken off instead, so that the
    /// books stay comparable.
    fn execute(&mut self, message: &Message) -> Result<bool, Error> {
        let meant = self.meant(message);
        let mut missing = message.size.get();
        for order in self.replay.book().orders(message.side) {
            if missing == 0 || order.price != message.price || !meant.contains(&order.id) {
                break;
            }
            missing = missing.saturating_sub(order.remaining.get());
        }
        if missing > 0 {
            self.take_off(message)?;
            return Ok(false);
        }
        let taker = LimitOrder {
            side: message.side.opposite(),
            price: message.price,
            quantity: message.size,
            time_in_force: TimeInForce::IOC,
        };
        self.replay.place(message.time, taker, None)?;
        let mut traded = Quantity::ZERO;
        for trade in self.replay.trades() {
            if trade.price != message.price || !meant.contains(&trade.maker_order_id) {
                return Ok(false);
            }
            traded = traded.checked_add(trade.quantity).unwrap_or(traded);
        }
        Ok(traded == message.size)
    }

    /// Makes the last level of a full row, and whatever lies between it and the one above, as
    /// recorded.
    fn reveal(
        &mut self,
        time: Timestamp,
        side: Side,
        row: &[Level],
        depth: usize,
    ) -> Result<(), Error> {
        let Some(above) = row.get(depth - 2) else {
            // The row shows the whole side; nothing can come up.
            return Ok(());
        };
        let last = row.get(depth - 1);
        let is_below = |price: Price, other: Price| price != other && side.accepts(other, price);
        let levels = self.replay.book().levels(side);
        let ours: Vec<Level> = levels
            .skip_while(|level| !is_below(level.price, above.price))
            .take_while(|level| last.is_none_or(|last| !is_below(level.price, last.price)))
            .collect();

        let recorded_at = |price| {
            let last = last.filter(|last| last.price == price);
            last.map_or(Quantity::ZERO, |last| last.quantity)
        };
        for level in &ours {
            if let Some(surplus) = level.quantity.checked_sub(recorded_at(level.price)) {
                self.shrink(time, side, level.price, surplus)?;
            }
        }
        if let Some(last) = last {
            let there = ours.iter().find(|level| level.price == last.price);
            let there = there.map_or(Quantity::ZERO, |level| level.quantity);
            let missing = last.quantity.checked_sub(there).unwrap_or_default();
            self.place_anonymous(time, side, last.price, missing)?;
        }
        Ok(())
    }

    /// Takes `by` off a level. Which orders left while nobody was looking is unknown: anonymous
    /// ones are taken first, then the newest.
    fn shrink(
        &mut self,
        time: Timestamp,
        side: Side,
        price: Price,
        mut by: Quantity,
    ) -> Result<(), Error> {
        if by.is_zero() {
            return Ok(());
        }
        let anonymous = self.anonymous.get(&(side, price)).cloned();
        let orders = self.replay.book().orders_at(side, price);
        let mut named: Vec<_> = orders.map(|order| order.id).collect();
        named.reverse();
        for id in anonymous.into_iter().flatten().chain(named) {
            let taken = self.replay.take_off(time, side, OrderRef::Id(id), by)?;
            by = by.checked_sub(taken).unwrap_or_default();
            if by.is_zero() {
                break;
            }
        }
        Ok(())
    }

    fn place_anonymous(
        &mut self,
        time: Timestamp,
        side: Side,
        price: Price,
        quantity: Quantity,
    ) -> Result<(), Error> {
        if quantity.is_zero() {
            return Ok(());
        }
        let order = LimitOrder {
            side,
            price,
            quantity,
            time_in_force: TimeInForce::GTC,
        };
        if let Some(id) = self.replay.place(time, order, None)? {
            self.anonymous.entry((side, price)).or_default().push(id);
        }
        Ok(())
    }
}
