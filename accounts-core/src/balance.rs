//! What one account owns.

use smallvec::SmallVec;

use crate::{Amount, AssetId};

/// What an account owns of an asset, in smallest units of that asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Balance {
    /// Free to be withdrawn or held.
    pub available: Amount,
    /// Promised to open orders.
    pub held: Amount,
}

impl Balance {
    /// Available plus held, or `None` where it does not fit; in a [`Ledger`](crate::Ledger) it
    /// always does.
    pub const fn total(self) -> Option<Amount> {
        self.available.checked_add(self.held)
    }

    /// Whether nothing is available and nothing held.
    pub const fn is_zero(self) -> bool {
        self.available.is_zero() && self.held.is_zero()
    }
}

/// The balances of one account, sorted by asset.
///
/// A zero balance has no entry, so that what an account owns has one representation, whatever
/// led to it. Most accounts own few assets: up to four live without an allocation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Balances(SmallVec<[(AssetId, Balance); 4]>);

impl Balances {
    /// O(log assets of the account).
    pub(crate) fn get(&self, asset: AssetId) -> Balance {
        self.find(asset)
            .map(|index| self.0[index].1)
            .unwrap_or_default()
    }

    /// O(log assets of the account), and linear where an entry comes or goes.
    pub(crate) fn set(&mut self, asset: AssetId, balance: Balance) {
        match (self.find(asset), balance.is_zero()) {
            (Ok(index), false) => self.0[index].1 = balance,
            (Ok(index), true) => {
                self.0.remove(index);
            }
            (Err(index), false) => self.0.insert(index, (asset, balance)),
            (Err(_), true) => {}
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (AssetId, Balance)> + '_ {
        self.0.iter().copied()
    }

    fn find(&self, asset: AssetId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&asset, |(asset, _)| *asset)
    }
}
