//! A book as plain data, and back; and its state as one number.

use alloc::vec::Vec;
use core::fmt;

use crate::node::Node;
use crate::{
    GroupId, Instrument, OrderBook, PostOnly, Quantity, RestingOrder, SelfTradePrevention, Side,
    Timestamp, TradeId, Violation,
};

/// The version of [`BookSnapshot`] that this crate writes and reads.
pub const SNAPSHOT_VERSION: u16 = 2;

/// A book as plain data. Two books with equal snapshots behave alike from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BookSnapshot {
    /// [`SNAPSHOT_VERSION`] at the time of writing.
    pub version: u16,
    /// What is traded.
    pub instrument: Instrument,
    /// The time of the newest [`Expire`](crate::Command::Expire).
    pub time: Timestamp,
    /// The id of the newest trade.
    pub last_trade_id: TradeId,
    /// The bids in the order in which they would trade.
    pub bids: Vec<RestingOrder>,
    /// The asks in the order in which they would trade.
    pub asks: Vec<RestingOrder>,
}

impl OrderBook {
    /// The book as plain data. O(orders).
    pub fn snapshot(&self) -> BookSnapshot {
        BookSnapshot {
            version: SNAPSHOT_VERSION,
            instrument: self.instrument().clone(),
            time: self.time,
            last_trade_id: self.last_trade_id,
            bids: self.orders(Side::Buy).collect(),
            asks: self.orders(Side::Sell).collect(),
        }
    }

    /// Names the state: equal books have equal hashes, on every machine, and different ones have
    /// different hashes but for one chance in 2^64. It finds replicas that have drifted apart, not
    /// forgeries. The instrument is not part of it: it never changes. O(orders).
    pub fn state_hash(&self) -> StateHash {
        let mut hash = StateHash(0);
        hash.add(self.time.get());
        hash.add(self.last_trade_id.get());
        for side in [Side::Buy, Side::Sell] {
            hash.add(self.orders(side).count() as u64);
            for order in self.orders(side) {
                hash.add_order(&order);
            }
        }
        hash
    }

    /// The book that a snapshot was taken of.
    ///
    /// # Errors
    ///
    /// A [`RestoreError`] where the snapshot is of another version or describes no possible book.
    pub fn restore(snapshot: &BookSnapshot) -> Result<Self, RestoreError> {
        if snapshot.version != SNAPSHOT_VERSION {
            return Err(RestoreError::UnknownVersion(snapshot.version));
        }
        let count = snapshot.bids.len().saturating_add(snapshot.asks.len());
        if snapshot.last_trade_id.get() > u64::MAX / 2
            || count > snapshot.instrument.max_orders() as usize
        {
            return Err(RestoreError::Garbage);
        }
        let mut book = Self::with_capacity(snapshot.instrument.clone(), count, 0);
        book.last_trade_id = snapshot.last_trade_id;
        book.time = snapshot.time;
        for (side, orders) in [(Side::Buy, &snapshot.bids), (Side::Sell, &snapshot.asks)] {
            for order in orders {
                if order.side != side || !book.can_hold(order) {
                    return Err(RestoreError::Garbage);
                }
                let (node, terms) = Node::of_resting(order);
                let chain = book.orders.chain_of(order.id);
                book.put(chain, node, &terms, order.hidden());
            }
        }
        book.check()?;
        let orders = [(Side::Buy, &snapshot.bids), (Side::Sell, &snapshot.asks)];
        if orders
            .into_iter()
            .any(|(side, orders)| !book.orders(side).eq(orders.iter().copied()))
        {
            // They were not listed in priority order.
            return Err(RestoreError::Garbage);
        }
        Ok(book)
    }

    /// Whether an order can have come to rest here. The minimums are not asked for: they bind new
    /// orders, and what is left of an old one may be less.
    fn can_hold(&self, order: &RestingOrder) -> bool {
        let limits = self.instrument();
        let levels = self.ladder(order.side);
        let slices = order.display.map_or(Some(1), |display| {
            (!display.is_zero()).then(|| order.remaining.get().div_ceil(display.get()))
        });
        order.displayed <= order.remaining
            && order.remaining <= order.quantity
            && order.quantity <= limits.max_quantity()
            && slices.is_some_and(|slices| slices <= u64::from(limits.max_slices()))
            && limits.check_price(order.price).is_ok()
            && self.orders.find(order.id).is_none()
            && levels.total().checked_add(order.remaining.get()).is_some()
    }
}

/// Names a state of a book. See [`OrderBook::state_hash`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateHash(u64);

impl StateHash {
    /// The bare number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Mixes another number in: the finaliser of `SplitMix64` over what there is and the number.
    const fn add(&mut self, number: u64) {
        let mut mixed = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15) ^ number;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        self.0 = mixed ^ (mixed >> 31);
    }

    fn add_order(&mut self, order: &RestingOrder) {
        self.add(order.id.get());
        self.add(order.account.get());
        self.add(order.price.get().cast_unsigned());
        self.add(order.quantity.get());
        self.add(order.remaining.get());
        self.add(order.displayed.get());
        self.add(order.display.map_or(0, Quantity::get));
        self.add(u64::from(order.until.is_some()));
        self.add(order.until.map_or(0, Timestamp::get));
        self.add(u64::from(order.group.map_or(0, GroupId::get)));
        let post_only = match order.post_only {
            None => 0,
            Some(PostOnly::Reject) => 1,
            Some(PostOnly::Slide) => 2,
        };
        let self_trade = match order.self_trade {
            SelfTradePrevention::Allow => 0,
            SelfTradePrevention::ExpireMaker => 1,
            SelfTradePrevention::ExpireTaker => 2,
            SelfTradePrevention::ExpireBoth => 3,
            SelfTradePrevention::Decrement => 4,
        };
        self.add(post_only << 8 | self_trade);
    }
}

impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Why a snapshot is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Written by software with another idea of a snapshot.
    #[error("snapshot version {0} is unknown")]
    UnknownVersion(u16),
    /// No sequence of commands leads to this.
    #[error("the snapshot describes no possible book")]
    Garbage,
    /// It restores to a book that breaks an invariant.
    #[error(transparent)]
    Violation(#[from] Violation),
}
