//! What one connection asks for: limit orders that rest and are cancelled, or that trade.
//!
//! Six of ten requests place an order, four cancel one. Orders away from the touch rest until their
//! owner cancels them; at the touch, an order to buy and one to sell find each other, whoever sent
//! them. Nothing goes deeper into the book, so that no cancellation comes too late, and a book that
//! many use stays as large as they make it. Whoever buys has another account than who sells.

use std::collections::VecDeque;
use std::fmt;

/// A side of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Buy,
    Sell,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
        })
    }
}

/// The name that a client gives its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id {
    trader: u64,
    number: u64,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "load-{}-{}", self.trader, self.number)
    }
}

/// A price, in ticks of a hundredth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price(u64);

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Place { side: Side, price: Price, id: Id },
    Cancel { side: Side, id: Id },
}

impl Ask {
    pub(crate) fn side(&self) -> Side {
        match self {
            Self::Place { side, .. } | Self::Cancel { side, .. } => *side,
        }
    }

    pub(crate) fn is_order(&self) -> bool {
        matches!(self, Self::Place { .. })
    }
}

/// Where orders find each other.
const TOUCH: Price = Price(6_000_000);
/// How far from there the others rest, at most.
const DEEPEST: u64 = 50;
/// How many rest on each side before the first is cancelled.
const RESTING: usize = 4;

/// A step of a cycle in which as much goes as comes.
enum Step {
    Rest(Side),
    Trade(Side),
    Cancel(Side),
}

const CYCLE: [Step; 10] = [
    Step::Rest(Side::Buy),
    Step::Rest(Side::Sell),
    Step::Trade(Side::Buy),
    Step::Cancel(Side::Buy),
    Step::Cancel(Side::Sell),
    Step::Rest(Side::Buy),
    Step::Rest(Side::Sell),
    Step::Trade(Side::Sell),
    Step::Cancel(Side::Buy),
    Step::Cancel(Side::Sell),
];
/// How many requests there are for each trade.
pub(crate) const REQUESTS_PER_TRADE: u64 = CYCLE.len() as u64;

/// Makes up the requests of a connection.
#[derive(Debug)]
pub(crate) struct Trader {
    /// No two of a run have the same.
    number: u64,
    step: usize,
    orders: u64,
    bids: VecDeque<Id>,
    asks: VecDeque<Id>,
}

impl Trader {
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            // Every other one begins with the second half, so that sellers meet buyers at once.
            step: usize::from(number % 2 == 1) * CYCLE.len() / 2,
            orders: 0,
            bids: VecDeque::new(),
            asks: VecDeque::new(),
        }
    }

    pub(crate) fn next(&mut self) -> Ask {
        let step = &CYCLE[self.step % CYCLE.len()];
        self.step += 1;
        match *step {
            Step::Trade(side) => self.place(side, TOUCH),
            Step::Rest(side) => self.rest(side),
            Step::Cancel(side) => {
                let resting = self.resting(side);
                if resting.len() < RESTING {
                    return self.rest(side);
                }
                let oldest = resting.pop_front();
                oldest.map_or_else(|| self.rest(side), |id| Ask::Cancel { side, id })
            }
        }
    }

    /// A request has been carried out. Only what rests for certain is cancelled.
    pub(crate) fn done(&mut self, ask: &Ask) {
        if let Ask::Place { side, price, id } = ask
            && *price != TOUCH
        {
            self.resting(*side).push_back(*id);
        }
    }

    fn rest(&mut self, side: Side) -> Ask {
        let away = 1 + self.orders * 7 % DEEPEST;
        let price = match side {
            Side::Buy => TOUCH.0 - away,
            Side::Sell => TOUCH.0 + away,
        };
        self.place(side, Price(price))
    }

    fn place(&mut self, side: Side, price: Price) -> Ask {
        self.orders += 1;
        let id = Id {
            trader: self.number,
            number: self.orders,
        };
        Ask::Place { side, price, id }
    }

    fn resting(&mut self, side: Side) -> &mut VecDeque<Id> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten thousand requests, each carried out before so many others.
    fn asked(window: usize) -> Vec<Ask> {
        let (mut trader, mut waiting, mut asked) = (Trader::new(1), VecDeque::new(), Vec::new());
        for _ in 0..10_000 {
            let ask = trader.next();
            waiting.push_back(ask);
            asked.push(ask);
            if waiting.len() == window
                && let Some(first) = waiting.pop_front()
            {
                trader.done(&first);
            }
        }
        asked
    }

    #[test]
    fn as_many_orders_are_cancelled_as_rest() {
        for window in [1, 8] {
            let (mut orders, mut cancelled, mut bought, mut sold) = (0, 0, 0, 0);
            for ask in asked(window) {
                match ask {
                    Ask::Cancel { .. } => cancelled += 1,
                    Ask::Place {
                        price: TOUCH,
                        side: Side::Buy,
                        ..
                    } => bought += 1,
                    Ask::Place {
                        price: TOUCH,
                        side: Side::Sell,
                        ..
                    } => sold += 1,
                    Ask::Place { .. } => orders += 1,
                }
            }
            assert_eq!((bought, sold), (1_000, 1_000));
            assert!(
                (0..40).contains(&(orders - cancelled)),
                "{orders} {cancelled}"
            );
        }
    }

    /// Whoever would cross what rests away from the touch would fill what its owner is to cancel.
    #[test]
    fn only_at_the_touch_do_orders_meet() {
        for ask in asked(1) {
            match ask {
                Ask::Place {
                    side: Side::Buy,
                    price,
                    ..
                } => assert!(price.0 <= TOUCH.0),
                Ask::Place {
                    side: Side::Sell,
                    price,
                    ..
                } => assert!(price.0 >= TOUCH.0),
                Ask::Cancel { .. } => {}
            }
        }
    }

    #[test]
    fn a_price_has_two_decimals() {
        assert_eq!(Price(6_000_007).to_string(), "60000.07");
    }
}
