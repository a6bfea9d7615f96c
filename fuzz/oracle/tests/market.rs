//! Market data against its model: on a corpus, on seeded random commands, on shrinking ones.

use std::fs;
use std::path::Path;

use marketdata_core::PublicTrade;
use oracle::differential::{self, Coverage};
use oracle::market::{Refusal, Ticker};
use oracle::market_commands;
use orderbook_core::{Price, Quantity, Side, Timestamp, TradeId};
use proptest::prelude::*;

#[test]
fn every_file_of_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/market");
    let mut coverage = Coverage::default();
    for file in fs::read_dir(corpus).expect("the corpus is part of the repository") {
        let bytes = file
            .and_then(|file| fs::read(file.path()))
            .expect("a readable file");
        coverage.add(&differential::market(&bytes));
    }
    everything_happened(&coverage);
}

/// A ticker that keeps no trades takes both of them, and which one was the last before the window is
/// not to be known.
#[test]
fn what_was_left_out_is_there_again_at_another_price() {
    const MINUTE: u64 = 60_000_000;
    let trade = |price| PublicTrade {
        id: TradeId::new(1),
        time: Timestamp::new(MINUTE),
        price: Price::new(price),
        quantity: Quantity::new(1),
        taker_side: Side::Buy,
    };
    let mut ticker = Ticker::new(&[MINUTE], 0);
    assert_eq!(ticker.apply(&trade(105)), Ok(()));
    ticker.advance(Timestamp::new(2 * MINUTE));
    assert_eq!(ticker.apply(&trade(115)), Ok(()));
    let stats = ticker.stats(MINUTE).expect("it is one of its windows");
    assert_eq!(stats.previous_close, None);
}

#[test]
fn seeded_commands() {
    const COMMANDS_PER_BLOCK: usize = 500;
    let blocks = if cfg!(debug_assertions) { 30 } else { 600 };

    let mut coverage = Coverage::default();
    for block in 0..blocks {
        let bytes = market_commands::seeded(20_240_229, block, COMMANDS_PER_BLOCK);
        coverage.add(&differential::market(&bytes));
    }

    assert_eq!(coverage.commands, blocks * COMMANDS_PER_BLOCK as u64);
    assert!(coverage.trades > coverage.commands / 4, "{coverage:?}");
    everything_happened(&coverage);
    for situation in ["at a price below zero", "at the same time", "late"] {
        happened(&coverage.situations, &situation);
    }
}

/// A comparison proves nothing about what never happened in it.
fn everything_happened(coverage: &Coverage<Refusal>) {
    for reason in [Refusal::NoQuantity, Refusal::Repeated] {
        happened(&coverage.rejects, &reason);
    }
    for event in [
        "Closed",
        "Corrected",
        "Emptied",
        "Outdated",
        "Traded",
        "Aggregated",
        "TradeBusted",
        "LevelChanged",
        "BestChanged",
    ] {
        happened(&coverage.events, &event);
    }
    for situation in [
        "a quote volume may have saturated",
        "a window was truncated",
        "an open candle was corrected",
        "an order moved from level to level",
        "at the end of time",
        "busted in a book",
        "busted in a ticker",
        "closed several candles at once",
        "late, in a quiet bucket",
        "market data of a book restored",
        "outdated and kept",
        "put right",
        "quiet intervals were filled in",
        "restored",
        "several trades in an aggregate",
        "the last trade was busted",
        "years later",
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
        differential::market(&bytes);
    }
}
