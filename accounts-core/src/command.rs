//! What a caller may ask of a ledger. Amounts are in smallest units of their asset.

use crate::{AccountId, Amount, AssetId};

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
/// available, less the fee. Buyer, seller and fee account may be one and the same.
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
    /// How much of the base amount goes to the fee account instead of the buyer.
    pub buyer_fee: Amount,
    /// How much of the quote amount goes to the fee account instead of the seller.
    pub seller_fee: Amount,
    /// Collects the fees. Must exist even where there are none.
    pub fee_account: AccountId,
}
