//! What a caller may ask of a book.

use crate::{AccountId, GroupId, Notional, OrderId, Price, Quantity, Side, Timestamp};

/// One request to a book. Commands are applied whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum Command {
    /// Trade with what is there and, where the order's terms allow, rest with the remainder.
    Place(Order),
    /// Take an order off the book.
    Cancel {
        /// The resting order.
        order_id: OrderId,
    },
    /// Make a resting order smaller by some quantity, whatever has traded meanwhile; it keeps its
    /// place in the queue (a partial cancel, ITCH "Order Cancel").
    Reduce {
        /// The resting order.
        order_id: OrderId,
        /// How much to take off; less than what is left of the order.
        by: Quantity,
    },
    /// Give a resting order another quantity or price, under the same id (FIX
    /// `OrderCancelReplaceRequest`).
    ///
    /// A smaller quantity at the same price keeps the place in the queue. Anything else loses it:
    /// the order leaves the book and comes in again with its new terms, and may trade at once.
    /// Where as much as the new quantity has traded already, nothing is left to work and the
    /// order is cancelled.
    Amend {
        /// The resting order.
        order_id: OrderId,
        /// The new total: what has traded so far plus what is still to trade. Stating the total
        /// makes an amendment that crosses a fill on its way harmless.
        quantity: Quantity,
        /// The new limit price; may be the old one.
        price: Price,
    },
    /// Close a resting order and place another in its stead, in one step. The replacement keeps
    /// account, group, side and self-trade prevention, goes to the back of its queue and may
    /// trade at once.
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
    /// Take all orders of a selection off the book: bids, then asks, each in the order in which
    /// they would trade. Where there are none nothing happens.
    CancelAll(Selection),
    /// Let time pass: orders whose date has come expire, earliest first, at one time by ascending
    /// order id. The only thing that expires an order; there is no clock in a book.
    Expire {
        /// The time it is now; not before that of an earlier command of this kind.
        now: Timestamp,
    },
}

/// Which resting orders: those that fit all that is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Selection {
    /// Only those of this account.
    pub account: Option<AccountId>,
    /// Only those of this side.
    pub side: Option<Side>,
    /// Only those at this price or above.
    pub lowest: Option<Price>,
    /// Only those at this price or below.
    pub highest: Option<Price>,
}

impl Selection {
    /// Every order.
    pub const ALL: Self = Self {
        account: None,
        side: None,
        lowest: None,
        highest: None,
    };
}

/// A new order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Order {
    /// Unique among the live orders of the book.
    pub id: OrderId,
    /// Who owns it. Copied into every event about it.
    pub account: AccountId,
    /// Accounts that must not trade with each other, beyond the account itself.
    pub group: Option<GroupId>,
    /// Buy or sell.
    pub side: Side,
    /// How much to trade at most.
    pub quantity: Quantity,
    /// At what price, and what to do with a remainder.
    pub kind: OrderKind,
    /// What to do where it would meet an order of its own account or group; `None`: what the
    /// instrument says.
    pub self_trade: Option<SelfTradePrevention>,
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
            time_in_force: TimeInForce::GTC,
        };
        Self::of_kind(id, account, side, quantity, kind)
    }

    /// An order that trades at whatever price the book offers.
    pub const fn market(id: OrderId, account: AccountId, side: Side, quantity: Quantity) -> Self {
        Self::of_kind(id, account, side, quantity, OrderKind::MARKET)
    }

    /// An order of any kind, with the self-trade prevention of the instrument and of no group.
    pub const fn of_kind(
        id: OrderId,
        account: AccountId,
        side: Side,
        quantity: Quantity,
        kind: OrderKind,
    ) -> Self {
        Self {
            id,
            account,
            group: None,
            side,
            quantity,
            kind,
            self_trade: None,
        }
    }
}

/// The terms of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum OrderKind {
    /// Trade at this price or better.
    Limit {
        /// The worst acceptable price.
        price: Price,
        /// What happens to what does not trade at once.
        time_in_force: TimeInForce,
    },
    /// Trade at whatever price the book offers; what finds no counterparty expires.
    Market {
        /// Stop where prices get worse than this (CME "market with protection").
        protection: Option<Price>,
        /// Stop where no further lot fits into this: an order by notional. It trades at most
        /// `quantity` lots, and lots whose prices, as absolute values, add up to at most this.
        budget: Option<Notional>,
    },
}

