//! The order book against its model: on a corpus, on seeded random commands, on shrinking ones.

use std::fs;
use std::path::Path;

use oracle::commands;
use oracle::differential::{self, Coverage};
use orderbook_core::{BookReject, CloseReason};
use proptest::prelude::*;

#[test]
fn every_file_of_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/book");
    let mut coverage = Coverage::default();
    for file in fs::read_dir(corpus).expect("the corpus is part of the repository") {
        let bytes = file
            .and_then(|file| fs::read(file.path()))
            .expect("a readable file");
        coverage.add(&differential::book(&bytes));
    }
    assert!(coverage.trades > 0, "the corpus trades nothing");
}

#[test]
fn seeded_commands() {
    const COMMANDS_PER_BLOCK: usize = 2_000;
    let blocks = if cfg!(debug_assertions) { 50 } else { 500 };

    let mut coverage = Coverage::default();
    for block in 0..blocks {
        let bytes = commands::seeded(20_240_229, block, COMMANDS_PER_BLOCK);
        coverage.add(&differential::book(&bytes));
    }

    // A comparison proves nothing about what never happened in it.
    assert_eq!(coverage.commands, blocks * COMMANDS_PER_BLOCK as u64);
    assert!(coverage.trades > coverage.commands / 10, "{coverage:?}");
    assert!(coverage.most_orders > 40, "{coverage:?}");
    for reason in [
        BookReject::UnknownOrder,
        BookReject::DuplicateOrderId,
        BookReject::QuantityOutOfRange,
        BookReject::PriceOutOfRange,
        BookReject::NotionalTooSmall,
        BookReject::InvalidReduction,
        BookReject::WouldMatch,
        BookReject::LevelFull,
    ] {
        let seen = coverage.rejects.iter().any(|(seen, _)| *seen == reason);
        assert!(seen, "no command was refused as {reason:?}");
    }
    for reason in [
        CloseReason::Filled,
        CloseReason::Cancelled,
        CloseReason::Replaced,
        CloseReason::Expired,
    ] {
        let seen = coverage.closes.iter().any(|(seen, _)| *seen == reason);
        assert!(seen, "no order was closed as {reason:?}");
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
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        differential::book(&bytes);
    }
}
