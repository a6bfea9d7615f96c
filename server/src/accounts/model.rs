//! Balances as their owners see them: a fold over the events of the exchange.

use std::collections::BTreeMap;

use accounts_core::{AssetId, Balance, Event as LedgerEvent};
use exchange_engine::{Event, Scope};
use orderbook_core::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::bus::Outcome;

/// The balances of one account, and whether it may trade.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountBalances {
    pub(crate) balances: BTreeMap<AssetId, Balance>,
    pub(crate) update_time: Timestamp,
    /// Whether an operator has halted the account itself.
    pub(crate) halted: bool,
}

/// The balances of all accounts.
#[derive(Debug, Default)]
pub(crate) struct BalanceModel {
    accounts: BTreeMap<AccountId, AccountBalances>,
}

/// What a [`BalanceModel`] says. Equal models give equal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredBalances(BTreeMap<AccountId, AccountBalances>);

impl BalanceModel {
    pub(crate) fn apply(&mut self, outcome: &Outcome) {
        for event in &outcome.events {
            match event {
                Event::Ledger(LedgerEvent::AccountOpened { account }) => {
                    let opened = self.accounts.entry(*account).or_default();
                    opened.update_time = outcome.time;
                }
                Event::Ledger(LedgerEvent::AccountClosed { account }) => {
                    self.accounts.remove(account);
                }
                Event::Ledger(LedgerEvent::Posted(posting)) => {
                    let changed = self.accounts.entry(posting.account).or_default();
                    changed.balances.insert(posting.asset, posting.balance);
                    changed.update_time = outcome.time;
                }
                Event::Halted {
                    scope: Scope::Account(account),
                } => self.accounts.entry(*account).or_default().halted = true,
                Event::Resumed {
                    scope: Scope::Account(account),
                } => self.accounts.entry(*account).or_default().halted = false,
                // Deposits and withdrawals show in the balances that follow them.
                _ => {}
            }
        }
    }

    pub(crate) fn account(&self, account: AccountId) -> Option<&AccountBalances> {
        self.accounts.get(&account)
    }

    /// What it takes to [go on](Self::restore) from here. O(balances).
    pub(crate) fn stored(&self) -> StoredBalances {
        StoredBalances(self.accounts.clone())
    }

    /// A model that goes on from what was stored.
    pub(crate) fn restore(stored: StoredBalances) -> Self {
        Self { accounts: stored.0 }
    }
}
