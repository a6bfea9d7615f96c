//! The ledger, as simple as it can be said.
//!
//! One map with every balance that was ever touched, as bare numbers: available and held. Totals
//! are added up anew each time somebody asks. Of all the reasons to refuse a command the one
//! listed first in [`LedgerReject`] is given, as that type promises.

use std::collections::{BTreeMap, BTreeSet};

use accounts_core::{AccountId, AssetId, Command, LedgerReject, Settlement};

/// Available and held, in smallest units.
pub type Pair = (u128, u128);

/// The balances that are not zero.
pub type Balances = BTreeMap<(AccountId, AssetId), Pair>;

/// The model of a `Ledger`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    assets: BTreeSet<AssetId>,
    accounts: BTreeSet<AccountId>,
    balances: Balances,
}

impl Ledger {
    /// Does what the command says.
    ///
    /// # Errors
    ///
    /// The reason why it is refused; nothing changed then.
    pub fn apply(&mut self, command: &Command) -> Result<(), LedgerReject> {
        if let Some(reason) = self.reason_against(command) {
            return Err(reason);
        }
        match *command {
            Command::AddAsset { asset } => {
                self.assets.insert(asset);
            }
            Command::OpenAccount { account } => {
                self.accounts.insert(account);
            }
            Command::Deposit {
                account,
                asset,
                amount,
            } => self.pair(account, asset).0 += amount.get(),
            Command::Withdraw {
                account,
                asset,
                amount,
            } => self.pair(account, asset).0 -= amount.get(),
            Command::Hold {
                account,
                asset,
                amount,
            } => {
                self.pair(account, asset).0 -= amount.get();
                self.pair(account, asset).1 += amount.get();
            }
            Command::Release {
                account,
                asset,
                amount,
            } => {
                self.pair(account, asset).1 -= amount.get();
                self.pair(account, asset).0 += amount.get();
            }
            Command::Settle(Settlement {
                base,
                quote,
                buyer,
                seller,
                base_amount,
                quote_amount,
                buyer_fee,
                seller_fee,
                fee_account,
            }) => {
                self.pair(buyer, quote).1 -= quote_amount.get();
                self.pair(seller, base).1 -= base_amount.get();
                self.pair(buyer, base).0 += base_amount.get() - buyer_fee.get();
                self.pair(seller, quote).0 += quote_amount.get() - seller_fee.get();
                self.pair(fee_account, base).0 += buyer_fee.get();
                self.pair(fee_account, quote).0 += seller_fee.get();
            }
        }
        Ok(())
    }

    /// The first of all rules that forbid the command, in the order of the list.
    fn reason_against(&self, command: &Command) -> Option<LedgerReject> {
        let no_asset = |asset| !self.assets.contains(&asset);
        let no_account = |account| !self.accounts.contains(&account);
        let rules = match *command {
            Command::AddAsset { asset } => {
                vec![(!no_asset(asset), LedgerReject::DuplicateAsset)]
            }
            Command::OpenAccount { account } => {
                vec![(!no_account(account), LedgerReject::DuplicateAccount)]
            }
            Command::Deposit {
                account,
                asset,
                amount,
            } => vec![
                (no_asset(asset), LedgerReject::UnknownAsset),
                (no_account(account), LedgerReject::UnknownAccount),
                (amount.get() == 0, LedgerReject::ZeroAmount),
                (
                    self.total(asset).checked_add(amount.get()).is_none(),
                    LedgerReject::AmountOverflow,
                ),
            ],
            Command::Withdraw {
                account,
                asset,
                amount,
            }
            | Command::Hold {
                account,
                asset,
                amount,
            } => vec![
                (no_asset(asset), LedgerReject::UnknownAsset),
                (no_account(account), LedgerReject::UnknownAccount),
                (amount.get() == 0, LedgerReject::ZeroAmount),
                (
                    self.balance(account, asset).0 < amount.get(),
                    LedgerReject::InsufficientAvailable,
                ),
            ],
            Command::Release {
                account,
                asset,
                amount,
            } => vec![
                (no_asset(asset), LedgerReject::UnknownAsset),
                (no_account(account), LedgerReject::UnknownAccount),
                (amount.get() == 0, LedgerReject::ZeroAmount),
                (
                    self.balance(account, asset).1 < amount.get(),
                    LedgerReject::InsufficientHeld,
                ),
            ],
            Command::Settle(it) => vec![
                (
                    no_asset(it.base) || no_asset(it.quote),
                    LedgerReject::UnknownAsset,
                ),
                (
                    [it.buyer, it.seller, it.fee_account]
                        .into_iter()
                        .any(no_account),
                    LedgerReject::UnknownAccount,
                ),
                (
                    it.base_amount.get() == 0 || it.quote_amount.get() == 0,
                    LedgerReject::ZeroAmount,
                ),
                (
                    it.base == it.quote
                        || it.buyer_fee > it.base_amount
                        || it.seller_fee > it.quote_amount,
                    LedgerReject::InvalidSettlement,
                ),
                (
                    self.balance(it.buyer, it.quote).1 < it.quote_amount.get()
                        || self.balance(it.seller, it.base).1 < it.base_amount.get(),
                    LedgerReject::InsufficientHeld,
                ),
            ],
        };
        let broken = rules.into_iter().find(|(broken, _)| *broken);
        broken.map(|(_, reason)| reason)
    }

    fn pair(&mut self, account: AccountId, asset: AssetId) -> &mut Pair {
        self.balances.entry((account, asset)).or_default()
    }

    /// What an account owns of an asset; nothing where either is unknown.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Pair {
        let balance = self.balances.get(&(account, asset));
        balance.copied().unwrap_or_default()
    }

    /// The balances that are not zero.
    pub fn balances(&self) -> Balances {
        let owned = self.balances.iter().filter(|(_, pair)| **pair != (0, 0));
        owned.map(|(key, pair)| (*key, *pair)).collect()
    }

    /// What all accounts own of an asset together.
    pub fn total(&self, asset: AssetId) -> u128 {
        let of_asset = self.balances.iter().filter(|((_, of), _)| *of == asset);
        of_asset
            .map(|(_, (available, held))| available + held)
            .sum()
    }

    /// The assets, ascending.
    pub fn assets(&self) -> impl Iterator<Item = AssetId> + '_ {
        self.assets.iter().copied()
    }

    /// The accounts, ascending.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.accounts.iter().copied()
    }
}
