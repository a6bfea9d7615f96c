//! What one account owns.

use alloc::vec::Vec;

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

/// An account: what it owns, and whether it is closed.
///
/// An entry may be zero: where it was once more, it often is again soon. Two accounts are equal
/// where they own the same, whatever zeroes they keep.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    /// By ascending asset.
    balances: Vec<(AssetId, Balance)>,
    pub(crate) closed: bool,
}

/// So many balances are looked through faster than searched.
const FEW: usize = 8;

impl Account {
    /// An account that owns nothing.
    pub(crate) fn new(closed: bool) -> Self {
        Self {
            closed,
            ..Self::default()
        }
    }

    /// O(log assets of the account).
    #[inline]
    pub(crate) fn balance(&self, asset: AssetId) -> Balance {
        self.find(asset)
            .map(|index| self.balances[index].1)
            .unwrap_or_default()
    }

    /// The balance of an asset, where the account has had one. O(log assets of the account).
    #[inline]
    pub(crate) fn balance_mut(&mut self, asset: AssetId) -> Option<&mut Balance> {
        let index = self.find(asset).ok()?;
        Some(&mut self.balances[index].1)
    }

    /// The balances of two assets, where these are two, and the account has had both and few more.
    #[inline(always)]
    pub(crate) fn two_mut(&mut self, one: AssetId, other: AssetId) -> Option<[&mut Balance; 2]> {
        if self.balances.len() > FEW {
            return None;
        }
        let (mut first, mut second) = (None, None);
        for (asset, balance) in &mut self.balances {
            if *asset == one {
                first = Some(balance);
            } else if *asset == other {
                second = Some(balance);
            }
        }
        Some([first?, second?])
    }

    /// O(log assets of the account), and linear for an asset that is new to it.
    #[inline]
    pub(crate) fn entry(&mut self, asset: AssetId) -> &mut Balance {
        let index = match self.find(asset) {
            Ok(index) => index,
            Err(index) => {
                self.balances.insert(index, (asset, Balance::default()));
                index
            }
        };
        &mut self.balances[index].1
    }

    /// What is not zero, by ascending asset.
    pub(crate) fn balances(&self) -> impl Iterator<Item = (AssetId, Balance)> + '_ {
        let all = self.balances.iter().copied();
        all.filter(|(_, balance)| !balance.is_zero())
    }

    #[inline]
    fn find(&self, asset: AssetId) -> Result<usize, usize> {
        if self.balances.len() > FEW {
            return self
                .balances
                .binary_search_by_key(&asset, |(asset, _)| *asset);
        }
        // Counting to the end is faster than stopping where nobody can foresee it.
        let mut index = 0;
        for (of, _) in &self.balances {
            index += usize::from(*of < asset);
        }
        match self.balances.get(index) {
            Some((of, _)) if *of == asset => Ok(index),
            _ => Err(index),
        }
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        self.closed == other.closed && self.balances().eq(other.balances())
    }
}

impl Eq for Account {}
