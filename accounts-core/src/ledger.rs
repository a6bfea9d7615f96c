//! The ledger: its one verb, its queries and its self-check.

use alloc::format;
use alloc::vec::Vec;

use crate::balance::Account;
use crate::id_map::IdMap;
use crate::settlement::Leg;
use crate::{
    AccountId, Amount, AssetId, Balance, Command, Delta, Event, LedgerReject, Posting, Violation,
};

/// The balances of all accounts in all assets, and the rules by which they change.
///
/// See the [crate documentation](crate) for the rules and a whole trade. Accounts and assets are
/// found in O(1) where ids are handed out in sequence, else in O(log n); with *k* assets in an
/// account a command costs O(log k) more, and O(k) where the account has never owned the asset.
///
/// ```
/// use accounts_core::*;
///
/// let (ann, usd) = (AccountId::new(1), AssetId::new(1));
/// let mut ledger = Ledger::new();
/// let mut events: Vec<Event> = Vec::new();
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
    /// Deposits minus withdrawals, per asset: what the external account owes.
    pub(crate) totals: IdMap<AssetId, Amount>,
    pub(crate) accounts: IdMap<AccountId, Account>,
}

impl Ledger {
    /// A ledger without assets and accounts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies a command: validates it, moves the units, and appends what happened to `events`,
    /// which may be events of somebody who has ours among theirs.
    ///
    /// # Errors
    ///
    /// A [`LedgerReject`] where the command is refused; the ledger and `events` are then
    /// untouched.
    #[inline(always)]
    pub fn apply<E: From<Event>>(
        &mut self,
        command: &Command,
        events: &mut Vec<E>,
    ) -> Result<(), LedgerReject> {
        match *command {
            // Every order does these two: one look at the balance, and reasons only where there is one.
            Command::Hold {
                account,
                asset,
                amount,
            } => {
                if self.shift::<true, E>(account, asset, amount, events) {
                    return Ok(());
                }
                self.validate(&Command::Hold {
                    account,
                    asset,
                    amount,
                })
            }
            Command::Release {
                account,
                asset,
                amount,
            } => {
                if self.shift::<false, E>(account, asset, amount, events) {
                    return Ok(());
                }
                self.validate(&Command::Release {
                    account,
                    asset,
                    amount,
                })
            }
            Command::Settle(ref settlement) => self.settle(settlement, events),
            _ => self.apply_rarely(command, events),
        }
    }

