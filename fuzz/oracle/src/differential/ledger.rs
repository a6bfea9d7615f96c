//! The ledger and its model.

use std::collections::BTreeMap;

use accounts_core::{AssetId, Command, Event, Ledger, LedgerReject, Party};
use num_bigint::BigInt;

use super::{At, COMMANDS_PER_SNAPSHOT, Coverage};
use crate::ledger::{Balances, Ledger as Model, amount};
use crate::ledger_commands;

/// Decodes the bytes, runs the ledger and its model, and compares results, events, balances and
/// totals after every command. Checks I4, I6, I7 and I8 on the way.
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
    /// What the external account has: less than nothing, or nothing.
    external: BTreeMap<AssetId, BigInt>,
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
        let expected = self.model.apply(at.command);
        let reason = expected.as_ref().map(|_| ()).map_err(|reason| *reason);
        at.same("results", &result, &reason);
        let events = &self.history[seen..];

        let mut buffer: Vec<Event> = Vec::new();
        let again = self.restored.apply(at.command, &mut buffer);
        at.same("results of the restored ledger (I8)", &again, &result);
        at.same("events of the restored ledger (I8)", &buffer[..], events);

        if let Ok(expected) = &expected {
            at.same("events", events, expected.as_slice());
            self.fold(at, seen);
        } else {
            at.same("events of a refused command (I6)", events, &[]);
            at.same("ledger after a refusal (I6)", &self.ledger, &before);
        }
        self.compare_queries(at);
        self.note(at.command, result, seen);
        if at.index % COMMANDS_PER_SNAPSHOT == COMMANDS_PER_SNAPSHOT - 1 {
            self.restored = Ledger::restore(&self.ledger.snapshot())
                .unwrap_or_else(|error| panic!("{at}\nthe snapshot is refused (I8): {error}"));
            at.same("a restored ledger (I8)", &self.restored, &self.ledger);
        }
    }

    /// The events say which balances changed, and by how much: each of them once. Per asset all that
    /// a command changes adds up to zero.
    fn fold(&mut self, at: &At<'_, Command>, seen: usize) {
        let mut sums: BTreeMap<AssetId, BigInt> = BTreeMap::new();
        let mut told = Vec::new();
        for event in &self.history[seen..] {
            if let Some(entry) = event.entry() {
                *sums.entry(entry.asset).or_default() += entry.change.get();
                if entry.party == Party::External {
                    *self.external.entry(entry.asset).or_default() += entry.change.get();
                }
            }
            let Event::Posted(posting) = *event else {
                continue;
            };
            let key = (posting.account, posting.asset);
            assert!(!told.contains(&key), "{at}\n{key:?} is told of twice (I7)");
            told.push(key);
            let before = self.folded.get(&key).copied().unwrap_or_default();
            let after = (posting.balance.available.get(), posting.balance.held.get());
            let sum = (
                before.0.checked_add_signed(posting.available.get()),
                before.1.checked_add_signed(posting.held.get()),
            );
            at.same(
                "a balance and the sum of its changes (I7)",
                &sum,
                &(Some(after.0), Some(after.1)),
            );
            assert_ne!(before, after, "{at}\n{key:?} did not change (I7)");
            self.folded.insert(key, after);
        }
        self.folded.retain(|_, pair| *pair != (0, 0));
        let zero = sums.values().all(|sum| *sum == BigInt::ZERO);
        assert!(zero, "{at}\nthe entries do not add up to zero: {sums:?}");
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
        for account in &accounts {
            let closed = model.is_closed(*account);
            at.same("whether closed", &ledger.is_closed(*account), &closed);
            at.same("whether open", &ledger.has_account(*account), &!closed);
        }
        for asset in assets {
            let total = ledger.total(asset);
            at.same("totals", &total, &Some(amount(&model.total(asset))));
            let owed = self.external.get(&asset).cloned().unwrap_or_default();
            let owed = -owed;
            let total = total.map(|total| BigInt::from(total.get()));
            at.same("deposits minus withdrawals (I4)", &total, &Some(owed));
            for account in &accounts {
                let balance = ledger.balance(*account, asset);
                let pair = balance.map(|both| (both.available.get(), both.held.get()));
                let expected = match now.get(&(*account, asset)) {
                    _ if model.is_closed(*account) => None,
                    balance => Some(balance.copied().unwrap_or_default()),
                };
                at.same("balance", &pair, &expected);
            }
        }
    }

    fn note(&mut self, command: &Command, result: Result<(), LedgerReject>, seen: usize) {
        self.coverage.note(result, 0);
        for event in &self.history[seen..] {
            self.coverage.note_event(kind(event));
        }
        let (Command::Settle(it), Ok(())) = (command, result) else {
            return;
        };
        self.coverage.trades += 1;
        let received = it.buyer_fee.asset == it.base || it.seller_fee.asset == it.quote;
        let paid = it.buyer_fee.asset == it.quote || it.seller_fee.asset == it.base;
        let third = [it.buyer_fee, it.seller_fee]
            .iter()
            .any(|fee| fee.asset != it.base && fee.asset != it.quote);
        let rebate = it.buyer_fee.amount.get() < 0 || it.seller_fee.amount.get() < 0;
        let freed = it.buyer_frees > it.quote_amount || it.seller_frees > it.base_amount;
        let same = it.buyer == it.seller;
        let by_house = it.buyer == it.fee_account || it.seller == it.fee_account;
        let much = it.base_amount.get().max(it.quote_amount.get()) >= 1 << 120;
        for (happened, what) in [
            (received, "fee in what is received"),
            (paid, "fee in what is paid"),
            (third, "fee in a third asset"),
            (rebate, "rebate"),
            (freed, "more is freed than paid"),
            (same, "settled with oneself"),
            (by_house, "the fee account settled"),
            (much, "settled an extreme amount"),
        ] {
            if happened {
                self.coverage.note_situation(what);
            }
        }
    }

    /// The same commands once more, into a new ledger and one buffer (I8).
    fn replay(&self, commands: impl Iterator<Item = Command>) {
        let mut ledger = Ledger::new();
        let mut events: Vec<Event> = Vec::new();
        for command in commands {
            // Refusals have been compared the first time; here they only must not show.
            let _ = ledger.apply(&command, &mut events);
        }
        assert!(events == self.history, "a replay gives other events (I8)");
        assert_eq!(ledger, self.ledger, "a replay gives another ledger (I8)");
    }
}

const fn kind(event: &Event) -> &'static str {
    match event {
        Event::AssetAdded { .. } => "AssetAdded",
        Event::AccountOpened { .. } => "AccountOpened",
        Event::AccountClosed { .. } => "AccountClosed",
        Event::Deposited { .. } => "Deposited",
        Event::Withdrawn { .. } => "Withdrawn",
        Event::Posted(_) => "Posted",
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
