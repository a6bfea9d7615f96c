//! What a book reports: facts, in the order in which they happened.
//!
//! Folding the events gives the displayed depth of the book:
//!
//! | event | change of the depth |
//! |---|---|
//! | [`Event::Accepted`] | adds `rested` on `side` |
//! | [`Event::Amended`] | takes `left` off and adds `rested` on `side` |
//! | [`Event::Rested`], [`Event::Replenished`] | adds `quantity` at `price` on `side` |
//! | [`Event::Traded`], [`Event::Decremented`] | takes `quantity` off at `price` on the maker's side |
//! | [`Event::Reduced`] | takes `displayed_by` off at `price` on `side` |
//! | [`Event::Closed`] | takes `left` off on `side` |
//!
//! Each accepted order ends in exactly one [`Event::Closed`], and the quantities of its trades,
//! its reductions and decrements and its `unfilled` add up to its quantity: that of
//! [`Event::Accepted`], or of its last [`Event::Amended`] (which counts reductions before it no
//! more).

use crate::{AccountId, Level, OrderId, Price, Quantity, Side, TradeId};

/// One fact about a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Event {
    /// An order was taken in. Its further terms are those of the command.
    Accepted {
        /// The order.
        order_id: OrderId,
        /// Its owner.
        account: AccountId,
        /// Its side.
        side: Side,
        /// How much of it there is to trade.
        quantity: Quantity,
        /// Where it came to rest at once, having met nobody, and what of it is displayed there;
        /// whatever else there is of its quantity is an iceberg's reserve. `None` where it met
        /// others, or may not rest: what became of it follows.
        rested: Option<Level>,
    },
    /// Two orders met.
    Traded(Trade),
    /// Two orders of one owner met: both became smaller and nothing changed hands
    /// ([`SelfTradePrevention::Decrement`](crate::SelfTradePrevention::Decrement)).
    Decremented {
        /// The maker's price.
        price: Price,
        /// What was taken off both; never zero.
        quantity: Quantity,
        /// Which side the taker was on; the maker was on the other.
        taker_side: Side,
        /// The resting order.
        maker_order_id: OrderId,
        /// Its owner.
        maker_account: AccountId,
        /// What is left of it, hidden quantity included.
        maker_remaining: Quantity,
        /// The incoming order.
        taker_order_id: OrderId,
        /// Its owner.
        taker_account: AccountId,
        /// What is left of it.
        taker_remaining: Quantity,
    },
    /// What was left of an order that had met others joined the back of the queue at its price.
    Rested {
        /// The order.
        order_id: OrderId,
        /// Its owner.
        account: AccountId,
        /// Its side.
        side: Side,
        /// The level it joined.
        price: Price,
        /// What is displayed.
        quantity: Quantity,
        /// What else is left of it: the reserve of an iceberg.
        hidden: Quantity,
    },
    /// The displayed slice of an iceberg was used up: the next one came out of the reserve and
    /// joined the back of the queue.
    Replenished {
        /// The order.
        order_id: OrderId,
        /// Its owner.
        account: AccountId,
        /// Its side.
        side: Side,
        /// Its level.
        price: Price,
        /// The new slice.
        quantity: Quantity,
        /// What is left of the reserve.
        hidden: Quantity,
    },
    /// A resting order was made smaller and kept its place. An iceberg's reserve goes first.
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
        /// How much of that had been displayed.
        displayed_by: Quantity,
        /// What is left of it, hidden quantity included.
        remaining: Quantity,
    },
    /// A resting order got another price or a larger quantity and lost its place: it left its level
    /// and came in anew.
    Amended {
        /// The order.
        order_id: OrderId,
        /// Its owner.
        account: AccountId,
        /// Its side.
        side: Side,
        /// What it took off the depth: its old price, and what had been displayed of it.
        left: Level,
        /// What is to trade from here on: its new quantity less what has traded so far.
        remaining: Quantity,
        /// Where it came to rest at once, having met nobody, and what of it is displayed there;
        /// whatever else remains is an iceberg's reserve. `None` where it met others: what became of
        /// it follows.
        rested: Option<Level>,
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
        /// What never traded, hidden quantity included.
        unfilled: Quantity,
        /// What it took off the depth: the price it stood at, and what was displayed of it.
        /// `None` where it was not on the book.
        left: Option<Level>,
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
    /// What is left of it, hidden quantity included.
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
    /// Its owner took it back, or amended it to no more than what had traded.
    Cancelled,
    /// Another order took its place.
    Replaced,
    /// Its terms did not let it wait: the remainder of an IOC or a market order, an FOK that
    /// could not be filled whole, an IOC short of its minimum, or a GTD order whose date came.
    Expired,
    /// It met an order of its own account or group.
    SelfTrade,
    /// Its budget does not pay for another lot at the next price.
    BudgetSpent,
}
