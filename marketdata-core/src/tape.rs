//! The most recent trades.

use alloc::collections::VecDeque;

use orderbook_core::TradeId;

use crate::PublicTrade;

/// The most recent trades, up to a capacity.
///
/// Trades are expected in the order of their ids, as a book reports them. Pushing is O(1); memory
/// is one [`PublicTrade`] per stored trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tape {
    capacity: usize,
    trades: VecDeque<PublicTrade>,
}

impl Tape {
    /// An empty tape that keeps up to `capacity` trades. One of zero keeps none.
    pub const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            trades: VecDeque::new(),
        }
    }

    /// Writes down a trade. Where the tape is full, the oldest one goes.
    pub fn push(&mut self, trade: &PublicTrade) {
        if self.capacity == 0 {
            return;
        }
        if self.trades.len() == self.capacity {
            self.trades.pop_front();
        }
        self.trades.push_back(*trade);
    }

    /// The newest `limit` trades, oldest first.
    pub fn recent(
        &self,
        limit: usize,
    ) -> impl DoubleEndedIterator<Item = &PublicTrade> + ExactSizeIterator + '_ {
        self.trades.range(self.trades.len().saturating_sub(limit)..)
    }

    /// The oldest `limit` stored trades with this id or a later one, oldest first. Where trades
    /// from `id` on have been dropped, the first one given has a later id: look at it. O(log
    /// stored).
    pub fn since(
        &self,
        id: TradeId,
        limit: usize,
    ) -> impl DoubleEndedIterator<Item = &PublicTrade> + ExactSizeIterator + '_ {
        let begin = self.trades.partition_point(|trade| trade.id < id);
        self.trades.range(begin..).take(limit)
    }
}
