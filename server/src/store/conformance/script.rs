//! A feed written by hand.

use std::sync::Arc;

use accounts_core::{Amount, AssetId, Delta, Fee};
use exchange_engine::{Event, InstrumentId};
use orderbook_core::{
    AccountId, CloseReason, Event as BookEvent, Level, Order, OrderId, Price, Quantity, Side,
    Timestamp, Trade, TradeId,
};

use crate::bus::{Batch, Outcome};
use crate::store::Changes;

pub(crate) const BTC: InstrumentId = InstrumentId::new(1);
pub(crate) const ETH: InstrumentId = InstrumentId::new(2);
pub(crate) const ANN: AccountId = AccountId::new(1);
pub(crate) const BOB: AccountId = AccountId::new(2);

/// What inputs led to, one after the other.
#[derive(Debug)]
pub(crate) struct Script {
    batch: Batch,
}

impl Script {
    /// Nothing yet after this sequence number.
    pub(crate) fn after(seq: u64) -> Self {
        Self {
            batch: Batch {
                prev_seq: seq,
                outcomes: Vec::new(),
                listings: Vec::new(),
            },
        }
    }

    /// At this time, in microseconds, an input led to these events.
    pub(crate) fn at(mut self, time: u64, events: impl IntoIterator<Item = Event>) -> Self {
        self.batch.outcomes.push(Outcome {
            time: Timestamp::new(time),
            result: Ok(()),
            events: events.into_iter().collect(),
        });
        self
    }

    pub(crate) fn batch(self) -> Batch {
        self.batch
    }

    pub(crate) fn changes(self) -> Arc<Changes> {
        let mut changes = Changes::after(self.batch.prev_seq);
        changes.add(&self.batch);
        Arc::new(changes)
    }
}

pub(crate) fn listed(instrument: InstrumentId) -> Event {
    Event::InstrumentListed {
        instrument,
        base: AssetId::new(1),
        quote: AssetId::new(2),
    }
}

/// A limit order of ten lots at 100 ticks.
pub(crate) fn order(id: u64, account: AccountId, side: Side) -> Order {
    let (quantity, price) = (Quantity::new(10), Price::new(100));
    Order::limit(OrderId::new(id), account, side, quantity, price)
}

pub(crate) fn accepted(instrument: InstrumentId, order: Order, name: &str) -> Event {
    Event::OrderAccepted {
        instrument,
        order,
        client_order_id: name.parse().ok(),
        rested: None,
    }
}

/// The taker buys `quantity` lots at `price`; both name their order and then its owner.
pub(crate) fn trade(
    id: u64,
    price: i64,
    quantity: u64,
    maker: (u64, AccountId),
    taker: (u64, AccountId),
) -> Trade {
    Trade {
        id: TradeId::new(id),
        price: Price::new(price),
        quantity: Quantity::new(quantity),
        taker_side: Side::Buy,
        maker_order_id: OrderId::new(maker.0),
        maker_account: maker.1,
        maker_remaining: Quantity::ZERO,
        taker_order_id: OrderId::new(taker.0),
        taker_account: taker.1,
        taker_remaining: Quantity::ZERO,
    }
}

/// So much of an asset, below zero where it is paid to the trader.
pub(crate) fn fee(asset: u32, amount: i128) -> Fee {
    Fee {
        asset: AssetId::new(asset),
        amount: Delta::new(amount),
    }
}

/// For a thousand per lot. The fees are in what is received: 1 unit of asset 12 for the maker and 2
/// of asset 11 for the taker, who buys.
pub(crate) fn settled(instrument: InstrumentId, trade: Trade) -> Event {
    settled_with(instrument, trade, fee(12, 1), fee(11, 2))
}

/// As [`settled`], with other fees.
pub(crate) fn settled_with(
    instrument: InstrumentId,
    trade: Trade,
    maker_fee: Fee,
    taker_fee: Fee,
) -> Event {
    Event::Traded {
        instrument,
        trade,
        base_amount: Amount::new(1),
        quote_amount: Amount::new(u128::from(trade.quantity.get()) * 1_000),
        maker_fee,
        taker_fee,
    }
}

pub(crate) fn reduced(instrument: InstrumentId, order: Order, by: u64) -> Event {
    Event::Book {
        instrument,
        event: BookEvent::Reduced {
            order_id: order.id,
            account: order.account,
            side: order.side,
            price: Price::new(100),
            by: Quantity::new(by),
            displayed_by: Quantity::new(by),
            remaining: Quantity::new(1),
        },
    }
}

/// The order goes on with these terms and meets others before it rests.
pub(crate) fn amended(instrument: InstrumentId, order: Order, quantity: u64, price: i64) -> Event {
    Event::OrderAmended {
        instrument,
        order_id: order.id,
        account: order.account,
        side: order.side,
        left: Level {
            price: Price::new(100),
            quantity: Quantity::new(1),
        },
        quantity: Quantity::new(quantity),
        price: Price::new(price),
        remaining: Quantity::new(1),
        rested: None,
    }
}

/// The order comes to rest again after it was amended.
pub(crate) fn rested(instrument: InstrumentId, order: Order, price: i64) -> Event {
    Event::Book {
        instrument,
        event: BookEvent::Rested {
            order_id: order.id,
            account: order.account,
            side: order.side,
            price: Price::new(price),
            quantity: Quantity::new(1),
            hidden: Quantity::ZERO,
        },
    }
}

/// The two orders, both named by their ids, meet and have one owner.
pub(crate) fn decremented(
    instrument: InstrumentId,
    by: u64,
    account: AccountId,
    maker: u64,
    taker: u64,
) -> Event {
    Event::Book {
        instrument,
        event: BookEvent::Decremented {
            price: Price::new(100),
            quantity: Quantity::new(by),
            taker_side: Side::Buy,
            maker_order_id: OrderId::new(maker),
            maker_account: account,
            maker_remaining: Quantity::ZERO,
            taker_order_id: OrderId::new(taker),
            taker_account: account,
            taker_remaining: Quantity::ZERO,
        },
    }
}

pub(crate) fn closed(instrument: InstrumentId, order: Order, reason: CloseReason) -> Event {
    Event::Book {
        instrument,
        event: BookEvent::Closed {
            order_id: order.id,
            account: order.account,
            side: order.side,
            reason,
            unfilled: Quantity::ZERO,
            left: None,
        },
    }
}
