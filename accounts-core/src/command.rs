//! What a caller may ask of a ledger. Amounts are in smallest units of their asset.

use crate::{AccountId, Amount, AssetId, Fee};

/// One request to a ledger. Commands are applied whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Command {
    /// Make an asset known.
    AddAsset {
        /// Its id, not in use yet.
        asset: AssetId,
    },
    /// Open an account that owns nothing.
    OpenAccount {
        /// Its id, not in use yet.
        account: AccountId,
    },
    /// Close an account that owns nothing, for good: its id is never free again.
    CloseAccount {
        /// Which one.
        account: AccountId,
    },
    /// Bring units into the ledger; they are available.
    Deposit {
        /// Who receives them.
        account: AccountId,
        /// Units of what.
        asset: AssetId,
        /// How many, at least 1.
        amount: Amount,
    },
    /// Take available units out of the ledger.
    Withdraw {
        /// Who gives them.
        account: AccountId,
        /// Units of what.
        asset: AssetId,
        /// How many, at least 1 and at most what is available.
        amount: Amount,
    },
    /// Promise available units, so that they can be settled and not be spent twice.
    Hold {
        /// Who owns them.
        account: AccountId,
        /// Units of what.
        asset: AssetId,
        /// How many, at least 1 and at most what is available.
        amount: Amount,
    },
    /// Make held units available again.
    Release {
        /// Who owns them.
        account: AccountId,
        /// Units of what.
        asset: AssetId,
        /// How many, at least 1 and at most what is held.
        amount: Amount,
    },
    /// Exchange held units between the two sides of a trade.
    Settle(Settlement),
}

/// The two sides of a trade, each of which pays with what it holds.
///
/// The buyer's held quote pays the seller, the seller's held base the buyer; what arrives is
/// available. Buyer, seller and fee account may be one and the same.
///
/// A fee in a third asset has to be available before the trade. A rebate, which is a negative fee, comes
/// out of the other side's fee: that has to be in the same asset, and at least as much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Settlement {
    /// The asset that is bought and sold.
    pub base: AssetId,
    /// The asset that it is paid with; not the base.
    pub quote: AssetId,
    /// Gives quote and receives base.
    pub buyer: AccountId,
    /// Gives base and receives quote.
    pub seller: AccountId,
    /// What the seller gives, in units of base, at least 1.
    pub base_amount: Amount,
    /// What the buyer gives, in units of quote, at least 1.
    pub quote_amount: Amount,
    /// How much of its held quote the buyer need not hold any more: what it pays, and what it saves
    /// by a price that is better than the one it held for, which becomes available.
    pub buyer_frees: Amount,
    /// How much of its held base the seller need not hold any more.
    pub seller_frees: Amount,
    /// What the buyer pays, or is paid, besides. In base it comes out of what it receives, in quote
    /// out of what it frees, in a third asset out of what is available.
    pub buyer_fee: Fee,
    /// What the seller pays, or is paid, besides.
    pub seller_fee: Fee,
    /// Receives the fees and pays the rebates. Must exist even where there are none.
    pub fee_account: AccountId,
}
