//! An exchange as plain data, as bytes, and as one hash.
//!
//! The bytes of a snapshot:
//!
//! ```text
//! "XCHG"  version: u16 LE  state hash: 32 bytes  snapshot: postcard
//! ```
//!
//! The state hash is SHA-256 over the postcard encoding of the [`ExchangeSnapshot`]; that encoding
//! is specified by its project and every collection in it is in a defined order, so equal states
//! have equal hashes on every machine.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use accounts_core::{
    AssetId, FeeRate, FeeSchedule, InstrumentId, Ledger, LedgerSnapshot, TradedVolume,
};
use orderbook_core::{
    AccountId, BookSnapshot, OrderBook, OrderId, Price, Side, Timestamp, Violation,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::exchange::is_valid_asset;
use crate::limits::{MarketLimits, TraderLimits, boxed};
use crate::names::{Named, Names};
use crate::trader::Trader;
use crate::{Asset, Exchange, FEE_ACCOUNT, Listing, Market, Reject};

/// The version of [`ExchangeSnapshot`] that this crate writes and reads.
pub const SNAPSHOT_VERSION: u16 = 3;

const MAGIC: [u8; 4] = *b"XCHG";
const HEADER: usize = MAGIC.len() + 2 + 32;

/// An exchange as plain data. Two exchanges with equal snapshots behave alike from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeSnapshot {
    time: Timestamp,
    last_order_id: OrderId,
    assets: Vec<(AssetId, Asset)>,
    ledger: LedgerSnapshot,
    halted: bool,
    markets: Vec<MarketSnapshot>,
    delisted: Vec<InstrumentId>,
    /// Those about whom there is something to say.
    traders: Vec<TraderSnapshot>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct MarketSnapshot {
    id: InstrumentId,
    base: AssetId,
    quote: AssetId,
    fees: FeeSchedule,
    halted: bool,
    limits: MarketLimits,
    last_price: Option<Price>,
    book: BookSnapshot,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TraderSnapshot {
    account: AccountId,
    halted: bool,
    fee_asset: Option<AssetId>,
    limits: TraderLimits,
    reserved: Vec<(OrderId, FeeRate)>,
    volumes: Vec<(AssetId, TradedVolume)>,
    /// How many of its orders have had names, and those whose names are taken.
    named: u64,
    names: Vec<Named>,
}

/// Names a state: equal states have equal hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateHash([u8; 32]);

impl StateHash {
    /// The bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Exchange {
    /// The state as plain data. O(state).
    pub fn snapshot(&self) -> ExchangeSnapshot {
        ExchangeSnapshot {
            time: self.time,
            last_order_id: self.last_order_id,
            assets: self
                .assets()
                .map(|(id, asset)| (id, asset.clone()))
                .collect(),
            ledger: self.ledger.snapshot(),
            halted: self.halted,
            markets: self
                .markets()
                .map(|market| MarketSnapshot {
                    id: market.id,
                    base: market.base,
                    quote: market.quote,
                    fees: market.fees.clone(),
                    halted: market.halted,
                    limits: market.limits.as_deref().copied().unwrap_or_default(),
                    last_price: self.prices.last(market.id),
                    book: market.book.snapshot(),
                })
                .collect(),
            delisted: self.delisted.iter().copied().collect(),
            traders: self
                .traders
                .iter()
                .map(|(account, trader)| self.trader_snapshot(account, trader))
                .filter(|trader| *trader != TraderSnapshot::of_nothing(trader.account))
                .collect(),
        }
    }

    /// The hash of the state. O(state).
    pub fn state_hash(&self) -> StateHash {
        hash(&body(&self.snapshot()))
    }

    /// The exchange that a snapshot was taken of.
    ///
    /// # Errors
    ///
    /// A [`RestoreError`] where the snapshot describes no possible exchange.
    pub fn restore(snapshot: &ExchangeSnapshot) -> Result<Self, RestoreError> {
        let mut exchange = Self::with_ledger(Ledger::restore(&snapshot.ledger)?);
        exchange.time = snapshot.time;
        exchange.last_order_id = snapshot.last_order_id;
        exchange.assets = snapshot.assets.iter().cloned().collect();
        if !exchange.could_be() {
            return Err(RestoreError::Garbage);
        }
        for market in &snapshot.markets {
            let listing = Listing {
                id: market.id,
                instrument: market.book.instrument.clone(),
                base: market.base,
                quote: market.quote,
                fees: market.fees.clone(),
            };
            if snapshot.delisted.contains(&market.id) {
                return Err(RestoreError::Garbage);
            }
            let asset = |id| exchange.assets.get(&id).ok_or(RestoreError::Garbage);
            if exchange
                .market_by_symbol(listing.instrument.symbol())
                .is_some()
            {
                return Err(RestoreError::Garbage);
            }
            // The next input that lets time pass could be older than what the book has seen.
            if market.book.time > snapshot.time {
                return Err(RestoreError::Garbage);
            }
            let mut restored = Market::new(&listing, asset(market.base)?, asset(market.quote)?)?;
            restored.book = OrderBook::restore(&market.book)?;
            restored.halted = market.halted;
            restored.limits = boxed(market.limits);
            let range = listing.instrument.min_price()..=listing.instrument.max_price();
            let traded = market.last_price.is_some();
            if market
                .last_price
                .is_some_and(|price| !range.contains(&price))
                || traded != (market.book.last_trade_id.get() > 0)
            {
                return Err(RestoreError::Garbage);
            }
            if let Some(price) = market.last_price {
                exchange.prices.set(&restored, price);
            }
            exchange.markets.insert(market.id, restored);
        }
        exchange.halted = snapshot.halted;
        exchange.delisted = snapshot.delisted.iter().copied().collect();
        exchange.restore_traders(&snapshot.traders)?;
        exchange.list_orders()?;
        exchange.check()?;
        if exchange.snapshot() != *snapshot {
            return Err(RestoreError::Garbage);
        }
        Ok(exchange)
    }
}

impl Exchange {
    fn trader_snapshot(&self, account: AccountId, trader: &Trader) -> TraderSnapshot {
        let reserved = trader.reserved.iter();
        TraderSnapshot {
            account,
            halted: trader.halted,
            fee_asset: trader.fee_asset,
            limits: trader.limits.as_deref().cloned().unwrap_or_default(),
            reserved: reserved.map(|(order, rate)| (*order, *rate)).collect(),
            volumes: trader.volumes.clone(),
            named: trader.names.count(),
            names: trader
                .names
                .taken(|instrument, order| self.is_open(instrument, order)),
        }
    }

    fn restore_traders(&mut self, snapshots: &[TraderSnapshot]) -> Result<(), RestoreError> {
        for snapshot in snapshots {
            let possible = self.could_trade(snapshot);
            let trader = self.traders.get_mut(snapshot.account);
            let Some(trader) = trader.filter(|_| possible) else {
                return Err(RestoreError::Garbage);
            };
            *trader = Trader {
                halted: snapshot.halted,
                fee_asset: snapshot.fee_asset,
                limits: boxed(snapshot.limits.clone()),
                reserved: snapshot.reserved.iter().copied().collect(),
                volumes: snapshot.volumes.clone(),
                names: Names::restore(snapshot.named, &snapshot.names),
                ..Trader::default()
            };
        }
        Ok(())
    }

    /// Whether inputs can lead to such an account.
    fn could_trade(&self, snapshot: &TraderSnapshot) -> bool {
        let known = |asset: &AssetId| self.assets.contains_key(asset);
        let today = TradedVolume::day(self.time);
        let traded = |(asset, volume): &(AssetId, TradedVolume)| {
            let newest = volume.days().last();
            known(asset) && volume.is_possible() && newest.is_some_and(|(day, _)| *day <= today)
        };
        let listed = |(instrument, _): &(InstrumentId, _)| self.markets.contains(*instrument);
        let numbers = snapshot
            .names
            .iter()
            .map(|named| (named.number, named.order.id));
        // As many as were ever placed, at most, so that the count never overflows.
        let counted = snapshot.named <= self.last_order_id.get()
            && numbers.clone().all(|(number, _)| number <= snapshot.named)
            && numbers.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1);
        snapshot.fee_asset.iter().all(known)
            && snapshot.volumes.iter().all(traded)
            && snapshot.volumes.is_sorted_by(|a, b| a.0 < b.0)
            && snapshot.limits.is_possible(self.time)
            && snapshot.limits.here.iter().all(listed)
            && counted
            && snapshot.names.iter().all(|named| self.could_be_named(snapshot.account, named))
            // Nobody pays fees on top at no rate, or at a negative one.
            && snapshot.reserved.iter().all(|(_, rate)| rate.get() > 0)
    }

    fn could_be_named(&self, account: AccountId, named: &Named) -> bool {
        let market = self.market(named.instrument);
        let owner = market.and_then(|market| market.book.owner(named.order.id));
        (market.is_some() || self.delisted.contains(&named.instrument))
            && owner.is_none_or(|owner| owner == account)
            && named.number > 0
            && named.order.account == account
            && named.order.id > OrderId::default()
            && named.order.id <= self.last_order_id
            && named.outcome.filled <= named.order.quantity
    }

    /// Tells the owners of the orders on the books which ones are theirs.
    fn list_orders(&mut self) -> Result<(), RestoreError> {
        let mut seen = BTreeSet::new();
        for (id, market) in self.markets.iter() {
            let sides = [Side::Buy, Side::Sell].into_iter();
            let orders = sides.flat_map(|side| market.book.orders(side));
            let mut orders: Vec<_> = orders.map(|order| (order.id, order.account)).collect();
            orders.sort_unstable();
            for (order, account) in orders {
                // A later order would get the same id.
                let possible = order != OrderId::default() && order <= self.last_order_id;
                if !possible || !seen.insert(order) {
                    return Err(RestoreError::Garbage);
                }
                let owner = self.traders.get_mut(account).ok_or(RestoreError::Garbage)?;
                owner.place_mut(id).orders.push(order, &market.book);
            }
        }
        Ok(())
    }

    /// Whether inputs can lead to these assets, these accounts and this many orders. What depends
    /// on markets and orders is checked as they are restored.
    fn could_be(&self) -> bool {
        let assets = &self.assets;
        let codes: BTreeSet<&str> = assets.values().map(|asset| &*asset.code).collect();
        let valid = |asset: &Asset| is_valid_asset(&asset.code, asset.decimals);
        self.ledger.has_account(FEE_ACCOUNT)
            && self.ledger.assets().eq(assets.keys().copied())
            && assets.values().all(valid)
            && codes.len() == assets.len()
            // Far more than were ever placed, and none of them can make the count overflow.
            && self.last_order_id.get() <= u64::MAX / 2
    }
}

impl TraderSnapshot {
    fn of_nothing(account: AccountId) -> Self {
        Self {
            account,
            halted: false,
            fee_asset: None,
            limits: TraderLimits::default(),
            reserved: Vec::new(),
            volumes: Vec::new(),
            named: 0,
            names: Vec::new(),
        }
    }
}

impl ExchangeSnapshot {
    /// The snapshot as bytes: `"XCHG"`, the version as a little-endian
    /// `u16`, the 32 bytes of the state hash, and the snapshot in the postcard format.
    pub fn encode(&self) -> Vec<u8> {
        let body = body(self);
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
        bytes.extend_from_slice(hash(&body).as_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    /// The snapshot that [`encode`](Self::encode) made these bytes of.
    ///
    /// # Errors
    ///
    /// A [`RestoreError`] where the bytes are of another version, damaged or no snapshot at all.
    pub fn decode(bytes: &[u8]) -> Result<Self, RestoreError> {
        let (header, body) = bytes
            .split_at_checked(HEADER)
            .ok_or(RestoreError::NotASnapshot)?;
        let (magic, header) = header.split_at(MAGIC.len());
        let (version, expected) = header.split_at(2);
        if magic != MAGIC {
            return Err(RestoreError::NotASnapshot);
        }
        let version = u16::from_le_bytes([version[0], version[1]]);
        if version != SNAPSHOT_VERSION {
            return Err(RestoreError::UnknownVersion(version));
        }
        if hash(body).as_bytes() != expected {
            return Err(RestoreError::Damaged);
        }
        postcard::from_bytes(body).map_err(|_| RestoreError::Damaged)
    }
}

fn body(snapshot: &ExchangeSnapshot) -> Vec<u8> {
    postcard::to_allocvec(snapshot).expect("plain data always encodes")
}

fn hash(body: &[u8]) -> StateHash {
    StateHash(Sha256::digest(body).into())
}

/// Why a snapshot is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The bytes do not start like a snapshot.
    #[error("this is no snapshot of an exchange")]
    NotASnapshot,
    /// Written by software with another idea of a snapshot.
    #[error("snapshot version {0} is unknown")]
    UnknownVersion(u16),
    /// The bytes are not the ones that were written.
    #[error("the snapshot is damaged: its contents do not match its hash")]
    Damaged,
    /// No sequence of inputs leads to this.
    #[error("the snapshot describes no possible exchange")]
    Garbage,
    /// A listed instrument is impossible.
    #[error("the snapshot lists an impossible instrument: {0}")]
    Instrument(#[from] Reject),
    /// A book is impossible.
    #[error("the snapshot holds an impossible book: {0}")]
    Book(#[from] orderbook_core::RestoreError),
    /// The ledger is impossible.
    #[error("the snapshot holds an impossible ledger: {0}")]
    Ledger(#[from] accounts_core::RestoreError),
    /// It restores to a state that breaks an invariant.
    #[error(transparent)]
    Violation(#[from] Violation),
}
