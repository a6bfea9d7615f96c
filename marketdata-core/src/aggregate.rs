//! The fills of one taker at one price as one trade.

use orderbook_core::{Notional, OrderId, Price, Quantity, Side, Timestamp, TradeId};

use crate::PublicTrade;

/// What one incoming order traded at one price, with however many others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AggregateTrade {
    /// Counts up from 1.
    pub id: u64,
    /// The price of the makers, in ticks.
    pub price: Price,
    /// What changed hands, in lots.
    pub quantity: Quantity,
    /// The first trade of it.
    pub first_trade_id: TradeId,
    /// The last trade of it; those in between belong to it as well.
    pub last_trade_id: TradeId,
    /// When it happened, in microseconds since the Unix epoch.
    pub time: Timestamp,
    /// Which side the taker was on.
    pub taker_side: Side,
}

impl AggregateTrade {
    /// Price times quantity, in tick-lots: the sum of those of the trades.
    pub const fn notional(&self) -> Notional {
        self.price.notional(self.quantity)
    }
}

/// Makes [`AggregateTrade`]s of trades.
///
/// Trades belong together where they follow each other by id and have time, price, side of the taker
/// and the taker itself in common. Where nobody knows the taker, as in a recorded feed, the rest has
/// to do; two takers of one side and microsecond that trade at one price then become one. Where the
/// quantity would no longer fit 64 bits, another aggregate begins.
///
/// A trade costs O(1).
///
/// ```
/// use marketdata_core::{PublicTrade, TradeAggregator};
/// use orderbook_core::{OrderId, Price, Quantity, Side, Timestamp, TradeId};
///
/// let mut aggregator = TradeAggregator::new();
/// for (id, price, quantity) in [(1, 100, 2), (2, 100, 3)] {
///     let trade = PublicTrade {
///         id: TradeId::new(id),
///         time: Timestamp::from_millis(1_700_000_000_000),
///         price: Price::new(price),
///         quantity: Quantity::new(quantity),
///         taker_side: Side::Buy,
///     };
///     assert_eq!(aggregator.apply(&trade, Some(OrderId::new(7))), None);
/// }
/// let aggregate = aggregator.finish().unwrap();
/// assert_eq!(aggregate.quantity, Quantity::new(5));
/// assert_eq!((aggregate.first_trade_id, aggregate.last_trade_id), (TradeId::new(1), TradeId::new(2)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TradeAggregator {
    /// The id of the newest aggregate.
    newest: u64,
    /// What may still grow, and the taker of it.
    pending: Option<(AggregateTrade, Option<OrderId>)>,
}

impl TradeAggregator {
    /// An aggregator whose first aggregate has the id 1.
    pub const fn new() -> Self {
        Self::after(0)
    }

    /// An aggregator that goes on after the aggregate with this id.
    pub const fn after(id: u64) -> Self {
        Self {
            newest: id,
            pending: None,
        }
    }

    /// Counts a trade. Where it does not belong to what was pending, that is complete and returned.
    pub fn apply(&mut self, trade: &PublicTrade, taker: Option<OrderId>) -> Option<AggregateTrade> {
        if let Some((aggregate, of)) = &mut self.pending
            && *of == taker
            && let Some(quantity) = with(aggregate, trade)
        {
            aggregate.quantity = quantity;
            aggregate.last_trade_id = trade.id;
            return None;
        }
        let complete = self.finish();
        self.newest = self.newest.saturating_add(1);
        let aggregate = AggregateTrade {
            id: self.newest,
            price: trade.price,
            quantity: trade.quantity,
            first_trade_id: trade.id,
            last_trade_id: trade.id,
            time: trade.time,
            taker_side: trade.taker_side,
        };
        self.pending = Some((aggregate, taker));
        complete
    }

    /// The id of the newest aggregate, which may be pending; zero before the first.
    pub const fn newest(&self) -> u64 {
        self.newest
    }

    /// Who took in what is pending, where that is known.
    pub(crate) fn taker(&self) -> Option<OrderId> {
        self.pending.as_ref().and_then(|(_, taker)| *taker)
    }

    /// What is pending, as complete: the command of the taker is over, or the feed is.
    pub fn finish(&mut self) -> Option<AggregateTrade> {
        self.pending.take().map(|(aggregate, _)| aggregate)
    }
}

/// The quantity of an aggregate with a trade, if that belongs to it.
fn with(aggregate: &AggregateTrade, trade: &PublicTrade) -> Option<Quantity> {
    let next = aggregate.last_trade_id.get().checked_add(1);
    let belongs = next == Some(trade.id.get())
        && aggregate.time == trade.time
        && aggregate.price == trade.price
        && aggregate.taker_side == trade.taker_side;
    let quantity = aggregate.quantity.checked_add(trade.quantity);
    quantity.filter(|_| belongs)
}
