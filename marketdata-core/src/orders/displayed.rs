//! What both ends of a feed of orders know: every displayed order and its place in the queue.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;

use orderbook_core::{Level, OrderId, Price, Quantity, Side};

use crate::orders::queue::{OrderQueue, QueuePosition};
use crate::{DisplayedOrder, OrderChange, OrderError, OrderSnapshot};

/// The displayed orders, by id and by price. With *n* orders, a change costs O(log n), amortised
/// where an order leaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct DisplayedOrders {
    orders: BTreeMap<OrderId, Place>,
    bids: BTreeMap<Price, OrderQueue>,
    asks: BTreeMap<Price, OrderQueue>,
    /// How many orders ever came in or moved, and so the place of the next one.
    arrivals: u64,
}

/// Where an order is.
#[derive(Debug, Clone, Copy)]
struct Place {
    side: Side,
    price: Price,
    /// Its place in the queue.
    number: u64,
}

impl DisplayedOrders {
    pub(crate) const fn new() -> Self {
        Self {
            orders: BTreeMap::new(),
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            arrivals: 0,
        }
    }

    pub(crate) fn of(snapshot: &OrderSnapshot) -> Result<Self, OrderError> {
        let mut this = Self::new();
        for (side, orders) in [(Side::Buy, &snapshot.bids), (Side::Sell, &snapshot.asks)] {
            let mut worst = None;
            for &DisplayedOrder {
                id,
                price,
                quantity,
            } in orders
            {
                if worst.is_some_and(|worst| price != worst && side.accepts(price, worst)) {
                    return Err(OrderError::Unordered { id });
                }
                worst = Some(price);
                let added = OrderChange::Added {
                    side,
                    price,
                    quantity,
                };
                this.apply(id, &added)?;
            }
        }
        Ok(this)
    }

    pub(crate) fn apply(&mut self, id: OrderId, change: &OrderChange) -> Result<(), OrderError> {
        match *change {
            OrderChange::Added {
                side,
                price,
                quantity,
            } => {
                if self.orders.contains_key(&id) {
                    return Err(OrderError::Known { id });
                }
                let held = self.quantity_at(side, price);
                check_room(id, price, held, quantity)?;
                self.add(id, side, price, quantity);
            }
            OrderChange::Moved { price, quantity } => {
                let (side, order) = self.order(id).ok_or(OrderError::Unknown { id })?;
                let mut held = self.quantity_at(side, price);
                if order.price == price {
                    held = held.checked_sub(order.quantity).unwrap_or_default();
                }
                check_room(id, price, held, quantity)?;
                self.take(id, order.quantity)?;
                self.add(id, side, price, quantity);
            }
            OrderChange::Reduced { by } | OrderChange::Executed { quantity: by, .. } => {
                self.take(id, by)?;
            }
            OrderChange::Removed => {
                let (_, order) = self.order(id).ok_or(OrderError::Unknown { id })?;
                self.take(id, order.quantity)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, id: OrderId, side: Side, price: Price, quantity: Quantity) {
        let number = self.arrivals;
        self.arrivals += 1;
        let place = Place {
            side,
            price,
            number,
        };
        self.orders.insert(id, place);
        let queue = self.queues_mut(side).entry(price).or_default();
        queue.push_back(number, id, quantity);
    }

    /// Takes quantity off an order, and the order off its level where nothing of it is left.
    fn take(&mut self, id: OrderId, by: Quantity) -> Result<(), OrderError> {
        let place = self.orders.get(&id).copied();
        let place = place.ok_or(OrderError::Unknown { id })?;
        let Entry::Occupied(mut level) = self.queues_mut(place.side).entry(place.price) else {
            return Err(OrderError::Unknown { id });
        };
        let queue = level.get_mut();
        let displayed = queue.quantity(place.number);
        if by.is_zero() {
            return Err(OrderError::NoQuantity { id });
        }
        if by > displayed {
            return Err(OrderError::TooMuch { id, displayed, by });
        }
        queue.take(place.number, by);
        if queue.is_empty() {
            level.remove();
        }
        if by == displayed {
            self.orders.remove(&id);
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.orders.len()
    }

    pub(crate) fn order(&self, id: OrderId) -> Option<(Side, DisplayedOrder)> {
        let (place, queue) = self.find(id)?;
        let order = DisplayedOrder {
            id,
            price: place.price,
            quantity: queue.quantity(place.number),
        };
        Some((place.side, order))
    }

    pub(crate) fn position(&self, id: OrderId) -> Option<QueuePosition> {
        let (place, queue) = self.find(id)?;
        Some(queue.ahead(place.number))
    }

    fn find(&self, id: OrderId) -> Option<(Place, &OrderQueue)> {
        let place = self.orders.get(&id)?;
        let queue = self.queues(place.side).get(&place.price)?;
        Some((*place, queue))
    }

    pub(crate) fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        let queue = self.queues(side).get(&price);
        queue.map(OrderQueue::total).unwrap_or_default()
    }

    pub(crate) fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.best_first(side).map(|(price, queue)| Level {
            price,
            quantity: queue.total(),
        })
    }

    pub(crate) fn orders(&self, side: Side) -> impl Iterator<Item = DisplayedOrder> + '_ {
        self.best_first(side)
            .flat_map(|(price, queue)| queue.iter(price))
    }

    pub(crate) fn orders_at(
        &self,
        side: Side,
        price: Price,
    ) -> impl Iterator<Item = DisplayedOrder> + '_ {
        let queue = self.queues(side).get(&price);
        queue.into_iter().flat_map(move |queue| queue.iter(price))
    }

    pub(crate) fn snapshot(&self, sequence: u64) -> OrderSnapshot {
        let orders = |side| -> Vec<_> { self.orders(side).collect() };
        OrderSnapshot {
            sequence,
            bids: orders(Side::Buy),
            asks: orders(Side::Sell),
        }
    }

    fn best_first(&self, side: Side) -> impl Iterator<Item = (Price, &OrderQueue)> + '_ {
        let (bids, asks) = match side {
            Side::Buy => (Some(self.bids.iter().rev()), None),
            Side::Sell => (None, Some(self.asks.iter())),
        };
        let bids = bids.into_iter().flatten();
        bids.chain(asks.into_iter().flatten())
            .map(|(price, queue)| (*price, queue))
    }

    const fn queues(&self, side: Side) -> &BTreeMap<Price, OrderQueue> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    const fn queues_mut(&mut self, side: Side) -> &mut BTreeMap<Price, OrderQueue> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

/// Whether there is something of an order, and a level that holds `held` already holds that as
/// well.
fn check_room(
    id: OrderId,
    price: Price,
    held: Quantity,
    quantity: Quantity,
) -> Result<(), OrderError> {
    if quantity.is_zero() {
        return Err(OrderError::NoQuantity { id });
    }
    let total = held.checked_add(quantity);
    total.map(drop).ok_or(OrderError::LevelFull { price })
}
