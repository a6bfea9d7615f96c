//! The ledger, as simple as it can be said.
//!
//! One map with every balance that was ever touched, as numbers without an end: available and held.
//! Totals are added up anew each time somebody asks. Of all the reasons to refuse a command the one
//! listed first in [`LedgerReject`] is given, as that type promises; only whose account is at fault
//! in a settlement goes by the parties. What a command changes is a list of changes, each of
//! which is looked at when all are added up.

use std::collections::{BTreeMap, BTreeSet};

use accounts_core::{
    AccountId, Amount, AssetId, Balance, Command, Delta, Event, Fee, LedgerReject, Posting,
    Settlement,
};
use num_bigint::BigInt;

/// Available and held, in smallest units.
pub type Pair = (u128, u128);

/// The balances that are not zero.
pub type Balances = BTreeMap<(AccountId, AssetId), Pair>;

/// What is added to a balance: available and held.
type Changes = Vec<((AccountId, AssetId), (BigInt, BigInt))>;

/// The model of a `Ledger`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    assets: BTreeSet<AssetId>,
    accounts: BTreeSet<AccountId>,
    /// Those of the accounts that are closed.
    closed: BTreeSet<AccountId>,
    balances: BTreeMap<(AccountId, AssetId), (BigInt, BigInt)>,
}

impl Ledger {
    /// Does what the command says, and tells what happened.
    ///
    /// # Errors
    ///
    /// The reason why it is refused; nothing changed then.
    pub fn apply(&mut self, command: &Command) -> Result<Vec<Event>, LedgerReject> {
        if let Some(reason) = self.reason_against(command) {
            return Err(reason);
        }
        let mut events = Vec::new();
        match *command {
            Command::AddAsset { asset } => {
                self.assets.insert(asset);
                events.push(Event::AssetAdded { asset });
            }
            Command::OpenAccount { account } => {
                self.accounts.insert(account);
                events.push(Event::AccountOpened { account });
            }
            Command::CloseAccount { account } => {
                self.closed.insert(account);
                events.push(Event::AccountClosed { account });
            }
            Command::Deposit {
                account,
                asset,
                amount,
            } => events.push(Event::Deposited {
                account,
                asset,
                amount,
            }),
            Command::Withdraw {
                account,
                asset,
                amount,
            } => events.push(Event::Withdrawn {
                account,
                asset,
                amount,
            }),
            Command::Hold { .. } | Command::Release { .. } | Command::Settle(_) => {}
        }
        for (key, (available, held)) in net(changes(command)) {
            let balance = self.balances.entry(key).or_default();
            balance.0 += &available;
            balance.1 += &held;
            let (account, asset) = key;
            events.push(Event::Posted(Posting {
                account,
                asset,
                available: delta(&available),
                held: delta(&held),
                balance: Balance {
                    available: amount(&balance.0),
                    held: amount(&balance.1),
                },
            }));
        }
        Ok(events)
    }

    /// The first of all rules that forbid the command, in the order of the list.
    fn reason_against(&self, command: &Command) -> Option<LedgerReject> {
        match *command {
            Command::AddAsset { asset } => self
                .assets
                .contains(&asset)
                .then_some(LedgerReject::DuplicateAsset),
            Command::OpenAccount { account } => self
                .accounts
                .contains(&account)
                .then_some(LedgerReject::DuplicateAccount),
            Command::CloseAccount { account } => self.not_open(account).or_else(|| {
                let mut owned = self.balances.iter().filter(|((of, _), _)| *of == account);
                let owns = owned.any(|(_, pair)| *pair != Default::default());
                owns.then_some(LedgerReject::AccountNotEmpty)
            }),
            Command::Deposit {
                account,
                asset,
                amount,
            } => self.not_movable(account, asset, amount).or_else(|| {
                let total = self.total(asset) + amount.get();
                (total > most()).then_some(LedgerReject::AmountOverflow)
            }),
            Command::Withdraw {
                account,
                asset,
                amount,
            }
            | Command::Hold {
                account,
                asset,
                amount,
            } => self.not_movable(account, asset, amount).or_else(|| {
                let (available, _) = self.balance(account, asset);
                (available < amount.get().into()).then_some(LedgerReject::InsufficientAvailable)
            }),
            Command::Release {
                account,
                asset,
                amount,
            } => self.not_movable(account, asset, amount).or_else(|| {
                let (_, held) = self.balance(account, asset);
                (held < amount.get().into()).then_some(LedgerReject::InsufficientHeld)
            }),
            Command::Settle(settlement) => self.reason_against_settlement(&settlement),
        }
    }

