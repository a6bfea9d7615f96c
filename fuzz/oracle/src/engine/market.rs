//! A pair: its book, its fees, its limits, and what its ticks and lots are worth.

use std::collections::BTreeMap;

use accounts_core::{AccountId, AssetId, FeeSchedule, OrderLimits, PriceCollar};
use exchange_engine::{Listing, Reject};
use num_bigint::BigInt;
use orderbook_core::{Order, OrderKind, Price, Quantity, RestingOrder, Side, Step};

use super::fees::share;
use super::most;
use crate::book::Book;

/// A pair and its orders.
#[derive(Debug, Clone)]
pub struct Market {
    pub(super) listing: Listing,
    pub(super) fees: FeeSchedule,
    pub(super) book: Book,
    /// Smallest units of base in a lot.
    pub(super) lot: BigInt,
    /// Smallest units of quote in a tick times a lot.
    pub(super) tick_lot: BigInt,
    /// The price of the newest trade.
    pub(super) last: Option<Price>,
    pub(super) halted: bool,
    /// What every account may do.
    pub(super) limits: OrderLimits,
    /// What an account may do besides.
    pub(super) limits_of: BTreeMap<AccountId, OrderLimits>,
    pub(super) collar: Option<PriceCollar>,
}

impl Market {
    /// A pair without orders, of assets with so many decimals.
    pub(super) fn new(
        listing: &Listing,
        base_decimals: u8,
        quote_decimals: u8,
    ) -> Result<Self, Reject> {
        let instrument = &listing.instrument;
        let (tick, lot) = (instrument.tick_size(), instrument.lot_size());
        let market = Self {
            fees: listing.fees.clone(),
            book: Book::new(instrument.clone()),
            lot: whole_units(&[lot], base_decimals)?,
            tick_lot: whole_units(&[tick, lot], quote_decimals)?,
            last: None,
            halted: false,
            limits: OrderLimits::default(),
            limits_of: BTreeMap::new(),
            collar: None,
            listing: listing.clone(),
        };
        let (price, quantity) = (instrument.max_price(), instrument.max_quantity());
        if market.base_of(quantity) > most() || market.quote_of(price, quantity) > most() {
            return Err(Reject::LimitsTooWide);
        }
        Ok(market)
    }

    /// The open orders.
    pub const fn book(&self) -> &Book {
        &self.book
    }

    pub(super) fn base_of(&self, quantity: Quantity) -> BigInt {
        &self.lot * quantity.get()
    }

    pub(super) fn quote_of(&self, price: Price, quantity: Quantity) -> BigInt {
        &self.tick_lot * (u128::from(price.get().unsigned_abs()) * u128::from(quantity.get()))
    }

    /// The asset that an order pays with.
    pub(super) const fn paid_by(&self, side: Side) -> AssetId {
        match side {
            Side::Buy => self.listing.quote,
            Side::Sell => self.listing.base,
        }
    }

    /// What an order holds that may still trade so much at that price, and pays `rate` of it on top.
    pub(super) fn hold(&self, side: Side, price: Price, quantity: Quantity, rate: i32) -> BigInt {
        let pays = match side {
            Side::Buy => self.quote_of(price, quantity),
            Side::Sell => self.base_of(quantity),
        };
        let fee = share(rate, &pays);
        pays + fee
    }

    pub(super) fn orders(&self) -> impl Iterator<Item = &RestingOrder> + '_ {
        let bids = self.book.orders(Side::Buy).iter();
        bids.chain(self.book.orders(Side::Sell))
    }

    /// The worst price that the collar lets an order of this side trade at, if there is one.
    pub(super) fn worst(&self, side: Side) -> Option<Price> {
        let reference = i128::from(self.last?.get());
        let width = reference * i128::from(self.collar?.get()) / 1_000_000;
        let worst = match side {
            Side::Buy => reference + width,
            Side::Sell => reference - width,
        };
        let worst = worst.clamp(i64::MIN.into(), i64::MAX.into());
        Some(Price::new(i64::try_from(worst).expect("just clamped")))
    }

    /// The order, where it is a market order and there is a collar with a protection that is
    /// within it.
    pub(super) fn protected(&self, mut order: Order) -> Order {
        if let OrderKind::Market { protection, .. } = &mut order.kind
            && let Some(worst) = self.worst(order.side)
        {
            let instrument = &self.listing.instrument;
            let worst = worst
                .max(instrument.min_price())
                .min(instrument.max_price());
            let own = protection.unwrap_or(worst);
            *protection = Some(match order.side {
                Side::Buy => own.min(worst),
                Side::Sell => own.max(worst),
            });
        }
        order
    }
}

/// The product of the steps in smallest units of an asset, one decimal place at a time.
fn whole_units(steps: &[Step], decimals: u8) -> Result<BigInt, Reject> {
    let mantissas = steps.iter().map(|step| BigInt::from(step.mantissa()));
    let mut units: BigInt = mantissas.product();
    let places: u32 = steps.iter().map(|step| u32::from(step.scale())).sum();
    for _ in places..u32::from(decimals) {
        units *= 10;
    }
    for _ in u32::from(decimals)..places {
        if &units % 10 != BigInt::ZERO {
            return Err(Reject::GridTooFine);
        }
        units /= 10;
    }
    Ok(units)
}
