//! What can be seen of a book. Nothing here allocates.

use crate::ladder::LevelsFrom;
use crate::node::Slot;
use crate::{
    AccountId, GroupId, Notional, OrderBook, OrderId, PostOnly, Price, Quantity,
    SelfTradePrevention, Side, Timestamp,
};

/// The orders at one price, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Level {
    /// The price.
    pub price: Price,
    /// The sum of what is displayed there.
    pub quantity: Quantity,
}

/// An order on the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RestingOrder {
    /// Its id.
    pub id: OrderId,
    /// Its owner.
    pub account: AccountId,
    /// The group of accounts that it must not trade with.
    pub group: Option<GroupId>,
    /// Its side.
    pub side: Side,
    /// The price it rests at.
    pub price: Price,
    /// Its quantity: what has traded plus what remains. Reductions and decrements are not part of
    /// it any more.
    pub quantity: Quantity,
    /// What is left to trade, a reserve included.
    pub remaining: Quantity,
    /// How much of that everybody sees.
    pub displayed: Quantity,
    /// The largest slice that it shows, where it is an iceberg.
    pub display: Option<Quantity>,
    /// When it expires, where it does.
    pub until: Option<Timestamp>,
    /// What becomes of it where an amendment would let it trade at once, where it is post-only.
    pub post_only: Option<PostOnly>,
    /// What happens where an amendment lets it meet an order of its owner.
    pub self_trade: SelfTradePrevention,
}

impl RestingOrder {
    /// What is left to trade and not displayed.
    pub const fn hidden(&self) -> Quantity {
        Quantity::new(self.remaining.get() - self.displayed.get())
    }

    /// What has traded.
    pub const fn filled(&self) -> Quantity {
        Quantity::new(self.quantity.get() - self.remaining.get())
    }
}

/// What is displayed on either side near the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imbalance {
    /// The sum of the bids.
    pub bids: Quantity,
    /// The sum of the asks.
    pub asks: Quantity,
}

impl Imbalance {
    /// `(bids - asks) / (bids + asks)` in millionths, rounded towards zero: a million where there
    /// are bids only, minus a million where there are asks only, `None` where there is neither.
    pub fn per_million(&self) -> Option<i32> {
        let (bids, asks) = (i128::from(self.bids.get()), i128::from(self.asks.get()));
        let millionths = ((bids - asks) * 1_000_000).checked_div(bids + asks)?;
        i32::try_from(millionths).ok()
    }
}

impl OrderBook {
    /// The number of resting orders. O(1).
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether nothing rests here. O(1).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The best bid or ask level. O(1).
    pub fn best(&self, side: Side) -> Option<Level> {
        let ladder = self.ladder(side);
        let rank = ladder.best()?;
        Some(ladder.level(rank, ladder.queue(rank)?))
    }

    /// The levels of a side, best first (L2). O(1) per level near the market, O(log levels) per
    /// level far from it.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        let ladder = self.ladder(side);
        ladder
            .levels()
            .map(|(rank, queue)| ladder.level(rank, queue))
    }

    /// The orders of a side in the order in which they would trade (L3). O(1) per order, and the
    /// cost of [`levels`](Self::levels).
    pub fn orders(&self, side: Side) -> impl Iterator<Item = RestingOrder> + '_ {
        self.queues(side)
            .flat_map(|(_, queue)| self.slots(queue))
            .map(|slot| self.resting(slot))
    }

    /// The orders at a price in the order in which they would trade (L3). O(1) per order; finding
    /// the level is O(log levels) at most.
    pub fn orders_at(&self, side: Side, price: Price) -> impl Iterator<Item = RestingOrder> + '_ {
        let ladder = self.ladder(side);
        ladder
            .queue(ladder.rank(price))
            .into_iter()
            .flat_map(|queue| self.slots(queue))
            .map(|slot| self.resting(slot))
    }

    /// A resting order. O(1) (O(log orders) for ids chosen to collide).
    #[inline(always)]
    pub fn order(&self, id: OrderId) -> Option<RestingOrder> {
        self.orders.find(id).map(|slot| self.resting(slot))
    }

    /// Who owns a resting order. O(1) (O(log orders) for ids chosen to collide).
    #[inline]
    pub fn owner(&self, id: OrderId) -> Option<AccountId> {
        self.orders.find(id).map(|slot| self.orders[slot].account)
    }

    /// What is displayed ahead of an order at its level, in lots: what has to trade or go before
    /// the order does. Reserves of icebergs are not counted, they come in behind it. O(orders
    /// ahead).
    pub fn queue_position(&self, id: OrderId) -> Option<Quantity> {
        let slot = self.orders.find(id)?;
        let ahead = core::iter::successors(self.orders[slot].previous, |slot| {
            self.orders[*slot].previous
        });
        Some(sum(ahead.map(|slot| self.orders[slot].displayed)))
    }

    /// Whether an order of this side limited at `price` would trade at once. O(1).
    #[inline]
    pub fn would_match(&self, side: Side, price: Price) -> bool {
        let makers = self.ladder(side.opposite());
        makers.best().is_some_and(|best| best <= makers.rank(price))
    }

    /// What taking up to `quantity` on `side` would trade now, worst price `limit` (`None`: any):
    /// how much there is, reserves included, and what it costs. A buy takes from the asks. Whose
    /// orders they are does not matter here; [`preview`](Self::preview) knows about that.
    /// O(levels taken).
    pub fn cost_to_take(
        &self,
        side: Side,
        quantity: Quantity,
        limit: Option<Price>,
    ) -> (Quantity, Notional) {
        let makers = self.ladder(side.opposite());
        let worst = limit.map_or(i64::MAX, |limit| makers.rank(limit));
        let fill = self.fill_by_levels(side, quantity, worst, None);
        (fill.quantity, fill.cost)
    }

    /// What is displayed on `side` at `limit` or better. For `Side::Buy` that is the bids at `limit`
    /// or above. O(levels added).
    pub fn quantity_within(&self, side: Side, limit: Price) -> Quantity {
        let worst = self.ladder(side).rank(limit);
        let within = self.queues(side).take_while(|(rank, _)| *rank <= worst);
        sum(within.map(|(_, queue)| queue.displayed()))
    }

    /// What is displayed on the best `levels` levels of each side. O(levels).
    pub fn imbalance(&self, levels: usize) -> Imbalance {
        let best = |side| sum(self.levels(side).take(levels).map(|level| level.quantity));
        Imbalance {
            bids: best(Side::Buy),
            asks: best(Side::Sell),
        }
    }

    /// An order as others see it.
    #[inline(always)]
    pub(crate) fn resting(&self, slot: Slot) -> RestingOrder {
        let node = &self.orders[slot];
        let terms = self.orders.resting_terms(slot);
        let default = self.instrument().self_trade();
        RestingOrder {
            id: node.id,
            account: node.account,
            group: node.group,
            side: node.side,
            price: node.price,
            quantity: node.quantity,
            remaining: self.orders.remaining(slot),
            displayed: node.displayed,
            display: terms.display,
            until: terms.until,
            post_only: terms.post_only,
            self_trade: node.self_trade.unwrap_or(default),
        }
    }

    fn queues(&self, side: Side) -> LevelsFrom<'_> {
        self.ladder(side).levels()
    }
}

/// The sum of quantities of one side, which validation keeps within 64 bits.
fn sum(quantities: impl Iterator<Item = Quantity>) -> Quantity {
    Quantity::new(quantities.map(Quantity::get).sum())
}
