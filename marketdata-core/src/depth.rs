//! What rests at each price, folded from the events of a book.
//!
//! | event | change of the level |
//! |---|---|
//! | [`Event::Rested`] | adds `quantity` at `price` on `side` |
//! | [`Event::Traded`] | takes `quantity` off at `price` on the maker's side |
//! | [`Event::Reduced`] | takes `by` off at `price` on `side` |
//! | [`Event::Closed`] with `resting_at` | takes `unfilled` off at that price on `side` |

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use orderbook_core::{Event, Level, Price, Quantity, Side};

/// The sum of what rests at each price: the book without its orders.
///
/// With *l* levels, an event costs O(log l), and so does the best level of a side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Depth {
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
    update_id: u64,
}

/// A level got a new total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LevelChange {
    /// Counts up from 1 within the book, without gaps.
    pub update_id: u64,
    /// The side of the level.
    pub side: Side,
    /// The price of the level, in ticks.
    pub price: Price,
    /// What rests there now, in lots; zero where the level is gone.
    pub quantity: Quantity,
}

/// The best levels of both sides at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DepthSnapshot {
    /// The newest change in it; the next change to apply is the one after. Zero before the first.
    pub last_update_id: u64,
    /// The bids, best first.
    pub bids: Vec<Level>,
    /// The asks, best first.
    pub asks: Vec<Level>,
}

impl Depth {
    /// A depth without levels, that of an empty book.
    pub const fn new() -> Self {
        Self {
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            update_id: 0,
        }
    }

    /// Applies the next event of the book. Returns the level that it changed; most events that
    /// only say how an order fared change none.
    ///
    /// # Errors
    ///
    /// A [`DepthError`] where no book at this depth reports such an event; the depth is then
    /// untouched.
    pub fn apply(&mut self, event: &Event) -> Result<Option<LevelChange>, DepthError> {
        match *event {
            Event::Rested {
                side,
                price,
                quantity,
                ..
            } => self.add(side, price, quantity).map(Some),
            Event::Traded(trade) => self
                .take(trade.taker_side.opposite(), trade.price, trade.quantity)
                .map(Some),
            Event::Reduced {
                side, price, by, ..
            } => self.take(side, price, by).map(Some),
            Event::Closed {
                side,
                unfilled,
                resting_at: Some(price),
                ..
            } if !unfilled.is_zero() => self.take(side, price, unfilled).map(Some),
            Event::Accepted(_) | Event::Closed { .. } => Ok(None),
        }
    }

    /// The id of the newest change: their number so far.
    pub const fn update_id(&self) -> u64 {
        self.update_id
    }

    /// The best bid or ask level. O(log levels).
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels(side).next()
    }

    /// What rests at a price, in lots; zero where there is no level. O(log levels).
    pub fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        let levels = match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        };
        levels.get(&price).copied().unwrap_or_default()
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        best_first(side, &self.bids, &self.asks)
    }

    /// The best `limit` levels of each side. O(limit).
    pub fn snapshot(&self, limit: usize) -> DepthSnapshot {
        DepthSnapshot {
            last_update_id: self.update_id,
            bids: self.levels(Side::Buy).take(limit).collect(),
            asks: self.levels(Side::Sell).take(limit).collect(),
        }
    }

    fn add(&mut self, side: Side, price: Price, by: Quantity) -> Result<LevelChange, DepthError> {
        if by.is_zero() {
            return Err(DepthError::NoQuantity);
        }
        let total = self
            .quantity_at(side, price)
            .checked_add(by)
            .ok_or(DepthError::LevelFull { price })?;
        Ok(self.set(side, price, total))
    }

    fn take(&mut self, side: Side, price: Price, by: Quantity) -> Result<LevelChange, DepthError> {
        if by.is_zero() {
            return Err(DepthError::NoQuantity);
        }
        let held = self.quantity_at(side, price);
        let total = held
            .checked_sub(by)
            .ok_or(DepthError::NotThere { price, held, by })?;
        Ok(self.set(side, price, total))
    }

    fn set(&mut self, side: Side, price: Price, quantity: Quantity) -> LevelChange {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if quantity.is_zero() {
            levels.remove(&price);
        } else {
            levels.insert(price, quantity);
        }
        self.update_id += 1;
        LevelChange {
            update_id: self.update_id,
            side,
            price,
            quantity,
        }
    }
}

/// The levels of `side`, of which both are given, best first.
pub(crate) fn best_first<'a>(
    side: Side,
    bids: &'a BTreeMap<Price, Quantity>,
    asks: &'a BTreeMap<Price, Quantity>,
) -> impl Iterator<Item = Level> + 'a {
    let (bids, asks) = match side {
        Side::Buy => (Some(bids.iter().rev()), None),
        Side::Sell => (None, Some(asks.iter())),
    };
    let bids = bids.into_iter().flatten();
    bids.chain(asks.into_iter().flatten())
        .map(|(price, quantity)| Level {
            price: *price,
            quantity: *quantity,
        })
}

/// Why an event cannot be the next one of the book: the stream does not start with the book, lost
/// an event, or repeats one. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DepthError {
    /// The event takes more off a level than rests there.
    #[error("the event takes {by} lots off the level at {price} ticks, which holds {held}")]
    NotThere {
        /// The price of the level, in ticks.
        price: Price,
        /// What rests there, in lots; zero where there is no level.
        held: Quantity,
        /// What the event takes off, in lots.
        by: Quantity,
    },
    /// The quantities at the price would no longer fit 64 bits.
    #[error("the level at {price} ticks cannot hold that much more")]
    LevelFull {
        /// The price of the level, in ticks.
        price: Price,
    },
    /// An order rests, trades or is reduced, but by nothing.
    #[error("the event says that a quantity of zero rested, traded or was taken off")]
    NoQuantity,
}