    #[inline(never)]
    fn apply_rarely<E: From<Event>>(
        &mut self,
        command: &Command,
        events: &mut Vec<E>,
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
                if self.totals.contains(asset) {
                    return Err(LedgerReject::DuplicateAsset);
                }
                Ok(())
            }
            Command::OpenAccount { account } => {
                if self.accounts.contains(account) {
                    return Err(LedgerReject::DuplicateAccount);
                }
                Ok(())
            }
            Command::CloseAccount { account } => {
                if self.open(account)?.balances().next().is_some() {
                    return Err(LedgerReject::AccountNotEmpty);
                }
                Ok(())
            }
            Command::Deposit {
                account,
                asset,
                amount,
            } => {
                let total = self.known_asset(asset)?;
                self.open(account)?;
                nonzero(amount)?;
                match total.checked_add(amount) {
                    Some(total) if total <= Amount::MAX => Ok(()),
                    _ => Err(LedgerReject::AmountOverflow),
                }
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
            Command::Settle(ref settlement) => self.sides(settlement).map(|_| ()),
        }
    }

    pub(crate) fn known_asset(&self, asset: AssetId) -> Result<Amount, LedgerReject> {
        let total = self.totals.get(asset);
        total.copied().ok_or(LedgerReject::UnknownAsset)
    }

    pub(crate) fn open(&self, account: AccountId) -> Result<&Account, LedgerReject> {
        let account = self.accounts.get(account);
        let account = account.ok_or(LedgerReject::UnknownAccount)?;
        if account.closed {
            return Err(LedgerReject::AccountClosed);
        }
        Ok(account)
    }

    /// The balance of an open account in a known asset.
    fn known(&self, account: AccountId, asset: AssetId) -> Result<Balance, LedgerReject> {
        self.known_asset(asset)?;
        Ok(self.open(account)?.balance(asset))
    }

    /// Carries out what validation has let through.
    fn execute<E: From<Event>>(&mut self, command: &Command, events: &mut Vec<E>) {
        match *command {
            Command::AddAsset { asset } => {
                self.totals.insert(asset, Amount::ZERO);
                events.push(Event::AssetAdded { asset }.into());
            }
            Command::OpenAccount { account } => {
                self.accounts.insert(account, Account::new(false));
                events.push(Event::AccountOpened { account }.into());
            }
            Command::CloseAccount { account } => {
                self.accounts.insert(account, Account::new(true));
                events.push(Event::AccountClosed { account }.into());
            }
            Command::Deposit {
                account,
                asset,
                amount,
            } => {
                let deposited = Event::Deposited {
                    account,
                    asset,
                    amount,
                };
                self.move_total(account, asset, gain(amount), &deposited, events);
            }
            Command::Withdraw {
                account,
                asset,
                amount,
            } => {
                let withdrawn = Event::Withdrawn {
                    account,
                    asset,
                    amount,
                };
                self.move_total(account, asset, -gain(amount), &withdrawn, events);
            }
            Command::Hold { .. } | Command::Release { .. } | Command::Settle(_) => {
                unreachable!("these have been carried out as they were validated")
            }
        }
    }

    /// Moves units between the external account and what is available, and says so.
    fn move_total<E: From<Event>>(
        &mut self,
        account: AccountId,
        asset: AssetId,
        change: Delta,
        event: &Event,
        events: &mut Vec<E>,
    ) {
        let total = self.totals.get_mut(asset);
        let total = total.expect("validation has seen the asset");
        *total = changed(*total, change);
        events.push((*event).into());
        let leg = Leg {
            account,
            asset,
            available: change,
            held: Delta::ZERO,
        };
        self.post(&leg, events);
    }

    /// Moves units from available to held, or back, where they are there and everything is known.
    #[inline(always)]
    fn shift<const HOLD: bool, E: From<Event>>(
        &mut self,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        events: &mut Vec<E>,
    ) -> bool {
        let Some(owner) = self.accounts.get_mut(account) else {
            return false;
        };
        // A closed account owns nothing, and an asset of which somebody owns something is known.
        let Some(balance) = owner.balance_mut(asset) else {
            return false;
        };
        let (from, to) = if HOLD {
            (&mut balance.available, &mut balance.held)
        } else {
            (&mut balance.held, &mut balance.available)
        };
        let Some(rest) = from.checked_sub(amount) else {
            return false;
        };
        if amount.is_zero() {
            return false;
        }
        *from = rest;
        *to = to.checked_add(amount).expect(FITS);
        let into_held = if HOLD { gain(amount) } else { -gain(amount) };
        let posting = Posting {
            account,
            asset,
            available: -into_held,
            held: into_held,
            balance: *balance,
        };
        events.push(Event::Posted(posting).into());
        true
    }

    /// Changes one balance, and says so where it is a change.
    #[inline]
    pub(crate) fn post<E: From<Event>>(&mut self, leg: &Leg, events: &mut Vec<E>) {
        if leg.available.is_zero() && leg.held.is_zero() {
            return;
        }
        let owner = self.accounts.get_mut(leg.account);
        let owner = owner.expect("validation has seen the account");
        let balance = owner.entry(leg.asset);
        balance.available = changed(balance.available, leg.available);
        balance.held = changed(balance.held, leg.held);
        let posting = Posting {
            account: leg.account,
            asset: leg.asset,
            available: leg.available,
            held: leg.held,
            balance: *balance,
        };
        events.push(Event::Posted(posting).into());
    }

    /// What an account owns of an asset; `None` where either is unknown or the account is closed.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Option<Balance> {
        self.known(account, asset).ok()
    }

    /// What an account has available of an asset; nothing where either is unknown. Cheaper than
    /// [`balance`](Self::balance).
    #[inline]
    pub fn available(&self, account: AccountId, asset: AssetId) -> Amount {
        let account = self.accounts.get(account);
        account.map_or(Amount::ZERO, |account| account.balance(asset).available)
    }

    /// What an account owns, by ascending asset; `None` where the account is unknown. Assets of
    /// which it owns nothing are left out.
    pub fn balances(
        &self,
        account: AccountId,
    ) -> Option<impl Iterator<Item = (AssetId, Balance)> + '_> {
        self.accounts.get(account).map(Account::balances)
    }

    /// Whether the account is open: neither unknown nor closed.
    #[inline]
    pub fn has_account(&self, account: AccountId) -> bool {
        self.open(account).is_ok()
    }

    /// Whether the account was closed.
    pub fn is_closed(&self, account: AccountId) -> bool {
        let account = self.accounts.get(account);
        account.is_some_and(|account| account.closed)
    }

    /// All accounts, closed ones too, ascending.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.accounts.ids()
    }

    /// All assets, ascending.
    pub fn assets(&self) -> impl Iterator<Item = AssetId> + '_ {
        self.totals.ids()
    }

    /// What all accounts together own of an asset, deposits minus withdrawals, in its smallest
    /// units; `None` where the asset is unknown. The external account has that much less than
    /// nothing.
    pub fn total(&self, asset: AssetId) -> Option<Amount> {
        self.totals.get(asset).copied()
    }

    /// Checks everything that must always hold; O(balances). For tests and audits.
    ///
    /// # Errors
    ///
    /// The [`Violation`] found first: a bug in this crate.
    pub fn check(&self) -> Result<(), Violation> {
        let mut sums: IdMap<AssetId, Amount> =
            self.assets().map(|asset| (asset, Amount::ZERO)).collect();
        for (account, owner) in self.accounts.iter() {
            for (asset, balance) in owner.balances() {
                if owner.closed {
                    let what = format!("account {account} is closed and owns asset {asset}");
                    return Err(Violation::new("I4", what));
                }
                let Some(sum) = sums.get_mut(asset) else {
                    let what = format!("account {account} owns unknown asset {asset}");
                    return Err(Violation::new("I4", what));
                };
                let added = balance.total().and_then(|total| sum.checked_add(total));
                let overflows =
                    || Violation::new("I4", format!("the sum of asset {asset} overflows"));
                *sum = added.ok_or_else(overflows)?;
            }
        }
        for (asset, sum) in sums.iter() {
            let total = self.total(asset).unwrap_or_default();
            if *sum != total || total > Amount::MAX {
                let what = format!("asset {asset}: accounts sum to {sum}, total is {total}");
                return Err(Violation::new("I4", what));
            }
        }
        Ok(())
    }
}

pub(crate) const FITS: &str = "no balance exceeds the total of its asset, and the total fits";

fn nonzero(amount: Amount) -> Result<(), LedgerReject> {
    if amount.is_zero() {
        return Err(LedgerReject::ZeroAmount);
    }
    Ok(())
}

/// Of an amount that is, or may be, in the ledger.
#[inline]
pub(crate) fn gain(amount: Amount) -> Delta {
    amount.gain().expect(FITS)
}

/// A balance after a change that leaves something, or nothing, but not less.
#[inline]
fn changed(amount: Amount, by: Delta) -> Amount {
    // Balances fit the signed number, so that whatever does not fit shows in the sign.
    let units = amount.get().cast_signed().wrapping_add(by.get());
    assert!(
        units >= 0,
        "validation has seen what is there, and the total of an asset fits"
    );
    Amount::new(units.cast_unsigned())
}
