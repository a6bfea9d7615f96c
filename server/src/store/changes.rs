//! What batches of the feed change in a store.
//!
//! Changes are relative to what is stored: a trade is added to the candle that is there, a fill to
//! the order that is there. So the writer has no state that could differ from the store's, and
//! changes can be cut anywhere between two batches.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use accounts_core::{Amount, Fee};
use exchange_engine::{Event, InstrumentId};
use marketdata_core::{Candle, CandleEvent, Candles, Interval, PublicTrade};
use orderbook_core::{Event as BookEvent, OrderId, Price, Quantity, Timestamp, Trade};

use super::Cursor;
use crate::bus::Batch;
use crate::orders::{OrderRecord, OrderStatus, touched};

/// What batches of the feed change. Relative to what is stored, so that writing needs no reading.
#[derive(Debug, Clone)]
pub(crate) struct Changes {
    follows: u64,
    cursor: Cursor,
    listed: Vec<InstrumentId>,
    trades: Vec<SettledTrade>,
    candles: BTreeMap<InstrumentId, Candles>,
    orders: BTreeMap<OrderId, OrderChange>,
}

/// A trade whose money has changed hands.
#[derive(Debug, Clone)]
pub(super) struct SettledTrade {
    pub(super) instrument: InstrumentId,
    pub(super) time: Timestamp,
    pub(super) trade: Trade,
    pub(super) quote_amount: Amount,
    pub(super) maker_fee: Fee,
    pub(super) taker_fee: Fee,
}

/// What happened to an order.
#[derive(Debug, Clone)]
pub(super) enum OrderChange {
    /// It was taken in by one of the batches: it is not stored yet.
    Accepted(OrderRecord),
    /// It was taken in before.
    Updated(OrderUpdate),
}

/// What happened to an order that is stored.
#[derive(Debug, Clone)]
pub(super) struct OrderUpdate {
    pub(super) instrument: InstrumentId,
    /// What it traded.
    pub(super) executed: Quantity,
    /// What it traded for.
    pub(super) quote_amount: Amount,
    /// Its new quantity, where its owner gave it one.
    pub(super) quantity: Option<Quantity>,
    /// By how much it became smaller, since then if there was a new quantity.
    pub(super) reduced: Quantity,
    /// Its new price, where it has one.
    pub(super) price: Option<Price>,
    /// What has become of it, where that is something new.
    pub(super) status: Option<OrderStatus>,
    pub(super) update_time: Timestamp,
}

impl Changes {
    /// No changes yet, to a store that has come to this sequence number.
    pub(crate) fn after(seq: u64) -> Self {
        Self {
            follows: seq,
            cursor: Cursor {
                seq,
                time: Timestamp::default(),
            },
            listed: Vec::new(),
            trades: Vec::new(),
            candles: BTreeMap::new(),
            orders: BTreeMap::new(),
        }
    }

    /// Adds what the next batch changes.
    ///
    /// # Panics
    ///
    /// Where the batch does not follow what has been added before.
    pub(crate) fn add(&mut self, batch: &Batch) {
        assert_eq!(batch.prev_seq, self.cursor.seq, "the feed has no gaps");
        for outcome in &batch.outcomes {
            for event in &outcome.events {
                self.add_event(outcome.time, event);
            }
            self.cursor.time = outcome.time;
        }
        self.cursor.seq = batch.last_seq();
    }

    fn add_event(&mut self, time: Timestamp, event: &Event) {
        match event {
            Event::InstrumentListed { instrument, .. } => self.listed.push(*instrument),
            Event::OrderAccepted {
                instrument,
                order,
                client_order_id,
                rested,
            } => {
                let name = *client_order_id;
                let record = OrderRecord::accepted(time, *instrument, order, name, *rested);
                self.orders.insert(order.id, OrderChange::Accepted(record));
            }
            Event::Traded {
                instrument,
                trade,
                quote_amount,
                maker_fee,
                taker_fee,
                ..
            } => self.traded(SettledTrade {
                instrument: *instrument,
                time,
                trade: *trade,
                quote_amount: *quote_amount,
                maker_fee: *maker_fee,
                taker_fee: *taker_fee,
            }),
            _ => {
                for (instrument, id) in touched(event) {
                    match self.order(instrument, id) {
                        OrderChange::Accepted(order) => order.follow(time, event),
                        OrderChange::Updated(update) => update.follow(time, event),
                    }
                }
            }
        }
    }

