//! The order book against its model: on a corpus, on seeded random commands, on shrinking ones.

use std::fs;
use std::path::Path;

use oracle::commands;
use oracle::differential::{self, Coverage};
use orderbook_core::{BookReject, CloseReason, SelfTradePrevention};
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
    everything_happened(&coverage);
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

    assert_eq!(coverage.commands, blocks * COMMANDS_PER_BLOCK as u64);
    assert!(coverage.trades > coverage.commands / 10, "{coverage:?}");
    assert!(coverage.most_orders > 100, "{coverage:?}");
    everything_happened(&coverage);
    for situation in [
        "FOK expired",
        "FOK filled",
        "GTC closed at once",
        "GTC rested",
        "GTC traded and rested",
        "IOC",
        "IOC, its minimum did not trade",
        "IOC, its minimum traded",
        "amended and rested",
        "amended and slid",
        "amended and traded",
        "amended in place",
        "amended to what had traded",
        "amended, an iceberg traded",
        "cancelled all, none",
        "cancelled all, several",
        "iceberg rested",
        "iceberg rested with a slice in progress",
        "iceberg slid",
        "iceberg traded and rested",
        "market",
        "market, protected",
        "market, protected, with a budget",
        "market, with a budget",
        "on terms like those of GTC",
        "post-only did not have to slide",
        "post-only rested",
        "post-only slid",
        "replaced, another id",
        "replaced, the same id",
        "several expired",
        "swept ten orders or more",
        "time passed",
        "with a date",
    ] {
        happened(&coverage.situations, &situation);
    }
}

/// A comparison proves nothing about what never happened in it.
fn everything_happened(coverage: &Coverage<BookReject>) {
    for reason in [
        BookReject::UnknownOrder,
        BookReject::DuplicateOrderId,
        BookReject::QuantityOutOfRange,
        BookReject::PriceOutOfRange,
        BookReject::NotionalTooSmall,
        BookReject::MinimumTooLarge,
        BookReject::AlreadyExpired,
        BookReject::DisplayTooSmall,
        BookReject::InvalidReduction,
        BookReject::NothingToAmend,
        BookReject::InvalidPriceRange,
        BookReject::WouldMatch,
        BookReject::SideFull,
        BookReject::BookFull,
        BookReject::TimeWentBackwards,
    ] {
        happened(&coverage.rejects, &reason);
    }
    for reason in [
        CloseReason::Filled,
        CloseReason::Cancelled,
        CloseReason::Replaced,
        CloseReason::Expired,
        CloseReason::SelfTrade,
        CloseReason::BudgetSpent,
    ] {
        happened(&coverage.closes, &reason);
    }
    for event in [
        "Accepted",
        "Traded",
        "Decremented",
        "Rested",
        "Replenished",
        "Reduced",
        "Amended",
        "Closed",
    ] {
        happened(&coverage.events, &event);
    }
    for policy in [
        SelfTradePrevention::Allow,
        SelfTradePrevention::ExpireMaker,
        SelfTradePrevention::ExpireTaker,
        SelfTradePrevention::ExpireBoth,
        SelfTradePrevention::Decrement,
    ] {
        happened(&coverage.self_trades, &policy);
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
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..4_000)) {
        differential::book(&bytes);
    }
}
