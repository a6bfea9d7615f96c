//! What is displayed at each price, folded from the events of a book. The reserve of an iceberg is
//! not part of it: it shows when it is replenished.
//!
//! | event | change of the level |
//! |---|---|
//! | [`Event::Accepted`] | adds `rested` on `side` |
//! | [`Event::Rested`], [`Event::Replenished`] | adds `quantity` at `price` on `side` |
//! | [`Event::Traded`], [`Event::Decremented`] | takes `quantity` off at `price` on the maker's side |
//! | [`Event::Reduced`] | takes `displayed_by` off at `price` on `side` |
//! | [`Event::Closed`] | takes `left` off on `side` |
//! | [`Event::Amended`] | takes `left` off on `side` and adds `rested` |

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use orderbook_core::{Event, Level, Price, Quantity, Side, Trade};

/// The sum of what is displayed at each price: the book without its orders.
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
    /// What is displayed there now, in lots; zero where the level is gone.
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

    /// Applies the next event of the book. Returns the levels that it changed: mostly one, two where
    /// an amended order moved; most events that only say how an order fared change none.
    ///
    /// # Errors
    ///
    /// A [`DepthError`] where no book at this depth reports such an event; the depth is then
    /// untouched.
    pub fn apply(
        &mut self,
        event: &Event,
    ) -> Result<impl Iterator<Item = LevelChange> + use<>, DepthError> {
        let (side, left, joined) = match *event {
            Event::Accepted { side, rested, .. } => (side, None, rested),
            Event::Rested {
                side,
                price,
                quantity,
                ..
            }
            | Event::Replenished {
                side,
                price,
                quantity,
                ..
            } => (side, None, Some(Level { price, quantity })),
            Event::Traded(Trade {
                taker_side,
                price,
                quantity,
                ..
            })
            | Event::Decremented {
                taker_side,
                price,
                quantity,
                ..
            } => {
                let level = Level { price, quantity };
                (taker_side.opposite(), Some(level), None)
            }
            // All of it may have come out of the reserve, ...
            Event::Reduced {
                side,
                price,
                displayed_by: quantity,
                ..
            } => (side, some(Level { price, quantity }), None),
            // ... and a maker that trades in full has left before it closes.
            Event::Closed { side, left, .. } => (side, left.and_then(some), None),
            Event::Amended {
                side, left, rested, ..
            } => (side, Some(left), rested),
        };
        let changes = match (left, joined) {
            (None, None) => [None, None],
            (Some(left), Some(joined)) if left.price == joined.price => {
                let before = self.level(side, left.price);
                let total = add(take(before, left)?, joined)?;
                [(total != before).then(|| self.set(side, total)), None]
            }
            _ => {
                let left = left.map(|left| take(self.level(side, left.price), left));
                let joined = joined.map(|joined| add(self.level(side, joined.price), joined));
                let (left, joined) = (left.transpose()?, joined.transpose()?);
                [left, joined].map(|level| level.map(|level| self.set(side, level)))
            }
        };
        Ok(changes.into_iter().flatten())
    }

    /// The id of the newest change: their number so far.
    pub const fn update_id(&self) -> u64 {
        self.update_id
    }

    /// The best bid or ask level. O(log levels).
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels(side).next()
    }

    /// What is displayed at a price, in lots; zero where there is no level. O(log levels).
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

    fn level(&self, side: Side, price: Price) -> Level {
        let quantity = self.quantity_at(side, price);
        Level { price, quantity }
    }

    /// Gives a level its new total.
    fn set(&mut self, side: Side, level: Level) -> LevelChange {
        let Level { price, quantity } = level;
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

/// A level, unless there is nothing of it.
fn some(level: Level) -> Option<Level> {
    (!level.quantity.is_zero()).then_some(level)
}

/// A level with more on it.
fn add(level: Level, by: Level) -> Result<Level, DepthError> {
    let price = level.price;
    if by.quantity.is_zero() {
        return Err(DepthError::NoQuantity);
    }
    let quantity = level.quantity.checked_add(by.quantity);
    let quantity = quantity.ok_or(DepthError::LevelFull { price })?;
    Ok(Level { price, quantity })
}

/// A level with less on it.
fn take(level: Level, by: Level) -> Result<Level, DepthError> {
    let (price, held, by) = (level.price, level.quantity, by.quantity);
    if by.is_zero() {
        return Err(DepthError::NoQuantity);
    }
    let quantity = held.checked_sub(by);
    let quantity = quantity.ok_or(DepthError::NotThere { price, held, by })?;
    Ok(Level { price, quantity })
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
    /// The event takes more off a level than is displayed there.
    #[error("the event takes {by} lots off the level at {price} ticks, which holds {held}")]
    NotThere {
        /// The price of the level, in ticks.
        price: Price,
        /// What is displayed there, in lots; zero where there is no level.
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
    /// An order rests or trades, but nothing of it.
    #[error("the event says that a quantity of zero rested, came out of a reserve or traded")]
    NoQuantity,
}
