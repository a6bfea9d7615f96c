//! What an exchange knows about an account beyond what it owns.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use accounts_core::{Amount, AssetId, FeeRate, InstrumentId, OrderLimits, TradedVolume};
use orderbook_core::{OrderBook, OrderId};

use crate::Market;
use crate::limits::{TraderLimits, boxed};
use crate::names::Names;

/// An account that trades.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trader {
    pub(crate) halted: bool,
    /// What it pays its fees in; `None`: in what it receives.
    pub(crate) fee_asset: Option<AssetId>,
    /// Where it has, or may have, open orders, by ascending instrument.
    pub(crate) places: Vec<Place>,
    /// The rates that open orders hold fees on top for. Mostly there are none.
    pub(crate) reserved: BTreeMap<OrderId, FeeRate>,
    /// What it traded, by quote asset.
    pub(crate) volumes: Vec<(AssetId, TradedVolume)>,
    pub(crate) limits: Option<Box<TraderLimits>>,
    pub(crate) names: Names,
}

/// What an account does in an instrument.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) instrument: InstrumentId,
    pub(crate) orders: OrderList,
}

impl Trader {
    #[inline]
    pub(crate) fn place(&self, instrument: InstrumentId) -> Option<&Place> {
        self.places
            .iter()
            .find(|place| place.instrument == instrument)
    }

    #[inline]
    pub(crate) fn place_mut(&mut self, instrument: InstrumentId) -> &mut Place {
        // Many trade in one instrument only.
        let index = match self.places.first() {
            Some(first) if first.instrument == instrument => 0,
            _ => self.start(instrument),
        };
        &mut self.places[index]
    }

    fn start(&mut self, instrument: InstrumentId) -> usize {
        let index = self
            .places
            .partition_point(|place| place.instrument < instrument);
        let known = self.places.get(index);
        if known.is_some_and(|place| place.instrument == instrument) {
            return index;
        }
        let place = Place {
            instrument,
            orders: OrderList::default(),
        };
        self.places.insert(index, place);
        index
    }

    /// A new order has come to rest.
    #[inline]
    pub(crate) fn opened(&mut self, order: OrderId, market: &Market) {
        let place = self.place_mut(market.id);
        place.orders.push(order, &market.book);
    }

    /// An order has come to rest that holds fees on top at this rate, unless it is zero.
    #[inline]
    pub(crate) fn reserve(&mut self, order: OrderId, rate: FeeRate) {
        if rate != FeeRate::ZERO {
            self.reserved.insert(order, rate);
        }
    }

    /// The rate that an order holds fees on top for; zero where it does not.
    #[inline]
    pub(crate) fn reserved(&self, order: OrderId) -> FeeRate {
        if self.reserved.is_empty() {
            return FeeRate::ZERO;
        }
        self.reserved.get(&order).copied().unwrap_or_default()
    }

    /// The same of an order that does so no more.
    #[inline]
    pub(crate) fn give_back(&mut self, order: OrderId) -> FeeRate {
        if self.reserved.is_empty() {
            return FeeRate::ZERO;
        }
        self.reserved.remove(&order).unwrap_or_default()
    }

    /// An instrument is listed no more.
    pub(crate) fn forget(&mut self, instrument: InstrumentId) {
        self.places.retain(|place| place.instrument != instrument);
        if let Some(mut limits) = self.limits.take() {
            limits.set_here(instrument, OrderLimits::default());
            self.limits = boxed(*limits);
        }
    }

    /// What it traded for a quote asset in the days that count.
    pub(crate) fn volume(&self, quote: AssetId, day: u32) -> Amount {
        let volume = self.volumes.iter().find(|(asset, _)| *asset == quote);
        volume.map_or(Amount::ZERO, |(_, volume)| volume.before(day))
    }

    #[inline]
    pub(crate) fn count_volume(&mut self, quote: AssetId, day: u32, amount: Amount) {
        for (asset, volume) in &mut self.volumes {
            if *asset == quote {
                volume.add(day, amount);
                return;
            }
        }
        let mut volume = TradedVolume::default();
        volume.add(day, amount);
        self.volumes.push((quote, volume));
        self.volumes.sort_by_key(|(asset, _)| *asset);
    }
}

/// The open orders of an account in an instrument, oldest first.
///
/// Orders are put in when they come to rest, and swept out some time after they have closed: whether
/// one is open, the book knows. So closing an order costs nothing here, and placing one O(1)
/// amortised.
#[derive(Debug, Clone, Default)]
pub(crate) struct OrderList {
    /// Ascending.
    ids: Vec<OrderId>,
    sweep_at: usize,
}

impl OrderList {
    /// So many closed orders never hurt.
    const SPARE: usize = 16;

    #[inline]
    pub(crate) fn push(&mut self, id: OrderId, book: &OrderBook) {
        if self.ids.len() >= self.sweep_at {
            self.sweep(book);
        }
        self.ids.push(id);
    }

    #[cold]
    fn sweep(&mut self, book: &OrderBook) {
        self.ids.retain(|id| book.owner(*id).is_some());
        self.sweep_at = 2 * self.ids.len() + Self::SPARE;
    }

    /// The orders that are open. O(1) for each, and for as many closed ones and sixteen.
    pub(crate) fn open<'a>(&'a self, book: &'a OrderBook) -> impl Iterator<Item = OrderId> + 'a {
        self.ids
            .iter()
            .copied()
            .filter(|id| book.owner(*id).is_some())
    }

    pub(crate) fn contains(&self, id: OrderId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    /// Whether the orders are in order.
    pub(crate) fn is_consistent(&self) -> bool {
        self.ids.is_sorted_by(|a, b| a < b)
    }
}
