//! The orders displayed at one price, oldest first.

use alloc::vec::Vec;

use orderbook_core::{OrderId, Price, Quantity};

use crate::DisplayedOrder;

/// What is ahead of an order at its price: what has to trade or go before the order does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QueuePosition {
    /// How many orders; zero for the one that trades next at its price.
    pub orders: usize,
    /// What they display, in lots.
    pub quantity: Quantity,
}

/// A queue that knows what is ahead of each of its orders.
///
/// An order is named by its place, a number larger than that of all who came before it. It keeps
/// its slot until it leaves; the slot then stays, empty, until fewer than half of them are taken.
/// Over the slots there are two binary indexed trees (Fenwick, 1994), of orders and of quantities.
/// With *n* orders, everything costs O(log n), amortised where an order leaves.
///
/// The sum of the quantities fits 64 bits: whoever adds an order has seen to that.
#[derive(Debug, Clone, Default)]
pub(crate) struct OrderQueue {
    slots: Vec<Slot>,
    orders: usize,
    total: u64,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    place: u64,
    id: OrderId,
    /// Zero where the order has left.
    quantity: u64,
    /// Of all slots that the trees add up here, this one included.
    sums: Sums,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    orders: usize,
    quantity: u64,
}

impl Sums {
    const fn add(&mut self, other: Self) {
        self.orders += other.orders;
        self.quantity += other.quantity;
    }
}

impl OrderQueue {
    /// The sum of what is displayed.
    pub(crate) const fn total(&self) -> Quantity {
        Quantity::new(self.total)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.orders == 0
    }

    /// What the order in a place displays; zero where there is none.
    pub(crate) fn quantity(&self, place: u64) -> Quantity {
        let quantity = self.index(place).map(|index| self.slots[index].quantity);
        Quantity::new(quantity.unwrap_or_default())
    }

    /// What is ahead of a place.
    pub(crate) fn ahead(&self, place: u64) -> QueuePosition {
        let mut sums = Sums::default();
        let mut end = self.slots.partition_point(|slot| slot.place < place);
        while end > 0 {
            sums.add(self.slots[end - 1].sums);
            end = before(end);
        }
        QueuePosition {
            orders: sums.orders,
            quantity: Quantity::new(sums.quantity),
        }
    }

    /// The orders, oldest first. At least half of the slots are taken, so O(1) per order on average.
    pub(crate) fn iter(&self, price: Price) -> impl Iterator<Item = DisplayedOrder> + '_ {
        let taken = self.slots.iter().filter(|slot| slot.quantity > 0);
        taken.map(move |slot| DisplayedOrder {
            id: slot.id,
            price,
            quantity: Quantity::new(slot.quantity),
        })
    }

    /// Adds an order behind all others; its quantity is not zero.
    pub(crate) fn push_back(&mut self, place: u64, id: OrderId, quantity: Quantity) {
        self.orders += 1;
        self.total += quantity.get();
        self.append(place, id, quantity.get());
    }

    /// Takes off what an order displays, which is at least that much. With nothing left it leaves.
    pub(crate) fn take(&mut self, place: u64, by: Quantity) {
        let Some(index) = self.index(place) else {
            return;
        };
        let slot = &mut self.slots[index];
        slot.quantity -= by.get();
        let leaves = slot.quantity == 0;
        self.total -= by.get();
        self.orders -= usize::from(leaves);
        let mut end = index + 1;
        while let Some(slot) = self.slots.get_mut(end - 1) {
            slot.sums.orders -= usize::from(leaves);
            slot.sums.quantity -= by.get();
            end += lowest_bit(end);
        }
        if self.slots.len() > 2 * self.orders {
            self.close_ranks();
        }
    }

    fn index(&self, place: u64) -> Option<usize> {
        self.slots.binary_search_by_key(&place, |it| it.place).ok()
    }

    fn append(&mut self, place: u64, id: OrderId, quantity: u64) {
        let mut sums = Sums {
            orders: 1,
            quantity,
        };
        let mut below = self.slots.len();
        while below > before(self.slots.len() + 1) {
            sums.add(self.slots[below - 1].sums);
            below = before(below);
        }
        self.slots.push(Slot {
            place,
            id,
            quantity,
            sums,
        });
    }

    /// Does away with the empty slots.
    fn close_ranks(&mut self) {
        self.slots.retain(|slot| slot.quantity > 0);
        // So that a queue that was long once does not hold its memory forever.
        self.slots.shrink_to(4 * self.orders);
        for slot in &mut self.slots {
            slot.sums = Sums {
                orders: 1,
                quantity: slot.quantity,
            };
        }
        for end in 1..=self.slots.len() {
            let sums = self.slots[end - 1].sums;
            if let Some(above) = self.slots.get_mut(end - 1 + lowest_bit(end)) {
                above.sums.add(sums);
            }
        }
    }
}

/// The slots that the tree adds up in number `end`, counted from 1, begin after this one.
const fn before(end: usize) -> usize {
    end & (end - 1)
}

const fn lowest_bit(end: usize) -> usize {
    end & end.wrapping_neg()
}
