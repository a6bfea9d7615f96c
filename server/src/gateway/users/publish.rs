//! What an outcome means to the accounts that somebody listens to.

use std::collections::BTreeMap;

use accounts_core::{AssetId, Balance, Delta, Event as LedgerEvent};
use exchange_engine::Event;
use orderbook_core::AccountId;
use serde::Serialize;

use super::listener::text;
use super::{Ending, Listeners, UserStreams};
use crate::api::symbols::Symbols;
use crate::api::user_events::{AccountPosition, BalanceUpdate, ExecutionReport};
use crate::bus::{Batch, Outcome};
use crate::orders::Execution;

impl UserStreams {
    /// Tells the listeners what a batch meant to their accounts. Of each input first what happened to
    /// orders, then what money came or went, then all balances that it changed.
    pub(crate) fn publish(&self, batch: &Batch, executions: &[Execution]) {
        let symbols = &*self.inner.listed.symbols();
        let mut listeners = self.listeners();
        let mut executions = executions.iter().peekable();
        for (seq, outcome) in (batch.prev_seq + 1..).zip(&batch.outcomes) {
            while let Some(execution) = executions.next_if(|execution| execution.seq == seq) {
                let report = ExecutionReport::new(execution, symbols);
                listeners.tell(execution.order.account, report.as_ref());
            }
            listeners.tell_money(outcome, symbols);
        }
    }
}

impl Listeners {
    fn tell_money(&mut self, outcome: &Outcome, symbols: &Symbols) {
        let mut positions: BTreeMap<AccountId, BTreeMap<AssetId, Balance>> = BTreeMap::new();
        for event in &outcome.events {
            let Event::Ledger(event) = event else {
                continue;
            };
            if let Some((account, asset, change)) = moved(event)
                && self.hears(account)
            {
                let update = BalanceUpdate::new(outcome.time, asset, change, symbols);
                self.tell(account, update.as_ref());
            }
            if let LedgerEvent::Posted(posting) = event
                && self.hears(posting.account)
            {
                let position = positions.entry(posting.account).or_default();
                position.insert(posting.asset, posting.balance);
            }
        }
        for (account, balances) in positions {
            let position = AccountPosition::new(outcome.time, &balances, symbols);
            self.tell(account, position.as_ref());
        }
    }

    /// Tells those who listen to an account of an event. `None`: it is about something that is not
    /// known here, and they must not be left without.
    fn tell(&mut self, account: AccountId, event: Option<&impl Serialize>) {
        let Some(event) = event else {
            tracing::warn!(
                account = account.get(),
                "an event is about something that is not listed"
            );
            return self.end(|of, _| of == account, Ending::Missed);
        };
        if self.hears(account) {
            let event = text(event);
            self.retain(account, |listener| listener.tell(&event).is_ok());
        }
    }
}

/// What came in or went out, and whose it is.
fn moved(event: &LedgerEvent) -> Option<(AccountId, AssetId, Delta)> {
    match *event {
        LedgerEvent::Deposited {
            account,
            asset,
            amount,
        } => Some((account, asset, amount.gain()?)),
        LedgerEvent::Withdrawn {
            account,
            asset,
            amount,
        } => Some((account, asset, -amount.gain()?)),
        _ => None,
    }
}
