//! What a book reports: facts, in the order in which they happened.
//!
//! Folding the events gives the depth of the book:
//!
//! | event | change of the level |
//! |---|---|
//! | [`Event::Rested`] | adds `quantity` at `price` on `side` |
//! | [`Event::Traded`] | takes `quantity` off at `price` on the maker's side |
//! | [`Event::Reduced`] | takes `by` off at `price` on `side` |
//! | [`Event::Closed`] with `resting_at` | takes `unfilled` off at that price on `side` |
//!
//! Each accepted order ends in exactly one [`Event::Closed`], and the quantities of its trades,
//! its reductions and its `unfilled` add up to the quantity it was accepted with.

use crate::{AccountId, Order, OrderId, Price, Quantity, Side, TradeId};

/// One fact about a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Event {
    /// An order was taken in. Everything else about it follows.
    Accepted(Order),
    /// Two orders met.
    Traded(Trade),
    /// The remainder of an order joined the back of the queue at its price.
    Rested {
        /// The order.
        order_id: OrderId,
        /// Its owner.
        account: AccountId,
        /// Its side.
        side: Side,
        /// The level it joined.
        price: Price,
        /// What rests.
        quantity: Quantity,
    },
    /// A resting order was made smaller and kept its place.
    Reduced {
        /// The order.
        order_id: OrderId,
        /// Its owner.
        account: AccountId,
        /// Its side.
        side: Side,
        /// Its level.
        price: Price,
        /// What was taken off.
        by: Quantity,
        /// What is left of it.
        remaining: Quantity,
    },
    /// An order ended.
    Closed {
        /// The order.
        order_id: OrderId,
        /// Its owner.
        account: AccountId,
        /// Its side.
        side: Side,
        /// Why it ended.
        reason: CloseReason,
        /// What never traded.
        unfilled: Quantity,
        /// The level it stood at, or `None` where it never rested.
        resting_at: Option<Price>,
    },
}

/// Two orders met: the maker had been resting, the taker came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Trade {
    /// Counts up from 1 within the book.
    pub id: TradeId,
    /// The maker's price.
    pub price: Price,
    /// What changed hands; never zero.
    pub quantity: Quantity,
    /// Which side the taker was on; the maker was on the other.
    pub taker_side: Side,
    /// The resting order.
    pub maker_order_id: OrderId,
    /// Its owner.
    pub maker_account: AccountId,
    /// What is left of it.
    pub maker_remaining: Quantity,
    /// The incoming order.
    pub taker_order_id: OrderId,
    /// Its owner.
    pub taker_account: AccountId,
    /// What is left of it.
    pub taker_remaining: Quantity,
}

/// Why an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CloseReason {
    /// Nothing of it is left to trade.
    Filled,
    /// Its owner took it back.
    Cancelled,
    /// Another order took its place.
    Replaced,
    /// Its terms did not let it wait: the remainder of an IOC or a market order, or an FOK
    /// that could not be filled whole.
    Expired,
}
