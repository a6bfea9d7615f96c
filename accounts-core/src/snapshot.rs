//! A ledger as plain data, and back. Amounts are in smallest units of their asset.

use alloc::vec::Vec;

use crate::balance::Account;
use crate::{AccountId, Amount, AssetId, Balance, Ledger, Violation};

/// The version of [`LedgerSnapshot`] that this crate writes and reads.
pub const SNAPSHOT_VERSION: u16 = 2;

/// A ledger as plain data. Two ledgers with equal snapshots are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LedgerSnapshot {
    /// [`SNAPSHOT_VERSION`] at the time of writing.
    pub version: u16,
    /// All assets, ascending, each with its deposits minus withdrawals.
    pub assets: Vec<(AssetId, Amount)>,
    /// All accounts, ascending.
    pub accounts: Vec<AccountSnapshot>,
}

/// An account as plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AccountSnapshot {
    /// Whose balances.
    pub account: AccountId,
    /// Whether it was closed.
    pub closed: bool,
    /// What the account owns, by ascending asset, without the assets of which it owns nothing.
    pub balances: Vec<(AssetId, Balance)>,
}

impl Ledger {
    /// The ledger as plain data. O(balances).
    pub fn snapshot(&self) -> LedgerSnapshot {
        LedgerSnapshot {
            version: SNAPSHOT_VERSION,
            assets: self
                .totals
                .iter()
                .map(|(asset, total)| (asset, *total))
                .collect(),
            accounts: self
                .accounts
                .iter()
                .map(|(id, account)| AccountSnapshot {
                    account: id,
                    closed: account.closed,
                    balances: account.balances().collect(),
                })
                .collect(),
        }
    }

    /// The ledger that a snapshot was taken of. O(balances).
    ///
    /// # Errors
    ///
    /// A [`RestoreError`] where the snapshot is of another version or describes no possible
    /// ledger.
    pub fn restore(snapshot: &LedgerSnapshot) -> Result<Self, RestoreError> {
        if snapshot.version != SNAPSHOT_VERSION {
            return Err(RestoreError::UnknownVersion(snapshot.version));
        }
        let mut ledger = Self {
            totals: snapshot.assets.iter().copied().collect(),
            ..Self::default()
        };
        for account in &snapshot.accounts {
            let mut restored = Account::new(account.closed);
            for (asset, balance) in &account.balances {
                *restored.entry(*asset) = *balance;
            }
            ledger.accounts.insert(account.account, restored);
        }
        // Unsorted lists, duplicates and zero balances do not survive the way there and back.
        if ledger.snapshot() != *snapshot {
            return Err(RestoreError::Garbage);
        }
        ledger.check()?;
        Ok(ledger)
    }
}

/// Why a snapshot is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Written by software with another idea of a snapshot.
    #[error("snapshot version {0} is unknown")]
    UnknownVersion(u16),
    /// No sequence of commands leads to this.
    #[error("the snapshot describes no possible ledger")]
    Garbage,
    /// It restores to a ledger that breaks an invariant.
    #[error(transparent)]
    Violation(#[from] Violation),
}
