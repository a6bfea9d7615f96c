//! The ledger and its model.

use std::collections::{BTreeMap, BTreeSet};

use accounts_core::{AccountId, AssetId, Command, Event, Ledger, LedgerReject};

use super::{At, COMMANDS_PER_SNAPSHOT, Coverage};
use crate::ledger::{Balances, Ledger as Model};
use crate::ledger_commands;

/// Decodes the bytes, runs the ledger and its model, and compares results, balances and totals
/// after every command. Checks I4, I6, I7 and I8 on the way.
///
/// # Panics
///
/// Where the two disagree or an invariant is broken.
pub fn ledger(bytes: &[u8]) -> Coverage<LedgerReject> {
    let mut run = Run::default();
    let commands = ledger_commands::commands(bytes);
    for (index, command) in commands.clone().enumerate() {
        run.step(&At {
            subject: "ledger",
            index,
            command: &command,
        });
    }
    run.replay(commands);
    run.coverage
}

#[derive(Default)]
struct Run {
    ledger: Ledger,
    model: Model,
    /// Restored from a snapshot of the ledger a few commands ago, and fed the same commands since.
    restored: Ledger,
    /// What the events alone say.
    folded: Balances,
    /// Deposits minus withdrawals, added up here.
    totals: BTreeMap<AssetId, u128>,
    history: Vec<Event>,
    coverage: Coverage<LedgerReject>,
}

impl Run {
    fn step(&mut self, at: &At<'_, Command>) {
        let before = self.ledger.clone();
        let answer = self.ledger.validate(at.command);
        let seen = self.history.len();
        let result = self.ledger.apply(at.command, &mut self.history);
        at.same("validate and apply", &answer, &result);
        at.same("results", &result, &self.model.apply(at.command));
        let events = &self.history[seen..];

        let mut buffer = Vec::new();
        let again = self.restored.apply(at.command, &mut buffer);
        at.same("results of the restored ledger (I8)", &again, &result);
        at.same("events of the restored ledger (I8)", &buffer[..], events);

        if result.is_err() {
            at.same("events of a refused command (I6)", events, &[]);
            at.same("ledger after a refusal (I6)", &self.ledger, &before);
        } else {
            self.add_up(at.command);
            self.fold(at, seen, &before);
        }
        self.compare_queries(at);
        self.coverage.note(result, 0);
        if result.is_ok() && matches!(at.command, Command::Settle(_)) {
            self.coverage.trades += 1;
        }
        if at.index % COMMANDS_PER_SNAPSHOT == COMMANDS_PER_SNAPSHOT - 1 {
            self.restored = Ledger::restore(&self.ledger.snapshot())
                .unwrap_or_else(|error| panic!("{at}\nthe snapshot is refused (I8): {error}"));
            at.same("a restored ledger (I8)", &self.restored, &self.ledger);
        }
    }

    fn add_up(&mut self, accepted: &Command) {
        match *accepted {
            Command::AddAsset { asset } => {
                self.totals.insert(asset, 0);
            }
            Command::Deposit { asset, amount, .. } => {
                *self.totals.entry(asset).or_default() += amount.get();
            }
            Command::Withdraw { asset, amount, .. } => {
                *self.totals.entry(asset).or_default() -= amount.get();
            }
            _ => {}
        }
    }

    /// The events say which balances changed: each of them once, and no other.
    fn fold(&mut self, at: &At<'_, Command>, seen: usize, before: &Ledger) {
        let mut told = Vec::new();
        for event in &self.history[seen..] {
            if let Event::BalanceChanged {
                account,
                asset,
                available,
                held,
            } = *event
            {
                told.push((account, asset));
                self.folded
                    .insert((account, asset), (available.get(), held.get()));
            }
        }
        self.folded.retain(|_, pair| *pair != (0, 0));
        told.sort();

        let (before, now) = (balances(before), balances(&self.ledger));
        let both: BTreeSet<_> = before.keys().chain(now.keys()).collect();
        let changed: Vec<(AccountId, AssetId)> = both
            .into_iter()
            .filter(|key| before.get(key) != now.get(key))
            .copied()
            .collect();
        at.same("balances told of and changed (I7)", &told, &changed);
    }

    fn compare_queries(&self, at: &At<'_, Command>) {
        let (ledger, model) = (&self.ledger, &self.model);
        if let Err(violation) = ledger.check() {
            panic!("{at}\n{violation}");
        }
        let now = balances(ledger);
        at.same("balances", &now, &model.balances());
        at.same("balances from events (I7)", &now, &self.folded);
        let accounts: Vec<_> = ledger.accounts().collect();
        at.same("accounts", &accounts, &model.accounts().collect());
        let assets: Vec<_> = ledger.assets().collect();
        at.same("assets", &assets, &model.assets().collect());
        for asset in assets {
            let total = ledger.total(asset).map(accounts_core::Amount::get);
            at.same("totals", &total, &Some(model.total(asset)));
            let moved = self.totals.get(&asset).copied();
            at.same("deposits minus withdrawals (I4)", &total, &moved);
            for account in &accounts {
                let balance = ledger.balance(*account, asset);
                let pair = balance.map(|both| (both.available.get(), both.held.get()));
                at.same("balance", &pair, &Some(model.balance(*account, asset)));
            }
        }
    }

    /// The same commands once more, into a new ledger and one buffer (I8).
    fn replay(&self, commands: impl Iterator<Item = Command>) {
        let mut ledger = Ledger::new();
        let mut events = Vec::new();
        for command in commands {
            // Refusals have been compared the first time; here they only must not show.
            let _ = ledger.apply(&command, &mut events);
        }
        assert!(events == self.history, "a replay gives other events (I8)");
        assert_eq!(ledger, self.ledger, "a replay gives another ledger (I8)");
    }
}

/// The balances that a ledger lists.
pub(super) fn balances(ledger: &Ledger) -> Balances {
    let mut all = Balances::new();
    for account in ledger.accounts() {
        for (asset, balance) in ledger.balances(account).into_iter().flatten() {
            let pair = (balance.available.get(), balance.held.get());
            all.insert((account, asset), pair);
        }
    }
    all
}
