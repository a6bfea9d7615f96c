//! The ledger: its one verb, its queries and its self-check.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::balance::Balances;
use crate::{
    AccountId, Amount, AssetId, Balance, Command, Event, LedgerReject, Settlement, Violation,
};

/// The balances of all accounts in all assets, and the rules by which they change.
///
/// See the [crate documentation](crate) for the rules and a whole trade. With *n* accounts, *m*
/// assets and *k* assets in an account, a command costs O(log n + log m + log k), plus O(k) where
/// an account comes to own an asset or none of it any more.
///
/// ```
/// use accounts_core::*;
///
/// let (ann, usd) = (AccountId::new(1), AssetId::new(1));
/// let mut ledger = Ledger::new();
/// let mut events = Vec::new();
/// ledger.apply(&Command::AddAsset { asset: usd }, &mut events)?;
/// ledger.apply(&Command::OpenAccount { account: ann }, &mut events)?;
///
/// let amount = Amount::new(100);
/// ledger.apply(&Command::Deposit { account: ann, asset: usd, amount }, &mut events)?;
/// ledger.apply(&Command::Hold { account: ann, asset: usd, amount }, &mut events)?;
///
/// // What is promised cannot be withdrawn.
/// let withdraw = Command::Withdraw { account: ann, asset: usd, amount };
/// assert_eq!(
///     ledger.apply(&withdraw, &mut events),
///     Err(LedgerReject::InsufficientAvailable),
/// );
/// assert_eq!(
///     ledger.balance(ann, usd),
///     Some(Balance { available: Amount::ZERO, held: amount }),
/// );
/// # Ok::<(), LedgerReject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// Deposits minus withdrawals, per asset.
    pub(crate) totals: BTreeMap<AssetId, Amount>,
    /// An ordered map: its cost does not depend on who chooses the ids, and its order is always
    /// the same.
    pub(crate) accounts: BTreeMap<AccountId, Balances>,
}

impl Ledger {
    /// A ledger without assets and accounts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies a command: validates it, moves the units, and appends what happened to `events`.
    ///
    /// # Errors
    ///
    /// A [`LedgerReject`] where the command is refused; the ledger and `events` are then
    /// untouched.
    pub fn apply(
        &mut self,
        command: &Command,
        events: &mut Vec<Event>,
    ) -> Result<(), LedgerReject> {
        self.validate(command)?;
        self.execute(command, events);
        Ok(())
    }

    /// Whether [`apply`](Self::apply) would take this command now.
    ///
    /// # Errors
    ///
    /// The [`LedgerReject`] that `apply` would return.
    pub fn validate(&self, command: &Command) -> Result<(), LedgerReject> {
        match *command {
            Command::AddAsset { asset } => {
                if self.totals.contains_key(&asset) {
                    return Err(LedgerReject::DuplicateAsset);
                }
                Ok(())
            }
            Command::OpenAccount { account } => {
                if self.has_account(account) {
                    return Err(LedgerReject::DuplicateAccount);
                }
                Ok(())
            }
            Command::Deposit {
                account,
                asset,
                amount,
            } => {
                self.known(account, asset)?;
                nonzero(amount)?;
                self.totals[&asset]
                    .checked_add(amount)
                    .ok_or(LedgerReject::AmountOverflow)?;
                Ok(())
            }
            Command::Withdraw {
                account,
                asset,
                amount,
            }
            | Command::Hold {
                account,
                asset,
                amount,
            } => {
                let balance = self.known(account, asset)?;
                nonzero(amount)?;
                if balance.available < amount {
                    return Err(LedgerReject::InsufficientAvailable);
                }
                Ok(())
            }
            Command::Release {
                account,
                asset,
                amount,
            } => {
                let balance = self.known(account, asset)?;
                nonzero(amount)?;
                if balance.held < amount {
                    return Err(LedgerReject::InsufficientHeld);
                }
                Ok(())
            }
            Command::Settle(settlement) => self.validate_settlement(&settlement),
        }
    }

