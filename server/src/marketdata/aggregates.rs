//! The newest aggregate trades of a market.
//!
//! An aggregate is called by the id of its first trade. So its name is the same in every process and
//! after every start, whatever is remembered where, and can be worked out from stored trades; names
//! rise, but not by one.

use std::collections::VecDeque;

use marketdata_core::AggregateTrade;
use orderbook_core::TradeId;

/// The newest aggregates, up to a capacity. They hold every trade after [`before`](Self::before).
#[derive(Debug)]
pub(crate) struct Aggregates {
    capacity: usize,
    newest: VecDeque<AggregateTrade>,
    before: TradeId,
}

impl Aggregates {
    /// No aggregates yet; trades up to this one are in none of them.
    pub(super) fn after(before: TradeId, capacity: usize) -> Self {
        Self {
            capacity,
            newest: VecDeque::new(),
            before,
        }
    }

    pub(super) fn push(&mut self, aggregate: AggregateTrade) {
        self.newest.push_back(aggregate);
        if self.newest.len() > self.capacity
            && let Some(oldest) = self.newest.pop_front()
        {
            self.before = oldest.last_trade_id;
        }
    }

    /// The last trade before them.
    pub(super) fn before(&self) -> TradeId {
        self.before
    }

    /// Those that begin with this trade or a later one, oldest first.
    pub(super) fn since(
        &self,
        from: TradeId,
    ) -> impl DoubleEndedIterator<Item = &AggregateTrade> + ExactSizeIterator {
        let begin = self
            .newest
            .partition_point(|aggregate| aggregate.first_trade_id < from);
        self.newest.range(begin..)
    }
}
