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
    assert!(coverage.trades > 0, "the corpus settles nothing");
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

    // A comparison proves nothing about what never happened in it.
    assert!(coverage.trades > coverage.commands / 100, "{coverage:?}");
    for reason in [
        LedgerReject::UnknownAsset,
        LedgerReject::DuplicateAsset,
        LedgerReject::UnknownAccount,
        LedgerReject::DuplicateAccount,
        LedgerReject::ZeroAmount,
        LedgerReject::InvalidSettlement,
        LedgerReject::InsufficientAvailable,
        LedgerReject::InsufficientHeld,
        LedgerReject::AmountOverflow,
    ] {
        let seen = coverage.rejects.iter().any(|(seen, _)| *seen == reason);
        assert!(seen, "no command was refused as {reason:?}");
    }
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