    fn validate_settlement(&self, settlement: &Settlement) -> Result<(), LedgerReject> {
        let &Settlement {
            base,
            quote,
            buyer,
            seller,
            base_amount,
            quote_amount,
            buyer_fee,
            seller_fee,
            fee_account,
        } = settlement;
        if [base, quote]
            .iter()
            .any(|asset| !self.totals.contains_key(asset))
        {
            return Err(LedgerReject::UnknownAsset);
        }
        let pays_quote = self.known(buyer, quote)?;
        let pays_base = self.known(seller, base)?;
        if !self.has_account(fee_account) {
            return Err(LedgerReject::UnknownAccount);
        }
        nonzero(base_amount)?;
        nonzero(quote_amount)?;
        if base == quote || buyer_fee > base_amount || seller_fee > quote_amount {
            return Err(LedgerReject::InvalidSettlement);
        }
        // Two balances even of one account, since the assets differ: no unit is counted twice.
        if pays_quote.held < quote_amount || pays_base.held < base_amount {
            return Err(LedgerReject::InsufficientHeld);
        }
        Ok(())
    }

    /// The balance of a known account in a known asset.
    fn known(&self, account: AccountId, asset: AssetId) -> Result<Balance, LedgerReject> {
        if !self.totals.contains_key(&asset) {
            return Err(LedgerReject::UnknownAsset);
        }
        let balances = self
            .accounts
            .get(&account)
            .ok_or(LedgerReject::UnknownAccount)?;
        Ok(balances.get(asset))
    }

    /// Carries out what validation has let through.
    fn execute(&mut self, command: &Command, events: &mut Vec<Event>) {
        match *command {
            Command::AddAsset { asset } => {
                self.totals.insert(asset, Amount::ZERO);
                events.push(Event::AssetAdded { asset });
            }
            Command::OpenAccount { account } => {
                self.accounts.insert(account, Balances::default());
                events.push(Event::AccountOpened { account });
            }
            Command::Deposit {
                account,
                asset,
                amount,
            } => {
                self.change_total(asset, |total| total.checked_add(amount));
                self.change(account, asset, |balance| credit(balance, amount));
                events.push(Event::Deposited {
                    account,
                    asset,
                    amount,
                });
                events.push(self.balance_changed(account, asset));
            }
            Command::Withdraw {
                account,
                asset,
                amount,
            } => {
                self.change_total(asset, |total| total.checked_sub(amount));
                self.change(account, asset, |balance| debit_available(balance, amount));
                events.push(Event::Withdrawn {
                    account,
                    asset,
                    amount,
                });
                events.push(self.balance_changed(account, asset));
            }
            Command::Hold {
                account,
                asset,
                amount,
            } => {
                self.change(account, asset, |balance| {
                    debit_available(balance, amount);
                    balance.held = add(balance.held, amount);
                });
                events.push(self.balance_changed(account, asset));
            }
            Command::Release {
                account,
                asset,
                amount,
            } => {
                self.change(account, asset, |balance| {
                    debit_held(balance, amount);
                    credit(balance, amount);
                });
                events.push(self.balance_changed(account, asset));
            }
            Command::Settle(settlement) => self.settle(&settlement, events),
        }
    }

    fn settle(&mut self, settlement: &Settlement, events: &mut Vec<Event>) {
        let &Settlement {
            base,
            quote,
            buyer,
            seller,
            base_amount,
            quote_amount,
            buyer_fee,
            seller_fee,
            fee_account,
        } = settlement;
        // Both sides pay before anybody receives: a balance never passes the asset's total, not
        // even on the way.
        self.change(buyer, quote, |balance| debit_held(balance, quote_amount));
        self.change(seller, base, |balance| debit_held(balance, base_amount));

        let mut changed: SmallVec<[(AccountId, AssetId); 6]> = SmallVec::new();
        changed.extend([(buyer, quote), (seller, base)]);
        for (account, asset, amount) in [
            (buyer, base, after_fee(base_amount, buyer_fee)),
            (seller, quote, after_fee(quote_amount, seller_fee)),
            (fee_account, base, buyer_fee),
            (fee_account, quote, seller_fee),
        ] {
            if amount.is_zero() {
                continue;
            }
            self.change(account, asset, |balance| credit(balance, amount));
            if !changed.contains(&(account, asset)) {
                changed.push((account, asset));
            }
        }
        for (account, asset) in changed {
            events.push(self.balance_changed(account, asset));
        }
    }