impl OrderKind {
    /// Any price, any cost.
    pub const MARKET: Self = Self::Market {
        protection: None,
        budget: None,
    };

    /// The worst acceptable price, where there is one: a limit or a protection price.
    pub const fn worst_price(self) -> Option<Price> {
        match self {
            Self::Limit { price, .. } => Some(price),
            Self::Market { protection, .. } => protection,
        }
    }
}

/// What a limit order does with the quantity that does not trade at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum TimeInForce {
    /// It rests until it is filled or cancelled (GTC).
    GoodTillCancel,
    /// It rests on further terms: GTD, post-only and iceberg orders.
    Rest(Resting),
    /// It expires (IOC).
    ImmediateOrCancel {
        /// Trade nothing unless at least this much trades; zero asks for nothing (FIX `MinQty`).
        minimum: Quantity,
    },
    /// All of it trades at once or none of it does (FOK).
    FillOrKill,
}

impl TimeInForce {
    /// Good till cancelled: the remainder rests until it is filled or cancelled.
    pub const GTC: Self = Self::GoodTillCancel;
    /// Immediate or cancel: the remainder expires.
    pub const IOC: Self = Self::ImmediateOrCancel {
        minimum: Quantity::ZERO,
    };
    /// Fill or kill: all at once or nothing.
    pub const FOK: Self = Self::FillOrKill;
    /// Like GTC, but refused where it would trade at once: it only ever makes.
    pub const POST_ONLY: Self = Self::Rest(Resting {
        post_only: Some(PostOnly::Reject),
        ..Resting::PLAIN
    });

    /// Whether what does not trade at once may rest.
    #[inline]
    pub const fn rests(self) -> bool {
        matches!(self, Self::GoodTillCancel | Self::Rest(_))
    }

    /// On which terms it rests, where it does.
    pub(crate) const fn resting(self) -> Resting {
        match self {
            Self::Rest(terms) => terms,
            _ => Resting::PLAIN,
        }
    }

    /// Good till date: the remainder rests until it is filled or cancelled, or until a
    /// [`Command::Expire`] of that time or later.
    pub const fn gtd(until: Timestamp) -> Self {
        Self::Rest(Resting {
            until: Some(until),
            ..Resting::PLAIN
        })
    }

    /// Like GTC, but shows no more than `display` lots at a time.
    pub const fn iceberg(display: Quantity) -> Self {
        Self::Rest(Resting {
            display: Some(display),
            ..Resting::PLAIN
        })
    }
}

/// The terms of an order that rests otherwise than good till cancelled, or not only so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Resting {
    /// Good till date; `None`: till cancelled.
    pub until: Option<Timestamp>,
    /// Never take, only make.
    pub post_only: Option<PostOnly>,
    /// Show at most so many lots at a time (an iceberg); `None`: all. When a slice has traded, the
    /// next one goes to the back of the level.
    pub display: Option<Quantity>,
}

impl Resting {
    /// Those of [`TimeInForce::GoodTillCancel`]: till cancelled, taking what is there, all of it
    /// shown.
    pub const PLAIN: Self = Self {
        until: None,
        post_only: None,
        display: None,
    };
}

/// What becomes of a post-only order that would trade at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PostOnly {
    /// It is refused.
    Reject,
    /// It rests one tick away from the best opposite price instead, the best price that does not
    /// cross; refused only where that is beyond the instrument's limits.
    Slide,
}

/// What happens instead of a trade between two orders of the same account, or of accounts of the
/// same group. The incoming order's choice applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SelfTradePrevention {
    /// They trade.
    #[default]
    Allow,
    /// The resting order is closed; the incoming one goes on.
    ExpireMaker,
    /// What is left of the incoming order is closed; the resting one stays.
    ExpireTaker,
    /// Both are closed.
    ExpireBoth,
    /// Both become smaller by what they would have traded; who has nothing left is closed.
    Decrement,
}
