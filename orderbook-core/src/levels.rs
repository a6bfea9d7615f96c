//! Where resting orders stand: a queue per price, the prices of each side in order.
//!
//! Orders live in one slab and are linked into the queue of their level, so that joining the back
//! and leaving from anywhere are O(1) once the level is found. Levels are in a `BTreeMap` per
//! side: finding, creating and dropping one is O(log levels).

use alloc::collections::BTreeMap;

use slab::Slab;

use crate::{AccountId, OrderId, Price, Quantity, Side};

/// The orders at one price, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Level {
    /// The price.
    pub price: Price,
    /// The sum of what rests there.
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
    /// Its side.
    pub side: Side,
    /// The price it rests at.
    pub price: Price,
    /// What is left to trade.
    pub remaining: Quantity,
}

/// Position of an order in the slab.
pub(crate) type Slot = usize;

#[derive(Debug, Clone)]
struct Node {
    order: RestingOrder,
    previous: Option<Slot>,
    next: Option<Slot>,
}

#[derive(Debug, Clone)]
struct Queue {
    first: Slot,
    last: Slot,
    quantity: Quantity,
}

/// Both sides of a book.
#[derive(Debug, Clone, Default)]
pub(crate) struct Levels {
    nodes: Slab<Node>,
    bids: BTreeMap<Price, Queue>,
    asks: BTreeMap<Price, Queue>,
}

impl Levels {
    fn queues(&self, side: Side) -> &BTreeMap<Price, Queue> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn queues_mut(&mut self, side: Side) -> &mut BTreeMap<Price, Queue> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    fn best_queue(&self, side: Side) -> Option<(Price, &Queue)> {
        let (price, queue) = match side {
            Side::Buy => self.bids.last_key_value(),
            Side::Sell => self.asks.first_key_value(),
        }?;
        Some((*price, queue))
    }

    /// The number of resting orders.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn get(&self, slot: Slot) -> &RestingOrder {
        &self.nodes[slot].order
    }

    /// The best level of a side.
    pub(crate) fn best(&self, side: Side) -> Option<Level> {
        self.best_queue(side).map(|(price, queue)| Level {
            price,
            quantity: queue.quantity,
        })
    }

    /// The order that trades next: the oldest at the best price.
    pub(crate) fn front(&self, side: Side) -> Option<(Slot, &RestingOrder)> {
        let (_, queue) = self.best_queue(side)?;
        Some((queue.first, self.get(queue.first)))
    }

    /// What rests at a price; zero where there is no level.
    pub(crate) fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        self.queues(side)
            .get(&price)
            .map_or(Quantity::ZERO, |queue| queue.quantity)
    }

    /// The levels of a side, best first.
    pub(crate) fn iter(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        let (bids, asks) = match side {
            Side::Buy => (Some(self.bids.iter().rev()), None),
            Side::Sell => (None, Some(self.asks.iter())),
        };
        let bids = bids.into_iter().flatten();
        bids.chain(asks.into_iter().flatten())
            .map(|(price, queue)| Level {
                price: *price,
                quantity: queue.quantity,
            })
    }

    /// The orders at a price, oldest first.
    pub(crate) fn orders_at(
        &self,
        side: Side,
        price: Price,
    ) -> impl Iterator<Item = &RestingOrder> + '_ {
        let first = self.queues(side).get(&price).map(|queue| queue.first);
        core::iter::successors(first, |slot| self.nodes[*slot].next).map(|slot| self.get(slot))
    }

    /// Joins the back of the queue at the order's price. The caller has checked that the level can
    /// hold the quantity.
    pub(crate) fn push_back(&mut self, order: RestingOrder) -> Slot {
        let slot = self.nodes.insert(Node {
            order,
            previous: None,
            next: None,
        });
        let queues = match order.side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        match queues.get_mut(&order.price) {
            Some(queue) => {
                self.nodes[slot].previous = Some(queue.last);
                self.nodes[queue.last].next = Some(slot);
                queue.last = slot;
                queue.quantity = sum(queue.quantity, order.remaining);
            }
            None => {
                queues.insert(
                    order.price,
                    Queue {
                        first: slot,
                        last: slot,
                        quantity: order.remaining,
                    },
                );
            }
        }
        slot
    }

    /// Takes `by` off an order, which keeps its place; returns what is left of it. An order of
    /// which nothing is left has still to be [removed](Self::remove).
    pub(crate) fn reduce(&mut self, slot: Slot, by: Quantity) -> Quantity {
        let order = &mut self.nodes[slot].order;
        order.remaining = difference(order.remaining, by);
        let (side, price, remaining) = (order.side, order.price, order.remaining);
        let queue = self
            .queues_mut(side)
            .get_mut(&price)
            .expect("a resting order has a level");
        queue.quantity = difference(queue.quantity, by);
        remaining
    }

    /// Takes an order off the book.
    pub(crate) fn remove(&mut self, slot: Slot) -> RestingOrder {
        let Node {
            order,
            previous,
            next,
        } = self.nodes.remove(slot);
        if let Some(previous) = previous {
            self.nodes[previous].next = next;
        }
        if let Some(next) = next {
            self.nodes[next].previous = previous;
        }
        let queues = self.queues_mut(order.side);
        let queue = queues
            .get_mut(&order.price)
            .expect("a resting order has a level");
        queue.quantity = difference(queue.quantity, order.remaining);
        match (previous, next) {
            (None, None) => {
                queues.remove(&order.price);
            }
            (None, Some(next)) => queue.first = next,
            (Some(previous), None) => queue.last = previous,
            (Some(_), Some(_)) => {}
        }
        order
    }
}

fn sum(a: Quantity, b: Quantity) -> Quantity {
    a.checked_add(b)
        .expect("validation keeps the sum of a level within 64 bits")
}

fn difference(a: Quantity, b: Quantity) -> Quantity {
    a.checked_sub(b)
        .expect("nothing takes more off a level than it holds")
}
