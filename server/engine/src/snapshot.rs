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

use accounts_core::{AssetId, FeeSchedule, Ledger, LedgerSnapshot};
use orderbook_core::{BookSnapshot, OrderBook, OrderId, Timestamp, Violation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::exchange::is_valid_asset;
use crate::open_orders::OpenOrder;
use crate::{Asset, Exchange, FEE_ACCOUNT, InstrumentId, Listing, Market, Reject};

/// The version of [`ExchangeSnapshot`] that this crate writes and reads.
pub const SNAPSHOT_VERSION: u16 = 2;

const MAGIC: [u8; 4] = *b"XCHG";
const HEADER: usize = MAGIC.len() + 2 + 32;

/// An exchange as plain data. Two exchanges with equal snapshots behave alike from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeSnapshot {
    time: Timestamp,
    last_order_id: OrderId,
    assets: Vec<(AssetId, Asset)>,
    ledger: LedgerSnapshot,
    markets: Vec<MarketSnapshot>,
    open_orders: Vec<OpenOrder>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct MarketSnapshot {
    id: InstrumentId,
    base: AssetId,
    quote: AssetId,
    fees: FeeSchedule,
    book: BookSnapshot,
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
            markets: self
                .markets()
                .map(|market| MarketSnapshot {
                    id: market.id,
                    base: market.base,
                    quote: market.quote,
                    fees: market.fees,
                    book: market.book.snapshot(),
                })
                .collect(),
            open_orders: self.open_orders.iter().copied().collect(),
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
                fees: market.fees,
            };
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
            exchange.markets.insert(market.id, restored);
        }
        for order in &snapshot.open_orders {
            // A later order would get the same id.
            if order.id == OrderId::default() || order.id > snapshot.last_order_id {
                return Err(RestoreError::Garbage);
            }
            exchange.open_orders.insert(*order);
        }
        exchange.check()?;
        if exchange.snapshot() != *snapshot {
            return Err(RestoreError::Garbage);
        }
        Ok(exchange)
    }
}

impl Exchange {
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
