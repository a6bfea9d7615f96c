//! A book as simple as can be, which decides what an engine should have answered to a message.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::flow::{Message, Side};

/// What an engine does with a message, in no engine's words: first what becomes of the message, then
/// the trades in their order. What is left of an order that is not immediate rests, what is left of
/// one that is expires; that follows from the message and the trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// The order was taken in.
    Accepted {
        /// The order.
        id: u64,
    },
    /// The order was taken off the book.
    Cancelled {
        /// The order.
        id: u64,
    },
    /// The order was cancelled and placed anew.
    Modified {
        /// The order.
        id: u64,
    },
    /// The order of the message does not rest; nothing has happened.
    Rejected {
        /// The order.
        id: u64,
    },
    /// Two orders met.
    Traded {
        /// The order that was resting.
        maker: u64,
        /// The order that came in.
        taker: u64,
        /// The maker's price, in ticks.
        price: i64,
        /// In lots.
        quantity: u64,
    },
}

/// The quantity at each price of the two sides, in lots and ticks; bids first.
pub type Depth = [BTreeMap<i64, u64>; 2];

/// An order: its id and what is left of it.
type Open = (u64, u64);

/// Price-time priority with maps and queues, and no thought of speed.
#[derive(Debug, Default)]
pub struct NaiveBook {
    bids: BTreeMap<i64, VecDeque<Open>>,
    asks: BTreeMap<i64, VecDeque<Open>>,
    places: HashMap<u64, (Side, i64)>,
}

impl NaiveBook {
    /// Applies a message and appends what it does to `reports`.
    pub fn apply(&mut self, message: &Message, reports: &mut Vec<Report>) {
        match *message {
            Message::New {
                id,
                side,
                price,
                quantity,
                immediate,
            } => {
                reports.push(Report::Accepted { id });
                let left = self.take(id, side, price, quantity, reports);
                if !immediate {
                    self.rest(id, side, price, left);
                }
            }
            Message::Cancel { id } => reports.push(match self.remove(id) {
                Some(_) => Report::Cancelled { id },
                None => Report::Rejected { id },
            }),
            Message::Modify {
                id,
                price,
                quantity,
            } => {
                let Some(side) = self.remove(id) else {
                    return reports.push(Report::Rejected { id });
                };
                reports.push(Report::Modified { id });
                let left = self.take(id, side, price, quantity, reports);
                self.rest(id, side, price, left);
            }
        }
    }

    /// How many orders rest.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// At how many prices they do.
    pub fn levels(&self) -> usize {
        self.bids.len() + self.asks.len()
    }

    /// What rests.
    pub fn depth(&self) -> Depth {
        [&self.bids, &self.asks].map(|levels| {
            let quantity = |queue: &VecDeque<Open>| queue.iter().map(|(_, left)| left).sum();
            levels
                .iter()
                .map(|(price, queue)| (*price, quantity(queue)))
                .collect()
        })
    }

    fn take(
        &mut self,
        taker: u64,
        side: Side,
        limit: i64,
        quantity: u64,
        reports: &mut Vec<Report>,
    ) -> u64 {
        let mut left = quantity;
        while left > 0 {
            let best = match side {
                Side::Buy => self.asks.first_entry().filter(|best| *best.key() <= limit),
                Side::Sell => self.bids.last_entry().filter(|best| *best.key() >= limit),
            };
            let Some(mut best) = best else { break };
            let price = *best.key();
            let queue = best.get_mut();
            let (maker, open) = queue.front_mut().expect("there are no empty levels");
            let (maker, traded) = (*maker, left.min(*open));
            left -= traded;
            *open -= traded;
            if *open == 0 {
                queue.pop_front();
                self.places.remove(&maker);
            }
            if queue.is_empty() {
                best.remove();
            }
            reports.push(Report::Traded {
                maker,
                taker,
                price,
                quantity: traded,
            });
        }
        left
    }

    fn rest(&mut self, id: u64, side: Side, price: i64, left: u64) {
        if left > 0 {
            let queue = self.levels_of(side).entry(price).or_default();
            queue.push_back((id, left));
            self.places.insert(id, (side, price));
        }
    }

    fn remove(&mut self, id: u64) -> Option<Side> {
        let (side, price) = self.places.remove(&id)?;
        let levels = self.levels_of(side);
        let queue = levels.get_mut(&price).expect("an order is at its level");
        queue.retain(|(other, _)| *other != id);
        if queue.is_empty() {
            levels.remove(&price);
        }
        Some(side)
    }

    fn levels_of(&mut self, side: Side) -> &mut BTreeMap<i64, VecDeque<Open>> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: u64, side: Side, price: i64, quantity: u64) -> Message {
        Message::New {
            id,
            side,
            price,
            quantity,
            immediate: false,
        }
    }

    #[test]
    fn an_older_order_trades_first_unless_it_was_modified() {
        let mut book = NaiveBook::default();
        let mut reports = Vec::new();
        for message in [
            order(1, Side::Sell, 101, 5),
            order(2, Side::Sell, 101, 5),
            Message::Modify {
                id: 1,
                price: 101,
                quantity: 6,
            },
            order(3, Side::Buy, 102, 7),
            Message::Cancel { id: 2 },
        ] {
            book.apply(&message, &mut reports);
        }
        let traded = |maker, quantity| Report::Traded {
            maker,
            taker: 3,
            price: 101,
            quantity,
        };
        assert_eq!(
            reports,
            [
                Report::Accepted { id: 1 },
                Report::Accepted { id: 2 },
                Report::Modified { id: 1 },
                Report::Accepted { id: 3 },
                traded(2, 5),
                traded(1, 2),
                Report::Rejected { id: 2 },
            ]
        );
        assert_eq!(book.depth(), [BTreeMap::new(), BTreeMap::from([(101, 4)])]);
    }
}