    /// Changes one balance. O(log accounts + log assets of the account).
    fn change(&mut self, account: AccountId, asset: AssetId, by: impl FnOnce(&mut Balance)) {
        let balances = self
            .accounts
            .get_mut(&account)
            .expect("validation has seen the account");
        let mut balance = balances.get(asset);
        by(&mut balance);
        balances.set(asset, balance);
    }

    fn change_total(&mut self, asset: AssetId, by: impl FnOnce(Amount) -> Option<Amount>) {
        let total = self
            .totals
            .get_mut(&asset)
            .expect("validation has seen the asset");
        *total = by(*total).expect(
            "validation has seen that a deposit fits, and no more is withdrawn than was deposited",
        );
    }

    fn balance_changed(&self, account: AccountId, asset: AssetId) -> Event {
        let Balance { available, held } = self.accounts[&account].get(asset);
        Event::BalanceChanged {
            account,
            asset,
            available,
            held,
        }
    }

    /// What an account owns of an asset; `None` where either is unknown. O(log accounts + log
    /// assets).
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Option<Balance> {
        self.known(account, asset).ok()
    }

    /// What an account owns, by ascending asset; `None` where the account is unknown. Assets of
    /// which it owns nothing are left out. O(log accounts), then O(1) per asset.
    pub fn balances(
        &self,
        account: AccountId,
    ) -> Option<impl Iterator<Item = (AssetId, Balance)> + '_> {
        self.accounts.get(&account).map(Balances::iter)
    }

    /// Whether the account is open. O(log accounts).
    pub fn has_account(&self, account: AccountId) -> bool {
        self.accounts.contains_key(&account)
    }

    /// All accounts, ascending.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.accounts.keys().copied()
    }

    /// All assets, ascending.
    pub fn assets(&self) -> impl Iterator<Item = AssetId> + '_ {
        self.totals.keys().copied()
    }

    /// What all accounts together own of an asset, deposits minus withdrawals, in its smallest
    /// units; `None` where the asset is unknown. O(log assets).
    pub fn total(&self, asset: AssetId) -> Option<Amount> {
        self.totals.get(&asset).copied()
    }

    /// Checks everything that must always hold; O(balances · log assets). For tests and audits.
    ///
    /// # Errors
    ///
    /// The [`Violation`] found first: a bug in this crate.
    pub fn check(&self) -> Result<(), Violation> {
        let mut sums: BTreeMap<AssetId, Amount> =
            self.assets().map(|asset| (asset, Amount::ZERO)).collect();
        for (account, balances) in &self.accounts {
            for (asset, balance) in balances.iter() {
                let Some(sum) = sums.get_mut(&asset) else {
                    return Err(Violation::new(
                        "I4",
                        format!("account {account} owns unknown asset {asset}"),
                    ));
                };
                *sum = balance
                    .total()
                    .and_then(|total| sum.checked_add(total))
                    .ok_or_else(|| {
                        Violation::new("I4", format!("the sum of asset {asset} overflows"))
                    })?;
            }
        }
        for (asset, sum) in sums {
            let total = self.totals[&asset];
            if sum != total {
                return Err(Violation::new(
                    "I4",
                    format!("asset {asset}: accounts sum to {sum}, total is {total}"),
                ));
            }
        }
        Ok(())
    }
}

fn nonzero(amount: Amount) -> Result<(), LedgerReject> {
    if amount.is_zero() {
        return Err(LedgerReject::ZeroAmount);
    }
    Ok(())
}

fn credit(balance: &mut Balance, amount: Amount) {
    balance.available = add(balance.available, amount);
}

fn debit_available(balance: &mut Balance, amount: Amount) {
    balance.available = balance
        .available
        .checked_sub(amount)
        .expect("validation has seen what is available");
}

fn debit_held(balance: &mut Balance, amount: Amount) {
    balance.held = balance
        .held
        .checked_sub(amount)
        .expect("validation has seen what is held");
}

fn add(part: Amount, amount: Amount) -> Amount {
    part.checked_add(amount)
        .expect("no balance exceeds the total of its asset, and the total fits")
}

fn after_fee(amount: Amount, fee: Amount) -> Amount {
    amount
        .checked_sub(fee)
        .expect("validation has seen that the fee is no larger")
}
