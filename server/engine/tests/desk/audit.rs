//! What must hold after every command, whatever the scenario is about.

use std::collections::BTreeMap;

use accounts_core::{AccountId, AssetId, Delta, Event as LedgerEvent};
use exchange_engine::{Event, Exchange, Input};

use super::Desk;

impl Desk {
    /// Looks at everything after a command that was taken.
    #[track_caller]
    pub(super) fn audit(&mut self, input: &Input, events: &[Event]) {
        let exchange = &self.exchange;
        assert_eq!(exchange.check(), Ok(()), "{input:?}");
        let proof = exchange.proof();
        assert!(proof.adds_up(), "{input:?}: {proof}");
        entries_add_up(exchange, input, events);
        nothing_is_held_without_orders(exchange, input);
        restores(exchange, input);
        for event in events {
            if let Some(event) = event.of_positions() {
                self.positions.apply(&event).expect("what has happened can");
            }
        }
        self.positions_are_balances(input);
    }

    /// The quantity of each position is what the account owns of the base.
    #[track_caller]
    fn positions_are_balances(&self, input: &Input) {
        let ledger = self.exchange.ledger();
        for account in ledger.accounts() {
            for asset in ledger.assets() {
                let balance = ledger.balance(account, asset).unwrap_or_default();
                let total = balance.total().and_then(accounts_core::Amount::gain);
                assert_eq!(
                    Some(self.positions.owned(account, asset)),
                    total,
                    "{input:?}: account {account} asset {asset}"
                );
            }
            for market in self.exchange.markets() {
                let position = self.positions.get(account, market.id());
                let quantity = position.map_or(Delta::ZERO, accounts_core::Position::quantity);
                let owned = self.positions.owned(account, market.base());
                assert_eq!(quantity, owned, "{input:?}: account {account}");
            }
        }
    }
}

/// Double entry: per asset the changes of a command are zero together, and the last posting of a
/// balance is the balance.
#[track_caller]
fn entries_add_up(exchange: &Exchange, input: &Input, events: &[Event]) {
    let mut sums: BTreeMap<AssetId, i128> = BTreeMap::new();
    let mut last = BTreeMap::new();
    for event in events {
        let Event::Ledger(event) = event else {
            continue;
        };
        if let Some(entry) = event.entry() {
            *sums.entry(entry.asset).or_default() += entry.change.get();
        }
        if let LedgerEvent::Posted(posting) = event {
            last.insert((posting.account, posting.asset), posting.balance);
        }
    }
    assert!(sums.values().all(|sum| *sum == 0), "{input:?}: {sums:?}");
    for ((account, asset), balance) in last {
        let found = exchange.ledger().balance(account, asset);
        assert_eq!(found, Some(balance), "{input:?}");
    }
}

#[track_caller]
fn nothing_is_held_without_orders(exchange: &Exchange, input: &Input) {
    let ledger = exchange.ledger();
    let has_orders = |account: AccountId| {
        let mut markets = exchange.markets();
        markets.any(|market| exchange.orders_of(account, market.id()).next().is_some())
    };
    for account in ledger.accounts().filter(|account| !has_orders(*account)) {
        for (asset, balance) in ledger.balances(account).into_iter().flatten() {
            assert!(
                balance.held.is_zero(),
                "{input:?}: account {account} holds {} of asset {asset}",
                balance.held
            );
        }
    }
}

/// A snapshot is the whole exchange.
#[track_caller]
fn restores(exchange: &Exchange, input: &Input) {
    let restored = Exchange::restore(&exchange.snapshot());
    let restored = restored.unwrap_or_else(|why| panic!("{input:?}: {why}"));
    assert_eq!(restored.state_hash(), exchange.state_hash(), "{input:?}");
}
