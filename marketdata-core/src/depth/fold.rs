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

use orderbook_core::{Event, Level, Price, Quantity, Side, Trade};

use crate::depth::levels::Levels;
use crate::{ChecksumForm, DepthSnapshot, GroupedDepth, Grouping, SnapshotError};

/// The sum of what is displayed at each price: the book without its orders.
///
/// With *l* levels, an event costs O(log l), and so does the best level of a side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Depth {
    levels: Levels,
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

impl Depth {
    /// A depth without levels, that of an empty book.
    pub const fn new() -> Self {
        Self {
            levels: Levels::new(),
            update_id: 0,
        }
    }

    /// The depth that a snapshot was taken of: what it gave is continued with the event after. The
    /// snapshot has to have all levels, for the next event may be about any of them.
    ///
    /// O(levels).
    ///
    /// # Errors
    ///
    /// A [`SnapshotError`] where no depth gives such a snapshot.
    pub fn from_snapshot(snapshot: &DepthSnapshot) -> Result<Self, SnapshotError> {
        snapshot.check()?;
        Ok(Self {
            levels: Levels::from_snapshot(snapshot),
            update_id: snapshot.last_update_id,
        })
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
        // There are at most two changes, and each has an id.
        if self.update_id > u64::MAX - 2 {
            return Err(DepthError::IdsUsedUp);
        }
        let changes = match (left, joined) {
            (None, None) => [None, None],
            (Some(left), None) => [
                Some(self.change(side, left.price, |it| take(it, left))?),
                None,
            ],
            (None, Some(joined)) => {
                let change = self.change(side, joined.price, |it| add(it, joined))?;
                [Some(change), None]
            }
            (Some(left), Some(joined)) if left.price == joined.price => {
                let before = self.level(side, left.price);
                let total = add(take(before, left)?, joined)?;
                [(total != before).then(|| self.set(side, total)), None]
            }
            (Some(left), Some(joined)) => {
                let left = take(self.level(side, left.price), left)?;
                let joined = add(self.level(side, joined.price), joined)?;
                [left, joined].map(|level| Some(self.set(side, level)))
            }
        };
        let [first, second] = changes;
        Ok(first.into_iter().chain(second))
    }

    /// The id of the newest change: their number so far.
    pub const fn update_id(&self) -> u64 {
        self.update_id
    }

    /// The best bid or ask level. O(log levels).
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels.best(side)
    }

    /// What is displayed at a price, in lots; zero where there is no level. O(log levels).
    pub fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        self.levels.quantity_at(side, price)
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.levels.of(side)
    }

    /// The best `limit` levels of each side. O(limit).
    pub fn snapshot(&self, limit: usize) -> DepthSnapshot {
        self.levels.snapshot(self.update_id, limit)
    }

    /// The best `limit` groups of each side. O(levels in them).
    pub fn grouped(&self, grouping: Grouping, limit: usize) -> GroupedDepth {
        self.levels.grouped(self.update_id, grouping, limit)
    }

    /// The checksum of the best levels, by which clients check their books.
    pub fn checksum(&self, form: &ChecksumForm) -> u32 {
        form.checksum_of(&self.levels)
    }

    fn level(&self, side: Side, price: Price) -> Level {
        let quantity = self.quantity_at(side, price);
        Level { price, quantity }
    }

    /// Gives a level the total that `change` makes of the present one.
    fn change(
        &mut self,
        side: Side,
        price: Price,
        change: impl FnOnce(Level) -> Result<Level, DepthError>,
    ) -> Result<LevelChange, DepthError> {
        let total = |quantity| Ok(change(Level { price, quantity })?.quantity);
        let quantity = self.levels.change(side, price, total)?;
        Ok(self.changed(side, Level { price, quantity }))
    }

    /// Gives a level its new total.
    fn set(&mut self, side: Side, level: Level) -> LevelChange {
        self.levels.set(side, level);
        self.changed(side, level)
    }

    /// Names the change that gave a level its new total.
    const fn changed(&mut self, side: Side, level: Level) -> LevelChange {
        self.update_id += 1;
        LevelChange {
            update_id: self.update_id,
            side,
            price: level.price,
            quantity: level.quantity,
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
    /// There is no id left for a change: the snapshot that the depth came from had nearly the last.
    #[error("the ids of changes are used up")]
    IdsUsedUp,
}
