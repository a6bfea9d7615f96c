//! Every order of a Bitstamp session, aggressive ones included.
//!
//! Two files say the same: a log of `<receive_ms> <event> <json>` lines, which also has the trades
//! that the venue made of the orders, and a CSV with the columns
//! `id,timestamp,exchange.timestamp,price,volume,action,direction`.
//!
//! What was created is placed as a limit order that rests, what was deleted is cancelled. Changes
//! are left out: they are what the trades did to the orders, and here that is the business of the
//! exchange under replay. The trades that it makes are then compared with those of the venue. They
//! cannot all be the same: the recording starts in the middle of a session, with a book that
//! nobody wrote down.

use exchange_engine::{ClientOrderId, OrderRef};
use orderbook_core::{Price, Quantity, Side, Step, TimeInForce, Timestamp};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::text::{Fields, Line, Text};
use crate::{Comparison, Error, LimitOrder, Pair, Replay};

/// The decimals of a price, in dollars.
const PRICE_SCALE: u8 = 2;
/// The decimals of a quantity, in bitcoin.
const QUANTITY_SCALE: u8 = 8;

const CSV_HEADER: &str = "id,timestamp,exchange.timestamp,price,volume,action,direction";

pub(crate) fn is_csv(first_line: &str) -> bool {
    first_line == CSV_HEADER
}

pub(crate) fn is_log(first_line: &str) -> bool {
    let mut words = first_line.splitn(3, ' ');
    let is_time = |word: &str| word.parse::<u64>().is_ok();
    words.next().is_some_and(is_time)
        && words.next().is_some()
        && words.next().is_some_and(|json| json.starts_with('{'))
}

/// One message of the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// When it was received.
    pub time: Timestamp,
    /// What it says.
    pub action: Action,
}

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// An order came in.
    Created {
        /// The venue's name for it.
        id: ClientOrderId,
        /// Buy or sell.
        side: Side,
        /// The limit price.
        price: Price,
        /// How much at most.
        quantity: Quantity,
    },
    /// An order was filled or cancelled.
    Deleted {
        /// The venue's name for it.
        id: ClientOrderId,
        /// Buy or sell.
        side: Side,
    },
    /// The venue made a trade.
    Traded {
        /// At which price.
        price: Price,
        /// How much.
        quantity: Quantity,
    },
    /// What is left of an order after a trade.
    Changed,
    /// The best levels of the book.
    Snapshot,
}

/// Every order of a session.
#[derive(Debug)]
pub struct Orders {
    pair: Pair,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct OrderJson<'a> {
    id: u64,
    order_type: u8,
    #[serde(borrow)]
    price: &'a RawValue,
    #[serde(borrow)]
    amount: &'a RawValue,
}

#[derive(Deserialize)]
struct TradeJson<'a> {
    #[serde(borrow)]
    price: &'a RawValue,
    #[serde(borrow)]
    amount: &'a RawValue,
}

impl Orders {
    pub(crate) fn read_log(text: &Text) -> Result<Self, Error> {
        let pair = pair()?;
        let messages = text.lines().map(|line| log_message(&pair, &line));
        let messages = messages.collect::<Result<_, _>>()?;
        Ok(Self { pair, messages })
    }

    pub(crate) fn read_csv(text: &Text) -> Result<Self, Error> {
        let pair = pair()?;
        let lines = text.lines().skip(1);
        let messages = lines.map(|line| csv_message(&pair, &line.fields()));
        let messages = messages.collect::<Result<_, _>>()?;
        Ok(Self { pair, messages })
    }

    /// What was traded.
    pub const fn pair(&self) -> &Pair {
        &self.pair
    }

    /// The messages, as they were received.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(crate) fn replay(
        &self,
        replay: &mut Replay,
        watch: &mut impl FnMut(&Replay, u64),
    ) -> Result<Vec<Comparison>, Error> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (count, message) in (1..).zip(&self.messages) {
            match message.action {
                Action::Created {
                    id,
                    side,
                    price,
                    quantity,
                } => {
                    let order = LimitOrder {
                        side,
                        price,
                        quantity,
                        time_in_force: TimeInForce::GTC,
                    };
                    if replay.place(message.time, order, Some(id))?.is_some() {
                        ours.extend(replay.trades().map(|trade| (trade.price, trade.quantity)));
                    }
                }
                Action::Deleted { id, side } => {
                    // Filled orders are reported as deleted, too.
                    if replay.open_order(side, OrderRef::Client(id)).is_some() {
                        replay.cancel(message.time, side, OrderRef::Client(id))?;
                    } else {
                        replay.ignore("deletions of orders that are not open");
                    }
                }
                Action::Traded { price, quantity } => {
                    theirs.push((price, quantity));
                    replay.ignore("trades of the venue");
                }
                Action::Changed => replay.ignore("changes of orders by trades of the venue"),
                Action::Snapshot => replay.ignore("book snapshots"),
            }
            watch(replay, count);
        }
        if theirs.is_empty() {
            return Ok(Vec::new());
        }
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Ok(vec![Comparison {
            what: "trades of the venue found in order, by price and quantity",
            equal: count(longest_common_subsequence(&ours, &theirs)),
            of: count(theirs.len()),
        }])
    }
}