    fn reason_against_settlement(&self, it: &Settlement) -> Option<LedgerReject> {
        let assets = [it.base, it.quote, it.buyer_fee.asset, it.seller_fee.asset];
        if assets.iter().any(|asset| !self.assets.contains(asset)) {
            return Some(LedgerReject::UnknownAsset);
        }
        let parties = [it.buyer, it.seller, it.fee_account];
        if let Some(reason) = parties.into_iter().find_map(|it| self.not_open(it)) {
            return Some(reason);
        }
        if it.base_amount.get() == 0 || it.quote_amount.get() == 0 {
            return Some(LedgerReject::ZeroAmount);
        }
        let fees = [it.buyer_fee, it.seller_fee].map(|fee| BigInt::from(fee.amount.get()));
        let positive = |fee: &Fee| BigInt::from(fee.amount.get().max(0));
        let fee_in = |fee: &Fee, asset| {
            if fee.asset == asset {
                positive(fee)
            } else {
                BigInt::ZERO
            }
        };
        let received = |fee, asset, amount: Amount| fee_in(fee, asset) > amount.get().into();
        let paid = |fee, asset, amount: Amount, frees: Amount| {
            fee_in(fee, asset) + amount.get() > frees.get().into()
        };
        // A rebate comes out of the other side's fee.
        let rebate = |fee: &BigInt, other: &BigInt| {
            let covered = it.buyer_fee.asset == it.seller_fee.asset && *other >= -fee;
            *fee < BigInt::ZERO && !covered
        };
        if it.base == it.quote
            || received(&it.buyer_fee, it.base, it.base_amount)
            || received(&it.seller_fee, it.quote, it.quote_amount)
            || paid(&it.buyer_fee, it.quote, it.quote_amount, it.buyer_frees)
            || paid(&it.seller_fee, it.base, it.base_amount, it.seller_frees)
            || rebate(&fees[0], &fees[1])
            || rebate(&fees[1], &fees[0])
        {
            return Some(LedgerReject::InvalidSettlement);
        }
        let (_, buyer_holds) = self.balance(it.buyer, it.quote);
        let (_, seller_holds) = self.balance(it.seller, it.base);
        if buyer_holds < it.buyer_frees.get().into() || seller_holds < it.seller_frees.get().into()
        {
            return Some(LedgerReject::InsufficientHeld);
        }
        // What is paid in a third asset has to be there before.
        let third = [(it.buyer, it.buyer_fee), (it.seller, it.seller_fee)];
        let third = third.map(|(account, fee)| match fee.asset {
            asset if asset == it.base || asset == it.quote => None,
            asset => Some(((account, asset), positive(&fee))),
        });
        let short = third.iter().flatten().any(|(key, _)| {
            let all = third.iter().flatten().filter(|(other, _)| other == key);
            let sum: BigInt = all.map(|(_, fee)| fee).sum();
            self.balance(key.0, key.1).0 < sum
        });
        short.then_some(LedgerReject::InsufficientAvailable)
    }

    fn not_movable(
        &self,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
    ) -> Option<LedgerReject> {
        if !self.assets.contains(&asset) {
            return Some(LedgerReject::UnknownAsset);
        }
        if let Some(reason) = self.not_open(account) {
            return Some(reason);
        }
        (amount.get() == 0).then_some(LedgerReject::ZeroAmount)
    }

    fn not_open(&self, account: AccountId) -> Option<LedgerReject> {
        if !self.accounts.contains(&account) {
            return Some(LedgerReject::UnknownAccount);
        }
        let closed = self.closed.contains(&account);
        closed.then_some(LedgerReject::AccountClosed)
    }

