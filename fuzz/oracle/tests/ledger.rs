//! The ledger against its model: on a corpus, on seeded random commands, on shrinking ones.

use std::fs;
use std::path::Path;

use accounts_core::LedgerReject;
use oracle::differential::{self, Coverage};
use oracle::ledger_commands;
use proptest::prelude::*;

#[test]
fn every_file_of_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/ledger");
    let mut coverage = Coverage::default();
    for file in fs::read_dir(corpus).expect("the corpus is part of the repository") {
        let bytes = file
            .and_then(|file| fs::read(file.path()))
            .expect("a readable file");
        coverage.add(&differential::ledger(&bytes));
    }
    everything_happened(&coverage);
}

#[test]
fn seeded_commands() {
    const COMMANDS_PER_BLOCK: usize = 500;
    let blocks = if cfg!(debug_assertions) { 60 } else { 600 };

    let mut coverage = Coverage::default();
    for block in 0..blocks {
        let bytes = ledger_commands::seeded(20_240_229, block, COMMANDS_PER_BLOCK);
        coverage.add(&differential::ledger(&bytes));
    }

    assert!(coverage.trades > coverage.commands / 100, "{coverage:?}");
    everything_happened(&coverage);
}

/// A comparison proves nothing about what never happened in it. A ledger sees no rates and schedules
/// that were refused where they were made.
fn everything_happened(coverage: &Coverage<LedgerReject>) {
    for reason in [
        LedgerReject::UnknownAsset,
        LedgerReject::DuplicateAsset,
        LedgerReject::UnknownAccount,
        LedgerReject::DuplicateAccount,
        LedgerReject::AccountClosed,
        LedgerReject::AccountNotEmpty,
        LedgerReject::ZeroAmount,
        LedgerReject::InvalidSettlement,
        LedgerReject::InsufficientHeld,
        LedgerReject::InsufficientAvailable,
        LedgerReject::AmountOverflow,
    ] {
        happened(&coverage.rejects, &reason);
    }
    for event in [
        "AssetAdded",
        "AccountOpened",
        "AccountClosed",
        "Deposited",
        "Withdrawn",
        "Posted",
    ] {
        happened(&coverage.events, &event);
    }
    for situation in [
        "fee in a third asset",
        "fee in what is paid",
        "fee in what is received",
        "more is freed than paid",
        "rebate",
        "settled an extreme amount",
        "settled with oneself",
        "the fee account settled",
    ] {
        happened(&coverage.situations, &situation);
    }
}

#[track_caller]
fn happened<T: PartialEq + std::fmt::Debug>(counts: &[(T, u64)], what: &T) {
    let seen = counts.iter().any(|(seen, _)| seen == what);
    assert!(seen, "{what:?} never happened");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        // The corpus is where inputs worth keeping go.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..1_000)) {
        differential::ledger(&bytes);
    }
}