    fn traded(&mut self, settled: SettledTrade) {
        let SettledTrade {
            instrument,
            time,
            trade,
            quote_amount,
            ..
        } = settled;
        // Of a trade with oneself both sides are one's own; the order is another.
        for order_id in [trade.maker_order_id, trade.taker_order_id] {
            match self.order(instrument, order_id) {
                OrderChange::Accepted(order) => order.fill(time, trade.quantity, quote_amount),
                OrderChange::Updated(update) => update.fill(time, trade.quantity, quote_amount),
            }
        }
        let candles = self.candles.entry(instrument);
        let candles = candles.or_insert_with(|| Candles::new(&Interval::STANDARD, usize::MAX));
        // What closes is stored like what is open.
        let mut events: Vec<CandleEvent> = Vec::new();
        let counted = candles.apply(&PublicTrade::new(time, &trade), &mut events);
        counted.expect("a trade of the book is one of something");
        self.trades.push(settled);
    }

    /// What has happened to an order so far; nothing where it was not touched.
    fn order(&mut self, instrument: InstrumentId, id: OrderId) -> &mut OrderChange {
        match self.orders.entry(id) {
            Entry::Occupied(order) => order.into_mut(),
            Entry::Vacant(order) => order.insert(OrderChange::Updated(OrderUpdate {
                instrument,
                executed: Quantity::ZERO,
                quote_amount: Amount::ZERO,
                quantity: None,
                reduced: Quantity::ZERO,
                price: None,
                status: None,
                update_time: Timestamp::default(),
            })),
        }
    }

    /// How far a store has come with these changes.
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// How many rows they add or change.
    pub(crate) fn rows(&self) -> usize {
        let candles = self.candles.values().flat_map(Candles::all);
        let candles: usize = candles.map(|series| series.len()).sum();
        self.trades.len() + self.orders.len() + candles
    }

    /// The sequence number that the first batch follows.
    pub(super) fn follows(&self) -> u64 {
        self.follows
    }

    /// The instruments that were listed.
    pub(super) fn listed(&self) -> &[InstrumentId] {
        &self.listed
    }

    /// The trades, oldest first.
    pub(super) fn trades(&self) -> &[SettledTrade] {
        &self.trades
    }

    /// The candles of just these trades.
    pub(super) fn candles(&self) -> impl Iterator<Item = (InstrumentId, Interval, Candle)> {
        self.candles.iter().flat_map(|(instrument, all)| {
            all.all().flat_map(|series| {
                let of_interval = |candle| (*instrument, series.interval(), candle);
                series.candles().map(of_interval).collect::<Vec<_>>()
            })
        })
    }

    /// The orders that were touched.
    pub(super) fn orders(&self) -> impl Iterator<Item = (OrderId, &OrderChange)> {
        self.orders.iter().map(|(id, order)| (*id, order))
    }
}

impl OrderUpdate {
    /// Whether its quantity and what has traded of it stay as they are.
    pub(super) fn counts_nothing(&self) -> bool {
        self.executed.is_zero()
            && self.quote_amount == Amount::default()
            && self.quantity.is_none()
            && self.reduced.is_zero()
    }

    fn fill(&mut self, time: Timestamp, quantity: Quantity, quote_amount: Amount) {
        let executed = self.executed.checked_add(quantity);
        self.executed = executed.expect("an order trades no more than its quantity");
        let total = self.quote_amount.checked_add(quote_amount);
        self.quote_amount = total.expect("an order trades no more than its limits allow");
        self.status = Some(OrderStatus::PartiallyFilled);
        self.update_time = time;
    }

    /// As [`OrderRecord::follow`].
    fn follow(&mut self, time: Timestamp, event: &Event) {
        match *event {
            Event::OrderAmended {
                quantity,
                price,
                rested,
                ..
            } => {
                self.quantity = Some(quantity);
                self.reduced = Quantity::ZERO;
                self.price = Some(rested.map_or(price, |level| level.price));
            }
            Event::Book { event, .. } => match event {
                BookEvent::Decremented { quantity: by, .. } | BookEvent::Reduced { by, .. } => {
                    let reduced = self.reduced.checked_add(by);
                    self.reduced = reduced.expect("an order shrinks by no more than its quantity");
                }
                BookEvent::Rested { price, .. } => self.price = Some(price),
                // What had traded before is not known here, and need not be: only an order with a
                // budget asks for it, and that closes with the input that placed it.
                BookEvent::Closed { reason, .. } => {
                    self.status = Some(OrderStatus::closed(reason, self.executed));
                }
                _ => {}
            },
            _ => {}
        }
        self.update_time = time;
    }
}
