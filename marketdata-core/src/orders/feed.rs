//! The public feed of orders (L3, market by order), folded from the events of a book.

use orderbook_core::{Event, Level, OrderId, Price, Quantity, Side};

use crate::orders::displayed::DisplayedOrders;
use crate::{OrderChange, OrderError, OrderMessage, OrderSnapshot};

/// Tells the public of every displayed order: enough to rebuild the queue at each price, in the
/// order in which it would trade.
///
/// | event of the book | message | place in the queue |
/// |---|---|---|
/// | [`Accepted`](Event::Accepted) that `rested`, [`Rested`](Event::Rested) | [`Added`](OrderChange::Added) | the back |
/// | [`Replenished`](Event::Replenished): an iceberg's slice had been used up | [`Added`](OrderChange::Added), the same id again | the back |
/// | [`Traded`](Event::Traded) | [`Executed`](OrderChange::Executed), of the maker | kept; with nothing left, gone |
/// | [`Decremented`](Event::Decremented) | [`Reduced`](OrderChange::Reduced), of the maker | kept; with nothing left, gone |
/// | [`Reduced`](Event::Reduced), also by an amendment to less at the same price, where some of it had been displayed | [`Reduced`](OrderChange::Reduced) | kept |
/// | [`Amended`](Event::Amended) that `rested`: another price, or more | [`Moved`](OrderChange::Moved) | the back, even at the same price |
/// | [`Amended`](Event::Amended) that met others | [`Removed`](OrderChange::Removed) | none; the back, where it is [`Added`](OrderChange::Added) again after it traded |
/// | [`Closed`](Event::Closed) that `left` something: cancelled, expired, prevented from trading with its owner | [`Removed`](OrderChange::Removed) | none |
/// | [`Closed`](Event::Closed) as [`Replaced`](orderbook_core::CloseReason::Replaced) | [`Removed`](OrderChange::Removed); the replacement is [`Added`](OrderChange::Added) if it comes to rest | the back |
/// | any other: nothing displayed changed | none | |
///
/// # What is not in it
///
/// Accounts. Reserves of icebergs, what becomes of them, and when there is none left; only that an
/// id comes again after all that it displayed had traded gives an iceberg away. Orders that never
/// rest: market, IOC and FOK orders, and limit orders that trade in full as they come in. Who took:
/// a message names the maker, and [`PublicTrade`](crate::PublicTrade) of the same trade id says the
/// rest.
///
/// # Cost
///
/// With *n* displayed orders, an event costs O(log n), amortised where an order leaves. Memory is
/// O(n).
///
/// ```
/// use marketdata_core::{OrderChange, OrderFeed};
/// use orderbook_core::*;
///
/// let instrument = Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 5)?)?;
/// let (mut book, mut feed) = (OrderBook::new(instrument), OrderFeed::new());
/// let (id, account, price) = (OrderId::new(7), AccountId::new(1), Price::new(100));
/// let offer = Order::limit(id, account, Side::Sell, Quantity::new(5), price);
///
/// let mut events = Vec::new();
/// book.apply(&Command::Place(offer), &mut events)?;
/// let message = feed.apply(&events[0])?.unwrap();
/// assert_eq!((message.sequence, message.order_id), (1, id));
/// let (side, quantity) = (Side::Sell, Quantity::new(5));
/// assert_eq!(message.change, OrderChange::Added { side, price, quantity });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct OrderFeed {
    orders: DisplayedOrders,
    sequence: u64,
}

impl OrderFeed {
    /// The feed of an empty book.
    pub const fn new() -> Self {
        Self {
            orders: DisplayedOrders::new(),
            sequence: 0,
        }
    }

    /// The feed that goes on after a snapshot of it. O(n log n).
    ///
    /// # Errors
    ///
    /// An [`OrderError`] where there is no such snapshot: it has an order twice, one of no quantity,
    /// more than a level can hold, or a better price behind a worse one.
    pub fn restore(snapshot: &OrderSnapshot) -> Result<Self, OrderError> {
        Ok(Self {
            orders: DisplayedOrders::of(snapshot)?,
            sequence: snapshot.sequence,
        })
    }

