//! The exchange against its model: on a corpus, on seeded random inputs, on shrinking ones.

use std::fs;
use std::path::Path;

use accounts_core::LedgerReject;
use exchange_engine::Reject;
use oracle::differential::{self, Coverage};
use oracle::engine_commands;
use orderbook_core::{BookReject, CloseReason};
use proptest::prelude::*;

#[test]
fn every_file_of_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/engine");
    let mut coverage = Coverage::default();
    for file in fs::read_dir(corpus).expect("the corpus is part of the repository") {
        let bytes = file
            .and_then(|file| fs::read(file.path()))
            .expect("a readable file");
        coverage.add(&differential::engine(&bytes));
    }
    assert!(coverage.trades > 0, "the corpus trades nothing");
}

#[test]
fn seeded_inputs() {
    const INPUTS_PER_BLOCK: usize = 1_000;
    let blocks = if cfg!(debug_assertions) { 24 } else { 240 };

    let mut coverage = Coverage::default();
    for block in 0..blocks {
        let bytes = engine_commands::seeded(20_240_229, block, INPUTS_PER_BLOCK);
        coverage.add(&differential::engine(&bytes));
    }

    // A comparison proves nothing about what never happened in it.
    assert!(coverage.trades > coverage.commands / 20, "{coverage:?}");
    assert!(coverage.most_orders > 20, "{coverage:?}");
    for reason in [
        Reject::TimeWentBackwards,
        Reject::InvalidAsset,
        Reject::DuplicateAssetCode,
        Reject::UnknownInstrument,
        Reject::DuplicateInstrument,
        Reject::InvalidInstrument,
        Reject::GridTooFine,
        Reject::LimitsTooWide,
        Reject::UnknownOrder,
        Reject::DuplicateClientOrderId,
        Reject::Book(BookReject::QuantityOutOfRange),
        Reject::Book(BookReject::PriceOutOfRange),
        Reject::Book(BookReject::NotionalTooSmall),
        Reject::Book(BookReject::MinimumTooLarge),
        Reject::Book(BookReject::AlreadyExpired),
        Reject::Book(BookReject::DisplayTooSmall),
        Reject::Book(BookReject::NothingToAmend),
        Reject::Book(BookReject::BookFull),
        Reject::Book(BookReject::InvalidReduction),
        Reject::Book(BookReject::WouldMatch),
        Reject::Ledger(LedgerReject::UnknownAsset),
        Reject::Ledger(LedgerReject::DuplicateAsset),
        Reject::Ledger(LedgerReject::UnknownAccount),
        Reject::Ledger(LedgerReject::DuplicateAccount),
        Reject::Ledger(LedgerReject::ZeroAmount),
        Reject::Ledger(LedgerReject::InsufficientAvailable),
        Reject::Ledger(LedgerReject::AmountOverflow),
    ] {
        let seen = coverage.rejects.iter().any(|(seen, _)| *seen == reason);
        assert!(seen, "no input was refused as {reason:?}");
    }
    for reason in [
        CloseReason::Filled,
        CloseReason::Cancelled,
        CloseReason::Replaced,
        CloseReason::Expired,
        CloseReason::SelfTrade,
        CloseReason::BudgetSpent,
    ] {
        let seen = coverage.closes.iter().any(|(seen, _)| *seen == reason);
        assert!(seen, "no order was closed as {reason:?}");
    }
    for kind in ["Rested", "Replenished", "Reduced", "Decremented", "Amended"] {
        let times = coverage.events.iter().find(|(seen, _)| *seen == kind);
        let times = times.map_or(0, |(_, times)| *times);
        assert!(times > coverage.commands / 2_000, "{kind}: {times} times");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        // The corpus is where inputs worth keeping go.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..1_500)) {
        differential::engine(&bytes);
    }
}