fn pair() -> Result<Pair, Error> {
    Pair::new(
        "BTC",
        "USD",
        Step::new(1, PRICE_SCALE)?,
        Step::new(1, QUANTITY_SCALE)?,
    )
}

fn log_message(pair: &Pair, line: &Line<'_>) -> Result<Message, Error> {
    let mut words = line.text.splitn(3, ' ');
    let mut word = |name: &str| {
        words
            .next()
            .ok_or_else(|| line.malformed(format!("there is no {name}")))
    };
    let time = Timestamp::from_millis(line.parse("the time", word("time")?)?);
    let (event, json) = (word("event")?, word("JSON")?);
    let not_json =
        |error: serde_json::Error| line.malformed(format!("not the JSON of {event}: {error}"));
    let action = match event {
        "order_created" | "order_deleted" => {
            let order: OrderJson<'_> = serde_json::from_str(json).map_err(not_json)?;
            let side = match order.order_type {
                0 => Side::Buy,
                1 => Side::Sell,
                other => return Err(line.malformed(format!("order_type cannot be {other}"))),
            };
            let id = name(line, order.id)?;
            if event == "order_created" {
                Action::Created {
                    id,
                    side,
                    price: line.price(pair, exactly(line, order.price)?)?,
                    quantity: line.quantity(pair, exactly(line, order.amount)?)?,
                }
            } else {
                Action::Deleted { id, side }
            }
        }
        "trade" => {
            let trade: TradeJson<'_> = serde_json::from_str(json).map_err(not_json)?;
            // Trades went through a float at the venue: 1.78855669 reads 1.7885566900000001.
            let rounded = |number: &RawValue, scale: u8| {
                exactly(line, number).map(|number| {
                    number.round_dp_with_strategy(
                        u32::from(scale),
                        RoundingStrategy::MidpointAwayFromZero,
                    )
                })
            };
            Action::Traded {
                price: line.price(pair, rounded(trade.price, PRICE_SCALE)?)?,
                quantity: line.quantity(pair, rounded(trade.amount, QUANTITY_SCALE)?)?,
            }
        }
        "order_changed" => Action::Changed,
        "order_book" => Action::Snapshot,
        other => return Err(line.malformed(format!("the event cannot be {other:?}"))),
    };
    Ok(Message { time, action })
}

fn csv_message(pair: &Pair, fields: &Fields<'_>) -> Result<Message, Error> {
    let line = &fields.line;
    let time = Timestamp::from_millis(fields.parse(1, "timestamp")?);
    let id = name(line, fields.parse(0, "id")?)?;
    let side = match fields.text(6, "direction")? {
        "bid" => Side::Buy,
        "ask" => Side::Sell,
        other => return Err(line.malformed(format!("direction cannot be {other:?}"))),
    };
    let action = match fields.text(5, "action")? {
        "created" => Action::Created {
            id,
            side,
            price: line.price(pair, fields.decimal(3, "price")?)?,
            // Already in units of 1e-8 bitcoin.
            quantity: Quantity::new(fields.parse(4, "volume")?),
        },
        "deleted" => Action::Deleted { id, side },
        "changed" => Action::Changed,
        other => return Err(line.malformed(format!("action cannot be {other:?}"))),
    };
    Ok(Message { time, action })
}

fn name(line: &Line<'_>, id: u64) -> Result<ClientOrderId, Error> {
    line.parse("id", &id.to_string())
}

/// The decimal that a JSON string or number spells.
fn exactly(line: &Line<'_>, number: &RawValue) -> Result<Decimal, Error> {
    line.decimal("a number", number.get().trim_matches('"'))
}

/// The length of the longest sequence that can be had from either by leaving things out.
/// O(`a` · `b`) time, O(`b`) memory.
fn longest_common_subsequence<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    // previous[j]: the answer for the part of `a` seen so far and the first j of `b`.
    let mut previous = vec![0; b.len() + 1];
    let mut current = previous.clone();
    for x in a {
        for (j, y) in b.iter().enumerate() {
            current[j + 1] = if x == y {
                previous[j] + 1
            } else {
                current[j].max(previous[j + 1])
            };
        }
        std::mem::swap(&mut previous, &mut current);
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::longest_common_subsequence;

    #[test]
    fn what_is_common_stays_in_order() {
        let count = |a: &str, b: &str| longest_common_subsequence(a.as_bytes(), b.as_bytes());
        assert_eq!(count("", "abc"), 0);
        assert_eq!(count("abc", "abc"), 3);
        assert_eq!(count("axbyc", "abc"), 3);
        assert_eq!(count("abc", "cba"), 1);
        // Taking the first match for every element would find two of these three.
        assert_eq!(count("bcda", "abcd"), 3);
    }
}
