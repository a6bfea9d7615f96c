//! Damaged logs and snapshots are refused, or harmless.

use std::fs;
use std::path::Path;

use oracle::commands;
use oracle::differential;
use proptest::prelude::*;

#[test]
fn every_file_of_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/snapshot_decode");
    for file in fs::read_dir(corpus).expect("the corpus is part of the repository") {
        let bytes = file
            .and_then(|file| fs::read(file.path()))
            .expect("a readable file");
        differential::damage(&bytes);
    }
}

/// One to three changed bytes in a good snapshot and in a good list of inputs, or bare noise.
#[test]
fn seeded_damage() {
    let attempts = if cfg!(debug_assertions) {
        4_000
    } else {
        40_000
    };
    let mut taken = [0; 5];
    for attempt in 0..attempts {
        let mut bytes = commands::seeded(20_240_229, attempt, 2);
        let what = usize::from(bytes[0] % 5);
        let changes = 1 + usize::from(bytes[1] % 3);
        bytes.truncate(1 + 3 * changes);
        taken[what] += u64::from(differential::damage(&bytes));
    }
    // It takes decodable damage to get anywhere. A hash, on the other hand, is not to be guessed.
    assert_eq!(taken[0], 0);
    assert!(taken[3] > attempts / 400, "{taken:?}");
    assert!(taken[4] > attempts / 50, "{taken:?}");
}

#[test]
fn undamaged() {
    assert!(differential::damage(&[3]));
    assert!(differential::damage(&[4]));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        differential::damage(&bytes);
    }
}
