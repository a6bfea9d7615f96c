//! What happened in a ledger. Amounts are in smallest units of their asset.

use crate::{AccountId, Amount, AssetId, Balance, Delta};

/// Something that happened. In the order in which a command emits them: first what was done, then
/// one [`Posted`](Self::Posted) per balance that it changed.
///
/// Together they are double entry: per asset the [entries](Self::entry) of a command add up to
/// zero. A deposit comes from the external account, which thereby owes it to somebody, and a
/// withdrawal goes back there.
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
    /// An account was closed; it owned nothing.
    AccountClosed {
        /// Its id.
        account: AccountId,
    },
    /// Units came into the ledger, from the external account. The new balance follows.
    Deposited {
        /// Who received them.
        account: AccountId,
        /// Units of what.
        asset: AssetId,
        /// How many.
        amount: Amount,
    },
    /// Units left the ledger, to the external account. The new balance follows.
    Withdrawn {
        /// Who gave them.
        account: AccountId,
        /// Units of what.
        asset: AssetId,
        /// How many.
        amount: Amount,
    },
    /// A balance changed.
    Posted(Posting),
}

/// The change of one balance. Emitted exactly once per command and balance that it changed, after
/// all of the command is done; of a settlement first what the buyer and the seller paid with, then
/// what they received, what they paid as fees in a third asset, and what the fee account received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Posting {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub asset: AssetId,
    /// What was added to what is available.
    pub available: Delta,
    /// What was added to what is held.
    pub held: Delta,
    /// The whole balance after it.
    pub balance: Balance,
}

/// Who owns something: an account, or the world outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Party {
    /// An account of the ledger.
    Account(AccountId),
    /// Where deposits come from and withdrawals go. It is owed what all accounts own together, so its
    /// balance is zero or below.
    External,
}

/// A line of the books: so much was added to what a party has of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub party: Party,
    /// Of what.
    pub asset: AssetId,
    /// What was added, available or held.
    pub change: Delta,
}

impl Event {
    /// What this adds to what somebody has, if anything.
    ///
    /// ```
    /// use accounts_core::*;
    ///
    /// let (ann, usd) = (AccountId::new(1), AssetId::new(1));
    /// let mut ledger = Ledger::new();
    /// let mut events: Vec<Event> = Vec::new();
    /// for command in [
    ///     Command::AddAsset { asset: usd },
    ///     Command::OpenAccount { account: ann },
    ///     Command::Deposit { account: ann, asset: usd, amount: Amount::new(100) },
    /// ] {
    ///     ledger.apply(&command, &mut events)?;
    /// }
    /// let changes = events.iter().filter_map(Event::entry).map(|entry| (entry.party, entry.change.get()));
    /// assert!(changes.eq([(Party::External, -100), (Party::Account(ann), 100)]));
    /// # Ok::<(), LedgerReject>(())
    /// ```
    pub fn entry(&self) -> Option<Entry> {
        let external = |asset, change| Entry {
            party: Party::External,
            asset,
            change,
        };
        match *self {
            Self::Deposited { asset, amount, .. } => Some(external(asset, -amount.gain()?)),
            Self::Withdrawn { asset, amount, .. } => Some(external(asset, amount.gain()?)),
            Self::Posted(posting) => Some(Entry {
                party: Party::Account(posting.account),
                asset: posting.asset,
                change: posting.available.checked_add(posting.held)?,
            }),
            _ => None,
        }
    }
}