    /// What an account owns of an asset, available and held; nothing where either is unknown.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> (BigInt, BigInt) {
        let balance = self.balances.get(&(account, asset));
        balance.cloned().unwrap_or_default()
    }

    /// The balances that are not zero.
    pub fn balances(&self) -> Balances {
        let pairs = self.balances.iter().map(|(key, (available, held))| {
            let pair = (amount(available).get(), amount(held).get());
            (*key, pair)
        });
        pairs.filter(|(_, pair)| *pair != (0, 0)).collect()
    }

    /// What all accounts own of an asset together.
    pub fn total(&self, asset: AssetId) -> BigInt {
        let of_asset = self.balances.iter().filter(|((_, of), _)| *of == asset);
        of_asset
            .map(|(_, (available, held))| available + held)
            .sum()
    }

    /// The assets, ascending.
    pub fn assets(&self) -> impl Iterator<Item = AssetId> + '_ {
        self.assets.iter().copied()
    }

    /// The accounts, closed ones too, ascending.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.accounts.iter().copied()
    }

    /// Whether an account was closed.
    pub fn is_closed(&self, account: AccountId) -> bool {
        self.closed.contains(&account)
    }
}

/// All that a command adds to balances, one by one.
fn changes(command: &Command) -> Changes {
    let none = BigInt::ZERO;
    match *command {
        Command::Deposit {
            account,
            asset,
            amount,
        } => vec![((account, asset), (amount.get().into(), none))],
        Command::Withdraw {
            account,
            asset,
            amount,
        } => vec![((account, asset), (-BigInt::from(amount.get()), none))],
        Command::Hold {
            account,
            asset,
            amount,
        } => {
            let amount = BigInt::from(amount.get());
            vec![((account, asset), (-amount.clone(), amount))]
        }
        Command::Release {
            account,
            asset,
            amount,
        } => {
            let amount = BigInt::from(amount.get());
            vec![((account, asset), (amount.clone(), -amount))]
        }
        Command::Settle(it) => {
            let big = |amount: Amount| BigInt::from(amount.get());
            let frees = |account, asset, frees: Amount, pays: Amount| {
                (
                    (account, asset),
                    (big(frees) - big(pays), -BigInt::from(frees.get())),
                )
            };
            let given = |account, asset, amount: BigInt| ((account, asset), (amount, BigInt::ZERO));
            let paid =
                |account, fee: Fee| given(account, fee.asset, -BigInt::from(fee.amount.get()));
            let earned = |fee: Fee| given(it.fee_account, fee.asset, fee.amount.get().into());
            vec![
                frees(it.buyer, it.quote, it.buyer_frees, it.quote_amount),
                frees(it.seller, it.base, it.seller_frees, it.base_amount),
                given(it.buyer, it.base, big(it.base_amount)),
                given(it.seller, it.quote, big(it.quote_amount)),
                paid(it.buyer, it.buyer_fee),
                paid(it.seller, it.seller_fee),
                earned(it.buyer_fee),
                earned(it.seller_fee),
            ]
        }
        Command::AddAsset { .. } | Command::OpenAccount { .. } | Command::CloseAccount { .. } => {
            vec![]
        }
    }
}

/// What comes of all changes of a balance together, where its first change was; balances that stay
/// the same are left out.
fn net(changes: Changes) -> Changes {
    let mut sums = Changes::new();
    for (key, (available, held)) in changes {
        match sums.iter_mut().find(|(seen, _)| *seen == key) {
            Some((_, sum)) => {
                sum.0 += available;
                sum.1 += held;
            }
            None => sums.push((key, (available, held))),
        }
    }
    sums.retain(|(_, sum)| *sum != Default::default());
    sums
}

/// The most that there may be of an asset.
fn most() -> BigInt {
    (BigInt::from(1) << 127) - 1
}

/// The number as an amount that may be.
pub(crate) fn amount(number: &BigInt) -> Amount {
    assert!(*number <= most(), "{number} is more than there may be");
    Amount::new(u128::try_from(number).expect("nobody owns less than nothing"))
}

/// The number as a change of what may be.
pub(crate) fn delta(number: &BigInt) -> Delta {
    Delta::new(i128::try_from(number).expect("what may be is below 2^127"))
}
