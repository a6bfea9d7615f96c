//! What happened in a ledger. Amounts are in smallest units of their asset.

use crate::{AccountId, Amount, AssetId};

/// Something that happened. In the order in which a command emits them: first what was done, then
/// one [`BalanceChanged`](Self::BalanceChanged) per balance that it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Event {
    /// An asset became known.
    AssetAdded {
        /// Its id.
        asset: AssetId,
    },
    /// An account was opened; it owns nothing.
    AccountOpened {
        /// Its id.
        account: AccountId,
    },
    /// Units came into the ledger. The new balance follows.
    Deposited {
        /// Who received them.
        account: AccountId,
        /// Units of what.
        asset: AssetId,
        /// How many.
        amount: Amount,
    },
    /// Units left the ledger. The new balance follows.
    Withdrawn {
        /// Who gave them.
        account: AccountId,
        /// Units of what.
        asset: AssetId,
        /// How many.
        amount: Amount,
    },
    /// A balance is now another. Emitted exactly once per command and balance that it changed,
    /// after all of the command is done; of a settlement first what the buyer and the seller paid
    /// with, then what the buyer, the seller and the fee account received.
    BalanceChanged {
        /// Whose.
        account: AccountId,
        /// Of what.
        asset: AssetId,
        /// What is available now: the whole of it, not the change.
        available: Amount,
        /// What is held now: the whole of it, not the change.
        held: Amount,
    },
}
