//! The self-check of a book.

use alloc::format;

use crate::ladder::Rank;
use crate::node::Slot;
use crate::{OrderBook, Price, Side, Violation};

impl OrderBook {
    /// Checks everything that must always hold; O(orders). For tests and audits.
    ///
    /// # Errors
    ///
    /// The [`Violation`] found first: a bug in this crate.
    pub fn check(&self) -> Result<(), Violation> {
        if let (Some(bid), Some(ask)) = (self.best(Side::Buy), self.best(Side::Sell))
            && bid.price >= ask.price
        {
            return Err(Violation::new(
                "I1",
                format!("crossed: bid {} >= ask {}", bid.price, ask.price),
            ));
        }
        let mut seen = 0;
        let mut dated = 0;
        for side in [Side::Buy, Side::Sell] {
            let ladder = self.ladder(side);
            let first = ladder.levels_from(Rank::MIN).next().map(|(rank, _)| rank);
            if ladder.best() != first {
                return Err(Violation::new("I2", "the best level is not the first"));
            }
            let mut all = 0_u128;
            for (rank, queue) in ladder.levels() {
                let price = ladder.price(rank);
                let (mut total, mut displayed) = (0_u128, 0_u128);
                let mut previous = None;
                for slot in self.slots(queue) {
                    seen += 1;
                    self.check_order_at(slot, side, price, previous)?;
                    let order = self.resting(slot);
                    dated += usize::from(order.until.is_some());
                    total += u128::from(order.remaining.get());
                    displayed += u128::from(order.displayed.get());
                    previous = Some(slot);
                }
                let stated = (queue.total.into(), queue.displayed().get().into());
                if (total, displayed) != stated {
                    return Err(Violation::new(
                        "I2",
                        format!("level {price} has {total} and shows {displayed}, says {stated:?}"),
                    ));
                }
                all += total;
                if total == 0 {
                    return Err(Violation::new("I2", format!("level {price} is empty")));
                }
            }
            if all != u128::from(ladder.total()) {
                return Err(Violation::new(
                    "I2",
                    format!("the levels have {all}, their side says {}", ladder.total()),
                ));
            }
        }
        if seen != self.len() || dated != self.orders.dated() {
            return Err(Violation::new(
                "I2",
                format!("{} orders, {seen} of them on levels", self.len()),
            ));
        }
        Ok(())
    }

    fn check_order_at(
        &self,
        slot: Slot,
        side: Side,
        price: Price,
        previous: Option<Slot>,
    ) -> Result<(), Violation> {
        let order = self.resting(slot);
        let known = self.orders.find(order.id) == Some(slot);
        let placed = order.side == side && order.price == price;
        if !known || !placed || self.orders[slot].previous != previous {
            return Err(Violation::new(
                "I2",
                format!("order {} misplaced", order.id),
            ));
        }
        let slice = order.display.unwrap_or(order.remaining);
        if order.displayed.is_zero()
            || order.displayed > slice
            || (order.display.is_none() && order.displayed != order.remaining)
        {
            return Err(Violation::new(
                "I3",
                format!("order {} shows {}", order.id, order.displayed),
            ));
        }
        if order.remaining > order.quantity || order.until.is_some_and(|until| until <= self.time) {
            return Err(Violation::new(
                "I3",
                format!("order {} should be closed", order.id),
            ));
        }
        Ok(())
    }
}
