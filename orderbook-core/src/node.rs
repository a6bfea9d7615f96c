//! A resting order as it is stored.

use core::num::NonZeroU32;

use crate::{
    AccountId, GroupId, Level, Order, OrderId, PostOnly, Price, Quantity, Resting, RestingOrder,
    SelfTradePrevention, Side,
};

/// The position of a node. Never zero, so that an optional one is as small: the first place is not
/// used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(NonZeroU32);

impl Slot {
    /// There are at most [`MAX_ORDERS`](crate::MAX_ORDERS) of them.
    pub(crate) fn new(position: usize) -> Self {
        let number = u32::try_from(position).ok().and_then(NonZeroU32::new);
        Self(number.expect("validation bounds the number of orders"))
    }

    #[inline]
    pub(crate) const fn position(self) -> usize {
        self.0.get() as usize
    }
}

/// The chain of an id in the table, until that grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chain(pub(crate) usize);

/// The key of the terms of an order, plus one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TermsKey(NonZeroU32);

impl TermsKey {
    pub(crate) fn new(key: usize) -> Self {
        let number = u32::try_from(key + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("validation bounds the number of orders"))
    }

    pub(crate) const fn get(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A resting order and its place in the queue.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) id: OrderId,
    pub(crate) account: AccountId,
    pub(crate) price: Price,
    /// What has traded plus what remains.
    pub(crate) quantity: Quantity,
    pub(crate) displayed: Quantity,
    pub(crate) previous: Option<Slot>,
    pub(crate) next: Option<Slot>,
    /// The next order in the chain of the id table.
    pub(crate) chain: Option<Slot>,
    /// What most orders do not have.
    pub(crate) terms: Option<TermsKey>,
    pub(crate) group: Option<GroupId>,
    pub(crate) side: Side,
    /// `None`: what the instrument says.
    pub(crate) self_trade: Option<SelfTradePrevention>,
    pub(crate) post_only: Option<PostOnly>,
}

impl Node {
    pub(crate) const VACANT: Self = Self {
        id: OrderId::new(0),
        account: AccountId::new(0),
        price: Price::new(0),
        quantity: Quantity::ZERO,
        displayed: Quantity::ZERO,
        previous: None,
        next: None,
        chain: None,
        terms: None,
        group: None,
        side: Side::Buy,
        self_trade: None,
        post_only: None,
    };

    #[inline]
    pub(crate) const fn new(
        order: &Order,
        price: Price,
        quantity: Quantity,
        displayed: Quantity,
    ) -> Self {
        Self {
            id: order.id,
            account: order.account,
            price,
            quantity,
            displayed,
            group: order.group,
            side: order.side,
            self_trade: order.self_trade,
            ..Self::VACANT
        }
    }

    pub(crate) fn of_resting(order: &RestingOrder) -> (Self, Resting) {
        let node = Self {
            id: order.id,
            account: order.account,
            price: order.price,
            quantity: order.quantity,
            displayed: order.displayed,
            group: order.group,
            side: order.side,
            self_trade: Some(order.self_trade),
            ..Self::VACANT
        };
        let terms = Resting {
            until: order.until,
            post_only: order.post_only,
            display: order.display,
        };
        (node, terms)
    }

    /// Whether the order rests good till cancelled and no more.
    #[inline]
    pub(crate) const fn is_plain(&self) -> bool {
        self.terms.is_none() && self.post_only.is_none()
    }

    /// Whether the order has a reserve or a date.
    #[inline]
    pub(crate) const fn has_terms(&self) -> bool {
        self.terms.is_some()
    }
}

/// An order that is about to leave the book.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaving {
    pub(crate) id: OrderId,
    pub(crate) account: AccountId,
    pub(crate) side: Side,
    pub(crate) price: Price,
    pub(crate) remaining: Quantity,
    pub(crate) hidden: Quantity,
    pub(crate) previous: Option<Slot>,
    pub(crate) next: Option<Slot>,
    pub(crate) terms: Option<TermsKey>,
    pub(crate) slot: Slot,
    pub(crate) chain: Chain,
    pub(crate) rest_of_chain: Option<Slot>,
}

impl Leaving {
    /// What it takes off the depth.
    #[inline(always)]
    pub(crate) const fn level(&self) -> Level {
        Level {
            price: self.price,
            quantity: Quantity::new(self.remaining.get() - self.hidden.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_one_cache_line() {
        assert_eq!(size_of::<Node>(), 64);
        assert_eq!(size_of::<Option<Slot>>(), 4);
    }
}