    /// Applies the next event of the book. Returns what the public hears of it, if anything.
    ///
    /// # Errors
    ///
    /// An [`OrderError`] where no book with these orders reports such an event: one was lost,
    /// repeated or reordered. The feed is then untouched.
    pub fn apply(&mut self, event: &Event) -> Result<Option<OrderMessage>, OrderError> {
        let Some((order_id, change)) = self.change(event)? else {
            return Ok(None);
        };
        self.orders.apply(order_id, &change)?;
        // Only a feed restored from a snapshot of nowhere gets that far.
        self.sequence = self.sequence.saturating_add(1);
        Ok(Some(OrderMessage {
            sequence: self.sequence,
            order_id,
            change,
        }))
    }

    /// What an event changes of what is displayed.
    fn change(&self, event: &Event) -> Result<Option<(OrderId, OrderChange)>, OrderError> {
        Ok(match *event {
            Event::Accepted {
                order_id,
                side,
                rested,
                ..
            } => rested.map(|level| (order_id, added(side, level))),
            Event::Rested {
                order_id,
                side,
                price,
                quantity,
                ..
            }
            | Event::Replenished {
                order_id,
                side,
                price,
                quantity,
                ..
            } => Some((order_id, added(side, Level { price, quantity }))),
            Event::Traded(trade) => {
                let id = trade.maker_order_id;
                self.check(id, trade.taker_side.opposite(), trade.price, None)?;
                let executed = OrderChange::Executed {
                    quantity: trade.quantity,
                    trade_id: trade.id,
                };
                Some((id, executed))
            }
            Event::Decremented {
                price,
                quantity,
                taker_side,
                maker_order_id,
                ..
            } => {
                self.check(maker_order_id, taker_side.opposite(), price, None)?;
                Some((maker_order_id, OrderChange::Reduced { by: quantity }))
            }
            Event::Reduced {
                order_id,
                side,
                price,
                displayed_by,
                ..
            } => {
                self.check(order_id, side, price, None)?;
                let reduced = OrderChange::Reduced { by: displayed_by };
                (!displayed_by.is_zero()).then_some((order_id, reduced))
            }
            Event::Amended {
                order_id,
                side,
                left,
                rested,
                ..
            } => {
                self.check(order_id, side, left.price, Some(left.quantity))?;
                let moved = |Level { price, quantity }| OrderChange::Moved { price, quantity };
                Some((order_id, rested.map_or(OrderChange::Removed, moved)))
            }
            Event::Closed {
                order_id,
                side,
                left: Some(left),
                ..
            } if !left.quantity.is_zero() => {
                self.check(order_id, side, left.price, Some(left.quantity))?;
                Some((order_id, OrderChange::Removed))
            }
            // It had not been on the book, or a trade or decrement took all that was displayed.
            Event::Closed { .. } => None,
        })
    }

    /// Whether an order is displayed where, and as far as it is stated as, the book has it.
    fn check(
        &self,
        id: OrderId,
        side: Side,
        price: Price,
        quantity: Option<Quantity>,
    ) -> Result<(), OrderError> {
        let order = self.orders.order(id).ok_or(OrderError::Unknown { id })?;
        let found = (order.0, order.1.price, order.1.quantity);
        if found == (side, price, quantity.unwrap_or(found.2)) {
            Ok(())
        } else {
            Err(OrderError::Elsewhere { id })
        }
    }

    /// The sequence number of the newest message: their number so far.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// All displayed orders, for those who come late. O(n).
    pub fn snapshot(&self) -> OrderSnapshot {
        self.orders.snapshot(self.sequence)
    }
}

const fn added(side: Side, level: Level) -> OrderChange {
    OrderChange::Added {
        side,
        price: level.price,
        quantity: level.quantity,
    }
}
