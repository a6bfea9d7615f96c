//! What happens where an order would trade with one of its own account or group.

use alloc::vec::Vec;

use crate::matching::{Taker, less};
use crate::node::Slot;
use crate::{CloseReason, Event, Order, OrderBook, Quantity, SelfTradePrevention};

/// What an encounter with an order of the same owner leads to.
pub(crate) enum SelfTrade {
    GoOn,
    Stop,
}

impl OrderBook {
    /// An order meets one of its own account or group. Returns what it loses by that, besides.
    #[cold]
    pub(crate) fn prevent(
        &mut self,
        taker: Taker<'_>,
        slot: Slot,
        events: &mut Vec<Event>,
    ) -> (Quantity, SelfTrade) {
        match taker.self_trade {
            SelfTradePrevention::ExpireTaker => (Quantity::ZERO, SelfTrade::Stop),
            SelfTradePrevention::ExpireBoth => {
                self.close(slot, CloseReason::SelfTrade, events);
                (Quantity::ZERO, SelfTrade::Stop)
            }
            SelfTradePrevention::Decrement => {
                let gone = self.decrement(&taker, slot, events);
                if gone == taker.remaining {
                    (gone, SelfTrade::Stop)
                } else {
                    (gone, SelfTrade::GoOn)
                }
            }
            SelfTradePrevention::ExpireMaker | SelfTradePrevention::Allow => {
                self.close(slot, CloseReason::SelfTrade, events);
                (Quantity::ZERO, SelfTrade::GoOn)
            }
        }
    }

    /// Returns what both have lost.
    fn decrement(&mut self, taker: &Taker<'_>, slot: Slot, events: &mut Vec<Event>) -> Quantity {
        let quantity = taker.remaining.min(self.orders[slot].displayed);
        self.take_displayed(slot, quantity);
        let maker_remaining = self.orders.remaining(slot);
        let maker = &mut self.orders[slot];
        maker.quantity = less(maker.quantity, quantity);
        events.push(Event::Decremented {
            price: maker.price,
            quantity,
            taker_side: taker.order.side,
            maker_order_id: maker.id,
            maker_account: maker.account,
            maker_remaining,
            taker_order_id: taker.order.id,
            taker_account: taker.order.account,
            taker_remaining: less(taker.remaining, quantity),
        });
        if maker.displayed.is_zero() {
            self.used_up(slot, CloseReason::SelfTrade, events);
        }
        quantity
    }

    /// What the order says of trades with its owner's own, or else the instrument.
    #[inline]
    pub(crate) fn self_trade_of(&self, order: &Order) -> SelfTradePrevention {
        order
            .self_trade
            .unwrap_or_else(|| self.instrument().self_trade())
    }
}
