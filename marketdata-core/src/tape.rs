//! The most recent trades.

use alloc::collections::VecDeque;

use orderbook_core::TradeId;

use crate::PublicTrade;

/// The most recent trades, up to a capacity, in the order of their ids.
///
/// The newest trade is the one with the largest id, whenever it came. A trade that comes in the order
/// of ids costs O(1); one that is late, or is busted, O(trades between it and the nearer end).
/// Memory is one [`PublicTrade`] per stored trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tape {
    capacity: usize,
    trades: VecDeque<PublicTrade>,
    /// The newest trade that went because the tape was full.
    forgotten: Option<TradeId>,
}

impl Tape {
    /// An empty tape that keeps up to `capacity` trades. One of zero keeps none.
    pub const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            trades: VecDeque::new(),
            forgotten: None,
        }
    }

    /// Writes down a trade, behind those with smaller ids. Where the tape is full, the one with the
    /// smallest id goes.
    ///
    /// Returns whether the trade is on the tape because of this. It is not where a trade with its
    /// id is there already, which stays as it is, or where it would be the first to go, or older
    /// than one that went: there are no holes behind [`forgotten`](Self::forgotten). That a trade
    /// was busted is not remembered: pushed again, it is back.
    pub fn push(&mut self, trade: &PublicTrade) -> bool {
        if self.forgotten >= Some(trade.id) {
            return false;
        }
        let Err(mut index) = self.find(trade.id) else {
            return false;
        };
        if self.trades.len() >= self.capacity {
            if index == 0 {
                self.forgotten = Some(trade.id);
                return false;
            }
            self.forgotten = self.trades.pop_front().map(|oldest| oldest.id);
            index -= 1;
        }
        if index == self.trades.len() {
            self.trades.push_back(*trade);
        } else {
            self.trades.insert(index, *trade);
        }
        true
    }

    /// Says that trades up to this one were there and are not any more.
    pub(crate) fn forget(&mut self, up_to: TradeId) {
        self.forgotten = self.forgotten.max(Some(up_to));
    }

    /// Takes a trade that is void off the tape. `None` where it is not there.
    pub fn bust(&mut self, id: TradeId) -> Option<PublicTrade> {
        let index = self.find(id).ok()?;
        self.trades.remove(index)
    }

    /// Where a trade is, or where it would have to be.
    fn find(&self, id: TradeId) -> Result<usize, usize> {
        match self.trades.back() {
            // Most come in order.
            Some(newest) if newest.id >= id => self.trades.binary_search_by_key(&id, |it| it.id),
            _ => Err(self.trades.len()),
        }
    }

    /// The `limit` trades with the largest ids, in the order of their ids.
    pub fn recent(
        &self,
        limit: usize,
    ) -> impl DoubleEndedIterator<Item = &PublicTrade> + ExactSizeIterator + '_ {
        self.trades.range(self.trades.len().saturating_sub(limit)..)
    }

    /// The `limit` stored trades with the smallest ids from `id` on, in the order of their ids. Where
    /// `id` is not beyond [`forgotten`](Self::forgotten), some are missing before the first one.
    /// O(log stored).
    pub fn since(
        &self,
        id: TradeId,
        limit: usize,
    ) -> impl DoubleEndedIterator<Item = &PublicTrade> + ExactSizeIterator + '_ {
        let begin = self.trades.partition_point(|trade| trade.id < id);
        self.trades.range(begin..).take(limit)
    }

    /// The largest id among the trades that were not kept because the tape was full; `None` where
    /// that is none. All stored trades have larger ids.
    pub const fn forgotten(&self) -> Option<TradeId> {
        self.forgotten
    }
}
