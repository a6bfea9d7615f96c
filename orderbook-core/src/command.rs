//! What a caller may ask of a book.

use crate::{AccountId, OrderId, Price, Quantity, Side};

/// One request to a book. Commands are applied whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Command {
    /// Trade with what is there and, where the order's terms allow, rest with the remainder.
    Place(Order),
    /// Take an order off the book.
    Cancel {
        /// The resting order.
        order_id: OrderId,
    },
    /// Make a resting order smaller; it keeps its place in the queue.
    Reduce {
        /// The resting order.
        order_id: OrderId,
        /// How much to take off; less than what is left of the order.
        by: Quantity,
    },
    /// Close a resting order and place another in its stead, in one step. The replacement keeps
    /// account and side, goes to the back of its queue and may trade at once.
    Replace {
        /// The resting order.
        order_id: OrderId,
        /// The id of the replacement; may be the old one.
        new_order_id: OrderId,
        /// The quantity of the replacement.
        quantity: Quantity,
        /// The limit price of the replacement.
        price: Price,
        /// What the replacement may do.
        time_in_force: TimeInForce,
    },
}

/// A new order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Order {
    /// Unique among the live orders of the book.
    pub id: OrderId,
    /// Who owns it. Copied into every event about it.
    pub account: AccountId,
    /// Buy or sell.
    pub side: Side,
    /// How much to trade at most.
    pub quantity: Quantity,
    /// At what price, and what to do with a remainder.
    pub kind: OrderKind,
}

impl Order {
    /// A limit order that rests until it is filled or cancelled.
    pub const fn limit(
        id: OrderId,
        account: AccountId,
        side: Side,
        quantity: Quantity,
        price: Price,
    ) -> Self {
        let kind = OrderKind::Limit {
            price,
            time_in_force: TimeInForce::GoodTillCancel,
        };
        Self {
            id,
            account,
            side,
            quantity,
            kind,
        }
    }

    /// An order that trades at whatever price the book offers.
    pub const fn market(id: OrderId, account: AccountId, side: Side, quantity: Quantity) -> Self {
        Self {
            id,
            account,
            side,
            quantity,
            kind: OrderKind::Market,
        }
    }
}

/// The terms of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OrderKind {
    /// Trade at this price or better.
    Limit {
        /// The worst acceptable price.
        price: Price,
        /// What happens to what does not trade at once.
        time_in_force: TimeInForce,
    },
    /// Trade at whatever price the book offers; what finds no counterparty expires.
    Market,
}

impl OrderKind {
    /// The worst acceptable price, where there is one.
    pub const fn limit_price(self) -> Option<Price> {
        match self {
            Self::Limit { price, .. } => Some(price),
            Self::Market => None,
        }
    }
}

/// What a limit order does with the quantity that does not trade at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TimeInForce {
    /// The remainder rests until it is filled or cancelled (GTC).
    GoodTillCancel,
    /// The remainder expires (IOC).
    ImmediateOrCancel,
    /// All of it trades at once or none of it does (FOK).
    FillOrKill,
    /// Rests like GTC, but is refused where it would trade at once: it only ever makes.
    PostOnly,
}
