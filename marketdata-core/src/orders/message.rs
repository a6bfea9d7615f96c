//! What a feed of orders says, message by message and all at once.

use alloc::vec::Vec;

use orderbook_core::{OrderBook, OrderId, Price, Quantity, Side, TradeId};

/// One fact about one displayed order: what an [`OrderFeed`](crate::OrderFeed) publishes and a
/// [`ClientOrderBook`](crate::ClientOrderBook) follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrderMessage {
    /// Counts up from 1 within the feed, without gaps.
    pub sequence: u64,
    /// The order.
    pub order_id: OrderId,
    /// What happened to it.
    pub change: OrderChange,
}

/// What happened to a displayed order, and what that means for its place in the queue at its price.
///
/// An order with nothing left to display is gone, without further notice. The next slice of an
/// iceberg is then added like any other order, under the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OrderChange {
    /// It came in: to the back of the queue.
    Added {
        /// Its side.
        side: Side,
        /// Its price, in ticks.
        price: Price,
        /// What it displays, in lots; never zero.
        quantity: Quantity,
    },
    /// It displays less, without a trade. It keeps its place.
    Reduced {
        /// How much less, in lots; never zero.
        by: Quantity,
    },
    /// It traded, as a maker and at its price. It keeps its place.
    Executed {
        /// What changed hands, in lots; never zero.
        quantity: Quantity,
        /// The trade.
        trade_id: TradeId,
    },
    /// It has other terms and lost its place: to the back of the queue, on the side where it was.
    Moved {
        /// Its price from now on, in ticks; perhaps the old one.
        price: Price,
        /// What it displays from now on, in lots; never zero.
        quantity: Quantity,
    },
    /// It left.
    Removed,
}

/// An order as everybody sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DisplayedOrder {
    /// The order.
    pub id: OrderId,
    /// Its price, in ticks.
    pub price: Price,
    /// What it displays, in lots; never zero. An iceberg's reserve is not part of it.
    pub quantity: Quantity,
}

/// All displayed orders at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrderSnapshot {
    /// The newest message that is in it; the next one to apply is the one after. Zero before the
    /// first.
    pub sequence: u64,
    /// The bids, best price first, at one price oldest first.
    pub bids: Vec<DisplayedOrder>,
    /// The asks, best price first, at one price oldest first.
    pub asks: Vec<DisplayedOrder>,
}

impl OrderSnapshot {
    /// What a book displays, after all of its events up to message `sequence` of the feed.
    /// O(orders).
    pub fn of(book: &OrderBook, sequence: u64) -> Self {
        let orders = |side| {
            let orders = book.orders(side);
            orders
                .map(|order| DisplayedOrder {
                    id: order.id,
                    price: order.price,
                    quantity: order.displayed,
                })
                .collect()
        };
        Self {
            sequence,
            bids: orders(Side::Buy),
            asks: orders(Side::Sell),
        }
    }
}

/// Why something cannot have happened to the displayed orders: something before it was lost, or it
/// is repeated or damaged. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// An order that is displayed already came in.
    #[error("order {id} came in, but is displayed already")]
    Known {
        /// The order.
        id: OrderId,
    },
    /// Something happened to an order that is not displayed.
    #[error("order {id} is not displayed")]
    Unknown {
        /// The order.
        id: OrderId,
    },
    /// More of an order traded or was taken off than it displays.
    #[error("{by} lots are taken off order {id}, which displays {displayed}")]
    TooMuch {
        /// The order.
        id: OrderId,
        /// What it displays, in lots.
        displayed: Quantity,
        /// What would be taken off, in lots.
        by: Quantity,
    },
    /// An order is displayed, but not where or not as the event of the book has it.
    #[error("order {id} is displayed at another price, on the other side or with another quantity")]
    Elsewhere {
        /// The order.
        id: OrderId,
    },
    /// A quantity is zero that cannot be.
    #[error("zero lots of order {id} came in, moved, traded or were taken off")]
    NoQuantity {
        /// The order.
        id: OrderId,
    },
    /// The quantities at the price would no longer fit 64 bits.
    #[error("the level at {price} ticks cannot hold that much more")]
    LevelFull {
        /// The price of the level, in ticks.
        price: Price,
    },
    /// A snapshot does not have the best price first.
    #[error("order {id} has a better price than the one before it in the snapshot")]
    Unordered {
        /// The order.
        id: OrderId,
    },
}
